//! Finding who wants a topic among 100,000 patterns with wildcards, against the least that any tree must do: look up each level once.

use super::harness::{Case, Contestant, Goal, Line, Unit, per_second};
use pipewright_runtime::wildcard::{Dialect, Pattern, Tree};
use std::collections::HashMap;
use std::hint::black_box;

const PATTERNS: u64 = 100_000;
const TOPICS: u64 = 4_000_000;
/// Different topics; they are asked for in turn.
const DIFFERENT: usize = 1 << 16;

/// A number that follows from another: the same patterns and topics in every run. (`SplitMix64`, Steele and others 2014.)
const fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The four levels of a topic: 200 plants of 50 lines of 40 machines with 10 sensors.
fn levels(number: u64) -> [String; 4] {
    let chance = scattered(number);
    [
        format!("plant{}", chance % 200),
        format!("line{}", chance / 200 % 50),
        format!("machine{}", chance / 10_000 % 40),
        format!("sensor{}", chance / 400_000 % 10),
    ]
}

/// Of ten patterns six name one topic, three leave one of its levels open, and one wants all of a machine.
fn pattern(number: u64, dialect: Dialect) -> String {
    let mut levels = levels(number + (1 << 40)).to_vec();
    let one = if dialect == Dialect::Mqtt { "+" } else { "*" };
    let many = if dialect == Dialect::Nats { ">" } else { "#" };
    match number % 10 {
        at @ 0..=2 => one.clone_into(&mut levels[at as usize + 1]),
        3 => many.clone_into(&mut levels[3]),
        _ => {}
    }
    levels.join(&dialect.separator().to_string())
}

fn topics(dialect: Dialect) -> Vec<String> {
    (0..DIFFERENT as u64).map(|number| levels(number).join(&dialect.separator().to_string())).collect()
}

/// Topics per second through the tree.
fn tree(dialect: Dialect, count: u64) -> f64 {
    let mut tree = Tree::new(dialect);
    for number in 0..PATTERNS {
        let pattern = Pattern::new(dialect, &pattern(number, dialect)).expect("it is one");
        tree.insert(&pattern, number as u32);
    }
    let topics = topics(dialect);
    let (mut found, mut all) = (Vec::new(), 0);
    let rate = per_second(count, || {
        for topic in topics.iter().cycle().take(count as usize) {
            found.clear();
            tree.matching(Some(black_box(topic)), &mut found);
            all += black_box(&found).len();
        }
    });
    assert!(all > 0, "nobody wants anything");
    rate
}

/// Topics per second where each of their levels is looked up in the standard library's map, and nothing is done with what it finds.
fn lookups(dialect: Dialect, count: u64) -> f64 {
    let topics = topics(dialect);
    let mut numbers: HashMap<String, u32> = HashMap::new();
    for level in topics.iter().flat_map(|topic| topic.split(dialect.separator())) {
        let next = numbers.len() as u32;
        numbers.entry(level.to_owned()).or_insert(next);
    }
    per_second(count, || {
        for topic in topics.iter().cycle().take(count as usize) {
            for level in black_box(topic).split(dialect.separator()) {
                black_box(numbers.get(level));
            }
        }
    })
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let case = |name, dialect| Case {
        name,
        ours: Contestant::new("the tree", move |scale| vec![tree(dialect, scale.count(TOPICS))]),
        sticks: vec![Contestant::new("a look at each level in a std HashMap", move |scale| vec![lookups(dialect, scale.count(TOPICS))])],
        lines: vec![Line::new("topics", Unit::PerSecond, [Goal::AtLeast(1e6)])],
    };
    vec![
        case("wildcards, 100,000 patterns, MQTT", Dialect::Mqtt),
        case("wildcards, 100,000 patterns, NATS", Dialect::Nats),
        case("wildcards, 100,000 patterns, AMQP", Dialect::Amqp),
    ]
}
