//! What tests there are, and by which of the two ways each runs its graph: read from their sources, through the helpers that they call.

use crate::tidy::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// The helpers of all tests.
const HELPERS: &str = "tests/src/";
/// What starts a live run, by the wall clock or cranked by hand.
const LIVE: &[&str] = &["Mode::Live", "run_cranked", "run_cranked_by_hand", "run_changed"];
/// What starts a simulation.
const SIMULATED: &[&str] = &["Mode::Simulated", "Simulation::new", "Simulation::shown"];
/// What starts the program from outside, and the verbs by which it runs a graph live and simulates it.
const PROGRAM: (&str, &str, &str) = ("command", "\"run\"", "\"simulate\"");

/// By which ways a test runs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ways {
    /// By the wall clock, or by the workers of a live run cranked by hand.
    pub live: bool,
    /// By the virtual clock.
    pub simulated: bool,
}

/// A function of a test file.
struct Function {
    path: String,
    is_test: bool,
    ways: Ways,
    calls: BTreeSet<String>,
}

/// The functions of all test files by name.
pub struct Tests(BTreeMap<String, Vec<Function>>);

impl Tests {
    /// Those of the repository.
    pub fn all() -> Self {
        Self::of(&Source::all())
    }

    fn of(sources: &[Source]) -> Self {
        let mut all: BTreeMap<String, Vec<Function>> = BTreeMap::new();
        for source in sources {
            for (name, function) in functions(source) {
                all.entry(name).or_default().push(function);
            }
        }
        Self(all)
    }

    /// The files that have a test of this name.
    pub fn places(&self, name: &str) -> Vec<&str> {
        let named = self.0.get(name).into_iter().flatten();
        named.filter(|function| function.is_test).map(|function| function.path.as_str()).collect()
    }

    /// By which ways the tests of this name run, in themselves or through the helpers that they call.
    pub fn ways(&self, name: &str) -> Ways {
        let mut ways = Ways::default();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Function> = self.0.get(name).into_iter().flatten().filter(|function| function.is_test).collect();
        while let Some(function) = open.pop() {
            ways = Ways { live: ways.live || function.ways.live, simulated: ways.simulated || function.ways.simulated };
            for call in &function.calls {
                let called = self.0.get(call).into_iter().flatten();
                for next in called.filter(|next| !next.is_test && within_reach(&function.path, &next.path)) {
                    if seen.insert((call, &next.path)) {
                        open.push(next);
                    }
                }
            }
        }
        ways
    }
}

/// Whether a helper of the second file can be meant by a call in the first one: the same file, its module's other files, or the helpers of all.
fn within_reach(from: &str, to: &str) -> bool {
    let (from_module, to_module) = (from.trim_end_matches(".rs"), to.trim_end_matches(".rs"));
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let beside =
        |from: &str, to: &str| from.rsplit_once('/').zip(to.rsplit_once('/')).is_some_and(|((a, _), (b, _))| a == b && a != "tests");
    from == to
        || to.starts_with(HELPERS)
        || inside(from_module, to_module)
        || inside(to_module, from_module)
        || from.starts_with("tests/") && beside(from_module, to_module)
}

/// The functions in the tests of a file.
fn functions(source: &Source) -> Vec<(String, Function)> {
    let begin = source.shipped.len();
    let (code, text) = (&source.code[begin..], &source.text[begin..]);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let word_before = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let Some(body) = body(&code[at..]).filter(|_| !word_before && !name.is_empty()) else { continue };
        let (start, end) = (at + body.start, at + body.end);
        let (code_of, text_of) = (&code[start..end], &text[start..end]);
        let calls = calls(code_of);
        let names = |words: &[&str]| words.iter().any(|word| code_of.contains(word));
        let starts = |verb: &str| calls.contains(PROGRAM.0) && text_of.contains(verb);
        let ways = Ways { live: names(LIVE) || starts(PROGRAM.1), simulated: names(SIMULATED) || starts(PROGRAM.2) };
        let is_test = code[..at].lines().rev().skip_while(|line| line.trim().is_empty()).take_while(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("#[")
        });
        let is_test = is_test.into_iter().any(|line| line.trim() == "#[test]");
        found.push((name, Function { path: source.path.clone(), is_test, ways, calls }));
    }
    found
}

/// From the opening brace of a function to its closing one; `None` for a declaration without a body.
fn body(code: &str) -> Option<std::ops::Range<usize>> {
    let start = code.find(['{', ';']).filter(|at| code[*at..].starts_with('{'))?;
    let mut depth = 0_i32;
    for (at, c) in code[start..].char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(start..start + at + 1);
        }
    }
    None
}

/// The names that are called: words before an opening bracket.
fn calls(code: &str) -> BTreeSet<String> {
    let word = |at: usize| code[..at].rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default().to_owned();
    code.match_indices('(').map(|(at, _)| word(at)).filter(|word| !word.is_empty()).collect()
}

#[test]
fn ways_are_found_through_helpers_and_only_there() {
    let helper = |name: &str, mode: &str| format!("pub fn {name}(text: &str) {{\n    run(text, Mode::{mode});\n}}\n");
    let source = |path: &str, text: String| Source::new(path.into(), text);
    let tests = Tests::of(&[
        source("tests/src/running.rs", helper("live", "Live") + &helper("simulate", "Simulated")),
        source("tests/change.rs", "#[test]\nfn one() {\n    everywhere(A);\n}\n#[test]\nfn two() {\n    simulate(A); // Mode::Live\n}\n".into()),
        source("tests/change/runs.rs", "pub fn everywhere(text: &str) {\n    run_changed(text);\n    Simulation::new(text);\n}\n".into()),
        source("tests/other.rs", "#[test]\nfn three() {\n    everywhere(A);\n    let text = \"run_cranked()\";\n}\n".into()),
        source("tests/outside.rs", "#[test]\nfn four() {\n    for verb in [\"run\", \"simulate\"] {\n        command(verb);\n    }\n}\n".into()),
        source(
            "runtime/src/a.rs",
            "fn simulated() { Mode::Live }\n#[cfg(test)]\nmod tests {\n    proptest! {\n        #[test]\n        fn five(n in 0..9_u8) { live(n); simulated(); }\n    }\n}\n".into(),
        ),
    ]);
    let check = |name: &str, live: bool, simulated: bool| assert_eq!(tests.ways(name), Ways { live, simulated }, "{name}");
    check("one", true, true);
    check("two", false, true);
    check("three", false, false);
    check("four", true, true);
    check("five", true, false);
    assert_eq!(tests.places("five"), ["runtime/src/a.rs"]);
    assert!(tests.places("everywhere").is_empty() && tests.places("six").is_empty());
}
