//! What the type of a field is made of, as far as it is written.

use syn::{GenericArgument, PathArguments, Type};

pub(crate) fn is_option(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// Whether the type, or what its `Option` holds, is a map.
pub(crate) fn is_map(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|last| match &last.arguments {
        PathArguments::AngleBracketed(list) if last.ident == "Option" => {
            list.args.iter().any(|argument| matches!(argument, GenericArgument::Type(inner) if is_map(inner)))
        }
        _ => last.ident == "HashMap" || last.ident == "BTreeMap",
    })
}

/// Whether the type is, or holds, a number with a fraction.
pub(crate) fn is_fraction(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|last| match &last.arguments {
        PathArguments::AngleBracketed(list) => {
            list.args.iter().any(|argument| matches!(argument, GenericArgument::Type(inner) if is_fraction(inner)))
        }
        _ => last.ident == "f32" || last.ident == "f64",
    })
}

/// The last type argument: what a list holds.
pub(crate) fn element(kind: &Type) -> Option<&Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let inner = arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })?;
    if last.ident == "Option" { element(inner) } else { Some(inner) }
}
