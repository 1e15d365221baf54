//! The laws that every run obeys, with what is left over of each: a remainder is a defect of the program, never chance.
//!
//! Over any stretch of time, whatever the distributions and whether or not a steady state was reached, the number of messages inside a place
//! summed over time equals the time that the messages spent there summed over messages, if those inside at its start and end are counted
//! with their part (Little's law as an identity of sample paths: Stidham, "A last word on L = λW", Operations Research 22, 1974).
//! The two sides are measured apart: the one from how many are inside, the other by each message's own stamps. So they agree to the last
//! nanosecond, or something was counted wrongly.

use super::snapshot::Books;
use crate::units::SECOND;
use indexmap::IndexMap;
use serde::Serialize;

/// Every law, over the time after the warm-up (conservation: over the whole run).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Laws {
    /// Whether all of them hold exactly.
    pub hold: bool,
    /// Entered + copied + split off, less delivered + absorbed + dropped + dead-lettered + held: messages made or lost in silence (rule 9).
    pub conservation_residual: i64,
    /// Little's law: of what waits in each queue and subscription, and of what is inside each node with servers.
    pub little: IndexMap<String, Law>,
    /// The utilisation law of each node with servers: the time that they were busy is the time that messages were served.
    pub utilisation: IndexMap<String, Law>,
}

/// One quantity measured in two ways, in message-seconds (server-seconds).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Law {
    /// The number inside (servers busy), summed over time.
    pub by_number_s: f64,
    /// The time spent, summed over messages; those inside at the start and the end with their part.
    pub by_message_s: f64,
    /// The first less the second, taken exactly.
    pub residual_s: f64,
}

impl Law {
    /// Two measurements in nanoseconds, compared before they are rounded.
    pub fn of(by_number: u128, by_message: u128) -> Self {
        let seconds = |nanos: u128| nanos as f64 / SECOND as f64;
        let residual = seconds(by_number.abs_diff(by_message));
        Self {
            by_number_s: seconds(by_number),
            by_message_s: seconds(by_message),
            residual_s: if by_number < by_message { -residual } else { residual },
        }
    }

    /// Whether nothing is left over.
    pub const fn holds(&self) -> bool {
        self.residual_s == 0.0
    }
}

impl Laws {
    /// What the measurements of a run say together.
    pub fn of(books: &Books, little: IndexMap<String, Law>, utilisation: IndexMap<String, Law>) -> Self {
        let conservation_residual = books.residual();
        let hold = conservation_residual == 0 && little.values().chain(utilisation.values()).all(Law::holds);
        Self { hold, conservation_residual, little, utilisation }
    }

    /// What does not hold: the node, if it is about one, and words. Empty in every run of a program without defects.
    pub fn breaches(&self) -> Vec<(Option<&str>, String)> {
        let mut breaches = Vec::new();
        if self.conservation_residual != 0 {
            let words = format!(
                "the books do not balance: {} messages were {} in silence, which is a defect of Pipewright",
                self.conservation_residual.unsigned_abs(),
                if self.conservation_residual > 0 { "lost" } else { "made" }
            );
            breaches.push((None, words));
        }
        for (name, laws) in [("Little's law", &self.little), ("the utilisation law", &self.utilisation)] {
            for (node, law) in laws.iter().filter(|(_, law)| !law.holds()) {
                let words = format!(
                    "{name} does not hold at `{node}`: by the number inside {} s, by the messages' own times {} s, which is a defect of Pipewright",
                    law.by_number_s, law.by_message_s
                );
                breaches.push((Some(node.as_str()), words));
            }
        }
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_is_exact_however_long_the_run() {
        let long = 1_000_000 * 86_400 * u128::from(SECOND);
        assert!(Law::of(long, long).holds());
        // A nanosecond in a million days would vanish in a difference of floating-point numbers.
        let law = Law::of(long, long + 1);
        assert_eq!((law.holds(), law.residual_s), (false, -1e-9));
        assert_eq!(Law::of(5, 3).residual_s, 2e-9);
    }

    #[test]
    fn each_breach_is_told_by_name() {
        let mut books = Books { entered: 5, delivered: 4, ..Books::default() };
        let wrong = || IndexMap::from([("desk".to_owned(), Law::of(7, 5)), ("fine".to_owned(), Law::of(7, 7))]);
        let laws = Laws::of(&books, wrong(), wrong());
        let breaches = laws.breaches();
        assert!(!laws.hold);
        assert_eq!(breaches.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [None, Some("desk"), Some("desk")]);
        for (place, words) in
            ["1 messages were lost", "Little's law does not hold at `desk`", "the utilisation law"].into_iter().enumerate()
        {
            assert!(breaches[place].1.contains(words), "{}", breaches[place].1);
        }
        books.held = 1;
        let laws = Laws::of(&books, IndexMap::new(), IndexMap::new());
        assert!(laws.hold && laws.breaches().is_empty());
    }
}
