use std::fmt::Write as _;

use portcullis_core::policy::{self, Decision, Rule};
use portcullis_core::{Identity, Principal, RoleEntry, Timestamp};

use super::endpoint::Endpoint;
use super::raw_mount::RawMount;
use crate::authz::Guard;

/// The access matrix: every endpoint, its policy, and what anonymous callers and each role meet.
///
/// `yes`: passes. `401`, `403`: refused. `own`: passes on objects that allow it, everything else is 404. The cells say what callers meet
/// whose token has no scopes; the column `scopes` says which scopes let others pass.
#[must_use]
pub(crate) fn matrix(endpoints: &[&'static Endpoint], raw: &[RawMount], roles: &'static [RoleEntry]) -> String {
    let mut rows = vec![header(roles)];
    for endpoint in endpoints {
        let mut policy = endpoint.guard().access().to_string();
        if let Some(reason) = endpoint.without_object() {
            let _ = write!(policy, "; no object: {reason}");
        }
        if let Some(reason) = endpoint.unscoped() {
            let _ = write!(policy, "; unscoped: {reason}");
        }
        if let Some(reason) = endpoint.by_hand() {
            let _ = write!(policy, "; by hand: {reason}");
        }
        for reason in endpoint.unchecked() {
            let _ = write!(policy, "; unchecked: {reason}");
        }
        rows.push(row(endpoint.verb().as_str(), endpoint.path(), endpoint.guard(), roles, policy));
    }
    for mount in raw {
        let policy = format!("{}; raw axum: {}", mount.guard.access(), mount.reason);
        rows.push(row("*", &format!("{}/*", mount.prefix), &mount.guard, roles, policy));
    }
    layout(&rows)
}

fn header(roles: &[RoleEntry]) -> Vec<String> {
    let mut cells = vec!["method".to_owned(), "path".to_owned(), "anonymous".to_owned()];
    cells.extend(roles.iter().map(|role| role.name.to_owned()));
    cells.extend(["scopes", "policy"].map(str::to_owned));
    cells
}

fn row(verb: &str, path: &str, guard: &Guard, roles: &'static [RoleEntry], policy: String) -> Vec<String> {
    let mut cells = vec![verb.to_owned(), path.to_owned(), cell(guard, None)];
    cells.extend(roles.iter().map(|role| {
        let mut identity = Identity::new("matrix");
        identity.role = Some(role);
        cell(guard, Some(&Principal::new(identity)))
    }));
    cells.push(scopes(guard));
    cells.push(policy);
    cells
}

/// The scopes that are enough for a restricted token: `a|b` where either is, `a+b` where it takes both, `any` where it may have any, `none`
/// where it never passes.
fn scopes(guard: &Guard) -> String {
    let sets = guard.access().sufficient_scopes();
    if sets.is_empty() {
        return "none".to_owned();
    }
    let sets = sets.iter().map(|set| if set.is_empty() { "any".to_owned() } else { set.iter().copied().collect::<Vec<_>>().join("+") });
    sets.collect::<Vec<_>>().join("|")
}

/// What this caller meets, freshly logged in and without a scope restriction.
fn cell(guard: &Guard, caller: Option<&Principal>) -> String {
    let mut text = match policy::decide(guard.access(), caller, Timestamp::default()) {
        Decision::Allow => "yes",
        Decision::NeedsObject => "own",
        Decision::Deny(policy::Denial::Anonymous) => "401",
        Decision::Deny(policy::Denial::Object) => "404",
        Decision::Deny(policy::Denial::Forbidden | policy::Denial::Scope(_) | policy::Denial::Stale(_) | policy::Denial::Restricted) => {
            "403"
        }
    }
    .to_owned();
    if caller.is_some() && text != "403" && guard.access().rules().any(|rule| matches!(rule, Rule::Fresh(_))) {
        text.push('*');
    }
    text
}

fn layout(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
