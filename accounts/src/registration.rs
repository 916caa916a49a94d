//! The role that strangers give themselves when they register.
//!
//! Let through: a role that the application has, that isn't its most trusted one and holds no permission of accounts. Refused: everything
//! else, at the start and by `serve --check`: nobody notices a door that opens too far until it is used.

use portcullis_core::RoleEntry;

use crate::permission::AccountsPermission;
use crate::settings::AccountsSettings;

/// The role of whoever registers: the one that the settings name, else `user`, else the least trusted one.
pub(crate) fn role<'a>(settings: &AccountsSettings, roles: &'a [RoleEntry]) -> Option<&'a RoleEntry> {
    let named = |name: &str| roles.iter().find(|role| role.name == name);
    match &settings.registration_role {
        Some(name) => named(name),
        None => named("user").or_else(|| roles.first()),
    }
}

/// Refuses settings by which strangers would give themselves power.
///
/// # Errors
/// What would happen, and what to do about it.
pub(crate) fn check(settings: &AccountsSettings, roles: &[RoleEntry]) -> Result<(), String> {
    let names = |is_fit: fn(&RoleEntry) -> bool| {
        let names: Vec<_> = roles.iter().filter(|role| is_fit(role)).map(|role| format!("`{}`", role.name)).collect();
        names.join(", ")
    };
    let Some(role) = role(settings, roles) else {
        let named = settings.registration_role.as_deref().unwrap_or_default();
        return Err(format!("accounts.registration_role is `{named}`, but the application's roles are {}", names(|_| true)));
    };
    let can = match power(role) {
        Some(can) if settings.registration => can,
        _ => return Ok(()),
    };
    let fit = names(|role| power(role).is_none());
    let instead = if fit.is_empty() {
        "Add a less trusted role to the application".to_owned()
    } else {
        format!("Set accounts.registration_role to a role without such power ({fit}), add a more trusted role to the application")
    };
    Err(format!(
        "registration is open (accounts.registration), and everybody who registers would have the role `{}`, which {can}. {instead}, or \
         close the registration with accounts.registration = false",
        role.name
    ))
}

/// What a role may do that no stranger should.
fn power(role: &RoleEntry) -> Option<String> {
    if role.top {
        return Some("is the most trusted one and may do everything".to_owned());
    }
    let held = AccountsPermission::ALL.iter().find(|permission| role.grants(permission.name()))?;
    Some(format!("holds the permission `{}`", held.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entry(name: &'static str, permissions: &'static [&'static str], top: bool) -> RoleEntry {
        RoleEntry { name, rank: 0, permissions, top }
    }

    fn settings(registration: bool, role: Option<&str>) -> AccountsSettings {
        AccountsSettings { registration, registration_role: role.map(str::to_owned), ..AccountsSettings::default() }
    }

    #[test]
    fn strangers_get_no_power() {
        let roles = [
            entry("guest", &["notes.read"], false),
            entry("auditor", &["accounts.audit.read"], false),
            entry("clerk", &["accounts.users.read"], false),
            entry("manager", &["notes.read", "accounts.users.manage"], false),
            entry("admin", &[], true),
        ];
        for (named, refused) in [
            (None, None),
            (Some("guest"), None),
            (Some("auditor"), Some("holds the permission `accounts.audit.read`")),
            (Some("clerk"), Some("holds the permission `accounts.users.read`")),
            (Some("manager"), Some("holds the permission `accounts.users.manage`")),
            (Some("admin"), Some("is the most trusted one")),
            (Some("Guest"), Some("accounts.registration_role is `Guest`")),
            (Some(""), Some("accounts.registration_role is ``")),
        ] {
            let checked = check(&settings(true, named), &roles);
            match refused {
                None => assert_eq!(checked, Ok(()), "{named:?}"),
                Some(why) => assert!(checked.as_ref().is_err_and(|text| text.contains(why)), "{named:?}: {checked:?}"),
            }
        }
        assert_eq!(check(&settings(false, Some("admin")), &roles), Ok(()), "nobody registers");
        assert!(check(&settings(false, Some("nobody")), &roles).is_err());
    }

    #[test]
    fn the_default_is_refused_where_it_gives_power_and_says_what_to_do() {
        let two = [entry("guest", &[], false), entry("user", &[], true)];
        let text = check(&settings(true, None), &two).unwrap_err();
        for part in ["`user`", "accounts.registration_role", "(`guest`)", "accounts.registration = false", "add a more trusted role"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let single = check(&settings(true, None), &[entry("member", &[], true)]).unwrap_err();
        assert!(single.contains("Add a less trusted role") && !single.contains("registration_role"), "{single}");
        assert_eq!(check(&settings(false, None), &two), Ok(()));
        assert_eq!(check(&settings(true, Some("guest")), &two), Ok(()));
        assert_eq!(check(&settings(true, None), &[entry("user", &[], false), entry("admin", &[], true)]), Ok(()));
    }
}
