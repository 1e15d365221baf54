//! The same queues as models of nexosim, on one thread.

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use rand::SeedableRng;
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::heap;

/// A source of random spans, which nexosim wants to be able to save: the seed stands for it.
#[derive(Serialize, Deserialize)]
struct Chance {
    seed: u64,
    #[serde(skip)]
    random: Option<Xoshiro256PlusPlus>,
}

impl Chance {
    const fn new(seed: u64) -> Self {
        Self { seed, random: None }
    }

    fn span(&mut self, mean: f64) -> Duration {
        let random = self.random.get_or_insert_with(|| Xoshiro256PlusPlus::seed_from_u64(self.seed));
        let exponential: f64 = Exp1.sample(random);
        // It refuses to schedule anything at the present moment.
        Duration::from_nanos(((exponential * mean) as u64).max(1))
    }
}

/// Sends messages at random.
#[derive(Serialize, Deserialize)]
struct Source {
    out: Output<u64>,
    gap: f64,
    chance: Chance,
    made: u64,
}

#[Model]
impl Source {
    #[nexosim(init)]
    #[expect(clippy::unused_async, reason = "nexosim wants it so")]
    async fn init(&mut self, cx: &Context<Self>) {
        let gap = self.chance.span(self.gap);
        cx.schedule_event(gap, schedulable!(Self::arrive), ()).expect("the moment lies ahead");
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, (): (), cx: &Context<Self>) {
        self.made += 1;
        self.out.send(self.made).await;
        let gap = self.chance.span(self.gap);
        cx.schedule_event(gap, schedulable!(Self::arrive), ()).expect("the moment lies ahead");
    }
}

/// A queue with its servers.
#[derive(Serialize, Deserialize)]
struct Station {
    out: Output<u64>,
    service: f64,
    free: u32,
    waiting: VecDeque<u64>,
    chance: Chance,
}

#[Model]
impl Station {
    fn take(&mut self, number: u64, cx: &Context<Self>) {
        if self.free > 0 {
            self.free -= 1;
            self.serve(number, cx);
        } else {
            self.waiting.push_back(number);
        }
    }

    fn serve(&mut self, number: u64, cx: &Context<Self>) {
        let service = self.chance.span(self.service);
        cx.schedule_event(service, schedulable!(Self::finish), number).expect("the moment lies ahead");
    }

    #[nexosim(schedulable)]
    async fn finish(&mut self, number: u64, cx: &Context<Self>) {
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.free += 1,
        }
        self.out.send(number).await;
    }
}

/// Counts what has ended.
#[derive(Serialize, Deserialize)]
struct End {
    #[serde(skip)]
    ended: Arc<AtomicU64>,
}

#[Model]
impl End {
    fn take(&mut self, number: u64) {
        self.ended.store(number, Ordering::Relaxed);
    }
}

/// Simulates about so many events (arrivals and ends of service) on one thread; events per second.
pub fn rate(model: heap::Model, events: u64) -> f64 {
    let messages = events / u64::from(1 + model.stations);
    let ended = Arc::new(AtomicU64::new(0));
    let mut source = Source { out: Output::default(), gap: model.gap, chance: Chance::new(1), made: 0 };
    let boxes: Vec<Mailbox<Station>> = (0..model.stations).map(|_| Mailbox::new()).collect();
    let last = Mailbox::new();
    source.out.connect(Station::take, &boxes[0]);
    let mut stations: Vec<Station> = (0..model.stations)
        .map(|number| Station {
            out: Output::default(),
            service: model.service,
            free: model.servers,
            waiting: VecDeque::new(),
            chance: Chance::new(2 + u64::from(number)),
        })
        .collect();
    for (number, station) in stations.iter_mut().enumerate() {
        match boxes.get(number + 1) {
            Some(next) => station.out.connect(Station::take, next),
            None => station.out.connect(End::take, &last),
        }
    }
    let mut bench = SimInit::with_num_threads(1).add_model(source, Mailbox::new(), "source");
    for (number, (station, mailbox)) in stations.into_iter().zip(boxes).enumerate() {
        bench = bench.add_model(station, mailbox, &format!("station {number}"));
    }
    let mut simulation =
        bench.add_model(End { ended: ended.clone() }, last, "end").init(MonotonicTime::EPOCH).expect("the models are sound");
    let span = Duration::from_nanos((messages as f64 * model.gap) as u64);
    let began = std::time::Instant::now();
    simulation.step_until(span).expect("the models do not fail");
    let took = began.elapsed().as_secs_f64();
    // Messages end in order, or nearly so with several servers.
    (ended.load(Ordering::Relaxed) * u64::from(1 + model.stations)) as f64 / took
}
