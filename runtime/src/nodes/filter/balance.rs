//! Balance: spreads messages over its outputs, in turn, at random, or by key.

use super::input;
use super::route::{check_names, names};
use crate::id::hash_text;
use crate::message::Message;
use crate::node::field::Word;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::random::Purpose;
use crate::setting::Settings;

const NO_OUTPUT: &str = "unrouted";

/// The descriptor.
pub static BALANCE: Kind = Kind {
    name: "balance",
    title: "Balance",
    family: Family::Filter,
    summary: "Spreads messages over its outputs: in turn (round robin), at random by weight, or by key.",
    guide: include_str!("balance.md"),
    example: r#"(
    format: 1,
    title: "Two of three go near",
    nodes: {
        "orders": generator(arrivals: poisson, rate: "50/s"),
        "spread": balance(method: random, outputs: {"near": 2, "far": 1}),
        "near": sink(),
        "far": sink(),
    },
    pipes: [
        "orders.out -> spread.in",
        "spread.near -> near.in",
        "spread.far -> far.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Balance",
            "method",
            "Method",
            FieldType::Choice(&[
                Word {
                    name: "in_turn",
                    label: "In turn",
                    help: "One output after the other (round robin); one with twice the weight has twice as many turns.",
                },
                Word {
                    name: "random",
                    label: "At random",
                    help: "Each message by itself, with probabilities in proportion to the weights.",
                },
                Word {
                    name: "by_key",
                    label: "By key",
                    help: "Messages of one key always leave at the same output; keys are spread in proportion to the weights.",
                },
            ]),
            Preset::Word("in_turn"),
            "How an output is chosen.",
        ),
        Field::new(
            "Balance",
            "outputs",
            "Outputs",
            FieldType::Weights,
            Preset::Required,
            "Outputs by name, each with its weight, such as {\"a\": 0.7, \"b\": 0.3}. Only their proportions count.",
        ),
    ],
    ports,
    build: |form| Box::new(Balance::read(form)),
    figures: [Figure::RateIn, Figure::PipesOut],
};

fn ports(settings: &Settings) -> Ports {
    let output = |name: String| Port { name: name.into(), ..Port::output("", "The messages that fall to this output.") };
    Ports { inputs: vec![input()], outputs: names(settings, "outputs").into_iter().map(output).collect(), ..Ports::default() }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    InTurn,
    Random,
    ByKey,
}

struct Balance {
    method: Method,
    weights: Vec<f64>,
    /// In turn: how much each output is owed.
    owed: Vec<f64>,
}

impl Balance {
    fn read(form: &mut Form<'_>) -> Self {
        let outputs = form.weights("outputs");
        check_names(form, "outputs", outputs.iter().map(|(name, _)| name.as_str()));
        if !outputs.is_empty() && outputs.iter().all(|(_, weight)| *weight == 0.0) {
            form.problem("outputs", "all weights are 0", "Give one output at least a weight above 0.");
        }
        let method = match form.choice("method") {
            "random" => Method::Random,
            "by_key" => Method::ByKey,
            _ => Method::InTurn,
        };
        let weights: Vec<f64> = outputs.into_iter().map(|(_, weight)| weight).collect();
        Self { method, owed: vec![0.0; weights.len()], weights }
    }

    /// Smooth weighted round robin: each turn every output is owed its weight, and the one that is owed most has it (nginx, upstream).
    fn next_in_turn(&mut self) -> Option<usize> {
        let whole: f64 = self.weights.iter().sum();
        let mut best: Option<usize> = None;
        for (at, weight) in self.weights.iter().enumerate() {
            self.owed[at] += weight;
            if *weight > 0.0 && best.is_none_or(|best| self.owed[at] > self.owed[best]) {
                best = Some(at);
            }
        }
        self.owed[best?] -= whole;
        best
    }

    /// The output on which a point of the unit interval falls.
    fn at(&self, unit: f64) -> Option<usize> {
        let mut left = unit * self.weights.iter().sum::<f64>();
        for (at, weight) in self.weights.iter().enumerate() {
            if left < *weight {
                return Some(at);
            }
            left -= weight;
        }
        self.weights.iter().rposition(|weight| *weight > 0.0)
    }

    fn choose(&mut self, message: &Message, fx: &Effects<'_>) -> Option<usize> {
        match (self.method, message.key()) {
            (Method::InTurn, _) => self.next_in_turn(),
            // The highest 53 bits of the hash, as a number from 0 to 1.
            (Method::ByKey, Some(key)) => self.at((hash_text(key) >> 11) as f64 / (1_u64 << 53) as f64),
            (Method::Random | Method::ByKey, _) => self.at(fx.random(const { Purpose::of("output") }, message).unit()),
        }
    }
}

impl Behaviour for Balance {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            match self.choose(&message, fx) {
                Some(port) => fx.emit(port, message),
                None => fx.drop(message, NO_OUTPUT),
            }
        }
    }

    /// Other weights are taken over; another number of outputs is another node.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = self.weights.len();
        *self = Self::read(form);
        if self.weights.len() == before { Change::Kept } else { Change::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use crate::setting::Setting;
    use serde_json::json;

    fn settings(method: &'static str, weights: &[(&str, f64)]) -> [(&'static str, Setting); 2] {
        let outputs = weights.iter().map(|(name, weight)| ((*name).to_owned(), Setting::Number(*weight))).collect();
        [("method", method.into()), ("outputs", Setting::Map(outputs))]
    }

    #[test]
    fn in_turn_means_one_after_the_other_and_by_weight() {
        let mut balance = Script::new(&BALANCE, settings("in_turn", &[("a", 1.0), ("b", 1.0), ("c", 1.0)]));
        for number in 0..7 {
            balance.send("in", json!(number));
        }
        assert_eq!(balance.payloads("a"), [json!(0), json!(3), json!(6)]);
        assert_eq!(balance.payloads("c"), [json!(2), json!(5)]);
        let mut weighted = Script::new(&BALANCE, settings("in_turn", &[("a", 2.0), ("b", 1.0), ("never", 0.0)]));
        for number in 0..6 {
            weighted.send("in", json!(number));
        }
        assert_eq!(weighted.payloads("b"), [json!(1), json!(4)]);
        assert!(weighted.payloads("never").is_empty());
    }

    #[test]
    fn at_random_each_output_has_its_share() {
        let mut balance = Script::new(&BALANCE, settings("random", &[("a", 0.2), ("b", 0.5), ("c", 0.3)]));
        for number in 0..10_000 {
            balance.send("in", json!(number));
        }
        for (output, share) in [("a", 0.2), ("b", 0.5), ("c", 0.3)] {
            let found = balance.payloads(output).len() as f64 / 1e4;
            assert!((found - share).abs() < 4.0 * f64::sqrt(share * (1.0 - share) / 1e4), "{output}: {found}");
        }
    }

    #[test]
    fn g11_a_message_that_comes_by_again_is_spread_anew() {
        let mut balance = Script::new(&BALANCE, settings("random", &[("a", 0.5), ("b", 0.5)]));
        let message = balance.message(json!(0));
        for hops in 0..100 {
            let mut again = message.clone();
            again.hops = hops;
            balance.send_message("in", again);
        }
        let found = balance.payloads("a").len();
        assert!((30..70).contains(&found), "{found}");
    }

    #[test]
    fn a_key_stays_with_its_output() {
        let mut balance = Script::new(&BALANCE, settings("by_key", &[("a", 3.0), ("b", 1.0)]));
        for round in 0..2 {
            for key in 0..4_000 {
                let mut message = balance.message(json!(key));
                message.head_mut().key = Some(format!("customer {key}").into());
                balance.send_message("in", message);
            }
            assert_eq!(balance.payloads("a").len() % (round + 1), 0);
        }
        let found = balance.payloads("a");
        assert_eq!(found[..found.len() / 2], found[found.len() / 2..]);
        assert!((found.len() as f64 / 8_000.0 - 0.75).abs() < 0.03, "{}", found.len());
    }

    #[test]
    fn bad_outputs_are_problems() {
        let outputs = |pairs: &[(&str, Setting)]| {
            [("outputs", Setting::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()))]
        };
        for (pairs, words) in [
            (&[("a", Setting::Integer(0))][..], "all weights are 0"),
            (&[("a", Setting::Integer(-1))], "expected a weight"),
            (&[("a", Setting::text("much"))], "expected a number"),
            (&[("2nd", Setting::Integer(1))], "cannot be the name"),
            (&[("a", Setting::Integer(1)), ("a", Setting::Integer(1))], "two outputs"),
        ] {
            let found = problems(&BALANCE, outputs(pairs));
            assert!(found.iter().any(|problem| problem.contains(words)), "{found:?}");
        }
        assert!(problems(&BALANCE, [])[0].contains("PW201"));
    }
}
