//! Claim check: every row of the pattern, live against real folders and simulated against the model.

mod files;
mod large;
mod s3;
mod signed;

use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::letter::Letter;
use pipewright_runtime::node::reason;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot};
use pipewright_tests::{Folder, Ran, graph, number, options, run};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Both ways to run, each in a folder of its own.
fn both(name: &str, text: &str, until: &str, look: impl Fn(Mode, &Ran)) {
    for mode in [Mode::Simulated, Mode::Live] {
        let folder = Folder::new(&format!("claims-{name}-{mode:?}"));
        let options = RunOptions { folder: folder.path().to_owned(), output: live_output(mode, &folder), ..options(mode, until) };
        look(mode, &run(&graph(text), &options));
    }
}

/// A simulation writes nothing.
fn live_output(mode: Mode, folder: &Folder) -> Option<std::path::PathBuf> {
    (mode == Mode::Live).then(|| folder.path().join("out"))
}

fn gauge(snapshot: &Snapshot, node: &str, name: &str) -> f64 {
    let figures = snapshot.nodes.get(node).unwrap_or_else(|| panic!("there is no node {node}"));
    figures.gauges.iter().find(|gauge| gauge.name == name).unwrap_or_else(|| panic!("{node} has no gauge `{name}`")).value
}

fn letters(snapshot: &Snapshot) -> Vec<Arc<Letter>> {
    snapshot.dead_letters.values().flat_map(|shelf| shelf.iter().cloned()).collect()
}

fn reasons(snapshot: &Snapshot) -> Vec<String> {
    letters(snapshot).iter().map(|letter| letter.reason().to_owned()).collect()
}

/// Runs live until it ends; `meddle` may do something to the world after `after`.
fn meddled(text: &str, folder: &Folder, after: Duration, mut meddle: impl FnMut()) -> (serde_json::Value, Arc<Snapshot>) {
    let options = RunOptions { folder: folder.path().to_owned(), output: Some(folder.path().join("out")), ..options(Mode::Live, "60s") };
    let run = Run::start(&graph(text), CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
    let (began, mut meddled) = (Instant::now(), false);
    let snapshot = loop {
        if !meddled && began.elapsed() >= after {
            meddle();
            meddled = true;
        }
        let snapshot = run.snapshot();
        match &snapshot.state {
            RunState::Ended => break snapshot,
            RunState::Failed(error) => panic!("the run failed: {error}"),
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the run does not end");
    };
    assert!(meddled, "it was over before anything could be done to it");
    let report = serde_json::to_value(run.report().expect("it has ended")).expect("a report always writes");
    assert_eq!(report["messages"]["balanced"], true, "{}", report["messages"]);
    (report, snapshot)
}

#[test]
fn small_payloads_travel_and_large_ones_come_back_whole() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "200/s", count: 40, payload: "{\"n\": {{index}}, \"pixels\": \"{{pad 9000}}\"}"),
        "small": generator(rate: "200/s", count: 40, payload: "{\"n\": {{index}}, \"pixels\": \"{{pad 500}}\"}"),
        "in": check_in(store: folder),
        "q": queue(),
        "out": check_out(store: folder),
        "end": sink(),
    },
    pipes: ["large.out -> in.in", "small.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> end.in"],
    expect: {
        "what travels is small": every(at: "q", condition: "has(headers.dataref) ? headers.datalength > 9000 : size(message.pixels) == 500"),
        "what ends is whole": every(at: "end", condition: "!has(headers.dataref) && (size(message.pixels) == 9000 || size(message.pixels) == 500)"),
        "nothing is lost": no_loss(),
    },
)"#;
    both("threshold", text, "20s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 80.0, "{mode:?}");
        for (name, found) in ran.report["expectations"].as_object().expect("expectations") {
            assert_eq!(found["verdict"], "met", "{mode:?}: {name}: {}", found["found"]);
        }
        assert_eq!((gauge(&ran.snapshot, "in", "checked in"), gauge(&ran.snapshot, "in", "passed whole")), (40.0, 40.0), "{mode:?}");
        // All 40 are read and done with: the store is empty.
        assert_eq!(gauge(&ran.snapshot, "out", "kept in the store"), 0.0, "{mode:?}");
        assert!(gauge(&ran.snapshot, "in", "kept off the pipes") > 40.0 * 8_500.0, "{mode:?}");
    });
}

#[test]
fn g4_work_that_fails_finds_its_payload_again() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "500/s", count: 100, payload: "{\"n\": {{index}}, \"pixels\": \"{{pad 9000}}\"}"),
        "in": check_in(),
        "q": queue(max_deliveries: 50, retry: immediate),
        "out": check_out(),
        "work": consumer_pool(servers: 8, service: "1 ms", failure_share: 0.5),
    },
    pipes: ["large.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> work.in"],
    expect: {"it is whole at every attempt": every(at: "work", condition: "size(message.pixels) == 9000")},
)"#;
    both("again", text, "30s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 100.0, "{mode:?}: {}", ran.report["errors"]);
        assert!(number(&ran.report, "/queues/q/deliveries") > 130.0, "{mode:?}: nothing failed");
        assert_eq!(ran.report["expectations"]["it is whole at every attempt"]["verdict"], "met", "{mode:?}");
        assert_eq!(gauge(&ran.snapshot, "out", "kept in the store"), 0.0, "{mode:?}");
        assert_eq!(gauge(&ran.snapshot, "out", "dangling"), 0.0, "{mode:?}");
    });
}

#[test]
fn the_last_of_two_readers_lets_it_go_and_one_too_many_finds_nothing() {
    let text = |readers: u32| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "200/s", count: 20, payload: "{{\"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in(readers: {readers}, store: folder),
        "t": topic(),
        "one": subscription(),
        "two": subscription(),
        "wait": delay(time: "300 ms"),
        "out-one": check_out(store: folder),
        "out-two": check_out(store: folder),
        "end-one": sink(),
        "end-two": sink(),
    }},
    pipes: [
        "large.out -> in.in",
        "in.out -> t.in",
        "t.out -> one.in",
        "t.out -> two.in",
        "one.out -> out-one.in",
        "two.out -> wait.in",
        "wait.out -> out-two.in",
        "out-one.out -> end-one.in",
        "out-two.out -> end-two.in",
    ],
)"#
        )
    };
    both("readers", &text(2), "20s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 40.0, "{mode:?}");
        assert_eq!(gauge(&ran.snapshot, "out-two", "kept in the store"), 0.0, "{mode:?}");
    });
    both("dangling", &text(1), "20s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 20.0, "{mode:?}");
        assert_eq!(gauge(&ran.snapshot, "out-two", "dangling"), 20.0, "{mode:?}");
        assert!(reasons(&ran.snapshot).iter().all(|reason| *reason == "claim_gone"), "{mode:?}");
    });
}

#[test]
fn a_claim_that_has_ended_is_a_dead_letter_with_its_own_reason() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "100/s", count: 10, payload: "{\"pixels\": \"{{pad 9000}}\"}"),
        "in": check_in(time_to_live: "200 ms"),
        "late": delay(time: "600 ms"),
        "out": check_out(),
        "end": sink(),
    },
    pipes: ["large.out -> in.in", "in.out -> late.in", "late.out -> out.in", "out.out -> end.in"],
)"#;
    both("expiry", text, "20s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/dead_lettered"), 10.0, "{mode:?}");
        assert_eq!(reasons(&ran.snapshot), ["claim_expired"; 10], "{mode:?}");
        assert_eq!(gauge(&ran.snapshot, "out", "expired"), 10.0, "{mode:?}");
    });
}

#[test]
fn what_expires_is_swept_on_the_run_clock_and_orphans_are_counted() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "100/s", count: 30, payload: "{\"n\": {{index}}, \"pixels\": \"{{pad 9000}}\"}"),
        "in": check_in(time_to_live: "300 ms", sweep_every: "100 ms", store: folder),
        "some": filter(condition: "headers.datalength < 0"),
        "out": check_out(store: folder),
        "end": sink(),
        "clock": generator(rate: "10/s", count: 20, payload: "{}"),
    },
    pipes: ["large.out -> in.in", "in.out -> some.in", "some.out -> out.in", "out.out -> end.in", "clock.out -> end.in"],
)"#;
    both("sweep", text, "20s", |mode, ran| {
        assert_eq!(number(&ran.report, "/messages/dropped/filtered"), 30.0, "{mode:?}");
        assert_eq!((gauge(&ran.snapshot, "in", "orphans"), gauge(&ran.snapshot, "in", "swept")), (30.0, 30.0), "{mode:?}");
        assert_eq!(
            (gauge(&ran.snapshot, "in", "kept in the store"), gauge(&ran.snapshot, "in", "bytes in the store")),
            (0.0, 0.0),
            "{mode:?}"
        );
    });
}

#[test]
fn a_modelled_store_that_is_away_delays_and_loses_nothing() {
    let text = |node: &str| {
        let (in_, out) = match node {
            "in" => ("attempts: 20, retry: fixed, retry_delay: \"500 ms\", away_from: \"1 s\", away_for: \"2 s\"", ""),
            _ => ("", "away_from: \"1 s\", away_for: \"2 s\""),
        };
        format!(
            r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "20/s", count: 100, payload: "{{\"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in({in_}),
        "q": queue(max_deliveries: 4, retry: fixed, retry_delay: "300 ms"),
        "out": check_out({out}),
        "end": sink(),
        "letters": dead_letters(),
    }},
    pipes: ["large.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> end.in", "q.dead_letters -> letters.in"],
)"#
        )
    };
    let at_in = pipewright_tests::simulate(&text("in"), "60s", 1);
    assert_eq!(number(&at_in.report, "/messages/delivered"), 100.0);
    assert!(gauge(&at_in.snapshot, "in", "retries") >= 4.0 && number(&at_in.report, "/latency/max_s") > 1.5);
    // At check-out: delivered again, and after the fourth time a dead letter, if it came early in those two seconds.
    let at_out = pipewright_tests::simulate(&text("out"), "60s", 1);
    let given_up = number(&at_out.report, "/messages/dead_lettered");
    assert!(given_up > 5.0 && given_up < 40.0, "{given_up}");
    assert_eq!(number(&at_out.report, "/messages/delivered") + given_up, 100.0);
    assert_eq!(number(&at_out.report, "/queues/q/dead_lettered"), given_up);
}

#[test]
fn costs_follow_from_bytes_operations_and_time() {
    // A payload of 1,000,014 bytes, kept for an hour.
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(arrivals: times, times: "0 s", payload: "{\"pixels\": \"{{pad 1000000}}\"}"),
        "in": check_in(time_to_live: "2 h", latency: "0 s", price_carried: 1000, price_writes: 1000, price_reads: 500, price_storage: 730, sweep_every: "1 h"),
        "later": delay(time: "1 h"),
        "out": check_out(latency: "0 s"),
        "end": sink(),
        "clock": generator(rate: "1/h", count: 4, payload: "{}"),
    },
    pipes: ["large.out -> in.in", "in.out -> later.in", "later.out -> out.in", "out.out -> end.in", "clock.out -> end.in"],
)"#;
    let ran = pipewright_tests::simulate(text, "4h", 1);
    let gib = 1_073_741_824.0;
    let bytes = 1_000_014.0;
    assert_eq!(number(&ran.report, "/messages/delivered"), 5.0);
    let found = |name| gauge(&ran.snapshot, "in", name);
    assert!((found("GiB-hours kept") - bytes / gib).abs() < 1e-8, "{}", found("GiB-hours kept"));
    assert!((found("cost without claims") - bytes / gib * 1_000.0).abs() < 1e-5, "{}", found("cost without claims"));
    // One write, one read, lists at 0, 1, 2 and 3 h; the reference that travelled; a GiB-hour costs 1.
    let travelled = (bytes - found("kept off the pipes")) / gib * 1_000.0;
    let lists = found("store operations") - 3.0;
    let expected = travelled + (1.0 + lists) + 0.5 + bytes / gib;
    assert!((found("cost with claims") - expected).abs() < 1e-5, "{} instead of {expected}", found("cost with claims"));
    assert!((3.0..=5.0).contains(&lists), "{lists}");
}

#[test]
fn both_ways_are_compared_live_and_simulated() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "200/s", count: 20, payload: "{\"pixels\": \"{{pad 100000}}\"}"),
        "in": check_in(price_carried: 1000, price_writes: 1000, price_reads: 500, price_storage: 730, sweep_every: "400 ms"), "out": check_out(), "end": sink(), "clock": generator(rate: "10/s", count: 15, payload: "{}"),
    },
    pipes: ["large.out -> in.in", "in.out -> out.in", "out.out -> end.in", "clock.out -> end.in"],
)"#;
    both("costs", text, "20s", |mode, ran| {
        let found = |name| gauge(&ran.snapshot, "in", name);
        let carried = 20.0 * 100_014.0 / 1_073_741_824.0 * 1_000.0;
        assert!((found("cost without claims") - carried).abs() < 1e-6, "{mode:?}: {}", found("cost without claims"));
        // Twenty writes at 1 and twenty reads at one half, a list at 1 for each sweep, and next to nothing for storage.
        let cost = found("cost with claims");
        assert!((30.0..45.0).contains(&cost), "{mode:?}: {cost} for {} operations", found("store operations"));
        assert!(found("kept off the pipes") > 20.0 * 99_000.0 && found("GiB-hours kept") >= 0.0, "{mode:?}");
    });
}

/// Away in the beginning, live because a file stands where the folder should be: what cannot be stored is tried until it can.
#[test]
fn a_store_that_is_away_for_a_while_delays_and_loses_nothing() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "1000/s", count: 20, payload: "{\"pixels\": \"{{pad 9000}}\"}"),
        "in": check_in(store: folder, attempts: 100, retry: fixed, retry_delay: "50 ms", away_from: "0 s", away_for: "500 ms"),
        "out": check_out(store: folder), "end": sink(),
    },
    pipes: ["large.out -> in.in", "in.out -> out.in", "out.out -> end.in"],
)"#;
    let check = |report: &serde_json::Value, retries: f64, mode: &str| {
        assert_eq!(number(report, "/messages/delivered"), 20.0, "{mode}: {}", report["errors"]);
        assert!(retries > 2.0, "{mode}: {retries}");
        assert!(number(report, "/latency/p50_s") > 0.3, "{mode}: they waited for the store");
    };
    let simulated = pipewright_tests::simulate(text, "20s", 1);
    check(&simulated.report, gauge(&simulated.snapshot, "in", "retries"), "simulated");
    let folder = Folder::new("claims-away-a-while");
    std::fs::create_dir_all(folder.path().join("out")).expect("a folder can be made");
    let in_the_way = folder.path().join("out/claims");
    std::fs::write(&in_the_way, "in the way").expect("a file can be written");
    let (report, snapshot) =
        meddled(text, &folder, Duration::from_millis(500), || std::fs::remove_file(&in_the_way).expect("it can be removed"));
    check(&report, gauge(&snapshot, "in", "retries"), "live");
}

#[test]
fn g14_who_looks_into_a_handle_is_told_and_others_pass_it_on() {
    let text = r#"(
    format: 1,
    nodes: {
        "scan": blob_source(path: "scan.bin", count: 4, every: "10 ms"),
        "headers": map(headers: {"seen": "true"}),
        "looks": filter(condition: "message.width > 3"),
        "end": sink(),
        "failed": sink(),
    },
    pipes: ["scan.out -> headers.in", "headers.out -> looks.in", "looks.out -> end.in", "looks.error -> failed.in"],
    expect: {
        "the filter says why": every(at: "failed", condition: "headers.error.contains('are a handle')"),
    },
)"#;
    for mode in [Mode::Simulated, Mode::Live] {
        let folder = Folder::new(&format!("claims-looks-{mode:?}"));
        folder.file("scan.bin", vec![7; 3 << 20]);
        let options = RunOptions { folder: folder.path().to_owned(), output: live_output(mode, &folder), ..options(mode, "20s") };
        let ran = run(&graph(text), &options);
        assert_eq!((number(&ran.report, "/nodes/failed/in"), number(&ran.report, "/nodes/end/in")), (4.0, 0.0), "{mode:?}");
        assert_eq!(ran.report["expectations"]["the filter says why"]["verdict"], "met", "{mode:?}: {}", ran.report["expectations"]);
        assert!(reasons(&ran.snapshot).iter().all(|word| word != reason::TOO_BIG));
    }
}
