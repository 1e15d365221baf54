//! Failures that come back in no time and without end: a simulation ends at them by name (G13), a live run spends itself on them.

use crate::check::survey::Survey;
use crate::node::{FieldType, Flow, Form, Intake};
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use std::collections::BTreeSet;

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    if !comes_back_at_once(survey, store) || !is_unlimited(survey, store) {
        return;
    }
    let receivers = |number: usize| survey.wiring.out[number].iter().map(|&(_, to)| to);
    let handed_out =
        survey.wiring.out[store].iter().filter(|(pipe, _)| survey.output_of(*pipe).is_some_and(|port| port.flow == Flow::Pull));
    let (mut open, mut seen): (Vec<usize>, BTreeSet<usize>) = (handed_out.map(|&(_, to)| to).collect(), BTreeSet::new());
    while let Some(number) = open.pop() {
        if !seen.insert(number) || survey.is_store(number) || !takes_no_time(survey, number) {
            continue;
        }
        if may_fail(survey, number) && survey.error_output(number).is_some_and(|(_, wired)| !wired) {
            let (queue, node) = (survey.id(store), survey.id(number));
            let message =
                format!("what fails at `{node}` is back in `{queue}` at once, and goes out again without end and without time passing");
            let setting = if survey.value(store, "delivery_limit").is_some() { "delivery_limit" } else { "max_deliveries" };
            let hint = format!("wire the error output of `{node}`, or set `{setting}` of `{queue}`");
            problems.push(Problem::advice("PW912", Subject::Setting(queue.clone(), setting.to_owned()), message).hint(hint));
            return;
        }
        open.extend(receivers(number));
    }
}

/// Whether a message that failed may go again that instant. `JetStream`'s `backoff` is for what is never settled, not for what is given back
/// (nats-server, issues 4726 and 5856); under Redis it stays pending until it is claimed.
fn comes_back_at_once(survey: &Survey<'_>, store: usize) -> bool {
    let word = |name: &str| survey.value(store, name).and_then(|word| word.as_choice().map(str::to_owned));
    let comes_back = word("guarantee").is_some_and(|guarantee| guarantee != "at_most_once");
    comes_back && word("rules").as_deref() != Some("redis_streams") && word("retry").is_none_or(|retry| retry == "immediate")
}

fn is_unlimited(survey: &Survey<'_>, store: usize) -> bool {
    let whole = |name: &str| match survey.value(store, name) {
        Some(Setting::Integer(whole)) => Some(whole),
        _ => None,
    };
    whole("max_deliveries") == Some(0) || whole("delivery_limit").is_some_and(|most| most < 0)
}

/// Whether it works something out from the message: that may fail, and without anybody outside.
fn may_fail(survey: &Survey<'_>, number: usize) -> bool {
    let works_out = |ty: FieldType| matches!(ty, FieldType::Expression(_) | FieldType::Jq | FieldType::Rules | FieldType::Assignments);
    let fields = survey.kinds[number].map_or(&[][..], |kind| kind.fields);
    fields.iter().any(|field| works_out(field.ty) && survey.value(number, field.name).is_some())
}

fn takes_no_time(survey: &Survey<'_>, number: usize) -> bool {
    survey.kinds[number].is_some_and(|kind| {
        let mut form = Form::new(survey.id(number), kind, &survey.node(number).settings);
        (kind.build)(&mut form).intake() == Intake::Plain
    })
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn failures_that_come_back_in_no_time_are_told_of() {
        let check = |queue: &str, node: &str, expected: &[&str]| {
            let nodes = format!("\"g\": generator(rate: \"1/s\"), \"q\": queue({queue}), \"f\": {node}, \"d\": sink, \"e\": sink");
            let pipes = "\"g.out -> q.in\", \"q.out -> f.in\", \"f.out -> d.in\", \"q.dead_letters -> e.in\"";
            assert_eq!(found(&nodes, pipes), expected, "{queue} {node}");
        };
        let map = "map(value: \"1 / message.n\")";
        check("", map, &[]);
        check("max_deliveries: 0", map, &["PW912 q.max_deliveries"]);
        check("max_deliveries: 0, retry: fixed", map, &[]);
        check("max_deliveries: 0", "delay(time: \"1 s\")", &[]);
        check("rules: jetstream", map, &["PW912 q.max_deliveries"]);
        check("rules: jetstream, max_deliveries: 3", map, &[]);
        check("rules: redis_streams", map, &[]);
        check("rules: rabbitmq_quorum", map, &[]);
        check("rules: rabbitmq_quorum, delivery_limit: -1", map, &["PW912 q.delivery_limit"]);
    }

    #[test]
    fn a_node_farther_along_is_found_and_one_whose_failures_go_elsewhere_is_not() {
        let nodes = "\"g\": generator(rate: \"1/s\"), \"q\": queue(rules: jetstream), \"a\": wire_tap, \"f\": map(value: \"1 / message.n\"), \"d\": sink, \"e\": sink";
        let pipes = "\"g.out -> q.in\", \"q.out -> a.in\", \"a.out -> f.in\", \"f.out -> d.in\", \"a.tap -> e.in\"";
        assert_eq!(found(nodes, pipes), ["PW912 q.max_deliveries"]);
        let wired = format!("{pipes}, \"f.error -> e.in\"");
        assert_eq!(found(nodes, &wired), [""; 0]);
    }
}
