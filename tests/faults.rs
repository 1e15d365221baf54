//! What fails, fails in the open: retries, dead letters, stops and panics leave balanced books (G4, G12, rule 9).

use pipewright_runtime::engine::control::Control;
use pipewright_runtime::engine::run::Run;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState};
use pipewright_tests::{graph, live, number, options, simulate};
use std::time::{Duration, Instant};

fn failing(count: u32) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "work": generator(arrivals: constant, rate: "2000/s", count: {count}, payload: "{{}}"),
        "line": queue(max_deliveries: 3, retry: immediate),
        "desk": consumer_pool(servers: 8, service: constant("1 ms"), failure_share: 0.4),
        "letters": dead_letters(),
    }},
    pipes: ["work.out -> line.in", "line.out -> desk.in", "line.dead_letters -> letters.in"],
)"#
    )
}

#[test]
fn g4_what_fails_comes_back_and_is_given_up_after_the_last_delivery() {
    for report in [simulate(&failing(20_000), "60s", 3).report, live(&failing(4000), "20s").report] {
        let entered = number(&report, "/messages/entered");
        let given_up = number(&report, "/messages/dead_lettered");
        assert_eq!(number(&report, "/messages/delivered") + given_up, entered, "{}", report["messages"]);
        // 0.4 cubed of them fail three times; four standard deviations either way.
        let (expected, deviation) = (0.064 * entered, (0.064 * 0.936 * entered).sqrt());
        assert!((given_up - expected).abs() < 4.0 * deviation, "{given_up}, expected {expected}");
        // One delivery, 0.4 need a second, 0.16 a third.
        let deliveries = number(&report, "/queues/line/deliveries") / entered;
        assert!((deliveries - 1.56).abs() < 0.05, "{deliveries}");
        assert_eq!(number(&report, "/queues/line/dead_lettered"), given_up);
    }
}

#[test]
fn g12_a_stop_in_full_flow_leaves_balanced_books() {
    let graph = graph(&failing(1_000_000));
    let run = Run::start(&graph, CATALOGUE, &options(Mode::Live, "60s")).unwrap_or_else(|problems| panic!("{problems:?}"));
    let began = Instant::now();
    let mut stop = None;
    loop {
        let snapshot = run.snapshot();
        match &snapshot.state {
            RunState::Ended => break,
            RunState::Failed(error) => panic!("{error}"),
            RunState::Running | RunState::Paused | RunState::Stopping => {}
        }
        if stop.is_none() && snapshot.books.delivered > 200 {
            stop = run.send(Control::Stop).is_ok().then(Instant::now);
        }
        assert!(began.elapsed() < Duration::from_secs(30), "the stop does not end the run");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(stop.is_some_and(|stop| stop.elapsed() < Duration::from_secs(6)), "a stop drains for at most five seconds");
    let books = &run.snapshot().books;
    assert!(books.balanced(), "{books:?}");
}

/// Found by random graphs: a lost lock makes one message two, and each end of the two sent a user of a closed loop on, so that there were more
/// users under way than there are.
#[test]
fn g7_a_lost_lock_makes_no_users() {
    let text = r#"(
    format: 1,
    nodes: {
        "users": generator(arrivals: closed, population: 4, think: exponential(mean: "5 ms"), payload: "{}"),
        "line": queue(lock: "40 ms", retry: immediate, max_deliveries: 3),
        "desk": consumer_pool(servers: 4, service: exponential(mean: "5 ms")),
        "few": aggregate(count: 5, window: "200 ms", result: first),
        "end": sink(),
    },
    pipes: ["users.out -> line.in", "line.out -> desk.in", "desk.out -> few.in", "few.out -> end.in"],
)"#;
    let ran = simulate(text, "20s", 1);
    assert!(number(&ran.report, "/messages/copied") > 20.0, "locks are lost here: {}", ran.report["messages"]);
    let (_, users) = ran.snapshot.nodes.iter().find(|(id, _)| id.as_str() == "users").expect("they are there");
    let waiting = users.gauges.iter().find(|gauge| gauge.name == "waiting users").expect("a closed loop has this figure");
    assert!((0.0..=4.0).contains(&waiting.value), "{}", waiting.value);
}
