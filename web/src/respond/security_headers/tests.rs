use super::*;

/// What an answer has in the end, by both ways, which have to agree.
fn stamped(headers: &HeaderMap, particular: impl Fn() -> Particular<'static>, https: bool) -> HeaderMap {
    let prepared = SecurityHeaders::new(&HeadersSettings::default());
    both(|lines| {
        let mut headers = headers.clone();
        prepared.stamp(&mut headers, lines, &particular(), https);
        headers
    })
}

fn both(answer: impl Fn(Option<&mut FieldLines>) -> HeaderMap) -> HeaderMap {
    let (map, mut lines) = (answer(None), FieldLines::default());
    let mut joined = answer(Some(&mut lines));
    for name in joined.keys() {
        assert!(!std::str::from_utf8(lines.as_bytes()).unwrap().contains(&format!("{name}: ")), "{name} stands in both");
    }
    let mut room = [httparse::EMPTY_HEADER; 64];
    let whole = [lines.as_bytes(), b"\r\n"].concat();
    let httparse::Status::Complete((_, parsed)) = httparse::parse_headers(&whole, &mut room).unwrap() else { panic!("{whole:?}") };
    for line in parsed {
        joined.append(line.name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(line.value).unwrap());
    }
    assert_eq!(map, joined);
    map
}

#[test]
fn every_header_stands_once_and_cannot_be_loosened() {
    let mut headers = HeaderMap::new();
    headers.append("x-frame-options", HeaderValue::from_static("ALLOWALL"));
    headers.append("x-frame-options", HeaderValue::from_static("SAMEORIGIN"));
    headers.append("server", HeaderValue::from_static("x"));
    headers.append("access-control-allow-origin", HeaderValue::from_static("*"));
    headers.append("access-control-allow-credentials", HeaderValue::from_static("true"));
    headers.append("cache-control", HeaderValue::from_static("public"));
    let headers = stamped(&headers, Particular::default, true);
    for (name, _) in COMMON {
        assert_eq!(headers.get_all(*name).iter().count(), 1, "{name}");
    }
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["x-xss-protection"], "0");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["strict-transport-security"], "max-age=63072000; includeSubDomains");
    for name in ["server", "access-control-allow-origin", "access-control-allow-credentials"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert!(headers.values().all(|value| !value.is_empty()), "a blank was left: {headers:?}");
}

#[test]
fn a_blank_is_filled_once_and_what_comes_twice_stays_twice() {
    let mut headers = HeaderMap::new();
    headers.append("set-cookie", HeaderValue::from_static("a=1"));
    headers.append("set-cookie", HeaderValue::from_static("b=2"));
    headers.append("x-request-id", HeaderValue::from_static("forged"));
    headers.append("x-request-id", HeaderValue::from_static("forged too"));
    headers.append("content-type", HeaderValue::from_static("application/json"));
    headers.append("x-empty", HeaderValue::from_static(""));
    let headers = stamped(&headers, || Particular { request_id: Some("1"), ..Particular::default() }, true);
    let all = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!((all("x-request-id"), all("content-type")), (vec!["1"], vec!["application/json"]));
    assert_eq!((all("ratelimit").len(), all("ratelimit-policy").len()), (0, 0));
    assert_eq!(all("x-empty"), [""]);
}

#[test]
fn the_quota_is_the_one_that_was_counted() {
    let quota = crate::admit::RateLimitSettings::default();
    let limits = crate::admit::RateLimits::new(&quota, portcullis_core::Timestamp::from_seconds(1000));
    let address = crate::admit::ClientAddress::new(std::net::Ipv4Addr::LOCALHOST.into());
    let verdict = limits.check_address(address, crate::app::Class::Default, portcullis_core::Timestamp::from_seconds(1000));
    let mut headers = HeaderMap::new();
    headers.append(RATE_LIMIT, HeaderValue::from_static("forged"));
    headers.append(RATE_LIMIT_POLICY, HeaderValue::from_static("forged"));
    headers.append(RATE_LIMIT_POLICY, HeaderValue::from_static("twice"));
    let headers = stamped(&headers, || Particular { verdict, ..Particular::default() }, true);
    let all = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert!(matches!(all(RATE_LIMIT)[..], [state] if state.starts_with("\"default\";r=")), "{:?}", all(RATE_LIMIT));
    assert!(matches!(all(RATE_LIMIT_POLICY)[..], [policy] if policy.starts_with("\"default\";q=")), "{:?}", all(RATE_LIMIT_POLICY));
    assert!(!headers.contains_key(header::CONTENT_TYPE) && !headers.contains_key(X_REQUEST_ID));
}

#[test]
fn a_problem_has_the_same_headers_whichever_way_it_goes() {
    let problem = Problem::not_found()
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))
        .header(RATE_LIMIT, HeaderValue::from_static("its own"))
        .header(header::X_FRAME_OPTIONS, HeaderValue::from_static("ALLOWALL"))
        .header(header::SERVER, HeaderValue::from_static("x"))
        .header(header::CONNECTION, HeaderValue::from_static("close"))
        .retry_after(7);
    let prepared = SecurityHeaders::new(&HeadersSettings::default());
    for https in [false, true] {
        let particular = || Particular { request_id: Some("1"), ..Particular::default() };
        let direct = both(|lines| prepared.of_problem(&problem, lines, &particular(), https));
        assert_eq!(direct, stamped(problem.head().headers(), particular, https));
        assert_eq!(direct.get_all(header::WWW_AUTHENTICATE).iter().count(), 2);
        assert_eq!(
            (&direct[RATE_LIMIT], &direct[header::X_FRAME_OPTIONS], &direct[header::RETRY_AFTER]),
            (&"its own".parse().unwrap(), &"DENY".parse().unwrap(), &"7".parse().unwrap())
        );
        assert!(!direct.contains_key(RATE_LIMIT_POLICY) && !direct.contains_key(header::SERVER));
    }
}

#[test]
fn plain_http_never_carries_hsts() {
    let headers = stamped(&HeaderMap::new(), Particular::default, false);
    assert!(!headers.contains_key("strict-transport-security"));
}

#[test]
fn a_page_with_a_policy_of_its_own_and_a_file_keep_theirs() {
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("application/json"));
    headers.append("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
    let page = stamped(&headers, Particular::default, true);
    assert_eq!((&page["content-security-policy"], &page["content-type"]), (&HTML_POLICY, &"text/html; charset=utf-8".parse().unwrap()));
    assert_eq!(page.get_all("content-type").iter().count(), 1);
    let own = HeaderValue::from_static("default-src 'self'");
    let page = stamped(&headers, || Particular { policy: Some(ContentSecurityPolicy(own.clone())), ..Particular::default() }, true);
    assert_eq!(page.get_all("content-security-policy").iter().collect::<Vec<_>>(), [&own]);
    headers.append("cache-control", HeaderValue::from_static("public, max-age=60"));
    headers.append("cache-control", HeaderValue::from_static("immutable"));
    assert_eq!(stamped(&headers, Particular::default, true)["cache-control"], "no-store");
    headers.append("etag", HeaderValue::from_static("\"1\""));
    let file = stamped(&headers, Particular::default, true);
    assert_eq!(file.get_all("cache-control").iter().collect::<Vec<_>>(), ["public, max-age=60"]);
}

#[test]
fn no_answer_says_how_long_it_is_or_which_headers_to_take_out() {
    let mut headers = HeaderMap::new();
    for (name, value) in [("content-length", "3"), ("transfer-encoding", "chunked"), ("connection", "x-frame-options"), ("x-own", "1")] {
        headers.append(name, HeaderValue::from_static(value));
    }
    let left = stamped(&headers, Particular::default, true);
    for name in ["content-length", "transfer-encoding", "connection"] {
        assert!(!left.contains_key(name), "{name}");
    }
    assert_eq!(left["x-own"], "1");
    for option in ["close", "Upgrade", "keep-alive, Upgrade"] {
        headers.insert("connection", HeaderValue::from_static(option));
        assert_eq!(stamped(&headers, Particular::default, true)["connection"], option);
    }
    let mut problem = Problem::not_found();
    for (name, value) in &headers {
        problem = problem.header(name.clone(), value.clone());
    }
    let prepared = SecurityHeaders::new(&HeadersSettings::default());
    let stamped = both(|lines| prepared.of_problem(&problem, lines, &Particular::default(), true));
    assert!(!stamped.contains_key("content-length") && !stamped.contains_key("transfer-encoding"), "{stamped:?}");
}

#[test]
fn no_blank_is_left_however_many_lines_stand_in_front_of_it() {
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("text/plain"));
    for policy in ["one", "two", "three"] {
        headers.append(RATE_LIMIT_POLICY, HeaderValue::from_static(policy));
    }
    let stamped = stamped(&headers, || Particular { request_id: Some("1"), ..Particular::default() }, true);
    assert!(stamped.values().all(|value| !value.is_empty()), "{stamped:?}");
    assert_eq!(stamped.get_all(RATE_LIMIT_POLICY).iter().count(), 3);
}
