//! A folder of its own for one test, gone when the test is over.

use std::path::{Path, PathBuf};

/// A temporary folder.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it; the name must be the test's alone.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pipewright-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the system lets tests write temporary files");
        Self(path)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it, as text.
    pub fn at(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Writes a file into it; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.join(name), content).expect("a temporary file can be written");
        self.at(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
