//! Between two rounds, while every worker stands: all stations in one place, and back to their workers (G12).
//!
//! A change is made where everything is in one shard, as in a simulation, so that it is the same change with any number of workers. Then
//! the stations are dealt out again; some may go to another worker, because what a topic or a store feeds stays with it.

use super::{Place, Shard, room_came};
use crate::engine::calendar::Due;
use crate::engine::pipe::Pipe;
use crate::engine::signal::Parcel;
use crate::engine::station::Station;
use crate::expect::{Expected, Watch};
use crate::id::NodeId;
use crate::units::Moment;
use std::sync::Arc;

impl Shard {
    /// Brings the stations, pipes and calendars of all shards into the first, where a station's place is its number.
    pub(crate) fn gather(shards: &mut [Self]) {
        debug_assert!(shards.iter().all(|shard| shard.parcels.iter().all(Vec::is_empty)), "something is on its way between workers");
        shards.iter_mut().for_each(Self::catch_up);
        let newest = shards.iter().map(|shard| shard.calendar.newest()).max().unwrap_or(0);
        let count = shards[0].places.len();
        let mut stations: Vec<Option<Box<Station>>> = (0..count).map(|_| None).collect();
        let mut entries: Vec<Due> = Vec::new();
        for shard in shards.iter_mut() {
            let numbers: Vec<u32> = shard.stations().map(|station| station.number).collect();
            let own = shard.calendar.take_all(newest).into_iter();
            entries.extend(own.map(|due| Due { station: numbers[due.station as usize], ..due }));
            for mut station in std::mem::take(&mut shard.stations).into_iter().flatten() {
                station.messages.settle();
                station.signals.settle();
                let number = station.number as usize;
                stations[number] = Some(station);
            }
            shard.forget_ready();
        }
        let pipes = joined(shards);
        let first = &mut shards[0];
        first.places = (0..count as u32).map(|local| Place { shard: 0, local }).collect();
        first.stations = stations;
        first.pipes = pipes;
        first.enter_all(entries);
        first.look_at_all_returned();
    }

    /// Deals the stations, by number, out to the shards named, with their pipes and calendar entries.
    pub(crate) fn deal(shards: &mut [Self], shard_of: &[u32]) -> Arc<[Place]> {
        let mut locals = vec![0; shards.len()];
        let place = |&shard: &u32| {
            locals[shard as usize] += 1;
            Place { shard, local: locals[shard as usize] - 1 }
        };
        let places: Arc<[Place]> = shard_of.iter().map(place).collect();
        let (stations, pipes) = (std::mem::take(&mut shards[0].stations), std::mem::take(&mut shards[0].pipes));
        let newest = shards[0].calendar.newest();
        let mut entries: Vec<Vec<Due>> = vec![Vec::new(); shards.len()];
        for due in shards[0].calendar.take_all(newest) {
            let Place { shard, local } = places[due.station as usize];
            entries[shard as usize].push(Due { station: local, ..due });
        }
        for pipe in pipes {
            let (from, to) = (places[pipe.shape.from.0 as usize].shard, places[pipe.shape.to.0 as usize].shard);
            for shard in shards.iter_mut().filter(|shard| shard.number != from) {
                // Each half is used where its station is.
                shard.pipes.push(if shard.number == to { pipe.clone() } else { Pipe::new(pipe.shape.clone()) });
            }
            shards[from as usize].pipes.push(pipe);
        }
        for mut station in stations.into_iter().flatten() {
            station.messages.settle();
            station.signals.settle();
            shards[shard_of[station.number as usize] as usize].stations.push(Some(station));
        }
        for (shard, entries) in shards.iter_mut().zip(entries) {
            shard.places = places.clone();
            shard.calendar.take_all(newest);
            shard.enter_all(entries);
            shard.forget_ready();
            shard.next = (0..).zip(shard.stations()).filter(|(_, station)| station.ready).map(|(local, _)| local).collect();
            shard.producing = shard.stations().filter(|station| station.producing).count();
            shard.behind.clear();
            for (local, station) in (0..).zip(shard.stations.iter_mut().flatten()) {
                station.listed = !station.signals.is_empty();
                if station.listed {
                    shard.behind.push(local);
                }
            }
        }
        places
    }

    /// Hands over what was sent between the shards while all stand.
    pub(crate) fn exchange(shards: &mut [Self]) {
        let under_way = |shard: &mut Self| shard.parcels.iter_mut().map(std::mem::take).enumerate().collect::<Vec<_>>();
        let under_way: Vec<(usize, Vec<Parcel>)> = shards.iter_mut().flat_map(under_way).collect();
        for (to, parcels) in under_way {
            parcels.into_iter().for_each(|parcel| shards[to].accept(parcel));
        }
    }

    /// The clock of a change.
    pub(crate) fn stand_at(&mut self, now: Moment) {
        self.now = self.now.max(now);
    }

    /// Puts new stations in, after all others.
    pub(crate) fn put_in(&mut self, stations: impl Iterator<Item = Station>) {
        for station in stations {
            debug_assert!(station.number as usize == self.stations.len(), "{} has another's number", station.id);
            self.stations.push(Some(Box::new(station)));
        }
        self.places = (0..self.stations.len() as u32).map(|local| Place { shard: 0, local }).collect();
    }

    /// A station goes on under another id. Its random streams stay what they were.
    pub(crate) fn rename(&mut self, number: u32, id: &NodeId, expectations: &[Expected]) {
        if let Some(Some(station)) = self.stations.get_mut(number as usize) {
            station.id = id.clone();
            station.watch = Watch::of(expectations, id);
        }
    }

    /// Lets expectations look at what comes in from now on.
    pub(crate) fn watch_anew(&mut self, expectations: &[Expected]) {
        for station in self.stations.iter_mut().flatten() {
            station.watch = Watch::of(expectations, &station.id);
        }
    }

    /// Enters what still counts, in order; each station's entries keep their order among themselves.
    fn enter_all(&mut self, mut entries: Vec<Due>) {
        entries.sort_unstable_by_key(|due| (due.at, due.station, due.sequence));
        for due in entries {
            let station = self.stations[due.station as usize].as_mut().expect("stations are in place between rounds");
            if station.slots.counts(due.slot, due.sequence) {
                let sequence = self.calendar.enter(due.at, due.station, due.slot);
                station.slots.set_sequence(due.slot, sequence);
            }
        }
    }

    /// Senders see all that their receivers took so far.
    fn look_at_all_returned(&mut self) {
        for pipe in &mut self.pipes {
            let taken = pipe.look_at_returned();
            if taken > 0 {
                let sender = self.stations[pipe.shape.from.0 as usize].as_mut().expect("stations are in place between rounds");
                room_came(sender, pipe, taken);
            }
        }
    }
}

/// Every pipe as one record again: the sender's half and the receiver's half may lie in two shards.
fn joined(shards: &mut [Shard]) -> Vec<Pipe> {
    let places = shards[0].places.clone();
    let mut lists: Vec<_> = shards.iter_mut().map(|shard| std::mem::take(&mut shard.pipes).into_iter()).collect();
    let mut pipes = Vec::with_capacity(lists[0].len());
    loop {
        let mut halves: Vec<Option<Pipe>> = lists.iter_mut().map(Iterator::next).collect();
        let Some((from, to)) = halves[0].as_ref().map(|pipe| (pipe.shape.from.0, pipe.shape.to.0)) else { return pipes };
        let (from, to) = (places[from as usize].shard as usize, places[to as usize].shard as usize);
        let sender = halves[from].take().expect("every shard lists every pipe");
        pipes.push(match halves[to].take() {
            Some(receiver) => sender.with_receiver(receiver),
            None => sender,
        });
    }
}
