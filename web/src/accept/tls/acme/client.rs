use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use portcullis_core::{Clock, Timestamp};

use super::Plan;
use super::failure::{Failure, Unreachable};

/// Asks the authority over HTTPS, within time and size, and remembers for how long it wants to be left alone.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    clock: Clock,
    wait: Arc<Mutex<Option<Duration>>>,
}

impl Client {
    pub(super) fn new(plan: &Plan, clock: Clock) -> Result<Self, Failure> {
        let own = |error: reqwest::Error| Failure::Own(format!("the HTTPS client can't be made: {error}"));
        let mut http = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(ANSWER);
        if let Some(pem) = &plan.roots {
            http = http.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem).map_err(own)?);
        }
        Ok(Self { http: http.build().map_err(own)?, clock, wait: Arc::default() })
    }

    /// The last `Retry-After` of a refusal, once.
    pub(super) fn take_wait(&self) -> Option<Duration> {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn ask(self, request: http::Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (parts, body) = request.into_parts();
        let is_signed = parts.method == Method::POST;
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(never) => match never {},
        };
        let unreachable = |error: reqwest::Error| Error::Other(Box::new(Unreachable::from(error)));
        let request = reqwest::Request::try_from(http::Request::from_parts(parts, body)).map_err(unreachable)?;
        let answer = http::Response::from(self.http.execute(request).await.map_err(unreachable)?);
        let (parts, body) = answer.into_parts();
        if parts.status.is_client_error() || parts.status.is_server_error() {
            *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = retry_after(&parts.headers, self.clock.now());
        }
        // What isn't signed is expected to succeed: the library would take the refusal for the document.
        let is_busy = parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS;
        if is_busy && !is_signed {
            return Err(Error::Other(Box::new(Unreachable::Busy(parts.status))));
        }
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(Error::Other)?;
        Ok(BytesResponse { parts, body: Box::new(body.to_bytes()) })
    }
}

impl HttpClient for Client {
    fn request(&self, request: http::Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// Seconds or a date ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_seconds(date.timestamp().as_second()).since(now))
}

const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);
const LARGEST_ANSWER: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_seconds(946_684_790);
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, http::HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Sat, 01 Jan 2000 00:00:00 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Fri, 31 Dec 1999 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
