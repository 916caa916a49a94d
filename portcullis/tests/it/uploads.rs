//! Files from outside: streamed in, checked, and given back without running.

use http::Method;
use portcullis::prelude::*;
use portcullis::web::extract::{MediaType, Upload, UploadRules};
use portcullis_testing::{Answer, TestApp, World, check_uniform};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::raw::read_until;
use crate::support::{Role, behind_proxy, failures, start, world};

/// A picture, perhaps a small one beside it, and a caption.
struct Pictures;

impl UploadRules for Pictures {
    const FILES: &'static [&'static str] = &["picture", "small"];
    const REQUIRED: &'static [&'static str] = &["picture"];
    const TEXTS: &'static [&'static str] = &["caption"];
    const MAX_FILE_BYTES: usize = 64 * 1024;
    const TYPES: &'static [MediaType] = &[MediaType::PNG, MediaType::JPEG];
}

#[output]
struct Seen {
    media_type: &'static str,
    bytes: u64,
    small: Option<u64>,
    caption: Option<String>,
}

#[post("/pictures", access = Public("a test"), body_limit = 200_000)]
async fn upload(mut upload: Upload<Pictures>) -> Result<Json<Seen>> {
    let picture = upload.files.remove("picture").ok_or_else(|| Problem::internal("a required file is missing"))?;
    let small = upload.files.get("small").map(|file| file.content.len() as u64);
    Ok(Json(Seen { media_type: picture.media_type, bytes: picture.content.len() as u64, small, caption: upload.texts.remove("caption") }))
}

#[input]
struct Kind {
    kind: Option<Slug>,
}

/// Gives back a file as it was stored, whatever it is.
#[get("/files", access = Public("a test"))]
async fn download(Query(kind): Query<Kind>) -> Download {
    match kind.kind.as_ref().map(Slug::as_str) {
        Some("html") => Download::new("text/html; charset=utf-8", HOSTILE_HTML),
        Some("svg") => Download::new("image/svg+xml", HOSTILE_SVG),
        Some("script") => Download::new("text/javascript", "alert(1)"),
        Some("style") => Download::new("text/css", "*{}"),
        Some("broken") => Download::new("image/png\r\nx: y", PNG),
        Some("named") => Download::new("image/png", PNG).named("../..//.\"\r\nx: y;é.png"),
        _ => Download::new("image/png", PNG),
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";
const HOSTILE_HTML: &str = "<script>alert(document.domain)</script>";
const HOSTILE_SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(document.domain)\"/>";

async fn uploads(world: World) -> TestApp {
    start(App::<Role>::new("Uploads").endpoints(endpoints![upload, download]), world).await
}

on_one!(uploads =>
    a_whole_upload_is_read
    each_broken_upload_is_refused_in_its_own_way
    a_file_is_what_its_first_bytes_say
    the_name_of_a_file_leads_nowhere
    incident_43_a_file_that_was_uploaded_never_runs
    the_document_describes_the_upload
);

/// A part of a multipart body.
fn part(head: &str, content: &[u8]) -> Vec<u8> {
    [b"--XX\r\ncontent-disposition: form-data; ", head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat()
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    part(&format!("name=\"{name}\"; filename=\"x.png\"\r\ncontent-type: image/png"), content)
}

fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat().as_slice(), b"--XX--\r\n"].concat()
}

async fn post(app: &TestApp, body: Vec<u8>) -> Answer {
    app.anonymous().raw(Method::POST, "/pictures", "multipart/form-data; boundary=XX", body).await
}

async fn a_whole_upload_is_read(app: TestApp) {
    let large = [PNG, &vec![0; 64 * 1024 - PNG.len()]].concat();
    let body = whole(&[file("picture", &large), file("small", b"\xff\xd8\xff\xe0"), part("name=\"caption\"", "é\r\n".as_bytes())]);
    let answer = post(&app, body).await;
    assert_eq!(answer.json(), json!({"media_type": "image/png", "bytes": 65536, "small": 4, "caption": "é\r\n"}));
    let least = post(&app, whole(&[file("picture", b"\xff\xd8\xff")])).await;
    assert_eq!(least.json(), json!({"media_type": "image/jpeg", "bytes": 3, "small": null, "caption": null}));
}

async fn each_broken_upload_is_refused_in_its_own_way(app: TestApp) {
    let picture = || file("picture", PNG);
    let refused = [
        (whole(&[]), "/picture required"),
        (whole(&[file("small", PNG)]), "/picture required"),
        (whole(&[picture(), picture()]), "/picture repeated"),
        (whole(&[picture(), file("other", PNG)]), "/? unknown_field"),
        (whole(&[picture(), file("<script>", PNG)]), "/? unknown_field"),
        (whole(&[picture(), part("name=\"caption\"", b"a"), part("name=\"caption\"", b"b")]), "/caption repeated"),
        (whole(&[picture(), part("name=\"caption\"", b"\xff")]), "/caption wrong_type"),
        (whole(&[picture(), part("filename=\"x\"", b"no name")]), "/? unknown_field"),
        (whole(&vec![file("picture", PNG); 1000]), "/picture repeated"),
    ];
    for (body, expected) in refused {
        let answer = post(&app, body).await;
        assert_eq!(failures(&answer), [expected], "{answer:?}");
        check_uniform(&answer);
    }
    let too_large = [
        whole(&[file("picture", &[PNG, &vec![0; 64 * 1024]].concat())]),
        whole(&[picture(), part("name=\"caption\"", &[b'x'; 4097])]),
        whole(&[file("picture", &[PNG, &vec![0; 200_000]].concat())]),
    ];
    for body in too_large {
        let answer = post(&app, body).await;
        assert_eq!(answer.status, 413, "{answer:?}");
        check_uniform(&answer);
    }
    let cut = whole(&[picture()]);
    let malformed = [
        b"".to_vec(),
        b"no multipart".to_vec(),
        b"--YY\r\n\r\n--YY--".to_vec(),
        cut[..cut.len() - 12].to_vec(),
        b"--XX\r\nbroken".to_vec(),
        whole(&[part("name=\"picture\"\r\nContent-Disposition: form-data; name=\"small\"", PNG)]),
        whole(&[part("name=\"picture\"; name=\"small\"", PNG)]),
        whole(&[part(&format!("name=\"picture\"{}", "\r\nx: y".repeat(2000)), PNG)]),
        [&[b'x'; 100_000][..], b"\r\n", &whole(&[picture()])].concat(),
        [&whole(&[picture()])[..], &[b'x'; 100_000]].concat(),
    ];
    for body in malformed {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = post(&app, body).await;
        assert_eq!(answer.status, 400, "{shown}: {answer:?}");
        check_uniform(&answer);
    }
    for media_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=XX; boundary=YY",
        "multipart/mixed; boundary=XX",
        "image/png",
        "",
    ] {
        let answer = app.anonymous().raw(Method::POST, "/pictures", media_type, whole(&[picture()])).await;
        assert_eq!(answer.status, 415, "{media_type}: {answer:?}");
        check_uniform(&answer);
    }
    let encoded = app.anonymous().request(Method::POST, "/pictures").header("content-encoding", "gzip");
    let encoded = encoded.header("content-type", "multipart/form-data; boundary=XX").body(whole(&[picture()])).send().await.unwrap();
    assert_eq!(encoded.status(), 415);
    assert_eq!(post(&app, whole(&[picture()])).await.status, 200, "the service goes on");
}

async fn a_file_is_what_its_first_bytes_say(app: TestApp) {
    for content in [HOSTILE_HTML.as_bytes(), HOSTILE_SVG.as_bytes(), b"", b"\x89PN", b"GIF89a", b"%PDF-1.7", b"MZ", b" \x89PNG\r\n\x1a\n"] {
        let answer = post(&app, whole(&[file("picture", content)])).await;
        assert_eq!(failures(&answer), ["/picture media_type"], "whatever the client calls it");
        assert!(!answer.text().contains("alert"));
    }
}

async fn the_name_of_a_file_leads_nowhere(app: TestApp) {
    for name in ["../../../tmp/x.png", "/etc/passwd", "..\\\\..\\\\x", "x.png%00.html", "con", "%2e%2e%2fx"] {
        let body = whole(&[part(&format!("name=\"picture\"; filename=\"{name}\""), PNG)]);
        let answer = post(&app, body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert!(!answer.text().contains(name) && !app.log().contains(name), "the name isn't kept");
    }
}

async fn incident_43_a_file_that_was_uploaded_never_runs(app: TestApp) {
    for (kind, media_type) in [
        ("html", "application/octet-stream"),
        ("svg", "application/octet-stream"),
        ("script", "application/octet-stream"),
        ("style", "application/octet-stream"),
        ("broken", "application/octet-stream"),
        ("other", "image/png"),
    ] {
        let answer = app.anonymous().get(&format!("/files?kind={kind}")).await;
        assert_eq!(answer.status, 200);
        check_uniform(&answer);
        assert_eq!(answer.header("content-type"), Some(media_type), "{kind}");
        assert_eq!(answer.header("content-disposition"), Some("attachment"), "{kind}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{kind}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.ends_with("; sandbox"), "{kind}: {policy}");
    }
    let named = app.anonymous().get("/files?kind=named").await;
    assert_eq!(named.header("content-disposition"), Some("attachment; filename=\"xy.png\""));
}

async fn the_document_describes_the_upload(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let schema = &document["paths"]["/pictures"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"];
    assert_eq!(schema["required"], json!(["picture"]));
    assert_eq!(schema["properties"]["small"]["format"], "binary");
    assert_eq!((&schema["additionalProperties"], &schema["properties"]["caption"]["maxLength"]), (&json!(false), &json!(4096)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_too_large_is_refused_while_it_comes() {
    let Some(world) = world() else { return };
    let app = uploads(behind_proxy(world)).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = "POST /pictures HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=XX\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let first = [&part("name=\"picture\"", PNG)[..], &vec![0; 70_000]].concat();
    let chunk = [format!("{:x}\r\n", first.len()).as_bytes(), &first, b"\r\n"].concat();
    stream.write_all(&chunk).await.unwrap();
    // The body has no end, and doesn't need one.
    let answer = read_until(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
