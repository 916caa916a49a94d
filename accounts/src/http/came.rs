use http::header::USER_AGENT;
use portcullis_web::admit::check_csrf;
use portcullis_web::extract::{Argument, Call, Kind, Need, Nothing, provided};
use portcullis_web::respond::Problem;

use crate::service::{AccountService, Origin};

/// Where a request came from.
#[derive(Debug)]
pub(crate) struct Came(pub(crate) Origin);

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

impl Argument for SameOrigin {
    const KIND: Kind = Kind::Head;
    type Needs = Need<AccountService>;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let accounts: AccountService = provided(call)?;
        check_csrf(call.method(), call.headers(), &[accounts.public_url().to_owned()])?;
        Ok(Self)
    }
}
