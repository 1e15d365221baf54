//! `kinds [NAME]`: the reference of the node kinds, made from their descriptors.

use super::Exit;
use super::arguments::KindsArguments;
use super::print::{complain, print_json, say};
use pipewright_runtime::node::field::{FieldType, Yields};
use pipewright_runtime::node::{Family, Field, Kind, Port, PortRole, Preset};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::nearest;
use pipewright_runtime::setting::{Setting, Settings};
use serde_json::{Value, json};

/// Lists the kinds, or describes one.
pub fn kinds(arguments: &KindsArguments) -> Exit {
    match &arguments.name {
        None if arguments.json => print_json(&Value::Array(CATALOGUE.kinds().map(described).collect())),
        None => say(&listed()),
        Some(name) => match CATALOGUE.get(name) {
            Some(kind) if arguments.json => print_json(&described(kind)),
            Some(kind) => say(&page(kind)),
            None => {
                let meant = nearest(name, CATALOGUE.kinds().map(|kind| kind.name));
                let meant = meant.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"));
                complain(&format!("there is no kind `{name}`{meant}; `pipewright kinds` lists them"));
                Exit::Usage
            }
        },
    }
}

fn listed() -> String {
    let widest = CATALOGUE.kinds().map(|kind| kind.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for family in Family::ALL {
        let lines: Vec<String> = CATALOGUE.family(family).map(|kind| format!("  {:widest$}  {}\n", kind.name, kind.summary)).collect();
        if !lines.is_empty() {
            text += &format!("{}\n{}\n", family.title(), lines.concat());
        }
    }
    text + "`pipewright kinds NAME` describes one."
}

fn page(kind: &Kind) -> String {
    let ports = (kind.ports)(&Settings::new());
    let mut text = format!("# {} (`{}`, {})\n\n{}\n\n{}\n", kind.title, kind.name, kind.family.title(), kind.summary, kind.guide.trim());
    for (heading, list) in [("Inputs", &ports.inputs), ("Outputs", &ports.outputs)] {
        if !list.is_empty() {
            let lines: Vec<String> = list.iter().map(|port| format!("- `{}`{}: {}\n", port.name, remark(port), port.help)).collect();
            text += &format!("\n## {heading}\n\n{}", lines.concat());
        }
    }
    if !kind.fields.is_empty() {
        text += "\n## Settings\n";
        for field in kind.fields {
            text += &format!("\n- `{}` ({}; {}): {}", field.name, sort(field), preset(field), field.help);
            if let Some((choice, words)) = field.when {
                text += &format!(
                    " Only where `{choice}` is {}.",
                    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
                );
            }
            for usual in field.usuals {
                let value = usual.default.setting().map_or_else(|| "nothing".to_owned(), |setting| format!("`{}`", written(&setting)));
                text += &format!(" Default {value} where `{}` is {}.", usual.choice, any_of(usual.words));
            }
            for lack in field.lacks {
                let what = if lack.values.is_empty() { "Not".to_owned() } else { format!("{} not", any_of(lack.values)) };
                text += &format!(" {what} where `{}` is {}: {}", lack.choice, any_of(lack.words), lack.why);
            }
            if !field.source.is_empty() {
                text += &format!(" Source: {}.", field.source);
            }
            if let FieldType::Choice(words) = field.ty {
                for word in words {
                    text += &format!("\n  - `{}`: {}", word.name, word.help);
                }
            }
        }
        text += "\n";
    }
    text + &format!("\n## Example\n\n```ron\n{}\n```", kind.example.trim())
}

fn any_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

fn remark(port: &Port) -> &'static str {
    match (port.role, port.required) {
        (PortRole::Error, _) => " (errors)",
        (PortRole::Control, _) => " (control)",
        (PortRole::Message, false) => " (may stay unwired)",
        (PortRole::Message, true) => "",
    }
}

/// The type of a field in words, with its limits.
fn sort(field: &Field) -> String {
    let unit = if field.unit.is_empty() { String::new() } else { format!(" {}", field.unit) };
    match field.ty {
        FieldType::Text => "text".into(),
        FieldType::LongText => "long text".into(),
        FieldType::Template => "payload template".into(),
        FieldType::Expression(Yields::Bool) => "CEL, true or false".into(),
        FieldType::Expression(Yields::Text) => "CEL, text".into(),
        FieldType::Expression(Yields::Any) => "CEL".into(),
        FieldType::Jq => "jq".into(),
        FieldType::Flag => "true or false".into(),
        FieldType::Integer(least, most) => format!("{least} to {most}{unit}"),
        FieldType::Number(least, most) => format!("{least} to {most}{unit}"),
        FieldType::Share => "0 to 1".into(),
        FieldType::Span(0) => "span".into(),
        FieldType::Span(least) => format!("span of at least {}", pipewright_runtime::units::Span(least)),
        FieldType::Rate => "rate".into(),
        FieldType::Size => "size".into(),
        FieldType::Choice(_) => "one of these".into(),
        FieldType::Distribution => "distribution of spans".into(),
        FieldType::Path { written: false } => "file to read".into(),
        FieldType::Path { written: true } => "file to write".into(),
        FieldType::Rules => "{\"name\": \"CEL\", ...}, each an output".into(),
        FieldType::Weights => "{\"name\": weight, ...}, each an output".into(),
        FieldType::Assignments => "{\"name\": \"CEL\", ...}".into(),
        FieldType::TopicPattern => "pattern of topics".into(),
        FieldType::Profile => "rate over time".into(),
    }
}

fn preset(field: &Field) -> String {
    match field.default {
        Preset::None => "optional".into(),
        Preset::Required => "must be set".into(),
        Preset::Text(_) | Preset::Word(_) | Preset::Flag(_) | Preset::Integer(_) | Preset::Number(_) | Preset::Made(_) => {
            field.default.setting().map_or_else(String::new, |setting| format!("default {}", written(&setting)))
        }
    }
}

/// A setting as it would stand in a file, on one line.
fn written(setting: &Setting) -> String {
    let named = |pairs: &[(String, Setting)]| {
        pairs.iter().map(|(name, value)| format!("{name}: {}", written(value))).collect::<Vec<_>>().join(", ")
    };
    let plain = |list: &[Setting]| list.iter().map(written).collect::<Vec<_>>().join(", ");
    match setting {
        Setting::Flag(flag) => flag.to_string(),
        Setting::Integer(number) => number.to_string(),
        Setting::Number(number) => format!("{number:?}"),
        Setting::Text(text) => format!("{text:?}"),
        Setting::Word(word) => word.clone(),
        Setting::List(list) => format!("[{}]", plain(list)),
        Setting::Map(pairs) => {
            format!("{{{}}}", pairs.iter().map(|(name, value)| format!("{name:?}: {}", written(value))).collect::<Vec<_>>().join(", "))
        }
        Setting::Record(name, pairs) => format!("{name}({})", named(pairs)),
        Setting::Tuple(name, list) => format!("{name}({})", plain(list)),
    }
}

fn described(kind: &'static Kind) -> Value {
    let ports = (kind.ports)(&Settings::new());
    let port = |port: &Port| {
        json!({
            "name": port.name, "role": format!("{:?}", port.role).to_lowercase(), "fan": format!("{:?}", port.fan).to_lowercase(),
            "flow": format!("{:?}", port.flow).to_lowercase(), "required": port.required, "help": port.help,
        })
    };
    let field = |field: &'static Field| {
        let words = match field.ty {
            FieldType::Choice(words) => {
                words.iter().map(|word| json!({"name": word.name, "label": word.label, "help": word.help})).collect()
            }
            _ => Vec::new(),
        };
        json!({
            "name": field.name, "label": field.label, "group": field.group, "type": sort(field), "words": words,
            "required": matches!(field.default, Preset::Required),
            "default": field.default.setting().map(|setting| written(&setting)),
            "unit": field.unit, "help": field.help, "source": field.source,
            "defaults": field.usuals.iter().map(|usual| json!({
                "setting": usual.choice, "words": usual.words, "default": usual.default.setting().map(|setting| written(&setting)),
            })).collect::<Vec<_>>(),
            "lacks": field.lacks.iter().map(|lack| json!({
                "setting": lack.choice, "words": lack.words, "values": lack.values, "why": lack.why,
            })).collect::<Vec<_>>(),
            "when": field.when.map(|(choice, words)| json!({"setting": choice, "words": words})),
        })
    };
    json!({
        "name": kind.name, "title": kind.title, "family": kind.family.title(), "summary": kind.summary, "guide": kind.guide,
        "example": kind.example, "inputs": ports.inputs.iter().map(port).collect::<Vec<_>>(),
        "outputs": ports.outputs.iter().map(port).collect::<Vec<_>>(), "settings": kind.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_page_and_a_line() {
        let list = listed();
        for kind in CATALOGUE.kinds() {
            assert!(list.contains(kind.summary), "{}", kind.name);
            let page = page(kind);
            for field in kind.fields {
                assert!(page.contains(&format!("- `{}` (", field.name)) && page.contains(field.help), "{}.{}", kind.name, field.name);
            }
            assert_eq!(described(kind)["settings"].as_array().map(Vec::len), Some(kind.fields.len()));
        }
    }

    #[test]
    fn settings_are_written_as_in_a_file() {
        let pairs = vec![("mean".to_owned(), Setting::text("20 ms"))];
        assert_eq!(written(&Setting::Record("exponential".into(), pairs)), "exponential(mean: \"20 ms\")");
        assert_eq!(written(&Setting::Number(2.0)), "2.0");
        assert_eq!(written(&Setting::Tuple(String::new(), vec![Setting::Integer(1), Setting::word("a")])), "(1, a)");
    }
}
