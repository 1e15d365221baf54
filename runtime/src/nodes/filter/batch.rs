//! Batch: packs messages into one, by number, size or time.

use super::aggregate::{Aggregate, AggregateSettings};
use super::{error, input};
use crate::node::field::Yields;
use crate::node::{Family, Field, FieldType, Figure, Kind, Port, Ports, Preset};
use crate::setting::Settings;

/// The descriptor.
pub static BATCH: Kind = Kind {
    name: "batch",
    title: "Batch",
    family: Family::Filter,
    summary: "Packs messages into one, by number, size or time.",
    guide: include_str!("batch.md"),
    example: r#"(
    format: 1,
    title: "Bulk inserts of a hundred, or once a second",
    nodes: {
        "rows": generator(arrivals: poisson, rate: "60/s", payload: "{\"row\": {{index}}}"),
        "bulk": batch(most_messages: 100, wait: "1 s", most_bytes: "64 KiB"),
        "database": consumer_pool(service: "30 ms"),
    },
    pipes: ["rows.out -> bulk.in", "bulk.out -> database.in"],
)
"#,
    fields: &[
        Field::new(
            "Batch",
            "most_messages",
            "Most messages",
            FieldType::Integer(1, 10_000),
            Preset::Integer(100),
            "A batch with so many messages goes on.",
        )
        .unit("messages"),
        Field::new(
            "Batch",
            "most_bytes",
            "Most bytes",
            FieldType::Size,
            Preset::None,
            "A batch whose payloads have so many bytes goes on. Absent: any number.",
        ),
        Field::new(
            "Batch",
            "wait",
            "Wait",
            FieldType::Span(1_000_000),
            Preset::Text("1 s"),
            "A batch goes on so long after its first message.",
        ),
        Field::new(
            "Batch",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::None,
            "A CEL expression: messages with the same value go into a batch of their own. Absent: all go into one.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Batches: lists of payloads, in order of arrival."), error()],
        ..Ports::default()
    },
    build: |form| {
        let key = form.value("key").and_then(|_| form.expression("key"));
        let most = form.integer("most_messages").map_or(100, |most| most as usize);
        let bytes = form.size("most_bytes").map(|size| size.0);
        Box::new(Aggregate::new(AggregateSettings::batch(key, most, bytes, form.span("wait"))))
    },
    figures: [Figure::Gauge("open"), Figure::RateOut],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn a_batch_goes_on_when_it_is_full_large_or_old() {
        let mut batch = Script::new(&BATCH, [("most_messages", 3.into()), ("most_bytes", "10 B".into()), ("wait", "5 s".into())]);
        for payload in ["a", "b", "c", "d", "a long one"] {
            batch.send("in", json!(payload));
        }
        batch.at("2 s").send("in", json!("e"));
        batch.at("10 s");
        assert_eq!(batch.payloads("out"), [json!(["a", "b", "c"]), json!(["d", "a long one"]), json!(["e"])]);
        assert_eq!(batch.times("out"), [0.0, 0.0, 7.0]);
    }

    #[test]
    fn keys_fill_batches_of_their_own() {
        let mut batch = Script::new(&BATCH, [("most_messages", 2.into()), ("key", "string(message % 2)".into())]);
        for number in 0..4 {
            batch.send("in", json!(number));
        }
        assert_eq!(batch.payloads("out"), [json!([0, 2]), json!([1, 3])]);
        assert_eq!(batch.seen().left[0].message.key(), Some("0"));
    }
}
