//! Random graphs that are right: sources, and behind every open output one more node, until all ends are closed.

use pipewright_runtime::random::{Purpose, Random, StreamKey};
use std::fmt::Write;

/// What every generator sends. Parts look like whole messages, so that what stands behind a split works on them too.
const PAYLOAD: &str =
    r#""{\"n\": {{index}}, \"k\": {{int 1 6}}, \"parts\": [{\"n\": 1, \"k\": 1, \"parts\": []}, {\"n\": 2, \"k\": 4, \"parts\": []}]}""#;
/// From this many nodes on, open ends are closed.
const NODES: usize = 14;

/// A graph under way.
pub struct Draft {
    random: Random,
    nodes: Vec<(String, String)>,
    pipes: Vec<String>,
    /// Outputs that lead nowhere yet.
    open: Vec<End>,
    /// Inputs that a later output may lead into.
    inputs: Vec<String>,
}

struct End {
    output: String,
    /// How many splits and topics in a row: bounded, or messages multiply beyond use.
    multiplied: u32,
    /// Whether only errors come here.
    error: bool,
}

/// The text of the random graph with this seed.
pub fn generate(seed: u64) -> String {
    let random = StreamKey::of_node(seed, 0, "graph").purpose(const { Purpose::of("graph") }).for_index(0);
    let mut draft = Draft { random, nodes: Vec::new(), pipes: Vec::new(), open: Vec::new(), inputs: Vec::new() };
    for _ in 0..draft.from(1, 3) {
        draft.source();
    }
    while !draft.open.is_empty() {
        let end = draft.below(draft.open.len());
        let end = draft.open.swap_remove(end);
        draft.lead_on(&end);
    }
    draft.text()
}

impl Draft {
    fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound as u64) as usize
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.chance(share)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn from(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    fn node(&mut self, kind: &str, settings: &str) -> String {
        let id = format!("{kind}-{}", self.nodes.len());
        self.nodes.push((id.clone(), format!("{kind}({settings})")));
        id
    }

    fn pipe(&mut self, from: &str, to: &str) {
        let capacity = match self.below(4) {
            0 => ", capacity: 1".to_owned(),
            1 => format!(", capacity: {}", self.from(2, 9)),
            _ => String::new(),
        };
        self.pipes.push(format!("(\"{from} -> {to}\"{capacity})"));
    }

    fn opened(&mut self, output: String, multiplied: u32) {
        self.open.push(End { output, multiplied, error: false });
    }

    /// A span of time, mostly short against the run.
    fn time(&mut self) -> String {
        let millis = self.from(1, 60);
        match self.below(6) {
            0 => "constant(\"0 s\")".to_owned(),
            1 => format!("uniform(from: \"0 s\", to: \"{millis} ms\")"),
            2 => format!("erlang(mean: \"{millis} ms\", phases: 3)"),
            3 => format!("hyper_exponential(mean: \"{millis} ms\", scv: 4)"),
            _ => format!("exponential(mean: \"{millis} ms\")"),
        }
    }

    fn source(&mut self) {
        let (rate, count) = (self.from(5, 150), self.from(1, 250));
        let mut settings = match self.below(6) {
            0 => format!("arrivals: fastest, count: {count}"),
            1 => format!("arrivals: burst, burst_size: {}, burst_gap: \"{} ms\"", self.from(1, 60), self.from(100, 2_000)),
            // Users who think for no time at all, of messages that end in none, would go round for ever in one instant (G13).
            2 => format!("arrivals: closed, population: {}, think: exponential(mean: \"{} ms\")", self.from(1, 12), self.from(1, 60)),
            3 => format!("arrivals: constant, rate: \"{rate}/s\""),
            4 => format!("arrivals: distribution, gap: exponential(mean: \"{} ms\")", self.from(5, 200)),
            _ => format!("arrivals: poisson, rate: \"{rate}/s\""),
        };
        if !settings.contains("count:") && self.chance(0.5) {
            let _ = write!(settings, ", count: {count}");
        }
        if self.chance(0.3) {
            let _ = write!(settings, ", backlog: {}", self.from(0, 20));
        }
        let topic = self.pick(&["a/b", "a/c", "d"]);
        let id = self.node("generator", &format!("{settings}, topic: \"{topic}\", payload: {PAYLOAD}"));
        self.opened(format!("{id}.out"), 0);
    }

    /// Puts something behind an open output.
    fn lead_on(&mut self, end: &End) {
        let full = self.nodes.len() >= NODES;
        if end.error {
            let collects = self.node("dead_letters", "");
            return self.pipe(&end.output, &format!("{collects}.in"));
        }
        if !self.inputs.is_empty() && self.chance(if full { 0.3 } else { 0.15 }) {
            return self.join(&end.output);
        }
        match self.below(12) {
            _ if full => self.close(&end.output),
            0 => self.close(&end.output),
            1 | 2 => self.queue(end),
            3 if end.multiplied < 2 => self.topic(end),
            4 if end.multiplied < 2 => {
                let id = self.between(&end.output, "split", "items: \"message.parts\"");
                self.opened(format!("{id}.out"), end.multiplied + 1);
            }
            5 => {
                let settings =
                    format!("count: {}, window: \"{} ms\", result: {}", self.from(0, 5), self.from(1, 900), self.pick(&["first", "last"]));
                let settings = if self.chance(0.5) { format!("{settings}, key: \"string(message.k)\"") } else { settings };
                let id = self.between(&end.output, "aggregate", &settings);
                self.opened(format!("{id}.out"), end.multiplied);
            }
            6 => {
                let id = self.between(&end.output, "route", "rules: { \"low\": \"message.k < 3\", \"four\": \"message.k == 4\" }");
                self.opened(format!("{id}.low"), end.multiplied);
                self.opened(format!("{id}.four"), end.multiplied);
                if self.chance(0.5) {
                    self.opened(format!("{id}.otherwise"), end.multiplied);
                }
            }
            7 => {
                let (rate, burst) = (self.from(5, 300), self.from(1, 5));
                let excess = self.pick(&["wait", "wait", "drop", "error"]);
                let id = self.between(&end.output, "throttle", &format!("rate: \"{rate}/s\", burst: {burst}, excess: {excess}"));
                self.opened(format!("{id}.out"), end.multiplied);
            }
            8 => {
                let settings = format!("time: {}, keep_order: {}, most_held: {}", self.time(), self.chance(0.5), self.from(1, 40));
                let id = self.between(&end.output, "delay", &settings);
                self.opened(format!("{id}.out"), end.multiplied);
            }
            9 => {
                let settings = format!("share: {:.2}", 0.1 + 0.9 * self.random.unit());
                let id = self.between(&end.output, "wire_tap", &settings);
                self.opened(format!("{id}.out"), end.multiplied);
                if self.chance(0.7) {
                    self.opened(format!("{id}.tap"), end.multiplied + 1);
                }
            }
            10 => {
                // One in six fails here: parts and results have other numbers.
                let id = self.between(&end.output, "map", "value: \"{'n': message.n, 'k': 6 / (message.k - 1), 'parts': message.parts}\"");
                self.opened(format!("{id}.out"), end.multiplied);
                if self.chance(0.3) {
                    self.open.push(End { output: format!("{id}.error"), multiplied: 0, error: true });
                }
            }
            _ => {
                let limit = self.from(1, 6);
                let id = self.between(&end.output, "filter", &format!("condition: \"message.k <= {limit}\""));
                self.opened(format!("{id}.out"), end.multiplied);
                if self.chance(0.4) {
                    self.opened(format!("{id}.rest"), end.multiplied);
                }
            }
        }
    }

    /// A node with one input that messages pass through.
    fn between(&mut self, output: &str, kind: &str, settings: &str) -> String {
        let id = self.node(kind, settings);
        self.pipe(output, &format!("{id}.in"));
        self.inputs.push(format!("{id}.in"));
        id
    }

    fn close(&mut self, output: &str) {
        let sink = self.node("sink", "");
        self.pipe(output, &format!("{sink}.in"));
        self.inputs.push(format!("{sink}.in"));
    }

    /// Leads into a node that is already there; through a filter that lets half pass and a delay, so that a cycle takes time and ends.
    fn join(&mut self, output: &str) {
        let input = self.below(self.inputs.len());
        let input = self.inputs[input].clone();
        let half = self.node("filter", "condition: \"message.n % 2 == 0\"");
        self.pipe(output, &format!("{half}.in"));
        let (time, most) = (self.from(5, 80), self.from(1, 60));
        let later = self.node("delay", &format!("time: \"{time} ms\", most_held: {most}"));
        self.pipe(&format!("{half}.out"), &format!("{later}.in"));
        self.pipe(&format!("{later}.out"), &input);
    }

    fn rules(&mut self) -> String {
        let mut settings = format!("capacity: {}", self.from(1, 120));
        let mut add = |words: String| {
            let _ = write!(settings, ", {words}");
        };
        if self.random.chance(0.3) {
            add(format!("time_to_live: \"{} ms\"", 50 + self.random.below(900)));
            if self.random.chance(0.5) {
                add("when_expired: drop".to_owned());
            }
        }
        if self.random.chance(0.2) {
            add(format!("delay: \"{} ms\"", 1 + self.random.below(300)));
        }
        if self.random.chance(0.2) {
            add("guarantee: at_most_once".to_owned());
        } else {
            if self.random.chance(0.4) {
                add(format!("lock: \"{} ms\"", 20 + self.random.below(300)));
            }
            add(format!("max_deliveries: {}", 1 + self.random.below(4)));
            let retry = ["retry: immediate", "retry: fixed, retry_delay: \"40 ms\"", "retry: exponential, retry_delay: \"20 ms\""];
            add(retry[self.random.below(3) as usize].to_owned());
        }
        settings
    }

    /// The rules of a broker: only settings that it has.
    fn broker(&mut self) -> String {
        let capacity = self.from(1, 120);
        let wait = self.from(20, 300);
        let rules = match self.below(4) {
            0 => format!(
                "rules: rabbitmq_quorum, delivery_limit: {}, lock: \"{wait} ms\", time_to_live: \"{} ms\"",
                self.from(0, 4),
                wait * 3
            ),
            1 => format!("rules: service_bus, lock: \"5 s\", max_deliveries: {}, time_to_live: \"{} ms\"", self.from(1, 5), wait * 3),
            // Without a limit: what is set aside would stand still, and no run could be told from a stuck one.
            2 => format!("rules: jetstream, backoff: \"{wait} ms\", max_ack_pending: {}", self.from(1, 9)),
            _ => format!("rules: redis_streams, claim_after: \"{wait} ms\""),
        };
        format!("capacity: {capacity}, {rules}")
    }

    fn queue(&mut self, end: &End) {
        if self.chance(0.3) {
            let rules = self.broker();
            let id = self.between(&end.output, "queue", &rules);
            self.dead_letters(&id);
            for _ in 0..self.from(1, 3) {
                self.consumer(&id, end.multiplied);
            }
            return;
        }
        let rules = self.rules();
        let (full, order, to) =
            (self.pick(&["block", "drop_newest", "drop_oldest", "reject"]), self.pick(&["fifo", "lifo"]), self.pick(&["tail", "head"]));
        let id = self.between(&end.output, "queue", &format!("{rules}, when_full: {full}, order: {order}, returned_to: {to}"));
        self.dead_letters(&id);
        for _ in 0..self.from(1, 3) {
            self.consumer(&id, end.multiplied);
        }
    }

    fn topic(&mut self, end: &End) {
        let id = self.between(&end.output, "topic", "");
        for _ in 0..self.from(1, 3) {
            let rules = self.rules();
            let (pattern, full) = (self.pick(&["#", "a/*", "a/b", "d"]), self.pick(&["drop_newest", "drop_oldest"]));
            let subscription = self.node("subscription", &format!("pattern: \"{pattern}\", {rules}, when_full: {full}"));
            self.pipes.push(format!("(\"{id}.out -> {subscription}.in\")"));
            self.dead_letters(&subscription);
            self.consumer(&subscription, end.multiplied + 1);
        }
    }

    fn dead_letters(&mut self, store: &str) {
        if self.chance(0.4) {
            self.open.push(End { output: format!("{store}.dead_letters"), multiplied: 0, error: true });
        }
    }

    /// A pool behind a store; sometimes a plain node that takes from it directly.
    fn consumer(&mut self, store: &str, multiplied: u32) {
        if self.chance(0.15) {
            let id = self.node("filter", "condition: \"message.k < 6\"");
            self.pipes.push(format!("(\"{store}.out -> {id}.in\")"));
            return self.opened(format!("{id}.out"), multiplied);
        }
        let size = match self.below(10) {
            0 => "size: unlimited".to_owned(),
            1 => {
                let (least, start_up) = (self.from(0, 2), self.from(1, 200));
                format!(
                    "size: scaled, target: 3, least_servers: {least}, most_servers: 6, poll: \"90 ms\", cool_down: \"200 ms\", start_up: \"{start_up} ms\""
                )
            }
            _ => format!("servers: {}", self.from(1, 5)),
        };
        let by = self.pick(&["reject", "reject", "nack", "give_up", "crash"]);
        let unheard = self.pick(&["", "", ", acks_lost: 0.1", ", acks_late: 0.2, acks_late_by: \"90 ms\""]);
        let failing = if self.chance(0.4) { 0.3 * self.random.unit() } else { 0.0 };
        let settings = format!(
            "{size}, prefetch: {}, service: {}, failure_share: {failing:.3}, fails_by: {by}, restart_after: \"30 ms\"{unheard}",
            self.pick(&["0", "0", "1", "7"]),
            self.time()
        );
        let id = self.node("consumer_pool", &settings);
        self.pipes.push(format!("(\"{store}.out -> {id}.in\")"));
        if self.chance(0.6) {
            self.opened(format!("{id}.out"), multiplied);
        }
    }

    fn text(&self) -> String {
        let mut text = "(\n    format: 1,\n    nodes: {\n".to_owned();
        for (id, node) in &self.nodes {
            let _ = writeln!(text, "        \"{id}\": {node},");
        }
        text.push_str("    },\n    pipes: [\n");
        for pipe in &self.pipes {
            let _ = writeln!(text, "        {pipe},");
        }
        text.push_str("    ],\n)\n");
        text
    }
}
