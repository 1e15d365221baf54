//! A node that dies with all it holds, or takes less than before: what stores have handed out to it goes back, and so does its credit.

use super::Shard;
use crate::engine::signal::{Signal, source_of_pipe};
use crate::engine::station::Station;
use crate::node::{Answer, Fault, Ticket};
use std::sync::Arc;

impl Shard {
    /// All that the station holds, and all that stores have handed out to it, goes back (G4). It lives on.
    pub(super) fn crash(&mut self, station: &mut Station, error: &Arc<str>) {
        station.account.all_served(&station.slots, self.now);
        for (message, pipe) in station.slots.take_holds() {
            if let Some(pipe) = pipe {
                self.pipes[pipe as usize].finished += 1;
            }
            self.nack(station, message, Fault::Crashed, error);
        }
        self.give_back_waiting(station, error);
        // What stores hand out in this very round, not knowing yet, is seen in the next.
        station.crashed = Some(error.clone());
    }

    /// What stores have handed out to a station that died, and what it has not begun, goes back.
    pub(super) fn give_back_waiting(&mut self, station: &mut Station, error: &Arc<str>) {
        let pulls = station.pulls_in.clone();
        for (pipe_number, mut message) in station.messages.take_where(self.round, |pipe| pulls.contains(&pipe)) {
            // As if it had been taken and given back within the instant: the pipe's figures see it pass.
            message.arrived = self.now;
            station.counts.received += 1;
            let pipe = &mut self.pipes[pipe_number as usize];
            pipe.waiting -= 1;
            if pipe.taken == 0 {
                station.touched.push(pipe_number);
            }
            pipe.taken += 1;
            pipe.outstanding = pipe.outstanding.saturating_sub(1);
            pipe.finished += 1;
            self.nack(station, message, Fault::Crashed, error);
        }
    }

    /// The station takes in more or less than before. Credit that it has given for more than it takes now, it takes back (G3).
    pub(super) fn intake_changed(&mut self, station: &mut Station) {
        station.take_up_intake(self.now);
        for index in 0..station.pulls_in.len() {
            let pipe_number = station.pulls_in[index];
            let window = self.window(station, pipe_number);
            let pipe = &mut self.pipes[pipe_number as usize];
            if pipe.outstanding > window && !pipe.revoking {
                pipe.revoking = true;
                let store = pipe.shape.from.0;
                self.signal(station, store, source_of_pipe(pipe_number), Signal::Revoked { pipe: pipe_number });
            }
        }
    }

    /// A consumer takes back what it has left of its credit: what was handed out for it already stays handed out.
    pub(super) fn revoked(&mut self, station: &mut Station, pipe_number: u32) {
        let (to, (_, port)) = (self.pipes[pipe_number as usize].shape.to.0, self.pipes[pipe_number as usize].shape.from);
        let port = usize::from(port);
        let credits = &mut station.outputs[port].credits;
        let credit: u32 = credits.iter().filter(|(pipe, _)| *pipe == pipe_number).map(|(_, credit)| credit).sum();
        credits.retain(|(pipe, _)| *pipe != pipe_number);
        station.rooms[port] = station.rooms[port].saturating_sub(credit as usize);
        let source = Self::source(station);
        self.signal(station, to, source, Signal::CreditBack { pipe: pipe_number, credit });
    }

    /// The store has said how much credit was left; from now on there may be new.
    pub(super) fn credit_back(&mut self, pipe_number: u32, credit: u32) {
        let pipe = &mut self.pipes[pipe_number as usize];
        pipe.outstanding = pipe.outstanding.saturating_sub(credit);
        pipe.revoking = false;
    }

    /// A node asks the stores it takes from how much there is to do. One that takes from none looks at what waits before itself.
    pub(super) fn ask_stores(&mut self, station: &mut Station, ticket: Ticket) {
        // A pipe that was taken out leads to no store any more (G12).
        let there = |pipe: &&u32| !self.pipes[**pipe as usize].retired;
        let pulls = station.pulls_in.iter().filter(there);
        let mut stores: Vec<(u32, u32)> = pulls.map(|pipe| (self.pipes[*pipe as usize].shape.from.0, *pipe)).collect();
        stores.sort_unstable();
        stores.dedup_by_key(|(store, _)| *store);
        let generation = station.generation;
        if stores.is_empty() {
            let messages = (station.messages.visible(self.round) + station.slots.holds()) as u64;
            let answer = Box::new(Answer::Backlog { messages, stores: 1 });
            let source = Self::source(station);
            station.asks += 1;
            return self.signal(station, station.number, source, Signal::Answer { ticket, generation, answer });
        }
        for (store, pipe) in &stores {
            station.asks += 1;
            let asked = Signal::CountAsked { station: station.number, ticket, generation, stores: stores.len() as u32 };
            self.signal(station, *store, source_of_pipe(*pipe), asked);
        }
    }

    /// A store says how much there is to do.
    pub(super) fn count_asked(&mut self, station: &mut Station, asker: u32, ticket: Ticket, generation: u32, stores: u32) {
        let answer = Box::new(Answer::Backlog { messages: station.behaviour.backlog(), stores });
        let source = Self::source(station);
        self.signal(station, asker, source, Signal::Answer { ticket, generation, answer });
    }
}
