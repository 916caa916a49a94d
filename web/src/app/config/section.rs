use std::any::Any;
use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::load::{SettingsError, read};

/// The settings of a module or of an application, under a key of their own.
pub trait Section: DeserializeOwned + Serialize + JsonSchema + Default + Clone + Send + Sync + 'static {
    /// The key in the file; its upper case begins the variables.
    const NAME: &'static str;
}

/// The sections that an application knows, and what was read of them.
#[derive(Default)]
pub struct Sections(Vec<Known>);

struct Known {
    name: &'static str,
    value: Box<dyn Any + Send + Sync>,
    read: fn(Value) -> Result<Box<dyn Any + Send + Sync>, SettingsError>,
    schema: fn() -> Schema,
    show: fn(&(dyn Any + Send + Sync)) -> Value,
}

impl Sections {
    /// Makes a section known.
    pub fn add<T: Section>(&mut self) {
        self.0.push(Known {
            name: T::NAME,
            value: Box::new(T::default()),
            read: |value| Ok(Box::new(read::<T>(T::NAME, value)?)),
            schema: || schemars::schema_for!(T),
            show: |value| value.downcast_ref::<T>().and_then(|section| serde_json::to_value(section).ok()).unwrap_or_default(),
        });
    }

    /// The section as read, or its defaults.
    #[must_use]
    pub fn section<T: Section>(&self) -> T {
        self.0.iter().find_map(|known| known.value.downcast_ref::<T>()).cloned().unwrap_or_default()
    }

    /// Takes every known section out of the tree.
    pub(super) fn take(&mut self, tree: &mut Value) -> Result<(), SettingsError> {
        for known in &mut self.0 {
            if let Some(value) = tree.as_object_mut().and_then(|tree| tree.remove(known.name)) {
                known.value = (known.read)(value)?;
            }
        }
        Ok(())
    }

    pub(super) fn values(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.0.iter().map(|known| (known.name, (known.show)(&*known.value)))
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (&'static str, Schema)> {
        self.0.iter().map(|known| (known.name, (known.schema)()))
    }
}

impl fmt::Debug for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|known| known.name)).finish()
    }
}
