//! What the program remembers about its user: theme, window, panels, recent files. A RON file in the configuration folder.

use crate::workspace::Workspace;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How many recent files are remembered.
const RECENT_KEPT: usize = 12;

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
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            motion: MotionChoice::System,
            window_size: [1440.0, 900.0],
            workspace: Workspace::default(),
            recent: Vec::new(),
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

    /// Puts a file at the head of the recent ones.
    pub fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|other| *other != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT_KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
