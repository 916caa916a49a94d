use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf, join, sink};

use super::Guard;
use super::head::Arriving;
use crate::accept::limits::LimitsSettings;
use crate::accept::state::State;

/// A client whose bytes come in these pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let rest = piece.split_off(piece.len().min(out.remaining()));
            out.put_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What the reader behind the guard gets, read by read, with room for so much each time.
async fn reads(pieces: impl IntoIterator<Item = Vec<u8>>, room: usize) -> (Vec<Vec<u8>>, bool) {
    let state = Arc::<State>::default();
    let limits = Arc::new(LimitsSettings::default().limits().unwrap());
    let stream = join(Pieces(pieces.into_iter().collect()), sink());
    let mut guard = Guard::new(stream, limits, Arc::clone(&state));
    let mut reads = Vec::new();
    while state.refusal().is_none() {
        let mut read = Vec::with_capacity(room);
        if guard.read_buf(&mut bytes::BufMut::limit(&mut read, room)).await.unwrap() == 0 {
            break;
        }
        reads.push(read);
    }
    (reads, state.refusal().is_some())
}

fn cut(bytes: &[u8], size: usize) -> impl Iterator<Item = Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec)
}

/// Requests, and how much of each a client may send in front without its being one.
const MESSAGES: &[(&str, &str)] = &[
    ("", "GET /one HTTP/1.1\r\nhost: a\r\n\r\n"),
    ("", "POST /two HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"),
    ("\r\n", "GET /three HTTP/1.1\r\nhost: a\r\nx: GET / HTTP/1.1\r\n\r\n"),
    ("", "POST /four HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3;x\r\nGET\r\n0\r\nt: u\r\n\r\n"),
    ("", "POST /five HTTP/1.1\r\nhost: a\r\ncontent-length: 36\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n "),
    ("\r\n\r\n", "GET /six?a=b%20c HTTP/1.1\r\nhost: a\r\n\r\n"),
    ("", "POST /seven HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"),
];

#[tokio::test]
async fn however_a_client_cuts_its_bytes_no_read_holds_parts_of_two_requests() {
    let sent: Vec<u8> = MESSAGES.iter().flat_map(|(before, message)| [before.as_bytes(), message.as_bytes()].concat()).collect();
    let wanted: Vec<u8> = MESSAGES.iter().flat_map(|(_, message)| message.bytes()).collect();
    let ends: Vec<usize> = MESSAGES
        .iter()
        .scan(0, |end, (_, message)| {
            *end += message.len();
            Some(*end)
        })
        .collect();
    let by_message = MESSAGES.iter().map(|(before, message)| [before.as_bytes(), message.as_bytes()].concat());
    let mut ways: Vec<Vec<Vec<u8>>> = (1..=sent.len()).map(|size| cut(&sent, size).collect()).collect();
    ways.push(by_message.collect());
    for pieces in ways {
        for room in [8192, 100_000, 7] {
            let (reads, is_refused) = reads(pieces.clone(), room).await;
            assert!(!is_refused, "{pieces:?}");
            assert_eq!(reads.concat(), wanted, "{pieces:?}");
            let mut at = 0;
            for read in &reads {
                let (begin, end) = (at, at + read.len());
                at = end;
                assert!(!ends.iter().any(|&other| begin < other && other < end), "{read:?} of {pieces:?}");
            }
        }
    }
}

#[test]
fn a_head_is_judged_alike_whole_and_byte_by_byte() {
    let limits = LimitsSettings::default().limits().unwrap();
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(8 * 1024));
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100));
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(16 * 1024));
    let good = ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 7\r\n\r\n", MESSAGES[3].1];
    let bad = [
        "GET / HTTP/1.1\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n\n",
        "GET / HTTP/1.1\r\nhost: a\n\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: b\nc: d\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/3.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n",
        "GET x HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        &long,
        &many,
        &large,
    ];
    for (head, is_good) in good.into_iter().map(|head| (head, true)).chain(bad.into_iter().map(|head| (head, false))) {
        let whole = Arriving::default().progress(head.as_bytes(), &limits);
        let mut arriving = Arriving::default();
        let mut steps = (1..=head.len()).map(|end| arriving.progress(head.as_bytes().get(..end).unwrap(), &limits));
        let slow = steps.find(|step| !matches!(step, Ok(None)));
        assert_eq!(format!("{:?}", Some(&whole)), format!("{:?}", slow.as_ref()), "{head}");
        assert_eq!(whole.is_ok(), is_good, "{head}");
    }
}

#[tokio::test]
async fn a_later_head_is_checked_as_the_first() {
    let first = MESSAGES[0].1;
    for bad in [
        "GET /x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET /x HTTP/1.1\nhost: a\n\n",
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx",
        &format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(8 * 1024)),
        &format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(16 * 1024)),
        &format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100)),
    ] {
        for size in [1, 10, 1000, 100_000] {
            for room in [8192, 100_000] {
                let pieces = [first.as_bytes().to_vec()].into_iter().chain(cut(bad.as_bytes(), size));
                let (reads, is_refused) = reads(pieces, room).await;
                assert!(is_refused, "{size}: {bad}");
                let seen = String::from_utf8(reads.concat()).unwrap();
                assert!(seen.starts_with(first) && !seen.contains("/x") && !seen.contains("xxx"), "{seen}");
            }
        }
    }
}
