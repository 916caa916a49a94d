//! A request that changes something passes only with the word of a browser that it comes from our own pages.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::web::admit::check_csrf;

const OURS: &str = "https://api.example.com";

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let (name, value) = match line.split_first() {
            Some((b's', value)) => ("sec-fetch-site", value),
            Some((b'o', value)) => ("origin", value),
            Some((b'r', value)) => ("referer", value),
            _ => return Corpus::Reject,
        };
        let Ok(value) = HeaderValue::from_bytes(value) else { return Corpus::Reject };
        headers.append(HeaderName::from_static(name), value);
    }
    let origins = [OURS.to_owned()];
    assert!(check_csrf(&Method::GET, &headers, &origins).is_ok());
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        if check_csrf(&method, &headers, &origins).is_err() {
            continue;
        }
        let every = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        match (every("sec-fetch-site").as_slice(), every("origin").as_slice(), every("referer").as_slice()) {
            ([site], _, _) => assert!([b"same-origin".as_slice(), b"none"].contains(site)),
            ([], [origin], _) => assert_eq!(*origin, OURS.as_bytes()),
            ([], [], [_]) => assert!(check_csrf(&method, &headers, &["https://other.example".to_owned()]).is_err(), "of two origins"),
            _ => panic!("passed without one clear word: {headers:?}"),
        }
    }
    Corpus::Keep
});
