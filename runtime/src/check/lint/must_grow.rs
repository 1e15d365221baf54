//! A store into which more flows than its consumers can take: it must grow.

use crate::check::survey::Survey;
use crate::distribution::Distribution;
use crate::node::{Flow, PortRole};
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use crate::units::{Rate, Span};

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    // What is not known only adds to the arrivals, but may add to the capacity: then nothing can be said.
    let mut budget = MOST_LOOKED_THROUGH;
    let senders = survey.wiring.into[store].iter().filter(|&&(pipe, _)| carries_messages(survey, pipe));
    let arrivals: f64 = senders.filter_map(|&(pipe, sender)| arrival_rate(survey, pipe, sender, &mut budget)).sum();
    let mut capacity = 0.0;
    let (mut servers_in_all, mut slowest) = (0, Span::ZERO);
    let mut consumers: Vec<usize> = pulled_by(survey, store).collect();
    consumers.sort_unstable();
    consumers.dedup();
    for &consumer in &consumers {
        let Some((servers, service)) = servers(survey, consumer) else { return };
        // A pool that also serves others has less for this store; its full capacity is the kindest guess.
        capacity += f64::from(servers) / service.seconds();
        servers_in_all += servers;
        slowest = slowest.max(service);
    }
    if consumers.is_empty() || arrivals <= 0.0 || arrivals < capacity {
        return;
    }
    let load = arrivals / capacity;
    let what = if servers_in_all == 1 {
        format!("1 server at {slowest} each finishes")
    } else {
        format!("{servers_in_all} servers at up to {slowest} each finish")
    };
    let message = if load > 1.000_001 {
        format!(
            "the queue must grow: {} come in, and {what} at most {} (load {load:.2}); about {} more wait after every second",
            rate(arrivals),
            rate(capacity),
            number(arrivals - capacity)
        )
    } else {
        format!(
            "the queue must grow: {} come in, and {what} just as many (load 1), so that any randomness adds to the queue without end",
            rate(arrivals)
        )
    };
    let needed = (arrivals * slowest.seconds()).floor() + 1.0;
    let hint = format!(
        "the mean number busy is rate × service time (Little's law): {} × {slowest} = {}, so it takes at least {needed} servers",
        rate(arrivals),
        number(arrivals * slowest.seconds())
    );
    problems.push(Problem::advice("PW901", Subject::Node(survey.id(store).clone()), message).hint(hint));
}

/// The consumers of a store.
fn pulled_by<'a>(survey: &'a Survey<'_>, store: usize) -> impl Iterator<Item = usize> + 'a {
    let pulls = |pipe: usize| survey.output_of(pipe).is_some_and(|port| port.flow == Flow::Pull);
    survey.wiring.out[store].iter().filter(move |&&(pipe, _)| pulls(pipe)).map(|&(_, consumer)| consumer)
}

/// What comes through a pipe each second, if settings say so: from an endless source with a field `rate`, in force, times its `batch_size`, and
/// no `count`; or from
/// a node that passes all it gets, at its own `rate` at most, if it has that field. A node that selects or works is not looked through.
pub(super) fn arrival_rate(survey: &Survey<'_>, pipe: usize, sender: usize, budget: &mut usize) -> Option<f64> {
    let own = || match survey.value(sender, "rate")? {
        Setting::Text(text) => text.parse::<Rate>().ok().map(Rate::per_second),
        _ => None,
    };
    if survey.is_source(sender) {
        let batch = match survey.value(sender, "batch_size") {
            Some(Setting::Integer(size)) => size as f64,
            _ => 1.0,
        };
        return if survey.value(sender, "count").is_some() { None } else { own().map(|rate| rate * batch) };
    }
    // In a cycle messages come again; how often is not known. What is left out only adds to the rate.
    if *budget == 0 || !survey.output_of(pipe)?.passes_all {
        return None;
    }
    *budget -= 1;
    let arrivals = survey.wiring.into[sender].iter().filter(|&&(pipe, _)| carries_messages(survey, pipe));
    let known: Vec<f64> = arrivals.filter_map(|&(pipe, sender)| arrival_rate(survey, pipe, sender, budget)).collect();
    if known.is_empty() {
        return None;
    }
    Some(known.into_iter().sum::<f64>().min(own().unwrap_or(f64::INFINITY)))
}

/// How many nodes before a store are looked through: a bound also for wide and deep graphs, and for cycles.
pub(super) const MOST_LOOKED_THROUGH: usize = 32;

fn carries_messages(survey: &Survey<'_>, pipe: usize) -> bool {
    survey.output_of(pipe).is_some_and(|port| port.role == PortRole::Message)
}

/// How many servers a consumer has and how long each is busy with a message: fields `servers` and `service`, in force.
fn servers(survey: &Survey<'_>, consumer: usize) -> Option<(u32, Span)> {
    let Some(Setting::Integer(servers)) = survey.value(consumer, "servers") else { return None };
    let service = Distribution::from_setting(&survey.value(consumer, "service")?).ok()?.mean()?;
    (service > Span::ZERO).then_some((u32::try_from(servers).ok()?, service))
}

pub(super) fn rate(per_second: f64) -> String {
    format!("{}/s", number(per_second))
}

/// Three significant digits are enough for advice.
pub(super) fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    fn advice(generator: &str, pools: &[&str]) -> Vec<String> {
        let mut nodes = format!("\"g\": generator({generator}), \"q\": queue, ");
        let mut pipes = "\"g.out -> q.in\", ".to_owned();
        for (number, pool) in pools.iter().enumerate() {
            nodes.extend(["\"p", &number.to_string(), "\": consumer_pool(", pool, "), "]);
            pipes.extend(["\"q.out -> p", &number.to_string(), ".in\", "]);
        }
        let problems = check(&graph(&nodes, &pipes), CATALOGUE);
        problems
            .into_iter()
            .filter(|problem| problem.code == "PW901")
            .map(|problem| format!("{} {}", problem.message, problem.hint))
            .collect()
    }

    #[test]
    fn an_overloaded_queue_is_told_of_with_the_arithmetic() {
        let found = advice("arrivals: poisson, rate: \"400/s\"", &["servers: 4, service: exponential(mean: \"20 ms\")"]);
        for part in [
            "400/s come in",
            "4 servers at up to 20 ms",
            "at most 200/s",
            "load 2.00",
            "200 more wait",
            "= 8, so it takes at least 9 servers",
        ] {
            assert!(found[0].contains(part), "{part}: {found:?}");
        }
        assert!(advice("rate: \"200/s\"", &["servers: 4, service: \"20 ms\""])[0].contains("load 1"));
    }

    /// Advice on a queue `q` for a pool that finishes 200/s, behind these nodes and pipes.
    fn behind(nodes: &str, pipes: &str) -> Vec<String> {
        let nodes = format!("{nodes}, \"q\": queue, \"p\": consumer_pool(servers: 4, service: \"20 ms\")");
        let problems = check(&graph(&nodes, &format!("{pipes}, \"q.out -> p.in\"")), CATALOGUE);
        problems.into_iter().filter(|problem| problem.code == "PW901").map(|problem| problem.message).collect()
    }

    #[test]
    fn what_passes_all_is_looked_through_and_what_selects_is_not() {
        let through =
            |node: &str| behind(&format!("\"g\": generator(rate: \"400/s\"), \"n\": {node}"), "\"g.out -> n.in\", \"n.out -> q.in\"");
        for node in ["map", "delay", "wire_tap", "throttle(rate: \"900/s\")"] {
            assert!(through(node).iter().any(|found| found.contains("400/s come in")), "{node}: {:?}", through(node));
        }
        assert!(through("throttle(rate: \"300/s\")")[0].contains("300/s come in"));
        for node in [
            "filter(condition: \"message.a > 1\")",
            "throttle(rate: \"100/s\")",
            "throttle(rate: \"300/s\", excess: drop)",
            "split(field: \"a\")",
        ] {
            assert_eq!(through(node), [""; 0], "{node}");
        }
    }

    #[test]
    fn streams_that_meet_are_added_and_cycles_end() {
        let nodes = "\"a\": generator(rate: \"150/s\"), \"b\": generator(rate: \"150/s\"), \"m\": map";
        let found = behind(nodes, "\"a.out -> m.in\", \"b.out -> m.in\", \"m.out -> q.in\"");
        assert!(found[0].contains("300/s come in"), "{found:?}");
        let nodes = "\"g\": generator(rate: \"300/s\"), \"m\": map, \"t\": wire_tap";
        let found = behind(nodes, "\"g.out -> m.in\", \"m.out -> t.in\", \"t.out -> q.in\", \"t.tap -> m.in\"");
        assert_eq!(found.len(), 1, "a circle only adds: {found:?}");
    }

    #[test]
    fn nothing_is_said_where_it_keeps_up_or_is_not_known() {
        for (generator, pools) in [
            ("rate: \"199/s\"", vec!["servers: 4, service: \"20 ms\""]),
            ("rate: \"300/s\"", vec!["servers: 4, service: \"20 ms\"", "servers: 3, service: \"20 ms\""]),
            ("rate: \"900/s\", count: 50", vec!["servers: 4, service: \"20 ms\""]),
            ("arrivals: burst, rate: \"900/s\"", vec!["servers: 4, service: \"20 ms\""]),
            ("rate: \"900/s\"", vec!["size: unlimited, service: \"20 ms\""]),
            ("rate: \"900/s\"", vec!["service: \"soon\""]),
        ] {
            assert_eq!(advice(generator, &pools), [""; 0], "{generator}");
        }
    }
}
