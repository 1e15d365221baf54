//! Choreography: messages that belong together find each other again.

pub mod join;
