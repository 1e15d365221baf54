//! Filter: lets messages pass that fulfil a condition.

use super::{FILTERED, emit_or_drop, error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::Yields;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use crate::units::Moment;

const OUT: usize = 0;
const REST: usize = 1;

/// The descriptor.
pub static FILTER: Kind = Kind {
    name: "filter",
    title: "Filter",
    family: Family::Filter,
    summary: "Lets messages pass that fulfil a condition.",
    guide: include_str!("filter.md"),
    example: r#"(
    format: 1,
    title: "Large orders only",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"order\": {{index}}, \"amount\": {{int 1 200}}}"),
        "large": filter(condition: "message.amount > 100"),
        "kept": sink(),
        "small": sink(),
    },
    pipes: ["orders.out -> large.in", "large.out -> kept.in", "large.rest -> small.in"],
)
"#,
    fields: &[Field::new(
        "Filter",
        "condition",
        "Condition",
        FieldType::Expression(Yields::Bool),
        Preset::Required,
        "A CEL expression, such as message.amount > 100: messages for which it is true pass.",
    )],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![
            Port::output("out", "Messages that fulfil the condition."),
            Port::output("rest", "Messages that do not. Unwired, they are dropped as `filtered`.").optional(),
            error(),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(Filter { condition: form.expression("condition"), passed: 0 }),
    figures: [Figure::RateIn, Figure::LostShare],
};

struct Filter {
    condition: Option<Expression>,
    passed: u64,
}

impl Filter {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        match self.condition.as_ref().map_or(Ok(true), |condition| condition.test(&message)) {
            Ok(true) => {
                self.passed += 1;
                fx.emit(OUT, message);
            }
            Ok(false) => emit_or_drop(fx, REST, message, FILTERED),
            Err(error) => fx.reject(message, error.message),
        }
    }
}

impl Behaviour for Filter {
    #[inline(always)]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.condition = form.expression("condition");
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
    use crate::node::script::problems;
    use serde_json::json;

    fn script() -> Script {
        Script::new(&FILTER, [("condition", "message.amount > 100".into())])
    }

    #[test]
    fn what_fulfils_the_condition_passes_unchanged() {
        let mut filter = script();
        let ids = [
            filter.send("in", json!({"amount": 101})),
            filter.send("in", json!({"amount": 100})),
            filter.send("in", json!({"amount": 500})),
        ];
        assert_eq!(filter.payloads("out"), [json!({"amount": 101}), json!({"amount": 500})]);
        assert_eq!(filter.payloads("rest"), [json!({"amount": 100})]);
        assert_eq!(filter.seen().left.iter().map(|left| left.message.id).collect::<Vec<_>>(), ids);
        assert_eq!(filter.gauge("passed"), 2.0);
    }

    #[test]
    fn an_unwired_rest_is_dropped_with_its_reason() {
        let mut filter = script().wired("rest", 0);
        filter.send("in", json!({"amount": 1}));
        assert_eq!(&*filter.seen().dropped[0].why, "filtered");
    }

    #[test]
    fn a_message_that_cannot_be_judged_is_an_error_never_silence() {
        let mut filter = script();
        filter.send("in", json!({"total": 1}));
        filter.send("in", json!({"amount": "many"}));
        assert!(filter.seen().rejected[0].why.contains("no field `amount`"));
        assert!(filter.seen().rejected[1].why.contains('>'));
        let mut wired = script().wired("error", 1);
        wired.send("in", json!(7));
        assert_eq!(wired.payloads("error"), [json!(7)]);
    }

    #[test]
    fn g12_a_changed_condition_is_kept() {
        let mut filter = script();
        assert_eq!(filter.change([("condition", "true".into())]), Change::Kept);
        filter.send("in", json!({}));
        assert_eq!(filter.payloads("out").len(), 1);
    }

    #[test]
    fn a_condition_must_be_there_compile_and_yield_true_or_false() {
        assert!(problems(&FILTER, [])[0].contains("PW201"));
        assert!(problems(&FILTER, [("condition", "mesage.a".into())])[0].contains("did you mean"));
        assert!(problems(&FILTER, [("condition", "1 + (".into())])[0].contains("PW203"));
        assert!(problems(&FILTER, [("condition", "{'a': 1}".into())])[0].contains("a map"));
    }
}
