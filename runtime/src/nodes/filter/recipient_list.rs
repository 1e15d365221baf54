//! Recipient list: sends each message to every output whose rule it fulfils.

use super::route::{check_names, names};
use super::{emit_or_drop, error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::setting::Settings;

const UNROUTED: &str = "unrouted";

/// The descriptor.
pub static RECIPIENT_LIST: Kind = Kind {
    name: "recipient_list",
    title: "Recipient list",
    family: Family::Filter,
    summary: "Sends each message to every output whose rule it fulfils.",
    guide: include_str!("recipient_list.md"),
    example: r#"(
    format: 1,
    title: "Who needs to know of an order",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"amount\": {{int 0 200}}, \"country\": {{pick \"CH\" \"US\" \"JP\"}}}"),
        "tell": recipient_list(rules: {
            "billing": "message.amount > 0",
            "customs": "message.country != 'CH'",
        }),
        "billing": sink(),
        "customs": sink(),
        "gifts": sink(),
    },
    pipes: ["orders.out -> tell.in", "tell.billing -> billing.in", "tell.customs -> customs.in", "tell.otherwise -> gifts.in"],
)
"#,
    fields: &[Field::new(
        "Recipients",
        "rules",
        "Rules",
        FieldType::Rules,
        Preset::Required,
        "Outputs by name, each with a condition. A message leaves at every one whose condition is true.",
    )
    .source("Hohpe and Woolf, Enterprise Integration Patterns: Recipient List")],
    ports: |settings: &Settings| {
        let by_rule = |name: String| Port { name: name.into(), ..Port::output("", "Messages that fulfil this rule.") };
        let otherwise = Port::output("otherwise", "Messages that fulfil no rule. Unwired, they are dropped as `unrouted`.").optional();
        let outputs = names(settings, "rules").into_iter().map(by_rule).chain([otherwise, error()]).collect();
        Ports { inputs: vec![input()], outputs, ..Ports::default() }
    },
    build: |form| Box::new(RecipientList { rules: rules(form) }),
    figures: [Figure::RateIn, Figure::RateOut],
};

/// The rules, in the order of their outputs.
fn rules(form: &mut Form<'_>) -> Vec<Expression> {
    let compiled = form.expressions("rules");
    check_names(form, "rules", compiled.iter().map(|(name, _)| name.as_str()));
    compiled.into_iter().map(|(_, expression)| expression).collect()
}

struct RecipientList {
    rules: Vec<Expression>,
}

impl RecipientList {
    fn take(&self, message: Message, fx: &mut Effects<'_>) {
        let mut fulfilled = Vec::new();
        for (port, rule) in self.rules.iter().enumerate() {
            match rule.test(&message) {
                Ok(true) => fulfilled.push(port),
                Ok(false) => {}
                Err(error) => return fx.reject(message, format!("{}: {error}", rule.source())),
            }
        }
        let Some((last, others)) = fulfilled.split_last() else {
            return emit_or_drop(fx, self.rules.len(), message, UNROUTED);
        };
        for port in others {
            fx.copy(*port, message.clone());
        }
        fx.emit(*last, message);
    }
}

impl Behaviour for RecipientList {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    /// Other conditions are taken over; another number of outputs is another node.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = self.rules.len();
        self.rules = rules(form);
        if self.rules.len() == before { Change::Kept } else { Change::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use crate::setting::Setting;
    use serde_json::json;

    fn list(pairs: &[(&str, &str)]) -> Setting {
        Setting::Map(pairs.iter().map(|(name, text)| ((*name).to_owned(), Setting::text(*text))).collect())
    }

    #[test]
    fn every_rule_that_is_true_gets_a_copy_with_the_same_id() {
        let mut tell = Script::new(&RECIPIENT_LIST, [("rules", list(&[("small", "message < 10"), ("even", "message % 2 == 0")]))]);
        let ids: Vec<_> = [2, 3, 12, 13].map(|number| tell.send("in", json!(number))).into();
        assert_eq!(tell.payloads("small"), [json!(2), json!(3)]);
        assert_eq!(tell.payloads("even"), [json!(2), json!(12)]);
        assert_eq!(tell.payloads("otherwise"), [json!(13)]);
        assert_eq!(tell.seen().left.iter().filter(|left| left.message.id == ids[0]).count(), 2);
    }

    #[test]
    fn a_rule_that_fails_keeps_the_message_from_all() {
        let mut tell = Script::new(&RECIPIENT_LIST, [("rules", list(&[("all", "true"), ("odd", "message.a > 1")]))]).wired("otherwise", 0);
        tell.send("in", json!({}));
        assert_eq!((tell.seen().left.len(), tell.seen().rejected.len()), (0, 1));
        let mut nobody = Script::new(&RECIPIENT_LIST, [("rules", list(&[("none", "false")]))]).wired("otherwise", 0);
        nobody.send("in", json!(1));
        assert_eq!(&*nobody.seen().dropped[0].why, "unrouted");
    }

    #[test]
    fn names_of_outputs_are_checked() {
        assert!(problems(&RECIPIENT_LIST, [("rules", list(&[("error", "true")]))])[0].contains("take another name"));
        assert!(problems(&RECIPIENT_LIST, [("rules", list(&[("a b", "true")]))])[0].contains("cannot be"));
    }
}
