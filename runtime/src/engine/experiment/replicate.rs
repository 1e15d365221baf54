//! Independent replications of one graph, spread over threads and taken in order.

use super::ExperimentOptions;
use super::measures::measures;
use crate::engine::plan::Plan;
use crate::engine::sim::{Advance, Simulation, SimulationOptions};
use crate::graph::Graph;
use crate::node::Catalogue;
use crate::problem::Problem;
use crate::units::{Moment, Span};
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Why an experiment has no result.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Failure {
    /// The graph cannot run.
    #[error("the graph has errors")]
    Problems(Vec<Problem>),
    /// A replication could not go on, or a law of every run did not hold in it.
    #[error("replication {replication} failed: {error}")]
    Broken {
        /// Its number.
        replication: u64,
        /// In words.
        error: String,
    },
    /// A measure that was named is in no report of this graph.
    #[error("the report of this graph has no measure `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoMeasure {
        /// The name.
        name: String,
        /// One like it.
        nearest: Option<String>,
    },
    /// The person asked to stop before there was anything to report.
    #[error("stopped before the first replication was complete")]
    Stopped,
}

/// What one replication left behind.
#[derive(Clone, PartialEq, Debug)]
pub struct Replication {
    /// Every number of its report, by name.
    pub measures: Vec<(String, f64)>,
    /// The hash over all that happened (G11).
    pub journal_hash: String,
}

/// What every replication has in common. Nothing in it is written to by more than one thread but two counters, seldom.
pub struct Replicator<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The kinds.
    pub catalogue: Catalogue,
    /// The seed of all of them; the graph's own if `None`.
    pub seed: Option<u64>,
    /// The folder that paths in the graph start from.
    pub folder: &'a Path,
    /// When each ends.
    pub until: Span,
    /// What each leaves out of its statistics.
    pub warm_up: Span,
    /// A limit for waits and latencies.
    pub within: Option<Span>,
    /// Set by the person to stop.
    pub stop: &'a AtomicBool,
    /// Virtual nanoseconds simulated so far, all together.
    pub simulated: &'a AtomicU64,
}

/// How many rounds pass between two looks at whether to stop.
const ROUNDS_AT_ONCE: u64 = 1 << 15;
/// How often the caller hears that time passes.
const TICK: Duration = Duration::from_millis(100);

impl<'a> Replicator<'a> {
    /// What the replications of an experiment have in common; no warm-up yet.
    pub fn new(
        graph: &'a Graph,
        catalogue: Catalogue,
        options: &'a ExperimentOptions,
        stop: &'a AtomicBool,
        simulated: &'a AtomicU64,
    ) -> Self {
        let ExperimentOptions { seed, until, within, ref folder, .. } = *options;
        Self { graph, catalogue, seed, folder, until, warm_up: Span::ZERO, within, stop, simulated }
    }

    /// The seed of a graph that can run.
    pub fn checked(&self) -> Result<u64, Failure> {
        Plan::of(self.graph, self.catalogue, self.seed, self.folder).map(|plan| plan.seed).map_err(Failure::Problems)
    }

    fn simulation(&self, number: u64, warm_up: Span) -> Result<Simulation, Failure> {
        let plan = Plan::of(self.graph, self.catalogue, self.seed, self.folder).map_err(Failure::Problems)?;
        let options = SimulationOptions { replication: number, warm_up, within: self.within, write: None };
        Ok(Simulation::new(plan, &options))
    }

    /// Advances to `limit`; whether the run goes on after it.
    fn advance(&self, simulation: &mut Simulation, number: u64, limit: Moment, abandoned: &AtomicBool) -> Result<bool, Failure> {
        loop {
            let before = simulation.now();
            let advance = simulation.advance(limit, ROUNDS_AT_ONCE);
            self.simulated.fetch_add(simulation.now().since(before).0, Ordering::Relaxed);
            match advance {
                Advance::More if abandoned.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed) => return Err(Failure::Stopped),
                Advance::More => {}
                Advance::Reached => return Ok(true),
                Advance::Over => return Ok(false),
                Advance::Broken(error) => return Err(Failure::Broken { replication: number, error: error.to_string() }),
            }
        }
    }

    /// Runs one replication to its end.
    pub fn run(&self, number: u64, abandoned: &AtomicBool) -> Result<Replication, Failure> {
        let mut simulation = self.simulation(number, self.warm_up)?;
        let reached = self.advance(&mut simulation, number, Moment(self.until.0), abandoned)?;
        let report = simulation.report(Span::ZERO, if reached { "until" } else { "exhausted" });
        if let Some((_, error)) = report.laws.breaches().into_iter().next() {
            return Err(Failure::Broken { replication: number, error });
        }
        Ok(Replication { measures: measures(&report), journal_hash: report.journal_hash })
    }

    /// How many messages are inside a replication at these moments, as long as it goes on.
    pub fn series(&self, number: u64, moments: &[Moment], abandoned: &AtomicBool) -> Result<Vec<u64>, Failure> {
        let mut simulation = self.simulation(number, Span::ZERO)?;
        let mut series = Vec::with_capacity(moments.len());
        for moment in moments {
            if !self.advance(&mut simulation, number, *moment, abandoned)? {
                break;
            }
            series.push(simulation.inside());
        }
        Ok(series)
    }
}

/// Does pieces of work on this many threads and hands their results over in order of their numbers, so that what is made of them does not
/// depend on the threads. `heed` hears each result, and between them, every tenth of a second, that time passes; work ends when it
/// answers false.
pub fn in_order<T: Send>(
    threads: usize,
    numbers: Range<u64>,
    work: impl Fn(u64, &AtomicBool) -> Result<T, Failure> + Sync,
    mut heed: impl FnMut(Option<T>) -> bool,
) -> Result<(), Failure> {
    let next = AtomicU64::new(numbers.start);
    let abandoned = AtomicBool::new(false);
    let (sender, results) = bounded(threads.max(1) * 4);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, next, abandoned, work, end) = (sender.clone(), &next, &abandoned, &work, numbers.end);
            scope.spawn(move || {
                while !abandoned.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end || sender.send((number, work(number, abandoned))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), numbers.start);
        let ended = 'hearing: loop {
            match results.recv_timeout(TICK) {
                Ok((number, result)) => drop(early.insert(number, result)),
                Err(RecvTimeoutError::Timeout) if heed(None) => continue,
                // All workers are done, or it is enough.
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => break Ok(()),
            }
            while let Some(result) = early.remove(&due) {
                due += 1;
                match result {
                    Ok(result) => {
                        if !heed(Some(result)) {
                            break 'hearing Ok(());
                        }
                    }
                    Err(failure) => break 'hearing Err(failure),
                }
            }
        };
        abandoned.store(true, Ordering::Relaxed);
        // Workers that wait to hand over find nobody and end.
        drop(results);
        ended
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let work = |number: u64, _: &AtomicBool| {
                // Some take longer than others.
                let spin = (0..(number * 7_919) % 30_000).fold(number, |sum, step| sum.wrapping_mul(31).wrapping_add(step));
                std::hint::black_box(spin);
                Ok(number * number)
            };
            in_order(threads, 5..205, work, |result| {
                seen.extend(result);
                true
            })
            .expect("nothing fails");
            assert_eq!(seen, (5..205).map(|number| number * number).collect::<Vec<u64>>(), "{threads} threads");
        }
    }

    #[test]
    fn enough_and_failure_end_the_work() {
        let mut seen = 0;
        let enough = |result: Option<u64>| {
            seen += u64::from(result.is_some());
            seen < 10
        };
        in_order(3, 0..u64::MAX, |number, _| Ok(number), enough).expect("enough is no failure");
        assert_eq!(seen, 10);
        let broken = |number: u64| Failure::Broken { replication: number, error: "x".into() };
        let mut seen = 0;
        let work = |number: u64, _: &AtomicBool| if number < 30 { Ok(number) } else { Err(broken(number)) };
        let ended = in_order(3, 0..100, work, |result| {
            seen += u64::from(result.is_some());
            true
        });
        assert_eq!((ended, seen), (Err(broken(30)), 30), "the first failure in order is told, and all before it are heard");
    }
}
