//! A report in words, for the end of a run.

use super::table::{rate, seconds};
use serde_json::{Map, Value};
use std::fmt::Write;

/// The report in words. Every figure comes from the JSON, so the two cannot differ.
pub fn text(report: &Value) -> String {
    let mut out = String::new();
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let _ = writeln!(
        out,
        "{} ({}, seed {}): {} in {} of wall time, {} events",
        report["graph"].as_str().unwrap_or(""),
        report["mode"].as_str().unwrap_or(""),
        report["seed"],
        seconds(number(&report["duration_s"])),
        seconds(number(&report["wall_s"])),
        report["events"],
    );
    books(&mut out, &report["messages"]);
    let latency = &report["latency"];
    if number(&latency["count"]) > 0.0 {
        let _ = writeln!(out, "latency    {} (end to end, {} messages)", quantiles(latency), latency["count"]);
    }
    section(&mut out, "nodes", &report["nodes"], |node| {
        let mut text =
            format!("{:>10} in {:>10} out {:>7} held {:>5.1} % busy", node["in"], node["out"], node["held"], number(&node["busy"]) * 100.0);
        if number(&node["errors"]) > 0.0 {
            let _ = write!(text, "  {}", errors(&node["errors"]));
        }
        text + &reasons(&node["dropped"]) + &dead_letters(&node["dead_letter_reasons"])
    });
    section(&mut out, "errors", &report["errors"], |error| format!("newest: {}", error.as_str().unwrap_or("")));
    section(&mut out, "figures", &told(&report["nodes"]), figures);
    section(&mut out, "composites", &report["composites"], |sum| {
        let mut text = format!("{:>10} in {:>10} out {:>7} held", sum["in"], sum["out"], sum["held"]);
        if number(&sum["errors"]) > 0.0 {
            let _ = write!(text, "  {}", errors(&sum["errors"]));
        }
        text + &reasons(&sum["dropped"])
    });
    section(&mut out, "queues", &report["queues"], |queue| {
        let mut text = format!(
            "depth {:.2} mean, {} highest; wait {}; {:.1} % waited",
            number(&queue["depth_mean"]),
            queue["depth_max"],
            quantiles(&queue["wait"]),
            number(&queue["waited_share"]) * 100.0
        );
        if let Some(share) = queue["wait"]["within_share"].as_f64() {
            let _ = write!(text, "; {:.1} % within the time asked about", share * 100.0);
        }
        if number(&queue["dead_lettered"]) > 0.0 {
            let _ = write!(text, "; {} dead-lettered", queue["dead_lettered"]);
        }
        text
    });
    section(&mut out, "pipes", &report["pipes"], |pipe| {
        let (rate, mean) = (rate(number(&pipe["rate_per_s"])), number(&pipe["depth_mean"]));
        format!(
            "{:>10} messages, {rate}/s, depth {mean:.2} mean, {} highest, blocked {}",
            pipe["messages"],
            pipe["depth_max"],
            seconds(number(&pipe["blocked_s"]))
        )
    });
    laws(&mut out, &report["laws"]);
    section(&mut out, "expected", &report["expectations"], |expectation| {
        let verdict = expectation["verdict"].as_str().unwrap_or("").replace('_', " ");
        format!("{verdict}: {}", expectation["found"].as_str().unwrap_or(""))
    });
    out.trim_end().to_owned()
}

/// One line: how many laws were checked, and whether all of them hold.
fn laws(out: &mut String, laws: &Value) {
    let count = |name: &str| laws[name].as_object().map_or(0, Map::len);
    let held = if laws["hold"] == Value::Bool(true) { "hold exactly" } else { "DO NOT ALL HOLD" };
    let (little, utilisation) = (count("little"), count("utilisation"));
    let _ = writeln!(out, "laws       conservation, Little's at {little} nodes and utilisation at {utilisation} nodes {held}");
}

/// The expectations that were broken: name, and what was found.
pub fn broken(report: &Value) -> impl Iterator<Item = (&str, &str)> {
    let expectations = report["expectations"].as_object().into_iter().flatten();
    let broken = expectations.filter(|(_, expectation)| expectation["verdict"] == "broken");
    broken.map(|(name, expectation)| (name.as_str(), expectation["found"].as_str().unwrap_or("")))
}

fn books(out: &mut String, books: &Value) {
    let ended = ["delivered", "absorbed"].map(|name| format!("{} {name}", books[name])).join(", ");
    let _ = writeln!(
        out,
        "messages   {} entered, {} copied, {} split off = {ended}, {} dropped, {} dead-lettered, {} held{}",
        books["entered"],
        books["copied"],
        books["split_off"],
        books["dropped"].as_object().map_or(0, |reasons| reasons.values().filter_map(Value::as_u64).sum()),
        books["dead_lettered"],
        books["held"],
        if books["balanced"] == Value::Bool(true) { "" } else { "  DOES NOT BALANCE" },
    );
    if books["recovered"].as_u64().is_some_and(|count| count > 0) {
        let _ = writeln!(out, "recovered  {} of them from durable stores, where the run before had left them", books["recovered"]);
    }
    for (heading, reasons) in [("dropped", &books["dropped"]), ("letters", &books["dead_letter_reasons"])] {
        if let Some(reasons) = reasons.as_object().filter(|reasons| !reasons.is_empty()) {
            let _ = writeln!(out, "{heading:<10} {}", listed(reasons));
        }
    }
}

fn listed(reasons: &Map<String, Value>) -> String {
    reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

fn dead_letters(reasons: &Value) -> String {
    let reasons = reasons.as_object().filter(|reasons| !reasons.is_empty());
    reasons.map_or_else(String::new, |reasons| format!("  dead letters: {}", listed(reasons)))
}

/// The figures of the nodes that have any other than zero, without those.
fn told(nodes: &Value) -> Value {
    let other_than_zero = |node: &Value| {
        let figures = node["figures"].as_object().into_iter().flatten();
        figures.filter(|(_, value)| value.as_f64() != Some(0.0)).map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
    };
    let nodes = nodes.as_object().into_iter().flatten();
    nodes.map(|(id, node)| (id.clone(), other_than_zero(node))).filter(|(_, figures)| !figures.is_empty()).collect()
}

fn figures(figures: &Value) -> String {
    let text = |(name, value): (&String, &Value)| {
        let number = value.as_f64().unwrap_or(0.0);
        match name.strip_suffix("_s") {
            Some(name) => format!("{} {}", name.replace('_', " "), seconds(number)),
            None => format!("{} {}", name.replace('_', " "), significant(number)),
        }
    };
    figures.as_object().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ")
}

/// Whole numbers as they are, others with three significant digits.
fn significant(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1e3 {
        return format!("{value:.0}");
    }
    let decimals = (2.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

fn errors(count: &Value) -> String {
    format!("{count} error{}", if *count == 1 { "" } else { "s" })
}

fn reasons(dropped: &Value) -> String {
    let reasons = dropped.as_object().into_iter().flatten();
    reasons.fold(String::new(), |text, (reason, count)| text + &format!("  {count} {reason}"))
}

fn quantiles(value: &Value) -> String {
    let of = |name: &str| seconds(value[name].as_f64().unwrap_or(0.0));
    format!("mean {}, p50 {}, p90 {}, p99 {}, max {}", of("mean_s"), of("p50_s"), of("p90_s"), of("p99_s"), of("max_s"))
}

fn section(out: &mut String, heading: &str, things: &Value, text: impl Fn(&Value) -> String) {
    let empty = Map::new();
    let things = things.as_object().unwrap_or(&empty);
    if things.is_empty() {
        return;
    }
    let widest = things.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let _ = writeln!(out, "{heading}");
    for (name, thing) in things {
        let _ = writeln!(out, "  {name:widest$}  {}", text(thing));
    }
}
