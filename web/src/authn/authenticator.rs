use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, Principal, Revocations, Timestamp};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::authority::{Authority, Credential, Rejection};
use super::credential::Presented;

/// Judges credentials once and remembers the good ones until they end, their subject is forgotten, or the lease of what is remembered
/// runs out.
///
/// What is remembered is keyed by the whole credential, and holds its subject's stamp from *before* the verification began: a revocation
/// that comes while a verification runs makes its result worthless. Bad credentials aren't remembered.
pub(crate) struct Authenticator {
    authority: Arc<dyn Authority>,
    revocations: Revocations,
    clock: Clock,
    remembered: Cache<Whole, Arc<Known>>,
    patience: Duration,
}

/// A credential that was verified, and whom it stands for.
pub(crate) struct Known {
    credential: Box<[u8]>,
    pub(crate) principal: Principal,
    slot: usize,
    stamp: u64,
}

/// A whole credential. Its end decides where it is kept: that is random in every credential that was ever believed, be it a signature or a
/// session's secret, and a tenth of the work. What is found is compared whole.
struct Whole(Arc<Known>);

/// A credential to look for.
struct Asked<'request>(&'request [u8]);

impl PartialEq for Whole {
    fn eq(&self, other: &Self) -> bool {
        self.0.credential == other.0.credential
    }
}

impl Eq for Whole {}

impl Hash for Whole {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0.credential).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.last_chunk::<END>().map_or(self.0, |end| end.as_slice()));
    }
}

impl Equivalent<Whole> for Asked<'_> {
    fn equivalent(&self, whole: &Whole) -> bool {
        *self.0 == *whole.0.credential
    }
}

impl Known {
    /// The credential as it was presented.
    pub(crate) fn presented(&self) -> Option<Presented<'_>> {
        if self.principal.identity().from_cookie {
            std::str::from_utf8(&self.credential).ok().map(Presented::Session)
        } else {
            Some(Presented::Bearer(&self.credential))
        }
    }

    /// Whether nothing has been taken away from it, and it hasn't ended, at this moment.
    pub(crate) fn is_good(&self, revocations: &Revocations, now: Timestamp) -> bool {
        revocations.stamp(self.slot) == self.stamp && self.principal.identity().expires_at > now
    }
}

impl Authenticator {
    pub(crate) fn new(authority: Arc<dyn Authority>, revocations: Revocations, clock: Clock) -> Self {
        Self { authority, revocations, clock, remembered: Cache::new(CAPACITY), patience: VERIFY }
    }

    /// The caller with this credential, when it was verified before and nothing has changed since. The times are when the request came.
    pub(crate) fn recall(&self, presented: Presented<'_>, at: Timestamp, began: Instant) -> Option<Arc<Known>> {
        // The lease comes before the stamp: see `Revocations::is_leased`.
        if !self.revocations.is_leased(self.clock.steady_at(at, began.into_std())) {
            return None;
        }
        let asked = Asked(presented.bytes());
        let known = self.remembered.get(&asked)?;
        if known.is_good(&self.revocations, at) && known.principal.identity().from_cookie == presented.is_cookie() {
            return Some(known);
        }
        self.remembered.remove(&asked);
        None
    }

    /// The caller with this credential, verified from scratch, in bounded time.
    pub(crate) async fn verify(&self, credential: Credential<'_>) -> Result<Arc<Known>, Rejection> {
        let text = match credential {
            Credential::Bearer(text) | Credential::Session(text) => text,
        };
        // The subject is known only afterwards, so every stamp is taken beforehand, through a number that every revocation moves.
        let before = self.revocations.total();
        let late = |_| Err(Rejection::Unavailable("no verdict in time".to_owned()));
        let principal = tokio::time::timeout(self.patience, self.authority.verify(credential)).await.unwrap_or_else(late)?;
        if principal.identity().expires_at <= self.clock.now() {
            return Err(Rejection::Invalid("expired"));
        }
        let slot = self.revocations.slot(principal.qualified());
        let stamp = self.revocations.stamp(slot);
        let is_undisturbed = self.revocations.total() == before;
        // After a revocation meanwhile it is good for this request alone.
        let stamp = if is_undisturbed { stamp } else { stamp.wrapping_sub(1) };
        let known = Arc::new(Known { credential: text.as_bytes().into(), principal, slot, stamp });
        if is_undisturbed {
            self.remembered.insert(Whole(Arc::clone(&known)), Arc::clone(&known));
        }
        Ok(known)
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({})", self.principal.subject())
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticator({} remembered)", self.remembered.len())
    }
}

const CAPACITY: usize = 100_000;
/// How long a verification may take: an authority that hangs must not hold requests for as long as it likes.
const VERIFY: Duration = Duration::from_secs(5);
/// How many bytes of a credential's end are hashed: 192 bits in base64url.
const END: usize = 32;

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
        match authenticator.recall(presented, now, Instant::now()) {
            Some(known) => Ok(known.principal.clone()),
            None => authenticator.verify(presented.credential().unwrap()).await.map(|known| known.principal.clone()),
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
    async fn what_is_remembered_counts_only_within_the_lease() {
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(900));
        let (believer, revocations) = (Arc::new(Believer::default()), Revocations::new());
        let authenticator = authenticator(&believer, &revocations, &clock);
        let ask = async || {
            authenticate(&authenticator, Presented::Bearer(b"a"), clock.now()).await.unwrap();
            believer.asked.load(Ordering::SeqCst)
        };
        revocations.renew(clock.steady() + Duration::from_secs(2));
        assert_eq!([ask().await, ask().await], [1, 1]);
        hand.advance(Duration::from_millis(1999));
        assert_eq!(ask().await, 1);
        hand.advance(Duration::from_millis(1));
        assert_eq!([ask().await, ask().await], [2, 3], "verified from scratch each time");
        revocations.renew(clock.steady() + Duration::from_secs(2));
        assert_eq!(ask().await, 3, "nothing was taken away meanwhile");
        revocations.end_lease();
        assert_eq!(ask().await, 4);
    }

    /// Never says anything.
    struct Frozen;

    impl Authority for Frozen {
        fn verify<'a>(&'a self, _: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn an_authority_that_hangs_is_unavailable() {
        let mut authenticator = Authenticator::new(Arc::new(Frozen), Revocations::new(), Clock::system());
        authenticator.patience = Duration::from_millis(10);
        let verdict = authenticator.verify(Credential::Bearer("a")).await;
        assert!(matches!(verdict, Err(Rejection::Unavailable(_))));
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
