//! The window and the command line of Pipewright.

pub mod action;
pub mod cli;
pub mod theme;
pub mod widgets;
