//! Where the program keeps what is its own: preferences and autosaves.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The program's own folders.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Preferences.
    pub config: PathBuf,
    /// Autosaves.
    pub state: PathBuf,
}

impl Folders {
    /// The folders that the system gives programs; below the temporary folder if it gives none.
    pub fn of_the_user() -> Self {
        directories::ProjectDirs::from("", "", "pipewright").map_or_else(
            || Self::below(&std::env::temp_dir().join("pipewright")),
            |dirs| Self {
                config: dirs.config_dir().to_owned(),
                state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
            },
        )
    }

    /// Folders below another, for tests and for pictures that must not depend on who takes them.
    pub fn below(folder: &Path) -> Self {
        Self { config: folder.join("config"), state: folder.join("state") }
    }

    /// The preferences' file.
    pub fn preferences(&self) -> PathBuf {
        self.config.join("preferences.ron")
    }

    /// The autosaves' folder.
    pub fn autosaves(&self) -> PathBuf {
        self.state.join("autosave")
    }
}

/// Writes a file so that it is either the old one or the new one, whole: temporary file beside it, fsync, rename.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
