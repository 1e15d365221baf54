//! Throttle: lets at most so many messages a second pass, by a token bucket.

use super::{error, input};
use crate::message::Message;
use crate::node::field::Word;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use crate::units::{Moment, SECOND};

const OUT: usize = 0;
const THROTTLED: &str = "throttled";

/// The descriptor.
pub static THROTTLE: Kind = Kind {
    name: "throttle",
    title: "Throttle",
    family: Family::Filter,
    summary: "Lets at most so many messages a second pass, by a token bucket.",
    guide: include_str!("throttle.md"),
    example: r#"(
    format: 1,
    title: "A partner takes twenty a second",
    nodes: {
        "calls": generator(arrivals: burst, burst_size: 50, burst_gap: "5 s"),
        "limit": throttle(rate: "20/s", burst: 5),
        "partner": sink(),
    },
    pipes: ["calls.out -> limit.in", "limit.out -> partner.in"],
)
"#,
    fields: &[
        Field::new(
            "Throttle",
            "rate",
            "Rate",
            FieldType::Rate,
            Preset::Text("100/s"),
            "How many messages may pass in the long run: how fast the bucket fills with tokens.",
        ),
        Field::new(
            "Throttle",
            "burst",
            "Burst",
            FieldType::Integer(1, 1_000_000_000),
            Preset::Integer(1),
            "How many may pass at once after a quiet time: the size of the bucket. It is full at the start.",
        )
        .unit("messages"),
        Field::new(
            "Throttle",
            "refill",
            "Refill",
            FieldType::Flag,
            Preset::Flag(true),
            "Whether the bucket fills at the rate. If not, it is an allowance for the whole run: after `burst` messages nothing passes any more.",
        )
        .source("Amazon EBS, I/O credits and burst performance: a bucket of 5.4 million I/O credits"),
        Field::new(
            "Throttle",
            "excess",
            "Excess",
            FieldType::Choice(&[
                Word { name: "wait", label: "Waits", help: "Messages wait their turn, in order; the pipe before the throttle fills." },
                Word { name: "drop", label: "Is dropped", help: "What comes too soon is dropped as `throttled`." },
                Word { name: "error", label: "Is an error", help: "What comes too soon leaves through the error output." },
            ]),
            Preset::Word("wait"),
            "What becomes of messages that come too soon.",
        ),
    ],
    ports: |settings: &Settings| {
        let waits = settings.get("excess").is_none_or(|excess| excess.as_str() == Some("wait"));
        let out = Port::output("out", "Messages, at most at the rate.");
        Ports { inputs: vec![input()], outputs: vec![if waits { out.passing_all() } else { out }, error()], ..Ports::default() }
    },
    build: |form| Box::new(Throttle { settings: ThrottleSettings::read(form), full_at: 0, passed: 0 }),
    figures: [Figure::RateOut, Figure::Setting("rate")],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Excess {
    Wait,
    Drop,
    Error,
}

/// Time in fractions of 2^-32 ns, so that the long-run rate is exact to 1 in 10^9 and no error adds up.
type Fine = u128;

const fn fine(moment: Moment) -> Fine {
    (moment.0 as Fine) << 32
}

struct ThrottleSettings {
    /// Between two tokens.
    gap: Fine,
    /// How long an empty bucket takes to fill, but for one token.
    depth: Fine,
    excess: Excess,
}

impl ThrottleSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let rate = form.rate("rate").map_or(100.0, |rate| rate.0);
        // Without a refill the next token is further away than any run lasts.
        let gap = if form.flag("refill") { (SECOND as f64 / rate * 4_294_967_296.0) as Fine } else { Fine::from(u64::MAX) << 32 };
        let burst = form.integer("burst").unwrap_or(1).max(1) as Fine;
        let excess = match form.choice("excess") {
            "drop" => Excess::Drop,
            "error" => Excess::Error,
            _ => Excess::Wait,
        };
        Self { gap, depth: gap.saturating_mul(burst - 1), excess }
    }
}

/// The token bucket as one number (the generic cell rate algorithm, ITU-T I.371): the moment at which it will be full again.
struct Throttle {
    settings: ThrottleSettings,
    full_at: Fine,
    passed: u64,
}

impl Throttle {
    /// When the next token is there.
    fn next_token(&self) -> Moment {
        let fine = self.full_at.saturating_sub(self.settings.depth);
        Moment(u64::try_from(fine.div_ceil(1 << 32)).unwrap_or(u64::MAX))
    }

    fn pass(&mut self, message: Message, fx: &mut Effects<'_>) {
        // The clock goes in whole nanoseconds: a message that waited for its token passes up to one late, which must not add up.
        let now = fine(fx.now());
        let begun = if now.saturating_sub(self.full_at) < 1 << 32 { self.full_at } else { now };
        self.full_at = begun.saturating_add(self.settings.gap);
        self.passed += 1;
        fx.emit(OUT, message);
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let token = self.next_token();
        if token <= fx.now() {
            return self.pass(message, fx);
        }
        match self.settings.excess {
            Excess::Wait => {
                fx.renew_until(&message, token);
                fx.hold_until(message, token);
            }
            Excess::Drop => fx.drop(message, THROTTLED),
            Excess::Error => fx.reject(message, "came too soon for the rate of the throttle"),
        }
    }
}

impl Behaviour for Throttle {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            // A hold that was cut short, or a rate lowered meanwhile: it is judged anew.
            Event::Message(_, message) | Event::Released(_, message) => self.take(message, fx),
            Event::Start
            | Event::Wake(_)
            | Event::Room(_)
            | Event::Settled { .. }
            | Event::Renewed { .. }
            | Event::Answer(..)
            | Event::Drain => {}
        }
    }

    /// One message waits for its token here; all others wait before the throttle, where they are seen.
    fn intake(&self) -> Intake {
        Intake::Servers { servers: 1, prefetch: 0 }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.settings = ThrottleSettings::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "passed", value: self.passed as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::setting::Setting;
    use serde_json::json;

    fn script(settings: &[(&'static str, &'static str)], burst: i64) -> Script {
        let settings = settings.iter().map(|(name, value)| (*name, Setting::text(*value)));
        Script::new(&THROTTLE, settings.chain([("burst", burst.into())]))
    }

    #[test]
    fn excess_waits_in_order_at_the_rate() {
        let mut throttle = script(&[("rate", "10/s")], 1);
        for number in 0..5 {
            throttle.send("in", json!(number));
        }
        assert_eq!((throttle.held(), throttle.waiting()), (1, 3));
        throttle.run();
        assert_eq!(throttle.times("out"), [0.0, 0.1, 0.2, 0.3, 0.4]);
        assert_eq!(throttle.payloads("out"), (0..5).map(|number| json!(number)).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_bucket_lets_a_burst_pass_and_refills_no_further_than_its_size() {
        let mut throttle = script(&[("rate", "10/s")], 3);
        for number in 0..5 {
            throttle.send("in", json!(number));
        }
        throttle.at("100 s");
        for number in 0..4 {
            throttle.send("in", json!(number));
        }
        throttle.run();
        assert_eq!(throttle.times("out"), [0.0, 0.0, 0.0, 0.1, 0.2, 100.0, 100.0, 100.0, 100.1]);
    }

    #[test]
    fn the_long_run_rate_is_exact() {
        let mut throttle = script(&[("rate", "3/s")], 1);
        for number in 0..3_001 {
            throttle.send("in", json!(number));
        }
        throttle.run();
        assert!((throttle.times("out")[3_000] - 1_000.0).abs() < 1e-6, "{:?}", throttle.times("out").last());
    }

    #[test]
    fn excess_may_be_dropped_or_an_error() {
        let mut dropping = script(&[("rate", "10/s"), ("excess", "drop")], 2);
        for number in 0..4 {
            dropping.send("in", json!(number));
        }
        assert_eq!((dropping.seen().left.len(), dropping.seen().dropped.len()), (2, 2));
        assert_eq!(&*dropping.seen().dropped[0].why, "throttled");
        dropping.at("100 ms").send("in", json!(9));
        assert_eq!(dropping.seen().left.len(), 3, "what is dropped takes no token");
        let mut failing = script(&[("rate", "10/s"), ("excess", "error")], 1);
        for number in 0..2 {
            failing.send("in", json!(number));
        }
        assert_eq!(failing.seen().rejected.len(), 1);
    }

    #[test]
    fn g12_another_rate_comes_into_force_while_running() {
        let mut throttle = script(&[("rate", "1/s")], 1);
        for number in 0..4 {
            throttle.send("in", json!(number));
        }
        throttle.at("1 s");
        assert_eq!(throttle.change([("rate", "10/s".into())]), Change::Kept);
        throttle.run();
        assert_eq!(throttle.times("out"), [0.0, 1.0, 2.0, 2.1]);
    }
}
