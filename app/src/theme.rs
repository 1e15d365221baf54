//! How the program looks: colours read from the theme files, fonts, text styles, icons.

pub mod fonts;
pub mod icon;
pub mod logo;
mod style;

pub use fonts::{body, medium, mono, mono_strong, strong};
pub use icon::Icon;

use egui::Color32;
use pipewright_runtime::node::Family;
use serde::Deserialize;
use std::sync::LazyLock;

/// Declares the colours once: the fields of [`Theme`], how they are read, and the list that the tests walk.
macro_rules! colours {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The colours of one theme. Cheap to pass: both themes live as long as the program.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Theme {
            /// Light words on dark ground.
            pub dark: bool,
            $($(#[$doc])* #[serde(deserialize_with = "hex")] pub $name: Color32,)*
        }

        impl Theme {
            /// Every colour by its name in the file.
            pub fn colours(&self) -> Vec<(&'static str, Color32)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

colours! {
    /// Behind the nodes.
    canvas,
    /// The dots of the canvas's grid.
    grid_dot,
    /// Bars and panels.
    panel,
    /// Buttons, cards and nodes.
    raised,
    /// A raised thing under the pointer.
    hover,
    /// Around panels and nodes.
    border,
    /// Lines inside panels, and around raised things under the pointer.
    line,
    /// Words and figures.
    text,
    /// Words that matter less.
    dim,
    /// Labels that need not be read; contrast 3 to 1.
    faint,
    /// What is chosen, and what is offered first.
    accent,
    /// Behind what is chosen.
    accent_ground,
    /// All is well.
    good,
    /// Something wants a look.
    warning,
    /// Something is broken.
    failed,
    /// A pipe.
    pipe,
    /// What moves along a pipe.
    pipe_mark,
    /// The publish family.
    publish,
    /// The topic family.
    topic,
    /// The queue family.
    queue,
    /// The filter family.
    filter,
    /// The claim check family.
    claim,
    /// The bridge family.
    bridge,
    /// The choreography family.
    choreography,
    /// The supervision family.
    supervision,
    /// The sink family.
    sink,
}

static DARK: LazyLock<Theme> = LazyLock::new(|| read(include_str!("../../assets/themes/dark.ron")));
static LIGHT: LazyLock<Theme> = LazyLock::new(|| read(include_str!("../../assets/themes/light.ron")));

fn read(text: &str) -> Theme {
    ron::from_str(text).expect("the theme files are part of the program and were read by its tests")
}

fn hex<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(from)?;
    Color32::from_hex(&text).map_err(|_| serde::de::Error::custom(format!("expected a colour such as \"#15181e\", found \"{text}\"")))
}

impl Theme {
    /// The dark theme.
    pub fn dark() -> &'static Self {
        &DARK
    }

    /// The light theme.
    pub fn light() -> &'static Self {
        &LIGHT
    }

    /// The theme in force.
    pub fn of(context: &egui::Context) -> &'static Self {
        match context.theme() {
            egui::Theme::Dark => Self::dark(),
            egui::Theme::Light => Self::light(),
        }
    }

    /// A family's colour.
    pub const fn family(&self, family: Family) -> Color32 {
        match family {
            Family::Publish => self.publish,
            Family::Topic => self.topic,
            Family::Queue => self.queue,
            Family::Filter => self.filter,
            Family::Claim => self.claim,
            Family::Bridge => self.bridge,
            Family::Choreography => self.choreography,
            Family::Supervision => self.supervision,
            Family::Sink => self.sink,
        }
    }

    /// The colour of a fill level from 0 to 1: good below 60 %, a warning up to 85 %, failed above.
    pub fn fill(&self, share: f32) -> Color32 {
        if share < 0.6 {
            self.good
        } else if share <= 0.85 {
            self.warning
        } else {
            self.failed
        }
    }
}

/// Gives the program its fonts and both its styles. Once, at the start.
pub fn install(context: &egui::Context) {
    context.set_fonts(fonts::definitions());
    context.set_style_of(egui::Theme::Dark, style::style(Theme::dark()));
    context.set_style_of(egui::Theme::Light, style::style(Theme::light()));
}

/// `from` with a share of `to` mixed in, both opaque.
pub fn blend(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1, relative luminance.
    fn luminance(colour: Color32) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    /// WCAG 2.1, contrast ratio.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn colour(theme: &Theme, name: &str) -> Color32 {
        theme.colours().iter().find(|(known, _)| *known == name).expect("a colour of the theme").1
    }

    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for theme in [Theme::dark(), Theme::light()] {
            for ground in ["canvas", "panel", "raised", "hover", "accent_ground"] {
                for (words, least) in
                    [("text", 4.5), ("dim", 4.5), ("accent", 4.5), ("good", 4.5), ("warning", 4.5), ("failed", 4.5), ("faint", 3.0)]
                {
                    // Faint words and the accent are not set on hovered or chosen things.
                    if words == "faint" && matches!(ground, "hover" | "accent_ground") {
                        continue;
                    }
                    let ratio = contrast(colour(theme, words), colour(theme, ground));
                    assert!(ratio >= least, "{words} on {ground} (dark: {}): {ratio:.2}, at least {least}", theme.dark);
                }
            }
        }
    }

    #[test]
    fn families_and_states_can_be_told_apart() {
        for theme in [Theme::dark(), Theme::light()] {
            let states = [theme.good, theme.warning, theme.failed];
            for (at, family) in Family::ALL.iter().enumerate() {
                let own = theme.family(*family);
                assert!(contrast(own, theme.raised) >= 3.0 && contrast(own, theme.canvas) >= 3.0, "{family:?}");
                assert!(!states.contains(&own), "{family:?} shares a colour with a state");
                for other in &Family::ALL[at + 1..] {
                    assert_ne!(own, theme.family(*other));
                }
            }
        }
    }

    #[test]
    fn the_two_themes_differ_in_every_colour() {
        for ((name, dark), (_, light)) in Theme::dark().colours().into_iter().zip(Theme::light().colours()) {
            assert_ne!(dark, light, "{name}");
        }
    }
}
