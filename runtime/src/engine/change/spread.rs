//! Which worker runs which station after a change: as before, where that may be.

use super::binds;
use crate::engine::assemble::Names;
use crate::engine::shard::{Place, Shard};

/// The shard of every station, those that were taken out included: they stay where they are. What a topic or a store feeds stays with it
/// (see `assemble::partition`), so a group goes where most of it was; what is new goes to a neighbour, or where the fewest are.
pub fn shards(names: &Names, one: &Shard, count: usize, before: &[Place]) -> Vec<u32> {
    let stations = one.stations.len();
    let mut group: Vec<usize> = (0..stations).collect();
    for pipe in names.pipes_there.values().map(|number| &one.pipes[*number as usize]).filter(|pipe| binds(pipe.shape.flow)) {
        let (from, to) = (root(&mut group, pipe.shape.from.0 as usize), root(&mut group, pipe.shape.to.0 as usize));
        group[from.max(to)] = from.min(to);
    }
    let roots: Vec<usize> = (0..stations).map(|station| root(&mut group, station)).collect();
    // How many of each group were in each shard.
    let mut were = vec![Vec::<usize>::new(); stations];
    for (place, root) in before.iter().zip(&roots) {
        were[*root].resize(count, 0);
        were[*root][place.shard as usize] += 1;
    }
    let most = |were: &Vec<usize>| (0..were.len()).rev().max_by_key(|shard| were[*shard]);
    let mut shard_of: Vec<Option<usize>> = roots.iter().map(|root| most(&were[*root])).collect();
    let mut load = vec![0_usize; count];
    shard_of.iter().flatten().for_each(|shard| load[*shard] += 1);
    let new: Vec<usize> = (0..stations).filter(|station| shard_of[*station].is_none()).collect();
    for station in new {
        if shard_of[station].is_some() {
            // With another of its group.
            continue;
        }
        let root = roots[station];
        let touches = |number: &&u32| {
            let (from, to) = (one.pipes[**number as usize].shape.from.0 as usize, one.pipes[**number as usize].shape.to.0 as usize);
            (roots[from] == root) != (roots[to] == root)
        };
        let neighbour = names.pipes_there.values().filter(touches).find_map(|number| {
            let shape = &one.pipes[*number as usize].shape;
            shard_of[shape.from.0 as usize].or(shard_of[shape.to.0 as usize])
        });
        let shard = neighbour.or_else(|| (0..count).min_by_key(|shard| load[*shard])).unwrap_or(0);
        for member in (0..stations).filter(|member| roots[*member] == root) {
            shard_of[member] = Some(shard);
            load[shard] += 1;
        }
    }
    shard_of.into_iter().map(|shard| shard.unwrap_or(0) as u32).collect()
}

fn root(group: &mut [usize], mut at: usize) -> usize {
    while group[at] != at {
        group[at] = group[group[at]];
        at = group[at];
    }
    at
}
