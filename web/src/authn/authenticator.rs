use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use portcullis_core::{Clock, Principal, Revocations, Timestamp};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use super::authority::{Authority, Credential, Rejection};
use super::credential::Presented;

/// Judges credentials once and remembers the good ones until they end or their subject is forgotten.
///
/// What is remembered is keyed by the whole credential, and holds its subject's stamp from *before* the verification began: a revocation
/// that comes while a verification runs makes its result worthless. Bad credentials aren't remembered.
pub(crate) struct Authenticator {
    authority: Arc<dyn Authority>,
    revocations: Revocations,
    clock: Clock,
    remembered: Cache<Whole, Remembered>,
}

/// A whole credential. Its end decides where it is kept: that is random in every credential that was ever believed, be it a signature or a
/// session's secret, and a tenth of the work. What is found is compared whole.
#[derive(PartialEq, Eq)]
struct Whole(Box<[u8]>);

/// A credential to look for.
struct Asked<'request>(&'request [u8]);

impl Hash for Whole {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.last_chunk::<END>().map_or(self.0, |end| end.as_slice()));
    }
}

impl Equivalent<Whole> for Asked<'_> {
    fn equivalent(&self, whole: &Whole) -> bool {
        *self.0 == *whole.0
    }
}

#[derive(Clone)]
struct Remembered {
    principal: Principal,
    slot: usize,
    stamp: u64,
}

impl Authenticator {
    pub(crate) fn new(authority: Arc<dyn Authority>, revocations: Revocations, clock: Clock) -> Self {
        Self { authority, revocations, clock, remembered: Cache::new(CAPACITY) }
    }

    /// The caller with this credential, when it was verified before and nothing has changed since.
    pub(crate) fn recall(&self, presented: Presented<'_>, now: Timestamp) -> Option<Principal> {
        let asked = Asked(presented.bytes());
        let known = self.remembered.get(&asked)?;
        let identity = known.principal.identity();
        if self.revocations.stamp(known.slot) == known.stamp && identity.expires_at > now && identity.from_cookie == presented.is_cookie() {
            return Some(known.principal);
        }
        self.remembered.remove(&asked);
        None
    }

    /// The caller with this credential, verified from scratch.
    pub(crate) async fn verify(&self, credential: Credential<'_>) -> Result<Principal, Rejection> {
        let text = match credential {
            Credential::Bearer(text) | Credential::Session(text) => text,
        };
        // The subject is known only afterwards, so every stamp is taken beforehand, through a number that every revocation moves.
        let before = self.revocations.total();
        let principal = self.authority.verify(credential).await?;
        if principal.identity().expires_at <= self.clock.now() {
            return Err(Rejection::Invalid("expired"));
        }
        let slot = self.revocations.slot(principal.subject());
        let stamp = self.revocations.stamp(slot);
        if self.revocations.total() == before {
            self.remembered.insert(Whole(text.as_bytes().into()), Remembered { principal: principal.clone(), slot, stamp });
        }
        Ok(principal)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticator({} remembered)", self.remembered.len())
    }
}

const CAPACITY: usize = 100_000;
/// How many bytes of a credential's end are hashed: 192 bits in base64url.
const END: usize = 32;

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use portcullis_core::Identity;

    use super::*;

    /// Believes every credential, counts how often it is asked, and may revoke in the middle of it.
    #[derive(Default)]
    struct Believer {
        asked: AtomicUsize,
        revoke: Option<Revocations>,
        from_cookie: bool,
    }

    impl Authority for Arc<Believer> {
        fn verify<'a>(&'a self, _: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
            Box::pin(async {
                self.asked.fetch_add(1, Ordering::SeqCst);
                if let Some(revocations) = &self.revoke {
                    revocations.forget("alice");
                }
                let mut identity = Identity::new("alice");
                identity.expires_at = Timestamp::from_seconds(1000);
                identity.from_cookie = self.from_cookie;
                Ok(Principal::new(identity))
            })
        }
    }

    async fn authenticate(authenticator: &Authenticator, presented: Presented<'_>, now: Timestamp) -> Result<Principal, Rejection> {
        match authenticator.recall(presented, now) {
            Some(principal) => Ok(principal),
            None => authenticator.verify(presented.credential().unwrap()).await,
        }
    }

    fn authenticator(believer: &Arc<Believer>, revocations: &Revocations, clock: &Clock) -> Authenticator {
        Authenticator::new(Arc::new(Arc::clone(believer)), revocations.clone(), clock.clone())
    }

    #[tokio::test]
    async fn a_credential_is_verified_once_until_its_subject_is_forgotten() {
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(900));
        let (believer, revocations) = (Arc::new(Believer::default()), Revocations::new());
        let authenticator = authenticator(&believer, &revocations, &clock);
        let ask = async |token: &'static str| authenticate(&authenticator, Presented::Bearer(token.as_bytes()), clock.now()).await;
        for _ in 0..3 {
            ask("a").await.unwrap();
            ask("b").await.unwrap();
        }
        assert_eq!(believer.asked.load(Ordering::SeqCst), 2);
        revocations.forget("alice");
        ask("a").await.unwrap();
        ask("b").await.unwrap();
        assert_eq!(believer.asked.load(Ordering::SeqCst), 4);
        hand.advance(Duration::from_secs(99));
        ask("a").await.unwrap();
        assert_eq!(believer.asked.load(Ordering::SeqCst), 4);
        hand.advance(Duration::from_secs(1));
        assert!(ask("a").await.is_err(), "expired on the dot");
    }

    #[tokio::test]
    async fn credentials_with_one_end_are_not_taken_for_each_other() {
        let (clock, _hand) = Clock::manual(Timestamp::from_seconds(900));
        let (believer, revocations) = (Arc::new(Believer::default()), Revocations::new());
        let authenticator = authenticator(&believer, &revocations, &clock);
        let end = "e".repeat(40);
        for (asked, token) in [format!("a.{end}"), format!("b.{end}"), end.clone(), "e".repeat(32)].iter().enumerate() {
            for _ in 0..2 {
                authenticate(&authenticator, Presented::Bearer(token.as_bytes()), clock.now()).await.unwrap();
                assert_eq!(believer.asked.load(Ordering::SeqCst), asked + 1, "{token}");
            }
        }
    }

    #[tokio::test]
    async fn a_revocation_during_the_verification_is_never_lost() {
        let (clock, _hand) = Clock::manual(Timestamp::from_seconds(900));
        let revocations = Revocations::new();
        let believer = Arc::new(Believer { revoke: Some(revocations.clone()), ..Believer::default() });
        let authenticator = authenticator(&believer, &revocations, &clock);
        for asked in 1..=3 {
            authenticate(&authenticator, Presented::Bearer(b"a"), clock.now()).await.unwrap();
            assert_eq!(believer.asked.load(Ordering::SeqCst), asked);
        }
    }

    #[tokio::test]
    async fn incident_46_a_cookie_is_never_taken_for_a_token_of_the_same_text() {
        let (clock, _hand) = Clock::manual(Timestamp::from_seconds(900));
        let (believer, revocations) = (Arc::new(Believer { from_cookie: true, ..Believer::default() }), Revocations::new());
        let authenticator = authenticator(&believer, &revocations, &clock);
        authenticate(&authenticator, Presented::Session("a"), clock.now()).await.unwrap();
        authenticate(&authenticator, Presented::Bearer(b"a"), clock.now()).await.unwrap();
        assert_eq!(believer.asked.load(Ordering::SeqCst), 2);
    }
}
