//! Retries behind retries: the attempts multiply.

use crate::check::survey::Survey;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;

/// So many attempts at one message in all are worth a word.
const MANY: i64 = 25;

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    let Some(deliveries) = whole(survey, store, "max_deliveries").filter(|deliveries| *deliveries > 1) else { return };
    // From a store on, as far as its deliveries reach: the next store begins anew.
    let (mut open, mut seen) = (vec![store], vec![false; survey.kinds.len()]);
    while let Some(number) = open.pop() {
        if std::mem::replace(&mut seen[number], true) || (number != store && survey.is_store(number)) {
            continue;
        }
        let attempts = whole(survey, number, "attempts").filter(|attempts| *attempts > 1 && number != store);
        if let Some(attempts) = attempts.filter(|attempts| attempts.saturating_mul(deliveries) >= MANY) {
            let copies = whole(survey, number, "copies").unwrap_or(1);
            let at_once = if copies > 1 { format!(", and {copies} messages at a time") } else { String::new() };
            let message = format!(
                "`{}` tries {attempts} times for each of up to {deliveries} deliveries of `{}`: {attempts} × {deliveries} = {} attempts at one message{at_once}",
                survey.id(number),
                survey.id(store),
                attempts.saturating_mul(deliveries)
            );
            let hint = "what is down is struck the harder; try again in one place: set `attempts: 1` here, or few deliveries there";
            problems.push(Problem::advice("PW907", Subject::Setting(survey.id(number).clone(), "attempts".to_owned()), message).hint(hint));
        }
        open.extend(survey.wiring.out[number].iter().map(|&(_, receiver)| receiver));
    }
}

fn whole(survey: &Survey<'_>, number: usize, name: &str) -> Option<i64> {
    match survey.value(number, name)? {
        Setting::Integer(whole) => Some(whole),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::graph;
    use crate::nodes::CATALOGUE;

    #[test]
    fn retries_behind_retries_are_told_of_with_the_product() {
        let advice = |queue: &str, step: &str| {
            let nodes = format!("\"g\": generator(rate: \"1/s\"), \"q\": queue({queue}), \"t\": step({step}), \"s\": sink");
            let problems = check(&graph(&nodes, "\"g.out -> q.in\", \"q.out -> t.in\", \"t.out -> s.in\""), CATALOGUE);
            problems.iter().filter(|problem| problem.code == "PW907").map(|problem| problem.message.clone()).collect::<Vec<_>>()
        };
        assert!(advice("max_deliveries: 10", "attempts: 5, copies: 8")[0].contains("5 × 10 = 50 attempts at one message, and 8"));
        assert_eq!(advice("max_deliveries: 10", ""), [""; 0]);
        assert_eq!(advice("max_deliveries: 1", "attempts: 100"), [""; 0]);
        assert_eq!(advice("max_deliveries: 4", "attempts: 6"), [""; 0]);
    }
}
