//! Messages from thread to thread over crossbeam's channels, one at a time, and the limit: plain calls on one thread.

use super::envelope::{Envelope, count, end, make, mark, pass};
use crate::harness::per_second;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::hint::black_box;
use std::sync::Arc;
use std::thread;

/// What a channel holds.
const CAPACITY: usize = 1_024;
/// Readers of the topic.
pub const READERS: u32 = 8;
/// Consumers of the queue.
pub const CONSUMERS: u32 = 4;

/// Five stages as calls of functions.
pub fn direct(messages: u64) -> f64 {
    per_second(messages, || {
        let mut sum = 0;
        for number in 0..messages {
            if let Some(passed) = pass(mark(make(number))) {
                sum += end(count(passed));
            }
        }
        black_box(sum);
    })
}

/// A stage on a thread of its own.
fn stage(from: Receiver<Envelope>, to: Sender<Envelope>, work: fn(Envelope) -> Option<Envelope>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for envelope in from {
            if let Some(made) = work(envelope) {
                to.send(made).expect("the next stage listens to the end");
            }
        }
    })
}

/// Five stages, each on a thread of its own.
pub fn threads(messages: u64) -> f64 {
    let (sources, first) = bounded(CAPACITY);
    let (marked, second) = bounded(CAPACITY);
    let (passed, third) = bounded(CAPACITY);
    let (counted, last) = bounded(CAPACITY);
    per_second(messages, || {
        let source = thread::spawn(move || {
            for number in 0..messages {
                sources.send(make(number)).expect("the next stage listens to the end");
            }
        });
        let stages =
            [stage(first, marked, |envelope| Some(mark(envelope))), stage(second, passed, pass), stage(third, counted, |e| Some(count(e)))];
        let sum: u64 = last.iter().map(end).sum();
        assert_eq!(black_box(sum) / (2 + u64::from(super::envelope::PAYLOAD[7])), messages);
        source.join().expect("a stage does not panic");
        stages.into_iter().for_each(|stage| stage.join().expect("a stage does not panic"));
    })
}

/// One source, eight readers on threads of their own, each with a channel: everybody gets every message.
pub fn fan_out(messages: u64) -> f64 {
    per_second(messages, || {
        let (senders, readers): (Vec<Sender<Arc<Envelope>>>, Vec<_>) = (0..READERS)
            .map(|_| {
                let (sender, receiver) = bounded::<Arc<Envelope>>(CAPACITY);
                (sender, thread::spawn(move || receiver.iter().map(|envelope| black_box(envelope.stage)).sum::<u64>()))
            })
            .unzip();
        for number in 0..messages {
            let envelope = Arc::new(make(number));
            for sender in &senders {
                sender.send(envelope.clone()).expect("readers listen to the end");
            }
        }
        drop(senders);
        for reader in readers {
            reader.join().expect("a reader does not panic");
        }
    })
}

/// One source, four threads that take from one channel. Nobody acknowledges, nobody keeps a copy.
pub fn competing(messages: u64) -> f64 {
    per_second(messages, || {
        let (sender, receiver) = bounded::<Envelope>(CAPACITY);
        let consumers: Vec<_> = (0..CONSUMERS)
            .map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.iter().map(end).sum::<u64>())
            })
            .collect();
        for number in 0..messages {
            sender.send(make(number)).expect("consumers listen to the end");
        }
        drop(sender);
        for consumer in consumers {
            consumer.join().expect("a consumer does not panic");
        }
    })
}
