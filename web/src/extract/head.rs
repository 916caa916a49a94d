use std::fmt;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use portcullis_core::Id;

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::respond::Problem;

/// The request's headers, without those that carry credentials.
pub struct Headers(HeaderMap);

impl Headers {
    /// The value of a header that stands exactly once and is printable ASCII.
    #[must_use]
    pub fn one(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[diagnostic::do_not_recommend]
impl Argument for Headers {
    const KIND: Kind = Kind::Head;
    type Needs = Nothing;
    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let mut headers = call.parts.headers.clone();
        for secret in [http::header::AUTHORIZATION, http::header::COOKIE, http::header::PROXY_AUTHORIZATION] {
            headers.remove(secret);
        }
        Ok(Self(headers))
    }
}

/// The client's address, after the trusted-proxy rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

#[diagnostic::do_not_recommend]
impl Argument for ClientAddr {
    const KIND: Kind = Kind::Head;
    type Needs = Nothing;
    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        Ok(Self(call.address))
    }
}

/// The request's identifier, as in the log and in `X-Request-Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Id);

#[diagnostic::do_not_recommend]
impl Argument for RequestId {
    const KIND: Kind = Kind::Head;
    type Needs = Nothing;
    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        Ok(Self(call.request_id))
    }
}
