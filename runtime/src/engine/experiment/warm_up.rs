//! How long a simulation takes to forget that it started empty: MSER-5.
//!
//! The marginal standard error rule (White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69,
//! 1997) leaves out as many observations at the start as make the standard error of the mean of the rest smallest; MSER-5 (White, Cobb and
//! Spratt, "A comparison of five steady-state truncation heuristics for simulation", WSC 2000) applies it to means of batches of five.
//! It is searched in the first half; a minimum at the end of that range means that the run is too short to tell.
//!
//! The observations are the number of messages inside the run at equally spaced moments, averaged over pilot replications whose streams the
//! measured ones do not use (averaging first sharpens the rule: Hoad, Robinson and Davies, "Automating warm-up length estimation", WSC 2008).

use super::replicate::{Failure, Replicator, in_order};
use super::{Progress, WarmUpOutcome};
use crate::units::{Moment, Span};
use std::sync::atomic::{AtomicBool, Ordering};

/// How many observations a batch has.
const BATCH: usize = 5;
/// How many batches a pilot replication gives: the warm-up is found to a four-hundredth of the run.
const BATCHES: usize = 400;
/// How many pilot replications are averaged.
pub const PILOTS: u64 = 10;
/// Fewer batches than this say nothing.
const FEWEST: usize = 10;
/// The first pilot's number. Measured replications count from 0 and never come here.
pub const FIRST_PILOT: u64 = 1 << 40;

/// Runs pilots and finds the warm-up of a run of this length.
pub fn find(replicator: &Replicator<'_>, threads: usize, heed: &mut dyn FnMut(&Progress)) -> Result<WarmUpOutcome, Failure> {
    let until = replicator.until;
    let mut sums: Vec<f64> = Vec::new();
    let mut shortest = usize::MAX;
    let (mut complete, moments) = (0, moments(until));
    let run = |number, abandoned: &AtomicBool| replicator.series(number, &moments, abandoned);
    in_order(threads, FIRST_PILOT..FIRST_PILOT + PILOTS, run, |series| {
        if let Some(series) = series {
            complete += 1;
            sums.resize(series.len().max(sums.len()), 0.0);
            shortest = shortest.min(series.len());
            sums.iter_mut().zip(&series).for_each(|(sum, value)| *sum += *value as f64);
        }
        let share = replicator.simulated.load(Ordering::Relaxed) as f64 / (PILOTS as f64 * until.0 as f64);
        heed(&Progress { warming: true, complete, expected: PILOTS, share: share.min(1.0), widest: None });
        !replicator.stop.load(Ordering::Relaxed)
    })?;
    if complete < PILOTS {
        return Err(Failure::Stopped);
    }
    // A run that ends by itself has no observations after that.
    sums.truncate(shortest);
    let (batches, at_boundary) = truncation(&sums);
    let step = until.seconds() / BATCHES as f64;
    Ok(WarmUpOutcome { span_s: batches as f64 * step, method: "mser-5", at_boundary, pilots: PILOTS })
}

/// When a pilot is looked at.
fn moments(until: Span) -> Vec<Moment> {
    let count = (BATCHES * BATCH) as u128;
    (1..=count).map(|number| Moment((u128::from(until.0) * number / count) as u64)).collect()
}

/// How many batches of five to leave out, and whether that is the end of the range searched.
pub fn truncation(observations: &[f64]) -> (usize, bool) {
    let batches: Vec<f64> = observations.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    let count = batches.len();
    if count < FEWEST {
        return (0, false);
    }
    // Taken relative to the overall mean, so that the squares keep their digits.
    let centre = batches.iter().sum::<f64>() / count as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    for (cut, batch) in batches.iter().enumerate().rev() {
        let value = batch - centre;
        sum += value;
        squares += value * value;
        let left = (count - cut) as f64;
        let statistic = (squares - sum * sum / left).max(0.0) / (left * left);
        // Of equals the shorter: nothing is left out without a gain.
        if cut <= count / 2 && statistic <= best.0 {
            best = (statistic, cut);
        }
    }
    (best.1, best.1 == count / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::StreamKey;

    /// Noise around a level that is approached from `start` with this time constant.
    fn approach(start: f64, constant: f64, noise: f64) -> Vec<f64> {
        let stream = StreamKey::of_node(5, 0, "noise");
        (0..2_000)
            .map(|at| {
                10.0 + (start - 10.0) * libm::exp(-f64::from(at) / constant) + noise * (stream.for_index(u64::from(at as u32)).unit() - 0.5)
            })
            .collect()
    }

    /// The definition, term by term.
    fn plainly(observations: &[f64]) -> usize {
        let batches: Vec<f64> = observations.chunks_exact(5).map(|batch| batch.iter().sum::<f64>() / 5.0).collect();
        let statistic = |cut: usize| {
            let rest = &batches[cut..];
            let mean = rest.iter().sum::<f64>() / rest.len() as f64;
            rest.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (rest.len() as f64 * rest.len() as f64)
        };
        (0..=batches.len() / 2).min_by(|a, b| statistic(*a).total_cmp(&statistic(*b))).expect("there are some")
    }

    #[test]
    fn a_start_from_empty_is_cut_off_and_the_rest_is_kept() {
        let series = approach(0.0, 60.0, 2.0);
        let (cut, at_boundary) = truncation(&series);
        assert_eq!(cut, plainly(&series));
        // After five time constants (60 batches of five) 0.7 % of the distance is left.
        assert!((20..=110).contains(&cut) && !at_boundary, "{cut}");
    }

    #[test]
    fn a_steady_series_loses_next_to_nothing() {
        let series = approach(10.0, 1.0, 2.0);
        let (cut, at_boundary) = truncation(&series);
        assert_eq!(cut, plainly(&series));
        assert!(cut < 60 && !at_boundary, "{cut}");
        assert_eq!(truncation(&[3.0; 500]), (0, false));
        assert_eq!(truncation(&[1.0, 9.0, 2.0]), (0, false));
    }

    #[test]
    fn a_series_that_never_settles_says_so() {
        let growing: Vec<f64> = (0..2_000).map(f64::from).collect();
        assert_eq!(truncation(&growing), (200, true));
    }
}
