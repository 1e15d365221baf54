//! A graph is changed while it runs (G12): only what is touched is touched, messages under way go on, the books balance, and the same change
//! at the same instant is the same story, simulated and live with any number of workers.

mod random;
mod runs;

use pipewright_runtime::engine::control::Control;
use pipewright_runtime::telemetry::change::Changed;
use pipewright_runtime::telemetry::snapshot::RunState;
use runs::{Live, everywhere, ids};

/// A source that sends as fast as it may, what stands between, and a desk that is slower than it: every pipe is full.
fn line(between: &str, pipes: &str) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: fastest, count: 3000, payload: "{{\"n\": {{{{index}}}}}}"),
        {between}
        "slow": throttle(rate: "1000/s", burst: 1),
        "end": sink(),
    }},
    pipes: [{pipes}, "slow.out -> end.in"],
    expect: {{ "nothing is lost": no_loss(dead_letters: false), "in order": order_per_key(at: "end", key: "'all'", by: "message.n") }},
)"#
    )
}

const CHECK: &str = r#""check": filter(condition: "message.n >= 0"),"#;
const MARK: &str = r#""mark": map(set: {"message.seen": "message.n >= 0"}),"#;

fn direct() -> String {
    line("", r#""in.out -> slow.in""#)
}

fn checked() -> String {
    line(CHECK, r#""in.out -> check.in", "check.out -> slow.in""#)
}

/// All 3,000 come through, each once and in order, whatever was changed on the way.
fn all_arrive(report: &serde_json::Value, story: &str) {
    assert_eq!(report["nodes"]["end"]["in"], 3_000, "{story}: {}", report["messages"]);
    assert_eq!((&report["messages"]["delivered"], &report["messages"]["balanced"]), (&3_000.into(), &true.into()), "{story}");
    assert_eq!(report["laws"]["hold"], true, "{story}: {}", report["laws"]);
    for (name, expectation) in report["expectations"].as_object().expect("there are some") {
        assert_eq!(expectation["verdict"], "met", "{story}: {name}: {}", expectation["found"]);
    }
}

#[test]
fn g12_a_filter_is_cut_out_under_load_and_nothing_is_lost() {
    let told = everywhere(&checked(), &[(1_000, direct())], 6_000);
    let change = &told.changes[0];
    assert_eq!((ids(&change.removed), change.pipes_added, change.pipes_removed), (vec!["check"], 1, 2));
    assert!(change.went_on > 100, "two full pipes went on another way: {change}");
    assert_eq!((change.dropped, change.dead_lettered, change.given_back), (0, 0, 0), "{change}");
    told.each(all_arrive);
    told.each(|report, story| {
        assert!(report["nodes"].get("check").is_none(), "{story}");
        let changes = &report["changes"];
        assert_eq!((&changes["applied"], &changes["nodes_removed"]), (&1.into(), &1.into()), "{story}");
        assert!(changes["received"].as_u64().is_some_and(|count| count > 100), "{story}: what it had counted stays: {changes}");
    });
}

#[test]
fn g12_a_filter_is_put_in_under_load_and_taken_out_again() {
    let told = everywhere(&direct(), &[(500, checked()), (1_500, direct()), (1_600, checked())], 6_000);
    assert_eq!(ids(&told.changes[0].added), ["check"]);
    assert_eq!(ids(&told.changes[1].removed), ["check"]);
    assert!(told.changes.iter().all(|change| change.kept.is_empty() && change.restarted.is_empty()), "nobody else is touched");
    told.each(all_arrive);
    told.each(|report, story| {
        let seen = report["nodes"]["check"]["in"].as_u64().expect("it is there");
        assert!(seen > 0 && seen < 2_999, "{story}: another node under the old id counts from zero: {seen}");
    });
}

#[test]
fn g12_two_filters_change_places() {
    let nodes = format!("{CHECK} {MARK}");
    let one = line(&nodes, r#""in.out -> check.in", "check.out -> mark.in", "mark.out -> slow.in""#);
    let other = line(&nodes, r#""in.out -> mark.in", "mark.out -> check.in", "check.out -> slow.in""#);
    let told = everywhere(&one, &[(700, other.clone()), (1_400, one.clone())], 6_000);
    let change = &told.changes[0];
    assert_eq!((change.pipes_added, change.pipes_removed, change.removed.len()), (3, 3, 0));
    // What is under way may pass a filter twice or not at all, and so overtake; none of it is lost.
    told.each(|report, story| {
        assert_eq!(report["nodes"]["end"]["in"], 3_000, "{story}: {}", report["messages"]);
        assert_eq!((&report["messages"]["balanced"], &report["laws"]["hold"]), (&true.into(), &true.into()), "{story}");
    });
}

#[test]
fn g12_a_pipe_holds_less_and_more() {
    let with = |capacity: u32| {
        line(CHECK, &format!(r#"("in.out -> check.in", capacity: {capacity}), ("check.out -> slow.in", capacity: {capacity})"#))
    };
    let told = everywhere(&with(200), &[(500, with(2)), (1_000, with(50)), (1_500, with(1))], 6_000);
    assert!(told.changes.iter().all(|change| (change.pipes_changed, change.pipes_added, change.pipes_removed) == (2, 0, 0)));
    told.each(all_arrive);
    assert!(told.depths.iter().all(|(capacity, depth)| depth <= capacity), "a pipe holds more than it may: {:?}", told.depths);
}

fn two_desks(wiring: &str, extra: &str) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "a": generator(arrivals: poisson, rate: "900/s", count: 1500),
        "b": generator(arrivals: poisson, rate: "900/s", count: 1500),
        "one": queue(capacity: 10000), "two": queue(capacity: 10000),
        "pool": consumer_pool(servers: 6, prefetch: 3, service: exponential(mean: "8 ms")),
        {extra}
    }},
    pipes: ["a.out -> one.in", "b.out -> two.in", {wiring}],
)"#
    )
}

#[test]
fn g12_a_pool_is_led_to_another_queue_with_deliveries_in_its_hands() {
    let aside = r#""aside": consumer_pool(servers: 8, service: exponential(mean: "5 ms")),"#;
    let one = two_desks(r#""one.out -> pool.in", "two.out -> aside.in""#, aside);
    let other = two_desks(r#""one.out -> aside.in", "two.out -> pool.in""#, aside);
    let told = everywhere(&one, &[(600, other)], 8_000);
    let change = &told.changes[0];
    assert!(change.went_on >= 1, "what was prefetched is worked on: {change}");
    assert_eq!((change.given_back, change.dropped, change.dead_lettered), (0, 0, 0));
    told.each(|report, story| {
        assert_eq!(report["messages"]["delivered"], 3_000, "{story}: {}", report["messages"]);
        for queue in ["one", "two"] {
            let deliveries = &report["queues"][queue]["deliveries"];
            assert_eq!(deliveries, 1_500, "{story}: {queue}: each was handed out once");
        }
        assert_eq!(report["laws"]["hold"], true, "{story}");
    });
}

#[test]
fn g12_a_queue_with_messages_in_it_is_taken_out() {
    let with = |nodes: &str, pipes: &str| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "1000/s", count: 2000, payload: "{{}}"),
        {nodes}
        "pool": consumer_pool(servers: 1, service: constant("2 ms")),
        "end": sink(),
    }},
    pipes: [{pipes}, "pool.out -> end.in"],
)"#
        )
    };
    let queued = with(r#""line": queue(capacity: 10000),"#, r#""in.out -> line.in", "line.out -> pool.in""#);
    let direct = with("", r#""in.out -> pool.in""#);
    let told = everywhere(&queued, &[(1_000, direct)], 9_000);
    let change = &told.changes[0];
    assert!(change.dead_lettered > 300, "half of a second's messages waited: {change}");
    assert_eq!(change.dropped, 0);
    told.each(|report, story| {
        let given_up = report["messages"]["dead_lettered"].as_u64().expect("a count");
        assert_eq!(
            report["messages"]["delivered"].as_u64().map(|delivered| delivered + given_up),
            Some(2_000),
            "{story}: {}",
            report["messages"]
        );
        assert!(given_up > 300 && report["messages"]["balanced"] == true, "{story}");
    });
}

#[test]
fn g12_a_composite_is_made_around_a_full_queue_and_unpacked_and_the_queue_renamed() {
    let with = |queue: &str, pool: &str, composite: &str, ends: [&str; 2]| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "1000/s", count: 2000, payload: "{{}}"),
        {composite}
        "{queue}": queue(capacity: 10000),
        "{pool}": consumer_pool(servers: 2, prefetch: 5, service: exponential(mean: "3 ms")),
        "end": sink(),
    }},
    pipes: ["in.out -> {}", "{queue}.out -> {pool}.in", "{} -> end.in"],
)"#,
            ends[0], ends[1]
        )
    };
    let flat = with("line", "pool", "", ["line.in", "pool.out"]);
    let composite = r#""desk": composite(ports: {"in": "line.in", "out": "pool.out"}),"#;
    let inside = with("desk/line", "desk/pool", composite, ["desk.in", "desk.out"]);
    let renamed = with("orders", "pool", "", ["orders.in", "pool.out"]);
    let told = everywhere(&flat, &[(800, inside), (1_300, flat.clone()), (1_800, renamed)], 9_000);
    let moved: Vec<Vec<&str>> = told.changes.iter().map(|change| ids(&change.moved)).collect();
    assert_eq!(moved, [vec!["desk/line", "desk/pool"], vec!["line", "pool"], vec!["orders"]]);
    for change in &told.changes {
        let nothing_else = Changed { at: change.at, moved: change.moved.clone(), ..Changed::default() };
        assert_eq!(**change, nothing_else, "{change}");
    }
    told.each(|report, story| {
        assert_eq!(report["messages"]["delivered"], 2_000, "{story}: {}", report["messages"]);
        assert_eq!(report["queues"]["orders"]["deliveries"], 2_000, "{story}: its counts go on under its name");
        assert_eq!((&report["messages"]["balanced"], &report["laws"]["hold"]), (&true.into(), &true.into()), "{story}");
    });
}

#[test]
fn g12_a_subscription_joins_a_running_topic() {
    let with = |nodes: &str, pipes: &str| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "500/s", count: 1000, payload: "{{}}"),
        "news": topic(), "first": subscription(), "reader": sink(),
        {nodes}
    }},
    pipes: ["in.out -> news.in", "news.out -> first.in", "first.out -> reader.in" {pipes}],
)"#
        )
    };
    let one = with("", "");
    // Its id comes before the other's, so that every branch gets another number.
    let both = with(r#""early": subscription(), "late": sink(),"#, r#", "news.out -> early.in", "early.out -> late.in""#);
    let told = everywhere(&one, &[(1_000, both), (1_500, one.clone())], 6_000);
    assert_eq!(ids(&told.changes[0].added), ["early", "late"]);
    told.each(|report, story| {
        assert_eq!(report["nodes"]["reader"]["in"], 1_000, "{story}: the first misses nothing and gets nothing twice");
        let late = report["changes"]["received"].as_u64().expect("a count");
        assert!((100..=800).contains(&late), "{story}: the second was there for half a second: {late}");
        assert_eq!((&report["messages"]["balanced"], &report["laws"]["hold"]), (&true.into(), &true.into()), "{story}");
    });
}

#[test]
fn g12_settings_are_changed_with_and_without_a_restart() {
    let with = |servers: u32, group: u32| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "1000/s", count: 2000, payload: "{{}}"),
        "line": queue(capacity: 10000),
        "pool": consumer_pool(servers: {servers}, service: constant("4 ms")),
        "group": aggregate(count: {group}, window: "1 h", result: first),
        "end": sink(),
    }},
    pipes: ["in.out -> line.in", "line.out -> pool.in", "pool.out -> group.in", "group.out -> end.in"],
)"#
        )
    };
    let told = everywhere(&with(2, 7), &[(503, with(12, 7)), (1_007, with(12, 5))], 9_000);
    let (resized, regrouped) = (&told.changes[0], &told.changes[1]);
    assert_eq!((ids(&resized.kept), resized.restarted.len()), (vec!["pool"], 0), "{resized}");
    assert_eq!((ids(&regrouped.restarted), regrouped.kept.len()), (vec!["group"], 0), "{regrouped}");
    told.each(|report, story| {
        let messages = &report["messages"];
        assert_eq!((&messages["balanced"], &messages["dead_lettered"], &messages["held"]), (&true.into(), &0.into(), &0.into()), "{story}");
        // Every message ended in a group.
        assert!(report["queues"]["line"]["deliveries"].as_u64().is_some_and(|count| count >= 2_000), "{story}: {messages}");
        assert_eq!(report["laws"]["hold"], true, "{story}: {}", report["laws"]);
    });
}

/// Taking out and putting in again under another kind: the pipe has the same id and yet is another.
#[test]
fn g12_a_node_becomes_another_kind() {
    let other = line(r#""check": delay(time: "1 ms"),"#, r#""in.out -> check.in", "check.out -> slow.in""#);
    let told = everywhere(&checked(), &[(800, other), (1_600, checked())], 6_000);
    assert_eq!((ids(&told.changes[0].added), ids(&told.changes[0].removed)), (vec!["check"], vec!["check"]));
    told.each(|report, story| {
        assert_eq!(report["nodes"]["end"]["in"], 3_000, "{story}: {}", report["messages"]);
        assert_eq!((&report["messages"]["balanced"], &report["laws"]["hold"]), (&true.into(), &true.into()), "{story}");
    });
}

#[test]
fn g12_a_drawing_with_errors_leaves_the_run_as_it_was() {
    let mut live = Live::start(&checked(), 2);
    live.until(200);
    let broken =
        pipewright_runtime::file::read(&checked().replace("message.n >= 0", "message.n >="), pipewright_runtime::nodes::CATALOGUE).graph;
    live.send(Control::Redraw(broken.into()));
    live.wait_for("the refusal", |snapshot| snapshot.changes.refused == 1);
    let told = live.snapshot().changes.last.clone().and_then(Result::err).expect("it was refused");
    assert!(told.contains("errors") && told.contains("check"), "{told}");
    assert!(live.snapshot().journal.iter().any(|line| line.text.starts_with("not changed: ")));
    let report = live.end();
    all_arrive(&report, "live");
    assert_eq!(report["changes"]["refused"], 1);
}

#[test]
fn g12_a_run_is_changed_while_it_is_paused_and_stopped_right_after_a_change() {
    let mut live = Live::start(&checked(), 2);
    live.until(300);
    live.send(Control::Pause);
    live.wait_for("the pause", |snapshot| snapshot.state == RunState::Paused);
    live.redraw(&direct());
    let paused = live.snapshot();
    assert_eq!(paused.state, RunState::Paused, "a change does not wake it");
    assert!(paused.books.balanced(), "{:?}", paused.books);
    live.send(Control::Resume);
    live.until(600);
    live.redraw_at_once(&checked());
    live.send(Control::StopNow);
    let report = live.end();
    assert_eq!((&report["messages"]["balanced"], &report["laws"]["hold"]), (&true.into(), &true.into()), "{report:#}");
}
