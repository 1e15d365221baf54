//! Cases without chance whose figures must come out exactly.

use super::case::Case;
use super::model::graph_of;
use super::simulated::{self, Course, is_long};
use pipewright_tests::number;
use serde_json::Value;

fn report(text: &str, until: f64, warm_up: f64) -> Value {
    simulated::report(text, Course { until, warm_up, ..Course::default() })
}

fn assert_close(name: &str, found: f64, known: f64) {
    assert!((found - known).abs() <= 1e-9 * known.abs().max(1.0), "{name}: {found}, the source says {known}");
}

/// A line of stations with so many jobs in it: one comes in when one leaves (Hopp and Spearman, Factory Physics, chapter 7).
#[test]
fn penny_fab_one_deterministic() {
    let case = Case::named("penny_fab_one_deterministic");
    let (unit, seconds) = case.time();
    let (times, machines) = (case.numbers("times_h"), case.numbers("machines"));
    let bottleneck = times.iter().zip(&machines).map(|(time, count)| count / time).fold(f64::INFINITY, f64::min);
    let process: f64 = times.iter().sum();
    assert_close("bottleneck_rate", bottleneck, case.known("bottleneck_rate").number());
    assert_close("raw_process_time", process, case.known("raw_process_time").number());
    assert_close("critical_wip", bottleneck * process, case.known("critical_wip").number());
    for wip in case.numbers("wip") {
        let mut nodes = format!("\"jobs\": generator(arrivals: closed, population: {wip}, think: \"0 s\"),\n");
        let mut pipes = Vec::new();
        let mut before = "jobs".to_owned();
        for (station, (time, count)) in times.iter().zip(&machines).enumerate() {
            nodes += &format!(
                "\"line{station}\": queue(), \"machine{station}\": consumer_pool(servers: {count}, service: \"{time} {unit}\"),\n"
            );
            pipes.push(format!("{before}.out -> line{station}.in"));
            pipes.push(format!("line{station}.out -> machine{station}.in"));
            before = format!("machine{station}");
        }
        // Both ends of the window are whole cycles.
        let report = report(&graph_of(&nodes, &pipes), 12_000.0 * seconds, 4_000.0 * seconds);
        let throughput = number(&report, &format!("/nodes/{before}/out_per_s")) * seconds;
        let cycle = number(&report, "/latency/mean_s") / seconds;
        assert_close("throughput", throughput, case.known(&format!("throughput_wip{wip}")).number());
        assert_close("cycle time", cycle, case.known(&format!("cycle_time_wip{wip}")).number());
        assert_close("Little's law", throughput * cycle, wip);
        assert_close("bottleneck utilisation", number(&report, "/nodes/machine0/busy"), (throughput * times[0]).min(1.0));
    }
}

/// Services call each other in a chain, and each tries so many times.
#[test]
fn retry_amplification_5_layers() {
    let case = Case::named("retry_amplification_5_layers");
    let layers = case.number("layers") as usize;
    let mut nodes = format!(
        "\"requests\": generator(arrivals: times, times: \"0 s, 0 s, 1 s\"), \"given-up\": dead_letters(), \"done\": sink(),\n\"database\": consumer_pool(servers: 4, failure_share: {}),\n",
        case.number("p_fail")
    );
    let mut pipes = vec!["database.out -> done.in".to_owned(), "tries0.error -> given-up.in".to_owned()];
    let mut before = "requests".to_owned();
    for layer in 0..layers {
        nodes += &format!(
            "\"service{layer}\": consumer_pool(servers: 100), \"tries{layer}\": retry(tries: {}),\n",
            case.number("tries_per_layer")
        );
        pipes.push(format!("{before}.out -> service{layer}.in"));
        pipes.push(format!("service{layer}.out -> tries{layer}.in"));
        before = format!("tries{layer}");
    }
    pipes.push(format!("{before}.out -> database.in"));
    let report = report(&graph_of(&nodes, &pipes), 1_000_000.0, 0.0);
    let calls = number(&report, "/nodes/database/in") / number(&report, "/messages/entered");
    assert_close("calls", calls, case.known("calls_at_database_per_request").number());
    assert_close("given up", number(&report, "/messages/dead_lettered"), number(&report, "/messages/entered"));
}

/// An allowance that is drained at a rate: the last token goes just before the moment that the source names, and the first refusal comes at it.
#[test]
fn token_bucket_gp2_30min() {
    let case = Case::named("token_bucket_gp2_30min");
    assert_eq!(case.number("refill_per_s"), 0.0);
    // The ordinary run drains a hundredth of the bucket, in a hundredth of the time.
    let scale = if is_long() { 1.0 } else { 100.0 };
    let (tokens, drain) = (case.number("capacity") / scale, case.number("drain_per_s"));
    let empty = case.known("time_to_empty").number() / scale;
    let nodes = format!(
        "\"work\": generator(rate: \"{drain}/s\", payload: \"\"), \"credits\": throttle(burst: {tokens}, refill: false, excess: drop), \"disk\": sink(),\n"
    );
    let text = graph_of(&nodes, &["work.out -> credits.in".into(), "credits.out -> disk.in".into()]);
    let until_empty = report(&text, empty, 0.0);
    assert_close("passed", number(&until_empty, "/nodes/disk/in"), tokens);
    assert_eq!(until_empty["nodes"]["credits"]["dropped"], serde_json::json!({}));
    let beyond = report(&text, empty + 1.0, 0.0);
    assert_close("passed in all", number(&beyond, "/nodes/disk/in"), tokens);
    assert_close("refused in the next second", number(&beyond, "/nodes/credits/dropped/throttled"), drain);
}
