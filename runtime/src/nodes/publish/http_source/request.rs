//! From a request to a message: payload, content type, headers, and `CloudEvents` in both of its modes.

use crate::message::{Message, Payload, Value};
use crate::node::Effects;
use crate::node::outside::HttpRequest;
use base64::Engine as _;
use bytes::Bytes;
use std::sync::Arc;

/// What a request says, before it is a message.
#[derive(Default, Debug)]
pub struct Content {
    payload: Bytes,
    media: Option<Arc<str>>,
    headers: Vec<(Arc<str>, Value)>,
    key: Option<Arc<str>>,
    correlation: Option<Arc<str>>,
    trace_parent: Option<Arc<str>>,
    /// UTC nanoseconds since 1970.
    expires: Option<u64>,
}

/// The name of an HTTP header as a message's: `X-Request-Id` is `x_request_id`, so that expressions can say `headers.x_request_id`.
fn header_name(name: &str) -> Arc<str> {
    name.to_ascii_lowercase().replace('-', "_").into()
}

impl Content {
    /// Reads a request. `kept` are the names of HTTP headers to keep beside those that begin with `x-`. In words, what is wrong with it.
    pub fn read(request: HttpRequest, kept: &[String]) -> Result<Self, String> {
        let header = |wanted: &str| request.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let content_type = header("content-type").map(str::to_owned);
        let mut content = Self { trace_parent: header("traceparent").map(Into::into), ..Self::default() };
        for (name, value) in &request.headers {
            if name.starts_with("x-") || kept.iter().any(|kept| kept == name) {
                content.headers.push((header_name(name), Value::from(value.as_str())));
            }
        }
        let media_type = content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media_type == "application/cloudevents+json" {
            content.structured(&request.body)?;
        } else {
            if media_type == "application/cloudevents-batch+json" {
                return Err("batches of CloudEvents are not taken; send one at a time".to_owned());
            }
            content.media = content_type.map(Into::into);
            content.payload = request.body;
            for (name, value) in request.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("ce-")?, value))) {
                content.attribute(name, Value::from(value.as_str()))?;
            }
        }
        Ok(content)
    }

    /// `CloudEvents` 1.0, JSON event format: the event is the body.
    fn structured(&mut self, body: &[u8]) -> Result<(), String> {
        let event: Value = serde_json::from_slice(body).map_err(|error| format!("the CloudEvent is not JSON: {error}"))?;
        let Value::Object(event) = event else { return Err("a CloudEvent is a JSON object".to_owned()) };
        if !event.contains_key("specversion") {
            return Err("a CloudEvent has a `specversion`".to_owned());
        }
        for (name, value) in event {
            match (name.as_str(), value) {
                ("data", data) => self.payload = serde_json::to_vec(&data).expect("JSON values always write").into(),
                ("data_base64", Value::String(text)) => {
                    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                    self.payload = bytes.map_err(|error| format!("`data_base64`: {error}"))?.into();
                }
                ("datacontenttype", Value::String(text)) => self.media = Some(text.into()),
                (name, value) => self.attribute(name, value)?,
            }
        }
        Ok(())
    }

    /// A context attribute of a `CloudEvent`: what the envelope has a place for goes there, the rest becomes headers `ce_...`.
    fn attribute(&mut self, name: &str, value: Value) -> Result<(), String> {
        let text = value.as_str().map(Arc::<str>::from);
        match (name, text) {
            ("partitionkey", Some(text)) => self.key = Some(text),
            ("correlationid", Some(text)) => self.correlation = Some(text),
            ("traceparent", Some(text)) => self.trace_parent = Some(text),
            ("expirytime", Some(text)) => {
                let expires = crate::utc::parse(&text).ok_or_else(|| format!("`expirytime` is no time in UTC: {text}"))?;
                self.expires = Some(expires);
            }
            (name, _) => self.headers.push((format!("ce_{name}").into(), value)),
        }
        Ok(())
    }

    /// The message, as number `index` of its source.
    pub fn make(self, index: u64, fx: &Effects<'_>) -> Message {
        let mut message = fx.make(index, fx.now(), Payload::from_bytes(self.payload));
        if let Some(expires) = self.expires {
            message.expires = fx.now() + crate::units::Span(expires.saturating_sub(fx.calendar(fx.now())));
        }
        let head = message.head_mut();
        (head.content_type, head.key, head.correlation) = (self.media, self.key, self.correlation);
        (head.trace_parent, head.headers) = (self.trace_parent, self.headers.into());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(headers: &[(&str, &str)], body: &str) -> Result<Content, String> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = HttpRequest { number: 0, path: "/".into(), headers, body: Bytes::copy_from_slice(body.as_bytes()) };
        Content::read(request, &["user-agent".to_owned()])
    }

    #[test]
    fn a_plain_request_keeps_its_type_and_the_headers_that_are_meant_for_others() {
        let content = read(
            &[("content-type", "text/csv; charset=utf-8"), ("x-request-id", "7"), ("user-agent", "curl"), ("cookie", "secret")],
            "1,2",
        )
        .unwrap();
        assert_eq!((&content.payload[..], content.media.as_deref()), (&b"1,2"[..], Some("text/csv; charset=utf-8")));
        assert_eq!(content.headers, [("x_request_id".into(), json!("7")), ("user_agent".into(), json!("curl"))]);
    }

    #[test]
    fn cloud_events_say_the_same_in_both_modes() {
        let binary = read(
            &[
                ("content-type", "application/json"),
                ("ce-specversion", "1.0"),
                ("ce-id", "e1"),
                ("ce-type", "sold"),
                ("ce-partitionkey", "k"),
                ("ce-correlationid", "c"),
                ("ce-expirytime", "2030-01-01T00:00:00Z"),
            ],
            r#"{"a":1}"#,
        )
        .unwrap();
        let structured = read(
            &[("content-type", "application/cloudevents+json; charset=utf-8")],
            r#"{"specversion":"1.0","id":"e1","type":"sold","partitionkey":"k","correlationid":"c","expirytime":"2030-01-01T00:00:00Z",
                "datacontenttype":"application/json","data":{"a":1}}"#,
        )
        .unwrap();
        for content in [&binary, &structured] {
            assert_eq!(&content.payload[..], br#"{"a":1}"#);
            assert_eq!((content.key.as_deref(), content.correlation.as_deref()), (Some("k"), Some("c")));
            assert_eq!(content.media.as_deref(), Some("application/json"));
            assert_eq!(content.headers[1..], [("ce_id".into(), json!("e1")), ("ce_type".into(), json!("sold"))]);
            assert!(content.expires.is_some());
        }
        let bytes = read(&[("content-type", "application/cloudevents+json")], r#"{"specversion":"1.0","data_base64":"AAH/"}"#).unwrap();
        assert_eq!(&bytes.payload[..], [0, 1, 255]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (kind, body, words) in [
            ("application/cloudevents+json", "oops", "not JSON"),
            ("application/cloudevents+json", "[]", "JSON object"),
            ("application/cloudevents+json", "{}", "specversion"),
            ("application/cloudevents+json", r#"{"specversion":"1.0","data_base64":"?"}"#, "data_base64"),
            ("application/cloudevents+json", r#"{"specversion":"1.0","expirytime":"soon"}"#, "expirytime"),
            ("application/cloudevents-batch+json", "[]", "one at a time"),
        ] {
            assert!(read(&[("content-type", kind)], body).unwrap_err().contains(words), "{body}");
        }
    }
}
