//! What is inside each composite, summed up. The engine does not hear of composites: a path tells what a node is inside of (G15).

use super::per_second;
use crate::engine::assemble::Names;
use crate::engine::shard::Shard;
use crate::id::NodeId;
use crate::telemetry::report::CompositeReport;
use crate::units::Moment;
use indexmap::IndexMap;

/// The sums for every path that other paths begin with.
pub(super) fn reports(names: &Names, shards: &[Shard], now: Moment, measured: f64) -> IndexMap<String, CompositeReport> {
    let mut sums: IndexMap<String, CompositeReport> = IndexMap::new();
    if !names.stations.iter().any(|id| id.above().next().is_some()) {
        return sums;
    }
    for station in shards.iter().flat_map(Shard::stations) {
        let counts = station.counts.since(&station.counts_before);
        for above in station.id.above() {
            let sum = sums.entry(above.to_owned()).or_default();
            sum.nodes += 1;
            sum.sent += counts.delivered;
            sum.errors += counts.errors;
            sum.dead_lettered += counts.given_up;
            sum.held += station.held() + station.behaviour.dead_lettered();
            sum.busy_servers += station.busy.mean(now);
            for (reason, count) in counts.dropped.iter().filter(|(_, count)| *count > 0) {
                *sum.dropped.entry((*reason).to_owned()).or_default() += count;
            }
        }
    }
    for shard in shards {
        for pipe in shard.pipes.iter().filter(|pipe| shard.places[pipe.shape.from.0 as usize].shard == shard.number) {
            let (from, to) = (&pipe.shape.id.from.node, &pipe.shape.id.to.node);
            let messages = pipe.messages - pipe.messages_before;
            for above in left_for(from, to) {
                sums.entry(above.to_owned()).or_default().sent += messages;
            }
            for above in left_for(to, from) {
                sums.entry(above.to_owned()).or_default().received += messages;
            }
        }
    }
    for sum in sums.values_mut() {
        (sum.in_per_s, sum.out_per_s) = (per_second(sum.received, measured), per_second(sum.sent, measured));
        sum.dropped.sort_keys();
    }
    sums.sort_keys();
    sums
}

/// The paths that hold the first node and not the second.
fn left_for<'a>(node: &'a NodeId, other: &'a NodeId) -> impl Iterator<Item = &'a str> {
    node.above().filter(|above| other.below(above).is_none())
}
