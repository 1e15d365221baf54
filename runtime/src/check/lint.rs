//! Advice: the graph runs, but a person who knows such systems would ask "do you mean that?". One file per piece of advice.

mod attempts;
mod claim_ends;
mod dead_letters;
mod for_ever;
mod in_no_time;
mod must_grow;
mod nobody;
mod not_json;
mod order;
mod pipe_fills;
mod short_lock;
mod window;

use super::survey::Survey;
use crate::problem::Problem;

pub fn check(survey: &Survey<'_>, problems: &mut Vec<Problem>) {
    for number in (0..survey.kinds.len()).filter(|&number| survey.is_store(number)) {
        must_grow::check(survey, number, problems);
        dead_letters::check(survey, number, problems);
        short_lock::check(survey, number, problems);
        attempts::check(survey, number, problems);
        for_ever::check(survey, number, problems);
        in_no_time::check(survey, number, problems);
    }
    window::check(survey, problems);
    not_json::check(survey, problems);
    if !survey.is_part() {
        // These look for something that is nowhere, and nothing is known of where the part is used.
        order::check(survey, problems);
        nobody::check(survey, problems);
    }
    pipe_fills::check(survey, problems);
    claim_ends::check(survey, problems);
}
