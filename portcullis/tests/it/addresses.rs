//! Whose request it is, behind a proxy and without one; quotas by address and by principal.

use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::ClientAddr;
use portcullis_testing::{Answer, TestApp, World, check_uniform};

use crate::support::{Believer, Role, behind_proxy, caller, send, start, world};

#[get("/address", access = Public("a test"))]
async fn address(ClientAddr(address): ClientAddr) -> Text {
    Text(address.to_string().into())
}

#[get("/me", access = Authenticated)]
async fn me() -> NoContent {
    NoContent
}

#[post("/log-in", access = Public("a test"), class = Credentials)]
async fn log_in() -> NoContent {
    NoContent
}

async fn addresses(world: World) -> TestApp {
    let app = App::new("Addresses").module::<crate::support::Nobody>(Believer).endpoints(endpoints![address, me, log_in]);
    start(app, world).await
}

async fn proxied(world: World) -> TestApp {
    addresses(behind_proxy(world).with("PROXY__TRUSTED", "127.0.0.1,10.0.0.0/8,2001:db8:ffff::/48")).await
}

async fn direct(world: World) -> TestApp {
    addresses(world.with("RATE_LIMIT__DEFAULT", "3/h")).await
}

async fn limited(world: World) -> TestApp {
    proxied(world.with("RATE_LIMIT__DEFAULT", "3/h").with("RATE_LIMIT__CREDENTIALS", "2/h")).await
}

async fn by_principal(world: World) -> TestApp {
    proxied(world.with("RATE_LIMIT__PRINCIPAL", "3/h").with("RATE_LIMIT__DEFAULT", "1000/h")).await
}

/// A request that the proxy says comes from this chain.
async fn from(app: &TestApp, path: &str, chain: &str) -> Answer {
    send(app.anonymous().request(Method::GET, path).header("x-forwarded-for", chain)).await
}

mod behind_a_proxy {
    use super::*;

    on_one!(proxied =>
        incident_02_the_chain_is_walked_from_the_right
        incident_03_an_unreadable_chain_is_refused
        incident_01_only_the_host_header_names_the_host_and_only_ours_pass
    );

    async fn incident_02_the_chain_is_walked_from_the_right(app: TestApp) {
        for (chain, client) in [
            ("203.0.113.9", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
            ("nonsense, 203.0.113.9", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("6.6.6.6,203.0.113.9,2001:db8:ffff::1,10.1.2.3", "203.0.113.9"),
            ("10.1.2.3", "10.1.2.3"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::9]:99", "2001:db8::9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
        ] {
            let answer = from(&app, "/address", chain).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, client), "{chain}");
            check_uniform(&answer);
        }
        let lines = app.anonymous().request(Method::GET, "/address").header("x-forwarded-for", "6.6.6.6");
        assert_eq!(send(lines.header("x-forwarded-for", "203.0.113.9")).await.text(), "203.0.113.9");
        assert_eq!(app.anonymous().get("/address").await.text(), "127.0.0.1", "without a chain it is the proxy itself");
        for name in ["forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip", "client-ip"] {
            let request = app.anonymous().request(Method::GET, "/address").header(name, "for=203.0.113.9");
            assert_eq!(send(request).await.text(), "127.0.0.1", "{name} is not the header that the proxy writes");
        }
        assert!(app.log().contains("203.0.113.9"), "the log names the client");
    }

    async fn incident_03_an_unreadable_chain_is_refused(app: TestApp) {
        for chain in
            ["", "unknown", "203.0.113.9,", "203.0.113.9, x", "6.6.6.6, 203.0.113", "[2001:db8::9", "203.0.113.9 6.6.6.6", "_hidden"]
        {
            for path in ["/address", "/me", "/nothing"] {
                let answer = from(&app, path, chain).await;
                assert_eq!((answer.status, &answer.json()["code"]), (400, &"forwarded".into()), "{chain}");
                check_uniform(&answer);
            }
        }
        let binary = app.anonymous().request(Method::GET, "/address").header("x-forwarded-for", [0xff_u8].as_slice());
        assert_eq!(send(binary).await.status, 400);
    }

    async fn incident_01_only_the_host_header_names_the_host_and_only_ours_pass(app: TestApp) {
        let get = async |host: &str| {
            let head = format!("GET /address HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            crate::raw::exchange(app.address(), &head, "\r\n\r\n").await.split(' ').nth(1).unwrap().to_owned()
        };
        for (host, status) in [
            ("localhost", "200"),
            ("LOCALHOST:1", "200"),
            ("evil.example", "421"),
            ("localhost.evil.example", "421"),
            ("127.0.0.1", "421"),
            ("a@localhost", "400"),
            ("localhost, evil.example", "400"),
            ("localhost:abc", "400"),
            ("localhost:99999", "400"),
            ("localhost:", "400"),
            ("localhost:+443", "400"),
            ("localhost:80:80", "400"),
            ("", "400"),
            (":443", "400"),
            ("[::1]", "421"),
            ("[::1", "400"),
            ("::1", "400"),
            ("[localhost]", "400"),
            ("evil.example:abc", "400"),
            ("localhost\r\nhost: localhost", "400"),
        ] {
            assert_eq!(get(host).await, status, "{host}");
        }
        for (target, host, status) in [
            ("http://localhost/address", "localhost", "200"),
            ("http://localhost/address", "evil.example", "400"),
            ("http://evil.example/address", "evil.example", "421"),
            ("http://localhost:abc/address", "localhost:abc", "400"),
            ("http://localhost:99999/address", "localhost:99999", "400"),
            ("http://localhost:/address", "localhost:", "400"),
            ("http://u@localhost/address", "localhost", "400"),
        ] {
            let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let answer = crate::raw::exchange(app.address(), &head, "\r\n\r\n").await;
            assert_eq!(answer.split(' ').nth(1), Some(status), "{target} {host}");
        }
        let forged = app.anonymous().request(Method::GET, "/address").header("x-forwarded-host", "evil.example");
        let forged = forged.header("x-forwarded-proto", "http").header("forwarded", "host=evil.example;proto=http");
        let answer = send(forged.header("x-original-url", "/me").header("x-rewrite-url", "/me")).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "127.0.0.1"));
        assert!(!answer.headers.values().any(|value| value.to_str().unwrap_or("").contains("evil")));
    }
}

mod with_quotas {
    use super::*;

    on_one!(limited =>
        incident_04_a_quota_is_for_an_address_or_a_64
        incident_02_a_forged_chain_gives_no_new_quota
        incident_05_no_variant_of_a_path_escapes_the_stricter_quota
    );

    async fn incident_04_a_quota_is_for_an_address_or_a_64(app: TestApp) {
        let ask = async |chain: &str| from(&app, "/address", chain).await.status;
        for host in ["1", "ffff:ffff:ffff:ffff", "2:3:4:5"] {
            let colons = if host.contains(':') && host.matches(':').count() == 3 { "" } else { ":" };
            assert_eq!(ask(&format!("2001:db8:0:1:{colons}{host}")).await, 200, "{host}");
        }
        let refused = from(&app, "/address", "2001:db8:0:1::9").await;
        assert_eq!(refused.status, 429);
        check_uniform(&refused);
        assert_eq!(ask("2001:db8:0:2::1").await, 200, "the next /64 is somebody else");
        for chain in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:80"] {
            assert_eq!(ask(chain).await, 200, "{chain}");
        }
        assert_eq!(ask("::ffff:192.0.2.1").await, 429, "a mapped address is the address");
        assert_eq!(ask("192.0.2.2").await, 200);
    }

    async fn incident_02_a_forged_chain_gives_no_new_quota(app: TestApp) {
        for forged in 1..=3 {
            assert_eq!(from(&app, "/address", &format!("6.6.6.{forged}, 203.0.113.9")).await.status, 200);
        }
        for chain in ["6.6.6.4, 203.0.113.9", "203.0.113.9", "203.0.113.9, 10.0.0.1", "x, 203.0.113.9, 10.0.0.1, 10.0.0.2"] {
            assert_eq!(from(&app, "/address", chain).await.status, 429, "{chain}");
        }
        assert_eq!(from(&app, "/address", "unknown").await.status, 400, "whoever can't be named isn't let in");
    }

    async fn incident_05_no_variant_of_a_path_escapes_the_stricter_quota(app: TestApp) {
        let post =
            async |path: &str| send(app.anonymous().request(Method::POST, path).header("x-forwarded-for", "203.0.113.9")).await.status;
        assert_eq!((post("/log-in").await, post("/log-in").await, post("/log-in").await), (204, 204, 429));
        for path in ["//log-in", "/log-in/", "/LOG-IN", "/%6cog-in", "/log-in;a"] {
            let status = post(path).await;
            assert!(matches!(status, 404 | 429), "{path}: {status}");
        }
        assert_eq!(post("/log-in?x=1").await, 429);
    }
}

mod with_a_quota_by_principal {
    use super::*;

    on_one!(by_principal => a_principal_has_one_quota_wherever_they_are);

    async fn a_principal_has_one_quota_wherever_they_are(app: TestApp) {
        let ask =
            async |who: &str, address: &str| send(caller(&app, who).request(Method::GET, "/me").header("x-forwarded-for", address)).await;
        for last in 1..=3 {
            let answer = ask("alice/clerk", &format!("192.0.2.{last}")).await;
            assert_eq!(answer.status, 204);
            assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=1000;w=3600"));
        }
        // Another token of the same principal is still the same principal.
        for (who, address) in [("alice/clerk", "192.0.2.4"), ("alice/manager", "192.0.2.5")] {
            let answer = ask(who, address).await;
            assert_eq!((answer.status, &answer.json()["violated-policies"]), (429, &serde_json::json!(["principal"])));
            check_uniform(&answer);
            // The headers are about the quota that refused.
            assert_eq!(answer.header("ratelimit-policy"), Some("\"principal\";q=3;w=3600"));
            assert!(answer.header("ratelimit").unwrap().starts_with("\"principal\";r=0;t="));
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=1200).contains(&wait), "{wait}");
        }
        assert_eq!(ask("bob/clerk", "192.0.2.1").await.status, 204);
    }
}

mod without_a_proxy {
    use super::*;

    on_one!(direct => incident_02_forwarded_headers_of_strangers_are_ignored);

    async fn incident_02_forwarded_headers_of_strangers_are_ignored(app: TestApp) {
        for number in 1..=5 {
            let answer = from(&app, "/address", &format!("203.0.113.{number}")).await;
            assert_eq!(answer.status, if number <= 3 { 200 } else { 429 });
            check_uniform(&answer);
            if number <= 3 {
                assert_eq!(answer.text(), "127.0.0.1");
            }
        }
        assert_eq!(from(&app, "/address", "nonsense").await.status, 429, "it isn't even read");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_header_that_the_proxy_writes_is_a_setting() {
    let Some(world) = world() else { return };
    let app = addresses(behind_proxy(world).with("PROXY__HEADER", "forwarded")).await;
    let get = async |value: &str| send(app.anonymous().request(Method::GET, "/address").header("forwarded", value)).await;
    assert_eq!(get("for=6.6.6.6;proto=http, for=\"[2001:db8::9]:99\";by=10.0.0.1").await.text(), "2001:db8::9");
    for bad in ["for=unknown", "for=_x", "proto=http", "for=1.1.1.1;for=2.2.2.2", "203.0.113.9", ""] {
        assert_eq!(get(bad).await.status, 400, "{bad}");
    }
    assert_eq!(from(&app, "/address", "203.0.113.9").await.text(), "127.0.0.1", "the other header isn't read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incident_01_no_header_of_a_request_changes_an_absolute_address() {
    let Some(world) = world() else { return };
    let world = behind_proxy(world).with("PUBLIC_URL", "https://localhost").with("DOCS__ACCESS", "public");
    let app = start(App::<Role>::new("Links").accounts(World::accounts()), world).await;
    for path in ["/.well-known/oauth-authorization-server", "/openapi.json", "/"] {
        let plain = app.anonymous().get(path).await;
        let forged =
            app.anonymous().request(Method::GET, path).header("x-forwarded-host", "evil.example").header("x-forwarded-proto", "http");
        let forged = forged.header("forwarded", "host=evil.example").header("x-forwarded-port", "1").header("x-host", "evil.example");
        let forged = send(forged).await;
        assert_eq!((plain.status, &plain.body), (200, &forged.body), "{path}");
        assert!(!forged.text().contains("evil"));
        check_uniform(&forged);
    }
    let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["issuer"], "https://localhost");
}
