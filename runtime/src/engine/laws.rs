//! Little's law and the utilisation law at the end of a run, live too: what each station counted, held against each message's own times.
//!
//! It holds at every station with servers (consumer pools, delays, throttles) for what they hold and what waits in their outbox, and at
//! every store for what waits there. A station that asks the outside keeps messages itself while it waits for answers, out of sight of
//! the engine's stamps; it is left out.

use super::assemble::Names;
use super::shard::Shard;
use super::slots::Slots;
use super::station::Station;
use crate::node::Intake;
use crate::telemetry::laws::{Law, Laws};
use crate::telemetry::snapshot::Books;
use crate::units::Moment;
use indexmap::IndexMap;

/// What a station adds up message by message.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// Nanoseconds of all holds that have ended.
    served: u128,
    /// The times when the warm-up ended.
    pub before: Times,
    /// Whether it ever asked the outside.
    pub asked: bool,
}

impl Account {
    /// A hold has ended.
    #[inline]
    pub fn served(&mut self, since: Moment, now: Moment) {
        self.served += u128::from(now.since(since).0);
    }

    /// Every hold is cut off, as on a restart.
    pub fn all_served(&mut self, slots: &Slots, now: Moment) {
        slots.held().for_each(|(_, since)| self.served(since, now));
    }
}

/// Nanoseconds summed over messages, up to some moment. Those inside count with their part so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Times {
    /// In holds, ended or not.
    served: u128,
    /// Waiting in a store, those that have left included.
    waited: u128,
    /// Since they were taken in: of those held or in the outbox only.
    inside: u128,
}

impl Times {
    /// The times of a station up to `now`. Walks what is inside.
    pub fn of(station: &Station, now: Moment) -> Self {
        let since = |moment: Moment| u128::from(now.since(moment).0);
        let open: u128 = station.slots.held().map(|(_, begun)| since(begun)).sum();
        let held = station.slots.held().map(|(message, _)| message);
        let leaving = station.outputs.iter().flat_map(|output| &output.waiting);
        Self {
            served: station.account.served + open,
            waited: station.behaviour.waited(now).unwrap_or(0),
            inside: held.chain(leaving).map(|message| since(message.arrived)).sum(),
        }
    }
}

/// The laws over these shards, which stand still at `now`.
pub fn laws(names: &Names, shards: &[Shard], books: &Books, now: Moment) -> Laws {
    let (mut little, mut utilisation) = (IndexMap::new(), IndexMap::new());
    for station in shards.iter().flat_map(Shard::stations) {
        // A node that was taken out, and perhaps put in again under the same id, is held to the laws as any other.
        let id =
            || if names.has(station) { station.id.to_string() } else { format!("{} (taken out, number {})", station.id, station.number) };
        let (before, after) = (station.account.before, Times::of(station, now));
        if let Some(store) = &station.store {
            little.insert(id(), Law::of(store.depth.integral(now), after.waited - before.waited));
        }
        if matches!(station.intake, Intake::Servers { .. }) && !station.account.asked {
            let (busy, blocked) = (station.busy.integral(now), station.blocked.integral(now));
            little.insert(id(), Law::of(busy + blocked + before.inside, station.residence.sum() + after.inside));
            utilisation.insert(id(), Law::of(busy, after.served - before.served));
        }
    }
    little.sort_keys();
    utilisation.sort_keys();
    Laws::of(books, little, utilisation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sim::{Simulation, SimulationOptions};
    use crate::engine::trial::{exponential, graph, number, plan, text, word};
    use crate::graph::Graph;
    use crate::units::Span;

    /// Retries with delays, expiry, overflow, failures, two pools of which one is held back by a throttle, and a delay.
    fn busy_graph() -> Graph {
        graph(
            &[
                ("in", "generator", &[("arrivals", word("poisson")), ("rate", text("100/s")), ("payload", text("{}"))]),
                (
                    "work",
                    "queue",
                    &[
                        ("capacity", number(40)),
                        ("when_full", word("drop_oldest")),
                        ("time_to_live", text("300 ms")),
                        ("retry", word("exponential")),
                        ("retry_delay", text("70 ms")),
                        ("lock", text("120 ms")),
                    ],
                ),
                ("desk", "consumer_pool", &[("servers", number(3)), ("service", exponential("40 ms")), ("failure_share", 0.3.into())]),
                ("aside", "consumer_pool", &[("servers", number(2)), ("prefetch", number(2)), ("service", exponential("15 ms"))]),
                ("slow", "throttle", &[("rate", text("40/s")), ("burst", number(1))]),
                ("later", "delay", &[]),
                ("end", "sink", &[]),
            ],
            &[
                "in.out -> work.in",
                "work.out -> desk.in",
                "work.out -> aside.in",
                "aside.out -> slow.in @ 1",
                "slow.out -> end.in",
                "desk.out -> later.in",
                "later.out -> end.in",
            ],
        )
    }

    fn run(warm_up: Span, until: Moment) -> Simulation {
        let options = SimulationOptions { warm_up, ..SimulationOptions::default() };
        let mut simulation = Simulation::new(plan(&busy_graph(), 3), &options);
        simulation.advance(until, u64::MAX);
        simulation
    }

    #[test]
    fn laws_hold_to_the_nanosecond_wherever_a_run_is_cut() {
        for (warm_up, until) in [(0, 7_000_000_001), (3_333_333_333, 9_876_543_210), (2_000_000_000, 2_000_000_001)] {
            let laws = run(Span(warm_up), Moment(until)).report(Span::ZERO, "until").laws;
            assert!(laws.hold, "{:?}", laws.breaches());
            assert_eq!(laws.little.keys().collect::<Vec<_>>(), ["aside", "desk", "later", "slow", "work"]);
            assert_eq!(laws.utilisation.len(), 4);
            assert!(until - warm_up < 1_000 || laws.little.values().chain(laws.utilisation.values()).all(|law| law.by_number_s > 0.01));
        }
    }

    #[test]
    fn a_nanosecond_or_a_message_too_many_is_seen() {
        let told = |wrong: &dyn Fn(&mut Station)| {
            let mut simulation = run(Span::ZERO, Moment(5_000_000_000));
            let shard = simulation.shard();
            wrong(shard.stations.iter_mut().flatten().find(|station| station.id.as_str() == "desk").expect("it is there"));
            let names = simulation.names().clone();
            let shards = std::slice::from_ref(simulation.shard());
            let laws = laws(&names, shards, &crate::engine::summary::books(shards), Moment(5_000_000_000));
            laws.breaches().into_iter().map(|(_, words)| words).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(&|_| {}), "");
        assert!(told(&|desk| desk.account.served += 1).contains("the utilisation law does not hold at `desk`"));
        assert!(told(&|desk| desk.residence.record(1)).contains("Little's law does not hold at `desk`"));
        assert!(told(&|desk| desk.busy.add(Moment(5_000_000_000 - 1), 1)).contains("the utilisation law"));
        assert!(told(&|desk| desk.counts.delivered += 1).contains("1 messages were made in silence"));
    }
}
