use portcullis_macros::Permission;

/// The permissions that guard the routes of accounts; the application's top role holds all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Permission)]
#[permission(module = "accounts")]
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

impl AccountsPermission {
    /// Every permission of accounts.
    pub const ALL: &'static [Self] = &[Self::ReadUsers, Self::ManageUsers, Self::ReadAudit];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_listed() {
        let listed = |permission| match permission {
            AccountsPermission::ReadUsers | AccountsPermission::ManageUsers | AccountsPermission::ReadAudit => 3,
        };
        for permission in AccountsPermission::ALL {
            assert_eq!(AccountsPermission::ALL.len(), listed(*permission), "a new permission belongs into the list");
        }
    }
}
