use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::str::FromStr;

use portcullis_core::{Id, Principal};
use portcullis_store::Database;
use schemars::JsonSchema;

use crate::respond::Problem;

/// Something that callers do to objects.
pub trait Action: Send + Sync + 'static {
    /// The name in the access matrix.
    const NAME: &'static str;
}

/// Looking at an object.
#[derive(Clone, Copy, Debug)]
pub struct Read;
/// Changing an object.
#[derive(Clone, Copy, Debug)]
pub struct Change;
/// Removing an object.
#[derive(Clone, Copy, Debug)]
pub struct Delete;

impl Action for Read {
    const NAME: &'static str = "read";
}
impl Action for Change {
    const NAME: &'static str = "change";
}
impl Action for Delete {
    const NAME: &'static str = "delete";
}

/// A kind of object that endpoints name in their path.
pub trait Resource: Sized + Send + Sync + 'static {
    /// The name in the access matrix and in documents.
    const NAME: &'static str;
    /// The path parameter that names an object: `id` for `/notes/{id}`.
    const PARAM: &'static str = "id";
    /// What the path parameter holds. A text that isn't a key finds nothing (404).
    type Key: FromStr + JsonSchema + Send;

    /// Loads the object, whoever asks: the gate asks [`Permits`] before anyone sees it.
    fn load(key: Self::Key, database: &Database) -> impl Future<Output = Result<Option<Self>, Problem>> + Send;
}

/// The policy of a resource for one action.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no policy for `{A}`",
    note = "say who may: `impl Permits<{A}> for {Self}`, or `impl Owned for {Self}` for objects that belong to their author"
)]
pub trait Permits<A: Action>: Resource {
    /// Whether the object allows the caller the action.
    fn permits(&self, caller: &Principal) -> bool;
}

/// A resource whose objects belong to one account: its owner may do everything, everyone else nothing.
#[diagnostic::on_unimplemented(message = "objects of `{Self}` have no owner", note = "say who owns one: `impl Owned for {Self}`")]
pub trait Owned: Resource {
    /// Whose object it is: what [`Principal::owner`] said when it was made.
    fn owner(&self) -> Id;

    /// Whether the caller sees and changes every object, as an administrator might. Nobody, unless overridden.
    fn is_open_to(caller: &Principal) -> bool {
        let _ = caller;
        false
    }
}

#[diagnostic::do_not_recommend]
impl<A: Action, R: Owned> Permits<A> for R {
    fn permits(&self, caller: &Principal) -> bool {
        caller.owner() == Some(self.owner()) || R::is_open_to(caller)
    }
}

/// The object in the path, after its policy allowed the caller the action.
///
/// Only the gate makes one. The test kit makes one for a unit test of a handler: `portcullis_testing::authorized`.
pub struct Authorized<A, R> {
    object: R,
    action: PhantomData<fn() -> A>,
}

impl<A: Action, R: Resource> Authorized<A, R> {
    /// The object that the gate asks before a handler sees it.
    pub(crate) const fn by_gate(object: R) -> Self {
        Self { object, action: PhantomData }
    }

    /// The object itself.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.object
    }
}

impl<A, R> Deref for Authorized<A, R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.object
    }
}

impl<A: Action, R: Resource> fmt::Debug for Authorized<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorized<{}, {}>", A::NAME, R::NAME)
    }
}

/// The part of a list that the caller may see: theirs, or all of it where [`Owned::is_open_to`] says so.
pub struct Scoped<R> {
    owner: Option<Id>,
    resource: PhantomData<fn() -> R>,
}

impl<R: Owned> Scoped<R> {
    /// The part that this caller may see. A caller without an account sees nothing of anybody.
    pub(crate) fn of(caller: &Principal) -> Result<Self, Problem> {
        let owner = if R::is_open_to(caller) { None } else { Some(caller.owner().ok_or_else(Problem::forbidden)?) };
        Ok(Self { owner, resource: PhantomData })
    }

    /// The owner to filter by: bind it to `WHERE ($1 IS NULL OR owner = $1)`.
    #[must_use]
    pub const fn owner(&self) -> Option<Id> {
        self.owner
    }
}

impl<R: Resource> fmt::Debug for Scoped<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scoped<{}>({:?})", R::NAME, self.owner)
    }
}
