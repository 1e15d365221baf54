//! The house rules that a compiler cannot see: who may import whom, what is banned where and why, how long a file may be.

pub mod source;

use pipewright_tests::root;
use source::{Source, line_of};
use std::fmt::Write;

/// The modules that know nothing above them.
const BASE: &[&str] =
    &["distribution", "expr", "id", "letter", "message", "problem", "random", "setting", "template", "trust", "units", "utc", "wildcard"];

/// What each module of the runtime may import besides [`BASE`] and itself. Arrows point down (rule 1).
const IMPORTS: &[(&str, &[&str])] = &[
    ("distribution", &[]),
    ("expr", &[]),
    ("id", &[]),
    ("letter", &[]),
    ("message", &[]),
    ("problem", &[]),
    ("random", &[]),
    ("setting", &[]),
    ("template", &[]),
    ("trust", &[]),
    ("units", &[]),
    ("utc", &[]),
    ("wildcard", &[]),
    ("graph", &[]),
    ("node", &[]),
    ("nodes", &["node"]),
    ("file", &["graph", "node"]),
    ("check", &["expect", "graph", "node"]),
    ("telemetry", &["graph", "node"]),
    ("expect", &["graph", "node", "telemetry"]),
    ("stores", &["node"]),
    ("engine", &["check", "expect", "graph", "node", "stores", "telemetry"]),
];

/// Something that may not be written: where, except where, and why.
struct Ban {
    words: &'static [&'static str],
    within: &'static [&'static str],
    except: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: &["todo!(", "unimplemented!(", "dbg!("],
        within: &["app/", "runtime/", "tests/"],
        except: &[],
        why: "what is not done is left out, not stubbed; what was looked at is taken out again",
    },
    Ban {
        words: &[".unwrap()"],
        within: &["app/src/", "runtime/src/"],
        except: &[],
        why: "input is never trusted; an invariant of ours is stated with `expect`",
    },
    Ban {
        words: &["Instant::now", "SystemTime", "std::time::"],
        within: &["runtime/src/nodes/", "runtime/src/node/", "runtime/src/graph", "runtime/src/check", "runtime/src/engine/sim"],
        except: &[],
        why: "`now` is an argument: the same behaviour runs under both clocks (rule 2, G11)",
    },
    Ban {
        words: &["std::fs", "std::net", "std::process", "std::thread", "std::env", "io::stdin", "io::stdout", "tokio::", "thread::sleep"],
        within: &["runtime/src/"],
        except: &[
            "runtime/src/engine/live",
            "runtime/src/engine/run.rs",
            // Replications run side by side.
            "runtime/src/engine/experiment",
            "runtime/src/engine/files.rs",
            "runtime/src/engine/records.rs",
            "runtime/src/engine/plan.rs",
            // A long jq program runs on a thread of its own, for its stack; the caller waits for it.
            "runtime/src/expr/jq.rs",
            "runtime/src/file",
            // The file of the durable stores; the thread that writes to it is the live driver's. Stores of claims are moved through tokio's threads.
            "runtime/src/stores",
            // A heavy jq program runs on a thread of its own for its stack, and is waited for.
            "runtime/src/expr/jq.rs",
        ],
        why: "a behaviour asks, it never does: the world is touched by the drivers and the file module alone (rule 2)",
    },
    Ban {
        words: &["thread::sleep"],
        within: &["runtime/src/", "app/src/"],
        except: &["runtime/src/engine/live", "app/src/cli/"],
        why: "whoever sleeps cannot be asked to stop; wait on a channel with a time limit",
    },
    Ban {
        words: &["egui", "eframe", "accesskit"],
        within: &["runtime/"],
        except: &[],
        why: "the runtime never hears of a window (rule 5)",
    },
    Ban {
        words: &["HashMap", "HashSet"],
        within: &["runtime/src/nodes/", "runtime/src/engine/", "runtime/src/telemetry"],
        // Only looked up, never walked.
        except: &["runtime/src/engine/plan.rs", "runtime/src/nodes/filter/aggregate.rs"],
        why: "its order differs from run to run, and the same seed must tell the same story (rule 8): IndexMap or BTreeMap",
    },
    Ban {
        words: &[".ln()", ".exp()", ".powf(", ".powi(", ".sin(", ".cos(", ".log10(", ".exp_m1(", ".ln_1p("],
        within: &["runtime/src/nodes/", "runtime/src/distribution", "runtime/src/random.rs", "runtime/src/template", "runtime/src/engine/"],
        except: &[],
        why: "the platform's mathematics may round differently; `libm` gives the same bits everywhere (rule 8)",
    },
    Ban {
        words: &["rand::", "thread_rng", "RandomState"],
        within: &["runtime/"],
        except: &[],
        why: "chance comes from the run's own streams (rule 8)",
    },
    Ban {
        words: &["println!(", "print!(", "eprintln!(", "eprint!("],
        within: &["runtime/src/"],
        except: &[],
        why: "a library reports through problems, the journal and `tracing`",
    },
    Ban {
        words: &["block_on", "std::fs", ".recv()", "thread::sleep"],
        within: &["app/src/canvas", "app/src/panels", "app/src/inspector", "app/src/widgets", "app/src/theme"],
        except: &[],
        why: "a frame never waits (rule 5)",
    },
    Ban {
        words: &["Color32::from_rgb", "Color32::from_gray", "Color32::RED", "Color32::WHITE", "Color32::BLACK", "hex_color!"],
        within: &["app/src/"],
        except: &["app/src/theme"],
        why: "colours stand in assets/themes alone",
    },
    Ban {
        words: &["kind == \"", "kind != \"", "kind.name == \"", "kind() == \"", "kind.as_str() == \""],
        within: &["app/src/", "runtime/src/"],
        except: &[],
        why: "nobody compares a kind's name: what differs between kinds stands in the descriptor (rule 3)",
    },
];

/// Files that are one table and may be longer.
const LONG_TABLES: &[&str] = &["runtime/src/check/explain.rs"];
const MOST_LINES: usize = 500;

fn fail_with(breaches: &str) {
    assert!(breaches.is_empty(), "\n{breaches}");
}

/// The module of the runtime that a path belongs to: `nodes` for `runtime/src/nodes/queue/queue.rs`.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("runtime/src/")?;
    let module = inside.split('/').next()?;
    Some(module.strip_suffix(".rs").unwrap_or(module))
}

/// The names imported from the top of the crate: `a` for `crate::a::B`, `a` and `b` for `crate::{a::B, b}`.
fn imports(code: &str, top_level: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let roots: &[&str] = if top_level { &["crate::", "super::"] } else { &["crate::"] };
    for root in roots {
        for (at, _) in code.match_indices(root) {
            let rest = &code[at + root.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                found.extend(group_names(group).into_iter().map(|name| (at, name)));
            } else {
                found.push((at, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
            }
        }
    }
    found
}

fn group_names(group: &str) -> Vec<String> {
    let (mut names, mut name, mut depth, mut first) = (Vec::new(), String::new(), 0_i32, true);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                first = true;
            }
            c if first && (c.is_alphanumeric() || c == '_') => name.push(c),
            c if !c.is_whitespace() => first = false,
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn arrows_point_down() {
    let mut breaches = String::new();
    for source in Source::all() {
        let Some(module) = module_of(&source.path) else { continue };
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == module) else {
            let _ = writeln!(breaches, "{}: the module `{module}` is not in the table of imports; say what it may use", source.path);
            continue;
        };
        let top_level = source.path.matches('/').count() == 2;
        for (at, name) in imports(&source.shipped, top_level) {
            let known = IMPORTS.iter().any(|(module, _)| *module == name);
            if known && name != module && !BASE.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                let line = line_of(&source.shipped, at);
                let _ = writeln!(breaches, "{}:{line}: `{module}` may not use `{name}` (rule 1: arrows point down)", source.path);
            }
        }
    }
    fail_with(&breaches);
}

#[test]
fn nothing_banned_is_written() {
    let mut breaches = String::new();
    for source in Source::all() {
        for ban in BANS {
            let matches = |paths: &[&str]| paths.iter().any(|path| source.path.starts_with(path));
            if !matches(ban.within) || matches(ban.except) {
                continue;
            }
            // What must not be left behind is looked for in tests too.
            let code = if ban.within.contains(&"tests/") { &source.code } else { &source.shipped };
            for word in ban.words {
                for (at, _) in code.match_indices(word) {
                    let _ = writeln!(breaches, "{}:{}: `{word}`: {}", source.path, line_of(code, at), ban.why);
                }
            }
        }
    }
    fail_with(&breaches);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut breaches = String::new();
    for source in Source::all() {
        if !source.text.starts_with("//! ") {
            let _ = writeln!(breaches, "{}:1: the first line says in one sentence what the file is (`//! ...`)", source.path);
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES && !LONG_TABLES.contains(&source.path.as_str()) {
            let _ =
                writeln!(breaches, "{}: {lines} lines; no file but a table has more than {MOST_LINES}: split it by subject", source.path);
        }
        if source.path.ends_with("/mod.rs") {
            let _ = writeln!(breaches, "{}: `foo.rs` + `foo/`, not `foo/mod.rs`", source.path);
        }
    }
    fail_with(&breaches);
}

#[test]
fn the_top_of_the_tree_is_as_agreed() {
    let allowed = ["Cargo.toml", "Cargo.lock", "app", "runtime", "assets", "samples", "tests", "README.md", "LICENSE", "target"];
    let mut breaches = String::new();
    for entry in std::fs::read_dir(root()).expect("the repository can be listed") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.contains(".out") && !allowed.contains(&name.as_str()) {
            let _ = writeln!(breaches, "{name}: nothing else stands at the top of the tree");
        }
    }
    fail_with(&breaches);
}

#[test]
fn every_guarantee_has_a_test_that_names_it() {
    let sources = Source::all();
    let missing: Vec<String> = (1..=16)
        .filter(|number| !sources.iter().any(|source| source.code.contains(&format!("fn g{number}_"))))
        .map(|number| format!("G{number}"))
        .collect();
    assert!(missing.is_empty(), "no test is named after {}", missing.join(", "));
}

#[test]
fn the_rules_see_a_breach() {
    assert_eq!(imports("use crate::{a::B, c::{d, e}, f};", false).into_iter().map(|(_, n)| n).collect::<Vec<_>>(), ["a", "c", "f"]);
    assert_eq!(imports("use super::graph::Graph; crate::engine::x()", true).len(), 2);
    assert_eq!(module_of("runtime/src/nodes/queue/queue.rs"), Some("nodes"));
    assert_eq!(module_of("runtime/src/check.rs"), Some("check"));
    for ban in BANS {
        assert!(ban.why.len() > 20 && !ban.words.is_empty() && !ban.within.is_empty());
    }
    for (module, _) in IMPORTS {
        let file = root().join("runtime/src").join(format!("{module}.rs"));
        assert!(file.exists(), "`{module}` of the import table is gone");
    }
}
