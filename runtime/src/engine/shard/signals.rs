//! Signals on their way to stations and into them, and those that stores need not be woken for.

use super::{Shard, mark_ready};
use crate::engine::signal::{Parcel, Signal};
use crate::engine::station::Station;

impl Shard {
    /// Sends a signal to a station, wherever it runs.
    pub(crate) fn signal(&mut self, from: &mut Station, to: u32, source: u32, signal: Signal) {
        let place = self.places[to as usize];
        if place.shard != self.number {
            return self.parcels[place.shard as usize].push(Parcel::Signal { station: to, source, signal });
        }
        let station = match &mut self.stations[place.local as usize] {
            _ if to == from.number => from,
            Some(station) => station,
            None => unreachable!("only one station is out of its place"),
        };
        if put_signal(station, self.round, source, signal) {
            mark_ready(station, place.local, &mut self.next);
        } else {
            list(station, place.local, &mut self.behind);
        }
    }

    /// Puts in a signal that came from elsewhere.
    pub(super) fn accept_signal(&mut self, local: u32, source: u32, signal: Signal) {
        let station = self.stations[local as usize].as_mut().expect("stations are in place between rounds");
        if put_signal(station, self.round, source, signal) {
            mark_ready(station, local, &mut self.next);
        } else {
            list(station, local, &mut self.behind);
        }
    }

    /// Takes the signals of earlier rounds. Acknowledgements in a row are taken together.
    pub(super) fn take_signals(&mut self, station: &mut Station) {
        for _ in 0..station.signals.visible(self.round) {
            let Some((_, signal)) = station.signals.take() else { break };
            station.pressing -= usize::from(!signal.can_wait());
            match signal {
                Signal::Closed { number, attempt } => self.acks.push((number, attempt)),
                // It is no event for a store, and has nothing to do with what was acknowledged.
                Signal::Granted { pipe, granted, finished } if station.store.is_some() => {
                    self.granted(station, pipe, granted, finished);
                }
                signal => {
                    self.take_gathered_acks(station);
                    self.take_signal(station, signal);
                }
            }
        }
        self.take_gathered_acks(station);
    }

    /// Takes the acknowledgements in a row that have come so far.
    fn take_gathered_acks(&mut self, station: &mut Station) {
        if !self.acks.is_empty() {
            let mut acks = std::mem::take(&mut self.acks);
            self.take_acks(station, &mut acks);
            self.acks = acks;
        }
    }

    /// Lets stores take the acknowledgements that wait there ([`crate::node::Behaviour::acks_wait`]): before anybody looks at figures, and before a
    /// change. Between two rounds only.
    pub fn catch_up(&mut self) {
        self.round += u64::from(!self.behind.is_empty());
        while let Some(local) = self.behind.pop() {
            self.with_station(local, |shard, station| {
                station.listed = false;
                // What must act does so in the next round, and takes them then.
                if !station.is_pressed() && !station.signals.is_empty() {
                    shard.take_signals(station);
                    shard.settle_down(station);
                }
            });
        }
    }
}

/// Puts a signal to the others of a station. Whether the station must act on it.
fn put_signal(station: &mut Station, round: u64, source: u32, signal: Signal) -> bool {
    let waits = signal.can_wait();
    station.pressing += usize::from(!waits);
    station.signals.put(round, source, signal);
    !(waits && station.acks_wait)
}

/// Puts a station into the list of those where acknowledgements may wait, once.
fn list(station: &mut Station, local: u32, behind: &mut Vec<u32>) {
    if !std::mem::replace(&mut station.listed, true) {
        behind.push(local);
    }
}
