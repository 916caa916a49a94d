use portcullis_macros::Permission;

/// The permissions that guard the routes of accounts; the application's top role holds all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Permission)]
pub enum AccountsPermission {
    /// See users.
    #[permission("accounts.users.read")]
    ReadUsers,
    /// Make, disable and enable users, and give them roles no more trusted than one's own.
    #[permission("accounts.users.manage")]
    ManageUsers,
    /// Read the audit log.
    #[permission("accounts.audit.read")]
    ReadAudit,
}
