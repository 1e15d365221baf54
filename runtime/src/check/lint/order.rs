//! Order that is wanted and cannot be had: consumers that compete without a key, and order by a key that nobody sets.

use crate::check::survey::Survey;
use crate::expect::{self, Claim};
use crate::graph::query::Wiring;
use crate::node::Flow;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for store in (0..survey.kinds.len()).filter(|&number| survey.is_store(number)) {
        without_key(survey, store, problems);
    }
    for expected in expect::read(survey.graph).0 {
        let Ok(Claim::OrderPerKey { at, .. }) = &expected.claim else { continue };
        if let Some(node) = survey.graph.nodes().get_index_of(at) {
            competing(survey, &expected.name, node, problems);
        }
    }
}

/// A store that keeps order by key, and no way to it on which anything sets a key.
fn without_key(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    if survey.value(store, "in_order").is_none_or(|order| order.as_str() != Some("by_key")) {
        return;
    }
    let before = Wiring::reach(&survey.wiring.into, std::iter::once(store));
    let sets_key = |number: usize| match (survey.kinds[number], survey.is_source(number)) {
        // What is not known may do anything.
        (None, _) => true,
        // A file, a template or a bridge may bring keys by other ways than a setting; those have one for it.
        (Some(kind), true) => survey.value(number, "key").is_some() || kind.field("key").is_none(),
        (Some(_), false) => {
            let named = |setting: &Setting| matches!(setting, Setting::Map(pairs) if pairs.iter().any(|(name, _)| name == "key"));
            survey.node(number).settings.get("key").is_some() || survey.node(number).settings.values().any(named)
        }
    };
    if (0..before.len()).filter(|&number| before[number] && number != store).any(sets_key) {
        return;
    }
    let message =
        format!("`{}` keeps order by key, and nothing before it sets a key: messages without one are in no order", survey.id(store));
    let hint = "set `key` on the source, such as message.customer, or in a map before it; or keep the order of all";
    problems.push(Problem::advice("PW904", Subject::Setting(survey.id(store).clone(), "in_order".to_owned()), message).hint(hint));
}

/// Order is expected behind a store whose consumers work at the same time.
fn competing(survey: &Survey<'_>, name: &str, node: usize, problems: &mut Vec<Problem>) {
    let (mut open, mut seen) = (vec![node], vec![false; survey.kinds.len()]);
    while let Some(number) = open.pop() {
        if std::mem::replace(&mut seen[number], true) {
            continue;
        }
        // What puts messages back into order by a number makes up for all that lies before it.
        if survey.kinds[number].is_some_and(|kind| kind.field("number").is_some()) {
            continue;
        }
        if survey.is_store(number) && survey.value(number, "in_order").is_some_and(|order| order.as_str() == Some("no")) {
            let servers = at_a_time(survey, number);
            if servers > 1 {
                let message = format!(
                    "`{name}` expects order, and {servers} consumers of `{}` work at the same time: the quick overtake the slow",
                    survey.id(number)
                );
                let hint = "set `in_order: by_key` there (or `total`), use one server, or put the order right again with a resequencer";
                return problems.push(
                    Problem::advice("PW905", Subject::Setting(survey.id(number).clone(), "in_order".to_owned()), message).hint(hint),
                );
            }
        }
        open.extend(survey.wiring.into[number].iter().map(|&(_, sender)| sender));
    }
}

/// How many messages of a store are worked on at the same time.
fn at_a_time(survey: &Survey<'_>, store: usize) -> i64 {
    let pulls = |pipe: usize| survey.output_of(pipe).is_some_and(|port| port.flow == Flow::Pull);
    let consumers = survey.wiring.out[store].iter().filter(|&&(pipe, _)| pulls(pipe));
    let servers = |&(_, consumer): &(usize, usize)| match survey.value(consumer, "servers") {
        Some(Setting::Integer(servers)) => servers,
        _ => 1,
    };
    consumers.map(servers).sum()
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::found;
    use crate::nodes::CATALOGUE;

    #[test]
    fn order_by_a_key_that_nobody_sets_is_told_of() {
        let check = |generator: &str, middle: &str, expected: &[&str]| {
            let nodes =
                format!("\"g\": generator({generator}), \"m\": map({middle}), \"q\": queue(in_order: by_key), \"p\": consumer_pool");
            assert_eq!(found(&nodes, "\"g.out -> m.in\", \"m.out -> q.in\", \"q.out -> p.in\""), expected, "{generator} {middle}");
        };
        check("rate: \"1/s\"", "", &["PW904 q.in_order"]);
        check("rate: \"1/s\", key: \"message.a\"", "", &[]);
        check("rate: \"1/s\"", "set: {\"key\": \"message.a\"}", &[]);
    }

    #[test]
    fn order_expected_behind_competing_consumers_is_told_of() {
        let advice = |queue: &str, pool: &str, behind: &str| {
            let nodes = format!(
                "\"g\": generator(rate: \"1/s\", key: \"'k'\"), \"q\": queue({queue}), \"p\": consumer_pool({pool}), {behind}, \"s\": sink"
            );
            let pipes = "\"g.out -> q.in\", \"q.out -> p.in\", \"p.out -> r.in\", \"r.out -> s.in\"";
            let text = format!("(format: 1, nodes: {{{nodes}}}, pipes: [{pipes}], expect: {{\"sorted\": order_per_key(at: \"s\")}})");
            let read = crate::file::read(&text, CATALOGUE);
            let problems = check(&read.graph, CATALOGUE);
            problems.iter().map(|problem| format!("{} {}", problem.code, problem.message)).collect::<Vec<_>>()
        };
        let map = "\"r\": map()";
        assert!(advice("", "servers: 3", map)[0].starts_with("PW905 `sorted` expects order, and 3 consumers"));
        assert_eq!(advice("", "servers: 1", map), [""; 0]);
        assert_eq!(advice("in_order: by_key", "servers: 3", map), [""; 0]);
        assert_eq!(advice("", "servers: 3", "\"r\": resequence()"), [""; 0]);
    }
}
