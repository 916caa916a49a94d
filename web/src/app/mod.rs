//! The application: endpoints, pipeline, settings, documents.

#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the routes at /docs and /redoc come with the pipeline"))]
pub(crate) mod docs_ui;
