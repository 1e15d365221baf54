//! One message opened: its payload as a tree, as text or as bytes, its headers, its way.

use super::row::{short_id, time};
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::IconButton;
use crate::widgets::figure;
use crate::widgets::heading::fact_ui;
use crate::widgets::tabs::{Tab, tab_bar_ui};
use egui::{CollapsingHeader, Label, RichText, ScrollArea, Ui};
use pipewright_runtime::message::{Message, Value};
use pipewright_runtime::units::Moment;
use std::fmt::Write as _;

/// How much text and how many bytes are shown.
const MOST_TEXT: usize = 64 << 10;
const MOST_BYTES: usize = 4 << 10;
/// How many children of one value are shown, and how deep the tree goes.
const MOST_CHILDREN: usize = 200;
const MOST_DEPTH: usize = 24;

/// Lower than this, head and tabs would leave no room for the message.
pub const LEAST_HEIGHT: f32 = 132.0;

/// The tabs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum DetailTab {
    /// The parsed payload.
    #[default]
    Tree,
    /// The payload as text.
    Text,
    /// The payload as bytes.
    Hex,
    /// The envelope.
    Headers,
    /// Where it came from.
    Way,
}

impl DetailTab {
    const ALL: [(Self, &'static str); 5] =
        [(Self::Tree, "Tree"), (Self::Text, "Text"), (Self::Hex, "Hex"), (Self::Headers, "Headers"), (Self::Way, "Way")];
}

/// Shows a message.
pub fn detail_ui(ui: &mut Ui, theme: &Theme, message: &Message, at: Moment, tab: &mut DetailTab) {
    ui.horizontal(|ui| {
        name_ui(ui, theme, message);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| copy_ui(ui, theme, message));
    });
    content_ui(ui, theme, message, at, tab);
}

/// Its id and its size, in the line that is being laid out.
pub fn name_ui(ui: &mut Ui, theme: &Theme, message: &Message) {
    ui.label(RichText::new(short_id(message)).font(theme::mono_strong(12.5))).on_hover_text(message.id.to_string());
    ui.label(RichText::new(figure::bytes(message.payload.len() as u64)).font(theme::mono(11.5)).color(theme.dim));
}

/// The button that copies its payload.
pub fn copy_ui(ui: &mut Ui, theme: &Theme, message: &Message) {
    if IconButton::new(Icon::Copy, "Copy the payload").quiet().side(24.0).ui(ui, theme).clicked() {
        ui.ctx().copy_text(payload_text(message, usize::MAX));
    }
}

/// The tabs, and what the chosen one shows.
pub fn content_ui(ui: &mut Ui, theme: &Theme, message: &Message, at: Moment, tab: &mut DetailTab) {
    let tabs: Vec<Tab<'_>> = DetailTab::ALL.iter().map(|(_, title)| Tab::plain(title)).collect();
    let mut chosen = DetailTab::ALL.iter().position(|(other, _)| other == tab).unwrap_or(0);
    tab_bar_ui(ui, theme, &tabs, &mut chosen);
    *tab = DetailTab::ALL[chosen].0;
    ScrollArea::both().id_salt("message").auto_shrink(false).show(ui, |ui| {
        ui.add_space(4.0);
        match tab {
            DetailTab::Tree => tree_ui(ui, theme, message),
            DetailTab::Text => mono_ui(ui, theme, &payload_text(message, MOST_TEXT)),
            DetailTab::Hex => mono_ui(ui, theme, &hex(&message.payload.bytes())),
            DetailTab::Headers => headers_ui(ui, theme, message),
            DetailTab::Way => way_ui(ui, theme, message, at),
        }
    });
}

fn mono_ui(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.add(Label::new(RichText::new(text).font(theme::mono(11.5)).color(theme.text)).selectable(true).extend());
}

/// The payload as text, indented if it is JSON.
fn payload_text(message: &Message, most: usize) -> String {
    let bytes = message.payload.bytes();
    let mut text = match message.payload.value() {
        Ok(value) if bytes.len() <= MOST_TEXT => serde_json::to_string_pretty(value).unwrap_or_default(),
        _ => String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned(),
    };
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n… cut here");
    }
    text
}

/// Offset, sixteen bytes, and what of them can be read.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, part) in bytes[..bytes.len().min(MOST_BYTES)].chunks(16).enumerate() {
        let pairs: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let readable: String = part.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '·' }).collect();
        let _ = writeln!(text, "{:06x}  {:<47}  {readable}", line * 16, pairs.join(" "));
    }
    if bytes.len() > MOST_BYTES {
        let _ = write!(text, "… {} more", figure::bytes((bytes.len() - MOST_BYTES) as u64));
    }
    text
}

fn tree_ui(ui: &mut Ui, theme: &Theme, message: &Message) {
    match message.payload.value() {
        Ok(value) => value_ui(ui, theme, "payload", value, 0),
        Err(error) => {
            ui.label(RichText::new(error.to_string()).color(theme.warning));
            mono_ui(ui, theme, &payload_text(message, 4_096));
        }
    }
}

fn value_ui(ui: &mut Ui, theme: &Theme, name: &str, value: &Value, depth: usize) {
    let leaf = |ui: &mut Ui, text: String, colour| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(name).font(theme::mono(11.5)).color(theme.topic));
            ui.add(Label::new(RichText::new(text).font(theme::mono(11.5)).color(colour)).selectable(true).extend());
        });
    };
    match value {
        Value::Null => leaf(ui, "null".to_owned(), theme.faint),
        Value::Bool(flag) => leaf(ui, flag.to_string(), theme.warning),
        Value::Number(number) => leaf(ui, number.to_string(), theme.warning),
        Value::String(text) => leaf(ui, format!("\"{text}\""), theme.good),
        Value::Array(values) if depth < MOST_DEPTH => branch_ui(ui, theme, name, &format!("[ {} items ]", values.len()), depth, |ui| {
            for (at, value) in values.iter().take(MOST_CHILDREN).enumerate() {
                value_ui(ui, theme, &at.to_string(), value, depth + 1);
            }
            rest_ui(ui, theme, values.len());
        }),
        Value::Object(fields) if depth < MOST_DEPTH => branch_ui(ui, theme, name, &format!("{{ {} fields }}", fields.len()), depth, |ui| {
            for (name, value) in fields.iter().take(MOST_CHILDREN) {
                value_ui(ui, theme, name, value, depth + 1);
            }
            rest_ui(ui, theme, fields.len());
        }),
        Value::Array(_) | Value::Object(_) => leaf(ui, "… deeper".to_owned(), theme.faint),
    }
}

fn rest_ui(ui: &mut Ui, theme: &Theme, count: usize) {
    if count > MOST_CHILDREN {
        ui.label(RichText::new(format!("{} more", count - MOST_CHILDREN)).size(11.0).color(theme.faint));
    }
}

fn branch_ui(ui: &mut Ui, theme: &Theme, name: &str, about: &str, depth: usize, show: impl FnOnce(&mut Ui)) {
    let title = RichText::new(format!("{name}  {about}")).font(theme::mono(11.5)).color(theme.dim);
    CollapsingHeader::new(title).id_salt((name, depth)).default_open(depth < 2).show(ui, show);
}

fn headers_ui(ui: &mut Ui, theme: &Theme, message: &Message) {
    let head = message.head();
    let facts = [
        ("id", Some(message.id.to_string())),
        ("key", head.key.as_deref().map(str::to_owned)),
        ("topic", head.topic.as_deref().map(str::to_owned)),
        ("correlation", head.correlation.as_deref().map(str::to_owned)),
        ("content type", head.content_type.as_deref().map(str::to_owned)),
        ("trace parent", head.trace_parent.as_deref().map(str::to_owned)),
        ("priority", (message.priority > 0).then(|| message.priority.to_string())),
    ];
    for (label, text) in facts.into_iter().filter_map(|(label, text)| Some((label, text?))) {
        fact_ui(ui, theme, label, &text, theme.text);
    }
    for (name, value) in &head.headers {
        fact_ui(ui, theme, name, &value.to_string(), theme.text);
    }
}

fn way_ui(ui: &mut Ui, theme: &Theme, message: &Message, at: Moment) {
    fact_ui(ui, theme, "Entered the run", &time(message.entered.seconds()), theme.text);
    fact_ui(ui, theme, "Made", &time(message.created.seconds()), theme.text);
    if message.queued != message.entered {
        fact_ui(ui, theme, "Ready in its store", &time(message.queued.seconds()), theme.text);
    }
    fact_ui(ui, theme, "Seen here", &time(at.seconds()), theme.text);
    fact_ui(ui, theme, "Under way so far", &figure::seconds(at.since(message.entered).seconds()), theme.text);
    if message.expires != Moment::NEVER {
        fact_ui(ui, theme, "Expires", &time(message.expires.seconds()), theme.text);
    }
    if message.hops > 0 {
        fact_ui(ui, theme, "Services and bridges passed", &message.hops.to_string(), theme.text);
    }
    for delivery in message.settlement.deliveries().iter().take(8) {
        let colour = if delivery.attempt > 1 { theme.warning } else { theme.text };
        fact_ui(ui, theme, "Delivery", &format!("attempt {}", delivery.attempt), colour);
    }
    for parent in message.head().parents.iter().take(32) {
        fact_ui(ui, theme, "Made from", &parent.to_string(), theme.dim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_lines_of_sixteen() {
        let text = hex(b"Pipewright moves\x00\xff");
        assert!(text.starts_with("000000  50 69 70 65"), "{text}");
        assert!(text.contains("Pipewright moves\n000010  00 ff"), "{text}");
        assert!(hex(&vec![0; MOST_BYTES + 1]).ends_with("… 1 B more"));
    }
}
