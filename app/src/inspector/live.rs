//! The figures of a run for one node or pipe.

use super::chart::chart_ui;
use crate::action::Item;
use crate::state::State;
use crate::theme::{Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use crate::widgets::heading::{fact_ui, section_ui};
use egui::{RichText, Ui};
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::node::{Gauge, Kind};
use pipewright_runtime::telemetry::snapshot::{NodeFigures, NodeState, PipeFigures, Quantiles};

fn no_run_ui(ui: &mut Ui, theme: &Theme) {
    empty_ui(ui, theme, Icon::Clock, "No figures yet", "Start a run to see what happens here.");
}

/// A gauge in its unit.
fn gauge_text(gauge: &Gauge) -> String {
    match gauge.unit {
        "s" => figure::seconds(gauge.value),
        "" => figure::short(gauge.value),
        "B" | "bytes" => figure::bytes(gauge.value.max(0.0) as u64),
        "messages" if gauge.value.fract() == 0.0 && gauge.value >= 0.0 => figure::count(gauge.value as u64),
        unit => format!("{} {unit}", figure::short(gauge.value)),
    }
}

/// A name of the runtime as words: `age_of_oldest` becomes `Age of oldest`.
pub fn words(name: &str) -> String {
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// A node's figures.
pub fn node_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId, kind: Option<&'static Kind>) {
    let Some(session) = state.front().and_then(|open| open.session.as_ref()) else {
        no_run_ui(ui, theme);
        return;
    };
    let Some(figures) = session.snapshot().and_then(|snapshot| snapshot.nodes.get(id)) else {
        no_run_ui(ui, theme);
        return;
    };
    node_facts_ui(ui, theme, figures);
    let colour = kind.map_or(theme.accent, |kind| theme.family(kind.family));
    if let Some(ring) = session.histories.of(&Item::Node(id.clone())) {
        section_ui(ui, theme, "Over time");
        if figures.received > 0 {
            chart_ui(ui, theme, "received", ring, colour, |sample| sample.rate, figure::rate);
        }
        if figures.sent > 0 {
            chart_ui(ui, theme, "sent", ring, colour, |sample| sample.rate_out, figure::rate);
        }
        chart_ui(ui, theme, "inside", ring, colour, |sample| sample.depth, figure::short);
    }
}

fn node_facts_ui(ui: &mut Ui, theme: &Theme, figures: &NodeFigures) {
    section_ui(ui, theme, "Now");
    let (word, colour) = match &figures.state {
        NodeState::Idle => ("idle", theme.dim),
        NodeState::Running => ("running", theme.good),
        NodeState::Blocked => ("blocked: its output is full", theme.warning),
        NodeState::Failed(_) => ("failed", theme.failed),
    };
    fact_ui(ui, theme, "State", word, colour);
    if let NodeState::Failed(error) = &figures.state {
        ui.add(egui::Label::new(RichText::new(error.as_ref()).size(11.5).color(theme.failed)).wrap());
    }
    fact_ui(ui, theme, "Rate in", &figure::rate(figures.rate_in), theme.text);
    fact_ui(ui, theme, "Rate out", &figure::rate(figures.rate_out), theme.text);
    fact_ui(ui, theme, "Inside", &figure::count(figures.held), theme.text);
    if figures.busy > 0.0 || figures.blocked > 0.0 {
        fact_ui(ui, theme, "Busy", &figure::percent(figures.busy), if figures.busy > 0.95 { theme.warning } else { theme.text });
        fact_ui(ui, theme, "Blocked", &figure::percent(figures.blocked), if figures.blocked > 0.0 { theme.warning } else { theme.text });
    }
    for gauge in &figures.gauges {
        fact_ui(ui, theme, &words(gauge.name), &gauge_text(gauge), theme.text);
    }
    section_ui(ui, theme, "Since the start");
    fact_ui(ui, theme, "Received", &figure::count(figures.received), theme.text);
    fact_ui(ui, theme, "Sent", &figure::count(figures.sent), theme.text);
    if figures.delivered > 0 {
        fact_ui(ui, theme, "Delivered", &figure::count(figures.delivered), theme.good);
    }
    if figures.errors > 0 {
        fact_ui(ui, theme, "Errors", &figure::count(figures.errors), theme.failed);
        if let Some(error) = &figures.last_error {
            ui.add(egui::Label::new(RichText::new(format!("newest: {error}")).size(11.5).color(theme.failed)).wrap());
        }
    }
    if figures.dead_lettered > 0 {
        fact_ui(ui, theme, "Dead letters", &figure::count(figures.dead_lettered), theme.failed);
    }
    for (reason, count) in figures.dropped.iter().filter(|(_, count)| *count > 0) {
        fact_ui(ui, theme, &format!("Dropped: {}", reason.replace('_', " ")), &figure::count(*count), theme.warning);
    }
    if figures.residence.count > 0 {
        section_ui(ui, theme, "Time inside");
        quantiles_ui(ui, theme, &figures.residence);
    }
}

/// Mean and percentiles as facts.
pub fn quantiles_ui(ui: &mut Ui, theme: &Theme, quantiles: &Quantiles) {
    for (label, value) in
        [("Mean", quantiles.mean), ("Median", quantiles.p50), ("90 %", quantiles.p90), ("99 %", quantiles.p99), ("Longest", quantiles.max)]
    {
        fact_ui(ui, theme, label, &figure::seconds(value), theme.text);
    }
}

/// A pipe's figures.
pub fn pipe_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &PipeId) {
    let Some(session) = state.front().and_then(|open| open.session.as_ref()) else {
        no_run_ui(ui, theme);
        return;
    };
    let Some(figures) = session.snapshot().and_then(|snapshot| snapshot.pipes.get(id)) else {
        no_run_ui(ui, theme);
        return;
    };
    pipe_facts_ui(ui, theme, figures);
    if let Some(ring) = session.histories.of(&Item::Pipe(id.clone())) {
        section_ui(ui, theme, "Over time");
        chart_ui(ui, theme, "rate", ring, theme.accent, |sample| sample.rate, figure::rate);
        chart_ui(ui, theme, "depth", ring, theme.accent, |sample| sample.depth, figure::short);
    }
}

fn pipe_facts_ui(ui: &mut Ui, theme: &Theme, figures: &PipeFigures) {
    section_ui(ui, theme, "Now");
    fact_ui(ui, theme, "Rate", &figure::rate(figures.rate), theme.text);
    let depth = if figures.capacity == 0 {
        figure::count(figures.depth)
    } else {
        format!("{} of {}", figure::count(figures.depth), figure::count(figures.capacity))
    };
    let share = if figures.capacity == 0 { 0.0 } else { figures.depth as f32 / figures.capacity as f32 };
    fact_ui(ui, theme, "Depth", &depth, if share < 0.6 { theme.text } else { theme.fill(share) });
    if figures.blocked {
        fact_ui(ui, theme, "Sender", "waits for room", theme.warning);
    }
    section_ui(ui, theme, "Since the start");
    fact_ui(ui, theme, "Messages", &figure::count(figures.messages), theme.text);
    if figures.bytes > 0 {
        fact_ui(ui, theme, "Bytes", &figure::bytes(figures.bytes), theme.text);
    }
    fact_ui(ui, theme, "Mean depth", &figure::short(figures.depth_mean), theme.text);
    fact_ui(ui, theme, "Highest depth", &figure::count(figures.depth_max), theme.text);
    fact_ui(ui, theme, "Sender waited", &figure::seconds(figures.blocked_time.seconds()), theme.text);
}
