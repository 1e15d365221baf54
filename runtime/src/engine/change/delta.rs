//! What differs between a running plan and a wanted one, by the ids of nodes and pipes.

use super::moved::moved;
use crate::engine::assemble::Names;
use crate::engine::pipe::PipeShape;
use crate::engine::plan::Plan;
use crate::engine::shard::{Shard, Touch, Wiring};
use crate::engine::station::Station;
use crate::id::NodeId;
use crate::node::{Fan, Flow, Intake, Ports};
use crate::telemetry::change::Changed;
use crate::units::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be done, all by numbers in the run.
pub struct Delta {
    /// New stations, as the plan that is left has them.
    pub added: Vec<u32>,
    /// Stations to be taken out, those farthest along the flow first.
    pub removed: Vec<u32>,
    /// The same, with the push outputs that lead into each; none for stores, which answer for what they handed out.
    pub removed_inputs: BTreeMap<u32, Vec<(u32, u16)>>,
    /// Pipes to be taken out.
    pub pipes_removed: Vec<u32>,
    /// All pipes that are there from now on, the new ones last.
    pub pipes: BTreeMap<u32, PipeShape>,
    /// The first new pipe's number.
    first_new_pipe: u32,
    resized: usize,
    /// Push outputs of stations that stay, before and after, where something is wired to them after.
    pub homes: BTreeMap<(u32, u16), u16>,
    /// Stations whose pipes or ports are others, new ones included.
    pub wirings: Vec<Wiring>,
    /// Stations that live on with something changed, in order.
    pub touched: BTreeMap<u32, Touch>,
    /// Stations that go on under another id, by that.
    pub moved: BTreeMap<NodeId, u32>,
    /// The stations that are there from now on.
    there: BTreeMap<NodeId, u32>,
}

/// A station of the wanted plan.
struct Wanted {
    ports: Ports,
    touch: Option<Touch>,
}

impl Delta {
    /// What differs. Everything is in one shard. The plan comes back with its new stations alone.
    pub fn between(names: &Names, one: &Shard, mut plan: Plan) -> (Self, Plan) {
        let station = |number: u32| one.stations[number as usize].as_deref().expect("stations are in place between rounds");
        let mut next = names.stations.len() as u32;
        let moved = moved(names, one, &plan);
        let (mut numbers, mut added, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let mut wanted: BTreeMap<u32, Wanted> = BTreeMap::new();
        let mut there = BTreeMap::new();
        for planned in std::mem::take(&mut plan.stations) {
            let known = names.there.get(&planned.id).copied().filter(|number| std::ptr::eq(station(*number).kind, planned.kind));
            let known = known.or_else(|| moved.get(&planned.id).copied());
            let number = known.unwrap_or(next);
            numbers.push(number);
            there.insert(planned.id.clone(), number);
            let touch = match known {
                Some(number) if station(number).settings == planned.settings => None,
                Some(_) => Some(Touch::Settings(planned.settings.clone())),
                None => Some(Touch::New),
            };
            wanted.insert(number, Wanted { ports: planned.ports.clone(), touch });
            if known.is_none() {
                next += 1;
                added.push(number);
                new.push(planned);
            }
        }
        plan.stations = new;
        let removed: BTreeSet<u32> = names.there.values().copied().filter(|number| !wanted.contains_key(number)).collect();
        let first_new_pipe = names.pipes.len() as u32;
        let pipes = renumbered(names, one, &plan.pipes, &numbers);
        let pipes_removed: Vec<u32> = names.pipes_there.values().copied().filter(|number| !pipes.contains_key(number)).collect();
        let resized: BTreeSet<u32> =
            pipes.iter().filter(|(number, shape)| differs(one, **number, shape)).map(|(number, _)| *number).collect();
        let homes = homes(one, &wanted, &pipes);
        let removed_inputs = removed_inputs(names, one, &removed);
        let mut delta = Self {
            added,
            removed: farthest_first(one, &removed, &pipes_removed),
            removed_inputs,
            pipes_removed,
            first_new_pipe,
            resized: resized.len(),
            homes,
            wirings: Vec::new(),
            touched: BTreeMap::new(),
            moved,
            there,
            pipes,
        };
        delta.wire(one, &wanted, &resized);
        delta.touch(one, wanted);
        (delta, plan)
    }

    /// Which stations are wired anew, and how.
    fn wire(&mut self, one: &Shard, wanted: &BTreeMap<u32, Wanted>, resized: &BTreeSet<u32>) {
        let mut anew: BTreeSet<u32> = self.added.iter().copied().collect();
        for shape in self.pipes_removed.iter().map(|pipe| &one.pipes[*pipe as usize].shape) {
            anew.extend([shape.from.0, shape.to.0]);
        }
        for shape in self.pipes.range(self.first_new_pipe..).map(|(_, shape)| shape) {
            anew.extend([shape.from.0, shape.to.0]);
        }
        anew.extend(resized.iter().map(|pipe| self.pipes[pipe].from.0));
        let ports_differ = |(number, wanted): (&u32, &Wanted)| {
            let station = one.stations.get(*number as usize)?.as_deref()?;
            ((station.kind.ports)(&station.settings) != wanted.ports).then_some(*number)
        };
        anew.extend(wanted.iter().filter_map(ports_differ));
        // What waits in an input since an earlier change took its pipe out goes back as well.
        let left = one.pipes.iter().filter(|pipe| pipe.retired && pipe.waiting > 0).map(|pipe| (pipe.shape.from.0, pipe.shape.to.0));
        let back: Vec<u32> = left.filter(|(_, to)| !wanted.contains_key(to) || anew.contains(to)).map(|(from, _)| from).collect();
        anew.extend(back);
        let (mut leaving, mut pulls) = (BTreeMap::<u32, Vec<(u16, u32)>>::new(), BTreeMap::<u32, Vec<u32>>::new());
        let mut by_id: Vec<(&u32, &PipeShape)> = self.pipes.iter().collect();
        by_id.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        for (number, shape) in by_id {
            leaving.entry(shape.from.0).or_default().push((shape.from.1, *number));
            if shape.flow == Flow::Pull {
                pulls.entry(shape.to.0).or_default().push(*number);
            }
        }
        let mut came = BTreeMap::<u32, Vec<u32>>::new();
        for pipe in &self.pipes_removed {
            came.entry(one.pipes[*pipe as usize].shape.to.0).or_default().push(*pipe);
        }
        let stays = |station: &u32| Some((*station, wanted.get(station)?));
        self.wirings = anew
            .iter()
            .filter_map(stays)
            .map(|(station, wanted)| Wiring {
                station,
                ports: wanted.ports.clone(),
                leaving: leaving.remove(&station).unwrap_or_default(),
                pulls: pulls.remove(&station).unwrap_or_default(),
                came: came.remove(&station).unwrap_or_default(),
                resized: resized.clone(),
            })
            .collect();
    }

    /// Which stations live on with something changed: they, and the topics before them.
    fn touch(&mut self, one: &Shard, wanted: BTreeMap<u32, Wanted>) {
        let copies = |station: u32, output: u16| {
            wanted.get(&station).and_then(|wanted| wanted.ports.outputs.get(usize::from(output))).is_some_and(|port| port.fan == Fan::Copy)
        };
        let mut touched: BTreeMap<u32, Touch> = self.wirings.iter().map(|wiring| (wiring.station, Touch::Pipes)).collect();
        let new = self.pipes.range(self.first_new_pipe..).map(|(_, shape)| shape);
        let other = self.pipes.values().filter(|shape| wanted.get(&shape.to.0).is_some_and(|to| to.touch.is_some()));
        for shape in new.chain(other).filter(|shape| copies(shape.from.0, shape.from.1)) {
            touched.insert(shape.from.0, Touch::Receivers);
        }
        for shape in self.pipes_removed.iter().map(|pipe| &one.pipes[*pipe as usize].shape) {
            if shape.flow == Flow::Free && wanted.contains_key(&shape.from.0) {
                touched.insert(shape.from.0, Touch::Receivers);
            }
        }
        // What a node itself is told comes before what it is told of others.
        touched.extend(wanted.into_iter().filter_map(|(number, wanted)| Some((number, wanted.touch?))));
        self.touched = touched;
    }

    /// What there is to tell so far.
    pub fn told(&self, names: &Names, now: Moment) -> Changed {
        let new: BTreeSet<u32> = self.added.iter().copied().collect();
        let added = self.there.iter().filter(|(_, number)| new.contains(number)).map(|(id, _)| id.clone()).collect();
        let mut removed: Vec<NodeId> = self.removed.iter().map(|number| names.stations[*number as usize].clone()).collect();
        removed.sort();
        Changed {
            at: now,
            added,
            removed,
            moved: self.moved.keys().cloned().collect(),
            pipes_added: self.pipes.range(self.first_new_pipe..).count(),
            pipes_removed: self.pipes_removed.len(),
            pipes_changed: self.resized,
            ..Changed::default()
        }
    }

    /// Brings the names up to date.
    pub fn rename(&self, names: &mut Names) {
        let mut new: Vec<(&u32, &NodeId)> =
            self.there.iter().filter(|(_, number)| **number as usize >= names.stations.len()).map(|(id, number)| (number, id)).collect();
        new.sort_unstable();
        names.stations.extend(new.into_iter().map(|(_, id)| id.clone()));
        for (id, number) in &self.moved {
            let before = std::mem::replace(&mut names.stations[*number as usize], id.clone());
            names.before.insert(before, *number);
        }
        for (number, shape) in self.pipes.range(..self.first_new_pipe) {
            let known = &mut names.pipes[*number as usize];
            if *known != shape.id {
                // Whoever looked at it goes on looking, and lets go of it under its new name.
                if names.watched.remove(known) {
                    names.watched.insert(shape.id.clone());
                }
                known.clone_from(&shape.id);
            }
        }
        for (_, shape) in self.pipes.range(self.first_new_pipe..) {
            names.pipes.push(shape.id.clone());
            names.ends.push((shape.from.0, shape.to.0));
        }
        names.there.clone_from(&self.there);
        names.pipes_there = self.pipes.iter().map(|(number, shape)| (shape.id.clone(), *number)).collect();
    }
}

/// The wanted pipes by their numbers in the run. A pipe with other ends, or through which messages flow otherwise, is another pipe.
fn renumbered(names: &Names, one: &Shard, wanted: &[PipeShape], numbers: &[u32]) -> BTreeMap<u32, PipeShape> {
    let mut next = names.pipes.len() as u32;
    let mut pipes = BTreeMap::new();
    // Where ends have other names, a pipe is known by what it joins.
    let joins = |shape: &PipeShape| (shape.from.0, shape.id.from.port.clone(), shape.to.0, shape.id.to.port.clone());
    let shape_of = |number: &u32| &one.pipes[*number as usize].shape;
    let by_ends: BTreeMap<_, u32> = names.pipes_there.values().map(|number| (joins(shape_of(number)), *number)).collect();
    for shape in wanted {
        let (from, to) = (numbers[shape.from.0 as usize], numbers[shape.to.0 as usize]);
        let shape = PipeShape { from: (from, shape.from.1), to: (to, shape.to.1), ..shape.clone() };
        let same = |number: &u32| {
            let known = &one.pipes[*number as usize].shape;
            (known.from.0, known.to.0, known.flow) == (from, to, shape.flow)
        };
        let known = names.pipes_there.get(&shape.id).copied().filter(same).or_else(|| by_ends.get(&joins(&shape)).copied().filter(same));
        let number = known.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        pipes.insert(number, shape);
    }
    pipes
}

/// Whether a pipe that stays has other bounds.
fn differs(one: &Shard, number: u32, shape: &PipeShape) -> bool {
    let bounds = |shape: &PipeShape| (shape.capacity, shape.capacity_bytes, shape.time_to_live);
    one.pipes.get(number as usize).is_some_and(|pipe| bounds(&pipe.shape) != bounds(shape))
}

/// The push outputs of stations that stay, with the numbers that they had and have, if something is wired to them.
fn homes(one: &Shard, wanted: &BTreeMap<u32, Wanted>, pipes: &BTreeMap<u32, PipeShape>) -> BTreeMap<(u32, u16), u16> {
    let wired: BTreeSet<(u32, u16)> = pipes.values().filter(|shape| shape.flow == Flow::Push).map(|shape| shape.from).collect();
    let mut homes = BTreeMap::new();
    for (number, wanted) in wanted {
        let Some(Some(station)) = one.stations.get(*number as usize) else { continue };
        let before = (station.kind.ports)(&station.settings);
        for (output, port) in (0_u16..).zip(&before.outputs) {
            if let Some(now) = wanted.ports.output(&port.name).filter(|now| wired.contains(&(*number, *now as u16))) {
                homes.insert((*number, output), now as u16);
            }
        }
    }
    homes
}

/// For each station that is taken out the push outputs that lead into it, in order of the pipes' ids.
fn removed_inputs(names: &Names, one: &Shard, removed: &BTreeSet<u32>) -> BTreeMap<u32, Vec<(u32, u16)>> {
    let store = |number: u32| {
        let station: Option<&Station> = one.stations[number as usize].as_deref();
        station.is_some_and(|station| matches!(station.intake, Intake::Store { .. }))
    };
    let mut inputs: BTreeMap<u32, Vec<(u32, u16)>> = removed.iter().map(|number| (*number, Vec::new())).collect();
    for shape in names.pipes_there.values().map(|pipe| &one.pipes[*pipe as usize].shape).filter(|shape| shape.flow == Flow::Push) {
        if let Some(inputs) = inputs.get_mut(&shape.to.0).filter(|_| !store(shape.to.0)) {
            inputs.push(shape.from);
        }
    }
    inputs
}

/// Stations to be taken out in an order in which none comes before one that it sends to, where they form no circle.
fn farthest_first(one: &Shard, removed: &BTreeSet<u32>, pipes: &[u32]) -> Vec<u32> {
    let mut next: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for shape in pipes.iter().map(|pipe| &one.pipes[*pipe as usize].shape).filter(|shape| removed.contains(&shape.to.0)) {
        next.entry(shape.from.0).or_default().push(shape.to.0);
    }
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for &start in removed {
        let mut path = vec![(start, 0)];
        if !seen.insert(start) {
            continue;
        }
        while let Some((station, tried)) = path.last_mut() {
            if let Some(to) = next.get(station).and_then(|next| next.get(*tried)) {
                *tried += 1;
                if seen.insert(*to) {
                    path.push((*to, 0));
                }
            } else {
                order.push(*station);
                path.pop();
            }
        }
    }
    order
}
