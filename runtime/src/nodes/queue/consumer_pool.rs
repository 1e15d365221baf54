//! Consumer pool: servers that take messages from a queue, work on each for a while, and may fail.

mod fields;
mod scaling;
mod settings;
#[cfg(test)]
mod tests;

use self::scaling::Scaling;
use self::settings::{FailsBy, PoolSettings, Size};
use super::sharing::Sharing;
use crate::message::{Message, Settlement};
use crate::node::{Answer, Behaviour, Change, Effects, Event, Family, Fault, Figure, Form, Gauge, Intake, Kind, Port, Ports};
use crate::random::Purpose;
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::BTreeMap;

const OUT: usize = 0;
const ERROR: usize = 1;

/// Wakes that stand for something else than the end of shared work; that one has its moment as token.
const POLL: u64 = u64::MAX;
const COME_UP: u64 = u64::MAX - 1;
const RESTART: u64 = u64::MAX - 2;
const LATE: u64 = u64::MAX - 3;
/// How many acknowledgements may be under way late; beyond that they are lost.
const MOST_LATE: usize = 10_000;

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
    fields: fields::FIELDS,
    ports,
    build: |form| Box::new(ConsumerPool::new(PoolSettings::read(form))),
    figures: [Figure::Busy, Figure::RateIn],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to work on.")],
        outputs: vec![
            Port::output("out", "Messages that were worked on. Unwired, they end here: delivered.").optional(),
            Port::error("error", "Messages whose work failed and that no queue takes back, and those that a consumer gives up."),
        ],
        ..Ports::default()
    }
}

struct ConsumerPool {
    settings: PoolSettings,
    /// Who shares the servers, where they are shared.
    sharing: Sharing,
    /// The wake that was asked for, if it has not come.
    awaited: Option<Moment>,
    /// How many servers there are, where the backlog decides.
    scaling: Scaling,
    /// When the process that died comes back.
    down_until: Option<Moment>,
    /// Acknowledgements under way, by when they arrive.
    late: BTreeMap<(Moment, u64), Settlement>,
    late_in_all: u64,
    lost: u64,
    crashes: u64,
    served: u64,
    failed: u64,
}

impl ConsumerPool {
    fn new(settings: PoolSettings) -> Self {
        Self {
            scaling: Scaling::new(&settings.size),
            settings,
            sharing: Sharing::default(),
            awaited: None,
            down_until: None,
            late: BTreeMap::new(),
            late_in_all: 0,
            lost: 0,
            crashes: 0,
            served: 0,
            failed: 0,
        }
    }

    fn servers(&self) -> u32 {
        match self.settings.size {
            _ if self.down_until.is_some() => 0,
            Size::Fixed(servers) => servers,
            Size::Unlimited => u32::MAX,
            Size::Scaled(_) => self.scaling.up(),
        }
    }

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
        self.sharing.advance(fx.now(), self.servers());
        let ticket = fx.hold_until(message, Moment::NEVER);
        self.sharing.begin(ticket, span);
        self.go_on(fx);
    }

    /// Ends what has got all its work, and asks to be woken for the next.
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        let now = fx.now();
        self.sharing.advance(now, self.servers());
        while let Some(ticket) = self.sharing.take_ended() {
            fx.reschedule(ticket, now);
        }
        // A wake that comes too early does no harm, so only an earlier one replaces it.
        if let Some(next) = self.sharing.next_end(self.servers())
            && self.awaited.is_none_or(|awaited| next < awaited)
        {
            self.awaited = Some(next);
            fx.wake(next, next.0);
        }
    }

    fn finish(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        if self.fails(&message, fx) {
            self.failed += 1;
            return self.fail(message, fx);
        }
        self.served += 1;
        message.hops = message.hops.saturating_add(1);
        self.hold_ack_back(&mut message, fx);
        if fx.wired(OUT) > 0 {
            fx.emit(OUT, message);
        } else {
            fx.deliver(message);
        }
    }

    fn fails(&self, message: &Message, fx: &mut Effects<'_>) -> bool {
        if let Some(poison) = &self.settings.poison {
            match poison.test(message) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => fx.error(format!("whether it is poison cannot be told: {error}")),
            }
        }
        let share = self.settings.failure_share;
        share > 0.0 && fx.random(const { Purpose::of("failure") }, message).chance(share)
    }

    fn fail(&mut self, message: Message, fx: &mut Effects<'_>) {
        let deliveries = match &message.settlement {
            Settlement::One(delivery) => delivery.attempt,
            Settlement::None | Settlement::Many(_) => 0,
        };
        let enough = self.settings.gives_up_after > 0 && deliveries >= self.settings.gives_up_after;
        match self.settings.fails_by {
            FailsBy::Crash => self.crash(message, fx),
            _ if enough => Self::give_up(message, &format!("given up after {deliveries} deliveries"), fx),
            FailsBy::GiveUp => Self::give_up(message, "given up: it will never succeed", fx),
            FailsBy::Nack => fx.fail(message, Fault::Returned, "given back"),
            FailsBy::Reject => fx.fail(message, Fault::Failed, "the work failed"),
        }
    }

    /// The consumer sees to it itself, where it has somewhere to put it; else it tells the queue.
    fn give_up(message: Message, error: &str, fx: &mut Effects<'_>) {
        if fx.wired(ERROR) > 0 {
            fx.reject(message, error);
        } else {
            fx.fail(message, Fault::GivenUp, error);
        }
    }

    /// The process dies at work on a message, with everything it has.
    fn crash(&mut self, message: Message, fx: &mut Effects<'_>) {
        let mut random = fx.random_at(const { Purpose::of("restart") }, self.crashes);
        let back = fx.now() + self.settings.restart_after.draw(&mut random);
        self.crashes += 1;
        fx.fail(message, Fault::Crashed, "its consumer died at work on it");
        if matches!(self.settings.size, Size::Scaled(_)) {
            self.scaling.one_died(back, fx);
        } else {
            fx.crash("its consumer died");
            // What is shared was held, and has gone back.
            self.sharing = Sharing::default();
            self.down_until = Some(back);
            fx.wake(back, RESTART);
        }
        fx.intake_changed();
    }

    fn come_back(&mut self, fx: &mut Effects<'_>) {
        if self.down_until.is_some_and(|until| until <= fx.now()) {
            // What was under way to the dead process never arrived.
            fx.crash("its consumer had died");
            self.down_until = None;
            fx.intake_changed();
        }
    }

    /// The work is done; the acknowledgement may be lost, or take its time, apart from the message.
    fn hold_ack_back(&mut self, message: &mut Message, fx: &mut Effects<'_>) {
        let (lost, late) = (self.settings.acks_lost, self.settings.acks_late);
        if (lost == 0.0 && late == 0.0) || message.settlement.deliveries().is_empty() {
            return;
        }
        if lost > 0.0 && fx.random(const { Purpose::of("ack lost") }, message).chance(lost) {
            self.lost += 1;
            message.settlement = Settlement::None;
        } else if late > 0.0 && fx.random(const { Purpose::of("ack late") }, message).chance(late) {
            let span = self.settings.acks_late_by.draw(&mut fx.random(const { Purpose::of("ack late by") }, message));
            let settlement = std::mem::take(&mut message.settlement);
            if self.late.len() >= MOST_LATE {
                self.lost += 1;
                return;
            }
            let at = fx.now() + span;
            self.late_in_all += 1;
            self.late.insert((at, self.late_in_all), settlement);
            fx.wake(at, LATE);
        }
    }

    fn acks_arrive(&mut self, fx: &mut Effects<'_>) {
        while let Some(first) = self.late.first_entry().filter(|first| first.key().0 <= fx.now()) {
            fx.settle(first.remove());
        }
    }
}

impl Behaviour for ConsumerPool {
    #[inline]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.start(message, fx),
            Event::Released(_, message) => self.finish(message, fx),
            Event::Wake(POLL) => self.scaling.poll(fx),
            Event::Wake(COME_UP) => self.scaling.come_up(fx),
            Event::Wake(RESTART) => self.come_back(fx),
            Event::Wake(LATE) => self.acks_arrive(fx),
            Event::Wake(moment) => {
                if self.awaited == Some(Moment(moment)) {
                    self.awaited = None;
                }
                self.go_on(fx);
            }
            Event::Start => self.scaling.start(fx),
            Event::Answer(ticket, Answer::Backlog { messages, stores }) => self.scaling.answered(ticket, messages, stores, fx),
            Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) | Event::Drain => {}
        }
    }

    fn intake(&self) -> Intake {
        let servers = self.servers();
        let ahead = match self.settings.size {
            Size::Scaled(_) => self.settings.prefetch.saturating_mul(servers),
            Size::Fixed(_) | Size::Unlimited => self.settings.prefetch,
        };
        match self.settings.shared {
            None => Intake::Servers { servers, prefetch: if servers == 0 { 0 } else { ahead } },
            Some(most) => Intake::Shared { servers, most: if servers == 0 { 0 } else { most } },
        }
    }

    /// Work under way keeps its time; what starts from now on follows the new settings. Another discipline, or another number of servers to
    /// share, divides up all work anew.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = (self.settings.shared, self.servers());
        self.settings = PoolSettings::read(form);
        self.scaling.change(&self.settings.size);
        let after = (self.settings.shared, self.servers());
        let anew = before.0.is_some() != after.0.is_some() || (after.0.is_some() && before.1 != after.1);
        if anew { Change::Restart } else { Change::Kept }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "served", value: self.served as f64, unit: "messages" });
        gauges.push(Gauge { name: "failed", value: self.failed as f64, unit: "messages" });
        if self.settings.fails_by == FailsBy::Crash {
            gauges.push(Gauge { name: "crashes", value: self.crashes as f64, unit: "" });
        }
        if self.settings.acks_lost > 0.0 || self.settings.acks_late > 0.0 {
            gauges.push(Gauge { name: "acks lost", value: self.lost as f64, unit: "messages" });
            gauges.push(Gauge { name: "acks late", value: self.late_in_all as f64, unit: "messages" });
        }
        if matches!(self.settings.size, Size::Scaled(_)) {
            self.scaling.gauges(gauges);
        }
    }
}
