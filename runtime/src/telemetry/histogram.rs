//! A log-linear histogram of spans in nanoseconds: cheap to record into, within 0.8 % wherever it is read.
//!
//! Up to 128 ns every nanosecond has its own bucket; above, every octave (power of two) has 128 buckets of equal width, so a bucket is
//! never wider than 1/128 of what it counts. Octaves are allocated when first hit: a node whose waits lie within a few octaves takes a few
//! KiB, and 58 KiB is the most. Count, sum, least and largest are exact.

use super::snapshot::Quantiles;
use crate::units::SECOND;

const BUCKETS: usize = 128;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();
/// One for the values below 128, one for each power of two from 2^7 to 2^63.
const OCTAVES: usize = (u64::BITS - BUCKET_BITS + 1) as usize;

type Octave = [u64; BUCKETS];

/// Counts of values by magnitude. See the module page.
#[derive(Clone, Debug)]
pub struct Histogram {
    count: u64,
    sum: u128,
    least: u64,
    largest: u64,
    octaves: [Option<Box<Octave>>; OCTAVES],
}

impl Default for Histogram {
    fn default() -> Self {
        Self { octaves: [const { None }; OCTAVES], count: 0, sum: 0, least: u64::MAX, largest: 0 }
    }
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one value.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        self.record_n(nanos, 1);
    }

    /// Counts one value `times` times.
    #[inline]
    pub fn record_n(&mut self, nanos: u64, times: u64) {
        if times == 0 {
            return;
        }
        let (octave, bucket) = place(nanos);
        self.octaves[octave].get_or_insert_with(|| Box::new([0; BUCKETS]))[bucket] += times;
        self.count += times;
        self.sum += u128::from(nanos) * u128::from(times);
        self.least = self.least.min(nanos);
        self.largest = self.largest.max(nanos);
    }

    /// How many values were counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The exact sum of the values.
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The exact mean; 0 if empty.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The exact least value; 0 if empty.
    pub const fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.least }
    }

    /// The exact largest value; 0 if empty.
    pub const fn max(&self) -> u64 {
        self.largest
    }

    /// The value that a share `q` (0 to 1) of all values does not exceed, to within half a bucket; 0 if empty. The ends are exact.
    pub fn quantile(&self, q: f64) -> u64 {
        if self.count == 0 {
            return 0;
        }
        let rank = ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == 1 {
            return self.least;
        }
        if rank == self.count {
            return self.largest;
        }
        let mut passed = 0;
        for (octave, bucket, count) in self.buckets() {
            passed += count;
            if passed >= rank {
                return (low(octave, bucket) + width(octave) / 2).clamp(self.least, self.largest);
            }
        }
        self.largest
    }

    /// The share of values that do not exceed `nanos`: exact at the edges of buckets, within a bucket in proportion. 1 if empty.
    pub fn share_at_most(&self, nanos: u64) -> f64 {
        if self.count == 0 || nanos >= self.largest {
            return 1.0;
        }
        if nanos < self.least {
            return 0.0;
        }
        let limit = place(nanos);
        let mut passed = 0;
        for (octave, bucket, count) in self.buckets() {
            match (octave, bucket).cmp(&limit) {
                std::cmp::Ordering::Less => passed += count,
                std::cmp::Ordering::Equal => {
                    let part = (nanos - low(octave, bucket) + 1) as f64 / width(octave) as f64;
                    return (passed as f64 + count as f64 * part) / self.count as f64;
                }
                std::cmp::Ordering::Greater => break,
            }
        }
        passed as f64 / self.count as f64
    }

    /// Adds all that another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.octaves.iter_mut().zip(&other.octaves) {
            if let Some(theirs) = theirs {
                let mine = mine.get_or_insert_with(|| Box::new([0; BUCKETS]));
                for (mine, theirs) in mine.iter_mut().zip(theirs.iter()) {
                    *mine += theirs;
                }
            }
        }
        self.count += other.count;
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.largest = self.largest.max(other.largest);
    }

    /// Forgets all values, as at the end of a warm-up. Keeps its memory.
    pub fn clear(&mut self) {
        for octave in self.octaves.iter_mut().flatten() {
            octave.fill(0);
        }
        (self.count, self.sum, self.least, self.largest) = (0, 0, u64::MAX, 0);
    }

    /// The usual figures, in seconds.
    pub fn quantiles(&self) -> Quantiles {
        let seconds = |nanos: u64| nanos as f64 / SECOND as f64;
        Quantiles {
            count: self.count,
            mean: self.mean() / SECOND as f64,
            p50: seconds(self.quantile(0.5)),
            p90: seconds(self.quantile(0.9)),
            p99: seconds(self.quantile(0.99)),
            max: seconds(self.max()),
        }
    }

    /// The buckets that counted something, in rising order.
    fn buckets(&self) -> impl Iterator<Item = (usize, usize, u64)> + '_ {
        self.octaves.iter().enumerate().filter_map(|(at, octave)| Some((at, octave.as_deref()?))).flat_map(|(octave, buckets)| {
            buckets.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(bucket, count)| (octave, bucket, *count))
        })
    }
}

/// Octave and bucket of a value.
#[inline]
const fn place(nanos: u64) -> (usize, usize) {
    if nanos < BUCKETS as u64 {
        return (0, nanos as usize);
    }
    let shift = u64::BITS - 1 - nanos.leading_zeros() - BUCKET_BITS;
    (shift as usize + 1, (nanos >> shift) as usize & (BUCKETS - 1))
}

/// The least value of a bucket.
const fn low(octave: usize, bucket: usize) -> u64 {
    if octave == 0 { bucket as u64 } else { ((BUCKETS + bucket) as u64) << (octave - 1) }
}

/// How many values a bucket of this octave covers.
const fn width(octave: usize) -> u64 {
    if octave == 0 { 1 } else { 1 << (octave - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::random::StreamKey;
    use crate::units::Span;

    fn values(distribution: &Distribution, number: u64) -> Vec<u64> {
        let stream = StreamKey::of_node(3, 0, "n");
        (0..number).map(|index| distribution.draw(&mut stream.for_index(index)).0).collect()
    }

    fn counted(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn every_value_lies_in_its_bucket() {
        let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1, (1_u64 << bit) | (1 << bit) >> 1]);
        for value in edges.chain([u64::MAX, u64::MAX - 1, 127, 128, 129, 255, 256, 257]) {
            let (octave, bucket) = place(value);
            assert!(octave < OCTAVES && bucket < BUCKETS, "{value}");
            assert!(low(octave, bucket) <= value && value - low(octave, bucket) < width(octave), "{value}");
            assert!(width(octave) as f64 / value.max(1) as f64 <= if octave == 0 { 1.0 } else { 1.0 / 128.0 }, "{value}");
        }
    }

    #[test]
    fn figures_agree_with_the_sorted_values() {
        for distribution in [
            Distribution::Exponential(Span::millis(20)),
            Distribution::Uniform(Span(0), Span(400)),
            Distribution::Pareto { least: Span(50), shape: 0.8 },
        ] {
            let mut values = values(&distribution, 30_000);
            let histogram = counted(&values);
            values.sort_unstable();
            assert_eq!(histogram.count(), 30_000);
            assert_eq!(histogram.sum(), values.iter().map(|value| u128::from(*value)).sum::<u128>());
            assert_eq!((histogram.min(), histogram.max()), (values[0], values[29_999]));
            for q in [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let exact = values[((q * 30_000.0_f64).ceil() as usize).clamp(1, 30_000) - 1] as f64;
                let error = (histogram.quantile(q) as f64 - exact).abs();
                assert!(error <= exact * 0.008, "{distribution} at {q}: off by {error} of {exact}");
            }
            for at in [0, 10, 127, 128, 300, 1_000_000, 20_000_000, 100_000_000] {
                let exact = values.partition_point(|value| *value <= at) as f64 / 30_000.0;
                let share = histogram.share_at_most(at);
                assert!((share - exact).abs() < 0.003, "{distribution} up to {at}: {share}, exactly {exact}");
            }
        }
    }

    #[test]
    fn merging_is_recording_both() {
        let (one, two) =
            (values(&Distribution::Exponential(Span(900)), 500), values(&Distribution::Uniform(Span(5), Span(9_000_000)), 700));
        let mut merged = counted(&one);
        merged.merge(&counted(&two));
        let both = counted(&[one, two].concat());
        assert_eq!(merged.count(), both.count());
        assert_eq!(merged.quantiles(), both.quantiles());
        assert_eq!((merged.sum(), merged.min(), merged.max()), (both.sum(), both.min(), both.max()));
    }

    #[test]
    fn empty_and_cleared_histograms_answer_zero() {
        let mut histogram = counted(&[5, 1 << 40]);
        assert_eq!(histogram.share_at_most(4), 0.0);
        histogram.clear();
        for histogram in [histogram, Histogram::new()] {
            assert_eq!(histogram.quantiles(), Quantiles::default());
            assert_eq!((histogram.min(), histogram.max(), histogram.quantile(0.5)), (0, 0, 0));
            assert_eq!(histogram.share_at_most(0), 1.0);
        }
    }

    #[test]
    fn recording_many_at_once_counts_them_all() {
        let mut histogram = Histogram::new();
        histogram.record_n(u64::MAX, 3);
        histogram.record_n(7, 0);
        assert_eq!((histogram.count(), histogram.min(), histogram.sum()), (3, u64::MAX, 3 * u128::from(u64::MAX)));
    }
}
