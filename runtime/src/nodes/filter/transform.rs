//! Transform: writes payloads in another format.

use super::{error, input};
use crate::message::{Message, Payload, Value};
use crate::node::field::Word;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use bytes::Bytes;

const OUT: usize = 0;

const FORMATS: &[Word] = &[
    Word { name: "json", label: "JSON", help: "Text by RFC 8259." },
    Word { name: "csv", label: "CSV line", help: "One record of comma-separated values, by RFC 4180." },
    Word { name: "text", label: "Text", help: "Plain text in UTF-8." },
    Word { name: "cbor", label: "CBOR", help: "Concise binary objects, by RFC 8949." },
    Word { name: "messagepack", label: "MessagePack", help: "The binary format of msgpack.org." },
];

/// The descriptor.
pub static TRANSFORM: Kind = Kind {
    name: "transform",
    title: "Transform format",
    family: Family::Filter,
    summary: "Writes payloads in another format: JSON, CSV, text, CBOR or MessagePack.",
    guide: include_str!("transform.md"),
    example: r#"(
    format: 1,
    title: "Readings as lines of CSV",
    nodes: {
        "readings": generator(rate: "50/s", payload: "{\"sensor\": {{int 1 9}}, \"celsius\": {{number 15 95 1}}}"),
        "lines": transform(to: csv, columns: "sensor,celsius"),
        "archive": sink(),
    },
    pipes: ["readings.out -> lines.in", "lines.out -> archive.in"],
)
"#,
    fields: &[
        Field::new(
            "Transform",
            "from",
            "From",
            FieldType::Choice(FORMATS),
            Preset::Word("json"),
            "How payloads are written when they come in.",
        )
        .source("RFC 8259, RFC 4180, RFC 8949, msgpack.org"),
        Field::new("Transform", "to", "To", FieldType::Choice(FORMATS), Preset::Word("cbor"), "How they are written when they go on.")
            .source("RFC 8259, RFC 4180, RFC 8949, msgpack.org"),
        Field::new(
            "Transform",
            "columns",
            "Columns",
            FieldType::Text,
            Preset::None,
            "For CSV: the names of the fields, in order, with commas between, such as id,amount,city.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Messages, written anew."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Transform::read(form)),
    figures: [Figure::RateIn, Figure::Setting("to")],
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Json,
    Csv,
    Text,
    Cbor,
    MessagePack,
}

impl Format {
    fn named(name: &str) -> Self {
        match name {
            "csv" => Self::Csv,
            "text" => Self::Text,
            "cbor" => Self::Cbor,
            "messagepack" => Self::MessagePack,
            _ => Self::Json,
        }
    }

    /// IANA, media types.
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Text => "text/plain",
            Self::Cbor => "application/cbor",
            Self::MessagePack => "application/vnd.msgpack",
        }
    }

    fn read(self, payload: &Payload, columns: &[String]) -> Result<Value, String> {
        if let Some(blob) = payload.blob() {
            return Err(blob.closed());
        }
        let bytes = || payload.bytes();
        match self {
            Self::Json => payload.value().cloned().map_err(ToString::to_string),
            Self::Text => String::from_utf8(bytes().to_vec()).map(Value::String).map_err(|_| "the payload is no UTF-8 text".to_owned()),
            Self::Cbor => {
                let bytes = bytes();
                let mut rest = &bytes[..];
                let value: Value =
                    ciborium::from_reader(&mut rest).map_err(|error| format!("the payload is no CBOR that JSON can say: {error}"))?;
                if rest.is_empty() { Ok(value) } else { Err(format!("{} bytes are left behind the CBOR value", rest.len())) }
            }
            Self::MessagePack => {
                rmp_serde::from_slice(&bytes()).map_err(|error| format!("the payload is no MessagePack that JSON can say: {error}"))
            }
            Self::Csv => {
                let bytes = bytes();
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
                let mut records = reader.records();
                let record = records.next().ok_or("there is no record")?.map_err(|error| error.to_string())?;
                if records.next().is_some() {
                    return Err("there is more than one record".to_owned());
                }
                if record.len() != columns.len() {
                    return Err(format!("the record has {} fields, expected {}", record.len(), columns.len()));
                }
                Ok(columns.iter().cloned().zip(record.iter().map(field)).collect())
            }
        }
    }

    fn write(self, value: &Value, columns: &[String]) -> Result<Bytes, String> {
        match self {
            Self::Json => Ok(serde_json::to_vec(value).map_err(|error| error.to_string())?.into()),
            Self::Text => Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()),
            Self::Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(value, &mut bytes).map_err(|error| error.to_string())?;
                Ok(bytes.into())
            }
            Self::MessagePack => Ok(rmp_serde::to_vec(value).map_err(|error| error.to_string())?.into()),
            Self::Csv => {
                let fields = value.as_object().ok_or("only an object has fields for a line of CSV")?;
                let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
                for column in columns {
                    let text = match fields.get(column) {
                        None | Some(Value::Null) => String::new(),
                        Some(Value::String(text)) => text.clone(),
                        Some(Value::Array(_) | Value::Object(_)) => {
                            return Err(format!("`{column}` is a list or an object: no field of CSV holds it"));
                        }
                        Some(other) => other.to_string(),
                    };
                    writer.write_field(text).map_err(|error| error.to_string())?;
                }
                writer.write_record(None::<&[u8]>).map_err(|error| error.to_string())?;
                Ok(writer.into_inner().map_err(|error| error.to_string())?.into())
            }
        }
    }
}

/// What a field of CSV stands for.
fn field(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        // What would not be written back alike, as 007, stays a text.
        _ => match serde_json::from_str::<Value>(text) {
            Ok(Value::Number(number)) if number.to_string() == text => Value::Number(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

struct Transform {
    from: Format,
    to: Format,
    columns: Vec<String>,
}

impl Transform {
    fn read(form: &mut Form<'_>) -> Self {
        let (from, to) = (Format::named(form.choice("from")), Format::named(form.choice("to")));
        let columns: Vec<String> =
            form.text("columns").map_or_else(Vec::new, |text| text.split(',').map(|name| name.trim().to_owned()).collect());
        if (from == Format::Csv || to == Format::Csv) && (columns.is_empty() || columns.iter().any(String::is_empty)) {
            form.problem("columns", "CSV needs the names of its columns", "for example id,amount,city");
        }
        Self { from, to, columns }
    }

    fn take(&self, message: Message, fx: &mut Effects<'_>) {
        let written = self.from.read(&message.payload, &self.columns).and_then(|value| self.to.write(&value, &self.columns));
        match written {
            Ok(bytes) => {
                let mut made = message.derive(fx.maker(), OUT as u64, fx.now(), Payload::from_bytes(bytes));
                made.head_mut().content_type = Some(self.to.content_type().into());
                fx.emit(OUT, made);
            }
            Err(error) => fx.reject(message, error),
        }
    }
}

impl Behaviour for Transform {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        *self = Self::read(form);
        Change::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    fn through(from: &'static str, to: &'static str, payload: &[u8]) -> Result<(Vec<u8>, String), String> {
        let settings = [("from", from.into()), ("to", to.into()), ("columns", "a,b,c".into())];
        let mut transform = Script::new(&TRANSFORM, settings);
        let mut message = transform.message(json!(null));
        message.payload = Payload::from_bytes(payload.to_vec());
        transform.send_message("in", message);
        if let Some(end) = transform.seen().rejected.first() {
            return Err(end.why.to_string());
        }
        let made = &transform.seen().left[0].message;
        Ok((made.payload.bytes().to_vec(), made.head().content_type.as_deref().unwrap_or_default().to_owned()))
    }

    #[test]
    fn bytes_are_those_of_the_specifications() {
        // RFC 8949, appendix A; msgpack.org, "Try!"; RFC 4180, section 2.
        assert_eq!(through("json", "cbor", b"[1, [2, 3]]").unwrap().0, [0x82, 1, 0x82, 2, 3]);
        assert_eq!(through("json", "cbor", br#"{"a": 1, "b": [2, 3]}"#).unwrap().0, [0xa2, 0x61, 0x61, 1, 0x61, 0x62, 0x82, 2, 3]);
        let packed = through("json", "messagepack", br#"{"compact":true,"schema":0}"#).unwrap().0;
        assert_eq!(packed, [&[0x82, 0xa7][..], b"compact", &[0xc3, 0xa6], b"schema", &[0]].concat());
        let (line, kind) = through("json", "csv", br#"{"c": "say \"hi\", friend", "a": 1.5, "x": 9}"#).unwrap();
        assert_eq!((String::from_utf8(line).unwrap().as_str(), kind.as_str()), ("1.5,,\"say \"\"hi\"\", friend\"\n", "text/csv"));
        assert_eq!(through("csv", "json", b"007,true,2.50").unwrap().0, br#"{"a":"007","b":true,"c":"2.50"}"#);
        assert_eq!(through("csv", "json", b"7,,\"x, y\"\r\n").unwrap().0, br#"{"a":7,"b":null,"c":"x, y"}"#);
        assert_eq!(through("text", "json", "grüezi".as_bytes()).unwrap().0, "\"grüezi\"".as_bytes());
        assert_eq!(through("json", "text", br#""plain""#).unwrap().0, b"plain");
    }

    #[test]
    fn there_and_back_is_the_same_value() {
        let value = json!({"a": [1, -7, 2.5, null, true], "b": {"deep": "é"}, "c": u64::MAX});
        for format in ["json", "cbor", "messagepack"] {
            let (bytes, _) = through("json", format, &serde_json::to_vec(&value).unwrap()).unwrap();
            let (back, _) = through(format, "json", &bytes).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&back).unwrap(), value, "{format}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_an_error() {
        for (from, to, payload, words) in [
            ("json", "csv", &br#"{"a": [1]}"#[..], "no field of CSV"),
            ("json", "csv", b"[1]", "only an object"),
            ("csv", "json", b"1,2", "2 fields, expected 3"),
            ("csv", "json", b"1,2,3\n4,5,6", "more than one"),
            ("cbor", "json", &[0x82, 1], "no CBOR"),
            ("cbor", "json", &[1, 1], "left behind"),
            ("messagepack", "json", &[0xc1], "no MessagePack"),
            ("text", "json", &[0xff], "no UTF-8"),
            ("json", "cbor", b"{", "not JSON"),
        ] {
            let error = through(from, to, payload).unwrap_err();
            assert!(error.contains(words), "{from} to {to}: {error}");
        }
        assert!(problems(&TRANSFORM, [("to", "csv".into())])[0].contains("names of its columns"));
    }
}
