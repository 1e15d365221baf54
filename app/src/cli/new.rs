//! `new FILE`: writes a small graph to start from.

use super::Exit;
use super::arguments::NewArguments;
use super::print::{complain, say};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

/// The graph to start from.
const FIRST: &str = include_str!("../../../samples/01-hello.ron");

/// Writes it; a file that is there is never overwritten.
pub fn new(arguments: &NewArguments) -> Exit {
    let path = &arguments.file;
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
        file.write_all(FIRST.as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => {
            say(&format!("{}: a small graph to start from. `pipewright {0}` opens it, `pipewright run {0}` runs it.", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            complain(&format!("{} exists already and is left as it is", path.display()));
            Exit::File
        }
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            Exit::File
        }
    }
}
