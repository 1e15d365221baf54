//! A change of a running graph (G12): the running plan is held against the wanted one, and only what differs is touched.
//!
//! It is made while every worker stands between two rounds, on all stations in one place, so that it is the same change with any number of
//! workers, and simulated. Stations and pipes keep their numbers for as long as the run lasts; new ones are numbered after all others, so
//! that what is under way (deliveries, settlements, answers) means what it meant (decision 10).

mod delta;
mod moved;
mod spread;

use super::assemble::{Ground, Names};
use super::pipe::Pipe;
use super::plan::Plan;
use super::shard::{Homes, Shard};
use super::station::Station;
use crate::node::{Change, Flow};
use crate::telemetry::change::{Changed, Changes};
use crate::units::Moment;
use delta::Delta;
use std::sync::Arc;

/// How many nodes and pipes a run may have had, those that were taken out included. Each leaves its counters behind.
const MOST_NUMBERS: usize = 1_000_000;

/// Lets a run go on as `plan` says. The shards stand between two rounds, and nothing is under way between them. What was done, or why it
/// cannot be done.
pub fn redraw(names: &mut Names, shards: &mut [Shard], plan: Plan, now: Moment) -> Result<Arc<Changed>, Arc<str>> {
    let result = if names.stations.len() + plan.stations.len() + names.pipes.len() + plan.pipes.len() > MOST_NUMBERS {
        Err("nodes and pipes were put in and taken out too often in this run: the change comes into force with the next start".into())
    } else {
        Ok(Arc::new(carry_out(names, shards, plan, now)))
    };
    settle(names, shards, result.clone(), now);
    result
}

/// Notes that a change cannot come into force: the run goes on unchanged.
pub fn refuse(names: &mut Names, shards: &mut [Shard], why: &str, now: Moment) {
    settle(names, shards, Err(why.into()), now);
}

/// Writes down what became of a change: in the journal, and in what the window reads.
fn settle(names: &mut Names, shards: &mut [Shard], result: Result<Arc<Changed>, Arc<str>>, now: Moment) {
    let Changes { mut applied, mut refused, .. } = *names.changes;
    let line = match &result {
        Ok(changed) => {
            applied += 1;
            format!("changed while running: {changed}")
        }
        Err(why) => {
            refused += 1;
            format!("not changed: {why}")
        }
    };
    if let Some(shard) = shards.first_mut() {
        shard.journal.write(now, None, &line);
    }
    names.changes = Arc::new(Changes { applied, refused, last: Some(result) });
}

fn carry_out(names: &mut Names, shards: &mut [Shard], plan: Plan, now: Moment) -> Changed {
    let before = ends(shards);
    Shard::gather(shards);
    let one = &mut shards[0];
    let (delta, plan) = Delta::between(names, one, plan);
    let mut changed = delta.told(names, now);
    let mut homes = take_out(&delta, one, now);
    put_in(&delta, plan, names, one, now);
    delta.wirings.iter().for_each(|wiring| one.repoint(wiring, &mut homes));
    delta.wirings.iter().for_each(|wiring| one.rewire(wiring, &mut homes));
    debug_assert!(homes.back.is_empty(), "messages found no way back");
    delta.rename(names);
    let shard_of = spread::shards(names, &shards[0], shards.len(), &names.places);
    names.places = Shard::deal(shards, &shard_of);
    // Letters name where they were given up as it was called then.
    let mut directory = names.before.clone();
    directory.extend(names.there.iter().map(|(id, number)| (id.clone(), *number)));
    let directory = Arc::new(directory);
    shards.iter_mut().for_each(|shard| shard.directory = directory.clone());
    for (station, touch) in delta.touched {
        let shard = &mut shards[shard_of[station as usize] as usize];
        match shard.take_up(station, touch, now) {
            Some(Change::Kept) => changed.kept.push(names.stations[station as usize].clone()),
            Some(Change::Restart) => changed.restarted.push(names.stations[station as usize].clone()),
            None => {}
        }
    }
    Shard::exchange(shards);
    let after = ends(shards);
    changed.went_on = homes.went_on;
    changed.given_back = after.given_back - before.given_back;
    changed.dropped = after.dropped - before.dropped;
    changed.dead_lettered = after.dead_lettered - before.dead_lettered;
    changed
}

/// Takes out what the drawing no longer has, those farthest along the flow first, so that messages keep their order.
fn take_out(delta: &Delta, one: &mut Shard, now: Moment) -> Homes {
    one.stand_at(now);
    let mut homes = Homes { outputs: delta.homes.clone(), removed: delta.removed_inputs.clone(), ..Homes::default() };
    for pipe in delta.pipes_removed.iter().map(|pipe| &one.pipes[*pipe as usize]) {
        // What was sent to a receiver that stays is taken there.
        homes.went_on += if homes.removed.contains_key(&pipe.shape.to.0) { 0 } else { u64::from(pipe.waiting) };
    }
    for station in &delta.removed {
        one.empty_out(*station, &mut homes);
    }
    for pipe in &delta.pipes_removed {
        let pipe = &mut one.pipes[*pipe as usize];
        pipe.set_blocked(now, false);
        pipe.retired = true;
    }
    homes
}

/// Puts in what is new, and other bounds of pipes into force.
fn put_in(delta: &Delta, plan: Plan, names: &mut Names, one: &mut Shard, now: Moment) {
    for (number, shape) in &delta.pipes {
        if let Some(known) = one.pipes.get_mut(*number as usize) {
            known.resize(shape.clone());
        } else {
            let mut pipe = Pipe::new(shape.clone());
            pipe.restart_statistics(now);
            pipe.watched = names.watched.contains(&shape.id);
            one.pipes.push(pipe);
        }
    }
    let Plan { stations, expectations, title, needs, .. } = plan;
    names.needs = needs.into();
    if *expectations != *names.expectations {
        // What was seen so far was held against other claims.
        names.expectations = expectations.as_slice().into();
        one.watch_anew(&expectations);
    }
    for (id, number) in &delta.moved {
        one.rename(*number, id, &expectations);
    }
    names.title = title;
    let (seed, origin, folder) = (names.seed, names.origin, names.folder.clone());
    let ground = Ground { seed, origin, folder: &folder, expectations: &expectations };
    one.put_in(delta.added.iter().zip(stations).map(|(number, planned)| ground.station(*number, planned)));
}

/// What has ended, or was given back, over all shards.
#[derive(Clone, Copy, Default)]
struct Ends {
    given_back: u64,
    dropped: u64,
    dead_lettered: u64,
}

fn ends(shards: &[Shard]) -> Ends {
    let mut ends = Ends { given_back: shards.iter().map(|shard| shard.given_back).sum(), ..Ends::default() };
    for station in shards.iter().flat_map(Shard::stations) {
        ends.dropped += station.counts.dropped.iter().map(|(_, count)| count).sum::<u64>();
        ends.dead_lettered += dead_letters(station);
    }
    ends
}

fn dead_letters(station: &Station) -> u64 {
    station.counts.dead_lettered + station.behaviour.dead_lettered()
}

/// Whether a pipe keeps the stations at its ends on one worker: it has no bound of its own.
const fn binds(flow: Flow) -> bool {
    !matches!(flow, Flow::Push)
}
