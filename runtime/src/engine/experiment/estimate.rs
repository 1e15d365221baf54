//! Means with confidence intervals from independent observations.

use serde::Serialize;

/// The confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// Observations added up one by one, by Welford's recurrence (Technometrics 4, 1962), which loses no digits to cancellation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    count: u64,
    mean: f64,
    squares: f64,
    least: f64,
    largest: f64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { count: 0, mean: 0.0, squares: 0.0, least: f64::INFINITY, largest: f64::NEG_INFINITY }
    }
}

impl Sample {
    /// Adds one observation.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let from_old = value - self.mean;
        self.mean += from_old / self.count as f64;
        self.squares += from_old * (value - self.mean);
        self.least = self.least.min(value);
        self.largest = self.largest.max(value);
    }

    /// How many observations there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Mean and interval; `None` without any observation. `student` is asked for the width in standard errors.
    pub fn estimate(&self, student: &mut Student) -> Option<Estimate> {
        let degrees = self.count.checked_sub(1)?;
        let deviation = if degrees == 0 { 0.0 } else { (self.squares / degrees as f64).max(0.0).sqrt() };
        let half_width = (degrees > 0).then(|| student.t(degrees) * deviation / (self.count as f64).sqrt());
        Some(Estimate { mean: self.mean, half_width, deviation, least: self.least, largest: self.largest, count: self.count })
    }
}

/// A mean over replications.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Estimate {
    /// The mean over replications.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval; absent for a single replication.
    pub half_width: Option<f64>,
    /// The standard deviation between replications.
    pub deviation: f64,
    /// The least of any replication.
    pub least: f64,
    /// The largest of any replication.
    pub largest: f64,
    /// How many replications had a value.
    pub count: u64,
}

impl Estimate {
    /// Half-width over mean: 0 if every replication gave the same, infinite if nothing can be said yet.
    pub fn relative_half_width(&self) -> f64 {
        match self.half_width {
            Some(0.0) => 0.0,
            Some(half_width) if self.mean != 0.0 => half_width / self.mean.abs(),
            _ => f64::INFINITY,
        }
    }
}

/// Remembers the last point of Student's t distribution: most samples of an experiment are equally large.
#[derive(Clone, Copy, Default, Debug)]
pub struct Student {
    degrees: u64,
    t: f64,
}

impl Student {
    /// See [`student_t`].
    pub fn t(&mut self, degrees: u64) -> f64 {
        if degrees != self.degrees {
            *self = Self { degrees, t: student_t(degrees) };
        }
        self.t
    }
}

/// The 97.5 % point of Student's t distribution: half of a two-sided 95 % interval, in standard errors. From 1 degree of freedom on.
///
/// Found by bisection on the distribution function, which is a finite sum for whole degrees of freedom.
pub fn student_t(degrees: u64) -> f64 {
    // Beyond this the sum is long and the difference from the normal distribution below 1e-9 is made up by its first correction.
    const MANY: u64 = 20_000;
    const NORMAL: f64 = 1.959_963_984_540_054;
    if degrees > MANY {
        // The first term of Cornish and Fisher's expansion in 1 / degrees (Abramowitz and Stegun, 26.7.5).
        return NORMAL + (NORMAL * NORMAL * NORMAL + NORMAL) / (4.0 * degrees as f64);
    }
    let (mut low, mut high) = (0.0, 13.0);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if within(middle, degrees.max(1)) < CONFIDENCE { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The probability that a Student t variable lies within ±t (Abramowitz and Stegun, 26.7.3 for odd, 26.7.4 for even degrees of freedom).
fn within(t: f64, degrees: u64) -> f64 {
    let freedom = degrees as f64;
    let sine = t / (freedom + t * t).sqrt();
    let cosine = (freedom / (freedom + t * t)).sqrt();
    let odd = degrees % 2 == 1;
    let (mut term, mut sum) = (if odd { cosine } else { 1.0 }, 0.0);
    let mut next = if odd { 2.0 } else { 1.0 };
    for _ in 0..degrees / 2 {
        sum += term;
        term *= cosine * cosine * next / (next + 1.0);
        next += 2.0;
    }
    if odd { std::f64::consts::FRAC_2_PI * (libm::atan2(t, freedom.sqrt()) + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column 0.975 of the table in NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
    #[test]
    fn student_t_is_as_in_the_published_table() {
        for (degrees, published) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (7, 2.365),
            (9, 2.262),
            (10, 2.228),
            (29, 2.045),
            (30, 2.042),
            (99, 1.984),
            (100, 1.984),
        ] {
            let found = student_t(degrees);
            assert!((found - published).abs() <= 0.000_5 + 1e-9, "{degrees}: {found}, published {published}");
        }
        assert!((student_t(20_000) - student_t(20_001)).abs() < 1e-7, "the two ways meet");
        assert!((student_t(1_000_000_000) - 1.959_964).abs() < 1e-6);
    }

    #[test]
    fn a_sample_has_the_mean_and_deviation_of_its_values() {
        let mut sample = Sample::default();
        assert_eq!(sample.estimate(&mut Student::default()), None);
        sample.add(1e9 + 4.0);
        assert_eq!(sample.estimate(&mut Student::default()).and_then(|estimate| estimate.half_width), None);
        for value in [7.0, 13.0, 16.0] {
            sample.add(1e9 + value);
        }
        let found = sample.estimate(&mut Student::default()).expect("four values");
        assert_eq!((found.mean, found.count, found.least, found.largest), (1e9 + 10.0, 4, 1e9 + 4.0, 1e9 + 16.0));
        assert!((found.deviation - 30.0_f64.sqrt()).abs() < 1e-6, "{}", found.deviation);
        assert!((found.half_width.expect("it has one") - 3.182_446 * 30.0_f64.sqrt() / 2.0).abs() < 1e-5);
    }

    #[test]
    fn relative_width_knows_zero_and_unknown() {
        let estimate = |mean, half_width| Estimate { mean, half_width, deviation: 0.0, least: 0.0, largest: 0.0, count: 3 };
        assert_eq!(estimate(0.0, Some(0.0)).relative_half_width(), 0.0);
        assert_eq!(estimate(0.0, Some(1.0)).relative_half_width(), f64::INFINITY);
        assert_eq!(estimate(2.0, None).relative_half_width(), f64::INFINITY);
        assert_eq!(estimate(-4.0, Some(1.0)).relative_half_width(), 0.25);
    }
}
