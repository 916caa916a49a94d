//! The pages of one-time links: the code leaves the address as soon as the link is opened.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::routes::Service;
use crate::support::PASSWORD;

const OVER: &str = "The link is unknown, used or expired. Ask for a new one.";
const SET_PASSWORD: &str = "/set-password";

/// The path with the code, and the code alone.
fn split(link: &str) -> (String, String) {
    let code = link.split("code=").nth(1).unwrap().split_whitespace().next().unwrap();
    let page = if link.contains("/setup?") { "/setup" } else { SET_PASSWORD };
    (format!("{page}?code={code}"), code.to_owned())
}

async fn invite(service: &Service, root: &str, name: &str) -> (String, String) {
    let new = json!({"username": name, "role": "user"});
    let (status, invitation) = service.call(Method::POST, "/admin/users", root, Some(new)).await;
    assert_eq!(status, StatusCode::CREATED);
    split(invitation["set_password_link"].as_str().unwrap())
}

/// Opens the link: the cookie that it gives, by name and value.
async fn open(service: &Service, link: &str, page: &str) -> String {
    let opened = service
        .request(Method::GET, link)
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .send()
        .await
        .unwrap();
    assert_eq!((opened.status(), opened.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, page));
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(opened.headers()[name], value);
    }
    let cookie = set_cookie(&opened);
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=1800");
    assert!(pair.starts_with(&format!("__Host-{}=", page.trim_start_matches('/'))), "{pair}");
    pair.to_owned()
}

fn set_cookie(response: &Response) -> String {
    response.headers()["set-cookie"].to_str().unwrap().to_owned()
}

async fn view(service: &Service, page: &str, cookie: &str) -> String {
    let response = service.request(Method::GET, page).header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

async fn send(service: &Service, page: &str, cookie: &str, pairs: &[(&str, &str)]) -> Response {
    service.request(Method::POST, page).header("cookie", cookie).header("sec-fetch-site", "same-origin").form(pairs).send().await.unwrap()
}

/// Whether the page asks for the code.
fn asks(html: &str) -> bool {
    html.contains("name=\"code\"")
}

/// The page, and what names its link in it.
fn without_mark(html: &str) -> (String, String) {
    let mark = html.split("name=\"opened\" type=\"hidden\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    (html.replace(mark, ""), mark.to_owned())
}

/// A browser has one cookie for the links of a page: the tab that was opened first must not set the password of the other link's user.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_sets_no_password_of_another_link_that_was_opened_meanwhile() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let (bobs, _) = invite(&service, &root, "bob").await;
    let (carols, _) = invite(&service, &root, "carol").await;
    let (first, mark) = without_mark(&view(&service, SET_PASSWORD, &open(&service, &bobs, SET_PASSWORD).await).await);
    assert!(!asks(&first));
    let cookie = open(&service, &carols, SET_PASSWORD).await;

    let refused = send(&service, SET_PASSWORD, &cookie, &[("opened", &mark), ("password", PASSWORD)]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set_cookie(&refused), "__Host-set-password=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    let html = refused.text().await.unwrap();
    assert!(html.contains("Another link was opened in this browser meanwhile.") && asks(&html), "{html}");
    let without_cookie = send(&service, SET_PASSWORD, "a=b", &[("opened", &mark), ("password", PASSWORD)]).await;
    assert_eq!(without_cookie.status(), StatusCode::UNPROCESSABLE_ENTITY);

    // Nothing was spent: both links still work, each with its own form.
    for (link, name) in [(bobs, "bob"), (carols, "carol")] {
        let cookie = open(&service, &link, SET_PASSWORD).await;
        let (_, mark) = without_mark(&view(&service, SET_PASSWORD, &cookie).await);
        let set = send(&service, SET_PASSWORD, &cookie, &[("opened", &mark), ("password", PASSWORD)]).await;
        assert_eq!(set.status(), StatusCode::SEE_OTHER, "{name}");
        service.log_in(name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_link_works_without_the_code_in_address_or_page() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let (link, code) = invite(&service, &root, "bob").await;
    let cookie = open(&service, &link, SET_PASSWORD).await;
    assert_eq!(open(&service, &link, SET_PASSWORD).await, cookie, "viewing spends nothing");
    let html = view(&service, SET_PASSWORD, &cookie).await;
    assert!(!html.contains(&code) && !asks(&html) && html.contains("name=\"password\""), "{html}");

    let refused = send(&service, SET_PASSWORD, &cookie, &[("password", "short")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set_cookie(&refused).split(';').next(), Some(cookie.as_str()), "it is kept for the next try");
    let html = refused.text().await.unwrap();
    assert!(html.contains("at least 15") && !html.contains(&code) && !asks(&html));

    let cross = service.request(Method::POST, SET_PASSWORD).header("cookie", &cookie).header("sec-fetch-site", "cross-site");
    assert_eq!(cross.form(&[("password", PASSWORD)]).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let set = send(&service, SET_PASSWORD, &cookie, &[("password", PASSWORD)]).await;
    assert_eq!((set.status(), set.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(set_cookie(&set), "__Host-set-password=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    service.log_in("bob").await;
    assert!(send(&service, SET_PASSWORD, &cookie, &[("password", PASSWORD)]).await.text().await.unwrap().contains(OVER), "once");
    assert!(!service.log.text().contains(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_through_the_opened_link() {
    let service = Service::start(&[]).await;
    let (link, code) = split(&service.link);
    let cookie = open(&service, &link, "/setup").await;
    let html = view(&service, "/setup", &cookie).await;
    assert!(!html.contains(&code) && !asks(&html) && html.contains("name=\"username\""));
    let refused = send(&service, "/setup", &cookie, &[("username", "a@b"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!asks(&refused.text().await.unwrap()));
    let made = send(&service, "/setup", &cookie, &[("username", "root"), ("password", PASSWORD)]).await;
    assert_eq!((made.status(), set_cookie(&made).starts_with("__Host-setup=;")), (StatusCode::SEE_OTHER, true));
    service.log_in("root").await;
    assert!(!service.log.text().contains(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_expired_code_opens_the_same_page_and_is_refused_when_it_is_sent() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let (expired, expired_code) = invite(&service, &root, "bob").await;
    let (_, other_purpose) = split(&service.link);
    let (right, _) = without_mark(&view(&service, SET_PASSWORD, &open(&service, &expired, SET_PASSWORD).await).await);
    service.hand.advance(Duration::from_secs(1801));
    for code in [expired_code.as_str(), "wrong", other_purpose.as_str()] {
        let cookie = open(&service, &format!("{SET_PASSWORD}?code={code}"), SET_PASSWORD).await;
        let (seen, mark) = without_mark(&view(&service, SET_PASSWORD, &cookie).await);
        assert_eq!((seen, mark.len()), (right.clone(), 43), "viewing tells nothing");
        let refused = send(&service, SET_PASSWORD, &cookie, &[("password", PASSWORD)]).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(set_cookie(&refused).contains("Max-Age=0"));
        let html = refused.text().await.unwrap();
        assert!(html.contains(OVER) && asks(&html) && !html.contains(code), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_typed_in_where_no_cookie_keeps_it() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let (_, code) = invite(&service, &root, "bob").await;
    assert!(asks(&view(&service, SET_PASSWORD, "").await));
    let nothing = service.page_form(SET_PASSWORD, &[("password", PASSWORD)]).await;
    assert!(nothing.text().await.unwrap().contains(OVER));
    let refused = service.page_form(SET_PASSWORD, &[("code", &code), ("password", "short")]).await;
    let kept = set_cookie(&refused).split(';').next().unwrap().to_owned();
    let html = refused.text().await.unwrap();
    assert!(!html.contains(&code) && !asks(&html), "typed once, kept in the cookie");
    let planted = format!("{kept}; __Host-set-password=planted");
    assert!(send(&service, SET_PASSWORD, &planted, &[("password", PASSWORD)]).await.text().await.unwrap().contains(OVER));
    assert_eq!(send(&service, SET_PASSWORD, &kept, &[("password", PASSWORD)]).await.status(), StatusCode::SEE_OTHER);
    service.log_in("bob").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_reaches_neither_the_cookie_nor_the_page() {
    let service = Service::start(&[]).await;
    for text in ["%3B%20Domain%3Dexample.com", "a%0d%0aset-cookie:%20x=y", "%3Cb%3E"] {
        let opened = service.request(Method::GET, &format!("{SET_PASSWORD}?code={text}")).send().await.unwrap();
        assert_eq!((opened.status(), opened.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, SET_PASSWORD));
        assert_eq!(set_cookie(&opened), "__Host-set-password=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(!opened.headers().contains_key("x"));
    }
    let long = service.request(Method::GET, &format!("{SET_PASSWORD}?code={}", "x".repeat(65))).send().await.unwrap();
    assert_eq!(long.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_without_a_permission_hands_it_to_nobody() {
    let service = Service::start(&[]).await;
    let root = service.administrator().await;
    let id = |user: &Value| user["id"].as_str().unwrap().to_owned();
    let (manager, auditor) = (id(&service.register("manny").await), id(&service.register("audrey").await));
    for (user, role) in [(&manager, "manager"), (&auditor, "auditor")] {
        let set = service.call(Method::PUT, &format!("/admin/users/{user}/role"), &root, Some(json!({"role": role}))).await;
        assert_eq!(set.0, StatusCode::OK);
    }
    let manny = crate::routes::token(&service.log_in("manny").await);
    let call = |method, path: String, body| service.call(method, path.leak(), &manny, body);
    assert_eq!(call(Method::GET, "/admin/audit".to_owned(), None).await.0, StatusCode::FORBIDDEN);
    for (method, path, body) in [
        (Method::POST, "/admin/users".to_owned(), Some(json!({"username": "puppet", "role": "auditor"}))),
        (Method::PUT, format!("/admin/users/{manager}/role"), Some(json!({"role": "auditor"}))),
        (Method::PUT, format!("/admin/users/{auditor}/role"), Some(json!({"role": "user"}))),
        (Method::POST, format!("/admin/users/{auditor}/password-link"), None),
        (Method::POST, format!("/admin/users/{auditor}/disable"), None),
        (Method::POST, format!("/admin/users/{auditor}/enable"), None),
    ] {
        assert_eq!(call(method.clone(), path.clone(), body).await.0, StatusCode::FORBIDDEN, "{method} {path}");
    }
    let user = call(Method::POST, "/admin/users".to_owned(), Some(json!({"username": "ann", "role": "user"}))).await;
    assert_eq!(user.0, StatusCode::CREATED);
}
