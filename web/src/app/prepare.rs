//! What the settings say, made ready or refused with a word on how to mend it.

use std::path::Path;

use super::config::Settings;
use super::endpoint::Endpoint;
use super::raw_mount::RawMount;
use super::start_error::StartError;
use crate::admit::{Cors, TrustedProxies};

/// The origin of our own pages, which decides what a cookie may do.
pub(super) fn own_origin(public_url: &str) -> Result<String, StartError> {
    let url = url::Url::parse(public_url).map_err(|error| StartError::new(format_args!("setting `public_url`: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(StartError::new("setting `public_url` is not a web address such as https://api.example.com"));
    }
    Ok(url.origin().ascii_serialization())
}

pub(super) fn trusted_proxies(settings: &Settings) -> Result<TrustedProxies, StartError> {
    TrustedProxies::parse(&settings.proxy.trusted, settings.proxy.header)
        .map_err(|text| StartError::new(format_args!("setting `proxy.trusted`: `{text}` is no network such as 10.0.0.0/8")))
}

pub(super) fn cors(settings: &Settings) -> Result<Cors, StartError> {
    Cors::new(&settings.cors).map_err(|why| StartError::new(format_args!("setting `cors.origins`: {why}")))
}

/// An endpoint whose bodies have no room would answer 503 for ever.
pub(super) fn check_bodies(settings: &Settings, endpoints: &[&'static Endpoint], raw: &[RawMount]) -> Result<(), StartError> {
    for (mount, bytes) in raw.iter().filter_map(|mount| Some((mount, mount.body_limit?))) {
        settings.limits.check_body(&format!("the body limit of the raw router at {}", mount.prefix), bytes)?;
    }
    endpoints.iter().filter_map(|endpoint| Some((endpoint, endpoint.body_limit()?))).try_for_each(|(endpoint, bytes)| {
        settings.limits.check_body(&format!("the body limit of {} {}", endpoint.verb().as_str(), endpoint.path()), bytes)
    })
}

pub(super) fn unusable(folder: &Path, error: &std::io::Error) -> StartError {
    let folder = folder.display();
    StartError::new(format_args!(
        "cannot use the data folder {folder}: {error}; set data_dir to a folder with room that the service can write to"
    ))
}

/// The data folder is nobody else's.
pub(super) fn prepare_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let failed = |error: std::io::Error| unusable(folder, &error);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mode = std::fs::metadata(folder).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}
