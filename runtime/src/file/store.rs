//! Files on disk: loading within limits, saving so that a crash leaves the old or the new file whole.

use super::read::{MOST_BYTES, Read, read, read_bytes};
use super::write::write;
use crate::graph::Graph;
use crate::id::hash_text;
use crate::node::Catalogue;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Tells versions of a file's content apart: another program (or a second window) that changed the file has changed this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    length: u64,
    hash: u64,
}

impl Fingerprint {
    /// The fingerprint of a content.
    pub fn of(bytes: &[u8]) -> Self {
        // Bytes that are no text differ from every text by their length or, in all likelihood, by what is replaced.
        Self { length: bytes.len() as u64, hash: hash_text(&String::from_utf8_lossy(bytes)) }
    }

    /// The fingerprint of the file as it is now; `None` if it is not there.
    pub fn of_file(path: &Path) -> io::Result<Option<Self>> {
        match bounded(path) {
            Ok(bytes) => Ok(Some(Self::of(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Why a file could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {error}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub error: io::Error,
}

/// A loaded file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What reading gave.
    pub read: Read,
    /// The text, for showing problems in it; empty if it is no text.
    pub text: String,
    /// The content's fingerprint.
    pub fingerprint: Fingerprint,
}

/// Loads a graph file and the files that its composites use. Only the system's refusal is an error; what is wrong with the content stands in [`Read::problems`].
pub fn load(path: &Path, catalogue: Catalogue) -> Result<Loaded, LoadError> {
    let bytes = bounded(path).map_err(|error| LoadError { path: path.to_owned(), error })?;
    let fingerprint = Fingerprint::of(&bytes);
    let mut loaded = match String::from_utf8(bytes) {
        Ok(text) => Loaded { read: read(&text, catalogue), text, fingerprint },
        Err(error) => Loaded { read: read_bytes(error.as_bytes(), catalogue), text: String::new(), fingerprint },
    };
    loaded.read.use_files(path.parent().unwrap_or(Path::new("")), catalogue);
    Ok(loaded)
}

/// The content, up to one byte more than is allowed: enough to be refused.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file could not be saved. The file as it was is untouched.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The new content could not be written beside the file: no right, no space, no folder.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file being written.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The new content could not be put in the file's place.
    #[error("cannot replace {}: {error}", path.display())]
    Replace {
        /// The file to be replaced.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// Saves a graph; see [`save_text`].
pub fn save(path: &Path, graph: &Graph) -> Result<Fingerprint, SaveError> {
    save_text(path, &write(graph))
}

/// Saves a text: written beside the file, forced to disk, then put in its place in one step. The version before stays as `NAME~`.
pub fn save_text(path: &Path, text: &str) -> Result<Fingerprint, SaveError> {
    // A link is followed: the file it names is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&target, &format!(".{}.new", std::process::id()));
    let written = write_through(&beside, &target, text.as_bytes());
    if let Err(error) = written {
        drop(fs::remove_file(&beside));
        return Err(SaveError::Write { path: target, error });
    }
    if let Err(error) = keep_backup(&target).and_then(|()| fs::rename(&beside, &target)) {
        drop(fs::remove_file(&beside));
        return Err(SaveError::Replace { path: target, error });
    }
    // The rename itself reaches the disk with the folder. Some systems cannot force folders; the rename has happened all the same.
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
    }
    Ok(Fingerprint::of(text.as_bytes()))
}

/// Where the version before the last save is kept.
pub fn backup_path(path: &Path) -> PathBuf {
    beside(path, "~")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn write_through(path: &Path, like: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    if let Ok(old) = fs::metadata(like) {
        if old.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is write-protected"));
        }
        fs::set_permissions(path, old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Keeps the version that is about to be replaced, if there is one. The backup is replaced in one step too.
fn keep_backup(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let fresh = beside(path, &format!(".{}.old", std::process::id()));
    drop(fs::remove_file(&fresh));
    // A second name for the same content costs nothing; where links are not to be had, a copy does.
    if fs::hard_link(path, &fresh).is_err() {
        fs::copy(path, &fresh)?;
    }
    fs::rename(&fresh, backup_path(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::graph;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pipewright-store-{name}-{}", std::process::id()));
            drop(fs::remove_dir_all(&path));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
        fn names(&self) -> Vec<String> {
            let mut names: Vec<String> =
                fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    const EMPTY: Catalogue = Catalogue(&[]);

    #[test]
    fn a_saved_graph_loads_and_the_last_version_stays() {
        let folder = Folder::new("save");
        let path = folder.0.join("g.ron");
        let mut graph = graph();
        let first = save(&path, &graph).unwrap();
        assert_eq!(folder.names(), ["g.ron"]);
        graph.apply(crate::graph::Edit::SetGraphTitle("Second".into())).unwrap();
        let second = save(&path, &graph).unwrap();
        assert_ne!(first, second);
        assert_eq!(folder.names(), ["g.ron", "g.ron~"], "nothing else is left behind");
        let loaded = load(&path, EMPTY).unwrap();
        assert_eq!((loaded.read.graph, loaded.fingerprint), (graph, second));
        assert_eq!(Fingerprint::of_file(&backup_path(&path)).unwrap(), Some(first));
    }

    #[test]
    fn a_change_by_another_program_shows() {
        let folder = Folder::new("change");
        let path = folder.0.join("g.ron");
        assert_eq!(Fingerprint::of_file(&path).unwrap(), None);
        let ours = save(&path, &graph()).unwrap();
        assert_eq!(Fingerprint::of_file(&path).unwrap(), Some(ours));
        fs::write(&path, "(format: 1)").unwrap();
        assert_ne!(Fingerprint::of_file(&path).unwrap(), Some(ours));
    }

    #[test]
    fn what_cannot_be_saved_or_loaded_says_so_and_changes_nothing() {
        let folder = Folder::new("refuse");
        let missing = folder.0.join("no/such/folder/g.ron");
        assert!(matches!(save(&missing, &graph()), Err(SaveError::Write { .. })));
        assert!(matches!(save(&folder.0, &graph()), Err(SaveError::Replace { .. } | SaveError::Write { .. })));
        assert!(load(&missing, EMPTY).is_err() && load(&folder.0, EMPTY).is_err());
        let path = folder.0.join("g.ron");
        fs::write(&path, "old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(matches!(save(&path, &graph()), Err(SaveError::Write { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(folder.names(), ["g.ron"]);
        let bytes = folder.0.join("bytes.ron");
        fs::write(&bytes, [b'(', 0xff, 0xfe]).unwrap();
        let loaded = load(&bytes, EMPTY).unwrap();
        assert!(loaded.read.read_only && loaded.read.problems[0].code == "PW101");
    }
}
