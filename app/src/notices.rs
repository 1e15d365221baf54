//! Short messages at the lower right that go away by themselves.

use crate::state::Notice;
use crate::theme::Theme;
use crate::widgets::state_mark::StateMark;
use egui::{Align2, Area, Context, Frame, Id, Label, Margin, Order, Shadow, Stroke, vec2};

/// How long good news and bad news stay, in seconds.
const GOOD_STAYS: f64 = 3.5;
const BAD_STAYS: f64 = 9.0;
/// How many are shown at once.
const MOST_SHOWN: usize = 4;

/// The messages on screen, newest last.
#[derive(Default)]
pub struct Notices {
    shown: Vec<(Notice, f64)>,
}

impl Notices {
    /// Shows a message from now on. The same message again starts its time anew.
    pub fn push(&mut self, notice: Notice, now: f64) {
        self.shown.retain(|(other, _)| *other != notice);
        let stays = if matches!(notice, Notice::Done(_)) { GOOD_STAYS } else { BAD_STAYS };
        self.shown.push((notice, now + stays));
        let over = self.shown.len().saturating_sub(MOST_SHOWN);
        self.shown.drain(..over);
    }

    /// Takes away what is no longer true: that a document was not started, once it is.
    pub fn forget_refusals(&mut self, started: impl Fn(u64) -> bool) {
        self.shown.retain(|(notice, _)| !matches!(notice, Notice::NotStarted(document, _) if started(*document)));
    }

    /// Paints them; a click takes one away.
    pub fn ui(&mut self, context: &Context, theme: &Theme) {
        let now = context.input(|input| input.time);
        self.shown.retain(|(_, until)| *until > now);
        let Some(next) = self.shown.iter().map(|(_, until)| *until).min_by(f64::total_cmp) else { return };
        context.request_repaint_after_secs((next - now) as f32);
        let mut gone = None;
        let area = Area::new(Id::unique("notices")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -40.0));
        area.show(context, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            for (at, (notice, _)) in self.shown.iter().enumerate() {
                if notice_ui(ui, theme, notice).clicked() {
                    gone = Some(at);
                }
            }
        });
        if let Some(at) = gone {
            self.shown.remove(at);
        }
    }
}

fn notice_ui(ui: &mut egui::Ui, theme: &Theme, notice: &Notice) -> egui::Response {
    let (text, mark, edge) = match notice {
        Notice::Done(text) => (text, StateMark::Good, theme.line),
        Notice::Failed(text) | Notice::NotStarted(_, text) => (text, StateMark::Failed, theme.failed),
    };
    let frame = Frame::new()
        .fill(theme.raised)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(8)
        .inner_margin(Margin::symmetric(12, 9))
        .shadow(Shadow { offset: [0, 4], blur: 16, spread: 0, color: egui::Color32::from_black_alpha(70) });
    let shown = frame.show(ui, |ui| {
        ui.horizontal_top(|ui| {
            ui.add_space(2.0);
            mark.ui(ui, theme);
            ui.add_space(2.0);
            let galley = ui.painter().layout(text.clone(), crate::theme::body(12.5), theme.text, 360.0);
            ui.add(Label::new(galley).selectable(false));
        });
    });
    shown.response.interact(egui::Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_document_was_not_started_goes_when_it_starts() {
        let mut notices = Notices::default();
        let told = [Notice::NotStarted(1, "a".into()), Notice::Failed("b".into()), Notice::NotStarted(2, "c".into())];
        told.iter().for_each(|notice| notices.push(notice.clone(), 0.0));
        notices.forget_refusals(|document| document == 1);
        let left: Vec<&Notice> = notices.shown.iter().map(|(notice, _)| notice).collect();
        assert_eq!(left, [&told[1], &told[2]]);
    }

    #[test]
    fn few_are_shown_and_none_twice() {
        let mut notices = Notices::default();
        for number in 0..10 {
            notices.push(Notice::Done(format!("{number}")), 0.0);
            notices.push(Notice::Done("again".into()), 1.0);
        }
        assert_eq!(notices.shown.len(), MOST_SHOWN);
        assert_eq!(notices.shown.iter().filter(|(notice, _)| *notice == Notice::Done("again".into())).count(), 1);
    }
}
