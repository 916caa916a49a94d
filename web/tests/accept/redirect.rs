use crate::client::exchange;
use crate::service::start;

async fn ask(head: &str) -> String {
    let running = start(|_| {}).await;
    let answer = exchange(running.http, format!("{head}connection: close\r\n\r\n")).await;
    assert!(answer.contains("\r\nx-content-type-options: nosniff\r\n"), "{answer}");
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    assert_eq!(running.calls(), Vec::<String>::new());
    answer
}

#[tokio::test]
async fn incident_01_a_page_is_redirected_to_the_configured_host_whatever_the_request_says() {
    for host in ["notes.example", "evil.example", "evil.example\r\nx-forwarded-host: evil.example\r\nforwarded: host=evil.example"] {
        let answer = ask(&format!("GET /a/b?c=d HTTP/1.1\r\nhost: {host}\r\naccept: text/html,*/*;q=0.8\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 308 Permanent Redirect\r\n"), "{answer}");
        assert!(answer.contains("\r\nlocation: https://notes.example:8443/a/b?c=d\r\n"), "{answer}");
        assert!(!answer.contains("evil"), "{answer}");
    }
}

#[tokio::test]
async fn no_target_leads_elsewhere() {
    for target in ["//evil.example/x", "http://evil.example/x", "/\\evil.example", "/@evil.example"] {
        let answer = ask(&format!("HEAD {target} HTTP/1.1\r\nhost: evil.example\r\naccept: text/html\r\n")).await;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or("https://notes.example:8443/");
        let url = url::Url::parse(location).unwrap();
        assert_eq!(url.origin().ascii_serialization(), "https://notes.example:8443", "{target}: {answer}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_refused_instead_of_redirected() {
    let refused = [
        "POST /token HTTP/1.1\r\nhost: a\r\naccept: text/html\r\ncontent-length: 0\r\n",
        "GET /notes HTTP/1.1\r\nhost: a\r\naccept: application/json\r\n",
        "GET /notes HTTP/1.1\r\nhost: a\r\naccept: */*\r\n",
        "GET /notes HTTP/1.1\r\nhost: a\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n",
    ];
    for request in refused {
        let answer = ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n") && answer.contains("https_required"), "{answer}");
        assert!(!answer.contains("location"), "{answer}");
    }
}
