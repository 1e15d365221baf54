//! Which nodes a change has only given another name: a composite was made around them or unpacked, or somebody renamed them.
//!
//! What runs has no borders (G15): such a node goes on with all that is in it. A node with a durable store does not: its store goes by its id.

use crate::engine::assemble::Names;
use crate::engine::plan::{Plan, PlannedStation};
use crate::engine::shard::Shard;
use crate::engine::station::Station;
use crate::id::{End, NodeId, PipeId};
use std::collections::{BTreeMap, BTreeSet};

/// One that the drawing no longer has under its id.
struct Gone<'a> {
    number: u32,
    station: &'a Station,
}

/// The numbers of the nodes that go on under another id, by that id. A node is known by the last part of its path, where just one of its kind has
/// that; any other by its settings and by what it is wired to.
pub fn moved(names: &Names, one: &Shard, plan: &Plan) -> BTreeMap<NodeId, u32> {
    let station = |number: u32| one.stations[number as usize].as_deref().expect("stations are in place between rounds");
    let kinds: BTreeMap<&NodeId, &PlannedStation> = plan.stations.iter().map(|planned| (&planned.id, planned)).collect();
    let stays = |id: &NodeId, station: &Station| kinds.get(id).is_some_and(|planned| std::ptr::eq(planned.kind, station.kind));
    let mut gone: Vec<Gone<'_>> = (names.there.iter().map(|(id, number)| (id, Gone { number: *number, station: station(*number) })))
        .filter(|(id, gone)| !stays(id, gone.station) && !gone.station.behaviour.durable())
        .map(|(_, gone)| gone)
        .collect();
    let is_new = |planned: &&PlannedStation| names.there.get(&planned.id).is_none_or(|number| !stays(&planned.id, station(*number)));
    let mut new: Vec<&PlannedStation> = plan.stations.iter().filter(is_new).filter(|planned| !planned.behaviour.durable()).collect();
    let mut moved = BTreeMap::new();
    if gone.is_empty() || new.is_empty() {
        return moved;
    }
    let same_name = |gone: &Gone<'_>, new: &PlannedStation| gone.station.id.last() == new.id.last();
    pair(&mut gone, &mut new, &mut moved, same_name);
    let running: Vec<&PipeId> = names.pipes_there.keys().collect();
    let wanted: Vec<&PipeId> = plan.pipes.iter().map(|shape| &shape.id).collect();
    let same_wires = |gone: &Gone<'_>, new: &PlannedStation| {
        gone.station.settings == new.settings && wires(&running, &gone.station.id) == wires(&wanted, &new.id)
    };
    pair(&mut gone, &mut new, &mut moved, same_wires);
    moved
}

/// Pairs off those of one kind that fit each other and nobody else.
fn pair<'a>(
    gone: &mut Vec<Gone<'a>>,
    new: &mut Vec<&PlannedStation>,
    moved: &mut BTreeMap<NodeId, u32>,
    fits: impl Fn(&Gone<'a>, &PlannedStation) -> bool,
) {
    let fit = |gone: &Gone<'a>, new: &PlannedStation| std::ptr::eq(gone.station.kind, new.kind) && fits(gone, new);
    let mut pairs: BTreeMap<u32, NodeId> = BTreeMap::new();
    for planned in &*new {
        let mut fitting = gone.iter().filter(|gone| fit(gone, planned));
        let (Some(only), None) = (fitting.next(), fitting.next()) else { continue };
        if new.iter().filter(|other| fit(only, other)).count() == 1 {
            pairs.insert(only.number, planned.id.clone());
        }
    }
    gone.retain(|gone| !pairs.contains_key(&gone.number));
    new.retain(|planned| !pairs.values().any(|id| *id == planned.id));
    moved.extend(pairs.into_iter().map(|(number, id)| (id, number)));
}

/// What a node is wired to: whether it sends, at which of its ports, and to where.
fn wires<'a>(pipes: &[&'a PipeId], node: &NodeId) -> BTreeSet<(bool, &'a str, &'a End)> {
    let leaving = pipes.iter().filter(|pipe| pipe.from.node == *node).map(|pipe| (true, &*pipe.from.port, &pipe.to));
    let coming = pipes.iter().filter(|pipe| pipe.to.node == *node).map(|pipe| (false, &*pipe.to.port, &pipe.from));
    leaving.chain(coming).collect()
}
