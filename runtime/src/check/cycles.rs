//! Cycles in which every node waits for the next (G13): allowed, but told of while they are drawn.

use super::survey::Survey;
use crate::node::Flow;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;

/// A node that may hold fewer messages than this is full as soon as the pipes around it are.
const MANY: i64 = 100;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    // A store takes messages without having handed any out, and a topic never waits: only pushing pipes can lock.
    let pushes = |pipe: usize| survey.output_of(pipe).is_some_and(|port| port.flow == Flow::Push);
    // A node that holds many messages for a while, such as a delay, hands them on by itself: what circles there is bounded by time.
    let holds = |number: usize| matches!(survey.value(number, "most_held"), Some(Setting::Integer(most)) if most >= MANY);
    let blocking = |pipe: usize| {
        let receiver = survey.graph.nodes().get_index_of(&survey.pipe(pipe).to.node);
        pushes(pipe) && !receiver.is_some_and(|number| survey.is_store(number) || holds(number))
    };
    for cycle in survey.wiring.cycles(blocking) {
        // A pipe from a node to itself is wrong in itself.
        let [first, _, ..] = cycle.as_slice() else { continue };
        let names: Vec<String> = cycle.iter().take(6).map(|&number| format!("`{}`", survey.id(number))).collect();
        let more = if cycle.len() > names.len() { format!(" and {} more", cycle.len() - names.len()) } else { String::new() };
        let message =
            format!("{}{more} form a cycle without a store: once its pipes are full, each waits for the next, for ever", names.join(", "));
        let hint = "put a queue into the cycle, or a topic with a subscription: it takes messages while nobody fetches any";
        problems.push(Problem::warning("PW401", Subject::Node(survey.id(*first).clone()), message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    fn cycles(nodes: &str, pipes: &str) -> Vec<String> {
        let problems = check(&graph(nodes, pipes), CATALOGUE);
        problems.into_iter().filter(|problem| problem.code == "PW401").map(|problem| problem.message).collect()
    }

    #[test]
    fn g13_a_cycle_of_pushing_pipes_is_told_of() {
        let nodes = r#""a": consumer_pool, "b": consumer_pool, "c": consumer_pool"#;
        let found = cycles(nodes, r#""a.out -> b.in", "b.out -> c.in", "c.out -> a.in""#);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("`a`, `b`, `c` form a cycle"), "{found:?}");
    }

    #[test]
    fn g13_a_delay_opens_a_cycle_unless_it_holds_next_to_nothing() {
        let pipes = r#""a.out -> d.in", "d.out -> a.in""#;
        assert!(cycles(r#""a": consumer_pool, "d": delay"#, pipes).is_empty());
        assert_eq!(cycles(r#""a": consumer_pool, "d": delay(most_held: 2)"#, pipes).len(), 1);
    }

    #[test]
    fn g13_a_store_opens_a_cycle() {
        let nodes = r#""a": consumer_pool, "q": queue"#;
        assert!(cycles(nodes, r#""a.out -> q.in", "q.out -> a.in""#).is_empty());
    }
}
