//! Settings to and from the tree of a file.

use super::literal;
use super::tree::{Item, Shape, Tree};
use crate::setting::{Setting, Settings};

/// The setting a tree stands for; the place and the words of a problem if it stands for none.
pub fn from_tree(tree: &Tree) -> Result<Setting, (usize, String)> {
    Ok(match &tree.shape {
        Shape::Flag(flag) => Setting::Flag(*flag),
        Shape::Integer(number) => Setting::Integer(*number),
        Shape::Number(number) => Setting::Number(*number),
        Shape::Text(text) => Setting::Text(text.clone()),
        Shape::Word(word) => Setting::Word(word.clone()),
        Shape::List(items) => Setting::List(values(items)?),
        Shape::Map(items) => Setting::Map(pairs(items)?),
        Shape::Group(name, items) if items.iter().all(|item| item.key.is_none()) => Setting::Tuple(name.clone(), values(items)?),
        Shape::Group(name, items) if items.iter().all(|item| item.key.is_some()) => Setting::Record(name.clone(), pairs(items)?),
        Shape::Group(..) => return Err((tree.start, "either all values in `(...)` have a name, or none".to_owned())),
        Shape::Bad => return Err((tree.start, "this value cannot be read".to_owned())),
    })
}

fn values(items: &[Item]) -> Result<Vec<Setting>, (usize, String)> {
    items.iter().map(|item| from_tree(&item.value)).collect()
}

fn pairs(items: &[Item]) -> Result<Vec<(String, Setting)>, (usize, String)> {
    let pair = |item: &Item| Ok((item.key.clone().unwrap_or_default(), from_tree(&item.value)?));
    items.iter().map(pair).collect()
}

/// How wide a line may become before it is broken.
pub const LINE_WIDTH: usize = 100;

/// Writes a setting on one line, if it has no line breaks of its own.
pub fn write_flat(out: &mut String, setting: &Setting) {
    match setting {
        Setting::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Setting::Integer(number) => out.push_str(&number.to_string()),
        Setting::Number(number) if number.is_nan() => out.push_str("NaN"),
        // `{:?}` keeps a fraction, by which a number differs from a whole one.
        Setting::Number(number) => out.extend([format!("{number:?}")]),
        Setting::Text(text) => literal::write_text(out, text),
        Setting::Word(word) => out.push_str(&value_word(word)),
        Setting::List(_) | Setting::Map(_) | Setting::Record(..) | Setting::Tuple(..) => {
            let (open, parts, close) = parts(setting);
            out.push_str(&open);
            for (number, (key, part)) in parts.into_iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key);
                write_flat(out, part);
            }
            out.push_str(close);
        }
    }
}

/// Writes a setting that begins at column `column`; one that is too wide for its line is broken, one part a line.
pub fn write(out: &mut String, setting: &Setting, indent: usize, column: usize) {
    let from = out.len();
    write_flat(out, setting);
    let leaf = !matches!(setting, Setting::List(_) | Setting::Map(_) | Setting::Record(..) | Setting::Tuple(..));
    if leaf || fits(&out[from..], column) {
        return;
    }
    out.truncate(from);
    let (open, parts, close) = parts(setting);
    out.push_str(&open);
    for (key, part) in parts {
        new_line(out, indent + 1);
        out.push_str(&key);
        write(out, part, indent + 1, 4 * (indent + 1) + key.chars().count());
        out.push(',');
    }
    new_line(out, indent);
    out.push_str(close);
}

/// Whether a text can stand from this column on, with a comma behind it.
pub fn fits(text: &str, column: usize) -> bool {
    !text.contains('\n') && column + text.chars().count() < LINE_WIDTH
}

/// Begins a line.
pub fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", indent));
}

/// Opening bracket with the name, parts with their keys, closing bracket.
fn parts(setting: &Setting) -> (String, Vec<(String, &Setting)>, &'static str) {
    let record = |name: &str| if name.is_empty() { "(".to_owned() } else { format!("{}(", word(name)) };
    match setting {
        Setting::List(items) => ("[".to_owned(), items.iter().map(|item| (String::new(), item)).collect(), "]"),
        Setting::Map(pairs) => {
            let key = |key: &str| {
                let mut text = String::new();
                literal::write_text(&mut text, key);
                text + ": "
            };
            ("{".to_owned(), pairs.iter().map(|(name, value)| (key(name), value)).collect(), "}")
        }
        Setting::Record(name, pairs) => (record(name), pairs.iter().map(|(name, value)| (word(name) + ": ", value)).collect(), ")"),
        Setting::Tuple(name, items) => (record(name), items.iter().map(|item| (String::new(), item)).collect(), ")"),
        Setting::Flag(_) | Setting::Integer(_) | Setting::Number(_) | Setting::Text(_) | Setting::Word(_) => {
            unreachable!("only values in brackets have parts")
        }
    }
}

/// A name as it is written: plain, or raw where it would read as something else.
pub fn word(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain {
        return name.to_owned();
    }
    let sound = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-') { c } else { '_' };
    format!("r#{}", name.chars().map(sound).collect::<String>())
}

/// A bare word as a value: raw also where it would read as a flag or a number.
fn value_word(name: &str) -> String {
    if matches!(name, "true" | "false" | "inf" | "NaN") { format!("r#{name}") } else { word(name) }
}

/// All settings on one line, without brackets.
pub fn flat_settings(settings: &Settings) -> String {
    let mut out = String::new();
    for (number, (name, value)) in settings.iter().enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        out.push_str(&word(name));
        out.push_str(": ");
        write_flat(&mut out, value);
    }
    out
}
