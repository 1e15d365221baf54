//! Wire tap: sends a copy of what passes to an observer, who can never hold up the flow.

use super::{error, input};
use crate::expr::Expression;
use crate::message::{Message, Settlement};
use crate::node::field::Yields;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::random::Purpose;
use crate::setting::Settings;
use crate::units::Moment;

const OUT: usize = 0;
const TAP: usize = 1;

/// The descriptor.
pub static WIRE_TAP: Kind = Kind {
    name: "wire_tap",
    title: "Wire tap",
    family: Family::Filter,
    summary: "Sends a copy of what passes to an observer, who can never hold up the flow.",
    guide: include_str!("wire_tap.md"),
    example: r#"(
    format: 1,
    title: "Look at one order in ten",
    nodes: {
        "orders": generator(rate: "200/s", payload: "{\"order\": {{index}}, \"amount\": {{int 1 200}}}"),
        "look": wire_tap(share: 0.1, condition: "message.amount > 100"),
        "kept": sink(),
        "watch": sink(),
    },
    pipes: ["orders.out -> look.in", "look.out -> kept.in", "look.tap -> watch.in"],
)
"#,
    fields: &[
        Field::new(
            "Tap",
            "share",
            "Share",
            FieldType::Share,
            Preset::Number(1.0),
            "What share of the messages is copied, chosen by chance.",
        ),
        Field::new(
            "Tap",
            "condition",
            "Condition",
            FieldType::Expression(Yields::Bool),
            Preset::None,
            "Only messages that fulfil this CEL expression are copied. Absent: all.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![
            Port::output("out", "All messages, unchanged.").passing_all(),
            Port::output("tap", "Copies for the observer.").optional(),
            error(),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(WireTap { settings: TapSettings::read(form), copied: 0, missed: 0 }),
    figures: [Figure::RateIn, Figure::Gauge("copied")],
};

struct TapSettings {
    share: f64,
    condition: Option<Expression>,
}

impl TapSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let condition = form.value("condition").and_then(|_| form.expression("condition"));
        Self { share: form.number("share").unwrap_or(1.0), condition }
    }
}

struct WireTap {
    settings: TapSettings,
    copied: u64,
    missed: u64,
}

impl WireTap {
    /// Whether this message is one to copy. A condition that fails on a message is counted as an error and copies nothing: the flow goes on.
    fn wanted(&self, message: &Message, fx: &mut Effects<'_>) -> bool {
        if self.settings.share < 1.0 && !fx.random(const { Purpose::of("tap") }, message).chance(self.settings.share) {
            return false;
        }
        let Some(condition) = &self.settings.condition else { return true };
        condition.test(message).unwrap_or_else(|error| {
            fx.error(error.message);
            false
        })
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        if fx.wired(TAP) > 0 && self.wanted(&message, fx) {
            if fx.room(TAP) > 0 {
                self.copied += 1;
                // What becomes of the copy is nothing to those who wait for the message.
                let mut copy = message.clone();
                copy.settlement = Settlement::None;
                fx.copy(TAP, copy);
            } else {
                self.missed += 1;
            }
        }
        fx.emit(OUT, message);
    }
}

impl Behaviour for WireTap {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.settings = TapSettings::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "copied", value: self.copied as f64, unit: "messages" });
        gauges.push(Gauge { name: "missed", value: self.missed as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Delivery;
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn the_observer_gets_a_copy_that_nobody_waits_for() {
        let mut tap = Script::new(&WIRE_TAP, []);
        let mut message = tap.message(json!(1));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        tap.send_message("in", message.clone());
        assert_eq!((tap.payloads("out"), tap.payloads("tap")), (vec![json!(1)], vec![json!(1)]));
        let (copied, passed): (Vec<_>, Vec<_>) =
            tap.seen().left.iter().map(|left| &left.message).partition(|m| m.settlement == Settlement::None);
        assert_eq!((copied[0].id, passed[0]), (message.id, &message), "a copy keeps its id (G5)");
    }

    #[test]
    fn a_full_tap_misses_copies_and_never_blocks() {
        let mut tap = Script::new(&WIRE_TAP, []).room("tap", 2);
        for number in 0..5 {
            tap.send("in", json!(number));
        }
        assert_eq!((tap.payloads("out").len(), tap.payloads("tap").len(), tap.waiting()), (5, 2, 0));
        assert_eq!((tap.gauge("copied"), tap.gauge("missed")), (2.0, 3.0));
        let mut unwired = Script::new(&WIRE_TAP, []).wired("tap", 0);
        unwired.send("in", json!(1));
        assert_eq!((unwired.seen().left.len(), unwired.gauge("missed")), (1, 0.0));
    }

    #[test]
    fn share_and_condition_choose_what_is_copied() {
        let mut tap = Script::new(&WIRE_TAP, [("share", 0.25.into()), ("condition", "message % 2 == 0".into())]);
        for number in 0..4_000 {
            tap.send("in", json!(number));
        }
        let copied = tap.payloads("tap");
        assert!((400..600).contains(&copied.len()), "{}", copied.len());
        assert!(copied.iter().all(|value| value.as_u64().unwrap() % 2 == 0));
        assert_eq!(tap.payloads("out").len(), 4_000);
    }

    #[test]
    fn a_condition_that_fails_is_counted_and_the_message_goes_on() {
        let mut tap = Script::new(&WIRE_TAP, [("condition", "message.a > 1".into())]);
        tap.send("in", json!("text"));
        assert_eq!((tap.payloads("out").len(), tap.payloads("tap").len(), tap.seen().errors.len()), (1, 0, 1));
    }
}
