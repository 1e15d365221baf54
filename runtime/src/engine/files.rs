//! The files of a graph: read below its own folder, written below its output folder only.

use super::records;
use crate::node::{Answer, Ask};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Carries out requests for files, one after the other.
pub struct Files {
    folder: PathBuf,
    written: Option<PathBuf>,
    open: BTreeMap<PathBuf, File>,
}

impl Files {
    /// Files read below `folder` and written below `written`; with `None`, writes are taken and forgotten.
    pub fn new(folder: &Path, written: Option<PathBuf>) -> Self {
        Self { folder: folder.to_owned(), written, open: BTreeMap::new() }
    }

    /// Carries one request out. Blocks while the system reads or writes.
    pub fn perform(&mut self, ask: Ask) -> Answer {
        let done = match ask {
            Ask::ReadRecords { path, format, offset, line, most } => match records::readable(&self.folder, &path) {
                Ok(path) => return records::read_file(&path, format, offset, line, most),
                Err(error) => Err(error),
            },
            Ask::Append { path, bytes, truncate } => self.append(&path, &bytes, truncate),
            Ask::Print { bytes } => print(&bytes),
            Ask::ReadInput { .. } => Err("standard input is not read here".to_owned()),
            Ask::Recover { .. } | Ask::Keep { .. } => Err("durable stores are not kept here".to_owned()),
        };
        done.map_or_else(Answer::Failed, |()| Answer::Done)
    }

    fn append(&mut self, name: &Path, bytes: &[u8], truncate: bool) -> Result<(), String> {
        let Some(folder) = &self.written else { return Ok(()) };
        let path = records::inside(folder, name)?;
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        if truncate || !self.open.contains_key(&path) {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(failed)?;
            }
            let file = OpenOptions::new().create(true).write(true).truncate(truncate).append(!truncate).open(&path).map_err(failed)?;
            self.open.insert(path.clone(), file);
        }
        let file = self.open.get_mut(&path).expect("it was opened just now");
        file.write_all(bytes).map_err(failed)
    }
}

fn print(bytes: &[u8]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| format!("cannot write to standard output: {error}"))
}
