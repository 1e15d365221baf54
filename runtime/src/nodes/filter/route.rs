//! Route: sends each message to the first output whose rule it fulfils.

use super::{emit_or_drop, error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::setting::{Setting, Settings};

/// Rules beyond this many have no output.
const MOST_RULES: usize = 64;
const UNROUTED: &str = "unrouted";
/// Names of the ports that are always there.
const TAKEN: [&str; 2] = ["otherwise", "error"];

/// The descriptor.
pub static ROUTE: Kind = Kind {
    name: "route",
    title: "Route",
    family: Family::Filter,
    summary: "Sends each message to the first output whose rule it fulfils.",
    guide: include_str!("route.md"),
    example: r#"(
    format: 1,
    title: "By region",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"region\": {{pick \"eu\" \"us\" \"asia\"}}, \"amount\": {{int 1 200}}}"),
        "region": route(rules: {
            "large": "message.amount > 180",
            "europe": "message.region == 'eu'",
        }),
        "by-hand": sink(),
        "near": sink(),
        "far": sink(),
    },
    pipes: [
        "orders.out -> region.in",
        "region.large -> by-hand.in",
        "region.europe -> near.in",
        "region.otherwise -> far.in",
    ],
)
"#,
    fields: &[Field::new(
        "Route",
        "rules",
        "Rules",
        FieldType::Rules,
        Preset::Required,
        "Outputs by name, each with a condition. A message leaves at the first one whose condition is true, from the top.",
    )],
    ports,
    build: |form| Box::new(Route::read(form)),
    figures: [Figure::RateIn, Figure::PipesOut],
};

/// Whether a rule's name may be the name of a port.
fn good_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !TAKEN.contains(&name)
}

/// The names in this setting that get an output: good ones, each once.
pub(super) fn names(settings: &Settings, field: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if let Some(Setting::Map(rules)) = settings.get(field) {
        for (name, _) in rules {
            if names.len() < MOST_RULES && good_name(name) && !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

fn ports(settings: &Settings) -> Ports {
    let by_rule = |name: String| Port { name: name.into(), ..Port::output("", "Messages that fulfil this rule, and none above it.") };
    let otherwise = Port::output("otherwise", "Messages that fulfil no rule. Unwired, they are dropped as `unrouted`.").optional();
    let outputs = names(settings, "rules").into_iter().map(by_rule).chain([otherwise, error()]).collect();
    Ports { inputs: vec![input()], outputs, ..Ports::default() }
}

/// Problems of the names in a setting that become outputs.
pub(super) fn check_names<'n>(form: &mut Form<'_>, field: &str, names: impl Iterator<Item = &'n str>) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        let hint = "The name is that of an output: a letter, then letters, digits, `_` or `-`, each name once.";
        if TAKEN.contains(&name) {
            form.problem(field, format!("`{name}` is an output that every route has; take another name"), hint);
        } else if !good_name(name) {
            form.problem(field, format!("`{name}` cannot be the name of an output"), hint);
        } else if seen.contains(&name) {
            form.problem(field, format!("there are two {field} with the name `{name}`"), hint);
        }
        seen.push(name);
    }
    if seen.len() > MOST_RULES {
        form.problem(field, format!("{} {field} are more than {MOST_RULES}", seen.len()), "Put a second one behind the last output.");
    }
}

struct Route {
    rules: Vec<Expression>,
}

impl Route {
    fn read(form: &mut Form<'_>) -> Self {
        let compiled = form.expressions("rules");
        check_names(form, "rules", compiled.iter().map(|(name, _)| name.as_str()));
        // With a problem there is no run, so from here on the rules stand in the order of the outputs.
        Self { rules: compiled.into_iter().map(|(_, expression)| expression).collect() }
    }

    fn take(&self, message: Message, fx: &mut Effects<'_>) {
        for (port, rule) in self.rules.iter().enumerate() {
            match rule.test(&message) {
                Ok(true) => return fx.emit(port, message),
                Ok(false) => {}
                Err(error) => return fx.reject(message, format!("{}: {error}", rule.source())),
            }
        }
        emit_or_drop(fx, self.rules.len(), message, UNROUTED);
    }
}

impl Behaviour for Route {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    /// Other conditions are taken over; another number of outputs is another node.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = self.rules.len();
        *self = Self::read(form);
        if self.rules.len() == before { Change::Kept } else { Change::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::script::problems;
    use crate::node::{PortRole, Script};
    use serde_json::json;

    fn rules(pairs: &[(&str, &str)]) -> [(&'static str, Setting); 1] {
        [("rules", Setting::Map(pairs.iter().map(|(name, text)| ((*name).to_owned(), Setting::text(*text))).collect()))]
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let mut route = Script::new(&ROUTE, rules(&[("large", "message > 100"), ("even", "message % 2 == 0")]));
        for number in [200, 7, 8, 101] {
            route.send("in", json!(number));
        }
        assert_eq!(route.payloads("large"), [json!(200), json!(101)]);
        assert_eq!(route.payloads("even"), [json!(8)]);
        assert_eq!(route.payloads("otherwise"), [json!(7)]);
    }

    #[test]
    fn what_no_rule_wants_is_dropped_with_a_reason_and_failures_are_errors() {
        let mut route = Script::new(&ROUTE, rules(&[("large", "message > 100")])).wired("otherwise", 0);
        route.send("in", json!(1));
        route.send("in", json!("a"));
        assert_eq!(&*route.seen().dropped[0].why, "unrouted");
        assert!(route.seen().rejected[0].why.contains("message > 100"));
    }

    #[test]
    fn outputs_follow_the_rules_whatever_they_are() {
        let ports = |pairs: &[(&str, &str)]| {
            let settings: Settings = rules(pairs).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            (ROUTE.ports)(&settings).outputs.iter().map(|port| port.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(ports(&[("b", "true"), ("a", "nonsense (")]), ["b", "a", "otherwise", "error"]);
        assert_eq!(ports(&[("a", ""), ("a", ""), ("1", ""), ("error", ""), ("a b", "")]), ["a", "otherwise", "error"]);
        let odd: Settings = [("rules".to_owned(), Setting::Flag(true))].into_iter().collect();
        assert_eq!((ROUTE.ports)(&odd).outputs.len(), 2);
        assert_eq!((ROUTE.ports)(&odd).outputs[1].role, PortRole::Error);
    }

    #[test]
    fn bad_rules_are_problems() {
        for (pairs, words) in [
            (&[("error", "true")][..], "every route has"),
            (&[("2nd", "true")], "cannot be the name"),
            (&[("a", "true"), ("a", "false")], "two rules"),
            (&[("a", "mesage")], "did you mean"),
        ] {
            let found = problems(&ROUTE, rules(pairs));
            assert!(found.iter().any(|problem| problem.contains(words)), "{found:?}");
        }
        assert!(problems(&ROUTE, [])[0].contains("PW201"));
    }

    #[test]
    fn g12_other_conditions_are_kept_other_outputs_restart() {
        let mut route = Script::new(&ROUTE, rules(&[("a", "true")]));
        assert_eq!(route.change(rules(&[("a", "false")])), Change::Kept);
        route.send("in", json!(1));
        assert_eq!(route.payloads("otherwise").len(), 1);
        assert_eq!(route.change(rules(&[("a", "false"), ("b", "true")])), Change::Restart);
    }
}
