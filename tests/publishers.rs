//! Publishers and subscriptions, live and simulated alike: every pattern of arrivals, every origin of payloads, and what nobody wants.

use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::message::{Message, Value};
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, Ran, graph, number, options, run};

fn in_both(text: &str, look: impl Fn(&Ran, Mode)) {
    for mode in [Mode::Simulated, Mode::Live] {
        look(&run(&graph(text), &options(mode, "20s")), mode);
    }
}

#[test]
fn every_pattern_of_arrivals_sends_as_many_live_as_simulated() {
    for (pattern, count) in [
        ("arrivals: constant, rate: \"500/s\", count: 100", 100.0),
        ("arrivals: poisson, rate: \"500/s\", count: 100", 100.0),
        ("arrivals: burst, burst_size: 40, burst_gap: \"50 ms\", count: 120", 120.0),
        ("arrivals: profile, profile: [(\"0 s\", \"0/s\"), (\"100 ms\", \"2000/s\")], count: 100", 100.0),
        ("arrivals: distribution, gap: exponential(mean: \"2 ms\"), count: 100", 100.0),
        ("arrivals: times, times: \"0 s, 10 ms, 10 ms, 0.2 s\"", 4.0),
        ("arrivals: fastest, count: 1000", 1000.0),
        ("arrivals: closed, population: 5, think: \"1 ms\", count: 100", 100.0),
    ] {
        let text = format!(
            "(format: 1, nodes: {{\"g\": generator({pattern}, payload: \"{{{{index}}}}\"), \"s\": sink()}}, pipes: [\"g.out -> s.in\"])"
        );
        in_both(&text, |ran, mode| {
            assert_eq!(number(&ran.report, "/messages/delivered"), count, "{pattern}, {mode:?}");
            assert_eq!(ran.report["ended"], "exhausted", "{pattern}, {mode:?}");
        });
    }
}

#[test]
fn a_schedule_sends_by_the_calendar() {
    let text = r#"(
    format: 1,
    nodes: {"poll": schedule(cron: "* * * * * *", payload: "{}", count: 3), "asked": sink()},
    pipes: ["poll.out -> asked.in"],
)"#;
    in_both(text, |ran, mode| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 3.0, "{mode:?}");
        let took = number(&ran.report, "/duration_s");
        assert!((1.9..4.5).contains(&took), "three full seconds: {took}, {mode:?}");
    });
}

#[test]
fn files_of_both_formats_are_read_live_and_simulated() {
    let folder = Folder::new("publishers-files");
    folder.file("a.jsonl", "{\"n\": 1}\nno json\n{\"n\": 2}\n");
    folder.file("b.csv", "n,name\n1,\"a, b\"\n2,c\n3\n");
    for (name, format) in [("a.jsonl", "json_lines"), ("b.csv", "csv")] {
        let text = format!(
            r#"(
    format: 1,
    nodes: {{
        "file": file_source(path: "{name}", format: {format}, pace: fastest), "good": filter(condition: "message.n >= 1"), "s": sink(), "bad": dead_letters(),
    }},
    pipes: ["file.out -> good.in", "good.out -> s.in", "file.error -> bad.in"],
)"#
        );
        for mode in [Mode::Simulated, Mode::Live] {
            let report = run(&graph(&text), &RunOptions { folder: folder.path().to_owned(), ..options(mode, "20s") }).report;
            assert_eq!((number(&report, "/messages/delivered"), number(&report, "/nodes/bad/in")), (2.0, 1.0), "{name}, {mode:?}");
        }
    }
}

#[test]
fn a_predicate_that_fails_sends_to_the_dead_letters_with_the_reason() {
    let text = r#"(
    format: 1,
    nodes: {
        "g": generator(arrivals: fastest, count: 50, payload: "{}"), "t": topic(),
        "picky": subscription(content: "message.amount > 10"), "s": sink(),
        "all": subscription(), "rest": sink(),
    },
    pipes: ["g.out -> t.in", "t.out -> picky.in", "t.out -> all.in", "picky.out -> s.in", "all.out -> rest.in"],
)"#;
    in_both(text, |ran, mode| {
        assert_eq!(number(&ran.report, "/messages/dead_lettered"), 50.0, "{mode:?}");
        assert_eq!((number(&ran.report, "/nodes/s/in"), number(&ran.report, "/nodes/rest/in")), (0.0, 50.0), "{mode:?}");
        let letters = &ran.snapshot.dead_letters["picky"];
        let told = |message: &Message| message.header("error").and_then(Value::as_str).is_some_and(|error| error.contains("amount"));
        assert!(letters.iter().all(|letter| told(&letter.message)), "{mode:?}");
    });
}

#[test]
fn messages_without_a_subscription_are_counted_or_take_the_other_port() {
    for wired in [false, true] {
        let pipe = if wired { ", \"t.unroutable -> lost.in\"" } else { "" };
        let node = if wired { "\"lost\": sink()," } else { "" };
        let text = format!(
            r#"(
    format: 1,
    nodes: {{
        "g": generator(arrivals: fastest, count: 60, topic: "{{{{pick \"a\" \"b\"}}}}", payload: "{{}}"), "t": topic(),
        "only-a": subscription(pattern: "a"), "s": sink(), {node}
    }},
    pipes: ["g.out -> t.in", "t.out -> only-a.in", "only-a.out -> s.in"{pipe}],
)"#
        );
        in_both(&text, |ran, mode| {
            let wanted = number(&ran.report, "/nodes/s/in");
            assert!((10.0..50.0).contains(&wanted), "{mode:?}: {wanted}");
            let lost = if wired { number(&ran.report, "/nodes/lost/in") } else { number(&ran.report, "/messages/dropped/unroutable") };
            assert_eq!(wanted + lost, 60.0, "{mode:?}, wired {wired}: {}", ran.report["messages"]);
        });
    }
}
