use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::authz::{Action, Authorized, ObjectTag, OnObject, Owned, Permits, Resource, Scoped};
use crate::respond::Problem;

impl<A: Action, R: Permits<A>> Argument for Authorized<A, R> {
    const KIND: Kind = Kind::Object;
    const PATH: &'static [&'static str] = &[<R as Resource>::PARAM];
    const OBJECT: Option<ObjectTag> = Some(ObjectTag::of::<A, R>());
    type Needs = OnObject<A, R>;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let loaded = call.object.take().ok_or_else(|| Problem::internal("the gate loaded no object"))?;
        // Of the same action and the same resource: types, not their names.
        loaded.value.downcast::<Self>().map(|object| *object).map_err(|_| Problem::internal("the policy decides on another object"))
    }
}

impl<R: Owned> Argument for Scoped<R> {
    const KIND: Kind = Kind::Scope;
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        Self::of(call.principal.as_ref().ok_or_else(|| Problem::internal("the gate let an anonymous caller through"))?)
    }
}
