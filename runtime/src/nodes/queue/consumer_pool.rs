//! Consumer pool: servers that take messages from a queue, work on each for a while, and may fail.

use super::sharing::Sharing;
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
        .source("RabbitMQ, consumer prefetch")
        .when("discipline", &["one_each"]),
        Field::new(
            "Servers",
            "discipline",
            "Discipline",
            FieldType::Choice(&[
                Word { name: "one_each", label: "One message each", help: "A server works on one message until it is done." },
                Word {
                    name: "shared",
                    label: "Shared",
                    help: "All messages inside are worked on at once and share the servers evenly (processor sharing), as threads share cores. None waits; the more there are, the slower all go.",
                },
            ]),
            Preset::Word("one_each"),
            "How the servers divide up the work.",
        )
        .source("Kleinrock, Queueing Systems II, section 4.4: processor sharing"),
        Field::new(
            "Servers",
            "most_shared",
            "Most at once",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(10_000),
            "How many messages may share the servers at once; more wait in the queue.",
        )
        .unit("messages")
        .when("discipline", &["shared"]),
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
        Field::new(
            "Work",
            "renew_locks",
            "Renew locks",
            FieldType::Flag,
            Preset::Flag(true),
            "Whether the pool renews the lock of a message every 10 s for as long as it works on it. Without that, work longer than the queue's lock is handed out a second time.",
        )
        .source("Azure Service Bus and Google Pub/Sub clients extend locks by themselves while a message is processed"),
    ],
    ports,
    build: |form| Box::new(ConsumerPool { settings: PoolSettings::read(form), sharing: Sharing::default(), awaited: None, failed: 0, served: 0 }),
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
    /// How many messages may share the servers; `None`: each has one to itself.
    shared: Option<u32>,
    renews: bool,
    service: Distribution,
    failure_share: f64,
}

impl PoolSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let servers = form.integer("servers").map_or(1, |number| number as u32);
        Self {
            servers: if form.choice("size") == "unlimited" { u32::MAX } else { servers },
            prefetch: form.integer("prefetch").map_or(0, |number| number as u32),
            shared: (form.choice("discipline") == "shared").then(|| form.integer("most_shared").map_or(10_000, |number| number as u32)),
            renews: form.flag("renew_locks"),
            service: form.distribution("service").unwrap_or(Distribution::Constant(Span::millis(10))),
            failure_share: form.number("failure_share").unwrap_or(0.0),
        }
    }
}

struct ConsumerPool {
    settings: PoolSettings,
    /// Who shares the servers, where they are shared.
    sharing: Sharing,
    /// The wake that was asked for, if it has not come.
    awaited: Option<Moment>,
    served: u64,
    failed: u64,
}

impl ConsumerPool {
    fn start(&mut self, message: Message, fx: &mut Effects<'_>) {
        let span = self.settings.service.draw(&mut fx.random(const { Purpose::of("service") }, &message));
        if self.settings.shared.is_none() {
            if self.settings.renews {
                fx.renew_until(&message, fx.now() + span);
            }
            fx.hold(message, span);
            return;
        }
        if self.settings.renews {
            // Nobody knows how long it takes in company.
            fx.renew_until(&message, Moment::NEVER);
        }
        self.sharing.advance(fx.now(), self.settings.servers);
        let ticket = fx.hold_until(message, Moment::NEVER);
        self.sharing.begin(ticket, span);
        self.go_on(fx);
    }

    /// Ends what has got all its work, and asks to be woken for the next.
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        let now = fx.now();
        self.sharing.advance(now, self.settings.servers);
        while let Some(ticket) = self.sharing.take_ended() {
            fx.reschedule(ticket, now);
        }
        // A wake that comes too early does no harm, so only an earlier one replaces it.
        if let Some(next) = self.sharing.next_end(self.settings.servers)
            && self.awaited.is_none_or(|awaited| next < awaited)
        {
            self.awaited = Some(next);
            fx.wake(next, next.0);
        }
    }

    fn finish(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        let share = self.settings.failure_share;
        if share > 0.0 && fx.random(const { Purpose::of("failure") }, &message).chance(share) {
            self.failed += 1;
            return fx.nack(message, "the work failed");
        }
        self.served += 1;
        message.hops = message.hops.saturating_add(1);
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
            Event::Message(_, message) => self.start(message, fx),
            Event::Released(_, message) => self.finish(message, fx),
            Event::Wake(moment) => {
                if self.awaited == Some(Moment(moment)) {
                    self.awaited = None;
                }
                self.go_on(fx);
            }
            Event::Start | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) | Event::Drain => {}
        }
    }

    fn intake(&self) -> Intake {
        match self.settings.shared {
            None => Intake::Servers { servers: self.settings.servers, prefetch: self.settings.prefetch },
            Some(most) => Intake::Shared { servers: self.settings.servers, most },
        }
    }

    /// Work under way keeps its time; what starts from now on follows the new settings. Another discipline, or another number of servers to
    /// share, divides up all work anew.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = (self.settings.shared, self.settings.servers);
        self.settings = PoolSettings::read(form);
        let after = (self.settings.shared, self.settings.servers);
        let anew = before.0.is_some() != after.0.is_some() || (after.0.is_some() && before.1 != after.1);
        if anew { Change::Restart } else { Change::Kept }
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
    fn shared_servers_go_slower_the_more_there_is_to_do() {
        let settings = [("discipline", "shared".into()), ("service", "1 s".into())];
        let mut pool = Script::new(&CONSUMER_POOL, settings);
        pool.send("in", json!(0));
        pool.at("500 ms").send("in", json!(1));
        assert_eq!((pool.held(), pool.waiting()), (2, 0));
        pool.run();
        // The first has half left when the second comes: both get that half by 1.5 s. Then the second is alone with its other half.
        assert_eq!(pool.times("out"), [1.5, 2.0]);
        let settings = [("discipline", "shared".into()), ("service", "1 s".into()), ("servers", 2.into()), ("most_shared", 4.into())];
        let mut pool = Script::new(&CONSUMER_POOL, settings);
        for number in 0..5 {
            pool.send("in", json!(number));
        }
        assert_eq!((pool.held(), pool.waiting()), (4, 1));
        pool.run();
        assert_eq!(pool.times("out"), [2.0, 2.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn g4_long_work_renews_its_lock_unless_told_otherwise() {
        for (renews, service, renewed) in [(true, "11 s", 1), (true, "10 s", 0), (false, "11 s", 0)] {
            let mut pool = Script::new(&CONSUMER_POOL, [("renew_locks", renews.into()), ("service", service.into())]);
            let mut message = pool.message(json!(1));
            message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
            pool.send_message("in", message).run();
            assert_eq!(pool.seen().renewed.len(), renewed, "{renews} {service}");
        }
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
