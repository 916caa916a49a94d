//! The documentation pages: Swagger UI at `/docs`, `ReDoc` at `/redoc`, their files at `/docs/assets/…`.
//!
//! Let through: files of this binary, calls to this origin. Refused by [`DOCS_CSP`]: inline scripts and styles, `eval`, frames, every other
//! host. Nothing is fetched from elsewhere, so the pages work offline. What the deployment must provide: a fresh [`Nonce`] for each answer
//! at `/redoc`, and the access rule of `docs.access`.

mod pages;
pub(crate) use pages::{DOCS_CSP, Nonce, redoc_csp, redoc_page, swagger_page};
mod assets;
pub(crate) use assets::asset;
#[cfg(test)]
mod tests;
