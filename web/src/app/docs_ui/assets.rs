use std::io::Read;
use std::sync::OnceLock;

use aws_lc_rs::digest;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// A file that the documentation pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    stored: Stored,
    plain: OnceLock<Bytes>,
    tag: OnceLock<String>,
}

/// The file at a path below `/docs/assets/`, such as `docs.css`.
pub(crate) fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The answer to a GET of this file: compressed for those who accept that, 304 for those who have it.
    pub(crate) fn answer(&'static self, request: &HeaderMap) -> Response<Bytes> {
        let gzip = self.stored_as_gzip().filter(|_| accepts_gzip(request));
        let tag = self.tag(gzip.is_some());
        let known = is_known(request, &tag);
        let body = match gzip {
            _ if known => Bytes::new(),
            Some(stored) => Bytes::from_static(stored),
            None => self.plain(),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        if gzip.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if known {
            headers.remove(header::CONTENT_TYPE);
            headers.remove(header::CONTENT_ENCODING);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }

    /// The uncompressed contents; inflated once, at the first request that needs them.
    pub(crate) fn plain(&self) -> Bytes {
        match self.stored {
            Stored::Plain(body) => Bytes::from_static(body),
            Stored::Gzip(body) => self.plain.get_or_init(|| inflated(body)).clone(),
        }
    }

    const fn stored_as_gzip(&self) -> Option<&'static [u8]> {
        match self.stored {
            Stored::Plain(_) => None,
            Stored::Gzip(body) => Some(body),
        }
    }

    /// An entity tag; the two encodings are different representations.
    fn tag(&self, gzip: bool) -> String {
        let digest = self.tag.get_or_init(|| {
            let (Stored::Plain(body) | Stored::Gzip(body)) = self.stored;
            let digest = digest::digest(&digest::SHA256, body);
            digest.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
        });
        format!("\"{digest}{}\"", if gzip { "-gzip" } else { "" })
    }

    const fn new(path: &'static str, content_type: &'static str, stored: Stored) -> Self {
        Self { path, content_type, stored, plain: OnceLock::new(), tag: OnceLock::new() }
    }
}

#[derive(Clone, Copy)]
enum Stored {
    Plain(&'static [u8]),
    Gzip(&'static [u8]),
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(body) => write!(f, "Plain({} bytes)", body.len()),
            Self::Gzip(body) => write!(f, "Gzip({} bytes)", body.len()),
        }
    }
}

/// The vendored files are checked by a test, so that what is inflated here is known to be whole.
fn inflated(stored: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    let read = GzDecoder::new(stored).read_to_end(&mut plain);
    read.map(|_| Bytes::from(plain)).unwrap_or_default()
}

/// Whether `Accept-Encoding` names gzip (or everything) with a weight above zero
/// ([RFC 9110, section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)). Without the header the answer is plain.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let offers = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut everything = false;
    for offer in offers {
        let (coding, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let wanted = !weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32));
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case("gzip") => return wanted,
            "*" => everything = wanted,
            _ => {}
        }
    }
    everything
}

fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    known.map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

macro_rules! file {
    ($name:literal) => {
        Stored::Plain(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)))
    };
}

macro_rules! vendored {
    ($name:literal) => {
        Stored::Gzip(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendored/", $name, ".gz")))
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

pub(super) static ASSETS: [Asset; 9] = [
    Asset::new("docs.css", STYLE, file!("docs.css")),
    Asset::new("icon.svg", "image/svg+xml", file!("icon.svg")),
    Asset::new("swagger-start.js", SCRIPT, file!("swagger-start.js")),
    Asset::new("redoc-start.js", SCRIPT, file!("redoc-start.js")),
    Asset::new("swagger-ui.css", STYLE, vendored!("swagger-ui.css")),
    Asset::new("swagger-ui-bundle.js", SCRIPT, vendored!("swagger-ui-bundle.js")),
    Asset::new("redoc.standalone.js", SCRIPT, vendored!("redoc.standalone.js")),
    Asset::new("redoc-search.js", SCRIPT, vendored!("redoc-search.js")),
    Asset::new("licences.txt", "text/plain; charset=utf-8", vendored!("licences.txt")),
];
