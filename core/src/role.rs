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
}

/// The roles of one application, least to most trusted; implemented by `#[derive(Role)]`.
pub trait RoleKind: Send + Sync + Sized + 'static {
    /// Every role, least to most trusted.
    const ROLES: &'static [RoleEntry];

    /// The role as data.
    fn entry(self) -> &'static RoleEntry;
}
