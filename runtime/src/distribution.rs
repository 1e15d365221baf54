//! Probability distributions of spans of time: gaps between arrivals, service times, delays.
//!
//! A distribution is read from a setting such as `"20 ms"` (always the same) or `exponential(mean: "20 ms")`; [`FAMILIES`] lists
//! the families with their parameters. Draws go through [`libm`], so that they are the same on every platform (rule 8).

mod family;
mod read;
mod sample;
#[cfg(test)]
mod tests;

pub use family::{FAMILIES, Family, Parameter, ParameterType};
pub(crate) use sample::exponential;

use crate::random::Random;
use crate::units::{SECOND, Span};
use std::fmt;
use std::sync::Arc;

/// A distribution to draw spans of time from. Its parameters have been checked by [`Distribution::from_setting`].
#[derive(Clone, PartialEq, Debug)]
pub enum Distribution {
    /// Always the same.
    Constant(Span),
    /// Exponential with this mean: gaps of a Poisson process, service without memory.
    Exponential(Span),
    /// Every span from the first to the second is equally likely.
    Uniform(Span, Span),
    /// Normal; a negative draw is drawn again (a normal truncated at zero). Mean and deviation are those before the cut.
    Normal {
        /// Mean before the cut.
        mean: Span,
        /// Standard deviation before the cut.
        deviation: Span,
    },
    /// Log-normal, by mean and deviation of the variable itself (not of its logarithm).
    LogNormal {
        /// Mean of the variable.
        mean: Span,
        /// Standard deviation of the variable.
        deviation: Span,
    },
    /// Gamma with this mean; the squared coefficient of variation is 1 / shape.
    Gamma {
        /// Mean.
        mean: Span,
        /// Shape, above zero.
        shape: f64,
    },
    /// The sum of so many exponential phases of equal mean.
    Erlang {
        /// Mean of the whole.
        mean: Span,
        /// Number of phases, at least one.
        phases: u32,
    },
    /// One of several exponentials, chosen by share.
    HyperExponential {
        /// The mean of each branch.
        means: Vec<Span>,
        /// The share of each branch; they add up to one.
        shares: Vec<f64>,
    },
    /// Two exponential branches of balanced means that give this mean and squared coefficient of variation.
    BalancedHyperExponential {
        /// Mean of the whole.
        mean: Span,
        /// Squared coefficient of variation, at least one.
        scv: f64,
    },
    /// Weibull.
    Weibull {
        /// Scale: the span that 63.2 % do not exceed.
        scale: Span,
        /// Shape, above zero: below 1 a long tail, 1 exponential, above 1 wear.
        shape: f64,
    },
    /// Pareto: a power-law tail.
    Pareto {
        /// The least value.
        least: Span,
        /// Shape, above zero: up to 1 the mean is infinite, up to 2 the variance.
        shape: f64,
    },
    /// One of these values, each as likely as the others.
    Empirical(Arc<[Span]>),
    /// The values of a file, which [`Distribution::resolve`] reads before the run.
    EmpiricalFile {
        /// The file, relative to the graph's folder.
        file: String,
        /// The column of a CSV file; the first if `None`.
        column: Option<String>,
        /// The values, once resolved.
        values: Arc<[Span]>,
    },
}

impl Distribution {
    /// Draws one span, rounded to the nearest nanosecond. Longer than 584 years becomes the longest span there is.
    pub fn draw(&self, random: &mut Random) -> Span {
        sample::draw(self, random)
    }

    /// The mean; `None` if it is infinite or the values stand in a file not yet read.
    pub fn mean(&self) -> Option<Span> {
        // `as` saturates; a mean beyond 584 years is as good as infinite to a run, but it is not an error.
        self.mean_nanos().map(|nanos| Span(nanos.round() as u64))
    }

    /// The variance in seconds squared; `None` if it is infinite or the values stand in a file not yet read.
    pub fn variance(&self) -> Option<f64> {
        let scale = SECOND as f64;
        self.variance_nanos().map(|variance| variance / (scale * scale))
    }

    /// The squared coefficient of variation (variance over squared mean): 0 constant, 1 exponential, above 1 bursty.
    pub fn scv(&self) -> Option<f64> {
        let mean = self.mean_nanos()?;
        if mean > 0.0 { Some(self.variance_nanos()? / (mean * mean)) } else { Some(0.0) }
    }

    /// The files this distribution needs before it can draw.
    pub fn files(&self) -> Vec<&str> {
        match self {
            Self::EmpiricalFile { file, .. } => vec![file],
            _ => Vec::new(),
        }
    }

    /// Reads the files it needs through `read`, which turns a path into the file's text. An unresolved file draws zeros, so a plan
    /// resolves before it runs.
    pub fn resolve(&mut self, read: impl Fn(&str) -> Result<String, String>) -> Result<(), String> {
        if let Self::EmpiricalFile { file, column, values } = self {
            let text = read(file)?;
            *values = read::values_of_file(&text, column.as_deref()).map_err(|error| format!("{file}: {error}"))?;
        }
        Ok(())
    }

    fn mean_nanos(&self) -> Option<f64> {
        Some(match self {
            Self::Constant(mean)
            | Self::Exponential(mean)
            | Self::LogNormal { mean, .. }
            | Self::Gamma { mean, .. }
            | Self::Erlang { mean, .. }
            | Self::BalancedHyperExponential { mean, .. } => nanos(*mean),
            Self::Uniform(from, to) => f64::midpoint(nanos(*from), nanos(*to)),
            Self::Normal { mean, deviation } => {
                let (mean, deviation) = (nanos(*mean), nanos(*deviation));
                if deviation == 0.0 { mean } else { mean + deviation * hazard(-mean / deviation) }
            }
            Self::HyperExponential { means, shares } => branches(means, shares).map(|(mean, share)| share * mean).sum(),
            Self::Weibull { scale, shape } => nanos(*scale) * libm::tgamma(1.0 + 1.0 / shape),
            Self::Pareto { least, shape } if *shape > 1.0 => shape * nanos(*least) / (shape - 1.0),
            Self::Pareto { .. } => return None,
            Self::Empirical(values) | Self::EmpiricalFile { values, .. } => {
                if values.is_empty() {
                    return None;
                }
                values.iter().map(|value| nanos(*value)).sum::<f64>() / values.len() as f64
            }
        })
    }

    fn variance_nanos(&self) -> Option<f64> {
        let mean = self.mean_nanos()?;
        Some(match self {
            Self::Constant(_) => 0.0,
            Self::Exponential(_) => mean * mean,
            Self::Uniform(from, to) => {
                let width = nanos(*to) - nanos(*from);
                width * width / 12.0
            }
            Self::Normal { mean, deviation } => {
                let (mean, deviation) = (nanos(*mean), nanos(*deviation));
                if deviation == 0.0 {
                    0.0
                } else {
                    let (cut, hazard) = (-mean / deviation, hazard(-mean / deviation));
                    deviation * deviation * (1.0 + cut * hazard - hazard * hazard)
                }
            }
            Self::LogNormal { deviation, .. } => nanos(*deviation) * nanos(*deviation),
            Self::Gamma { shape, .. } => mean * mean / shape,
            Self::Erlang { phases, .. } => mean * mean / f64::from(*phases),
            Self::HyperExponential { means, shares } => {
                branches(means, shares).map(|(mean, share)| 2.0 * share * mean * mean).sum::<f64>() - mean * mean
            }
            Self::BalancedHyperExponential { scv, .. } => scv * mean * mean,
            Self::Weibull { scale, shape } => {
                let scale = nanos(*scale);
                scale * scale * libm::tgamma(1.0 + 2.0 / shape) - mean * mean
            }
            Self::Pareto { least, shape } if *shape > 2.0 => {
                let least = nanos(*least);
                least * least * shape / ((shape - 1.0) * (shape - 1.0) * (shape - 2.0))
            }
            Self::Pareto { .. } => return None,
            Self::Empirical(values) | Self::EmpiricalFile { values, .. } => {
                values.iter().map(|value| (nanos(*value) - mean) * (nanos(*value) - mean)).sum::<f64>() / values.len() as f64
            }
        })
    }
}

impl fmt::Display for Distribution {
    /// In words for a tooltip: `exponential, mean 20 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(span) => write!(f, "constant, {span}"),
            Self::Exponential(mean) => write!(f, "exponential, mean {mean}"),
            Self::Uniform(from, to) => write!(f, "uniform, {from} to {to}"),
            Self::Normal { mean, deviation } => write!(f, "normal, mean {mean}, deviation {deviation}"),
            Self::LogNormal { mean, deviation } => write!(f, "log-normal, mean {mean}, deviation {deviation}"),
            Self::Gamma { mean, shape } => write!(f, "gamma, mean {mean}, shape {shape}"),
            Self::Erlang { mean, phases } => write!(f, "Erlang, mean {mean}, {phases} phases"),
            Self::HyperExponential { means, .. } => write!(f, "hyper-exponential, {} branches", means.len()),
            Self::BalancedHyperExponential { mean, scv } => write!(f, "hyper-exponential, mean {mean}, squared variation {scv}"),
            Self::Weibull { scale, shape } => write!(f, "Weibull, scale {scale}, shape {shape}"),
            Self::Pareto { least, shape } => write!(f, "Pareto, least {least}, shape {shape}"),
            Self::Empirical(values) => write!(f, "empirical, {} values", values.len()),
            Self::EmpiricalFile { file, .. } => write!(f, "empirical, from {file}"),
        }
    }
}

const fn nanos(span: Span) -> f64 {
    span.0 as f64
}

/// The branches of a hyper-exponential: mean in nanoseconds and share, the shares made to add up to one exactly.
fn branches<'a>(means: &'a [Span], shares: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let total: f64 = shares.iter().sum();
    means.iter().zip(shares).map(move |(mean, share)| (nanos(*mean), share / total))
}

/// Density over upper tail of the standard normal at `cut`: the mean of what lies above the cut.
fn hazard(cut: f64) -> f64 {
    let density = libm::exp(-cut * cut / 2.0) / (2.0 * std::f64::consts::PI).sqrt();
    let tail = libm::erfc(cut / std::f64::consts::SQRT_2) / 2.0;
    density / tail
}

/// Share and mean of the first branch, mean of the second, so that both branches carry half of the mean ("balanced means").
fn balanced(mean: f64, scv: f64) -> (f64, f64, f64) {
    let share = f64::midpoint(1.0, ((scv - 1.0) / (scv + 1.0)).sqrt());
    (share, mean / (2.0 * share), mean / (2.0 * (1.0 - share)))
}
