//! What all checks look at: the graph with its wiring, kinds and ports worked out once.

use crate::graph::query::Wiring;
use crate::graph::{Graph, Node};
use crate::id::{End, NodeId, PipeId};
use crate::node::{Catalogue, Flow, Kind, Port, PortRole, Ports};
use crate::setting::Setting;
use std::collections::HashSet;

pub struct Survey<'a> {
    pub graph: &'a Graph,
    pub catalogue: Catalogue,
    pub wiring: Wiring,
    /// For each node its kind; `None` if this program does not know it, or the node is kept as text.
    pub kinds: Vec<Option<&'static Kind>>,
    /// For each node its ports under its settings; none if its kind is unknown.
    pub ports: Vec<Ports>,
    /// The ends that the graph has ports for, as a part: they are wired where it is used.
    pub bound: HashSet<End>,
}

impl<'a> Survey<'a> {
    pub fn of(graph: &'a Graph, catalogue: Catalogue) -> Self {
        let kind = |node: &Node| if node.opaque.is_some() { None } else { catalogue.get(&node.kind) };
        let kinds: Vec<_> = graph.nodes().values().map(|node| kind(node)).collect();
        let ports =
            graph.nodes().values().zip(&kinds).map(|(node, kind)| kind.map_or_else(Ports::default, |kind| (kind.ports)(&node.settings)));
        Self {
            graph,
            catalogue,
            wiring: Wiring::of(graph),
            ports: ports.collect(),
            kinds,
            bound: graph.own_bindings().into_iter().map(|(_, end)| end).collect(),
        }
    }

    pub fn id(&self, number: usize) -> &'a NodeId {
        self.graph.nodes().get_index(number).expect("numbers come from this graph").0
    }

    pub fn node(&self, number: usize) -> &'a Node {
        self.graph.nodes().get_index(number).expect("numbers come from this graph").1
    }

    pub fn pipe(&self, number: usize) -> &'a PipeId {
        self.graph.pipes().get_index(number).expect("numbers come from this graph").0
    }

    /// The output a pipe begins at, if its sender is known and has it.
    pub fn output_of(&self, pipe: usize) -> Option<&Port> {
        let from = &self.pipe(pipe).from;
        let ports = &self.ports[self.graph.nodes().get_index_of(&from.node)?];
        Some(&ports.outputs[ports.output(&from.port)?])
    }

    /// Whether the graph is a part: messages may come from where it is used, and of those nothing is known here.
    pub fn is_part(&self) -> bool {
        !self.bound.is_empty()
    }

    /// Whether a port is wired where the graph is used as a part.
    pub fn is_bound(&self, number: usize, port: &str) -> bool {
        self.is_part() && self.bound.contains(&End { node: self.id(number).clone(), port: port.into() })
    }

    /// Whether a node keeps messages and hands them out against credit (G3).
    pub fn is_store(&self, number: usize) -> bool {
        self.ports[number].outputs.iter().any(|port| port.flow == Flow::Pull)
    }

    /// Whether a node only makes messages.
    pub fn is_source(&self, number: usize) -> bool {
        self.kinds[number].is_some() && self.ports[number].inputs.is_empty()
    }

    /// The value of a node's setting or its default; `None` if its kind has no such field, or does not show it, or
    /// lacks it, under the other settings.
    pub fn value(&self, number: usize, name: &str) -> Option<Setting> {
        let (kind, node) = (self.kinds[number]?, self.node(number));
        let field = kind.field(name)?;
        if let Some((choice, words)) = field.when {
            let chosen = self.value(number, choice)?;
            if !chosen.as_choice().is_some_and(|word| words.contains(&word)) {
                return None;
            }
        }
        if field.lacks_under(kind.fields, &node.settings).is_some() {
            return None;
        }
        node.settings.get(name).cloned().or_else(|| field.default_under(kind.fields, &node.settings))
    }

    /// The error output of a node, and whether a pipe leaves it.
    pub fn error_output(&self, number: usize) -> Option<(&Port, bool)> {
        let port = self.ports[number].outputs.iter().find(|port| port.role == PortRole::Error)?;
        let wired = self.wiring.out[number].iter().any(|&(pipe, _)| *self.pipe(pipe).from.port == *port.name);
        Some((port, wired || self.is_bound(number, &port.name)))
    }
}
