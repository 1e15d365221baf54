//! The file of the durable stores: opening, writing, reading back.

use super::letters::UNREADABLE;
use super::record;
use crate::id::NodeId;
use crate::message::Message;
use crate::node::outside::{Dead, Keep, Kept};
use crate::node::{Answer, Ask};
use crate::units::{Moment, Span};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The name of the file in the folder that a graph writes below.
pub const FILE: &str = "durable.db";
/// The file that is locked while a process writes.
const LOCK: &str = "durable.lock";
/// The version of the tables; a newer one is not opened.
const VERSION: i64 = 1;
/// How many bits of a key are the message's number; the rest is the store's.
const NUMBER_BITS: u32 = 40;
/// The highest number of a message.
const MOST_NUMBER: u64 = (1 << NUMBER_BITS) - 1;
/// How many bytes of payload one page brings back at most, but at least one message.
const PAGE_BYTES: usize = 16 << 20;
/// How many pages of the file that are free are given back to the system when it is closed.
const PAGES_GIVEN_BACK: u32 = 16_384;

/// Settings that hold while the file is open, and the tables. `synchronous = FULL` in write-ahead mode syncs the log at every commit (sqlite.org,
/// "Write-Ahead Logging", section 2.3); the log is cut to 64 MiB after it grew, so that a burst leaves no large file behind.
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;";
const TABLES: &str = "
CREATE TABLE stores (id INTEGER PRIMARY KEY, node TEXT NOT NULL UNIQUE);
CREATE TABLE messages (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT,
    error TEXT,
    given_up INTEGER,
    entered INTEGER NOT NULL,
    expires INTEGER,
    envelope TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX letters ON messages (key) WHERE reason IS NOT NULL;
CREATE TABLE acts (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    node TEXT NOT NULL,
    id TEXT NOT NULL,
    reason TEXT NOT NULL,
    goes_to TEXT
);
CREATE VIEW kept AS
    SELECT stores.node, messages.key & 1099511627775 AS number, messages.id, attempts, reason, error, given_up, entered, expires, envelope, payload
    FROM messages JOIN stores ON stores.id = messages.key >> 40;
PRAGMA user_version = 1;
";

/// Why a durable store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process, or another run of this one, has it open.
    #[error("{}: another run has it open; a durable store belongs to one run at a time", .0.display())]
    InUse(PathBuf),
    /// A newer version of the program has written it.
    #[error("{}: written by a newer version of the program (tables of version {found}, this one knows {VERSION})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
    },
    /// There is none.
    #[error("{}: there is no durable store", .0.display())]
    Missing(PathBuf),
    /// The system refuses.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database refuses: the disk is full, the file is damaged.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// A store has numbered more messages than there are numbers.
    #[error("the store has numbered more than {MOST_NUMBER} messages")]
    Numbers,
}

/// The durable stores of one graph. See the module page.
pub struct Stores {
    pub(super) connection: Connection,
    ids: BTreeMap<NodeId, i64>,
    /// UTC nanoseconds since 1970 at the start of the run.
    epoch: u64,
    /// How long opening took, until somebody was told.
    opening: Span,
    /// Held while it lives; `None` where it is only read.
    _lock: Option<File>,
}

impl Stores {
    /// Opens the stores below a folder for a run that begins at this moment (UTC nanoseconds since 1970), and makes them if there are none.
    pub fn open(folder: &Path, epoch: u64) -> Result<Self, StoreError> {
        let begun = Instant::now();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreError::File { path, error }
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let (path, lock) = (folder.join(FILE), folder.join(LOCK));
        let file = File::options().create(true).truncate(false).write(true).open(&lock).map_err(failed(&lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(failed(&lock)(error)),
        }
        let connection = Connection::open(&path)?;
        // Must stand before the first table; changes nothing in a file that has some.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
        connection.execute_batch(SETTINGS)?;
        let mut stores = Self { connection, ids: BTreeMap::new(), epoch, opening: Span::ZERO, _lock: Some(file) };
        if stores.version(&path)? == 0 {
            let transaction = stores.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(TABLES)?;
            transaction.commit()?;
        }
        stores.opening = Span(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        Ok(stores)
    }

    /// Opens the stores below a folder for looking only, also while a run has them open.
    pub fn look(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing(path));
        }
        // A log that a killed process has left behind is read too, for which the library wants to write beside the file.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.execute_batch("PRAGMA query_only = TRUE;")?;
        let stores = Self { connection, ids: BTreeMap::new(), epoch: 0, opening: Span::ZERO, _lock: None };
        if stores.version(&path)? == 0 { Err(StoreError::Missing(path)) } else { Ok(stores) }
    }

    fn version(&self, path: &Path) -> Result<i64, StoreError> {
        let found = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > VERSION { Err(StoreError::Newer { path: path.to_owned(), found }) } else { Ok(found) }
    }

    /// Lets the file take no more bytes than this. What goes beyond fails as on a full disk.
    pub fn set_most_bytes(&self, most: u64) -> Result<(), StoreError> {
        let page: i64 = self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(most).unwrap_or(i64::MAX) / page.max(1);
        Ok(self.connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?)
    }

    /// Carries out requests that wait together; an answer for each, in order. Blocks until the disk has them.
    pub fn perform(&mut self, asks: &[Ask]) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = asks.iter().map(|_| None).collect();
        let mut together: Vec<(usize, &NodeId, &[Keep])> = Vec::new();
        for (at, ask) in asks.iter().enumerate() {
            match ask {
                Ask::Keep { store, changes } => together.push((at, store, changes)),
                Ask::Recover { store, dead, after, most } => {
                    answers[at] = Some(self.recover(store, *dead, *after, *most).unwrap_or_else(|error| Answer::Failed(error.to_string())));
                }
                _ => answers[at] = Some(Answer::Failed("not for a durable store".to_owned())),
            }
        }
        // One that fails must not fail the others: then each goes by itself.
        if together.len() > 1 && self.write(together.iter().map(|(_, store, changes)| (*store, *changes))).is_ok() {
            together.drain(..).for_each(|(at, ..)| answers[at] = Some(Answer::Done));
        }
        for (at, store, changes) in together {
            let written = self.write(std::iter::once((store, changes)));
            if written.is_err() {
                // What the log takes up may be what is missing. If this fails too, the next try finds out.
                let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
            answers[at] = Some(written.map_or_else(|error| Answer::Failed(error.to_string()), |()| Answer::Done));
        }
        answers.into_iter().map(|answer| answer.expect("every request has an answer")).collect()
    }

    fn write<'a>(&mut self, groups: impl Iterator<Item = (&'a NodeId, &'a [Keep])>) -> Result<(), StoreError> {
        let epoch = self.epoch;
        let mut made: Vec<(&NodeId, i64)> = Vec::new();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (store, changes) in groups {
            let known = self.ids.get(store).or_else(|| made.iter().find(|(node, _)| *node == store).map(|(_, id)| id)).copied();
            let id = known.map_or_else(|| id_of(&transaction, store.as_str()), Ok)?;
            if known.is_none() {
                made.push((store, id));
            }
            for change in changes {
                apply(&transaction, key(id, change.number())?, change, epoch)?;
            }
        }
        transaction.commit()?;
        self.ids.extend(made.into_iter().map(|(node, id)| (node.clone(), id)));
        Ok(())
    }

    fn recover(&mut self, store: &NodeId, dead: bool, after: u64, most: usize) -> Result<Answer, StoreError> {
        let begun = Instant::now();
        let id: Option<i64> =
            self.connection.query_row("SELECT id FROM stores WHERE node = ?1", [store.as_str()], |row| row.get(0)).optional()?;
        let Some(id) = id else {
            let took = std::mem::take(&mut self.opening);
            return Ok(Answer::Recovered { kept: Vec::new(), end: true, last: 0, dead: 0, took });
        };
        let (kept, unreadable, end) = self.page(id, dead, after, most)?;
        for (key, error) in unreadable {
            let given_up = now();
            self.connection.execute(
                "UPDATE messages SET reason = ?4, error = ?2, given_up = ?3 WHERE key = ?1 AND reason IS NULL",
                params![key, error, given_up, UNREADABLE],
            )?;
        }
        let (first, last) = (id << NUMBER_BITS, (id + 1) << NUMBER_BITS);
        let highest: Option<i64> =
            self.connection.query_row("SELECT max(key) FROM messages WHERE key >= ?1 AND key < ?2", [first, last], |row| row.get(0))?;
        let letters: i64 = self.connection.query_row(
            "SELECT count(*) FROM messages WHERE key >= ?1 AND key < ?2 AND reason IS NOT NULL",
            [first, last],
            |row| row.get(0),
        )?;
        let took = std::mem::take(&mut self.opening).0.saturating_add(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let last = highest.map_or(0, number);
        Ok(Answer::Recovered { kept, end, last, dead: letters as u64, took: Span(took) })
    }

    /// One page: messages, what could not be read, and whether these are all.
    #[allow(clippy::type_complexity)]
    fn page(&self, id: i64, dead: bool, after: u64, most: usize) -> Result<(Vec<Kept>, Vec<(i64, String)>, bool), StoreError> {
        let wanted = if dead { "IS NOT NULL" } else { "IS NULL" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT key, id, attempts, reason, error, expires, envelope, payload FROM messages \
             WHERE key > ?1 AND key < ?2 AND reason {wanted} ORDER BY key LIMIT ?3"
        ))?;
        let mut rows = statement.query(params![key(id, after)?, (id + 1) << NUMBER_BITS, most as i64 + 1])?;
        let (mut kept, mut unreadable, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(row) = rows.next()? {
            if kept.len() == most || bytes > PAGE_BYTES {
                return Ok((kept, unreadable, false));
            }
            let key: i64 = row.get(0)?;
            let payload: Vec<u8> = row.get(7)?;
            let expires: Option<i64> = row.get(5)?;
            let expires = expires.map_or(Moment::NEVER, |at| Moment((at as u64).saturating_sub(self.epoch)));
            let size = payload.len();
            let (id, envelope): (String, String) = (row.get(1)?, row.get(6)?);
            match record::message(&id, &envelope, payload, expires) {
                Ok(message) => {
                    let (reason, error): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
                    let dead = reason.map(|reason| Dead { reason: reason.into(), error: error.unwrap_or_default().into() });
                    bytes += size;
                    kept.push(Kept { number: number(key), attempts: row.get(2)?, dead, message });
                }
                Err(error) => unreadable.push((key, error)),
            }
        }
        Ok((kept, unreadable, true))
    }

    /// Gives free pages back to the system, a bounded number of them, and closes the file.
    pub fn close(self) {
        // What fails here costs room, not messages; the next run tries again.
        let free: i64 = self.connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap_or(0);
        if free > i64::from(PAGES_GIVEN_BACK) / 4 {
            let _ = self.connection.pragma(None, "incremental_vacuum", PAGES_GIVEN_BACK, |_| Ok(()));
        }
    }
}

/// UTC nanoseconds since 1970, as the file has them.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}

/// The key of a message.
pub(super) fn key(store: i64, number: u64) -> Result<i64, StoreError> {
    if number > MOST_NUMBER { Err(StoreError::Numbers) } else { Ok((store << NUMBER_BITS) | number as i64) }
}

/// The number in a key.
pub(super) const fn number(key: i64) -> u64 {
    key as u64 & MOST_NUMBER
}

/// The number of a node's store; it gets one if it has none.
pub(super) fn id_of(transaction: &Transaction<'_>, node: &str) -> rusqlite::Result<i64> {
    transaction.prepare_cached("INSERT INTO stores (node) VALUES (?1) ON CONFLICT (node) DO NOTHING")?.execute([node])?;
    transaction.prepare_cached("SELECT id FROM stores WHERE node = ?1")?.query_row([node], |row| row.get(0))
}

/// A message into a row.
pub(super) fn put(
    transaction: &Transaction<'_>,
    key: i64,
    attempts: u32,
    dead: Option<&Dead>,
    message: &Message,
    entered: i64,
    expires: Option<i64>,
) -> rusqlite::Result<()> {
    let payload = message.payload.bytes();
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO messages (key, id, attempts, reason, error, given_up, entered, expires, envelope, payload) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            key,
            message.id.to_string(),
            attempts,
            dead.map(|dead| &*dead.reason),
            dead.map(|dead| &*dead.error),
            dead.map(|_| now()),
            entered,
            expires,
            record::envelope(message),
            &payload[..],
        ])
        .map(drop)
}

fn apply(transaction: &Transaction<'_>, key: i64, change: &Keep, epoch: u64) -> rusqlite::Result<()> {
    let calendar = |moment: Moment| i64::try_from(epoch.saturating_add(moment.0)).unwrap_or(i64::MAX);
    match change {
        Keep::Put { attempts, dead, message, .. } => {
            let expires = Some(message.expires).filter(|end| *end != Moment::NEVER).map(calendar);
            put(transaction, key, *attempts, dead.as_ref(), message, calendar(message.entered), expires)
        }
        Keep::Tried { attempts, .. } => {
            transaction.prepare_cached("UPDATE messages SET attempts = ?2 WHERE key = ?1")?.execute(params![key, attempts]).map(drop)
        }
        Keep::Dead { attempts, dead, .. } => transaction
            .prepare_cached("UPDATE messages SET attempts = ?2, reason = ?3, error = ?4, given_up = ?5 WHERE key = ?1")?
            .execute(params![key, attempts, &*dead.reason, &*dead.error, now()])
            .map(drop),
        Keep::Gone { .. } => transaction.prepare_cached("DELETE FROM messages WHERE key = ?1")?.execute([key]).map(drop),
    }
}
