//! The functions of templates: their table, their reading and what they write.

use super::{Surroundings, time, words};
use crate::expr::ExpressionError;
use crate::problem::nearest;
use crate::random::Random;
use std::io::Write;
use std::sync::Arc;

/// One function, as documented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// Its arguments in words; empty if it takes none.
    pub arguments: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// A place that uses it.
    pub example: &'static str,
}

const fn function(name: &'static str, arguments: &'static str, example: &'static str, help: &'static str) -> Function {
    Function { name, arguments, help, example }
}

/// Every function, in the order of the reference.
pub const FUNCTIONS: &[Function] = &[
    function("index", "", "{{index}}", "The number of the message, from 0."),
    function("uuid", "", "{{uuid}}", "A random UUID (version 4)."),
    function("time", "", "{{time}}", "The message's calendar time in ISO 8601, UTC."),
    function("millis", "", "{{millis}}", "The message's calendar time in milliseconds since 1970."),
    function("int", "FROM TO", "{{int 1 100}}", "A whole number, both limits included."),
    function("number", "FROM TO DECIMALS", "{{number 5 500 2}}", "A number with so many decimals (0 to 12)."),
    function("flag", "SHARE", "{{flag 0.1}}", "true with this probability, else false."),
    function("pick", "VALUE...", "{{pick \"EUR\" \"USD\"}}", "One of the values, each as likely."),
    function("weighted", "VALUE WEIGHT...", "{{weighted \"a\" 9 \"b\" 1}}", "One of the values, in proportion to the weight after it."),
    function("zipf", "COUNT EXPONENT", "{{zipf 1000 1.1}}", "A whole number from 1 to COUNT (up to 100000), small ones often: popularity."),
    function("key", "COUNT", "{{key 100}}", "One of COUNT keys, `key-0` and on, each as likely."),
    function("name", "", "{{name}}", "A person's first and last name."),
    function("first_name", "", "{{first_name}}", "A first name."),
    function("last_name", "", "{{last_name}}", "A last name."),
    function("email", "", "{{email}}", "A mail address at example.com."),
    function("city", "", "{{city}}", "A city."),
    function("country", "", "{{country}}", "A country."),
    function("word", "", "{{word}}", "A word."),
    function("sentence", "", "{{sentence}}", "A sentence of five to ten words."),
    function("pad", "BYTES", "{{pad 500}}", "So many bytes of filler (up to 1048576), to make messages heavy."),
];

/// How a place stands in its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// In a text that is not JSON: bare characters.
    Bare,
    /// Inside quotation marks of JSON: escaped characters.
    InsideQuotes,
    /// As a JSON value of its own: texts are quoted.
    Value,
}

/// An argument of `pick` or `weighted`: a text in quotation marks or a bare JSON value.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    Text(String),
    Bare(String),
}

/// A compiled call.
#[derive(Debug)]
pub(super) enum Call {
    Index,
    Uuid,
    Time,
    Millis,
    Int(i64, i64),
    Number(f64, f64, usize),
    Flag(f64),
    Pick(Vec<Choice>),
    /// Values with the running sum of weights, and the whole sum.
    Weighted(Vec<(Choice, f64)>, f64),
    /// Running sums of the weights of 1, 2, ...
    Zipf(Arc<[f64]>),
    Key(u64),
    Name,
    FirstName,
    LastName,
    Email,
    City,
    Country,
    Word,
    Sentence,
    Pad(usize),
}

impl Call {
    /// Writes one value of the call.
    pub fn write(&self, style: Style, at: &mut Surroundings<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Index => print(out, format_args!("{}", at.index)),
            Self::Millis => print(out, format_args!("{}", at.calendar_nanos / 1_000_000)),
            Self::Int(from, to) => print(out, format_args!("{}", whole(at.random, *from, *to))),
            Self::Number(from, to, decimals) => {
                print(out, format_args!("{:.*}", decimals, from + (to - from) * at.random.unit()));
            }
            Self::Flag(share) => print(out, format_args!("{}", at.random.chance(*share))),
            Self::Zipf(sums) => {
                let point = at.random.unit() * sums.last().copied().unwrap_or(0.0);
                print(out, format_args!("{}", sums.partition_point(|sum| *sum <= point).min(sums.len() - 1) + 1));
            }
            Self::Pick(choices) => choices[at.random.below(choices.len() as u64) as usize].write(style, out),
            Self::Weighted(choices, total) => {
                let point = at.random.unit() * total;
                let chosen = choices.partition_point(|(_, sum)| *sum <= point).min(choices.len() - 1);
                choices[chosen].0.write(style, out);
            }
            text => {
                if style == Style::Value {
                    out.push(b'"');
                }
                text.write_text(at, out);
                if style == Style::Value {
                    out.push(b'"');
                }
            }
        }
    }

    /// Writes a text that needs no escapes.
    fn write_text(&self, at: &mut Surroundings<'_>, out: &mut Vec<u8>) {
        let random = &mut *at.random;
        match self {
            Self::Uuid => {
                let (high, low) = (random.next_u64(), random.next_u64());
                let (version, variant) = (high & 0xffff_ffff_ffff_0fff | 0x4000, low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000);
                let parts = (version >> 32, version >> 16 & 0xffff, version & 0xffff, variant >> 48, variant & 0xffff_ffff_ffff);
                print(out, format_args!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", parts.0, parts.1, parts.2, parts.3, parts.4));
            }
            Self::Time => out.extend_from_slice(time::iso_8601(at.calendar_nanos).as_bytes()),
            Self::Key(count) => print(out, format_args!("key-{}", random.below(*count))),
            Self::Name => {
                let (first, last) = (one_of(random, words::FIRST_NAMES), one_of(random, words::LAST_NAMES));
                print(out, format_args!("{first} {last}"));
            }
            Self::FirstName => out.extend_from_slice(one_of(random, words::FIRST_NAMES).as_bytes()),
            Self::LastName => out.extend_from_slice(one_of(random, words::LAST_NAMES).as_bytes()),
            Self::Email => {
                let (first, last) = (one_of(random, words::FIRST_NAMES), one_of(random, words::LAST_NAMES));
                let (first, last) = (first.to_lowercase(), last.to_lowercase());
                print(out, format_args!("{first}.{last}{}@example.com", random.below(100)));
            }
            Self::City => out.extend_from_slice(words::CITIES[random.below(words::CITIES.len() as u64) as usize].0.as_bytes()),
            Self::Country => out.extend_from_slice(words::CITIES[random.below(words::CITIES.len() as u64) as usize].1.as_bytes()),
            Self::Word => out.extend_from_slice(one_of(random, words::WORDS).as_bytes()),
            Self::Sentence => {
                let start = out.len();
                for at in 0..5 + random.below(6) {
                    if at > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(one_of(random, words::WORDS).as_bytes());
                }
                out[start].make_ascii_uppercase();
                out.push(b'.');
            }
            Self::Pad(bytes) => out.resize(out.len() + bytes, b'x'),
            _ => unreachable!("all other calls write themselves"),
        }
    }
}

impl Choice {
    fn write(&self, style: Style, out: &mut Vec<u8>) {
        match (self, style) {
            (Self::Text(text), Style::Value) => print(out, format_args!("{}", serde_json::Value::from(text.as_str()))),
            (Self::Text(text), Style::InsideQuotes) => {
                let quoted = serde_json::Value::from(text.as_str()).to_string();
                out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
            }
            (Self::Text(text) | Self::Bare(text), _) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

fn print(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("a vector takes all bytes");
}

fn one_of(random: &mut Random, list: &'static [&'static str]) -> &'static str {
    list[random.below(list.len() as u64) as usize]
}

/// A whole number with both limits included, also over the full range.
fn whole(random: &mut Random, from: i64, to: i64) -> i64 {
    let width = (i128::from(to) - i128::from(from) + 1) as u128;
    let offset = match u64::try_from(width) {
        Ok(width) => random.below(width),
        Err(_) => random.next_u64(),
    };
    (i128::from(from) + i128::from(offset)) as i64
}

/// An argument and the column it stands at.
struct Argument {
    choice: Choice,
    column: u32,
}

type Failure = ExpressionError;

fn failure<T>(column: u32, message: impl Into<String>) -> Result<T, Failure> {
    Err(ExpressionError { message: message.into(), column })
}

/// Reads a place from behind its `{{`: the call, and how many bytes it takes with the closing `}}`.
pub(super) fn parse(text: &str, column: u32) -> Result<(Call, usize), Failure> {
    let mut reader = Reader { text, at: 0, column };
    reader.skip_space();
    let (name_at, name) = (reader.column, reader.word());
    if name.is_empty() {
        return failure(name_at, "expected the name of a function behind `{{`");
    }
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        let meant = nearest(name, FUNCTIONS.iter().map(|function| function.name));
        let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        return failure(name_at, format!("`{name}` is no template function{meant}"));
    };
    let mut arguments = Vec::new();
    loop {
        reader.skip_space();
        if reader.rest().starts_with("}}") {
            break;
        }
        let takes_none = function.arguments.is_empty();
        if reader.rest().is_empty() || takes_none {
            return failure(reader.column, format!("expected `}}}}` here, as in {}", function.example));
        }
        arguments.push(reader.argument()?);
    }
    let call = call(function, name_at, &arguments)?;
    Ok((call, reader.at + 2))
}

fn call(function: &Function, column: u32, arguments: &[Argument]) -> Result<Call, Failure> {
    let wanted = match function.name {
        "int" | "zipf" => 2..=2,
        "number" => 3..=3,
        "flag" | "key" | "pad" => 1..=1,
        "pick" | "weighted" => 1..=usize::MAX,
        _ => 0..=0,
    };
    if !wanted.contains(&arguments.len()) || (function.name == "weighted" && arguments.len() % 2 == 1) {
        return failure(column, format!("`{}` takes {}, as in {}", function.name, function.arguments, function.example));
    }
    Ok(match function.name {
        "index" => Call::Index,
        "uuid" => Call::Uuid,
        "time" => Call::Time,
        "millis" => Call::Millis,
        "int" => {
            let (from, to) = (arguments[0].whole(i64::MIN, i64::MAX)?, arguments[1].whole(i64::MIN, i64::MAX)?);
            if from > to {
                return failure(column, format!("there is no whole number from {from} to {to}"));
            }
            Call::Int(from, to)
        }
        "number" => {
            let (from, to) = (arguments[0].number(-1e15, 1e15)?, arguments[1].number(-1e15, 1e15)?);
            Call::Number(from, to, arguments[2].whole(0, 12)? as usize)
        }
        "flag" => Call::Flag(arguments[0].number(0.0, 1.0)?),
        "pick" => Call::Pick(arguments.iter().map(|argument| argument.choice.clone()).collect()),
        "weighted" => {
            let mut sum = 0.0;
            let mut choices = Vec::new();
            for pair in arguments.chunks_exact(2) {
                let weight =
                    pair[1].number(0.0, 1e12).or_else(|_| failure(pair[1].column, "expected a weight, a number that is not negative"))?;
                sum += weight;
                choices.push((pair[0].choice.clone(), sum));
            }
            if sum <= 0.0 {
                return failure(column, "the weights add up to nothing");
            }
            Call::Weighted(choices, sum)
        }
        "zipf" => {
            let (count, exponent) = (arguments[0].whole(1, 100_000)?, arguments[1].number(0.0, 20.0)?);
            let mut sum = 0.0;
            let sums = (1..=count).map(|rank| {
                sum += libm::pow(rank as f64, -exponent);
                sum
            });
            Call::Zipf(sums.collect())
        }
        "key" => Call::Key(arguments[0].whole(1, i64::MAX)? as u64),
        "name" => Call::Name,
        "first_name" => Call::FirstName,
        "last_name" => Call::LastName,
        "email" => Call::Email,
        "city" => Call::City,
        "country" => Call::Country,
        "word" => Call::Word,
        "sentence" => Call::Sentence,
        "pad" => Call::Pad(arguments[0].whole(1, 1 << 20)? as usize),
        _ => unreachable!("every function of the table is read above"),
    })
}

impl Argument {
    fn bare(&self, expected: &str) -> Result<&str, Failure> {
        match &self.choice {
            Choice::Bare(text) => Ok(text),
            Choice::Text(text) => failure(self.column, format!("expected {expected}, found the text \"{text}\"")),
        }
    }

    fn whole(&self, from: i64, to: i64) -> Result<i64, Failure> {
        let text = self.bare("a whole number")?;
        let Ok(number) = text.parse::<i64>() else {
            return failure(self.column, format!("expected a whole number, found `{text}`"));
        };
        if (from..=to).contains(&number) {
            Ok(number)
        } else {
            failure(self.column, format!("expected a whole number from {from} to {to}, found {number}"))
        }
    }

    fn number(&self, from: f64, to: f64) -> Result<f64, Failure> {
        let text = self.bare("a number")?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        match number {
            Some(number) if (from..=to).contains(&number) => Ok(number),
            Some(number) => failure(self.column, format!("expected a number from {from} to {to}, found {number}")),
            None => failure(self.column, format!("expected a number, found `{text}`")),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    column: u32,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let passed = &self.rest()[..bytes];
        self.at += bytes;
        self.column += passed.chars().count() as u32;
        passed
    }

    fn skip_space(&mut self) {
        let space = self.rest().len() - self.rest().trim_start().len();
        self.skip(space);
    }

    /// Everything up to white space or `}`.
    fn word(&mut self) -> &'a str {
        let end = self.rest().find(|c: char| c.is_whitespace() || c == '}').unwrap_or(self.rest().len());
        self.skip(end)
    }

    fn argument(&mut self) -> Result<Argument, Failure> {
        let column = self.column;
        if !self.rest().starts_with('"') {
            let word = self.word();
            return match word {
                "" => failure(column, "expected an argument or `}}`"),
                _ if serde_json::from_str::<serde::de::IgnoredAny>(word).is_ok() => {
                    Ok(Argument { choice: Choice::Bare(word.to_owned()), column })
                }
                _ => failure(
                    column,
                    format!("expected a whole number, a number, true, false, null or a text in quotation marks, found `{word}`"),
                ),
            };
        }
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else { return failure(column, "expected a closing quotation mark") };
        let quoted = self.skip(end + 1);
        match serde_json::from_str(quoted) {
            Ok(text) => Ok(Argument { choice: Choice::Text(text), column }),
            Err(_) => failure(column, format!("{quoted} is no text in the manner of JSON")),
        }
    }
}
