//! A node that stays in a running graph is wired anew (G12): other pipes, other ports, other bounds of pipes.

use super::Shard;
use super::removal::{Homes, never_sent, receiver_of};
use crate::engine::assemble::UNBOUNDED_ROOM;
use crate::engine::station::{Output, Station};
use crate::message::Message;
use crate::node::{Fan, Flow, Ports};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a station that stays is wired from now on. Pipes by their numbers in the run.
pub struct Wiring {
    /// The station.
    pub station: u32,
    /// Its ports under its new settings.
    pub ports: Ports,
    /// The pipes that leave it, with the output, in order of their ids.
    pub leaving: Vec<(u16, u32)>,
    /// The pull pipes that come in, in order of their ids.
    pub pulls: Vec<u32>,
    /// Pipes that led into it and were taken out.
    pub came: Vec<u32>,
    /// Pipes that leave it and have other bounds now.
    pub resized: BTreeSet<u32>,
}

impl Shard {
    /// Wires a station that stays anew. What waits at an output stays there.
    pub(crate) fn rewire(&mut self, wiring: &Wiring, homes: &mut Homes) {
        self.with_station(wiring.station, |shard, station| {
            let reason: Arc<str> = "the pipe was taken out while the graph ran".into();
            let ports_before = (station.kind.ports)(&station.settings);
            let mut before: Vec<Option<Output>> = std::mem::take(&mut station.outputs).into_iter().map(Some).collect();
            for port in &wiring.ports.outputs {
                let mut output = Output::of(port);
                if let Some(was) = ports_before.output(&port.name).and_then(|at| before.get_mut(at)?.take()) {
                    (output.pipes, output.waiting, output.full, output.credits) = (was.pipes, was.waiting, was.full, was.credits);
                }
                station.outputs.push(output);
            }
            station.error_port = wiring.ports.error();
            for was in before.into_iter().flatten() {
                station.outbox -= was.waiting.len();
                for message in was.waiting {
                    shard.send_on(station, (&was.pipes, was.role, None), message, homes, &reason);
                }
            }
            station.rooms = vec![0; station.outputs.len()];
            for port in 0..station.outputs.len() {
                shard.rewire_output(station, port, wiring, homes);
            }
            station.wire();
            let mut pulls: Vec<u32> = station.pulls_in.iter().copied().filter(|pipe| shard.still_pulls(station, *pipe)).collect();
            pulls.extend(wiring.pulls.iter().filter(|pipe| !station.pulls_in.contains(pipe)));
            station.pulls_in = pulls;
        });
    }

    /// Inputs may have other numbers now; what came in at one that is no more goes back. Before any station is wired anew.
    pub(crate) fn repoint(&mut self, wiring: &Wiring, homes: &mut Homes) {
        self.with_station(wiring.station, |shard, station| {
            let reason: Arc<str> = "the input was taken out while the graph ran".into();
            let mut retired: BTreeSet<u32> = station.messages.sourced().map(|(source, _)| source).collect();
            retired.extend(&wiring.came);
            retired.retain(|pipe| shard.pipes[*pipe as usize].retired);
            for source in retired {
                let pipe = &mut shard.pipes[source as usize];
                if let Some(input) = wiring.ports.input(&pipe.shape.id.to.port) {
                    pipe.shape.to.1 = input as u16;
                    continue;
                }
                for (pipe, message) in station.messages.take_out(|other| other == source) {
                    shard.pipes[pipe as usize].waiting -= 1;
                    shard.turn_back(station, pipe, message, homes, &reason);
                }
            }
        });
    }

    fn rewire_output(&mut self, station: &mut Station, port: usize, wiring: &Wiring, homes: &mut Homes) {
        let leaving: Vec<u32> = wiring.leaving.iter().filter(|(at, _)| usize::from(*at) == port).map(|(_, pipe)| *pipe).collect();
        let mut pipes: Vec<u32> = station.outputs[port].pipes.iter().copied().filter(|pipe| leaving.contains(pipe)).collect();
        pipes.extend(leaving.iter().filter(|pipe| !station.outputs[port].pipes.contains(pipe)));
        let flow = station.outputs[port].flow;
        // Oldest first: what was nearest to its receiver, then what waited here.
        let mut back: Vec<Message> = homes.back.remove(&(station.number, port as u16)).unwrap_or_default();
        for &pipe in pipes.iter().filter(|_| flow == Flow::Push) {
            if wiring.resized.contains(&pipe) {
                back.extend(self.take_back(station, pipe));
            }
            let sizes = self.bytes_in(station, pipe);
            let pipe = &mut self.pipes[pipe as usize];
            pipe.credits = pipe.shape.capacity.saturating_sub(pipe.waiting);
            pipe.bytes_inside = sizes;
        }
        station.outbox += back.len();
        let output = &mut station.outputs[port];
        for message in back.into_iter().rev() {
            output.waiting.push_front(message);
        }
        output.credits.retain(|(pipe, _)| pipes.contains(pipe));
        output.plain = match pipes.as_slice() {
            [pipe] if output.fan != Fan::Copy && flow == Flow::Push => {
                Some(*pipe).filter(|pipe| self.pipes[*pipe as usize].shape.capacity_bytes == 0)
            }
            _ => None,
        };
        station.rooms[port] = match flow {
            _ if pipes.is_empty() => UNBOUNDED_ROOM,
            Flow::Push => pipes.iter().map(|pipe| self.pipes[*pipe as usize].credits as usize).sum(),
            Flow::Pull => output.credits.iter().map(|(_, credit)| *credit as usize).sum(),
            Flow::Free => UNBOUNDED_ROOM,
        };
        output.pipes = pipes;
    }

    /// A pipe holds less now: what is too much in it goes back to its sender, the newest of it.
    fn take_back(&mut self, station: &mut Station, pipe: u32) -> Vec<Message> {
        let shape = self.pipes[pipe as usize].shape.clone();
        let now = self.now;
        let taken = {
            let Some(receiver) = receiver_of(&mut self.stations, station, shape.to.0) else { return Vec::new() };
            let (mut messages, mut bytes) = (0, 0);
            let stays = |size: usize| {
                messages += 1;
                bytes += size as u64;
                messages <= shape.capacity && (shape.capacity_bytes == 0 || messages == 1 || bytes <= shape.capacity_bytes)
            };
            let sizes = receiver.messages.sourced().filter(|(source, _)| *source == pipe).map(|(_, message)| message.size());
            let stays = sizes.map(stays).take_while(|stays| *stays).count();
            let mut seen = 0;
            receiver.messages.take_out(|source| {
                seen += usize::from(source == pipe);
                source == pipe && seen > stays
            })
        };
        self.pipes[pipe as usize].take_back(now, taken.len() as u64);
        never_sent(station, taken.len() as u64);
        let arrived = |(_, mut message): (u32, Message)| {
            message.arrived = now;
            message
        };
        taken.into_iter().map(arrived).collect()
    }

    /// The bytes in a pipe, if they are bounded.
    fn bytes_in(&mut self, station: &mut Station, pipe: u32) -> u64 {
        let shape = &self.pipes[pipe as usize].shape;
        if shape.capacity_bytes == 0 {
            return 0;
        }
        let receiver = receiver_of(&mut self.stations, station, shape.to.0);
        let messages = receiver.into_iter().flat_map(|receiver| receiver.messages.sourced());
        messages.filter(|(source, _)| *source == pipe).map(|(_, message)| message.size() as u64).sum()
    }

    /// Whether a pull pipe that was taken out still has something in it, or in service, that its store waits to hear of.
    fn still_pulls(&self, station: &Station, pipe: u32) -> bool {
        let at = &self.pipes[pipe as usize];
        !at.retired || at.waiting > 0 || at.finished > 0 || station.slots.came_through(pipe)
    }
}
