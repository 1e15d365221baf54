//! One line of the table of messages.

use crate::theme::{self, Theme};
use crate::widgets::figure;
use egui::{Align2, Color32, FontId, Rect, Response, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};
use pipewright_runtime::message::Message;
use pipewright_runtime::telemetry::snapshot::Tapped;

/// Columns: heading, width; the last takes the rest.
const COLUMNS: [(&str, f32); 7] =
    [("time", 92.0), ("id", 84.0), ("key", 112.0), ("size", 72.0), ("try", 32.0), ("headers", 150.0), ("payload", 0.0)];
/// How much of a payload a line shows.
const PREVIEW: usize = 160;
/// In a table narrower than this, headers give their room to the payload.
const NARROW: f32 = 560.0;

/// The columns that have something to show. One that did keeps its place, so that the table holds still.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Columns {
    key: bool,
    attempt: bool,
    headers: bool,
}

impl Columns {
    /// Takes note of what a message has.
    pub fn note(&mut self, message: &Message) {
        self.key |= message.key().is_some();
        self.attempt |= attempt(message) > 0;
        self.headers |= message.head().topic.is_some() || !message.head().headers.is_empty();
    }

    const fn shows(self, column: usize, width: f32) -> bool {
        match column {
            2 => self.key,
            4 => self.attempt,
            5 => self.headers && width >= NARROW,
            _ => true,
        }
    }
}

fn attempt(message: &Message) -> u32 {
    message.settlement.deliveries().iter().map(|delivery| delivery.attempt).max().unwrap_or(0)
}

/// The headings.
pub fn head_ui(ui: &mut Ui, theme: &Theme, columns: Columns) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    cells(ui, rect, columns, |at| (COLUMNS[at].0.to_owned(), theme.faint, theme::body(11.0)));
}

fn cells(ui: &Ui, rect: Rect, columns: Columns, cell: impl Fn(usize) -> (String, Color32, FontId)) {
    let mut left = rect.left() + 8.0;
    for (at, (_, width)) in COLUMNS.iter().enumerate().filter(|(at, _)| columns.shows(*at, rect.width())) {
        let right = if *width > 0.0 { left + width } else { rect.right() };
        if left >= rect.right() {
            return;
        }
        let (text, colour, font) = cell(at);
        let clip = Rect::from_min_max(pos2(left, rect.top()), pos2((right - 8.0).min(rect.right()), rect.bottom()));
        ui.painter().with_clip_rect(clip.intersect(ui.clip_rect())).text(clip.left_center(), Align2::LEFT_CENTER, text, font, colour);
        left = right;
    }
}

/// `04:12.377`, with hours where there are some.
pub fn time(seconds: f64) -> String {
    let millis = (seconds * 1e3) as u64;
    let (hours, minutes, rest) = (millis / 3_600_000, millis / 60_000 % 60, millis % 60_000);
    let text = format!("{minutes:02}:{:02}.{:03}", rest / 1_000, rest % 1_000);
    if hours > 0 { format!("{hours}:{text}") } else { text }
}

/// The end of an id: its beginning is only the time.
pub fn short_id(message: &Message) -> String {
    let text = message.id.to_string();
    text[text.len() - 8..].to_owned()
}

fn headers(message: &Message) -> String {
    let mut parts: Vec<String> = message.head().topic.iter().map(|topic| format!("topic {topic}")).collect();
    parts.extend(message.head().headers.iter().map(|(name, value)| format!("{name} {value}")));
    parts.join(", ")
}

fn preview(message: &Message) -> String {
    let bytes = message.payload.bytes();
    let text: String = String::from_utf8_lossy(&bytes[..bytes.len().min(PREVIEW * 4)]).chars().take(PREVIEW).collect();
    text.replace(['\n', '\r', '\t'], " ")
}

/// What a search looks through.
pub fn text(message: &Message) -> String {
    let payload = message.payload.bytes();
    format!("{} {} {} {}", message.id, message.key().unwrap_or_default(), headers(message), String::from_utf8_lossy(&payload))
}

/// Shows a line.
pub fn row_ui(ui: &mut Ui, theme: &Theme, one: &Tapped, columns: Columns, open: bool, size: Vec2) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let message = &one.message;
    response.widget_info(|| {
        let name = format!("Message {} at {}", short_id(message), time(one.at.seconds()));
        WidgetInfo::selected(egui::Role::ListBoxOption, true, open, name)
    });
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if open || response.hovered() {
        ui.painter().rect_filled(rect, 4.0, if open { theme.accent_ground } else { theme.hover });
    }
    let attempt = attempt(message);
    cells(ui, rect, columns, |at| {
        let mono = theme::mono(11.5);
        match at {
            0 => (time(one.at.seconds()), theme.text, mono),
            1 => (short_id(message), theme.dim, mono),
            2 => (message.key().unwrap_or_default().to_owned(), theme.text, mono),
            3 => (figure::bytes(message.payload.len() as u64), theme.dim, mono),
            4 if attempt > 0 => (attempt.to_string(), if attempt > 1 { theme.warning } else { theme.dim }, mono),
            4 => (String::new(), theme.dim, mono),
            5 => (headers(message), theme.dim, theme::body(11.5)),
            _ => (preview(message), theme.dim, mono),
        }
    });
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_width_of_their_neighbours() {
        assert_eq!(time(252.377), "04:12.377");
        assert_eq!(time(0.0), "00:00.000");
        assert_eq!(time(3_600.0 * 26.0 + 1.5), "26:00:01.500");
    }
}
