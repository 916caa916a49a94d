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

    /// The role as data.
    fn entry(self) -> &'static RoleEntry;
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
}
