//! Topics and patterns with wildcards, in three dialects, and the tree that finds who wants a topic.
//!
//! The rules are those of the specifications, to the letter:
//!
//! | | levels | one level | many levels | peculiar |
//! |---|---|---|---|---|
//! | MQTT (OASIS MQTT 5.0, section 4.7) | `/`; a level may be empty | `+` | `#` at the end: the level above and everything below | topics that begin with `$` are hidden from a pattern that begins with a wildcard |
//! | NATS (NATS documentation, subject-based messaging) | `.`; none is empty | `*` | `>` at the end: one level or more, so not the level above | no white space |
//! | AMQP (AMQP 0-9-1, section 3.1.3.3; the topic exchange of `RabbitMQ`) | `.`; the empty topic has no words | `*` | `#` anywhere: no word or more | at most 255 bytes |
//!
//! In NATS and AMQP a wildcard sign inside a longer level is an ordinary sign, as it is for their servers; MQTT forbids it.

mod pattern;
mod tree;

#[cfg(test)]
mod tests;

pub use pattern::{Fault, Pattern};
pub use tree::Tree;

/// By whose rules topics and patterns are read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Dialect {
    /// `sport/+/score`, `sport/#`.
    #[default]
    Mqtt,
    /// `sport.*.score`, `sport.>`.
    Nats,
    /// `sport.*.score`, `#.score`.
    Amqp,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mqtt, Self::Nats, Self::Amqp];

    /// The word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Nats => "nats",
            Self::Amqp => "amqp",
        }
    }

    /// The dialect of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// What stands between two levels.
    pub const fn separator(self) -> char {
        match self {
            Self::Mqtt => '/',
            Self::Nats | Self::Amqp => '.',
        }
    }

    /// The wildcard for one level.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Mqtt => "+",
            Self::Nats | Self::Amqp => "*",
        }
    }

    /// The wildcard for many levels.
    pub const fn many(self) -> &'static str {
        match self {
            Self::Mqtt | Self::Amqp => "#",
            Self::Nats => ">",
        }
    }

    /// The levels of a topic or pattern.
    pub fn levels(self, text: &str) -> impl Iterator<Item = &str> {
        // The empty routing key of AMQP has no words; the empty text elsewhere has one empty level, and is refused.
        let none = self == Self::Amqp && text.is_empty();
        text.split(self.separator()).take(if none { 0 } else { usize::MAX })
    }

    /// Whether a message may be published to this topic; if not, where and why.
    pub fn check_topic(self, topic: &str) -> Result<(), Fault> {
        self.check_signs(topic, "topic")?;
        let fault = |at: usize, message: String| Err(Fault::at(topic, at, message));
        match self {
            Self::Mqtt => match topic.find(['+', '#']) {
                Some(at) => fault(at, format!("`{topic}` is a pattern: a topic has no `+` and no `#`")),
                None => Ok(()),
            },
            Self::Nats => {
                let mut at = 0;
                for level in topic.split('.') {
                    if level == "*" || level == ">" {
                        return fault(at, format!("`{topic}` is a pattern: `{level}` stands for other levels"));
                    }
                    at += level.len() + 1;
                }
                Ok(())
            }
            Self::Amqp => Ok(()),
        }
    }

    /// What holds for topics and patterns alike.
    fn check_signs(self, text: &str, what: &str) -> Result<(), Fault> {
        let fault = |at: usize, message: String| Err(Fault::at(text, at, message));
        let most = match self {
            Self::Mqtt | Self::Nats => 65_535,
            Self::Amqp => 255,
        };
        if text.len() > most {
            return fault(0, format!("a {what} has at most {most} bytes, this one has {}", text.len()));
        }
        match self {
            Self::Amqp => Ok(()),
            Self::Mqtt => match text.find('\0') {
                _ if text.is_empty() => fault(0, format!("a {what} has at least one character")),
                Some(at) => fault(at, format!("a {what} has no null character")),
                None => Ok(()),
            },
            Self::Nats => {
                if let Some(at) = text.find(|c: char| c.is_whitespace() || c == '\0') {
                    return fault(at, format!("a {what} has no white space"));
                }
                let mut at = 0;
                for level in text.split('.') {
                    if level.is_empty() {
                        return fault(at, format!("a {what} has no empty level: a dot stands at an end, or two side by side"));
                    }
                    at += level.len() + 1;
                }
                Ok(())
            }
        }
    }
}
