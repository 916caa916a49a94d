use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::authz::{Action, Authorized, Owned, Permits, Resource, Scoped};
use crate::respond::Problem;

impl<A: Action, R: Permits<A>> Argument for Authorized<A, R> {
    const KIND: Kind = Kind::Object;
    const PATH: &'static [&'static str] = &[<R as Resource>::PARAM];
    const OBJECT: Option<(&'static str, &'static str)> = Some((A::NAME, <R as Resource>::NAME));
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let loaded = call.object.take().ok_or_else(|| Problem::internal("the gate loaded no object"))?;
        let object = loaded.value.downcast::<R>().map_err(|_| Problem::internal("the policy loads another resource"))?;
        Ok(Self::assume(*object, "the gate asked the object's policy"))
    }
}

impl<R: Owned> Argument for Scoped<R> {
    const KIND: Kind = Kind::Scope;
    type Needs = Nothing;

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        Self::of(call.principal.as_ref().ok_or_else(|| Problem::internal("the gate let an anonymous caller through"))?)
    }
}
