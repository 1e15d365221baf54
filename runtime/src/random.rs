//! Random numbers that belong to (stream, message, attempt), not to the order of drawing (G11).
//!
//! The generator is Philox4x32-10 of Random123 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
//! SC11), which passed all of `TestU01`'s `BigCrush` as published there. It is counter-based: the key names the stream, the counter names the
//! draw, so streams never overlap and any draw can be repeated alone.

use crate::id::{MessageId, hash_text, mix};

/// What a number is drawn for. One stream per node and purpose, so that adding a use disturbs no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose of this name. Write `const { Purpose::of("service") }`: then no name is hashed while drawing.
    pub const fn of(name: &'static str) -> Self {
        Self(hash_text(name))
    }
}

/// The name of a stream: hash(seed, replication, node path, purpose).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamKey(u64);

impl StreamKey {
    /// A stream for what draws nothing.
    pub const UNUSED: Self = Self(0);

    /// The root of all streams of one node in one replication.
    pub fn of_node(seed: u64, replication: u64, node: &str) -> Self {
        Self(mix(mix(mix(seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_add(replication)) ^ hash_text(node)))
    }

    /// The stream of one purpose below this root.
    #[must_use]
    pub const fn purpose(self, purpose: Purpose) -> Self {
        Self(mix(self.0 ^ purpose.0))
    }

    /// The draws that belong to one attempt at one message.
    pub const fn for_message(self, id: MessageId, attempt: u32) -> Random {
        Random::new(self.0 ^ (id.0 >> 64) as u64, id.0 as u64, attempt)
    }

    /// Two words that tell the `index`-th thing of a sequence from all others: no random numbers, but different for different indices.
    pub const fn words(self, index: u64) -> [u64; 2] {
        let low = mix(self.0.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        [mix(low ^ self.0.rotate_left(32)), low]
    }

    /// The draws that belong to the `index`-th thing of a sequence, such as a generator's n-th arrival.
    pub const fn for_index(self, index: u64) -> Random {
        Random::new(self.0, index, 0)
    }
}

/// A short sequence of random words: Philox4x32-10 under one key, from one counter on.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    counter: u64,
    attempt: u32,
    block: u32,
    words: [u32; 4],
    used: u8,
}

impl Random {
    const fn new(key: u64, counter: u64, attempt: u32) -> Self {
        Self { key, counter, attempt, block: 0, words: [0; 4], used: 4 }
    }

    /// The next 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        if self.used > 2 {
            let counter = [self.counter as u32, (self.counter >> 32) as u32, self.attempt, self.block];
            self.words = philox4x32_10(counter, [self.key as u32, (self.key >> 32) as u32]);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        let at = usize::from(self.used);
        self.used += 2;
        u64::from(self.words[at]) | (u64::from(self.words[at + 1]) << 32)
    }

    /// A number in [0, 1), with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A number in (0, 1]: fit to take the logarithm of.
    pub fn unit_above_zero(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// True with probability `share` (0 never, 1 always).
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A whole number below `bound` (0 if `bound` is 0), without bias worth measuring (multiply-shift on 64 bits).
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

/// Ten rounds of Philox over four 32-bit words.
const fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < 10 {
        let first = counter[0] as u64 * 0xd251_1f53;
        let second = counter[2] as u64 * 0xcd9e_8d57;
        counter = [(second >> 32) as u32 ^ counter[1] ^ key[0], second as u32, (first >> 32) as u32 ^ counter[3] ^ key[1], first as u32];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
        round += 1;
    }
    counter
}

#[cfg(test)]
mod tests;
