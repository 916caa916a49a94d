use portcullis_core::ScopeEntry;

/// The scopes that the policies of accounts name.
///
/// What hands out authority names none, so that only unrestricted tokens pass there: an invitation, a password link, a role given or a user
/// let in again would make a restricted token an unrestricted one.
pub(crate) const SCOPES: &[ScopeEntry] = &[
    ScopeEntry::new("account:read", "Read your account"),
    ScopeEntry::new("account:write", "Change your account and your password"),
    ScopeEntry::new("admin:users", "See users and shut them out"),
    ScopeEntry::new("admin:audit", "Read the audit log"),
];
