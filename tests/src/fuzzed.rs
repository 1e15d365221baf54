//! What is fuzzed: functions over any bytes that must never panic, and must keep what they promise.
//!
//! The targets in `tests/fuzz` call them under libFuzzer; the ordinary tests feed them the corpus and seeded mutations of it.

use pipewright_runtime::check::check;
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::engine::records::{columns, record};
use pipewright_runtime::expr::{Expression, JqProgram};
use pipewright_runtime::file;
use pipewright_runtime::id::MessageId;
use pipewright_runtime::message::{Message, Payload};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;
use pipewright_runtime::units::Moment;
use serde_json::Value;
use std::path::Path;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its file in `tests/fuzz/fuzz_targets` and of its folder in `tests/fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[("file_reader", file_reader), ("expressions", expressions), ("codecs", codecs)];

/// A graph file: read, checked, planned where it is right, and written. What is written reads back without problems as the same file.
pub fn file_reader(bytes: &[u8]) {
    let read = file::read_bytes(bytes, CATALOGUE);
    let problems = check(&read.graph, CATALOGUE);
    if !problems.iter().any(|problem| problem.severity == Severity::Error) {
        // There is no such folder: whatever file the graph names is missing.
        let _ = Plan::of(&read.graph, CATALOGUE, Some(1), Path::new("/no/such/folder"));
    }
    let written = file::write(&read.graph);
    if read.problems.is_empty() && !read.read_only {
        let again = file::read(&written, CATALOGUE);
        assert!(again.problems.is_empty(), "what is written has problems: {:?}\n{written}", again.problems);
        assert_eq!(file::write(&again.graph), written, "writing is not stable");
    }
}

/// An expression in CEL, or a jq program behind a first byte that is odd: compiled, and evaluated on a message.
pub fn expressions(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let payload = Payload::from_bytes(&br#"{"a": 1, "b": [1, 2.5, "x", null], "c": {"d": "text", "e": -3}, "f": true}"#[..]);
    let message = Message::new(MessageId(7), Moment(1_000), payload);
    if first % 2 == 1 {
        if let Ok(program) = JqProgram::compile(&text) {
            let most = 100;
            assert!(program.run(&message, most).map_or(0, |values| values.len()) <= most, "more values than allowed");
        }
    } else if let Ok(expression) = Expression::compile(&text) {
        let value = expression.value(&message);
        if let (Ok(test), Ok(value)) = (expression.test(&message), &value) {
            assert_eq!(Value::from(test), *value, "one expression, two answers");
        }
        let _ = (expression.text(&message), expression.number(&message));
    }
}

/// A payload in JSON, and a CSV file of one line below its header.
pub fn codecs(bytes: &[u8]) {
    let payload = Payload::from_bytes(bytes.to_vec());
    assert_eq!(&payload.bytes()[..], bytes, "a payload keeps its bytes");
    if let Ok(value) = payload.value() {
        let again = Payload::from_bytes(Payload::from_value(value.clone()).bytes());
        assert_eq!(again.value().expect("what was written reads back"), value);
    }
    let _ = record(bytes, None);
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let names = columns(&bytes[..end]);
    if let Ok(object) = record(&bytes[(end + 1).min(bytes.len())..], Some(&names)) {
        let object: Value = serde_json::from_slice(&object).expect("a record is JSON");
        let object = object.as_object().expect("a record of columns is an object");
        assert!(object.keys().all(|key| names.contains(key)), "a column out of nowhere");
    }
}
