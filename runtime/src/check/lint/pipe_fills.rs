//! A pipe into which more flows than its receiver takes out: it must fill, and then its sender waits.

use super::must_grow::{MOST_LOOKED_THROUGH, arrival_rate, number, rate};
use crate::check::survey::Survey;
use crate::distribution::Distribution;
use crate::graph::pipe::DEFAULT_CAPACITY;
use crate::node::{Flow, PortRole};
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use crate::units::Rate;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for receiver in (0..survey.kinds.len()).filter(|&number| !survey.is_store(number)) {
        let Some((capacity, words)) = most_taken(survey, receiver) else { continue };
        let pushes = |&&(pipe, _): &&(usize, usize)| {
            survey.output_of(pipe).is_some_and(|port| port.flow == Flow::Push && port.role == PortRole::Message)
        };
        let senders: Vec<(usize, f64)> = survey.wiring.into[receiver]
            .iter()
            .filter(pushes)
            .filter_map(|&(pipe, sender)| Some((pipe, arrival_rate(survey, pipe, sender, &mut MOST_LOOKED_THROUGH.clone())?)))
            .collect();
        let arrivals: f64 = senders.iter().map(|(_, rate)| rate).sum();
        let Some(&(pipe, _)) = senders.first().filter(|_| arrivals > capacity * 1.000_001) else { continue };
        let id = survey.pipe(pipe);
        let holds = match survey.graph.pipe(id).and_then(|pipe| pipe.settings.get("capacity")) {
            Some(Setting::Integer(holds)) => *holds as f64,
            _ => f64::from(DEFAULT_CAPACITY),
        };
        let message = format!(
            "this pipe must fill: {} come, and `{}` takes at most {} ({words}); its {} places are full after about {} s, and from then on the sender waits",
            rate(arrivals),
            survey.id(receiver),
            rate(capacity),
            number(holds),
            number(holds / (arrivals - capacity))
        );
        let hint = format!(
            "by Little's law it takes rate × time = {} at work at the same time; add copies, slow the sender down, or put a queue that drops between",
            number(arrivals / capacity * at_work(survey, receiver))
        );
        problems.push(Problem::advice("PW909", Subject::Pipe(id.clone()), message).hint(hint));
    }
}

/// What a node takes in a second at most, and why, if its settings say so.
fn most_taken(survey: &Survey<'_>, node: usize) -> Option<(f64, String)> {
    if survey.is_source(node) {
        return None;
    }
    for (servers, time) in [("servers", "service"), ("copies", "time")] {
        if let (Some(Setting::Integer(servers)), Some(time)) = (survey.value(node, servers), survey.value(node, time)) {
            let mean = Distribution::from_setting(&time).ok()?.mean()?.seconds();
            return (mean > 0.0).then(|| (servers as f64 / mean, format!("{servers} at {} s each", number(mean))));
        }
    }
    // What passes on at a rate and makes the rest wait.
    let waits = survey.value(node, "excess").is_some_and(|excess| excess.as_str() == Some("wait"));
    let rate = survey.value(node, "rate").filter(|_| waits)?;
    Some((rate.as_str()?.parse::<Rate>().ok()?.per_second(), "its rate".to_owned()))
}

fn at_work(survey: &Survey<'_>, node: usize) -> f64 {
    let whole = |name: &str| match survey.value(node, name) {
        Some(Setting::Integer(number)) => Some(number as f64),
        _ => None,
    };
    whole("servers").or_else(|| whole("copies")).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    #[test]
    fn a_pipe_that_must_fill_is_told_of_with_the_arithmetic() {
        let advice = |generator: &str, node: &str| {
            let problems = check(
                &graph(&format!("\"g\": generator({generator}), \"n\": {node}, \"s\": sink"), "\"g.out -> n.in\", \"n.out -> s.in\""),
                CATALOGUE,
            );
            problems
                .iter()
                .filter(|problem| problem.code == "PW909")
                .map(|problem| format!("{} {}", problem.message, problem.hint))
                .collect::<Vec<_>>()
        };
        let found = advice("rate: \"400/s\"", "step(copies: 4, time: \"20 ms\")");
        for part in ["400/s come", "at most 200/s", "4 at 0.02 s each", "256 places", "about 1.28 s", "= 8 at work"] {
            assert!(found[0].contains(part), "{part}: {found:?}");
        }
        assert_eq!(advice("rate: \"30/s\"", "throttle(rate: \"20/s\")").len(), 1);
        for (generator, node) in [
            ("rate: \"200/s\"", "step(copies: 4, time: \"20 ms\")"),
            ("rate: \"400/s\", count: 9", "step(copies: 4, time: \"20 ms\")"),
            ("rate: \"30/s\"", "throttle(rate: \"20/s\", excess: drop)"),
            ("rate: \"9000/s\"", "map()"),
        ] {
            assert_eq!(advice(generator, node), [""; 0], "{generator} {node}");
        }
    }
}
