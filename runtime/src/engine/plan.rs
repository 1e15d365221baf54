//! The plan: a graph that was checked and taken apart into numbered stations and pipes. The only thing that runs (rule 6).

use super::pipe::PipeShape;
use super::records;
use crate::check::check;
use crate::check::receivers::receivers;
use crate::expect::{self, Expected};
use crate::graph::Graph;
use crate::graph::composite::Flat;
use crate::graph::pipe::DEFAULT_CAPACITY;
use crate::id::{NodeId, PipeId};
use crate::node::{Behaviour, Catalogue, Flow, Form, Kind, Need, Ports};
use crate::problem::{Problem, Severity, Subject};
use crate::setting::{Setting, Settings};
use crate::trust::{Capability, Grants};
use crate::units::{Size, Span};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One node of a plan.
pub struct PlannedStation {
    /// Its id.
    pub id: NodeId,
    /// Its kind.
    pub kind: &'static Kind,
    /// Its settings.
    pub settings: Settings,
    /// Its ports under these settings.
    pub ports: Ports,
    /// What it does.
    pub behaviour: Box<dyn Behaviour>,
}

/// A graph ready to run. Nothing of the world has been touched but files of numbers that distributions name.
pub struct Plan {
    /// The graph's title.
    pub title: String,
    /// The nodes, in the order of their ids, so that numbers do not depend on the order of the file (rule 8).
    pub stations: Vec<PlannedStation>,
    /// The pipes, in the order of their ids.
    pub pipes: Vec<PipeShape>,
    /// What must hold when it has run.
    pub expectations: Vec<Expected>,
    /// What a live run needs that its user must allow, by node, and whether that was done.
    pub needs: Vec<(Need, bool)>,
    /// The seed of every random stream.
    pub seed: u64,
    /// UTC nanoseconds since 1970 at which simulated calendar time starts (G16).
    pub starts_at: u64,
    /// The folder that paths in the graph start from.
    pub folder: Arc<Path>,
}

/// The seed where neither the graph nor the person gives one.
pub const DEFAULT_SEED: u64 = 1;

/// 2026-01-01T00:00:00Z: where simulated calendar time starts unless the graph says otherwise.
pub const DEFAULT_START: u64 = 1_767_225_600_000_000_000;

impl Plan {
    /// Checks a graph and takes it apart. All problems that keep it from running, if there are any.
    pub fn of(graph: &Graph, catalogue: Catalogue, seed: Option<u64>, folder: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems: Vec<Problem> =
            check(graph, catalogue).into_iter().filter(|problem| problem.severity == Severity::Error).collect();
        if !graph.ports().is_empty() {
            let message = "this graph is a part: its ports are wired where a composite uses it";
            problems.push(Problem::error("PW809", Subject::Graph, message).hint("run a graph that uses it"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        // What runs has no borders: ids are paths (G15).
        let flat = graph.has_composites().then(|| Flat::of(&graph.whole().graph).graph);
        let graph = flat.as_ref().unwrap_or(graph);
        let folder: Arc<Path> = folder.into();
        let mut ids: Vec<&NodeId> = graph.nodes().keys().collect();
        ids.sort();
        let numbers: HashMap<&NodeId, u32> = ids.iter().enumerate().map(|(number, id)| (*id, number as u32)).collect();
        let mut leaving: HashMap<&NodeId, Vec<&PipeId>> = HashMap::new();
        for pipe in graph.pipes().keys() {
            leaving.entry(&pipe.from.node).or_default().push(pipe);
        }
        let mut stations = Vec::with_capacity(ids.len());
        let mut needs = Vec::new();
        for id in &ids {
            let node = graph.node(id).expect("the id is from this graph");
            let Some(kind) = catalogue.get(&node.kind) else {
                let subject = Subject::Node((*id).clone());
                problems.push(Problem::error("PW204", subject, format!("there is no kind `{}`", node.kind)));
                continue;
            };
            let read = reader(&folder);
            let ports = (kind.ports)(&node.settings);
            let receivers = receivers(graph, catalogue, &ports, leaving.remove(*id).unwrap_or_default());
            let mut form = Form::new(id, kind, &node.settings).with_files(&read).with_receivers(&receivers);
            let behaviour = (kind.build)(&mut form);
            needs.extend(form.needs().iter().map(|need| (need.clone(), false)));
            problems.extend(form.into_problems().into_iter().filter(|problem| problem.severity == Severity::Error));
            stations.push(PlannedStation { id: (*id).clone(), kind, settings: node.settings.clone(), ports, behaviour });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut pipes: Vec<_> = graph.pipes().iter().collect();
        pipes.sort_by_key(|(id, _)| *id);
        let pipes = pipes.into_iter().filter_map(|(id, pipe)| {
            let (from, to) = (*numbers.get(&id.from.node)?, *numbers.get(&id.to.node)?);
            let output = stations[from as usize].ports.output(&id.from.port)?;
            let input = stations[to as usize].ports.input(&id.to.port)?;
            let flow = stations[from as usize].ports.outputs[output].flow;
            let capacity = match (flow, pipe.settings.get("capacity")) {
                (Flow::Free, _) => 0,
                (_, Some(Setting::Integer(capacity))) => (*capacity).clamp(1, i64::from(u32::MAX / 2)) as u32,
                (Flow::Pull, _) => 0,
                (Flow::Push, _) => DEFAULT_CAPACITY,
            };
            let bytes = pipe.settings.get("capacity_bytes").and_then(Setting::as_str).and_then(|text| text.parse::<Size>().ok());
            let capacity_bytes = bytes.filter(|_| flow == Flow::Push).map_or(0, |size| size.0);
            let span = pipe.settings.get("time_to_live").and_then(Setting::as_str).and_then(|text| text.parse::<Span>().ok());
            let time_to_live = span.filter(|_| flow == Flow::Push).unwrap_or(Span::ZERO);
            let (from, to) = ((from, output as u16), (to, input as u16));
            Some(PipeShape { id: id.clone(), from, to, flow, capacity, capacity_bytes, time_to_live })
        });
        let pipes = pipes.collect();
        Ok(Self {
            title: graph.title().to_owned(),
            stations,
            pipes,
            expectations: expect::read(graph).0,
            needs,
            seed: seed.or_else(|| whole_number(graph.settings(), "seed")).unwrap_or(DEFAULT_SEED),
            starts_at: graph.settings().get("starts_at").and_then(Setting::as_str).and_then(crate::utc::parse).unwrap_or(DEFAULT_START),
            folder,
        })
    }

    /// Allows what these grants allow; a problem for everything else that a live run needs. What gives nothing here is not asked for.
    pub fn grant(&mut self, grants: &Grants) -> Result<(), Vec<Problem>> {
        self.needs.retain(|(need, _)| !gives_nothing(&need.capability));
        for (need, granted) in &mut self.needs {
            *granted = grants.allow(&need.capability);
        }
        let missing: Vec<Problem> = self.needs.iter().filter(|(_, granted)| !granted).map(|(need, _)| not_allowed(need)).collect();
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }
}

/// What a live run of a graph needs that its user must allow and these grants do not; nothing if it cannot be planned.
pub fn not_granted(graph: &Graph, catalogue: Catalogue, folder: &Path, grants: &Grants) -> Vec<Need> {
    let needs = Plan::of(graph, catalogue, None, folder).map(|plan| plan.needs).unwrap_or_default();
    needs.into_iter().map(|(need, _)| need).filter(|need| lacks(grants, &need.capability)).collect()
}

/// Whether a live run must be allowed this and these grants do not allow it.
pub fn lacks(grants: &Grants, capability: &Capability) -> bool {
    !grants.allow(capability) && !gives_nothing(capability)
}

/// Whether there is nothing to allow: an environment variable that is not set, or set to nothing, gives nothing away. Most of those who use S3
/// have no session token, and are not to be asked for one.
fn gives_nothing(capability: &Capability) -> bool {
    matches!(capability, Capability::Environment(name) if std::env::var_os(name).is_none_or(|value| value.is_empty()))
}

fn not_allowed(need: &Need) -> Problem {
    let subject = Subject::Setting(need.node.clone(), need.setting.clone());
    let message = format!("a live run of this graph would {}, and that is not allowed yet", need.capability.in_words());
    Problem::error("PW701", subject, message).hint(format!("if you trust the graph, run it with {}", need.capability.option()))
}

fn whole_number(settings: &Settings, name: &str) -> Option<u64> {
    match settings.get(name) {
        Some(Setting::Integer(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Reads files that settings name, below the graph's folder only.
pub fn reader(folder: &Path) -> impl Fn(&str) -> Result<String, String> + use<> {
    let folder = PathBuf::from(folder);
    move |name| {
        let path = records::readable(&folder, Path::new(name))?;
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))
    }
}
