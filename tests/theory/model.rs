//! From the parameters of a case to a graph, written as a user would write it, and to where its measures stand in the report.

use super::case::{Case, Measure};
use super::compare::{Effort, Expected, Experiment, Reading};
use super::network;
use pipewright_tests::number;
use serde_json::Value;
use std::fmt::Write;

/// A figure at a place of the report, in the case's unit.
pub fn at(pointer: impl Into<String>, factor: f64) -> Reading {
    let pointer = pointer.into();
    Box::new(move |report| number(report, &pointer) * factor)
}

/// The mean of several figures.
pub fn mean(pointers: Vec<String>, factor: f64) -> Reading {
    Box::new(move |report| pointers.iter().map(|pointer| number(report, pointer)).sum::<f64>() * factor / pointers.len() as f64)
}

/// The sum of several figures.
pub fn sum(pointers: Vec<String>) -> Reading {
    Box::new(move |report| pointers.iter().map(|pointer| number(report, pointer)).sum())
}

/// The share of time with so many in the system; none at all if there never were as many.
fn in_system(number: usize) -> Reading {
    Box::new(move |report| report["queues"]["line"]["in_system_share"].get(number).and_then(Value::as_f64).unwrap_or(0.0))
}

/// What a measure of a case is called, and where it is read.
pub fn expected(measure: &Measure, read: Reading) -> Expected {
    Expected { name: measure.name.clone(), theory: measure.number(), share: measure.is_share(), read }
}

/// A graph of these nodes and pipes.
pub fn graph_of(nodes: &str, pipes: &[String]) -> String {
    let pipes: String = pipes.iter().fold(String::new(), |mut all, pipe| {
        writeln!(all, "        {pipe:?},").expect("text takes all");
        all
    });
    format!("(\n    format: 1,\n    nodes: {{\n{nodes}    }},\n    pipes: [\n{pipes}    ],\n)\n")
}

/// The experiment of a case; `slow` stretches all service times, for a model that must fail.
pub fn experiment(case: &Case, slow: f64, effort: Effort) -> Experiment {
    let model = Model { case, slow, effort };
    if case.has("routing") && case.has("external_lambda") {
        network::experiment(&model)
    } else if case.has("lambda_class1") || case.parameters["lambda"].is_array() {
        model.priority()
    } else if case.has("think_rate") {
        model.closed()
    } else if case.has("branches") {
        model.fork_join()
    } else if case.has("queues") {
        model.split()
    } else if case.has("p_fail") {
        model.retry()
    } else {
        model.station()
    }
}

/// A case on its way to a graph.
pub struct Model<'c> {
    pub case: &'c Case,
    pub slow: f64,
    pub effort: Effort,
}

impl Model<'_> {
    /// A span that is no service: `2.5 min`.
    pub fn span(&self, length: f64) -> String {
        format!("\"{length} {}\"", self.case.time().0)
    }

    /// A rate in the case's unit: `3.3/min`.
    pub fn rate(&self, rate: f64) -> String {
        format!("\"{rate}/{}\"", self.case.time().0)
    }

    /// Exponential service with this mean.
    pub fn exponential(&self, mean: f64) -> String {
        format!("exponential(mean: {})", self.span(mean * self.slow))
    }

    /// How long it takes until enough have come at this rate, in seconds, and a tenth of that as warm-up.
    pub fn run_of(&self, text: String, rate: f64, expected: Vec<Expected>) -> Experiment {
        let until = self.effort.arrivals / rate * self.case.time().1;
        Experiment { text, until, warm_up: until / 10.0, within: None, expected }
    }

    /// Seconds and rates per second in the case's unit.
    pub fn factor(&self, unit: &str) -> f64 {
        let seconds = self.case.time().1;
        match unit {
            "s" | "min" | "h" => 1.0 / seconds,
            unit if unit.contains('/') => seconds,
            _ => 1.0,
        }
    }

    /// One queue before one pool.
    fn station(&self) -> Experiment {
        let case = self.case;
        let parameter = |names: &[&str]| names.iter().find(|name| case.has(name)).map(|name| case.number(name));
        let arrivals = parameter(&["lambda", "lambda_per_min"]);
        let rate = arrivals.unwrap_or_else(|| 1.0 / case.number("interarrival_constant"));
        let arrivals = match arrivals {
            Some(rate) => format!("arrivals: poisson, rate: {}", self.rate(rate)),
            None => format!("arrivals: distribution, gap: {}", self.span(case.number("interarrival_constant"))),
        };
        let servers = case.parameters["servers"].as_u64();
        let size = servers.map_or_else(|| "size: unlimited".to_owned(), |servers| format!("servers: {servers}"));
        let service = if case.has("service") {
            assert_eq!(case.parameters["service"], "Erlang, mean 0.5, 2 phases", "{}", case.name);
            format!("erlang(mean: {}, phases: 2)", self.span(0.5 * self.slow))
        } else if case.has("service_constant") {
            format!("constant({})", self.span(case.number("service_constant") * self.slow))
        } else {
            self.exponential(1.0 / parameter(&["mu", "mu_per_min"]).expect("a rate of service"))
        };
        let room = match (case.parameters["K_system"].as_u64(), servers) {
            // Those in service have left the queue, so the places to wait are K less the servers.
            (Some(most), Some(servers)) => format!("capacity: {}, when_full: drop_newest", most - servers),
            _ if case.has("ttl_in_queue_constant") => {
                format!("capacity: 1000000, time_to_live: {}, when_expired: drop", self.span(case.number("ttl_in_queue_constant")))
            }
            _ => "capacity: 1000000".to_owned(),
        };
        let discipline = if case.has("discipline") { ", discipline: shared" } else { "" };
        let nodes = format!(
            "        \"arrivals\": generator({arrivals}, payload: \"\"),\n        \"line\": queue({room}),\n        \"desk\": consumer_pool({size}, service: {service}{discipline}),\n"
        );
        let text = graph_of(&nodes, &["arrivals.out -> line.in".into(), "line.out -> desk.in".into()]);
        let mut within = None;
        let read = |measure: &Measure, within: &mut Option<f64>| {
            let factor = self.factor(&measure.unit);
            let pointer = match measure.name.as_str() {
                "utilization" | "utilization_per_server" => "/nodes/desk/busy",
                "mean_busy_servers" => "/nodes/desk/busy_servers",
                "throughput" => "/nodes/desk/out_per_s",
                "mean_in_system_L" => "/queues/line/in_system_mean",
                "mean_in_queue_Lq" => "/queues/line/depth_mean",
                "mean_sojourn_W" | "mean_sojourn_of_accepted_W" => "/latency/mean_s",
                "mean_wait_Wq" | "mean_wait_of_accepted_Wq" | "mean_wait_of_served" => "/queues/line/wait/mean_s",
                "prob_wait" => "/queues/line/waited_share",
                "prob_block" | "prob_block_or_drop" => "/queues/line/refused_share",
                "fraction_expired" => "/queues/line/expired_share",
                "variance_in_system" => "/queues/line/in_system_variance",
                name => {
                    if let Some(number) = name.strip_prefix('p').and_then(|number| number.parse().ok()) {
                        return in_system(number);
                    }
                    // Named after its limit: fraction_served_within_0.33min, a third of a minute.
                    let limit = name.strip_prefix("fraction_served_within_").unwrap_or_else(|| panic!("{}: {name}?", case.name));
                    assert_eq!(limit, "0.33min", "{}", case.name);
                    *within = Some(20.0);
                    "/queues/line/wait/within_share"
                }
            };
            at(pointer, factor)
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure, &mut within))).collect();
        Experiment { within, ..self.run_of(text, rate, all) }
    }

    /// Classes of messages before one pool; the first class goes first.
    fn priority(&self) -> Experiment {
        let case = self.case;
        let rates = if case.has("lambda_class1") {
            vec![case.number("lambda_class1"), case.number("lambda_class2")]
        } else {
            case.numbers("lambda")
        };
        let mut nodes = String::new();
        let mut pipes = Vec::new();
        let mut rules = Vec::new();
        for (class, rate) in rates.iter().enumerate() {
            let (name, priority) = (class + 1, rates.len() - class);
            writeln!(
                nodes,
                "        \"class{name}\": generator(arrivals: poisson, rate: {}, priority: {priority}, payload: \"\"),",
                self.rate(*rate)
            )
            .expect("text takes all");
            writeln!(nodes, "        \"done{name}\": sink(),").expect("text takes all");
            pipes.push(format!("class{name}.out -> line.in"));
            pipes.push(format!("by-class.class{name} -> done{name}.in"));
            rules.push(format!("\"class{name}\": \"priority == {priority}\""));
        }
        write!(
            nodes,
            "        \"line\": queue(capacity: 1000000),\n        \"desk\": consumer_pool(servers: {}, service: {}),\n        \"by-class\": route(rules: {{{}}}),\n",
            case.number("servers"),
            self.exponential(1.0 / case.number("mu")),
            rules.join(", ")
        )
        .expect("text takes all");
        pipes.extend(["line.out -> desk.in".into(), "desk.out -> by-class.in".into()]);
        let read = |measure: &Measure| {
            let factor = self.factor(&measure.unit);
            let Some(rest) = measure.name.strip_prefix("class") else {
                assert_eq!(measure.name, "overall_mean_wait_Wq");
                return at("/queues/line/wait/mean_s", factor);
            };
            let (class, what) = rest.split_once('_').expect("a class and a measure");
            match what {
                "mean_wait_Wq" => {
                    let priority = rates.len() + 1 - class.parse::<usize>().expect("a number of a class");
                    at(format!("/queues/line/wait_by_priority/{priority}/mean_s"), factor)
                }
                "mean_sojourn_W" => at(format!("/nodes/done{class}/latency/mean_s"), factor),
                other => panic!("{}: {other}?", case.name),
            }
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
        self.run_of(graph_of(&nodes, &pipes), rates.iter().sum(), all)
    }

    /// So many jobs that think, queue, and think again.
    fn closed(&self) -> Experiment {
        let case = self.case;
        let (jobs, think, service) = (case.number("jobs"), 1.0 / case.number("think_rate"), 1.0 / case.number("mu"));
        let nodes = format!(
            "        \"jobs\": generator(arrivals: closed, population: {jobs}, think: exponential(mean: {}), payload: \"\"),\n        \"line\": queue(),\n        \"desk\": consumer_pool(servers: {}, service: {}),\n",
            self.span(think),
            case.number("servers"),
            self.exponential(service)
        );
        let text = graph_of(&nodes, &["jobs.out -> line.in".into(), "line.out -> desk.in".into()]);
        let read = |measure: &Measure| {
            let pointer = match measure.name.as_str() {
                "throughput" => "/nodes/desk/out_per_s",
                "mean_in_queue_node_L" => "/queues/line/in_system_mean",
                "response_queue_node" | "mean_response_queue_node" => "/queues/line/sojourn_mean_s",
                other => panic!("{}: {other}?", case.name),
            };
            at(pointer, self.factor(&measure.unit))
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
        self.run_of(text, jobs / (think + service), all)
    }

    /// Copies of each message to several branches, and a wait for all of them.
    fn fork_join(&self) -> Experiment {
        let case = self.case;
        let branches = case.number("branches") as usize;
        let mut nodes = format!(
            "        \"arrivals\": generator(arrivals: poisson, rate: {}, payload: \"\"),\n        \"fork\": topic(),\n        \"both\": join(copies: {branches}),\n        \"done\": sink(),\n",
            self.rate(case.number("lambda"))
        );
        let mut pipes: Vec<String> = vec!["arrivals.out -> fork.in".into(), "both.out -> done.in".into()];
        for branch in 0..branches {
            writeln!(nodes, "        \"line{branch}\": subscription(capacity: 1000000),").expect("text takes all");
            writeln!(nodes, "        \"desk{branch}\": consumer_pool(service: {}),", self.exponential(1.0 / case.number("mu")))
                .expect("text takes all");
            pipes.push(format!("fork.out -> line{branch}.in"));
            pipes.push(format!("line{branch}.out -> desk{branch}.in"));
            pipes.push(format!("desk{branch}.out -> both.in"));
        }
        let each = |what: &str| (0..branches).map(|branch| format!("/queues/line{branch}/{what}")).collect::<Vec<_>>();
        let read = |measure: &Measure| match measure.name.as_str() {
            "mean_response_join" => at("/latency/mean_s", self.factor(&measure.unit)),
            "mean_branch_sojourn" => mean(each("sojourn_mean_s"), self.factor(&measure.unit)),
            "copies_delivered_per_message" => {
                let copies = sum((0..branches).map(|branch| format!("/nodes/line{branch}/in")).collect());
                Box::new(move |report: &Value| copies(report) / number(report, "/nodes/fork/in"))
            }
            other => panic!("{}: {other}?", case.name),
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
        self.run_of(graph_of(&nodes, &pipes), case.number("lambda"), all)
    }

    /// Arrivals spread at random over several queues.
    fn split(&self) -> Experiment {
        let case = self.case;
        assert_eq!(case.parameters["routing"], "random");
        let queues = case.number("queues") as usize;
        let outputs: Vec<String> = (0..queues).map(|queue| format!("\"to{queue}\": 1")).collect();
        let mut nodes = format!(
            "        \"arrivals\": generator(arrivals: poisson, rate: {}, payload: \"\"),\n        \"spread\": balance(method: random, outputs: {{{}}}),\n",
            self.rate(case.number("lambda")),
            outputs.join(", ")
        );
        let mut pipes: Vec<String> = vec!["arrivals.out -> spread.in".into()];
        for queue in 0..queues {
            writeln!(nodes, "        \"line{queue}\": queue(capacity: 1000000),").expect("text takes all");
            writeln!(nodes, "        \"desk{queue}\": consumer_pool(service: {}),", self.exponential(1.0 / case.number("mu")))
                .expect("text takes all");
            pipes.push(format!("spread.to{queue} -> line{queue}.in"));
            pipes.push(format!("line{queue}.out -> desk{queue}.in"));
        }
        let queues_each = |what: &str| (0..queues).map(|queue| format!("/queues/line{queue}/{what}")).collect::<Vec<_>>();
        let desks_each = |what: &str| (0..queues).map(|queue| format!("/nodes/desk{queue}/{what}")).collect::<Vec<_>>();
        let read = |measure: &Measure| {
            let factor = self.factor(&measure.unit);
            match measure.name.as_str() {
                "mean_sojourn_W" => at("/latency/mean_s", factor),
                "mean_in_system_per_queue" => mean(queues_each("in_system_mean"), factor),
                "throughput_per_queue" => mean(desks_each("out_per_s"), factor),
                "utilization_per_queue" => mean(desks_each("busy"), factor),
                other => panic!("{}: {other}?", case.name),
            }
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
        self.run_of(graph_of(&nodes, &pipes), case.number("lambda"), all)
    }

    /// Work that fails and goes back to the tail of its queue until it succeeds.
    fn retry(&self) -> Experiment {
        let case = self.case;
        let nodes = format!(
            "        \"arrivals\": generator(arrivals: poisson, rate: {}, payload: \"\"),\n        \"line\": queue(capacity: 1000000, max_deliveries: 0, retry: immediate, returned_to: tail),\n        \"desk\": consumer_pool(servers: {}, service: {}, failure_share: {}),\n",
            self.rate(case.number("lambda")),
            case.number("servers"),
            self.exponential(1.0 / case.number("mu")),
            case.number("p_fail")
        );
        let text = graph_of(&nodes, &["arrivals.out -> line.in".into(), "line.out -> desk.in".into()]);
        let read = |measure: &Measure| {
            let pointer = match measure.name.as_str() {
                "mean_attempts" => "/queues/line/attempts_mean",
                "utilization" => "/nodes/desk/busy",
                "mean_in_system_L" => "/queues/line/in_system_mean",
                "mean_total_time_W" => "/latency/mean_s",
                "success_throughput" => "/nodes/desk/out_per_s",
                "prob_exactly_2_attempts" => "/queues/line/attempts_share/1",
                other => panic!("{}: {other}?", case.name),
            };
            at(pointer, self.factor(&measure.unit))
        };
        let all = case.measures.iter().map(|measure| expected(measure, read(measure))).collect();
        self.run_of(text, case.number("lambda"), all)
    }
}
