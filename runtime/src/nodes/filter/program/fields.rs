//! The settings of a program as a filter.

use crate::node::field::{Word, Yields};
use crate::node::{Field, FieldType, Preset};
use crate::nodes::queue::rules;
use crate::setting::Setting;

const fn word(name: &'static str, label: &'static str, help: &'static str) -> Word {
    Word { name, label, help }
}

/// All of them, in the order of the form.
pub const FIELDS: &[Field] = &[
    Field::new(
        "Program",
        "command",
        "Command",
        FieldType::Text,
        Preset::Required,
        "The program and its arguments, with quotation marks as in a shell, such as jq -c '.total'. No shell runs, and nothing is expanded.",
    )
    .source("POSIX.1-2024, Shell Command Language, 2.2 Quoting"),
    Field::new(
        "Program",
        "form",
        "Form",
        FieldType::Choice(&[
            word("payload", "Payload alone", "One payload a line, as JSON, and one payload a line back; or {\"error\": \"why\"} back."),
            word(
                "envelope",
                "With envelope",
                "{\"id\", \"key\", \"topic\", \"headers\", \"payload\"} a line; {\"payload\"} or {\"results\"} or {\"error\"} back, and \"headers\" to set.",
            ),
        ]),
        Preset::Word("payload"),
        "What is written to the program's standard input, and read from its standard output. Lines are JSON (JSON Lines).",
    )
    .source("jsonlines.org"),
    Field::new(
        "Program",
        "results",
        "Results",
        FieldType::Choice(&[
            word("one", "One", "The line is the payload that goes on."),
            word("list", "A list", "The line is a list; each element goes on as a message of its own, and an empty list drops the message as `filtered`."),
        ]),
        Preset::Word("one"),
        "How many messages come of one.",
    )
    .when("form", &["payload"]),
    Field::new(
        "Program",
        "matching",
        "Answers come",
        FieldType::Choice(&[
            word("in_order", "In order", "The first answer belongs to the first message, and so on."),
            word("by_id", "In any order", "Each answer repeats the `id` of the envelope that it belongs to."),
        ]),
        Preset::Word("in_order"),
        "How answers find their messages.",
    ),
    Field::new(
        "Work",
        "copies",
        "Copies",
        FieldType::Integer(1, 256),
        Preset::Integer(1),
        "How many processes of the program run at the same time.",
    )
    .unit("processes"),
    Field::new(
        "Work",
        "under_way",
        "Under way",
        FieldType::Integer(1, 10_000),
        Preset::Integer(1),
        "How many messages each process is handed ahead of its answers. More wait in the pipe before the node.",
    )
    .unit("messages"),
    Field::new(
        "Work",
        "order",
        "Order",
        FieldType::Choice(&[
            word("as_finished", "As they finish", "The fast overtake the slow."),
            word("kept", "Kept", "Messages leave in the order in which they came."),
            word("kept_by_key", "Kept by key", "Messages of one key leave in the order in which they came; keys overtake each other."),
        ]),
        Preset::Word("as_finished"),
        "In what order messages leave where several are worked on at a time.",
    ),
    Field::new(
        "Failures",
        "time_limit",
        "Time limit",
        FieldType::Span(1_000_000),
        Preset::Text("30 s"),
        "How long the program may take for one answer, from when it is its turn. One that takes longer is ended and started again.",
    ),
    Field::new(
        "Failures",
        "attempts",
        "Attempts",
        FieldType::Integer(1, 1_000),
        Preset::Integer(1),
        "How many times a message is tried in all: again after an error, an answer that is none, a time-out, or the program's end.",
    )
    .unit("attempts"),
    rules::RETRY_OF_STEP,
    Field { group: "Failures", ..rules::RETRY_DELAY },
    Field { group: "Failures", ..rules::RETRY_CAP },
    Field { group: "Failures", ..rules::RETRY_JITTER },
    Field::new(
        "Restarts",
        "restart_delay",
        "Restart delay",
        FieldType::Span(1),
        Preset::Text("1 s"),
        "How long to wait before a program that has ended is started again. The wait doubles with every end before an answer.",
    ),
    Field::new("Restarts", "restart_cap", "Longest delay", FieldType::Span(1), Preset::Text("1 min"), "No such wait grows beyond this."),
    Field::new(
        "Restarts",
        "most_restarts",
        "Most restarts",
        FieldType::Integer(0, 1_000),
        Preset::Integer(5),
        "More ends than this within the window, and the program is not started any more.",
    )
    .source("systemd.unit(5), StartLimitBurst"),
    Field::new(
        "Restarts",
        "restart_window",
        "Within",
        FieldType::Span(1),
        Preset::Text("10 min"),
        "The window in which ends are counted.",
    ),
    Field::new(
        "Restarts",
        "when_given_up",
        "Then",
        FieldType::Choice(&[
            word("fail", "Messages fail", "They go back to their store; with no store, to the error output or the graph's dead letters."),
            word("wait", "Messages wait", "They wait before the node, and their senders with them, until a setting is changed."),
        ]),
        Preset::Word("fail"),
        "What becomes of messages once the program is not started any more.",
    ),
    Field::new(
        "Simulated",
        "model_time",
        "Time",
        FieldType::Distribution,
        Preset::Made(|| Setting::text("10 ms")),
        "A simulation starts no program: how long an answer takes there.",
    ),
    Field::new(
        "Simulated",
        "model_failure_share",
        "Failure share",
        FieldType::Share,
        Preset::Number(0.0),
        "With this probability the answer is an error there.",
    ),
    Field::new(
        "Simulated",
        "model_crash_share",
        "Crash share",
        FieldType::Share,
        Preset::Number(0.0),
        "With this probability the program ends over a message there, and is started again as it would be live.",
    ),
    Field::new(
        "Simulated",
        "model",
        "Answer",
        FieldType::Expression(Yields::Any),
        Preset::None,
        "What the program makes of a message there: an expression over it. Unset: the payload as it is.",
    ),
];
