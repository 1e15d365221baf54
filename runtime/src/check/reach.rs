//! Nodes that no message can ever reach, and graphs that make none.

use super::survey::Survey;
use crate::graph::query::Wiring;
use crate::problem::{Problem, Subject};

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    let count = survey.kinds.len();
    let unknown = |number: usize| survey.kinds[number].is_none();
    if count > 0 && !survey.is_part() && !(0..count).any(|number| survey.is_source(number) || unknown(number)) {
        let hint = "add a generator, a file source or another node of the family Publish";
        problems.push(Problem::warning("PW312", Subject::Graph, "nothing in this graph makes messages").hint(hint));
        return;
    }
    // What is not known may make messages; what has an unwired input was told of, and so is not told of again behind it.
    let open_input = |number: usize| {
        let wired = |name: &str| survey.wiring.into[number].iter().any(|&(pipe, _)| *survey.pipe(pipe).to.port == *name);
        survey.ports[number].inputs.iter().any(|port| port.required && !wired(&port.name))
    };
    let starts = (0..count).filter(|&number| unknown(number) || survey.is_source(number) || open_input(number));
    let reached = Wiring::reach(&survey.wiring.out, starts);
    for number in (0..count).filter(|&number| !reached[number]) {
        let message = "no source leads here: no message will ever come";
        problems
            .push(Problem::warning("PW311", Subject::Node(survey.id(number).clone()), message).hint("wire a source to it, or remove it"));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn islands_without_a_source_are_told_of() {
        let nodes = r#""g": generator, "s": sink, "a": consumer_pool, "q": queue, "t": sink"#;
        let pipes = r#""g.out -> s.in", "a.out -> q.in", "q.out -> a.in", "a.error -> t.in""#;
        assert_eq!(found(nodes, pipes), ["PW311 a", "PW311 q", "PW311 t"]);
    }

    #[test]
    fn a_graph_without_a_source_is_told_of_once() {
        assert_eq!(found(r#""q": queue, "a": consumer_pool"#, r#""q.out -> a.in", "a.out -> q.in""#), ["PW312 graph"]);
    }

    #[test]
    fn what_lies_behind_an_open_input_is_not_told_of_again() {
        assert_eq!(
            found(r#""g": generator, "s": sink, "q": queue, "a": consumer_pool"#, r#""g.out -> s.in", "q.out -> a.in""#),
            ["PW305 q.in"]
        );
    }
}
