//! The application: endpoints, pipeline, settings, documents.
