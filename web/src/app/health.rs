use std::sync::Arc;

use portcullis_macros::get;

use super::endpoint::Endpoint;
use super::registry::Registered as _;
use super::runtime::Runtime;
use crate::authz::Public;
use crate::respond::{Problem, Text};

/// The service is alive: it answers.
#[get("/livez", access = Public("load balancers ask without a credential"), tag = "health")]
async fn livez() -> Text {
    Text("ok\n".into())
}

/// The service takes requests: it has started, isn't ending, and its database answers.
#[get("/readyz", access = Public("load balancers ask without a credential"), tag = "health")]
async fn readyz(runtime: Arc<Runtime>) -> Result<Text, Problem> {
    if runtime.is_ready().await { Ok(Text("ok\n".into())) } else { Err(Problem::unavailable("not ready")) }
}

/// The endpoints that say whether the service is well; they stand on the management listener too.
pub(crate) fn endpoints() -> [&'static Endpoint; 2] {
    [livez::ENDPOINT, readyz::ENDPOINT]
}
