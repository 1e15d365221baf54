//! Signed access: who is not named, or comes with a wrong signature, gets nothing, and the attempt is shown.

use super::{gauge, reasons};
use crate::cli::command;
use pipewright_tests::{Folder, number, simulate};
use serde_json::Value;

fn signed(reader: &str, key: &str) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "100/s", count: 6, payload: "{{\"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in(store: folder, may_read: "shop, archive", key: "PIPEWRIGHT_TEST_CLAIM_KEY"),
        "out": check_out(store: folder, reader: "{reader}", key: "{key}"),
        "end": sink(),
    }},
    pipes: ["large.out -> in.in", "in.out -> out.in", "out.out -> end.in"],
)"#
    )
}

#[test]
fn in_a_simulation_only_the_named_readers_get_it() {
    for (reader, key, delivered) in [
        ("shop", "PIPEWRIGHT_TEST_CLAIM_KEY", 6.0),
        ("archive", "", 6.0),
        ("stranger", "PIPEWRIGHT_TEST_CLAIM_KEY", 0.0),
        ("stranger", "", 0.0),
        ("shop", "ANOTHER_KEY", 0.0),
    ] {
        let ran = simulate(&signed(reader, key), "20s", 1);
        assert_eq!(number(&ran.report, "/messages/delivered"), delivered, "{reader} with {key}");
        assert_eq!(gauge(&ran.snapshot, "out", "unauthorised"), 6.0 - delivered, "{reader} with {key}");
        assert!(reasons(&ran.snapshot).iter().all(|reason| *reason == "claim_unauthorised"));
        if delivered == 0.0 {
            let shown = ran.snapshot.journal.iter().any(|line| line.text.contains(&format!("`{reader}` asked for a claim")));
            assert!(shown, "the attempt of {reader} is shown");
        }
    }
}

/// The program itself, with the key in its environment; the report.
fn run_with_key(name: &str, text: &str, keys: &[(&str, &str)]) -> Value {
    let folder = Folder::new(name);
    let file = folder.file("signed.ron", text);
    let allowed = ["--allow", "env:PIPEWRIGHT_TEST_CLAIM_KEY", "--allow", "env:ANOTHER_KEY"];
    let mut command = command(&["run", &file, "--for", "20s", "--json"]);
    command.args(allowed).envs(keys.iter().copied());
    let output = command.output().expect("the program can be started");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn live_the_key_comes_from_the_environment() {
    let keys = [("PIPEWRIGHT_TEST_CLAIM_KEY", "of the house"), ("ANOTHER_KEY", "of a thief")];
    for (name, reader, key, delivered) in [
        ("shop", "shop", "PIPEWRIGHT_TEST_CLAIM_KEY", 6.0),
        ("stranger", "stranger", "PIPEWRIGHT_TEST_CLAIM_KEY", 0.0),
        ("forged", "shop", "ANOTHER_KEY", 0.0),
    ] {
        let report = run_with_key(&format!("claims-signed-{name}"), &signed(reader, key), &keys);
        assert_eq!(number(&report, "/messages/delivered"), delivered, "{name}");
        assert_eq!(number(&report, "/messages/dead_lettered"), 6.0 - delivered, "{name}");
        if delivered == 0.0 {
            assert!(
                report["errors"]["out"].as_str().is_some_and(|error| error.contains(&format!("`{reader}` asked"))),
                "{}",
                report["errors"]
            );
        }
    }
    let none = run_with_key("claims-signed-none", &signed("shop", "").replace("count: 6", "count: 1"), &[]);
    let error = none["errors"]["in"].as_str().expect("it fails");
    assert!(error.contains("PIPEWRIGHT_TEST_CLAIM_KEY is not set"), "{error}");
}

#[test]
fn who_is_not_named_gets_nothing_live_and_simulated() {
    let folder = Folder::new("claims-named");
    for (reader, delivered) in [("archive", 6.0), ("stranger", 0.0)] {
        let file = folder.file(&format!("{reader}.ron"), signed(reader, "PIPEWRIGHT_TEST_CLAIM_KEY"));
        for verb in ["run", "simulate"] {
            let mut command = command(&[verb, &file, "--json"]);
            command.env("PIPEWRIGHT_TEST_CLAIM_KEY", "of the house");
            command.args(if verb == "run" { ["--allow", "env:PIPEWRIGHT_TEST_CLAIM_KEY"] } else { ["--until", "20s"] });
            let output = command.output().expect("the program can be started");
            let told = String::from_utf8_lossy(&output.stderr);
            let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
            assert_eq!(number(&report, "/messages/delivered"), delivered, "{reader}, {verb}: {told}");
            assert_eq!(number(&report, "/messages/dead_lettered"), 6.0 - delivered, "{reader}, {verb}");
            let shown = report["errors"]["out"].as_str().is_some_and(|error| error.contains("`stranger` asked"));
            assert_eq!(shown, reader == "stranger", "{verb}: the attempt is shown: {}", report["errors"]);
        }
    }
}
