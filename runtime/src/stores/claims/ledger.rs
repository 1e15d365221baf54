//! The ledger of a store of claims: who waits for what, what has expired, and what it all amounts to. Pure; both worlds keep one.

use crate::node::claims::Census;
use crate::units::Moment;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Entry {
    owner: u64,
    length: u64,
    expires: Moment,
    /// How many readers it waits for, each as many times as it was stored: a message that comes twice is read twice.
    readers: u32,
    copies: u32,
    /// How many times each reader has done with it.
    released: BTreeMap<Arc<str>, u32>,
    fetched: bool,
    /// When it was thrown away. It is forgotten later, so that what happens in one instant does not depend on its order.
    gone: Option<Moment>,
}

#[derive(Default)]
struct Account {
    census: Census,
    since: Moment,
    byte_nanos: u128,
}

impl Account {
    fn change(&mut self, now: Moment, change: impl FnOnce(&mut Census)) {
        self.byte_nanos += u128::from(self.census.bytes) * u128::from(now.since(self.since).0);
        self.since = self.since.max(now);
        change(&mut self.census);
    }

    fn census(&self, now: Moment) -> Census {
        let nanos = self.byte_nanos + u128::from(self.census.bytes) * u128::from(now.since(self.since).0);
        Census { byte_seconds: nanos as f64 / 1e9, ..self.census }
    }
}

/// What one store keeps.
#[derive(Default)]
pub struct Ledger {
    entries: BTreeMap<Arc<str>, Entry>,
    owners: BTreeMap<u64, Account>,
}

/// Whose claims these are, by the first part of a name.
fn owner_of(name: &str) -> u64 {
    name.split('/').next().and_then(|part| u64::from_str_radix(part, 16).ok()).unwrap_or(0)
}

impl Ledger {
    fn account(&mut self, owner: u64) -> &mut Account {
        self.owners.entry(owner).or_default()
    }

    /// Something was stored.
    pub fn put(&mut self, now: Moment, name: &Arc<str>, owner: u64, length: u64, readers: u32, expires: Moment) {
        let (mut more, mut bytes) = (1, 0);
        if let Some(entry) = self.entries.get_mut(name).filter(|entry| entry.gone.is_none()) {
            (more, bytes) = (0, std::mem::replace(&mut entry.length, length));
            entry.copies += 1;
            entry.expires = entry.expires.max(expires);
        } else {
            let released = BTreeMap::new();
            let entry = Entry { owner, length, expires, readers, copies: 1, released, fetched: false, gone: None };
            self.entries.insert(name.clone(), entry);
        }
        self.account(owner).change(now, |census| {
            census.puts += 1;
            census.kept += more;
            census.bytes = census.bytes - bytes + length;
        });
    }

    /// Something was fetched.
    pub fn get(&mut self, now: Moment, name: &str) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.fetched = true;
        }
        self.account(owner_of(name)).change(now, |census| census.gets += 1);
    }

    /// A list was asked for.
    pub fn list(&mut self, now: Moment, owner: u64) {
        self.account(owner).change(now, |census| census.lists += 1);
    }

    /// Whether it is there. What is thrown away in an instant is gone after that instant.
    pub fn keeps(&self, now: Moment, name: &str) -> bool {
        self.entries.get(name).is_some_and(|entry| entry.gone.is_none_or(|gone| gone >= now))
    }

    /// Whether it knows something of this name, thrown away or not.
    pub fn knows(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// A reader has done with these; the names of those that nobody waits for any more. Of what an earlier run stored nothing is known but
    /// what the claim says.
    pub fn release(&mut self, now: Moment, reader: &Arc<str>, names: &[(Arc<str>, u32)]) -> Vec<Arc<str>> {
        let mut free = Vec::new();
        for (name, readers) in names {
            let entry = self.entries.entry(name.clone()).or_insert_with(|| Entry {
                owner: owner_of(name),
                length: 0,
                expires: Moment::NEVER,
                readers: *readers,
                copies: 1,
                released: BTreeMap::new(),
                fetched: true,
                gone: None,
            });
            let times = entry.released.entry(reader.clone()).or_default();
            *times = (*times + 1).min(entry.copies);
            let all: u64 = entry.released.values().map(|times| u64::from(*times)).sum();
            if entry.gone.is_none() && all >= u64::from(entry.readers) * u64::from(entry.copies) {
                free.push(name.clone());
            }
        }
        free.iter().for_each(|name| self.throw_away(now, name));
        free
    }

    /// The names of an owner's claims whose end has come. They count as thrown away.
    pub fn sweep(&mut self, now: Moment, owner: u64) -> Vec<Arc<str>> {
        self.entries.retain(|_, entry| entry.gone.is_none_or(|gone| gone >= now));
        let due = |entry: &Entry| entry.owner == owner && entry.gone.is_none() && entry.expires <= now;
        let names: Vec<(Arc<str>, bool)> =
            self.entries.iter().filter(|(_, entry)| due(entry)).map(|(name, entry)| (name.clone(), entry.fetched)).collect();
        for (name, fetched) in &names {
            self.throw_away(now, name);
            self.account(owner).change(now, |census| {
                census.swept += 1;
                census.orphans += u64::from(!fetched);
            });
        }
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// An earlier run left something behind, and its time is over.
    pub fn left_behind(&mut self, now: Moment, owner: u64) {
        self.account(owner).change(now, |census| {
            census.swept += 1;
            census.orphans += 1;
            census.deletes += 1;
        });
    }

    fn throw_away(&mut self, now: Moment, name: &str) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        entry.gone = Some(now);
        let (owner, length) = (entry.owner, entry.length);
        self.account(owner).change(now, |census| {
            census.deletes += 1;
            census.kept = census.kept.saturating_sub(1);
            census.bytes = census.bytes.saturating_sub(length);
        });
    }

    /// What one owner has, or all together.
    pub fn census(&self, now: Moment, owner: Option<u64>) -> Census {
        let mut sum = Census::default();
        for account in self.owners.iter().filter(|(number, _)| owner.is_none_or(|owner| owner == **number)).map(|(_, account)| account) {
            let one = account.census(now);
            sum.kept += one.kept;
            sum.bytes += one.bytes;
            sum.byte_seconds += one.byte_seconds;
            sum.puts += one.puts;
            sum.gets += one.gets;
            sum.deletes += one.deletes;
            sum.lists += one.lists;
            sum.swept += one.swept;
            sum.orphans += one.orphans;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SECOND;

    const OWNER: u64 = 0xff;

    fn at(second: u64) -> Moment {
        Moment(second * SECOND)
    }

    fn name(number: u32) -> Arc<str> {
        format!("{OWNER:016x}/{number}").into()
    }

    fn put(ledger: &mut Ledger, second: u64, number: u32, readers: u32) {
        ledger.put(at(second), &name(number), OWNER, 100, readers, at(second + 60));
    }

    fn release(ledger: &mut Ledger, second: u64, number: u32, reader: &str) -> usize {
        ledger.release(at(second), &reader.into(), &[(name(number), 1)]).len()
    }

    #[test]
    fn the_last_of_the_readers_frees_it() {
        let mut ledger = Ledger::default();
        put(&mut ledger, 0, 1, 2);
        assert_eq!(release(&mut ledger, 1, 1, "archive"), 0);
        assert_eq!(release(&mut ledger, 2, 1, "archive"), 0, "who reads twice counts once");
        assert_eq!(release(&mut ledger, 3, 1, "shop"), 1);
        assert!(ledger.keeps(at(3), &name(1)) && !ledger.keeps(at(4), &name(1)));
        let census = ledger.census(at(9), Some(OWNER));
        assert_eq!((census.kept, census.bytes, census.puts, census.deletes), (0, 0, 1, 1));
        assert_eq!(census.byte_seconds, 300.0);
    }

    #[test]
    fn what_is_stored_twice_is_read_twice() {
        let mut ledger = Ledger::default();
        put(&mut ledger, 0, 1, 1);
        put(&mut ledger, 0, 1, 1);
        assert_eq!(ledger.census(at(0), None).bytes, 100);
        assert_eq!(release(&mut ledger, 1, 1, "shop"), 0);
        assert_eq!(release(&mut ledger, 2, 1, "shop"), 1);
        put(&mut ledger, 5, 1, 1);
        assert!(ledger.keeps(at(6), &name(1)), "stored again after it had gone");
    }

    #[test]
    fn what_has_expired_is_swept_and_told_apart_by_whether_anybody_came() {
        let mut ledger = Ledger::default();
        put(&mut ledger, 0, 1, 2);
        put(&mut ledger, 0, 2, 2);
        put(&mut ledger, 30, 3, 2);
        ledger.get(at(5), &name(1));
        assert_eq!(ledger.sweep(at(59), OWNER).len(), 0);
        assert_eq!(ledger.sweep(at(60), OWNER), [name(1), name(2)]);
        assert_eq!(ledger.sweep(at(60), OWNER).len(), 0);
        let census = ledger.census(at(60), Some(OWNER));
        assert_eq!((census.swept, census.orphans, census.kept, census.gets), (2, 1, 1, 1));
        assert_eq!(ledger.sweep(at(99), 0xee).len(), 0, "another owner's stay");
    }

    #[test]
    fn of_what_an_earlier_run_stored_the_claim_tells_enough() {
        let mut ledger = Ledger::default();
        let names = [(name(7), 2)];
        assert_eq!(ledger.release(at(1), &"archive".into(), &names).len(), 0);
        assert_eq!(ledger.release(at(1), &"shop".into(), &names).len(), 1);
        assert_eq!(ledger.census(at(2), None).kept, 0);
    }
}
