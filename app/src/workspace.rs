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

/// Below this width of the window, the panels at the sides give room to the canvas.
const NARROW: f32 = 1_280.0;

/// How wide the panels at the sides may be.
#[derive(Clone, PartialEq, Debug)]
pub struct Sides {
    /// Whether the window is too narrow for the widths that are remembered.
    pub narrow: bool,
    /// Width of the palette to begin with, and its limits.
    pub palette: (f32, std::ops::RangeInclusive<f32>),
    /// Width of the inspector to begin with, and its limits.
    pub inspector: (f32, std::ops::RangeInclusive<f32>),
}

impl Workspace {
    /// The widths of the panels at the sides in a window of this width: as remembered, unless little would be left between them.
    pub fn sides(&self, window: f32) -> Sides {
        if window >= NARROW {
            let (palette, inspector) = (180.0..=420.0, 260.0..=560.0);
            return Sides { narrow: false, palette: (self.palette_width, palette), inspector: (self.inspector_width, inspector) };
        }
        let (palette, inspector) = ((window * 0.16).clamp(148.0, 200.0), (window * 0.25).clamp(236.0, 320.0));
        Sides { narrow: true, palette: (palette, 148.0..=palette + 60.0), inspector: (inspector, 220.0..=inspector + 60.0) }
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            palette_open: true,
            inspector_open: true,
            dock_open: true,
            dock_tab: DockTab::Messages,
            inspector_tab: InspectorTab::Settings,
            palette_width: 284.0,
            inspector_width: 328.0,
            dock_height: 260.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_window_leaves_half_of_itself_to_the_canvas() {
        let workspace = Workspace { palette_width: 400.0, inspector_width: 500.0, ..Workspace::default() };
        for window in [900.0, 1_000.0, 1_100.0, 1_279.0_f32] {
            let sides = workspace.sides(window);
            assert!(sides.narrow && sides.palette.0 + sides.inspector.0 <= window * 0.5, "{window}: {sides:?}");
            assert!(sides.palette.1.contains(&sides.palette.0) && sides.inspector.1.contains(&sides.inspector.0));
        }
        let wide = workspace.sides(1_600.0);
        assert_eq!((wide.narrow, wide.palette.0, wide.inspector.0), (false, 400.0, 500.0), "what is remembered holds again");
    }
}
