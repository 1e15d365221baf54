//! How things are measured: ours and its measuring sticks take turns, and medians are compared.

use std::fmt;
use std::time::{Duration, Instant};

/// How large a measurement is.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Whether a rough figure will do.
    pub quick: bool,
}

impl Scale {
    /// A number of things to do: an eighth of it when a rough figure will do.
    pub const fn count(self, full: u64) -> u64 {
        if self.quick { full / 8 } else { full }
    }

    /// A time to look on: a quarter of it when a rough figure will do.
    pub fn time(self, full: Duration) -> Duration {
        if self.quick { full / 4 } else { full }
    }
}

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Messages or events per second: more is better.
    PerSecond,
    /// A gain: more is better.
    Times,
    /// A span of time in seconds: less is better.
    Seconds,
    /// A share of one core: less is better.
    Share,
    /// Memory: less is better.
    Bytes,
}

impl Unit {
    /// A figure as people write it.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => match value {
                v if v >= 1e6 => format!("{:.2} M/s", v / 1e6),
                v if v >= 1e3 => format!("{:.1} k/s", v / 1e3),
                v => format!("{v:.1} /s"),
            },
            Self::Times => format!("×{value:.2}"),
            Self::Seconds => match value {
                v if v >= 1.0 => format!("{v:.2} s"),
                v if v >= 1e-3 => format!("{:.2} ms", v * 1e3),
                v if v >= 1e-6 => format!("{:.2} µs", v * 1e6),
                v => format!("{:.1} ns", v * 1e9),
            },
            Self::Share => format!("{:.2} %", value * 100.0),
            Self::Bytes => match value {
                v if v >= 1e6 => format!("{:.1} MB", v / 1e6),
                v => format!("{v:.0} B"),
            },
        }
    }
}

/// What is to be reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Goal {
    /// Nothing: the figure is for comparison.
    None,
    /// The ratio to the stick is at least this.
    RatioAtLeast(f64),
    /// The ratio to the stick is at most this.
    RatioAtMost(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// The figure itself is at least this.
    AtLeast(f64),
}

impl Goal {
    /// Whether it is reached; `None` where there is nothing to reach.
    pub fn met(self, figure: f64, ratio: Option<f64>) -> Option<bool> {
        match self {
            Self::None => None,
            Self::RatioAtLeast(least) => ratio.map(|ratio| ratio >= least),
            Self::RatioAtMost(most) => ratio.map(|ratio| ratio <= most),
            Self::AtMost(most) => Some(figure <= most),
            Self::AtLeast(least) => Some(figure >= least),
        }
    }

    /// The goal as people write it.
    pub fn show(self, unit: Unit) -> String {
        match self {
            Self::None => String::new(),
            Self::RatioAtLeast(least) => format!("≥ {least}"),
            Self::RatioAtMost(most) => format!("≤ {most}"),
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::AtLeast(least) => format!("≥ {}", unit.show(least)),
        }
    }
}

/// The figures of one measurement, in the order of the case's lines; or why there are none.
pub type Figures = Result<Vec<f64>, String>;

/// Somebody who does the work of a case: we, or a stick.
pub struct Contestant {
    /// What it is.
    pub name: &'static str,
    measure: Box<dyn FnMut(Scale) -> Figures>,
}

impl Contestant {
    /// One that always yields figures.
    pub fn new(name: &'static str, mut measure: impl FnMut(Scale) -> Vec<f64> + 'static) -> Self {
        Self { name, measure: Box::new(move |scale| Ok(measure(scale))) }
    }

    /// One that may have to be left out, with a reason.
    pub fn fallible(name: &'static str, measure: impl FnMut(Scale) -> Figures + 'static) -> Self {
        Self { name, measure: Box::new(measure) }
    }
}

/// One of the figures of a case.
pub struct Line {
    /// What it is, behind the case's name.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What is to be reached, against each stick in turn. Without sticks: the one goal of the figure itself.
    pub goals: Vec<Goal>,
}

impl Line {
    /// A line.
    pub fn new(name: &'static str, unit: Unit, goals: impl Into<Vec<Goal>>) -> Self {
        Self { name, unit, goals: goals.into() }
    }
}

/// One thing to measure.
pub struct Case {
    /// Its name, by which it is chosen on the command line.
    pub name: &'static str,
    /// The program's own way to do it.
    pub ours: Contestant,
    /// Hand-written ways to do the same.
    pub sticks: Vec<Contestant>,
    /// The figures that each of them yields.
    pub lines: Vec<Line>,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Case and line.
    pub name: String,
    /// What is counted.
    pub unit: Unit,
    /// Our median.
    pub figure: f64,
    /// The stick and its median.
    pub stick: Option<(&'static str, f64)>,
    /// The median of the ratios of the interleaved runs, with the least and the greatest.
    pub ratio: Option<[f64; 3]>,
    /// What is to be reached.
    pub goal: Goal,
    /// Why there is no figure.
    pub skipped: Option<String>,
}

impl Row {
    /// Whether the goal is reached; `None` where there is none, or no figure.
    pub fn met(&self) -> Option<bool> {
        if self.skipped.is_some() { None } else { self.goal.met(self.figure, self.ratio.map(|[ratio, ..]| ratio)) }
    }
}

impl Case {
    /// Measures it so many times, all contestants in turn.
    pub fn run(mut self, runs: usize, scale: Scale, progress: &mut dyn fmt::Write) -> Vec<Row> {
        let began = Instant::now();
        let mut taken: Vec<Vec<Figures>> = (0..=self.sticks.len()).map(|_| Vec::new()).collect();
        for _ in 0..runs {
            let contestants = std::iter::once(&mut self.ours).chain(&mut self.sticks);
            for (contestant, taken) in contestants.zip(&mut taken) {
                let _ = write!(progress, "\r\x1b[K{}: {}", self.name, contestant.name);
                taken.push((contestant.measure)(scale));
            }
        }
        let _ = write!(progress, "\r\x1b[K{}: {:.1} s\n", self.name, began.elapsed().as_secs_f64());
        self.rows(&taken)
    }

    fn rows(&self, taken: &[Vec<Figures>]) -> Vec<Row> {
        let mut rows = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let name = if line.name.is_empty() { self.name.to_owned() } else { format!("{}: {}", self.name, line.name) };
            let blank = Row {
                name,
                unit: line.unit,
                figure: f64::NAN,
                stick: None,
                ratio: None,
                goal: line.goals.first().copied().unwrap_or(Goal::None),
                skipped: None,
            };
            let values = |taken: &[Figures]| -> Result<Vec<f64>, String> {
                taken.iter().map(|figures| figures.as_ref().map(|figures| figures[at]).map_err(Clone::clone)).collect()
            };
            let ours = match values(&taken[0]) {
                Ok(values) => values,
                Err(reason) => {
                    rows.push(Row { skipped: Some(reason), ..blank });
                    continue;
                }
            };
            let figure = median(&ours);
            if self.sticks.is_empty() {
                rows.push(Row { figure, ..blank });
                continue;
            }
            for (number, stick) in self.sticks.iter().enumerate() {
                let goal = line.goals.get(number).copied().unwrap_or(Goal::None);
                let row = Row { figure, goal, ..blank.clone() };
                rows.push(match values(&taken[number + 1]) {
                    Ok(theirs) => {
                        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
                        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                        let greatest = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                        Row { stick: Some((stick.name, median(&theirs))), ratio: Some([median(&ratios), least, greatest]), ..row }
                    }
                    Err(reason) => Row { skipped: Some(format!("{}: {reason}", stick.name)), ..row },
                });
            }
        }
        rows
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(sorted[half - 1], sorted[half]),
        _ => sorted[half],
    }
}

/// How often `count` things were done in a second.
pub fn per_second(count: u64, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    count as f64 / began.elapsed().as_secs_f64()
}
