//! A node is taken out of a running graph (G12).
//!
//! Where messages go whose pipe or node was taken out (decision 10):
//! 1. A message in the receiver's input has been sent: the receiver takes it, whatever its pipe has become.
//! 2. If the receiver was taken out, the message goes back to the output that it left, in front of what waits there, and leaves through what
//!    is wired there now. If that sender was taken out too, to the nearest one before it that stays.
//! 3. What waits in the outbox of a node that was taken out goes on to its receiver.
//! 4. What a node that was taken out has begun goes back to its store; without a store, as under 2.
//! 5. What has nowhere to go is dropped as `removed`.

use super::{Pipe, Shard};
use crate::engine::station::{Health, Station};
use crate::message::Message;
use crate::node::reason::REMOVED;
use crate::node::{Behaviour, Change, Effects, Event, Fault, Flow, Form, Intake, PortRole};
use crate::units::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An output of a station: both by number.
type Place = (u32, u16);

/// Where messages go back to whose receiver was taken out, and those that are on their way there.
#[derive(Default)]
pub struct Homes {
    /// Push outputs of stations that stay, by the number they had, with the number they have; something is wired to each.
    pub outputs: BTreeMap<Place, u16>,
    /// The stations that were taken out, with the outputs that pushed into them.
    pub removed: BTreeMap<u32, Vec<Place>>,
    /// Messages that go back, oldest first, by output.
    pub back: BTreeMap<Place, Vec<Message>>,
    /// How many messages went on another way.
    pub went_on: u64,
}

impl Homes {
    /// Where a message goes back to that left this output.
    fn of(&self, output: Place) -> Option<Place> {
        let (mut open, mut seen) = (vec![output], BTreeSet::new());
        while let Some(output) = open.pop() {
            if let Some(number) = self.outputs.get(&output) {
                return Some((output.0, *number));
            }
            if let Some(before) = self.removed.get(&output.0).filter(|_| seen.insert(output.0)) {
                open.extend(before.iter().rev());
            }
        }
        None
    }

    fn lead(&mut self, home: Place, mut message: Message, now: Moment) {
        message.arrived = now;
        self.went_on += 1;
        self.back.entry(home).or_default().push(message);
    }
}

/// A node that was taken out: what was sent earlier in its name still comes back to it.
struct Gone {
    /// A store settles what it handed out. Whatever comes back to it is given up at once.
    store: Option<Box<dyn Behaviour>>,
    waited: Option<u128>,
}

impl Behaviour for Gone {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let (Some(store), Event::Settled { .. }) = (&mut self.store, &event) {
            store.on(event, fx);
            store.give_back(fx);
        }
    }

    fn intake(&self) -> Intake {
        self.store.as_ref().map_or(Intake::Plain, |store| store.intake())
    }

    fn change(&mut self, _form: &mut Form<'_>) -> Change {
        Change::Kept
    }

    fn held(&self) -> u64 {
        self.store.as_ref().map_or(0, |store| store.held())
    }

    fn waited(&self, now: Moment) -> Option<u128> {
        self.store.as_ref().map_or(self.waited, |store| store.waited(now))
    }
}

impl Shard {
    /// Takes a station out: everything inside goes where it belongs. Its counters stay, and settlements still reach it.
    pub(crate) fn empty_out(&mut self, number: u32, homes: &mut Homes) {
        self.with_station(number, |shard, station| {
            let reason: Arc<str> = "the node was taken out while the graph ran".into();
            shard.turn_away(station, homes);
            station.health = Health::Well;
            station.generation += 1;
            station.asks = 0;
            station.crashed = None;
            station.due.clear();
            shard.producing -= usize::from(std::mem::take(&mut station.producing));
            shard.empty_outbox(station, homes, &reason);
            station.account.all_served(&station.slots, shard.now);
            for (message, pipe) in station.slots.clear() {
                if let Some(pipe) = pipe {
                    shard.served_no_more(pipe);
                }
                match homes.of((number, 0)).filter(|_| message.settlement.deliveries().is_empty()) {
                    Some(home) => {
                        station.residence.record(shard.now.since(message.arrived).0);
                        homes.lead(home, message, shard.now);
                    }
                    None => shard.nack(station, message, Fault::Returned, &reason),
                }
            }
            if station.guarded(shard.now, |behaviour, fx| behaviour.give_back(fx)).is_ok() {
                shard.carry_out(station, None);
            }
            shard.empty_outbox(station, homes, &reason);
            for (pipe, message) in station.messages.take_out(|_| true) {
                shard.pipes[pipe as usize].waiting -= 1;
                shard.turn_back(station, pipe, message, homes, &reason);
            }
            // Dead letters on their way back to work here are dead letters again.
            let waiting = station.desk.as_mut().map(|desk| {
                desk.armed = None;
                std::mem::take(&mut desk.waiting)
            });
            for back in waiting.into_iter().flatten() {
                shard.collect_dead_letter(station, back.message, REMOVED, &reason);
            }
            shard.leave_behind(station);
        });
    }

    /// Nothing is sent any more to receivers that are taken out, too; they may be gone already.
    fn turn_away(&self, station: &mut Station, homes: &Homes) {
        for (port, output) in station.outputs.iter_mut().enumerate() {
            output.plain = None;
            output.pipes.retain(|pipe| !homes.removed.contains_key(&self.pipes[*pipe as usize].shape.to.0));
            output.credits.clear();
            if output.pipes.is_empty() || output.flow == Flow::Pull {
                station.rooms[port] = 0;
            }
        }
        station.wire();
    }

    /// What stays of a station that was taken out.
    fn leave_behind(&mut self, station: &mut Station) {
        let left = station.behaviour.held();
        station.counts.drop_many(REMOVED, left);
        let waited = station.behaviour.waited(self.now);
        let keeps = left == 0 && matches!(station.intake, Intake::Store { .. });
        let before = std::mem::replace(&mut station.behaviour, Box::new(Gone { store: None, waited }));
        if keeps {
            station.behaviour = Box::new(Gone { store: Some(before), waited });
        } else {
            // What a node of dead letters had collected stays counted.
            station.counts.dead_lettered += before.dead_lettered();
            if let Some(shelf) = before.shelf() {
                station.desk().shelf = shelf.clone();
            }
        }
        for output in &mut station.outputs {
            (output.pipes, output.plain, output.full) = (Vec::new(), None, false);
            output.credits.clear();
        }
        station.rooms.fill(0);
        station.wire();
        station.pulls_in.clear();
        station.waited = false;
        station.measure(self.now);
    }

    /// A consumer will not finish what it took through this pipe.
    fn served_no_more(&mut self, pipe: u32) {
        let sender = self.pipes[pipe as usize].shape.from.0;
        if let Some(store) = self.stations[sender as usize].as_mut().and_then(|sender| sender.store.as_mut()) {
            store.in_service = store.in_service.saturating_sub(1);
        }
    }

    /// What waits in the outbox of a station that was taken out goes on to its receiver.
    fn empty_outbox(&mut self, station: &mut Station, homes: &mut Homes, reason: &Arc<str>) {
        for port in 0..station.outputs.len() {
            let waiting = std::mem::take(&mut station.outputs[port].waiting);
            station.outbox -= waiting.len();
            let (pipes, role) = (station.outputs[port].pipes.clone(), station.outputs[port].role);
            let home = homes.of((station.number, 0));
            for message in waiting {
                self.send_on(station, (&pipes, role, home), message, homes, reason);
            }
        }
    }

    /// A message that has left its station's behaviour goes on through the first of these pipes whose receiver stays, else to its home.
    pub(super) fn send_on(
        &mut self,
        station: &mut Station,
        output: (&[u32], PortRole, Option<Place>),
        mut message: Message,
        homes: &mut Homes,
        reason: &Arc<str>,
    ) {
        let (pipes, role, home) = output;
        station.residence.record(self.now.since(message.arrived).0);
        message.arrived = self.now;
        let stays = |pipe: &&u32| !homes.removed.contains_key(&self.pipes[**pipe as usize].shape.to.0);
        if let Some(pipe) = pipes.iter().find(stays) {
            homes.went_on += 1;
            let size = message.size();
            self.send(station, *pipe, message, size);
        } else if role == PortRole::Error {
            self.collect_dead_letter(station, message, REMOVED, reason);
        } else if let Some(home) = home {
            homes.lead(home, message, self.now);
        } else {
            self.end_removed(station, &message, reason);
        }
    }

    /// A message in the input of a station that cannot take it any more goes back to where it came from.
    pub(super) fn turn_back(&mut self, station: &mut Station, pipe: u32, mut message: Message, homes: &mut Homes, reason: &Arc<str>) {
        let (from, flow) = (self.left_output(station, pipe), self.pipes[pipe as usize].shape.flow);
        message.arrived = self.now;
        if flow == Flow::Pull {
            self.served_no_more(pipe);
        }
        let sender = receiver_of(&mut self.stations, station, from.0);
        let failed =
            sender.as_ref().and_then(|sender| sender.outputs.get(usize::from(from.1))).is_some_and(|output| output.role == PortRole::Error);
        // A failure does not come back into the flow before the node where it failed.
        match homes.of(from).filter(|home| flow == Flow::Push && (!failed || home.0 == from.0)) {
            Some(home) => {
                if let Some(sender) = sender.filter(|sender| sender.number == home.0) {
                    never_sent(sender, 1);
                }
                homes.lead(home, message, self.now);
            }
            None if failed => self.collect_dead_letter(station, message, REMOVED, reason),
            None if flow == Flow::Free => {
                station.counts.drop(REMOVED);
                self.ended(station, &message, 2);
            }
            None => self.end_removed(station, &message, reason),
        }
    }

    /// The output that a pipe leaves, as its station numbers it now: changes since the pipe was taken out may have numbered it anew.
    fn left_output(&mut self, station: &mut Station, pipe: u32) -> Place {
        let Pipe { shape, retired, .. } = &self.pipes[pipe as usize];
        let (number, port) = shape.from;
        if !*retired {
            return (number, port);
        }
        let sender = receiver_of(&mut self.stations, station, number);
        let now = sender.and_then(|sender| (sender.kind.ports)(&sender.settings).output(&shape.id.from.port));
        (number, now.map_or(u16::MAX, |now| now as u16))
    }

    /// A message has nowhere to go: back to its store; without one it is dropped.
    fn end_removed(&mut self, station: &mut Station, message: &Message, reason: &Arc<str>) {
        if message.settlement.deliveries().is_empty() {
            station.counts.drop(REMOVED);
            self.ended(station, message, 2);
        } else {
            let settlement = message.settlement.clone();
            self.nack_deliveries(station, &settlement, Fault::Returned, reason);
        }
    }
}

/// The station with this number, if it is not the one that is out of its place.
pub(super) fn receiver_of<'a>(stations: &'a mut [Option<Box<Station>>], station: &'a mut Station, number: u32) -> Option<&'a mut Station> {
    if number == station.number { Some(station) } else { stations[number as usize].as_deref_mut() }
}

/// Messages came back to their sender: they were never sent.
pub(super) fn never_sent(sender: &mut Station, messages: u64) {
    sender.counts.sent -= messages;
    sender.counts_before.sent = sender.counts_before.sent.min(sender.counts.sent);
}
