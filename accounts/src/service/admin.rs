use portcullis_core::password::PasswordHash;
use portcullis_core::{Id, Secret};
use portcullis_web::extract::types::Email;

use super::actor::{Actor, Standing};
use super::audit::{Event, Kind};
use super::change::Change;
use super::links::Purpose;
use super::register::{NewRow, insert_user};
use super::user::{UserView, user_in};
use super::void_links::{OpenLinks, Voiding};
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::name::Username;

/// A user that an administrator makes.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The user name.
    pub username: Username,
    /// The address, which the administrator vouches for.
    pub email: Option<Email>,
    /// The name of the role.
    pub role: String,
}

/// A user who was made without a password, and the link to set one. The link is shown once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invited {
    /// The user.
    pub user: UserView,
    /// The address of the page where the password is set.
    pub link: Secret,
}

impl AccountService {
    /// Makes a user who sets the password through a one-time link: no administrator chooses a password.
    ///
    /// # Errors
    /// When the role does not exist or exceeds the actor's, or when the name or address is taken.
    pub async fn invite(&self, actor: &Actor, new: &NewUser, origin: &Origin) -> Result<Invited, AccountError> {
        let mut change = self.change().await?;
        let (id, standing) = self.add_row(&mut change, actor, new, None, origin).await?;
        let user = user_in(change.transaction(), id).await?;
        let link = self.write_link(change.transaction(), Purpose::SetPassword, Some(id), standing).await?;
        change.commit().await?;
        Ok(Invited { user, link })
    }

    /// Makes a user with a password, for the command line.
    ///
    /// # Errors
    /// As [`invite`](Self::invite), and when the password breaks the policy.
    pub async fn add_user(&self, new: &NewUser, password: &Secret) -> Result<UserView, AccountError> {
        let origin = Origin::default();
        let names = [new.username.as_str(), new.email.as_ref().map_or("", Email::as_str)];
        let hash = self.hash_new_password(password, &names, &origin).await?;
        let mut change = self.change().await?;
        let (id, _) = self.add_row(&mut change, &Actor::CommandLine, new, Some(&hash), &origin).await?;
        let user = user_in(change.transaction(), id).await?;
        change.commit().await?;
        Ok(user)
    }

    async fn add_row(
        &self,
        change: &mut Change<'_>,
        actor: &Actor,
        new: &NewUser,
        hash: Option<&PasswordHash>,
        origin: &Origin,
    ) -> Result<(Id, Standing), AccountError> {
        let role = self.role(&new.role).ok_or(AccountError::UnknownRole)?;
        let standing = change.standing(actor).await?;
        standing.manages(Some(role))?;
        let row = NewRow { username: &new.username, email: new.email.as_ref(), vouched: true, hash, role: role.name };
        let id = insert_user(change.transaction(), &row, self.now()).await?;
        if role.top {
            self.void_links(change.transaction(), OpenLinks::SetUp, &voiding(actor, "administrator_made", origin)).await?;
        }
        change.record(Event::new(Kind::UserCreated, origin).actor(actor.name()).target(Some(id)).detail("role", role.name))?;
        Ok((id, standing))
    }

    /// Shuts a user out: sessions end, and neither password nor token opens anything from the next request on.
    ///
    /// # Errors
    /// When there is no such user, when the role exceeds the actor's, or when nobody could administer the service afterwards.
    pub async fn disable(&self, actor: &Actor, user: Id, origin: &Origin) -> Result<UserView, AccountError> {
        let mut change = self.change().await?;
        let before = self.manageable(&mut change, actor, user).await?.0;
        self.keep_an_administrator(&mut change, &before).await?;
        self.void_links(change.transaction(), OpenLinks::OfAndBy(user), &voiding(actor, "disabled", origin)).await?;
        change
            .query("UPDATE portcullis_users SET disabled_at = $2, updated_at = $2 WHERE id = $1 AND disabled_at IS NULL")
            .bind(user)
            .bind(self.now())
            .execute()
            .await?;
        change.end_sessions(user, None).await?;
        self.finish(change, Event::new(Kind::UserDisabled, origin).actor(actor.name()), user).await
    }

    /// Lets a user in again; the sessions stay ended and wrong passwords are forgiven.
    ///
    /// # Errors
    /// As [`disable`](Self::disable).
    pub async fn enable(&self, actor: &Actor, user: Id, origin: &Origin) -> Result<UserView, AccountError> {
        let mut change = self.change().await?;
        self.manageable(&mut change, actor, user).await?;
        change
            .query("UPDATE portcullis_users SET disabled_at = NULL, updated_at = $2 WHERE id = $1 AND disabled_at IS NOT NULL")
            .bind(user)
            .bind(self.now())
            .execute()
            .await?;
        let counters = self.counters(Some(user), &crate::name::Login::Nobody(String::new()), None);
        counters.forgive(change.transaction())?;
        change.forget(user);
        self.finish(change, Event::new(Kind::UserEnabled, origin).actor(actor.name()), user).await
    }

    /// Gives a user another role, which holds from the next request on.
    ///
    /// # Errors
    /// When the role does not exist, when the old or the new one exceeds the actor's, or when nobody could administer the service
    /// afterwards.
    pub async fn set_role(&self, actor: &Actor, user: Id, role: &str, origin: &Origin) -> Result<UserView, AccountError> {
        let role = self.role(role).ok_or(AccountError::UnknownRole)?;
        let mut change = self.change().await?;
        let (before, standing) = self.manageable(&mut change, actor, user).await?;
        standing.manages(Some(role))?;
        if role.name != before.role {
            self.keep_an_administrator(&mut change, &before).await?;
            self.void_links(change.transaction(), OpenLinks::OfAndBy(user), &voiding(actor, "role_changed", origin)).await?;
        }
        if role.top {
            self.void_links(change.transaction(), OpenLinks::SetUp, &voiding(actor, "administrator_made", origin)).await?;
        }
        change
            .query("UPDATE portcullis_users SET role = $2, updated_at = $3 WHERE id = $1")
            .bind(user)
            .bind(role.name)
            .bind(self.now())
            .execute()
            .await?;
        change.forget(user);
        let event = Event::new(Kind::RoleChanged, origin).actor(actor.name()).detail("from", before.role).detail("to", role.name);
        self.finish(change, event, user).await
    }

    /// A new one-time link for setting the password; older ones are void.
    ///
    /// # Errors
    /// When there is no such user or the role exceeds the actor's.
    pub async fn password_link(&self, actor: &Actor, user: Id, origin: &Origin) -> Result<Invited, AccountError> {
        let mut change = self.change().await?;
        let (user, standing) = self.manageable(&mut change, actor, user).await?;
        self.void_links(change.transaction(), OpenLinks::Of(user.id), &voiding(actor, "replaced", origin)).await?;
        let link = self.write_link(change.transaction(), Purpose::SetPassword, Some(user.id), standing).await?;
        change.record(Event::new(Kind::LinkCreated, origin).actor(actor.name()).target(Some(user.id)))?;
        change.commit().await?;
        Ok(Invited { user, link })
    }

    /// Sets a user's password from the command line; every session ends.
    ///
    /// # Errors
    /// When there is no such user or the password breaks the policy.
    pub async fn reset_password(&self, user: Id, password: &Secret) -> Result<UserView, AccountError> {
        let origin = Origin::default();
        let before = self.user(user).await?;
        let names = [before.username.as_str(), before.email.as_deref().unwrap_or("")];
        let hash = self.hash_new_password(password, &names, &origin).await?;
        let mut change = self.change().await?;
        change.set_password(self, user, &hash, &voiding(&Actor::CommandLine, "password_change", &origin)).await?;
        self.finish(change, Event::new(Kind::PasswordChange, &origin).actor(Actor::CommandLine.name()), user).await
    }

    /// The user, if the actor may manage them at present.
    async fn manageable(&self, change: &mut Change<'_>, actor: &Actor, user: Id) -> Result<(UserView, Standing), AccountError> {
        let standing = change.standing(actor).await?;
        let user = user_in(change.transaction(), user).await?;
        standing.manages(self.role(&user.role))?;
        Ok((user, standing))
    }

    async fn finish(&self, mut change: Change<'_>, event: Event, user: Id) -> Result<UserView, AccountError> {
        change.record(event.target(Some(user)))?;
        let view = user_in(change.transaction(), user).await?;
        change.commit().await?;
        Ok(view)
    }
}

fn voiding<'a>(actor: &Actor, reason: &'static str, origin: &'a Origin) -> Voiding<'a> {
    Voiding { reason, actor: Some(actor.name()), origin }
}
