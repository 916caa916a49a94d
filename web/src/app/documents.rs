use axum::body::Body;
use http::{HeaderMap, HeaderValue, header};
use portcullis_macros::get;

use super::config::{DocsAccess, Settings};
use super::docs_ui::{self, Nonce};
use super::endpoint::Endpoint;
use super::operation::OperationDoc;
use super::registry::Registered as _;
use crate::Response;
use crate::authz::{Authenticated, Public};
use crate::extract::{Argument, Call, Kind, Nothing};
use crate::respond::{Answer, ContentSecurityPolicy, Problem};
use crate::seal::{AnswerSeal, ArgumentSeal};

/// The documents of the running application.
struct Documents {
    name: &'static str,
    openapi: bytes::Bytes,
    headers: HeaderMap,
    file: Option<String>,
}

impl ArgumentSeal for Documents {}
impl Argument for Documents {
    const KIND: Kind = Kind::Head;
    const PATH: &'static [&'static str] = &[];
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        Ok(Self {
            name: call.runtime.name,
            openapi: call.runtime.openapi.clone(),
            headers: call.parts.headers.clone(),
            file: call.parameter("file").map(str::to_owned),
        })
    }
}

/// An answer that is ready, with the media type that its endpoint documents.
struct Ready<K>(Response, std::marker::PhantomData<K>);

trait Media {
    const TYPE: &'static str;
}
struct JsonMedia;
struct HtmlMedia;
struct FileMedia;
impl Media for JsonMedia {
    const TYPE: &'static str = "application/json";
}
impl Media for HtmlMedia {
    const TYPE: &'static str = "text/html";
}
impl Media for FileMedia {
    const TYPE: &'static str = "*/*";
}

impl<K: Media> Ready<K> {
    fn new(response: Response) -> Self {
        Self(response, std::marker::PhantomData)
    }
}

impl<K> AnswerSeal for Ready<K> {}
impl<K: Media> Answer for Ready<K> {
    fn describe(operation: &mut OperationDoc<'_>) {
        if K::TYPE == "application/json" {
            operation.response(
                200,
                serde_json::json!({"description": "The document.", "content": {"application/json": {"schema": {"type": "object"}}}}),
            );
        } else {
            operation.text_response(200, "The page or file.", K::TYPE);
            operation.entity_tag(200);
            if K::TYPE == FileMedia::TYPE {
                operation.empty_response(304, "The client has it.");
                operation.entity_tag(304);
            }
        }
    }

    fn into_answer(self) -> Response {
        self.0
    }
}

fn openapi(documents: Documents) -> Ready<JsonMedia> {
    let mut response = Response::new(Body::from(documents.openapi));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ready::new(response)
}

fn swagger(documents: &Documents) -> Ready<HtmlMedia> {
    html(docs_ui::swagger_page(documents.name), HeaderValue::from_static(docs_ui::DOCS_CSP))
}

fn redoc(documents: &Documents) -> Result<Ready<HtmlMedia>, Problem> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Problem::internal("no randomness"))?;
    let nonce = Nonce::new(random);
    Ok(html(docs_ui::redoc_page(documents.name, &nonce), docs_ui::redoc_csp(&nonce)))
}

fn file(documents: &Documents) -> Result<Ready<FileMedia>, Problem> {
    let asset = documents.file.as_deref().and_then(docs_ui::asset).ok_or_else(Problem::not_found)?;
    Ok(Ready::new(asset.answer(&documents.headers).map(Body::from)))
}

fn html(page: String, policy: HeaderValue) -> Ready<HtmlMedia> {
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.extensions_mut().insert(ContentSecurityPolicy(policy));
    Ready::new(response)
}

/// The same four endpoints under one of two policies: which one is mounted follows `docs.access`.
macro_rules! documents {
    ($module:ident, $access:expr) => {
        mod $module {
            use super::*;

            /// The OpenAPI document of this service.
            #[get("/openapi.json", access = $access, tag = "documents")]
            pub(super) async fn openapi_json(documents: Documents) -> Ready<JsonMedia> {
                openapi(documents)
            }

            /// The interactive documentation.
            #[get("/docs", access = $access, tag = "documents")]
            pub(super) async fn docs(documents: Documents) -> Ready<HtmlMedia> {
                swagger(&documents)
            }

            /// The reference documentation.
            #[get("/redoc", access = $access, tag = "documents")]
            pub(super) async fn reference(documents: Documents) -> Result<Ready<HtmlMedia>, Problem> {
                redoc(&documents)
            }

            /// A script, style or picture of the documentation.
            #[get("/docs/assets/{file}", access = $access, tag = "documents", without_object = "the files are the same for everyone")]
            pub(super) async fn docs_file(documents: Documents, _name: FileName) -> Result<Ready<FileMedia>, Problem> {
                file(&documents)
            }
        }
    };
}
documents!(open, Public("the documentation is open by `docs.access`"));
documents!(closed, Authenticated);

/// Says that the path's `file` is taken.
struct FileName;

impl ArgumentSeal for FileName {}
impl Argument for FileName {
    const KIND: Kind = Kind::Head;
    const PATH: &'static [&'static str] = &["file"];
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.path_text("file", 64);
    }

    async fn extract(_: &mut Call) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// The endpoints of the documentation with these settings.
pub(crate) fn endpoints(settings: &Settings) -> Vec<&'static Endpoint> {
    match settings.docs_access() {
        DocsAccess::Public => {
            vec![open::openapi_json::ENDPOINT, open::docs::ENDPOINT, open::reference::ENDPOINT, open::docs_file::ENDPOINT]
        }
        DocsAccess::Authenticated => {
            vec![closed::openapi_json::ENDPOINT, closed::docs::ENDPOINT, closed::reference::ENDPOINT, closed::docs_file::ENDPOINT]
        }
        DocsAccess::Off => Vec::new(),
    }
}
