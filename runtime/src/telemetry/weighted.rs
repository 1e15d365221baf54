//! Numbers that stay for a while, weighted by how long they stayed: depths, busy servers, messages in a system.

use crate::units::{Moment, Span};

/// A whole number over time: now, mean and largest. The integral is exact (number times nanoseconds in 128 bits).
///
/// Moments must not go back; one that does counts as the newest seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weighted {
    value: u64,
    max: u64,
    integral: u128,
    begun: Moment,
    changed: Moment,
}

impl Weighted {
    /// Zero from `begun` on.
    pub const fn new(begun: Moment) -> Self {
        Self { value: 0, max: 0, integral: 0, begun, changed: begun }
    }

    /// The number becomes `value`.
    #[inline]
    pub fn set(&mut self, now: Moment, value: u64) {
        if value == self.value {
            return;
        }
        self.integral += u128::from(self.value) * u128::from(now.since(self.changed).0);
        self.changed = self.changed.max(now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// The number grows by `number`.
    #[inline]
    pub fn add(&mut self, now: Moment, number: u64) {
        self.set(now, self.value + number);
    }

    /// The number shrinks by `number`; below zero is our own bug.
    #[inline]
    pub fn sub(&mut self, now: Moment, number: u64) {
        debug_assert!(number <= self.value, "a count fell below zero");
        self.set(now, self.value.saturating_sub(number));
    }

    /// The number now.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The largest it was.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// Its mean over the time since it began; the number itself if no time has passed.
    pub fn mean(&self, now: Moment) -> f64 {
        let whole = now.max(self.changed).since(self.begun);
        if whole == Span::ZERO {
            return self.value as f64;
        }
        self.integral(now) as f64 / whole.0 as f64
    }

    /// Number times nanoseconds since it began. Two readings give the mean between them.
    pub fn integral(&self, now: Moment) -> u128 {
        self.integral + u128::from(self.value) * u128::from(now.since(self.changed).0)
    }

    /// Begins anew with the present number, as at the end of a warm-up.
    pub fn begin(&mut self, now: Moment) {
        *self = Self { value: self.value, max: self.value, integral: 0, begun: now, changed: now };
    }
}

/// How long each number stood: the shares of time with 0, 1, 2, ... messages in a system.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shares {
    value: u64,
    changed: Moment,
    begun: Moment,
    /// Nanoseconds by number, as far as a number was reached.
    nanos: Vec<u64>,
    /// Nanoseconds with [`Shares::NUMBERS`] or more.
    rest: u64,
    /// Number times nanoseconds, exact as in [`Weighted`].
    integral: u128,
}

impl Shares {
    /// Numbers below this have a share each; those from it on have one together.
    pub const NUMBERS: usize = 1_024;

    /// Zero from `begun` on.
    pub const fn new(begun: Moment) -> Self {
        Self { value: 0, changed: begun, begun, nanos: Vec::new(), rest: 0, integral: 0 }
    }

    /// The number becomes `value`.
    #[inline]
    pub fn set(&mut self, now: Moment, value: u64) {
        if value != self.value {
            self.advance(now);
            self.value = value;
        }
    }

    /// Counts the present number up to `now`.
    fn advance(&mut self, now: Moment) {
        let span = now.since(self.changed).0;
        if span > 0 {
            let number = usize::try_from(self.value).unwrap_or(usize::MAX);
            if number >= Self::NUMBERS {
                self.rest += span;
            } else {
                if number >= self.nanos.len() {
                    self.nanos.resize(number + 1, 0);
                }
                self.nanos[number] += span;
            }
            self.integral += u128::from(self.value) * u128::from(span);
            self.changed = now;
        }
    }

    /// The share of time of each number from 0 on, up to the largest that stood for any time, with the share of
    /// [`Shares::NUMBERS`] and more as one last entry where there was any. They add up to 1; empty if no time has passed.
    pub fn shares(&self, now: Moment) -> Vec<f64> {
        let mut closed = self.clone();
        closed.advance(now);
        let whole = closed.changed.since(self.begun).0;
        if whole == 0 {
            return Vec::new();
        }
        if closed.rest > 0 {
            closed.nanos.resize(Self::NUMBERS, 0);
            closed.nanos.push(closed.rest);
        }
        closed.nanos.iter().map(|nanos| *nanos as f64 / whole as f64).collect()
    }

    /// The mean of the number over the time since it began; the number itself if no time has passed.
    pub fn mean(&self, now: Moment) -> f64 {
        let whole = now.max(self.changed).since(self.begun);
        if whole == Span::ZERO {
            return self.value as f64;
        }
        (self.integral + u128::from(self.value) * u128::from(now.since(self.changed).0)) as f64 / whole.0 as f64
    }

    /// The variance of the number over time; `None` if no time has passed, or where [`Shares::NUMBERS`] and more stood for a time.
    pub fn variance(&self, now: Moment) -> Option<f64> {
        let shares = self.shares(now);
        if shares.is_empty() || shares.len() > Self::NUMBERS {
            return None;
        }
        let mean: f64 = shares.iter().enumerate().map(|(number, share)| number as f64 * share).sum();
        Some(shares.iter().enumerate().map(|(number, share)| (number as f64 - mean).powi(2) * share).sum())
    }

    /// Begins anew with the present number, as at the end of a warm-up.
    pub fn begin(&mut self, now: Moment) {
        *self = Self { value: self.value, ..Self::new(now) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::StreamKey;

    /// Random steps: how long, and the number from then on.
    fn steps() -> Vec<(u64, u64)> {
        let mut random = StreamKey::of_node(5, 0, "n").for_index(0);
        (0..400).map(|_| (random.below(1_000), random.below(2_000))).collect()
    }

    #[test]
    fn mean_and_shares_agree_with_counting_every_nanosecond() {
        let (mut weighted, mut shares) = (Weighted::new(Moment(7)), Shares::new(Moment(7)));
        let (mut now, mut value, mut sum, mut times) = (7, 0, 0_u128, vec![0_u64; 2_000]);
        for (span, next) in steps() {
            for _ in 0..span {
                sum += u128::from(value);
                times[value as usize] += 1;
            }
            now += span;
            value = next;
            weighted.set(Moment(now), value);
            shares.set(Moment(now), value);
        }
        let whole = (now - 7) as f64;
        assert_eq!(weighted.integral(Moment(now)), sum);
        assert_eq!(weighted.mean(Moment(now)), sum as f64 / whole);
        assert_eq!(shares.mean(Moment(now)), sum as f64 / whole);
        assert_eq!(weighted.max(), steps().iter().map(|(_, value)| *value).max().unwrap());
        let found = shares.shares(Moment(now));
        assert_eq!(found.len(), Shares::NUMBERS + 1);
        for (number, share) in found[..Shares::NUMBERS].iter().enumerate() {
            assert_eq!(*share, times[number] as f64 / whole, "{number}");
        }
        assert_eq!(found[Shares::NUMBERS], times[Shares::NUMBERS..].iter().sum::<u64>() as f64 / whole);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_present_number_counts_up_to_now() {
        let mut weighted = Weighted::new(Moment::START);
        assert_eq!(weighted.mean(Moment::START), 0.0);
        weighted.add(Moment(10), 4);
        weighted.sub(Moment(20), 1);
        assert_eq!((weighted.value(), weighted.max()), (3, 4));
        assert_eq!(weighted.mean(Moment(40)), (40.0 + 60.0) / 40.0);
        let mut shares = Shares::new(Moment::START);
        assert!(shares.shares(Moment::START).is_empty());
        shares.set(Moment(10), 2);
        assert_eq!(shares.shares(Moment(40)), [0.25, 0.0, 0.75]);
        assert_eq!(shares.mean(Moment(40)), 1.5);
        // A quarter 0, three quarters 2: mean 1.5, variance 2² · 1/4 · 3/4.
        assert_eq!(shares.variance(Moment(40)), Some(0.75));
        shares.set(Moment(40), Shares::NUMBERS as u64);
        assert_eq!(shares.variance(Moment(41)), None);
    }

    #[test]
    fn beginning_anew_keeps_the_number_and_forgets_the_past() {
        let (mut weighted, mut shares) = (Weighted::new(Moment::START), Shares::new(Moment::START));
        weighted.set(Moment(5), 9);
        weighted.set(Moment(6), 2);
        shares.set(Moment(5), 2);
        weighted.begin(Moment(100));
        shares.begin(Moment(100));
        assert_eq!((weighted.max(), weighted.mean(Moment(200))), (2, 2.0));
        assert_eq!(shares.shares(Moment(200)), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn largest_numbers_and_longest_times_do_not_overflow() {
        let mut weighted = Weighted::new(Moment::START);
        weighted.set(Moment::START, u64::MAX);
        assert_eq!(weighted.mean(Moment::NEVER), u64::MAX as f64);
        weighted.set(Moment::NEVER, 0);
        weighted.set(Moment(3), 1);
        assert_eq!(weighted.integral(Moment::NEVER), u128::from(u64::MAX) * u128::from(u64::MAX));
    }
}
