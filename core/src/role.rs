use crate::TypeTag;
use crate::words::is_name;

/// One role as data: its name, its place in the order, and what it may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleEntry {
    /// The name in tokens, in the database and in the access matrix.
    pub name: &'static str,
    /// The place in the order from least (0) to most trusted.
    pub rank: u8,
    /// The permissions granted by name; the top role holds every permission.
    pub permissions: &'static [&'static str],
    /// Whether this is the most trusted role.
    pub top: bool,
}

impl RoleEntry {
    /// Whether the role holds the permission.
    #[must_use]
    pub fn grants(&self, permission: &str) -> bool {
        self.top || self.permissions.contains(&permission)
    }

    /// Whether the role holds every permission of the other role, at a rank at least as high: its holder may grant and manage the other role.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.top || (!other.top && self.rank >= other.rank && other.permissions.iter().all(|permission| self.grants(permission)))
    }
}

/// The roles of one application, least to most trusted; implemented by `#[derive(Role)]`.
pub trait RoleKind: Send + Sync + Sized + 'static {
    /// Every role, least to most trusted.
    const ROLES: &'static [RoleEntry];

    /// Every permission that a role is granted by name, with the enum that it comes from.
    const GRANTS: &'static [PermissionGrant] = &[];

    /// The role as data.
    fn entry(self) -> &'static RoleEntry;
}

/// A permission by its name and the enum that declares it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PermissionGrant {
    /// The permission's name.
    pub name: &'static str,
    /// The enum.
    pub kind: TypeTag,
}

/// What is wrong with the roles of an application: their names, their order, or which one is the top.
///
/// `#[derive(Role)]` refuses the same when it compiles; roles that were written by hand are checked at start.
#[must_use]
pub fn mistake_of_roles(roles: &[RoleEntry]) -> Option<String> {
    if roles.is_empty() {
        return Some("an application has at least one role".to_owned());
    }
    for (at, role) in roles.iter().enumerate() {
        let name = role.name;
        if !is_name(name) {
            return Some(format!("the role name {name:?} is not 1 to 64 ASCII letters, digits, `_`, `-`, `.` or `:`, a letter first"));
        }
        if roles.iter().take(at).any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Some(format!("two roles are named `{name}`"));
        }
        if usize::from(role.rank) != at || role.top != (at + 1 == roles.len()) {
            return Some(format!("the role `{name}` is out of order: ranks count from 0, and only the last role is the top"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn role(rank: u8, permissions: &'static [&'static str], top: bool) -> RoleEntry {
        RoleEntry { name: "role", rank, permissions, top }
    }

    #[test]
    fn a_role_covers_another_by_rank_and_by_every_permission() {
        let (auditor, manager, admin) = (role(1, &["read"], false), role(2, &["write"], false), role(3, &[], true));
        assert!(!manager.covers(&auditor), "a higher rank without the permission");
        assert!(!auditor.covers(&manager));
        assert!(role(2, &["write", "read"], false).covers(&auditor));
        assert!(!role(0, &["write", "read"], false).covers(&auditor), "the permission at a lower rank");
        assert!(manager.covers(&manager) && manager.covers(&role(2, &[], false)));
        assert!(admin.covers(&manager) && admin.covers(&admin) && !manager.covers(&admin));
        assert!(!role(9, &[], false).covers(&role(0, &[], true)), "the top role holds every permission, whatever its rank");
    }

    fn roles(names: &[&'static str]) -> Vec<RoleEntry> {
        let entry = |(at, name): (usize, &&'static str)| RoleEntry {
            name,
            rank: u8::try_from(at).unwrap(),
            permissions: &[],
            top: at + 1 == names.len(),
        };
        names.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn roles_have_different_plain_names_in_order() {
        assert_eq!(mistake_of_roles(&roles(&["guest", "user", "admin"])), None);
        for bad in [&[][..], &["user", "user"], &["user", "User"], &["user", ""], &["user", "a b"], &["\u{200b}"]] {
            assert!(mistake_of_roles(&roles(bad)).is_some(), "{bad:?}");
        }
        let mut tops = roles(&["user", "admin"]);
        tops[0].top = true;
        assert!(mistake_of_roles(&tops).is_some());
        let mut ranks = roles(&["user", "admin"]);
        ranks[1].rank = 0;
        assert!(mistake_of_roles(&ranks).is_some());
    }
}
