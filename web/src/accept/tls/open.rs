use std::path::Path;
use std::sync::Arc;

use portcullis_core::Clock;

use super::acme::{Challenges, Plan, Renewal, Store};
use super::development::Development;
use super::source::Source;
use super::{AcmeChallenge, Certificates, TlsMode, TlsSettings, provider};
use crate::app::StartError;

/// How certificates come from an ACME authority.
pub(in crate::accept) struct Acme {
    pub(in crate::accept) challenges: Challenges,
    pub(in crate::accept) challenge: AcmeChallenge,
    pub(in crate::accept) renewal: Renewal,
}

/// Opens the certificate that the settings name; none behind a proxy. `http` says whether plain HTTP is served anywhere.
pub(in crate::accept) fn open(
    settings: &TlsSettings,
    (public_url, http): (&str, bool),
    data_dir: &Path,
    clock: &Clock,
) -> Result<(Option<Certificates>, Option<Acme>), StartError> {
    let certificates = |source| Certificates::open(source, host(public_url), Arc::new(provider()), clock.clone());
    match settings.mode {
        TlsMode::BehindProxy => Ok((None, None)),
        TlsMode::Dev => {
            without_files(settings)?;
            Ok((Some(certificates(Source::Development(Development::new(data_dir)))?), None))
        }
        TlsMode::Files => Ok((Some(certificates(files(settings)?)?), None)),
        TlsMode::Acme => {
            without_files(settings)?;
            let plan = Arc::new(Plan::new(&settings.acme, public_url, http)?);
            let store = Store::open(data_dir, &plan)?;
            let issued = store.certificate().to_owned();
            let meanwhile = Development::new(data_dir);
            let certificates = certificates(Source::Acme { issued, domains: plan.domains().to_vec(), meanwhile })?;
            let (challenges, challenge) = (store.challenges(), plan.challenge());
            let renewal = Renewal::new(plan, store, certificates.clone(), clock.clone())?;
            renewal.announce();
            Ok((Some(certificates), Some(Acme { challenges, challenge, renewal })))
        }
    }
}

impl TlsSettings {
    /// Checks what can be checked without making anything: the files of the certificate, the plan for the authority.
    ///
    /// # Errors
    /// Names the setting that can't work and how to mend it.
    pub fn check(&self, public_url: &str, serves_http: bool) -> Result<(), StartError> {
        match self.mode {
            TlsMode::BehindProxy => Ok(()),
            TlsMode::Dev => without_files(self),
            TlsMode::Files => Certificates::open(files(self)?, host(public_url), Arc::new(provider()), Clock::system()).map(|_| ()),
            TlsMode::Acme => {
                without_files(self)?;
                Plan::new(&self.acme, public_url, serves_http).map(|_| ())
            }
        }
    }
}

fn files(settings: &TlsSettings) -> Result<Source, StartError> {
    let named = |file: &Option<std::path::PathBuf>, what: &str| {
        file.clone().ok_or_else(|| StartError::new(format_args!("tls.mode is `files`, but tls.{what} is not set: name the PEM file")))
    };
    Ok(Source::Files { certificate: named(&settings.cert_file, "cert_file")?, key: named(&settings.key_file, "key_file")? })
}

fn without_files(settings: &TlsSettings) -> Result<(), StartError> {
    if settings.cert_file.is_none() && settings.key_file.is_none() {
        return Ok(());
    }
    let mode = if settings.mode == TlsMode::Acme { "acme" } else { "dev" };
    Err(StartError::new(format_args!(
        "tls.cert_file or tls.key_file is set, but tls.mode is `{mode}`: set tls.mode = \"files\", or remove them"
    )))
}

/// The name that clients use; nothing is for an empty one.
fn host(public_url: &str) -> String {
    let url = url::Url::parse(public_url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
