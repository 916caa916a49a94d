//! What the compiler checks about an endpoint: path, arguments and policy must agree.
//!
//! Every function is `const`: the attributes call them in constants at the user's own tokens, [`EndpointBuilder`](super::EndpointBuilder)
//! calls them all.
#![expect(clippy::indexing_slicing, reason = "constant functions have no iterators; every index is below its length")]

use portcullis_core::words::is_reason;

use super::endpoint::Endpoint;
use super::template::{count, end_of_parameter, has_parameter, is_same, is_text_at, path_is_well_formed};
use crate::authz::{Guard, mistake_of_policy};
use crate::extract::{ArgumentSpec, Kind};
use crate::respond::AnswerSpec;

/// The caller is asked for although nobody need be signed in.
const CALLER_UNDER_PUBLIC: &str =
    "this handler asks for the signed-in caller, but its policy admits anonymous callers: take `Option<Principal>`, or change `access`";
/// The argument is an object on which the policy doesn't decide.
const OBJECT_OF_ANOTHER_POLICY: &str = "this handler takes an object that its policy doesn't authorize for this action: name the same two in `Authorized<Action, Resource>` and in `access = Can<Action, Resource>`";
/// Something that nobody checked is taken, and nobody says why.
const ARGUMENT_WITHOUT_REASON: &str = "say in words why this is taken unchecked: the reason of `Foreign` is empty";
/// Something that nobody checked is sent, and nobody says why.
const ANSWER_WITHOUT_REASON: &str = "say in words why this is answered unchecked: the reason of `Foreign` is empty";
/// Something else is left open, and nobody says why.
const EMPTY_REASON: &str = "say why in words: a reason of this endpoint is empty";
/// Two arguments read the body.
const TWO_BODIES: &str = "a handler reads the body at most once: put the fields into one input type";
/// The path names something that nothing takes.
const PATH_PARAMETER_UNUSED: &str = "a parameter of this path is taken by no argument and no policy: take it with `Path<T>`, or load its object with `access = Can<Action, Resource>`";
/// An argument wants a path parameter that isn't there.
const PATH_PARAMETER_MISSING: &str = "an argument or the policy of this handler takes a path parameter that this path doesn't have: name it in the path, as in `/notes/{id}`";
/// An object's path without the object's policy.
const OBJECT_UNGUARDED: &str = "this path names an object, but no object policy decides: write `access = Can<Action, Resource>`, or say `without_object = \"why nobody owns it\"`";
/// A list without a scope.
const LIST_UNSCOPED: &str =
    "this list isn't scoped to the caller: take `Scoped<Resource>`, or say `unscoped = \"why the caller may see everything\"`";
/// A malformed path template.
const PATH_MALFORMED: &str = "a path template begins with `/`, has no empty part, no trailing `/`, and parameters like `{id}`";

/// The first mistake of an endpoint.
#[must_use]
pub const fn mistake(endpoint: &Endpoint) -> Option<&'static str> {
    let (path, arguments, guard) = (endpoint.path(), endpoint.arguments(), endpoint.guard());
    if let Some(mistake) = mistake_of_policy(guard.access()) {
        return Some(mistake);
    }
    let mut at = 0;
    while at < arguments.len() {
        if let Some(mistake) = mistake_of_argument(guard, &arguments[at]) {
            return Some(mistake);
        }
        at += 1;
    }
    if says_nothing(endpoint.without_object()) || says_nothing(endpoint.unscoped()) || says_nothing(endpoint.by_hand()) {
        return Some(EMPTY_REASON);
    }
    if says_nothing(endpoint.answer_reason()) {
        return Some(ANSWER_WITHOUT_REASON);
    }
    mistake_of_whole(path, arguments, guard, endpoint.without_object().is_some(), endpoint.unscoped().is_some())
}

/// Stops the compiler where a policy opens more than it says.
///
/// # Panics
/// With what is wrong: in a constant, a panic is an error of the compiler.
#[track_caller]
#[expect(clippy::panic, reason = "in a constant, a panic is an error of the compiler")]
pub const fn policy(guard: &Guard) {
    if let Some(mistake) = mistake_of_policy(guard.access()) {
        panic!("{}", mistake);
    }
}

/// Stops the compiler where an argument doesn't fit its policy.
///
/// # Panics
/// With what is wrong: in a constant, a panic is an error of the compiler.
#[track_caller]
#[expect(clippy::panic, reason = "in a constant, a panic is an error of the compiler")]
pub const fn argument(guard: &Guard, argument: &ArgumentSpec) {
    if let Some(mistake) = mistake_of_argument(guard, argument) {
        panic!("{}", mistake);
    }
}

/// Stops the compiler where an answer opens more than it says.
///
/// # Panics
/// With what is wrong: in a constant, a panic is an error of the compiler.
#[track_caller]
#[expect(clippy::panic, reason = "in a constant, a panic is an error of the compiler")]
pub const fn answer(answer: &AnswerSpec) {
    if says_nothing(answer.reason) {
        panic!("{}", ANSWER_WITHOUT_REASON);
    }
}

/// Stops the compiler where path, arguments and policy don't fit each other.
///
/// # Panics
/// With what is wrong: in a constant, a panic is an error of the compiler.
#[track_caller]
#[expect(clippy::panic, reason = "in a constant, a panic is an error of the compiler")]
pub const fn whole(path: &str, arguments: &[ArgumentSpec], guard: &Guard, without_object: bool, unscoped: bool) {
    if let Some(mistake) = mistake_of_whole(path, arguments, guard, without_object, unscoped) {
        panic!("{}", mistake);
    }
}

const fn mistake_of_argument(guard: &Guard, argument: &ArgumentSpec) -> Option<&'static str> {
    if caller_under_public(guard, argument) {
        Some(CALLER_UNDER_PUBLIC)
    } else if object_of_another_policy(guard, argument) {
        Some(OBJECT_OF_ANOTHER_POLICY)
    } else if says_nothing(argument.reason) {
        Some(ARGUMENT_WITHOUT_REASON)
    } else {
        None
    }
}

const fn says_nothing(reason: Option<&str>) -> bool {
    match reason {
        Some(reason) => !is_reason(reason),
        None => false,
    }
}

const fn mistake_of_whole(
    path: &str,
    arguments: &[ArgumentSpec],
    guard: &Guard,
    without_object: bool,
    unscoped: bool,
) -> Option<&'static str> {
    if !path_is_well_formed(path) {
        Some(PATH_MALFORMED)
    } else if reads_body_twice(arguments) {
        Some(TWO_BODIES)
    } else if !has_parameters_of(path, arguments, guard) {
        Some(PATH_PARAMETER_MISSING)
    } else if object_unguarded(path, guard, without_object) && !takes_object(arguments) {
        // Most likely what nothing takes is the object that the path names.
        Some(OBJECT_UNGUARDED)
    } else if !object_unguarded(path, guard, without_object) && !takes_parameters_of(path, arguments, guard) {
        Some(PATH_PARAMETER_UNUSED)
    } else if list_unscoped(arguments, unscoped) {
        Some(LIST_UNSCOPED)
    } else {
        None
    }
}

/// Whether the argument needs a caller whom the policy doesn't demand.
const fn caller_under_public(guard: &Guard, argument: &ArgumentSpec) -> bool {
    guard.access().admits_anonymous() && matches!(argument.kind, Kind::Caller | Kind::Scope)
}

/// Whether the argument is an object that the policy doesn't load, or decides on for another action. Attributes compare the types as well,
/// and so does the start, for endpoints that were made by hand.
const fn object_of_another_policy(guard: &Guard, argument: &ArgumentSpec) -> bool {
    match (guard.object(), argument.object) {
        (Some(decided), Some(taken)) => !is_same(decided.tag.action, taken.action) || !is_same(decided.tag.resource, taken.resource),
        (None, Some(_)) => true,
        (_, None) => matches!(argument.kind, Kind::Object) && guard.object().is_none(),
    }
}

/// Whether more than one argument reads the body.
const fn reads_body_twice(arguments: &[ArgumentSpec]) -> bool {
    let (mut at, mut bodies) = (0, 0);
    while at < arguments.len() {
        if arguments[at].kind.reads_body() {
            bodies += 1;
        }
        at += 1;
    }
    bodies > 1
}

/// Whether every parameter of the path is taken by an argument or by the policy.
const fn takes_parameters_of(path: &str, arguments: &[ArgumentSpec], guard: &Guard) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' {
            let end = end_of_parameter(bytes, at);
            let mut taken = match guard.object() {
                Some(object) => is_text_at(bytes, at + 1, end, object.param),
                None => false,
            };
            let mut argument = 0;
            while argument < arguments.len() {
                let names = arguments[argument].path;
                let mut name = 0;
                while name < names.len() {
                    taken = taken || is_text_at(bytes, at + 1, end, names[name]);
                    name += 1;
                }
                argument += 1;
            }
            if !taken {
                return false;
            }
            at = end;
        }
        at += 1;
    }
    true
}

/// Whether the path has every parameter that an argument or the policy takes.
const fn has_parameters_of(path: &str, arguments: &[ArgumentSpec], guard: &Guard) -> bool {
    if let Some(object) = guard.object()
        && !has_parameter(path, object.param)
    {
        return false;
    }
    let mut argument = 0;
    while argument < arguments.len() {
        let names = arguments[argument].path;
        let mut name = 0;
        while name < names.len() {
            if !has_parameter(path, names[name]) {
                return false;
            }
            name += 1;
        }
        argument += 1;
    }
    true
}

/// Whether the path names an object, no policy loads it, and nobody said why.
const fn object_unguarded(path: &str, guard: &Guard, reason_given: bool) -> bool {
    guard.object().is_none() && !reason_given && count(path, b'{') > 0
}

/// Whether an argument is an authorized object.
const fn takes_object(arguments: &[ArgumentSpec]) -> bool {
    let mut at = 0;
    while at < arguments.len() {
        if matches!(arguments[at].kind, Kind::Object) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether a list is neither scoped nor said to be open.
const fn list_unscoped(arguments: &[ArgumentSpec], reason_given: bool) -> bool {
    let (mut at, mut page, mut scope) = (0, false, reason_given);
    while at < arguments.len() {
        page = page || matches!(arguments[at].kind, Kind::Page);
        scope = scope || matches!(arguments[at].kind, Kind::Scope);
        at += 1;
    }
    page && !scope
}
