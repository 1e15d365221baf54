//! The message of the sticks: an envelope of 128 bytes and a payload of 64 bytes of its own.

use std::hint::black_box;

/// An envelope about as large as the program's: identity, moments, one header, and the payload behind a pointer.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "what is carried is what weighs")]
pub struct Envelope {
    /// Who it is.
    pub id: u128,
    /// When it entered, was made, came to a queue, came to a stage, and ends.
    pub moments: [u64; 5],
    /// Who waits for its end.
    pub delivery: (u32, u32, u64),
    /// A header that is set and looked at.
    pub stage: u64,
    /// What else an envelope carries.
    pub rest: [u64; 5],
    /// What it carries.
    pub payload: Box<[u8; 64]>,
}

const _: () = assert!(size_of::<Envelope>() == 128);

/// A payload of 64 bytes.
pub const PAYLOAD: [u8; 64] = *br"{'order': 1234567, 'amount': 250.25, 'currency': 'EUR', 'n': 12}";

/// The same as it stands in a graph file: a text that means itself.
pub fn payload_text() -> &'static str {
    std::str::from_utf8(&PAYLOAD).expect("it is ASCII")
}

/// Makes a message.
#[inline(never)]
pub fn make(number: u64) -> Envelope {
    let payload = Box::new(black_box(PAYLOAD));
    Envelope { id: u128::from(number) << 7, moments: [number; 5], delivery: (0, 1, number), stage: 0, rest: [0; 5], payload }
}

/// Sets a header.
#[inline(never)]
pub const fn mark(mut envelope: Envelope) -> Envelope {
    envelope.stage = 1;
    envelope
}

/// Looks at a header.
#[inline(never)]
pub fn pass(envelope: Envelope) -> Option<Envelope> {
    (black_box(envelope.stage) == 1).then_some(envelope)
}

/// Changes a header.
#[inline(never)]
pub const fn count(mut envelope: Envelope) -> Envelope {
    envelope.stage += 1;
    envelope
}

/// Ends a message.
#[inline(never)]
pub fn end(envelope: Envelope) -> u64 {
    let envelope = black_box(envelope);
    envelope.stage + u64::from(envelope.payload[7])
}
