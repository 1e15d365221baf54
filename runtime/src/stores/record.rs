//! A message as a row: an envelope that people can read, and the payload as it is.

use crate::id::MessageId;
use crate::message::{Head, Message, Payload, Value};
use crate::units::Moment;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the envelope of a row holds. What is at its default is left out.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Envelope {
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Arc<str>>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    headers: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_parent: Option<Arc<str>>,
    #[serde(skip_serializing_if = "is_zero")]
    hops: u16,
    #[serde(skip_serializing_if = "is_zero")]
    priority: u8,
    #[serde(skip_serializing_if = "is_zero")]
    redriven: u8,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// The envelope of a message as text.
pub(super) fn envelope(message: &Message) -> String {
    let head = message.head();
    let envelope = Envelope {
        correlation: head.correlation.clone(),
        parents: head.parents.iter().map(ToString::to_string).collect(),
        key: head.key.clone(),
        topic: head.topic.clone(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        content_type: head.content_type.clone(),
        trace_parent: head.trace_parent.clone(),
        hops: message.hops,
        priority: message.priority,
        redriven: message.redriven,
    };
    serde_json::to_string(&envelope).expect("texts and numbers always write")
}

/// A row as a message that enters at the start of a run. `expires` is on the run clock.
pub(super) fn message(id: &str, envelope: &str, payload: Vec<u8>, expires: Moment) -> Result<Message, String> {
    let id = id_of(id).ok_or_else(|| format!("`{id}` is no message id"))?;
    let envelope: Envelope = serde_json::from_str(envelope).map_err(|error| format!("the envelope cannot be read: {error}"))?;
    let mut message = Message::new(id, Moment::START, Payload::from_bytes(payload));
    message.expires = expires;
    message.hops = envelope.hops;
    message.priority = envelope.priority;
    message.redriven = envelope.redriven;
    let parents = envelope.parents.iter().map(|parent| id_of(parent).ok_or_else(|| format!("`{parent}` is no message id")));
    let head = Head {
        correlation: envelope.correlation,
        parents: parents.collect::<Result<_, _>>()?,
        key: envelope.key,
        topic: envelope.topic,
        headers: envelope.headers.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        content_type: envelope.content_type,
        trace_parent: envelope.trace_parent,
        tracked: None,
    };
    if head != Head::default() {
        *message.head_mut() = head;
    }
    Ok(message)
}

fn id_of(text: &str) -> Option<MessageId> {
    u128::from_str_radix(&text.replace('-', ""), 16).ok().map(MessageId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_comes_back_as_it_was() {
        let mut sent =
            Message::new(MessageId::entering(1_767_225_600_000, [7, 8]), Moment::START, Payload::from_bytes(&b"\x00raw\xff"[..]));
        (sent.hops, sent.priority, sent.redriven, sent.expires) = (3, 200, 2, Moment(77));
        let parent = MessageId::entering(1_767_225_600_000, [9, 9]);
        *sent.head_mut() = Head {
            correlation: Some("one".into()),
            parents: vec![parent, sent.id],
            key: Some("k".into()),
            topic: Some("a/b".into()),
            headers: [("z".into(), json!(1)), ("a".into(), json!({"x": [null, "é"]}))].into_iter().collect(),
            content_type: Some("text/plain".into()),
            trace_parent: Some("00-1-2-01".into()),
            tracked: None,
        };
        let back = message(&sent.id.to_string(), &envelope(&sent), sent.payload.bytes().to_vec(), Moment(77));
        assert_eq!(back, Ok(sent));
        let plain = Message::new(parent, Moment::START, Payload::EMPTY);
        assert_eq!(envelope(&plain), "{}");
        assert_eq!(message(&parent.to_string(), "{}", Vec::new(), Moment::NEVER), Ok(plain));
        assert!(message("zz", "{}", Vec::new(), Moment::NEVER).is_err());
        assert!(message(&parent.to_string(), "{\"hops\": -1}", Vec::new(), Moment::NEVER).is_err());
    }
}
