//! What a store says about itself: how many messages are where, and the figures of its deliveries.

use super::{Level, Place, Profile, Store};
use crate::node::Gauge;
use crate::units::Moment;

impl Store {
    /// How many messages are at this place.
    pub(super) const fn at(&self, place: Place) -> u64 {
        self.counts[place as usize]
    }

    /// How many messages wait here: ready, delayed, being written to the disk, locked without a consumer, or set aside.
    pub const fn waiting(&self) -> u64 {
        self.waiting
    }

    /// How many messages are handed out and not settled.
    pub const fn unsettled(&self) -> u64 {
        self.at(Place::Unsettled) + self.at(Place::Abandoned)
    }

    /// How many messages are not done with: those that wait and those handed out. What is set aside will not be done.
    pub const fn backlog(&self) -> u64 {
        self.at(Place::Ready) + self.at(Place::Delayed) + self.at(Place::Coming) + self.unsettled()
    }

    /// Reports the common figures of stores.
    pub fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        gauges.extend([
            count("ready", self.at(Place::Ready)),
            count("locked", self.unsettled()),
            count("delayed", self.at(Place::Delayed)),
            count("locks lost", self.locks_lost),
            count("late acks", self.late_acks),
            count("duplicates", self.duplicates),
            Gauge {
                name: "deliveries per message",
                value: if self.handed_out.1 == 0 { 0.0 } else { self.handed_out.0 as f64 / self.handed_out.1 as f64 },
                unit: "",
            },
            Gauge { name: "stopped keys", value: self.turns.stopped() as f64, unit: "keys" },
            Gauge { name: "oldest", value: self.oldest().map_or(0.0, |arrived| now.since(arrived).seconds()), unit: "s" },
        ]);
        self.durable_gauges(gauges);
        if self.rules.profile == Profile::JetStream {
            gauges.extend([count("set aside", self.at(Place::Aside)), count("advisories", self.advisories)]);
        }
    }

    /// When the oldest ready message arrived.
    pub(super) fn oldest(&self) -> Option<Moment> {
        let first = |level: &Level| level.numbers.iter().find_map(|&number| self.slot(number).filter(|slot| slot.place == Place::Ready));
        self.levels.iter().filter_map(first).map(|slot| slot.arrived).min()
    }
}
