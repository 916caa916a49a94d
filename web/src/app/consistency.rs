use portcullis_core::{PermissionGrant, RoleKind, TypeTag, mistake_of_roles};

use super::application::Parts;
use super::checks;
use super::config::Settings;
use super::endpoint::Endpoint;
use super::raw_mount::RawMount;
use super::start_error::StartError;
use crate::authn::TrustedIssuer;
use crate::authz::{Anyone, Guard, mistake_of_policy};

/// The role type of an application, as data.
#[derive(Clone, Copy)]
pub(crate) struct RoleType {
    owner: TypeTag,
    grants: &'static [PermissionGrant],
}

impl RoleType {
    pub(crate) const fn of<R: RoleKind>() -> Self {
        Self { owner: TypeTag::of::<R>(), grants: R::GRANTS }
    }
}

impl Parts {
    /// Whether this application can be trusted to start with these settings.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), StartError> {
        one_judge(self.modules.iter().filter(|module| module.judges()).count(), self.issuers.len())?;
        let declared = self.declared_scopes();
        let mut mapped = self.issuers.iter().flat_map(TrustedIssuer::scopes);
        if let Some(unknown) = mapped.find(|scope| declared.iter().all(|own| own.name != *scope)) {
            return Err(StartError::new(format_args!(
                "a scope of the external issuer is mapped to `{unknown}`, which nobody declares: add `.scope(\"{unknown}\", \"what it allows\")`"
            )));
        }
        self.modules.iter().try_for_each(|module| module.check(settings, &self.sections, self.roles))
    }

    pub(super) fn check_endpoints(&self, endpoints: &[&'static Endpoint]) -> Result<(), StartError> {
        check(self.roles, self.role_type, endpoints, &self.raw)
    }
}

/// Two judges of one credential could each take it for another person: a local account and a subject of an issuer, or subjects of two issuers.
pub(super) fn one_judge(modules: usize, issuers: usize) -> Result<(), StartError> {
    let what = match (modules, issuers) {
        (0 | 1, 0) | (0, 1) => return Ok(()),
        (0, _) => "several external issuers are trusted (`App::trust`)",
        (_, 0) => "several modules judge credentials",
        _ => "the application has accounts of its own (`.accounts()`) and trusts an external issuer (`.trust()`)",
    };
    Err(StartError::new(format_args!("{what}: a credential must have one judge, so leave all but one of them out")))
}

/// Checks what endpoints, raw routers and roles promise each other, whatever made them.
///
/// The compiler checks most of it for endpoints of attributes. Modules and endpoints that were made by hand meet it here, and so do names
/// that different types share: a name stands for one type in documents, tokens and the access matrix.
fn check(
    roles: &[portcullis_core::RoleEntry],
    kind: RoleType,
    endpoints: &[&'static Endpoint],
    raw: &[RawMount],
) -> Result<(), StartError> {
    if let Some(mistake) = mistake_of_roles(roles) {
        return Err(StartError::new(mistake));
    }
    let mut names = Names::default();
    for grant in kind.grants {
        names.add("permission", grant.name, grant.kind)?;
    }
    for endpoint in endpoints {
        let place = format!("{} {}", endpoint.verb().as_str(), endpoint.path());
        if let Some(mistake) = checks::mistake(endpoint) {
            return Err(StartError::new(format_args!("{place}: {mistake}")));
        }
        let decided = endpoint.guard().object().map(|object| object.tag);
        if endpoint.arguments().iter().any(|argument| argument.object.is_some() && argument.object != decided) {
            return Err(StartError::new(format_args!("{place}: the handler takes an object of another type than its policy decides on")));
        }
        if let Some(tag) = decided {
            names.add("action", tag.action, tag.action_type)?;
            names.add("resource", tag.resource, tag.resource_type)?;
        }
        names.add_policy(&place, endpoint.guard(), kind)?;
    }
    for mount in raw {
        let place = format!("the raw router at {}", mount.prefix);
        if let Some(mistake) = mistake_of_policy(mount.guard.access()) {
            return Err(StartError::new(format_args!("{place}: {mistake}")));
        }
        names.add_policy(&place, &mount.guard, kind)?;
    }
    Ok(())
}

/// Which type each name stands for.
#[derive(Default)]
struct Names(Vec<(&'static str, &'static str, TypeTag)>);

impl Names {
    fn add_policy(&mut self, place: &str, guard: &Guard, kind: RoleType) -> Result<(), StartError> {
        let owner = guard.owner();
        if owner != kind.owner && owner != TypeTag::of::<Anyone>() {
            let ours = kind.owner;
            return Err(StartError::new(format_args!(
                "{place}: the policy names a role or a permission of {owner}, but the application's roles are {ours}"
            )));
        }
        guard.permissions().try_for_each(|permission| self.add("permission", permission.name, permission.kind))
    }

    fn add(&mut self, what: &'static str, name: &'static str, kind: TypeTag) -> Result<(), StartError> {
        match self.0.iter().find(|(own, text, _)| *own == what && text.eq_ignore_ascii_case(name)) {
            Some((_, _, other)) if *other != kind => {
                Err(StartError::new(format_args!("two types have the {what} name `{name}`: {other} and {kind}; rename one")))
            }
            Some(_) => Ok(()),
            None => {
                self.0.push((what, name, kind));
                Ok(())
            }
        }
    }
}
