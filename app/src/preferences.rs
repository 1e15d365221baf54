//! What the program remembers about its user: theme, window, panels, recent files. A RON file in the configuration folder.

use crate::workspace::Workspace;
use pipewright_runtime::trust::Capability;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How many recent files are remembered.
const RECENT_KEPT: usize = 12;
/// For how many files it is remembered what they are allowed.
const FILES_WITH_GRANTS_KEPT: usize = 200;
/// How many things one file may always be allowed.
const GRANTS_KEPT: usize = 500;

/// Dark, light, or as the system has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// As the system has it.
    #[default]
    System,
}

/// How much may move by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MotionChoice {
    /// Nothing.
    Less,
    /// Everything.
    Full,
    /// As the system has it.
    #[default]
    System,
}

/// What live runs of one file are always allowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileGrants {
    /// The file.
    pub file: PathBuf,
    /// Each thing exactly, as written after `--allow`.
    pub allowed: Vec<String>,
}

/// What is remembered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Dark or light.
    pub theme: ThemeChoice,
    /// How much may move by itself.
    pub motion: MotionChoice,
    /// Width and height of the window in points.
    pub window_size: [f32; 2],
    /// Panels.
    pub workspace: Workspace,
    /// Files opened or saved, newest first.
    pub recent: Vec<PathBuf>,
    /// What live runs of files are always allowed, the file allowed last first.
    pub grants: Vec<FileGrants>,
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            motion: MotionChoice::System,
            window_size: [1440.0, 900.0],
            workspace: Workspace::default(),
            recent: Vec::new(),
            grants: Vec::new(),
        }
    }
}

impl Preferences {
    /// Reads them; what is missing or unreadable has its default, so that an old or damaged file never keeps the window shut.
    pub fn from_text(text: &str) -> Self {
        let mut read: Self = ron::from_str(text).unwrap_or_default();
        let [width, height] = read.window_size;
        if !(400.0..=16_000.0).contains(&width) || !(300.0..=16_000.0).contains(&height) {
            read.window_size = Self::default().window_size;
        }
        read
    }

    /// Writes them.
    pub fn to_text(&self) -> String {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default()).unwrap_or_default()
    }

    /// What live runs of this file are always allowed. What does not read is not granted.
    pub fn granted(&self, path: &Path) -> impl Iterator<Item = Capability> {
        self.of_file(path).into_iter().flat_map(|grants| &grants.allowed).filter_map(|text| text.parse().ok())
    }

    /// What was written down for this file.
    pub fn of_file(&self, path: &Path) -> Option<&FileGrants> {
        let path = absolute(path);
        self.grants.iter().find(|grants| grants.file == path)
    }

    /// Takes one thing back that this file was always allowed, as it is written.
    pub fn revoke(&mut self, path: &Path, text: &str) {
        let file = absolute(path);
        for grants in self.grants.iter_mut().filter(|grants| grants.file == file) {
            grants.allowed.retain(|allowed| allowed != text);
        }
        self.grants.retain(|grants| !grants.allowed.is_empty());
    }

    /// Takes everything back that this file was always allowed.
    pub fn revoke_all(&mut self, path: &Path) {
        let file = absolute(path);
        self.grants.retain(|grants| grants.file != file);
    }

    /// From now on live runs of this file are always allowed these things too.
    pub fn grant(&mut self, path: &Path, capabilities: impl IntoIterator<Item = Capability>) {
        let file = absolute(path);
        let at = self.grants.iter().position(|grants| grants.file == file);
        let mut grants = at.map_or_else(|| FileGrants { file, allowed: Vec::new() }, |at| self.grants.remove(at));
        for text in capabilities.into_iter().map(|capability| capability.to_string()) {
            if !grants.allowed.contains(&text) {
                grants.allowed.push(text);
            }
        }
        // What was allowed longest ago is asked for again.
        let surplus = grants.allowed.len().saturating_sub(GRANTS_KEPT);
        grants.allowed.drain(..surplus);
        self.grants.insert(0, grants);
        self.grants.truncate(FILES_WITH_GRANTS_KEPT);
    }

    /// Puts a file at the head of the recent ones.
    pub fn remember(&mut self, path: &Path) {
        let path = absolute(path);
        self.recent.retain(|other| *other != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT_KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_for_one_file_and_one_exact_thing() {
        let thing = |text: &str| text.parse::<Capability>().unwrap();
        let mut preferences = Preferences::default();
        preferences.grant(Path::new("/tmp/a.ron"), [thing("program:jq .a"), thing("listen:127.0.0.1:80")]);
        preferences.grant(Path::new("/tmp/a.ron"), [thing("program:jq .a")]);
        let read = Preferences::from_text(&preferences.to_text());
        assert_eq!(read.granted(Path::new("/tmp/a.ron")).collect::<Vec<_>>(), [thing("program:jq .a"), thing("listen:127.0.0.1:80")]);
        assert_eq!(read.granted(Path::new("/tmp/b.ron")).count(), 0);
        preferences.grant(Path::new("/tmp/b.ron"), [thing("env:A"), thing("env:B")]);
        preferences.revoke(Path::new("/tmp/b.ron"), "env:A");
        assert_eq!(preferences.granted(Path::new("/tmp/b.ron")).collect::<Vec<_>>(), [thing("env:B")]);
        preferences.revoke(Path::new("/tmp/b.ron"), "env:B");
        assert_eq!(preferences.grants.len(), 1, "a file that is allowed nothing is forgotten");
        preferences.grant(Path::new("/tmp/b.ron"), [thing("env:A")]);
        preferences.revoke_all(Path::new("/tmp/b.ron"));
        assert_eq!((preferences.grants.len(), preferences.granted(Path::new("/tmp/a.ron")).count()), (1, 2));
        for number in 0..FILES_WITH_GRANTS_KEPT {
            preferences.grant(Path::new(&format!("/tmp/{number}.ron")), [thing("env:A")]);
        }
        assert_eq!((preferences.grants.len(), preferences.granted(Path::new("/tmp/a.ron")).count()), (FILES_WITH_GRANTS_KEPT, 0));
        preferences.grants[0].allowed.push("nonsense".into());
        let newest = preferences.grants[0].file.clone();
        assert_eq!(preferences.granted(&newest).count(), 1);
    }

    #[test]
    fn preferences_round_trip_and_survive_garbage() {
        let mut preferences = Preferences { theme: ThemeChoice::Light, ..Preferences::default() };
        for number in 0..20 {
            preferences.remember(Path::new(&format!("/tmp/{number}.ron")));
        }
        preferences.remember(Path::new("/tmp/15.ron"));
        assert_eq!(preferences.recent.len(), RECENT_KEPT);
        assert_eq!(preferences.recent[0], Path::new("/tmp/15.ron"));
        assert_eq!(Preferences::from_text(&preferences.to_text()), preferences);
        assert_eq!(Preferences::from_text("(theme: purple"), Preferences::default());
        assert_eq!(Preferences::from_text("(window_size: (1.0, inf))").window_size, Preferences::default().window_size);
        assert_eq!(Preferences::from_text("(theme: dark, of_a_later_program: 5)").theme, ThemeChoice::Dark);
    }
}
