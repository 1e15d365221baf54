//! How the window is laid out: which panels are open, which tab is in front. Remembered between sessions.

use serde::{Deserialize, Serialize};

/// The tabs of the dock at the bottom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DockTab {
    /// Messages of a pipe.
    #[default]
    Messages,
    /// Figures over time.
    Metrics,
    /// Messages that were given up.
    DeadLetters,
    /// What is wrong with the graph.
    Problems,
    /// What the run wrote down.
    Journal,
}

impl DockTab {
    /// All tabs, in their order on screen.
    pub const ALL: [Self; 5] = [Self::Messages, Self::Metrics, Self::DeadLetters, Self::Problems, Self::Journal];

    /// The words on the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Metrics => "Metrics",
            Self::DeadLetters => "Dead letters",
            Self::Problems => "Problems",
            Self::Journal => "Journal",
        }
    }
}

/// The tabs of the inspector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectorTab {
    /// What can be set.
    #[default]
    Settings,
    /// Figures of the run.
    Live,
    /// The kind's guide page.
    Guide,
}

impl InspectorTab {
    /// All tabs, in their order on screen.
    pub const ALL: [Self; 3] = [Self::Settings, Self::Live, Self::Guide];

    /// The words on the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Live => "Live",
            Self::Guide => "Guide",
        }
    }
}

/// How the window is laid out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// The list of node kinds at the left.
    pub palette_open: bool,
    /// The inspector at the right.
    pub inspector_open: bool,
    /// The dock at the bottom.
    pub dock_open: bool,
    /// The tab in front in the dock.
    pub dock_tab: DockTab,
    /// The tab in front in the inspector.
    pub inspector_tab: InspectorTab,
    /// Width of the palette.
    pub palette_width: f32,
    /// Width of the inspector.
    pub inspector_width: f32,
    /// Height of the dock.
    pub dock_height: f32,
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            palette_open: true,
            inspector_open: true,
            dock_open: true,
            dock_tab: DockTab::Messages,
            inspector_tab: InspectorTab::Settings,
            palette_width: 248.0,
            inspector_width: 328.0,
            dock_height: 260.0,
        }
    }
}
