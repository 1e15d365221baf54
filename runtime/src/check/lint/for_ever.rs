//! Messages that nobody ever gives up: what always fails goes round for ever, and takes the time of the rest.

use crate::check::survey::Survey;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;

/// Whether no number of failed deliveries makes this store give a message up.
pub fn never_gives_up(survey: &Survey<'_>, store: usize) -> bool {
    let of_broker = survey.value(store, "rules").is_some_and(|rules| rules.as_str() != Some("ours"));
    // What is forgotten at the hand-out comes back by nobody's rules.
    let comes_back = survey.value(store, "guarantee").is_some_and(|guarantee| guarantee.as_str() != Some("at_most_once"));
    of_broker && comes_back && survey.value(store, "max_deliveries").is_none() && survey.value(store, "delivery_limit").is_none()
}

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    let whole = |number: usize, name: &str| match survey.value(number, name) {
        Some(Setting::Integer(whole)) => Some(whole),
        _ => None,
    };
    let rules = survey.value(store, "rules");
    let Some(rules) = rules.as_ref().and_then(Setting::as_str).filter(|rules| *rules != "ours") else { return };
    let unlimited = never_gives_up(survey, store)
        || whole(store, "max_deliveries") == Some(0)
        || whole(store, "delivery_limit").is_some_and(|most| most < 0);
    let word = |number: usize, name: &str| survey.value(number, name).and_then(|word| word.as_str().map(str::to_owned));
    for &(_, consumer) in &survey.wiring.out[store] {
        let share = match survey.value(consumer, "failure_share") {
            Some(Setting::Number(share)) => share,
            Some(Setting::Integer(share)) => share as f64,
            _ => continue,
        };
        let poison = survey.value(consumer, "poison").is_some();
        let by = word(consumer, "fails_by").unwrap_or_default();
        // RabbitMQ counts no nack, however many there are.
        let uncounted = by == "nack" && survey.value(store, "delivery_limit").is_some();
        let looks = whole(consumer, "gives_up_after").is_some_and(|after| after > 0) || by == "give_up";
        if looks || !(unlimited || uncounted) || !(poison || share >= 1.0) {
            continue;
        }
        let message = format!(
            "what always fails at `{}` goes round for ever: `{}`, by the rules `{rules}`, {}",
            survey.id(consumer),
            survey.id(store),
            if uncounted { "counts no message that is given back" } else { "has no limit" }
        );
        let hint = match rules {
            "rabbitmq_quorum" => {
                "let the pool reject instead (`fails_by: reject`), with a `delivery_limit`; or let it look at the count (`gives_up_after`)"
            }
            "jetstream" => "set `max_deliveries`, or let the consumer look at the count (`gives_up_after` of the pool)",
            _ => {
                "let the consumer look at the count and put the message aside itself: `gives_up_after` of the pool, with its error output wired"
            }
        };
        problems.push(Problem::advice("PW911", Subject::Setting(survey.id(consumer).clone(), "poison".to_owned()), message).hint(hint));
        return;
    }
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn poison_that_goes_round_for_ever_is_told_of() {
        let check = |queue: &str, pool: &str, expected: &[&str]| {
            let nodes = format!(
                "\"g\": generator(rate: \"1/s\"), \"q\": queue({queue}), \"p\": consumer_pool(poison: \"message.bad\", {pool}), \"d\": sink"
            );
            let pipes = "\"g.out -> q.in\", \"q.out -> p.in\", \"q.dead_letters -> d.in\"";
            assert_eq!(found(&nodes, pipes), expected, "{queue} {pool}");
        };
        check("", "", &[]);
        check("max_deliveries: 0", "", &[]);
        check("rules: jetstream", "", &["PW911 p.poison"]);
        check("rules: jetstream, max_deliveries: 5", "", &[]);
        check("rules: jetstream", "gives_up_after: 5", &[]);
        check("rules: redis_streams", "", &["PW911 p.poison"]);
        check("rules: redis_streams", "gives_up_after: 3", &[]);
        check("rules: rabbitmq_quorum", "", &[]);
        check("rules: rabbitmq_quorum", "fails_by: nack", &["PW911 p.poison"]);
        check("rules: rabbitmq_quorum, delivery_limit: -1", "", &["PW911 p.poison"]);
        check("rules: service_bus", "fails_by: nack", &[]);
    }
}
