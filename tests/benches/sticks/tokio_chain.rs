//! Five stages as tasks of tokio, one message at a time over its bounded channels.

use super::envelope::{Envelope, count, end, make, mark, pass};
use crate::harness::median;
use crate::process::processor_time;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What a channel holds: as much as one of the program's pipes.
const CAPACITY: usize = 256;

fn runtime() -> Runtime {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread().worker_threads(cores).enable_time().build().expect("the system lets us start threads")
}

fn stage(on: &Runtime, mut from: Receiver<Envelope>, work: fn(Envelope) -> Option<Envelope>) -> Receiver<Envelope> {
    let (to, made) = channel(CAPACITY);
    on.spawn(async move {
        while let Some(envelope) = from.recv().await {
            if let Some(envelope) = work(envelope)
                && to.send(envelope).await.is_err()
            {
                break;
            }
        }
    });
    made
}

/// The stages between source and sink: where to put messages in, and where they come out.
fn stages(on: &Runtime) -> (Sender<Envelope>, Receiver<Envelope>) {
    let (source, first) = channel(CAPACITY);
    let marked = stage(on, first, |envelope| Some(mark(envelope)));
    let passed = stage(on, marked, pass);
    (source, stage(on, passed, |envelope| Some(count(envelope))))
}

/// Messages per second through so many chains of five tasks side by side, over `time` after a run-up.
pub fn side_by_side(chains: usize, time: Duration) -> f64 {
    let runtime = runtime();
    let stop = Arc::new(AtomicBool::new(false));
    let counts: Vec<Arc<AtomicU64>> = (0..chains).map(|_| Arc::default()).collect();
    for ended in &counts {
        let (source, mut last) = stages(&runtime);
        let (stop, ended) = (stop.clone(), ended.clone());
        runtime.spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) && source.send(make(number)).await.is_ok() {
                number += 1;
            }
        });
        runtime.spawn(async move {
            while let Some(envelope) = last.recv().await {
                end(envelope);
                // The one writer of this counter.
                ended.store(ended.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
        });
    }
    let total = || counts.iter().map(|ended| ended.load(Ordering::Relaxed)).sum::<u64>();
    std::thread::sleep(Duration::from_millis(200));
    let (before, began) = (total(), Instant::now());
    std::thread::sleep(time);
    let rate = (total() - before) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    runtime.shutdown_timeout(Duration::from_secs(5));
    rate
}

/// Latency from the moment a message is due to its end, at an even rate: the median and the 99th percentile in seconds, and the
/// processor time for one message. The source sleeps until the next message is due and spins never.
pub fn paced(rate: u32, time: Duration) -> [f64; 3] {
    let runtime = runtime();
    let (source, mut last) = stages(&runtime);
    let began = Instant::now();
    let (told, latencies) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        let mut spans: Vec<f64> = Vec::with_capacity(1 << 20);
        while let Some(envelope) = last.recv().await {
            let now = began.elapsed().as_nanos() as u64;
            spans.push(now.saturating_sub(envelope.moments[0]) as f64 / 1e9);
            end(envelope);
        }
        told.send(spans).expect("somebody listens");
    });
    let gap = Duration::from_secs(1) / rate;
    let mut used = 0.0;
    let messages = (time.as_secs_f64() * f64::from(rate)) as u32;
    let run_up = messages / 10;
    for number in 0..messages {
        if number == run_up {
            used = processor_time();
        }
        let due = gap * number;
        if let Some(wait) = due.checked_sub(began.elapsed()).filter(|wait| !wait.is_zero()) {
            std::thread::sleep(wait);
        }
        source.blocking_send(make(due.as_nanos() as u64)).expect("the stages listen to the end");
    }
    let used = processor_time() - used;
    drop(source);
    let mut spans = latencies.recv().expect("the last stage tells");
    spans.drain(..run_up as usize);
    let p50 = median(&spans);
    spans.sort_by(f64::total_cmp);
    [p50, spans[spans.len() * 99 / 100], used / f64::from(messages - run_up)]
}
