//! Programs as filters, for real and in simulation: answers, order, deaths, time limits, bounds, permission, and that none outlives its run.

use pipewright_runtime::engine::control::Control;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Problem;
use pipewright_runtime::setting::Setting;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState};
use pipewright_runtime::trust::Grants;
use pipewright_tests::{Folder, Ran, gauge, graph, number, options, run};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// A graph of one program between a source of so many messages and a sink that writes a file.
fn through(command: &str, settings: &str, count: u32) -> String {
    format!(
        r##"(
    format: 1,
    nodes: {{
        "source": generator(arrivals: fastest, count: {count}, key: "string(message.n % 3)", payload: "{{\"n\": {{{{index}}}}}}"),
        "tool": program(command: r#"{command}"#, {settings}),
        "end": sink(target: file, path: "end.jsonl"),
        "failed": dead_letters(),
    }},
    pipes: [("source.out -> tool.in", capacity: 4), "tool.out -> end.in", "tool.error -> failed.in"],
)"##
    )
}

fn written(folder: &Folder) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path().join("end.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn in_mode(text: &str, mode: Mode, until: &str, folder: &Folder) -> Ran {
    run(&graph(text), &RunOptions { output: Some(folder.path().to_owned()), ..options(mode, until) })
}

const ECHO: &str = r#"sh -c 'while read -r line; do echo "{\"got\": $line}"; done'"#;

#[test]
fn g9_a_program_filters_live_and_its_model_filters_simulated() {
    let text = through(ECHO, "model: \"{'got': message}\", model_time: \"1 ms\"", 50);
    for mode in [Mode::Live, Mode::Simulated] {
        let folder = Folder::new(&format!("program-{mode:?}"));
        let ran = in_mode(&text, mode, "60s", &folder);
        assert_eq!((number(&ran.report, "/messages/delivered"), &ran.report["ended"]), (50.0, &Value::from("exhausted")), "{mode:?}");
        let found = written(&folder);
        let expected: Vec<Value> = (0..50).map(|n| serde_json::json!({"got": {"n": n}})).collect();
        assert_eq!(found, expected, "{mode:?}");
        assert_eq!(ran.report["trust"][0]["granted"], mode == Mode::Live);
    }
}

#[test]
fn n_processes_work_side_by_side_and_keep_the_order_if_asked() {
    // Each process answers as slowly as its number in the line says, so that they overtake each other.
    let command = r#"sh -c 'while read -r line; do case $line in *[05]?) sleep 0.05;; esac; echo "$line"; done'"#;
    for mode in [Mode::Live, Mode::Simulated] {
        let folder = Folder::new(&format!("program-fold-{mode:?}"));
        let text = through(command, "copies: 3, under_way: 2, order: kept, model_time: exponential(mean: \"5 ms\")", 40);
        let ran = in_mode(&text, mode, "60s", &folder);
        let order: Vec<i64> = written(&folder).iter().map(|value| value["n"].as_i64().expect("a number")).collect();
        assert_eq!(order, (0..40).collect::<Vec<_>>(), "{mode:?}");
        assert_eq!(number(&ran.report, "/messages/delivered"), 40.0);
    }
}

#[test]
fn answers_in_any_order_find_their_messages_by_id() {
    let command = "sh -c 'while read -r a; do read -r b; echo \"$b\"; echo \"$a\"; done'";
    let folder = Folder::new("program-by-id");
    let text = through(command, "form: envelope, matching: by_id, under_way: 2, order: kept", 20);
    in_mode(&text, Mode::Live, "60s", &folder);
    let order: Vec<i64> = written(&folder).iter().map(|value| value["n"].as_i64().expect("a number")).collect();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[test]
fn errors_and_lines_that_are_no_json_take_the_error_port() {
    let command = r#"sh -c 'while read -r line; do case $line in *1}) echo "{\"error\": \"ones are bad\"}";; *2}) echo oops;; *) echo "$line";; esac; done'"#;
    let folder = Folder::new("program-errors");
    let ran = in_mode(&through(command, "", 10), Mode::Live, "60s", &folder);
    assert_eq!((number(&ran.report, "/messages/delivered"), number(&ran.report, "/messages/dead_lettered")), (8.0, 2.0));
    let text = through("x", "model_failure_share: 0.5", 200);
    let ran = in_mode(&text, Mode::Simulated, "60s", &folder);
    let failed = number(&ran.report, "/messages/dead_lettered");
    assert!((60.0..140.0).contains(&failed), "{failed}");
}

#[test]
fn g4_a_program_that_dies_is_started_again_and_nothing_is_lost() {
    // Each life answers three messages and dies over the fourth.
    let command = r#"sh -c 'for i in 1 2 3; do read -r line; echo "$line"; done; read -r line; echo dying >&2; exit 3'"#;
    let text = |settings: &str| {
        through(command, settings, 10)
            .replace("\"source\":", "\"line\": queue(), \"source\":")
            .replace("(\"source.out -> tool.in\", capacity: 4)", "\"source.out -> line.in\", \"line.out -> tool.in\"")
    };
    let settings = "restart_delay: \"20 ms\", model_crash_share: 0.25, model_time: \"5 ms\", most_restarts: 100";
    for mode in [Mode::Live, Mode::Simulated] {
        let folder = Folder::new(&format!("program-dies-{mode:?}"));
        let ran = in_mode(&text(settings), mode, "60s", &folder);
        assert_eq!(number(&ran.report, "/messages/delivered"), 10.0, "{mode:?}: what a dead program had goes back to the queue");
        assert!(number(&ran.report, "/queues/line/deliveries") > 10.0, "{mode:?}");
        assert!(gauge(&ran, "tool", "restarts") >= 1.0, "{mode:?}");
        if mode == Mode::Live {
            assert!(ran.report["errors"]["tool"].as_str().is_some_and(|error| error.contains("exit code 3")), "{}", ran.report["errors"]);
            assert!(ran.snapshot.journal.iter().any(|line| line.text.contains("says: dying")), "standard error is in the journal");
        }
    }
}

#[test]
fn a_program_that_is_not_there_is_given_up_after_so_many_tries() {
    let folder = Folder::new("program-missing");
    let text = through("/no/such/program", "restart_delay: \"1 ms\", most_restarts: 2", 8);
    let ran = in_mode(&text, Mode::Live, "60s", &folder);
    assert_eq!(number(&ran.report, "/messages/dead_lettered"), 8.0);
    assert_eq!((gauge(&ran, "tool", "restarts"), gauge(&ran, "tool", "given up")), (3.0, 1.0));
    assert!(ran.snapshot.journal.iter().any(|line| line.text.contains("cannot be started")));
}

#[test]
fn a_time_limit_ends_the_program_and_all_that_it_started() {
    let folder = Folder::new("program-late");
    let command = "sh -c 'while read -r line; do echo $$ >&2; sleep 300; done'";
    let began = Instant::now();
    let ran = in_mode(&through(command, "time_limit: \"300 ms\", restart_delay: \"1 ms\"", 2), Mode::Live, "60s", &folder);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(number(&ran.report, "/messages/dead_lettered"), 2.0);
    assert!(
        ran.report["errors"]["tool"].as_str().is_some_and(|error| error.contains("no answer within 300 ms")),
        "{}",
        ran.report["errors"]
    );
    let processes = said_processes(&ran);
    assert!(!processes.is_empty());
    for process in processes {
        assert!(gone(process, Duration::from_secs(5)), "process {process} lives on");
    }
    let simulated = in_mode(&through(command, "time_limit: \"300 ms\", model_time: \"1 min\"", 2), Mode::Simulated, "60s", &folder);
    assert_eq!(number(&simulated.report, "/messages/dead_lettered"), 2.0);
}

/// The processes that a program told of on its standard error.
fn said_processes(ran: &Ran) -> Vec<u32> {
    ran.snapshot.journal.iter().filter_map(|line| line.text.strip_prefix("says: ")?.trim().parse().ok()).collect()
}

/// Whether a process is no more, nor a group that it led.
fn gone(process: u32, within: Duration) -> bool {
    let led = |path: &Path| {
        let text = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        // Behind the name in brackets: state, parent, group. What has ended and only waits to be taken off the list (`Z`) is gone.
        let rest: Vec<&str> = text.rsplit_once(')').map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect());
        rest.first() != Some(&"Z") && rest.get(2).and_then(|group| group.parse().ok()) == Some(process)
    };
    let began = Instant::now();
    loop {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        if !all.map(|entry| entry.path()).any(|path| led(&path)) {
            return true;
        }
        if began.elapsed() > within {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads on after its input has ended, so that only force ends it.
const STUBBORN: &str = "sh -c 'while read -r line; do echo $$; done; sleep 300'";

#[test]
fn no_program_outlives_its_run_however_that_ends() {
    for ending in ["exhausted", "stop now", "dropped"] {
        let folder = Folder::new(&format!("program-stubborn-{}", ending.replace(' ', "-")));
        let count = if ending == "exhausted" { 3 } else { 1_000_000 };
        let graph = graph(&through(STUBBORN, "", count));
        let run_options = RunOptions { output: Some(folder.path().to_owned()), ..options(Mode::Live, "60s") };
        let run = Run::start(&graph, CATALOGUE, &run_options).unwrap_or_else(|problems| panic!("{problems:?}"));
        let began = Instant::now();
        while written(&folder).is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20), "the program does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        let process = written(&folder)[0].as_u64().expect("its number") as u32;
        let asked = Instant::now();
        match ending {
            "stop now" => assert!(run.send(Control::StopNow).is_ok()),
            "dropped" => {
                drop(run);
                assert!(gone(process, Duration::from_secs(5)), "a dropped run leaves nothing behind");
                continue;
            }
            _ => {}
        }
        let report = run.wait().expect("a run that has ended has a report");
        assert!(report.messages.balanced);
        // The system may need a moment to clear away what was killed.
        assert!(gone(process, Duration::from_secs(1)), "{ending}: when the run has ended, so has the program");
        // It has five seconds after the end of its input, and none when nobody waits.
        let most = if ending == "stop now" { 5 } else { 10 };
        assert!(asked.elapsed() < Duration::from_secs(most), "{ending}: {:?}", asked.elapsed());
    }
}

#[test]
fn g1_a_program_holds_no_more_than_it_may() {
    let folder = Folder::new("program-bounds");
    let command = "sh -c 'sleep 300'";
    let text = through(command, "copies: 2, under_way: 3, model_time: \"10 min\", time_limit: \"1 h\"", 1_000);
    for mode in [Mode::Live, Mode::Simulated] {
        let ran = in_mode(&text, mode, "600ms", &folder);
        assert_eq!(number(&ran.report, "/nodes/tool/in"), 6.0, "{mode:?}");
        assert_eq!(gauge(&ran, "tool", "under way"), 6.0, "{mode:?}");
        assert_eq!(number(&ran.report, "/pipes/source.out -> tool.in/depth_max"), 4.0, "{mode:?}");
    }
}

#[test]
fn a_run_starts_no_program_that_was_not_allowed() {
    let folder = Folder::new("program-trust");
    let touched = folder.at("touched");
    let text = through(&format!("sh -c 'echo x > {touched}; cat'"), "", 3);
    let opened = graph(&text);
    let untrusting = |grants| RunOptions { output: Some(folder.path().to_owned()), grants, ..options(Mode::Live, "10s") };
    let problems: Vec<Problem> = match Run::start(&opened, CATALOGUE, &untrusting(Grants::default())) {
        Ok(_) => panic!("it starts without being allowed"),
        Err(problems) => problems,
    };
    assert_eq!((problems.len(), problems[0].code), (1, "PW701"));
    assert!(problems[0].hint.contains("--allow") && problems[0].subject.to_string() == "tool.command", "{}", problems[0]);
    // What the hint says is what is needed.
    let allowed = graph(&through("cat", "", 100_000));
    let grants: Grants = ["program:cat".parse().expect("a capability")].into_iter().collect();
    let run = Run::start(&allowed, CATALOGUE, &untrusting(grants)).unwrap_or_else(|problems| panic!("{problems:?}"));
    let began = Instant::now();
    while run.snapshot().books.delivered < 10 {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not run");
        std::thread::sleep(Duration::from_millis(5));
    }
    // A change while it runs is no way around.
    let tool = opened.nodes().keys().find(|id| id.as_str() == "tool").expect("it is there").clone();
    let mut settings = allowed.node(&tool).expect("it is there").settings.clone();
    settings.insert("command".into(), Setting::text(format!("sh -c 'echo x > {touched}; cat'")));
    assert!(run.send(Control::Change(tool, settings)).is_ok());
    while run.snapshot().books.dead_lettered < 10 {
        assert!(began.elapsed() < Duration::from_secs(30), "the change does not come into force: {:?}", run.snapshot().books);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(run.send(Control::StopNow).is_ok());
    let report = run.wait().expect("a report");
    assert!(report.errors["tool"].contains("not allowed to start the program"), "{:?}", report.errors);
    assert!(!Path::new(&touched).exists(), "the program was started");
}

#[test]
fn a_failed_state_ends_no_run() {
    // A broken program breaks its own node alone.
    let folder = Folder::new("program-alone");
    let text = through("sh -c 'exit 1'", "most_restarts: 0", 5).replace("pipes: [", "pipes: [\"others.out -> beside.in\", ");
    let text = text.replace("nodes: {", "nodes: {\"others\": generator(arrivals: fastest, count: 100), \"beside\": sink(),");
    let ran = in_mode(&text, Mode::Live, "30s", &folder);
    assert_eq!((number(&ran.report, "/messages/delivered"), number(&ran.report, "/messages/dead_lettered")), (100.0, 5.0));
    assert_eq!(ran.snapshot.state, RunState::Ended);
}
