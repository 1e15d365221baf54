//! Composites: their ports lead somewhere, pipes keep to their level, used files are there. Everything else is checked without borders, and then
//! told of where it is drawn: a pipe by its drawn ends, an open port by the outermost composite that shows it.

use super::settings::meant;
use crate::graph::composite::{COMPOSITE, Flat, MOST_DEPTH, Whole, setting};
use crate::graph::{Graph, Node};
use crate::id::{End, NodeId, PipeId};
use crate::node::{Catalogue, Port, Ports};
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use std::collections::{HashMap, HashSet};

/// The ports of a node. Those of a composite are what is bound inside; a port that leads nowhere is left out. `None` if the kind is not known.
/// The graph must hold the content of its used files (see [`Graph::whole`]).
pub fn ports_of(graph: &Graph, catalogue: Catalogue, id: &NodeId) -> Option<Ports> {
    let node = graph.node(id).filter(|node| node.opaque.is_none())?;
    if !node.is_composite() {
        return catalogue.get(&node.kind).map(|kind| (kind.ports)(&node.settings));
    }
    let mut ports = Ports::default();
    for (name, end) in graph.bindings(id) {
        // Ends lie strictly below, so this comes to an end.
        let Some(inner) = ports_of(graph, catalogue, &end.node) else { continue };
        let title = graph.node(&end.node).map(|node| node.title.as_str()).filter(|title| !title.is_empty()).unwrap_or(end.node.last());
        let port = |port: &Port| Port { name: name.to_owned().into(), help: format!("{title}: {}", port.help).into(), ..port.clone() };
        if let Some(number) = inner.input(&end.port) {
            ports.inputs.push(port(&inner.inputs[number]));
        } else if let Some(number) = inner.output(&end.port) {
            ports.outputs.push(port(&inner.outputs[number]));
        }
    }
    Some(ports)
}

/// The ends inside that a pipe between these two would join; in words, why there can be none.
pub(super) fn inner_ends(graph: &Graph, from: &End, to: &End) -> Result<(End, End), String> {
    if !graph.has_composites() {
        return Ok((from.clone(), to.clone()));
    }
    if graph.level_of(&from.node) != graph.level_of(&to.node) {
        return Err("a pipe does not cross the border of a composite; give the composite a port".to_owned());
    }
    if from.node == to.node {
        return Err(format!("`{}` would send to itself", from.node));
    }
    let inner = |end: &End| graph.inner_end(end).ok_or_else(|| format!("`{}` has no port `{}`", end.node, end.port));
    Ok((inner(from)?, inner(to)?))
}

pub(super) fn check(graph: &Graph, catalogue: Catalogue) -> Vec<Problem> {
    let whole = graph.whole();
    let flat = Flat::of(&whole.graph);
    let mut problems = whole.problems.clone();
    for (id, node) in whole.graph.nodes().iter().filter(|(_, node)| node.is_composite()) {
        for name in node.settings.keys().filter(|name| !setting::ALL.contains(&name.as_str())) {
            let subject = Subject::Setting(id.clone(), name.clone());
            let hint = meant(name, setting::ALL, "it is kept, and has no effect");
            problems.push(Problem::warning("PW205", subject, format!("a composite has no setting `{name}`")).hint(hint));
        }
        if whole.graph.levels_of(id).count() >= MOST_DEPTH {
            let message = format!("composites nest more than {MOST_DEPTH} deep here");
            problems.push(Problem::error("PW805", Subject::Node(id.clone()), message).hint("unpack one of those around it"));
        }
        if let Some(ports) = node.settings.get(setting::PORTS) {
            let subject = Subject::Setting(id.clone(), setting::PORTS.to_owned());
            match ports {
                Setting::Map(ports) => {
                    bindings(&whole.graph, catalogue, Some(id), ports.iter().map(|(name, end)| (name, end)), &subject, &mut problems);
                }
                other => problems.push(nowhere(&subject, format!("expected a map as `ports`, found {}", other.sort()))),
            }
        }
        if node.settings.get(setting::USE).is_some_and(|file| !matches!(file, Setting::Text(_))) {
            let subject = Subject::Setting(id.clone(), setting::USE.to_owned());
            problems.push(Problem::error("PW803", subject, "expected a text as `use`").hint("write `use: \"parts/file.ron\"`"));
        }
    }
    own_ports(graph, &whole.graph, catalogue, &mut problems);
    pipes(&whole, &flat, catalogue, &mut problems);
    let shown = Shown::of(&whole, &flat);
    let told: HashSet<PipeId> =
        problems.iter().filter_map(|problem| if let Subject::Pipe(pipe) = &problem.subject { Some(pipe.clone()) } else { None }).collect();
    let mut found: Vec<Problem> = super::flat(&flat.graph, catalogue).into_iter().map(|problem| shown.problem(problem)).collect();
    // A pipe that leads to no port was told of as drawn.
    found.retain(|problem| !matches!(&problem.subject, Subject::Pipe(pipe) if told.contains(pipe)));
    // Nor does a port lead nowhere from which a pipe leads to a composite whose file could not be read.
    let lacking = |id: &NodeId| whole.graph.node(id).is_some_and(|node| lacks_its_file(&whole, id, node));
    let lost: HashSet<&End> = whole
        .graph
        .pipes()
        .keys()
        .filter(|pipe| lacking(&pipe.from.node) || lacking(&pipe.to.node))
        .flat_map(|pipe| [&pipe.from, &pipe.to])
        .collect();
    found.retain(|problem| match &problem.subject {
        Subject::Port(node, port) => !lost.contains(&End { node: node.clone(), port: port.as_str().into() }),
        _ => true,
    });
    problems.append(&mut found);
    for problem in problems.iter_mut().filter(|problem| problem.file.is_none()) {
        problem.file = node_of(&problem.subject).and_then(|node| whole.file_of(node)).map(Into::into);
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// The ports of a graph as a part.
pub(super) fn own_ports(graph: &Graph, whole: &Graph, catalogue: Catalogue, problems: &mut Vec<Problem>) {
    bindings(whole, catalogue, None, graph.ports().iter(), &Subject::Graph, problems);
}

fn nowhere(subject: &Subject, message: String) -> Problem {
    Problem::error("PW801", subject.clone(), message).hint("write `ports: {\"name\": \"node.port\"}`, with nodes and ports inside")
}

/// Ports that lead nowhere, or are called what no port can be called.
fn bindings<'a>(
    whole: &Graph,
    catalogue: Catalogue,
    level: Option<&NodeId>,
    ports: impl Iterator<Item = (&'a String, &'a Setting)>,
    subject: &Subject,
    problems: &mut Vec<Problem>,
) {
    let mut seen = HashMap::new();
    for (name, end) in ports {
        let mut fault = |message: String| problems.push(nowhere(subject, message));
        if NodeId::new(name).is_none_or(|name| name.above().next().is_some()) {
            fault(format!("`{}` is no name of a port: a letter, then letters, digits, `_` or `-`", name.escape_debug()));
        }
        let Some(text) = end.as_str() else {
            fault(format!("the port `{name}` leads to {} in place of a text such as \"work.in\"", end.sort()));
            continue;
        };
        if let Some(other) = seen.insert(text, name) {
            fault(format!("the ports `{other}` and `{name}` lead to the same place, `{text}`"));
        }
        let inner = text.split_once('.').and_then(|(node, port)| Some((NodeId::inside(level, node)?, port)));
        let Some((node, port)) = inner.filter(|(node, _)| whole.level_of(node) == level && whole.node(node).is_some()) else {
            fault(format!("the port `{name}` leads to `{}`, and there is no such node inside", text.escape_debug()));
            continue;
        };
        if let Some(known) = ports_of(whole, catalogue, &node)
            && known.input(port).is_none()
            && known.output(port).is_none()
        {
            let names = known.inputs.iter().chain(&known.outputs).map(|port| format!("`{}`", port.name)).collect::<Vec<_>>();
            fault(format!("the port `{name}` leads to `{text}`, and `{node}` has no such port; it has {}", names.join(", ")));
        }
    }
}

/// Pipes as they are drawn: on one level, to ports that are there.
fn pipes(whole: &Whole, flat: &Flat, catalogue: Catalogue, problems: &mut Vec<Problem>) {
    let graph = &whole.graph;
    let lost: HashSet<&PipeId> = flat.lost.iter().collect();
    for pipe in graph.pipes().keys() {
        let subject = || Subject::Pipe(pipe.clone());
        let known = graph.node(&pipe.from.node).is_some() && graph.node(&pipe.to.node).is_some();
        if known && graph.level_of(&pipe.from.node) != graph.level_of(&pipe.to.node) {
            let message = "this pipe crosses the border of a composite";
            problems.push(Problem::error("PW802", subject(), message).hint("give the composite a port, and lead the pipe there"));
            continue;
        }
        let before = problems.len();
        for (end, out) in [(&pipe.from, true), (&pipe.to, false)] {
            // One whose file could not be read has no known ports, and its `use` was told of.
            let composite = graph.node(&end.node).is_some_and(|node| node.is_composite() && !lacks_its_file(whole, &end.node, node));
            let Some(ports) = Some(&end.node).filter(|_| composite).and_then(|id| ports_of(graph, catalogue, id)) else { continue };
            let (list, there, other) = if out {
                (&ports.outputs, ports.output(&end.port).is_some(), ports.input(&end.port).is_some())
            } else {
                (&ports.inputs, ports.input(&end.port).is_some(), ports.output(&end.port).is_some())
            };
            let (way, wrong) = if out { ("output", "input") } else { ("input", "output") };
            if other {
                let message = format!("`{end}` is an {wrong}; a pipe {} at an {way}", if out { "begins" } else { "ends" });
                problems.push(Problem::error("PW303", subject(), message).hint("draw it the other way"));
            } else if !there {
                let message = format!("`{}` ({COMPOSITE}) has no {way} `{}`", end.node, end.port);
                let hint = meant(&end.port, list.iter().map(|port| &*port.name), "open it, and give it a port for this");
                problems.push(Problem::error("PW302", subject(), message).hint(hint));
            }
        }
        let lacking = |id: &NodeId| graph.node(id).is_some_and(|node| lacks_its_file(whole, id, node));
        if lost.contains(pipe) && problems.len() == before && !lacking(&pipe.from.node) && !lacking(&pipe.to.node) {
            let message = "inside, this pipe joins the same two ports as another one";
            problems.push(Problem::error("PW808", subject(), message).hint("two pipes never join the same two ports; take one away"));
        }
    }
}

/// Whether a composite uses a file of which nothing could be put in.
fn lacks_its_file(whole: &Whole, id: &NodeId, node: &Node) -> bool {
    node.used_file().is_some() && !whole.used.iter().any(|(used, _)| used == id)
}

/// The node that a problem stands at: of a pipe, where it begins.
fn node_of(subject: &Subject) -> Option<&NodeId> {
    match subject {
        Subject::Pipe(pipe) => Some(&pipe.from.node),
        other => other.node(),
    }
}

/// Where that which was found without borders is drawn.
struct Shown<'a> {
    flat: &'a Flat,
    /// Ends inside → the outermost port that shows them.
    ports: HashMap<End, End>,
}

impl<'a> Shown<'a> {
    fn of(whole: &Whole, flat: &'a Flat) -> Self {
        let mut ports: HashMap<End, End> = HashMap::new();
        let composites = whole.graph.nodes().iter().filter(|(_, node)| node.is_composite());
        for (id, _) in composites {
            for (name, _) in whole.graph.bindings(id) {
                let outer = End { node: id.clone(), port: name.into() };
                let Some(inner) = whole.graph.inner_end(&outer) else { continue };
                let further_out = |known: &End| known.node.as_str().len() <= outer.node.as_str().len();
                if !ports.get(&inner).is_some_and(further_out) {
                    ports.insert(inner, outer);
                }
            }
        }
        Self { flat, ports }
    }

    fn problem(&self, problem: Problem) -> Problem {
        let subject = match &problem.subject {
            Subject::Pipe(pipe) => Subject::Pipe(self.flat.drawn(pipe).clone()),
            Subject::Port(node, port) => {
                let inner = End { node: node.clone(), port: port.as_str().into() };
                match self.ports.get(&inner) {
                    Some(outer) => Subject::Port(outer.node.clone(), outer.port.to_string()),
                    None => problem.subject.clone(),
                }
            }
            other => other.clone(),
        };
        Problem { subject, ..problem }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::{found, graph};
    use crate::graph::sample::end;
    use crate::nodes::CATALOGUE;

    const INSIDE: &str = r#""g": generator(rate: "1/s"), "s": sink, "c/work": queue, "c/p": consumer_pool(servers: 2)"#;
    const PIPES: &str = r#""g.out -> c.in", "c/work.out -> c/p.in", "c.out -> s.in""#;

    fn with(composite: &str) -> String {
        format!("{INSIDE}, \"c\": composite({composite})")
    }

    #[test]
    fn a_sound_composite_has_no_problems() {
        assert_eq!(found(&with(r#"ports: {"in": "work.in", "out": "p.out"}"#), PIPES), [""; 0]);
    }

    #[test]
    fn what_is_wrong_inside_is_told_of_at_its_path() {
        let nodes = with(r#"ports: {"in": "work.in", "out": "p.out"}"#).replace("servers: 2", "servers: \"two\", colour: 1");
        assert_eq!(found(&nodes, PIPES), ["PW202 c/p.servers", "PW205 c/p.colour"]);
    }

    #[test]
    fn ports_lead_somewhere() {
        let check = |ports: &str, expected: &[&str]| {
            let all = found(&with(&format!("ports: {ports}")), PIPES);
            let some: Vec<&str> =
                all.iter().map(String::as_str).filter(|found| found.contains("c.ports") || found.contains("->")).collect();
            assert_eq!(some, expected, "{ports}");
        };
        check(r#"{"in": "work.in", "out": "p.out"}"#, &[]);
        check(r#"{"in": "work.in", "out": "ghost.out"}"#, &["PW801 c.ports", "PW302 c.out -> s.in"]);
        check(r#"{"in": "work.in", "out": "p.exit"}"#, &["PW801 c.ports", "PW302 c.out -> s.in"]);
        check(r#"{"in": "work.in"}"#, &["PW302 c.out -> s.in"]);
        check(r#"{"in": "work.in", "out": "work.in"}"#, &["PW801 c.ports", "PW303 c.out -> s.in"]);
        check(r#"{"in": "work.in", "out": 3}"#, &["PW801 c.ports", "PW302 c.out -> s.in"]);
        check(r#"["in"]"#, &["PW801 c.ports", "PW302 g.out -> c.in", "PW302 c.out -> s.in"]);
    }

    #[test]
    fn an_open_port_is_told_of_outside() {
        let nodes = with(r#"ports: {"in": "work.in", "out": "p.out"}"#);
        let pipes = r#""g.out -> s.in", "c/work.out -> c/p.in""#;
        assert!(found(&nodes, pipes).contains(&"PW305 c.in".to_owned()), "{:?}", found(&nodes, pipes));
        assert!(found(&nodes, r#""g.out -> c/work.in", "c/work.out -> c/p.in""#).contains(&"PW802 g.out -> c/work.in".to_owned()));
    }

    #[test]
    fn two_ways_to_one_port_are_told_of() {
        let nodes = with(r#"ports: {"in": "work.in", "two": "work.in", "out": "p.out"}"#);
        let pipes = format!("{PIPES}, \"g.out -> c.two\"");
        assert!(found(&nodes, &pipes).contains(&"PW808 g.out -> c.two".to_owned()));
    }

    #[test]
    fn a_part_may_leave_its_ports_open() {
        let part = |ports: &str| {
            let text =
                format!("(format: 1, nodes: {{\"work\": queue(), \"p\": consumer_pool()}}, pipes: [\"work.out -> p.in\"], ports: {ports})");
            let read = crate::file::read(&text, CATALOGUE);
            assert!(read.problems.is_empty(), "{:?}", read.problems);
            check(&read.graph, CATALOGUE).iter().map(|problem| format!("{} {}", problem.code, problem.subject)).collect::<Vec<_>>()
        };
        assert_eq!(part(r#"{"in": "work.in", "out": "p.out"}"#), [""; 0]);
        assert_eq!(part(r#"{"in": "work.inn"}"#), ["PW305 work.in", "PW801 graph"]);
    }

    #[test]
    fn the_canvas_may_draw_to_the_ports_of_composites() {
        let graph = graph(&with(r#"ports: {"in": "work.in", "out": "p.out"}"#), r#""c/work.out -> c/p.in""#);
        let draw = |from: &str, to: &str| crate::check::ports::may_connect(&graph, CATALOGUE, &end(from), &end(to));
        assert_eq!(draw("g.out", "c.in"), Ok(()));
        assert_eq!(draw("c.out", "s.in"), Ok(()));
        assert!(draw("g.out", "c/work.in").unwrap_err().contains("border"));
        assert!(draw("g.out", "c.ghost").unwrap_err().contains("no port"));
        assert!(draw("g.out", "c.out").unwrap_err().contains("output"));
        assert!(draw("c.out", "c.in").unwrap_err().contains("itself"));
    }
}
