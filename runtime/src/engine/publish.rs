//! From stations to snapshots: each shard publishes its part, the driver puts the parts together. Unchanged figures are shared.

use super::assemble::Names;
use super::deadlock::circles;
use super::shard::Shard;
use super::station::{Health, Station};
use crate::id::NodeId;
use crate::letter::Shelf;
use crate::node::{Flow, Gauge, Intake};
use crate::telemetry::histogram::Histogram;
use crate::telemetry::laws::Laws;
use crate::telemetry::snapshot::{Books, JournalLine, Mode, NodeFigures, NodeState, PipeFigures, Quantiles, RunState, Snapshot};
use crate::units::{Moment, SECOND, Span};
use std::sync::Arc;

/// How many journal lines a snapshot shows.
const LINES_SHOWN: usize = 500;
/// Rates are taken over at least this much run time, once so much has passed.
const RATE_WINDOW: u64 = SECOND;

/// A count at two earlier moments, for rates over about the last second.
#[derive(Clone, Copy, Default)]
struct Trail {
    older: (Moment, f64),
    newer: (Moment, f64),
}

impl Trail {
    /// Growth per second of late.
    fn rate(&mut self, now: Moment, count: f64) -> f64 {
        if now.since(self.newer.0).0 >= RATE_WINDOW {
            self.older = self.newer;
            self.newer = (now, count);
        }
        let span = now.since(self.older.0).seconds();
        if span > 0.0 { (count - self.older.1) / span } else { 0.0 }
    }
}

#[derive(Default)]
struct NodeTrail {
    received: Trail,
    sent: Trail,
    busy: Trail,
    blocked: Trail,
    offered: Trail,
    figures: Arc<NodeFigures>,
    letters: Option<Arc<Shelf>>,
}

impl NodeTrail {
    /// The station's dead letters: the picture before, unless they have changed.
    fn letters(&mut self, station: &Station) -> Option<Arc<Shelf>> {
        let shelf = station.shelf()?;
        let known = self.letters.as_ref().filter(|known| known.version() == shelf.version() && known.acts == shelf.acts);
        if known.is_none() {
            self.letters = Some(Arc::new(shelf.clone()));
        }
        self.letters.clone()
    }
}

#[derive(Default)]
struct PipeTrail {
    messages: Trail,
    figures: Arc<PipeFigures>,
}

/// What one shard publishes.
#[derive(Clone)]
pub struct Part {
    now: Moment,
    nodes: Vec<(u32, Arc<NodeFigures>)>,
    pipes: Vec<(u32, Arc<PipeFigures>)>,
    books: Books,
    latency: Histogram,
    /// Arrivals and ends of service so far.
    pub events: u64,
    journal: Arc<Vec<JournalLine>>,
    journal_written: u64,
    letters: Vec<(u32, Arc<Shelf>)>,
    /// Stations that wait for room at others.
    waits: Vec<(u32, u32)>,
    /// Sources that may still send, in this shard.
    pub producing: usize,
    /// Whether messages are inside or answers awaited.
    pub occupied: bool,
    /// Whether they move or wait in stores.
    pub in_motion: bool,
    /// Whether nothing is to be done before the next calendar entry.
    pub idle: bool,
    /// An error that ends the run.
    pub broken: Option<Arc<str>>,
}

/// Makes the parts of one shard.
#[derive(Default)]
pub struct Publisher {
    nodes: Vec<NodeTrail>,
    pipes: Vec<PipeTrail>,
    journal: Arc<Vec<JournalLine>>,
    journal_written: u64,
}

impl Publisher {
    /// The part of `shard` now.
    pub fn part(&mut self, shard: &mut Shard, now: Moment) -> Part {
        shard.catch_up();
        // By their numbers in the run: a change may move stations from worker to worker.
        self.nodes.resize_with(shard.places.len(), NodeTrail::default);
        self.pipes.resize_with(shard.pipes.len(), PipeTrail::default);
        let mut books = Books::default();
        let mut nodes = Vec::with_capacity(shard.stations.len());
        let mut letters = Vec::new();
        for station in shard.stations.iter().flatten() {
            let trail = &mut self.nodes[station.number as usize];
            station.counts.add_to(&mut books);
            books.held += station.held();
            books.dead_lettered += station.behaviour.dead_lettered();
            let figures = node_figures(station, trail, now);
            if *trail.figures != figures {
                trail.figures = Arc::new(figures);
            }
            nodes.push((station.number, trail.figures.clone()));
            letters.extend(trail.letters(station).map(|shelf| (station.number, shelf)));
        }
        let mut pipes = Vec::new();
        let mut waits = Vec::new();
        for (number, (pipe, trail)) in shard.pipes.iter_mut().zip(&mut self.pipes).enumerate() {
            let (from, to) = (pipe.shape.from.0, pipe.shape.to.0);
            if shard.places[from as usize].shard != shard.number {
                continue;
            }
            if pipe.blocked_since.is_some() {
                waits.push((from, to));
            }
            let depth = pipe.depth();
            let figures = PipeFigures {
                messages: pipe.messages,
                bytes: pipe.bytes,
                rate: trail.messages.rate(now, pipe.messages as f64),
                depth: depth.value(),
                capacity: if pipe.shape.flow == Flow::Push { u64::from(pipe.shape.capacity) } else { 0 },
                depth_max: depth.max(),
                depth_mean: depth.mean(now),
                blocked: pipe.blocked_since.is_some(),
                blocked_time: pipe.blocked_time(now),
                not_shown: pipe.not_shown,
            };
            if *trail.figures != figures {
                trail.figures = Arc::new(figures);
            }
            pipes.push((number as u32, trail.figures.clone()));
        }
        if self.journal_written != shard.journal.written() {
            self.journal_written = shard.journal.written();
            let lines = shard.journal.lines();
            let skip = lines.len().saturating_sub(LINES_SHOWN);
            self.journal = Arc::new(lines.skip(skip).cloned().collect());
        }
        let in_parcels: usize = shard.parcels.iter().flatten().map(super::signal::Parcel::messages).sum();
        books.held += in_parcels as u64;
        Part {
            now,
            nodes,
            pipes,
            books,
            latency: shard.latency.clone(),
            events: shard.events,
            journal: self.journal.clone(),
            journal_written: self.journal_written,
            letters,
            waits,
            producing: shard.producing,
            occupied: shard.occupied(),
            in_motion: shard.in_motion(),
            idle: shard.idle(),
            broken: shard.broken.clone(),
        }
    }
}

fn node_figures(station: &Station, trail: &mut NodeTrail, now: Moment) -> NodeFigures {
    let counts = &station.counts;
    let (rate_in, rate_out) = (
        trail.received.rate(now, counts.received as f64),
        trail.sent.rate(now, (counts.sent + if counts.received == 0 { 0 } else { counts.delivered }) as f64),
    );
    let servers = match &station.offered {
        Some(offered) => trail.offered.rate(now, offered.integral(now) as f64) / SECOND as f64,
        None => f64::from(station.servers()),
    }
    .max(1.0);
    let busy = trail.busy.rate(now, station.busy.integral(now) as f64) / SECOND as f64 / servers;
    let blocked = trail.blocked.rate(now, station.blocked.integral(now) as f64) / SECOND as f64 / servers;
    let state = match &station.health {
        Health::Stopped { error, .. } => NodeState::Failed(error.clone()),
        Health::Well if station.outbox > 0 => NodeState::Blocked,
        Health::Well if rate_in > 0.0 || rate_out > 0.0 || station.slots.holds() > 0 => NodeState::Running,
        Health::Well => NodeState::Idle,
    };
    let mut gauges = Vec::new();
    station.behaviour.gauges(now, &mut gauges);
    if station.store.is_some() && rate_out > rate_in {
        // As long as it goes on like this; a store that does not empty has no such time.
        gauges.push(Gauge { name: "time to drain", value: station.behaviour.backlog() as f64 / (rate_out - rate_in), unit: "s" });
    }
    NodeFigures {
        state,
        received: counts.received,
        sent: counts.sent,
        errors: counts.errors,
        last_error: station.last_error.clone(),
        dropped: counts.dropped.clone(),
        dead_lettered: counts.given_up.max(counts.dead_lettered).max(station.behaviour.dead_lettered()),
        delivered: counts.delivered,
        held: station.held() + station.behaviour.dead_lettered(),
        rate_in,
        rate_out,
        busy: if matches!(station.intake, Intake::Servers { .. } | Intake::Shared { .. }) { busy } else { 0.0 },
        blocked,
        residence: station.residence.quantiles(),
        gauges,
    }
}

/// Puts the parts of all shards together.
pub fn snapshot(names: &Names, parts: &[Part], mode: Mode, state: RunState, wall: Span) -> Snapshot {
    let mut books = Books::default();
    let mut latency = Histogram::new();
    let mut node_slots: Vec<Option<Arc<NodeFigures>>> = vec![None; names.stations.len()];
    let mut pipe_slots: Vec<Option<Arc<PipeFigures>>> = vec![None; names.pipes.len()];
    let mut waits = Vec::new();
    for part in parts {
        add_books(&mut books, &part.books);
        latency.merge(&part.latency);
        for (number, figures) in &part.nodes {
            node_slots[*number as usize] = Some(figures.clone());
        }
        for (number, figures) in &part.pipes {
            pipe_slots[*number as usize] = Some(figures.clone());
        }
        waits.extend_from_slice(&part.waits);
    }
    books.dropped.sort_keys();
    let journal = merged(parts.iter().map(|part| &part.journal), |line: &JournalLine| line.at);
    let mut letters: Vec<(u32, Arc<Shelf>)> = parts.iter().flat_map(|part| part.letters.iter().cloned()).collect();
    letters.sort_by_key(|(number, _)| *number);
    let written: u64 = parts.iter().map(|part| part.journal_written).sum();
    Snapshot {
        mode,
        state,
        now: parts.iter().map(|part| part.now).max().unwrap_or_default(),
        wall,
        events: parts.iter().map(|part| part.events).sum(),
        nodes: names.there.iter().map(|(id, number)| (id.clone(), node_slots[*number as usize].take().unwrap_or_default())).collect(),
        pipes: names.pipes_there.iter().map(|(id, number)| (id.clone(), pipe_slots[*number as usize].take().unwrap_or_default())).collect(),
        books,
        latency: latency.quantiles(),
        journal_not_shown: written - journal.len() as u64,
        journal,
        dead_letters: letters.into_iter().map(|(number, shelf)| (names.stations[number as usize].clone(), shelf)).collect(),
        deadlocks: Arc::new(deadlocks(names, &waits)),
        changes: names.changes.clone(),
    }
}

/// Circles of waiting stations, by name.
pub fn deadlocks(names: &Names, waits: &[(u32, u32)]) -> Vec<Vec<NodeId>> {
    if waits.is_empty() {
        return Vec::new();
    }
    let circles = circles(names.stations.len(), waits);
    circles.iter().map(|circle| circle.iter().map(|station| names.stations[*station as usize].clone()).collect()).collect()
}

/// Writes what does not hold into the journal that a run's last picture shows.
pub fn tell_breaches(snapshot: &mut Snapshot, laws: &Laws) {
    let (breaches, at) = (laws.breaches(), snapshot.now);
    if !breaches.is_empty() {
        let node = |id: Option<&str>| id.and_then(|id| snapshot.nodes.keys().find(|node| node.as_str() == id).cloned());
        let lines = breaches.into_iter().map(|(id, text)| JournalLine { at, node: node(id), text: text.into() });
        let lines: Vec<JournalLine> = snapshot.journal.iter().cloned().chain(lines).collect();
        snapshot.journal = Arc::new(lines);
    }
}

/// A picture before anything has happened.
pub fn empty_snapshot(names: &Names, mode: Mode) -> Snapshot {
    let mut snapshot = snapshot(names, &[], mode, RunState::Running, Span::ZERO);
    snapshot.latency = Quantiles::default();
    snapshot
}

fn add_books(books: &mut Books, part: &Books) {
    books.entered += part.entered;
    books.recovered += part.recovered;
    books.copied += part.copied;
    books.split_off += part.split_off;
    books.delivered += part.delivered;
    books.absorbed = books.absorbed.wrapping_add(part.absorbed);
    books.dead_lettered += part.dead_lettered;
    books.held += part.held;
    for (reason, count) in &part.dropped {
        *books.dropped.entry(reason).or_default() += count;
    }
}

/// One list in order of time; the list itself where there is only one.
fn merged<'a, T: Clone + 'a>(parts: impl Iterator<Item = &'a Arc<Vec<T>>>, at: impl Fn(&T) -> Moment) -> Arc<Vec<T>> {
    let parts: Vec<_> = parts.collect();
    if let [one] = parts.as_slice() {
        return (*one).clone();
    }
    let mut all: Vec<T> = parts.iter().flat_map(|part| part.iter().cloned()).collect();
    all.sort_by_key(at);
    Arc::new(all)
}
