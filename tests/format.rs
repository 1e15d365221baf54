//! The file reader against arbitrary input: it never panics, never hangs, and never loses what it did understand.

use pipewright_runtime::check::check;
use pipewright_runtime::file;
use pipewright_runtime::id::mix;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;
use pipewright_tests::{files_below, root};
use std::fmt::Write;
use std::time::{Duration, Instant};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % sides.max(1) as u64) as usize
    }
}

/// Reads, checks and writes any text. What is written reads back to the same text.
fn survives(text: &str, told: &dyn Fn() -> String) {
    let caught = std::panic::catch_unwind(|| {
        let read = file::read(text, CATALOGUE);
        let mut problems = check(&read.graph, CATALOGUE);
        read.positions.locate(&mut problems);
        let lines = text.lines().count() as u32 + 1;
        for problem in read.problems.iter().chain(&problems) {
            assert!(
                problem.position.is_none_or(|at| at.line >= 1 && at.line <= lines.max(1) && at.column >= 1),
                "{problem}: no such place"
            );
        }
        if !read.read_only {
            let written = file::write(&read.graph);
            let again = file::write(&file::read(&written, CATALOGUE).graph);
            assert_eq!(written, again, "written, read and written again differs");
        }
    });
    assert!(caught.is_ok(), "{}\n--- the text ---\n{text}", told());
}

fn samples() -> Vec<String> {
    let files = files_below(&root().join("samples"), ".ron");
    files.iter().map(|path| std::fs::read_to_string(path).expect("a sample can be read")).collect()
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "'",
    "//",
    "/*",
    "*/",
    "\\",
    "->",
    ".",
    "nodes",
    "pipes",
    "layout",
    "format",
    "1",
    "-0",
    "1e999",
    "NaN",
    "inf",
    "0x",
    "\u{0}",
    "\u{feff}",
    "ä",
    "\u{1F600}",
    "\r",
    "\n",
    "\t",
    "r#\"",
    "#",
    "true",
    "Some(",
    "()",
    "99999999999999999999",
    "\\u{110000}",
    "generator(",
    "\"orders\": ",
    "queue()",
    "\"a.out -> b.in\"",
    "_",
];

#[test]
fn mutated_samples_never_panic() {
    let samples = samples();
    for seed in 0..600_u64 {
        let mut dice = Dice(seed);
        let mut text: Vec<char> = samples[dice.roll(samples.len())].chars().collect();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(text.len() + 1);
            let until = (at + dice.roll(40)).min(text.len());
            match dice.roll(5) {
                0 => drop(text.drain(at..until)),
                1 => drop(text.splice(at..at, PIECES[dice.roll(PIECES.len())].chars())),
                2 => text.truncate(at),
                3 => {
                    let copy: Vec<char> = text[at..until].to_vec();
                    drop(text.splice(at..at, copy));
                }
                _ => drop(text.splice(at..(at + 1).min(text.len()), PIECES[dice.roll(PIECES.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        survives(&text, &|| format!("seed {seed}; repeat with: cargo test -p pipewright-tests mutated_samples"));
    }
}

#[test]
fn arbitrary_text_never_panics() {
    for seed in 0..1500_u64 {
        let mut dice = Dice(seed);
        let mut text = String::new();
        for _ in 0..dice.roll(60) {
            match dice.roll(3) {
                0 => text.extend(char::from_u32(dice.roll(0x11_0000) as u32)),
                _ => text += PIECES[dice.roll(PIECES.len())],
            }
        }
        survives(&text, &|| format!("seed {seed}; repeat with: cargo test -p pipewright-tests arbitrary_text"));
    }
}

#[test]
fn every_beginning_of_a_sample_is_survived() {
    for text in samples() {
        for (at, _) in text.char_indices().step_by(23) {
            survives(&text[..at], &|| format!("the first {at} bytes"));
        }
    }
}

#[test]
fn nesting_without_end_and_endless_graphs_are_refused_in_good_time() {
    let began = Instant::now();
    for open in ["(", "[", "{", "a(", "(a:", "{\"a\":", "/*"] {
        let text = open.repeat(200_000);
        let read = file::read(&text, CATALOGUE);
        assert!(read.problems.iter().any(|problem| problem.severity == Severity::Error), "{open} 200,000 times");
    }
    let mut text = String::from("(format: 1, nodes: {\n");
    for number in 0..1_000_000 {
        let _ = writeln!(text, "\"n{number}\": sink(),");
    }
    text += "}, pipes: [])";
    let read = file::read(&text, CATALOGUE);
    assert!(read.problems.iter().any(|problem| problem.severity == Severity::Error), "a million nodes");
    assert!(began.elapsed() < Duration::from_mins(5), "refusing took {:?}", began.elapsed());
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let check = |text: &str, line: u32, word: &str| {
        let read = file::read(text, CATALOGUE);
        let mut problems = read.problems;
        let mut found = pipewright_runtime::check::check(&read.graph, CATALOGUE);
        read.positions.locate(&mut found);
        problems.extend(found);
        let told = problems.iter().any(|problem| {
            problem.position.is_some_and(|at| at.line == line) && format!("{problem}").contains(word) && problem.severity == Severity::Error
        });
        assert!(
            told,
            "expected an error with `{word}` in line {line}, found:\n{}",
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        );
    };
    let graph = |nodes: &str, pipes: &str| format!("(\nformat: 1,\nnodes: {{\n{nodes}\n}},\npipes: [\n{pipes}\n],\n)");
    check(&graph("\"a\": generater(),", ""), 4, "generator");
    check(&graph("\"a\": sink(),\n\"a\": sink(),", ""), 5, "a");
    check(&graph("\"a\": generator(rate: NaN),", ""), 4, "rate");
    check(&graph("\"a\": generator(rate: \"fast\"),", ""), 4, "fast");
    check(&graph("\"a\": sink(),", "\"b.out -> a.in\","), 7, "b");
    check(&graph("\"a\": filter(condition: \"message.amount >\"),", ""), 4, "condition");
    check("(\nformat: 1,\nnodes: {\n\"a\": sink(", 4, "");
}
