//! TODO query
