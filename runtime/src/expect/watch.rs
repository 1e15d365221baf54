//! What claims over messages see: every message as it comes in at a node.

use super::claim::{Claim, Expected};
use crate::expr::Expression;
use crate::id::{NodeId, hash_text};
use crate::message::Message;
use crate::telemetry::report::{ExpectationReport, Verdict};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// How many different keys one claim remembers. Beyond that it is not judged, unless it was broken before.
const MOST_KEYS: usize = 1_000_000;

/// What one node's messages are held against.
#[derive(Debug)]
pub struct Watch {
    /// By the number of the expectation.
    claims: Vec<(usize, Seen)>,
}

#[derive(Debug)]
struct Seen {
    claim: Claim,
    messages: u64,
    /// Hashes of keys with the value that must not go back: 8 bytes a key in place of the key. Only looked up, never walked.
    keys: HashMap<u64, f64, BuildHasherDefault<Hashed>>,
    broken: u64,
    /// The first that broke it, in words.
    first: String,
    forgotten: u64,
}

impl Watch {
    /// What the expectations want to see at this node; `None` if nothing.
    pub fn of(expected: &[Expected], node: &NodeId) -> Option<Box<Self>> {
        let seen = |claim: &Claim| Seen {
            claim: claim.clone(),
            messages: 0,
            keys: HashMap::default(),
            broken: 0,
            first: String::new(),
            forgotten: 0,
        };
        let here = |claim: &&Claim| match claim {
            Claim::OncePerKey { at, .. } | Claim::OrderPerKey { at, .. } | Claim::Every { at, .. } => at == node,
            Claim::NoLoss { .. } | Claim::Compare(..) => false,
        };
        let claims = expected.iter().enumerate().filter_map(|(number, expected)| {
            let claim = expected.claim.as_ref().ok().filter(here)?;
            Some((number, seen(claim)))
        });
        let claims: Vec<_> = claims.collect();
        (!claims.is_empty()).then(|| Box::new(Self { claims }))
    }

    /// Takes note of a message that came in.
    pub fn see(&mut self, message: &Message) {
        for (_, seen) in &mut self.claims {
            seen.see(message);
        }
    }

    /// What it found, by the number of the expectation.
    pub fn found(&self) -> impl Iterator<Item = (usize, ExpectationReport)> {
        self.claims.iter().map(|(number, seen)| (*number, seen.found()))
    }
}

impl Seen {
    fn see(&mut self, message: &Message) {
        self.messages += 1;
        if let Err(fault) = self.judge(message) {
            self.broken += 1;
            if self.broken == 1 {
                self.first = format!("message {}: {fault}", message.id);
            }
        }
    }

    fn judge(&mut self, message: &Message) -> Result<(), String> {
        let text = |key: &Expression| key.text(message).map_err(|error| format!("{}: {error}", key.source()));
        let (key, value, again) = match &self.claim {
            Claim::Every { condition, .. } => {
                return match condition.test(message) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(format!("`{}` is false", condition.source())),
                    Err(error) => Err(format!("{}: {error}", condition.source())),
                };
            }
            Claim::OncePerKey { key, .. } => (key.as_ref().map_or_else(|| Ok(message.id.to_string()), text)?, 0.0, true),
            Claim::OrderPerKey { key, by, .. } => {
                let key = key.as_ref().map_or_else(|| Ok(message.key().unwrap_or_default().to_owned()), text)?;
                let by = by.as_ref().map(|by| by.number(message).map_err(|error| format!("{}: {error}", by.source()))).transpose()?;
                (key, by.unwrap_or(message.entered.0 as f64), false)
            }
            Claim::NoLoss { .. } | Claim::Compare(..) => return Ok(()),
        };
        let (hash, full) = (hash_text(&key), self.keys.len() >= MOST_KEYS);
        match self.keys.get_mut(&hash) {
            Some(_) if again => Err(format!("the key `{key}` came before")),
            Some(last) if value < *last => Err(format!("in `{key}`, {value} came after {last}")),
            Some(last) => {
                *last = value;
                Ok(())
            }
            None if !full => {
                self.keys.insert(hash, value);
                Ok(())
            }
            None => {
                self.forgotten += 1;
                Ok(())
            }
        }
    }

    fn found(&self) -> ExpectationReport {
        let (verdict, found) = if self.broken > 0 {
            (Verdict::Broken, format!("broken by {} of {} messages; first by {}", self.broken, self.messages, self.first))
        } else if self.forgotten > 0 {
            (Verdict::NotJudged, format!("more than {MOST_KEYS} keys came, too many to remember"))
        } else if self.keys.is_empty() {
            (Verdict::Met, format!("{} messages", self.messages))
        } else {
            (Verdict::Met, format!("{} messages, {} keys", self.messages, self.keys.len()))
        };
        ExpectationReport { verdict, found }
    }
}

/// Keys are hashes already.
#[derive(Clone, Copy, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty(), "only hashes are hashed");
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}
