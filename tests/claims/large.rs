//! G14: a payload larger than memory should hold passes as a handle, and memory stays flat.

use crate::cli::command;
use pipewright_tests::{Folder, number};
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;

/// How large: 128 MiB, or with `PIPEWRIGHT_LARGE` a GiB.
fn size() -> u64 {
    if std::env::var_os("PIPEWRIGHT_LARGE").is_some() { 1 << 30 } else { 128 << 20 }
}

/// The report, the largest resident memory in KiB, and the file that the sink wrote.
fn pass(name: &str, size: u64) -> (Value, u64) {
    let folder = Folder::new(name);
    // Mostly a hole, with a mark at both ends, so that the disk is not what is measured.
    let mut file = std::fs::File::create(folder.at("scan.bin")).expect("a file can be made");
    file.write_all(b"begin").expect("it can be written");
    file.set_len(size - 3).expect("it can be lengthened");
    drop(file);
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.at("scan.bin")).expect("it can be opened");
    file.write_all(b"end").expect("it can be written");
    drop(file);
    let text = r#"(
    format: 1,
    nodes: {
        "scan": blob_source(path: "scan.bin"),
        "in": check_in(store: folder, time_limit: "5 min"),
        "q": queue(lock: "10 min"),
        "out": check_out(store: folder, time_limit: "5 min"),
        "end": sink(target: file, path: "copy.bin"),
    },
    pipes: ["scan.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> end.in"],
)"#;
    let graph = folder.file("large.ron", text);
    let mut child = command(&["run", &graph, "--for", "8min", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    let mut most = 0;
    while child.try_wait().expect("it is our child").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(most);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report is JSON");
    let copy = folder.path().join("large.out/copy.bin");
    let copied = std::fs::read(&copy).expect("the sink wrote it");
    assert_eq!(copied.len() as u64, size, "{}", report["errors"]);
    assert!(copied.starts_with(b"begin\0") && copied.ends_with(b"\0end"));
    let left = pipewright_tests::files_below(&folder.path().join("large.out/claims"), "");
    assert!(left.is_empty(), "the payload is done with, and gone: {left:?}");
    (report, most)
}

#[test]
#[cfg(target_os = "linux")]
fn g14_a_large_payload_passes_as_a_handle_and_memory_stays_flat() {
    let (_, small) = pass("claims-large-1", 2 << 20);
    let (report, large) = pass("claims-large-2", size());
    assert_eq!(number(&report, "/messages/delivered"), 1.0, "{}", report["errors"]);
    assert!(small > 1_000 && large > 1_000, "memory was measured: {small} and {large} KiB");
    assert!(large < small + (96 << 10), "{large} KiB for a large payload, {small} KiB for a small one");
}
