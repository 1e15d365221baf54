//! A dry run: what would become of one dead letter if it went back to work now. The same graph, simulated in virtual time, with this message
//! alone: its sources are silent, its queues empty, nothing of the world is touched. Chance falls as it would in the run, since a draw belongs to
//! the message and not to the order of drawing (G11); what other messages would have done to it, waiting and full queues, is not in it.

use super::desk::Redrive;
use super::plan::Plan;
use super::sim::{Advance, Simulation, SimulationOptions};
use super::station::Station;
use crate::graph::Graph;
use crate::id::{MessageId, NodeId, PipeId};
use crate::letter::{Edited, Letter, LetterId, Shelf};
use crate::node::Catalogue;
use crate::problem::Problem;
use crate::telemetry::snapshot::JournalLine;
use crate::units::{Moment, Span};
use crossbeam_channel::bounded;
use std::path::Path;
use std::sync::Arc;

/// How many steps of the way are kept.
pub const MOST_STEPS: usize = 1_000;
/// How many lines of the journal are kept.
const MOST_LINES: usize = 100;

/// Within what bounds.
#[derive(Clone, Copy, Debug)]
pub struct DryRunOptions {
    /// The seed of the run it is about; the graph's own if `None`.
    pub seed: Option<u64>,
    /// The run clock at which the letter goes back.
    pub from: Moment,
    /// How much virtual time it may take.
    pub span: Span,
    /// How many rounds of the simulation.
    pub rounds: u64,
}

impl DryRunOptions {
    /// A day of virtual time, 50,000 rounds.
    pub const fn at(from: Moment) -> Self {
        Self { seed: None, from, span: Span::secs(86_400), rounds: 50_000 }
    }
}

/// One message handed over at one pipe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, on the run clock.
    pub at: Moment,
    /// The pipe.
    pub pipe: PipeId,
    /// The message: itself, or one made from it.
    pub id: MessageId,
    /// In which attempt of its delivery; 0 if it is not in one.
    pub attempt: u32,
}

/// How a message ended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ending {
    /// It ended well.
    Delivered,
    /// On purpose, for this reason.
    Dropped(&'static str),
    /// It became a dead letter again: a word, and in words.
    DeadLetter(String, String),
    /// It is still inside: it waits for something that does not come by itself.
    Inside,
}

/// Where messages ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// The node.
    pub node: NodeId,
    /// How.
    pub how: Ending,
    /// How many of them.
    pub count: u64,
}

/// What a dry run found.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct DryRun {
    /// Why it could not go back at all, if so.
    pub stays: Option<Arc<str>>,
    /// Where it, or what was made from it, ended.
    pub ends: Vec<End>,
    /// Its way, at most [`MOST_STEPS`].
    pub steps: Vec<Step>,
    /// Steps beyond.
    pub steps_not_shown: u64,
    /// What nodes wrote down: errors among them.
    pub lines: Vec<JournalLine>,
    /// Virtual time that it took.
    pub took: Span,
    /// Why it was cut short, if it was.
    pub cut_short: Option<String>,
}

impl DryRun {
    /// Whether all of it ended well or on purpose.
    pub fn good(&self) -> bool {
        let well = |end: &End| matches!(end.how, Ending::Delivered | Ending::Dropped(_));
        self.stays.is_none() && self.cut_short.is_none() && !self.ends.is_empty() && self.ends.iter().all(well)
    }
}

/// Tries what would become of this letter, as edited. The problems, if the graph cannot run.
pub fn dry_run(
    graph: &Graph,
    catalogue: Catalogue,
    folder: &Path,
    letter: &Letter,
    edited: Option<Arc<Edited>>,
    options: &DryRunOptions,
) -> Result<DryRun, Vec<Problem>> {
    let plan = Plan::of(graph, catalogue, options.seed, folder)?;
    let origin = match letter.origin() {
        Err(error) => return Ok(DryRun { stays: Some(error.to_string().into()), ..DryRun::default() }),
        Ok(origin) if !plan.stations.iter().any(|station| station.id == origin.node) => {
            let why = format!("its origin `{}` is not in this graph", origin.node);
            return Ok(DryRun { stays: Some(why.into()), ..DryRun::default() });
        }
        Ok(origin) => origin,
    };
    let (taps, tapped) = bounded(MOST_STEPS);
    let mut simulation = Simulation::alone(plan, &SimulationOptions::default(), &taps, options.from);
    let mut letter = letter.clone();
    letter.number = 0;
    simulation.keep(&origin.node, Arc::new(letter));
    let id = LetterId { keeper: origin.node.clone(), number: 0 };
    simulation.redrive(&Redrive { letters: vec![(id, edited)], rate: None });
    let ended = simulation.advance(options.from + options.span, options.rounds);
    let shard = simulation.shard();
    let stays = shard.stations().find(|station| station.id == origin.node).and_then(|station| station.shelf()?.acts.why.clone());
    let steps: Vec<Step> = tapped
        .try_iter()
        .map(|tapped| {
            let attempt = tapped.message.settlement.deliveries().iter().map(|delivery| delivery.attempt).max().unwrap_or(0);
            Step { at: tapped.at, pipe: tapped.pipe, id: tapped.message.id, attempt }
        })
        .collect();
    let passed: u64 = shard.pipes.iter().map(|pipe| pipe.messages).sum();
    let cut_short = match ended {
        Advance::More => Some(format!("it was not over after {} rounds", options.rounds)),
        Advance::Reached if shard.occupied() && shard.in_motion() => Some(format!("it was not over after {}", options.span)),
        Advance::Over | Advance::Reached => None,
        Advance::Broken(error) => Some(error.to_string()),
    };
    let ends = if stays.is_some() { Vec::new() } else { shard.stations().flat_map(ends).collect() };
    Ok(DryRun {
        stays,
        ends,
        steps_not_shown: passed - steps.len() as u64,
        took: last_moment(shard, &steps, options.from),
        steps,
        lines: shard.journal.lines().filter(|line| !line.text.starts_with("by hand: ")).take(MOST_LINES).cloned().collect(),
        cut_short,
    })
}

/// How long until the last thing happened to it.
fn last_moment(shard: &super::shard::Shard, steps: &[Step], from: Moment) -> Span {
    let acted = shard.stations().filter(|station| station.counts.received > 0).map(|station| station.instant.0);
    acted.chain(steps.iter().map(|step| step.at)).max().unwrap_or(from).since(from)
}

fn ends(station: &Station) -> Vec<End> {
    let end = |how, count| End { node: station.id.clone(), how, count };
    let mut ends = Vec::new();
    if station.counts.delivered > 0 {
        ends.push(end(Ending::Delivered, station.counts.delivered));
    }
    ends.extend(station.counts.dropped.iter().map(|(reason, count)| end(Ending::Dropped(reason), *count)));
    for letter in station.shelf().into_iter().flat_map(Shelf::iter) {
        let how = Ending::DeadLetter(letter.reason().to_owned(), letter.error().to_owned());
        match ends.iter_mut().find(|end| end.how == how) {
            Some(end) => end.count += 1,
            None => ends.push(end(how, 1)),
        }
    }
    if station.held() > 0 {
        ends.push(end(Ending::Inside, station.held()));
    }
    ends
}
