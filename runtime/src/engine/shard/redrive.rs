//! Dead letters that a person puts back to work or discards.
//!
//! 1. A letter is on one shelf or nowhere: it is taken off before it goes, so that nothing is sent twice. What is asked for and no longer
//!    there is counted and said.
//! 2. It goes back to the input that it was given up by, with its id. On its way it is held; the books count it as dead-lettered no longer
//!    and enter nothing (rule 9).
//! 3. Its origin takes it only if it would keep it. A letter whose origin is gone, stopped or full stays a dead letter, and says why.
//! 4. A station that is merely busy takes it as soon as it can.
//! 5. Every act is a line in the journal: what, how many, when.

use super::{Shard, mark_ready, take::Incoming};
use crate::engine::desk::{Back, MOST_WAITING, MOST_WANTED, Returning, Wanted};
use crate::engine::signal::{Signal, source_of_station};
use crate::engine::station::{Health, Station};
use crate::letter::{self, Edited, Letter};
use crate::message::{Delivery, Settlement};
use crate::node::{Event, Intake};
use crate::units::Moment;
use std::sync::Arc;

/// Why a letter of a durable store stays where it is.
const IN_ITS_STORE: &str = "it lies in the durable store of its node: `pipewright dead-letters` moves it";

/// How many letters one activation sends back.
const MOST_AT_ONCE: usize = 1_000;

impl Shard {
    /// Starts every node but the sources, which never send anything, at this moment.
    pub fn start_silent(&mut self, now: Moment) {
        self.now = now;
        self.producing = 0;
        for local in 0..self.stations.len() as u32 {
            self.with_station(local, |shard, station| {
                if !std::mem::take(&mut station.producing) {
                    shard.call(station, Event::Start, None);
                }
                shard.settle_down(station);
            });
        }
    }

    /// A person asks for letters of this station to go back to work, each at its moment.
    pub(crate) fn redrive(&mut self, local: u32, mut wanted: Vec<Wanted>, now: Moment) {
        self.now = self.now.max(now);
        self.with_station(local, |shard, station| {
            let asked = wanted.len();
            let free = MOST_WANTED.saturating_sub(station.desk().wanted.len());
            wanted.truncate(free);
            let last = wanted.iter().map(|wanted| wanted.due).max().unwrap_or(now);
            let edited = wanted.iter().filter(|wanted| wanted.edited.is_some()).count();
            let mut line = format!("by hand: {} back to work", letters(wanted.len()));
            if edited > 0 {
                line += &format!(", {edited} of them edited");
            }
            if last > now {
                line += &format!(", the last one in {} s", last.since(now).seconds());
            }
            if wanted.len() < asked {
                line += &format!("; {} refused, because {MOST_WANTED} are under way", asked - wanted.len());
            }
            shard.journal.write(now, Some(&station.id), &line);
            let desk = station.desk();
            desk.told.clear();
            desk.wanted.extend(wanted);
            // Stable: what was asked for first goes first.
            desk.wanted.make_contiguous().sort_by_key(|wanted| wanted.due);
            let pending = desk.wanted.len() as u64;
            station.shelf_mut().acts.pending = pending;
        });
        self.wake_station(local);
    }

    /// A person discards letters of this station: they end as dropped, on purpose.
    pub(crate) fn discard(&mut self, local: u32, numbers: &[u64], now: Moment) {
        self.now = self.now.max(now);
        self.with_station(local, |shard, station| {
            if Self::lies_in_its_store(station) {
                return shard.journal.write(now, Some(&station.id), &format!("by hand: nothing discarded: {IN_ITS_STORE}"));
            }
            let shelf = station.shelf_mut();
            let taken: Vec<u64> = numbers.iter().copied().filter(|number| shelf.take(*number).is_some()).collect();
            let found = taken.len() as u64;
            let gone = numbers.len() as u64 - found;
            shelf.acts.discarded += found;
            shelf.acts.gone += gone;
            if station.keeps_its_own() {
                station.counts.taken_back += found;
            }
            if found > 0 {
                station.counts.drop_many(crate::node::reason::DISCARDED, found);
            }
            let mut line = format!("by hand: {} discarded", letters(found as usize));
            if gone > 0 {
                line += &format!("; {gone} no longer there");
            }
            shard.journal.write(now, Some(&station.id), &line);
            taken.into_iter().for_each(|number| shard.letter_left(station, number));
        });
        self.wake_station(local);
    }

    /// Whether the letters of this station lie in the durable store of the very node that gave them up. There `pipewright dead-letters` moves them,
    /// in one transaction; what is shown here is only a copy.
    fn lies_in_its_store(station: &Station) -> bool {
        let tries = station.desk.as_ref().is_some_and(|desk| desk.tries);
        station.keeps_its_own() && station.behaviour.durable() && !tries
    }

    /// Lets a station act in the next round.
    fn wake_station(&mut self, local: u32) {
        let station = self.stations[local as usize].as_mut().expect("stations are in place between activations");
        mark_ready(station, local, &mut self.next);
    }

    /// Sends back what is due, and sees that the station is woken for what is due next.
    pub(super) fn tend_desk(&mut self, station: &mut Station) {
        for _ in 0..MOST_AT_ONCE {
            let Some(desk) = &mut station.desk else { return };
            if desk.wanted.front().is_none_or(|wanted| wanted.due > self.now) {
                break;
            }
            let Some(wanted) = desk.wanted.pop_front() else { break };
            station.shelf_mut().acts.pending -= 1;
            self.send_back(station, &wanted);
            if !station.redrives() {
                self.redrive_is_over(station);
            }
        }
        let Some(desk) = &mut station.desk else { return };
        if let Some(due) = desk.wanted.front().map(|wanted| wanted.due)
            && due > self.now
            && desk.armed.is_none_or(|armed| due < armed || armed <= self.now)
        {
            desk.armed = Some(due);
            let slot = station.slots.put(crate::engine::slots::Waiting::Redrive);
            self.schedule(station, slot, due);
        }
    }

    fn redrive_is_over(&mut self, station: &mut Station) {
        let acts = &station.shelf_mut().acts;
        let line = format!("by hand: the redrive is over; in all {} sent back, {} no longer there", acts.sent, acts.gone);
        self.journal.write(self.now, Some(&station.id), &line);
    }

    /// Takes a letter off the shelf and sends it to its origin.
    fn send_back(&mut self, station: &mut Station, wanted: &Wanted) {
        let Some(letter) = station.shelf_mut().take(wanted.number) else {
            station.shelf_mut().acts.gone += 1;
            return;
        };
        station.shelf_mut().acts.sent += 1;
        if station.keeps_its_own() {
            station.counts.taken_back += 1;
        }
        let origin = letter.origin().map_err(|error| error.to_string());
        let to = origin.and_then(|origin| {
            if Self::lies_in_its_store(station) {
                return Err(IN_ITS_STORE.to_owned());
            }
            self.directory.get(&origin.node).copied().ok_or_else(|| format!("its origin `{}` is not in this graph", origin.node))
        });
        match to {
            Ok(to) => {
                let returning = Returning { keeper: station.number, letter, edited: wanted.edited.clone() };
                let source = source_of_station(station.number);
                self.signal(station, to, source, Signal::Redriven(Box::new(returning)));
            }
            Err(why) => self.stays(station, letter, &why.into()),
        }
    }

    /// A letter that could not go back is on its shelf again.
    pub(super) fn stays(&mut self, station: &mut Station, letter: Arc<Letter>, why: &Arc<str>) {
        let shelf = station.shelf_mut();
        let let_go = shelf.put_back(letter);
        shelf.acts.sent -= 1;
        shelf.acts.stayed += 1;
        shelf.acts.why = Some(why.clone());
        if station.keeps_its_own() {
            station.counts.taken_back -= 1;
        }
        let desk = station.desk();
        if !desk.told.contains(why) && desk.told.len() < 8 {
            desk.told.push(why.clone());
            self.journal.write(self.now, Some(&station.id), &format!("by hand: stays a dead letter: {why}"));
        }
        let_go.into_iter().for_each(|number| self.letter_left(station, number));
    }

    /// A letter has come back to this station, which gave it up.
    pub(super) fn redriven(&mut self, station: &mut Station, returning: Returning) {
        match Self::input_for(station, &returning.letter, returning.edited.as_deref()) {
            Err(why) => {
                let source = source_of_station(station.number);
                self.signal(station, returning.keeper, source, Signal::Stays(returning.letter, why));
            }
            Ok(input) => {
                let mut message = returning.letter.message.clone();
                let at = station.identity.epoch.saturating_add(self.now.0);
                letter::back_to_work(&mut message, returning.edited.as_deref(), at);
                let (keeper, number) = (returning.keeper, returning.letter.number);
                station.desk().waiting.push_back(Back { input, message, keeper, number });
                self.take_redriven(station);
            }
        }
    }

    /// The input that a letter comes back to, if the station can take it; if not, why.
    fn input_for(station: &Station, letter: &Letter, edited: Option<&Edited>) -> Result<u16, Arc<str>> {
        let origin = letter.origin().map_err(|error| error.to_string())?;
        let input = (station.kind.ports)(&station.settings).input(&origin.port);
        let input = input.ok_or_else(|| format!("`{}` has no input `{}`", origin.node, origin.port))?;
        if let Health::Stopped { error, .. } = &station.health {
            return Err(format!("`{}` has stopped: {error}", origin.node).into());
        }
        if station.intake == (Intake::Store { closed: true }) {
            return Err(format!("`{}`: it is full", origin.node).into());
        }
        if station.waiting_back() >= MOST_WAITING as u64 {
            return Err(format!("`{}`: {MOST_WAITING} wait there already", origin.node).into());
        }
        // As it will come in: an edit may make it larger.
        let mut message = letter.message.clone();
        letter::back_to_work(&mut message, edited, 0);
        station.behaviour.takes_back(input, &message).map_err(|why| format!("`{}`: {why}", origin.node))?;
        Ok(input as u16)
    }

    /// Takes in messages put back to work, as far as the station can.
    pub(super) fn take_redriven(&mut self, station: &mut Station) {
        while station.may_take() {
            let Some(back) = station.desk.as_mut().and_then(|desk| desk.waiting.pop_front()) else { return };
            let Back { input, mut message, keeper, number } = back;
            message.arrived = self.now;
            station.counts.received += 1;
            station.input = input;
            // A store that keeps messages on the disk accepts this one when it is there; until then it stays on the disk where it was, so that the
            // end of the program between the two loses nothing.
            let accepts_later = station.behaviour.durable() && keeper != station.number;
            if accepts_later {
                message.settlement = Settlement::One(Delivery { origin: keeper, attempt: Delivery::GIVEN_UP, number });
            }
            let incoming = Incoming { pipe: None, settlement: message.settlement.clone(), tracked: None, arrived: self.now };
            self.call(station, Event::Message(usize::from(input), message), Some(&incoming));
            if !accepts_later {
                let source = source_of_station(station.number);
                self.signal(station, keeper, source, Signal::Taken(number));
            }
        }
    }

    /// Tells a node that collects dead letters that one of them has left for good.
    pub(super) fn letter_left(&mut self, station: &mut Station, number: u64) {
        if !station.keeps_its_own() {
            let now = self.now;
            match station.guarded(now, |behaviour, fx| behaviour.letter_left(number, fx)) {
                Ok(()) => self.carry_out(station, None),
                Err(error) => self.broke(station, &error, None),
            }
        }
    }
}

/// `1 dead letter`, `37 dead letters`.
fn letters(count: usize) -> String {
    format!("{count} dead letter{}", if count == 1 { "" } else { "s" })
}
