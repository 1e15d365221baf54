//! Expressions over messages: what they see, what they yield, and what their errors say.

use super::*;
use crate::id::MessageId;
use crate::message::{Delivery, Payload, Settlement};
use crate::units::Moment;
use serde_json::json;

fn message() -> Message {
    let payload = r#"{"zeta": 1, "amount": 120, "price": 9.5, "big": 18446744073709551615, "name": "Ada", "none": null, "ok": true,
        "lines": [{"sku": "b", "qty": 2}, {"sku": "a", "qty": 0}], "at": {"city": "Oslo", "area": {"code": 7}}}"#;
    let mut message = Message::new(MessageId::entering(1_767_225_600_000, [1, 2]), Moment::START, Payload::from_bytes(payload));
    message.set_header("tenant", json!("acme"));
    message.set_header("x-level", json!(3));
    message.head_mut().key = Some("k1".into());
    message.head_mut().topic = Some("orders/eu".into());
    message.priority = 9;
    message.settlement = Settlement::One(Delivery { origin: 1, attempt: 3, number: 8 });
    message
}

fn compiled(text: &str) -> Expression {
    Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.column))
}

fn check(text: &str, expected: &Value) {
    let value = compiled(text).value(&message()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(value, *expected, "{text}");
}

#[test]
fn values_of_a_message() {
    for (text, expected) in [
        ("message.amount", json!(120)),
        ("message.amount * 2", json!(240)),
        ("message.price * 2.0", json!(19.0)),
        ("double(message.amount) * 1.5", json!(180.0)),
        ("message.amount / 50", json!(2)),
        ("message.big > 1.0", json!(true)),
        ("message['at'].city", json!("Oslo")),
        ("message.at.area.code + 1", json!(8)),
        ("message.lines[1].sku", json!("a")),
        ("message.lines.size()", json!(2)),
        ("size(message.lines)", json!(2)),
        ("message.lines.map(l, l.qty)", json!([2, 0])),
        ("message.lines.filter(l, l.qty > 0)", json!([{"sku": "b", "qty": 2}])),
        ("message.lines.all(l, l.qty >= 0)", json!(true)),
        ("message.lines.exists(l, l.sku == 'a')", json!(true)),
        ("message.lines + [1]", json!([{"sku": "b", "qty": 2}, {"sku": "a", "qty": 0}, 1])),
        ("message.lines[0] == {'sku': 'b', 'qty': 2}", json!(true)),
        ("{'sku': 'b', 'qty': 2} == message.lines[0]", json!(true)),
        ("{'sku': 'b', 'qty': 2} in message.lines", json!(true)),
        ("'city' in message.at", json!(true)),
        ("has(message.none) && message.none == null", json!(true)),
        ("has(message.absent)", json!(false)),
        ("has(message.at.area.code)", json!(true)),
        ("message.?absent.orValue(5)", json!(5)),
        ("message.?at.?city.orValue('x')", json!("Oslo")),
        ("message.name.lowerAscii() + '!'", json!("ada!")),
        ("message.ok ? 'yes' : 'no'", json!("yes")),
        ("headers.tenant", json!("acme")),
        ("headers['x-level'] + 1", json!(4)),
        ("has(headers.tenant) && !has(headers.absent)", json!(true)),
        ("key + '/' + topic", json!("k1/orders/eu")),
        ("attempt > 2 && priority == 9", json!(true)),
        ("size > 100 && size(id) == 36", json!(true)),
        ("correlation == null", json!(true)),
        ("type(message.amount) == int && type(message) == map", json!(true)),
        ("message.lines.map(key, key.sku)", json!(["b", "a"])),
        ("[[1, 2], [3]].map(x, x.map(y, y + 1))", json!([[2, 3], [4]])),
    ] {
        check(text, &expected);
    }
}

#[test]
fn results_keep_the_order_of_their_fields() {
    for (text, expected) in [
        ("{'z': 1, 'a': message.at, 'm': [{'y': 1, 'x': 2}]}", r#"{"z":1,"a":{"city":"Oslo","area":{"code":7}},"m":[{"y":1,"x":2}]}"#),
        ("message.lines.filter(l, true)[0]", r#"{"sku":"b","qty":2}"#),
        ("[1].map(x, {'z': 1, 'a': 2, 'k': 3})", r#"[{"a":2,"k":3,"z":1}]"#),
        ("headers", r#"{"tenant":"acme","x-level":3}"#),
        ("message.map(name, name)", r#"["zeta","amount","price","big","name","none","ok","lines","at"]"#),
    ] {
        assert_eq!(compiled(text).value(&message()).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn every_function_of_the_table_works() {
    for function in FUNCTIONS {
        assert_eq!(compiled(function.example).test(&message()), Ok(true), "{}", function.example);
        assert!(function.example.contains(function.name), "{}", function.name);
    }
    for name in NAMES {
        assert!(compiled(name.name).value(&message()).is_ok(), "{}", name.name);
    }
}

#[test]
fn unknown_names_are_told_with_column_and_nearest_word() {
    for (text, column, words) in [
        ("mesage.amount > 1", 1, "did you mean `message`"),
        ("1 + amount", 5, "message.amount"),
        ("'ä' + amount", 7, "message.amount"),
        ("message.lines.all(l, m.qty > 0)", 22, "`m` is not known"),
        ("message.name.lowrAscii()", 23, "did you mean `lowerAscii`"),
        ("math.absolute(1)", 14, "there is no function"),
        ("[1].map(x, [1].map(y, [1].map(z, z)))", 30, "nest 2 deep"),
        ("{'a': 1}.map(x, x)", 13, "no order"),
        ("Thing{a: 1}", 6, "no known type"),
        ("lists.range(5)", 12, "there is no function"),
    ] {
        let error = Expression::compile(text).unwrap_err();
        assert!(error.message.contains(words), "{text}: {error} at {}", error.column);
        assert!(error.column.abs_diff(column) <= 1, "{text}: column {}, expected {column}", error.column);
    }
}

#[test]
fn syntax_errors_have_a_column() {
    for (text, column) in [("1 +", 4), ("message.amount >", 17), ("(1", 3), ("1 ++ 1", 4), ("", 1), ("a\n+ +* b", 4), ("'abc", 1)] {
        let error = Expression::compile(text).unwrap_err();
        assert!(error.column.abs_diff(column) <= 1, "{text}: {error} at {}, expected {column}", error.column);
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
    }
    assert!(Expression::compile(&"(".repeat(5_000)).is_err());
    assert!(Expression::compile(&"1+".repeat(20_000)).is_err());
}

#[test]
fn failures_on_a_message_are_told_in_words_with_a_column() {
    for (text, column, words) in [
        ("1 + message.amount / (message.zeta - 1)", 20, "division by zero"),
        ("message.absent > 1", 8, "no field `absent`"),
        ("message.at.absent.x > 1", 11, "no field `absent`"),
        ("message.amount * 1.5", 16, "double(...)"),
        ("message.name - 1", 14, "`-` does not work on a text"),
        ("message.lines[5]", 14, "no item 5"),
        ("message.amount && true", 16, "&&"),
        ("message.name > 5", 14, "`>` does not work"),
        ("headers.absent == 'x'", 8, "no field `absent`"),
        ("9223372036854775807 + message.amount", 21, "too large"),
        ("false ? 1 : message.absent", 20, "no field `absent`"),
        ("message.lines.map(l, l.absent)", 18, "no field `absent`"),
    ] {
        let error = compiled(text).value(&message()).unwrap_err();
        assert!(error.message.contains(words), "{text}: {error}");
        assert!(error.column.abs_diff(column) <= 1, "{text}: column {}, expected {column}", error.column);
    }
    for (text, words) in [("message.amount", "gave a whole number"), ("message.none", "gave null"), ("message.at", "gave a map")] {
        assert!(compiled(text).test(&message()).unwrap_err().message.contains(words), "{text}");
    }
    assert!(compiled("b'a'").value(&message()).unwrap_err().message.contains("bytes"));
    assert!(compiled("0.0 / 0.0").value(&message()).unwrap_err().message.contains("no JSON number"));
}

#[test]
fn texts_and_numbers() {
    for (text, expected) in [("message.name", "Ada"), ("message.amount", "120"), ("message.price", "9.5"), ("message.ok", "true")] {
        assert_eq!(compiled(text).text(&message()).unwrap(), expected);
    }
    assert!(compiled("message.none").text(&message()).unwrap_err().message.contains("null"));
    assert_eq!(compiled("message.price").number(&message()), Ok(9.5));
    assert!(compiled("message.name").number(&message()).is_err());
    assert!(compiled("1.0 / 0.0").number(&message()).is_err());
}

#[test]
fn g14_only_what_asks_for_the_payload_parses_it() {
    let mut message = message();
    message.payload = Payload::from_bytes(&b"not JSON"[..]);
    for text in ["key == 'k1'", "headers.tenant == 'acme'", "topic.startsWith('orders') && size == 8 && priority > 1"] {
        assert_eq!(compiled(text).test(&message), Ok(true), "{text}");
    }
    let error = compiled("key == 'k1' && message.a == 1").test(&message).unwrap_err();
    assert!(error.message.contains("not JSON"), "{error}");
    message.payload = Payload::EMPTY;
    assert_eq!(compiled("message == null").test(&message), Ok(true));
}

#[test]
fn long_lists_are_not_looped_over() {
    let list = |length: usize| {
        let payload = Payload::from_value(json!({"l": vec![1; length]}));
        Message::new(MessageId(1), Moment::START, payload)
    };
    let (single, nested) = (compiled("message.l.all(x, x == 1)"), compiled("message.l.all(x, message.l.exists(y, y == x))"));
    assert_eq!(single.test(&list(5_000)), Ok(true));
    assert_eq!(nested.test(&list(900)), Ok(true));
    assert!(single.test(&list(100_001)).unwrap_err().message.contains("more than 100000 items"));
    assert!(nested.test(&list(1_001)).unwrap_err().message.contains("more than 1000 items"));
    assert_eq!(compiled("size(message.l) == 200000").test(&list(200_000)), Ok(true));
}

#[test]
fn the_form_tells_what_it_yields() {
    for (text, sort) in [
        ("message.a > 1", Sort::Bool),
        ("!message.a", Sort::Bool),
        ("has(message.a)", Sort::Bool),
        ("1 - message.a", Sort::Number),
        ("'a'", Sort::Text),
        ("true ? 1 : 2", Sort::Number),
        ("{'a': 1}", Sort::Map),
        ("[1]", Sort::List),
        ("message.a", Sort::Unknown),
        ("message.a ? 1 : 'b'", Sort::NotBool),
    ] {
        assert_eq!(compiled(text).sort(), sort, "{text}");
    }
}

#[test]
fn expressions_move_between_threads() {
    fn can<T: Clone + Send + Sync>() {}
    can::<Expression>();
}

#[test]
fn hostile_texts_neither_panic_nor_overflow_a_small_stack() {
    // As long as is let through to the parser, and longer.
    let long = |part: &str, end: &str| {
        let parts = part.bytes().filter(|byte| b".[({!-+*/%?<>=&|".contains(byte)).count();
        let fits = Expression::MOST_PARTS.checked_div(parts).unwrap_or(usize::MAX);
        let most = (Expression::MAX_LEN - end.len() - 20) / part.len();
        [part.repeat(fits.min(most) - 2) + end, part.repeat(most) + end]
    };
    let mut texts: Vec<String> =
        [("a.", "a"), ("message.", "a"), ("1+", "1"), ("!", "true"), ("-", "1"), ("[", ""), ("{1:", ""), ("true?1:", "1")]
            .into_iter()
            .chain([
                ("a[", "1"),
                ("f(", ""),
                ("true&&", "true"),
                ("[1].map(x,", "x"),
                ("message.?", "a"),
                ("'a'.trim().", "trim()"),
                ("1<", "1"),
                ("\n", "1"),
            ])
            .flat_map(|(part, end)| long(part, end))
            .collect();
    texts.extend(
        [
            "\u{0}{{}}\"'",
            "\\",
            "'\\",
            "'\\x'",
            "b'\\400'",
            "0x",
            "1e",
            "99999999999999999999",
            "a..b",
            "`a`",
            "\u{feff}1",
            "=",
            "$",
            "\u{1f600}",
        ]
        .map(str::to_owned),
    );
    let mut random = crate::random::StreamKey::of_node(11, 0, "n").for_index(0);
    let pieces = [
        "message", ".", "a", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "+", "?", ":", ",", "1", "0x", "in", "has(", "map(x,", "&&",
        "ä", " ", "\n", "r'", "b\"", "@", "!", "//",
    ];
    for _ in 0..2_000 {
        let length = random.below(14);
        texts.push((0..length).map(|_| pieces[random.below(pieces.len() as u64) as usize]).collect());
    }
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let tried = small.spawn(move || {
        for text in &texts {
            let outcome = std::panic::catch_unwind(|| Expression::compile(text).map(|expression| expression.value(&message())));
            assert!(outcome.is_ok(), "panicked on {text:.200}");
        }
    });
    tried.unwrap().join().unwrap();
}

/// Found by a tester: the parser's own words came through, with all tokens that could follow.
#[test]
fn syntax_errors_are_said_in_words() {
    let check = |text: &str, expected: &str| {
        let error = Expression::compile(text).expect_err(text);
        assert!(error.message.contains(expected), "{text}: {}", error.message);
        let raw = ["token", "mismatched", "expecting", "EOF", "extraneous", "viable"];
        assert!(!raw.iter().any(|word| error.message.contains(word)), "{text}: {}", error.message);
    };
    check("a = 3", "did you mean `==`?");
    check("message.n => 3", "did you mean `>=`?");
    check("message.n & 3", "did you mean `&&`?");
    check("message.n > ", "a value is missing after `>`");
    check("message.n > > 3", "`>` does not belong here");
    check("message.n > 1 message.k", "`message` does not belong here");
    check("message.", "a name is missing after `.`");
    check("(message.n > 1", "a `)` is missing here");
    check("[1, 2", "ends too early");
    check("message.n == 'abc", "closing quote is missing");
}

/// Found by a tester: `message.n + 1` passed as a condition, though what `+` gives is never true or false.
#[test]
fn what_is_never_true_or_false_is_known() {
    let check = |text: &str, expected: Sort| assert_eq!(Expression::compile(text).expect(text).sort(), expected, "{text}");
    check("message.n + 1", Sort::Number);
    check("size(message) + 1", Sort::Number);
    check("message.a + ' and more'", Sort::Text);
    check("message.a + message.b", Sort::NotBool);
    check("message.a ? 1 : 'one'", Sort::NotBool);
    check("message.a ? 1 : message.b", Sort::Unknown);
    check("message.a + 1 > 2", Sort::Bool);
}
