//! What administrators do with users.

use portcullis_core::{Id, Principal};
use portcullis_store::Database;
use portcullis_web::authz::{Change, Permits, Read, Resource};
use portcullis_web::extract::{Json, PageRequest};
use portcullis_web::respond::{Created, Page, Problem};

use super::inputs::{RoleChange, UserToInvite};
use super::outputs::{AuditEventView, InvitationView, RoleView, UserOut};
use crate::permission::AccountsPermission;
use crate::service::{AccountService, Actor, NewUser, Origin, UserView};

/// The path `/admin/users/{id}` names a user.
impl Resource for UserView {
    const NAME: &'static str = "user";
    type Key = Id;

    async fn load(id: Id, database: &Database) -> Result<Option<Self>, Problem> {
        Ok(Self::find(database, id).await?)
    }
}

impl Permits<Read> for UserView {
    fn permits(&self, caller: &Principal) -> bool {
        caller.may(AccountsPermission::ReadUsers.name())
    }
}

/// Whether the caller's present role covers the user's is decided in the transaction of the change.
impl Permits<Change> for UserView {
    fn permits(&self, caller: &Principal) -> bool {
        caller.may(AccountsPermission::ManageUsers.name())
    }
}

pub(crate) async fn list(accounts: &AccountService, page: &PageRequest) -> Result<Page<UserOut>, Problem> {
    let users = accounts.users(page.after(), page.fetch()).await?;
    Ok(page.finish(users, |user| user.id.to_string(), UserOut::from))
}

pub(crate) async fn invite(
    accounts: &AccountService,
    me: Principal,
    origin: &Origin,
    new: UserToInvite,
) -> Result<Created<InvitationView>, Problem> {
    let new = NewUser { username: new.username, email: new.email, role: new.role };
    let invited = accounts.invite(&Actor::User(me), &new, origin).await?;
    let path = format!("/admin/users/{}", invited.user.id);
    Ok(Created::new(invited.into()).at(path))
}

pub(crate) async fn disable(accounts: &AccountService, me: Principal, origin: &Origin, user: Id) -> Result<Json<UserOut>, Problem> {
    Ok(Json(accounts.disable(&Actor::User(me), user, origin).await?.into()))
}

pub(crate) async fn enable(accounts: &AccountService, me: Principal, origin: &Origin, user: Id) -> Result<Json<UserOut>, Problem> {
    Ok(Json(accounts.enable(&Actor::User(me), user, origin).await?.into()))
}

pub(crate) async fn set_role(
    accounts: &AccountService,
    me: Principal,
    origin: &Origin,
    user: Id,
    new: &RoleChange,
) -> Result<Json<UserOut>, Problem> {
    Ok(Json(accounts.set_role(&Actor::User(me), user, &new.role, origin).await?.into()))
}

pub(crate) async fn password_link(
    accounts: &AccountService,
    me: Principal,
    origin: &Origin,
    user: Id,
) -> Result<Created<InvitationView>, Problem> {
    Ok(Created::new(accounts.password_link(&Actor::User(me), user, origin).await?.into()))
}

pub(crate) fn roles(accounts: &AccountService) -> Json<Vec<RoleView>> {
    Json(accounts.roles().iter().map(RoleView::from).collect())
}

pub(crate) async fn audit(accounts: &AccountService, page: &PageRequest) -> Result<Page<AuditEventView>, Problem> {
    let events = accounts.audit(page.after(), page.fetch()).await?;
    Ok(page.finish(events, |event| event.id.to_string(), AuditEventView::from))
}
