//! Experiments: replications of a simulation under different chance, and what they say together.
//!
//! Replication `n` draws from streams named by hash(seed, n, node, purpose) (G11), so replications are independent, any of them can be
//! repeated alone, and none depends on how many there are or on how many threads they run. Each runs on one thread and shares nothing
//! with the others; results are taken in order of number, so an experiment gives the same result with any number of threads.
//!
//! Means over replications get a 95 % confidence interval by Student's t, from the independent values of each replication (Law and
//! Kelton, "Simulation Modeling and Analysis", 9.4.1: replication and deletion).

pub mod estimate;
pub mod measures;
pub mod replicate;
pub mod warm_up;

pub use estimate::{CONFIDENCE, Estimate, Sample};
pub use replicate::Failure;

use crate::graph::Graph;
use crate::id::{hash_text, mix};
use crate::node::Catalogue;
use crate::telemetry::snapshot::Mode;
use crate::units::Span;
use estimate::Student;
use indexmap::IndexMap;
use measures::{absent_is_zero, watched_by_itself};
use replicate::{Replication, Replicator, in_order};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The version of the outcome's form.
pub const FORMAT: u32 = 1;
/// A sequential experiment looks at its intervals from so many replications on: with fewer they are too uncertain themselves (Law and
/// Kelton, 9.4.1).
pub const FEWEST: u64 = 10;

/// What to leave out at the start of each replication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WarmUp {
    /// This long.
    Given(Span),
    /// As long as MSER-5 finds (see [`warm_up`]).
    Auto,
}

/// How narrow the intervals must get.
#[derive(Clone, PartialEq, Debug)]
pub struct Precision {
    /// The relative error allowed: 0.02 for 2 %.
    pub target: f64,
    /// The measures it is asked of; if empty, every mean, rate and busy share.
    pub measures: Vec<String>,
}

impl Precision {
    /// The relative half-width at which to stop. An interval's half-width is relative to the estimate, the error to the true mean, so it is
    /// target / (1 + target) (Law and Kelton, 9.4.1).
    pub fn half_width(&self) -> f64 {
        self.target / (1.0 + self.target)
    }
}

/// What an experiment is to do.
#[derive(Clone, Debug)]
pub struct ExperimentOptions {
    /// The seed; the graph's own if `None`.
    pub seed: Option<u64>,
    /// When each replication ends, if its sources are not exhausted before.
    pub until: Span,
    /// What to leave out at the start.
    pub warm_up: WarmUp,
    /// A limit for waits and latencies, for `within_share`.
    pub within: Option<Span>,
    /// How many replications; with `precision`, at most.
    pub replications: u64,
    /// Go on until intervals are this narrow.
    pub precision: Option<Precision>,
    /// How many threads.
    pub threads: usize,
    /// The folder that paths in the graph start from.
    pub folder: PathBuf,
}

/// How far an experiment is.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// Whether the warm-up is still being looked for.
    pub warming: bool,
    /// Replications complete.
    pub complete: u64,
    /// How many there will be: known, or as estimated from the width that the intervals have now.
    pub expected: u64,
    /// The share of the work that is done, from 0 to 1.
    pub share: f64,
    /// With a precision: the measure whose interval is widest, and its relative half-width.
    pub widest: Option<(String, f64)>,
}

/// What the replications say together: what `simulate --replications` writes. Documented in `runtime/docs/report.md`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Outcome {
    /// The version of this form.
    pub format: u32,
    /// The graph's title.
    pub graph: String,
    /// Always simulated.
    pub mode: Mode,
    /// The seed of all replications.
    pub seed: u64,
    /// How many are in the means.
    pub replications: u64,
    /// On how many threads they ran.
    pub threads: usize,
    /// How long it took by the wall clock.
    pub wall_s: f64,
    /// When each ended at the latest.
    pub until_s: f64,
    /// What was left out of each.
    pub warm_up: WarmUpOutcome,
    /// The confidence of the intervals.
    pub confidence: f64,
    /// Whether the precision asked for was reached; absent if none was.
    pub precision: Option<PrecisionOutcome>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// A hash over the journal hashes of all replications, in order.
    pub journal_hash: String,
    /// Every number of the report, by name.
    pub measures: IndexMap<String, Estimate>,
}

/// What was left out at the start of each replication.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct WarmUpOutcome {
    /// How long.
    pub span_s: f64,
    /// `given` or `mser-5`.
    pub method: &'static str,
    /// Whether MSER-5 found its minimum at the end of the range searched: then the run is too short to tell.
    pub at_boundary: bool,
    /// How many pilot replications it comes from.
    pub pilots: u64,
}

/// How narrow the intervals got.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PrecisionOutcome {
    /// The relative error asked for.
    pub target: f64,
    /// Whether every watched interval is that narrow.
    pub reached: bool,
    /// The measure whose interval is the widest.
    pub widest: String,
    /// Its relative half-width; absent where nothing can be said.
    pub relative_half_width: Option<f64>,
}

/// Finds the warm-up of a graph by pilot replications, whatever the options say of it. `heed` and `stop` as for [`experiment`].
pub fn find_warm_up(
    graph: &Graph,
    catalogue: Catalogue,
    options: &ExperimentOptions,
    stop: &AtomicBool,
    heed: &mut dyn FnMut(&Progress),
) -> Result<WarmUpOutcome, Failure> {
    let simulated = AtomicU64::new(0);
    let replicator = Replicator::new(graph, catalogue, options, stop, &simulated);
    replicator.checked()?;
    warm_up::find(&replicator, options.threads, heed)
}

/// Runs an experiment. `heed` hears how far it is, at least ten times a second; `stop` ends it with what is complete.
pub fn experiment(
    graph: &Graph,
    catalogue: Catalogue,
    options: &ExperimentOptions,
    stop: &AtomicBool,
    heed: &mut dyn FnMut(&Progress),
) -> Result<Outcome, Failure> {
    let began = std::time::Instant::now();
    let simulated = AtomicU64::new(0);
    let mut replicator = Replicator::new(graph, catalogue, options, stop, &simulated);
    let seed = replicator.checked()?;
    let warm_up = match options.warm_up {
        WarmUp::Given(span) => WarmUpOutcome { span_s: span.seconds(), method: "given", at_boundary: false, pilots: 0 },
        WarmUp::Auto => warm_up::find(&replicator, options.threads, heed)?,
    };
    replicator.warm_up = if let WarmUp::Given(span) = options.warm_up { span } else { Span::from_seconds(warm_up.span_s) };
    simulated.store(0, Ordering::Relaxed);
    let mut tally = Tally::new(options);
    let mut unknown = None;
    let ended = in_order(
        options.threads,
        0..options.replications.max(1),
        |number, abandoned| replicator.run(number, abandoned),
        |result| {
            if let Some(replication) = result {
                tally.add(replication);
                unknown = tally.unknown_measure();
            }
            heed(&tally.progress(simulated.load(Ordering::Relaxed)));
            unknown.is_none() && !tally.enough() && !stop.load(Ordering::Relaxed)
        },
    );
    match (ended, unknown) {
        (_, Some(unknown)) => return Err(unknown),
        (Err(failure), _) if failure != Failure::Stopped || tally.complete == 0 => return Err(failure),
        _ if tally.complete == 0 => return Err(Failure::Stopped),
        _ => {}
    }
    let interrupted = tally.complete < options.replications && !tally.enough();
    Ok(Outcome {
        format: FORMAT,
        graph: graph.title().to_owned(),
        mode: Mode::Simulated,
        seed,
        replications: tally.complete,
        threads: options.threads.max(1),
        wall_s: began.elapsed().as_secs_f64(),
        until_s: options.until.seconds(),
        warm_up,
        confidence: CONFIDENCE,
        precision: tally.precision_outcome(),
        interrupted,
        journal_hash: format!("{:016x}", tally.hash),
        measures: tally.estimates(),
    })
}

/// What the replications so far say.
struct Tally<'a> {
    options: &'a ExperimentOptions,
    complete: u64,
    samples: IndexMap<String, Sample>,
    hash: u64,
    /// Of the watched measures the one with the widest interval, and its relative half-width.
    widest: Option<(String, f64)>,
}

impl<'a> Tally<'a> {
    fn new(options: &'a ExperimentOptions) -> Self {
        Self { options, complete: 0, samples: IndexMap::new(), hash: 0, widest: None }
    }

    fn add(&mut self, replication: Replication) {
        self.hash = mix(self.hash ^ hash_text(&replication.journal_hash));
        for (name, value) in replication.measures {
            let zeros = if absent_is_zero(&name) { self.complete } else { 0 };
            let sample = self.samples.entry(name).or_default();
            // Replications that lacked it since it was last seen had none of it.
            (sample.count()..zeros).for_each(|_| sample.add(0.0));
            sample.add(value);
        }
        self.complete += 1;
        self.widest = self.widest();
    }

    fn estimates(&self) -> IndexMap<String, Estimate> {
        let mut student = Student::default();
        let estimate = |(name, sample): (&String, &Sample)| {
            let mut sample = *sample;
            if absent_is_zero(name) {
                (sample.count()..self.complete).for_each(|_| sample.add(0.0));
            }
            Some((name.clone(), sample.estimate(&mut student)?))
        };
        self.samples.iter().filter_map(estimate).collect()
    }

    fn widest(&self) -> Option<(String, f64)> {
        let named = &self.options.precision.as_ref()?.measures;
        let watched = |name: &String| if named.is_empty() { watched_by_itself(name) } else { named.contains(name) };
        let mut student = Student::default();
        let mut width = |sample: &Sample| sample.estimate(&mut student).map_or(f64::INFINITY, |estimate| estimate.relative_half_width());
        let widths = self.samples.iter().filter(|(name, _)| watched(name)).map(|(name, sample)| (name, width(sample)));
        widths.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, width)| (name.clone(), width))
    }

    fn unknown_measure(&self) -> Option<Failure> {
        let named = &self.options.precision.as_ref()?.measures;
        let name = named.iter().find(|name| !self.samples.contains_key(*name))?;
        let nearest = crate::problem::nearest(name, self.samples.keys().map(String::as_str));
        Some(Failure::NoMeasure { name: name.clone(), nearest: nearest.map(ToOwned::to_owned) })
    }

    /// Whether the intervals are as narrow as asked.
    fn enough(&self) -> bool {
        let narrow = |precision: &Precision| self.widest.as_ref().is_none_or(|(_, width)| *width <= precision.half_width());
        self.options.precision.as_ref().is_some_and(|precision| self.complete >= FEWEST && narrow(precision))
    }

    /// Intervals narrow with the root of the number of replications, so `n` of them with half-width `h` must become `n (h / target)²`.
    fn expected(&self) -> u64 {
        let most = self.options.replications;
        let (Some(precision), Some((_, width))) = (&self.options.precision, &self.widest) else { return most };
        if !width.is_finite() {
            return most;
        }
        let ratio = width / precision.half_width();
        ((self.complete as f64 * ratio * ratio).ceil() as u64).max(FEWEST).max(self.complete).min(most)
    }

    fn progress(&self, simulated: u64) -> Progress {
        let expected = self.expected().max(1);
        let work = expected as f64 * self.options.until.0 as f64;
        let share = (simulated as f64 / work).max(self.complete as f64 / expected as f64).min(1.0);
        Progress { warming: false, complete: self.complete, expected, share, widest: self.widest.clone() }
    }

    fn precision_outcome(&self) -> Option<PrecisionOutcome> {
        let precision = self.options.precision.as_ref()?;
        let (widest, width) = self.widest.clone().unwrap_or_default();
        let relative_half_width = width.is_finite().then_some(width);
        Some(PrecisionOutcome { target: precision.target, reached: self.enough(), widest, relative_half_width })
    }
}

#[cfg(test)]
mod tests;
