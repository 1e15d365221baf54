//! Stores of claims in a live run: payloads flow piece by piece through `object_store`, and none that is a handle is ever whole in memory.

use super::ledger::Ledger;
use super::{PIECE, ReadBlob, Resolve, bucket, gone, hexadecimal, may_read, read_piece, sign, unaltered};
use crate::message::{Blob, BlobPlace, ClaimStore, Payload};
use crate::node::Answer;
use crate::node::claims::{Census, Claim, ClaimAct, ClaimAnswer, ClaimAsk, Fault, Seal};
use crate::units::{Moment, Span};
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Component, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;
use tokio::task::JoinSet;

/// All stores of a live run; its workers share them.
pub struct LiveClaims {
    written: PathBuf,
    resolve: Resolve,
    open: Mutex<BTreeMap<ClaimStore, Arc<Open>>>,
}

/// A store that was used in this run.
struct Open {
    objects: Arc<dyn ObjectStore>,
    /// What its references begin with.
    begins: String,
    ledger: Mutex<Ledger>,
}

impl Open {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How something ends that is not done.
enum Failure {
    /// It may go better another time.
    Failed(String),
    /// It will not.
    Refused(Fault, String),
}

impl From<(Fault, String)> for Failure {
    fn from((fault, text): (Fault, String)) -> Self {
        Self::Refused(fault, text)
    }
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        Self::Failed(format!("the store failed: {error}"))
    }
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

impl LiveClaims {
    /// Stores below `written`. Files that handles stand for are found with `resolve`.
    pub fn new(written: PathBuf, resolve: Resolve) -> Self {
        Self { written, resolve, open: Mutex::default() }
    }

    /// Does what is asked.
    pub async fn perform(&self, ask: ClaimAsk) -> Answer {
        let within = ask.within;
        let outcome = tokio::time::timeout(within.duration(), self.attempt(ask)).await;
        match outcome {
            Ok(Ok(answer)) => Answer::Claim(answer),
            Ok(Err(Failure::Failed(error))) => Answer::Failed(error),
            Ok(Err(Failure::Refused(fault, text))) => Answer::Claim(ClaimAnswer::Refused(fault, text)),
            Err(_) => Answer::Failed(format!("the store took longer than {within}")),
        }
    }

    async fn attempt(&self, ask: ClaimAsk) -> Result<ClaimAnswer, Failure> {
        let ClaimAsk { store, now, act, .. } = ask;
        let open = self.open(&store)?;
        match act {
            ClaimAct::Put { name, owner, content, expires, until, readers, seal } => {
                if let Some(seal) = &seal {
                    key_in_environment(&seal.key)?;
                }
                let (hash, length) = self.store(&open, &name, &content).await?;
                let dataref = format!("{}{name}", open.begins).into();
                let claim = sealed(Claim { dataref, hash, length, until, readers, ..Claim::default() }, seal)?;
                let mut ledger = open.ledger();
                ledger.put(now, &name, owner, length, readers, expires);
                Ok(ClaimAnswer::Stored(Box::new((claim, ledger.census(now, Some(owner))))))
            }
            ClaimAct::Get { claim, reader, key, most_inline } => {
                self.fetch(&open, store, now, &claim, &reader, key.as_deref(), most_inline).await.map(ClaimAnswer::Taken)
            }
            ClaimAct::Release { reader, names } => {
                let free = open.ledger().release(now, &reader, &names);
                throw_away(&open, &free).await?;
                Ok(census(&open, now, None))
            }
            ClaimAct::Sweep { owner, folder, older_than } => {
                let due = open.ledger().sweep(now, owner);
                throw_away(&open, &due).await?;
                sweep_left_behind(&open, now, owner, &folder, older_than).await?;
                Ok(census(&open, now, Some(owner)))
            }
        }
    }

    fn open(&self, store: &ClaimStore) -> Result<Arc<Open>, String> {
        let mut known = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(open) = known.get(store) {
            return Ok(open.clone());
        }
        let (objects, begins): (Arc<dyn ObjectStore>, String) = match store {
            ClaimStore::Memory { name } => (Arc::new(InMemory::new()), format!("memory:{name}/")),
            ClaimStore::Folder { path } => open_folder(&self.written, path)?,
            ClaimStore::S3(bucket) => bucket::open(bucket)?,
        };
        let open = Arc::new(Open { objects, begins, ledger: Mutex::default() });
        known.insert(store.clone(), open.clone());
        Ok(open)
    }

    /// Stores a payload piece by piece; its hash and length.
    async fn store(&self, open: &Open, name: &str, content: &Payload) -> Result<(Arc<str>, u64), Failure> {
        let key = Key::from(name);
        let expected = content.len() as u64;
        let mut source = self.source(content)?;
        let piece = source.next().await?;
        let (hash, length) = if piece.len() < PIECE {
            let (hash, length) = (hexadecimal(&Sha256::digest(&piece)), piece.len() as u64);
            if length == expected {
                open.objects.put(&key, PutPayload::from_bytes(piece)).await?;
            }
            (hash, length)
        } else {
            let mut parts = Parts(Some(open.objects.put_multipart(&key).await?));
            let sent = parts.send(piece, &mut source).await;
            if sent.as_ref().is_ok_and(|(_, length)| *length == expected) {
                parts.complete().await?;
            } else {
                parts.give_up().await;
            }
            sent?
        };
        if length == expected {
            Ok((hash, length))
        } else {
            Err(Failure::Failed(format!("what the handle stands for has {length} bytes now, it had {expected}")))
        }
    }

    fn source(&self, content: &Payload) -> Result<Source, Failure> {
        Ok(match content.blob().map(|blob| &blob.place) {
            None => Source::Inline(content.bytes()),
            Some(BlobPlace::File(path)) => Source::File((self.resolve)(path)?, 0),
            Some(BlobPlace::Stored(store, name)) => {
                let length = content.len() as u64;
                Source::Stored { open: self.open(store)?, key: Key::from(&**name), at: 0, length }
            }
        })
    }

    #[allow(clippy::too_many_arguments)]
    async fn fetch(
        &self,
        open: &Open,
        store: Arc<ClaimStore>,
        now: Moment,
        claim: &Claim,
        reader: &str,
        key: Option<&str>,
        most_inline: u64,
    ) -> Result<Payload, Failure> {
        let key = key.map(key_in_environment).transpose()?;
        may_read(claim, reader, key.as_deref().map(str::as_bytes))?;
        let name = claim.name().filter(|name| claim.dataref.strip_prefix(&open.begins) == Some(name));
        let name = name.ok_or_else(|| (Fault::Gone, format!("{} does not lie in this store", claim.dataref)))?;
        let place = Key::from(name);
        let length = match open.objects.head(&place).await {
            Ok(meta) => meta.size,
            Err(object_store::Error::NotFound { .. }) => return Err(gone(claim).into()),
            Err(error) => return Err(error.into()),
        };
        open.ledger().get(now, name);
        if length != claim.length {
            unaltered(claim, "", length)?;
        }
        let mut digest = Sha256::new();
        let mut at = 0;
        let mut inline = None;
        while at < length {
            let piece = match open.objects.get_range(&place, at..length.min(at + PIECE as u64)).await {
                Err(object_store::Error::NotFound { .. }) => return Err(gone(claim).into()),
                piece => piece?,
            };
            at += piece.len() as u64;
            if length <= most_inline && length <= PIECE as u64 {
                inline = Some(piece.clone());
            }
            digest = hashed(digest, piece).await?;
        }
        unaltered(claim, &hexadecimal(&digest.finalize()), at)?;
        Ok(match inline {
            Some(bytes) => Payload::from_bytes(bytes),
            None if length == 0 => Payload::EMPTY,
            None => Payload::from_blob(Blob { place: BlobPlace::Stored(store, name.into()), length }),
        })
    }
}

impl ReadBlob for LiveClaims {
    fn read(&self, blob: &Blob, at: u64, most: usize) -> Result<Bytes, String> {
        match &blob.place {
            BlobPlace::File(path) => {
                let real = (self.resolve)(path)?;
                read_piece(&real, at, most).map_err(|error| format!("cannot read {}: {error}", path.display()))
            }
            BlobPlace::Stored(store, name) => {
                let end = blob.length.min(at.saturating_add(most as u64));
                if at >= end {
                    return Ok(Bytes::new());
                }
                let open = self.open(store)?;
                let runtime = tokio::runtime::Handle::try_current().map_err(|error| error.to_string())?;
                let piece = runtime.block_on(open.objects.get_range(&Key::from(&**name), at..end));
                piece.map_err(|error| format!("cannot read {name} from its store: {error}"))
            }
        }
    }
}

/// A payload on its way into a store part by part. If it does not come to its end, for an error or because time is up, what has arrived so far
/// is thrown away: nobody lists parts, and some stores keep them for ever.
struct Parts(Option<Box<dyn MultipartUpload>>);

impl Parts {
    /// Sends all pieces, of which the first has been read; their hash and length.
    async fn send(&mut self, first: Bytes, source: &mut Source) -> Result<(Arc<str>, u64), Failure> {
        let (mut digest, mut length, mut piece) = (Sha256::new(), 0, first);
        while !piece.is_empty() {
            length += piece.len() as u64;
            digest = hashed(digest, piece.clone()).await?;
            self.upload().put_part(PutPayload::from_bytes(piece)).await?;
            piece = source.next().await?;
        }
        Ok((hexadecimal(&digest.finalize()), length))
    }

    async fn complete(mut self) -> object_store::Result<()> {
        self.upload().complete().await?;
        self.0 = None;
        Ok(())
    }

    async fn give_up(mut self) {
        if let Some(mut upload) = self.0.take() {
            // If this fails too, there is nothing more to do about it.
            upload.abort().await.ok();
        }
    }

    fn upload(&mut self) -> &mut dyn MultipartUpload {
        self.0.as_deref_mut().expect("it is there until it is complete")
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { upload.abort().await.ok() });
        }
    }
}

/// Where the bytes of a payload come from.
enum Source {
    Inline(Bytes),
    File(PathBuf, u64),
    Stored { open: Arc<Open>, key: Key, at: u64, length: u64 },
}

impl Source {
    /// The next piece; none at the end. Only the last one may be shorter than [`PIECE`].
    async fn next(&mut self) -> Result<Bytes, Failure> {
        match self {
            Self::Inline(bytes) => Ok(bytes.split_to(bytes.len().min(PIECE))),
            Self::File(path, at) => {
                let (file, from) = (path.clone(), *at);
                let piece = tokio::task::spawn_blocking(move || read_piece(&file, from, PIECE)).await.map_err(|error| error.to_string())?;
                let piece = piece.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                *at += piece.len() as u64;
                Ok(piece)
            }
            Self::Stored { open, key, at, length } => {
                let end = (*length).min(*at + PIECE as u64);
                let piece = if *at < end { open.objects.get_range(key, *at..end).await? } else { Bytes::new() };
                *at += piece.len() as u64;
                Ok(piece)
            }
        }
    }
}

/// Goes on with a hash: away from the thread that all requests share, if it takes long.
async fn hashed(mut digest: Sha256, piece: Bytes) -> Result<Sha256, String> {
    if piece.len() < 256 << 10 {
        digest.update(&piece);
        return Ok(digest);
    }
    let work = move || {
        digest.update(&piece);
        digest
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

fn open_folder(written: &std::path::Path, path: &std::path::Path) -> Result<(Arc<dyn ObjectStore>, String), String> {
    if path.as_os_str().is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("{}: claims are kept below the run's output folder only", path.display()));
    }
    let folder = written.join(path);
    let failed = |error: &dyn std::fmt::Display| format!("cannot use the folder {}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
    let folder = folder.canonicalize().map_err(|error| failed(&error))?;
    let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| failed(&error))?;
    let begins = url::Url::from_directory_path(&folder).map_err(|()| failed(&"it has no address"))?;
    Ok((Arc::new(objects), begins.to_string()))
}

fn key_in_environment(variable: &str) -> Result<String, String> {
    let key = std::env::var(variable).ok().filter(|key| !key.is_empty());
    key.ok_or_else(|| format!("the environment variable {variable} is not set: it holds the key that claims are signed with"))
}

fn sealed(mut claim: Claim, seal: Option<Seal>) -> Result<Claim, String> {
    if let Some(seal) = seal {
        claim.may_read = seal.may_read;
        claim.signature = sign(&claim, key_in_environment(&seal.key)?.as_bytes());
    }
    Ok(claim)
}

fn census(open: &Open, now: Moment, owner: Option<u64>) -> ClaimAnswer {
    let census: Census = open.ledger().census(now, owner);
    ClaimAnswer::Census(Box::new(census))
}

/// How many payloads are thrown away at the same time: a store that is far away takes long for each.
const AT_A_TIME: usize = 16;

/// Throws payloads away. One that is gone already is no failure; after one that cannot be thrown away the others are tried still.
async fn throw_away(open: &Open, names: &[Arc<str>]) -> Result<(), Failure> {
    let mut failure = Ok(());
    for names in names.chunks(AT_A_TIME) {
        let mut under_way = JoinSet::new();
        for name in names {
            let (objects, key) = (open.objects.clone(), Key::from(&**name));
            under_way.spawn(async move { objects.delete(&key).await });
        }
        while let Some(ended) = under_way.join_next().await {
            match ended.map_err(|error| error.to_string())? {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => failure = Err(error.into()),
            }
        }
    }
    failure
}

/// Throws away what an earlier run of the same node left behind, once it is old enough.
async fn sweep_left_behind(open: &Open, now: Moment, owner: u64, folder: &str, older_than: Span) -> Result<(), Failure> {
    let listed = open.objects.list_with_delimiter(Some(&Key::from(folder))).await?;
    open.ledger().list(now, owner);
    let limit = SystemTime::now().checked_sub(older_than.duration());
    for object in listed.objects {
        let name: Arc<str> = object.location.as_ref().into();
        let old = limit.is_some_and(|limit| SystemTime::from(object.last_modified) <= limit);
        if old && !open.ledger().knows(&name) {
            open.objects.delete(&object.location).await?;
            open.ledger().left_behind(now, owner);
        }
    }
    Ok(())
}
