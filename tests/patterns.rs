//! The table of the patterns: each row of the contract, what it is set up with, the samples that show it, and the tests that prove it.
//!
//! `runtime/docs/patterns.md` is this table as a page. `PIPEWRIGHT_WRITE=1 cargo test -p pipewright-tests patterns` writes it anew.

mod claim_check;
mod competing_consumers;
mod page;
mod pipes_and_filters;
mod proof;
mod publisher_subscriber;
mod shown;

use pipewright_tests::root;
use proof::Tests;
use shown::Shown;

/// One pattern.
pub struct Pattern {
    /// Its name.
    pub title: &'static str,
    /// Its section of the contract.
    pub contract: &'static str,
    /// What it is for, in a few sentences.
    pub purpose: &'static str,
    /// Its behaviours.
    pub rows: &'static [Row],
}

/// One behaviour of a pattern.
pub struct Row {
    /// Its name in the contract.
    pub behaviour: &'static str,
    /// How it is set up, in Markdown.
    pub how: &'static str,
    /// What it is set up with: `kind`, `kind.setting`, `kind.setting=value`, `pipe.setting`, `composite`. Each occurs in one of the samples.
    pub shows: &'static [&'static str],
    /// The samples that show it: paths below `samples/`, without the ending.
    pub samples: &'static [&'static str],
    /// Tests that run it live and simulated.
    pub both: &'static [&'static str],
    /// Tests of its single steps and of what only one of the two ways to run has.
    pub steps: &'static [&'static str],
    /// What is missing. Empty: nothing.
    pub gap: &'static str,
}

/// All patterns of the table.
const PATTERNS: &[&Pattern] =
    &[&publisher_subscriber::PATTERN, &competing_consumers::PATTERN, &pipes_and_filters::PATTERN, &claim_check::PATTERN];

const CONTRACT: &str = include_str!("patterns/contract.md");
const PAGE: &str = "runtime/docs/patterns.md";

fn rows() -> impl Iterator<Item = (&'static Pattern, &'static Row)> {
    PATTERNS.iter().flat_map(|pattern| pattern.rows.iter().map(move |row| (*pattern, row)))
}

fn fail_with(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

/// The behaviours of a section of the contract: the first column of its table.
fn behaviours(section: &str) -> Vec<&'static str> {
    let lines = CONTRACT.lines().skip_while(|line| line.strip_prefix("## ") != Some(section)).skip(1);
    let cells = lines.take_while(|line| !line.starts_with("## ")).filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.filter(|cell| *cell != "behaviour").collect()
}

#[test]
fn no_row_of_the_contract_is_missing() {
    let sections: Vec<&str> = CONTRACT.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(PATTERNS.iter().map(|pattern| pattern.contract).collect::<Vec<_>>(), sections);
    for pattern in PATTERNS {
        let named: Vec<&str> = pattern.rows.iter().map(|row| row.behaviour).collect();
        let wanted = behaviours(pattern.contract);
        assert!(wanted.len() >= 6, "the section `{}` of the contract is not read", pattern.contract);
        assert_eq!(named, wanted, "the rows of {}", pattern.title);
    }
}

#[test]
fn every_row_names_kinds_samples_and_tests_that_are_there() {
    let tests = Tests::all();
    let mut breaches = Vec::new();
    for (pattern, row) in rows() {
        let mut breach = |what: String| breaches.push(format!("{}, {}: {what}", pattern.title, row.behaviour));
        if row.shows.is_empty() || row.samples.is_empty() || row.both.is_empty() || row.how.is_empty() {
            breach("it says how it is set up and names kinds, samples and tests".into());
        }
        let missing = row.samples.iter().filter(|sample| !shown::path(sample).is_file());
        missing.for_each(|sample| breach(format!("there is no samples/{sample}.ron")));
        let graphs: Vec<_> = row.samples.iter().filter(|sample| shown::path(sample).is_file()).map(|sample| shown::graph(sample)).collect();
        for text in row.shows {
            match Shown::parse(text) {
                Err(why) => breach(why),
                Ok(shown) if !graphs.iter().any(|graph| shown.is_in(graph)) => breach(format!("none of its samples has {text}")),
                Ok(_) => {}
            }
        }
        for graph in graphs.iter().zip(row.samples).filter(|(graph, _)| !row.shows.iter().any(|text| shown::occurs(text, graph))) {
            breach(format!("samples/{}.ron shows nothing of it", graph.1));
        }
        for name in row.both.iter().chain(row.steps) {
            if tests.places(name).is_empty() {
                breach(format!("there is no test `{name}`"));
            }
            if row.both.iter().chain(row.steps).filter(|other| *other == name).count() > 1 {
                breach(format!("`{name}` is named twice"));
            }
        }
    }
    fail_with(&breaches);
}

#[test]
fn what_is_said_to_run_both_ways_does() {
    let tests = Tests::all();
    let mut breaches = Vec::new();
    for (pattern, row) in rows() {
        for name in row.both {
            let ways = tests.ways(name);
            if !(ways.live && ways.simulated) {
                breaches.push(format!("{}, {}: `{name}` does not run both ways: {ways:?}", pattern.title, row.behaviour));
            }
        }
    }
    fail_with(&breaches);
}

#[test]
fn the_page_of_the_patterns_is_this_table() {
    let path = root().join(PAGE);
    let wanted = page::write(&Tests::all());
    if std::env::var_os("PIPEWRIGHT_WRITE").is_some() {
        std::fs::write(&path, &wanted).unwrap_or_else(|error| panic!("{PAGE}: {error}"));
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = 1 + found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted).count();
    assert!(found == wanted, "{PAGE}:{line} is not as the table says: PIPEWRIGHT_WRITE=1 cargo test -p pipewright-tests patterns");
}

#[test]
fn the_page_leads_to_files_that_are_there() {
    let folder = root().join(PAGE).parent().expect("the page lies in a folder").to_path_buf();
    let page = page::write(&Tests::all());
    let targets: Vec<&str> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(targets.len() > 100, "the links are not found");
    let missing: Vec<String> =
        targets.iter().filter(|target| !folder.join(target).exists()).map(|target| format!("{PAGE}: {target}")).collect();
    fail_with(&missing);
}
