//! A name server for Pebble: every name is this machine, but those below `nowhere.example`.

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;

/// Answers on a free port until it is dropped.
#[derive(Debug)]
pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut query = [0; 1500];
            // An empty message ends the server.
            while let Ok((length @ 1.., from)) = socket.recv_from(&mut query) {
                if let Some(answer) = answer(&query[..length]) {
                    socket.send_to(&answer, from).unwrap();
                }
            }
        });
        Self { address, thread: Some(thread) }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| socket.send_to(&[], self.address));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The question again, with an address when one was asked for (RFC 1035 section 4).
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (id, mut at, mut name) = (query.get(..2)?, 12, String::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        name.push_str(std::str::from_utf8(query.get(at..at + length)?).ok()?);
        name.push('.');
        at += length;
    }
    let question = query.get(12..at + 4)?;
    let is_known = !name.to_ascii_lowercase().ends_with("nowhere.example.");
    let asks_for_ipv4 = question.ends_with(&[0, 1, 0, 1]);
    let answers = u8::from(is_known && asks_for_ipv4);
    let mut message = Vec::from(id);
    message.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, answers, 0, 0, 0, 0]);
    message.extend(question);
    if answers > 0 {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    Some(message)
}
