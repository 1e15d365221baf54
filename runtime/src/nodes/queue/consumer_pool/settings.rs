//! The settings of a consumer pool, read.

use super::scaling::ScalingRules;
use crate::distribution::Distribution;
use crate::expr::Expression;
use crate::node::Form;
use crate::units::Span;

/// How many servers there are.
#[derive(Clone, PartialEq, Debug)]
pub enum Size {
    /// So many.
    Fixed(u32),
    /// One for every message.
    Unlimited,
    /// As many as the backlog asks for.
    Scaled(ScalingRules),
}

/// How a failure reaches the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailsBy {
    /// The work failed.
    Reject,
    /// Not tried.
    Nack,
    /// Never again.
    GiveUp,
    /// The process dies.
    Crash,
}

/// What a pool goes by.
pub struct PoolSettings {
    pub size: Size,
    pub prefetch: u32,
    /// How many messages may share the servers; `None`: each has one to itself.
    pub shared: Option<u32>,
    pub renews: bool,
    pub service: Distribution,
    pub failure_share: f64,
    pub poison: Option<Expression>,
    pub fails_by: FailsBy,
    pub restart_after: Distribution,
    /// Deliveries; 0: never.
    pub gives_up_after: u32,
    pub acks_lost: f64,
    pub acks_late: f64,
    pub acks_late_by: Distribution,
}

impl PoolSettings {
    pub fn read(form: &mut Form<'_>) -> Self {
        let servers = form.integer("servers").map_or(1, |number| number as u32);
        let scaled = ScalingRules::read(form);
        let span = |form: &mut Form<'_>, name: &str, usual: Span| form.distribution(name).unwrap_or(Distribution::Constant(usual));
        Self {
            size: match form.choice("size") {
                "unlimited" => Size::Unlimited,
                "scaled" => Size::Scaled(scaled),
                _ => Size::Fixed(servers),
            },
            prefetch: form.integer("prefetch").map_or(0, |number| number as u32),
            shared: (form.choice("discipline") == "shared").then(|| form.integer("most_shared").map_or(10_000, |number| number as u32)),
            renews: form.flag("renew_locks"),
            service: span(form, "service", Span::millis(10)),
            failure_share: form.number("failure_share").unwrap_or(0.0),
            poison: form.expression("poison"),
            fails_by: match form.choice("fails_by") {
                "nack" => FailsBy::Nack,
                "give_up" => FailsBy::GiveUp,
                "crash" => FailsBy::Crash,
                _ => FailsBy::Reject,
            },
            restart_after: span(form, "restart_after", Span::secs(1)),
            gives_up_after: form.integer("gives_up_after").map_or(0, |number| number as u32),
            acks_lost: form.number("acks_lost").unwrap_or(0.0),
            acks_late: form.number("acks_late").unwrap_or(0.0),
            acks_late_by: span(form, "acks_late_by", Span::secs(10)),
        }
    }
}
