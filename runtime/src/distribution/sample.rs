//! Draws from distributions: inversion where it is exact and fast, else the well-known exact methods.

use super::{Distribution, balanced, nanos};
use crate::random::Random;
use crate::units::Span;
use std::sync::LazyLock;

/// How often a negative normal is drawn again before zero is taken: as the mean is not negative, the chance of that is below 2^-64.
const MOST_REDRAWS: u32 = 64;

/// Up to so many phases an Erlang is drawn as a product of uniform numbers, beyond by the gamma method.
const MOST_PHASES_BY_PRODUCT: u32 = 16;

pub(super) fn draw(distribution: &Distribution, random: &mut Random) -> Span {
    let value = match distribution {
        Distribution::Constant(span) => return *span,
        Distribution::Exponential(mean) => exponential(random) * nanos(*mean),
        Distribution::Uniform(from, to) => {
            // Whole nanoseconds, both ends included. The full range of u64 has no width to add one to.
            let width = (to.0 - from.0).saturating_add(1);
            return Span(from.0 + random.below(width));
        }
        Distribution::Normal { mean, deviation } => {
            (0..MOST_REDRAWS).map(|_| nanos(*mean) + nanos(*deviation) * standard_normal(random)).find(|value| *value >= 0.0).unwrap_or(0.0)
        }
        Distribution::LogNormal { mean, deviation } => {
            let variation = nanos(*deviation) / nanos(*mean);
            let variance = libm::log1p(variation * variation);
            nanos(*mean) * libm::exp(variance.sqrt() * standard_normal(random) - variance / 2.0)
        }
        Distribution::Gamma { mean, shape } => gamma(random, *shape) * (nanos(*mean) / shape),
        Distribution::Erlang { mean, phases } => erlang(random, *phases) * (nanos(*mean) / f64::from(*phases)),
        Distribution::HyperExponential { means, shares } => {
            let mut left = random.unit() * shares.iter().sum::<f64>();
            let chosen = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            exponential(random) * nanos(means[chosen.unwrap_or(means.len() - 1)])
        }
        Distribution::BalancedHyperExponential { mean, scv } => {
            let (share, first, second) = balanced(nanos(*mean), *scv);
            let mean = if random.chance(share) { first } else { second };
            exponential(random) * mean
        }
        Distribution::Weibull { scale, shape } => nanos(*scale) * libm::pow(exponential(random), 1.0 / shape),
        Distribution::Pareto { least, shape } => nanos(*least) * libm::exp(exponential(random) / shape),
        Distribution::Empirical(values) | Distribution::EmpiricalFile { values, .. } => {
            return values.get(random.below(values.len() as u64) as usize).copied().unwrap_or_default();
        }
    };
    // `as` saturates: beyond 584 years is the longest span.
    Span((value + 0.5) as u64)
}

/// Exponential with mean 1, by the ziggurat (Marsaglia and Tsang, "The ziggurat method for generating random variables", Journal of
/// Statistical Software 5(8), 2000): 256 layers of equal area under exp(-x), so that 99 draws in 100 take one word and no logarithm. The
/// layer and the place in it come from different bits of the word (the flaw that Doornik found in the original, 2005).
pub(crate) fn exponential(random: &mut Random) -> f64 {
    let layers = &*LAYERS;
    let mut start = 0.0;
    loop {
        let word = random.next_u64();
        let layer = (word & 0xff) as usize;
        let (right, next) = (layers[layer].right, layers[layer + 1].right);
        let x = (word >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0) * right;
        if x < next {
            return start + x;
        }
        if layer == 0 {
            // Beyond the last layer the tail is exponential again.
            start += TAIL;
            continue;
        }
        let height = layers[layer].height + (layers[layer + 1].height - layers[layer].height) * random.unit();
        if height < libm::exp(-x) {
            return start + x;
        }
    }
}

/// Where the tail begins, and the area of each layer, for 256 layers (the paper, table 1).
const TAIL: f64 = 7.697_117_470_131_05;
const AREA: f64 = 0.003_949_659_822_581_557;

/// A layer: from 0 to `right`, its lower side at `height`.
#[derive(Clone, Copy)]
struct Layer {
    right: f64,
    height: f64,
}

static LAYERS: LazyLock<[Layer; 257]> = LazyLock::new(|| {
    let mut layers = [Layer { right: 0.0, height: 1.0 }; 257];
    // The lowest layer has the tail's area too: it reaches further right than the curve does at its height.
    layers[0] = Layer { right: AREA / libm::exp(-TAIL), height: 0.0 };
    layers[1] = Layer { right: TAIL, height: libm::exp(-TAIL) };
    for at in 2..256 {
        let height = layers[at - 1].height + AREA / layers[at - 1].right;
        layers[at] = Layer { right: -libm::log(height), height };
    }
    layers
});

/// Normal with mean 0 and deviation 1: the polar method (Marsaglia and Bray, 1964).
fn standard_normal(random: &mut Random) -> f64 {
    loop {
        let (x, y) = (2.0 * random.unit() - 1.0, 2.0 * random.unit() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * libm::log(square) / square).sqrt();
        }
    }
}

/// Gamma with scale 1 (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000).
fn gamma(random: &mut Random, shape: f64) -> f64 {
    if shape < 1.0 {
        // Gamma(a) = Gamma(a + 1) · U^(1/a), from the same paper.
        return gamma(random, shape + 1.0) * libm::exp(-exponential(random) / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = standard_normal(random);
        let base = 1.0 + c * normal;
        if base <= 0.0 {
            continue;
        }
        let cube = base * base * base;
        if libm::log(random.unit_above_zero()) < 0.5 * normal * normal + d * (1.0 - cube + libm::log(cube)) {
            return d * cube;
        }
    }
}

/// The sum of `phases` exponentials of mean 1.
fn erlang(random: &mut Random, phases: u32) -> f64 {
    if phases > MOST_PHASES_BY_PRODUCT {
        return gamma(random, f64::from(phases));
    }
    // 16 factors of at least 2^-53 stay far above the smallest number.
    let product: f64 = (0..phases).map(|_| random.unit_above_zero()).product();
    -libm::log(product)
}
