//! The hand-written simulator: a binary heap of events, first-in-first-out lines, the mean sojourn and nothing else.

use rand::SeedableRng;
use rand_distr::{Distribution, Exp1, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;

/// How exponential spans are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// By the ziggurat: the fastest known.
    Ziggurat,
    /// By inversion: -ln(u).
    Inversion,
}

/// A line of identical stations, each with one queue; Poisson arrivals at the first.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Mean time between arrivals, in nanoseconds.
    pub gap: f64,
    /// Mean service time, in nanoseconds.
    pub service: f64,
    /// Servers of each station.
    pub servers: u32,
    /// Stations, one behind the other.
    pub stations: u32,
}

struct Station {
    waiting: VecDeque<u64>,
    free: u32,
}

/// (moment, sequence, station or `ARRIVAL`, when the message in service came into the system)
type Event = Reverse<(u64, u64, u32, u64)>;

const ARRIVAL: u32 = u32::MAX;

struct Chance {
    random: Xoshiro256PlusPlus,
    draw: Draw,
}

impl Chance {
    fn span(&mut self, mean: f64) -> u64 {
        let exponential: f64 = match self.draw {
            Draw::Ziggurat => Exp1.sample(&mut self.random),
            Draw::Inversion => {
                let unit: f64 = StandardUniform.sample(&mut self.random);
                -(1.0 - unit).ln()
            }
        };
        (exponential * mean) as u64
    }
}

/// Simulates so many events (arrivals and ends of service); the mean sojourn in nanoseconds.
pub fn simulate(model: Model, draw: Draw, seed: u64, events: u64) -> f64 {
    let mut chance = Chance { random: Xoshiro256PlusPlus::seed_from_u64(seed), draw };
    let mut stations: Vec<Station> = (0..model.stations).map(|_| Station { waiting: VecDeque::new(), free: model.servers }).collect();
    let mut calendar: BinaryHeap<Event> = BinaryHeap::new();
    let (mut sequence, mut ended, mut sojourn) = (1, 0_u64, 0.0);
    calendar.push(Reverse((chance.span(model.gap), 0, ARRIVAL, 0)));
    for _ in 0..events {
        let Some(Reverse((now, _, station, came))) = calendar.pop() else { break };
        let mut put = |at: u64, station: u32, came: u64| {
            calendar.push(Reverse((at, sequence, station, came)));
            sequence += 1;
        };
        let enters = if station == ARRIVAL {
            put(now + chance.span(model.gap), ARRIVAL, 0);
            Some((0, now))
        } else {
            let here = &mut stations[station as usize];
            match here.waiting.pop_front() {
                Some(next) => put(now + chance.span(model.service), station, next),
                None => here.free += 1,
            }
            if station + 1 == model.stations {
                ended += 1;
                sojourn += (now - came) as f64;
                None
            } else {
                Some((station + 1, came))
            }
        };
        if let Some((station, came)) = enters {
            let there = &mut stations[station as usize];
            if there.free > 0 {
                there.free -= 1;
                put(now + chance.span(model.service), station, came);
            } else {
                there.waiting.push_back(came);
            }
        }
    }
    black_box(sojourn / ended as f64)
}

/// Many sources side by side, each with as many servers as it needs: so many messages are in service at once. Events per second, over
/// `events` of them after a run-up of as many as are pending.
pub fn side_by_side(lines: u32, gap: f64, service: f64, events: u64) -> f64 {
    let mut chance = Chance { random: Xoshiro256PlusPlus::seed_from_u64(1), draw: Draw::Ziggurat };
    let mut calendar: BinaryHeap<Event> = BinaryHeap::new();
    let (mut sequence, mut sojourn) = (0, 0.0);
    for line in 0..lines {
        calendar.push(Reverse((chance.span(gap), sequence, line, u64::MAX)));
        sequence += 1;
    }
    let mut run = |events: u64| {
        for _ in 0..events {
            let Some(Reverse((now, _, line, came))) = calendar.pop() else { break };
            if came == u64::MAX {
                calendar.push(Reverse((now + chance.span(gap), sequence, line, u64::MAX)));
                calendar.push(Reverse((now + chance.span(service), sequence + 1, line, now)));
                sequence += 2;
            } else {
                sojourn += (now - came) as f64;
            }
        }
    };
    // Five mean times of service: all but a hundredth of those who will be in service are.
    run((f64::from(lines) * 10.0 * service / gap) as u64);
    let rate = crate::harness::per_second(events, || run(events));
    black_box(sojourn);
    rate
}
