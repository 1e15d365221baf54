//! Dead letters in a durable store, for a person on the command line: list, put back to work, throw away, each act written down.
//!
//! A letter goes back in one transaction: it is a message of its origin's store and no letter any more, and the act is on record; or nothing has
//! happened. So it is never sent twice, wherever the program is stopped.

use super::file::{self, StoreError, Stores};
use super::record;
use crate::id::MessageId;
use crate::letter;
use crate::message::{Message, Value};
use crate::units::Moment;
use rusqlite::{Transaction, TransactionBehavior, params};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Why a message is a dead letter that could not be read back.
pub(super) const UNREADABLE: &str = "unreadable";

/// A dead letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The node whose store keeps it.
    pub node: String,
    /// Its number there.
    pub number: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up, as a word.
    pub reason: String,
    /// Why, for a person.
    pub error: String,
    /// When it was given up, in UTC nanoseconds since 1970.
    pub given_up: u64,
    /// When it first entered a run.
    pub entered: u64,
    /// The message.
    pub message: Message,
    key: i64,
}

impl Letter {
    /// The node that gave it up: where it goes back to.
    pub fn origin(&self) -> &str {
        let word = |name| self.message.header(name).and_then(Value::as_str);
        let origin = word(letter::ORIGIN).map(|origin| origin.split('.').next().unwrap_or(origin));
        origin.or_else(|| word(letter::NODE)).unwrap_or(&self.node)
    }

    /// How often it was put back to work before; above 0 it has failed again.
    pub fn redriven(&self) -> u64 {
        letter::redriven(&self.message)
    }
}

/// Which letters.
#[derive(Clone, Default, Debug)]
pub struct Wanted {
    /// Those in this node's store.
    pub node: Option<String>,
    /// The one whose id begins so.
    pub id: Option<String>,
    /// Those given up for this reason.
    pub reason: Option<String>,
}

impl Wanted {
    fn wants(&self, letter: &Letter) -> bool {
        let id = letter.message.id.to_string();
        self.node.as_ref().is_none_or(|node| *node == letter.node)
            && self.id.as_ref().is_none_or(|wanted| id.starts_with(wanted.as_str()))
            && self.reason.as_ref().is_none_or(|reason| *reason == letter.reason)
    }
}

/// What became of letters that were to go back to work.
#[derive(Clone, Default, Debug)]
pub struct Redriven {
    /// Those that went, and where to.
    pub went: Vec<(Letter, String)>,
    /// Those that stay, and why.
    pub stay: Vec<(Letter, String)>,
}

/// One manual act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// When, in UTC nanoseconds since 1970.
    pub at: u64,
    /// `redrive` or `purge`.
    pub act: String,
    /// The node whose store kept the letter.
    pub node: String,
    /// The message's id.
    pub id: String,
    /// Why it had been given up.
    pub reason: String,
    /// Where it went, if it went back.
    pub goes_to: Option<String>,
}

impl Stores {
    /// The letters wanted, oldest first.
    pub fn letters(&self, wanted: &Wanted) -> Result<Vec<Letter>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT messages.key, stores.node, messages.id, attempts, reason, error, given_up, entered, envelope, payload \
             FROM messages JOIN stores ON stores.id = messages.key >> 40 WHERE reason IS NOT NULL ORDER BY given_up, key",
        )?;
        let mut rows = statement.query([])?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            let (id, envelope): (String, String) = (row.get(2)?, row.get(8)?);
            // What cannot be read is listed all the same, by its id and payload.
            let payload: Vec<u8> = row.get(9)?;
            let message = record::message(&id, &envelope, payload.clone(), Moment::NEVER)
                .or_else(|_| record::message(&id, "{}", payload, Moment::NEVER))
                .or_else(|_| record::message("0", "{}", Vec::new(), Moment::NEVER));
            let letter = Letter {
                node: row.get(1)?,
                number: file::number(key),
                attempts: row.get(3)?,
                reason: row.get(4)?,
                error: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
                given_up: row.get::<_, Option<i64>>(6)?.unwrap_or(0) as u64,
                entered: row.get::<_, i64>(7)? as u64,
                message: message.expect("`0` is an id"),
                key,
            };
            if wanted.wants(&letter) {
                letters.push(letter);
            }
        }
        Ok(letters)
    }

    /// Puts letters back to work: into the store `to`, or each into its origin's, if that is among `takers`, the durable nodes of the graph. The
    /// next run hands them out. All or, if the disk refuses, none.
    pub fn redrive(&mut self, wanted: &Wanted, to: Option<&str>, takers: &[String]) -> Result<Redriven, StoreError> {
        // A letter may be kept twice: by what collects it, and by the queue that gave it up and was killed before it heard of that.
        let mut twins: BTreeMap<(MessageId, String), Vec<i64>> = BTreeMap::new();
        for letter in self.letters(&Wanted::default())? {
            twins.entry((letter.message.id, letter.origin().to_owned())).or_default().push(letter.key);
        }
        let letters = self.letters(wanted)?;
        let at = file::now();
        let mut done = Redriven::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut inside: BTreeMap<String, Inside> = BTreeMap::new();
        for letter in letters {
            // Gone with its twin.
            let Some(keys) = twins.remove(&(letter.message.id, letter.origin().to_owned())) else { continue };
            let goes_to = to.unwrap_or_else(|| letter.origin()).to_owned();
            if !takers.contains(&goes_to) {
                let why = format!("`{goes_to}`, which gave it up, is no durable queue or subscription of this graph; name one with --to");
                done.stay.push((letter, why));
                continue;
            }
            if letter.reason == UNREADABLE {
                done.stay.push((letter, "it cannot be read".to_owned()));
                continue;
            }
            let there = match inside.entry(goes_to.clone()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(Inside::of(&transaction, &goes_to)?),
            };
            let id = letter.message.id.to_string();
            if !there.alive.insert(id) {
                done.stay.push((letter, format!("`{goes_to}` has it already")));
                continue;
            }
            there.last += 1;
            let key = file::key(there.store, there.last)?;
            for twin in keys {
                transaction.execute("DELETE FROM messages WHERE key = ?1", [twin])?;
            }
            file::put(&transaction, key, 0, None, &back_to_work(&letter, at), letter.entered as i64, None)?;
            record_act(&transaction, at, "redrive", &letter, Some(&goes_to))?;
            done.went.push((letter, goes_to));
        }
        transaction.commit()?;
        Ok(done)
    }

    /// Throws letters away; those that went. All or, if the disk refuses, none.
    pub fn purge(&mut self, wanted: &Wanted) -> Result<Vec<Letter>, StoreError> {
        let letters = self.letters(wanted)?;
        let at = file::now();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for letter in &letters {
            transaction.execute("DELETE FROM messages WHERE key = ?1", [letter.key])?;
            record_act(&transaction, at, "purge", letter, None)?;
        }
        transaction.commit()?;
        Ok(letters)
    }

    /// The manual acts, oldest first.
    pub fn acts(&self) -> Result<Vec<Act>, StoreError> {
        let mut statement = self.connection.prepare("SELECT at, act, node, id, reason, goes_to FROM acts ORDER BY number")?;
        let acts = statement.query_map([], |row| {
            Ok(Act {
                at: row.get::<_, i64>(0)? as u64,
                act: row.get(1)?,
                node: row.get(2)?,
                id: row.get(3)?,
                reason: row.get(4)?,
                goes_to: row.get(5)?,
            })
        })?;
        Ok(acts.collect::<Result<_, _>>()?)
    }
}

/// What a store keeps that letters are to go to.
struct Inside {
    store: i64,
    last: u64,
    /// The ids of messages that are no dead letters.
    alive: BTreeSet<String>,
}

impl Inside {
    fn of(transaction: &Transaction<'_>, node: &str) -> Result<Self, StoreError> {
        let store = file::id_of(transaction, node)?;
        let mut statement = transaction.prepare("SELECT key, id, reason IS NULL FROM messages WHERE key >> 40 = ?1 ORDER BY key")?;
        let mut rows = statement.query([store])?;
        let mut inside = Self { store, last: 0, alive: BTreeSet::new() };
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            inside.last = file::number(key);
            if row.get::<_, bool>(2)? {
                inside.alive.insert(row.get(1)?);
            }
        }
        Ok(inside)
    }
}

fn record_act(transaction: &Transaction<'_>, at: i64, act: &str, letter: &Letter, goes_to: Option<&str>) -> rusqlite::Result<()> {
    let id = letter.message.id.to_string();
    transaction
        .prepare_cached("INSERT INTO acts (at, act, node, id, reason, goes_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![at, act, letter.node, id, letter.reason, goes_to])
        .map(drop)
}

/// The letter as a message again, marked as redriven.
fn back_to_work(letter: &Letter, at: i64) -> Message {
    let mut message = letter.message.clone();
    letter::back_to_work(&mut message, None, at as u64);
    message
}
