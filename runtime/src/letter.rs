//! Dead letters: what a message that was given up says of itself, and how it goes back to work.
//!
//! Everything is told by headers, written here and nowhere else, so that a letter says the same wherever it lies: in a node that collects
//! dead letters, in the graph's own, in a store on disk, or on a wired error pipe.
//!
//! | header | what it says |
//! |---|---|
//! | `reason` | a word, from whoever gave it up on purpose; a filter that fails gives none |
//! | `error` | the last error, in words |
//! | `error_node` | the node that gave it up |
//! | `origin` | the node and input it was given up by, `work.in`: where a redrive puts it back; a node alone if it came from a source |
//! | `deliveries` | how often it was delivered, from stores |
//! | `first_failed`, `last_failed` | UTC, the first and the last failure, through all redrives |
//! | `failures` | the history: a list of `at`, `node`, `error` and `delivery`; the first and the nine newest |
//! | `redriven`, `redriven_at` | how often it was put back to work by hand, and when last; they stay with the message |
//! | `edited_at` | when it was changed by hand, if it was |

mod shelf;

pub use shelf::{Acts, Letter, Shelf};

use crate::id::{End, NodeId};
use crate::message::{Message, Payload, Settlement, Value};
use crate::units::Moment;
use crate::utc;
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// Why, as a word.
pub const REASON: &str = "reason";
/// Why, in words.
pub const ERROR: &str = "error";
/// The node that gave it up.
pub const NODE: &str = "error_node";
/// The node and input that it goes back to.
pub const ORIGIN: &str = "origin";
/// How often it was delivered.
pub const DELIVERIES: &str = "deliveries";
/// When it failed first.
pub const FIRST: &str = "first_failed";
/// When it failed last.
pub const LAST: &str = "last_failed";
/// Every failure, as far as kept.
pub const FAILURES: &str = "failures";
/// How often it was redriven.
pub const REDRIVEN: &str = "redriven";
/// When it was redriven last.
pub const REDRIVEN_AT: &str = "redriven_at";
/// When it was edited.
pub const EDITED_AT: &str = "edited_at";

/// The headers of this table, which no person edits.
pub const HEADERS: [&str; 11] = [REASON, ERROR, NODE, ORIGIN, DELIVERIES, FIRST, LAST, FAILURES, REDRIVEN, REDRIVEN_AT, EDITED_AT];

/// How many failures a history keeps: the first, and the newest.
pub const MOST_FAILURES: usize = 10;
/// How much of an error a history keeps, in characters.
const MOST_ERROR: usize = 300;

/// One failure of a message.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Where it failed; empty if that is not known.
    pub node: &'a str,
    /// In words.
    pub error: &'a str,
    /// When, in UTC nanoseconds since 1970.
    pub at: u64,
    /// In which delivery, if it was delivered at all.
    pub delivery: Option<u64>,
}

/// Adds a failure to a message's history: headers `failures`, `first_failed` and `last_failed`.
pub fn remember(message: &mut Message, failure: &Failure<'_>) {
    let at = Value::from(utc::write(failure.at));
    let error: String = failure.error.chars().take(MOST_ERROR).collect();
    let mut entry = json!({ "at": at, "error": error });
    if !failure.node.is_empty() {
        entry["node"] = failure.node.into();
    }
    if let Some(delivery) = failure.delivery {
        entry["delivery"] = delivery.into();
    }
    if message.header(FIRST).is_none() {
        message.set_header(FIRST, at.clone());
    }
    message.set_header(LAST, at);
    match message.header_mut(FAILURES) {
        Some(Value::Array(failures)) => {
            // Somebody else may have written a longer one.
            while failures.len() >= MOST_FAILURES {
                failures.remove(1);
            }
            failures.push(entry);
        }
        _ => message.set_header(FAILURES, Value::Array(vec![entry])),
    }
}

/// Writes into a message why and where it is given up. `origin`: what a redrive puts it back to.
pub fn give_up(message: &mut Message, failure: &Failure<'_>, reason: Option<&str>, origin: &str) {
    message.set_header(ERROR, failure.error.into());
    message.set_header(NODE, failure.node.into());
    message.set_header(ORIGIN, origin.into());
    if let Some(reason) = reason {
        message.set_header(REASON, reason.into());
    }
    remember(message, failure);
}

/// Makes a dead letter a message again: with the same id, marked as redriven, free of what made it a letter. Its history stays, and its
/// time to live begins anew.
pub fn back_to_work(message: &mut Message, edited: Option<&Edited>, at: u64) {
    let redriven = redriven(message).saturating_add(1);
    let head = message.head_mut();
    head.tracked = None;
    head.headers.retain(|(name, _)| ![REASON, ERROR, NODE, ORIGIN, DELIVERIES].contains(&&**name));
    message.settlement = Settlement::None;
    message.expires = Moment::NEVER;
    if let Some(edited) = edited {
        edited.apply(message);
        message.set_header(EDITED_AT, utc::write(at).into());
    }
    message.redriven = u8::try_from(redriven).unwrap_or(u8::MAX);
    message.set_header(REDRIVEN, redriven.into());
    message.set_header(REDRIVEN_AT, utc::write(at).into());
}

fn word<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.header(name).and_then(Value::as_str)
}

/// Why it was given up, as a word: `error` where nobody gave one.
pub fn reason(message: &Message) -> &str {
    word(message, REASON).unwrap_or(if message.header(ERROR).is_some() { "error" } else { "unknown" })
}

/// Why, in words.
pub fn error(message: &Message) -> &str {
    word(message, ERROR).unwrap_or_default()
}

/// How often it was delivered; 0 if nobody said.
pub fn deliveries(message: &Message) -> u64 {
    message.header(DELIVERIES).and_then(Value::as_u64).unwrap_or(0)
}

/// How often it was redriven.
pub fn redriven(message: &Message) -> u64 {
    message.header(REDRIVEN).and_then(Value::as_u64).unwrap_or(0).max(u64::from(message.redriven))
}

/// The first and the last failure, in UTC nanoseconds since 1970, as far as known.
pub fn times(message: &Message) -> [Option<u64>; 2] {
    [FIRST, LAST].map(|name| word(message, name).and_then(utc::parse))
}

/// Why a letter cannot be redriven, before anybody has tried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoWayBack {
    /// It has no header `origin`.
    #[error("it does not say where it was given up")]
    Unknown,
    /// It failed as it entered the run.
    #[error("it came from `{0}`, a source: there is nothing to put it back to")]
    Source(NodeId),
    /// The header says something else.
    #[error("its origin `{0}` is not a node and an input")]
    Unreadable(String),
}

/// The node and input that a redrive puts it back to.
pub fn origin(message: &Message) -> Result<End, NoWayBack> {
    let text = word(message, ORIGIN).ok_or(NoWayBack::Unknown)?;
    let unreadable = || NoWayBack::Unreadable(text.chars().take(60).collect());
    let (node, port) = text.split_once('.').map_or((text, None), |(node, port)| (node, Some(port)));
    let node = NodeId::new(node).ok_or_else(unreadable)?;
    match port {
        None => Err(NoWayBack::Source(node)),
        Some("") => Err(unreadable()),
        Some(port) => Ok(End { node, port: port.into() }),
    }
}

/// Names one dead letter of a run: who keeps it, and its number there. Written `failed#12`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LetterId {
    /// The node that keeps it: one that collects dead letters, or the one that gave it up, for the graph's own.
    pub keeper: NodeId,
    /// Its number there, in the order of coming.
    pub number: u64,
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.keeper, self.number)
    }
}

/// What a person changed in a letter. What is not there stays.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Edited {
    /// Another payload.
    pub payload: Option<Payload>,
    /// All headers but those of a letter, in place of the ones it has.
    pub headers: Option<Vec<(Arc<str>, Value)>>,
}

impl Edited {
    /// Whether nothing was changed.
    pub const fn is_empty(&self) -> bool {
        self.payload.is_none() && self.headers.is_none()
    }

    fn apply(&self, message: &mut Message) {
        if let Some(payload) = &self.payload {
            message.payload = payload.clone();
        }
        if let Some(headers) = &self.headers {
            let own = |name: &str| HEADERS.contains(&name);
            let kept = &mut message.head_mut().headers;
            kept.retain(|(name, _)| own(name));
            kept.extend(headers.iter().filter(|(name, _)| !own(name)).cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::units::SECOND;

    fn message() -> Message {
        Message::new(MessageId(7), Moment::START, Payload::from_value(json!({ "amount": 1 })))
    }

    fn fail(message: &mut Message, second: u64, delivery: u64) {
        let failure = Failure { node: "work", error: "no stock", at: second * SECOND, delivery: Some(delivery) };
        give_up(message, &failure, Some("max_deliveries"), "work.in");
    }

    #[test]
    fn a_letter_says_why_where_when_and_where_it_goes_back_to() {
        let mut letter = message();
        fail(&mut letter, 5, 3);
        assert_eq!((reason(&letter), error(&letter)), ("max_deliveries", "no stock"));
        assert_eq!(origin(&letter).unwrap().to_string(), "work.in");
        assert_eq!(times(&letter), [Some(5 * SECOND); 2]);
        assert_eq!(
            letter.header(FAILURES).unwrap()[0],
            json!({ "at": "1970-01-01T00:00:05Z", "node": "work", "error": "no stock", "delivery": 3 })
        );
    }

    #[test]
    fn a_history_keeps_the_first_failure_and_the_newest() {
        let mut letter = message();
        (0..25).for_each(|second| fail(&mut letter, second, second + 1));
        let failures = letter.header(FAILURES).unwrap().as_array().unwrap();
        let deliveries: Vec<u64> = failures.iter().map(|failure| failure["delivery"].as_u64().unwrap()).collect();
        assert_eq!(deliveries, [1, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
        assert_eq!(times(&letter), [Some(0), Some(24 * SECOND)]);
    }

    #[test]
    fn back_at_work_it_keeps_its_id_and_its_history_and_is_marked() {
        let mut letter = message();
        letter.set_header("tenant", "blue".into());
        letter.expires = Moment(1);
        fail(&mut letter, 5, 3);
        back_to_work(&mut letter, None, 9 * SECOND);
        assert_eq!((letter.id, letter.expires, redriven(&letter), letter.redriven), (MessageId(7), Moment::NEVER, 1, 1));
        for gone in [REASON, ERROR, NODE, ORIGIN, DELIVERIES] {
            assert_eq!(letter.header(gone), None, "{gone}");
        }
        assert_eq!((letter.header("tenant"), letter.header(REDRIVEN_AT)), (Some(&json!("blue")), Some(&json!("1970-01-01T00:00:09Z"))));
        fail(&mut letter, 12, 1);
        back_to_work(&mut letter, None, 20 * SECOND);
        assert_eq!((redriven(&letter), letter.header(EDITED_AT)), (2, None));
        assert_eq!(letter.header(FAILURES).unwrap().as_array().unwrap().len(), 2);
    }

    #[test]
    fn an_edit_changes_what_it_names_and_never_the_history() {
        let mut letter = message();
        letter.set_header("tenant", "blue".into());
        letter.set_header("shelf", 4.into());
        fail(&mut letter, 5, 3);
        let edited = Edited {
            payload: Some(Payload::from_value(json!(2))),
            headers: Some(vec![("tenant".into(), "red".into()), (FIRST.into(), 1.into())]),
        };
        back_to_work(&mut letter, Some(&edited), SECOND);
        assert_eq!(
            (letter.payload.value().unwrap(), letter.header("tenant"), letter.header("shelf")),
            (&json!(2), Some(&json!("red")), None)
        );
        assert_eq!((times(&letter)[0], letter.header(EDITED_AT).is_some()), (Some(5 * SECOND), true));
    }

    #[test]
    fn what_has_no_way_back_says_why() {
        let told = |origin_header: Option<Value>| {
            let mut letter = message();
            origin_header.into_iter().for_each(|value| letter.set_header(ORIGIN, value));
            origin(&letter).unwrap_err().to_string()
        };
        assert_eq!(told(None), "it does not say where it was given up");
        assert_eq!(told(Some(json!(3))), "it does not say where it was given up");
        assert_eq!(told(Some(json!("orders"))), "it came from `orders`, a source: there is nothing to put it back to");
        assert_eq!(told(Some(json!("no node.in"))), "its origin `no node.in` is not a node and an input");
        assert_eq!(told(Some(json!("work."))), "its origin `work.` is not a node and an input");
    }
}
