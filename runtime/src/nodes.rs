//! The node kinds: one folder per family, one file per kind.
use crate::node::Catalogue;

/// Every kind there is, in the order of the palette.
pub const CATALOGUE: Catalogue = Catalogue(&[]);
