//! From the shards of a run that is over (or stands still) to its report.

mod composites;

use super::assemble::Names;
use super::laws::laws;
use super::pipe::Pipe;
use super::publish::deadlocks;
use super::shard::Shard;
use super::station::Station;
use crate::expect;
use crate::id::{hash_text, mix};
use crate::node::{Flow, Need};
use crate::telemetry::histogram::Histogram;
use crate::telemetry::report::{
    ChangesReport, FORMAT, Latency, Messages, NodeReport, PipeReport, QueueReport, Report, TrustReport, sorted,
};
use crate::telemetry::snapshot::{Books, Mode};
use crate::units::{Moment, SECOND, Span};
use indexmap::IndexMap;
use std::collections::BTreeMap;

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
        for station in shard.stations().filter(|station| names.has(station)) {
            let id = station.id.as_str().to_owned();
            nodes.insert(id.clone(), node_report(station, now, measured, within));
            if station.store.is_some() {
                queues.insert(id.clone(), queue_report(station, shards, now, within));
            }
            if let Some(error) = &station.last_error {
                errors.insert(id, error.to_string());
            }
        }
        let from_here = |(number, pipe): &(usize, &Pipe)| {
            shard.places[pipe.shape.from.0 as usize].shard == shard.number && names.has_pipe(&pipe.shape.id, *number)
        };
        for (_, pipe) in shard.pipes.iter().enumerate().filter(from_here) {
            let messages = pipe.messages - pipe.messages_before;
            let report = PipeReport {
                messages,
                rate_per_s: per_second(messages, measured),
                depth_mean: pipe.depth().mean(now),
                depth_max: pipe.depth().max(),
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
        messages: Messages {
            dead_letter_reasons: sorted(shards.iter().flat_map(Shard::stations).flat_map(dead_letter_reasons)),
            ..(&books).into()
        },
        latency: Latency::of(&latency, within),
        nodes,
        composites: composites::reports(names, shards, now, measured),
        queues,
        pipes,
        laws: laws(names, shards, &books, now),
        deadlocks: circles.iter().map(|circle| circle.iter().map(ToString::to_string).collect()).collect(),
        errors,
        trust: names.needs.iter().map(trust_report).collect(),
        expectations: IndexMap::new(),
        changes: changes(names, shards),
    };
    report.expectations =
        expect::judge(&names.expectations, &report, shards.iter().flat_map(Shard::stations).filter_map(|station| station.watch.as_deref()));
    report
}

fn trust_report((need, granted): &(Need, bool)) -> TrustReport {
    TrustReport { node: need.node.to_string(), asked: need.capability.to_string(), granted: *granted }
}

fn node_report(station: &Station, now: Moment, measured: f64, within: Option<u64>) -> NodeReport {
    let counts = station.counts.since(&station.counts_before);
    let servers = station.servers_mean(now);
    NodeReport {
        kind: station.kind.name.to_owned(),
        received: counts.received,
        sent: counts.sent + counts.delivered,
        in_per_s: per_second(counts.received, measured),
        out_per_s: per_second(counts.sent + counts.delivered, measured),
        errors: counts.errors,
        dropped: sorted(counts.dropped.iter().copied()),
        dead_letter_reasons: sorted(dead_letter_reasons(station)),
        held: station.held() + station.behaviour.dead_lettered(),
        busy: station.busy.mean(now) / servers,
        busy_servers: station.busy.mean(now),
        blocked: station.blocked.mean(now) / servers,
        residence: Latency::of(&station.residence, within),
        latency: station.latency.as_ref().map(|latency| Latency::of(latency, within)),
        figures: figures(station, now),
    }
}

/// The dead letters that lie at a node, over the whole run as the books count them.
fn dead_letter_reasons(station: &Station) -> impl Iterator<Item = (&str, u64)> {
    station.counts.dead_letter_reasons.iter().map(|(reason, count)| (&**reason, *count)).chain(station.behaviour.dead_letter_reasons())
}

/// The figures of a node's kind; one that has no value now, such as the time of a next message that will not come, is left out.
fn figures(station: &Station, now: Moment) -> IndexMap<String, f64> {
    let mut gauges = Vec::new();
    station.behaviour.gauges(now, &mut gauges);
    gauges.iter().filter(|gauge| gauge.value.is_finite()).map(|gauge| (gauge.key(), gauge.value)).collect()
}

/// What changed while the run went on, and what the nodes that were taken out had counted; `None` if nothing did.
fn changes(names: &Names, shards: &[Shard]) -> Option<ChangesReport> {
    if names.changes.dealt_with() == 0 {
        return None;
    }
    let mut report = ChangesReport { applied: names.changes.applied, refused: names.changes.refused, ..ChangesReport::default() };
    for station in shards.iter().flat_map(Shard::stations).filter(|station| !names.has(station)) {
        let counts = &station.counts;
        report.nodes_removed += 1;
        report.received += counts.received;
        report.sent += counts.sent;
        report.entered += counts.entered;
        report.delivered += counts.delivered;
        report.dropped += counts.dropped.iter().map(|(_, count)| count).sum::<u64>();
        report.dead_lettered += counts.dead_lettered;
    }
    Some(report)
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn queue_report(station: &Station, shards: &[Shard], now: Moment, within: Option<u64>) -> QueueReport {
    let counts = station.counts.since(&station.counts_before);
    let store = station.store.as_ref().expect("only stores have a queue report");
    let mut wait = Histogram::new();
    let mut by_priority: BTreeMap<u8, Histogram> = BTreeMap::new();
    // A pipe on which nobody had a priority has all its waits under 0.
    let mut ranked = false;
    let mut stays = (0_u128, 0_u64);
    for shard in shards {
        let from_here = |pipe: &&Pipe| {
            pipe.shape.flow == Flow::Pull
                && pipe.shape.from.0 == station.number
                && shard.places[pipe.shape.to.0 as usize].shard == shard.number
        };
        for pipe in shard.pipes.iter().filter(from_here) {
            wait.merge(&pipe.wait);
            stays = (stays.0 + pipe.stays.0, stays.1 + pipe.stays.1);
            ranked |= pipe.wait_by_priority.is_some();
            match &pipe.wait_by_priority {
                Some(levels) => levels.iter().for_each(|(priority, level)| by_priority.entry(*priority).or_default().merge(level)),
                None => by_priority.entry(0).or_default().merge(&pipe.wait),
            }
        }
    }
    by_priority.retain(|_, level| ranked && level.count() > 0);
    let acked: u64 = store.acked.iter().sum();
    let attempts = store.acked.iter().zip(1_u64..).map(|(count, attempt)| count * attempt).sum();
    let share = |part: u64, whole: u64| if whole > 0 { part as f64 / whole as f64 } else { 0.0 };
    QueueReport {
        depth_mean: store.depth.mean(now),
        depth_max: store.depth.max(),
        in_system_mean: store.in_system.mean(now),
        in_system_variance: store.in_system.variance(now),
        in_system_share: store.in_system.shares(now),
        waited_share: if wait.count() > 0 { 1.0 - wait.share_at_most(0) } else { 0.0 },
        wait: Latency::of(&wait, within),
        wait_by_priority: by_priority.iter().map(|(priority, level)| (*priority, Latency::of(level, within))).collect(),
        sojourn_mean_s: if stays.1 > 0 { stays.0 as f64 / stays.1 as f64 / SECOND as f64 } else { 0.0 },
        refused_share: share(counts.refused, counts.received),
        expired_share: share(counts.expired, counts.received),
        deliveries: counts.handed_out,
        attempts_share: store.acked.iter().map(|count| share(*count, acked)).collect(),
        attempts_mean: share(attempts, acked),
        dead_lettered: counts.given_up,
    }
}
