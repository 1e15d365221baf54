//! Consumer pool: servers that take messages from a queue, work on each for a while, and may fail.

use crate::distribution::Distribution;
use crate::message::Message;
use crate::node::field::Word;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset};
use crate::random::Purpose;
use crate::setting::{Setting, Settings};
use crate::units::{Moment, Span};

const OUT: usize = 0;

/// The descriptor.
pub static CONSUMER_POOL: Kind = Kind {
    name: "consumer_pool",
    title: "Consumer pool",
    family: Family::Queue,
    summary: "Servers that take messages, work on each for a while, and may fail.",
    guide: include_str!("consumer_pool.md"),
    example: r#"(
    format: 1,
    title: "Two pools compete",
    nodes: {
        "orders": generator(rate: "100/s"),
        "work": queue(),
        "fast": consumer_pool(servers: 2, service: exponential(mean: "10 ms")),
        "slow": consumer_pool(servers: 4, service: log_normal(mean: "80 ms", deviation: "40 ms"), failure_share: 0.02),
    },
    pipes: [
        "orders.out -> work.in",
        "work.out -> fast.in",
        "work.out -> slow.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Servers",
            "size",
            "Size",
            FieldType::Choice(&[
                Word { name: "fixed", label: "Fixed", help: "As many servers as set." },
                Word {
                    name: "unlimited",
                    label: "Unlimited",
                    help: "A server for every message: nothing ever waits. Delays without contention.",
                },
            ]),
            Preset::Word("fixed"),
            "Whether the number of servers is bounded.",
        ),
        Field::new(
            "Servers",
            "servers",
            "Servers",
            FieldType::Integer(1, 100_000),
            Preset::Integer(1),
            "How many messages are worked on at the same time.",
        )
        .unit("servers")
        .when("size", &["fixed"]),
        Field::new(
            "Servers",
            "prefetch",
            "Prefetch",
            FieldType::Integer(0, 65_535),
            Preset::Integer(0),
            "How many messages to take from the queue ahead of need. They wait here, where no other consumer can have them.",
        )
        .unit("messages")
        .source("RabbitMQ, consumer prefetch"),
        Field::new(
            "Work",
            "service",
            "Service time",
            FieldType::Distribution,
            Preset::Made(|| Setting::text("10 ms")),
            "How long one server works on one message.",
        ),
        Field::new(
            "Work",
            "failure_share",
            "Failure share",
            FieldType::Share,
            Preset::Number(0.0),
            "With this probability the work fails when its time is over; the message goes back to its queue.",
        ),
    ],
    ports,
    build: |form| Box::new(ConsumerPool { settings: PoolSettings::read(form), failed: 0, served: 0 }),
    figures: [Figure::Busy, Figure::RateIn],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to work on.")],
        outputs: vec![
            Port::output("out", "Messages that were worked on. Unwired, they end here: delivered.").optional(),
            Port::error("error", "Messages whose work failed and that no queue takes back."),
        ],
        ..Ports::default()
    }
}

struct PoolSettings {
    servers: u32,
    prefetch: u32,
    service: Distribution,
    failure_share: f64,
}

impl PoolSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let servers = form.integer("servers").map_or(1, |number| number as u32);
        Self {
            servers: if form.choice("size") == "unlimited" { u32::MAX } else { servers },
            prefetch: form.integer("prefetch").map_or(0, |number| number as u32),
            service: form.distribution("service").unwrap_or(Distribution::Constant(Span::millis(10))),
            failure_share: form.number("failure_share").unwrap_or(0.0),
        }
    }
}

struct ConsumerPool {
    settings: PoolSettings,
    served: u64,
    failed: u64,
}

impl ConsumerPool {
    fn finish(&mut self, message: Message, fx: &mut Effects<'_>) {
        let share = self.settings.failure_share;
        if share > 0.0 && fx.random(Purpose("failure"), &message).chance(share) {
            self.failed += 1;
            return fx.nack(message, "the work failed");
        }
        self.served += 1;
        if fx.wired(OUT) > 0 {
            fx.emit(OUT, message);
        } else {
            fx.deliver(message);
        }
    }
}

impl Behaviour for ConsumerPool {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => {
                let span = self.settings.service.draw(&mut fx.random(Purpose("service"), &message));
                fx.hold(message, span);
            }
            Event::Released(_, message) => self.finish(message, fx),
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
        Intake::Servers { servers: self.settings.servers, prefetch: self.settings.prefetch }
    }

    /// Work under way keeps its time; what starts from now on follows the new settings.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.settings = PoolSettings::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "served", value: self.served as f64, unit: "messages" });
        gauges.push(Gauge { name: "failed", value: self.failed as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn g8_works_on_as_many_as_there_are_servers() {
        let mut pool = Script::new(&CONSUMER_POOL, [("servers", 2.into()), ("service", "1 s".into())]);
        for number in 0..5 {
            pool.send("in", json!(number));
        }
        assert_eq!((pool.held(), pool.waiting()), (2, 3));
        pool.run();
        assert_eq!(pool.times("out"), [1.0, 1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn unlimited_means_that_nothing_waits() {
        let mut pool = Script::new(&CONSUMER_POOL, [("size", "unlimited".into()), ("service", "1 s".into())]);
        for number in 0..1_000 {
            pool.send("in", json!(number));
        }
        assert_eq!((pool.held(), pool.waiting()), (1_000, 0));
        pool.run();
        assert!(pool.times("out").iter().all(|at| *at == 1.0));
    }

    #[test]
    fn g6_an_unwired_output_means_delivered() {
        let mut pool = Script::new(&CONSUMER_POOL, []).wired("out", 0);
        pool.send("in", json!(1));
        pool.run();
        assert_eq!(pool.seen().delivered.len(), 1);
    }

    #[test]
    fn g4_failed_work_goes_back_to_its_store_or_fails_here() {
        let mut pool = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into())]);
        pool.send("in", json!("nobody waits"));
        let mut message = pool.message(json!("a queue waits"));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        pool.send_message("in", message).run();
        assert_eq!((pool.seen().rejected.len(), pool.seen().nacked.len()), (1, 1));
        let mut wired = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into())]).wired("error", 1);
        wired.send("in", json!(1));
        wired.run();
        assert_eq!(wired.payloads("error"), [json!(1)]);
    }

    #[test]
    fn g11_failures_and_times_belong_to_the_message() {
        let run = |order: [u64; 200]| {
            let mut pool = Script::new(&CONSUMER_POOL, [("failure_share", 0.3.into()), ("servers", 1_000.into())]);
            for number in order {
                let mut message = pool.message(json!(number));
                message.id = crate::id::MessageId::entering(1, [number, number]);
                pool.send_message("in", message);
            }
            pool.run();
            let mut failed: Vec<u64> =
                pool.seen().rejected.iter().map(|end| end.message.payload.value().unwrap().as_u64().unwrap()).collect();
            failed.sort_unstable();
            failed
        };
        let forward = run(std::array::from_fn(|number| number as u64));
        assert_eq!(forward, run(std::array::from_fn(|number| 199 - number as u64)));
        assert!((40..80).contains(&forward.len()), "{}", forward.len());
    }

    #[test]
    fn g12_a_changed_pool_keeps_its_work() {
        let mut pool = Script::new(&CONSUMER_POOL, [("servers", 1.into()), ("service", "2 s".into())]);
        for number in 0..3 {
            pool.send("in", json!(number));
        }
        pool.at("1 s");
        assert_eq!(pool.change([("servers", 2.into()), ("service", "1 s".into())]), Change::Kept);
        pool.run();
        assert_eq!(pool.times("out"), [2.0, 2.0, 3.0]);
    }
}
