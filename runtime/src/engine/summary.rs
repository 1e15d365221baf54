//! From the shards of a run that is over (or stands still) to its report.

use super::assemble::Names;
use super::laws::laws;
use super::publish::deadlocks;
use super::shard::Shard;
use super::station::Station;
use crate::expect;
use crate::id::{hash_text, mix};
use crate::node::Flow;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::report::{FORMAT, Latency, NodeReport, PipeReport, QueueReport, Report, sorted};
use crate::telemetry::snapshot::{Books, Mode};
use crate::units::{Moment, Span};
use indexmap::IndexMap;

/// What the driver knows about a run beside its shards.
#[derive(Clone, Debug)]
pub struct Course {
    /// Live or simulated.
    pub mode: Mode,
    /// How long it took.
    pub wall: Span,
    /// The run clock at its end.
    pub now: Moment,
    /// When the warm-up ended.
    pub warm_up: Moment,
    /// Why it ended.
    pub ended: String,
    /// With `--within`: a limit for waits and latencies.
    pub within: Option<Span>,
}

/// The books of these shards, with held counted by walking (rule 9). Exact while they stand still and nothing is under way between them.
pub fn books(shards: &[Shard]) -> Books {
    let mut books = Books::default();
    for station in shards.iter().flat_map(Shard::stations) {
        station.counts.add_to(&mut books);
        books.held += station.held();
        books.dead_lettered += station.behaviour.dead_lettered();
    }
    books.dropped.sort_keys();
    books
}

/// A hash over all that happened, independent of how stations were spread over shards (G11).
pub fn journal_hash(shards: &[Shard]) -> u64 {
    let mut hash = 0_u64;
    for shard in shards {
        hash = hash.wrapping_add(shard.journal.hash());
        for station in shard.stations() {
            hash = hash.wrapping_add(mix(station.hash ^ hash_text(station.id.as_str())));
        }
        for pipe in &shard.pipes {
            if shard.places[pipe.shape.from.0 as usize].shard == shard.number {
                hash = hash.wrapping_add(mix(pipe.hash ^ hash_text(&pipe.shape.id.to_string())));
            }
        }
    }
    hash
}

/// The report of a run.
pub fn report(names: &Names, shards: &[Shard], course: &Course) -> Report {
    let (now, within) = (course.now, course.within.map(|span| span.0));
    let measured = now.since(course.warm_up).seconds();
    let mut latency = Histogram::new();
    for shard in shards {
        latency.merge(&shard.latency);
    }
    let mut nodes = IndexMap::new();
    let mut queues = IndexMap::new();
    let mut errors = IndexMap::new();
    let mut pipes = IndexMap::new();
    let mut waits = Vec::new();
    for shard in shards {
        for station in shard.stations() {
            let id = station.id.as_str().to_owned();
            nodes.insert(id.clone(), node_report(station, now, within));
            if station.store.is_some() {
                queues.insert(id.clone(), queue_report(station, shards, now, within));
            }
            if let Some(error) = &station.last_error {
                errors.insert(id, error.to_string());
            }
        }
        for pipe in shard.pipes.iter().filter(|pipe| shard.places[pipe.shape.from.0 as usize].shard == shard.number) {
            let messages = pipe.messages - pipe.messages_before;
            let report = PipeReport {
                messages,
                rate_per_s: if measured > 0.0 { messages as f64 / measured } else { 0.0 },
                depth_mean: pipe.depth.mean(now),
                depth_max: pipe.depth.max(),
                blocked_s: pipe.blocked_time(now).seconds(),
            };
            pipes.insert(pipe.shape.id.to_string(), report);
            if pipe.blocked_since.is_some() {
                waits.push((pipe.shape.from.0, pipe.shape.to.0));
            }
        }
    }
    nodes.sort_keys();
    queues.sort_keys();
    pipes.sort_keys();
    errors.sort_keys();
    let circles = deadlocks(names, &waits);
    let books = books(shards);
    let mut report = Report {
        format: FORMAT,
        graph: names.title.clone(),
        mode: course.mode,
        seed: names.seed,
        wall_s: course.wall.seconds(),
        duration_s: now.seconds(),
        warm_up_s: course.warm_up.seconds(),
        events: shards.iter().map(|shard| shard.events).sum(),
        journal_hash: format!("{:016x}", journal_hash(shards)),
        ended: course.ended.clone(),
        messages: (&books).into(),
        latency: Latency::of(&latency, within),
        nodes,
        queues,
        pipes,
        laws: laws(shards, &books, now),
        deadlocks: circles.iter().map(|circle| circle.iter().map(ToString::to_string).collect()).collect(),
        errors,
        expectations: IndexMap::new(),
    };
    report.expectations =
        expect::judge(&names.expectations, &report, shards.iter().flat_map(Shard::stations).filter_map(|station| station.watch.as_deref()));
    report
}

fn node_report(station: &Station, now: Moment, within: Option<u64>) -> NodeReport {
    let counts = station.counts.since(&station.counts_before);
    let servers = f64::from(station.servers().max(1));
    NodeReport {
        kind: station.kind.name.to_owned(),
        received: counts.received,
        sent: counts.sent + counts.delivered,
        errors: counts.errors,
        dropped: sorted(counts.dropped.iter().copied()),
        held: station.held() + station.behaviour.dead_lettered(),
        busy: station.busy.mean(now) / servers,
        blocked: station.blocked.mean(now) / servers,
        residence: Latency::of(&station.residence, within),
    }
}

fn queue_report(station: &Station, shards: &[Shard], now: Moment, within: Option<u64>) -> QueueReport {
    let counts = station.counts.since(&station.counts_before);
    let store = station.store.as_ref().expect("only stores have a queue report");
    let mut wait = Histogram::new();
    for shard in shards {
        let from_here = |pipe: &&super::pipe::Pipe| {
            pipe.shape.flow == Flow::Pull
                && pipe.shape.from.0 == station.number
                && shard.places[pipe.shape.to.0 as usize].shard == shard.number
        };
        shard.pipes.iter().filter(from_here).for_each(|pipe| wait.merge(&pipe.wait));
    }
    let share = |part: u64, whole: u64| if whole > 0 { part as f64 / whole as f64 } else { 0.0 };
    QueueReport {
        depth_mean: store.depth.mean(now),
        depth_max: store.depth.max(),
        in_system_mean: store.in_system_mean.mean(now),
        in_system_share: store.in_system.shares(now),
        waited_share: if wait.count() > 0 { 1.0 - wait.share_at_most(0) } else { 0.0 },
        wait: Latency::of(&wait, within),
        refused_share: share(counts.refused, counts.received),
        deliveries: counts.handed_out,
        dead_lettered: counts.given_up,
    }
}
