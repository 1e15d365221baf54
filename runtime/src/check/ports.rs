//! Wiring: pipes join an output to an input that fit each other, and nothing that must be wired is left open. The same rules answer the
//! canvas while a pipe is drawn: [`may_connect`].

use super::settings::meant;
use super::survey::Survey;
use crate::graph::Graph;
use crate::id::{End, NodeId, PipeId};
use crate::node::{Catalogue, Fan, Kind, PortRole, Ports};
use crate::problem::{Problem, Subject};
use std::collections::HashMap;

/// Whether a pipe may be drawn from this output to this input; if not, the reason, in words for the person who draws.
pub fn may_connect(graph: &Graph, catalogue: Catalogue, from: &End, to: &End) -> Result<(), String> {
    let ends = super::composites::inner_ends(graph, from, to)?;
    let (from, to) = (&ends.0, &ends.1);
    let side = |end: &End| {
        let node = graph.nodes().get_key_value(&end.node).ok_or_else(|| format!("there is no node `{}`", end.node))?;
        let kind = catalogue.get(&node.1.kind).filter(|_| node.1.opaque.is_none());
        let kind = kind.ok_or_else(|| format!("the kind of `{}` is not known here", end.node))?;
        Ok::<_, String>((node.0, kind, (kind.ports)(&node.1.settings)))
    };
    let (sender, receiver) = (side(from)?, side(to)?);
    let (sender, receiver) = (
        Side { id: sender.0, kind: Some(sender.1), ports: &sender.2, port: &from.port },
        Side { id: receiver.0, kind: Some(receiver.1), ports: &receiver.2, port: &to.port },
    );
    if let Some(fault) = fault(&sender, &receiver) {
        return Err(fault.message);
    }
    // Several ports of composites may be bound to one output, so pipes are compared by where they come from in the end.
    let bordered = graph.has_composites();
    let outer = |end: &End| Some(end).filter(|_| bordered).and_then(|end| graph.inner_end(end)).unwrap_or_else(|| end.clone());
    let leaving: Vec<(&PipeId, End)> =
        graph.pipes().keys().filter(|pipe| outer(&pipe.from) == *from).map(|pipe| (pipe, outer(&pipe.to))).collect();
    let output = sender.ports.output(&from.port).map(|number| &sender.ports.outputs[number]);
    if let Some((pipe, _)) = leaving.iter().find(|(_, end)| end == to) {
        return Err(format!("there is a pipe `{pipe}` already"));
    }
    match (output.map(|port| port.fan), leaving.first()) {
        (Some(Fan::One), Some((pipe, _))) => Err(format!("`{from}` leads to `{}` already; {ONE_PIPE}", pipe.to.node)),
        _ => Ok(()),
    }
}

const ONE_PIPE: &str = "put a topic there to copy every message, a queue to share them out, or a route to choose";

pub(super) fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    let mut leaving: HashMap<&End, u32> = HashMap::new();
    let no_ports = Ports::default();
    for (id, _) in survey.graph.pipes() {
        let subject = || Subject::Pipe(id.clone());
        let number = |end: &End| survey.graph.nodes().get_index_of(&end.node);
        for end in [&id.from, &id.to].into_iter().filter(|end| number(end).is_none()) {
            let known = survey.graph.nodes().keys().map(NodeId::as_str);
            // With very many nodes the nearest would cost more than it helps.
            let hint =
                if known.len() > 1_000 { String::new() } else { meant(end.node.as_str(), known, "add the node, or remove the pipe") };
            problems.push(Problem::error("PW301", subject(), format!("there is no node `{}`", end.node)).hint(hint));
        }
        let sides = [&id.from, &id.to].map(|end| (number(end), end)).map(|(number, end)| Side {
            id: &end.node,
            kind: number.and_then(|number| survey.kinds[number]),
            ports: number.map_or(&no_ports, |number| &survey.ports[number]),
            port: &end.port,
        });
        if let Some(Fault { code, message, hint }) = fault(&sides[0], &sides[1]) {
            problems.push(Problem::error(code, subject(), message).hint(hint));
        }
        let count = leaving.entry(&id.from).or_default();
        *count += 1;
        let fan = sides[0].ports.output(&id.from.port).map(|number| sides[0].ports.outputs[number].fan);
        if fan == Some(Fan::One) && *count > 1 {
            let message = format!("`{}` takes one pipe, and this is number {count}", id.from);
            problems.push(Problem::error("PW306", subject(), message).hint(ONE_PIPE));
        }
    }
    unwired(survey, &leaving, problems);
}

/// Ports that must be wired and are not.
fn unwired(survey: &Survey<'_>, leaving: &HashMap<&End, u32>, problems: &mut Vec<Problem>) {
    for (number, ports) in survey.ports.iter().enumerate() {
        let id = survey.id(number);
        for port in ports.inputs.iter().filter(|port| port.required) {
            let wired = survey.wiring.into[number].iter().any(|&(pipe, _)| *survey.pipe(pipe).to.port == *port.name);
            if !wired && !survey.is_bound(number, &port.name) {
                let message = format!("nothing leads to the input `{}`", port.name);
                let subject = Subject::Port(id.clone(), port.name.to_string());
                problems.push(Problem::error("PW305", subject, message).hint(port.help.to_string()));
            }
        }
        for port in ports.outputs.iter().filter(|port| port.required) {
            // A pipe to a node that is not there counts here; it is told of as such.
            if !leaving.contains_key(&End { node: id.clone(), port: port.name.as_ref().into() }) && !survey.is_bound(number, &port.name) {
                let message = format!("the output `{}` leads nowhere", port.name);
                let subject = Subject::Port(id.clone(), port.name.to_string());
                problems.push(Problem::error("PW305", subject, message).hint("wire it; a sink ends messages"));
            }
        }
    }
}

/// One end of a pipe and what is known of it.
struct Side<'a> {
    id: &'a NodeId,
    kind: Option<&'static Kind>,
    ports: &'a Ports,
    port: &'a str,
}

struct Fault {
    code: &'static str,
    message: String,
    hint: String,
}

/// What is wrong with a pipe between these two, looked at alone.
fn fault(from: &Side<'_>, to: &Side<'_>) -> Option<Fault> {
    let fault = |code, message: String, hint: String| Some(Fault { code, message, hint });
    if from.id == to.id {
        let hint = "give the way back a node of its own, such as a queue";
        return fault("PW309", format!("`{}` would send to itself", from.id), hint.to_owned());
    }
    if let Some(kind) = from.kind
        && from.ports.output(from.port).is_none()
    {
        let (id, port) = (from.id, from.port);
        if from.ports.input(port).is_some() {
            return fault("PW303", format!("`{id}.{port}` is an input; a pipe begins at an output"), "draw it the other way".to_owned());
        }
        let known = from.ports.outputs.iter().map(|port| &*port.name);
        let hint = meant(port, known.clone(), &listed("its outputs are", known));
        return fault("PW302", format!("`{id}` ({}) has no output `{port}`", kind.name), hint);
    }
    if let Some(kind) = to.kind
        && to.ports.input(to.port).is_none()
    {
        let (id, port) = (to.id, to.port);
        if to.ports.output(port).is_some() {
            return fault("PW303", format!("`{id}.{port}` is an output; a pipe ends at an input"), "draw it the other way".to_owned());
        }
        let known = to.ports.inputs.iter().map(|port| &*port.name);
        let hint = if to.ports.inputs.is_empty() {
            "it only makes messages".to_owned()
        } else {
            meant(port, known.clone(), &listed("its inputs are", known))
        };
        return fault("PW302", format!("`{id}` ({}) has no input `{port}`", kind.name), hint);
    }
    let (Some(sender), Some(receiver)) = (from.kind, to.kind) else { return None };
    let output = &from.ports.outputs[from.ports.output(from.port)?];
    let input = &to.ports.inputs[to.ports.input(to.port)?];
    if (output.role == PortRole::Control) != (input.role == PortRole::Control) {
        let message = format!(
            "`{}.{}` and `{}.{}` carry different things: one carries control, the other messages",
            from.id, from.port, to.id, to.port
        );
        return fault("PW304", message, "control ports go together, and message ports".to_owned());
    }
    if let Some(wanted) = from.ports.only_to.filter(|_| output.role == PortRole::Message)
        && receiver.name != wanted
    {
        let message = format!("a {} leads only to a {wanted}, and `{}` is a {}", sender.name, to.id, receiver.name);
        return fault("PW307", message, format!("put a {wanted} between"));
    }
    if let Some(wanted) = to.ports.only_from
        && (sender.name != wanted || output.role != PortRole::Message)
    {
        let message = format!("a {} takes messages only from a {wanted}, and `{}.{}` is none", receiver.name, from.id, from.port);
        return fault("PW308", message, format!("wire a {wanted} to it"));
    }
    None
}

fn listed<'a>(heading: &str, names: impl Iterator<Item = &'a str>) -> String {
    format!("{heading} {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::{found, graph};
    use crate::graph::sample::end;
    use crate::nodes::CATALOGUE;

    const NODES: &str = r#""g": generator(rate: "1/s"), "q": queue, "p": consumer_pool, "s": sink, "t": topic, "u": subscription"#;

    /// Draws a pipe: the canvas must say the same as the check.
    fn check(pipe: &str, code: Option<&str>) {
        let (from, to) = pipe.split_once(" -> ").unwrap();
        let drawn = may_connect(&graph(NODES, ""), CATALOGUE, &end(from), &end(to));
        assert_eq!(drawn.is_ok(), code.is_none(), "{pipe}: {drawn:?}");
        let codes = found(NODES, &format!("\"{pipe}\""));
        let of_pipe: Vec<&str> = codes.iter().filter_map(|found| found.strip_suffix(pipe).map(str::trim)).collect();
        assert_eq!(of_pipe, code.into_iter().collect::<Vec<_>>(), "{pipe}");
    }

    #[test]
    fn a_pipe_joins_what_fits() {
        check("g.out -> q.in", None);
        check("q.out -> p.in", None);
        check("p.error -> s.in", None);
        check("t.out -> u.in", None);
        check("t.unroutable -> s.in", None);
        check("g.exit -> q.in", Some("PW302"));
        check("g.out -> q.inn", Some("PW302"));
        check("g.out -> g.in", Some("PW309"));
        check("q.in -> p.in", Some("PW303"));
        check("q.out -> p.out", Some("PW303"));
        check("t.out -> p.in", Some("PW307"));
        check("g.out -> u.in", Some("PW308"));
        check("t.unroutable -> u.in", Some("PW308"));
    }

    #[test]
    fn an_output_that_takes_one_pipe_refuses_the_second() {
        let graph = graph(NODES, r#""g.out -> q.in", "q.out -> p.in""#);
        let draw = |from: &str, to: &str| may_connect(&graph, CATALOGUE, &end(from), &end(to));
        assert!(draw("g.out", "s.in").unwrap_err().contains("a topic"));
        assert!(draw("g.out", "q.in").unwrap_err().contains("already"));
        assert_eq!(draw("q.out", "s.in"), Ok(()), "consumers compete");
        assert!(draw("ghost.out", "s.in").unwrap_err().contains("no node"));
        let codes = found(NODES, r#""g.out -> q.in", "g.out -> s.in""#);
        assert!(codes.contains(&"PW306 g.out -> s.in".to_owned()), "{codes:?}");
    }
}
