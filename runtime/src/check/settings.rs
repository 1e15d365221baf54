//! Settings of nodes, pipes and the graph: known, readable, within their limits. Unknown kinds too.

use super::receivers::receivers;
use super::survey::Survey;
use crate::graph::Node;
use crate::id::NodeId;
use crate::node::{Form, Kind, Receiver};
use crate::problem::{Problem, Subject, nearest};
use crate::setting::Setting;

/// The settings of the graph as a whole.
const GRAPH_SETTINGS: [&str; 2] = ["seed", "starts_at"];
/// The settings of a pipe.
const PIPE_SETTINGS: [&str; 3] = ["capacity", "capacity_bytes", "time_to_live"];

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    graph_settings(survey, problems);
    for (number, (id, node)) in survey.graph.nodes().iter().enumerate() {
        match survey.kinds[number] {
            Some(kind) => {
                let pipes = survey.wiring.out[number].iter().map(|&(pipe, _)| survey.pipe(pipe));
                let receivers = receivers(survey.graph, survey.catalogue, &survey.ports[number], pipes);
                node_settings(id, node, kind, &receivers, problems);
            }
            None if node.opaque.is_some() => {
                let message = "this node could not be read and is kept as text";
                problems.push(Problem::error("PW206", Subject::Node(id.clone()), message).hint("mend its entry in the file, or remove it"));
            }
            None => {
                let message = format!("there is no kind `{}`", node.kind);
                let hint = meant(&node.kind, survey.catalogue.kinds().map(|kind| kind.name), "`pipewright kinds` lists what there is");
                problems.push(Problem::error("PW204", Subject::Node(id.clone()), message).hint(hint));
            }
        }
    }
    for (id, pipe) in survey.graph.pipes() {
        for name in pipe.settings.keys().filter(|name| !PIPE_SETTINGS.contains(&name.as_str())) {
            let hint = meant(name, PIPE_SETTINGS, "it is kept, and has no effect");
            problems.push(Problem::warning("PW209", Subject::Pipe(id.clone()), format!("a pipe has no setting `{name}`")).hint(hint));
        }
    }
}

fn node_settings(id: &NodeId, node: &Node, kind: &'static Kind, receivers: &[Receiver<'_>], problems: &mut Vec<Problem>) {
    for name in node.settings.keys().filter(|name| kind.field(name).is_none()) {
        let subject = Subject::Setting(id.clone(), name.clone());
        let hint = meant(name, kind.fields.iter().map(|field| field.name), "it is kept, and has no effect");
        problems.push(Problem::warning("PW205", subject, format!("`{}` has no setting `{name}`", kind.name)).hint(hint));
    }
    let mut form = Form::new(id, kind, &node.settings).with_receivers(receivers);
    drop((kind.build)(&mut form));
    let mut found = form.into_problems();
    // A kind may read a field twice; a problem counts once.
    found.dedup();
    problems.append(&mut found);
}

fn graph_settings(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for (name, value) in survey.graph.settings() {
        let problem = match (name.as_str(), value) {
            ("seed", Setting::Integer(0..)) => continue,
            ("seed", other) => {
                let found = if let Setting::Integer(number) = other { number.to_string() } else { other.sort().to_owned() };
                Problem::error("PW208", Subject::Graph, format!("expected a whole number from 0 on as `seed`, found {found}"))
            }
            ("starts_at", Setting::Text(text)) if crate::utc::parse(text).is_some() => continue,
            ("starts_at", other) => {
                let found = other.as_str().map_or_else(|| other.sort().to_owned(), |text| format!("`{text}`"));
                let message = format!("expected a time in UTC as `starts_at`, such as \"2026-01-01T00:00:00Z\", found {found}");
                Problem::error("PW208", Subject::Graph, message)
            }
            _ => {
                let hint = meant(name, GRAPH_SETTINGS, "it is kept, and has no effect");
                Problem::warning("PW208", Subject::Graph, format!("a graph has no setting `{name}`")).hint(hint)
            }
        };
        problems.push(problem);
    }
}

/// What to do about an unknown word.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    nearest(word, known).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    #[test]
    fn problems_tell_the_nearest_word() {
        let pipes = r#"(pipe: "g.out -> s.in", capacitty: 3)"#;
        let problems = check(&graph(r#""x": sinc(), "g": generator(raet: "3/s"), "s": sink"#, pipes), CATALOGUE);
        let hints: Vec<(&str, &str)> = problems.iter().map(|problem| (problem.code, problem.hint.as_str())).collect();
        for expected in [("PW204", "did you mean `sink`?"), ("PW205", "did you mean `rate`?"), ("PW209", "did you mean `capacity`?")] {
            assert!(hints.contains(&expected), "{hints:?}");
        }
    }

    #[test]
    fn settings_of_the_graph_are_checked() {
        let check = |settings: &str, expected: &[&str]| {
            let read = crate::file::read(&format!("(format: 1, settings: ({settings}))"), CATALOGUE);
            let problems = super::super::check(&read.graph, CATALOGUE);
            let words: Vec<&str> = problems.iter().map(|problem| problem.severity.word()).collect();
            assert_eq!(words, expected, "{problems:#?}");
        };
        check(r#"seed: 7, starts_at: "2026-01-01T00:00:00Z""#, &[]);
        check("seed: -1", &["error"]);
        check("seed: \"x\", starts_at: \"noon\"", &["error", "error"]);
        check("sede: 1", &["warning"]);
    }
}
