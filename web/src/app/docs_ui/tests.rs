use aws_lc_rs::digest;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use regex::Regex;

use super::assets::ASSETS;
use super::{DOCS_CSP, Nonce, asset, redoc_csp, redoc_page, swagger_page};

const HOSTILE: &str = "</title><script>alert(1)</script><img src=x onerror=alert(1)> \" ' style=\"x\"";

fn pages(title: &str) -> [String; 2] {
    [swagger_page(title), redoc_page(title, &Nonce::new([7; 16]))]
}

// Lower-cased, as HTML knows no case.
fn matches(pattern: &str, text: &str) -> Vec<String> {
    Regex::new(pattern).unwrap().find_iter(&text.to_lowercase()).map(|found| found.as_str().to_owned()).collect()
}

fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::try_from(value).unwrap())])
}

#[test]
fn pages_hold_no_inline_script_style_or_handler_even_with_a_hostile_title() {
    for page in pages(HOSTILE) {
        assert!(page.starts_with("<!doctype html>") && page.contains("</html>"));
        for script in matches(r"<script[^>]*>", &page) {
            assert!(script.contains(" src=\"/docs/assets/"), "{script}");
        }
        assert_eq!(matches(r"<script[^>]*>\s*[^<\s]", &page), [""; 0]);
        assert_eq!(matches(r"<style|<img src=x|javascript:", &page), [""; 0]);
        let tags = matches(r"<[a-z][^>]*>", &page).concat();
        assert_eq!(matches(r"\s(style|on[a-z]+)\s*=", &tags), [""; 0]);
    }
}

#[test]
fn pages_and_our_own_files_name_no_foreign_host() {
    let own = ["docs.css", "icon.svg", "swagger-start.js", "redoc-start.js"].map(|name| asset(name).unwrap().plain());
    let own = own.iter().map(|body| String::from_utf8(body.to_vec()).unwrap());
    for text in pages("Notes").into_iter().chain(own) {
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert_eq!(matches(r#"[a-z]+://[^\s"']*|["'(]//[a-z]"#, &text), [""; 0]);
    }
}

#[test]
fn every_file_that_a_page_loads_is_there() {
    for page in pages("Notes") {
        let loaded = matches(r#"(src|href)="/docs/assets/[^"]+"#, &page);
        assert!(loaded.len() >= 4, "{loaded:?}");
        for file in loaded {
            let (_, name) = file.split_once("/docs/assets/").unwrap();
            assert!(asset(name).is_some(), "{name}");
        }
    }
}

#[test]
fn vendored_files_are_whole_and_recorded() {
    let record = include_str!("../../../assets/VENDORED.md");
    let mut checked = 0;
    for asset in ASSETS.iter().filter(|asset| record.contains(&format!("| {} |", asset.path))) {
        let digest = digest::digest(&digest::SHA256, &asset.plain());
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(record.contains(&digest), "{} is not what VENDORED.md records", asset.path);
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn vendored_redoc_loads_nothing_from_elsewhere() {
    let redoc = String::from_utf8(asset("redoc.standalone.js").unwrap().plain().to_vec()).unwrap();
    assert_eq!(matches(r"https?://cdn\.[a-z.]+", &redoc), [""; 0]);
    assert!(redoc.contains("new Worker(\"/docs/assets/redoc-search.js\")"));
}

#[test]
fn the_policy_never_admits_inline_code() {
    assert!(!DOCS_CSP.contains("unsafe") && DOCS_CSP.contains("default-src 'none'"));
    let policy = redoc_csp(&Nonce::new([0xab; 16]));
    let policy = policy.to_str().unwrap();
    let nonce = "ab".repeat(16);
    assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}';")) && policy.contains("script-src 'self';"));
    assert!(redoc_page("Notes", &Nonce::new([0xab; 16])).contains(&format!("nonce=\"{nonce}\"")));
    assert_eq!(format!("{:?}", Nonce::new([1; 16])), "Nonce(…)");
}

#[test]
fn files_are_compressed_only_for_clients_that_accept_it() {
    let file = asset("swagger-ui.css").unwrap();
    for (accepted, compressed) in
        [("gzip, br", true), ("*", true), ("GZIP;q=0.5", true), ("br", false), ("gzip;q=0, *", false), ("*;q=0", false)]
    {
        let answer = file.answer(&headers(header::ACCEPT_ENCODING, accepted));
        assert_eq!(answer.headers().contains_key(header::CONTENT_ENCODING), compressed, "{accepted}");
        assert_eq!(answer.body().starts_with(&[0x1f, 0x8b]), compressed, "{accepted}");
        assert_eq!(answer.headers()[header::VARY], "accept-encoding");
    }
    let answer = file.answer(&HeaderMap::new());
    assert_eq!(answer.body(), &file.plain());
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
}

#[test]
fn a_known_file_is_not_sent_again() {
    let file = asset("redoc.standalone.js").unwrap();
    let first = file.answer(&headers(header::ACCEPT_ENCODING, "gzip"));
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    let mut again = headers(header::ACCEPT_ENCODING, "gzip");
    again.insert(header::IF_NONE_MATCH, HeaderValue::try_from(format!("\"other\", W/{tag}")).unwrap());
    let second = file.answer(&again);
    assert_eq!((second.status(), second.body().len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(second.headers()[header::ETAG].to_str().unwrap(), tag);
    let plain = file.answer(&headers(header::IF_NONE_MATCH, &tag));
    assert_eq!(plain.status(), StatusCode::OK);
}

#[test]
fn unknown_files_are_not_there() {
    for path in ["", "docs", "../VENDORED.md", "/docs.css", "docs.css/"] {
        assert!(asset(path).is_none(), "{path}");
    }
}
