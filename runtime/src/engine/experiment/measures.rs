//! Every number of a report by name: what replications are compared and averaged by.

use crate::telemetry::report::Report;
use serde_json::Value;

/// What in a report is no measure: names, circumstances, and the laws, which have no mean.
const NO_MEASURE: &[&str] = &["format", "seed", "wall_s", "warm_up_s", "laws", "expectations", "deadlocks", "errors", "balanced"];

/// The names whose absence means zero: reasons that did not occur, numbers of messages that were never reached.
const ABSENT_IS_ZERO: &[&str] = &["dropped", "dead_letter_reasons", "in_system_share"];

/// Every measure of a report with its value, by a name such as `queues.jobs.wait.mean_s`. A mean or percentile of no samples is left out.
pub fn measures(report: &Report) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    let report = serde_json::to_value(report).expect("a report always writes");
    walk(&report, &mut String::new(), &mut found);
    found
}

fn walk(value: &Value, name: &mut String, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => found.push((name.clone(), number.as_f64().expect("a report's numbers are finite"))),
        Value::Object(fields) => {
            let without_samples = fields.get("count") == Some(&Value::from(0_u64));
            for (field, value) in fields {
                if !(without_samples && field != "count" || NO_MEASURE.contains(&field.as_str()) && !named_by_user(name)) {
                    below(name, field, |name| walk(value, name, found));
                }
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                below(name, &number.to_string(), |name| walk(item, name, found));
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Whether what follows this name is an id from the graph: a node may be called `errors`.
fn named_by_user(name: &str) -> bool {
    matches!(name, "nodes" | "queues" | "pipes")
}

fn below(name: &mut String, field: &str, act: impl FnOnce(&mut String)) {
    let length = name.len();
    if !name.is_empty() {
        name.push('.');
    }
    name.push_str(field);
    act(name);
    name.truncate(length);
}

/// Whether a replication that lacks this measure had zero of it.
pub fn absent_is_zero(name: &str) -> bool {
    name.rsplit('.').nth(1).is_some_and(|group| ABSENT_IS_ZERO.contains(&group))
}

/// Whether a measure belongs to those that `--precision` watches where none is named: every mean, every rate, and how busy nodes are.
/// Not watched are extremes, what happens to be inside at the end, and shares of rare states, whose intervals need not narrow.
pub fn watched_by_itself(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    matches!(last, "mean_s" | "rate_per_s" | "busy" | "depth_mean" | "in_system_mean")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sim::SimulationOptions;
    use crate::engine::trial::{exponential, graph, simulate, text, word};

    #[test]
    fn every_number_has_a_name_and_nothing_else() {
        let graph = graph(
            &[
                ("errors", "generator", &[("arrivals", word("poisson")), ("rate", text("50/s")), ("payload", text("{}"))]),
                ("work", "queue", &[]),
                ("desk", "consumer_pool", &[("service", exponential("15 ms"))]),
                ("never", "dead_letters", &[]),
            ],
            &["errors.out -> work.in", "work.out -> desk.in", "work.dead_letters -> never.in"],
        );
        let report = simulate(&graph, 1, 20.0, &SimulationOptions::default());
        let found = measures(&report);
        let value = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        assert_eq!(value("queues.work.wait.mean_s"), Some(report.queues["work"].wait.mean_s));
        assert_eq!(value("pipes.work.out -> desk.in.rate_per_s"), Some(report.pipes["work.out -> desk.in"].rate_per_s));
        assert_eq!(value("queues.work.in_system_share.2"), Some(report.queues["work"].in_system_share[2]));
        assert_eq!(value("nodes.errors.out"), Some(report.nodes["errors"].sent as f64), "a node may have the name of a field");
        assert_eq!(value("nodes.never.residence.count"), Some(0.0));
        assert_eq!(value("nodes.never.residence.mean_s"), None, "a mean of nothing is no observation");
        assert!(!found.iter().any(|(name, _)| name.starts_with("laws") || name == "seed" || name == "wall_s"));
    }

    #[test]
    fn names_tell_what_absence_means_and_what_is_watched() {
        assert!(absent_is_zero("messages.dropped.overflow") && absent_is_zero("queues.jobs.in_system_share.7"));
        assert!(!absent_is_zero("queues.jobs.wait.mean_s") && !absent_is_zero("nodes.dropped.in.mean_s"));
        assert!(watched_by_itself("latency.mean_s") && watched_by_itself("nodes.desk.busy"));
        assert!(!watched_by_itself("latency.max_s") && !watched_by_itself("nodes.desk.held"));
    }
}
