//! Composites: the same story with and without borders, live and simulated; sums outside; files used again.

use pipewright_runtime::check::check;
use pipewright_runtime::engine::live::crank::run_cranked;
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::file;
use pipewright_runtime::graph::composite::Flat;
use pipewright_runtime::id::NodeId;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_runtime::telemetry::sums;
use pipewright_runtime::units::Span;
use pipewright_tests::{Folder, graph, graph_of, number, options, root, run, simulate};

/// A shop drawn with borders, one inside the other.
const BORDERED: &str = r#"(
    format: 1,
    nodes: {
        "orders": generator(arrivals: poisson, rate: "100/s", payload: "{\"n\": {{int 1 100}}}"),
        "shop": composite(ports: {"in": "pay.in", "out": "pay.out", "dead": "pay.dead"}),
        "shop/pay": composite(ports: {"in": "work.in", "out": "pool.out", "dead": "work.dead_letters"}),
        "shop/pay/work": queue(max_deliveries: 2, retry: fixed, retry_delay: "50 ms"),
        "shop/pay/pool": consumer_pool(servers: 4, service: exponential(mean: "30 ms"), failure_share: 0.2),
        "done": sink(),
        "dead": dead_letters(),
    },
    pipes: [
        ("orders.out -> shop.in", capacity: 8),
        "shop/pay/work.out -> shop/pay/pool.in",
        "shop.out -> done.in",
        "shop.dead -> dead.in",
    ],
    expect: {"all of it": at_least(of: "composites.shop.in", value: 1)},
)"#;

/// The same shop without borders, under the same ids.
const FLAT: &str = r#"(
    format: 1,
    nodes: {
        "dead": dead_letters(),
        "done": sink(),
        "shop/pay/pool": consumer_pool(servers: 4, service: exponential(mean: "30 ms"), failure_share: 0.2),
        "shop/pay/work": queue(max_deliveries: 2, retry: fixed, retry_delay: "50 ms"),
        "orders": generator(arrivals: poisson, rate: "100/s", payload: "{\"n\": {{int 1 100}}}"),
    },
    pipes: [
        "shop/pay/work.dead_letters -> dead.in",
        "shop/pay/pool.out -> done.in",
        "shop/pay/work.out -> shop/pay/pool.in",
        ("orders.out -> shop/pay/work.in", capacity: 8),
    ],
    expect: {"all of it": at_least(of: "composites.shop.in", value: 1)},
)"#;

#[test]
fn g15_a_border_changes_no_figure() {
    let [mut bordered, mut flat] = [BORDERED, FLAT].map(|text| simulate(text, "60s", 7).report);
    for report in [&mut bordered, &mut flat] {
        report["wall_s"] = 0.into();
    }
    assert!(number(&bordered, "/messages/entered") > 5_000.0);
    assert_eq!(bordered["journal_hash"], flat["journal_hash"]);
    assert_eq!(bordered, flat);
}

#[test]
fn g11_live_equals_simulated_through_borders() {
    let expected = simulate(BORDERED, "20s", 3).report;
    for workers in [1, 2, 4] {
        let plan = Plan::of(&graph(BORDERED), CATALOGUE, Some(3), &root()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let report = run_cranked(plan, workers, Span::secs(20)).expect("threads can be started");
        assert_eq!(expected["journal_hash"], report.journal_hash.as_str(), "with {workers} workers");
        assert_eq!(expected["composites"], serde_json::to_value(&report.composites).expect("a report always writes"));
    }
}

#[test]
fn a_composite_sums_up_what_is_inside() {
    for (mode, until) in [(Mode::Simulated, "30s"), (Mode::Live, "2s")] {
        let graph = graph(BORDERED);
        let ran = run(&graph, &options(mode, until));
        let report = &ran.report;
        for composite in ["shop", "shop~1pay"] {
            let sum = |field: &str| number(report, &format!("/composites/{composite}/{field}"));
            assert_eq!(sum("nodes"), 2.0);
            assert_eq!(sum("in"), number(report, "/nodes/shop~1pay~1work/in"), "{mode:?}");
            assert_eq!(sum("out"), number(report, "/nodes/done/in") + number(report, "/nodes/dead/in"), "{mode:?}");
            assert_eq!(sum("held"), number(report, "/nodes/shop~1pay~1work/held") + number(report, "/nodes/shop~1pay~1pool/held"));
            assert_eq!(sum("errors"), number(report, "/nodes/shop~1pay~1work/errors") + number(report, "/nodes/shop~1pay~1pool/errors"));
        }
        let whole = graph.whole().graph;
        let drawn = sums::drawn(&ran.snapshot, &whole, &Flat::of(&whole));
        let shop = &drawn.nodes[&NodeId::new("shop").expect("an id")];
        assert_eq!(shop.received as f64, number(report, "/composites/shop/in"), "{mode:?}: the window shows the same");
        assert_eq!((shop.sent + shop.delivered) as f64, number(report, "/composites/shop/out"));
        assert_eq!(shop.held as f64, number(report, "/composites/shop/held"));
        let pipe = drawn.pipes.iter().find(|(pipe, _)| pipe.to_string() == "orders.out -> shop.in");
        assert_eq!(pipe.expect("the drawn pipe has figures").1.messages as f64, number(report, "/composites/shop/in"));
    }
}

#[test]
fn a_used_file_runs_like_content_of_its_own() {
    let path = root().join("samples/patterns/composite.ron");
    let using = graph_of(&path);
    let mut own = using.clone();
    let payment = NodeId::new("payment").expect("an id");
    own.apply(using.take_over(&payment).expect("it uses a file")).expect("its content is free to be put in");
    assert!(!own.uses_files());
    let [using, own] = [using, own].map(|graph| run(&graph, &options(Mode::Simulated, "30s")).report);
    assert_eq!(using["journal_hash"], own["journal_hash"]);
    assert!(number(&using, "/nodes/payment~1desk/busy_servers") > 2.0, "the composite's own setting counts: the file has two servers");
    assert!(number(&using, "/composites/payment/in") > 1_000.0);
}

#[test]
fn made_saved_and_used_a_composite_tells_the_same_story() {
    // The paths change, and with them what is summed up.
    let flat = graph(&FLAT.replace("composites.shop.in", "nodes.done.in"));
    let nodes: Vec<NodeId> = ["shop/pay/work", "shop/pay/pool"].iter().filter_map(|id| NodeId::new(id)).collect();
    let mut made = flat.clone();
    let (edit, id) = flat.make_composite(&nodes, &[], &[], "Payment").expect("two nodes of one level");
    made.apply(edit).expect("it was made for this graph");
    let problems = check(&made, CATALOGUE);
    assert!(problems.is_empty(), "{problems:?}");
    let folder = Folder::new("composite-saved");
    std::fs::create_dir_all(folder.path().join("parts")).expect("a folder");
    file::save(&folder.path().join("parts/pay.ron"), &made.as_part(&id).expect("a composite")).expect("written");
    let mut using = made.clone();
    using.apply(made.use_file(&id, "parts/pay.ron")).expect("its content can go");
    file::save(&folder.path().join("main.ron"), &using).expect("written");
    let loaded = graph_of(&folder.path().join("main.ron"));
    assert_eq!(loaded.nodes().len(), 4, "the content is in the file that is used");
    let story = |graph| run(graph, &options(Mode::Simulated, "20s")).report["journal_hash"].clone();
    assert_eq!(story(&made), story(&loaded));
}

#[test]
fn a_part_does_not_run_by_itself() {
    let part = graph_of(&root().join("samples/patterns/parts/payment.ron"));
    let problems = Plan::of(&part, CATALOGUE, None, &root()).err().expect("its ports lead nowhere");
    assert_eq!(problems[0].code, "PW809");
}

#[test]
fn composites_come_back_from_a_file_as_they_were() {
    let text = r#"(
    format: 1,
    nodes: {
        // the shop
        "shop": composite(
            // where orders come in
            ports: {"in": "work.in"},
            colour: red,
        ),
        "shop/work": sink(),
    },
    // as a part
    ports: {
        // the only way in
        "orders": "shop.in",
        // and none out
    },
    layout: (
        nodes: {
            "shop": (40, 80),
            "shop/work": (40, 80),
        },
        frames: {
            1: (title: "Inside", at: (0, 0), size: (300, 200), inside: "shop"),
        },
        notes: {
            1: (text: "Here", at: (0, 0), size: (80, 40), inside: "shop", colour: "red"),
        },
    ),
)
"#;
    let read = file::read(text, CATALOGUE);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    assert_eq!(file::write(&read.graph), text);
    let mut found = check(&read.graph, CATALOGUE);
    read.positions.locate(&mut found);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("warning[PW205] 8:21 shop.colour"), "{told:?}");
}
