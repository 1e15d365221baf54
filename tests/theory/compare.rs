//! Independent replications against a known value: Student's interval must contain it, and be narrow.

use super::simulated::{Course, is_long, report};
use pipewright_runtime::id::hash_text;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a figure is read from a report.
pub type Reading = Box<dyn Fn(&Value) -> f64 + Send + Sync>;

/// A figure and what theory says it is.
pub struct Expected {
    /// Its name.
    pub name: String,
    /// What theory says.
    pub theory: f64,
    /// Whether it is a probability: a small one may have a wider interval.
    pub share: bool,
    /// Where it stands in the report.
    pub read: Reading,
}

/// A graph, how long to run it, and what must come out.
pub struct Experiment {
    /// The graph, as a file has it.
    pub text: String,
    /// How many seconds to run it.
    pub until: f64,
    /// How many of them to leave out.
    pub warm_up: f64,
    /// For the share of waits within a limit, in seconds.
    pub within: Option<f64>,
    /// What must come out.
    pub expected: Vec<Expected>,
}

/// How hard to look.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Arrivals in one replication.
    pub arrivals: f64,
    /// The widest half of an interval, as a share of the value; five times as wide for probabilities below 0.05.
    pub precision: f64,
    /// The most replications.
    pub most: usize,
}

impl Effort {
    /// 1 % in the long form; 8 % else, which takes a sixtieth of the time.
    pub fn asked_for() -> Self {
        if is_long() {
            Self { arrivals: 100_000.0, precision: 0.01, most: 4_000 }
        } else {
            Self { arrivals: 12_000.0, precision: 0.08, most: 400 }
        }
    }
}

/// Student's t for 99.9 % on both sides, by degrees of freedom (Abramowitz and Stegun, table 26.10, and its continuation).
const STUDENT: [(usize, f64); 12] = [
    (9, 4.781),
    (14, 4.140),
    (19, 3.883),
    (24, 3.745),
    (29, 3.659),
    (39, 3.558),
    (59, 3.463),
    (99, 3.392),
    (199, 3.340),
    (399, 3.315),
    (999, 3.300),
    (usize::MAX, 3.291),
];
const FIRST: usize = 10;

fn student(freedom: usize) -> f64 {
    // The row before is a little wider than needed.
    STUDENT.iter().rev().find(|(known, _)| *known <= freedom).expect("at least ten replications").1
}

/// Mean and half the width of the interval at 99.9 %.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, student(values.len() - 1) * (variance / count).sqrt())
}

impl Experiment {
    /// The figures of one replication, in order of `expected`.
    fn replicate(&self, name: &str, replication: usize) -> Vec<f64> {
        let seed = hash_text(name).wrapping_add(replication as u64);
        let report = report(&self.text, Course { seed, until: self.until, warm_up: self.warm_up, within: self.within });
        self.expected.iter().map(|expected| (expected.read)(&report)).collect()
    }

    /// Adds replications until there are `wanted`, on two threads. The figures do not depend on how they share the work.
    fn replicate_until(&self, name: &str, rows: &mut Vec<Vec<f64>>, wanted: usize) {
        let (next, made) = (AtomicUsize::new(rows.len()), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let replication = next.fetch_add(1, Ordering::Relaxed);
                        if replication >= wanted {
                            break;
                        }
                        let row = self.replicate(name, replication);
                        made.lock().expect("no replication panicked").push((replication, row));
                    }
                });
            }
        });
        let mut made = made.into_inner().expect("no replication panicked");
        made.sort_by_key(|(replication, _)| *replication);
        rows.extend(made.into_iter().map(|(_, row)| row));
    }

    /// Half the width of the widest interval that will do.
    fn widest(expected: &Expected, effort: Effort) -> f64 {
        let small = expected.share && expected.theory < 0.05;
        effort.precision * expected.theory.abs() * if small { 5.0 } else { 1.0 }
    }

    /// The figures whose interval over these replications does not contain what theory says, in words.
    fn misses(&self, rows: &[Vec<f64>]) -> Vec<(usize, String)> {
        let mut misses = Vec::new();
        for (at, expected) in self.expected.iter().enumerate() {
            let (mean, half) = interval(&column(rows, at));
            // What is no matter of chance has an interval of no width; rounding is left to it.
            if (mean - expected.theory).abs() > half.max(1e-9 * expected.theory.abs()) {
                misses.push((at, format!("{}: {mean} ± {half}, theory says {}", expected.name, expected.theory)));
            }
        }
        misses
    }

    /// Replicates until every interval is narrow enough, and says what is wrong: intervals that stay wide, and those that do not contain what
    /// theory says. How many replications there are depends on their spread alone, never on how well they agree with the theory.
    ///
    /// There are some two hundred figures in all, and one of a thousand misses by chance. So a miss is looked at again with as many fresh
    /// replications: what is really wrong misses again.
    pub fn compare(&self, name: &str, effort: Effort) -> Result<(), String> {
        let mut rows = Vec::new();
        let mut wanted = FIRST;
        loop {
            self.replicate_until(name, &mut rows, wanted);
            let excess = |(at, expected): (usize, &Expected)| interval(&column(&rows, at)).1 / Self::widest(expected, effort);
            let needed = self.expected.iter().enumerate().map(excess).fold(0.0, f64::max).powi(2) * rows.len() as f64;
            if needed <= rows.len() as f64 {
                break;
            }
            if rows.len() >= effort.most {
                return Err(format!("{name}: {} replications are not enough, it would take {needed:.0}", rows.len()));
            }
            wanted = ((needed * 1.1) as usize).clamp(rows.len() + FIRST, effort.most.max(FIRST));
        }
        let count = rows.len();
        let misses = self.misses(&rows);
        if misses.is_empty() {
            return Ok(());
        }
        self.replicate_until(name, &mut rows, 2 * count);
        let again = self.misses(&rows[count..]);
        let both: Vec<String> = again
            .into_iter()
            .filter_map(|(at, now)| misses.iter().find(|(other, _)| *other == at).map(|(_, first)| format!("{first}; again {now}")))
            .collect();
        if both.is_empty() { Ok(()) } else { Err(format!("{name}, twice {count} replications: {}", both.join("; "))) }
    }
}

fn column(rows: &[Vec<f64>], at: usize) -> Vec<f64> {
    rows.iter().map(|row| row[at]).collect()
}

#[test]
fn intervals_are_students() {
    // Ten values from 1 to 10: mean 5.5, standard deviation 3.02765, t(9) = 4.781.
    let (mean, half) = interval(&(1..=10).map(f64::from).collect::<Vec<_>>());
    assert!((mean - 5.5).abs() < 1e-12 && (half - 4.781 * 3.027_65 / 10_f64.sqrt()).abs() < 1e-4, "{half}");
    assert_eq!((student(9), student(13), student(150), student(5_000)), (4.781, 4.781, 3.392, 3.300));
}
