use portcullis_macros::Permission;

/// The permissions that guard the routes of accounts; the application's top role holds all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Permission)]
pub enum AccountsPermission {
    /// See users.
    #[permission("accounts.users.read")]
    ReadUsers,
    /// Make, disable and enable users, and give them roles; none that exceeds one's own in rank or in any permission.
    #[permission("accounts.users.manage")]
    ManageUsers,
    /// Read the audit log.
    #[permission("accounts.audit.read")]
    ReadAudit,
}
