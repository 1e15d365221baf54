//! Opens a graph file for a verb: reads it, checks it, and finds the place of every problem.

use super::Exit;
use super::print::complain;
use pipewright_runtime::check::check;
use pipewright_runtime::file::{self, Positions, Read};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::{Problem, Severity};
use std::path::{Path, PathBuf};

/// A graph file that was opened.
pub struct Loaded {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What was understood of it.
    pub graph: Graph,
    /// Everything wrong with it, in order of place.
    pub problems: Vec<Problem>,
    /// Where everything stands in the text, for what is found later.
    pub positions: Positions,
}

impl Loaded {
    /// Opens a file; complains if it cannot be read at all.
    pub fn open(path: &Path) -> Result<Self, Exit> {
        match file::load(path, CATALOGUE) {
            Ok(loaded) => Ok(Self::with(path.to_path_buf(), loaded.text, loaded.read)),
            Err(error) => {
                complain(&error.to_string());
                Err(Exit::File)
            }
        }
    }

    /// Takes text for a file's.
    pub fn of(path: PathBuf, text: String) -> Self {
        let read = file::read(&text, CATALOGUE);
        Self::with(path, text, read)
    }

    fn with(path: PathBuf, text: String, read: Read) -> Self {
        let mut problems = read.problems;
        let mut found = check(&read.graph, CATALOGUE);
        read.positions.locate(&mut found);
        problems.append(&mut found);
        problems.sort_by_key(|problem| problem.position.map_or((u32::MAX, 0), |position| (position.line, position.column)));
        Self { path, text, graph: read.graph, problems, positions: read.positions }
    }

    /// Whether the graph cannot run.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// The folder that nodes write below: the file's name, ending in `.out`.
    pub fn output(&self) -> PathBuf {
        let name = self.path.file_stem().map_or_else(|| "pipewright".into(), ToOwned::to_owned);
        self.folder().join(name).with_added_extension("out")
    }

    /// The folder that paths in the graph start from.
    pub fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        }
    }
}
