//! Capacities of pipes: at least one message, and not so many that back-pressure never comes.

use super::survey::Survey;
use crate::node::Flow;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use crate::units::{Size, Span};

/// Above this a pipe hides an overload instead of showing it. A queue is the place to keep so many.
const ABSURD: i64 = 1_000_000;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for (id, pipe) in survey.graph.pipes() {
        let subject = || Subject::Pipe(id.clone());
        match pipe.settings.get("capacity") {
            None | Some(Setting::Integer(1..=ABSURD)) => {}
            Some(Setting::Integer(most)) if *most > ABSURD => {
                let message = format!("a pipe that holds {most} messages hides an overload instead of showing it");
                problems.push(Problem::warning("PW211", subject(), message).hint("keep waiting messages in a queue, which counts them"));
            }
            Some(other) => {
                let found = if let Setting::Integer(number) = other { number.to_string() } else { other.sort().to_owned() };
                let message = format!("expected a whole number of messages from 1 on as `capacity`, found {found}");
                problems.push(Problem::error("PW210", subject(), message).hint("1 is the smallest: the sender waits for each message"));
            }
        }
        let bytes = |setting: &Setting| setting.as_str().and_then(|text| text.parse::<Size>().ok()).is_some_and(|size| size.0 > 0);
        if let Some(found) = pipe.settings.get("capacity_bytes").filter(|setting| !bytes(setting)) {
            let found = found.as_str().map_or_else(|| found.sort().to_owned(), |text| format!("`{text}`"));
            let message = format!("expected a size such as \"64 KiB\" as `capacity_bytes`, found {found}");
            problems.push(Problem::error("PW210", subject(), message).hint("leave it out for no bound on bytes"));
        }
        let span = |setting: &Setting| setting.as_str().and_then(|text| text.parse::<Span>().ok()).is_some_and(|span| span > Span::ZERO);
        let Some(set) = pipe.settings.get("time_to_live") else { continue };
        if !span(set) {
            let found = set.as_str().map_or_else(|| set.sort().to_owned(), |text| format!("`{text}`"));
            let message = format!("expected a span of time such as \"5 s\" as `time_to_live`, found {found}");
            problems.push(Problem::error("PW210", subject(), message).hint("leave it out, and messages may stay in the pipe for ever"));
        }
        if survey.graph.pipes().get_index_of(id).and_then(|pipe| survey.output_of(pipe)).is_some_and(|port| port.flow != Flow::Push) {
            let message = "this pipe holds no messages: they wait in the node before it or behind it";
            problems.push(Problem::warning("PW210", subject(), message).hint("set the time to live of the queue or subscription"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn a_time_to_live_belongs_to_pipes_that_hold_messages() {
        let nodes = "\"g\": generator, \"q\": queue, \"s\": sink";
        let pipes = "\"g.out -> q.in\", (pipe: \"q.out -> s.in\", time_to_live: \"5 s\")";
        assert_eq!(found(nodes, pipes), ["PW210 q.out -> s.in"]);
    }

    #[test]
    fn capacities_are_sane() {
        let check = |capacity: &str, expected: &[&str]| {
            let pipes = format!("(pipe: \"a.out -> s.in\", capacity: {capacity})");
            assert_eq!(found("\"a\": generator, \"s\": sink", &pipes), expected, "{capacity}");
        };
        check("1", &[]);
        check("1000000", &[]);
        check("1000001", &["PW211 a.out -> s.in"]);
        check("0", &["PW210 a.out -> s.in"]);
        check("-5", &["PW210 a.out -> s.in"]);
        check("2.5", &["PW210 a.out -> s.in"]);
        check("\"64\"", &["PW210 a.out -> s.in"]);
        check("4, capacity_bytes: \"64 KiB\"", &[]);
        check("4, capacity_bytes: 64", &["PW210 a.out -> s.in"]);
        check("4, time_to_live: \"5 s\"", &[]);
        check("4, time_to_live: \"0 s\"", &["PW210 a.out -> s.in"]);
        check("4, time_to_live: 5", &["PW210 a.out -> s.in"]);
        check("4, capacity_bytes: \"0 B\"", &["PW210 a.out -> s.in"]);
    }
}
