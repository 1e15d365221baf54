//! The editor of a distribution: family, parameters, mean, and a small sketch of its density.

use super::draft::line_ui;
use super::fields::text_of;
use super::row::Row;
use crate::theme::{self, Theme};
use crate::widgets::figure;
use egui::{ComboBox, CornerRadius, Id, RichText, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use pipewright_runtime::distribution::{Distribution, FAMILIES, Family, Parameter, ParameterType};
use pipewright_runtime::random::StreamKey;
use pipewright_runtime::setting::Setting;

/// Draws that the sketch is made of, and its bars.
const DRAWS: usize = 4_000;
const BARS: usize = 48;

/// Shows the editor. The changed setting, if something changed.
pub fn distribution_ui(ui: &mut Ui, theme: &Theme, id: Id, name: &str, value: Option<&Setting>, error: Option<&str>) -> Option<Setting> {
    let family = value.and_then(family_of).unwrap_or(&FAMILIES[0]);
    let mut changed = None;
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt(id).width(width).selected_text(family.title).show_ui(ui, |ui| {
        for other in FAMILIES {
            if ui.selectable_label(other.name == family.name, other.title).on_hover_text(other.help).clicked() && other.name != family.name
            {
                changed = Some(started(other, value));
            }
        }
    });
    combo.response.accessible_name(name);
    let given = given(family, value);
    for parameter in family.parameters {
        let current = given.iter().find(|(name, _)| name == parameter.name).map(|(_, value)| text_of_list(value)).unwrap_or_default();
        if current.is_empty() && parameter.example.is_empty() && !matches!(parameter.ty, ParameterType::File) {
            continue;
        }
        let mut taken = None;
        Row::plain(&super::live::words(parameter.name), parameter.help).ui(ui, theme, |ui| {
            let check = |text: &str| read(parameter, text).err();
            taken = line_ui(ui, theme, parameter.name, id.with(parameter.name), &current, "", None, &check);
        });
        if let Some(text) = taken {
            changed = Some(with(family, &given, parameter, &text));
        }
    }
    if let Some(error) = error {
        ui.add(egui::Label::new(RichText::new(error).size(11.0).color(theme.failed)).wrap());
    } else if family.name != "constant"
        && let Some(distribution) = value.and_then(|value| Distribution::from_setting(value).ok())
    {
        sketch_ui(ui, theme, id, &distribution);
    }
    changed
}

fn family_of(value: &Setting) -> Option<&'static Family> {
    match value {
        Setting::Text(_) => Family::named("constant"),
        Setting::Record(name, _) | Setting::Tuple(name, _) | Setting::Word(name) => Family::named(name),
        _ => None,
    }
}

/// The parameters as they stand, by name.
fn given(family: &Family, value: Option<&Setting>) -> Vec<(String, Setting)> {
    match value {
        Some(text @ Setting::Text(_)) => vec![("value".to_owned(), text.clone())],
        Some(Setting::Record(_, fields)) => fields.clone(),
        Some(Setting::Tuple(_, values)) => {
            family.parameters.iter().zip(values).map(|(parameter, value)| (parameter.name.to_owned(), value.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The first setting of a family: its examples, with the mean that was there before.
fn started(family: &'static Family, before: Option<&Setting>) -> Setting {
    let mean = before.and_then(|value| Distribution::from_setting(value).ok()).and_then(|old| old.mean());
    let mut fields = Vec::new();
    for parameter in family.parameters.iter().filter(|parameter| !parameter.example.is_empty()) {
        let kept = matches!(parameter.name, "mean" | "value" | "scale").then_some(mean).flatten();
        let value = kept.map_or_else(|| read(parameter, &unquoted(parameter.example)).ok(), |mean| Some(Setting::Text(mean.to_string())));
        fields.extend(value.map(|value| (parameter.name.to_owned(), value)));
    }
    made(family, fields)
}

fn with(family: &'static Family, given: &[(String, Setting)], parameter: &'static Parameter, text: &str) -> Setting {
    let mut fields = given.to_vec();
    let value = read(parameter, text).unwrap_or_else(|_| Setting::Text(text.to_owned()));
    match fields.iter_mut().find(|(name, _)| name == parameter.name) {
        _ if text.trim().is_empty() => fields.retain(|(name, _)| name != parameter.name),
        Some((_, old)) => *old = value,
        None => fields.push((parameter.name.to_owned(), value)),
    }
    made(family, fields)
}

fn made(family: &Family, mut fields: Vec<(String, Setting)>) -> Setting {
    // A constant is written as the bare span.
    match fields.as_slice() {
        [(_, Setting::Text(_))] if family.name == "constant" => fields.remove(0).1,
        _ => Setting::Record(family.name.to_owned(), fields),
    }
}

fn read(parameter: &Parameter, text: &str) -> Result<Setting, String> {
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| format!("expected a number, found `{text}`"));
    let span =
        |text: &str| text.parse::<pipewright_runtime::units::Span>().map(|_| Setting::text(text.trim())).map_err(|error| error.to_string());
    match parameter.ty {
        ParameterType::Span | ParameterType::SpanAboveZero => span(text),
        ParameterType::NumberAboveZero | ParameterType::NumberFromOne => number(text).map(Setting::Number),
        ParameterType::Count => text.parse().map(Setting::Integer).map_err(|_| "expected a whole number".to_owned()),
        ParameterType::Spans => text.split(',').map(|part| span(part.trim())).collect::<Result<_, _>>().map(Setting::List),
        ParameterType::Shares => text.split(',').map(|part| number(part).map(Setting::Number)).collect::<Result<_, _>>().map(Setting::List),
        ParameterType::File | ParameterType::Text => Ok(Setting::text(text)),
    }
}

fn unquoted(text: &str) -> String {
    text.replace(['"', '[', ']'], "")
}

fn text_of_list(setting: &Setting) -> String {
    match setting {
        Setting::List(values) => values.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => text_of(other),
    }
}

/// Bars of equal width up to the 99th percentile, and the mean as a line.
fn sketch_ui(ui: &mut Ui, theme: &Theme, id: Id, distribution: &Distribution) {
    let drawn: (Distribution, Vec<f32>, f64) = {
        let kept: Option<(Distribution, Vec<f32>, f64)> = ui.data(|data| data.get_temp(id.with("sketch")));
        kept.filter(|(of, ..)| of == distribution).unwrap_or_else(|| {
            let fresh = bars(distribution);
            ui.data_mut(|data| data.insert_temp(id.with("sketch"), fresh.clone()));
            fresh
        })
    };
    let (_, bars, limit) = drawn;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 48.0), Sense::hover());
    ui.painter().rect(rect, CornerRadius::same(6), theme.canvas, Stroke::new(1.0, theme.border), StrokeKind::Inside);
    let inner = rect.shrink(4.0);
    let width = inner.width() / bars.len().max(1) as f32;
    let shapes = bars.iter().enumerate().map(|(at, height)| {
        let left = inner.left() + at as f32 * width;
        let bar = egui::Rect::from_min_max(
            pos2(left, inner.bottom() - height * inner.height()),
            pos2(left + (width - 1.0).max(1.0), inner.bottom()),
        );
        Shape::rect_filled(bar, 0.0, theme.accent.gamma_multiply(0.6))
    });
    ui.painter().extend(shapes);
    let mean = distribution.mean().map(pipewright_runtime::units::Span::seconds);
    if let Some(mean) = mean.filter(|mean| *mean <= limit && limit > 0.0) {
        let x = inner.left() + (mean / limit) as f32 * inner.width();
        ui.painter().vline(x, inner.y_range(), Stroke::new(1.0, theme.warning));
    }
    let mean_text = mean.map_or_else(|| "infinite".to_owned(), figure::seconds);
    ui.painter().text(
        inner.right_top() + vec2(-2.0, 0.0),
        egui::Align2::RIGHT_TOP,
        format!("mean {mean_text}"),
        theme::mono(10.5),
        theme.dim,
    );
    response.on_hover_text(format!("{DRAWS} draws; the right edge is at {}, which 99 of 100 do not exceed", figure::seconds(limit)));
}

fn bars(distribution: &Distribution) -> (Distribution, Vec<f32>, f64) {
    let mut random = StreamKey::of_node(7, 0, "sketch").for_index(0);
    let mut draws: Vec<f64> = (0..DRAWS).map(|_| distribution.draw(&mut random).seconds()).collect();
    draws.sort_by(f64::total_cmp);
    let limit = draws[DRAWS * 99 / 100] * 1.05;
    let mut counts = vec![0_u32; BARS];
    for draw in draws.iter().filter(|draw| **draw <= limit) {
        let at = if limit > 0.0 { (draw / limit * BARS as f64) as usize } else { 0 };
        counts[at.min(BARS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    (distribution.clone(), counts.into_iter().map(|count| count as f32 / most as f32).collect(), limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_starts_with_a_valid_setting_and_keeps_the_mean() {
        let before = Setting::text("80 ms");
        for family in FAMILIES {
            let setting = started(family, Some(&before));
            let distribution = Distribution::from_setting(&setting).unwrap_or_else(|error| panic!("{}: {error}", family.name));
            assert_eq!(distribution.family().name, family.name);
            if family.parameter("mean").is_some_and(|parameter| !parameter.example.is_empty()) && family.name != "normal" {
                assert_eq!(distribution.mean().map(|mean| mean.to_string()).as_deref(), Some("80 ms"), "{}", family.name);
            }
        }
    }
}
