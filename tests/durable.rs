//! Durable queues from outside: what was accepted survives `kill -9` and a full disk, and is there at the next run.

use crate::cli::{Said, command, say};
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::id::mix;
use pipewright_runtime::stores::{Stores, Wanted};
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, graph, number, options, run};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The ids in the durable stores below a folder, as any tool for the database sees them; whether each is a dead letter.
fn on_disk(folder: &Path) -> BTreeMap<String, bool> {
    let Ok(file) = Connection::open_with_flags(folder.join("durable.db"), OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return BTreeMap::new();
    };
    // The tables may not be there yet.
    let Ok(mut rows) = file.prepare("SELECT id, reason IS NOT NULL FROM kept") else { return BTreeMap::new() };
    let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("a view can be read");
    found.map(|row| row.expect("a row can be read")).collect()
}

fn chain(count: u32, rate: u32) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "numbers": generator(arrivals: constant, rate: "{rate}/s", count: {count}, payload: "{{\"n\": {{{{index}}}}}}"),
        "first": queue(durable: true, max_deliveries: 2),
        "desk": consumer_pool(servers: 2, service: constant("1 ms"), failure_share: 0.2),
        "second": queue(durable: true),
        "end": sink(target: file, path: "end.jsonl", envelope: true),
        "failed": dead_letters(durable: true),
    }},
    pipes: ["numbers.out -> first.in", "first.out -> desk.in", "first.dead_letters -> failed.in", "desk.out -> second.in", "second.out -> end.in"],
)
"#
    )
}

/// A process that is killed with its owner.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(path: &str) -> Killed {
    let mut command = command(&["run", path, "--quiet", "--for", "60s"]);
    Killed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started"))
}

/// The ids and payloads that have come to the end of the chain in the newest run.
fn written_out(folder: &Path) -> BTreeMap<String, i64> {
    let text = std::fs::read_to_string(folder.join("end.jsonl")).unwrap_or_default();
    // A killed process may have left half a line; the next one goes on behind it.
    let whole = |line: &str| line.rfind("{\"id\":").and_then(|at| serde_json::from_str::<Value>(&line[at..]).ok());
    let lines = text.lines().filter_map(whole);
    lines.filter_map(|line| Some((line["id"].as_str()?.to_owned(), line["payload"]["n"].as_i64()?))).collect()
}

#[test]
fn what_was_accepted_survives_kill_9_at_random_moments() {
    let folder = Folder::new("durable-kill");
    let path = folder.file("chain.ron", chain(1_500, 3_000));
    let out = folder.path().join("chain.out");
    let seed = 20_260_101;
    let mut accepted: BTreeSet<String> = BTreeSet::new();
    // A sink begins its file anew with each run.
    let mut delivered: BTreeMap<String, i64> = BTreeMap::new();
    let mut waited_at_a_kill = 0;
    // The last run may end by itself.
    for round in 0..6_u64 {
        let mut process = start(&path);
        let life = Duration::from_millis(150 + mix(seed + round) % 700);
        let began = Instant::now();
        while began.elapsed() < life || (round == 0 && accepted.is_empty()) {
            accepted.extend(on_disk(&out).into_keys());
            std::thread::sleep(Duration::from_millis(20));
            assert!(began.elapsed() < Duration::from_secs(30), "nothing is accepted");
        }
        // SIGKILL: no destructor, no flush, no goodbye.
        process.0.kill().expect("it runs");
        process.0.wait().expect("it ends");
        let left = on_disk(&out);
        waited_at_a_kill += left.values().filter(|dead| !**dead).count();
        accepted.extend(left.into_keys());
        delivered.extend(written_out(&out));
    }
    assert!(accepted.len() > 500 && waited_at_a_kill > 100, "{} accepted, {waited_at_a_kill} waited", accepted.len());
    let said = say(&["run", &path, "--json", "--for", "60s"]);
    let report = said.json();
    assert_eq!((said.code, &report["ended"], &report["messages"]["balanced"]), (0, &Value::from("exhausted"), &Value::from(true)));
    delivered.extend(written_out(&out));
    let letters: BTreeMap<String, bool> = on_disk(&out);
    assert!(letters.values().all(|dead| *dead), "everything else has come out");
    let lost: Vec<&String> = accepted.iter().filter(|id| !delivered.contains_key(*id) && !letters.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} accepted are lost, with seed {seed}: {lost:?}", lost.len(), accepted.len());
    assert!(delivered.values().all(|n| (0..1_500).contains(n)), "something was invented");
    assert!(!letters.is_empty(), "a fifth of a fifth fails twice");
    // The letters are still there for a person. One that was on its way when the program was killed may be there twice.
    let listed = say(&["dead-letters", "list", &path, "--json"]).json();
    let listed = listed.as_array().expect("a list");
    assert!(
        listed.len() >= letters.len() && listed.iter().all(|one| one["attempts"] == 2 && one["reason"] == "max_deliveries"),
        "{listed:?}"
    );
    // They go back to work, each once; a program that is killed meanwhile has done all of it or nothing.
    let redriven = say(&["dead-letters", "redrive", &path, "--all", "--json"]).json();
    assert_eq!((redriven["redriven"].as_array().map(Vec::len), &redriven["stay"]), (Some(letters.len()), &Value::Array(Vec::new())));
    let again = say(&["dead-letters", "redrive", &path, "--all"]);
    assert!(again.out.starts_with("0 back to work"), "{}", again.out);
    let path = folder.file("chain.ron", chain(1, 1_000));
    let report = say(&["run", &path, "--json", "--for", "60s"]).json();
    assert_eq!(number(&report, "/messages/recovered") as usize, letters.len(), "{}", report["messages"]);
    let ended = written_out(&out);
    let failed_again = say(&["dead-letters", "list", &path, "--json"]).json();
    for id in letters.keys() {
        let dead = failed_again.as_array().expect("a list").iter().find(|letter| letter["id"] == **id);
        assert!(ended.contains_key(id) || dead.is_some_and(|letter| letter["redriven"] == 1), "{id}: {dead:?}");
    }
    let acts = say(&["dead-letters", "journal", &path, "--json"]).json();
    assert_eq!(acts.as_array().map(Vec::len), Some(letters.len()));
}

#[test]
fn a_full_disk_holds_senders_back_and_loses_nothing_that_was_accepted() {
    let folder = Folder::new("durable-full");
    let text = |service: &str, count: u32| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "orders": generator(arrivals: fastest, count: {count}, payload: "{{\"n\": {{{{index}}}}, \"text\": \"{}\"}}"),
        "line": queue(durable: true, lock: "0 s"),
        "desk": consumer_pool(servers: 4, service: constant("{service}")),
    }},
    pipes: ["orders.out -> line.in", "line.out -> desk.in"],
)
"#,
            "x".repeat(1_000)
        )
    };
    let path = folder.file("full.ron", text("1 h", 20_000));
    // The system refuses to let any file grow beyond 512 blocks or kilobytes, whatever the shell counts in.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]).arg(command(&[]).get_program());
    let output = limited.args(["run", &path, "--json", "--for", "2s"]).output().expect("a shell can be started");
    let said = Said::of(&output);
    let report = said.json();
    assert_eq!((said.code, &report["messages"]["balanced"]), (0, &Value::from(true)), "the run goes on: {}", said.err);
    let error = report["errors"]["line"].as_str().expect("the queue tells");
    assert!(error.contains("the durable store fails"), "{error}");
    let kept = on_disk(&folder.path().join("full.out")).len();
    let entered = number(&report, "/messages/entered") as usize;
    assert!(kept > 50 && kept < entered, "{kept} of {entered} found room");
    assert!(entered < 20_000, "the source was held back");
    let path = folder.file("full.ron", text("1 us", 1));
    let report = say(&["run", &path, "--json", "--for", "30s"]).json();
    assert_eq!(number(&report, "/messages/recovered") as usize, kept, "{}", report["messages"]);
    assert_eq!(number(&report, "/messages/delivered") as usize, kept + 1);
}

#[test]
fn one_run_at_a_time_writes_to_a_durable_store() {
    let folder = Folder::new("durable-twice");
    let path = folder.file("chain.ron", chain(1_000_000, 100));
    let out = folder.path().join("chain.out");
    let first = start(&path);
    let began = Instant::now();
    while on_disk(&out).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "the first run does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = say(&["run", &path, "--for", "1s"]);
    assert_eq!(second.code, 1, "{}", second.err);
    assert!(second.err.contains("PW601") && second.err.contains("another run has it open"), "{}", second.err);
    let list = say(&["dead-letters", "list", &path]);
    assert_eq!(list.code, 0, "looking is allowed: {}", list.err);
    let purge = say(&["dead-letters", "purge", &path, "--all"]);
    assert!(purge.code == 3 && purge.err.contains("another run has it open"), "{} {}", purge.code, purge.err);
    drop(first);
    assert_eq!(say(&["run", &path, "--for", "300ms", "--quiet"]).code, 0, "the lock went with the process");
}

#[test]
fn the_next_run_goes_on_where_the_last_one_stopped() {
    let folder = Folder::new("durable-next");
    let text = |service: &str, count: u32| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "news": generator(arrivals: fastest, count: {count}, payload: "{{\"n\": {{{{index}}}}}}"),
        "all": topic(),
        "mine": subscription(durable: true),
        "line": queue(durable: true),
        "reader": consumer_pool(servers: 3, service: constant("{service}")),
        "desk": consumer_pool(servers: 3, service: constant("{service}")),
    }},
    pipes: ["news.out -> all.in", "all.out -> mine.in", "mine.out -> reader.in", "reader.out -> line.in", "line.out -> desk.in"],
)"#
        )
    };
    let live = |text: &str, until| run(&graph(text), &RunOptions { output: Some(folder.path().to_owned()), ..options(Mode::Live, until) });
    let first = live(&text("1 h", 500), "1s");
    assert_eq!((number(&first.report, "/messages/held"), number(&first.report, "/messages/recovered")), (500.0, 0.0));
    let next = live(&text("1 ms", 1), "30s");
    assert_eq!((number(&next.report, "/messages/recovered"), number(&next.report, "/messages/delivered")), (500.0, 501.0));
    assert!(next.snapshot.journal.iter().any(|line| line.text.contains("recovered 500 messages")), "{:?}", next.snapshot.journal);
    let gauge = |name: &str| {
        let (_, mine) = next.snapshot.nodes.iter().find(|(id, _)| id.as_str() == "mine").expect("it is there");
        mine.gauges.iter().find(|gauge| gauge.name == name).expect("a gauge").value
    };
    assert!(gauge("recovered") == 500.0 && gauge("recovery") > 0.0);
    let last = live(&text("1 ms", 1), "30s");
    assert_eq!((number(&last.report, "/messages/recovered"), number(&last.report, "/messages/delivered")), (0.0, 1.0));
    let stores = Stores::look(folder.path()).expect("the file is there");
    assert!(stores.letters(&Wanted::default()).expect("letters").is_empty());
}
