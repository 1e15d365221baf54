//! What predicates cost: five stages on one thread with two of them on a JSON payload, against evaluating and parsing in a loop.

use super::harness::{Case, Contestant, Goal, Line, Unit, per_second};
use super::live::{five_stages, graph};
use super::running::live_rate;
use cel::{Context, Program};
use sonic_rs::JsonValueTrait;
use std::hint::black_box;
use std::time::Duration;

/// Every message has a payload of its own, so each is parsed.
const PAYLOAD: &str = r#"{"order": {{index}}, "customer": {"name": "Ada", "country": "DE"}, "pieces": 3, "amount": 312.5, "currency": "EUR", "tags": ["new", "gift"]}"#;
const PREDICATES: [&str; 2] = ["message.amount > 250.0", "message.customer.country == 'DE' && message.pieces >= 2"];
const TIME: Duration = Duration::from_millis(600);

/// Source, two predicates, a map, a sink: the time for one message.
fn ours(predicates: [&str; 2], time: Duration) -> Vec<f64> {
    let [first, second] = predicates;
    let nodes = format!(
        r##""source": generator(arrivals: fastest, payload: r#"{PAYLOAD}"#),
        "first": filter(condition: "{first}"), "second": filter(condition: "{second}"),
        "mark": map(set: {{"headers.stage": "1"}}), "end": sink(),"##
    );
    let pipes = r#""source.out -> first.in", "first.out -> second.in", "second.out -> mark.in", "mark.out -> end.in""#;
    vec![1.0 / live_rate(&graph(&nodes, pipes), 1, time, |snapshot| snapshot.books.delivered)]
}

/// Two evaluations on a value that is bound already, and one parse.
fn stick(messages: u64) -> f64 {
    let payload = PAYLOAD.replace("{{index}}", "1234567");
    let value: serde_json::Value = serde_json::from_str(&payload).expect("it is JSON");
    let mut context = Context::default();
    context.add_variable("message", value).expect("JSON can be bound");
    let programs = PREDICATES.map(|text| Program::compile(text).expect("it is CEL"));
    1.0 / per_second(messages, || {
        for _ in 0..messages {
            let parsed: sonic_rs::Value = sonic_rs::from_str(black_box(payload.as_str())).expect("it is JSON");
            assert!(parsed.is_object());
            for program in &programs {
                assert_eq!(program.execute(&context).expect("it evaluates"), cel::Value::Bool(true));
            }
        }
    })
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "live, two CEL predicates on JSON",
            ours: Contestant::new("a live run on one thread", |scale| ours(PREDICATES, scale.time(TIME))),
            sticks: vec![Contestant::new("2 evaluations of cel + 1 parse of sonic-rs", |scale| vec![stick(scale.count(400_000))])],
            lines: vec![Line::new("time a message", Unit::Seconds, [Goal::RatioAtMost(1.3)])],
        },
        Case {
            name: "live, two predicates on headers",
            ours: Contestant::new("a live run on one thread", |scale| ours(["priority < 9", "priority == 0"], scale.time(TIME))),
            sticks: vec![Contestant::new("the same without them", |scale| {
                let (nodes, pipes) = five_stages("", "arrivals: fastest");
                vec![1.0 / live_rate(&graph(&nodes, &pipes), 1, scale.time(TIME), |snapshot| snapshot.books.delivered)]
            })],
            lines: vec![Line::new("time a message", Unit::Seconds, [Goal::None])],
        },
    ]
}
