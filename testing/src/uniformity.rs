use crate::Answer;

/// Checks that an answer looks like every other.
///
/// Each security header exactly once, a request id, nothing that names the software, and for errors the one shape of problems (or, on
/// OAuth endpoints, that of RFC 6749).
pub fn check_uniform(answer: &Answer) {
    for name in ONCE {
        assert_eq!(answer.headers.get_all(*name).iter().count(), 1, "{name} in {answer:?} {:?}", answer.headers);
    }
    for name in NEVER {
        assert!(!answer.headers.contains_key(*name), "{name} in {answer:?}");
    }
    if answer.status >= 400 {
        check_problem(answer);
    }
}

fn check_problem(answer: &Answer) {
    match answer.header("content-type") {
        Some("application/problem+json") => {
            let problem = answer.json();
            assert_eq!(problem["status"], answer.status, "{answer:?}");
            for member in ["type", "title", "code", "detail"] {
                assert!(problem[member].is_string(), "{member} in {answer:?}");
            }
            let instance = problem["instance"].as_str().and_then(|text| text.strip_prefix("urn:uuid:"));
            assert_eq!(instance, answer.header("x-request-id"), "{answer:?}");
        }
        Some("application/json") => {
            let error = answer.json();
            assert!(error["error"].is_string() && error["error_description"].is_string(), "{answer:?}");
        }
        Some(html) if html.starts_with("text/html") => {}
        other => panic!("an error of type {other:?}: {answer:?}"),
    }
}

const ONCE: &[&str] = &[
    "strict-transport-security",
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
    "x-permitted-cross-domain-policies",
    "x-dns-prefetch-control",
    "x-xss-protection",
    "cache-control",
    "x-request-id",
];
const NEVER: &[&str] = &["server", "x-powered-by"];
