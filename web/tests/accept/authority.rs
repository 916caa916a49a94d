//! Texts that are no host, where nobody looks at which host it is.

use crate::client::exchange;
use crate::frames::{END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM, pseudo};
use crate::service::start;

const BROKEN: [&str; 9] = ["a:abc", "a:99999", "a:", "a:+443", "a:80:80", "u@a", "[::1", "::1", "[a]"];

fn get(authority: &str) -> Vec<u8> {
    [pseudo(":method", "GET"), pseudo(":scheme", "https"), pseudo(":path", "/hello"), pseudo(":authority", authority)].concat()
}

#[tokio::test]
async fn an_authority_of_http2_that_is_no_host_reaches_no_handler() {
    let running = start(|_| {}).await;
    for authority in BROKEN {
        let mut frames = Frames::open(&running).await;
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &get(authority)).await;
        let answer = frames.next_matching(|frame| [HEADERS, RST_STREAM, GOAWAY].contains(&frame.kind)).await.unwrap();
        // What the library parses is answered with `:status` 400, entry 12 of the static table; the rest it resets.
        assert!(answer.kind != HEADERS || answer.payload[0] == 0x80 | 12, "{authority}: {answer:?}");
        assert_eq!(running.calls(), Vec::<String>::new(), "{authority}");
    }
    let mut frames = Frames::open(&running).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("a:443")).await;
    frames.next_of(HEADERS).await;
    assert_eq!(running.calls(), ["/hello"]);
}

#[tokio::test]
async fn the_redirect_answers_a_text_that_is_no_host_with_400() {
    let running = start(|_| {}).await;
    for host in BROKEN {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\nconnection: close\r\n\r\n");
        let answer = exchange(running.http, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains("location"), "{host}: {answer}");
    }
    for hosts in ["", "host: a\r\nhost: a\r\n"] {
        let answer = exchange(running.http, format!("GET / HTTP/1.1\r\n{hosts}accept: text/html\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{hosts}: {answer}");
    }
}
