//! The desk of a station: the dead letters that it gave up and no node collects, those that are to go back to work, and messages put back
//! to work that wait until the station can take them.

use super::station::Station;
use crate::id::NodeId;
use crate::letter::{Edited, Letter, LetterId, Shelf};
use crate::message::Message;
use crate::units::{Moment, Rate, SECOND};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many of the dead letters that a node gave up, and that no node collects, are kept.
pub const LETTERS_KEPT: usize = 1_000;
/// How many messages put back to work may wait for a station that cannot take them.
pub const MOST_WAITING: usize = 10_000;
/// How many letters one station may have to send back at a time; more are refused (rule 7).
pub const MOST_WANTED: usize = 100_000;

/// A redrive: which letters go back to work, each as it is or as a person changed it, in this order.
#[derive(Clone, Default, Debug)]
pub struct Redrive {
    /// The letters.
    pub letters: Vec<(LetterId, Option<Arc<Edited>>)>,
    /// How many per second of the run clock; all at once if `None` or not above zero.
    pub rate: Option<Rate>,
}

impl Redrive {
    /// These letters as they are.
    pub fn of(letters: impl IntoIterator<Item = LetterId>, rate: Option<Rate>) -> Self {
        Self { letters: letters.into_iter().map(|letter| (letter, None)).collect(), rate }
    }

    /// What each keeper is asked for, from `now` on.
    pub fn by_keeper(&self, now: Moment) -> BTreeMap<&NodeId, Vec<Wanted>> {
        let every = self.rate.map_or(0.0, |rate| if rate.per_second() > 0.0 { SECOND as f64 / rate.per_second() } else { 0.0 });
        let mut keepers: BTreeMap<&NodeId, Vec<Wanted>> = BTreeMap::new();
        for (at, (letter, edited)) in self.letters.iter().enumerate() {
            let due = Moment(now.0.saturating_add((at as f64 * every) as u64));
            keepers.entry(&letter.keeper).or_default().push(Wanted { number: letter.number, due, edited: edited.clone() });
        }
        keepers
    }
}

/// The numbers of letters by who keeps them.
pub fn by_keeper(letters: &[LetterId]) -> BTreeMap<&NodeId, Vec<u64>> {
    let mut keepers: BTreeMap<&NodeId, Vec<u64>> = BTreeMap::new();
    for letter in letters {
        keepers.entry(&letter.keeper).or_default().push(letter.number);
    }
    keepers
}

/// A letter that is to go back to work.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its number on the shelf.
    pub number: u64,
    /// When.
    pub due: Moment,
    /// What was changed in it.
    pub edited: Option<Arc<Edited>>,
}

/// A letter on its way back to its origin.
#[derive(Debug)]
pub struct Returning {
    /// The station that kept it, and gets it back if it cannot go.
    pub keeper: u32,
    /// The letter as it lay there.
    pub letter: Arc<Letter>,
    /// What was changed in it.
    pub edited: Option<Arc<Edited>>,
}

/// A message put back to work that waits for its station.
#[derive(Debug)]
pub struct Back {
    /// The input that it comes in at.
    pub input: u16,
    /// The message.
    pub message: Message,
    /// Who kept it.
    pub keeper: u32,
    /// Its number there.
    pub number: u64,
}

/// See the module page.
#[derive(Debug)]
pub struct Desk {
    /// The letters that no node collects.
    pub shelf: Shelf,
    /// What is to go back, by moment.
    pub wanted: VecDeque<Wanted>,
    /// The moment that the calendar has an entry for.
    pub armed: Option<Moment>,
    /// Messages put back to work.
    pub waiting: VecDeque<Back>,
    /// Whether its letters were put there for a dry run: wherever they lie in truth.
    pub tries: bool,
    /// Why letters stayed since the newest redrive was asked for: each is told once.
    pub told: Vec<Arc<str>>,
}

impl Station {
    /// Its desk; set up if there was none.
    pub fn desk(&mut self) -> &mut Desk {
        self.desk.get_or_insert_with(|| {
            let (wanted, waiting) = (VecDeque::new(), VecDeque::new());
            Box::new(Desk { shelf: Shelf::new(LETTERS_KEPT), wanted, armed: None, waiting, tries: false, told: Vec::new() })
        })
    }

    /// The dead letters here: those that its behaviour collects, else those that it gave up.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.behaviour.shelf().or_else(|| self.desk.as_ref().map(|desk| &desk.shelf))
    }

    /// The same, to change it.
    pub fn shelf_mut(&mut self) -> &mut Shelf {
        if self.behaviour.shelf().is_some() {
            return self.behaviour.shelf_mut().expect("a shelf to look at is one to take from");
        }
        &mut self.desk().shelf
    }

    /// Whether the shelf is the station's own: what its behaviour collects, the behaviour counts.
    pub fn keeps_its_own(&self) -> bool {
        self.behaviour.shelf().is_none()
    }

    /// Whether dead letters are still to go back from here.
    pub fn redrives(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| !desk.wanted.is_empty())
    }

    /// Whether the desk has something to do now.
    pub fn wants_redrive(&self, now: Moment) -> bool {
        let Some(desk) = &self.desk else { return false };
        desk.wanted.front().is_some_and(|wanted| wanted.due <= now) || (!desk.waiting.is_empty() && self.may_take())
    }

    /// The node and input that what fails here now goes back to: `work.in`; the node alone if it is a source.
    pub fn origin(&self) -> String {
        let ports = (self.kind.ports)(&self.settings);
        let input = ports.inputs.get(usize::from(self.input)).or_else(|| ports.inputs.first());
        input.map_or_else(|| self.id.to_string(), |input| format!("{}.{}", self.id, input.name))
    }
}
