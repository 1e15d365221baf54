//! A subscription whose pattern matches none of the topics that anybody publishes to.

use crate::check::survey::Survey;
use crate::node::{FieldType, Flow, PortRole};
use crate::problem::{Problem, Subject};
use crate::wildcard::{Dialect, Pattern};

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for topic in 0..survey.kinds.len() {
        let dialect = survey.value(topic, "dialect").and_then(|word| Dialect::named(word.as_str()?));
        let Some((dialect, topics)) = dialect.and_then(|dialect| Some((dialect, published(survey, topic)?))) else { continue };
        for &(pipe, subscription) in &survey.wiring.out[topic] {
            if survey.output_of(pipe).is_none_or(|port| port.flow != Flow::Free) {
                continue;
            }
            let field = survey.kinds[subscription].and_then(|kind| kind.fields.iter().find(|field| field.ty == FieldType::TopicPattern));
            let Some(field) = field else { continue };
            let text = survey.value(subscription, field.name).and_then(|text| text.as_str().map(str::to_owned));
            let Some(Ok(pattern)) = text.filter(|text| !text.is_empty()).map(|text| Pattern::new(dialect, &text)) else { continue };
            let wanted = |topic: &Option<String>| topic.as_ref().map_or_else(|| pattern.is_everything(), |topic| pattern.matches(topic));
            if topics.iter().any(wanted) {
                continue;
            }
            let listed: Vec<String> = topics
                .iter()
                .take(4)
                .map(|topic| topic.as_ref().map_or_else(|| "no topic".to_owned(), |topic| format!("`{topic}`")))
                .collect();
            let message = format!("`{pattern}` matches nothing that is published to `{}`: {}", survey.id(topic), listed.join(", "));
            let hint = "look at the levels and their separators; in MQTT they are `/`, in NATS and AMQP `.`";
            problems.push(
                Problem::advice("PW908", Subject::Setting(survey.id(subscription).clone(), field.name.to_owned()), message).hint(hint),
            );
        }
    }
}

/// The topics that messages into a topic have, if all of them are known: fixed ones of sources wired straight to it.
fn published(survey: &Survey<'_>, topic: usize) -> Option<Vec<Option<String>>> {
    let named = survey.value(topic, "name").and_then(|name| name.as_str().map(str::to_owned)).filter(|name| !name.is_empty());
    let mut topics = Vec::new();
    for &(pipe, sender) in &survey.wiring.into[topic] {
        let fixed = survey.is_source(sender) && survey.output_of(pipe).is_some_and(|port| port.role == PortRole::Message);
        let kind = survey.kinds[sender].filter(|_| fixed)?;
        // Only a template is text that stands for itself; an expression gives what nobody knows before.
        let field = kind.field("topic").filter(|field| matches!(field.ty, FieldType::Template | FieldType::Text))?;
        let set = survey.value(sender, field.name).and_then(|text| text.as_str().map(str::to_owned)).filter(|text| !text.is_empty());
        if set.as_ref().is_some_and(|text| text.contains("{{")) {
            return None;
        }
        topics.push(set.or_else(|| named.clone()));
    }
    topics.sort();
    topics.dedup();
    (!topics.is_empty()).then_some(topics)
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn a_pattern_that_nothing_matches_is_told_of() {
        let check = |generator: &str, topic: &str, pattern: &str, expected: &[&str]| {
            let nodes = format!(
                "\"g\": generator(rate: \"1/s\", {generator}), \"t\": topic({topic}), \"u\": subscription(pattern: \"{pattern}\"), \"s\": sink"
            );
            assert_eq!(found(&nodes, "\"g.out -> t.in\", \"t.out -> u.in\", \"u.out -> s.in\""), expected, "{generator} {topic} {pattern}");
        };
        check("topic: \"a/b\"", "", "a.b", &["PW908 u.pattern"]);
        check("topic: \"a/b\"", "", "a/+", &[]);
        check("topic: \"a.b\"", "dialect: nats", "a.b.>", &["PW908 u.pattern"]);
        check("topic: \"a/{{int 1 9}}\"", "", "b", &[]);
        check("", "name: \"a\"", "b", &["PW908 u.pattern"]);
        check("", "", "#", &[]);
    }
}
