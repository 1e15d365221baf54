//! A dead letter being edited: its payload and headers as text, what is wrong with them, and the difference.

use pipewright_runtime::letter::{Edited, HEADERS, LetterId};
use pipewright_runtime::message::{Message, Payload, Value};
use serde_json::Map;
use similar::{ChangeTag, TextDiff};
use std::sync::Arc;

/// How long a text is edited here.
const MOST_TEXT: usize = 64 << 10;
/// How many unchanged lines stand around a change.
const AROUND: usize = 2;
/// How many lines of a difference are shown.
const MOST_LINES: usize = 400;

/// One text: as it was, and as it is.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// As it was.
    pub before: String,
    /// As it is.
    pub now: String,
    /// What is wrong with it, in words.
    pub error: Option<String>,
}

impl Text {
    fn of(before: String) -> Self {
        Self { now: before.clone(), before, error: None }
    }

    /// Whether it was changed.
    pub fn changed(&self) -> bool {
        self.now != self.before
    }
}

/// The draft of one letter.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Which letter.
    pub id: LetterId,
    /// The payload, or why it cannot be edited here.
    pub payload: Result<Text, &'static str>,
    /// The headers as one JSON object, those of the letter itself left out.
    pub headers: Text,
    /// Whether the payload was JSON, and so must stay JSON.
    json: bool,
}

/// A line of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// In both.
    Same,
    /// Taken out.
    Out,
    /// Put in.
    In,
    /// Lines were left out here.
    Gap,
}

impl Draft {
    /// A letter as it is.
    pub fn of(id: LetterId, message: &Message) -> Self {
        let bytes = message.payload.bytes();
        let value = message.payload.value().ok();
        let json = value.is_some();
        let payload = if bytes.len() > MOST_TEXT {
            Err("The payload is too long to be edited here.")
        } else {
            let indented = value.and_then(|value| serde_json::to_string_pretty(value).ok());
            let text = indented.map_or_else(
                || String::from_utf8(bytes.to_vec()).map_err(|_| "The payload is not text: only its headers can be edited."),
                Ok,
            );
            text.map(Text::of)
        };
        let own = message.head().headers.iter().filter(|(name, _)| !HEADERS.contains(&&**name));
        let headers: Map<String, Value> = own.map(|(name, value)| (name.to_string(), value.clone())).collect();
        let headers = Text::of(serde_json::to_string_pretty(&headers).unwrap_or_default());
        Self { id, payload, headers, json }
    }

    /// Looks at the texts anew, after one of them was changed.
    pub fn check(&mut self) {
        if let Ok(payload) = &mut self.payload {
            let wrong = if payload.now.trim().is_empty() { None } else { serde_json::from_str::<Value>(&payload.now).err() };
            payload.error = wrong.filter(|_| self.json && payload.changed()).map(|error| format!("This is not JSON: {error}."));
        }
        self.headers.error = headers(&self.headers.now).err();
    }

    /// Whether anything was changed.
    pub fn changed(&self) -> bool {
        self.headers.changed() || self.payload.as_ref().is_ok_and(Text::changed)
    }

    /// Whether something is wrong with it.
    pub fn faulty(&self) -> bool {
        self.headers.error.is_some() || self.payload.as_ref().is_ok_and(|payload| payload.error.is_some())
    }

    /// What was changed; `None` if nothing was, or it is faulty.
    pub fn edited(&self) -> Option<Arc<Edited>> {
        if self.faulty() || !self.changed() {
            return None;
        }
        let payload = self.payload.as_ref().ok().filter(|payload| payload.changed());
        let headers = if self.headers.changed() { headers(&self.headers.now).ok() } else { None };
        Some(Arc::new(Edited { payload: payload.map(|payload| Payload::from_bytes(payload.now.clone())), headers }))
    }

    /// Takes every change back.
    pub fn reset(&mut self) {
        if let Ok(payload) = &mut self.payload {
            payload.now.clone_from(&payload.before);
        }
        self.headers.now.clone_from(&self.headers.before);
        self.check();
    }

    /// The difference, line by line, payload first.
    pub fn difference(&self) -> Vec<(Side, String)> {
        let texts = self.payload.iter().chain([&self.headers]).filter(|text| text.changed());
        let mut lines: Vec<(Side, String)> = texts.flat_map(difference).collect();
        if lines.len() > MOST_LINES {
            lines.truncate(MOST_LINES);
            lines.push((Side::Gap, "cut here".to_owned()));
        }
        lines
    }
}

/// The headers that a text means.
fn headers(text: &str) -> Result<Vec<(Arc<str>, Value)>, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let map: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("Headers are one JSON object, name to value: {error}."))?;
    match map.keys().find(|name| HEADERS.contains(&name.as_str())) {
        Some(name) => Err(format!("`{name}` is written by the program: choose another name.")),
        None => Ok(map.into_iter().map(|(name, value)| (name.into(), value)).collect()),
    }
}

/// A text laid out as the program lays out JSON, so that only what it means makes a difference; `None` if it is none, or means the same.
fn laid_out(text: &Text) -> Option<String> {
    let indented = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text.now).ok()?).ok()?;
    (indented != text.before).then_some(indented)
}

fn difference(text: &Text) -> Vec<(Side, String)> {
    let indented = laid_out(text);
    let diff = TextDiff::from_lines(text.before.as_str(), indented.as_deref().unwrap_or(&text.now));
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            lines.push((Side::Gap, "…".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let side = match change.tag() {
                ChangeTag::Equal => Side::Same,
                ChangeTag::Delete => Side::Out,
                ChangeTag::Insert => Side::In,
            };
            lines.push((side, change.value().trim_end_matches(['\n', '\r']).to_owned()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::listing::tests::message;
    use super::*;
    use pipewright_runtime::id::NodeId;
    use serde_json::json;

    fn draft(payload: Payload) -> Draft {
        let mut message = message(1, "work", "max_deliveries");
        message.payload = payload;
        message.set_header("tenant", "blue".into());
        Draft::of(LetterId { keeper: NodeId::new("failed").expect("an id"), number: 1 }, &message)
    }

    fn payload(draft: &mut Draft) -> &mut Text {
        draft.payload.as_mut().expect("it is text")
    }

    #[test]
    fn an_untouched_draft_changes_nothing() {
        let mut draft = draft(Payload::from_value(json!({ "amount": 1 })));
        draft.check();
        assert!(!draft.changed() && !draft.faulty() && draft.edited().is_none() && draft.difference().is_empty());
        assert_eq!(draft.headers.now, "{\n  \"tenant\": \"blue\"\n}", "what the program wrote is not edited");
    }

    #[test]
    fn what_was_changed_is_told_and_goes_as_it_stands() {
        let mut draft = draft(Payload::from_value(json!({ "amount": "many", "to": "x" })));
        payload(&mut draft).now = "{\n  \"amount\": 3,\n  \"to\": \"x\"\n}".to_owned();
        draft.check();
        let told = draft.difference();
        assert!(
            told.contains(&(Side::Out, "  \"amount\": \"many\",".to_owned())) && told.contains(&(Side::In, "  \"amount\": 3,".to_owned()))
        );
        assert!(told.contains(&(Side::Same, "  \"to\": \"x\"".to_owned())));
        let edited = draft.edited().expect("it was changed");
        assert_eq!((edited.payload.as_ref().unwrap().value().unwrap()["amount"].as_i64(), edited.headers.is_none()), (Some(3), true));
        draft.reset();
        assert!(!draft.changed());
    }

    #[test]
    fn another_layout_alone_is_not_told_as_another_meaning() {
        let mut draft = draft(Payload::from_value(json!({ "amount": "many", "to": "x" })));
        payload(&mut draft).now = r#"{"amount": 3, "to": "x"}"#.to_owned();
        let told = draft.difference();
        assert!(
            told.contains(&(Side::In, "  \"amount\": 3,".to_owned())) && told.contains(&(Side::Same, "  \"to\": \"x\"".to_owned())),
            "{told:?}"
        );
        payload(&mut draft).now = r#"{"amount": "many", "to": "x"}"#.to_owned();
        assert!(!draft.difference().is_empty(), "it goes as it stands");
    }

    #[test]
    fn what_is_no_json_is_told_in_words_and_not_sent() {
        let mut faulty = draft(Payload::from_value(json!(1)));
        payload(&mut faulty).now = "{\"a\":}".to_owned();
        faulty.check();
        assert!(payload(&mut faulty).error.as_ref().unwrap().contains("line 1 column 6") && faulty.edited().is_none());
        faulty.reset();
        faulty.headers.now = "[1]".to_owned();
        faulty.check();
        assert!(faulty.headers.error.as_ref().unwrap().starts_with("Headers are one JSON object"));
        faulty.headers.now = "{\"redriven\": 0}".to_owned();
        faulty.check();
        assert_eq!(faulty.headers.error.as_deref(), Some("`redriven` is written by the program: choose another name."));
        // What never was JSON may be anything.
        let mut text = draft(Payload::from_bytes(&b"amount = 3"[..]));
        payload(&mut text).now = "amount = 4".to_owned();
        text.check();
        assert_eq!(text.edited().unwrap().payload.as_ref().unwrap().bytes(), "amount = 4");
        assert!(draft(Payload::from_bytes(&b"\xff\xfe"[..])).payload.is_err());
    }
}
