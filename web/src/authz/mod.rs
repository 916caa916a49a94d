//! May they: guards of endpoints and objects.
