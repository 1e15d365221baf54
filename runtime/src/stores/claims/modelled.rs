//! Stores of claims in a simulation: kept in the memory of the simulated world; no disk and no line is touched.

use super::ledger::Ledger;
use super::{PIECE, ReadBlob, Resolve, gone, hash, hexadecimal, may_read, read_piece, sign, unaltered};
use crate::message::{Blob, BlobPlace, ClaimStore, Payload};
use crate::node::Answer;
use crate::node::claims::{Claim, ClaimAct, ClaimAnswer, ClaimAsk, Fault, Seal};
use crate::units::Moment;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// All modelled stores of a run; its shards share them.
pub struct ModelledClaims {
    resolve: Resolve,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stores: BTreeMap<ClaimStore, Kept>,
    /// Hashes of files that handles stand for, by path and length: each is read once.
    hashes: BTreeMap<(PathBuf, u64), Arc<str>>,
}

#[derive(Default)]
struct Kept {
    ledger: Ledger,
    contents: BTreeMap<Arc<str>, Content>,
}

#[derive(Clone)]
struct Content {
    payload: Payload,
    hash: Arc<str>,
    length: u64,
}

type Refusal = (Fault, String);

impl ModelledClaims {
    /// Stores that are empty. Files that handles stand for are found with `resolve`.
    pub fn new(resolve: Resolve) -> Self {
        Self { resolve, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Does what is asked, as the model has it.
    pub fn perform(&self, ask: ClaimAsk) -> Answer {
        if ask.model.latency > ask.within {
            return Answer::Failed(format!("the store took longer than {}", ask.within));
        }
        if ask.model.away {
            return Answer::Failed("the store is away, as the model has it".to_owned());
        }
        let ClaimAsk { store, now, model, act, .. } = ask;
        let mut state = self.state();
        match act {
            ClaimAct::Put { name, owner, content, expires, until, readers, seal } => {
                let content = match self.content(&mut state, content) {
                    Ok(content) => content,
                    Err(error) => return Answer::Failed(error),
                };
                let dataref = reference(&store, &name);
                let claim = Claim { dataref, hash: content.hash.clone(), length: content.length, until, readers, ..Claim::default() };
                let kept = state.stores.entry((*store).clone()).or_default();
                kept.ledger.put(now, &name, owner, content.length, readers, expires);
                kept.contents.insert(name, content);
                let census = kept.ledger.census(now, Some(owner));
                Answer::Claim(ClaimAnswer::Stored(Box::new((sealed(claim, seal), census))))
            }
            ClaimAct::Get { claim, reader, key, most_inline } => {
                let kept = state.stores.entry((*store).clone()).or_default();
                match fetch(kept, &store, now, &claim, &reader, key.as_deref(), model.altered) {
                    Ok(content) => self.taken(content, store, &claim, most_inline),
                    Err((fault, text)) => Answer::Claim(ClaimAnswer::Refused(fault, text)),
                }
            }
            ClaimAct::Release { reader, names } => {
                let kept = state.stores.entry((*store).clone()).or_default();
                kept.ledger.release(now, &reader, &names);
                Answer::Claim(ClaimAnswer::Census(Box::new(kept.ledger.census(now, None))))
            }
            ClaimAct::Sweep { owner, .. } => {
                let kept = state.stores.entry((*store).clone()).or_default();
                kept.ledger.list(now, owner);
                kept.ledger.sweep(now, owner);
                let Kept { ledger, contents } = kept;
                contents.retain(|name, _| ledger.knows(name));
                Answer::Claim(ClaimAnswer::Census(Box::new(ledger.census(now, Some(owner)))))
            }
        }
    }

    /// What is to be kept: inline bytes as they are, of a handle where they lie.
    fn content(&self, state: &mut State, payload: Payload) -> Result<Content, String> {
        let length = payload.len() as u64;
        let known = match payload.blob().map(|blob| &blob.place) {
            None => hash(&payload.bytes()),
            Some(BlobPlace::File(path)) => {
                let place = (path.clone(), length);
                if !state.hashes.contains_key(&place) {
                    let hash = self.hash_of_file(path, length)?;
                    state.hashes.insert(place.clone(), hash);
                }
                state.hashes[&place].clone()
            }
            Some(BlobPlace::Stored(store, name)) => {
                let kept = state.stores.get(&**store).and_then(|kept| kept.contents.get(name));
                return kept.cloned().ok_or_else(|| format!("nothing lies at {name} any more"));
            }
        };
        Ok(Content { payload, hash: known, length })
    }

    fn hash_of_file(&self, path: &std::path::Path, length: u64) -> Result<Arc<str>, String> {
        let real = (self.resolve)(path)?;
        let mut digest = Sha256::new();
        let mut at = 0;
        loop {
            let piece = read_piece(&real, at, PIECE).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            digest.update(&piece);
        }
        if at != length {
            return Err(format!("{} has {at} bytes now, it had {length}", path.display()));
        }
        Ok(hexadecimal(&digest.finalize()))
    }

    fn taken(&self, content: Content, store: Arc<ClaimStore>, claim: &Claim, most_inline: u64) -> Answer {
        let name: Arc<str> = claim.name().unwrap_or_default().into();
        let payload = match content.payload.blob() {
            _ if content.length > most_inline => Payload::from_blob(Blob { place: BlobPlace::Stored(store, name), length: content.length }),
            None => content.payload,
            Some(blob) => match self.read_file(blob, 0, content.length as usize) {
                Ok(bytes) => Payload::from_bytes(bytes),
                Err(error) => return Answer::Failed(error),
            },
        };
        Answer::Claim(ClaimAnswer::Taken(payload))
    }

    fn read_file(&self, blob: &Blob, at: u64, most: usize) -> Result<Bytes, String> {
        let BlobPlace::File(path) = &blob.place else { return Err("a handle to a handle".to_owned()) };
        let real = (self.resolve)(path)?;
        read_piece(&real, at, most).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }
}

impl ReadBlob for ModelledClaims {
    fn read(&self, blob: &Blob, at: u64, most: usize) -> Result<Bytes, String> {
        let BlobPlace::Stored(store, name) = &blob.place else { return self.read_file(blob, at, most) };
        let kept = self.state().stores.get(&**store).and_then(|kept| kept.contents.get(name)).cloned();
        let content = kept.ok_or_else(|| format!("nothing lies at {name} any more"))?;
        if content.payload.blob().is_some_and(|blob| matches!(blob.place, BlobPlace::File(_))) {
            return content.payload.blob().map_or_else(|| Ok(Bytes::new()), |blob| self.read_file(blob, at, most));
        }
        let bytes = content.payload.bytes();
        let from = (at as usize).min(bytes.len());
        Ok(bytes.slice(from..(from + most).min(bytes.len())))
    }
}

/// Where a payload lies in a modelled store: a reference that looks the same on every machine.
fn reference(store: &ClaimStore, name: &str) -> Arc<str> {
    match store {
        ClaimStore::S3(bucket) => format!("{}{name}", bucket.begins()).into(),
        ClaimStore::Memory { name: store } => format!("memory:{store}/{name}").into(),
        ClaimStore::Folder { path } => format!("{}/{name}", path.to_string_lossy().replace('\\', "/")).into(),
    }
}

/// A key of the model: another for each variable, and none of the real ones.
fn modelled_key(variable: &str) -> String {
    format!("the modelled key of {variable}")
}

fn sealed(mut claim: Claim, seal: Option<Seal>) -> Claim {
    if let Some(seal) = seal {
        claim.may_read = seal.may_read;
        claim.signature = sign(&claim, modelled_key(&seal.key).as_bytes());
    }
    claim
}

fn fetch(
    kept: &mut Kept,
    store: &ClaimStore,
    now: Moment,
    claim: &Claim,
    reader: &str,
    key: Option<&str>,
    altered: bool,
) -> Result<Content, Refusal> {
    may_read(claim, reader, key.map(modelled_key).as_deref().map(str::as_bytes))?;
    let name = claim.name().filter(|name| *reference(store, name) == *claim.dataref);
    let name = name.ok_or_else(|| (Fault::Gone, format!("{} does not lie in this store", claim.dataref)))?;
    let content = kept.contents.get(name).filter(|_| kept.ledger.keeps(now, name)).cloned().ok_or_else(|| gone(claim))?;
    kept.ledger.get(now, name);
    let found = if altered { hash(claim.hash.as_bytes()) } else { content.hash.clone() };
    unaltered(claim, &found, content.length)?;
    Ok(content)
}
