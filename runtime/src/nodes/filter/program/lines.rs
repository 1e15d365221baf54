//! What goes to a program in one line, and what a line of it means.

use super::rules::Shape;
use crate::message::{Message, Value};
use bytes::Bytes;
use std::sync::Arc;

/// What a program made of a message.
#[derive(Clone, PartialEq, Debug)]
pub struct Made {
    /// Payloads to go on: none, one or many.
    pub payloads: Vec<Value>,
    /// Headers to set on them.
    pub headers: Vec<(Arc<str>, Value)>,
}

/// The line that hands a message over. Fails for a payload that is no JSON.
pub fn write(message: &Message, shape: Shape) -> Result<Bytes, String> {
    let payload = message.payload.value().map_err(ToString::to_string)?;
    if shape != Shape::Envelope {
        return Ok(serde_json::to_vec(payload).expect("JSON values always write").into());
    }
    let head = message.head();
    let headers: serde_json::Map<String, Value> = head.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let envelope = serde_json::json!({
        "id": message.id.to_string(),
        "key": head.key.as_deref(),
        "topic": head.topic.as_deref(),
        "headers": headers,
        "payload": payload,
    });
    Ok(serde_json::to_vec(&envelope).expect("JSON values always write").into())
}

/// What a line of the program means: what it made, or why it failed.
pub fn read(line: &[u8], shape: Shape) -> Result<Made, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        let shown: String = String::from_utf8_lossy(line).chars().take(80).collect();
        format!("the program answered what is not JSON: {error}: {shown}")
    })?;
    made(value, shape)
}

/// What an answer means.
pub fn made(value: Value, shape: Shape) -> Result<Made, String> {
    let plain = |payloads| Ok(Made { payloads, headers: Vec::new() });
    if let Value::Object(fields) = &value
        && let Some(error) = fields.get("error")
        && (shape == Shape::Envelope || fields.len() == 1)
        && !error.is_null()
    {
        return Err(error.as_str().map_or_else(|| error.to_string(), str::to_owned));
    }
    match (shape, value) {
        (Shape::Payload, value) => plain(vec![value]),
        (Shape::List, Value::Array(payloads)) => plain(payloads),
        (Shape::List, _) => Err("the program answered no list of results".to_owned()),
        (Shape::Envelope, Value::Object(mut fields)) => {
            let payloads = match (fields.remove("results"), fields.remove("payload")) {
                (Some(Value::Array(payloads)), None) => payloads,
                (None, Some(payload)) => vec![payload],
                (None, None) => return Err("the program answered neither `payload` nor `results` nor `error`".to_owned()),
                _ => return Err("the program answered `results` that are no list, or `payload` beside them".to_owned()),
            };
            let headers = match fields.remove("headers") {
                Some(Value::Object(headers)) => headers.into_iter().map(|(name, value)| (name.into(), value)).collect(),
                None | Some(Value::Null) => Vec::new(),
                Some(_) => return Err("the program answered `headers` that are no object".to_owned()),
            };
            Ok(Made { payloads, headers })
        }
        (Shape::Envelope, _) => Err("the program answered no object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::Payload;
    use crate::units::Moment;
    use serde_json::json;

    #[test]
    fn a_message_is_one_line() {
        let mut message = Message::new(MessageId(7), Moment(0), Payload::from_bytes(&b"{\"a\":\n1, \"b\": \"x\\ny\"}"[..]));
        message.set_header("h", json!(2));
        message.head_mut().key = Some("k".into());
        assert_eq!(&write(&message, Shape::Payload).unwrap()[..], br#"{"a":1,"b":"x\ny"}"#);
        let line: Value = serde_json::from_slice(&write(&message, Shape::Envelope).unwrap()).unwrap();
        let expected =
            json!({"id": MessageId(7).to_string(), "key": "k", "topic": null, "headers": {"h": 2}, "payload": {"a": 1, "b": "x\ny"}});
        assert_eq!(line, expected);
        message.payload = Payload::from_bytes(&b"no"[..]);
        assert!(write(&message, Shape::List).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn a_line_means_what_the_shape_says() {
        let payloads = |line: &str, shape| read(line.as_bytes(), shape).map(|made| made.payloads);
        assert_eq!(payloads("[1,2]", Shape::Payload), Ok(vec![json!([1, 2])]));
        assert_eq!(payloads("[1,2]", Shape::List), Ok(vec![json!(1), json!(2)]));
        assert_eq!(payloads("[]", Shape::List), Ok(vec![]));
        assert_eq!(payloads(r#"{"id":"x","payload":3}"#, Shape::Envelope), Ok(vec![json!(3)]));
        assert_eq!(payloads(r#"{"results":[3,4],"error":null}"#, Shape::Envelope), Ok(vec![json!(3), json!(4)]));
        // An error beside other fields is part of a payload, but not of an envelope.
        assert_eq!(payloads(r#"{"error":"e","b":1}"#, Shape::Payload), Ok(vec![json!({"error": "e", "b": 1})]));
        let headers = read(br#"{"payload":1,"headers":{"a":true}}"#, Shape::Envelope).unwrap().headers;
        assert_eq!(headers, [("a".into(), json!(true))]);
        for (line, shape, words) in [
            (r#"{"error":"too late"}"#, Shape::Payload, "too late"),
            (r#"{"error":{"code":5}}"#, Shape::List, r#"{"code":5}"#),
            (r#"{"error":"e","b":1}"#, Shape::Envelope, "e"),
            ("oops", Shape::Payload, "not JSON"),
            ("{}", Shape::List, "no list"),
            ("[]", Shape::Envelope, "no object"),
            ("{}", Shape::Envelope, "neither"),
            (r#"{"results":1}"#, Shape::Envelope, "no list"),
            (r#"{"payload":1,"headers":1}"#, Shape::Envelope, "no object"),
        ] {
            assert!(read(line.as_bytes(), shape).unwrap_err().contains(words), "{line}");
        }
    }
}
