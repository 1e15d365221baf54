//! Claims in S3, live against a server that speaks it.

mod server;

use crate::cli::command;
use pipewright_tests::{Folder, number};
use serde_json::Value;
use server::{BUCKET, KEY, SECRET, Server};

/// Settings of a store in the bucket of a server.
fn store(server: &Server) -> String {
    format!("store: s3, bucket: \"{BUCKET}\", endpoint: \"http://127.0.0.1:{}\", prefix: \"claims/test\"", server.port)
}

/// Messages with large payloads that pass a check-in, wait in a queue and pass a check-out.
fn passing(server: &Server, check_in: &str) -> String {
    let store = store(server);
    format!(
        r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "400/s", count: 40, payload: "{{\"n\": {{{{index}}}}, \"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in({store}, {check_in}),
        "q": queue(),
        "out": check_out({store}),
        "end": sink(),
    }},
    pipes: ["large.out -> in.in", "in.out -> q.in", "q.out -> out.in", "out.out -> end.in"],
    expect: {{
        "what travels is small": every(at: "q", condition: "headers.dataref.startsWith('s3://pictures/claims/test/')"),
        "what ends is whole": every(at: "end", condition: "!has(headers.dataref) && size(message.pixels) == 9000"),
    }},
)"#
    )
}

const RIGHT: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];

/// What the program said: standard output and standard error.
fn start(folder: &Folder, text: &str, allowed: &[String], credentials: &[(&str, &str)]) -> (String, String) {
    let file = folder.file("s3.ron", text);
    let mut command = command(&["run", &file, "--for", "30s", "--json"]);
    command.args(allowed.iter().flat_map(|what| ["--allow", what]));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    // Who asked a proxy, or took an address from the environment, would end up at a port where nobody listens.
    command.env("http_proxy", "http://127.0.0.1:1").env("ALL_PROXY", "http://127.0.0.1:1").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let output = command.envs(credentials.iter().copied()).output().expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn allowed(server: &Server) -> Vec<String> {
    let variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(|name| format!("env:{name}"));
    std::iter::once(format!("connect:127.0.0.1:{}", server.port)).chain(variables).collect()
}

/// Runs it with all that it needs allowed; the report.
fn report(folder: &Folder, server: &Server, text: &str, credentials: &[(&str, &str)]) -> Value {
    let (out, err) = start(folder, text, &allowed(server), credentials);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    assert_eq!(report["messages"]["balanced"], true, "{}", report["messages"]);
    report
}

fn is_put(line: &str) -> bool {
    line.starts_with("PUT /pictures/claims/test/")
}

#[test]
fn payloads_come_back_whole_and_nothing_stays_in_the_bucket() {
    let (server, folder) = (Server::start("whole", |_| None), Folder::new("claims-s3-whole"));
    let report = report(&folder, &server, &passing(&server, ""), &RIGHT);
    assert_eq!(number(&report, "/messages/delivered"), 40.0, "{}", report["errors"]);
    for (name, found) in report["expectations"].as_object().expect("expectations") {
        assert_eq!(found["verdict"], "met", "{name}: {}", found["found"]);
    }
    assert_eq!(server.count(is_put), 40);
    assert_eq!(server.count(|line| line.starts_with("DELETE /pictures/claims/test/")), 40);
    assert_eq!(server.objects().len(), 0, "all have been read: {:?}", server.objects());
}

#[test]
fn g14_a_large_payload_passes_in_parts() {
    let (server, folder) = (Server::start("parts", |_| None), Folder::new("claims-s3-parts"));
    let content: Vec<u8> = (0..20_u32 << 20).map(|at| (at % 251) as u8).collect();
    folder.file("scan.bin", &content);
    let store = store(&server);
    let text = format!(
        r#"(
    format: 1,
    nodes: {{
        "scan": blob_source(path: "scan.bin"),
        "in": check_in({store}),
        "out": check_out({store}),
        "end": sink(target: file, path: "copy.bin"),
    }},
    pipes: ["scan.out -> in.in", "in.out -> out.in", "out.out -> end.in"],
)"#
    );
    let report = report(&folder, &server, &text, &RIGHT);
    assert_eq!(number(&report, "/messages/delivered"), 1.0, "{}", report["errors"]);
    assert_eq!(server.count(|line| is_put(line) && line.contains("partNumber=")), 3);
    assert!(std::fs::read(folder.path().join("s3.out/copy.bin")).expect("the sink wrote it") == content);
    assert_eq!(server.objects().len(), 0, "{:?}", server.objects());
}

#[test]
fn parts_of_an_upload_that_failed_are_thrown_away() {
    let refuse = |line: &str| line.contains("partNumber=2").then_some(503);
    let (server, folder) = (Server::start("abort", refuse), Folder::new("claims-s3-abort"));
    folder.file("scan.bin", vec![7; 20 << 20]);
    let text = format!(
        r#"(
    format: 1,
    nodes: {{"scan": blob_source(path: "scan.bin"), "in": check_in({}, attempts: 1), "end": sink()}},
    pipes: ["scan.out -> in.in", "in.out -> end.in"],
)"#,
        store(&server)
    );
    let report = report(&folder, &server, &text, &RIGHT);
    assert_eq!(number(&report, "/messages/dead_lettered"), 1.0);
    let error = report["errors"]["in"].as_str().expect("it failed there");
    // Whether the program reads the refusal or finds the line closed while it sends is chance.
    assert!(error.contains("could not be stored") && error.contains("partNumber=2"), "{error}");
    assert_eq!(server.count(|line| line.contains("partNumber=2")), 3, "it was sent twice more");
    assert_eq!(server.count(|line| line.starts_with("DELETE ") && line.contains("uploadId=")), 1, "the upload was given up");
    assert_eq!(server.objects().len(), 0, "{:?}", server.objects());
}

#[test]
fn a_server_that_is_overloaded_is_asked_again() {
    static REFUSED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    // The first two requests to store something, whoever sends them.
    let refuse = |line: &str| (is_put(line) && REFUSED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2).then_some(503);
    let (server, folder) = (Server::start("overloaded", refuse), Folder::new("claims-s3-overloaded"));
    let report = report(&folder, &server, &passing(&server, "attempts: 1"), &RIGHT);
    assert_eq!(number(&report, "/messages/delivered"), 40.0, "{}", report["errors"]);
    assert_eq!(server.count(is_put), 42);
}

#[test]
fn what_the_server_has_lost_is_a_dangling_claim() {
    let refuse = |line: &str| line.starts_with("HEAD ").then_some(404);
    let (server, folder) = (Server::start("lost", refuse), Folder::new("claims-s3-lost"));
    let report = report(&folder, &server, &passing(&server, ""), &RIGHT);
    assert_eq!(number(&report, "/messages/dead_lettered"), 40.0);
    let error = report["errors"]["out"].as_str().expect("it failed there");
    assert!(error.contains("nothing lies at s3://pictures/claims/test/"), "{error}");
}

#[test]
fn a_run_that_is_not_allowed_to_does_not_start() {
    let (server, folder) = (Server::start("trust", |_| None), Folder::new("claims-s3-trust"));
    let (all, credentials) = (allowed(&server), [RIGHT[0], RIGHT[1], ("AWS_SESSION_TOKEN", "of an hour")]);
    for missing in &all {
        let some: Vec<String> = all.iter().filter(|what| *what != missing).cloned().collect();
        let (out, err) = start(&folder, &passing(&server, ""), &some, &credentials);
        let said = format!("{out}{err}");
        assert!(said.contains("PW701") && said.contains(missing.as_str()), "{missing}: {said}");
    }
    assert_eq!(server.count(|_| true), 0, "nothing was sent");
}

#[test]
fn a_variable_that_is_not_set_is_not_asked_for() {
    let (server, folder) = (Server::start("unset", |_| None), Folder::new("claims-s3-unset"));
    let some: Vec<String> = allowed(&server).into_iter().filter(|what| what != "env:AWS_SESSION_TOKEN").collect();
    for credentials in [&RIGHT[..], &[RIGHT[0], RIGHT[1], ("AWS_SESSION_TOKEN", "")]] {
        let (out, err) = start(&folder, &passing(&server, ""), &some, credentials);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
        assert_eq!(number(&report, "/messages/delivered"), 40.0, "{}", report["errors"]);
        let asked: Vec<&str> = report["trust"].as_array().expect("a list").iter().filter_map(|need| need["asked"].as_str()).collect();
        assert!(asked.contains(&"env:AWS_ACCESS_KEY_ID") && !asked.contains(&"env:AWS_SESSION_TOKEN"), "{asked:?}");
    }
}

#[test]
fn credentials_that_are_missing_or_wrong_are_told_at_the_node() {
    let (server, folder) = (Server::start("credentials", |_| None), Folder::new("claims-s3-credentials"));
    let text = passing(&server, "attempts: 1").replace("count: 40", "count: 2");
    for (credentials, words) in [
        (&[][..], "AWS_ACCESS_KEY_ID is not set"),
        (&RIGHT[..1], "AWS_SECRET_ACCESS_KEY is not set"),
        (&[RIGHT[0], ("AWS_SECRET_ACCESS_KEY", "another")], "SignatureDoesNotMatch"),
        (&[("AWS_ACCESS_KEY_ID", "a-stranger"), RIGHT[1]], "403"),
    ] {
        let report = report(&folder, &server, &text, credentials);
        let error = report["errors"]["in"].as_str().unwrap_or_else(|| panic!("{words}: {}", report["errors"]));
        assert!(error.contains(words) && !error.contains("another"), "{words}: {error}");
        assert_eq!(number(&report, "/messages/dead_lettered"), 2.0, "{words}");
    }
    assert_eq!(server.objects().len(), 0);
}

#[test]
fn what_an_earlier_run_left_in_the_bucket_is_swept() {
    let (server, folder) = (Server::start("sweep", |_| None), Folder::new("claims-s3-sweep"));
    let text = |settings: &str| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "large": generator(rate: "100/s", count: 5, payload: "{{\"pixels\": \"{{{{pad 9000}}}}\"}}"),
        "in": check_in({}, {settings}),
        "end": sink(),
    }},
    pipes: ["large.out -> in.in", "in.out -> end.in"],
)"#,
            store(&server)
        )
    };
    report(&folder, &server, &text(""), &RIGHT);
    assert_eq!(server.objects().len(), 5, "nobody has read them");
    report(&folder, &server, &text(""), &RIGHT);
    assert_eq!(server.objects().len(), 10, "they are young still");
    // A server tells ages in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    report(&folder, &server, &text("time_to_live: \"1 s\", sweep_every: \"1 h\""), &RIGHT);
    assert_eq!(server.objects().len(), 5);
}

#[test]
fn where_nobody_listens_the_send_fails_and_says_where() {
    let (server, folder) = (Server::start("away", |_| None), Folder::new("claims-s3-away"));
    // Port 1 is nobody's: a port that has just been let go may be another test's by now.
    let (before, nobodys) = (format!("127.0.0.1:{}", server.port), "127.0.0.1:1");
    let said = format!("headers.error.contains('could not be stored') && headers.error.contains('{nobodys}')");
    let text = [
        ("count: 40", "count: 2"),
        ("\"end\": sink(),", "\"end\": sink(), \"lost\": dead_letters(),"),
        ("pipes: [", "pipes: [\"in.error -> lost.in\", "),
        ("expect: {", &format!("expect: {{ \"each letter says where\": every(at: \"lost\", condition: \"{said}\"),")),
        (&before, nobodys),
    ]
    .iter()
    .fold(passing(&server, "attempts: 1"), |text, (from, to)| text.replace(from, to));
    let allowed: Vec<String> = allowed(&server).iter().map(|what| what.replace(&before, nobodys)).collect();
    let (out, err) = start(&folder, &text, &allowed, &RIGHT);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    // The newest error of the node may as well be its sweep's, which fails for the same reason.
    assert_eq!((number(&report, "/nodes/lost/in"), number(&report, "/messages/dead_lettered")), (2.0, 2.0));
    let letters = &report["expectations"]["each letter says where"];
    assert_eq!(letters["verdict"], "met", "{letters}; {}", report["errors"]);
}
