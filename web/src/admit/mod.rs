//! Admitting requests: client addresses, hosts, rate limits, CORS, CSRF, load.

mod client_ip;
pub use client_ip::{ClientAddress, ForwardedHeader, MalformedForwarded, TrustedProxies};
mod host;
pub(crate) use host::{Hosts, malformed};
mod rate_limit;
pub use rate_limit::{Quota, RateLimitSettings};
pub(crate) use rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY, RateLimits, Verdict};
mod cors;
pub(crate) use cors::Cors;
pub use cors::CorsSettings;
mod csrf;
pub use csrf::check as check_csrf;
mod load_shed;
pub(crate) use load_shed::LoadShed;
