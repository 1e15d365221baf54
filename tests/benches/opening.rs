//! Opening and checking a large graph file.

use super::harness::{Case, Contestant, Goal, Line, Unit};
use pipewright_runtime::check::check;
use pipewright_runtime::file;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;
use pipewright_tests::{Folder, graph};
use std::time::Instant;

/// Groups of four nodes, each fed by the one before too.
const GROUPS: usize = 2_500;

fn text() -> String {
    let (mut nodes, mut pipes, mut places) = (String::new(), String::new(), String::new());
    for n in 0..GROUPS {
        nodes += &format!(
            r##"
        "orders-{n}": generator(title: "Orders of region {n}", arrivals: poisson, rate: "{n}.5/s", payload: r#"{{"order": {{{{index}}}}, "amount": {{{{number 1 500 2}}}}}}"#),
        "large-{n}": filter(title: "Large ones", condition: "message.amount > {n}.0 && message.order % 2 == 0"),
        "work-{n}": queue(capacity: 5000, max_deliveries: 3, retry: fixed, retry_delay: "200 ms"),
        "desk-{n}": consumer_pool(servers: 4, service: log_normal(mean: "60 ms", deviation: "30 ms"), failure_share: 0.05),"##
        );
        let next = (n + 1) % GROUPS;
        pipes += &format!(
            r#"
        "orders-{n}.out -> large-{n}.in", (pipe: "large-{n}.out -> work-{n}.in", capacity: 64), "work-{n}.out -> desk-{n}.in",
        "large-{n}.rest -> work-{next}.in","#
        );
        for (at, name) in ["orders", "large", "work", "desk"].into_iter().enumerate() {
            places += &format!("\n            \"{name}-{n}\": ({}, {}),", at * 280, n * 120);
        }
    }
    format!("(format: 1, nodes: {{{nodes}\n}}, pipes: [{pipes}\n], layout: (nodes: {{{places}\n}}))")
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut kept = None;
    let open_and_check = move || {
        let (_, path) = kept.get_or_insert_with(|| {
            let folder = Folder::new("opening");
            // In the form in which the program itself writes it.
            let path = folder.file("large.ron", file::write(&graph(&text())));
            (folder, path)
        });
        let began = Instant::now();
        let loaded = file::load(path.as_ref(), CATALOGUE).expect("the file is there");
        let problems = check(&loaded.read.graph, CATALOGUE);
        let took = began.elapsed().as_secs_f64();
        assert_eq!(loaded.read.graph.nodes().len(), 4 * GROUPS);
        assert!(loaded.read.problems.iter().chain(&problems).all(|problem| problem.severity != Severity::Error));
        vec![took]
    };
    vec![Case {
        name: "open and check 10,000 nodes",
        ours: Contestant::new("load and check", {
            let mut work = open_and_check;
            move |_| work()
        }),
        sticks: vec![],
        lines: vec![Line::new("", Unit::Seconds, [Goal::AtMost(0.3)])],
    }]
}
