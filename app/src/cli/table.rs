//! A running graph in a terminal: a table of its nodes, or one line.

use pipewright_runtime::telemetry::snapshot::{NodeState, Snapshot};
use pipewright_runtime::units::Span;
use std::fmt::Write;

/// One line: clock, rates, depth, latency, errors.
pub fn line(snapshot: &Snapshot) -> String {
    let books = &snapshot.books;
    let dropped: u64 = books.dropped.values().sum();
    let errors: u64 = snapshot.nodes.values().map(|node| node.errors).sum();
    format!(
        "{:>8.1} s  entered {}  delivered {}  dropped {dropped}  dead letters {}  held {}  errors {errors}  p99 {}",
        snapshot.now.seconds(),
        books.entered,
        books.delivered,
        books.dead_lettered,
        books.held,
        seconds(snapshot.latency.p99),
    )
}

/// The table, at most so many rows and columns.
pub fn table(snapshot: &Snapshot, rows: usize, columns: usize) -> String {
    let names = snapshot.nodes.keys().map(|id| id.as_str().chars().count()).max().unwrap_or(4).clamp(4, 28);
    let mut lines =
        vec![format!("  {:names$} {:>11} {:>11} {:>9} {:>9} {:>6} {:>9}", "node", "in/s", "out/s", "held", "errors", "busy", "p99")];
    let room = rows.saturating_sub(4).max(1);
    for (id, node) in snapshot.nodes.iter().take(room) {
        let mut text = String::new();
        let name: String = id.as_str().chars().take(names).collect();
        let _ = write!(
            text,
            "{} {name:names$} {:>11} {:>11} {:>9} {:>9} {:>5.0}% {:>9}",
            mark(&node.state),
            rate(node.rate_in),
            rate(node.rate_out),
            node.held,
            node.errors,
            node.busy * 100.0,
            seconds(node.residence.p99),
        );
        lines.push(text);
    }
    if snapshot.nodes.len() > room {
        lines.push(format!("  {} more nodes are not shown", snapshot.nodes.len() - room));
    }
    lines.push(String::new());
    lines.push(line(snapshot));
    let cut = |line: String| line.chars().take(columns.max(20)).collect::<String>().trim_end().to_owned() + "\n";
    lines.into_iter().map(cut).collect()
}

const fn mark(state: &NodeState) -> char {
    match state {
        NodeState::Idle => '○',
        NodeState::Running => '●',
        NodeState::Blocked => '▲',
        NodeState::Failed(_) => '■',
    }
}

/// A rate for people: `12.3`, `4.56 k`, `7.89 M`.
pub fn rate(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 1e3 => format!("{:.2} k", value / 1e3),
        value => format!("{value:.1}"),
    }
}

/// A span of seconds for people: three figures and a unit.
pub fn seconds(value: f64) -> String {
    match value {
        0.0 => "0 s".into(),
        value if value < 1e-6 => format!("{:.0} ns", value * 1e9),
        value if value < 1e-3 => format!("{:.1} µs", value * 1e6),
        value if value < 1.0 => format!("{:.1} ms", value * 1e3),
        value if value < 600.0 => format!("{value:.2} s"),
        value => Span::from_seconds(value.round()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let cases = [(0.0, "0 s"), (2.5e-8, "25 ns"), (1.5e-5, "15.0 µs"), (0.25, "250.0 ms"), (12.345, "12.35 s"), (7200.0, "2 h")];
        for (value, expected) in cases {
            assert_eq!(seconds(value), expected);
        }
        assert_eq!([rate(0.0), rate(1500.0), rate(2e7)], ["0.0", "1.50 k", "20.00 M"]);
    }
}
