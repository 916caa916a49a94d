//! Texts that a handler can trust.

use portcullis::prelude::*;
use portcullis_testing::{TestApp, World};
use serde_json::{Value, json};

use crate::support::{Role, failures, start};

#[input]
struct Texts {
    #[check(length(chars, max = 100))]
    #[serde(default = "PlainText::empty")]
    plain: PlainText,
    #[check(length(chars, max = 200))]
    rich: Option<RichText>,
    mail: Option<Email>,
    link: Option<WebUrl>,
    slug: Option<Slug>,
}

#[output]
struct Kept {
    plain: PlainText,
    rich: Option<RichText>,
    mail: Option<Email>,
    link: Option<WebUrl>,
    slug: Option<Slug>,
}

#[post("/texts", access = Public("a test"))]
async fn keep(Json(texts): Json<Texts>) -> Json<Kept> {
    Json(Kept { plain: texts.plain, rich: texts.rich, mail: texts.mail, link: texts.link, slug: texts.slug })
}

async fn texts(world: World) -> TestApp {
    start(App::<Role>::new("Texts").endpoints(endpoints![keep]), world).await
}

on_one!(texts =>
    each_text_is_kept_in_its_normal_form
    each_text_refuses_what_deceives
    rich_text_holds_nothing_that_runs
    incident_44_an_address_is_checked_after_normalisation
    html_that_is_nested_without_end_harms_nobody
    the_document_describes_each_text
);

async fn each_text_is_kept_in_its_normal_form(app: TestApp) {
    for (name, given, kept) in [
        ("plain", "e\u{301}\n\t<b>&", "é\n\t<b>&"),
        ("rich", "<p>a <b>b</b></p>", "<p>a <b>b</b></p>"),
        ("mail", "Ann@Example.COM", "Ann@example.com"),
        ("link", "HTTPS://Example.com/a b".replace(' ', "%20").as_str(), "https://example.com/a%20b"),
        ("slug", "notes-2026", "notes-2026"),
    ] {
        let answer = app.anonymous().post("/texts", &json!({name: given})).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()[name], kept);
    }
}

async fn each_text_refuses_what_deceives(app: TestApp) {
    let bad: [(&str, &[&str]); 5] = [
        ("plain", &["a\u{202e}b", "a\u{0}b", "a\u{1b}[2Jb", "a\rb", "\u{2066}a", "\u{feff}a", "a\u{2028}b", "\u{7f}", "\u{9b}"]),
        ("rich", &["a\u{202e}b", "a\u{0}b", "\u{1b}"]),
        (
            "mail",
            &[
                "",
                "a",
                "a@",
                "@b.example",
                "a b@c.example",
                "a@b.example\n",
                "a@b.example, c@d.example",
                "<a@b.example>",
                "a@b\u{202e}.example",
            ],
        ),
        (
            "link",
            &[
                "",
                "/x",
                "example.com",
                "javascript:alert(1)",
                "data:text/html,x",
                "ftp://a.example",
                "https://a:b@c.example",
                "https://a@b.example",
                "https://a.example/\n",
                "https://a b.example",
                "https://",
            ],
        ),
        ("slug", &["", "-a", "a-", "a--b", "A", "a b", "a/b", "..", "ä", "a_b", "a\n"]),
    ];
    for (name, texts) in bad {
        for text in texts {
            let answer = app.anonymous().post("/texts", &json!({name: text})).await;
            assert_eq!(failures(&answer), [format!("/{name} wrong_type")], "{name}: {text:?}");
        }
    }
    let long: [(&str, String); 5] = [
        ("plain", "x".repeat(101)),
        ("rich", "x".repeat(201)),
        ("mail", format!("{}@example.com", "x".repeat(250))),
        ("link", format!("https://example.com/{}", "x".repeat(2040))),
        ("slug", "x".repeat(65)),
    ];
    for (name, text) in long {
        let answer = app.anonymous().post("/texts", &json!({name: text})).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(!answer.text().contains("xxxx"));
    }
}

async fn rich_text_holds_nothing_that_runs(app: TestApp) {
    for html in [
        "<script>alert(1)</script>x",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>x",
        "<img src=x onerror=alert(1)>x",
        "<body onload=alert(1)>x",
        "<svg/onload=alert(1)>x",
        "<svg><script>alert(1)</script></svg>x",
        "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\" &#106;avascript:alert(1)\">x</a>",
        "<a href=\"java\tscript:alert(1)\">x</a>",
        "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
        "<a href=\"vbscript:x\">x</a>",
        "<iframe src=\"https://evil.example\"></iframe>x",
        "<form action=\"https://evil.example\"><input name=a></form>x",
        "<style>@import url(//evil.example)</style>x",
        "<p style=\"background:url(javascript:x)\">x</p>",
        "<object data=x></object><embed src=x>x",
        "<meta http-equiv=refresh content=\"0;url=javascript:x\">x",
        "<base href=\"//evil.example\">x",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">x</noscript>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>x",
    ] {
        let answer = app.anonymous().post("/texts", &json!({"rich": html})).await;
        assert_eq!(answer.status, 200, "{html}: {answer:?}");
        let kept = answer.json()["rich"].as_str().unwrap().to_lowercase();
        let tags = kept.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or("").to_owned()).collect::<Vec<_>>().join(" ");
        for word in [
            "script",
            "onerror",
            "onload",
            "javascript:",
            "data:",
            "style",
            "iframe",
            "form",
            "input",
            "svg",
            "object",
            "embed",
            "meta",
            "base",
        ] {
            assert!(!tags.contains(word), "{html} became {kept}");
        }
    }
}

async fn incident_44_an_address_is_checked_after_normalisation(app: TestApp) {
    let keep = async |text: &str| {
        let answer = app.anonymous().post("/texts", &json!({"mail": text})).await;
        (answer.status, if answer.status == 200 { answer.json()["mail"].clone() } else { Value::Null })
    };
    // FULLWIDTH COMMERCIAL AT becomes `@`: what is kept is what was checked.
    assert_eq!(keep("ann\u{ff20}example.com").await, (200, json!("ann@example.com")));
    assert_eq!(keep("ann@\u{ff45}xample.com").await, (200, json!("ann@example.com")));
    // Two of them are no address, however they are written; ℅ and ； hide what normalisation brings out.
    for text in [
        "a\u{ff20}b@example.com",
        "a@b\u{ff20}c.example",
        "a@example.com\u{ff0c}b@example.com",
        "a\u{3000}b@example.com",
        "a@ex\u{ff0f}ample.com",
    ] {
        assert_eq!(keep(text).await.0, 422, "{text}");
    }
}

async fn html_that_is_nested_without_end_harms_nobody(app: TestApp) {
    let attributes = format!("<p {}>", (0..90_000).map(|number| format!("a{number} ")).collect::<String>());
    let many = ["<b>", "<div>", "<b></i>", "<a><p>", "<ul><li>", "<!--", "<![CDATA[", "&amp", "&", "<font>", "<p class=", "x "];
    let many = many.map(|part| part.repeat(900_000 / part.len()));
    // As much as is let through.
    let most = [format!("<p {}>", "a ".repeat(2000)).repeat(60), "<ul><li>".repeat(1000), "&amp".repeat(2000), "x".repeat(256 * 1024)];
    for html in many.into_iter().chain(most).chain([attributes]) {
        let part = html.chars().take(20).collect::<String>();
        let began = std::time::Instant::now();
        let answer = app.anonymous().post("/texts", &json!({"rich": html})).await;
        assert!(matches!(answer.status, 200 | 422), "{part}: {answer:?}");
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{part} took {:?}", began.elapsed());
    }
    assert_eq!(app.anonymous().post("/texts", &json!({"rich": "x"})).await.status, 200, "the service goes on");
}

async fn the_document_describes_each_text(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let properties = &document["components"]["schemas"]["Texts"]["properties"];
    for (pointer, value) in [
        ("/plain/maxLength", json!(100)),
        ("/rich/maxLength", json!(200)),
        ("/mail/format", json!("email")),
        ("/mail/maxLength", json!(254)),
        ("/link/format", json!("uri")),
        ("/link/maxLength", json!(2048)),
        ("/slug/pattern", json!("^[a-z0-9]+(-[a-z0-9]+)*$")),
        ("/slug/maxLength", json!(64)),
    ] {
        assert_eq!(properties.pointer(pointer), Some(&value), "{pointer} in {properties:#}");
    }
}
