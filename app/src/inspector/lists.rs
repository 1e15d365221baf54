//! Lists inside a form: named expressions in order, and points of a rate over time.

use super::draft::line_ui;
use super::fields::text_of;
use crate::theme::{Icon, Theme};
use crate::widgets::button::IconButton;
use egui::{Id, RichText, Ui, vec2};
use pipewright_runtime::setting::Setting;
use pipewright_runtime::units::{Rate, Span};

/// The most rows that a list shows; the file may hold more.
const MOST_ROWS: usize = 100;

/// Named expressions in order. The changed map, if something changed.
pub fn pairs_ui(ui: &mut Ui, theme: &Theme, id: Id, value: Option<&Setting>, names: [&str; 2], error: Option<&str>) -> Option<Setting> {
    let pairs = texts(value);
    let changed = named_ui(ui, theme, id, &pairs, names, "true", error)?;
    Some(Setting::Map(changed.into_iter().map(|(name, text)| (name, Setting::Text(text))).collect()))
}

/// Names and weights. The changed map, if something changed.
pub fn weights_ui(ui: &mut Ui, theme: &Theme, id: Id, value: Option<&Setting>, error: Option<&str>) -> Option<Setting> {
    let changed = named_ui(ui, theme, id, &texts(value), ["name", "weight"], "1", error)?;
    // What is no number stays as it was typed; the check says so at its place.
    let weight = |text: String| match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
        (Ok(whole), _) => Setting::Integer(whole),
        (_, Ok(number)) => Setting::Number(number),
        _ => Setting::Text(text),
    };
    Some(Setting::Map(changed.into_iter().map(|(name, text)| (name, weight(text))).collect()))
}

fn texts(value: Option<&Setting>) -> Vec<(String, String)> {
    match value {
        Some(Setting::Map(pairs)) => pairs.iter().map(|(name, value)| (name.clone(), text_of(value))).collect(),
        _ => Vec::new(),
    }
}

type Pairs = Vec<(String, String)>;

/// Rows of names and texts, with one to add whose text is `fresh`.
fn named_ui(
    ui: &mut Ui,
    theme: &Theme,
    id: Id,
    pairs: &[(String, String)],
    names: [&str; 2],
    fresh: &str,
    error: Option<&str>,
) -> Option<Pairs> {
    let mut changed = rows_ui(ui, theme, id, pairs, names, &|_, _| None);
    if changed.is_none() && add_ui(ui, theme) {
        let mut more = pairs.to_vec();
        // One of so many names is free: there is one more of them than rows.
        let free = (1..=pairs.len() + 1).map(|n| format!("rule{n}")).find(|name| !pairs.iter().any(|(other, _)| other == name));
        more.push((free.unwrap_or_default(), fresh.to_owned()));
        changed = Some(more);
    }
    error_ui(ui, theme, error);
    changed
}

/// Points of a rate over time. The changed list, if something changed.
pub fn profile_ui(ui: &mut Ui, theme: &Theme, id: Id, value: Option<&Setting>, error: Option<&str>) -> Option<Setting> {
    let points: Vec<(String, String)> = match value {
        Some(Setting::List(points)) => points
            .iter()
            .filter_map(|point| match point {
                Setting::Tuple(_, parts) => Some((text_of(parts.first()?), text_of(parts.get(1)?))),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let check = |column: usize, text: &str| match column {
        0 => text.parse::<Span>().err().map(|error| error.to_string()),
        _ => text.parse::<Rate>().err().map(|error| error.to_string()),
    };
    let mut changed = rows_ui(ui, theme, id, &points, ["after", "rate"], &check);
    if changed.is_none() && add_ui(ui, theme) {
        let mut more = points.clone();
        let last = points.last().and_then(|(at, _)| at.parse::<Span>().ok()).map_or(Span::ZERO, |at| Span(at.0 + Span::secs(60).0));
        more.push((last.to_string(), points.last().map_or_else(|| "10/s".to_owned(), |(_, rate)| rate.clone())));
        changed = Some(more);
    }
    error_ui(ui, theme, error);
    let point = |(at, rate): (String, String)| Setting::Tuple(String::new(), vec![Setting::Text(at), Setting::Text(rate)]);
    changed.map(|points| Setting::List(points.into_iter().map(point).collect()))
}

fn rows_ui(
    ui: &mut Ui,
    theme: &Theme,
    id: Id,
    rows: &[(String, String)],
    names: [&str; 2],
    check: &dyn Fn(usize, &str) -> Option<String>,
) -> Option<Vec<(String, String)>> {
    let mut changed = None;
    for (at, (left, right)) in rows.iter().take(MOST_ROWS).enumerate() {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let room = ui.available_width() - 56.0;
            let cell = |ui: &mut Ui, column: usize, text: &str, width: f32| {
                ui.allocate_ui(vec2(width, 26.0), |ui| {
                    ui.set_width(width);
                    let name = format!("{} {}", names[column], at + 1);
                    line_ui(ui, theme, &name, id.with((at, column)), text, "", None, &|text| check(column, text))
                })
                .inner
            };
            if let Some(text) = cell(ui, 0, left, room * 0.34) {
                let mut rows = rows.to_vec();
                rows[at].0 = text;
                changed = Some(rows);
            }
            if let Some(text) = cell(ui, 1, right, room * 0.66) {
                let mut rows = rows.to_vec();
                rows[at].1 = text;
                changed = Some(rows);
            }
            if at + 1 == rows.len() {
                ui.add_space(26.0);
            } else if IconButton::new(Icon::Down, "Move down").quiet().side(22.0).ui(ui, theme).clicked() {
                let mut rows = rows.to_vec();
                rows.swap(at, at + 1);
                changed = Some(rows);
            }
            if IconButton::new(Icon::Close, "Take out").quiet().side(22.0).ui(ui, theme).clicked() {
                let mut rows = rows.to_vec();
                rows.remove(at);
                changed = Some(rows);
            }
        });
    }
    if rows.len() > MOST_ROWS {
        ui.label(RichText::new(format!("{} more in the file", rows.len() - MOST_ROWS)).size(11.0).color(theme.faint));
    }
    changed
}

fn add_ui(ui: &mut Ui, theme: &Theme) -> bool {
    IconButton::new(Icon::Plus, "Add a row").quiet().side(22.0).ui(ui, theme).clicked()
}

fn error_ui(ui: &mut Ui, theme: &Theme, error: Option<&str>) {
    if let Some(error) = error {
        ui.add(egui::Label::new(RichText::new(error).size(11.0).color(theme.failed)).wrap());
    }
}
