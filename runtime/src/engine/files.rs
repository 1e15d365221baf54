//! The files of a graph: read below its own folder, written below its output folder only.

use super::records;
use crate::message::{Blob, BlobPlace, Payload};
use crate::node::claims::ClaimAnswer;
use crate::node::{Answer, Ask};
use crate::stores::claims::{PIECE, ReadBlob, Resolve};
use crate::trust::{Capability, Grants};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Carries out requests for files, one after the other.
pub struct Files {
    folder: PathBuf,
    written: Option<PathBuf>,
    blobs: Arc<dyn ReadBlob>,
    open: BTreeMap<PathBuf, File>,
    /// What may be read and written elsewhere.
    grants: Grants,
}

impl Files {
    /// Files read below `folder` and written below `written`; with `None`, writes are taken and forgotten. What handles stand for is
    /// read through `blobs`.
    pub fn new(folder: &Path, written: Option<PathBuf>, blobs: Arc<dyn ReadBlob>) -> Self {
        Self { folder: folder.to_owned(), written, blobs, open: BTreeMap::new(), grants: Grants::default() }
    }

    /// The same, with what may be read and written elsewhere.
    #[must_use]
    pub fn allowing(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// A path outside the usual folders, if it is allowed.
    fn elsewhere(&self, folder: &Path, path: &Path, capability: fn(String) -> Capability) -> Option<PathBuf> {
        let asked = capability(path.to_str()?.to_owned());
        self.grants.allow(&asked).then(|| folder.join(path))
    }

    fn readable(&self, path: &Path) -> Result<PathBuf, String> {
        records::readable(&self.folder, path).or_else(|error| self.elsewhere(&self.folder, path, Capability::Read).ok_or(error))
    }

    /// Carries one request out. Blocks while the system reads or writes.
    pub fn perform(&mut self, ask: Ask) -> Answer {
        let done = match ask {
            Ask::ReadRecords { path, format, offset, line, most } => match self.readable(&path) {
                Ok(path) => return records::read_file(&path, format, offset, line, most),
                Err(error) => Err(error),
            },
            Ask::Append { path, bytes, truncate } => self.append(&path, &bytes, truncate),
            Ask::Print { bytes } => print(&bytes),
            Ask::AppendBlob { path, blob, truncate } => self.append_blob(&path, &blob, truncate),
            Ask::Handle { path } => match self.handle(path) {
                Ok(payload) => return Answer::Claim(ClaimAnswer::Taken(payload)),
                Err(error) => Err(error),
            },
            Ask::Claim(_) => Err("no store of claims is reached from here".to_owned()),
            Ask::ReadInput { .. } => Err("standard input is not read here".to_owned()),
            Ask::Backlog => Err("stores answer for their backlog themselves".to_owned()),
            Ask::Recover { .. } | Ask::Keep { .. } => Err("durable stores are not kept here".to_owned()),
            Ask::Exchange { .. } | Ask::EndPrograms => Err("programs are not run here".to_owned()),
            Ask::Serve(_) | Ask::NextRequests { .. } | Ask::Respond { .. } | Ask::EndServing => Err("nothing listens here".to_owned()),
        };
        done.map_or_else(Answer::Failed, |()| Answer::Done)
    }

    /// A handle to a whole file, which must be there.
    fn handle(&self, path: PathBuf) -> Result<Payload, String> {
        let real = self.readable(&path)?;
        let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
        let meta = std::fs::metadata(&real).map_err(failed)?;
        if !meta.is_file() {
            return Err(format!("{} is no file", path.display()));
        }
        Ok(Payload::from_blob(Blob { place: BlobPlace::File(path), length: meta.len() }))
    }

    /// Adds the bytes of a handle piece by piece, however many they are. A write that fails half way leaves what it has written.
    fn append_blob(&mut self, name: &Path, blob: &Blob, truncate: bool) -> Result<(), String> {
        if self.written.is_none() {
            return Ok(());
        }
        let mut at = 0;
        loop {
            let piece = self.blobs.read(blob, at, PIECE)?;
            self.append(name, &piece, truncate && at == 0)?;
            at += piece.len() as u64;
            if piece.is_empty() {
                break;
            }
        }
        if at == blob.length { Ok(()) } else { Err(format!("{at} bytes came instead of {}", blob.length)) }
    }

    fn append(&mut self, name: &Path, bytes: &[u8], truncate: bool) -> Result<(), String> {
        let Some(folder) = &self.written else { return Ok(()) };
        let path = records::inside(folder, name).or_else(|error| self.elsewhere(folder, name, Capability::Write).ok_or(error))?;
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

/// How files are found that handles stand for: where all files are read.
pub fn resolve(folder: &Path) -> Resolve {
    let folder = folder.to_owned();
    Arc::new(move |path| records::readable(&folder, path))
}

fn print(bytes: &[u8]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| format!("cannot write to standard output: {error}"))
}
