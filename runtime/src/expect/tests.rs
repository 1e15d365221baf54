//! Expectations read, checked and judged, simulated runs and cranked ones alike.

use crate::check::check;
use crate::engine::control::Speed;
use crate::engine::run::{Run, RunOptions};
use crate::file;
use crate::nodes::CATALOGUE;
use crate::telemetry::report::{ExpectationReport, Report, Verdict};
use crate::telemetry::snapshot::Mode;
use crate::units::Span;

const NODES: &str = r#"
    "orders": generator(rate: "100/s", count: 200, payload: "{\"order\": {{index}}, \"desk\": \"{{pick \"a\" \"b\"}}\"}"),
    "keyed": map(set: {"key": "message.desk"}),
    "even": filter(condition: "message.order % 2 == 0"),
    "work": queue(),
    "pool": consumer_pool(servers: 4, service: exponential(mean: "20 ms")),
    "done": sink(),
"#;
const PIPES: &str = r#"
    "orders.out -> keyed.in", "keyed.out -> even.in", "even.out -> work.in", "work.out -> pool.in", "pool.out -> done.in",
"#;

fn text(expect: &str) -> String {
    format!("(format: 1, nodes: {{{NODES}}}, pipes: [{PIPES}], expect: {{{expect}}})")
}

fn report(expect: &str, until: u64) -> Report {
    let read = file::read(&text(expect), CATALOGUE);
    assert!(read.problems.is_empty(), "{:#?}", read.problems);
    let options = RunOptions { speed: Speed::Fastest, until: Some(Span::secs(until)), ..RunOptions::new(Mode::Simulated, ".") };
    Run::start(&read.graph, CATALOGUE, &options).expect("the graph is sound").wait().expect("a run that has ended has a report")
}

/// The verdict on one claim, and what was found.
fn judged(claim: &str) -> ExpectationReport {
    report(&format!("\"x\": {claim}"), 20).expectations["x"].clone()
}

fn check_claim(claim: &str, verdict: Verdict, words: &str) {
    let found = judged(claim);
    assert!(found.verdict == verdict && found.found.contains(words), "{claim}: {found:?}");
}

#[test]
fn claims_are_judged() {
    check_claim("no_loss(but_for: [filtered])", Verdict::Met, "200 entered, 100 delivered");
    check_claim("no_loss", Verdict::Broken, "100 dropped as filtered");
    check_claim("exactly(of: \"messages.delivered\", value: 100)", Verdict::Met, "is 100");
    check_claim("exactly(of: \"messages.dropped.filtered\", value: 99)", Verdict::Broken, "is 100, expected exactly 99");
    check_claim("exactly(of: \"messages.dropped.overflow\", value: 0)", Verdict::Met, "is 0");
    check_claim("at_least(of: \"nodes.done.in\", value: 101)", Verdict::Broken, "is 100");
    check_claim("at_most(of: \"queues.work.depth_max\", value: 100)", Verdict::Met, "at most 100");
    check_claim("at_most(of: \"latency.p99_s\", value: \"1 ms\")", Verdict::Broken, "expected at most 0.001");
    check_claim("at_least(of: \"pipes.pool.out -> done.in.rate_per_s\", value: \"1/h\")", Verdict::Met, "rate_per_s");
    check_claim("at_most(of: \"queues.pool.depth_max\", value: 1)", Verdict::Broken, "has no `queues.pool.depth_max`");
    check_claim("once_per_key(at: \"done\", key: \"message.order\")", Verdict::Met, "100 messages, 100 keys");
    check_claim("once_per_key(at: \"done\")", Verdict::Met, "100 keys");
    check_claim("once_per_key(at: \"done\", key: \"message.desk\")", Verdict::Broken, "broken by 98 of 100");
    check_claim("order_per_key(at: \"work\", by: \"message.order\")", Verdict::Met, "2 keys");
    check_claim("order_per_key(at: \"done\", by: \"message.order\")", Verdict::Broken, "came after");
    check_claim("every(at: \"work\", condition: \"message.order % 2 == 0\")", Verdict::Met, "100 messages");
    check_claim("every(at: \"keyed\", condition: \"message.order % 2 == 0\")", Verdict::Broken, "broken by 100 of 200");
    check_claim("every(at: \"done\", condition: \"message.none\")", Verdict::Broken, "no field");
    check_claim("at_least(of: \"messages.delivered\", value: 9999, after: \"1 h\")", Verdict::NotJudged, "before 1 h");
}

#[test]
fn names_are_checked_with_their_place() {
    let check = |claim: &str, words: &str| {
        let text = text(&format!("\n\"x\": {claim}"));
        let read = file::read(&text, CATALOGUE);
        let mut problems = check(&read.graph, CATALOGUE);
        read.positions.locate(&mut problems);
        let found: Vec<_> = problems.iter().filter(|problem| problem.code == "PW501").collect();
        assert!(found.len() == 1 && found[0].message.contains(words), "{claim}: {problems:#?}");
        let line = 1 + text[..text.find("\"x\":").unwrap()].matches('\n').count() as u32;
        assert_eq!(found[0].position.map(|at| (at.line, at.column)), Some((line, 6)), "{claim}");
        let broken = &report(&format!("\"x\": {claim}"), 1).expectations["x"];
        assert!(broken.verdict == Verdict::Broken && broken.found.starts_with("it cannot be judged"), "{claim}: {broken:?}");
    };
    check("nolos()", "did you mean `no_loss`");
    check("7", "expected a claim");
    check("no_loss(butfor: [])", "did you mean `but_for`");
    check("at_most(of: \"latency.p98_s\", value: 1)", "did you mean `p90_s`");
    check("at_most(of: \"latency.p99_s\", value: \"soon\")", "value");
    check("at_most(of: \"messages.held\", value: \"1 s\")", "is a count");
    check("at_most(of: \"latency.p99_s\")", "`value` must be given");
    check("at_most(of: \"nodes.dne.in\", value: 1)", "did you mean `done`");
    check("at_most(of: \"pipes.pool.out -> don.in.messages\", value: 1)", "no pipe");
    check("at_most(of: \"latancy.p99_s\", value: 1)", "did you mean `latency`");
    check("every(at: \"done\")", "`condition` must be given");
    check("every(at: \"done\", condition: \"mesage.a\")", "column 1");
    check("once_per_key(key: \"key\")", "`at` must be given");
    check("no_loss(after: \"soon\")", "after");
}

#[test]
fn a_page_tells_of_every_claim() {
    let page = include_str!("../../docs/graph-format.md");
    for claim in super::CLAIMS {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{}(", claim.name)));
        let line = line.unwrap_or_else(|| panic!("the page has no `{}`", claim.name));
        assert!(claim.arguments.iter().all(|argument| line.contains(&format!("{argument}:"))), "{line}");
        assert!(claim.help.ends_with('.'));
    }
}
