//! Entry point: a verb of the command line, or the window.

use pipewright::{cli, window};
use std::process::ExitCode;

/// Messages are made and dropped by the million each second, often on different threads.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::arguments();
    match &arguments.verb {
        Some(verb) => cli::perform(verb).into(),
        None => match window::open(&arguments.window) {
            Ok(()) => ExitCode::SUCCESS,
            Err(no_window) => {
                eprintln!("pipewright: {}", no_window.reason);
                // Somebody who named a file or wanted a picture is better served by the code; somebody who just started is shown something.
                let just_started = arguments.window.file.is_none() && arguments.window.screenshot.is_none();
                let exit = if no_window.no_display && just_started { cli::sample_in_terminal() } else { cli::Exit::Window };
                exit.into()
            }
        },
    }
}
