//! The page that the table makes.

use super::proof::Tests;
use super::shown::Shown;
use super::{PATTERNS, Pattern, Row};
use std::fmt::Write;

const INTRODUCTION: &str = "# The patterns

What Pipewright does for each pattern, behaviour by behaviour: how it is set up, the samples that show it, and the tests that prove it. The page is made from the catalogue of node
kinds and the table in `tests/patterns/`, which is held against [the contract](../../tests/patterns/contract.md): a row that is missing, a kind, a setting or a value that none of the row's
samples has, and a test that is not there or does not run its graph in both ways fail the tests of the repository.

- **Set up**: *kinds* in italics, settings in code. Every kind has a guide with all its settings: `pipewright kinds NAME`, or *Guide* in the window. How a graph is written
  stands in [the graph file](graph-format.md).
- **Samples** have notes on the canvas that say what to watch and how to see it fail. Each states what it expects, and is run simulated, live, and live under a hand-cranked clock, which
  must tell the same story as the simulation with 1, 2 and 4 workers ([tests/samples.rs](../../tests/samples.rs), [tests/parity.rs](../../tests/parity.rs)).
- **Live and simulated** names tests that run one graph both ways and hold both to the same figures. Below each table stand the tests of single steps: of a kind by itself under a
  virtual clock, and of what only one of the two ways has, such as the deaths of real processes.

What a simulation models of the outside world, and what its numbers mean, stands in [Simulation](simulation.md); the fields of a report in [The report](report.md).
";

/// The whole page.
pub fn write(tests: &Tests) -> String {
    let mut page = INTRODUCTION.to_owned();
    for pattern in PATTERNS {
        section(&mut page, pattern, tests);
    }
    page
}

fn section(page: &mut String, pattern: &Pattern, tests: &Tests) {
    let _ = write!(page, "\n## {}\n\n{}\n\n", pattern.title, pattern.purpose);
    for kind in kinds(pattern) {
        let _ = writeln!(page, "- *{}* (`{}`): {}", kind.title, kind.name, kind.summary);
    }
    page.push_str("\n| behaviour | set up | samples | live and simulated |\n|---|---|---|---|\n");
    for row in pattern.rows {
        let gap = if row.gap.is_empty() { String::new() } else { format!(" **Missing:** {}.", row.gap) };
        let samples = row.samples.iter().map(|sample| format!("[{sample}](../../samples/{sample}.ron)"));
        let _ = writeln!(
            page,
            "| **{}** | {}{gap} | {} | {} |",
            row.behaviour,
            row.how,
            samples.collect::<Vec<_>>().join("<br>"),
            links(row.both, tests, "<br>"),
        );
    }
    page.push_str("\nThe single steps:\n\n");
    for row in pattern.rows.iter().filter(|row| !row.steps.is_empty()) {
        let _ = writeln!(page, "- *{}*: {}", row.behaviour, links(row.steps, tests, ", "));
    }
}

/// The kinds that the rows of a pattern show, in the order of the palette.
fn kinds(pattern: &Pattern) -> Vec<&'static pipewright_runtime::node::Kind> {
    let shown = |row: &Row| row.shows.iter().filter_map(|text| Shown::parse(text).ok()?.kind()).collect::<Vec<_>>();
    let named: Vec<_> = pattern.rows.iter().flat_map(shown).map(|kind| kind.name).collect();
    pipewright_runtime::nodes::CATALOGUE.kinds().filter(|kind| named.contains(&kind.name)).collect()
}

/// Tests with links to the files that they stand in.
fn links(names: &[&str], tests: &Tests, between: &str) -> String {
    let link = |name: &&str| tests.places(name).first().map_or_else(|| format!("`{name}`"), |path| format!("[`{name}`](../../{path})"));
    names.iter().map(link).collect::<Vec<_>>().join(between)
}
