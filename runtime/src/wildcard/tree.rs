//! The tree of many patterns: finds everybody who wants a topic at a cost that grows with the topic's levels, not with the patterns.
//!
//! Levels of patterns are numbered, so a topic's levels are looked up once each, and walking goes by pairs of numbers. The walk keeps the
//! nodes that the levels so far lead to; where a wildcard for many levels may stand in the middle (AMQP), several ways can lead to one node,
//! which is then visited once.

use super::pattern::Level;
use super::{Dialect, Pattern};
use crate::id::mix;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;

#[derive(Clone, Debug)]
struct Node {
    /// Where the wildcard for one level leads.
    one: u32,
    /// Where the wildcard for many levels leads.
    many: u32,
    /// Whether the wildcard for many levels leads here: then any level leads from here to here.
    swallows: bool,
    /// Who wants what ends here.
    wanted_by: Vec<u32>,
    /// The walk that visited it last.
    visited: u64,
}

impl Node {
    const fn new(swallows: bool) -> Self {
        Self { one: NONE, many: NONE, swallows, wanted_by: Vec::new(), visited: 0 }
    }
}

/// Many patterns of one dialect. See the module page.
#[derive(Clone, Debug)]
pub struct Tree {
    dialect: Dialect,
    nodes: Vec<Node>,
    /// The number of each level that stands in a pattern.
    levels: HashMap<Box<str>, u32, Fast>,
    /// Node and level to the node below. Only looked up, never walked.
    below: HashMap<u64, u32, Fast>,
    walks: u64,
    /// Nodes that the levels so far lead to, and those that the next one leads to.
    here: Vec<u32>,
    there: Vec<u32>,
}

impl Tree {
    /// No patterns.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            nodes: vec![Node::new(false)],
            levels: HashMap::default(),
            below: HashMap::default(),
            walks: 0,
            here: Vec::new(),
            there: Vec::new(),
        }
    }

    /// Adds somebody who wants what this pattern matches. Whoever is added for several patterns is found once for each that matches.
    pub fn insert(&mut self, pattern: &Pattern, who: u32) {
        debug_assert_eq!(pattern.dialect(), self.dialect, "one tree speaks one dialect");
        let mut at = ROOT;
        for level in pattern.levels() {
            at = match level {
                Level::Exact(level) => self.below(at, level),
                Level::One => self.wild(at, |node| &mut node.one, false),
                // Two in a row say no more than one: no word or more, twice.
                Level::Many if self.nodes[at as usize].swallows => at,
                Level::Many => self.wild(at, |node| &mut node.many, true),
            };
        }
        self.nodes[at as usize].wanted_by.push(who);
    }

    fn below(&mut self, at: u32, level: &str) -> u32 {
        let fresh = self.levels.len() as u32;
        let level = match self.levels.get(level) {
            Some(known) => *known,
            None => *self.levels.entry(level.into()).or_insert(fresh),
        };
        let next = self.nodes.len() as u32;
        let found = *self.below.entry(pair(at, level)).or_insert(next);
        if found == next {
            self.nodes.push(Node::new(false));
        }
        found
    }

    fn wild(&mut self, at: u32, place: impl Fn(&mut Node) -> &mut u32, swallows: bool) -> u32 {
        let next = self.nodes.len() as u32;
        let found = place(&mut self.nodes[at as usize]);
        if *found != NONE {
            return *found;
        }
        *found = next;
        self.nodes.push(Node::new(swallows));
        next
    }

    /// Everybody who wants this topic, in no particular order. A message without a topic is wanted by those who want everything.
    pub fn matching(&mut self, topic: Option<&str>, found: &mut Vec<u32>) {
        let Some(topic) = topic else {
            let many = self.nodes[ROOT as usize].many;
            if many != NONE {
                found.extend_from_slice(&self.nodes[many as usize].wanted_by);
            }
            return;
        };
        self.walks += 1;
        let hidden = self.dialect == Dialect::Mqtt && topic.starts_with('$');
        let mut here = std::mem::take(&mut self.here);
        let mut there = std::mem::take(&mut self.there);
        here.clear();
        here.push(ROOT);
        // NATS wants one level or more for its `>`; the others also take none.
        let none_too = self.dialect != Dialect::Nats;
        if none_too && !hidden {
            self.enter_many(ROOT, self.walks, &mut here, found);
        }
        for (number, level) in self.dialect.levels(topic).enumerate() {
            let level = self.levels.get(level).copied();
            let wild = !(hidden && number == 0);
            // A node may be visited once for each level.
            self.walks += 1;
            there.clear();
            for &at in &here {
                let (one, many, swallows) = {
                    let node = &self.nodes[at as usize];
                    (node.one, node.many, node.swallows)
                };
                let exact = level.and_then(|level| self.below.get(&pair(at, level)).copied());
                if !none_too && many != NONE {
                    // At the end of the pattern always: it takes all the rest.
                    found.extend_from_slice(&self.nodes[many as usize].wanted_by);
                }
                let next = [exact, (wild && one != NONE).then_some(one), swallows.then_some(at)];
                for next in next.into_iter().flatten() {
                    if std::mem::replace(&mut self.nodes[next as usize].visited, self.walks) != self.walks {
                        there.push(next);
                        if none_too && next != at {
                            self.enter_many(next, self.walks, &mut there, found);
                        }
                    }
                }
            }
            std::mem::swap(&mut here, &mut there);
            if here.is_empty() {
                break;
            }
        }
        for &at in &here {
            found.extend_from_slice(&self.nodes[at as usize].wanted_by);
        }
        (self.here, self.there) = (here, there);
    }

    /// From a node to the one behind its wildcard for many levels: no level is needed for that. MQTT's takes all the rest, so who waits
    /// there has what they want; AMQP's may go on.
    fn enter_many(&mut self, at: u32, walk: u64, to: &mut Vec<u32>, found: &mut Vec<u32>) {
        let many = self.nodes[at as usize].many;
        if many == NONE {
            return;
        }
        if self.dialect == Dialect::Mqtt {
            found.extend_from_slice(&self.nodes[many as usize].wanted_by);
        } else if std::mem::replace(&mut self.nodes[many as usize].visited, walk) != walk {
            to.push(many);
        }
    }
}

const fn pair(node: u32, level: u32) -> u64 {
    (node as u64) << 32 | level as u64
}

type Fast = BuildHasherDefault<Mixed>;

/// A hasher for short texts and pairs of numbers, much faster than the standard one.
#[derive(Clone, Copy, Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word) ^ (part.len() as u64) << 59);
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ word);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}
