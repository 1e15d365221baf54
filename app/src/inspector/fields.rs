//! From field types to widgets: the one match on them.

use super::draft::{line_ui, lines_ui};
use super::row::Row;
use super::{distribution, lists};
use crate::theme::Theme;
use egui::{ComboBox, Id, Ui};
use pipewright_runtime::node::field::Word;
use pipewright_runtime::node::{Field, FieldType, Preset};
use pipewright_runtime::setting::{Setting, Settings};
use pipewright_runtime::units::{Rate, Size, Span};

/// What a person did to a field.
#[derive(Clone, PartialEq, Debug)]
pub enum Changed {
    /// A new value.
    To(Setting),
    /// Back to the default.
    Reset,
}

/// Whether a field is shown: the choice it depends on has one of its words.
pub fn shown(field: &Field, fields: &[Field], settings: &Settings) -> bool {
    field.shown_under(fields, settings)
}

/// A field among the settings of its node: what it is when absent, and what it lacks, may depend on others.
pub struct Asked<'a> {
    /// The field.
    pub field: &'static Field,
    /// All fields of the kind.
    pub fields: &'static [Field],
    /// What is set.
    pub settings: &'a Settings,
}

/// Shows one field with its label. One that is not to be had under the other settings is greyed, and says why; if it is set nevertheless, it can be
/// taken out.
pub fn field_ui(ui: &mut Ui, theme: &Theme, id: Id, asked: &Asked<'_>, error: Option<&str>) -> Option<Changed> {
    let field = asked.field;
    let set = asked.settings.get(field.name);
    let default = field.default_under(asked.fields, asked.settings);
    if let Some(why) = field.lacks_under(asked.fields, asked.settings) {
        return lacking_ui(ui, theme, field, set, why);
    }
    let differs = set.filter(|set| Some(*set) != default.as_ref());
    let default_text = default.as_ref().map_or_else(|| "nothing".to_owned(), text_of);
    let row = Row {
        label: field.label,
        help: field.help,
        source: field.source,
        differs: differs.map(|_| default_text.as_str()),
        wrong: error.is_some(),
        faint: false,
        wide: is_wide(&field.ty, set),
    };
    let value = set.or(default.as_ref());
    let mut changed = None;
    let reset = row.ui(ui, theme, |ui| changed = value_ui(ui, theme, id, asked, value, error));
    if reset { Some(Changed::Reset) } else { changed }
}

/// A field that there is not, as things are chosen.
fn lacking_ui(ui: &mut Ui, theme: &Theme, field: &Field, set: Option<&Setting>, why: &str) -> Option<Changed> {
    let mut row = Row::plain(field.label, why);
    row.wrong = set.is_some();
    row.faint = set.is_none();
    let mut changed = None;
    row.ui(ui, theme, |ui| {
        let small = |text: String| egui::RichText::new(text).size(11.0).color(theme.faint);
        if set.is_none() {
            ui.add_space(5.0);
            ui.add(egui::Label::new(small(why.to_owned())).wrap());
            return;
        }
        ui.horizontal(|ui| {
            ui.add(egui::Label::new(small(set.map(text_of).unwrap_or_default())).truncate()).on_hover_text(why);
            if set.is_some() && ui.small_button("Take out").on_hover_text(why).clicked() {
                changed = Some(Changed::Reset);
            }
        });
    });
    changed
}

fn is_wide(ty: &FieldType, set: Option<&Setting>) -> bool {
    match ty {
        FieldType::LongText
        | FieldType::Template
        | FieldType::Jq
        | FieldType::Rules
        | FieldType::Weights
        | FieldType::Assignments
        | FieldType::Profile => true,
        FieldType::Distribution => !matches!(set, None | Some(Setting::Text(_))),
        FieldType::Expression(_) => set.and_then(Setting::as_str).is_some_and(|text| text.len() > 24),
        FieldType::Text
        | FieldType::Flag
        | FieldType::Integer(..)
        | FieldType::Number(..)
        | FieldType::Share
        | FieldType::Span(_)
        | FieldType::Rate
        | FieldType::Size
        | FieldType::Choice(_)
        | FieldType::Path { .. }
        | FieldType::TopicPattern => false,
    }
}

fn value_ui(ui: &mut Ui, theme: &Theme, id: Id, asked: &Asked<'_>, value: Option<&Setting>, error: Option<&str>) -> Option<Changed> {
    let field = asked.field;
    let optional = !matches!(field.default, Preset::Required);
    let mut line = |read: fn(&str, &FieldType) -> Result<Setting, String>| {
        let current = value.map(text_of).unwrap_or_default();
        let check = |text: &str| (!(text.trim().is_empty() && optional)).then(|| read(text.trim(), &field.ty).err()).flatten();
        let text = line_ui(ui, theme, field.label, id, &current, field.unit, error, &check)?;
        if text.trim().is_empty() && optional {
            return Some(Changed::Reset);
        }
        // What cannot be read stays as it was typed; the check says so at its place.
        Some(Changed::To(read(text.trim(), &field.ty).unwrap_or_else(|_| unread(text.trim(), &field.ty))))
    };
    match &field.ty {
        FieldType::Text | FieldType::Path { .. } | FieldType::TopicPattern | FieldType::Expression(_) => line(read_text),
        FieldType::Integer(..) => line(read_integer),
        FieldType::Number(..) | FieldType::Share => line(read_number),
        FieldType::Span(_) => line(read_span),
        FieldType::Rate => line(|text, _| text.parse::<Rate>().map(|_| Setting::text(text)).map_err(|error| error.to_string())),
        FieldType::Size => line(|text, _| text.parse::<Size>().map(|_| Setting::text(text)).map_err(|error| error.to_string())),
        FieldType::LongText | FieldType::Template | FieldType::Jq => {
            let current = value.map(text_of).unwrap_or_default();
            let text = lines_ui(ui, theme, field.label, id, &current, error, &|_| None)?;
            Some(if text.is_empty() && optional { Changed::Reset } else { Changed::To(Setting::Text(text)) })
        }
        FieldType::Flag => {
            let mut on = matches!(value, Some(Setting::Flag(true)));
            let response = ui.checkbox(&mut on, "").on_hover_text(field.help);
            response.clone().accessible_name(field.label);
            response.changed().then_some(Changed::To(Setting::Flag(on)))
        }
        FieldType::Choice(words) => choice_ui(ui, id, asked, words, value, error, theme),
        FieldType::Distribution => distribution::distribution_ui(ui, theme, id, field.label, value, error).map(Changed::To),
        FieldType::Rules => lists::pairs_ui(ui, theme, id, value, ["name", "predicate"], error).map(Changed::To),
        FieldType::Weights => lists::weights_ui(ui, theme, id, value, error).map(Changed::To),
        FieldType::Assignments => lists::pairs_ui(ui, theme, id, value, ["name", "expression"], error).map(Changed::To),
        FieldType::Profile => lists::profile_ui(ui, theme, id, value, error).map(Changed::To),
    }
}

fn choice_ui(
    ui: &mut Ui,
    id: Id,
    asked: &Asked<'_>,
    words: &[Word],
    value: Option<&Setting>,
    error: Option<&str>,
    theme: &Theme,
) -> Option<Changed> {
    let current = value.and_then(Setting::as_str).unwrap_or_default();
    let label = words.iter().find(|word| word.name == current).map_or(current, |word| word.label);
    let mut changed = None;
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt(id).width(width).truncate().selected_text(label).show_ui(ui, |ui| {
        for word in words {
            let lacks = asked.field.lacks_word_under(word.name, asked.fields, asked.settings);
            let label = egui::Button::selectable(word.name == current, word.label);
            let response =
                ui.add_enabled(lacks.is_none(), label).on_hover_text(word.help).on_disabled_hover_text(lacks.unwrap_or_default());
            if response.clicked() && word.name != current {
                changed = Some(Changed::To(Setting::word(word.name)));
            }
        }
    });
    combo.response.accessible_name(asked.field.label);
    if let Some(error) = error {
        ui.add(egui::Label::new(egui::RichText::new(error).size(11.0).color(theme.failed)).wrap());
    }
    changed
}

#[allow(clippy::unnecessary_wraps, reason = "one of several readers of the same shape")]
fn read_text(text: &str, _: &FieldType) -> Result<Setting, String> {
    Ok(Setting::text(text))
}

fn read_integer(text: &str, ty: &FieldType) -> Result<Setting, String> {
    let number: i64 = text.replace([' ', '_'], "").parse().map_err(|_| "expected a whole number".to_owned())?;
    match ty {
        FieldType::Integer(least, most) if !(*least..=*most).contains(&number) => Err(format!("expected a number from {least} to {most}")),
        _ => Ok(Setting::Integer(number)),
    }
}

/// What was typed and is not right here: as the number that it is, so that the check can say its limits, else as text.
fn unread(text: &str, ty: &FieldType) -> Setting {
    let any = match ty {
        FieldType::Integer(..) => read_integer(text, &FieldType::Integer(i64::MIN, i64::MAX)),
        FieldType::Number(..) | FieldType::Share => read_number(text, &FieldType::Number(f64::MIN, f64::MAX)),
        _ => return Setting::text(text),
    };
    any.unwrap_or_else(|_| Setting::text(text))
}

fn read_number(text: &str, ty: &FieldType) -> Result<Setting, String> {
    let (text, scale) = text.strip_suffix('%').map_or((text, 1.0), |text| (text.trim(), 0.01));
    let number: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    let number = number * scale;
    let (least, most) = match ty {
        FieldType::Share => (0.0, 1.0),
        FieldType::Number(least, most) => (*least, *most),
        _ => (f64::MIN, f64::MAX),
    };
    if number >= least && number <= most { Ok(Setting::Number(number)) } else { Err(format!("expected a number from {least} to {most}")) }
}

fn read_span(text: &str, ty: &FieldType) -> Result<Setting, String> {
    let span: Span = text.parse().map_err(|error: pipewright_runtime::units::UnitError| error.to_string())?;
    match ty {
        FieldType::Span(least) if span.0 < *least => Err(format!("expected at least {}", Span(*least))),
        _ => Ok(Setting::text(text)),
    }
}

/// A setting as text on screen.
pub fn text_of(setting: &Setting) -> String {
    let pair = |(name, value): &(String, Setting)| format!("{name}: {}", text_of(value));
    let all = |values: &[Setting]| values.iter().map(text_of).collect::<Vec<_>>().join(", ");
    match setting {
        Setting::Flag(flag) => flag.to_string(),
        Setting::Integer(number) => number.to_string(),
        Setting::Number(number) => number.to_string(),
        Setting::Text(text) | Setting::Word(text) => text.clone(),
        Setting::List(values) => format!("[{}]", all(values)),
        Setting::Map(pairs) => format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", ")),
        Setting::Record(name, fields) => format!("{name}({})", fields.iter().map(pair).collect::<Vec<_>>().join(", ")),
        Setting::Tuple(name, values) => format!("{name}({})", all(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_the_right_setting() {
        let number = |text: &str| read_number(text, &FieldType::Share);
        assert_eq!(number("5 %"), Ok(Setting::Number(0.05)));
        assert_eq!(number("0.25"), Ok(Setting::Number(0.25)));
        assert!(number("1.5").is_err() && number("NaN").is_err() && number("x").is_err());
        assert_eq!(read_integer("1 024", &FieldType::Integer(1, 5_000)), Ok(Setting::Integer(1_024)));
        assert!(read_integer("0", &FieldType::Integer(1, 5_000)).unwrap_err().contains("from 1 to 5000"));
        assert_eq!(unread("0", &FieldType::Integer(1, 5_000)), Setting::Integer(0), "the check says the range");
        assert_eq!(unread("many", &FieldType::Integer(1, 5_000)), Setting::text("many"));
        assert_eq!(unread("1.5", &FieldType::Share), Setting::Number(1.5));
        assert!(read_span("5", &FieldType::Span(0)).is_err());
        assert!(read_span("5 ms", &FieldType::Span(10_000_000)).unwrap_err().contains("10 ms"));
    }
}
