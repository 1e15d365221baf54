//! What is set about a program as a filter.

use crate::distribution::Distribution;
use crate::expr::Expression;
use crate::node::Form;
use crate::node::outside::Program;
use crate::nodes::filter::step::Order;
use crate::nodes::queue::rules::Retry;
use crate::trust::Capability;
use crate::units::Span;
use std::sync::Arc;

/// What is written to a program and read from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A payload a line, and one payload a line back.
    Payload,
    /// A payload a line, and a list of payloads a line back.
    List,
    /// An object with the envelope, and an object back.
    Envelope,
}

/// What stands in for the program in a simulation.
pub struct Model {
    /// How long an answer takes.
    pub time: Distribution,
    /// How often the answer is an error.
    pub failure_share: f64,
    /// How often the program dies over a message.
    pub crash_share: f64,
    /// What it answers; the payload itself if nothing is set.
    pub answer: Option<Expression>,
}

/// What is set.
pub struct Rules {
    pub program: Arc<Program>,
    pub shape: Shape,
    pub copies: u32,
    pub under_way: u32,
    pub order: Order,
    pub attempts: u32,
    pub retry: Retry,
    pub restart_delay: Span,
    pub restart_cap: Span,
    pub most_restarts: usize,
    pub restart_window: Span,
    /// Whether messages wait before a node that has been given up, instead of failing.
    pub waits: bool,
    pub model: Model,
}

impl Rules {
    /// Reads the fields.
    pub fn read(form: &mut Form<'_>) -> Self {
        let written = form.text("command").unwrap_or_default();
        let mut command = Vec::new();
        match Capability::program(&written) {
            Some(Capability::Program(words)) => {
                form.need("command", Capability::Program(words.clone()));
                command = words;
            }
            _ if written.is_empty() => {}
            _ => form.problem(
                "command",
                "this is no command: it has no words, or a quotation mark is left open",
                "write a program and its arguments as in a shell, such as jq -c '.total'",
            ),
        }
        let by_id = form.choice("matching") == "by_id";
        let list = form.choice("results") == "list";
        let shape = match form.choice("form") {
            "envelope" => Shape::Envelope,
            _ if list => Shape::List,
            _ => Shape::Payload,
        };
        if by_id && shape != Shape::Envelope {
            let hint = "set `form: envelope`, which hands the id over and takes it back, or `matching: in_order`";
            form.problem("form", "answers that come in any order must name their message", hint);
        }
        let time_limit = form.span("time_limit").unwrap_or(Span::secs(30));
        Self {
            program: Arc::new(Program { command, by_id, time_limit }),
            shape,
            copies: form.integer("copies").map_or(1, |copies| copies as u32),
            under_way: form.integer("under_way").map_or(1, |most| most as u32),
            order: match form.choice("order") {
                "kept" => Order::Kept,
                "kept_by_key" => Order::ByKey,
                _ => Order::AsFinished,
            },
            attempts: form.integer("attempts").map_or(1, |attempts| attempts as u32),
            retry: Retry::read(form),
            restart_delay: form.span("restart_delay").unwrap_or(Span::secs(1)),
            restart_cap: form.span("restart_cap").unwrap_or(Span::secs(60)),
            most_restarts: form.integer("most_restarts").map_or(5, |most| most as usize),
            restart_window: form.span("restart_window").unwrap_or(Span::secs(600)),
            waits: form.choice("when_given_up") == "wait",
            model: Model {
                time: form.distribution("model_time").unwrap_or(Distribution::Constant(Span::millis(10))),
                failure_share: form.number("model_failure_share").unwrap_or(0.0),
                crash_share: form.number("model_crash_share").unwrap_or(0.0),
                answer: form.expression("model"),
            },
        }
    }

    /// How many messages may be inside at once.
    pub const fn servers(&self) -> u32 {
        self.copies.saturating_mul(self.under_way)
    }
}
