//! May they: the guard of an endpoint, and the objects that decide for themselves.
//!
//! Let through: whoever the endpoint's policy names, decided by [`portcullis_core::policy::decide`] before the handler runs and before
//! the body is read. Refused: everyone else, by the table in [`portcullis_core::policy`]. An object in the path is loaded by the gate,
//! for every [`Can`] in the policy, and handed to the handler as [`Authorized`]; what isn't the caller's is answered like what isn't there.

pub(crate) mod key;
pub use key::{Anyone, Authorizes, JoinObject, NoObject, ObjectTag, OnObject, TwoObjects, WithoutObject};
pub(crate) use key::{Key, KeyOf};
mod guard;
pub use guard::{Can, Erased, Guard, GuardType, LoadObject, Loaded, ObjectGuard};
mod condition;
pub use condition::{Authenticated, Fresh, GivesUpAuthority, Public, Scope};
mod mistake;
pub(crate) use mistake::mistake_of_policy;
mod resource;
pub use resource::{Action, Authorized, Change, Delete, Owned, Permits, Read, Resource, Scoped};
mod gate;
pub(crate) use gate::{admit, load_object};
