use std::time::Duration;

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, Identifier, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use super::failure::Failure;
use super::{AcmeChallenge, Challenges, Plan};

/// A certificate chain and its key, PEM.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
}

/// Orders a certificate with a new key: proves every name, then has it signed.
pub(super) async fn order(
    plan: &Plan,
    account: &Account,
    challenges: &Challenges,
    replaces: Option<CertificateIdentifier<'_>>,
) -> Result<Issued, Failure> {
    let identifiers: Vec<_> = plan.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = begin(account, &identifiers, replaces).await?;
    let pending = Pending(challenges);
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        prove(plan, authorization?, challenges).await?;
    }
    match order.poll_ready(&PATIENT).await {
        Ok(OrderStatus::Ready) => {}
        Err(error @ Error::Timeout(_)) => return Err(error.into()),
        outcome => return Err(reason(&mut order, outcome).await),
    }
    drop(pending);
    let own = |error: rcgen::Error| Failure::Own(format!("no certificate can be asked for: {error}"));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(own)?;
    let mut params = CertificateParams::new(plan.domains.clone()).map_err(own)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(own)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&PATIENT).await?;
    Ok(Issued { chain, key: key.serialize_pem() })
}

/// What is pending is answered until the order is decided, however that comes.
struct Pending<'a>(&'a Challenges);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Opens an order. That it replaces a certificate is a courtesy which an authority may not know: then it is left out.
async fn begin(account: &Account, identifiers: &[Identifier], replaces: Option<CertificateIdentifier<'_>>) -> Result<Order, Failure> {
    if let Some(replaced) = replaces {
        match account.new_order(&NewOrder::new(identifiers).replaces(replaced)).await.map_err(Failure::from) {
            Ok(order) => return Ok(order),
            Err(Failure::Answer(_)) => {}
            Err(failure) if matches!(failure.kind(), Some("alreadyReplaced" | "malformed" | "unauthorized")) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(account.new_order(&NewOrder::new(identifiers)).await?)
}

/// Gives the answer to one name's challenge, and says that it is there.
async fn prove(plan: &Plan, mut authorization: AuthorizationHandle<'_>, challenges: &Challenges) -> Result<(), Failure> {
    let domain = authorization.identifier().to_string();
    if authorization.status == AuthorizationStatus::Valid {
        return Ok(());
    }
    let (kind, name) = match plan.challenge {
        AcmeChallenge::Http01 => (ChallengeType::Http01, "http-01"),
        AcmeChallenge::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
    };
    let Some(mut challenge) = authorization.challenge(kind) else { return Err(Failure::NoChallenge(name, domain)) };
    let authorized = challenge.key_authorization();
    let put = match plan.challenge {
        AcmeChallenge::Http01 => challenges.put_http(&challenge.token, authorized.as_str()),
        AcmeChallenge::TlsAlpn01 => {
            let digest = authorized.digest();
            let digest = <&[u8; 32]>::try_from(digest.as_ref()).map_err(|_| Failure::Own("a digest has 32 bytes".to_owned()))?;
            challenges.put_tls(&domain, digest)
        }
    };
    put.map_err(|error| Failure::Store("the answer to a challenge", error))?;
    challenge.set_ready().await.map_err(|error| of_domain(domain, error.into()))
}

/// Why an order can't be fulfilled: the problem of its first name that has one.
async fn reason(order: &mut Order, outcome: Result<OrderStatus, Error>) -> Failure {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let domain = state.identifier().to_string();
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
            return Failure::Refused { domain: Some(domain), problem };
        }
    }
    match outcome {
        Ok(status) => Failure::Answer(format!("the order is {status:?}")),
        Err(error) => error.into(),
    }
}

fn of_domain(name: String, failure: Failure) -> Failure {
    if let Failure::Refused { domain: None, problem } = failure { Failure::Refused { domain: Some(name), problem } } else { failure }
}

/// Validations take seconds, some authorities look from many places.
const PATIENT: RetryPolicy = RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(PATIENCE);
pub(super) const PATIENCE: Duration = Duration::from_secs(180);
