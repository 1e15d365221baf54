//! The contract of a node kind, held against the whole catalogue.

use pipewright_runtime::check::check;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::file;
use pipewright_runtime::id::{NodeId, mix};
use pipewright_runtime::node::field::FieldType;
use pipewright_runtime::node::{Answer, Field, Form, Kind, PortRole, Preset, script};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;
use pipewright_runtime::setting::{Setting, Settings};
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, graph, number, options, run};
use std::collections::BTreeSet;

fn each(test: impl Fn(&'static Kind)) {
    assert!(CATALOGUE.kinds().count() >= 10, "the catalogue is gone");
    CATALOGUE.kinds().for_each(test);
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_sentence(text: &str) -> bool {
    text.len() > 8 && text.starts_with(|c: char| !c.is_lowercase()) && text.trim_end_matches(')').ends_with(['.', '?'])
}

#[test]
fn kinds_say_what_they_are() {
    let mut names = BTreeSet::new();
    let mut titles = BTreeSet::new();
    each(|kind| {
        let name = kind.name;
        assert!(is_word(name), "{name}");
        assert!(!kind.title.is_empty() && is_sentence(kind.summary), "{name}: {:?}", kind.summary);
        assert!(kind.guide.len() > 200, "{name}: a guide of {} bytes guides nobody", kind.guide.len());
        let ports = (kind.ports)(&Settings::new());
        assert!(!ports.inputs.is_empty() || !ports.outputs.is_empty(), "{name} has no port");
        for list in [&ports.inputs, &ports.outputs] {
            let distinct: BTreeSet<_> = list.iter().map(|port| port.name.as_ref()).collect();
            assert_eq!(distinct.len(), list.len(), "{name}: two ports of one name");
            for port in list {
                assert!(is_word(&port.name) && is_sentence(&port.help), "{name}.{}: {:?}", port.name, port.help);
            }
        }
    });
    for kind in CATALOGUE.kinds() {
        assert!(names.insert(kind.name) && titles.insert(kind.title), "{} is there twice", kind.name);
    }
}

#[test]
fn every_setting_is_documented() {
    each(|kind| {
        let mut names = BTreeSet::new();
        for field in kind.fields {
            let name = format!("{}.{}", kind.name, field.name);
            assert!(is_word(field.name) && names.insert(field.name), "{name}");
            assert!(!field.label.is_empty() && !field.group.is_empty(), "{name}");
            assert!(is_sentence(field.help), "{name}: {:?}", field.help);
            if let Some((choice, words)) = field.when {
                let known: Vec<_> =
                    words_of(kind.field(choice).unwrap_or_else(|| panic!("{name} depends on `{choice}`, which is not there")));
                assert!(
                    !words.is_empty() && words.iter().all(|word| known.contains(word) || known.is_empty()),
                    "{name}: {words:?} of {known:?}"
                );
            }
            if let FieldType::Choice(words) = field.ty {
                assert!(words.len() > 1, "{name}: a choice of one");
                for word in words {
                    assert!(
                        is_word(word.name) && !word.label.is_empty() && is_sentence(word.help),
                        "{name}: {}: {:?}",
                        word.name,
                        word.help
                    );
                }
            }
        }
    });
}

fn words_of(field: &Field) -> Vec<&'static str> {
    match field.ty {
        FieldType::Choice(words) => words.iter().map(|word| word.name).collect(),
        _ => Vec::new(),
    }
}

fn in_range(field: &Field) -> bool {
    match (field.ty, field.default) {
        (FieldType::Integer(least, most), Preset::Integer(value)) => (least..=most).contains(&value),
        (FieldType::Number(least, most), Preset::Number(value)) => (least..=most).contains(&value),
        (FieldType::Share, Preset::Number(value)) => (0.0..=1.0).contains(&value),
        (FieldType::Choice(_), Preset::Word(word)) => words_of(field).contains(&word),
        (FieldType::Flag, Preset::Flag(_)) => true,
        (FieldType::Integer(..) | FieldType::Number(..) | FieldType::Share | FieldType::Choice(_) | FieldType::Flag, default) => {
            matches!(default, Preset::None | Preset::Required)
        }
        _ => true,
    }
}

/// The settings that a kind insists on, with something plausible in each.
fn required(kind: &'static Kind) -> Settings {
    let plausible = |field: &Field| match field.ty {
        FieldType::Expression(_) => Setting::text("true"),
        FieldType::Jq => Setting::text("."),
        FieldType::Span(_) => Setting::text("1 s"),
        FieldType::Rate => Setting::text("10/s"),
        FieldType::Size => Setting::text("1 KiB"),
        FieldType::Distribution => Setting::text("10 ms"),
        FieldType::Integer(least, _) => Setting::Integer(least.max(1)),
        FieldType::Number(least, _) => Setting::Number(least.max(1.0)),
        FieldType::Share => Setting::Number(0.5),
        FieldType::Flag => Setting::Flag(true),
        FieldType::Choice(words) => Setting::word(words[0].name),
        FieldType::Rules | FieldType::Assignments => Setting::Map(vec![("a".into(), Setting::text("true"))]),
        FieldType::Weights => Setting::Map(vec![("a".into(), Setting::Integer(1))]),
        FieldType::Path { .. } => Setting::text("x.jsonl"),
        FieldType::Profile => Setting::List(vec![
            Setting::Tuple(String::new(), vec![Setting::text("0 s"), Setting::text("10/s")]),
            Setting::Tuple(String::new(), vec![Setting::text("1 min"), Setting::text("20/s")]),
        ]),
        FieldType::Text | FieldType::LongText | FieldType::Template | FieldType::TopicPattern => Setting::text("x"),
    };
    kind.fields
        .iter()
        .filter(|field| matches!(field.default, Preset::Required))
        .map(|field| (field.name.to_owned(), plausible(field)))
        .collect()
}

fn pairs(settings: &Settings) -> Vec<(&str, Setting)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

#[test]
fn defaults_are_valid_and_in_range() {
    each(|kind| {
        for field in kind.fields {
            assert!(in_range(field), "{}.{}: the default is out of range", kind.name, field.name);
        }
        let problems = script::problems(kind, pairs(&required(kind)));
        assert!(problems.is_empty(), "{} with its defaults: {problems:?}", kind.name);
    });
}

#[test]
fn every_word_of_every_choice_is_understood() {
    each(|kind| {
        for field in kind.fields {
            for word in words_of(field) {
                let mut settings = required(kind);
                settings.insert(field.name.into(), Setting::word(word));
                let node = NodeId::new("node").expect("an id");
                let mut form = Form::new(&node, kind, &settings);
                drop((kind.build)(&mut form));
                let told: Vec<String> = form.into_problems().iter().map(ToString::to_string).collect();
                let about = format!("node.{}", field.name);
                assert!(!told.iter().any(|problem| problem.contains(&about)), "{}.{} = {word}: {told:?}", kind.name, field.name);
            }
        }
    });
}

#[test]
fn examples_open_check_clean_and_run_in_both_modes() {
    each(|kind| {
        let read = file::read(kind.example, CATALOGUE);
        let problems: Vec<_> =
            read.problems.into_iter().chain(check(&read.graph, CATALOGUE)).filter(|problem| problem.severity != Severity::Advice).collect();
        assert!(
            problems.is_empty(),
            "the example of {}:\n{}",
            kind.name,
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        );
        assert!(read.graph.nodes().values().any(|node| node.kind == kind.name), "the example of {} shows something else", kind.name);
        let folder = Folder::new(&format!("example-{}", kind.name));
        folder.file("readings.csv", "time,sensor,value\n2026-01-01T00:00:00Z,a,1\n2026-01-01T00:00:01Z,b,2\n");
        for (mode, until) in [(Mode::Simulated, "30s"), (Mode::Live, "500ms")] {
            let ran = run(&graph(kind.example), &RunOptions { folder: folder.path().to_owned(), ..options(mode, until) });
            let figures = ran
                .snapshot
                .nodes
                .values()
                .all(|node| !matches!(node.state, pipewright_runtime::telemetry::snapshot::NodeState::Failed(_)));
            assert!(figures, "the example of {} broke a node, {mode:?}", kind.name);
            // What a test reads from standard input is nobody's business, and nobody posts to a live example.
            let entered = number(&ran.report, "/messages/entered");
            let waits_for_others = |kind: &str| matches!(kind, "stdin" | "http_source");
            assert!(
                entered > 0.0 || mode == Mode::Live && read.graph.nodes().values().any(|node| waits_for_others(&node.kind)),
                "the example of {} stands still, {mode:?}",
                kind.name
            );
        }
    });
}

/// Settings at random, sense and nonsense.
fn garbage(kind: &'static Kind, seed: u64) -> Settings {
    let mut state = seed;
    let mut roll = |sides: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(state) % sides
    };
    let mut settings = Settings::new();
    for field in kind.fields {
        let value = match roll(16) {
            0 => Setting::Flag(true),
            1 => Setting::Integer(i64::MAX),
            2 => Setting::Integer(-1),
            3 => Setting::Number(f64::NAN),
            4 => Setting::Number(-1e300),
            5 => Setting::text("\u{0}{{}}\"'"),
            6 => Setting::text("1e308 d"),
            7 => Setting::word("nonsense"),
            8 => Setting::List(vec![Setting::Integer(0), Setting::text("")]),
            9 => Setting::Map(vec![(String::new(), Setting::text("1/0")), ("a b".into(), Setting::Flag(false))]),
            10 => Setting::Record("exponential".into(), vec![("mean".into(), Setting::Number(f64::INFINITY))]),
            11 => Setting::Tuple("x".into(), vec![]),
            12 => Setting::text("{{int 9 1}} {{nothing}}"),
            _ => continue,
        };
        settings.insert(field.name.into(), value);
    }
    settings
}

#[test]
fn garbage_settings_are_problems_and_never_panics() {
    each(|kind| {
        for seed in 0..400 {
            let settings = garbage(kind, seed);
            let told = || format!("{}, seed {seed}: {settings:?}", kind.name);
            let caught = std::panic::catch_unwind(|| {
                let ports = (kind.ports)(&settings);
                assert!(ports.outputs.iter().filter(|port| port.role == PortRole::Error).count() <= 1);
                script::problems(kind, pairs(&settings))
            });
            let problems = caught.unwrap_or_else(|_| panic!("{}", told()));
            assert!(problems.iter().all(|problem| problem.len() > 12), "{}: {problems:?}", told());
        }
    });
}

#[test]
fn what_is_given_back_balances() {
    each(|kind| {
        let settings = required(kind);
        let ports = (kind.ports)(&settings);
        let mut script = script::Script::new(kind, pairs(&settings)).answering("1 ms", |_| Answer::Failed("there is no world here".into()));
        for output in &ports.outputs {
            script = script.room(&output.name, 3);
        }
        script.at("0 s");
        for input in &ports.inputs {
            for amount in 0..8 {
                script.send(&input.name, serde_json::json!({"n": amount}));
            }
        }
        // The script itself keeps the books after every event and fails on a difference.
        script.give_back();
        assert_eq!(script.held(), script.dead_letters(), "{}: after giving everything back only dead letters stay", kind.name);
    });
}
