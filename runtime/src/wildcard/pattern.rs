//! One pattern: checked once, then matched against topics.

use super::Dialect;
use std::fmt;

/// Why a text is no topic or no pattern, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// In words.
    pub message: String,
    /// The character it is about, from 1.
    pub column: u32,
}

impl Fault {
    /// A fault at this byte of a text.
    pub(super) fn at(text: &str, byte: usize, message: String) -> Self {
        Self { message, column: text[..byte].chars().count() as u32 + 1 }
    }
}

/// A level of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level<'a> {
    /// Just this one.
    Exact(&'a str),
    /// Any one.
    One,
    /// Any number; how many at least depends on the dialect.
    Many,
}

/// A checked pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    dialect: Dialect,
    text: Box<str>,
}

impl Pattern {
    /// Checks a pattern; where and why it is none.
    pub fn new(dialect: Dialect, text: &str) -> Result<Self, Fault> {
        dialect.check_signs(text, "pattern")?;
        let fault = |at: usize, message: String| Err(Fault::at(text, at, message));
        let mut at = 0;
        for level in dialect.levels(text) {
            let last = at + level.len() == text.len();
            match dialect {
                Dialect::Mqtt => {
                    if level.contains('+') && level != "+" {
                        return fault(at, format!("`+` stands alone between slashes: it matches one whole level, not a part of `{level}`"));
                    }
                    if level.contains('#') && (level != "#" || !last) {
                        return fault(at, "`#` stands alone at the very end: it matches everything below".to_owned());
                    }
                }
                Dialect::Nats if level == ">" && !last => {
                    return fault(at, "`>` stands alone at the very end: it matches one level or more".to_owned());
                }
                Dialect::Nats | Dialect::Amqp => {}
            }
            at += level.len() + 1;
        }
        Ok(Self { dialect, text: text.into() })
    }

    /// The pattern that every topic matches but those that the dialect hides.
    pub fn everything(dialect: Dialect) -> Self {
        Self { dialect, text: dialect.many().into() }
    }

    /// By whose rules it is read.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is the wildcard for many levels and nothing else. Messages without a topic are matched by such patterns alone.
    pub fn is_everything(&self) -> bool {
        &*self.text == self.dialect.many()
    }

    /// Whether it has no wildcard at all.
    pub fn is_plain(&self) -> bool {
        self.levels().all(|level| matches!(level, Level::Exact(_)))
    }

    /// Whether a topic matches.
    pub fn matches(&self, topic: &str) -> bool {
        if self.dialect == Dialect::Mqtt && topic.starts_with('$') && self.text.starts_with(['+', '#']) {
            return false;
        }
        let levels: Vec<Level<'_>> = self.levels().collect();
        let topic: Vec<&str> = self.dialect.levels(topic).collect();
        // Where the last `Many` was met, and how much of the topic it has swallowed: on a mismatch it swallows one more.
        let (mut at, mut word, mut back) = (0, 0, None);
        loop {
            match (levels.get(at), topic.get(word)) {
                (None, None) => return true,
                (Some(Level::Many), _) => {
                    let swallowed = word + usize::from(self.dialect == Dialect::Nats);
                    if swallowed > topic.len() {
                        return false;
                    }
                    (at, word, back) = (at + 1, swallowed, Some((at + 1, swallowed)));
                }
                (Some(Level::One), Some(_)) => (at, word) = (at + 1, word + 1),
                (Some(Level::Exact(wanted)), Some(found)) if wanted == found => (at, word) = (at + 1, word + 1),
                _ => match back {
                    Some((after, swallowed)) if swallowed < topic.len() => {
                        (at, word, back) = (after, swallowed + 1, Some((after, swallowed + 1)));
                    }
                    _ => return false,
                },
            }
        }
    }

    pub(super) fn levels(&self) -> impl Iterator<Item = Level<'_>> {
        let (one, many) = (self.dialect.one(), self.dialect.many());
        self.dialect.levels(&self.text).map(move |level| match level {
            level if level == one => Level::One,
            level if level == many => Level::Many,
            level => Level::Exact(level),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
