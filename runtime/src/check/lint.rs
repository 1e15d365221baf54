//! Advice: the graph runs, but a person who knows such systems would ask "do you mean that?". One file per piece of advice.

mod dead_letters;
mod must_grow;
mod short_lock;

use super::survey::Survey;
use crate::problem::Problem;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for number in (0..survey.kinds.len()).filter(|&number| survey.is_store(number)) {
        must_grow::check(survey, number, problems);
        dead_letters::check(survey, number, problems);
        short_lock::check(survey, number, problems);
    }
}
