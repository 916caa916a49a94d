//! Settings: a file, then the environment; unknown keys and placeholders stop the start with a message that names the key.

mod load;
pub use load::{Environment, SettingsError, Source};
mod settings;
pub(crate) use settings::masked;
pub use settings::{DocsAccess, DocsSettings, ProxySettings, Settings};
mod section;
pub use section::{Section, Sections};
mod reference;
pub use reference::{effective, reference};
mod written;
pub(crate) use written::written;
