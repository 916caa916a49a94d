use std::any::{TypeId, type_name};
use std::fmt;

/// Which type a value came from, for checks at start: equal for the same type only, whatever its name.
#[derive(Clone, Copy)]
pub struct TypeTag {
    id: TypeId,
    name: fn() -> &'static str,
}

impl TypeTag {
    /// The tag of a type.
    #[must_use]
    pub const fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T> }
    }
}

impl PartialEq for TypeTag {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for TypeTag {}

impl fmt::Display for TypeTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

impl fmt::Debug for TypeTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}
