//! Text that is edited in a draft and committed as a whole: by Enter, by leaving the field, never half typed.

use crate::theme::{self, Theme};
use crate::widgets::field::unit_field_ui;
use egui::{FontId, Id, Key, Margin, Response, RichText, TextEdit, Ui};

/// Checks a draft: the error in words, if there is one.
pub type Check<'a> = &'a dyn Fn(&str) -> Option<String>;

/// One line. The text to commit, if there is one.
#[expect(clippy::too_many_arguments, reason = "a field has that many sides, and each caller knows them all")]
pub fn line_ui(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    id: Id,
    current: &str,
    unit: &str,
    error: Option<&str>,
    check: Check<'_>,
) -> Option<String> {
    draft(ui, id, current, check, error, |ui, text, error| unit_field_ui(ui, theme, name, text, unit, error))
}

/// Several lines, in the monospaced face. Committed by leaving the field or by Ctrl Enter.
pub fn lines_ui(ui: &mut Ui, theme: &Theme, name: &str, id: Id, current: &str, error: Option<&str>, check: Check<'_>) -> Option<String> {
    draft(ui, id, current, check, error, |ui, text, error| {
        let rows = text.lines().count().clamp(2, 12);
        let response = ui
            .add(
                TextEdit::multiline(text)
                    .font(FontId::monospace(12.0))
                    .desired_rows(rows)
                    .desired_width(f32::INFINITY)
                    .margin(Margin::symmetric(8, 5))
                    .text_color(theme.text),
            )
            .accessible_name(name);
        if let Some(error) = error {
            ui.painter().rect_stroke(response.rect, 6.0, egui::Stroke::new(1.0, theme.failed), egui::StrokeKind::Inside);
            ui.add(egui::Label::new(RichText::new(error).size(11.0).color(theme.failed)).wrap());
        }
        response
    })
}

/// A title, edited where it stands.
pub fn title_ui(ui: &mut Ui, theme: &Theme, name: &str, id: Id, current: &str, hint: &str) -> Option<String> {
    draft(ui, id, current, &|_| None, None, |ui, text, _| {
        let edit = TextEdit::singleline(text)
            .font(theme::strong(15.0))
            .hint_text(RichText::new(hint).font(theme::strong(15.0)).color(theme.dim))
            .frame(egui::Frame::new())
            .margin(Margin::symmetric(2, 4))
            .desired_width(ui.available_width());
        let response = ui.add(edit).accessible_name(name);
        if response.hovered() || response.has_focus() {
            ui.painter().hline(response.rect.x_range(), response.rect.bottom(), egui::Stroke::new(1.0, theme.line));
        }
        response
    })
}

fn draft(
    ui: &mut Ui,
    id: Id,
    current: &str,
    check: Check<'_>,
    error: Option<&str>,
    show: impl FnOnce(&mut Ui, &mut String, Option<&str>) -> Response,
) -> Option<String> {
    let drafted: Option<String> = ui.data(|data| data.get_temp(id));
    let mut text = drafted.clone().unwrap_or_else(|| current.to_owned());
    // While something is typed, its own error counts; the document's is about what stood there before.
    let live = if drafted.is_some() { check(&text) } else { error.map(str::to_owned) };
    let response = ui.push_id(id, |ui| show(ui, &mut text, live.as_deref())).inner;
    let given_up = ui.input(|input| input.key_pressed(Key::Escape));
    let sure = response.has_focus() && ui.input(|input| input.modifiers.command && input.key_pressed(Key::Enter));
    // A click elsewhere may take this field off the screen before it hears that it lost the keyboard.
    let leaving = response.lost_focus() || (response.has_focus() && response.clicked_elsewhere()) || sure;
    if leaving {
        ui.data_mut(|data| data.remove_temp::<String>(id));
        return (text != current && !given_up).then_some(text);
    }
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
    }
    None
}
