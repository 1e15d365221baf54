//! The short cut against CEL itself: wherever it answers, it answers the same.

use super::*;
use crate::expr::bind::Bindings;
use crate::expr::{Expression, context, result};
use crate::id::MessageId;
use crate::message::{Delivery, Payload};
use crate::units::Moment;
use serde_json::json;

fn messages() -> Vec<Message> {
    let payloads = [
        r#"{"a": 3, "b": 2.5, "c": "Ada", "d": {"e": [1, "x", null], "f": true}, "g": null, "h": 9007199254740993, "i": 18446744073709551615}"#,
        r#"{"a": -7, "b": 7, "c": "", "d": {"e": [], "f": false}, "g": 0, "h": -0.0, "i": 0}"#,
        r#"{"a": "3", "b": null, "c": 3, "d": [1], "g": [], "h": {}, "i": 9223372036854775807}"#,
        "not JSON",
        "",
    ];
    let made = |payload: &&str| Message::new(MessageId::entering(7, [1, 2]), Moment::START, Payload::from_bytes(payload.to_string()));
    let mut messages: Vec<Message> = payloads.iter().map(made).collect();
    for (message, level) in messages.iter_mut().zip([json!(1), json!(1.0), json!("1"), json!({"deep": [5]}), json!(null)]) {
        message.set_header("level", level);
        message.set_header("x-tenant", json!("acme"));
    }
    messages[0].head_mut().key = Some("k1".into());
    messages[1].head_mut().topic = Some("orders/eu".into());
    messages[2].priority = 200;
    messages[3].settlement = Settlement::One(Delivery { origin: 0, attempt: 4, number: 9 });
    messages
}

const OPERANDS: &[&str] = &[
    "message.a",
    "message.b",
    "message.c",
    "message.g",
    "message.h",
    "message.i",
    "message.d",
    "message.d.e[1]",
    "message['d'].f",
    "message.absent",
    "headers.level",
    "headers['x-tenant']",
    "headers.level.deep[0]",
    "headers.absent",
    "key",
    "topic",
    "correlation",
    "size",
    "priority",
    "attempt",
    "null",
    "true",
    "3",
    "-7",
    "2.5",
    "0.0",
    "9007199254740992.0",
    "'Ada'",
    "''",
];

/// Every operation on every two operands, and some longer ones.
fn expressions() -> Vec<String> {
    let mut all: Vec<String> = OPERANDS.iter().map(|operand| (*operand).to_owned()).collect();
    for left in OPERANDS {
        all.extend([format!("!{left}"), format!("-({left})"), format!("double({left})"), format!("{left} in [1, 3, 'Ada', null, 2.5]")]);
        for right in OPERANDS {
            for operator in ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%"] {
                all.push(format!("{left} {operator} {right}"));
            }
            all.push(format!("{left}.contains({right})"));
        }
    }
    let longer = [
        "has(message.a) && message.a > 1",
        "has(message.d.f) || has(message.d.x)",
        "has(headers.level)",
        "message.a > 1 ? message.b : message.c",
        "message.c.startsWith('A') && message.c.endsWith('a')",
        "message.d.f && !(message.a == 3 || message.b == 2.5)",
        "message.a * 2 + 1 == 7",
        "message.a % 2 == 1 && message.a / 2 == 1",
        "message.a in [message.b, 3]",
        "9223372036854775807 + message.a",
    ];
    all.extend(longer.iter().map(|text| (*text).to_owned()));
    all
}

#[test]
fn what_it_answers_is_what_cel_answers() {
    let mut answered = 0;
    for text in expressions() {
        let Ok(expression) = Expression::compile(&text) else { continue };
        let Some(native) = &expression.0.native else { continue };
        for (number, message) in messages().iter().enumerate() {
            let seen = native.evaluate(message);
            assert!(native.int(message).is_none_or(|number| seen == Some(Plain::Int(number))), "{text}, message {number}");
            assert_eq!(native.flag(message), seen.and_then(|seen| if let Plain::Bool(flag) = seen { Some(flag) } else { None }), "{text}");
            let Some(found) = seen.and_then(Plain::into_value) else { continue };
            let bindings = Bindings::new(message, 100);
            let context = context(&bindings);
            let expected = result::value_of(expression.0.program.expression(), &context);
            assert_eq!(Ok(Ok(found)), expected, "{text}, message {number}");
            answered += 1;
        }
    }
    assert!(answered > 9_000, "only {answered} answers");
}

#[test]
fn common_predicates_never_reach_the_interpreter() {
    for text in [
        "message.a > 2",
        "message.a >= 2.5",
        "message.c == 'Ada' && message.d.f",
        "headers.level == 1",
        "headers.level + 1",
        "headers['x-tenant'] in ['acme', 'other']",
        "key == 'k1' && priority < 9",
        "has(message.a) ? message.d.e[0] == 1 : false",
        "message.c.startsWith('A') || topic == null",
    ] {
        let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let native = expression.0.native.as_ref().unwrap_or_else(|| panic!("{text} is left to CEL"));
        assert!(native.evaluate(&messages()[0]).is_some(), "{text}");
    }
}
