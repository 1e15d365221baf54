//! Helpers shared by the tests.

use std::path::{Path, PathBuf};

/// The folder that the repository lies in.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie inside the repository").to_path_buf()
}

/// Every file below a folder whose name ends so, in order of path.
pub fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder can be listed").path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every sample that runs: parts, which samples use, lie in folders named `parts`.
pub fn samples() -> Vec<PathBuf> {
    let is_part = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with("parts"));
    files_below(&root().join("samples"), ".ron").into_iter().filter(|path| !is_part(path)).collect()
}

/// A path as people write it: from the top of the repository, with forward slashes.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

mod folder;
pub mod fuzzed;
mod running;

pub use folder::Folder;
pub use running::{Ran, all_met, both, gauge, graph, graph_of, live, number, options, run, simulate, simulated};
