//! The settings of an HTTP source.

use crate::node::field::Word;
use crate::node::{Field, FieldType, Preset};
use crate::nodes::publish::file_source::{HEADERS, KEY, TOPIC};
use crate::nodes::publish::modelled;

/// All of them, in the order of the form.
pub const FIELDS: &[Field] = &[
    Field::new(
        "Listen",
        "address",
        "Address",
        FieldType::Text,
        Preset::Text("127.0.0.1"),
        "Where to listen. Only programs on this machine reach 127.0.0.1; 0.0.0.0 is reached from everywhere, and nobody has to say who they are.",
    ),
    Field::new(
        "Listen",
        "port",
        "Port",
        FieldType::Integer(0, 65_535),
        Preset::Integer(8080),
        "The TCP port; 0 takes a free one, which the node shows.",
    ),
    Field::new(
        "Listen",
        "answer",
        "Answers",
        FieldType::Choice(&[
            Word { name: "accepted", label: "When it is in", help: "202 as soon as the message has come into the graph." },
            Word { name: "ended", label: "When all is done", help: "200 once everything made from the message has ended, well or not." },
        ]),
        Preset::Word("accepted"),
        "When the sender hears that its message was taken.",
    )
    .source("RFC 9110, 15.3.3: 202 Accepted"),
    Field::new(
        "Limits",
        "most_waiting",
        "Most waiting",
        FieldType::Integer(1, 100_000),
        Preset::Integer(100),
        "How many requests wait while the pipe is full. Further ones are refused with 503 and told to come again in a second.",
    )
    .unit("requests")
    .source("RFC 9110, 15.6.4: 503 Service Unavailable, 10.2.3: Retry-After"),
    Field::new(
        "Limits",
        "most_connections",
        "Most connections",
        FieldType::Integer(1, 10_000),
        Preset::Integer(100),
        "How many connections are served at the same time; further ones wait in the system's line.",
    )
    .unit("connections"),
    Field::new("Limits", "most_bytes", "Largest payload", FieldType::Size, Preset::Text("1 MiB"), "A larger body is refused with 413.")
        .source("RFC 9110, 15.5.14: 413 Content Too Large"),
    Field::new(
        "Limits",
        "time_limit",
        "Time limit",
        FieldType::Span(1_000_000),
        Preset::Text("30 s"),
        "A body that takes longer is refused with 408; an answer that takes longer is 504, and the message goes on.",
    ),
    KEY,
    TOPIC,
    HEADERS,
    Field::new(
        "Message",
        "keep_headers",
        "Keep HTTP headers",
        FieldType::Text,
        Preset::Text(""),
        "Names of HTTP headers to keep, with commas between, beside those that begin with X-. In messages they are written as x_request_id.",
    ),
    modelled::ARRIVALS,
    modelled::RATE,
    modelled::COUNT,
    modelled::PAYLOAD,
];
