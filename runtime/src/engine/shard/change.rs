//! Changed settings come into force in a running graph, and stations live on after a change of their pipes (G12).

use super::{MOST_TAKEN, Pipe, Shard, mark_ready};
use crate::engine::station::Station;
use crate::node::{Change, Event, Fan, Flow, Form, Receiver};
use crate::setting::Settings;
use crate::units::Moment;

/// What a change means for a station, once everything is in its place.
#[derive(Clone, Debug)]
pub enum Touch {
    /// It is new.
    New,
    /// It has other settings.
    Settings(Settings),
    /// Nodes behind its copying outputs are others, or have other settings.
    Receivers,
    /// Its pipes are others.
    Pipes,
}

impl Shard {
    /// Lets a station live on after a change, everything being in its place again. What became of changed settings.
    pub(crate) fn take_up(&mut self, number: u32, touch: Touch, now: Moment) -> Option<Change> {
        self.now = self.now.max(now);
        let local = self.places[number as usize].local;
        self.with_station(local, |shard, station| {
            let change = match touch {
                Touch::New => {
                    station.restart_statistics(shard.now);
                    shard.call(station, Event::Start, None);
                    None
                }
                Touch::Settings(settings) => {
                    station.settings = settings;
                    Some(shard.put_in_force(station))
                }
                Touch::Receivers => Some(shard.put_in_force(station)).filter(|change| *change == Change::Restart),
                Touch::Pipes => None,
            };
            shard.resume(station);
            shard.settle_down(station);
            if !station.messages.is_empty() {
                mark_ready(station, local, &mut shard.next);
            }
            change
        })
    }

    /// What waits at outputs that were wired anew goes out as far as there is room, and the behaviour hears of room that it lacked.
    fn resume(&mut self, station: &mut Station) {
        for port in 0..station.outputs.len() {
            if station.outputs[port].flow != Flow::Push {
                continue;
            }
            let full = std::mem::take(&mut station.outputs[port].full);
            let waiting = std::mem::take(&mut station.outputs[port].waiting);
            let waited = !waiting.is_empty();
            station.outbox -= waiting.len();
            for pipe in &station.outputs[port].pipes {
                self.pipes[*pipe as usize].set_blocked(self.now, false);
            }
            for message in waiting {
                self.emit(station, port, message);
            }
            let output = &mut station.outputs[port];
            if output.waiting.is_empty() && (waited || full) && station.rooms[port] > 0 {
                output.full = false;
                self.call(station, Event::Room(port), None);
            } else {
                output.full |= full;
            }
        }
    }

    /// Puts changed settings of a station into force (G12): what the kind can take while running it takes, else the node is restarted and
    /// what it held is given back. Settings that change its ports come with a new drawing only.
    pub fn change(&mut self, local: u32, settings: Settings, now: Moment) {
        self.now = self.now.max(now);
        let refused = self.with_station(local, |shard, station| {
            if (station.kind.ports)(&settings) != (station.kind.ports)(&station.settings) {
                let line = "these settings change the ports of the node; they come into force with the pipes that belong to them";
                shard.journal.write(now, Some(&station.id), line);
                return true;
            }
            let held = station.held();
            station.settings = settings;
            if shard.put_in_force(station) == Change::Kept {
                shard.journal.write(now, Some(&station.id), &format!("settings changed; {held} messages inside stay"));
            }
            shard.take_messages(station, MOST_TAKEN);
            shard.settle_down(station);
            false
        });
        if !refused {
            self.tell_topics(local, now);
        }
    }

    fn put_in_force(&mut self, station: &mut Station) -> Change {
        let held = station.held();
        let read = crate::engine::plan::reader(&station.folder);
        let receivers = self.receivers(station);
        let mut form = Form::new(&station.id, station.kind, &station.settings).with_files(&read).with_receivers(&receivers);
        let change = station.behaviour.change(&mut form);
        match change {
            Change::Kept => {
                self.intake_changed(station);
                self.call(station, Event::Start, None);
            }
            Change::Restart => self.restart(station, &format!("restarted for changed settings; {held} messages inside were given back")),
        }
        change
    }

    /// The nodes that the copying outputs of a station lead to, for its form. They run in the same shard (see `assemble::partition`).
    pub(super) fn receivers(&self, station: &Station) -> Vec<Receiver<'_>> {
        let mut receivers = Vec::new();
        for (output, port) in station.outputs.iter().enumerate().filter(|(_, port)| port.fan == Fan::Copy) {
            for (branch, pipe) in port.pipes.iter().enumerate() {
                let place = self.places[self.pipes[*pipe as usize].shape.to.0 as usize];
                let receiver = self.stations.get(place.local as usize).filter(|_| place.shard == self.number);
                if let Some(Some(receiver)) = receiver {
                    let (id, kind, settings) = (&receiver.id, receiver.kind, &receiver.settings);
                    receivers.push(Receiver { output, branch: branch as u32, id, kind, settings });
                }
            }
        }
        receivers
    }

    /// Lets the topics before a station read anew what it wants, after its settings have changed.
    fn tell_topics(&mut self, local: u32, now: Moment) {
        let number = self.stations[local as usize].as_ref().expect("stations are in place between activations").number;
        let before =
            |pipe: &Pipe| (pipe.shape.flow == Flow::Free && !pipe.retired && pipe.shape.to.0 == number).then_some(pipe.shape.from.0);
        let topics: Vec<u32> = self.pipes.iter().filter_map(before).collect();
        for topic in topics {
            self.take_up(topic, Touch::Receivers, now);
        }
    }
}
