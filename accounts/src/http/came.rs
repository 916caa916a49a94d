use http::header::USER_AGENT;
use portcullis_web::admit::check_csrf;
use portcullis_web::extract::{Argument, Call, Kind, Need, Nothing, provided};
use portcullis_web::respond::Problem;

use crate::service::{AccountService, Origin};

/// Where a request came from.
#[derive(Debug)]
pub(crate) struct Came(pub(crate) Origin);

impl portcullis_web::__private::ArgumentSeal for Came {}
impl Argument for Came {
    const KIND: Kind = Kind::Head;
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let user_agent = call.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self(Origin { address: Some(call.client_address()), user_agent, request: Some(call.request_id()) }))
    }
}

/// The form was sent by one of our own pages: a log-in form has no session yet that would make the pipeline check this.
#[derive(Debug)]
pub(crate) struct SameOrigin;

impl portcullis_web::__private::ArgumentSeal for SameOrigin {}
impl Argument for SameOrigin {
    const KIND: Kind = Kind::Head;
    type Needs = Need<AccountService>;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let accounts: AccountService = provided(call)?;
        check_csrf(call.method(), call.headers(), &[origin_of(accounts.public_url())])?;
        Ok(Self)
    }
}

/// The origin of our own pages, as browsers write it: without a path and without the default port.
fn origin_of(public_url: &str) -> String {
    let Some((scheme, rest)) = public_url.split_once("://") else { return public_url.to_owned() };
    let authority = rest.split('/').next().unwrap_or(rest);
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(default_port).unwrap_or(authority)).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_public_address_as_browsers_write_it() {
        assert_eq!(origin_of("https://Example.com:443/base"), "https://example.com");
        assert_eq!(origin_of("https://localhost:8443"), "https://localhost:8443");
        assert_eq!(origin_of("http://localhost:80"), "http://localhost");
    }
}
