//! Patterns of topics with wildcards, in the dialect of MQTT.
//!
//! Topics are levels with `/` between them. `+` stands for exactly one level, `#` for the level above and everything below it. A topic
//! that starts with `$` is hidden from a pattern that starts with a wildcard (OASIS MQTT 5.0, section 4.7).

use std::fmt;

/// A checked pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: Box<str>,
    /// Whether it is `#` alone, the common case.
    all: bool,
    /// Whether it has no wildcard: then it is compared as text.
    plain: bool,
}

impl Pattern {
    /// Checks a pattern; in words, what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a pattern has at least one character; `#` stands for every topic".into());
        }
        if text.len() > 65_535 {
            return Err("a pattern has at most 65,535 bytes".into());
        }
        if text.contains('\0') {
            return Err("a pattern has no null character".into());
        }
        let levels = text.split('/').count();
        for (at, level) in text.split('/').enumerate() {
            if level.contains('+') && level != "+" {
                return Err(format!("`+` stands alone between slashes: it matches one whole level, not a part of `{level}`"));
            }
            if level.contains('#') && (level != "#" || at + 1 < levels) {
                return Err("`#` stands alone at the very end: it matches everything below".into());
            }
        }
        Ok(Self { text: text.into(), all: text == "#", plain: !text.contains(['+', '#']) })
    }

    /// Whether a topic matches. A message without a topic is matched by `#` alone.
    pub fn matches(&self, topic: Option<&str>) -> bool {
        let Some(topic) = topic else { return self.all };
        if topic.starts_with('$') && self.text.starts_with(['+', '#']) {
            return false;
        }
        if self.all {
            return true;
        }
        if self.plain {
            return topic == &*self.text;
        }
        let mut levels = topic.split('/');
        for wanted in self.text.split('/') {
            match (wanted, levels.next()) {
                ("#", _) => return true,
                ("+", Some(_)) => {}
                (wanted, Some(level)) if wanted == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, topic: &str, expected: bool) {
        assert_eq!(Pattern::new(pattern).unwrap().matches(Some(topic)), expected, "{pattern} on {topic}");
    }

    #[test]
    fn wildcards_match_as_mqtt_says() {
        check("sport/tennis", "sport/tennis", true);
        check("sport/tennis", "sport/tennis/ball", false);
        check("sport/tennis", "sport", false);
        check("sport/#", "sport", true);
        check("sport/#", "sport/a/b/c", true);
        check("sport/#", "sports", false);
        check("#", "a/b", true);
        check("#", "", true);
        check("sport/+", "sport", false);
        check("sport/+", "sport/", true);
        check("sport/+", "sport/a", true);
        check("sport/+", "sport/a/b", false);
        check("+", "a", true);
        check("+", "/a", false);
        check("+/+", "/a", true);
        check("/+", "/a", true);
        check("+/b/#", "a/b", true);
        check("+/b/#", "a/b/c/d", true);
        check("+/b/#", "a/c", false);
        check("a//b", "a//b", true);
        check("a/+/b", "a//b", true);
        check("a", "A", false);
    }

    #[test]
    fn system_topics_are_hidden_from_leading_wildcards() {
        check("#", "$SYS/load", false);
        check("+/load", "$SYS/load", false);
        check("$SYS/#", "$SYS/load", true);
        check("$SYS/+", "$SYS/load", true);
    }

    #[test]
    fn no_topic_is_matched_by_everything_alone() {
        assert!(Pattern::new("#").unwrap().matches(None));
        assert!(!Pattern::new("+").unwrap().matches(None));
        assert!(!Pattern::new("a/#").unwrap().matches(None));
    }

    #[test]
    fn bad_patterns_say_why() {
        for (text, words) in [
            ("", "at least one"),
            ("a+/b", "stands alone"),
            ("a/#/b", "very end"),
            ("a/b#", "very end"),
            ("##", "very end"),
            ("a\0", "null"),
        ] {
            assert!(Pattern::new(text).unwrap_err().contains(words), "{text}");
        }
    }
}
