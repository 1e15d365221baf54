//! A lock that ends before the work does: the store hands the message out again while the first consumer still works on it.

use crate::check::survey::Survey;
use crate::distribution::Distribution;
use crate::node::Effects;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;
use crate::units::Span;

/// Rules by which a consumer cannot ask for more time.
const RENEWED_BY_NOBODY: [&str; 2] = ["rabbitmq_quorum", "redis_streams"];

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    // By some rules it is an idle time instead, and by some nobody can renew it.
    let name = if survey.value(store, "lock").is_some() { "lock" } else { "claim_after" };
    let lock = survey.value(store, name).and_then(|lock| lock.as_str()?.parse::<Span>().ok());
    let rules = survey.value(store, "rules");
    let renewable = rules.as_ref().and_then(Setting::as_str).is_none_or(|rules| !RENEWED_BY_NOBODY.contains(&rules));
    let Some(lock) = lock.filter(|lock| *lock > Span::ZERO) else { return };
    // A lock longer than the pace of renewals lasts as long as the work.
    let renews =
        |consumer: usize| renewable && lock > Effects::RENEW_EVERY && survey.value(consumer, "renew_locks") == Some(Setting::Flag(true));
    let service = |consumer: usize| {
        let mean = Distribution::from_setting(&survey.value(consumer, "service")?).ok()?.mean();
        mean.filter(|_| !renews(consumer))
    };
    let slow = survey.wiring.out[store].iter().find_map(|&(_, consumer)| Some((consumer, service(consumer).filter(|mean| *mean > lock)?)));
    let Some((consumer, mean)) = slow else { return };
    let message = format!("the lock of {lock} ends before `{}` is done: its work takes {mean} on average", survey.id(consumer));
    let hint = "such messages are handed out again and done twice or more; lengthen the lock beyond the longest work, or let the pool renew it (locks above 10 s)";
    problems.push(Problem::advice("PW903", Subject::Setting(survey.id(store).clone(), name.to_owned()), message).hint(hint));
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn a_lock_shorter_than_the_work_is_told_of() {
        let check = |lock: &str, renews: bool, expected: &[&str]| {
            let nodes = format!(
                "\"g\": generator(rate: \"1/h\"), \"q\": queue({lock}), \"p\": consumer_pool(service: \"2 min\", renew_locks: {renews})"
            );
            assert_eq!(found(&nodes, "\"g.out -> q.in\", \"q.out -> p.in\""), expected, "{lock} {renews}");
        };
        check("", false, &["PW903 q.lock"]);
        check("", true, &[]);
        check("lock: \"10 s\"", true, &["PW903 q.lock"]);
        check("lock: \"11 s\"", true, &[]);
        check("lock: \"3 min\"", false, &[]);
        check("guarantee: at_most_once", false, &[]);
        check("rules: service_bus", true, &[]);
        check("rules: rabbitmq_quorum", false, &[]);
        check("rules: rabbitmq_quorum, lock: \"1 min\"", true, &["PW903 q.lock"]);
        check("rules: redis_streams", true, &["PW903 q.claim_after"]);
        check("rules: redis_streams, claim_after: \"3 min\"", true, &[]);
    }
}
