//! What a behaviour may ask of a store of claims, and what comes back (G9).

use crate::message::{ClaimStore, Payload};
use crate::trust::Capability;
use crate::units::{Moment, Span};
use std::sync::Arc;

/// How the modelled store of a simulation does what is asked. A live store takes as long as it takes, and fails when it fails.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Model {
    /// How long it takes.
    pub latency: Span,
    /// Whether it is away.
    pub away: bool,
    /// Whether the bytes that it gives are not those it was given.
    pub altered: bool,
}

/// One request to a store.
#[derive(Clone, PartialEq, Debug)]
pub struct ClaimAsk {
    /// Which store.
    pub store: Arc<ClaimStore>,
    /// The moment of asking, on the run clock.
    pub now: Moment,
    /// How long it may take at most; then it has failed.
    pub within: Span,
    /// How it goes in a simulation.
    pub model: Model,
    /// What to do.
    pub act: ClaimAct,
}

impl ClaimAsk {
    /// What a live run must be allowed for it.
    pub fn needs(&self) -> Vec<Capability> {
        let mut needs = needs(&self.store);
        needs.extend(self.act.key().map(|key| Capability::Environment(key.to_owned())));
        needs
    }
}

/// The environment variables that hold the credentials for S3, under the names that all of its own tools read. The last one is needed for
/// temporary credentials only.
pub const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// What a live run must be allowed to use a store.
pub fn needs(store: &ClaimStore) -> Vec<Capability> {
    match store {
        ClaimStore::Memory { .. } | ClaimStore::Folder { .. } => Vec::new(),
        ClaimStore::S3(bucket) => {
            let variables = CREDENTIALS.map(|name| Capability::Environment(name.to_owned()));
            std::iter::once(Capability::Connect(bucket.host.clone(), bucket.port)).chain(variables).collect()
        }
    }
}

/// Who may read a claim, and with which key that is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The names of those who may, sorted and parted by commas; empty for everyone.
    pub may_read: Arc<str>,
    /// The environment variable with the key.
    pub key: Arc<str>,
}

/// What can be asked.
#[derive(Clone, PartialEq, Debug)]
pub enum ClaimAct {
    /// Keep a payload. What is kept under this name already is replaced. Answered with [`ClaimAnswer::Stored`].
    Put {
        /// Its name: words parted by slashes, of letters, digits and hyphens.
        name: Arc<str>,
        /// Whose claims it is counted among.
        owner: u64,
        /// The payload, inline or a handle.
        content: Payload,
        /// When it may be thrown away, on the run clock.
        expires: Moment,
        /// The same in UTC, as RFC 3339; what is signed.
        until: Arc<str>,
        /// How many readers it waits for.
        readers: u32,
        /// How to sign it, if at all.
        seal: Option<Seal>,
    },
    /// Give a payload back. Answered with [`ClaimAnswer::Taken`] or [`ClaimAnswer::Refused`].
    Get {
        /// The claim, as the message has it.
        claim: Box<Claim>,
        /// Who reads.
        reader: Arc<str>,
        /// The environment variable with the key to check signatures with, where they are checked.
        key: Option<Arc<str>>,
        /// Payloads up to this length come inline, larger ones as a handle.
        most_inline: u64,
    },
    /// A reader has done with these claims, each with how many readers it waits for in all; one that waits for nobody any more is thrown
    /// away. Answered with [`ClaimAnswer::Census`].
    Release {
        /// Which reader has done with them.
        reader: Arc<str>,
        /// Names and numbers of readers.
        names: Vec<(Arc<str>, u32)>,
    },
    /// Throw away what has expired. Answered with [`ClaimAnswer::Census`].
    Sweep {
        /// Whose claims.
        owner: u64,
        /// What the folder of this owner is called in the store.
        folder: Arc<str>,
        /// How old something must be that an earlier run left behind.
        older_than: Span,
    },
}

impl ClaimAct {
    /// The environment variable with the key that it needs, if it needs one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Put { seal, .. } => seal.as_ref().map(|seal| &*seal.key),
            Self::Get { key, .. } => key.as_deref(),
            Self::Release { .. } | Self::Sweep { .. } => None,
        }
    }
}

/// A claim, as its message carries it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Claim {
    /// Where the payload lies, for any program: `CloudEvents` `dataref`.
    pub dataref: Arc<str>,
    /// SHA-256 of the payload, in hexadecimal digits.
    pub hash: Arc<str>,
    /// Length of the payload in bytes.
    pub length: u64,
    /// When it ends, UTC as RFC 3339.
    pub until: Arc<str>,
    /// How many readers it waits for.
    pub readers: u32,
    /// Who may read it, sorted and parted by commas; empty for everyone.
    pub may_read: Arc<str>,
    /// HMAC-SHA-256 over the rest, in hexadecimal digits; empty if it is not signed.
    pub signature: Arc<str>,
}

impl Claim {
    /// The text that is signed: every part on a line of its own.
    pub fn signed_text(&self) -> String {
        let Self { dataref, hash, length, until, readers, may_read, .. } = self;
        format!("{dataref}\n{hash}\n{length}\n{until}\n{readers}\n{may_read}\n")
    }

    /// The name in its store: the last two parts of the reference.
    pub fn name(&self) -> Option<&str> {
        let mut slashes = self.dataref.rmatch_indices('/').map(|(at, _)| at);
        let last = slashes.next()?;
        let from = slashes.next().or_else(|| self.dataref[..last].find(':')).map_or(0, |at| at + 1);
        Some(&self.dataref[from..]).filter(|name| !name.starts_with('/') && !name.ends_with('/'))
    }
}

/// Why a claim is not served, whatever one tries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// There is a reference, and nothing behind it.
    Gone,
    /// What lies there is not what was checked in.
    Altered,
    /// Its end has come.
    Expired,
    /// The reader is not named, or the signature is missing or wrong.
    Unauthorised,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gone, Self::Altered, Self::Expired, Self::Unauthorised];

    /// The reason that dead letters carry.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "claim_gone",
            Self::Altered => "claim_altered",
            Self::Expired => "claim_expired",
            Self::Unauthorised => "claim_unauthorised",
        }
    }
}

/// What a store counted for one owner of claims, up to the moment of the answer.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Census {
    /// Payloads kept now, and their bytes.
    pub kept: u64,
    /// Bytes kept now.
    pub bytes: u64,
    /// Bytes times seconds so far.
    pub byte_seconds: f64,
    /// Times something was stored.
    pub puts: u64,
    /// Times something was fetched.
    pub gets: u64,
    /// Times something was thrown away.
    pub deletes: u64,
    /// Times a list was asked for.
    pub lists: u64,
    /// Payloads that expired before all their readers had come.
    pub swept: u64,
    /// Those of them that nobody had ever fetched, and those that an earlier run left behind.
    pub orphans: u64,
}

/// What comes back.
#[derive(Clone, PartialEq, Debug)]
pub enum ClaimAnswer {
    /// It is kept.
    Stored(Box<(Claim, Census)>),
    /// The payload, inline or a handle.
    Taken(Payload),
    /// It will not be served.
    Refused(Fault, String),
    /// It was done, and this is how things stand.
    Census(Box<Census>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_two_parts_of_a_reference() {
        for (dataref, name) in [
            ("file:///tmp/out/claims/00ff/0199-aa", Some("00ff/0199-aa")),
            ("s3://bucket/00ff/0199", Some("00ff/0199")),
            ("memory:claims/00ff/0199", Some("00ff/0199")),
            ("claims/00ff/0199", Some("00ff/0199")),
            ("nothing", None),
            ("s3://bucket/", None),
            ("", None),
        ] {
            let claim = Claim { dataref: dataref.into(), ..Claim::default() };
            assert_eq!(claim.name(), name, "{dataref}");
        }
    }
}
