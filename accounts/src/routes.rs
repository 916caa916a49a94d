//! Every route of accounts with its policy. The bodies live in `http`.
//!
//! What hands out authority (invitations, password links, roles, letting a user in again) names no scope, see `scopes.rs`.
use portcullis_core::Principal;
use portcullis_macros::{get, patch, post, put};
use portcullis_web::app::{Endpoint, Registered};
use portcullis_web::authz::{Authenticated, Authorized, Can, Change, GivesUpAuthority, Public, Read};
use portcullis_web::extract::{Form, Json, OAuthForm, PageRequest, Query};
use portcullis_web::respond::{Created, Page, Problem};

use crate::http::documents::{Jwks, Metadata, SecurityTxt, Stylesheet};
use crate::http::inputs::{Code, LogInForm, NewAccount, NewPassword, ProfileChange, RoleChange, SetPasswordForm, SetUpForm, UserToInvite};
use crate::http::outputs::{AuditEventView, InvitationView, PasswordChanged, RoleView, TokenAnswer, UserOut};
use crate::http::pages::Shown;
use crate::http::{Came, LinkCodes, LinkPage, SameOrigin, SignedOut, admin, documents, own, pages, token};
use crate::permission::AccountsPermission;
use crate::service::{AccountService, UserView};
use crate::settings::AccountsSettings;

/// The routes that these settings mount.
pub(crate) fn routes(settings: &AccountsSettings) -> Vec<&'static Endpoint> {
    let mut routes = vec![
        landing::ENDPOINT,
        stylesheet::ENDPOINT,
        issue_token::ENDPOINT,
        read_me::ENDPOINT,
        change_me::ENDPOINT,
        change_password::ENDPOINT,
        log_out::ENDPOINT,
        log_out_everywhere::ENDPOINT,
        log_in_page::ENDPOINT,
        log_in::ENDPOINT,
        set_up_page::ENDPOINT,
        set_up::ENDPOINT,
        set_password_page::ENDPOINT,
        set_password::ENDPOINT,
        list_users::ENDPOINT,
        invite_user::ENDPOINT,
        read_user::ENDPOINT,
        disable_user::ENDPOINT,
        enable_user::ENDPOINT,
        set_role::ENDPOINT,
        make_password_link::ENDPOINT,
        list_roles::ENDPOINT,
        list_audit::ENDPOINT,
        jwks::ENDPOINT,
        authorization_server::ENDPOINT,
    ];
    routes.extend(settings.registration.then_some(register::ENDPOINT));
    routes.extend((!settings.security_contacts.is_empty()).then_some(security_txt::ENDPOINT));
    routes
}

/// Welcome.
#[get("/", access = Public("the front page"))]
async fn landing(accounts: AccountService) -> Result<Shown, Problem> {
    pages::landing(&accounts)
}

/// The style of the pages.
#[get("/account/style.css", access = Public("the style of public pages"), tag = "pages")]
async fn stylesheet() -> Stylesheet {
    Stylesheet
}

/// Get an access token, by user name and password or by refresh token.
#[post("/token", access = Public("logging in"), class = Credentials)]
async fn issue_token(accounts: AccountService, came: Came, form: OAuthForm) -> Result<TokenAnswer, Problem> {
    token::issue(&accounts, &came.0, &form).await
}

/// Make an account.
#[post("/users", access = Public("registration is open"), class = Credentials)]
async fn register(accounts: AccountService, came: Came, Json(new): Json<NewAccount>) -> Result<Created<UserOut>, Problem> {
    own::register(&accounts, &came.0, &new).await
}

/// Read my account.
#[get("/users/me", access = Authenticated, scope = "account:read")]
async fn read_me(me: Principal, accounts: AccountService) -> Result<Json<UserOut>, Problem> {
    own::read(&accounts, &me).await
}

/// Change my account.
#[patch("/users/me", access = Authenticated, scope = "account:write")]
async fn change_me(me: Principal, accounts: AccountService, came: Came, Json(new): Json<ProfileChange>) -> Result<Json<UserOut>, Problem> {
    own::change(&accounts, &me, &came.0, &new).await
}

/// Change my password. Every session ends; the answer begins a new one, restricted to the same scopes.
#[post("/users/me/password", access = Authenticated, scope = "account:write", class = Credentials)]
async fn change_password(
    me: Principal,
    accounts: AccountService,
    came: Came,
    Json(new): Json<NewPassword>,
) -> Result<PasswordChanged, Problem> {
    own::change_password(&accounts, &me, &came.0, &new).await
}

/// End this session.
#[post("/logout", access = GivesUpAuthority("ends the session"), tag = "users")]
async fn log_out(me: Principal, accounts: AccountService, came: Came) -> Result<SignedOut, Problem> {
    own::log_out(&accounts, &me, &came.0).await
}

/// End all my sessions.
#[post("/logout/everywhere", access = GivesUpAuthority("ends every session"), tag = "users")]
async fn log_out_everywhere(me: Principal, accounts: AccountService, came: Came) -> Result<SignedOut, Problem> {
    own::log_out_everywhere(&accounts, &me, &came.0).await
}

/// The page for logging in with a browser.
#[get("/login", access = Public("logging in"), tag = "pages")]
async fn log_in_page(accounts: AccountService) -> Result<Shown, Problem> {
    pages::log_in(&accounts)
}

/// Log in with a browser.
#[post("/login", access = Public("logging in"), class = Credentials, tag = "pages")]
async fn log_in(_same: SameOrigin, accounts: AccountService, came: Came, Form(form): Form<LogInForm>) -> Result<Shown, Problem> {
    pages::logged_in(&accounts, &came.0, &form).await
}

/// The page for making the first administrator.
#[get("/setup", access = Public("the one-time code is the credential"), tag = "pages")]
async fn set_up_page(accounts: AccountService, codes: LinkCodes, Query(code): Query<Code>) -> Result<Shown, Problem> {
    pages::opened(&accounts, LinkPage::SetUp, &codes, &code)
}

/// Make the first administrator.
#[post("/setup", access = Public("the one-time code is the credential"), class = Credentials, tag = "pages")]
async fn set_up(
    _same: SameOrigin,
    accounts: AccountService,
    came: Came,
    codes: LinkCodes,
    Form(form): Form<SetUpForm>,
) -> Result<Shown, Problem> {
    pages::is_set_up(&accounts, &came.0, &codes, &form).await
}

/// The page for setting a password.
#[get("/set-password", access = Public("the one-time code is the credential"), tag = "pages")]
async fn set_password_page(accounts: AccountService, codes: LinkCodes, Query(code): Query<Code>) -> Result<Shown, Problem> {
    pages::opened(&accounts, LinkPage::SetPassword, &codes, &code)
}

/// Set a password.
#[post("/set-password", access = Public("the one-time code is the credential"), class = Credentials, tag = "pages")]
async fn set_password(
    _same: SameOrigin,
    accounts: AccountService,
    came: Came,
    codes: LinkCodes,
    Form(form): Form<SetPasswordForm>,
) -> Result<Shown, Problem> {
    pages::password_is_set(&accounts, &came.0, &codes, &form).await
}

/// List users, oldest first.
#[get("/admin/users", access = AccountsPermission::ReadUsers, scope = "admin:users", unscoped = "administrators see every user")]
async fn list_users(page: PageRequest, accounts: AccountService) -> Result<Page<UserOut>, Problem> {
    admin::list(&accounts, &page).await
}

/// Make a user, who sets a password through the link in the answer.
#[post("/admin/users", access = AccountsPermission::ManageUsers)]
async fn invite_user(
    me: Principal,
    accounts: AccountService,
    came: Came,
    Json(new): Json<UserToInvite>,
) -> Result<Created<InvitationView>, Problem> {
    admin::invite(&accounts, me, &came.0, new).await
}

/// Read a user.
#[get("/admin/users/{id}", access = all(AccountsPermission::ReadUsers, Can<Read, UserView>), scope = "admin:users")]
async fn read_user(user: Authorized<Read, UserView>) -> Json<UserOut> {
    Json(user.into_inner().into())
}

/// Shut a user out.
#[post("/admin/users/{id}/disable", access = all(AccountsPermission::ManageUsers, Can<Change, UserView>), scope = "admin:users")]
async fn disable_user(
    me: Principal,
    user: Authorized<Change, UserView>,
    accounts: AccountService,
    came: Came,
) -> Result<Json<UserOut>, Problem> {
    admin::disable(&accounts, me, &came.0, user.id).await
}

/// Let a user in again.
#[post("/admin/users/{id}/enable", access = all(AccountsPermission::ManageUsers, Can<Change, UserView>))]
async fn enable_user(
    me: Principal,
    user: Authorized<Change, UserView>,
    accounts: AccountService,
    came: Came,
) -> Result<Json<UserOut>, Problem> {
    admin::enable(&accounts, me, &came.0, user.id).await
}

/// Give a user a role.
#[put("/admin/users/{id}/role", access = all(AccountsPermission::ManageUsers, Can<Change, UserView>))]
async fn set_role(
    me: Principal,
    user: Authorized<Change, UserView>,
    accounts: AccountService,
    came: Came,
    Json(new): Json<RoleChange>,
) -> Result<Json<UserOut>, Problem> {
    admin::set_role(&accounts, me, &came.0, user.id, &new).await
}

/// Make a one-time link for setting a user's password.
#[post("/admin/users/{id}/password-link", access = all(AccountsPermission::ManageUsers, Can<Change, UserView>))]
async fn make_password_link(
    me: Principal,
    user: Authorized<Change, UserView>,
    accounts: AccountService,
    came: Came,
) -> Result<Created<InvitationView>, Problem> {
    admin::password_link(&accounts, me, &came.0, user.id).await
}

/// List the roles, least to most trusted.
#[get("/admin/roles", access = AccountsPermission::ReadUsers, scope = "admin:users")]
async fn list_roles(accounts: AccountService) -> Json<Vec<RoleView>> {
    admin::roles(&accounts)
}

/// List the audit log, newest first.
#[get("/admin/audit", access = AccountsPermission::ReadAudit, scope = "admin:audit", unscoped = "auditors see every event")]
async fn list_audit(page: PageRequest, accounts: AccountService) -> Result<Page<AuditEventView>, Problem> {
    admin::audit(&accounts, &page).await
}

/// The keys that verify access tokens (RFC 7517).
#[get("/.well-known/jwks.json", access = Public("public keys"), tag = "discovery")]
async fn jwks(accounts: AccountService) -> Jwks {
    documents::jwks(&accounts)
}

/// What this authorization server can do (RFC 8414).
#[get("/.well-known/oauth-authorization-server", access = Public("discovery"), tag = "discovery")]
async fn authorization_server(accounts: AccountService) -> Metadata {
    documents::metadata(&accounts)
}

/// Whom to tell about a vulnerability (RFC 9116).
#[get("/.well-known/security.txt", access = Public("whoever finds a hole must be able to say so"), tag = "discovery")]
async fn security_txt(accounts: AccountService) -> SecurityTxt {
    documents::security_txt(&accounts)
}
