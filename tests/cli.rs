//! The built program from outside: what it prints, which code it ends with, and that no input makes it panic.

use pipewright_tests::{Folder, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built in the profile and target folder of this test. Cargo builds a package's binary for that package's own tests alone,
/// so the test asks for it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it lies");
        let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "pipewright", "--bin", "pipewright"]).current_dir(root());
        build.arg("--target-dir").arg(folder.parent().expect("a profile folder lies in a target folder"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo can be started").success(), "the program does not build");
        folder.join(format!("pipewright{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The program with these arguments.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    command
}

/// What the program said.
pub struct Said {
    /// The code it ended with.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Said {
    /// Reads what it said.
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }

    /// Its standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

/// Runs the program to its end.
pub fn say(arguments: &[&str]) -> Said {
    Said::of(&command(arguments).output().expect("the program can be started"))
}

const HELLO: &str = "samples/01-hello.ron";

#[test]
fn help_lists_verbs_and_exit_codes() {
    let said = say(&["--help"]);
    assert_eq!(said.code, 0);
    for word in ["check", "explain", "kinds", "new", "fmt", "run", "simulate", "dead-letters", "--screenshot", "Exit codes:"] {
        assert!(said.out.contains(word), "{word}:\n{}", said.out);
    }
    assert_eq!(say(&["simulate", HELLO, "--until", "soon"]).code, 2);
    assert_eq!(say(&["--nonsense"]).code, 2);
}

#[test]
fn check_answers_in_words_and_in_json() {
    let said = say(&["check", HELLO]);
    assert_eq!((said.code, said.out.trim()), (0, "no problems"));
    let folder = Folder::new("cli-check");
    let file = folder.file("bad.ron", "(\n    format: 1,\n    nodes: {\n        \"a\": generater(),\n    },\n    pipes: [],\n)\n");
    let said = say(&["check", &file]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("bad.ron:4:") && said.out.contains('^') && said.out.contains("generator"), "{}", said.out);
    let said = say(&["check", "--json", &file]);
    let json = said.json();
    assert_eq!(said.code, 1);
    assert_eq!(json["problems"][0]["line"], 4);
    assert!(json["errors"].as_u64().is_some_and(|count| count > 0));
    let code = json["problems"][0]["code"].as_str().expect("a code").to_owned();
    let explained = say(&["explain", &code]);
    assert!(explained.code == 0 && explained.out.starts_with(&code), "{}", explained.out);
}

#[test]
fn explain_and_kinds_know_their_tables() {
    assert_eq!(say(&["explain", "PW000"]).code, 2);
    let codes = say(&["explain", "--json"]).json();
    assert!(codes.as_array().is_some_and(|codes| codes.len() >= 10));
    let kinds = say(&["kinds", "--json"]).json();
    for kind in kinds.as_array().expect("a list of kinds") {
        let name = kind["name"].as_str().expect("a name");
        let said = say(&["kinds", name]);
        assert!(said.code == 0 && said.out.contains("## Settings") | kind["settings"].as_array().is_some_and(Vec::is_empty), "{name}");
    }
    let said = say(&["kinds", "generater"]);
    assert!(said.code == 2 && said.err.contains("generator"), "{}", said.err);
}

#[test]
fn new_never_overwrites_and_what_it_writes_is_good() {
    let folder = Folder::new("cli-new");
    let path = folder.at("mine.ron");
    assert_eq!(say(&["new", &path]).code, 0);
    assert_eq!(say(&["check", &path]).code, 0);
    assert_eq!(say(&["fmt", "--check", &path]).code, 0);
    std::fs::write(&path, "mine").expect("a temporary file can be written");
    assert_eq!(say(&["new", &path]).code, 3);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "mine");
    assert_eq!(say(&["new", &folder.at("no/such/folder/a.ron")]).code, 3);
}

#[test]
fn fmt_keeps_comments_and_leaves_what_it_cannot_read() {
    let folder = Folder::new("cli-fmt");
    let text = "(format: 1, title: \"T\", nodes: {\n// kept\n\"a\": generator(count: 3), \"b\": sink()}, pipes: [\"a.out -> b.in\"])";
    let path = folder.file("a.ron", text);
    assert_eq!(say(&["fmt", "--check", &path]).code, 1);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), text, "--check writes nothing");
    assert_eq!(say(&["fmt", &path]).code, 0);
    assert_eq!(say(&["fmt", "--check", &path]).code, 0);
    let formatted = std::fs::read_to_string(&path).expect("it is there");
    assert!(formatted.contains("// kept") && formatted.contains("count: 3"), "{formatted}");
    let path = folder.file("half.ron", "(format: 1, nodes: {\"a\": generator(");
    assert_eq!(say(&["fmt", &path]).code, 1);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "(format: 1, nodes: {\"a\": generator(");
}

#[test]
fn simulate_reports_the_same_for_the_same_seed() {
    let report = |seed: &str| {
        let said = say(&[
            "simulate",
            "samples/02-competing.ron",
            "--until",
            "100s",
            "--seed",
            seed,
            "--warm-up",
            "10s",
            "--within",
            "1s",
            "--json",
        ]);
        assert_eq!(said.code, 0, "{}", said.err);
        let mut report = said.json();
        report["wall_s"] = Value::Null;
        report
    };
    let first = report("7");
    assert_eq!(first, report("7"));
    assert_ne!(first["journal_hash"], report("8")["journal_hash"]);
    assert_eq!(first["messages"]["balanced"], true);
    assert_eq!((first["seed"].as_u64(), first["warm_up_s"].as_f64(), first["duration_s"].as_f64()), (Some(7), Some(10.0), Some(100.0)));
    let shares = first["queues"].as_object().expect("queues").values().map(|queue| queue["wait"]["within_share"].as_f64());
    assert!(shares.into_iter().all(|share| share.is_some_and(|share| (0.0..=1.0).contains(&share))), "{}", first["queues"]);
}

#[test]
fn run_prints_plain_lines_where_there_is_no_terminal() {
    let folder = Folder::new("cli-run");
    let out = folder.at("report.json");
    let said = say(&["run", HELLO, "--for", "1200ms", "--out", &out]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.lines().count() > 5 && said.out.contains("delivered") && !said.out.contains('\u{1b}'), "{}", said.out);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("--out writes the report")).expect("JSON");
    assert_eq!((report["mode"].as_str(), report["messages"]["balanced"].as_bool()), (Some("live"), Some(true)));
    assert!(report["duration_s"].as_f64().is_some_and(|seconds| (1.1..30.0).contains(&seconds)), "{}", report["duration_s"]);
}

/// Starts a live run, sends it a signal once messages were delivered, and looks at how it ended.
#[cfg(unix)]
fn ended_by(signal: &str) {
    use std::io::{BufRead, BufReader, Read};
    let folder = Folder::new(&format!("cli-interrupt{signal}"));
    let out = folder.at("report.json");
    let mut child = command(&["run", HELLO, "--out", &out]).stdout(Stdio::piped()).spawn().expect("the program can be started");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is ours"));
    // The line that tells of deliveries comes when the run is well under way, however slow the machine is.
    let mut line = String::new();
    while !line.contains("delivered") || line.contains("delivered 0 ") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("lines of text") > 0, "the run ended by itself");
    }
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill can be started");
    assert!(killed.success());
    lines.read_to_string(&mut line).expect("text");
    assert_eq!(child.wait().expect("the program ends").code(), Some(0), "{line}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("--out writes the report")).expect("JSON");
    assert_eq!((report["messages"]["balanced"].as_bool(), report["ended"].as_str()), (Some(true), Some("stopped")));
    assert!(report["messages"]["delivered"].as_u64().is_some_and(|count| count > 0));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_with_its_report() {
    ended_by("-INT");
}

#[cfg(unix)]
#[test]
fn the_wish_to_terminate_ends_a_run_with_its_report() {
    ended_by("-TERM");
}

/// `script`, which every Debian has, gives the program a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_table_is_drawn_over_itself() {
    let line = format!("stty cols 100 rows 30; {} run {HELLO} --for 900ms", program().display());
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(root())
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .expect("`script` (Debian: bsdutils) can be started");
    let said = Said::of(&output);
    assert_eq!(said.code, 0, "{}", said.out);
    // Each line of the table before is cleared (ECMA-48: EL), so that the next one stands in its place.
    let cleared = said.out.matches("\u{1b}[2K").count();
    assert!(cleared > 5, "{cleared} lines were cleared: {:?}", said.out);
    let last = said.out.rsplit("\u{1b}[2K").next().expect("a last table");
    for word in ["orders", "shelf", "delivered", "p99"] {
        assert!(last.contains(word), "`{word}` is missing in {last:?}");
    }
}

#[test]
fn json_and_quiet_go_together() {
    let said = say(&["simulate", HELLO, "--until", "5s", "--json", "--quiet"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.json()["messages"]["balanced"], true);
    let said = say(&["simulate", HELLO, "--until", "5s", "--quiet"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
}

#[test]
fn a_window_that_was_asked_for_and_cannot_open_ends_with_its_own_code() {
    let folder = Folder::new("cli-window");
    let picture = folder.at("picture.png");
    for arguments in [&[HELLO][..], &[HELLO, "--screenshot", &picture], &["--screenshot", &picture]] {
        let said = say(arguments);
        assert_eq!(said.code, 5, "{arguments:?}: {}", said.err);
        assert!(said.err.contains("display") && said.out.is_empty(), "{}\n{}", said.err, said.out);
    }
    assert!(!Path::new(&picture).exists());
}

#[test]
fn a_stream_of_records_passes_through() {
    use std::io::Write;
    let folder = Folder::new("cli-stdin");
    let path = folder.file(
        "pass.ron",
        "(\n    format: 1,\n    nodes: {\n        \"in\": stdin(),\n        \"big\": filter(condition: \"message.n > 1\"),\n        \"out\": sink(target: stdout),\n    },\n    pipes: [\"in.out -> big.in\", \"big.out -> out.in\"],\n)\n",
    );
    let mut child = command(&["run", &path, "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    child.stdin.take().expect("a pipe").write_all(b"{\"n\":1}\n{\"n\":2}\nnot json\n{\"n\":3}\n").expect("the program reads");
    let said = Said::of(&child.wait_with_output().expect("the program ends at the end of its input"));
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out.lines().collect::<Vec<_>>(), ["{\"n\":2}", "{\"n\":3}"]);
}

#[test]
fn lines_of_standard_input_come_live_and_modelled() {
    use std::io::Write;
    let folder = Folder::new("cli-stdin-both");
    let path = folder.file(
        "both.ron",
        "(format: 1, nodes: {\"in\": stdin(model_count: 5, model_payload: \"{\\\"n\\\": {{index}}}\"), \"odd\": filter(condition: \"message.n % 2 == 1\"), \"out\": sink()}, pipes: [\"in.out -> odd.in\", \"odd.out -> out.in\"])",
    );
    for verb in ["run", "simulate"] {
        let mut command = command(&[verb, &path, "--json"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        // A simulation does not read it.
        let written = child.stdin.take().expect("a pipe").write_all(b"{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n");
        assert!(verb == "simulate" || written.is_ok());
        let said = Said::of(&child.wait_with_output().expect("the program ends at the end of its input"));
        assert_eq!(
            (&said.json()["messages"]["entered"], &said.json()["messages"]["delivered"]),
            (&5.into(), &2.into()),
            "{verb}: {}",
            said.err
        );
    }
}

#[test]
fn bad_files_are_complaints_and_never_panics() {
    let folder = Folder::new("cli-bad");
    let half: String = std::fs::read_to_string(root().join(HELLO)).expect("the sample").chars().take(400).collect();
    let files = [
        folder.file("empty.ron", ""),
        folder.file("garbage.ron", [0_u8, 159, 146, 150, 255, 254, 40, 40]),
        folder.file("half.ron", half),
        folder.file("deep.ron", "(".repeat(100_000)),
        folder.at("missing.ron"),
        folder.path().to_string_lossy().into_owned(),
    ];
    for file in &files {
        for verb in ["check", "fmt", "run", "simulate"] {
            let said = say(&[verb, file]);
            assert!(matches!(said.code, 1 | 3), "{verb} {file} ended with {}:\n{}\n{}", said.code, said.out, said.err);
            assert!(!said.out.is_empty() || !said.err.is_empty(), "{verb} {file} says nothing");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_loses_nothing() {
    let said = say(&["run", HELLO, "--for", "300ms", "--out", "/no/such/folder/report.json"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("/no/such/folder/report.json"), "{}", said.err);
    let folder = Folder::new("cli-unwritable");
    let path = folder.file(
        "a.ron",
        "(\n    format: 1,\n    nodes: {\n        \"a\": generator(rate: \"100/s\", count: 50),\n        \"b\": sink(target: file, path: \"b.jsonl\"),\n    },\n    pipes: [\"a.out -> b.in\"],\n)\n",
    );
    // A folder stands where the sink wants its file.
    std::fs::create_dir_all(folder.path().join("a.out/b.jsonl")).expect("a temporary folder can be made");
    let said = say(&["run", &path, "--for", "2s", "--json"]);
    let report = said.json();
    assert_eq!(report["messages"]["balanced"], true);
    assert_eq!(report["messages"]["delivered"], 0, "nothing was written, so nothing is delivered: {}", report["messages"]);
}

#[test]
fn the_window_without_a_display_says_so_and_runs_a_sample() {
    let said = say(&[]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("display") && said.out.contains("delivered"), "{}\n{}", said.err, said.out);
}

#[test]
fn a_live_run_does_only_what_is_allowed_and_says_what_to_write() {
    let folder = Folder::new("cli-trust");
    folder.file("prices.jsonl", "1\n2\n");
    std::fs::create_dir_all(folder.at("graph")).expect("a folder can be made");
    let file = folder.file(
        "graph/a.ron",
        "(\n    format: 1,\n    nodes: {\n        \"p\": file_source(path: \"../prices.jsonl\"),\n        \"k\": sink(),\n    },\n    pipes: [\"p.out -> k.in\"],\n)\n",
    );
    let said = say(&["run", "--json", &file]);
    assert_eq!(said.code, 1, "{}", said.err);
    for words in ["PW701", "a.ron:4:", "read the file ../prices.jsonl", "--allow read:../prices.jsonl"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert_eq!(say(&["run", "--json", "--allow", "read:../other.jsonl", &file]).code, 1, "a grant is for the exact thing");
    for allow in ["read:../prices.jsonl", "all"] {
        let said = say(&["run", "--json", "--allow", allow, &file]);
        assert_eq!(said.code, 0, "{}", said.err);
        let report = said.json();
        assert_eq!(report["messages"]["delivered"], 2);
        assert_eq!(report["trust"][0], serde_json::json!({"node": "p", "asked": "read:../prices.jsonl", "granted": true}));
    }
    // A simulation needs nothing, and reads nothing outside.
    let report = say(&["simulate", "--json", &file]).json();
    assert_eq!((&report["messages"]["entered"], &report["trust"][0]["granted"]), (&Value::from(0), &Value::from(false)));
    assert!(report["errors"]["p"].as_str().is_some_and(|error| error.contains("only files below")), "{report}");
    let said = say(&["run", "--allow", "jq", &file]);
    assert!(said.code == 2 && said.err.contains("program, connect"), "{}", said.err);
}

/// Found by a tester: a run whose only source had no file to read ended as if all were well, and the words of the report kept the error to themselves.
#[test]
fn a_source_that_gives_nothing_but_errors_fails_the_run() {
    let folder = Folder::new("cli-barren");
    let text = r#"(format: 1, nodes: {"lines": file_source(path: "nope.jsonl"), "end": sink()}, pipes: ["lines.out -> end.in"])"#;
    let path = folder.file("a.ron", text);
    assert_eq!(say(&["check", &path]).code, 0, "the file may come later");
    for verb in ["simulate", "run"] {
        let said = say(&[verb, &path]);
        assert_eq!(said.code, 4, "{verb}: {}", said.err);
        assert!(said.err.contains("lines gave nothing but errors") && said.err.contains("nope.jsonl"), "{}", said.err);
        assert!(said.out.contains("1 error\n") && said.out.contains("newest:"), "{}", said.out);
    }
}

/// Found by a tester: neither why messages were given up nor what a kind tells of itself stood in the report.
#[test]
fn the_report_tells_reasons_and_figures() {
    let folder = Folder::new("cli-reasons");
    let text = r#"(format: 1, nodes: {
        "made": generator(arrivals: burst, burst_size: 5, burst_gap: "1 h", payload: "{}"),
        "work": queue(max_deliveries: 2),
        "desk": consumer_pool(failure_share: 1.0),
        "end": sink(),
    }, pipes: ["made.out -> work.in", "work.out -> desk.in", "desk.out -> end.in"], expect: {
        "five made": exactly(of: "nodes.made.figures.made", value: 5),
        "five given up": exactly(of: "messages.dead_letter_reasons.max_deliveries", value: 5),
        "none of these": exactly(of: "nodes.work.dead_letter_reasons.expired", value: 0),
    })"#;
    let path = folder.file("a.ron", text);
    let said = say(&["simulate", &path, "--until", "10 min"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains("letters    5 max_deliveries") && said.out.contains("deliveries per message 2"), "{}", said.out);
    let report = say(&["simulate", &path, "--until", "10 min", "--json"]).json();
    assert_eq!(report["nodes"]["work"]["dead_letter_reasons"]["max_deliveries"], 5);
    assert_eq!(report["nodes"]["desk"]["figures"]["failed"], 10.0);
}
