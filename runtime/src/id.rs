//! Names of things: node ids, pipe ends, message ids (G5, G15).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A node's short name inside its graph, such as `orders`; apart from its title. Inside composites a path (`outer/inner`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The longest id a file may hold, in bytes.
    pub const MAX_LEN: usize = 120;

    /// Makes an id; `None` unless it starts with a letter and holds only letters, digits, `_`, `-` and single `/` between parts.
    pub fn new(text: &str) -> Option<Self> {
        let part_ok = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        (text.len() <= Self::MAX_LEN && text.split('/').all(part_ok)).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a node inside a composite: `outer/inner`. `None` if that is too long.
    pub fn inside(outer: Option<&Self>, inner: &str) -> Option<Self> {
        outer.map_or_else(|| Self::new(inner), |outer| Self::new(&format!("{outer}/{inner}")))
    }

    /// The path below `outer`, such as `inner` for `outer/inner`; `None` if this is no path below it.
    pub fn below(&self, outer: &str) -> Option<&str> {
        self.0.strip_prefix(outer)?.strip_prefix('/')
    }

    /// The paths above this one, the nearest first: `a/b` and `a` for `a/b/c`.
    pub fn above(&self) -> impl Iterator<Item = &str> {
        self.0.rmatch_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The last part of the path: `c` for `a/b/c`.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One end of a pipe: a node and the name of one of its ports, written `node.port`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct End {
    /// The node.
    pub node: NodeId,
    /// The port's name on that node.
    pub port: Arc<str>,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.port)
    }
}

/// A pipe's identity: its two ends. Two pipes never join the same two ports. Written `a.out -> b.in`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PipeId {
    /// Where messages come from.
    pub from: End,
    /// Where messages go.
    pub to: End,
}

impl fmt::Display for PipeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// A message's identity: 128 bits in the layout of a UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then bits that come
/// from the run's seed. A duplicate delivery and a topic's copy keep it; a message made from another derives its own (G5).
///
/// It is aligned like a word, for envelopes are allocated by the million, and allocators are slower where more is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(Rust, packed(8))]
pub struct MessageId(pub u128);

const VERSION_AND_VARIANT: u128 = 0xf000_c000_0000_0000_0000;
const VERSION_7_VARIANT_2: u128 = 0x7000_8000_0000_0000_0000;

impl MessageId {
    /// An id for a message that enters the run: calendar milliseconds and two words of the maker's stream.
    pub fn entering(unix_millis: u64, words: [u64; 2]) -> Self {
        let random = ((u128::from(words[0]) << 64) | u128::from(words[1])) & ((1 << 80) - 1);
        Self((u128::from(unix_millis) << 80) | (random & !VERSION_AND_VARIANT) | VERSION_7_VARIANT_2)
    }

    /// The id of output number `output` that the node with hash `maker` makes from this message (G5): the same inputs, the same id.
    #[must_use]
    pub fn derive(self, maker: u64, output: u64) -> Self {
        let low = mix(self.0 as u64 ^ mix(maker ^ mix(output)));
        let high = mix(low ^ (self.0 >> 64) as u64);
        Self::entering((self.0 >> 80) as u64, [high, low])
    }

    /// The low word, well mixed: fit for hashing and for choosing random numbers.
    pub const fn low(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", { self.0 });
        write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}
impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Mixes a word so that each input bit moves every output bit (the finaliser of `SplitMix64`; Steele, Lea, Flood 2014).
pub const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Hashes text to a word that is the same on every platform and in every version (FNV-1a, then [`mix`]).
pub const fn hash_text(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    mix(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g15_node_ids_are_short_words_or_paths() {
        for good in ["orders", "a", "queue-2", "outer/inner", "A_b9"] {
            assert!(NodeId::new(good).is_some(), "{good}");
        }
        for bad in ["", "2nd", "a b", "a//b", "/a", "a/", "ä", "a.b", &"x".repeat(121)] {
            assert!(NodeId::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn g15_a_path_knows_what_is_above_and_below() {
        let id = NodeId::new("a/b/c").unwrap();
        assert_eq!(id.above().collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!((id.last(), id.below("a"), id.below("a/b/c"), id.below("a/")), ("c", Some("b/c"), None, None));
        assert_eq!(NodeId::new("ab/c").unwrap().below("a"), None);
        assert_eq!(NodeId::inside(Some(&id), "d").unwrap().as_str(), "a/b/c/d");
        assert_eq!(NodeId::inside(Some(&id), &"x".repeat(118)), None);
    }

    #[test]
    fn g5_derived_ids_repeat_and_differ() {
        let parent = MessageId::entering(1_700_000_000_000, [1, 2]);
        assert_eq!(parent.derive(7, 0), parent.derive(7, 0));
        assert_ne!(parent.derive(7, 0), parent.derive(7, 1));
        assert_ne!(parent.derive(7, 0), parent.derive(8, 0));
        let text = parent.to_string();
        assert_eq!(text.as_bytes()[14], b'7', "{text}: version 7");
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}: variant");
        assert_eq!(parent.derive(7, 0).to_string().as_bytes()[14], b'7');
    }
}
