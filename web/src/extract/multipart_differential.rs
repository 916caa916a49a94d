//! Whatever our strict reader of multipart bodies accepts, the crate multer reads in the same way: names, contents and their order.
//!
//! But for one thing: multer takes the first `name=` anywhere in the line for the field's, inside of a quoted file name or another word, too.
//! Names are compared where each part has one.

use std::convert::Infallible;

use bytes::Bytes;

use super::multipart::{Next, Parts};

type Read = Vec<(Option<String>, Vec<u8>)>;

fn ours(body: &[u8]) -> Option<Read> {
    let (mut parts, mut found) = (Parts::new("X"), Vec::new());
    loop {
        match parts.next(body).ok()? {
            Next::Part(name, content) => found.push((name, body[content].to_vec())),
            Next::More(_) => return None,
            Next::End => return Some(found),
        }
    }
}

async fn peers(body: &[u8]) -> Result<Read, multer::Error> {
    let body = Bytes::copy_from_slice(body);
    let mut parts = multer::Multipart::new(futures_util::stream::once(async { Ok::<_, Infallible>(body) }), "X");
    let mut found = Vec::new();
    while let Some(field) = parts.next_field().await? {
        let name = field.name().map(str::to_owned);
        found.push((name, field.bytes().await?.to_vec()));
    }
    Ok(found)
}

/// Xorshift: the same bodies in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

const SEEDS: [&str; 4] = [
    "--X\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X--\r\n",
    "--X\r\nContent-Disposition: form-data; name=a; filename=\"b.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\n--\r\n-X\r\n--X\r\nContent-Disposition: form-data; name=\"c d\"\r\n\r\n\r\n--X--",
    "preamble\r\n--X\r\ncontent-disposition: form-data; filename=\"n\"; name=\"f\"\r\n\r\n\r\n\r\n--X  \r\ncontent-disposition: form-data; name=\"g\"\r\n\r\nv\r\n--X--\r\nepilogue",
    "--X--\r\n",
];
const PIECES: [&str; 18] = [
    "\r\n",
    "\n",
    "\r",
    "--X",
    "--X--",
    "\r\n--X\r\n",
    "\r\n--X--",
    "--",
    " ",
    "\t",
    ";",
    "\"",
    "\\",
    "name=\"z\"",
    "; name=y",
    "content-disposition: form-data; name=\"x\"\r\n",
    "X",
    "\r\n\r\n",
];

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut body = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(body.len());
        let until = (at + random.below(6)).min(body.len());
        let piece = PIECES[random.below(PIECES.len())].as_bytes();
        match random.below(3) {
            0 => drop(body.drain(at..until)),
            1 => drop(body.splice(at..at, piece.iter().copied())),
            _ => drop(body.splice(at..until, piece.iter().copied())),
        }
    }
    body
}

/// Whether no part has a second `name=` beside that of its field and `filename="`.
fn has_plain_names(text: &str, parts: usize) -> bool {
    text.replace("filename=\"", "").matches("name=").count() <= parts
}

#[tokio::test]
async fn what_is_accepted_is_read_as_multer_reads_it() {
    let (mut random, mut accepted) = (Random(0x9e37_79b9_7f4a_7c15), 0);
    for body in SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).chain((0..40_000).map(|_| mutated(&mut random))).collect::<Vec<_>>() {
        let Some(read) = ours(&body) else { continue };
        accepted += 1;
        let text = String::from_utf8_lossy(&body).into_owned();
        let mut theirs = peers(&body).await.map_err(|error| format!("{error}: {text:?}")).unwrap();
        if !has_plain_names(&text, read.len()) {
            theirs.iter_mut().zip(&read).for_each(|((theirs, _), (ours, _))| theirs.clone_from(ours));
        }
        assert_eq!(theirs, read, "{text:?}");
    }
    assert!(accepted > 2000, "only {accepted} of the bodies were accepted");
}
