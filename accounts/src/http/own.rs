//! What users do with their own account.

use portcullis_core::{Id, Principal};
use portcullis_web::extract::Json;
use portcullis_web::respond::{Created, Problem};

use super::cookie::SignedOut;
use super::inputs::{NewAccount, NewPassword, ProfileChange};
use super::outputs::{PasswordChanged, UserOut};
use super::problems::refused_password;
use crate::error::AccountError;
use crate::service::{AccountService, Origin};

pub(crate) async fn register(accounts: &AccountService, origin: &Origin, new: &NewAccount) -> Result<Created<UserOut>, Problem> {
    let user = accounts.register(&new.username, new.email.as_ref(), &new.password, origin).await?;
    Ok(Created::new(user.into()).at("/users/me"))
}

pub(crate) async fn read(accounts: &AccountService, me: &Principal) -> Result<Json<UserOut>, Problem> {
    Ok(Json(accounts.user(id(me)?).await?.into()))
}

pub(crate) async fn change(
    accounts: &AccountService,
    me: &Principal,
    origin: &Origin,
    new: &ProfileChange,
) -> Result<Json<UserOut>, Problem> {
    match &new.email {
        Some(email) => Ok(Json(accounts.change_email(id(me)?, email.as_ref(), origin).await?.into())),
        None => read(accounts, me).await,
    }
}

pub(crate) async fn change_password(
    accounts: &AccountService,
    me: &Principal,
    origin: &Origin,
    new: &NewPassword,
) -> Result<PasswordChanged, Problem> {
    let (user, old, new) = (id(me)?, &new.old_password, &new.new_password);
    let changed = if me.identity().from_cookie {
        accounts.change_password_in_browser(user, old, new, origin).await.map(PasswordChanged::Cookie)
    } else {
        accounts.change_password(user, old, new, me.identity().scopes.as_deref(), origin).await.map(PasswordChanged::Tokens)
    };
    match changed {
        Ok(changed) => Ok(changed),
        Err(AccountError::Password(refusal)) => Err(refused_password("/new_password", refusal)),
        Err(other) => Err(other.into()),
    }
}

pub(crate) async fn log_out(accounts: &AccountService, me: &Principal, origin: &Origin) -> Result<SignedOut, Problem> {
    if let Some(session) = me.identity().session {
        accounts.log_out(id(me)?, session, origin).await?;
    }
    Ok(SignedOut { from_cookie: me.identity().from_cookie })
}

pub(crate) async fn log_out_everywhere(accounts: &AccountService, me: &Principal, origin: &Origin) -> Result<SignedOut, Problem> {
    accounts.log_out_everywhere(id(me)?, origin).await?;
    Ok(SignedOut { from_cookie: me.identity().from_cookie })
}

fn id(me: &Principal) -> Result<Id, Problem> {
    me.id().ok_or_else(|| Problem::internal("a caller without an account of this service"))
}
