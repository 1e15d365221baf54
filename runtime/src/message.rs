//! The message: an envelope that is cheap to move, and a payload that is shared (G14).

mod blob;
mod outline;

pub use blob::{Blob, BlobPlace, Bucket, ClaimStore};
pub use outline::{Look, Place, Seen};
/// A counted pointer without weak ones: whether it is the only one takes a look and no locked operation, and messages ask that at every node
/// that writes to them.
pub use triomphe::Arc as Shared;

use crate::id::MessageId;
use crate::units::Moment;
use bytes::Bytes;
use outline::Outline;
use smallvec::SmallVec;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// A payload's parsed form: JSON, with the order of keys kept.
pub type Value = serde_json::Value;

/// The largest payload carried inline, in bytes (G14).
pub const INLINE_LIMIT: usize = 1 << 20;

/// What a handle weighs in a pipe, in bytes.
const HANDLE_WEIGHT: usize = 64;

/// Why a payload has no parsed form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not JSON: {0}")]
pub struct NotJson(pub Arc<str>);

/// What a payload's bytes are written from when somebody first asks for them. Its length must be known without writing them.
pub trait Recipe: Send + Sync {
    /// Writes the bytes of number `index`: exactly [`Recipe::len`] of them.
    fn write(&self, index: u64) -> Vec<u8>;

    /// How many bytes [`Recipe::write`] writes for this number.
    fn len(&self, index: u64) -> usize;
}

/// Bytes with a lazily parsed value beside them. Copies share both (G14).
#[derive(Clone, Default)]
pub struct Payload(Option<Shared<Body>>);

struct Body {
    origin: Origin,
    /// The bytes, where they had to be written. Boxed like all that many messages do without: a million of them may wait in a queue.
    bytes: OnceLock<Box<Bytes>>,
    /// What was read of the bytes, where anything was.
    read: OnceLock<Box<Read>>,
}

/// What was read of a payload's bytes.
#[derive(Default)]
struct Read {
    /// The value, where it had to be parsed.
    value: OnceLock<Result<Value, NotJson>>,
    /// The outline, where only some of it was looked at; `None` in it if the bytes are no JSON.
    outline: OnceLock<Option<Outline>>,
}

/// What a payload was made from.
enum Origin {
    Bytes(Bytes),
    Value(Box<Value>),
    /// Which recipe, number, and how many bytes it writes.
    Recipe(Arc<dyn Recipe>, u64, usize),
    /// They lie elsewhere, and stay there.
    Handle(Box<Blob>),
}

impl Payload {
    /// No payload.
    pub const EMPTY: Self = Self(None);

    fn of(origin: Origin) -> Self {
        Self(Some(Shared::new(Body { origin, bytes: OnceLock::new(), read: OnceLock::new() })))
    }

    /// A payload of raw bytes; parsed when somebody first asks.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { Self::EMPTY } else { Self::of(Origin::Bytes(bytes)) }
    }

    /// A payload from a value; written as JSON when somebody first asks for the bytes.
    pub fn from_value(value: Value) -> Self {
        Self::of(Origin::Value(Box::new(value)))
    }

    /// Number `index` of a recipe; written when somebody first asks.
    pub fn from_recipe(recipe: Arc<dyn Recipe>, index: u64) -> Self {
        let length = recipe.len(index);
        Self::of(Origin::Recipe(recipe, index, length))
    }

    /// A handle to bytes that lie elsewhere.
    pub fn from_blob(blob: Blob) -> Self {
        Self::of(Origin::Handle(Box::new(blob)))
    }

    /// Where the bytes lie, if this is a handle.
    pub fn blob(&self) -> Option<&Blob> {
        match self.0.as_deref() {
            Some(Body { origin: Origin::Handle(blob), .. }) => Some(blob),
            _ => None,
        }
    }

    /// The bytes. Of a handle, a short reference in their place ([`Blob::reference`]).
    pub fn bytes(&self) -> Bytes {
        self.0.as_ref().map_or_else(Bytes::new, |body| body.bytes().clone())
    }

    /// The value: parsed once, then kept with the message.
    pub fn value(&self) -> Result<&Value, &NotJson> {
        static NULL: Value = Value::Null;
        match self.0.as_deref() {
            None => Ok(&NULL),
            Some(Body { origin: Origin::Value(value), .. }) => Ok(value),
            Some(body @ Body { origin: Origin::Handle(blob), .. }) => {
                body.read().value.get_or_init(|| Err(NotJson(blob.closed().into()))).as_ref()
            }
            Some(body) => {
                let parse = || serde_json::from_slice(body.bytes()).map_err(|error| NotJson(error.to_string().into()));
                body.read().value.get_or_init(parse).as_ref()
            }
        }
    }

    /// The value for looking at a few of its fields: one that is built is taken as it is; of a text only an outline is made, once, for a
    /// fraction of what building costs. `None` if it is no JSON.
    pub fn look(&self) -> Option<Look<'_>> {
        static NULL: Value = Value::Null;
        match self.0.as_deref() {
            None => Some(Look::Built(&NULL)),
            Some(Body { origin: Origin::Value(value), .. }) => Some(Look::Built(value)),
            Some(Body { origin: Origin::Handle(_), .. }) => None,
            Some(body) => {
                let read = body.read();
                if let Some(built) = read.value.get() {
                    return built.as_ref().ok().map(Look::Built);
                }
                let bytes = body.bytes();
                let outline = read.outline.get_or_init(|| Outline::read(bytes));
                outline.as_ref().map(|outline| outline.whole(bytes))
            }
        }
    }

    /// Length in bytes; of a handle, that of the bytes it stands for. Writes a value out if that was not done yet.
    pub fn len(&self) -> usize {
        match self.0.as_deref() {
            None => 0,
            Some(Body { origin: Origin::Recipe(_, _, length), .. }) => *length,
            Some(Body { origin: Origin::Handle(blob), .. }) => usize::try_from(blob.length).unwrap_or(usize::MAX),
            Some(body) => body.bytes().len(),
        }
    }

    /// How many bytes travel with the message: a handle's stay where they lie.
    #[inline]
    pub fn inline_len(&self) -> usize {
        match self.0.as_deref() {
            None => 0,
            Some(Body { origin: Origin::Bytes(bytes), .. }) => bytes.len(),
            Some(Body { origin: Origin::Recipe(_, _, length), .. }) => *length,
            Some(Body { origin: Origin::Handle(_), .. }) => HANDLE_WEIGHT,
            Some(body) => body.written_len(),
        }
    }

    /// Whether there is no payload.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Body {
    fn read(&self) -> &Read {
        self.read.get_or_init(Box::default)
    }

    #[inline(never)]
    fn written_len(&self) -> usize {
        self.bytes().len()
    }

    fn bytes(&self) -> &Bytes {
        match &self.origin {
            Origin::Bytes(bytes) => bytes,
            Origin::Value(value) => {
                let write = || Bytes::from(serde_json::to_vec(value).expect("JSON values always write"));
                self.bytes.get_or_init(|| Box::new(write()))
            }
            Origin::Recipe(recipe, index, _) => self.bytes.get_or_init(|| Box::new(Bytes::from(recipe.write(*index)))),
            Origin::Handle(blob) => self.bytes.get_or_init(|| Box::new(Bytes::from(blob.reference()))),
        }
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.bytes()))
    }
}
impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.blob() == other.blob() && self.bytes() == other.bytes()
    }
}

/// One attempt to hand a message to a consumer (G4): a plain value, never a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Delivery {
    /// The station number of the store that handed it out.
    pub origin: u32,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The store's own number for the message.
    pub number: u64,
}

impl Delivery {
    /// The origin of a delivery that its store has just written down; the engine puts the store's station number in its place.
    pub const HERE: u32 = u32::MAX;
    /// The attempt of a dead letter on its way out of a durable store: its end tells the store that it need not be kept any more.
    pub const GIVEN_UP: u32 = u32::MAX;
}

/// The open deliveries a message answers for: none, one, or (after an aggregate) many.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum Settlement {
    /// Nobody waits for this message's end.
    #[default]
    None,
    /// One store waits.
    One(Delivery),
    /// Several deliveries went into this message.
    Many(Arc<[Delivery]>),
}

impl Settlement {
    /// The deliveries, in order.
    pub fn deliveries(&self) -> &[Delivery] {
        match self {
            Self::None => &[],
            Self::One(delivery) => std::slice::from_ref(delivery),
            Self::Many(deliveries) => deliveries,
        }
    }

    /// The deliveries of several messages together. Parts of one delivery keep it once each: each of them closes one descendant.
    pub fn join<'a>(all: impl IntoIterator<Item = &'a Settlement>) -> Self {
        let deliveries: Vec<Delivery> = all.into_iter().flat_map(|one| one.deliveries().iter().copied()).collect();
        match deliveries.as_slice() {
            [] => Self::None,
            [one] => Self::One(*one),
            _ => Self::Many(deliveries.into()),
        }
    }
}

/// Whose closed loop a message belongs to (G7): the source waits until the last descendant has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tracked {
    /// The station number of the source. The engine fills it in.
    pub origin: u32,
    /// The source's own number for the message.
    pub number: u64,
}

/// Headers, by name. Most messages have one or none: the first needs no room of its own.
pub type Headers = SmallVec<[(Arc<str>, Value); 1]>;

/// The rarely used part of the envelope, shared by copies and copied when written.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Head {
    /// One business transaction; the first message's id where nobody set it.
    pub correlation: Option<Arc<str>>,
    /// The message (or, for aggregates and joins, messages) that this one was made from (G5).
    pub parents: Vec<MessageId>,
    /// Order and partition: messages of one key belong together.
    pub key: Option<Arc<str>>,
    /// The topic it was published to.
    pub topic: Option<Arc<str>>,
    /// Name to JSON value, in order of setting.
    pub headers: Headers,
    /// The payload's media type; JSON where nobody set it.
    pub content_type: Option<Arc<str>>,
    /// W3C trace context, `traceparent`.
    pub trace_parent: Option<Arc<str>>,
    /// Which closed loop waits for its end, if any (G7).
    pub tracked: Option<Tracked>,
}

/// A message: envelope and payload. Moving one moves a pointer, since it moves many times on its way; cloning one copies its envelope of
/// about 100 bytes and shares everything large.
#[derive(Clone, PartialEq, Debug)]
pub struct Message(Box<Envelope>);

impl Deref for Message {
    type Target = Envelope;

    fn deref(&self) -> &Envelope {
        &self.0
    }
}

impl DerefMut for Message {
    fn deref_mut(&mut self) -> &mut Envelope {
        &mut self.0
    }
}

/// What a [`Message`] consists of.
#[derive(Clone, PartialEq, Debug)]
pub struct Envelope {
    /// Identity (G5).
    pub id: MessageId,
    /// When its oldest ancestor entered the run, on the run clock: latency counts from here (G6).
    pub entered: Moment,
    /// When it became ready in the store that last handed it out; a consumer's wait counts from here.
    pub queued: Moment,
    /// When it came to the node where it is now; the engine's own, for residence times.
    pub arrived: Moment,
    /// When this message was made, on the run clock.
    pub created: Moment,
    /// When it stops being worth delivering; [`Moment::NEVER`] if it always is.
    pub expires: Moment,
    /// Who waits for its end (G4).
    pub settlement: Settlement,
    /// What it carries.
    pub payload: Payload,
    /// The rest of the envelope; `None` while everything in it is at its default.
    pub head: Option<Shared<Head>>,
    /// How many services and bridges it has passed (G13).
    pub hops: u16,
    /// 0 to 255; higher goes first where a queue is told to look.
    pub priority: u8,
    /// How often it was put back to work by hand after it had been given up, 255 at most: each time it draws anew.
    pub redriven: u8,
}

impl Message {
    /// A message with nothing but an identity, a moment and a payload.
    pub fn new(id: MessageId, entered: Moment, payload: Payload) -> Self {
        Self(Box::new(Envelope {
            id,
            entered,
            queued: entered,
            arrived: entered,
            created: entered,
            expires: Moment::NEVER,
            settlement: Settlement::None,
            payload,
            head: None,
            hops: 0,
            priority: 0,
            redriven: 0,
        }))
    }

    /// The rest of the envelope, for reading.
    pub fn head(&self) -> &Head {
        static EMPTY: Head = Head {
            correlation: None,
            parents: Vec::new(),
            key: None,
            topic: None,
            headers: Headers::new_const(),
            content_type: None,
            trace_parent: None,
            tracked: None,
        };
        self.head.as_deref().unwrap_or(&EMPTY)
    }

    /// The rest of the envelope, for writing; copied first if others share it.
    pub fn head_mut(&mut self) -> &mut Head {
        Shared::make_mut(self.head.get_or_insert_with(Shared::default))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.head().headers.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// A header's value, to change it in place.
    pub fn header_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.head.as_ref()?;
        self.head_mut().headers.iter_mut().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// Sets a header, in place if it is there.
    pub fn set_header(&mut self, name: &str, value: Value) {
        let headers = &mut self.head_mut().headers;
        match headers.iter_mut().find(|(known, _)| &**known == name) {
            Some((_, old)) => *old = value,
            None => headers.push((name.into(), value)),
        }
    }

    /// The same with a name that is shared: nothing is copied.
    pub fn set_shared_header(&mut self, name: &Arc<str>, value: Value) {
        let headers = &mut self.head_mut().headers;
        match headers.iter_mut().find(|(known, _)| Arc::ptr_eq(known, name) || known == name) {
            Some((_, old)) => *old = value,
            None => headers.push((name.clone(), value)),
        }
    }

    /// The same for a whole number, which is written where it belongs.
    pub fn set_shared_header_int(&mut self, name: &Arc<str>, number: i64) {
        let headers = &mut self.head_mut().headers;
        match headers.iter_mut().find(|(known, _)| Arc::ptr_eq(known, name) || known == name) {
            Some((_, Value::Number(old))) => *old = number.into(),
            Some((_, old)) => *old = number.into(),
            None => headers.push((name.clone(), number.into())),
        }
    }

    /// Which closed loop waits for its end, if any.
    pub fn tracked(&self) -> Option<Tracked> {
        self.head.as_ref().and_then(|head| head.tracked)
    }

    /// The ordering key, if any.
    pub fn key(&self) -> Option<&str> {
        self.head().key.as_deref()
    }

    /// A message made from this one by the node with hash `maker` as its output number `output` (G5): own id, this one as
    /// parent, the same deliveries, entry, key and correlation.
    #[must_use]
    pub fn derive(&self, maker: u64, output: u64, now: Moment, payload: Payload) -> Self {
        let mut made = self.clone();
        made.id = self.id.derive(maker, output);
        made.created = now;
        made.payload = payload;
        made.head_mut().parents = vec![self.id];
        made
    }

    /// Payload bytes that travel along plus what the headers weigh: what a pipe's byte bound counts.
    #[inline]
    pub fn size(&self) -> usize {
        let headers = match self.head.as_deref().map_or(&[][..], |head| head.headers.as_slice()) {
            [] => 0,
            [one] => weight(one),
            all => all.iter().map(weight).sum(),
        };
        self.payload.inline_len() + headers
    }
}

/// What a header weighs in a pipe, in bytes.
fn weight((name, _): &(Arc<str>, Value)) -> usize {
    name.len() + 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g14_copies_share_bytes_and_value() {
        let payload = Payload::from_bytes(&br#"{"b":1,"a":2}"#[..]);
        let copy = payload.clone();
        assert_eq!(payload.value().unwrap()["a"], 2);
        assert!(std::ptr::eq(payload.value().unwrap(), copy.value().unwrap()));
        assert_eq!(Payload::from_value(serde_json::json!({"b":1,"a":2})).bytes(), payload.bytes());
        assert!(Payload::from_bytes(&b"nope"[..]).value().is_err());
        assert_eq!(Payload::EMPTY.value(), Ok(&Value::Null));
    }

    #[test]
    fn an_envelope_stays_small() {
        assert_eq!(size_of::<Option<Message>>(), size_of::<usize>());
        assert!(size_of::<Envelope>() <= 104, "{}", size_of::<Envelope>());
        assert!(size_of::<Body>() <= 72, "{}", size_of::<Body>());
    }

    #[test]
    fn g4_settlements_join_with_one_entry_for_each_descendant() {
        let delivery = |number| Delivery { origin: 1, attempt: 1, number };
        let one = Settlement::One(delivery(1));
        let two = Settlement::One(delivery(2));
        let joined = Settlement::join([&one, &two, &one, &Settlement::None]);
        assert_eq!(joined.deliveries(), [delivery(1), delivery(2), delivery(1)]);
        assert_eq!(Settlement::join([&one]), one);
        assert_eq!(Settlement::join([]), Settlement::None);
    }
}
