//! The dead letters of a run as the desk lists them: grouped by origin, reason and error, searched, and counted. Made anew only when
//! something has changed, and not more often than a person can follow.

use pipewright_runtime::id::NodeId;
use pipewright_runtime::letter::{self, Acts, Letter, LetterId, Shelf};
use pipewright_runtime::telemetry::snapshot::Snapshot;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many of the newest letters of one keeper are listed.
pub const MOST_OF_SHELF: usize = 5_000;
/// How long a listing lasts while letters come and go, in seconds; and while the pointer is over it, so that it holds still for a click.
const LASTS: [f64; 2] = [0.25, 2.0];

/// What the letters of a group have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The node that gave them up.
    pub origin: NodeId,
    /// Why, as a word.
    pub reason: String,
    /// Why, in words.
    pub error: String,
}

/// One letter with its name.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who keeps it, and its number there.
    pub id: LetterId,
    /// The letter.
    pub letter: Arc<Letter>,
}

/// Letters that failed alike, newest first.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they have in common.
    pub key: Key,
    /// The letters.
    pub entries: Vec<Entry>,
    /// How many of them had been redriven before.
    pub again: usize,
}

/// What the desk lists.
#[derive(Default)]
pub struct Listing {
    /// The groups, in the order of their keys: none jumps while one looks.
    pub groups: Vec<Group>,
    /// How many letters are listed.
    pub listed: usize,
    /// How many dead letters there are that are not listed: let go, or too many.
    pub not_listed: u64,
    /// What was done by hand, over all keepers.
    pub acts: Acts,
    made: Option<Made>,
}

/// What a listing was made from, and when.
#[derive(PartialEq)]
struct Made {
    versions: Vec<(NodeId, u64)>,
    query: String,
    at: f64,
}

impl Listing {
    /// Brings it up to date. `now` in seconds of the window; `pointed` if the pointer is over it.
    pub fn refresh(&mut self, snapshot: &Snapshot, query: &str, now: f64, pointed: bool) {
        let acts = snapshot.dead_letters.values().map(|shelf| &shelf.acts);
        self.acts = acts.fold(Acts::default(), |sum, acts| Acts {
            pending: sum.pending + acts.pending,
            sent: sum.sent + acts.sent,
            stayed: sum.stayed + acts.stayed,
            gone: sum.gone + acts.gone,
            discarded: sum.discarded + acts.discarded,
            why: sum.why.or_else(|| acts.why.clone()),
        });
        let versions = || snapshot.dead_letters.iter().map(|(keeper, shelf)| (keeper, shelf.version()));
        let fresh = self.made.as_ref().is_some_and(|made| {
            let same = made.versions.iter().map(|(keeper, version)| (keeper, *version)).eq(versions());
            // A clock that has gone back belongs to another window.
            made.query == query && (same || (0.0..LASTS[usize::from(pointed)]).contains(&(now - made.at)))
        });
        if !fresh {
            let versions = versions().map(|(keeper, version)| (keeper.clone(), version)).collect();
            self.made = Some(Made { versions, query: query.to_owned(), at: now });
            self.make(snapshot.dead_letters.iter(), &query.trim().to_lowercase());
        }
    }

    fn make<'a>(&mut self, shelves: impl Iterator<Item = (&'a NodeId, &'a Arc<Shelf>)>, query: &str) {
        let mut groups: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
        (self.listed, self.not_listed) = (0, 0);
        for (keeper, shelf) in shelves {
            self.not_listed += shelf.counted().saturating_sub(shelf.len().min(MOST_OF_SHELF) as u64);
            for letter in shelf.iter().rev().take(MOST_OF_SHELF).filter(|letter| query.is_empty() || holds(letter, query)) {
                let origin = letter.origin().map_or_else(|error| named(&error, keeper), |origin| origin.node);
                let key = Key { origin, reason: letter.reason().to_owned(), error: letter.error().to_owned() };
                let entry = Entry { id: LetterId { keeper: keeper.clone(), number: letter.number }, letter: letter.clone() };
                groups.entry(key).or_default().push(entry);
                self.listed += 1;
            }
        }
        self.groups = groups
            .into_iter()
            .map(|(key, mut entries)| {
                entries.sort_by_key(|entry| Reverse((entry.letter.at, entry.id.number)));
                let again = entries.iter().filter(|entry| entry.letter.redriven() > 0).count();
                Group { key, entries, again }
            })
            .collect();
    }

    /// The letter with this name, if it is listed.
    pub fn find(&self, id: &LetterId) -> Option<&Entry> {
        self.groups.iter().flat_map(|group| &group.entries).find(|entry| entry.id == *id)
    }

    /// The chosen letters, or all if none is, oldest first: the order in which they go back.
    pub fn targets(&self, chosen: &BTreeSet<LetterId>) -> Vec<&Entry> {
        let wanted = |entry: &&Entry| chosen.is_empty() || chosen.contains(&entry.id);
        let mut targets: Vec<&Entry> = self.groups.iter().flat_map(|group| &group.entries).filter(wanted).collect();
        targets.sort_by_key(|entry| (entry.letter.at, &entry.id));
        targets
    }
}

/// The node that a letter without a way back is listed under: its source, or whoever keeps it.
fn named(error: &letter::NoWayBack, keeper: &NodeId) -> NodeId {
    match error {
        letter::NoWayBack::Source(node) => node.clone(),
        letter::NoWayBack::Unknown | letter::NoWayBack::Unreadable(_) => keeper.clone(),
    }
}

/// Whether a letter has this in its id, key, topic, headers or payload; `query` in lower case.
fn holds(letter: &Letter, query: &str) -> bool {
    let message = &letter.message;
    let head = message.head();
    let mut text = format!("{} {} {}", message.id, head.key.as_deref().unwrap_or_default(), head.topic.as_deref().unwrap_or_default());
    for (name, value) in &head.headers {
        text += &format!(" {name} {value}");
    }
    text.to_lowercase().contains(query) || String::from_utf8_lossy(&message.payload.bytes()).to_lowercase().contains(query)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use pipewright_runtime::id::MessageId;
    use pipewright_runtime::letter::{Failure, give_up};
    use pipewright_runtime::message::{Message, Payload};
    use pipewright_runtime::units::Moment;
    use serde_json::json;

    /// A letter that failed at this node for this reason.
    pub fn message(number: u128, node: &str, reason: &str) -> Message {
        let mut message = Message::new(MessageId(number), Moment::START, Payload::from_value(json!({ "order": number as u64 })));
        let failure = Failure { node, error: "no stock", at: 1, delivery: Some(3) };
        give_up(&mut message, &failure, Some(reason), &format!("{node}.in"));
        message
    }

    fn listing(query: &str) -> Listing {
        let mut shelf = Shelf::new(MOST_OF_SHELF + 10);
        for number in 0..6_u64 {
            let node = if number % 2 == 0 { "work" } else { "check" };
            shelf.put(message(u128::from(number), node, "max_deliveries"), Moment(number));
        }
        let mut listing = Listing::default();
        let keeper = NodeId::new("failed").expect("an id");
        listing.make([(&keeper, &Arc::new(shelf))].into_iter(), query);
        listing
    }

    fn numbers(entries: &[&Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.id.number).collect()
    }

    #[test]
    fn letters_are_grouped_by_what_they_have_in_common_newest_first() {
        let listing = listing("");
        let groups: Vec<_> =
            listing.groups.iter().map(|group| (group.key.origin.as_str(), numbers(&group.entries.iter().collect::<Vec<_>>()))).collect();
        assert_eq!(groups, [("check", vec![5, 3, 1]), ("work", vec![4, 2, 0])]);
        assert_eq!((listing.listed, listing.not_listed), (6, 0));
    }

    #[test]
    fn a_search_looks_through_payload_and_headers() {
        assert_eq!(listing("\"order\":4").listed, 1);
        assert_eq!(listing("check.in").listed, 3);
        assert_eq!(listing("nowhere").listed, 0);
    }

    #[test]
    fn what_goes_back_is_what_was_chosen_or_all_oldest_first() {
        let listing = listing("");
        assert_eq!(numbers(&listing.targets(&BTreeSet::new())), [0, 1, 2, 3, 4, 5]);
        let chosen = [3, 0].map(|number| LetterId { keeper: NodeId::new("failed").expect("an id"), number }).into();
        assert_eq!(numbers(&listing.targets(&chosen)), [0, 3]);
    }
}
