//! What happens to files between check-in and check-out, in a live run.

use super::{gauge, letters, live_output, meddled, reasons};
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, files_below, graph, number, options, run, simulate};
use std::path::PathBuf;
use std::time::Duration;

/// Twenty payloads lie in the folder for a second before they are fetched.
fn waiting(out: &str, queue: &str) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "1000/s", count: 20, payload: "{{\"n\": {{{{index}}}}, \"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in(store: folder, attempts: 50, retry: fixed, retry_delay: "50 ms"),
        "q": queue(delay: "1 s", {queue}),
        "out": check_out(store: folder, {out}),
        "end": sink(),
    }},
    pipes: ["large.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> end.in"],
)"#
    )
}

fn claims(folder: &Folder) -> Vec<PathBuf> {
    let below = folder.path().join("out/claims");
    if below.is_dir() { files_below(&below, "") } else { Vec::new() }
}

const SOON: Duration = Duration::from_millis(500);

#[test]
fn files_that_were_altered_or_deleted_are_told_apart() {
    let folder = Folder::new("claims-altered");
    let (report, snapshot) = meddled(&waiting("", ""), &folder, SOON, || {
        let files = claims(&folder);
        assert_eq!(files.len(), 20);
        let whole = std::fs::read(&files[0]).expect("a payload can be read");
        // One byte of the first, the length of the second, all of the third.
        let mut altered = whole.clone();
        altered[100] ^= 1;
        std::fs::write(&files[0], altered).expect("it can be written");
        std::fs::write(&files[1], &whole[1..]).expect("it can be written");
        std::fs::remove_file(&files[2]).expect("it can be removed");
    });
    assert_eq!((number(&report, "/messages/delivered"), number(&report, "/messages/dead_lettered")), (17.0, 3.0));
    let mut found = reasons(&snapshot);
    found.sort_unstable();
    assert_eq!(found, ["claim_altered", "claim_altered", "claim_gone"]);
    assert_eq!((gauge(&snapshot, "out", "altered"), gauge(&snapshot, "out", "dangling")), (2.0, 1.0));
    // Only those that were read are thrown away.
    assert_eq!(claims(&folder).len(), 2);
}

#[test]
fn a_modelled_store_alters_a_share() {
    let ran = simulate(&waiting("altered_share: 0.5", "").replace("count: 20", "count: 400"), "60s", 1);
    let altered = gauge(&ran.snapshot, "out", "altered");
    assert!((150.0..250.0).contains(&altered), "{altered}");
    assert_eq!(number(&ran.report, "/messages/delivered") + altered, 400.0);
    assert!(reasons(&ran.snapshot).iter().all(|reason| *reason == "claim_altered"));
}

#[test]
fn a_store_away_at_check_in_is_tried_until_it_is_back() {
    let folder = Folder::new("claims-away-in");
    std::fs::create_dir_all(folder.path().join("out")).expect("a folder can be made");
    // Where the folder should be stands a file.
    let in_the_way = folder.path().join("out/claims");
    std::fs::write(&in_the_way, "in the way").expect("a file can be written");
    let (report, snapshot) = meddled(&waiting("", ""), &folder, SOON, || std::fs::remove_file(&in_the_way).expect("it can be removed"));
    assert_eq!(number(&report, "/messages/delivered"), 20.0, "{}", report["errors"]);
    assert!(gauge(&snapshot, "in", "retries") > 2.0);
    assert!(number(&report, "/latency/p50_s") > 1.3, "the first half second was lost");
}

#[test]
fn a_store_away_at_check_in_for_good_fails_the_send() {
    let folder = Folder::new("claims-away-in-for-good");
    std::fs::create_dir_all(folder.path().join("out")).expect("a folder can be made");
    std::fs::write(folder.path().join("out/claims"), "in the way").expect("a file can be written");
    let text = waiting("", "").replace("attempts: 50", "attempts: 2");
    let options = RunOptions { folder: folder.path().to_owned(), output: live_output(Mode::Live, &folder), ..options(Mode::Live, "20s") };
    let ran = run(&graph(&text), &options);
    assert_eq!((number(&ran.report, "/messages/delivered"), number(&ran.report, "/messages/dead_lettered")), (0.0, 20.0));
    let first = letters(&ran.snapshot)[0].clone();
    assert!(first.error().contains("could not be stored"), "{}", first.error());
    // What failed is whole still.
    assert!(first.message.payload.len() > 9_000);
}

#[test]
fn a_store_away_at_check_out_means_redelivery_and_then_dead_letters() {
    for (back, delivered) in [(true, 20.0), (false, 0.0)] {
        let folder = Folder::new(&format!("claims-away-out-{back}"));
        let (there, aside) = (folder.path().join("out/claims"), folder.path().join("out/aside"));
        let text = waiting("", "max_deliveries: 6, retry: fixed, retry_delay: \"300 ms\"");
        let restorer = std::cell::RefCell::new(None);
        let (report, snapshot) = meddled(&text, &folder, SOON, || {
            std::fs::rename(&there, &aside).expect("a folder can be renamed");
            std::fs::write(&there, "in the way").expect("a file can be written");
            if back {
                let (there, aside) = (there.clone(), aside.clone());
                *restorer.borrow_mut() = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_secs(1));
                    std::fs::remove_file(&there).expect("it can be removed");
                    std::fs::rename(&aside, &there).expect("a folder can be renamed");
                }));
            }
        });
        if let Some(restorer) = restorer.into_inner() {
            restorer.join().expect("the folder is back");
        }
        assert_eq!(number(&report, "/messages/delivered"), delivered, "{back}: {}", report["errors"]);
        assert_eq!(number(&report, "/messages/dead_lettered"), 20.0 - delivered, "{back}");
        assert!(number(&report, "/queues/q/deliveries") > 30.0, "{back}: they were delivered again");
        if !back {
            assert_eq!(reasons(&snapshot), ["max_deliveries"; 20]);
        }
    }
}

#[test]
fn another_program_reads_what_the_reference_names() {
    let text = r#"(
    format: 1,
    nodes: {
        "large": generator(rate: "100/s", count: 5, payload: "{\"n\": {{index}}, \"pixels\": \"{{pad 9000}}\"}"),
        "in": check_in(store: folder),
        "end": sink(target: file, path: "claims.jsonl", envelope: true),
    },
    pipes: ["large.out -> in.in", "in.out -> end.in"],
)"#;
    let folder = Folder::new("claims-dataref");
    let options = RunOptions { folder: folder.path().to_owned(), output: live_output(Mode::Live, &folder), ..options(Mode::Live, "20s") };
    run(&graph(text), &options);
    let lines = std::fs::read_to_string(folder.path().join("out/claims.jsonl")).expect("the sink wrote them");
    assert_eq!(lines.lines().count(), 5);
    for line in lines.lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let dataref = message["headers"]["dataref"].as_str().expect("it has a reference");
        let path = dataref.strip_prefix("file://").unwrap_or_else(|| panic!("{dataref}"));
        let payload = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(message["headers"]["datalength"], payload.len());
        let value: serde_json::Value = serde_json::from_slice(&payload).expect("it is the payload");
        assert_eq!(value["pixels"].as_str().map(str::len), Some(9_000));
    }
    // A run that ends leaves what nobody has read; the next one sweeps it when it is old enough.
    assert_eq!(claims(&folder).len(), 5);
    let young = run(&graph(text), &options);
    assert_eq!((claims(&folder).len(), gauge(&young.snapshot, "in", "orphans")), (10, 0.0), "they are young still");
    let old = text.replace("check_in(store: folder)", "check_in(store: folder, time_to_live: \"200 ms\", sweep_every: \"1 h\")");
    std::thread::sleep(SOON);
    let swept = run(&graph(&old), &options);
    assert_eq!((claims(&folder).len(), gauge(&swept.snapshot, "in", "orphans")), (5, 10.0));
}
