//! The thread that reads and writes files for the window, so that no frame waits for a disk.

pub mod autosave;
pub mod folders;
pub mod motion;
pub mod scripts;

use autosave::Recovered;
use folders::Folders;
use pipewright_runtime::file::{self, Fingerprint, Loaded};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::graph::composite::Parts;
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::problem::Problem;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Something to be done beside the window.
pub enum Job {
    /// Read a graph file.
    Open(PathBuf),
    /// Write a document, unless the file is no longer as `expected`.
    Save {
        /// The document.
        document: u64,
        /// What to write.
        graph: Box<Graph>,
        /// Where.
        path: PathBuf,
        /// The state that this is.
        state: u64,
        /// How the file looked when it was last read or written here; `None` overwrites whatever is there.
        expected: Option<Fingerprint>,
    },
    /// Write a document's autosave.
    Autosave {
        /// The document.
        document: u64,
        /// What to write.
        graph: Box<Graph>,
        /// The document's own file.
        path: Option<PathBuf>,
        /// The state that this is.
        state: u64,
    },
    /// The document was saved or closed: its autosave goes.
    Forget(u64),
    /// Check a large document.
    Check {
        /// The document.
        document: u64,
        /// What to check.
        graph: Box<Graph>,
        /// The revision that this is.
        revision: u64,
    },
    /// Read the files that a document's composites use.
    Parts {
        /// The document.
        document: u64,
        /// What uses them.
        graph: Box<Graph>,
        /// The folder that they lie in.
        folder: PathBuf,
    },
    /// See whether another program has changed the file.
    Look {
        /// The document.
        document: u64,
        /// Its file.
        path: PathBuf,
        /// How it looked.
        expected: Fingerprint,
    },
    /// Read the autosaves that other sessions left behind.
    Recover,
    /// Take a recovered autosave away.
    Discard(PathBuf),
    /// Write the preferences.
    Preferences(String),
    /// Write a picture or another finished file.
    Write(PathBuf, Vec<u8>),
}

/// What came of it.
pub enum Done {
    /// A file was read, or could not be.
    Opened(PathBuf, Result<Box<Loaded>, String>),
    /// A document was written.
    Saved {
        /// The document.
        document: u64,
        /// Where.
        path: PathBuf,
        /// Which state.
        state: u64,
        /// How the file looks now, or what went wrong.
        result: Result<Fingerprint, SaveFailure>,
    },
    /// An autosave was written, or could not be.
    Autosaved(u64, u64, Result<(), String>),
    /// A large document was checked.
    Checked(u64, u64, Vec<Problem>),
    /// The files that a document's composites use were read.
    Parts(u64, Parts),
    /// Another program has changed this document's file.
    ChangedOutside(u64),
    /// What other sessions left behind.
    Recovered(Vec<Recovered>),
    /// A file was written, or could not be.
    Written(PathBuf, Result<(), String>),
}

/// Why a document was not saved.
pub enum SaveFailure {
    /// Another program has changed the file; nothing was written.
    ChangedOutside,
    /// In words.
    Failed(String),
}

/// The window's end of the io thread.
pub struct Io {
    jobs: Sender<Job>,
    done: Receiver<Done>,
}

impl Io {
    /// Starts the thread. `wake` is called whenever something is done, to paint a frame.
    pub fn start(folders: Folders, catalogue: Catalogue, wake: impl Fn() + Send + 'static) -> Self {
        let (jobs, inbox) = channel();
        let (outbox, done) = channel();
        let worker = move || {
            while let Ok(job) = inbox.recv() {
                if let Some(answer) = perform(job, &folders, catalogue)
                    && outbox.send(answer).is_err()
                {
                    return;
                }
                wake();
            }
        };
        std::thread::Builder::new().name("files".to_owned()).spawn(worker).expect("the system gives the window one more thread");
        Self { jobs, done }
    }

    /// Asks for something.
    pub fn ask(&self, job: Job) {
        // The thread lives as long as this end does.
        let _ = self.jobs.send(job);
    }

    /// What has been done since the last call.
    pub fn take(&self) -> Vec<Done> {
        self.done.try_iter().collect()
    }

    /// Waits for the next answer; for tests and for the end of the program.
    pub fn wait(&self, limit: std::time::Duration) -> Option<Done> {
        self.done.recv_timeout(limit).ok()
    }
}

/// Whether there is a file that is not as expected. One that is gone is no reason to ask: it is written anew.
fn changed(path: &Path, expected: &Fingerprint) -> bool {
    matches!(Fingerprint::of_file(path), Ok(Some(now)) if now != *expected)
}

fn perform(job: Job, folders: &Folders, catalogue: Catalogue) -> Option<Done> {
    match job {
        Job::Open(path) => {
            let read = file::load(&path, catalogue).map(Box::new).map_err(|error| error.to_string());
            Some(Done::Opened(path, read))
        }
        Job::Save { document, graph, path, state, expected } => {
            let result = if expected.is_some_and(|expected| changed(&path, &expected)) {
                Err(SaveFailure::ChangedOutside)
            } else {
                file::save(&path, &graph).map_err(|error| SaveFailure::Failed(error.to_string()))
            };
            Some(Done::Saved { document, path, state, result })
        }
        Job::Autosave { document, graph, path, state } => {
            let written = autosave::write(folders, document, &graph, path.as_deref());
            Some(Done::Autosaved(document, state, written.map_err(|error| error.to_string())))
        }
        Job::Forget(document) => {
            autosave::forget(folders, document);
            None
        }
        Job::Check { document, graph, revision } => {
            Some(Done::Checked(document, revision, pipewright_runtime::check::check(&graph, catalogue)))
        }
        Job::Parts { document, graph, folder } => Some(Done::Parts(document, file::parts::used_by(&graph, &folder, catalogue).parts)),
        Job::Look { document, path, expected } => {
            let changed = changed(&path, &expected);
            changed.then_some(Done::ChangedOutside(document))
        }
        Job::Recover => Some(Done::Recovered(autosave::left_behind(folders))),
        Job::Discard(path) => {
            // A recovered autosave that cannot be removed is offered again: harmless.
            let _ = std::fs::remove_file(path);
            None
        }
        Job::Preferences(text) => {
            let path = folders.preferences();
            let written = folders::write_atomic(&path, text.as_bytes()).map_err(|error| error.to_string());
            written.is_err().then_some(Done::Written(path, written))
        }
        Job::Write(path, bytes) => {
            let written = folders::write_atomic(&path, &bytes).map_err(|error| error.to_string());
            Some(Done::Written(path, written))
        }
    }
}
