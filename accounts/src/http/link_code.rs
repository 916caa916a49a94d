//! The code of a one-time link, which moves from the address into a cookie when the link is opened.
//!
//! Addresses remain in histories and in the logs of proxies; the cookie is out of reach of scripts and short-lived. It is `SameSite=Lax`,
//! because a link is followed from a mail program or a webmail page: that is a cross-site navigation, and its redirect must carry the
//! cookie. Forms that another site sends never carry it.

use http::{HeaderValue, header};
use portcullis_core::Secret;
use portcullis_web::extract::{Argument, Call, Kind, Nothing};
use portcullis_web::respond::Problem;

use crate::settings::AccountsSettings;

/// A page that a one-time link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkPage {
    SetUp,
    SetPassword,
}

/// The codes that came in cookies.
#[derive(Debug, Default)]
pub(crate) struct LinkCodes {
    set_up: Option<Secret>,
    set_password: Option<Secret>,
}

impl LinkPage {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::SetUp => "/setup",
            Self::SetPassword => "/set-password",
        }
    }

    const fn cookie(self) -> &'static str {
        match self {
            Self::SetUp => "__Host-setup",
            Self::SetPassword => "__Host-set-password",
        }
    }

    /// The `Set-Cookie` that keeps the code until the form is sent. What can't be a code is forgotten instead.
    pub(super) fn keep(self, code: &str, settings: &AccountsSettings) -> HeaderValue {
        if !is_code(code) {
            return self.forget();
        }
        let seconds = settings.link_seconds.min(LONGEST);
        let text = format!("{}={code}; {ATTRIBUTES}; Max-Age={seconds}", self.cookie());
        HeaderValue::from_str(&text).map_or_else(
            |_| self.forget(),
            |mut cookie| {
                cookie.set_sensitive(true);
                cookie
            },
        )
    }

    /// The `Set-Cookie` that forgets the code.
    pub(super) const fn forget(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::SetUp => "__Host-setup=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            Self::SetPassword => "__Host-set-password=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        })
    }
}

impl LinkCodes {
    pub(super) const fn of(&self, page: LinkPage) -> Option<&Secret> {
        match page {
            LinkPage::SetUp => self.set_up.as_ref(),
            LinkPage::SetPassword => self.set_password.as_ref(),
        }
    }
}

impl portcullis_web::__private::ArgumentSeal for LinkCodes {}
impl Argument for LinkCodes {
    const KIND: Kind = Kind::Head;
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let lines: Vec<&str> = call.headers().get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok()).collect();
        Ok(Self { set_up: found(&lines, LinkPage::SetUp), set_password: found(&lines, LinkPage::SetPassword) })
    }
}

/// The value of the page's cookie; none where two cookies have its name, as one of them was planted.
fn found(lines: &[&str], page: LinkPage) -> Option<Secret> {
    let mut values = lines.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = values.by_ref().filter(|(name, _)| *name == page.cookie()).map(|(_, value)| value);
    let value = values.next().filter(|value| is_code(value))?;
    values.next().is_none().then(|| Secret::new(value))
}

/// Whether the text has the form of a code: base64url of bounded length.
fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
/// Half an hour. A user who needs longer opens the link again.
const LONGEST: u32 = 30 * 60;
const LONGEST_CODE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_its_own_cookie_once() {
        let read = |lines: &[&str]| found(lines, LinkPage::SetUp).map(|code| code.expose().to_owned());
        assert_eq!(read(&["a=b; __Host-setup=Ab-_9; c=d"]).as_deref(), Some("Ab-_9"));
        assert_eq!(read(&["a=b", "__Host-setup=x"]).as_deref(), Some("x"));
        for none in ["", "setup=x", "__Host-set-password=x", "__Host-setup=", "__Host-setup=a b", "__Host-setup=x; __Host-setup=y"] {
            assert_eq!(read(&[none]), None, "{none}");
        }
        assert_eq!(read(&["__Host-setup=x", "__Host-setup=x"]), None);
        assert_eq!(read(&[&format!("__Host-setup={}", "x".repeat(65))]), None);
    }

    #[test]
    fn what_is_no_code_never_reaches_the_cookie() {
        let settings = AccountsSettings::default();
        for text in ["", "x; Domain=example.com", "x\r\nset-cookie: a=b", "\u{e9}", &"x".repeat(65)] {
            assert_eq!(LinkPage::SetUp.keep(text, &settings), LinkPage::SetUp.forget(), "{text:?}");
        }
        let kept = LinkPage::SetPassword.keep("abc", &settings);
        assert_eq!(kept, "__Host-set-password=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=1800");
    }
}
