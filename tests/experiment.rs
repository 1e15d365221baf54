//! Replications, warm-up and precision through the command line and from outside the library.

use crate::cli::say;
use pipewright_tests::{number, root};
use serde_json::Value;

const SAMPLE: &str = "samples/02-competing.ron";

fn outcome(arguments: &[&str]) -> Value {
    let said = say(&[&["simulate", SAMPLE, "--until", "60s", "--json"], arguments].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    said.json()
}

fn schema() -> jsonschema::Validator {
    let path = root().join("runtime/docs/experiment.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the schema is there")).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

#[test]
fn g11_replications_are_the_same_on_any_number_of_threads_and_as_the_schema_says() {
    let timeless = |threads: &str| {
        let mut outcome = outcome(&["--replications", "7", "--seed", "5", "--warm-up", "5s", "--threads", threads]);
        assert_eq!(outcome["threads"].to_string(), threads);
        outcome["wall_s"] = Value::from(0);
        outcome["threads"] = Value::from(1);
        outcome
    };
    let one = timeless("1");
    assert_eq!(one, timeless("3"));
    let schema = schema();
    let errors: Vec<String> = schema.iter_errors(&one).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let mut strange = one.clone();
    strange["measures"]["latency.mean_s"]["unheard_of"] = Value::Null;
    assert!(!schema.is_valid(&strange), "a schema that takes anything proves nothing");
    assert_eq!(number(&one, "/replications"), 7.0);
    let latency = &one["measures"]["latency.mean_s"];
    assert!(number(latency, "/half_width") > 0.0 && number(latency, "/least") < number(latency, "/mean"), "{latency}");
}

/// The same seed without `--replications` is replication 0.
#[test]
fn one_replication_is_the_simulation_itself() {
    let alone = outcome(&["--seed", "5"]);
    let replicated = outcome(&["--seed", "5", "--replications", "1"]);
    assert_eq!(number(&replicated["measures"]["latency.mean_s"], "/mean"), number(&alone, "/latency/mean_s"));
    assert_eq!(number(&replicated["measures"]["events"], "/mean"), number(&alone, "/events"));
    assert!(replicated["measures"]["latency.mean_s"]["half_width"].is_null());
}

#[test]
fn a_precision_ends_the_replications_or_says_that_it_was_not_reached() {
    let easy = outcome(&["--precision", "20%", "--measure", "latency.mean_s"]);
    assert_eq!((easy["precision"]["reached"].as_bool(), easy["precision"]["widest"].as_str()), (Some(true), Some("latency.mean_s")));
    assert!(number(&easy, "/precision/relative_half_width") <= 0.2 / 1.2 && number(&easy, "/replications") >= 10.0);
    let said = say(&["simulate", SAMPLE, "--until", "60s", "--precision", "0.01%", "--replications", "11"]);
    assert!(said.code == 0 && said.err.contains("was not reached in 11 replications"), "{}", said.err);
    assert!(said.out.contains('±') && said.out.contains("queues"), "{}", said.out);
    let said = say(&["simulate", SAMPLE, "--until", "60s", "--precision", "5%", "--measure", "latency.mean"]);
    assert!(said.code == 2 && said.err.contains("did you mean `latency.mean_s`"), "{}", said.err);
}

#[test]
fn the_warm_up_is_found_for_one_simulation_too() {
    let said = say(&["simulate", SAMPLE, "--until", "600s", "--warm-up", "auto", "--out", "/dev/null"]);
    assert!(said.code == 0 && said.err.contains("by MSER-5 from 10 pilot replications"), "{}", said.err);
    let report = outcome(&["--warm-up", "auto"]);
    assert!((0.0..=30.0).contains(&number(&report, "/warm_up_s")), "{}", report["warm_up_s"]);
}
