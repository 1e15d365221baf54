//! The window and the command line of Pipewright.

pub mod action;
pub mod canvas;
pub mod centre;
pub mod cli;
pub mod dialogs;
pub mod document;
pub mod inspector;
pub mod io;
pub mod notices;
pub mod panels;
pub mod preferences;
pub mod samples;
pub mod screenshot;
pub mod session;
pub mod shell;
pub mod state;
pub mod theme;
pub mod welcome;
pub mod widgets;
pub mod window;
pub mod workspace;
