use std::io::Read as _;

use clap::{Args, Subcommand};
use portcullis_core::Secret;
use serde_json::json;

use super::{CommandFailed, Terminal};
use crate::name::Username;
use crate::service::{AccountService, Actor, NewUser, Origin, UserView};

/// Commands about users.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum UserCommand {
    /// Add a user. Without `--password-stdin` the answer is a one-time link for setting the password.
    Add(AddUser),
    /// List all users.
    List,
    /// Shut a user out; sessions and tokens end at once.
    Disable {
        /// The user name or verified e-mail address.
        name: String,
    },
    /// Let a user in again.
    Enable {
        /// The user name or verified e-mail address.
        name: String,
    },
    /// Give a user a role.
    Roles {
        /// The user name or verified e-mail address.
        name: String,
        /// The role.
        role: String,
    },
    /// Reset a password. Without `--password-stdin` the answer is a one-time link for setting it.
    ResetPassword {
        /// The user name or verified e-mail address.
        name: String,
        /// Read the new password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// A user to add.
#[derive(Clone, Debug, Args)]
pub struct AddUser {
    /// The user name.
    name: String,
    /// The role.
    #[arg(long)]
    role: String,
    /// The e-mail address, which you vouch for.
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl UserCommand {
    pub(super) async fn run(self, accounts: &AccountService, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
        let (actor, origin) = (Actor::CommandLine, Origin::default());
        match self {
            Self::Add(add) => add.run(accounts, terminal).await,
            Self::List => list(accounts, terminal).await,
            Self::Disable { name } => {
                let user = accounts.user_named(&name).await?;
                shown(&accounts.disable(&actor, user.id, &origin).await?, "disabled", terminal)
            }
            Self::Enable { name } => {
                let user = accounts.user_named(&name).await?;
                shown(&accounts.enable(&actor, user.id, &origin).await?, "enabled", terminal)
            }
            Self::Roles { name, role } => {
                let user = accounts.user_named(&name).await?;
                shown(&accounts.set_role(&actor, user.id, &role, &origin).await?, "has a new role", terminal)
            }
            Self::ResetPassword { name, password_stdin: true } => {
                let user = accounts.user_named(&name).await?;
                shown(&accounts.reset_password(user.id, &password(terminal)?).await?, "has a new password", terminal)
            }
            Self::ResetPassword { name, password_stdin: false } => {
                let user = accounts.user_named(&name).await?;
                let invited = accounts.password_link(&actor, user.id, &origin).await?;
                linked(&invited.user, invited.link.expose(), terminal)
            }
        }
    }
}

impl AddUser {
    async fn run(self, accounts: &AccountService, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
        let username: Username = self.name.parse().map_err(|error| CommandFailed::Usage(format!("{error}")))?;
        let email = self.email.map(|email| email.parse()).transpose();
        let email = email.map_err(|_| CommandFailed::Usage("--email is not an e-mail address".to_owned()))?;
        let new = NewUser { username, email, role: self.role };
        if self.password_stdin {
            shown(&accounts.add_user(&new, &password(terminal)?).await?, "added", terminal)
        } else {
            let invited = accounts.invite(&Actor::CommandLine, &new, &Origin::default()).await?;
            linked(&invited.user, invited.link.expose(), terminal)
        }
    }
}

async fn list(accounts: &AccountService, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
    let mut after = None;
    loop {
        let users = accounts.users(after.as_deref(), PAGE).await?;
        let Some(last) = users.last() else { return Ok(()) };
        after = Some(last.id.to_string());
        for user in &users {
            let state = if user.disabled { "disabled" } else { "enabled" };
            let line = format!("{}\t{}\t{}\t{state}", user.username, user.role, user.email.as_deref().unwrap_or("-"));
            terminal.say(&described(user), &line)?;
        }
    }
}

/// The first line of standard input, without its line break; nothing else is taken off.
fn password(terminal: &mut Terminal<'_>) -> Result<Secret, CommandFailed> {
    let mut text = zeroize::Zeroizing::new(String::new());
    (&mut *terminal.input).take(MAX_INPUT).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains('\n') {
        return Err(CommandFailed::Usage("standard input must hold one line: the password".to_owned()));
    }
    Ok(Secret::new(line))
}

fn shown(user: &UserView, what: &str, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
    terminal.say(&described(user), &format!("{} {what} (role {}).", user.username, user.role))
}

fn linked(user: &UserView, link: &str, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
    let mut value = described(user);
    if let Some(object) = value.as_object_mut() {
        object.insert("set_password_link".to_owned(), link.into());
    }
    terminal.say(&value, &format!("{} sets the password at this address, once: {link}", user.username))
}

fn described(user: &UserView) -> serde_json::Value {
    json!({
        "id": user.id, "username": user.username, "email": user.email, "email_verified": user.email_verified, "role": user.role,
        "disabled": user.disabled, "created_at": user.created_at, "last_login_at": user.last_login_at,
    })
}

const PAGE: i64 = 100;
const MAX_INPUT: u64 = 4096;
