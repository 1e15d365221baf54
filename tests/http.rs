//! Messages that come by HTTP, for real: answers, back-pressure, limits, `CloudEvents`.

use pipewright_runtime::engine::control::Control;
use pipewright_runtime::engine::run::Run;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::report::Report;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{graph, number, options, simulate};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A live run of a graph whose node `hook` listens; with it, the port.
struct Listening {
    run: Run,
    port: u16,
}

impl Listening {
    fn start(text: &str) -> Self {
        let run = Run::start(&graph(text), CATALOGUE, &options(Mode::Live, "60s")).unwrap_or_else(|problems| panic!("{problems:?}"));
        let began = Instant::now();
        loop {
            let snapshot = run.snapshot();
            let hook = snapshot.nodes.iter().find(|(id, _)| id.as_str() == "hook").expect("it is there").1;
            let port = hook.gauges.iter().find(|gauge| gauge.name == "port").map_or(0, |gauge| gauge.value as u16);
            if port > 0 {
                return Self { run, port };
            }
            assert!(began.elapsed() < Duration::from_secs(20), "it does not listen: {:?}", hook.last_error);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("somebody listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time above zero");
        stream
    }

    /// Sends a request; the status, and head and body as they came.
    fn request(&self, method: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = self.connect();
        let head = format!("{method} /x HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        stream.write_all(head.as_bytes()).expect("the head goes out");
        // A server that refuses early may close before it has read all.
        let _ = stream.write_all(body);
        answer(&mut stream)
    }

    fn post(&self, body: &str) -> (u16, String) {
        self.request("POST", "Content-Type: application/json\r\n", body.as_bytes())
    }

    fn stop(self) -> Report {
        assert!(self.run.send(Control::Stop).is_ok());
        let report = self.run.wait().expect("a run that has ended has a report");
        assert!(report.messages.balanced, "{:?}", report.messages);
        report
    }
}

fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {text:?}"));
    (status, text)
}

#[test]
fn what_is_posted_comes_into_the_graph() {
    let hook = Listening::start(
        r#"(
    format: 1,
    nodes: {
        "hook": http_source(port: 0, key: "message.customer", most_bytes: "1 KiB"),
        "kept": sink(), "bad": dead_letters(),
    },
    pipes: ["hook.out -> kept.in", "hook.error -> bad.in"],
)"#,
    );
    let (status, text) = hook.post(r#"{"customer": "a"}"#);
    assert!(status == 202 && text.contains("\"id\""), "{text}");
    let event = r#"{"specversion":"1.0","id":"e","source":"/s","type":"t","data":{"customer":"b"}}"#;
    assert_eq!(hook.request("POST", "Content-Type: application/cloudevents+json\r\n", event.as_bytes()).0, 202);
    assert_eq!(hook.request("PUT", "ce-specversion: 1.0\r\nce-id: e\r\n", br#"{"customer": "c"}"#).0, 202);
    // Told at once, and nothing comes in but what is a message.
    assert_eq!(hook.post("{}").0, 422);
    assert_eq!(hook.request("POST", "Content-Type: application/cloudevents+json\r\n", b"{}").0, 400);
    let (status, text) = hook.request("GET", "", b"");
    assert!(status == 405 && text.to_lowercase().contains("allow: post"), "{text}");
    assert_eq!(hook.request("POST", "", &vec![b'x'; 5_000]).0, 413);
    let report = hook.stop();
    assert_eq!((report.messages.entered, report.messages.delivered, report.messages.dead_lettered), (4, 3, 1));
    assert_eq!(report.trust[0].asked, "listen:127.0.0.1:0");
}

#[test]
fn g1_a_full_graph_refuses_with_retry_after_and_loses_nothing_that_it_took() {
    let hook = Listening::start(
        r#"(
    format: 1,
    nodes: {
        "hook": http_source(port: 0, most_waiting: 2, time_limit: "30 s"),
        "slow": step(time: "1 h"), "kept": sink(),
    },
    pipes: [("hook.out -> slow.in", capacity: 3), "slow.out -> kept.in"],
)"#,
    );
    // One under work, three in the pipe, one behind it: five are in. Two more stand in the line.
    let mut waiting = Vec::new();
    for number in 0..5 {
        let (status, text) = hook.post(&number.to_string());
        assert_eq!(status, 202, "{number}: {text}");
    }
    let began = Instant::now();
    let refused = loop {
        let mut stream = hook.connect();
        stream.write_all(b"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 1\r\n\r\n7").expect("it goes out");
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time above zero");
        let mut first = [0; 12];
        match stream.read_exact(&mut first) {
            Ok(()) => break (String::from_utf8_lossy(&first).into_owned(), answer_rest(stream)),
            // It waits for room.
            Err(_) => waiting.push(stream),
        }
        assert!(waiting.len() < 20 && began.elapsed() < Duration::from_secs(30), "nobody is refused");
    };
    assert_eq!(refused.0, "HTTP/1.1 503");
    assert!(refused.1.to_lowercase().contains("retry-after: 1"), "{}", refused.1);
    assert_eq!(waiting.len(), 2, "as many wait as may");
    assert!(hook.run.send(Control::StopNow).is_ok());
    let report = hook.run.wait().expect("a report");
    assert!(report.messages.balanced);
    assert_eq!((report.messages.entered, report.messages.held), (5, 5));
    assert_eq!(report.pipes["hook.out -> slow.in"].depth_max, 3);
}

fn answer_rest(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    String::from_utf8_lossy(&rest).into_owned()
}

#[test]
fn g7_an_answer_can_wait_until_everything_has_ended() {
    let hook = Listening::start(
        r#"(
    format: 1,
    nodes: {
        "hook": http_source(port: 0, answer: ended),
        "lines": split(items: "message.lines"), "work": queue(), "desk": consumer_pool(servers: 1, service: constant("100 ms")),
    },
    pipes: ["hook.out -> lines.in", "lines.out -> work.in", "work.out -> desk.in"],
)"#,
    );
    let began = Instant::now();
    let (status, text) = hook.post(r#"{"lines": [1, 2, 3]}"#);
    assert_eq!(status, 200, "{text}");
    assert!(began.elapsed() >= Duration::from_millis(300), "three parts of 100 ms each: {:?}", began.elapsed());
    assert_eq!(hook.stop().messages.delivered, 3);
}

#[test]
fn g9_simulated_requests_are_modelled() {
    let text = r#"(
    format: 1,
    nodes: {
        "hook": http_source(port: 8080, model_rate: "100/s", model_arrivals: constant, model_count: 500, most_waiting: 10, model_payload: "{\"n\": {{index}}}"),
        "slow": throttle(rate: "50/s", burst: 1), "kept": sink(),
    },
    pipes: [("hook.out -> slow.in", capacity: 1), "slow.out -> kept.in"],
)"#;
    let report = simulate(text, "60s", 1).report;
    let delivered = number(&report, "/messages/delivered");
    // Twice as many come as pass: those that find the line full never enter.
    assert!((250.0..=270.0).contains(&delivered), "{delivered}");
    assert_eq!(number(&report, "/messages/entered"), delivered);
    assert_eq!(report["ended"], "exhausted");
}

#[test]
fn requests_become_messages_live_and_modelled() {
    let text = r#"(
    format: 1,
    nodes: {
        "hook": http_source(port: 0, key: "message.customer", model_count: 5, model_payload: "{\"customer\": \"c\"}"),
        "own": filter(condition: "key == message.customer"), "kept": sink(),
    },
    pipes: ["hook.out -> own.in", "own.out -> kept.in"],
)"#;
    assert_eq!(number(&simulate(text, "60s", 1).report, "/messages/delivered"), 5.0);
    let hook = Listening::start(text);
    for customer in ["a", "b", "c", "d", "e"] {
        assert_eq!(hook.post(&format!("{{\"customer\": \"{customer}\"}}")).0, 202);
    }
    assert_eq!(hook.stop().messages.delivered, 5);
}
