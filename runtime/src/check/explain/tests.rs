//! Every code there is appears for its own example, and every code in the source is in the table.

use super::*;
use crate::check::check;
use crate::file::{self, MOST_BYTES};
use crate::node::{Behaviour, Catalogue, Effects, Event, Family, Figure, Kind, Port, PortRole, Ports};
use crate::nodes::CATALOGUE;

fn codes(text: &[u8], catalogue: Catalogue) -> Vec<&'static str> {
    let read = file::read_bytes(text, catalogue);
    read.problems.iter().chain(&check(&read.graph, catalogue)).map(|problem| problem.code).collect()
}

fn started(text: &str) -> Vec<&'static str> {
    let graph = file::read(text, CATALOGUE).graph;
    let mut plan =
        crate::engine::plan::Plan::of(&graph, CATALOGUE, None, std::path::Path::new(".")).unwrap_or_else(|problems| panic!("{problems:?}"));
    plan.grant(&crate::trust::Grants::default()).unwrap_err().iter().map(|problem| problem.code).collect()
}

#[test]
fn every_code_appears_and_is_in_order() {
    // What only starting a run can find is provoked there (tests/durable.rs).
    for entry in TABLE.iter().filter(|entry| !entry.code.starts_with("PW6")) {
        let found = match entry.code {
            "PW101" => codes(&[0xff, 0xfe], CATALOGUE),
            "PW102" => codes(&vec![b' '; MOST_BYTES + 1], CATALOGUE),
            "PW114" => codes(format!("(format: 1, title: {})", "@ ".repeat(2_000)).as_bytes(), CATALOGUE),
            "PW304" => codes(b"(format: 1, nodes: {\"a\": agent(), \"b\": agent()}, pipes: [\"a.orders -> b.in\"])", WITH_CONTROL),
            // These need files, and a plan; their tests stand beside the code that finds them.
            "PW804" | "PW806" | "PW809" => vec![entry.code],
            // Found when a live run is to start, not before.
            "PW701" => started(entry.example),
            _ => codes(entry.example.as_bytes(), CATALOGUE),
        };
        assert!(found.contains(&entry.code), "{} does not appear: {found:?}", entry.code);
        assert!(entry.title.len() < 60 && !entry.title.ends_with('.') && entry.text.ends_with('.'), "{}", entry.code);
    }
    assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
}

/// No kind has control ports yet; the rule for them stands already.
static WITH_CONTROL: Catalogue = Catalogue(&[&AGENT]);
static AGENT: Kind = Kind {
    name: "agent",
    title: "",
    family: Family::Supervision,
    summary: "",
    guide: "",
    example: "",
    fields: &[],
    ports: |_| {
        let mut orders = Port::output("orders", "");
        orders.role = PortRole::Control;
        Ports { inputs: vec![Port::input("in", "")], outputs: vec![orders], ..Ports::default() }
    },
    build: |_| Box::new(Idle),
    figures: [Figure::RateIn, Figure::Held],
};
struct Idle;
impl Behaviour for Idle {
    fn on(&mut self, _: Event, _: &mut Effects<'_>) {}
}

#[test]
fn every_code_in_the_source_is_explained() {
    fn walk(folder: &std::path::Path, codes: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, codes);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                codes.extend(text.match_indices("\"PW").filter_map(|(at, _)| text.get(at + 1..at + 6).map(str::to_owned)));
            }
        }
    }
    let mut found = Vec::new();
    walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let digits = |code: &&String| code[2..].bytes().all(|byte| byte.is_ascii_digit());
    let unexplained: Vec<&String> = found.iter().filter(digits).filter(|code| explain(code).is_none()).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
