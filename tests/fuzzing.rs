//! The fuzzed functions on a stable compiler: over the corpus, the samples, and seeded mutations of both.
//!
//! `PIPEWRIGHT_FUZZ=100000` makes it long; a failure prints the input and the seed.

use pipewright_runtime::random::{Random, StreamKey};
use pipewright_tests::fuzzed::{TARGETS, Target};
use pipewright_tests::{files_below, root};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many mutations each target gets.
const NORMAL: u64 = 1_500;

/// What is put in now and then: the words and signs that make sense to some target.
const WORDS: &[&[u8]] = &[
    b"nodes: {",
    b"pipes: [",
    b"\"a\": queue(",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"",
    b"\\u{",
    b"//",
    b"/*",
    b"*/",
    b"r#\"",
    b" -> ",
    b"1e999",
    b"-0",
    b"9223372036854775808",
    b"nan",
    b"message.",
    b"headers.",
    b".map(x, ",
    b" | ",
    b".[]",
    b"def f: f;",
    b"&&",
    b"?",
    b":",
    b",",
    b"\n",
    b"\xff\xfe",
    b"\0",
    b"\xf0\x9f\x98\x80",
];

fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fuzz/corpus").join(target);
    let mut files = files_below(&folder, "");
    if target == "file_reader" {
        files.extend(files_below(&root().join("samples"), ".ron"));
    }
    let inputs: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).expect("the corpus can be read")).collect();
    assert!(inputs.len() >= 3, "the corpus of {target} is gone");
    inputs
}

fn mutated(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let below = |random: &mut Random, bound: usize| random.below(bound as u64 + 1) as usize;
    let mut bytes = inputs[random.below(inputs.len() as u64) as usize].clone();
    for _ in 0..=random.below(4) {
        let at = below(random, bytes.len());
        let until = (at + below(random, 1 + random.clone().below(30) as usize)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..until)),
            1 => {
                let word = WORDS[random.below(WORDS.len() as u64) as usize];
                drop(bytes.splice(at..at, word.iter().copied()));
            }
            2 => {
                let copy = bytes[at..until].to_vec();
                let to = below(random, bytes.len());
                drop(bytes.splice(to..to, copy));
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => {
                let other = &inputs[random.below(inputs.len() as u64) as usize];
                let from = below(random, other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

fn feed(name: &str, function: Target, bytes: &[u8], origin: &str) {
    let result = catch_unwind(AssertUnwindSafe(|| function(bytes)));
    assert!(result.is_ok(), "{name} breaks on {origin}:\n{:?}", String::from_utf8_lossy(bytes));
}

fn fuzz(name: &str) {
    let (_, function) = TARGETS.iter().find(|(known, _)| *known == name).expect("there is such a target");
    let inputs = inputs(name);
    for bytes in &inputs {
        feed(name, *function, bytes, "its corpus");
        // Every way to cut it off; of long ones, some.
        (0..bytes.len()).step_by(bytes.len() / 64 + 1).for_each(|end| feed(name, *function, &bytes[..end], "its corpus, cut off"));
    }
    let count = std::env::var("PIPEWRIGHT_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(NORMAL);
    for seed in 0..count {
        let mut random = StreamKey::of_node(seed, 0, name).for_index(0);
        feed(name, *function, &mutated(&inputs, &mut random), &format!("mutation {seed}"));
    }
}

#[test]
fn the_file_reader_takes_anything() {
    fuzz("file_reader");
}

#[test]
fn expressions_take_anything() {
    fuzz("expressions");
}

#[test]
fn codecs_take_anything() {
    fuzz("codecs");
}

#[test]
fn every_target_has_its_file_for_the_fuzzer() {
    let manifest = std::fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).expect("it is there");
    for (name, _) in TARGETS {
        let path = root().join(format!("tests/fuzz/fuzz_targets/{name}.rs"));
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(&format!("fuzzed::{name}(bytes)")) && manifest.contains(&format!("fuzz_targets/{name}.rs")), "{name}");
    }
}
