//! Entry point: a verb of the command line, or the window.

use pipewright::{cli, window};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::arguments();
    match &arguments.verb {
        Some(verb) => cli::perform(verb).into(),
        None => match window::open(&arguments.window) {
            Ok(()) => ExitCode::SUCCESS,
            Err(no_window) => {
                eprintln!("pipewright: {}", no_window.reason);
                cli::Exit::Window.into()
            }
        },
    }
}
