//! A payload that begins like JSON and is none: whoever looks into it finds nothing.

use crate::check::survey::Survey;
use crate::node::FieldType;
use crate::problem::{Problem, Subject};
use crate::random::StreamKey;
use crate::setting::Setting;
use crate::template::Template;

const PAYLOAD: &str = "payload";

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for number in 0..survey.kinds.len() {
        let is_template =
            survey.kinds[number].and_then(|kind| kind.field(PAYLOAD)).is_some_and(|field| matches!(field.ty, FieldType::Template));
        let Some(Setting::Text(text)) = survey.value(number, PAYLOAD).filter(|_| is_template) else { continue };
        // What cannot be compiled is an error of its own.
        let Ok(template) = Template::compile(&text) else { continue };
        let begins = text.trim_start();
        if template.is_json() || !begins.starts_with(['{', '[']) || begins.starts_with("{{") {
            continue;
        }
        let made = template.text(0, 0, &mut StreamKey::UNUSED.for_index(0));
        let Err(error) = serde_json::from_str::<serde_json::Value>(&made) else { continue };
        let message = "this payload begins like JSON and is none: no expression, filter or map can look into it".to_owned();
        let hint = format!("{error} of `{}`; mend it, or let it begin with another letter", shortened(&made));
        problems.push(Problem::advice("PW913", Subject::Setting(survey.id(number).clone(), PAYLOAD.to_owned()), message).hint(hint));
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn a_payload_that_only_begins_like_json_is_told_of() {
        let check = |payload: &str, expected: &[&str]| {
            let nodes = format!("\"g\": generator(rate: \"1/s\", payload: {payload:?}), \"s\": sink()");
            assert_eq!(found(&nodes, "\"g.out -> s.in\""), expected, "{payload}");
        };
        check("{\"a\": {{index}}", &["PW913 g.payload"]);
        check("[1, 2", &["PW913 g.payload"]);
        check("{a: 1}", &["PW913 g.payload"]);
        check("{\"a\": {{index}}}", &[]);
        check("{{index}}", &[]);
        check("hello {{index}}", &[]);
        check("", &[]);
    }
}
