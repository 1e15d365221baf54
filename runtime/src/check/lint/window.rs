//! A window of deduplication that is over before the last retry of the store before it has come.

use crate::check::survey::Survey;
use crate::graph::query::Wiring;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use crate::units::Span;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for number in 0..survey.kinds.len() {
        // A window of time that tells duplicates: by itself, or within a guarantee.
        let tells = survey.kinds[number].is_some_and(|kind| kind.field("redelivered").is_some()) || survey.is_store(number);
        let window = survey.value(number, "window").and_then(|window| window.as_str()?.parse::<Span>().ok());
        let Some(window) = window.filter(|_| tells) else { continue };
        let before = Wiring::reach(&survey.wiring.into, std::iter::once(number));
        let stores = (0..before.len()).filter(|&store| before[store] && store != number && survey.is_store(store));
        let longest = stores.filter_map(|store| Some((store, all_retries(survey, store)?))).max_by_key(|(_, (span, _))| *span);
        let Some((store, (span, words))) = longest.filter(|(_, (span, _))| *span > window) else { continue };
        let message = format!(
            "the window of {window} is over before `{}` has made its last delivery, up to {span} after the first ({words})",
            survey.id(store)
        );
        let hint = "a duplicate that comes later than the window is taken for new; make the window longer than all retries together";
        problems.push(Problem::advice("PW906", Subject::Setting(survey.id(number).clone(), "window".to_owned()), message).hint(hint));
    }
}

/// From the first delivery of a store to its last, the delays alone, and how that comes about. `None` if it tries for ever or not again.
pub(super) fn all_retries(survey: &Survey<'_>, store: usize) -> Option<(Span, String)> {
    let span = |name: &str| survey.value(store, name).and_then(|value| value.as_str()?.parse::<Span>().ok());
    let Some(Setting::Integer(deliveries)) = survey.value(store, "max_deliveries") else { return None };
    let retries = u32::try_from(deliveries).ok()?.checked_sub(1)?.min(10_000);
    let first = span("retry_delay")?;
    let retry = survey.value(store, "retry")?;
    match retry.as_str()? {
        "fixed" => Some((Span(first.0.saturating_mul(u64::from(retries))), format!("{retries} × {first}"))),
        "linear" => {
            let cap = span("retry_cap")?;
            let delay = |retry: u32| first.0.saturating_mul(u64::from(retry) + 1).min(cap.0);
            let sum = (0..retries).fold(0_u64, |sum, retry| sum.saturating_add(delay(retry)));
            Some((Span(sum), format!("{retries} delays, longer by {first} each time up to {cap}")))
        }
        "exponential" => {
            let cap = span("retry_cap")?;
            let delay = |retry: u32| first.0.checked_shl(retry).filter(|span| span >> retry == first.0).unwrap_or(u64::MAX).min(cap.0);
            let sum = (0..retries).fold(0_u64, |sum, retry| sum.saturating_add(delay(retry)));
            Some((Span(sum), format!("{retries} delays, doubling from {first} up to {cap}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    #[test]
    fn a_window_shorter_than_the_retries_is_told_of_with_the_sum() {
        let advice = |queue: &str, window: &str| {
            let nodes = format!(
                "\"g\": generator(rate: \"1/s\"), \"q\": queue({queue}), \"p\": consumer_pool, \"d\": deduplicate(window: \"{window}\"), \"s\": sink"
            );
            let problems = check(&graph(&nodes, "\"g.out -> q.in\", \"q.out -> p.in\", \"p.out -> d.in\", \"d.out -> s.in\""), CATALOGUE);
            problems.iter().filter(|problem| problem.code == "PW906").map(|problem| problem.message.clone()).collect::<Vec<_>>()
        };
        let fixed = "max_deliveries: 5, retry: fixed, retry_delay: \"20 s\"";
        assert!(advice(fixed, "1 min")[0].contains("4 × 20 s"), "{:?}", advice(fixed, "1 min"));
        assert_eq!(advice(fixed, "80 s"), [""; 0]);
        // 1 + 2 + 4 + 8 + 10 + 10 s.
        let growing = "max_deliveries: 7, retry: exponential, retry_delay: \"1 s\", retry_cap: \"10 s\"";
        assert!(advice(growing, "34 s")[0].contains("up to 35 s"), "{:?}", advice(growing, "34 s"));
        assert_eq!(advice(growing, "35 s"), [""; 0]);
        assert_eq!(advice("", "1 ms"), [""; 0], "at once is no delay");
    }
}
