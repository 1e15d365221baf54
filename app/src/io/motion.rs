//! Whether things may move by themselves: as the user has it, or as the desktop asks.

use crate::preferences::MotionChoice;
use egui::Context;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// How long things take to change while motion is welcome, in seconds.
pub const ANIMATION: f32 = 0.12;

/// What the desktop asks for, and what is in force.
pub struct Motion {
    asked: Option<Receiver<bool>>,
    system_asks_for_less: bool,
    applied: Option<bool>,
}

impl Motion {
    /// Asks the desktop, on a thread of its own; `wake` paints a frame once it has answered.
    pub fn of_the_system(wake: impl FnOnce() + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let ask = move || {
            // The window may be gone before the answer is there.
            let _ = sender.send(system_asks_for_less());
            wake();
        };
        let asked = std::thread::Builder::new().name("motion".to_owned()).spawn(ask).ok().map(|_| receiver);
        Self { asked, ..Self::usual() }
    }

    /// As if the desktop asked for nothing.
    pub const fn usual() -> Self {
        Self { asked: None, system_asks_for_less: false, applied: None }
    }

    /// Called once a frame: puts into force what was chosen.
    pub fn apply(&mut self, context: &Context, choice: MotionChoice) {
        if let Some(less) = self.asked.as_ref().and_then(|asked| asked.try_recv().ok()) {
            self.system_asks_for_less = less;
            self.asked = None;
        }
        let less = match choice {
            MotionChoice::Less => true,
            MotionChoice::Full => false,
            MotionChoice::System => self.system_asks_for_less,
        };
        if self.applied != Some(less) {
            self.applied = Some(less);
            context.all_styles_mut(|style| {
                style.animation_time = if less { 0.0 } else { ANIMATION };
                style.scroll_animation = if less { egui::style::ScrollAnimation::none() } else { egui::style::ScrollAnimation::default() };
            });
        }
    }
}

/// Asks GNOME, GTK and KDE, each in its own words. Other desktops and systems are not asked.
fn system_asks_for_less() -> bool {
    let file = |name: &str| {
        let dirs = directories::BaseDirs::new()?;
        std::fs::read_to_string(dirs.config_dir().join(Path::new(name))).ok()
    };
    let gtk = ["gtk-4.0/settings.ini", "gtk-3.0/settings.ini"].into_iter().filter_map(file).any(|text| gtk_asks_for_less(&text));
    gtk || file("kdeglobals").is_some_and(|text| kde_asks_for_less(&text)) || gnome_asks_for_less()
}

/// GTK: `gtk-enable-animations` (`GtkSettings`).
fn gtk_asks_for_less(text: &str) -> bool {
    value(text, "gtk-enable-animations").is_some_and(|value| matches!(value, "0" | "false"))
}

/// KDE: `AnimationDurationFactor`, 0 for none (kdeglobals, group KDE).
fn kde_asks_for_less(text: &str) -> bool {
    value(text, "AnimationDurationFactor").and_then(|value| value.parse::<f64>().ok()) == Some(0.0)
}

/// GNOME: `enable-animations` (org.gnome.desktop.interface), read by the desktop's own tool.
fn gnome_asks_for_less() -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let asked = Command::new("gsettings")
        .args(["get", "org.gnome.desktop.interface", "enable-animations"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|answer| answer.status.success() && answer.stdout.trim_ascii() == b"false")
}

/// The value of a key in an INI file.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desktops_ask_in_their_own_words() {
        for (text, gtk, kde) in [
            ("[Settings]\ngtk-enable-animations = 0\n", true, false),
            ("[Settings]\ngtk-enable-animations=false", true, false),
            ("[Settings]\ngtk-enable-animations=1", false, false),
            ("[KDE]\nAnimationDurationFactor=0\n", false, true),
            ("[KDE]\nAnimationDurationFactor=0.5\n", false, false),
            ("[KDE]\nAnimationDurationFactor=soon\n", false, false),
            ("", false, false),
        ] {
            assert_eq!((gtk_asks_for_less(text), kde_asks_for_less(text)), (gtk, kde), "{text}");
        }
    }

    #[test]
    fn the_choice_comes_before_the_system() {
        let context = Context::default();
        for (choice, asks, time) in [
            (MotionChoice::Less, false, 0.0),
            (MotionChoice::Full, true, ANIMATION),
            (MotionChoice::System, true, 0.0),
            (MotionChoice::System, false, ANIMATION),
        ] {
            let (sender, receiver) = channel();
            sender.send(asks).unwrap();
            let mut motion = Motion { asked: Some(receiver), ..Motion::usual() };
            motion.apply(&context, choice);
            for theme in [egui::Theme::Dark, egui::Theme::Light] {
                assert!((context.style_of(theme).animation_time - time).abs() < 1e-6, "{choice:?} {asks}");
            }
        }
    }
}
