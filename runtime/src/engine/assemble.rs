//! From a plan to shards: which worker runs which station.

use super::inbox::Inbox;
use super::laws::Account;
use super::pipe::Pipe;
use super::plan::{Plan, PlannedStation};
use super::shard::{Place, Shard, World};
use super::slots::Slots;
use super::station::{Health, Output, Station};
use crate::expect::{Expected, Watch};
use crate::id::{NodeId, PipeId, hash_text};
use crate::node::effects::Identity;
use crate::node::lane::Lane;
use crate::node::{Fan, Flow, Intake, Need};
use crate::random::StreamKey;
use crate::telemetry::change::Changes;
use crate::telemetry::counters::Counts;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::weighted::Weighted;
use crate::units::Moment;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

/// What about a plan outlives its shards: names, for snapshots and reports.
#[derive(Clone, Debug)]
pub struct Names {
    /// The graph's title.
    pub title: String,
    /// The stations, by number; those that were taken out while the run went on are among them.
    pub stations: Vec<NodeId>,
    /// The pipes, by number; those that were taken out among them.
    pub pipes: Vec<PipeId>,
    /// The numbers of the stations that are there, in order of their ids.
    pub there: BTreeMap<NodeId, u32>,
    /// The numbers of stations by the ids that they had before they were given others.
    pub before: BTreeMap<NodeId, u32>,
    /// The numbers of the pipes that are there, in order of their ids.
    pub pipes_there: BTreeMap<PipeId, u32>,
    /// Pipes that somebody wants to see the messages of, whether they are there or not yet.
    pub watched: BTreeSet<PipeId>,
    /// Where each station runs.
    pub places: Arc<[Place]>,
    /// The stations at the ends of each pipe.
    pub ends: Vec<(u32, u32)>,
    /// What must hold when the run is over.
    pub expectations: Arc<[Expected]>,
    /// What a live run needs that its user must allow, and whether that was done.
    pub needs: Arc<[(Need, bool)]>,
    /// The seed.
    pub seed: u64,
    /// The folder that paths start from.
    pub folder: Arc<Path>,
    /// Which replication, and when calendar time starts.
    pub origin: Origin,
    /// What was changed while the run went on.
    pub changes: Arc<Changes>,
}

impl Names {
    /// Whether a station is there: it was not taken out.
    pub fn has(&self, station: &Station) -> bool {
        self.there.get(&station.id) == Some(&station.number)
    }

    /// Where the station runs that keeps letters under this id: the one that is there, else the last that was taken out.
    pub fn keeper(&self, id: &NodeId) -> Option<Place> {
        let gone = || self.stations.iter().rposition(|known| known == id);
        let number = self.there.get(id).or_else(|| self.before.get(id)).map(|number| *number as usize).or_else(gone)?;
        self.places.get(number).copied()
    }

    /// Notes whether somebody wants to see the messages of a pipe; its number, if it is there.
    pub fn watch(&mut self, pipe: PipeId, on: bool) -> Option<u32> {
        let number = self.pipes_there.get(&pipe).copied();
        if on {
            self.watched.insert(pipe);
        } else {
            self.watched.remove(&pipe);
        }
        number
    }

    /// Whether the pipe with this number is there.
    pub fn has_pipe(&self, id: &PipeId, number: usize) -> bool {
        self.pipes_there.get(id).is_some_and(|there| *there as usize == number)
    }
}

/// Which replication of a simulation, and when calendar time starts.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Streams differ from replication to replication.
    pub replication: u64,
    /// UTC nanoseconds since 1970 at the start of the run.
    pub epoch: u64,
}

/// Over how many threads a graph is spread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spread {
    /// So many, as far as there are groups to part.
    Over(usize),
    /// At most so many, and only where it pays: nodes that messages pass from one to the other stay together, since handing a message to
    /// another thread costs more than most nodes do with it; but for graphs with more such nodes than `MOST_TOGETHER` in one piece.
    UpTo(usize),
}

impl From<usize> for Spread {
    fn from(count: usize) -> Self {
        Self::Over(count)
    }
}

/// How many nodes that belong together run on one thread in any case.
const MOST_TOGETHER: usize = 64;

/// Takes a plan apart into `count` shards, each with a world of its own, and starts every node.
pub fn assemble(plan: Plan, count: usize, origin: Origin, world: impl FnMut(usize) -> Box<dyn World + Send>) -> (Names, Vec<Shard>) {
    let (names, mut shards) = assemble_at_rest(plan, count, origin, world);
    shards.iter_mut().for_each(Shard::start);
    (names, shards)
}

/// The same, but no node was started yet: time to say whose messages are to be shown, since a node may send some as it starts.
pub fn assemble_at_rest(
    plan: Plan,
    spread: impl Into<Spread>,
    origin: Origin,
    mut world: impl FnMut(usize) -> Box<dyn World + Send>,
) -> (Names, Vec<Shard>) {
    let shard_of = partition(&plan, spread.into());
    let count = shard_of.iter().max().map_or(1, |most| *most as usize + 1);
    let mut locals = vec![0; count];
    let places: Arc<[Place]> = shard_of
        .iter()
        .map(|&shard| {
            locals[shard as usize] += 1;
            Place { shard, local: locals[shard as usize] - 1 }
        })
        .collect();
    let names = Names {
        title: plan.title.clone(),
        stations: plan.stations.iter().map(|station| station.id.clone()).collect(),
        pipes: plan.pipes.iter().map(|pipe| pipe.id.clone()).collect(),
        there: (0..).zip(&plan.stations).map(|(number, station)| (station.id.clone(), number)).collect(),
        before: BTreeMap::new(),
        pipes_there: (0..).zip(&plan.pipes).map(|(number, pipe)| (pipe.id.clone(), number)).collect(),
        watched: BTreeSet::new(),
        places: places.clone(),
        ends: plan.pipes.iter().map(|pipe| (pipe.from.0, pipe.to.0)).collect(),
        expectations: plan.expectations.as_slice().into(),
        needs: plan.needs.as_slice().into(),
        seed: plan.seed,
        folder: plan.folder.clone(),
        origin,
        changes: Arc::default(),
    };
    let directory: Arc<BTreeMap<NodeId, u32>> = Arc::new(names.stations.iter().cloned().zip(0..).collect());
    let pipes = plan.pipes.clone();
    let mut stations: Vec<Vec<Station>> = (0..count).map(|_| Vec::new()).collect();
    for (number, station) in build_stations(plan, origin).into_iter().enumerate() {
        stations[shard_of[number] as usize].push(station);
    }
    let shards = stations
        .into_iter()
        .enumerate()
        .map(|(number, stations)| {
            let pipes = pipes.iter().cloned().map(Pipe::new).collect();
            let mut shard = Shard::new(number as u32, count, stations, places.clone(), pipes, world(number));
            shard.directory = directory.clone();
            shard
        })
        .collect();
    (names, shards)
}

fn build_stations(plan: Plan, origin: Origin) -> Vec<Station> {
    let mut outgoing: Vec<Vec<(u16, u32)>> = vec![Vec::new(); plan.stations.len()];
    let mut pulls: Vec<Vec<u32>> = vec![Vec::new(); plan.stations.len()];
    for (number, pipe) in plan.pipes.iter().enumerate() {
        outgoing[pipe.from.0 as usize].push((pipe.from.1, number as u32));
        if pipe.flow == Flow::Pull {
            pulls[pipe.to.0 as usize].push(number as u32);
        }
    }
    let Plan { stations, pipes: shapes, seed, folder, expectations, .. } = plan;
    let ground = Ground { seed, origin, folder: &folder, expectations: &expectations };
    let build = |(number, planned): (usize, PlannedStation)| {
        let mut station = ground.station(number as u32, planned);
        for &(port, pipe) in &outgoing[number] {
            station.outputs[usize::from(port)].pipes.push(pipe);
        }
        for output in station.outputs.iter_mut().filter(|output| output.fan != Fan::Copy && output.flow == Flow::Push) {
            if let [pipe] = output.pipes.as_slice() {
                output.plain = Some(*pipe).filter(|pipe| shapes[*pipe as usize].capacity_bytes == 0);
            }
        }
        let room = |output: &Output| match output.flow {
            _ if output.pipes.is_empty() => UNBOUNDED_ROOM,
            Flow::Push => output.pipes.iter().map(|pipe| shapes[*pipe as usize].capacity as usize).sum(),
            Flow::Pull => 0,
            Flow::Free => UNBOUNDED_ROOM,
        };
        station.rooms = station.outputs.iter().map(room).collect();
        station.wire();
        station.pulls_in = std::mem::take(&mut pulls[number]);
        station
    };
    stations.into_iter().enumerate().map(build).collect()
}

/// What the stations of a run have in common.
pub(crate) struct Ground<'a> {
    pub(crate) seed: u64,
    pub(crate) origin: Origin,
    pub(crate) folder: &'a Arc<Path>,
    pub(crate) expectations: &'a [Expected],
}

impl Ground<'_> {
    /// A station that nothing is wired to yet.
    pub(crate) fn station(&self, number: u32, planned: PlannedStation) -> Station {
        let outputs: Vec<Output> = planned.ports.outputs.iter().map(Output::of).collect();
        let path = planned.id.as_str();
        let intake = planned.behaviour.intake();
        let acks_wait = planned.behaviour.acks_wait();
        let store = matches!(intake, Intake::Store { .. }).then(Box::default);
        let streams = StreamKey::of_node(self.seed, self.origin.replication, path);
        Station {
            number,
            identity: Identity { maker: hash_text(path), streams, epoch: self.origin.epoch },
            kind: planned.kind,
            settings: planned.settings,
            folder: self.folder.clone(),
            behaviour: planned.behaviour,
            acks_wait,
            pressing: 0,
            listed: false,
            intake,
            messages: Inbox::default(),
            signals: Inbox::default(),
            due: VecDeque::default(),
            slots: Slots::default(),
            rooms: vec![UNBOUNDED_ROOM; outputs.len()],
            wired: vec![0; outputs.len()],
            outputs,
            error_port: planned.ports.error(),
            pulls_in: Vec::new(),
            touched: Vec::new(),
            returned: false,
            outbox: 0,
            tickets: 0,
            wishes: VecDeque::new(),
            lane: Lane::default(),
            rested: false,
            open: BTreeMap::default(),
            ready: false,
            producing: planned.ports.inputs.is_empty(),
            waited: false,
            crashed: None,
            asks: 0,
            generation: 0,
            health: Health::Well,
            panics: 0,
            instant: (Moment::START, 0),
            counts: Counts::default(),
            begun: Moment::START,
            counts_before: Counts::default(),
            last_error: None,
            busy: Weighted::new(Moment::START),
            blocked: Weighted::new(Moment::START),
            offered: None,
            residence: Histogram::new(),
            latency: None,
            store,
            account: Account::default(),
            watch: Watch::of(self.expectations, &planned.id),
            hash: 0,
            input: 0,
            desk: None,
            id: planned.id,
        }
    }
}

/// Room at an output that nothing bounds.
pub const UNBOUNDED_ROOM: usize = usize::MAX / 2;

/// Spreads stations over `count` shards. What a topic or a store feeds stays with it: those pipes have no bound of their own to hold back
/// another thread. The groups are laid out along the flow and cut where the parts get even.
fn partition(plan: &Plan, spread: Spread) -> Vec<u32> {
    let (Spread::Over(count) | Spread::UpTo(count)) = spread;
    let count = count.max(1);
    let mut group = groups(plan, |pipe| pipe.flow != Flow::Push);
    if let Spread::UpTo(_) = spread {
        let mut pieces = groups(plan, |_| true);
        let mut sizes = vec![0; plan.stations.len()];
        for station in 0..plan.stations.len() {
            sizes[root(&mut pieces, station)] += 1;
        }
        for pipe in &plan.pipes {
            let (from, to) = (pipe.from.0 as usize, pipe.to.0 as usize);
            if sizes[root(&mut pieces, from)] <= MOST_TOGETHER {
                join(&mut group, from, to);
            }
        }
    }
    let mut order: Vec<usize> = flow_order(plan);
    // Stable: groups appear where their first member appears, members in order.
    let mut rank = vec![usize::MAX; plan.stations.len()];
    for (position, &station) in order.iter().enumerate() {
        let root = root(&mut group, station);
        rank[root] = rank[root].min(position);
    }
    order.sort_by_key(|&station| rank[root(&mut group, station)]);
    let mut shard_of = vec![0; plan.stations.len()];
    let mut last_group = usize::MAX;
    let mut shard = 0;
    for (done, &station) in order.iter().enumerate() {
        let group = root(&mut group, station);
        if group != last_group {
            shard = (done * count / plan.stations.len().max(1)) as u32;
            last_group = group;
        }
        shard_of[station] = shard;
    }
    // Shard numbers without gaps.
    let mut used: Vec<u32> = shard_of.clone();
    used.sort_unstable();
    used.dedup();
    shard_of.iter().map(|shard| used.binary_search(shard).expect("every shard is in the list") as u32).collect()
}

/// Groups of stations that these pipes join: of each station another of its group, at last the first one.
fn groups(plan: &Plan, joins: impl Fn(&super::pipe::PipeShape) -> bool) -> Vec<usize> {
    let mut group: Vec<usize> = (0..plan.stations.len()).collect();
    for pipe in plan.pipes.iter().filter(|pipe| joins(pipe)) {
        join(&mut group, pipe.from.0 as usize, pipe.to.0 as usize);
    }
    group
}

fn join(group: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(group, one), root(group, other));
    group[one.max(other)] = one.min(other);
}

fn root(group: &mut [usize], mut at: usize) -> usize {
    while group[at] != at {
        group[at] = group[group[at]];
        at = group[at];
    }
    at
}

/// The stations along the flow: senders before receivers where there is no cycle.
fn flow_order(plan: &Plan) -> Vec<usize> {
    let mut incoming = vec![0_u32; plan.stations.len()];
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); plan.stations.len()];
    for pipe in &plan.pipes {
        incoming[pipe.to.0 as usize] += 1;
        outgoing[pipe.from.0 as usize].push(pipe.to.0 as usize);
    }
    let mut order = Vec::with_capacity(plan.stations.len());
    let mut placed = vec![false; plan.stations.len()];
    let mut starts: Vec<usize> = (0..plan.stations.len()).filter(|&station| incoming[station] == 0).collect();
    starts.reverse();
    let mut rest = 0..plan.stations.len();
    loop {
        let next = starts.pop().or_else(|| rest.find(|&station| !placed[station]));
        let Some(station) = next else { return order };
        if std::mem::replace(&mut placed[station], true) {
            continue;
        }
        order.push(station);
        for &to in outgoing[station].iter().rev() {
            incoming[to] = incoming[to].saturating_sub(1);
            if incoming[to] == 0 && !placed[to] {
                starts.push(to);
            }
        }
    }
}
