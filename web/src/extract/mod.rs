//! Typed, validated input.
