//! Dead letters: collects what failed, bounded, and counts it by reason.

use crate::message::{Message, Value};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::VecDeque;

/// How many different reasons are told apart; the rest count together.
const MOST_REASONS: usize = 100;

/// The descriptor.
pub static DEAD_LETTERS: Kind = Kind {
    name: "dead_letters",
    title: "Dead letters",
    family: Family::Queue,
    summary: "Collects messages that failed, and counts them by reason.",
    guide: include_str!("dead_letters.md"),
    example: r#"(
    format: 1,
    title: "What keeps failing is set aside",
    nodes: {
        "orders": generator(rate: "20/s"),
        "work": queue(max_deliveries: 3),
        "workers": consumer_pool(servers: 2, service: exponential(mean: "20 ms"), failure_share: 0.3),
        "failed": dead_letters(),
    },
    pipes: [
        "orders.out -> work.in",
        "work.out -> workers.in",
        "work.dead_letters -> failed.in",
    ],
)
"#,
    fields: &[Field::new(
        "Capacity",
        "capacity",
        "Capacity",
        FieldType::Integer(0, 10_000_000),
        Preset::Integer(10_000),
        "How many dead letters are kept for looking at. Beyond that the oldest is let go; it stays counted.",
    )
    .unit("messages")],
    ports,
    build: |form| Box::new(DeadLetters { capacity: read(form), kept: VecDeque::new(), ended: 0, reasons: Vec::new() }),
    figures: [Figure::Gauge("dead letters"), Figure::RateIn],
};

fn ports(_: &Settings) -> Ports {
    Ports { inputs: vec![Port::input("in", "Messages that failed elsewhere.")], ..Ports::default() }
}

fn read(form: &mut Form<'_>) -> usize {
    form.integer("capacity").map_or(10_000, |capacity| capacity as usize)
}

struct DeadLetters {
    capacity: usize,
    /// Oldest first.
    kept: VecDeque<Message>,
    /// All that ever came, kept or not: that is what the books count.
    ended: u64,
    /// How many by reason, in the order of first coming.
    reasons: Vec<(Box<str>, u64)>,
}

impl DeadLetters {
    fn bury(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        // It is kept on purpose: whoever waited for its end need not repeat it.
        fx.accept(&mut message);
        self.ended += 1;
        self.count(&message, fx);
        self.kept.push_back(message);
        self.trim();
    }

    fn trim(&mut self) {
        while self.kept.len() > self.capacity {
            self.kept.pop_front();
        }
    }

    /// Counts by the word that a store or the engine has written into the headers. A new reason is a line in the journal.
    fn count(&mut self, message: &Message, fx: &mut Effects<'_>) {
        let word = |name| message.header(name).and_then(Value::as_str);
        let reason = word("reason").or_else(|| word("error")).unwrap_or("unknown");
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| &**known == reason) {
            *count += 1;
            return;
        }
        let reason = if self.reasons.len() >= MOST_REASONS { "other reasons" } else { reason };
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| &**known == reason) {
            *count += 1;
        } else {
            fx.note(format!("first dead letter of this sort: {}", reason.chars().take(200).collect::<String>()));
            self.reasons.push((reason.into(), 1));
        }
    }
}

impl Behaviour for DeadLetters {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.bury(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.capacity = read(form);
        self.trim();
        Change::Kept
    }

    fn dead_lettered(&self) -> u64 {
        self.ended
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        let oldest = self.kept.front().map_or(0.0, |message| now.since(message.entered).seconds());
        gauges.extend([
            count("dead letters", self.ended),
            count("kept", self.kept.len() as u64),
            count("reasons", self.reasons.len() as u64),
            Gauge { name: "oldest", value: oldest, unit: "s" },
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use serde_json::json;

    fn fail(script: &mut Script, reason: &str) {
        let mut message = script.message(json!(1));
        message.set_header("reason", json!(reason));
        script.send_message("in", message);
    }

    #[test]
    fn keeps_the_newest_and_counts_all() {
        let mut letters = Script::new(&DEAD_LETTERS, [("capacity", 3.into())]);
        for _ in 0..5 {
            fail(&mut letters, "expired");
        }
        fail(&mut letters, "max_deliveries");
        letters.at("1 s");
        let gauges = (letters.gauge("dead letters"), letters.gauge("kept"), letters.gauge("reasons"), letters.gauge("oldest"));
        assert_eq!(gauges, (6.0, 3.0, 2.0, 1.0));
        assert_eq!((letters.dead_letters(), letters.held()), (6, 6));
        assert_eq!(letters.seen().notes.len(), 2);
        letters.change([("capacity", 0.into())]);
        assert_eq!((letters.gauge("kept"), letters.dead_letters()), (0.0, 6));
    }

    #[test]
    fn g4_a_dead_letter_is_not_repeated() {
        let mut letters = Script::new(&DEAD_LETTERS, []);
        let mut message = letters.message(json!(1));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        letters.send_message("in", message);
        assert_eq!(letters.seen().accepted.len(), 1);
    }

    #[test]
    fn reasons_are_bounded() {
        let mut letters = Script::new(&DEAD_LETTERS, []);
        for number in 0..1_000 {
            fail(&mut letters, &format!("reason {number}"));
        }
        assert_eq!((letters.gauge("reasons"), letters.gauge("dead letters")), (101.0, 1_000.0));
    }
}
