//! Delay: holds every message for a while.

use super::{error, input};
use crate::distribution::Distribution;
use crate::message::Message;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Intake, Kind, Port, Ports, Preset};
use crate::random::Purpose;
use crate::setting::{Setting, Settings};
use crate::units::{Moment, Span};

const OUT: usize = 0;

/// The descriptor.
pub static DELAY: Kind = Kind {
    name: "delay",
    title: "Delay",
    family: Family::Filter,
    summary: "Holds every message for a while.",
    guide: include_str!("delay.md"),
    example: r#"(
    format: 1,
    title: "A network between",
    nodes: {
        "calls": generator(arrivals: poisson, rate: "100/s"),
        "network": delay(time: log_normal(mean: "40 ms", deviation: "20 ms"), keep_order: true),
        "kept": sink(),
    },
    pipes: ["calls.out -> network.in", "network.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Delay",
            "time",
            "Time",
            FieldType::Distribution,
            Preset::Made(|| Setting::text("1 s")),
            "How long each message is held.",
        ),
        Field::new(
            "Delay",
            "keep_order",
            "Keep order",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether a message waits for those that came before it, even if its own time is over.",
        ),
        Field::new(
            "Delay",
            "most_held",
            "Most held",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(10_000),
            "How many messages may be held at once; more wait before the delay.",
        )
        .unit("messages"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Messages, when their time is over.").passing_all(), error()],
        ..Ports::default()
    },
    build: |form| {
        let mut delay = Delay { time: Distribution::Constant(Span::ZERO), keep_order: false, most_held: 1, last: Moment::START };
        delay.read(form);
        Box::new(delay)
    },
    figures: [Figure::Held, Figure::RateOut],
};

struct Delay {
    time: Distribution,
    keep_order: bool,
    most_held: u32,
    /// When the last message is released, for those that may not pass it.
    last: Moment,
}

impl Delay {
    fn read(&mut self, form: &mut Form<'_>) {
        self.time = form.distribution("time").unwrap_or(Distribution::Constant(Span::secs(1)));
        self.keep_order = form.flag("keep_order");
        self.most_held = form.integer("most_held").map_or(10_000, |most| most as u32);
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let span = self.time.draw(&mut fx.random(const { Purpose::of("delay") }, &message));
        let mut release = fx.now() + span;
        if self.keep_order {
            release = release.max(self.last);
            self.last = release;
        }
        fx.renew_until(&message, release);
        fx.hold_until(message, release);
    }
}

impl Behaviour for Delay {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Released(_, mut message) => {
                message.hops = message.hops.saturating_add(1);
                fx.emit(OUT, message);
            }
            Event::Start
            | Event::Wake(_)
            | Event::Room(_)
            | Event::Settled { .. }
            | Event::Renewed { .. }
            | Event::Answer(..)
            | Event::Drain => {}
        }
    }

    fn intake(&self) -> Intake {
        Intake::Servers { servers: self.most_held, prefetch: 0 }
    }

    /// Messages already held keep their time.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.read(form);
        Change::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn every_message_is_held_for_its_time() {
        let mut delay = Script::new(&DELAY, [("time", "2 s".into())]);
        delay.send("in", json!(1));
        delay.at("500 ms").send("in", json!(2));
        assert_eq!(delay.held(), 2);
        delay.run();
        assert_eq!(delay.times("out"), [2.0, 2.5]);
    }

    fn orders(keep_order: bool) -> (Vec<serde_json::Value>, Vec<f64>) {
        let time = Setting::Record("uniform".into(), vec![("from".into(), "0 s".into()), ("to".into(), "10 s".into())]);
        let mut delay = Script::new(&DELAY, [("time", time), ("keep_order", keep_order.into())]);
        for number in 0..100 {
            delay.send("in", json!(number));
        }
        delay.run();
        (delay.payloads("out"), delay.times("out"))
    }

    #[test]
    fn g10_order_is_kept_only_where_asked_for() {
        let sent: Vec<_> = (0..100).map(|number| json!(number)).collect();
        assert_eq!(orders(true).0, sent);
        let (mixed, times) = orders(false);
        assert_ne!(mixed, sent);
        assert!(times.is_sorted() && times[99] <= 10.0 && times[99] > 9.0, "{times:?}");
        assert!((times.iter().sum::<f64>() / 100.0 - 5.0).abs() < 1.0);
    }

    #[test]
    fn g1_no_more_are_held_than_set() {
        let mut delay = Script::new(&DELAY, [("time", "1 s".into()), ("most_held", 2.into())]);
        for number in 0..5 {
            delay.send("in", json!(number));
        }
        assert_eq!((delay.held(), delay.waiting()), (2, 3));
        delay.run();
        assert_eq!(delay.times("out"), [1.0, 1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn g12_a_change_is_for_those_to_come() {
        let mut delay = Script::new(&DELAY, [("time", "4 s".into())]);
        delay.send("in", json!(1));
        assert_eq!(delay.change([("time", "1 s".into())]), Change::Kept);
        delay.send("in", json!(2));
        delay.run();
        assert_eq!(delay.times("out"), [1.0, 4.0]);
    }
}
