//! A claim that ends before its message: the payload is gone while a store may still hand the message out.

use crate::check::survey::Survey;
use crate::distribution::Distribution;
use crate::graph::query::Wiring;
use crate::problem::{Problem, Subject};
use crate::units::Span;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    let with_field =
        |name: &'static str| (0..survey.kinds.len()).filter(move |&at| survey.kinds[at].is_some_and(|kind| kind.field(name).is_some()));
    // What fetches payloads, and what may lie before that.
    let before_readers = Wiring::reach(&survey.wiring.into, with_field("altered_share"));
    for number in with_field("sweep_every") {
        let ends = survey.value(number, "time_to_live").and_then(|span| span.as_str()?.parse::<Span>().ok());
        let Some(ends) = ends else { continue };
        let behind = Wiring::reach(&survey.wiring.out, std::iter::once(number));
        let stores = (0..behind.len()).filter(|&store| behind[store] && before_readers[store] && survey.is_store(store));
        let longest = stores.filter_map(|store| longest_stay(survey, store)).max_by_key(|(span, _)| *span);
        let Some((span, words)) = longest.filter(|(span, _)| *span > ends) else { continue };
        let message = format!("the payload is thrown away {ends} after it was stored, but {words}");
        let hint = format!("make the time to live longer than {span}, or let the message live shorter");
        problems.push(Problem::advice("PW910", Subject::Setting(survey.id(number).clone(), "time_to_live".to_owned()), message).hint(hint));
    }
}

/// For how long a store may keep a message that comes right through it otherwise, and how that comes about.
fn longest_stay(survey: &Survey<'_>, store: usize) -> Option<(Span, String)> {
    let id = survey.id(store);
    let lives = survey.value(store, "time_to_live").and_then(|lives| Distribution::from_setting(&lives).ok()?.mean());
    let lives = lives.map(|span| (span, format!("its message may wait in `{id}` for {span}")));
    let retries = super::window::all_retries(survey, store)
        .map(|(span, sum)| (span, format!("`{id}` delivers its message again for up to {span} ({sum})")));
    [lives, retries].into_iter().flatten().max_by_key(|(span, _)| *span)
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    fn advice(queue: &str, claim: &str) -> Vec<String> {
        let nodes = format!(
            "\"g\": generator(rate: \"1/s\"), \"i\": check_in(time_to_live: \"{claim}\"), \"q\": queue({queue}), \"o\": check_out, \"s\": sink"
        );
        let problems = check(&graph(&nodes, "\"g.out -> i.in\", \"i.out -> q.in\", \"q.out -> o.in\", \"o.out -> s.in\""), CATALOGUE);
        problems.iter().filter(|problem| problem.code == "PW910").map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn a_claim_that_ends_before_its_message_is_told_of() {
        assert!(
            advice("time_to_live: \"2 h\"", "1 h")[0].contains("may wait in `q` for 2 h"),
            "{:?}",
            advice("time_to_live: \"2 h\"", "1 h")
        );
        assert_eq!(advice("time_to_live: \"2 h\"", "2 h"), [""; 0]);
        let retries = "max_deliveries: 5, retry: fixed, retry_delay: \"20 s\"";
        assert!(advice(retries, "1 min")[0].contains("4 × 20 s"));
        assert_eq!(advice(retries, "80 s"), [""; 0]);
        assert_eq!(advice("", "1 s"), [""; 0], "nobody says how long it waits");
    }

    #[test]
    fn what_lies_behind_the_last_reader_is_none_of_its_business() {
        let nodes = "\"g\": generator(rate: \"1/s\"), \"i\": check_in(time_to_live: \"1 s\"), \"o\": check_out, \"q\": queue(time_to_live: \"2 h\"), \"s\": sink";
        let problems = check(&graph(nodes, "\"g.out -> i.in\", \"i.out -> o.in\", \"o.out -> q.in\", \"q.out -> s.in\""), CATALOGUE);
        assert!(problems.iter().all(|problem| problem.code != "PW910"), "{problems:?}");
    }
}
