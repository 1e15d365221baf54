//! How many consumers a pool has, where the backlog decides: the arithmetic of KEDA and of the horizontal pod autoscaler behind it.
//!
//! From time to time the pool asks its queues how much there is to do, what is handed out and not settled included. It wants
//! backlog / target consumers, rounded up, within its limits. What is wanted more is started at once and works after its start-up time; what
//! is wanted less is let go when no more than that was wanted for the whole cool-down. A consumer that is let go ends its work first.

use super::settings::Size;
use super::{COME_UP, POLL};
use crate::distribution::Distribution;
use crate::node::{Ask, Effects, Form, Gauge, Ticket};
use crate::random::Purpose;
use crate::units::{Moment, Span};
use std::collections::VecDeque;

/// By what a pool is scaled.
#[derive(Clone, PartialEq, Debug)]
pub struct ScalingRules {
    target: u64,
    least: u32,
    most: u32,
    poll: Span,
    cool_down: Span,
    start_up: Distribution,
}

impl ScalingRules {
    pub fn read(form: &mut Form<'_>) -> Self {
        let rules = Self {
            target: form.integer("target").map_or(5, |number| number as u64),
            least: form.integer("least_servers").map_or(0, |number| number as u32),
            most: form.integer("most_servers").map_or(100, |number| number as u32),
            poll: form.span("poll").unwrap_or(Span::secs(30)),
            cool_down: form.span("cool_down").unwrap_or(Span::secs(300)),
            start_up: form.distribution("start_up").unwrap_or(Distribution::Constant(Span::secs(5))),
        };
        if rules.least > rules.most {
            let message = format!("at least {} and at most {} cannot both hold", rules.least, rules.most);
            form.problem("least_servers", message, "lower `least_servers`, or raise `most_servers`");
        }
        rules
    }

    /// How many consumers a backlog asks for.
    fn wanted(&self, backlog: u64) -> u32 {
        let needed = u32::try_from(backlog.div_ceil(self.target.max(1))).unwrap_or(u32::MAX);
        needed.max(self.least).min(self.most)
    }
}

/// How many consumers there are, come up, and are wanted.
pub struct Scaling {
    rules: Option<ScalingRules>,
    up: u32,
    /// When those come up that are being started, earliest first.
    starting: VecDeque<Moment>,
    started: u64,
    /// What was wanted at each look within the cool-down.
    looks: VecDeque<(Moment, u32)>,
    wanted: u32,
    /// Whether a wake for the next look is under way.
    polling: bool,
    /// The question under way, and what came back so far: answers and messages.
    asked: Option<(Ticket, u32, u64)>,
}

impl Scaling {
    pub fn new(size: &Size) -> Self {
        let mut scaling = Self {
            rules: None,
            up: 0,
            starting: VecDeque::new(),
            started: 0,
            looks: VecDeque::new(),
            wanted: 0,
            polling: false,
            asked: None,
        };
        scaling.change(size);
        scaling
    }

    /// Other rules. Those that a pool has it keeps until the next look.
    pub fn change(&mut self, size: &Size) {
        let rules = match size {
            Size::Scaled(rules) => Some(rules.clone()),
            Size::Fixed(_) | Size::Unlimited => None,
        };
        if let Some(rules) = rules.as_ref().filter(|_| self.rules.is_none()) {
            (self.up, self.wanted) = (rules.least, rules.least);
            self.starting.clear();
            self.looks.clear();
        }
        self.rules = rules;
    }

    pub const fn up(&self) -> u32 {
        self.up
    }

    /// Looks for the first time, if nobody has looked.
    pub fn start(&mut self, fx: &mut Effects<'_>) {
        if self.rules.is_some() && !self.polling {
            self.poll(fx);
        }
    }

    /// Looks, and will look again.
    pub fn poll(&mut self, fx: &mut Effects<'_>) {
        self.polling = self.rules.is_some();
        if let Some(rules) = &self.rules {
            fx.wake(fx.now() + rules.poll, POLL);
            self.asked = Some((fx.ask(Ask::Backlog), 0, 0));
        }
    }

    /// One of the queues has answered; after the last one it is decided.
    pub fn answered(&mut self, ticket: Ticket, messages: u64, stores: u32, fx: &mut Effects<'_>) {
        let Some((asked, answers, sum)) = &mut self.asked else { return };
        if *asked != ticket {
            return;
        }
        *answers += 1;
        *sum += messages;
        if *answers >= stores {
            let backlog = *sum;
            self.asked = None;
            self.decide(backlog, fx);
        }
    }

    fn decide(&mut self, backlog: u64, fx: &mut Effects<'_>) {
        let Some(rules) = self.rules.clone() else { return };
        let now = fx.now();
        self.wanted = rules.wanted(backlog);
        while self.looks.front().is_some_and(|(at, _)| now.since(*at) >= rules.cool_down) {
            self.looks.pop_front();
        }
        self.looks.push_back((now, self.wanted));
        let kept = self.looks.iter().map(|(_, wanted)| *wanted).max().unwrap_or(0);
        let before = (self.up, self.all());
        while self.all() < self.wanted {
            let span = rules.start_up.draw(&mut fx.random_at(const { Purpose::of("start-up") }, self.started));
            self.started += 1;
            self.comes_up_at(now + span, fx);
        }
        while self.all() > kept {
            // Those that have not come up go first.
            if self.starting.pop_back().is_none() {
                self.up -= 1;
            }
        }
        if before.1 != self.all() {
            fx.note(format!("{} consumers instead of {}: {backlog} messages to do, {} for each", self.all(), before.1, rules.target));
        }
        if before.0 != self.up {
            fx.intake_changed();
        }
    }

    fn comes_up_at(&mut self, moment: Moment, fx: &mut Effects<'_>) {
        let at = self.starting.partition_point(|other| *other <= moment);
        self.starting.insert(at, moment);
        fx.wake(moment, COME_UP);
    }

    /// Up and starting ones.
    fn all(&self) -> u32 {
        self.up + self.starting.len() as u32
    }

    /// Those whose start-up time is over work from now on.
    pub fn come_up(&mut self, fx: &mut Effects<'_>) {
        let before = self.up;
        while self.starting.front().is_some_and(|moment| *moment <= fx.now()) {
            self.starting.pop_front();
            self.up += 1;
        }
        if self.up != before {
            fx.intake_changed();
        }
    }

    /// One died, and is started again.
    pub fn one_died(&mut self, back: Moment, fx: &mut Effects<'_>) {
        if self.up > 0 {
            self.up -= 1;
            self.comes_up_at(back, fx);
        }
    }

    pub fn gauges(&self, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u32| Gauge { name, value: f64::from(value), unit: "servers" };
        gauges.extend([count("consumers", self.up), count("starting", self.starting.len() as u32), count("wanted", self.wanted)]);
    }
}
