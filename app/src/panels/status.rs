//! The status line: what is selected, problems, saved when, frame time.

use crate::state::{State, Waits};
use crate::theme::Theme;
use crate::widgets::figure;
use egui::{Label, RichText, Sense, Ui};
use pipewright_runtime::problem::Severity;
use std::fmt::Write as _;

/// Shows the line.
pub fn status_ui(ui: &mut Ui, theme: &Theme, state: &mut State, frame_seconds: f32) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 20.0;
        let small = |text: String| RichText::new(text).size(11.5).color(theme.dim);
        if let Some(open) = state.front() {
            let graph = open.document.graph();
            let of = |count: usize, one: &str| format!("{} {one}{}", figure::count(count as u64), if count == 1 { "" } else { "s" });
            let mut text = format!("{} · {}", of(graph.nodes().len(), "node"), of(graph.pipes().len(), "pipe"));
            if !open.selection.is_empty() {
                let _ = write!(text, " · {} selected", open.selection.len());
            }
            ui.label(small(text));
            let mut restart = false;
            if let Some(waits) = open.waits() {
                let (short, long) = told(waits);
                ui.label(RichText::new(short).size(11.5).color(theme.warning)).on_hover_text(long);
                let button = egui::Button::new(RichText::new("Restart").size(11.5)).min_size(egui::vec2(0.0, 20.0));
                let enabled = waits != Waits::Errors;
                let hint = "Ends the run at once and starts the drawing as it is now.  Ctrl R";
                restart = ui.add_enabled(enabled, button).on_hover_text(hint).clicked();
            }
            let mut asked = false;
            for (severity, mark, word, colour) in [
                (Severity::Error, "■", "error", theme.failed),
                (Severity::Warning, "▲", "warning", theme.warning),
                (Severity::Advice, "▲", "advice", theme.accent),
            ] {
                let count = open.document.count(severity);
                if count > 0 {
                    let plural = if count == 1 || severity == Severity::Advice { "" } else { "s" };
                    let text = RichText::new(format!("{mark} {count} {word}{plural}")).size(11.5).color(colour);
                    asked |= ui.add(Label::new(text).sense(Sense::click())).on_hover_text("Show the problems").clicked();
                }
            }
            let saved = match (open.document.read_only(), open.saving, open.document.dirty(), open.document.saved_at) {
                (true, ..) => "read only".to_owned(),
                (_, true, ..) => "saving …".to_owned(),
                (_, _, true, _) => "unsaved changes".to_owned(),
                (_, _, false, Some(at)) => saved_ago(at.elapsed().as_secs()),
                (_, _, false, None) => String::new(),
            };
            ui.label(small(saved));
            for (_, name) in [(asked, "view.problems"), (restart, "run.restart")].into_iter().filter(|(asked, _)| *asked) {
                state.outbox.command(name);
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(format!("{:.1} ms a frame", frame_seconds * 1e3)).size(11.5).color(theme.faint));
        });
    });
}

/// Why the run goes on otherwise than it is drawn: in short, and at length.
fn told(waits: Waits<'_>) -> (&'static str, String) {
    match waits {
        Waits::Errors => (
            "▲ the run goes on as it was",
            "The drawing has errors. As soon as they are gone, the change comes into force by itself; see the problems.".to_owned(),
        ),
        Waits::Refused(why) => ("▲ the last change is not in force", format!("{why}.")),
        Waits::NextStart => (
            "▲ part of it waits for the next start",
            "The seed and the start of calendar time are read as a run begins. Everything else is in force.".to_owned(),
        ),
    }
}

fn saved_ago(seconds: u64) -> String {
    match seconds {
        0..10 => "saved just now".to_owned(),
        10..60 => "saved less than a minute ago".to_owned(),
        60..3_600 => format!("saved {} min ago", seconds / 60),
        _ => format!("saved {} h ago", seconds / 3_600),
    }
}
