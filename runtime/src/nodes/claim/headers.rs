//! How a message carries its claim: as headers, under the names of `CloudEvents` extensions.

use crate::message::{Message, Value};
use crate::node::claims::Claim;
use std::sync::Arc;

const DATAREF: &str = "dataref";
const HASH: &str = "datahash";
const LENGTH: &str = "datalength";
const UNTIL: &str = "datauntil";
const READERS: &str = "datareaders";
const MAY_READ: &str = "datamayread";
const SIGNATURE: &str = "datasignature";
/// What a hash begins with: how it was made.
const SHA_256: &str = "sha256:";

/// Writes a claim into a message.
pub fn write(message: &mut Message, claim: &Claim) {
    message.set_header(DATAREF, text(&claim.dataref));
    message.set_header(HASH, Value::from(format!("{SHA_256}{}", claim.hash)));
    message.set_header(LENGTH, Value::from(claim.length));
    message.set_header(UNTIL, text(&claim.until));
    message.set_header(READERS, Value::from(claim.readers));
    if !claim.may_read.is_empty() {
        message.set_header(MAY_READ, text(&claim.may_read));
    }
    if !claim.signature.is_empty() {
        message.set_header(SIGNATURE, text(&claim.signature));
    }
}

fn text(text: &Arc<str>) -> Value {
    Value::from(text.to_string())
}

/// Reads a message's claim: none, or what is wrong with it.
pub fn read(message: &Message) -> Option<Result<Claim, String>> {
    message.header(DATAREF).map(|dataref| {
        let part = |name: &str| message.header(name).and_then(Value::as_str).map(Arc::<str>::from);
        let missing = |name: &str| format!("the claim has no {name}");
        let readers = message.header(READERS).and_then(Value::as_u64).and_then(|readers| u32::try_from(readers).ok());
        Ok(Claim {
            dataref: dataref.as_str().ok_or_else(|| format!("{DATAREF} is no text"))?.into(),
            hash: part(HASH).and_then(|hash| hash.strip_prefix(SHA_256).map(Arc::from)).ok_or_else(|| missing(HASH))?,
            length: message.header(LENGTH).and_then(Value::as_u64).ok_or_else(|| missing(LENGTH))?,
            until: part(UNTIL).ok_or_else(|| missing(UNTIL))?,
            readers: readers.ok_or_else(|| missing(READERS))?,
            may_read: part(MAY_READ).unwrap_or_default(),
            signature: part(SIGNATURE).unwrap_or_default(),
        })
    })
}

/// Takes the claim out of a message.
pub fn remove(message: &mut Message) {
    let ours = |name: &str| [DATAREF, HASH, LENGTH, UNTIL, READERS, MAY_READ, SIGNATURE].contains(&name);
    message.head_mut().headers.retain(|(name, _)| !ours(name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::Payload;
    use crate::units::Moment;

    #[test]
    fn a_claim_is_read_as_it_was_written_and_leaves_no_trace() {
        let mut message = Message::new(MessageId(1), Moment::START, Payload::EMPTY);
        message.set_header("colour", Value::from("red"));
        assert!(read(&message).is_none());
        let before = message.clone();
        for (may_read, signature) in [("", ""), ("archive,shop", "00ff")] {
            let claim = Claim {
                dataref: "file:///a/b/c".into(),
                hash: "beef".into(),
                length: 7,
                until: "2026-01-01T00:00:00Z".into(),
                readers: 2,
                may_read: may_read.into(),
                signature: signature.into(),
            };
            write(&mut message, &claim);
            assert_eq!(message.header("datahash"), Some(&Value::from("sha256:beef")));
            assert_eq!(read(&message), Some(Ok(claim)));
            remove(&mut message);
            assert_eq!(message, before);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut message = Message::new(MessageId(1), Moment::START, Payload::EMPTY);
        message.set_header(DATAREF, Value::from("file:///a/b/c"));
        assert_eq!(read(&message), Some(Err("the claim has no datahash".to_owned())));
        message.set_header(DATAREF, Value::from(7));
        assert_eq!(read(&message), Some(Err("dataref is no text".to_owned())));
    }
}
