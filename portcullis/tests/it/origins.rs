//! Other origins: CORS, and cross-site requests with a cookie.

use http::Method;
use portcullis::prelude::*;
use portcullis_testing::{Answer, TestApp, World, check_uniform};
use reqwest::RequestBuilder;

use crate::support::{Believer, Role, caller, send, start};

#[get("/thing", access = Authenticated)]
async fn read_thing() -> NoContent {
    NoContent
}

#[post("/thing", access = Authenticated)]
async fn change_thing() -> NoContent {
    NoContent
}

#[post("/open", access = Public("a test"))]
async fn open() -> NoContent {
    NoContent
}

fn application() -> App<Role, impl Sized> {
    App::new("Origins").module::<crate::support::Nobody>(Believer).endpoints(endpoints![read_thing, change_thing, open])
}

async fn closed(world: World) -> TestApp {
    start(application(), world).await
}

async fn listed(world: World) -> TestApp {
    start(application(), world.with("CORS__ORIGINS", "https://app.example.com,https://other.example.com:8443")).await
}

mod without_a_list {
    use super::*;

    on_one!(closed => no_origin_is_answered);

    async fn no_origin_is_answered(app: TestApp) {
        let asked = send(preflight(&app, "https://app.example.com", "POST")).await;
        let answers = [
            (403, asked),
            (403, send(preflight(&app, OWN, "POST")).await),
            (204, send(caller(&app, "alice/clerk").request(Method::GET, "/thing").header("origin", "https://app.example.com")).await),
            (401, send(app.anonymous().request(Method::GET, "/thing").header("origin", "https://app.example.com")).await),
        ];
        for (status, answer) in answers {
            assert_eq!(answer.status, status);
            check_uniform(&answer);
            assert_eq!(cross_origin_headers(&answer), Vec::<&str>::new());
        }
    }
}

mod with_a_list {
    use super::*;

    on_one!(listed =>
        exactly_the_listed_origins_are_answered
        a_preflight_is_answered_or_refused_whole
        a_cookie_counts_on_our_own_pages_only
    );

    async fn exactly_the_listed_origins_are_answered(app: TestApp) {
        for (origin, is_listed) in [
            ("https://app.example.com", true),
            ("https://other.example.com:8443", true),
            ("https://other.example.com", false),
            ("https://app.example.com:443", false),
            ("https://app.example.com.evil.example", false),
            ("https://evil-app.example.com", false),
            ("https://APP.example.com", false),
            ("http://app.example.com", false),
            ("https://app.example.com/", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            let good = send(caller(&app, "alice/clerk").request(Method::GET, "/thing").header("origin", origin)).await;
            // The page may read why it was refused.
            let refused = send(app.anonymous().request(Method::GET, "/thing").header("origin", origin)).await;
            let missing = send(app.anonymous().request(Method::GET, "/nothing").header("origin", origin)).await;
            assert_eq!((good.status, refused.status, missing.status), (204, 401, 404), "CORS decides nothing of the policy");
            for answer in [good, refused, missing] {
                check_uniform(&answer);
                assert_eq!(answer.header("access-control-allow-origin"), is_listed.then_some(origin), "{origin}");
                assert_eq!(answer.header("vary"), Some("origin"), "{origin}");
                assert!(!answer.headers.contains_key("access-control-allow-credentials"));
            }
            let answer = send(preflight(&app, origin, "POST")).await;
            assert_eq!(answer.status, if is_listed { 204 } else { 403 }, "{origin}");
        }
        let twice = app.anonymous().request(Method::GET, "/thing").header("origin", "https://evil.example");
        let answer = send(twice.header("origin", "https://app.example.com")).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "two origins are none");
        let plain = app.anonymous().get("/thing").await;
        assert_eq!((plain.header("access-control-allow-origin"), plain.header("vary")), (None, Some("origin")));
    }

    async fn a_preflight_is_answered_or_refused_whole(app: TestApp) {
        let origin = "https://app.example.com";
        for headers in [None, Some("authorization"), Some("Content-Type, authorization"), Some("accept")] {
            let mut request = preflight(&app, origin, "DELETE");
            if let Some(headers) = headers {
                request = request.header("access-control-request-headers", headers);
            }
            let answer = send(request).await;
            assert_eq!(answer.status, 204, "{headers:?}");
            check_uniform(&answer);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, PUT, PATCH, DELETE"));
            assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, content-type"));
            assert_eq!(answer.header("access-control-max-age"), Some("600"));
            assert_eq!(answer.header("vary"), Some("origin"));
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        }
        let with = |name: &'static str, value: &'static str| preflight(&app, origin, "POST").header(name, value);
        for request in [
            preflight(&app, "https://evil.example", "POST"),
            preflight(&app, "null", "POST"),
            preflight(&app, origin, "TRACE"),
            preflight(&app, origin, "post"),
            preflight(&app, origin, ""),
            with("access-control-request-headers", "x-other"),
            with("access-control-request-headers", "authorization, x-other"),
            with("origin", "https://evil.example"),
        ] {
            let answer = send(request).await;
            assert_eq!(answer.status, 403, "{answer:?}");
            check_uniform(&answer);
            assert_eq!(cross_origin_headers(&answer), Vec::<&str>::new());
        }
    }

    async fn a_cookie_counts_on_our_own_pages_only(app: TestApp) {
        let own = OWN;
        let own_page = format!("{own}/page?x");
        let cases: Vec<(Vec<(&str, &str)>, u16)> = vec![
            (vec![("sec-fetch-site", "same-origin")], 204),
            (vec![("sec-fetch-site", "none")], 204),
            (vec![("origin", own)], 204),
            (vec![("referer", &own_page)], 204),
            (vec![], 403),
            (vec![("sec-fetch-site", "same-site")], 403),
            (vec![("sec-fetch-site", "cross-site")], 403),
            (vec![("sec-fetch-site", "cross-site"), ("origin", own)], 403),
            (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], 403),
            (vec![("origin", "null")], 403),
            (vec![("origin", "https://evil.example")], 403),
            (vec![("origin", "https://localhost.evil.example")], 403),
            (vec![("referer", "https://evil.example/")], 403),
            // CORS lets a listed page call with its own token; our cookie is none of its business.
            (vec![("origin", "https://app.example.com")], 403),
        ];
        for (headers, status) in cases {
            let sent = |request: RequestBuilder| headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let cookie = |method: Method, path: &str| {
                sent(app.anonymous().request(method, path).header("cookie", "a=b; __Host-session=alice/clerk"))
            };
            let answer = send(cookie(Method::POST, "/thing")).await;
            assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
            check_uniform(&answer);
            assert_eq!(send(cookie(Method::POST, "/open")).await.status, status, "{headers:?}: on an open endpoint");
            assert_eq!(send(cookie(Method::GET, "/thing")).await.status, 204, "{headers:?}: reading changes nothing");
            // A token is not sent by the browser itself.
            let token = send(sent(caller(&app, "alice/clerk").request(Method::POST, "/thing"))).await;
            assert_eq!(token.status, 204, "{headers:?}");
        }
        let (_, metrics) = app.management("/metrics").await;
        assert!(metrics.contains("csrf"), "refusals are counted: {metrics}");
    }
}

fn preflight(app: &TestApp, origin: &str, method: &str) -> RequestBuilder {
    let request = app.anonymous().request(Method::OPTIONS, "/thing");
    request.header("origin", origin).header("access-control-request-method", method)
}

/// Where our own pages are, by `public_url`.
const OWN: &str = "https://localhost:8443";

fn cross_origin_headers(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("access-control-")).collect()
}
