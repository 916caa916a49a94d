use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;

use super::cost::{HashingCost, MAX_ITERATIONS, MAX_MEMORY_KIB, OUTPUT_LENGTH};

/// The hash of a password, as a PHC string. It can be stored, but neither shown nor sent.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it stands in the database.
    #[must_use]
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text for the database; search for this name to find every place that takes it out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or the stored hash is not one.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, but its hash has another cost than new ones: hash it anew.
    RightButOutdated,
}

/// Hashing failed: no randomness or no memory.
#[derive(Clone, Debug, thiserror::Error)]
#[error("password hashing failed: {0}")]
pub struct HashFailed(String);

impl HashFailed {
    pub(super) fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// What stands in for the hash of an account that doesn't exist: to compare with it takes what it takes with any other of this cost.
pub(super) fn of_nobody(cost: HashingCost) -> Result<PasswordHash, HashFailed> {
    written(&cost.params().map_err(HashFailed::new)?, &random()?, &random::<OUTPUT_LENGTH>()?)
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], HashFailed> {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(HashFailed::new)?;
    Ok(bytes)
}

fn written(params: &Params, salt: &[u8; 16], output: &[u8; OUTPUT_LENGTH]) -> Result<PasswordHash, HashFailed> {
    let phc = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.into(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(params).map_err(HashFailed::new)?,
        salt: Some(phc::Salt::new(salt).map_err(HashFailed::new)?),
        hash: Some(phc::Output::new(output).map_err(HashFailed::new)?),
    };
    Ok(PasswordHash(phc.to_string()))
}

/// One hashing thread's tools: the cost of new hashes, and memory that is used again and again.
pub struct Hasher {
    cost: HashingCost,
    memory: Vec<Block>,
}

impl Hasher {
    /// A hasher that makes hashes of this cost.
    #[must_use]
    pub const fn new(cost: HashingCost) -> Self {
        Self { cost, memory: Vec::new() }
    }

    /// Hashes a password with a new salt.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn hash(&mut self, password: &str) -> Result<PasswordHash, HashFailed> {
        let params = self.cost.params().map_err(HashFailed::new)?;
        let salt = random()?;
        let output = self.compute(&params, password, &salt).map_err(HashFailed::new)?;
        written(&params, &salt, &output)
    }

    /// Compares a password with a stored hash, in the time that the hash's own cost takes.
    #[must_use]
    pub fn verify(&mut self, password: &str, stored: &PasswordHash) -> Verdict {
        let Some((params, salt, expected)) = parse(stored) else {
            return Verdict::Wrong;
        };
        let Ok(output) = self.compute(&params, password, salt.as_ref()) else {
            return Verdict::Wrong;
        };
        let same: bool = output.ct_eq(expected.as_bytes()).into();
        let current = self
            .cost
            .params()
            .is_ok_and(|own| (own.m_cost(), own.t_cost(), own.p_cost()) == (params.m_cost(), params.t_cost(), params.p_cost()));
        match (same, current) {
            (false, _) => Verdict::Wrong,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightButOutdated,
        }
    }

    /// Gives the memory back to the system; the next hash takes it anew.
    pub(super) fn rest(&mut self) {
        self.memory = Vec::new();
    }

    /// Whether there is no memory to give back.
    pub(super) const fn is_at_rest(&self) -> bool {
        self.memory.is_empty()
    }

    fn compute(&mut self, params: &Params, password: &str, salt: &[u8]) -> Result<[u8; OUTPUT_LENGTH], argon2::Error> {
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            // What isn't used of it is only reserved: the system gives it no pages.
            self.memory.reserve_exact(blocks.max(APART) - self.memory.len());
            self.memory.resize(blocks, Block::default());
        }
        let mut output = [0; OUTPUT_LENGTH];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let memory = self.memory.get_mut(..blocks).unwrap_or_default();
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)?;
        Ok(output)
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// So many blocks are 33 MiB. The C library of Linux learns from each piece of up to 32 MiB that is given back to keep the next ones for
/// itself; larger ones go back to the system at once.
const APART: usize = 33 * 1024;

/// Parses a stored hash; one whose cost is beyond reason is no hash of ours.
fn parse(stored: &PasswordHash) -> Option<(Params, phc::Salt, phc::Output)> {
    let phc = phc::PasswordHash::new(stored.expose()).ok()?;
    if phc.algorithm != Algorithm::Argon2id.into() || phc.version != Some(Version::V0x13.into()) {
        return None;
    }
    let params = Params::try_from(&phc).ok()?;
    let reasonable = params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_ITERATIONS && params.p_cost() <= 4;
    let output = phc.hash.filter(|output| output.len() == OUTPUT_LENGTH)?;
    if reasonable { Some((params, phc.salt?, output)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_with_nobodys_hash_is_the_work_of_any_other_and_never_right() {
        let cost = HashingCost::dangerous_cheap();
        let (nobody, own) = (of_nobody(cost).unwrap(), Hasher::new(cost).hash("p").unwrap());
        let cost_of = |hash| parse(hash).map(|(params, salt, output)| (params, salt.as_ref().len(), output.as_bytes().len()));
        assert_eq!(cost_of(&nobody), cost_of(&own));
        assert_ne!(nobody, of_nobody(cost).unwrap());
        let mut hasher = Hasher::new(cost);
        assert_eq!(hasher.verify("", &nobody), Verdict::Wrong);
        assert!(!hasher.is_at_rest(), "it was hashed");
    }

    #[test]
    fn a_hash_is_a_phc_string_of_argon2id_and_verifies() {
        let mut hasher = Hasher::new(HashingCost::DEFAULT);
        let hash = hasher.hash("correct horse battery").unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert_eq!(hasher.verify("correct horse battery", &hash), Verdict::Right);
        assert_eq!(hasher.verify("correct horse batterz", &hash), Verdict::Wrong);
        assert_ne!(hasher.hash("correct horse battery").unwrap(), hash, "the salt is new each time");
        assert_eq!(format!("{hash:?}"), "PasswordHash(***)");
    }

    #[test]
    fn a_rested_hasher_hashes_as_before() {
        let mut hasher = Hasher::new(HashingCost::dangerous_cheap());
        let hash = hasher.hash("p").unwrap();
        assert!(!hasher.is_at_rest());
        hasher.rest();
        assert!(hasher.is_at_rest());
        assert_eq!(hasher.verify("p", &hash), Verdict::Right);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_rested_hasher_has_given_its_memory_back_to_the_system() {
        let is_mapped = |address: usize| {
            std::fs::read_to_string("/proc/self/maps").unwrap().lines().any(|line| {
                let range = line.split(' ').next().unwrap().split_once('-').unwrap();
                let end = |text: &str| usize::from_str_radix(text, 16).unwrap();
                (end(range.0)..end(range.1)).contains(&address)
            })
        };
        let mut hasher = Hasher::new(HashingCost::DEFAULT);
        let mut given_back = 0;
        for _ in 0..4 {
            hasher.hash("p").unwrap();
            let middle = &raw const hasher.memory[hasher.memory.len() / 2];
            assert!(is_mapped(middle.addr()));
            hasher.rest();
            // Another test may have taken the same place in the meantime, but not each time.
            given_back += usize::from(!is_mapped(middle.addr()));
        }
        assert!(given_back >= 2, "{given_back} of 4");
    }

    #[test]
    fn the_password_is_taken_as_received() {
        let mut hasher = Hasher::new(HashingCost::dangerous_cheap());
        let hash = hasher.hash(" é\0 ").unwrap();
        for other in ["é\0", " e\u{301}\0 ", " É\0 ", " é", " é\0"] {
            assert_eq!(hasher.verify(other, &hash), Verdict::Wrong, "{other:?}");
        }
        assert_eq!(hasher.verify(" é\0 ", &hash), Verdict::Right);
    }

    #[test]
    fn a_hash_of_another_cost_is_recognised_as_outdated() {
        let old = Hasher::new(HashingCost::dangerous_cheap()).hash("p").unwrap();
        assert_eq!(Hasher::new(HashingCost::DEFAULT).verify("p", &old), Verdict::RightButOutdated);
    }

    #[test]
    fn what_is_no_hash_of_ours_verifies_nothing() {
        let mut hasher = Hasher::new(HashingCost::dangerous_cheap());
        for text in [
            "",
            "plain",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0",
            "$argon2id$v=19$m=4000000000,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
            "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
        ] {
            assert_eq!(hasher.verify("", &PasswordHash::stored(text)), Verdict::Wrong, "{text}");
        }
    }
}
