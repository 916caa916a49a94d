//! Access tokens: signed by a key of ours, or of an issuer that we trust.
//!
//! Let through: a compact JWS of printable base64url parts, signed by exactly the key that its `kid` names, with the one algorithm that
//! belongs to that key, of type `at+jwt`, from the expected issuer, for us, and within its time, whose names are bounded plain text.
//! Refused: everything else, and what is bound to a key of its sender (`cnf`): a bearer doesn't prove that they hold it. The token
//! never chooses: its `alg` must repeat what the key says, and `jwk`, `jku`, `x5u`, `x5c`, `crit` and `zip` are refused
//! ([RFC 8725](https://www.rfc-editor.org/rfc/rfc8725), [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).

mod claims;
pub use claims::{AccessClaims, Audience};
mod compact;
mod key;
mod text;
pub use key::{KeyError, PublicKey, SigningKey};
mod verifier;
pub use verifier::{Expected, TokenError, Verifier};
