//! The ledger against a plain list that does the same slowly: random operations, the same answers.

use crate::message::Settlement;
use crate::node::{Script, Verdict};
use crate::nodes::queue::queue::QUEUE;
use crate::setting::Setting;
use proptest::prelude::*;
use serde_json::json;

#[derive(Clone, Copy, Debug)]
enum Step {
    Send { priority: u8 },
    Grant(u8),
    Ack(u8),
    Nack(u8),
    Renew(u8),
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..3).prop_map(|priority| Step::Send { priority }),
        3 => (1_u8..4).prop_map(Step::Grant),
        3 => any::<u8>().prop_map(Step::Ack),
        2 => any::<u8>().prop_map(Step::Nack),
        1 => any::<u8>().prop_map(Step::Renew),
        3 => (0_u8..6).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Ready,
    /// Until when, and the order of coming there.
    Delayed(u64, u64),
    Locked(u64, u64),
    Gone,
}

#[derive(Clone, Debug)]
struct Entry {
    number: i64,
    priority: u8,
    place: Place,
    attempt: u32,
    expires: u64,
    /// Position in the order of becoming ready; the head counts downwards.
    rank: i64,
}

/// The rules of the test, in whole seconds.
#[derive(Clone, Copy, Debug)]
struct Setup {
    capacity: usize,
    drop_oldest: bool,
    lifo: bool,
    to_head: bool,
    lock: u64,
    live: u64,
    delay: u64,
    retry: u64,
    most: u32,
}

fn setup() -> impl Strategy<Value = Setup> {
    (1_usize..8, any::<[bool; 3]>(), 0_u64..5, 0_u64..9, 0_u64..3, 0_u64..3, 0_u32..4).prop_map(
        |(capacity, [drop_oldest, lifo, to_head], lock, live, delay, retry, most)| Setup {
            capacity,
            drop_oldest,
            lifo,
            to_head,
            lock,
            live,
            delay,
            retry,
            most,
        },
    )
}

struct Model {
    setup: Setup,
    now: u64,
    credit: usize,
    entries: Vec<Entry>,
    rank: i64,
    stamp: u64,
    /// What left, and in which attempt; what was dropped; what became a dead letter.
    left: Vec<(i64, u32)>,
    dropped: Vec<i64>,
    dead: Vec<i64>,
}

impl Model {
    fn ready(&mut self, at: usize, returned: bool) {
        self.rank += 1;
        // Taken from the low end first in, first out; from the high end last in, first out.
        let front = if self.setup.lifo { returned && !self.setup.to_head } else { returned && self.setup.to_head };
        let entry = &mut self.entries[at];
        entry.place = Place::Ready;
        entry.rank = if front { -self.rank } else { self.rank };
    }

    fn end(&mut self, at: usize, dead: bool) {
        let entry = &mut self.entries[at];
        entry.place = Place::Gone;
        if dead { self.dead.push(entry.number) } else { self.dropped.push(entry.number) }
    }

    fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.place, Place::Ready | Place::Delayed(..))).count()
    }

    fn best(&self, oldest: bool) -> Option<usize> {
        let ready = (0..self.entries.len()).filter(|at| self.entries[*at].place == Place::Ready);
        ready.min_by_key(|at| {
            let Entry { priority, rank, .. } = self.entries[*at];
            let class = if oldest { i64::from(priority) } else { -i64::from(priority) };
            (class, if self.setup.lifo && !oldest { -rank } else { rank })
        })
    }

    fn send(&mut self, number: i64, priority: u8) {
        let expires = if self.setup.live > 0 { self.now + self.setup.live } else { u64::MAX };
        self.entries.push(Entry { number, priority, place: Place::Gone, attempt: 0, expires, rank: 0 });
        let at = self.entries.len() - 1;
        // More than one may have to go: what came back stands above the capacity.
        while self.waiting() >= self.setup.capacity {
            match self.best(true).filter(|_| self.setup.drop_oldest) {
                Some(oldest) => self.end(oldest, false),
                None => return self.end(at, false),
            }
        }
        if self.setup.delay > 0 {
            self.entries[at].place = Place::Delayed(self.now + self.setup.delay, self.stamp());
        } else {
            self.ready(at, false);
        }
        self.hand_out();
    }

    fn hand_out(&mut self) {
        while self.credit > 0 {
            let Some(at) = self.best(false) else { return };
            self.credit -= 1;
            let until = if self.setup.lock > 0 { self.now + self.setup.lock } else { u64::MAX };
            let stamp = self.stamp();
            let entry = &mut self.entries[at];
            entry.attempt += 1;
            entry.place = Place::Locked(until, stamp);
            self.left.push((entry.number, entry.attempt));
        }
    }

    fn failed(&mut self, at: usize, delay: u64) {
        let stamp = self.stamp();
        let entry = &mut self.entries[at];
        if self.setup.most > 0 && entry.attempt >= self.setup.most || entry.expires <= self.now {
            self.end(at, true);
        } else if delay > 0 {
            entry.place = Place::Delayed(self.now + delay, stamp);
        } else {
            self.ready(at, true);
        }
    }

    fn current(&self, (number, attempt): (i64, u32)) -> Option<usize> {
        self.entries.iter().position(|entry| entry.number == number && entry.attempt == attempt && matches!(entry.place, Place::Locked(..)))
    }

    const fn stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    /// The entries whose time is over, in order.
    fn due(&self, time: impl Fn(Place) -> Option<(u64, u64)>) -> Vec<usize> {
        let mut due: Vec<_> = (0..self.entries.len()).filter_map(|at| Some((time(self.entries[at].place)?, at))).collect();
        due.retain(|((until, _), _)| *until <= self.now);
        due.sort_unstable();
        due.into_iter().map(|(_, at)| at).collect()
    }

    /// One second after another; within one: locks in order of their ends, then delays, then expiries.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            for at in self.due(|place| if let Place::Locked(until, stamp) = place { Some((until, stamp)) } else { None }) {
                self.failed(at, 0);
            }
            for at in self.due(|place| if let Place::Delayed(until, stamp) = place { Some((until, stamp)) } else { None }) {
                self.ready(at, false);
            }
            for at in 0..self.entries.len() {
                if matches!(self.entries[at].place, Place::Ready | Place::Delayed(..)) && self.entries[at].expires <= self.now {
                    self.end(at, true);
                }
            }
            self.hand_out();
        }
    }
}

fn script(setup: Setup) -> Script {
    let span = |seconds: u64| Setting::text(format!("{seconds} s"));
    let mut settings: Vec<(&str, Setting)> = vec![
        ("capacity", (setup.capacity as i64).into()),
        ("when_full", if setup.drop_oldest { "drop_oldest" } else { "drop_newest" }.into()),
        ("order", if setup.lifo { "lifo" } else { "fifo" }.into()),
        ("returned_to", if setup.to_head { "head" } else { "tail" }.into()),
        ("lock", span(setup.lock)),
        ("delay", span(setup.delay)),
        ("max_deliveries", i64::from(setup.most).into()),
    ];
    if setup.live > 0 {
        settings.push(("time_to_live", span(setup.live)));
    }
    if setup.retry > 0 {
        settings.extend([("retry", "fixed".into()), ("retry_delay", span(setup.retry))]);
    }
    Script::new(&QUEUE, settings).room("out", 0)
}

fn numbers(ended: &[crate::node::script::Ended]) -> Vec<i64> {
    let mut numbers: Vec<i64> = ended.iter().map(|end| end.message.payload.value().expect("JSON").as_i64().expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_ledger_does_as_a_plain_list_would(setup in setup(), steps in steps()) {
        let mut script = script(setup);
        let mut model =
            Model { setup, now: 0, credit: 0, entries: vec![], rank: 0, stamp: 0, left: vec![], dropped: vec![], dead: vec![] };
        let mut settled: Vec<bool> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            settled.resize(script.seen().left.len(), false);
            // Each instance that was handed out ends once.
            let open: Vec<usize> = (0..settled.len()).filter(|at| !settled[*at]).collect();
            let chosen = |choice: u8| (!open.is_empty()).then(|| open[usize::from(choice) % open.len()]);
            match step {
                Step::Send { priority } => {
                    let mut message = script.message(json!(number));
                    message.priority = priority;
                    script.send_message("in", message);
                    model.send(number as i64, priority);
                }
                Step::Grant(more) => {
                    script.grant("out", usize::from(more));
                    model.credit += usize::from(more);
                    model.hand_out();
                }
                Step::Ack(choice) => if let Some(at) = chosen(choice) {
                    settled[at] = true;
                    script.settle(at, Verdict::Ack);
                    if let Some(entry) = model.current(model.left[at]) {
                        model.entries[entry].place = Place::Gone;
                    }
                },
                Step::Nack(choice) => if let Some(at) = chosen(choice) {
                    settled[at] = true;
                    script.nack(at);
                    if let Some(entry) = model.current(model.left[at]) {
                        model.failed(entry, setup.retry);
                        model.hand_out();
                    }
                },
                Step::Renew(choice) => if let Some(at) = chosen(choice) {
                    script.renew(at);
                    let until = model.now + setup.lock;
                    if let Some(entry) = model.current(model.left[at]).filter(|_| setup.lock > 0) {
                        model.entries[entry].place = Place::Locked(until, model.stamp());
                    }
                },
                Step::Wait(seconds) => {
                    model.pass(u64::from(seconds));
                    script.at(&format!("{} s", model.now));
                }
            }
            let left: Vec<(i64, u32)> = script.seen().left.iter().map(|left| {
                let Settlement::One(delivery) = left.message.settlement else { panic!("no delivery") };
                (left.message.payload.value().expect("JSON").as_i64().expect("a number"), delivery.attempt)
            }).collect();
            prop_assert_eq!(&left, &model.left, "what left, after {:?}", step);
            model.dropped.sort_unstable();
            model.dead.sort_unstable();
            prop_assert_eq!(numbers(&script.seen().dropped), model.dropped.clone(), "what was dropped, after {:?}", step);
            prop_assert_eq!(numbers(&script.seen().dead_lettered), model.dead.clone(), "what died, after {:?}", step);
            prop_assert_eq!(script.held() as usize, model.waiting(), "what waits, after {:?}", step);
        }
    }
}
