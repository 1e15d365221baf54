//! The outline of a JSON text: what lies where, with no map, list or text built. A few fields are looked up in it faster than a whole value
//! is made.

use super::Value;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The parts of a JSON text, from front to back, each object and array before what is in it.
pub(super) struct Outline(Vec<Part>);

struct Part {
    name: Text,
    form: Form,
    /// The number of the part behind this one and all that is in it.
    next: u32,
}

/// A piece of the text itself; or, where it has escapes, what it says.
enum Text {
    At(u32, u32),
    Made(Box<str>),
}

impl Text {
    const NONE: Self = Self::At(0, 0);

    fn of<'t>(&'t self, text: &'t [u8]) -> &'t str {
        match self {
            Self::At(start, end) => std::str::from_utf8(&text[*start as usize..*end as usize]).unwrap_or_default(),
            Self::Made(made) => made,
        }
    }
}

enum Form {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Text),
    Array,
    Object,
}

/// A place in a payload, before anything was built of it or after.
#[derive(Clone, Copy)]
pub enum Look<'a> {
    /// A value that is there.
    Built(&'a Value),
    /// A part of an outline.
    Outlined(Place<'a>),
}

/// A part of an outline.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    outline: &'a Outline,
    text: &'a [u8],
    number: u32,
}

/// What lies at a place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Seen<'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A number that is whole and fits.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A text.
    Text(&'a str),
    /// An array or an object.
    Whole,
}

impl Seen<'_> {
    /// As a value of its own; `None` for arrays and objects, and for numbers that are no JSON.
    pub fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::from(number),
            Self::Double(number) => Value::Number(serde_json::Number::from_f64(number)?),
            Self::Text(text) => Value::String(text.to_owned()),
            Self::Whole => return None,
        })
    }

    /// As a finite number.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::Double(number) => Some(number).filter(|number| number.is_finite()),
            _ => None,
        }
    }
}

impl<'a> Look<'a> {
    /// A field of an object.
    pub fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::Built(value) => value.as_object()?.get(name).map(Self::Built),
            // Of fields with one name the last counts.
            Self::Outlined(place) if matches!(place.part().form, Form::Object) => {
                place.inside().filter(|inner| inner.part().name.of(place.text) == name).last().map(Self::Outlined)
            }
            Self::Outlined(_) => None,
        }
    }

    /// An item of an array.
    pub fn item(self, number: usize) -> Option<Self> {
        match self {
            Self::Built(value) => value.as_array()?.get(number).map(Self::Built),
            Self::Outlined(place) if matches!(place.part().form, Form::Array) => place.inside().nth(number).map(Self::Outlined),
            Self::Outlined(_) => None,
        }
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        match self {
            Self::Built(value) => value.is_object(),
            Self::Outlined(place) => matches!(place.part().form, Form::Object),
        }
    }

    /// What lies here.
    pub fn seen(self) -> Seen<'a> {
        match self {
            Self::Built(value) => match value {
                Value::Null => Seen::Null,
                Value::Bool(flag) => Seen::Bool(*flag),
                Value::Number(number) => match number.as_i64() {
                    Some(whole) => Seen::Int(whole),
                    None => Seen::Double(number.as_f64().unwrap_or(f64::NAN)),
                },
                Value::String(text) => Seen::Text(text),
                Value::Array(_) | Value::Object(_) => Seen::Whole,
            },
            Self::Outlined(place) => match &place.part().form {
                Form::Null => Seen::Null,
                Form::Bool(flag) => Seen::Bool(*flag),
                Form::Int(number) => Seen::Int(*number),
                Form::Double(number) => Seen::Double(*number),
                Form::Text(text) => Seen::Text(text.of(place.text)),
                Form::Array | Form::Object => Seen::Whole,
            },
        }
    }
}

impl<'a> Place<'a> {
    fn part(self) -> &'a Part {
        &self.outline.0[self.number as usize]
    }

    /// What is directly inside.
    fn inside(self) -> impl Iterator<Item = Self> {
        let end = self.part().next;
        let first = Some(self.number + 1).filter(|first| *first < end);
        let at = move |number| Self { number, ..self };
        std::iter::successors(first, move |number| Some(at(*number).part().next).filter(|next| *next < end)).map(at)
    }
}

impl Outline {
    /// Reads a text as strictly as a value is read from it; `None` if it is no JSON, or larger than an outline can say.
    pub fn read(text: &[u8]) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut parts = Vec::with_capacity(text.len() / 12 + 2);
        let mut reader = serde_json::Deserializer::from_slice(text);
        Reader { parts: &mut parts, start: text.as_ptr().addr(), name: Text::NONE }.deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        Some(Self(parts))
    }

    /// The whole.
    pub const fn whole<'a>(&'a self, text: &'a [u8]) -> Look<'a> {
        Look::Outlined(Place { outline: self, text, number: 0 })
    }
}

/// Reads one value into the parts.
struct Reader<'p> {
    parts: &'p mut Vec<Part>,
    /// Where the text starts in memory, to tell places in it.
    start: usize,
    name: Text,
}

impl Reader<'_> {
    fn put(self, form: Form) {
        let next = self.parts.len() as u32 + 1;
        self.parts.push(Part { name: self.name, form, next });
    }
}

fn at(start: usize, text: &str) -> Text {
    let from = text.as_ptr().addr() - start;
    Text::At(from as u32, (from + text.len()) as u32)
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Form::Null);
        Ok(())
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.put(Form::Bool(flag));
        Ok(())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(Form::Int(number));
        Ok(())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(i64::try_from(number).map_or(Form::Double(number as f64), Form::Int));
        Ok(())
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put(Form::Double(number));
        Ok(())
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        let form = Form::Text(at(self.start, text));
        self.put(form);
        Ok(())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.put(Form::Text(Text::Made(text.into())));
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (parts, start) = (self.parts, self.start);
        let own = parts.len();
        Reader { parts, start, name: self.name }.put(Form::Array);
        while items.next_element_seed(Reader { parts, start, name: Text::NONE })?.is_some() {}
        parts[own].next = parts.len() as u32;
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let (parts, start) = (self.parts, self.start);
        let own = parts.len();
        Reader { parts, start, name: self.name }.put(Form::Object);
        while let Some(name) = fields.next_key_seed(NameReader(start))? {
            fields.next_value_seed(Reader { parts, start, name })?;
        }
        parts[own].next = parts.len() as u32;
        Ok(())
    }
}

/// Reads a field's name; it knows where the text starts.
struct NameReader(usize);

impl<'de> DeserializeSeed<'de> for NameReader {
    type Value = Text;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameReader {
    type Value = Text;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text, E> {
        Ok(at(self.0, text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Made(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways of looking see the same, at every place of the value.
    fn compare(built: Look<'_>, outlined: Look<'_>, value: &Value) {
        assert_eq!(built.seen(), outlined.seen(), "{value}");
        assert_eq!(built.is_object(), outlined.is_object());
        for (name, inner) in value.as_object().into_iter().flatten() {
            compare(built.field(name).unwrap(), outlined.field(name).unwrap(), inner);
        }
        for (number, inner) in value.as_array().into_iter().flatten().enumerate() {
            compare(built.item(number).unwrap(), outlined.item(number).unwrap(), inner);
        }
        let beyond = value.as_array().map_or(0, Vec::len);
        assert!(outlined.item(beyond).is_none() && outlined.field("absent").is_none());
    }

    #[test]
    fn an_outline_shows_what_a_value_shows() {
        for text in [
            r#"{"a": 1, "b": [true, null, {"c": "x"}, [], {}], "d": -2.5e3, "e\n\u00e4": "\"y\"", "f": "ä", "g": {"h": {"i": [[1], [2, 3]]}}}"#,
            r#"{"twice": 1, "other": 2, "twice": {"in": 3}}"#,
            "[9223372036854775807, 9223372036854775808, 18446744073709551616, -9223372036854775808, -0, -0.0, 1e400]",
            "[9223372036854775807, 9223372036854775808, 18446744073709551616, -9223372036854775808, -0, -0.0, 0.1]",
            " \"text\" ",
            "null",
            "{} x",
            "[1, 2",
            "",
            "{\"a\": 01}",
        ] {
            let outline = Outline::read(text.as_bytes());
            match serde_json::from_str::<Value>(text) {
                Ok(value) => compare(Look::Built(&value), outline.expect(text).whole(text.as_bytes()), &value),
                Err(error) => assert!(outline.is_none(), "{text}: {error}"),
            }
        }
    }
}
