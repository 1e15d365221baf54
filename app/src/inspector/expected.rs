//! What the graph expects of a run, and what became of it.

use crate::state::Open;
use crate::theme::{self, Theme};
use crate::widgets::heading::section_ui;
use crate::widgets::state_mark::StateMark;
use egui::{Label, RichText, Ui, WidgetInfo, vec2};
use pipewright_runtime::telemetry::report::Verdict;

/// Lists the expectations, each with its verdict once a run is over; nothing, if there are none.
pub fn expected_ui(ui: &mut Ui, theme: &Theme, open: &Open) {
    let expectations = open.document.graph().expectations();
    if expectations.is_empty() {
        return;
    }
    section_ui(ui, theme, "Expected");
    let verdicts = open.session.as_ref().and_then(|session| session.verdicts());
    if verdicts.is_none() {
        let words = if open.running() { "Judged when the run ends." } else { "Judged at the end of a run." };
        ui.label(RichText::new(words).size(11.5).color(theme.faint));
    }
    for name in expectations.keys() {
        let verdict = verdicts.and_then(|verdicts| verdicts.get(name));
        let (mark, word, colour) = match verdict.map(|report| report.verdict) {
            Some(Verdict::Met) => (StateMark::Good, "met", theme.dim),
            Some(Verdict::Broken) => (StateMark::Failed, "broken", theme.failed),
            Some(Verdict::NotJudged) => (StateMark::Paused, "not judged", theme.dim),
            None => (StateMark::Idle, "not judged yet", theme.dim),
        };
        ui.horizontal_top(|ui| {
            let (rect, response) = ui.allocate_exact_size(vec2(12.0, 18.0), egui::Sense::hover());
            mark.paint(ui.painter(), rect.center(), 9.0, theme);
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {word}")));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.add(Label::new(RichText::new(name).size(12.5).color(theme.text)).wrap());
                if let Some(report) = verdict {
                    ui.add(Label::new(RichText::new(&report.found).font(theme::body(11.5)).color(colour)).wrap());
                }
            });
        });
    }
}
