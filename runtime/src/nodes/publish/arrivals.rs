//! When an open-loop source's messages are due: constant, Poisson, in bursts, along a profile, or with gaps of any distribution.
//!
//! Arrival times depend on the seed and the arrival's number alone, never on whether earlier ones could be sent (G7, G11).

use super::closed_loop::ClosedLoop;
use crate::distribution::{Distribution, exponential};
use crate::node::{Effects, Form};
use crate::random::Purpose;
use crate::setting::Setting;
use crate::units::{Moment, Rate, SECOND, Span};
use std::sync::Arc;

/// What the arrivals look like.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// Evenly spaced, the first at the start.
    Constant(Rate),
    /// Independent of each other: exponential gaps.
    Poisson(Rate),
    /// So many at once, then nothing until the next burst.
    Burst {
        /// How many.
        size: u64,
        /// From one burst to the next.
        gap: Span,
    },
    /// Poisson arrivals whose rate changes over time.
    Profile(Profile),
    /// Independent gaps of this distribution.
    Gaps(Distribution),
    /// At these times after the start, in order, and then no more.
    Times(Arc<[Span]>),
    /// Always due: as fast as the pipe takes them.
    Fastest,
    /// No due times of their own: each follows from the end of one before.
    Closed(ClosedLoop),
}

/// How many messages each arrival brings.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Batch {
    /// Always as many.
    Same(u64),
    /// From one up, each further one with the same probability (geometric): this many on average.
    Geometric(f64),
}

impl Batch {
    /// Reads the fields `batch_size` and `batch_sizes`.
    pub fn read(form: &mut Form<'_>) -> Self {
        let size = form.integer("batch_size").map_or(1, |size| size as u64);
        if form.choice("batch_sizes") == "geometric" { Self::Geometric(size as f64) } else { Self::Same(size) }
    }

    /// How many come with the arrival whose first message is number `index`.
    fn draw(self, index: u64, fx: &Effects<'_>) -> u64 {
        match self {
            Self::Same(size) => size,
            Self::Geometric(mean) if mean <= 1.0 => 1,
            Self::Geometric(mean) => {
                let unit = fx.random_at(const { Purpose::of("batch") }, index).unit_above_zero();
                // Inverse of P(N > n) = (1 - 1/mean)^n.
                1 + (libm::log(unit) / libm::log(1.0 - 1.0 / mean)) as u64
            }
        }
    }
}

/// The most times that can be listed.
const MOST_TIMES: usize = 100_000;

/// Reads a list of times such as `0 s, 1.5 s, 2 min`, which ascend.
fn read_times(text: &str) -> Result<Arc<[Span]>, String> {
    let times: Vec<Span> = text
        .split([',', ';', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<Span>().map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    if times.len() > MOST_TIMES {
        return Err(format!("{} times are more than {MOST_TIMES}; put them in a file and use a file source", times.len()));
    }
    match times.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("times go forward: {} stands after {}", pair[1], pair[0])),
        None => Ok(times.into()),
    }
}

/// A rate over time: straight lines between points.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// Seconds since the start, and messages per second; times ascend, the first is 0.
    points: Vec<(f64, f64)>,
    /// Whether it starts again at the end. Otherwise the last rate stays.
    repeat: bool,
}

impl Profile {
    /// A profile through these points. In words, what is wrong with them.
    pub fn new(mut points: Vec<(Span, Rate)>, repeat: bool) -> Result<Self, String> {
        let Some(first) = points.first().copied() else { return Err("a profile needs at least one point".into()) };
        if let Some(pair) = points.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(format!("the points of a profile go forward in time: {} stands after {}", pair[1].0, pair[0].0));
        }
        if first.0 > Span::ZERO {
            points.insert(0, (Span::ZERO, first.1));
        }
        if points.iter().all(|(_, rate)| rate.0 <= 0.0) {
            return Err("a profile needs a rate above zero somewhere".into());
        }
        if repeat && points.len() < 2 {
            return Err("a profile that repeats needs at least two points".into());
        }
        Ok(Self { points: points.into_iter().map(|(at, rate)| (at.seconds(), rate.0)).collect(), repeat })
    }

    /// Reads `[("0 s", "10/s"), ("1 min", "50/s")]`.
    fn from_setting(setting: &Setting, repeat: bool) -> Result<Self, String> {
        const EXPECTED: &str = "expected points such as [(\"0 s\", \"10/s\"), (\"1 min\", \"50/s\")]";
        let Setting::List(points) = setting else { return Err(format!("{EXPECTED}, found {}", setting.sort())) };
        let point = |point: &Setting| match point {
            Setting::Tuple(name, parts) if name.is_empty() => match parts.as_slice() {
                [at, rate] => {
                    let at = at.as_str().ok_or(EXPECTED)?.parse::<Span>().map_err(|error| error.to_string())?;
                    let rate = rate.as_str().ok_or(EXPECTED)?.parse::<Rate>().map_err(|error| error.to_string())?;
                    Ok((at, rate))
                }
                _ => Err(EXPECTED.to_owned()),
            },
            other => Err(format!("{EXPECTED}, found {} among them", other.sort())),
        };
        Self::new(points.iter().map(point).collect::<Result<_, String>>()?, repeat)
    }

    /// The time at which the integral of the rate from `from` on reaches `mass`; `None` if it never does. Exact for straight lines: a
    /// quadratic equation per segment.
    fn reach(&self, from: f64, mut mass: f64) -> Option<f64> {
        let (end, last_rate) = *self.points.last().expect("a profile has a point");
        let mut base = 0.0;
        let mut at = from;
        if self.repeat {
            base = libm::floor(from / end) * end;
            at = from - base;
        }
        loop {
            for pair in self.points.windows(2) {
                let ((start, start_rate), (stop, stop_rate)) = (pair[0], pair[1]);
                if at >= stop {
                    continue;
                }
                let slope = (stop_rate - start_rate) / (stop - start);
                let rate = start_rate + slope * (at - start);
                let inside = f64::midpoint(rate, stop_rate) * (stop - at);
                if mass < inside {
                    // In the form that stays exact as the slope goes to zero.
                    let root = libm::sqrt((rate * rate + 2.0 * slope * mass).max(0.0));
                    return Some(base + at + 2.0 * mass / (rate + root));
                }
                mass -= inside;
                at = stop;
            }
            if !self.repeat {
                return (last_rate > 0.0).then(|| at.max(end) + mass / last_rate);
            }
            let whole: f64 = self.points.windows(2).map(|pair| f64::midpoint(pair[0].1, pair[1].1) * (pair[1].0 - pair[0].0)).sum();
            let periods = libm::floor(mass / whole);
            mass -= periods * whole;
            base += (periods + 1.0) * end;
            at = 0.0;
        }
    }
}

/// Reads the fields `arrivals`, `rate`, `burst_size`, `burst_gap`, `profile`, `repeat_profile` and `gap` of a source.
pub fn read_shape(form: &mut Form<'_>) -> Shape {
    match form.choice("arrivals") {
        "poisson" => Shape::Poisson(form.rate("rate").unwrap_or(Rate(1.0))),
        "burst" => Shape::Burst {
            size: form.integer("burst_size").map_or(1, |size| size as u64),
            gap: form.span("burst_gap").unwrap_or(Span::secs(1)),
        },
        "profile" => {
            let repeat = form.flag("repeat_profile");
            let profile = form.value("profile").map(|setting| Profile::from_setting(&setting, repeat));
            match profile {
                Some(Ok(profile)) => Shape::Profile(profile),
                Some(Err(message)) => {
                    form.problem("profile", message, "give times that ascend, each with the rate at that time");
                    Shape::Constant(Rate(1.0))
                }
                None => Shape::Constant(Rate(1.0)),
            }
        }
        "distribution" => Shape::Gaps(form.distribution("gap").unwrap_or(Distribution::Constant(Span::secs(1)))),
        "times" => {
            let text = form.text("times").unwrap_or_default();
            let times = read_times(&text).unwrap_or_else(|message| {
                form.problem("times", message, "list times that ascend, such as \"0 s, 0 s, 1.5 s, 2 min\"");
                Arc::from([])
            });
            Shape::Times(times)
        }
        "fastest" => Shape::Fastest,
        "closed" => Shape::Closed(ClosedLoop::read(form)),
        _ => Shape::Constant(form.rate("rate").unwrap_or(Rate(1.0))),
    }
}

/// The arrivals of one source, one after another.
#[derive(Debug)]
pub struct Arrivals {
    shape: Shape,
    batch: Batch,
    start: Moment,
    /// How many arrivals there were since the start, each with its batch of messages.
    passed: u64,
    /// How many messages of the present arrival are still to come.
    left: u64,
    /// The number of the next message, and when it is due; `None` once there are no more.
    index: u64,
    due: Option<Moment>,
    /// Where a profile stands, in seconds since `start`.
    position: f64,
    /// The first message that does not come any more.
    end: u64,
}

impl Arrivals {
    /// Arrivals from `start` on, messages numbered from `first`, at most up to number `end`.
    pub fn new(shape: Shape, batch: Batch, start: Moment, first: u64, end: Option<u64>, fx: &Effects<'_>) -> Self {
        let end = end.unwrap_or(u64::MAX);
        let mut arrivals = Self { shape, batch, start, passed: 0, left: 0, index: first, due: Some(start), position: 0.0, end };
        arrivals.schedule(fx);
        arrivals
    }

    /// The number of the next message.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// When the next one is due; `None` if there are no more.
    pub const fn due(&self) -> Option<Moment> {
        self.due
    }

    /// What they look like, and how many messages each brings.
    pub const fn pattern(&self) -> (&Shape, Batch) {
        (&self.shape, self.batch)
    }

    /// Goes on to the one after.
    pub fn advance(&mut self, fx: &Effects<'_>) {
        self.index += 1;
        self.schedule(fx);
    }

    /// No more arrivals.
    pub const fn stop(&mut self) {
        self.due = None;
        self.end = self.index;
    }

    /// Moves the end.
    pub fn set_end(&mut self, end: Option<u64>, fx: &Effects<'_>) {
        self.end = end.unwrap_or(u64::MAX);
        if self.index >= self.end {
            self.due = None;
        } else if self.due.is_none() {
            self.start = fx.now();
            (self.passed, self.left, self.position) = (0, 0, 0.0);
            self.due = Some(self.start);
            self.schedule(fx);
        }
    }

    /// Works out when message `index` is due: with the one before, or, after a whole batch, with the next arrival.
    fn schedule(&mut self, fx: &Effects<'_>) {
        let Some(last) = self.due.filter(|_| self.index < self.end) else {
            self.due = None;
            return;
        };
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        let count = self.passed;
        self.passed += 1;
        self.left = self.batch.draw(self.index, fx) - 1;
        self.due = match &self.shape {
            Shape::Closed(_) => None,
            // From the start, so that rounding does not add up.
            Shape::Constant(rate) => Some(self.start + Span((count as f64 * (SECOND as f64 / rate.0)) as u64)),
            Shape::Poisson(rate) => {
                let mass = exponential(&mut fx.random_at(const { Purpose::of("gap") }, self.index));
                Some(last + Span::from_seconds(mass / rate.0))
            }
            Shape::Burst { size, gap } => Some(self.start + Span(gap.0.saturating_mul(count / size))),
            Shape::Profile(profile) => {
                let mass = exponential(&mut fx.random_at(const { Purpose::of("gap") }, self.index));
                profile.reach(self.position, mass).map(|position| {
                    self.position = position;
                    self.start + Span::from_seconds(position)
                })
            }
            Shape::Gaps(gaps) => Some(last + gaps.draw(&mut fx.random_at(const { Purpose::of("gap") }, self.index))),
            Shape::Times(times) => times.get(count as usize).map(|after| self.start + *after),
            Shape::Fastest => Some(fx.now().max(self.start)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(points: &[(u64, f64)], repeat: bool) -> Profile {
        Profile::new(points.iter().map(|(at, rate)| (Span::secs(*at), Rate(*rate))).collect(), repeat).unwrap()
    }

    #[test]
    fn a_profile_reaches_a_mass_exactly() {
        // 0 to 10/s over 10 s, then 10/s: mass x²/2 up to 50, then 10 a second.
        let ramp = profile(&[(0, 0.0), (10, 10.0)], false);
        assert!((ramp.reach(0.0, 8.0).unwrap() - 4.0).abs() < 1e-12);
        assert!((ramp.reach(4.0, 10.0).unwrap() - 6.0).abs() < 1e-12);
        assert!((ramp.reach(0.0, 150.0).unwrap() - 20.0).abs() < 1e-9);
        assert!((ramp.reach(15.0, 30.0).unwrap() - 18.0).abs() < 1e-9);
        // Downhill to nothing: 50 in all.
        let fall = profile(&[(0, 10.0), (10, 0.0)], false);
        assert!((fall.reach(0.0, 48.0).unwrap() - 8.0).abs() < 1e-9);
        assert_eq!(fall.reach(0.0, 50.1), None);
        // Repeating: 50 a period.
        let teeth = profile(&[(0, 10.0), (10, 0.0)], true);
        assert!((teeth.reach(0.0, 98.0).unwrap() - 18.0).abs() < 1e-9);
        assert!((teeth.reach(8.0, 2.0 + 50.0 * 1_000_000.0 + 18.0).unwrap() - (10.0 + 1e7 + 2.0)).abs() < 1e-3);
    }

    #[test]
    fn times_are_listed_as_people_list_them() {
        let read = |text: &str| read_times(text).map(|times| times.iter().map(|span| span.seconds()).collect::<Vec<_>>());
        assert_eq!(read("0 s, 0 s,1.5 s; 2 min\n"), Ok(vec![0.0, 0.0, 1.5, 120.0]));
        assert_eq!(read(""), Ok(vec![]));
        assert!(read("2 s, 1 s").unwrap_err().contains("1 s stands after 2 s"));
        assert!(read("soon").unwrap_err().contains("span of time"));
    }

    #[test]
    fn bad_profiles_say_what_is_wrong() {
        let point = |at: &str, rate: &str| Setting::Tuple(String::new(), vec![at.into(), rate.into()]);
        for (setting, words) in [
            (Setting::List(vec![]), "at least one point"),
            (Setting::List(vec![point("1 s", "1/s"), point("1 s", "2/s")]), "forward in time"),
            (Setting::List(vec![point("1 s", "0/s")]), "above zero"),
            (Setting::List(vec![point("1 parsec", "1/s")]), "a span of time"),
            (Setting::List(vec![5.into()]), "expected points"),
            (Setting::text("fast"), "found a text"),
        ] {
            let error = Profile::from_setting(&setting, false).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(Profile::from_setting(&Setting::List(vec![point("0 s", "1/s")]), true).unwrap_err().contains("two points"));
    }
}
