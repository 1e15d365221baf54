//! Verdicts over a run that has ended.

use super::claim::{Claim, Expected, Relation};
use super::figure::{Figure, of_report};
use super::watch::Watch;
use crate::message::Value;
use crate::telemetry::report::{ExpectationReport, Report, Verdict};
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// Judges expectations by the report of a run and by what its nodes have seen.
pub fn judge<'a>(expected: &[Expected], report: &Report, seen: impl Iterator<Item = &'a Watch>) -> IndexMap<String, ExpectationReport> {
    if expected.is_empty() {
        return IndexMap::new();
    }
    let seen: BTreeMap<usize, ExpectationReport> = seen.flat_map(Watch::found).collect();
    let figures = of_report(report);
    let one = |(number, expected): (usize, &Expected)| (expected.name.clone(), verdict(expected, number, report, &figures, &seen));
    expected.iter().enumerate().map(one).collect()
}

fn verdict(
    expected: &Expected,
    number: usize,
    report: &Report,
    figures: &Value,
    seen: &BTreeMap<usize, ExpectationReport>,
) -> ExpectationReport {
    let says = |verdict, found: String| ExpectationReport { verdict, found };
    let claim = match &expected.claim {
        Ok(claim) => claim,
        Err(fault) => return says(Verdict::Broken, format!("it cannot be judged: {fault}")),
    };
    if let Some(after) = expected.after.filter(|after| report.duration_s < after.seconds()) {
        return says(Verdict::NotJudged, format!("the run was over before {after}"));
    }
    match claim {
        Claim::NoLoss { but_for, dead_letters } => no_loss(report, but_for, *dead_letters),
        Claim::Compare(figure, relation, value) => compare(figure, *relation, *value, figures),
        Claim::OncePerKey { .. } | Claim::OrderPerKey { .. } | Claim::Every { .. } => {
            seen.get(&number).cloned().unwrap_or_else(|| says(Verdict::Broken, "it cannot be judged: the node is gone".to_owned()))
        }
    }
}

fn no_loss(report: &Report, but_for: &[String], dead_letters: bool) -> ExpectationReport {
    let lost = report.messages.dropped.iter().filter(|(reason, _)| !but_for.contains(reason));
    let mut lost: Vec<String> = lost.map(|(reason, count)| format!("{count} dropped as {reason}")).collect();
    if !dead_letters && report.messages.dead_lettered > 0 {
        lost.push(format!("{} dead-lettered", report.messages.dead_lettered));
    }
    if !report.messages.balanced {
        lost.push("the books do not balance".to_owned());
    }
    if lost.is_empty() {
        let found = format!("{} entered, {} delivered, {} held", report.messages.entered, report.messages.delivered, report.messages.held);
        ExpectationReport { verdict: Verdict::Met, found }
    } else {
        ExpectationReport { verdict: Verdict::Broken, found: lost.join(", ") }
    }
}

fn compare(figure: &Figure, relation: Relation, wanted: f64, figures: &Value) -> ExpectationReport {
    let Some(value) = figure.of(figures) else {
        let found = format!("it cannot be judged: this run has no `{}`", figure.name());
        return ExpectationReport { verdict: Verdict::Broken, found };
    };
    let (holds, words) = match relation {
        Relation::AtLeast => (value >= wanted, "at least"),
        Relation::AtMost => (value <= wanted, "at most"),
        Relation::Exactly => (value == wanted, "exactly"),
    };
    let found = format!("{} is {value}, expected {words} {wanted}", figure.name());
    ExpectationReport { verdict: if holds { Verdict::Met } else { Verdict::Broken }, found }
}
