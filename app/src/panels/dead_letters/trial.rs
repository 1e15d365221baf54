//! A dry run beside the window: worked out on a thread of its own, and what it found.

use super::listing::Entry;
use crate::state::Open;
use crate::theme::{self, Theme};
use crate::widgets::figure;
use egui::{Label, RichText, ScrollArea, Ui};
use pipewright_runtime::engine::dry_run::{DryRun, DryRunOptions, Ending, dry_run};
use pipewright_runtime::letter::{Edited, LetterId};
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::problem::Problem;
use pipewright_runtime::units::Moment;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

type Outcome = Result<DryRun, Vec<Problem>>;

/// A dry run of one letter.
pub struct Trial {
    /// Which letter.
    pub id: LetterId,
    /// As which edit.
    pub edited: Option<Arc<Edited>>,
    from: Moment,
    working: Option<Receiver<Outcome>>,
    outcome: Option<Outcome>,
}

impl Trial {
    /// Begins a dry run of a letter at this moment of the run, in the graph as it is drawn now.
    pub fn begin(open: &Open, catalogue: Catalogue, entry: &Entry, edited: Option<Arc<Edited>>, from: Moment) -> Self {
        let (sender, receiver) = channel();
        let (graph, folder, letter, as_edited) =
            (open.document.graph().clone(), open.document.folder(), entry.letter.clone(), edited.clone());
        let work = move || {
            // The window may look at another letter by now.
            let _ = sender.send(dry_run(&graph, catalogue, &folder, &letter, as_edited, &DryRunOptions::at(from)));
        };
        let begun = std::thread::Builder::new().name("dry run".to_owned()).spawn(work);
        Self { id: entry.id.clone(), edited, from, working: begun.is_ok().then_some(receiver), outcome: None }
    }

    /// What it found; `None` while it is under way. Never waits.
    pub fn outcome(&mut self) -> Option<&Outcome> {
        match self.working.as_ref().map(Receiver::try_recv) {
            Some(Ok(outcome)) => {
                self.outcome = Some(outcome);
                self.working = None;
            }
            // It broke: that is ours to mend, and no reason to wait for ever.
            Some(Err(TryRecvError::Disconnected)) => {
                self.outcome = Some(Err(Vec::new()));
                self.working = None;
            }
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        self.outcome.as_ref()
    }
}

/// Shows what a dry run found.
pub fn trial_ui(ui: &mut Ui, theme: &Theme, open: &Open, trial: &mut Trial) {
    let (from, edited) = (trial.from, trial.edited.is_some());
    let Some(outcome) = trial.outcome() else {
        ui.label(RichText::new("Under way …").color(theme.dim));
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
        return;
    };
    ScrollArea::vertical().id_salt("dry run").auto_shrink(false).show(ui, |ui| match outcome {
        Err(problems) => {
            ui.label(RichText::new("The graph as it is drawn cannot run").font(theme::medium(12.5)).color(theme.failed));
            for problem in problems.iter().take(20) {
                ui.add(Label::new(RichText::new(problem.to_string()).size(11.5).color(theme.dim)).wrap());
            }
        }
        Ok(found) => found_ui(ui, theme, open, found, from, edited),
    });
}

fn found_ui(ui: &mut Ui, theme: &Theme, open: &Open, found: &DryRun, from: Moment, edited: bool) {
    let as_edited = if edited { ", as edited," } else { "" };
    let (words, colour) = if let Some(why) = &found.stays {
        (format!("It would stay a dead letter: {why}"), theme.failed)
    } else if found.good() {
        (format!("Put back now{as_edited} it would end well after {}", figure::seconds(found.took.seconds())), theme.good)
    } else if found.ends.iter().any(|end| matches!(end.how, Ending::DeadLetter(..))) {
        (format!("Put back now{as_edited} it would fail again after {}", figure::seconds(found.took.seconds())), theme.failed)
    } else {
        (format!("Put back now{as_edited} it would not come to an end by itself"), theme.warning)
    };
    ui.add(Label::new(RichText::new(words).font(theme::medium(12.5)).color(colour)).wrap());
    if let Some(why) = &found.cut_short {
        ui.add(Label::new(RichText::new(format!("Cut short: {why}")).size(11.5).color(theme.warning)).wrap());
    }
    for end in &found.ends {
        let (how, colour) = match &end.how {
            Ending::Delivered => ("delivered".to_owned(), theme.good),
            Ending::Dropped(reason) => (format!("dropped: {}", reason.replace('_', " ")), theme.dim),
            Ending::DeadLetter(reason, error) => (format!("dead letter: {}, {error}", reason.replace('_', " ")), theme.failed),
            Ending::Inside => ("waits here for what does not come by itself".to_owned(), theme.warning),
        };
        let times = if end.count > 1 { format!(" × {}", end.count) } else { String::new() };
        line_ui(ui, theme, &format!("{}{times}", open.title_of(&end.node)), &how, colour);
    }
    if !found.steps.is_empty() {
        ui.add_space(6.0);
        ui.label(RichText::new("Its way").font(theme::medium(11.5)).color(theme.dim));
    }
    for step in found.steps.iter().take(200) {
        let tried = if step.attempt > 1 { format!("  attempt {}", step.attempt) } else { String::new() };
        let way = format!("{} → {}{tried}", open.title_of(&step.pipe.from.node), open.title_of(&step.pipe.to.node));
        let colour = if step.attempt > 1 { theme.warning } else { theme.text };
        line_ui(ui, theme, &format!("+ {}", figure::seconds(step.at.since(from).seconds())), &way, colour);
    }
    let more = found.steps.len().saturating_sub(200) as u64 + found.steps_not_shown;
    if more > 0 {
        ui.label(RichText::new(format!("{} more steps", figure::count(more))).size(11.0).color(theme.faint));
    }
    for line in &found.lines {
        let node = line.node.as_ref().map(|node| open.title_of(node)).unwrap_or_default();
        line_ui(
            ui,
            theme,
            &format!("+ {}", figure::seconds(line.at.since(from).seconds())),
            &format!("{node}: {}", line.text),
            theme.warning,
        );
    }
    ui.add_space(6.0);
    let note =
        "Simulated alone, in the graph as it is drawn now: what other messages would do to it, waiting and full queues, is not in it.";
    ui.add(Label::new(RichText::new(note).size(11.0).color(theme.faint)).wrap());
}

fn line_ui(ui: &mut Ui, theme: &Theme, left: &str, right: &str, colour: egui::Color32) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{left:<12}")).font(theme::mono(11.5)).color(theme.dim));
        ui.label(RichText::new(right).size(11.5).color(colour));
    });
}
