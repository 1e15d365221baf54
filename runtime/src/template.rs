//! Payload templates: text, usually JSON, with `{{...}}` places for fake data.
//!
//! `{"order": {{index}}, "amount": {{number 5 500 2}}, "customer": "{{name}}"}` is compiled once into pieces of literal text and
//! calls, so that making a payload is a walk over the pieces. [`FUNCTIONS`] lists what may stand in a place.
//!
//! If the text is a JSON object, array or string, a place outside quotation marks gives a JSON value (texts are quoted for you) and a place inside them gives
//! bare characters. In any other text every place gives bare characters.

mod function;
mod time;
mod words;

pub use function::{FUNCTIONS, Function};
pub use time::iso_8601;

use crate::expr::ExpressionError;
use crate::message::{Payload, Recipe};
use crate::random::Random;
use function::{Call, Style};
use std::sync::Arc;

/// A compiled template. Clones share it.
#[derive(Clone, Debug)]
pub struct Template(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: String,
    pieces: Vec<Piece>,
    json: bool,
    /// The one payload of a template without places.
    constant: Option<Payload>,
    /// Whether the places are message numbers only: then the length is known before the text is written.
    numbered: bool,
    /// How many places, and how long the text between them is.
    numbers: usize,
    text_length: usize,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Place(Call, Style),
}

/// What a place may know of its surroundings.
struct Surroundings<'a> {
    index: u64,
    calendar_nanos: u64,
    random: &'a mut Random,
}

impl Template {
    /// The longest template, in bytes.
    pub const MAX_LEN: usize = 1 << 20;

    /// Compiles. The column of an error counts characters of the whole text from 1.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > Self::MAX_LEN {
            return Err(ExpressionError { message: format!("a template has at most {} bytes", Self::MAX_LEN), column: 1 });
        }
        let mut pieces = pieces(text, true)?;
        // A single place such as `{{key 10}}` is a key or a topic, not JSON, though its value would be.
        let json = text.trim_start().starts_with(['{', '[', '"']) && !text.trim_start().starts_with("{{") && is_json(&pieces);
        if !json {
            pieces = self::pieces(text, false)?;
        }
        let constant = match pieces.as_slice() {
            [] => Some(Payload::EMPTY),
            [Piece::Text(text)] => Some(Payload::from_bytes(text.clone())),
            _ => None,
        };
        let length = |piece: &Piece| if let Piece::Text(text) = piece { text.len() } else { 0 };
        let text_length = pieces.iter().map(length).sum();
        let numbers = pieces.iter().filter(|piece| matches!(piece, Piece::Place(..))).count();
        let numbered = pieces.iter().all(|piece| matches!(piece, Piece::Text(_) | Piece::Place(Call::Index, _)));
        Ok(Self(Arc::new(Compiled { source: text.to_owned(), pieces, json, constant, numbered, numbers, text_length })))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether it makes JSON.
    pub fn is_json(&self) -> bool {
        self.0.json
    }

    /// Whether every payload is the same.
    pub fn is_constant(&self) -> bool {
        self.0.constant.is_some()
    }

    /// Makes the payload of number `index` at a calendar time (UTC nanoseconds since 1970), with the draws that belong to it. A template
    /// without places gives the same shared payload each time.
    pub fn make(&self, index: u64, calendar_nanos: u64, random: &mut Random) -> Payload {
        match &self.0.constant {
            Some(payload) => payload.clone(),
            None if self.0.numbered => Payload::from_recipe(self.0.clone(), index),
            None => Payload::from_bytes(self.render(index, calendar_nanos, random)),
        }
    }

    /// The same as text, for keys, topics and headers.
    pub fn text(&self, index: u64, calendar_nanos: u64, random: &mut Random) -> String {
        let bytes = self.render(index, calendar_nanos, random);
        String::from_utf8(bytes).expect("literal text and all calls write UTF-8")
    }

    fn render(&self, index: u64, calendar_nanos: u64, random: &mut Random) -> Vec<u8> {
        let mut surroundings = Surroundings { index, calendar_nanos, random };
        render(&self.0.pieces, self.0.source.len() + 32, &mut surroundings)
    }
}

/// A template whose places are all message numbers.
impl Recipe for Compiled {
    fn write(&self, index: u64) -> Vec<u8> {
        let random = &mut crate::random::StreamKey::UNUSED.for_index(0);
        render(&self.pieces, self.len(index), &mut Surroundings { index, calendar_nanos: 0, random })
    }

    fn len(&self, index: u64) -> usize {
        let digits = index.checked_ilog10().map_or(1, |power| power as usize + 1);
        self.text_length + digits * self.numbers
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

fn render(pieces: &[Piece], size: usize, surroundings: &mut Surroundings<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(size);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Place(call, style) => call.write(*style, surroundings, &mut out),
        }
    }
    out
}

/// Cuts the text into literal pieces and places.
fn pieces(text: &str, json: bool) -> Result<Vec<Piece>, ExpressionError> {
    let mut pieces = Vec::new();
    let (mut rest, mut column, mut quoted) = (text, 1, false);
    while let Some(start) = rest.find("{{") {
        let (literal, place) = rest.split_at(start);
        quoted = ends_quoted(literal, quoted);
        column += literal.chars().count() as u32;
        let (call, length) = function::parse(&place[2..], column + 2)?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.to_owned()));
        }
        let style = match (json, quoted) {
            (false, _) => Style::Bare,
            (true, true) => Style::InsideQuotes,
            (true, false) => Style::Value,
        };
        pieces.push(Piece::Place(call, style));
        column += place[..2 + length].chars().count() as u32;
        rest = &place[2 + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// Whether a JSON text is inside quotation marks after `literal`, having been `quoted` before it.
fn ends_quoted(literal: &str, mut quoted: bool) -> bool {
    let mut escaped = false;
    for c in literal.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

/// Whether what the pieces make is JSON: one example tells, since places give whole values or plain characters.
fn is_json(pieces: &[Piece]) -> bool {
    let mut random = crate::random::StreamKey::of_node(0, 0, "template").for_index(0);
    let sample = render(pieces, 256, &mut Surroundings { index: 0, calendar_nanos: 0, random: &mut random });
    serde_json::from_slice::<serde::de::IgnoredAny>(&sample).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::StreamKey;

    fn make(template: &str, index: u64) -> String {
        let compiled = Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        let mut random = StreamKey::of_node(7, 0, "orders").for_index(index);
        compiled.text(index, 1_767_225_600_000_000_000, &mut random)
    }

    #[test]
    fn every_function_makes_its_example_and_valid_json_in_and_outside_quotes() {
        for function in FUNCTIONS {
            for index in 0..50 {
                let outside = make(&format!("{{\"a\": {}}}", function.example), index);
                assert!(serde_json::from_str::<serde_json::Value>(&outside).is_ok(), "{}: {outside}", function.name);
                let inside = make(&format!("{{\"a\": \"x{}y\"}}", function.example), index);
                let value: serde_json::Value = serde_json::from_str(&inside).unwrap_or_else(|error| panic!("{inside}: {error}"));
                let text = value["a"].as_str().unwrap();
                assert!(text.len() > 2 && text.starts_with('x') && text.ends_with('y'), "{inside}");
            }
        }
    }

    #[test]
    fn json_templates_quote_texts_and_other_texts_do_not() {
        let value: serde_json::Value = serde_json::from_str(&make(
            r#"{"id": {{index}}, "who": {{name}}, "mail": "<{{email}}>", "cur": {{pick "E\"UR" "USD"}}, "n": {{pick 1 2}}, "x": {"y": {{flag 1}}}}"#,
            3,
        ))
        .unwrap();
        assert_eq!(value["id"], 3);
        assert!(value["who"].as_str().unwrap().contains(' '));
        assert!(value["mail"].as_str().unwrap().starts_with('<'));
        assert!(["E\"UR", "USD"].contains(&value["cur"].as_str().unwrap()));
        assert!([1, 2].contains(&value["n"].as_i64().unwrap()));
        assert_eq!(value["x"]["y"], true);
        assert_eq!(make("[INFO] {{pick \"a\"}} {{index}}", 9), "[INFO] a 9");
        assert_eq!(make("orders.{{pick \"eu\"}}", 0), "orders.eu");
    }

    #[test]
    fn a_constant_template_shares_one_payload() {
        let template = Template::compile(r#"{"a": {"b": 1}}"#).unwrap();
        let mut random = StreamKey::of_node(7, 0, "n").for_index(0);
        let (one, two) = (template.make(0, 0, &mut random), template.make(1, 0, &mut random));
        assert!(std::ptr::eq(one.value().unwrap(), two.value().unwrap()));
        assert!(template.is_constant() && template.is_json());
        assert!(Template::compile("").unwrap().make(0, 0, &mut random).is_empty());
    }

    #[test]
    fn the_same_draws_make_the_same_payload() {
        let text = r#"{"a": {{uuid}}, "b": {{number 0 1 3}}, "c": {{zipf 1000 1.1}}, "t": {{time}}}"#;
        assert_eq!(make(text, 5), make(text, 5));
        assert_ne!(make(text, 5), make(text, 6));
        assert!(make(text, 5).contains("\"2026-01-01T00:00:00.000Z\""));
    }

    #[test]
    fn numbers_stay_in_their_limits() {
        for index in 0..2_000 {
            let number: i64 = make("{{int -3 4}}", index).parse().unwrap();
            assert!((-3..=4).contains(&number));
            let text = make("{{number 0.5 1.5 2}}", index);
            assert_eq!(text.len(), 4, "{text}");
            assert!((0.5..=1.5).contains(&text.parse::<f64>().unwrap()));
            assert!((1..=10).contains(&make("{{zipf 10 1.2}}", index).parse::<u32>().unwrap()));
        }
        assert!(make("{{int -9223372036854775808 9223372036854775807}}", 1).parse::<i64>().is_ok());
        assert_eq!(make("{{pad 500}}", 0).len(), 500);
    }

    #[test]
    fn shares_are_kept() {
        let count = |text: &str, wanted: &str| (0..20_000).filter(|index| make(text, *index) == wanted).count() as f64 / 20_000.0;
        assert!((count("{{weighted \"a\" 9 \"b\" 1}}", "b") - 0.1).abs() < 0.01);
        assert!((count("{{flag 0.25}}", "true") - 0.25).abs() < 0.015);
        // Zipf over two with exponent 1: 1 : 1/2.
        assert!((count("{{zipf 2 1}}", "1") - 2.0 / 3.0).abs() < 0.015);
    }

    #[test]
    fn errors_name_the_column() {
        for (text, column, words) in [
            ("{{", 3, "name of a function"),
            ("{{index", 8, "}}"),
            ("ä {{indx}}", 5, "did you mean `index`"),
            ("{{int 1}}", 3, "{{int 1 100}}"),
            ("{{int 5 1}}", 3, "5 to 1"),
            ("{{int 1 x}}", 9, "whole number"),
            ("{{number 0 1 99}}", 14, "0 to 12"),
            ("{{number NaN 1 2}}", 10, "number"),
            ("{{pick}}", 3, "{{pick"),
            ("{{pick \"a}}", 8, "quotation mark"),
            ("{{weighted \"a\" -1}}", 16, "not negative"),
            ("{{weighted \"a\" 0}}", 3, "add up"),
            ("{{flag 2}}", 8, "0 to 1"),
            ("{{zipf 0 1}}", 8, "from 1"),
            ("{{pad 99999999}}", 7, "to 1048576"),
            ("{{index 1}}", 9, "}}"),
        ] {
            let error = Template::compile(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }
}
