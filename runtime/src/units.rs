//! Quantities as people write them: spans of time, rates, sizes and moments on the run clock.

use std::fmt;
use std::str::FromStr;

/// Nanoseconds in one second.
pub const SECOND: u64 = 1_000_000_000;

/// A moment on the run clock: nanoseconds since the run began (G16). Pause stops this clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Moment(pub u64);

impl Moment {
    /// The start of the run.
    pub const START: Self = Self(0);
    /// Later than every moment a run can reach.
    pub const NEVER: Self = Self(u64::MAX);

    /// The span since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment in seconds since the start.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }
}

impl std::ops::Add<Span> for Moment {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// A length of time in nanoseconds, written `250 ms`, `1.5 s`, `2 min`, `1 h`, `3 d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Span(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A span of whole seconds.
    pub const fn secs(seconds: u64) -> Self {
        Self(seconds * SECOND)
    }

    /// A span from seconds; negative and not-a-number become zero, too long becomes the longest.
    pub fn from_seconds(seconds: f64) -> Self {
        // `as` saturates and maps NaN to zero, which is the rule stated above.
        Self((seconds * SECOND as f64) as u64)
    }

    /// The span in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// The same as the standard library's duration.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }
}

/// Messages (or other things) per second, written `200/s`, `12/min`, `3/h`.
#[derive(Clone, Copy, PartialEq, PartialOrd, Default, Debug)]
pub struct Rate(pub f64);

impl Rate {
    /// How many per second.
    pub const fn per_second(self) -> f64 {
        self.0
    }
}

/// A number of bytes, written `512 B`, `64 KiB`, `1 MiB`, `2 GB` (decimal units are powers of 1000).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Size(pub u64);

/// Why a quantity could not be read: what was expected, with an example.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct UnitError {
    /// What a right value looks like.
    pub expected: &'static str,
    /// The text as it stood.
    pub found: String,
}

const SPAN_UNITS: &[(&str, f64)] =
    &[("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("m", 60e9), ("h", 3_600e9), ("d", 86_400e9)];
const SIZE_UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
];
const RATE_UNITS: &[(&str, f64)] =
    &[("/ms", 1e3), ("/s", 1.0), ("/min", 1.0 / 60.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3_600.0), ("/d", 1.0 / 86_400.0)];

/// Splits `12.5 ms` into its number and the factor of its unit.
fn number_and_unit(text: &str, units: &[(&str, f64)]) -> Option<(f64, f64)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(at, c)| {
            let exponent = (c == 'e' || c == 'E') && text[at + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+');
            let after_exponent = at > 0 && matches!(text.as_bytes()[at - 1], b'e' | b'E');
            !(c.is_ascii_digit() || c == '.' || c == '_' || exponent || (matches!(c, '-' | '+') && (at == 0 || after_exponent)))
        })
        .map_or(text.len(), |(at, _)| at);
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    let unit = text[end..].trim();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    (number.is_finite() && number >= 0.0).then_some((number, *factor))
}

impl FromStr for Span {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let found = number_and_unit(text, SPAN_UNITS).map(|(number, factor)| number * factor);
        match found {
            Some(nanos) if nanos < 9.2e18 => Ok(Self(nanos.round() as u64)),
            _ => Err(UnitError { expected: "a span of time such as \"250 ms\", \"1.5 s\" or \"2 min\"", found: text.into() }),
        }
    }
}

impl FromStr for Rate {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        number_and_unit(text, RATE_UNITS)
            .map(|(number, factor)| Self(number * factor))
            .ok_or_else(|| UnitError { expected: "a rate such as \"200/s\" or \"12/min\"", found: text.into() })
    }
}

impl FromStr for Size {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        match number_and_unit(text, SIZE_UNITS).map(|(number, factor)| number * factor) {
            Some(bytes) if bytes < 1.8e19 => Ok(Self(bytes.round() as u64)),
            _ => Err(UnitError { expected: "a size such as \"512 B\", \"64 KiB\" or \"1 MiB\"", found: text.into() }),
        }
    }
}

/// Writes `value` in the largest unit that keeps it exact, with up to three decimals in the decimal units: `1.5 s`, `90 s`, `250 ms`.
fn write_exact(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    for &(name, factor) in units {
        let (whole, rest) = (value / factor, value % factor);
        if whole > 0 && rest == 0 {
            return write!(f, "{whole} {name}");
        }
        if whole > 0 && (1_000..=SECOND).contains(&factor) && rest.is_multiple_of(factor / 1000) {
            let decimals = format!("{:03}", rest / (factor / 1000));
            return write!(f, "{whole}.{} {name}", decimals.trim_end_matches('0'));
        }
    }
    write!(f, "{value}")
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0 s");
        }
        const UNITS: &[(&str, u64)] = &[
            ("d", 86_400 * SECOND),
            ("h", 3_600 * SECOND),
            ("min", 60 * SECOND),
            ("s", SECOND),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        write_exact(f, self.0, UNITS)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: &[(&str, u64)] = &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
        for &(name, factor) in UNITS {
            if self.0 >= factor && self.0.is_multiple_of(factor) {
                return write!(f, "{} {name}", self.0 / factor);
            }
        }
        write!(f, "{} B", self.0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, factor) in [("/s", 1.0), ("/min", 1.0 / 60.0), ("/h", 1.0 / 3_600.0)] {
            let number = self.0 / factor;
            if number >= 1.0 && number.fract() == 0.0 && (number * factor).to_bits() == self.0.to_bits() {
                return write!(f, "{number}{unit}");
            }
        }
        write!(f, "{}/s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_write() {
        for (text, nanos, written) in [
            ("250 ms", 250_000_000, "250 ms"),
            ("1.5s", 1_500_000_000, "1.5 s"),
            ("90 s", 90_000_000_000, "90 s"),
            ("2 min", 120_000_000_000, "2 min"),
            ("1e-3 s", 1_000_000, "1 ms"),
            ("0 s", 0, "0 s"),
            ("17 ns", 17, "17 ns"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0, nanos, "{text}");
            if text != "90 s" {
                assert_eq!(span.to_string(), written);
            }
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
        for bad in ["", "s", "5", "5 parsecs", "-1 s", "NaN s", "1e40 d", "1..2 s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_and_sizes_read_and_write() {
        assert_eq!("120/min".parse::<Rate>().unwrap().0, 2.0);
        assert_eq!(Rate(2_000.0).to_string(), "2000/s");
        assert_eq!(Rate(0.25).to_string().parse::<Rate>().unwrap().0, 0.25);
        assert_eq!("64 KiB".parse::<Size>().unwrap().0, 65_536);
        assert_eq!(Size(65_536).to_string(), "64 KiB");
        assert_eq!(Size(1_000).to_string(), "1000 B");
    }
}
