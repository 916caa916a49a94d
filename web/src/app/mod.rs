//! The application: endpoints, pipeline, settings, documents.

mod endpoint;
pub use endpoint::{CallFuture, Class, Endpoint, EndpointBuilder, NeedsHandler, NeedsPolicy, Ready, Verb};
pub mod checks;
mod registry;
pub use registry::{Endpoints, Mountable, Registered};
mod runtime;
pub use runtime::Runtime;
mod spawner;
pub use spawner::Spawner;
mod master_key;
pub use master_key::MasterKey;
mod cursors;
pub use cursors::Cursors;
mod operation;
pub use operation::{OperationDoc, Place};
mod openapi;
pub(crate) use openapi::document;
