use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use instant_acme::{Error, Problem};

/// Why there is no certificate this time, for the log: what, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the authority {0}")]
    Unreachable(Unreachable),
    #[error("the authority refused{}: {}{}", .domain.as_ref().map(|name| format!(" {name}")).unwrap_or_default(), said(.problem), mend(.problem))]
    Refused { domain: Option<String>, problem: Problem },
    #[error("the authority offers no {0} for {1}: set tls.acme.challenge to the other one")]
    NoChallenge(&'static str, String),
    #[error("the authority did not decide in {0:?}: it is asked again later")]
    Slow(Duration),
    #[error("the authority issued a certificate that is refused: {0}")]
    BadCertificate(String),
    #[error("cannot keep {0}: {1}; the service needs a `data_dir` with room that it can write to")]
    Store(&'static str, std::io::Error),
    #[error("the authority's answer makes no sense: {0}; is tls.acme.directory_url the address of a directory?")]
    Answer(String),
    #[error("{0}")]
    Own(String),
}

/// The authority couldn't be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("has a certificate that isn't trusted ({0}): for a private authority name its root in tls.acme.ca_file")]
    Untrusted(String),
    #[error("has a certificate that isn't valid at this time ({0}): is this machine's clock right?")]
    Clock(String),
    #[error("answers {0} only: it is asked again later")]
    Busy(http::StatusCode),
    #[error("can't be reached ({0}): is tls.acme.directory_url right, and does the network let the service out?")]
    Network(String),
}

impl Failure {
    /// The kind of the authority's problem, without the common prefix.
    pub(super) fn kind(&self) -> Option<&str> {
        if let Self::Refused { problem, .. } = self { kind(problem) } else { None }
    }

    /// Whether nothing was asked of the authority in vain: it may be tried again soon.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(Unreachable::Network(_) | Unreachable::Busy(_)))
            || matches!(self.kind(), Some("badNonce" | "serverInternal"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Api(problem) = error {
            // One problem of one name says more than the list that holds it.
            let domain = problem.subproblems.first().and_then(|problem| problem.identifier.as_ref());
            return Self::Refused { domain: domain.map(|identifier| identifier.authorized(false).to_string()), problem };
        }
        if matches!(error, Error::Timeout(_)) {
            return Self::Slow(super::order::PATIENCE);
        }
        let text = error.to_string();
        if let Error::Other(inner) = error {
            return match inner.downcast::<Unreachable>() {
                Ok(unreachable) => Self::Unreachable(*unreachable),
                Err(other) => Self::Answer(other.to_string()),
            };
        }
        Self::Answer(text)
    }
}

impl From<reqwest::Error> for Unreachable {
    fn from(error: reqwest::Error) -> Self {
        // The address stands in the settings; the innermost error says why.
        let error = error.without_url();
        let mut innermost: &(dyn StdError + 'static) = &error;
        loop {
            // An I/O error hides what it holds from the chain.
            let held = innermost.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let inner: Option<&(dyn StdError + 'static)> = match held {
                Some(held) => Some(held),
                None => innermost.source(),
            };
            let Some(inner) = inner else { break };
            innermost = inner;
        }
        match innermost.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(why)) => of_certificate(why),
            _ => Self::Network(innermost.to_string()),
        }
    }
}

fn of_certificate(why: &rustls::CertificateError) -> Unreachable {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    let text = why.to_string();
    if matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }) {
        Unreachable::Clock(text)
    } else {
        Unreachable::Untrusted(text)
    }
}

/// What the authority said, its problem's kind first.
fn said(problem: &Problem) -> impl fmt::Display {
    let kind = kind(problem).unwrap_or("no reason");
    let first = problem.subproblems.first().and_then(|problem| problem.detail.as_deref());
    let detail = problem.detail.as_deref().unwrap_or("");
    match first {
        Some(first) => format!("{kind} ({detail}; {first})"),
        None => format!("{kind} ({detail})"),
    }
}

fn kind(problem: &Problem) -> Option<&str> {
    problem.r#type.as_deref().map(|kind| kind.trim_start_matches("urn:ietf:params:acme:error:"))
}

/// What an operator can do about it ([RFC 8555 section 6.7](https://www.rfc-editor.org/rfc/rfc8555#section-6.7)).
fn mend(problem: &Problem) -> &'static str {
    match kind(problem).unwrap_or_default() {
        "dns" => "; let the name's A and AAAA records lead to this service",
        "connection" | "tls" => {
            "; let the name's records lead to this service, and let the authority reach port 80 for http-01, or port 443 for tls-alpn-01"
        }
        "unauthorized" | "incorrectResponse" => "; another server answers for the name: let its records and ports lead here",
        "caa" => "; the name's CAA records allow other authorities only",
        "rateLimited" => "; wait, and try with tls.acme.staging until everything works",
        "externalAccountRequired" => "; set tls.acme.eab_kid and tls.acme.eab_hmac_key to what the authority gave out",
        "rejectedIdentifier" | "unsupportedIdentifier" => "; take the name out of tls.acme.domains, or take another authority",
        "invalidContact" | "unsupportedContact" => "; set tls.acme.contact to a mail address that exists",
        "userActionRequired" => "; agree to the authority's new terms",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_domain_the_problem_and_the_mend() {
        let problem = |kind: &str| -> Problem {
            serde_json::from_value(serde_json::json!({
                "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "told so", "status": 403
            }))
            .unwrap()
        };
        let refused = Failure::Refused { domain: Some("a.example".to_owned()), problem: problem("dns") };
        let text = "the authority refused a.example: dns (told so); let the name's A and AAAA records lead to this service";
        assert_eq!(refused.to_string(), text);
        assert!(!refused.is_passing());
        assert!(Failure::from(Error::Api(problem("badNonce"))).is_passing());
    }

    #[test]
    fn the_name_of_a_subproblem_is_named() {
        let problem = serde_json::from_value(serde_json::json!({
            "type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "some were rejected", "subproblems": [
                {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "not this one", "identifier": {"type": "dns", "value": "b.example"}}
            ]
        }));
        let text = Failure::from(Error::Api(problem.unwrap())).to_string();
        assert!(
            text.starts_with("the authority refused b.example: rejectedIdentifier (some were rejected; not this one); take the name"),
            "{text}"
        );
    }
}
