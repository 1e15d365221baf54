//! The small parts that panels and the canvas share. Each knows the theme and nothing of the document.

pub mod button;
pub mod empty;
pub mod field;
pub mod figure;
pub mod heading;
pub mod pane;
pub mod pill;
pub mod segmented;
pub mod sparkline;
pub mod state_mark;
pub mod tabs;

pub use button::{IconButton, icon_button_ui, icon_text_button_ui};
pub use empty::empty_ui;
pub use field::{search_ui, unit_field_ui};
pub use heading::{fact_ui, section_ui};
pub use pane::pane_ui;
pub use pill::{badge_ui, pill_ui};
pub use segmented::segmented_ui;
pub use sparkline::Sparkline;
pub use state_mark::StateMark;
pub use tabs::{Tab, tab_bar_ui};
