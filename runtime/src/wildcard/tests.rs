//! Patterns and the tree against the tables of other projects' public tests, and against a matcher too simple to be wrong.

use super::{Dialect, Pattern, Tree};
use proptest::prelude::*;

/// Says whether the pattern matches, by the pattern itself and by a tree of it alone.
fn matches(dialect: Dialect, pattern: &str, topic: &str) -> bool {
    let pattern = Pattern::new(dialect, pattern).unwrap_or_else(|fault| panic!("{pattern}: {}", fault.message));
    let alone = pattern.matches(topic);
    let mut tree = Tree::new(dialect);
    tree.insert(&pattern, 7);
    let mut found = Vec::new();
    tree.matching(Some(topic), &mut found);
    assert_eq!(found, vec![7; usize::from(alone)], "tree and pattern disagree: `{pattern}` on `{topic}`");
    alone
}

fn check(dialect: Dialect, pattern: &str, topic: &str, expected: bool) {
    assert_eq!(matches(dialect, pattern, topic), expected, "{}: `{pattern}` on `{topic}`", dialect.name());
}

#[test]
fn mqtt_matches_as_its_specification_says() {
    let check = |pattern, topic, expected| check(Dialect::Mqtt, pattern, topic, expected);
    // OASIS MQTT 5.0, sections 4.7.1.2, 4.7.1.3, 4.7.2: the examples there.
    check("sport/tennis/player1/#", "sport/tennis/player1", true);
    check("sport/tennis/player1/#", "sport/tennis/player1/ranking", true);
    check("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true);
    check("sport/#", "sport", true);
    check("#", "sport/tennis", true);
    check("sport/tennis/+", "sport/tennis/player1", true);
    check("sport/tennis/+", "sport/tennis/player1/ranking", false);
    check("sport/+", "sport", false);
    check("sport/+", "sport/", true);
    check("+/tennis/#", "sport/tennis", true);
    check("+/+", "/finance", true);
    check("/+", "/finance", true);
    check("+", "/finance", false);
    check("#", "$SYS/load", false);
    check("+/monitor/Clients", "$SYS/monitor/Clients", false);
    check("$SYS/#", "$SYS/load", true);
    check("$SYS/monitor/+", "$SYS/monitor/Clients", true);
    check("ACCOUNTS", "Accounts", false);
    check("sport/#", "sports", false);
    check("a//b", "a//b", true);
    check("a/$b/#", "a/$b/c", true);
    check("+/$b", "a/$b", true);
}

#[test]
fn mqtt_matches_as_mosquitto_tests() {
    // Eclipse Mosquitto, test/broker/03-pattern-matching.py: all of these are delivered.
    for (pattern, topic) in [
        ("#", "test/topic"),
        ("#", "/test/topic"),
        ("foo/#", "foo/bar/baz"),
        ("foo/+/baz", "foo/bar/baz"),
        ("foo/+/baz/#", "foo/bar/baz"),
        ("foo/+/baz/#", "foo/bar/baz/bar"),
        ("foo/foo/baz/#", "foo/foo/baz/bar"),
        ("foo/#", "foo"),
        ("foo/#", "foo/"),
        ("/#", "/foo"),
        ("test/topic/", "test/topic/"),
        ("test/topic/+", "test/topic/"),
        ("+/+/+/+/+/+/+/+/+/+/test", "one/two/three/four/five/six/seven/eight/nine/ten/test"),
        ("#", "test////a//topic"),
        ("#", "/test////a//topic"),
        ("foo/#", "foo//bar///baz"),
        ("foo/+/baz", "foo//baz"),
        ("foo/+/baz//", "foo//baz//"),
        ("foo/+/baz/#", "foo//baz"),
        ("foo/+/baz/#", "foo//baz/bar"),
        ("foo//baz/#", "foo//baz/bar"),
        ("/#", "////foo///bar"),
    ] {
        check(Dialect::Mqtt, pattern, topic, true);
    }
}

#[test]
fn nats_matches_as_its_server_tests() {
    let check = |topic, pattern, expected| check(Dialect::Nats, pattern, topic, expected);
    // nats-server, server/sublist_test.go, TestSublistMatchLiterals.
    check("foo", "foo", true);
    check("foo", "bar", false);
    check("foo", "*", true);
    check("foo", ">", true);
    check("foo.bar", ">", true);
    check("foo.bar", "foo.>", true);
    check("foo.bar", "bar.>", false);
    check("stats.test.22", "stats.>", true);
    check("stats.test.22", "stats.*.*", true);
    check("foo.bar", "foo", false);
    check("stats.test.foos", "stats.test.foos", true);
    check("stats.test.foos", "stats.test.foo", false);
    check("stats.test", "stats.test.*", false);
    check("stats.test.foos", "stats.*", false);
    check("stats.test.foos", "stats.*.*.foos", false);
    for literal in ["*bar", "foo*", "foo*bar", "foo.***.bar", ">bar", "foo>", "foo>bar", "foo.>>>.bar", "foo.*-", "foo.>-"] {
        check(literal, literal, true);
    }
    check("foo.bar", "foo.*-", false);
    // The level above is not matched (NATS documentation, "Matching multiple tokens").
    check("foo", "foo.>", false);
}

#[test]
fn nats_takes_and_refuses_what_its_server_does() {
    // nats-server, server/sublist_test.go, TestSublistValidlSubjects and TestSublistValidLiteralSubjects.
    let patterns = |texts: &[&str], good: bool| {
        for text in texts {
            assert_eq!(Pattern::new(Dialect::Nats, text).is_ok(), good, "`{text}`");
        }
    };
    patterns(&["", ".", ".foo", "foo.", "foo..bar", ">.bar", "foo.>.bar"], false);
    patterns(&["foo", "foo.bar.*", "foo.bar.>", "*", ">", "foo*", "foo**", "foo.**", "foo*bar", "foo.*bar", "foo*.bar", "*bar"], true);
    patterns(&["foo>", "foo.>>", "foo>bar", "foo.>bar", "foo>.bar", ">bar"], true);
    for (topic, good) in [("foo.bar", true), ("foo.*", false), ("foo.>", false), ("*", false), ("foo.*bar", true), ("foo..bar", false)] {
        assert_eq!(Dialect::Nats.check_topic(topic).is_ok(), good, "`{topic}`");
    }
}

#[test]
fn amqp_matches_as_rabbitmq_tests() {
    // RabbitMQ, test_topic_matching of its topic exchange (bindings t1 to t26, in order).
    let bindings = [
        "a.b.c",
        "a.*.c",
        "a.#.b",
        "a.b.b.c",
        "#",
        "#.#",
        "#.b",
        "*.*",
        "a.*",
        "*.b.c",
        "a.#",
        "a.#.#",
        "b.b.c",
        "a.b.b",
        "a.b",
        "b.c",
        "",
        "*.*.*",
        "vodka.martini",
        "a.b.c",
        "*.#",
        "#.*.#",
        "*.#.#",
        "#.#.#",
        "*",
        "#.b.#",
    ];
    let mut tree = Tree::new(Dialect::Amqp);
    for (number, binding) in bindings.iter().enumerate() {
        tree.insert(&Pattern::new(Dialect::Amqp, binding).unwrap(), number as u32 + 1);
    }
    for (topic, expected) in [
        ("a.b.c", &[1, 2, 5, 6, 10, 11, 12, 18, 20, 21, 22, 23, 24, 26][..]),
        ("a.b", &[3, 5, 6, 7, 8, 9, 11, 12, 15, 21, 22, 23, 24, 26]),
        ("a.b.b", &[3, 5, 6, 7, 11, 12, 14, 18, 21, 22, 23, 24, 26]),
        ("", &[5, 6, 17, 24]),
        ("b.c.c", &[5, 6, 18, 21, 22, 23, 24, 26]),
        ("a.a.a.a.a", &[5, 6, 11, 12, 21, 22, 23, 24]),
        ("vodka.gin", &[5, 6, 8, 21, 22, 23, 24]),
        ("vodka.martini", &[5, 6, 8, 19, 21, 22, 23, 24]),
        ("b.b.c", &[5, 6, 10, 13, 18, 21, 22, 23, 24, 26]),
        ("nothing.here.at.all", &[5, 6, 21, 22, 23, 24]),
        ("oneword", &[5, 6, 21, 22, 23, 24, 25]),
    ] {
        let mut found = Vec::new();
        tree.matching(Some(topic), &mut found);
        found.sort_unstable();
        assert_eq!(found, expected, "`{topic}`");
        for (number, binding) in bindings.iter().enumerate() {
            check(Dialect::Amqp, binding, topic, expected.contains(&(number as u32 + 1)));
        }
    }
}

#[test]
fn no_topic_is_wanted_by_those_who_want_everything() {
    for dialect in Dialect::ALL {
        let mut tree = Tree::new(dialect);
        for (who, pattern) in [dialect.many(), dialect.one(), "a"].iter().enumerate() {
            tree.insert(&Pattern::new(dialect, pattern).unwrap(), who as u32);
        }
        let mut found = Vec::new();
        tree.matching(None, &mut found);
        assert_eq!(found, [0], "{}", dialect.name());
        assert!(Pattern::everything(dialect).is_everything() && !Pattern::everything(dialect).is_plain());
    }
}

#[test]
fn bad_patterns_and_topics_say_where_and_why() {
    for (dialect, text, column, words) in [
        (Dialect::Mqtt, "", 1, "at least one"),
        (Dialect::Mqtt, "ü/a+/b", 3, "stands alone"),
        (Dialect::Mqtt, "a/#/b", 3, "very end"),
        (Dialect::Mqtt, "a/b#", 3, "very end"),
        (Dialect::Mqtt, "##", 1, "very end"),
        (Dialect::Mqtt, "a\0", 2, "null"),
        (Dialect::Nats, "a..b", 3, "empty level"),
        (Dialect::Nats, "a b", 2, "white space"),
        (Dialect::Nats, "a.>.b", 3, "very end"),
        (Dialect::Amqp, &"x".repeat(256), 1, "255 bytes"),
    ] {
        let fault = Pattern::new(dialect, text).unwrap_err();
        assert!(fault.message.contains(words) && fault.column == column, "`{text}`: {fault:?}");
    }
    assert_eq!(Dialect::Mqtt.check_topic("a/#").unwrap_err().column, 3);
    assert_eq!(Dialect::Nats.check_topic("a.b.*").unwrap_err().column, 5);
    assert!(Dialect::Amqp.check_topic("").is_ok());
}

/// A matcher too simple to be wrong.
fn naive(dialect: Dialect, pattern: &[&str], topic: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return topic.is_empty() };
    if *first == dialect.many() {
        let least = usize::from(dialect == Dialect::Nats);
        return (least..=topic.len()).any(|taken| naive(dialect, rest, &topic[taken..]));
    }
    !topic.is_empty() && (*first == dialect.one() || *first == topic[0]) && naive(dialect, rest, &topic[1..])
}

fn hidden(dialect: Dialect, pattern: &str, topic: &str) -> bool {
    dialect == Dialect::Mqtt && topic.starts_with('$') && pattern.starts_with(['+', '#'])
}

/// Texts with few different levels, so that much matches.
fn texts(dialect: Dialect, wild: bool) -> impl Strategy<Value = String> {
    let levels: Vec<String> = ["a", "b", "$c", "ab"].map(str::to_owned).into();
    let wilds = if wild { vec![dialect.one().to_owned(), dialect.many().to_owned()] } else { Vec::new() };
    let empty = if dialect == Dialect::Nats { Vec::new() } else { vec![String::new()] };
    let level = prop::sample::select([levels, wilds, empty].concat());
    prop::collection::vec(level, 1..6).prop_map(move |levels| levels.join(&dialect.separator().to_string()))
}

fn cases() -> impl Strategy<Value = (Dialect, Vec<String>, Vec<String>)> {
    prop::sample::select(Dialect::ALL.to_vec()).prop_flat_map(|dialect| {
        (Just(dialect), prop::collection::vec(texts(dialect, true), 1..24), prop::collection::vec(texts(dialect, false), 1..12))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn the_tree_finds_what_a_naive_matcher_finds((dialect, patterns, topics) in cases()) {
        let patterns: Vec<Pattern> = patterns.iter().filter_map(|text| Pattern::new(dialect, text).ok()).collect();
        let mut tree = Tree::new(dialect);
        for (who, pattern) in patterns.iter().enumerate() {
            tree.insert(pattern, who as u32);
        }
        for topic in topics {
            let levels: Vec<&str> = dialect.levels(&topic).collect();
            let wanted = |pattern: &Pattern| {
                let parts: Vec<&str> = dialect.levels(pattern.text()).collect();
                !hidden(dialect, pattern.text(), &topic) && naive(dialect, &parts, &levels)
            };
            let expected: Vec<u32> = (0..).zip(&patterns).filter(|(_, pattern)| wanted(pattern)).map(|(who, _)| who).collect();
            let mut found = Vec::new();
            tree.matching(Some(&topic), &mut found);
            found.sort_unstable();
            prop_assert_eq!(&found, &expected, "{} `{}` in {:?}", dialect.name(), topic, patterns);
            for (who, pattern) in patterns.iter().enumerate() {
                prop_assert_eq!(pattern.matches(&topic), expected.contains(&(who as u32)), "`{}` on `{}`", pattern, &topic);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_patterns_share_a_tree() {
    let mut tree = Tree::new(Dialect::Mqtt);
    for who in 0..100_000_u32 {
        let text = match who % 10 {
            0 => format!("site/{}/+/temperature", who / 10),
            1 => format!("site/{}/#", who / 10),
            _ => format!("site/{}/line/{}", who / 10, who % 10),
        };
        tree.insert(&Pattern::new(Dialect::Mqtt, &text).unwrap(), who);
    }
    let mut found = Vec::new();
    tree.matching(Some("site/4321/line/7"), &mut found);
    found.sort_unstable();
    assert_eq!(found, [43_211, 43_217]);
    found.clear();
    tree.matching(Some("site/9999/x/temperature"), &mut found);
    found.sort_unstable();
    assert_eq!(found, [99_990, 99_991]);
}
