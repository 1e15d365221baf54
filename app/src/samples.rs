//! The samples that come with the program, for the welcome page and the command palette.

use std::path::{Path, PathBuf};

/// A sample graph.
#[derive(Debug)]
pub struct Sample {
    /// Its title.
    pub title: &'static str,
    /// One sentence: what it shows.
    pub about: &'static str,
    /// Its file below `samples/`.
    pub file: &'static str,
    /// The graph as text.
    pub text: &'static str,
}

impl Sample {
    /// The folder that the sample's own paths start from, where the program still stands beside its sources.
    pub fn folder(&self) -> Option<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("samples");
        let folder = root.join(self.file).parent()?.to_owned();
        folder.is_dir().then_some(folder)
    }
}

/// All samples, in the order of the welcome page.
pub static ALL: &[Sample] = &[];
