//! Renaming nodes so that everything that names them follows: pipes, what is inside, ports bound to them, expectations.

use super::{bound, end_below, setting, text_below};
use crate::graph::{Edit, Graph};
use crate::id::{End, NodeId, PipeId};
use crate::setting::{Setting, Settings};

impl Graph {
    /// An edit that gives a node another id on its level, and everything that names it the new name.
    pub fn rename(&self, from: &NodeId, to: &NodeId) -> Edit {
        let mut edits = vec![Edit::RenameNode(from.clone(), to.clone())];
        let follow = |id: &NodeId| renamed(id, from, to);
        edits.extend(self.rebind(self.level_of(from), |end| Some(End { node: follow(&end.node)?, port: end.port.clone() })));
        edits.extend(self.reclaim(follow));
        if let [_] = edits.as_slice() { edits.remove(0) } else { Edit::Group(edits) }
    }

    /// The edit that binds the ports of a level to other ends, where `follow` gives one.
    pub(super) fn rebind(&self, level: Option<&NodeId>, follow: impl Fn(&End) -> Option<End>) -> Option<Edit> {
        let again = |text: &str| text_below(level, &follow(&end_below(level, text)?)?);
        let Some(id) = level else {
            let mut ports = Settings::new();
            for (name, end) in &self.ports {
                ports.insert(name.clone(), end.as_str().and_then(again).map_or_else(|| end.clone(), Setting::text));
            }
            return (ports != self.ports).then_some(Edit::SetPorts(ports));
        };
        let Some(Setting::Map(ports)) = self.nodes[id].settings.get(setting::PORTS) else { return None };
        let mut changed = ports.clone();
        for (at, (_, text)) in ports.iter().enumerate().filter_map(|(at, (name, end))| Some((at, (name, end.as_str()?)))) {
            if let Some(text) = again(text) {
                changed[at].1 = Setting::text(text);
            }
        }
        (changed != *ports).then(|| Edit::SetSetting(id.clone(), setting::PORTS.to_owned(), Some(Setting::Map(changed))))
    }

    /// The edits that let expectations follow nodes to their new names.
    pub(super) fn reclaim(&self, follow: impl Fn(&NodeId) -> Option<NodeId>) -> Vec<Edit> {
        let claims = self.expectations.iter().filter_map(|(name, expectation)| {
            let Setting::Record(claim, arguments) = &expectation.claim else { return None };
            let argument =
                |(name, value): &(String, Setting)| (name.clone(), following(name, value, &follow).unwrap_or_else(|| value.clone()));
            let changed = Setting::Record(claim.clone(), arguments.iter().map(argument).collect());
            (changed != expectation.claim).then(|| Edit::SetClaim(name.clone(), changed))
        });
        claims.collect()
    }

    /// An edit that gives a composite's port another name; its pipes, and the port of the composite around it that is bound to it, follow.
    /// `None` if there is no such port, or one of the new name.
    pub fn rename_port(&self, composite: &NodeId, from: &str, to: &str) -> Option<Edit> {
        let Some(Setting::Map(ports)) = self.nodes.get(composite)?.settings.get(setting::PORTS) else { return None };
        if bound(ports).any(|(name, _)| name == to) || !bound(ports).any(|(name, _)| name == from) {
            return None;
        }
        let name = |name: &String| if name == from { to.to_owned() } else { name.clone() };
        let ports = ports.iter().map(|(port, end)| (name(port), end.clone())).collect();
        let mut edits = vec![Edit::SetSetting(composite.clone(), setting::PORTS.to_owned(), Some(Setting::Map(ports)))];
        if let Some(place) = self.nodes[composite].port_places.get(from) {
            edits.push(Edit::PlacePort(composite.clone(), from.to_owned(), None));
            edits.push(Edit::PlacePort(composite.clone(), to.to_owned(), Some(*place)));
        }
        let follow = |end: &End| {
            if end.node == *composite && *end.port == *from { Some(End { node: composite.clone(), port: to.into() }) } else { None }
        };
        for (place, (id, pipe)) in self.pipes.iter().enumerate() {
            let (start, end) = (follow(&id.from), follow(&id.to));
            if start.is_some() || end.is_some() {
                let id = id.clone();
                edits.push(Edit::RemovePipe(id.clone()));
                let id = PipeId { from: start.unwrap_or(id.from), to: end.unwrap_or(id.to) };
                edits.push(Edit::AddPipe(id, Box::new(pipe.clone()), Some(place)));
            }
        }
        edits.extend(self.rebind(self.level_of(composite), follow));
        Some(Edit::Group(edits))
    }
}

/// The new id of a node when `from` became `to`: that node, or one inside it.
pub(super) fn renamed(id: &NodeId, from: &NodeId, to: &NodeId) -> Option<NodeId> {
    if id == from { Some(to.clone()) } else { NodeId::inside(Some(to), id.below(from.as_str())?) }
}

/// An argument of a claim that names nodes, with their new names; `None` if it names none that has one.
fn following(name: &str, value: &Setting, follow: &impl Fn(&NodeId) -> Option<NodeId>) -> Option<Setting> {
    let text = value.as_str()?;
    let node = |text: &str| Some(follow(&NodeId::new(text)?)?.to_string());
    match name {
        "at" => node(text).map(Setting::text),
        "of" => {
            let (part, rest) = text.split_once('.')?;
            match part {
                "nodes" | "queues" | "composites" => {
                    let (id, field) = rest.split_once('.')?;
                    Some(Setting::text(format!("{part}.{}.{field}", node(id)?)))
                }
                "pipes" => {
                    let (pipe, field) = rest.rsplit_once('.')?;
                    let (from, to) = pipe.split_once(" -> ")?;
                    let end = |end: &str| {
                        let (id, port) = end.split_once('.')?;
                        let new = node(id);
                        Some((new.is_some(), format!("{}.{port}", new.as_deref().unwrap_or(id))))
                    };
                    let (from, to) = (end(from)?, end(to)?);
                    (from.0 || to.0).then(|| Setting::text(format!("{part}.{} -> {}.{field}", from.1, to.1)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
