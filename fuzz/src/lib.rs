//! What the targets share: one key that is the same in every run, so that a find can be shown again, and a second opinion on texts.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use portcullis::core::Timestamp;
use portcullis::core::token::{AccessClaims, SigningKey};

/// Who issues the tokens, and whom they are for.
pub const ISSUER: &str = "https://api.example.com";

/// The moment at which everything is judged.
pub const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// The key, as the library of the algorithm has it.
pub static PAIR: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes"));

/// The key, as the framework has it.
pub static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pkcs8(PAIR.to_pkcs8v1().expect("a document").as_ref()).expect("an Ed25519 key"));

/// A token that holds at [`NOW`].
pub static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let now = NOW.as_seconds();
    let claims = AccessClaims {
        iss: ISSUER.to_owned(),
        sub: "alice".to_owned(),
        aud: ISSUER.to_owned().into(),
        exp: now + 600,
        iat: now,
        nbf: None,
        jti: "1".to_owned(),
        client_id: "api".to_owned(),
        auth_time: Some(now),
        sid: None,
        scope: None,
        roles: vec!["user".to_owned()],
        amr: Vec::new(),
    };
    KEY.sign(&claims).expect("claims that can be written")
});

/// Whether nothing in the text commands a terminal or turns the direction of what stands around it.
#[must_use]
pub fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| match c {
        '\n' | '\t' => true,
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    })
}
