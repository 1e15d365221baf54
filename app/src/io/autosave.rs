//! Autosaves: written while a document has unsaved changes, offered for recovery when a session ended without closing it.

use super::folders::{Folders, write_atomic};
use pipewright_runtime::file;
use pipewright_runtime::graph::Graph;
use std::path::{Path, PathBuf};

/// The first line of an autosave names the document's own file.
const HEAD: &str = "// pipewright autosave of ";
/// Larger autosaves are not offered.
const LARGEST: u64 = 64 << 20;

/// An autosave that another session left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Where the autosave is.
    pub autosave: PathBuf,
    /// The document's own file, if it had one.
    pub path: Option<PathBuf>,
    /// The graph as text.
    pub text: String,
    /// When it was written.
    pub written: Option<std::time::SystemTime>,
}

fn place(folders: &Folders, document: u64) -> PathBuf {
    folders.autosaves().join(format!("{}-{document}.ron", std::process::id()))
}

/// Writes the autosave of a document.
pub fn write(folders: &Folders, document: u64, graph: &Graph, path: Option<&Path>) -> std::io::Result<()> {
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    let text = format!("{HEAD}{path}\n{}", file::write(graph));
    write_atomic(&place(folders, document), text.as_bytes())
}

/// Takes the autosave of a document away.
pub fn forget(folders: &Folders, document: u64) {
    // It is not there if nothing was ever autosaved.
    let _ = std::fs::remove_file(place(folders, document));
}

/// The autosaves of sessions that are no more, newest first.
pub fn left_behind(folders: &Folders) -> Vec<Recovered> {
    let Ok(entries) = std::fs::read_dir(folders.autosaves()) else { return Vec::new() };
    let mut found: Vec<Recovered> = entries.filter_map(Result::ok).filter_map(|entry| read(&entry.path())).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.written));
    found
}

fn read(autosave: &Path) -> Option<Recovered> {
    let name = autosave.file_name()?.to_str()?.strip_suffix(".ron")?;
    let process: u32 = name.split_once('-')?.0.parse().ok()?;
    if process == std::process::id() || alive(process) {
        return None;
    }
    let about = std::fs::metadata(autosave).ok()?;
    if about.len() > LARGEST {
        return None;
    }
    let text = std::fs::read_to_string(autosave).ok()?;
    let (head, text) = text.split_once('\n')?;
    let path = head.strip_prefix(HEAD)?;
    let path = (!path.is_empty()).then(|| PathBuf::from(path));
    Some(Recovered { autosave: autosave.to_owned(), path, text: text.to_owned(), written: about.modified().ok() })
}

/// Whether a process is there. Where the system does not tell (no /proc), nobody is: a running session's autosave may then be offered
/// to a second one, as a copy.
fn alive(process: u32) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).is_ok_and(|stat| !ended(&stat))
}

/// Whether a line of `/proc/PID/stat` tells of a process that has ended and was not yet asked about by its parent: state Z or X, behind the
/// name in parentheses (proc(5)).
fn ended(stat: &str) -> bool {
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_waits_for_its_parent_is_dead() {
        for (stat, dead) in [("7 (pipewright) Z 1 7", true), ("7 (a) Z b) S 1 7", false), ("7 (pipewright) R 1 7", false), ("", false)] {
            assert_eq!(ended(stat), dead, "{stat}");
        }
        assert!(alive(std::process::id()) || !cfg!(target_os = "linux"));
    }

    #[test]
    fn what_a_dead_session_left_is_found_and_what_a_living_one_has_is_not() {
        let folder = std::env::temp_dir().join(format!("pipewright-autosave-{}", std::process::id()));
        let folders = Folders::below(&folder);
        write(&folders, 3, &Graph::default(), Some(Path::new("/somewhere/a.ron"))).unwrap();
        assert!(left_behind(&folders).is_empty(), "our own");
        // Process ids end at 2^22 on Linux.
        let dead = folders.autosaves().join("99999999-3.ron");
        std::fs::rename(place(&folders, 3), &dead).unwrap();
        std::fs::write(folders.autosaves().join("99999998-1.ron"), "half a fi").unwrap();
        let found = left_behind(&folders);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.as_deref(), Some(Path::new("/somewhere/a.ron")));
        assert_eq!(found[0].text, file::write(&Graph::default()));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
