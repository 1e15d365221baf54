//! Work that can fail behind a store whose dead letters go nowhere in particular.

use crate::check::survey::Survey;
use crate::problem::{Problem, Subject};
use crate::setting::Setting;

pub fn check(survey: &Survey<'_>, store: usize, problems: &mut Vec<Problem>) {
    let Some((port, false)) = survey.error_output(store) else { return };
    // By the rules of some brokers nothing is ever given up; that is told of elsewhere.
    if super::for_ever::never_gives_up(survey, store) {
        return;
    }
    let fails = |&&(_, consumer): &&(usize, usize)| match survey.value(consumer, "failure_share") {
        Some(Setting::Number(share)) => share > 0.0,
        Some(Setting::Integer(share)) => share > 0,
        _ => false,
    };
    let Some(&(_, consumer)) = survey.wiring.out[store].iter().find(fails) else { return };
    let message = format!("`{}` can fail, and `{}.{}` leads nowhere", survey.id(consumer), survey.id(store), port.name);
    let hint = "messages that fail too often then end among the graph's own dead letters; wire the port to see and treat them apart";
    problems.push(Problem::advice("PW902", Subject::Port(survey.id(store).clone(), port.name.to_string()), message).hint(hint));
}

#[cfg(test)]
mod tests {
    use crate::check::tests::found;

    #[test]
    fn failures_without_a_place_for_dead_letters_are_told_of() {
        let check = |share: &str, pipes: &str, expected: &[&str]| {
            let nodes = format!("\"g\": generator(rate: \"1/s\"), \"q\": queue, \"p\": consumer_pool(failure_share: {share}), \"d\": sink");
            let pipes = format!("\"g.out -> q.in\", \"q.out -> p.in\", {pipes}");
            assert_eq!(found(&nodes, &pipes), expected, "{share}");
        };
        check("0.1", "\"p.out -> d.in\"", &["PW902 q.dead_letters"]);
        check("0.0", "\"p.out -> d.in\"", &[]);
        check("0.1", "\"q.dead_letters -> d.in\"", &[]);
    }
}
