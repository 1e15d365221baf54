//! Open networks of queues with probabilities of where to go next: each station a queue, a pool and, where there is a choice, a balance.

use super::case::Measure;
use super::compare::Experiment;
use super::model::{Model, at, expected, graph_of, sum};
use std::fmt::Write;

/// The probability of leaving from where these are the probabilities of going on.
fn leaving(row: &[f64]) -> f64 {
    let rest = 1.0 - row.iter().sum::<f64>();
    if rest > 1e-9 { rest } else { 0.0 }
}

/// Stations are named `line1`, `desk1`, `next1`.
pub fn experiment(model: &Model<'_>) -> Experiment {
    let case = model.case;
    let external = case.numbers("external_lambda");
    let means: Vec<f64> =
        if case.has("mu") { case.numbers("mu").iter().map(|rate| 1.0 / rate).collect() } else { case.numbers("mean_service") };
    let servers = case.numbers("servers");
    let rows: Vec<Vec<f64>> = case.parameters["routing"]
        .as_array()
        .expect("a matrix")
        .iter()
        .map(|row| row.as_array().expect("a row").iter().map(|share| share.as_f64().expect("a probability")).collect())
        .collect();
    let mut nodes = "        \"gone\": sink(),\n".to_owned();
    let mut pipes = Vec::new();
    for (station, row) in rows.iter().enumerate() {
        let name = station + 1;
        let mut add = |line: String| writeln!(nodes, "        {line}").expect("text takes all");
        if external[station] > 0.0 {
            add(format!("\"in{name}\": generator(arrivals: poisson, rate: {}, payload: \"\"),", model.rate(external[station])));
            pipes.push(format!("in{name}.out -> line{name}.in"));
        }
        add(format!("\"line{name}\": queue(capacity: 1000000),"));
        let service = model.exponential(means[station]);
        add(format!("\"desk{name}\": consumer_pool(servers: {}, service: {service}),", servers[station]));
        pipes.push(format!("line{name}.out -> desk{name}.in"));
        let onward = row.iter().enumerate().filter(|(_, share)| **share > 0.0);
        let mut ways: Vec<(String, f64)> = onward.map(|(to, share)| (format!("line{}", to + 1), *share)).collect();
        if leaving(row) > 0.0 {
            ways.push(("gone".to_owned(), leaving(row)));
        }
        if let [(to, _)] = ways.as_slice() {
            pipes.push(format!("desk{name}.out -> {to}.in"));
            continue;
        }
        let outputs: Vec<String> = ways.iter().map(|(to, share)| format!("\"{to}\": {share}")).collect();
        add(format!("\"next{name}\": balance(method: random, outputs: {{{}}}),", outputs.join(", ")));
        pipes.push(format!("desk{name}.out -> next{name}.in"));
        pipes.extend(ways.iter().map(|(to, _)| format!("next{name}.{to} -> {to}.in")));
    }
    let read = |measure: &Measure| {
        let factor = model.factor(&measure.unit);
        match measure.name.as_str() {
            "mean_in_network_L" => return sum((1..=rows.len()).map(|name| format!("/queues/line{name}/in_system_mean")).collect()),
            "mean_time_in_network_W" => return at("/latency/mean_s", factor),
            _ => {}
        }
        let (station, what) = measure.name.strip_prefix("node").and_then(|rest| rest.split_once('_')).expect("a station and a measure");
        let pointer = match what {
            "throughput" => format!("/nodes/desk{station}/out_per_s"),
            "utilization" => format!("/nodes/desk{station}/busy"),
            "L" => format!("/queues/line{station}/in_system_mean"),
            "response_per_visit" => format!("/queues/line{station}/sojourn_mean_s"),
            other => panic!("{}: {other}?", case.name),
        };
        at(pointer, factor)
    };
    let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
    // Effort is counted in visits to stations, of which there may be many for each arrival.
    let visits: f64 = case.measures.iter().filter(|measure| measure.name.ends_with("_throughput")).map(Measure::number).sum();
    model.run_of(graph_of(&nodes, &pipes), visits, all)
}
