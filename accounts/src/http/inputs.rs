use portcullis_core::Secret;
use portcullis_macros::input;
use portcullis_web::extract::types::Email;

use crate::name::Username;

/// A new account.
#[input]
pub(crate) struct NewAccount {
    /// The user name.
    pub(crate) username: Username,
    /// The e-mail address.
    #[serde(default)]
    pub(crate) email: Option<Email>,
    /// The password, taken as it is.
    #[check(length(chars, min = 1, max = 256))]
    pub(crate) password: Secret,
}

/// What is to change of my account.
#[input]
pub(crate) struct ProfileChange {
    /// The new e-mail address; `null` removes it, its absence leaves it.
    #[serde(default, deserialize_with = "present")]
    pub(crate) email: Option<Option<Email>>,
}

/// A new password.
#[input]
pub(crate) struct NewPassword {
    /// The present password.
    #[check(length(chars, min = 1, max = 256))]
    pub(crate) old_password: Secret,
    /// The new one.
    #[check(length(chars, min = 1, max = 256))]
    pub(crate) new_password: Secret,
}

/// A user to make.
#[input]
pub(crate) struct UserToInvite {
    /// The user name.
    pub(crate) username: Username,
    /// The e-mail address, which the administrator vouches for.
    #[serde(default)]
    pub(crate) email: Option<Email>,
    /// The role.
    #[check(length(chars, min = 1, max = 64))]
    pub(crate) role: String,
}

/// A role to give.
#[input]
pub(crate) struct RoleChange {
    /// The role.
    #[check(length(chars, min = 1, max = 64))]
    pub(crate) role: String,
}

/// A field that is there, be it `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Email>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

/// The code of a one-time link.
#[input]
pub(crate) struct Code {
    /// The code.
    #[check(length(chars, max = 64))]
    #[serde(default)]
    pub(crate) code: String,
}

/// The log-in form.
#[input]
pub(crate) struct LogInForm {
    /// The user name or e-mail address.
    #[check(length(chars, max = 320))]
    pub(crate) username: String,
    /// The password.
    #[check(length(chars, max = 1024))]
    pub(crate) password: Secret,
}

/// The form that makes the first administrator.
#[input]
pub(crate) struct SetUpForm {
    /// The code of the link, where no browser keeps it in a cookie.
    #[check(length(chars, max = 64))]
    #[serde(default)]
    pub(crate) code: Option<Secret>,
    /// Which link the form was made for.
    #[check(length(chars, max = 64))]
    #[serde(default)]
    pub(crate) opened: Option<String>,
    /// The user name.
    #[check(length(chars, max = 320))]
    pub(crate) username: String,
    /// The password.
    #[check(length(chars, max = 1024))]
    pub(crate) password: Secret,
}

/// The form that sets a password.
#[input]
pub(crate) struct SetPasswordForm {
    /// The code of the link, where no browser keeps it in a cookie.
    #[check(length(chars, max = 64))]
    #[serde(default)]
    pub(crate) code: Option<Secret>,
    /// Which link the form was made for.
    #[check(length(chars, max = 64))]
    #[serde(default)]
    pub(crate) opened: Option<String>,
    /// The password.
    #[check(length(chars, max = 1024))]
    pub(crate) password: Secret,
}
