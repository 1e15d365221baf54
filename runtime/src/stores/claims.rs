//! Stores of claims: payloads kept beside the pipes, live through `object_store`, simulated in a model.

pub mod bucket;
pub mod ledger;
pub mod live;
pub mod modelled;

use crate::message::Blob;
use crate::node::claims::{Claim, Fault};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many bytes are moved at a time: enough to keep a disk or a line busy, little enough to keep memory flat. S3 takes parts from 5 MiB.
pub const PIECE: usize = 8 << 20;

/// Finds the file that a name in the graph stands for, or says why it may not be read.
pub type Resolve = Arc<dyn Fn(&Path) -> Result<PathBuf, String> + Send + Sync>;

/// Reads the bytes behind a handle.
pub trait ReadBlob: Send + Sync {
    /// Up to `most` bytes from `at` on; none at the end. May block.
    fn read(&self, blob: &Blob, at: u64, most: usize) -> Result<Bytes, String>;
}

/// Hexadecimal digits of some bytes.
fn hexadecimal(bytes: &[u8]) -> Arc<str> {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

/// The SHA-256 of some bytes, as claims carry it.
pub fn hash(bytes: &[u8]) -> Arc<str> {
    hexadecimal(&Sha256::digest(bytes))
}

/// Signs a claim.
fn sign(claim: &Claim, key: &[u8]) -> Arc<str> {
    hexadecimal(&keyed(claim, key).finalize().into_bytes())
}

fn keyed(claim: &Claim, key: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    code.update(claim.signed_text().as_bytes());
    code
}

/// Whether a reader may have a claim's payload: named among those who may, with a signature that is right. Without a key nothing is
/// checked but the names.
fn may_read(claim: &Claim, reader: &str, key: Option<&[u8]>) -> Result<(), (Fault, String)> {
    let no = |text: String| Err((Fault::Unauthorised, text));
    if let Some(key) = key {
        let signature: Vec<u8> =
            (0..claim.signature.len() / 2).filter_map(|at| u8::from_str_radix(claim.signature.get(2 * at..2 * at + 2)?, 16).ok()).collect();
        if claim.signature.is_empty() {
            return no(format!("`{reader}` asked for a claim that is not signed"));
        }
        if keyed(claim, key).verify_slice(&signature).is_err() {
            return no(format!("`{reader}` asked for a claim whose signature is wrong"));
        }
    }
    if !claim.may_read.is_empty() && !claim.may_read.split(',').any(|name| name == reader) {
        return no(format!("`{reader}` asked for a claim that only {} may read", claim.may_read.replace(',', ", ")));
    }
    Ok(())
}

/// Whether what lies there is what was checked in.
fn unaltered(claim: &Claim, hash: &str, length: u64) -> Result<(), (Fault, String)> {
    if length != claim.length {
        return Err((Fault::Altered, format!("{length} bytes lie at {}, {} were checked in", claim.dataref, claim.length)));
    }
    if *hash != *claim.hash {
        return Err((
            Fault::Altered,
            format!("what lies at {} is not what was checked in: its SHA-256 is {hash}, not {}", claim.dataref, claim.hash),
        ));
    }
    Ok(())
}

fn gone(claim: &Claim) -> (Fault, String) {
    (Fault::Gone, format!("nothing lies at {}", claim.dataref))
}

/// Reads a piece of a file. Blocks.
fn read_piece(path: &Path, at: u64, most: usize) -> std::io::Result<Bytes> {
    use std::io::{Read as _, Seek as _};
    let mut file = std::fs::File::open(path)?;
    file.seek(std::io::SeekFrom::Start(at))?;
    let mut piece = Vec::new();
    file.take(most as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        let (dataref, hash, until) = ("file:///claims/00/11".into(), hash(b"picture"), "2026-01-01T00:00:00Z".into());
        Claim { dataref, hash, length: 7, until, readers: 2, may_read: "archive,shop".into(), signature: "".into() }
    }

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(&*hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // RFC 4231, test case 2, over its own text.
        let mut code = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        code.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(&*hexadecimal(&code.finalize().into_bytes()), expected);
    }

    #[test]
    fn a_reader_needs_a_name_and_a_right_signature() {
        let key: &[u8] = b"a key of the house";
        let mut signed = claim();
        signed.signature = sign(&signed, key);
        assert_eq!(may_read(&signed, "shop", Some(key)), Ok(()));
        assert!(may_read(&signed, "stranger", Some(key)).unwrap_err().1.contains("only archive, shop may read"));
        assert!(may_read(&signed, "shop", Some(b"another key")).unwrap_err().1.contains("signature is wrong"));
        assert!(may_read(&claim(), "shop", Some(key)).unwrap_err().1.contains("not signed"));
        // Who changes any part breaks the signature.
        let changes: [fn(&mut Claim); 6] = [
            |claim| claim.dataref = "file:///claims/00/12".into(),
            |claim| claim.hash = hash(b"another"),
            |claim| claim.length = 8,
            |claim| claim.until = "2027-01-01T00:00:00Z".into(),
            |claim| claim.readers = 3,
            |claim| claim.may_read = "archive,shop,stranger".into(),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = signed.clone();
            change(&mut changed);
            assert!(may_read(&changed, "shop", Some(key)).is_err(), "change {number}");
        }
        for signature in ["zz", "é", "0", &"0".repeat(64)] {
            let broken = Claim { signature: signature.into(), ..signed.clone() };
            assert!(may_read(&broken, "shop", Some(key)).is_err(), "{signature}");
        }
    }

    #[test]
    fn another_length_or_hash_is_told_as_altered() {
        assert_eq!(unaltered(&claim(), &hash(b"picture"), 7), Ok(()));
        assert!(unaltered(&claim(), &hash(b"picture"), 8).unwrap_err().1.contains("8 bytes lie at"));
        assert!(unaltered(&claim(), &hash(b"pictura"), 7).unwrap_err().1.contains("not what was checked in"));
    }
}
