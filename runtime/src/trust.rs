//! What a live run may do to the world only if its user has allowed it: a graph file is a stranger's program.
//!
//! Opening and simulating are always safe. A kind says from its settings what a live run needs ([`crate::node::Form::need`]); the run does not
//! start unless each need is granted, and the world refuses at the moment of the deed whatever was not granted, so that a setting changed while
//! the graph runs grants nothing either. A grant names the exact thing: the program with its arguments, host and port, address, file or variable.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

/// One thing that a live run may do only if it is allowed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Capability {
    /// Start a program: its name or path, and exactly these arguments. It runs with the rights of whoever allows it.
    Program(Vec<String>),
    /// Connect to this port of this host. What the program embeds itself needs none.
    Connect(String, u16),
    /// Accept connections at this address and port; port 0 is any free one.
    Listen(String, u16),
    /// Read this file outside the graph's own folder.
    Read(String),
    /// Write this file outside the run's output folder.
    Write(String),
    /// Read this environment variable.
    Environment(String),
}

/// The sorts of capability: the word before the colon, how the rest is written, an example.
pub const SORTS: [(&str, &str, &str); 6] = [
    ("program", "COMMAND WITH ITS ARGUMENTS", "program:jq -c .total"),
    ("connect", "HOST:PORT", "connect:db.example:5432"),
    ("listen", "ADDRESS:PORT", "listen:127.0.0.1:8080"),
    ("read", "PATH", "read:/srv/prices.csv"),
    ("write", "PATH", "write:/srv/out.jsonl"),
    ("env", "NAME", "env:STORE_KEY"),
];

impl Capability {
    /// Starting a program, from a command line: split as a POSIX shell splits words, but no shell runs and nothing is expanded. `None` if a
    /// quotation mark is left open or there is no word.
    pub fn program(command: &str) -> Option<Self> {
        shlex::split(command).filter(|words| !words.is_empty() && !words[0].is_empty()).map(Self::Program)
    }

    /// What it means, for a person who decides: `start the program jq -c .total`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Program(words) => format!("start the program {}", joined(words)),
            Self::Connect(host, port) => format!("connect to {host}, port {port}"),
            Self::Listen(address, 0) => format!("accept connections at {address}, any free port"),
            Self::Listen(address, port) => format!("accept connections at {address}, port {port}"),
            Self::Read(path) => format!("read the file {path}, outside the graph's folder"),
            Self::Write(path) => format!("write the file {path}, outside the run's output folder"),
            Self::Environment(name) => format!("read the environment variable {name}"),
        }
    }

    /// What to write on the command line to allow it, quoted for a POSIX shell.
    pub fn option(&self) -> String {
        let text = self.to_string();
        format!("--allow {}", shlex::try_quote(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned))
    }
}

fn joined(words: &[String]) -> String {
    // No word holds a zero byte: they come from a text of settings or a command line, and such a program could not be started.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// As written after `--allow`, and read back by [`FromStr`].
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(words) => write!(f, "program:{}", joined(words)),
            Self::Connect(host, port) => write!(f, "connect:{host}:{port}"),
            Self::Listen(address, port) => write!(f, "listen:{address}:{port}"),
            Self::Read(path) => write!(f, "read:{path}"),
            Self::Write(path) => write!(f, "write:{path}"),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}

impl FromStr for Capability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sort, rest) = text.split_once(':').unwrap_or((text, ""));
        let Some((_, form, example)) = SORTS.iter().find(|(word, ..)| *word == sort) else {
            let known: Vec<&str> = SORTS.iter().map(|(word, ..)| *word).collect();
            return Err(format!("expected one of {}, a colon and what is allowed, found `{text}`", known.join(", ")));
        };
        let wrong = || format!("expected {sort}:{form}, such as `{example}`, found `{text}`");
        if rest.trim().is_empty() {
            return Err(wrong());
        }
        let place = || {
            let (host, port) = rest.rsplit_once(':')?;
            Some((host.to_owned(), port.parse::<u16>().ok()?)).filter(|(host, _)| !host.is_empty())
        };
        match sort {
            "program" => Self::program(rest).ok_or_else(wrong),
            "connect" => place().map(|(host, port)| Self::Connect(host, port)).ok_or_else(wrong),
            "listen" => place().map(|(address, port)| Self::Listen(address, port)).ok_or_else(wrong),
            "read" => Ok(Self::Read(rest.to_owned())),
            "write" => Ok(Self::Write(rest.to_owned())),
            _ => Ok(Self::Environment(rest.to_owned())),
        }
    }
}

/// The folder beside a graph's own that it may read too, so that several graphs can share data: `../data/`.
pub const SHARED: &str = "data";

/// Whether a path leads to something below the folder it starts from, by its words alone.
pub fn stays_inside(path: &Path) -> bool {
    !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Whether a path leads below the folder of shared data beside the graph's own.
pub fn is_shared_data(path: &Path) -> bool {
    let mut parts = path.components();
    let beside = parts.next() == Some(Component::ParentDir) && parts.next() == Some(Component::Normal(SHARED.as_ref()));
    beside && stays_inside(parts.as_path())
}

/// What a run is allowed. Nothing, unless said.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Grants {
    all: bool,
    given: BTreeSet<Capability>,
}

impl Grants {
    /// Everything: for graphs of one's own in a place that is walled in already, such as a container or a build machine.
    pub const fn all() -> Self {
        Self { all: true, given: BTreeSet::new() }
    }

    /// One thing more.
    pub fn give(&mut self, capability: Capability) {
        self.given.insert(capability);
    }

    /// Whether this very thing is allowed.
    pub fn allow(&self, capability: &Capability) -> bool {
        self.all || self.given.contains(capability)
    }

    /// The error for what is not allowed; nothing if it is.
    pub fn check(&self, capability: &Capability) -> Result<(), String> {
        if self.allow(capability) { Ok(()) } else { Err(format!("this run is not allowed to {}", capability.in_words())) }
    }
}

impl FromIterator<Capability> for Grants {
    fn from_iter<I: IntoIterator<Item = Capability>>(given: I) -> Self {
        Self { all: false, given: given.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "program:jq -c .total",
            "program:awk '{ print \"a b\" }' x",
            "program:/bin/sh -c 'echo '\\''hi'\\'''",
            "connect:db.example:5432",
            "connect:[::1]:5672",
            "listen:127.0.0.1:0",
            "read:/srv/a file.csv",
            "write:../x",
            "env:KEY",
        ] {
            let capability: Capability = text.parse().unwrap();
            assert_eq!(capability.to_string().parse::<Capability>().unwrap(), capability, "{text}");
            let words = shlex::split(&capability.option()).unwrap();
            assert_eq!(words[0], "--allow");
            assert_eq!(words[1].parse::<Capability>().unwrap(), capability, "{text}: what is to be pasted means the same");
        }
        for (_, _, example) in SORTS {
            assert_eq!(example.parse::<Capability>().unwrap().to_string(), example);
        }
    }

    #[test]
    fn what_is_wrong_says_how_it_is_written() {
        for (text, words) in [
            ("jq", "program, connect, listen, read, write, env"),
            ("program:", "program:COMMAND"),
            ("program:a 'b", "found `program:a 'b`"),
            ("connect:db", "HOST:PORT"),
            ("connect::1", "HOST:PORT"),
            ("listen:127.0.0.1:99999", "ADDRESS:PORT"),
            ("env: ", "env:NAME"),
        ] {
            let error = text.parse::<Capability>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_grant_is_for_the_exact_thing() {
        let grants: Grants = ["program:jq -c .a", "connect:db:1"].map(|text| text.parse().unwrap()).into_iter().collect();
        for (asked, allowed) in [
            ("program:jq  -c  '.a'", true),
            ("program:jq -c .b", false),
            ("program:jq -c", false),
            ("program:jq -c .a x", false),
            ("connect:db:1", true),
            ("connect:db:2", false),
            ("listen:db:1", false),
        ] {
            let asked: Capability = asked.parse().unwrap();
            assert_eq!(grants.allow(&asked), allowed, "{asked}");
            assert_eq!(grants.check(&asked).is_ok(), allowed);
            assert!(Grants::all().allow(&asked) && !Grants::default().allow(&asked));
        }
    }
}
