//! Durable stores: synced messages per second at several sizes of a commit, recovery, and a whole durable queue.

use super::harness::{Case, Contestant, Goal, Line, Scale, Unit, per_second};
use super::running::{end, live, look_on, start};
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::id::{MessageId, NodeId};
use pipewright_runtime::message::{Message, Payload};
use pipewright_runtime::node::outside::Keep;
use pipewright_runtime::node::{Answer, Ask};
use pipewright_runtime::stores::Stores;
use pipewright_runtime::units::Moment;
use pipewright_tests::Folder;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::time::{Duration, Instant};

const RECORD: [u8; 200] = [b'7'; 200];

fn node() -> NodeId {
    NodeId::new("work").expect("a word is an id")
}

fn put(number: u64) -> Keep {
    let message = Message::new(MessageId::entering(1, [number, number]), Moment::START, Payload::from_bytes(&RECORD[..]));
    Keep::Put { number, attempts: 0, dead: None, message }
}

/// A queue of about 1,000 messages through which so many pass: each commit puts a group in and takes one out.
fn store(stores: &mut Stores, total: u64, group: u64, acked: impl Fn(u64) -> bool) {
    for first in (1..=total).step_by(group as usize) {
        let gone = (first..first + group).filter_map(|number| number.checked_sub(1_000)).filter(|number| *number > 0 && acked(*number));
        let changes = (first..first + group).map(put).chain(gone.map(|number| Keep::Gone { number })).collect();
        assert_eq!(stores.perform(&[Ask::Keep { store: node(), changes }]), [Answer::Done]);
    }
}

/// The same as bare records at the end of a file: no index, no cleaning, nothing to find them by.
fn append(file: &mut File, total: u64, group: u64, acked: impl Fn(u64) -> bool) {
    for first in (1..=total).step_by(group as usize) {
        let mut bytes = Vec::new();
        for number in first..first + group {
            bytes.extend_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(&RECORD);
            if let Some(gone) = number.checked_sub(1_000).filter(|gone| acked(*gone)) {
                bytes.extend_from_slice(&(gone | 1 << 63).to_le_bytes());
            }
        }
        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("a temporary file takes bytes");
    }
}

fn flow(name: &'static str, group: u64, total: u64) -> Case {
    Case {
        name,
        ours: Contestant::new("the durable store", move |scale| {
            let folder = Folder::new("bench-store");
            let mut stores = Stores::open(folder.path(), 0).expect("a temporary folder takes a store");
            let total = scale.count(total);
            vec![per_second(total, || store(&mut stores, total, group, |_| true))]
        }),
        sticks: vec![Contestant::new("append + fdatasync", move |scale| {
            let folder = Folder::new("bench-append");
            let mut file = File::create(folder.at("log")).expect("a temporary file can be made");
            let total = scale.count(total);
            vec![per_second(total, || append(&mut file, total, group, |_| true))]
        })],
        lines: vec![Line::new("", Unit::PerSecond, [Goal::None])],
    }
}

const LEFT: u64 = 10;

/// Fills a store so that nine of ten messages are acked; seconds to open it and read the rest.
fn recovery(scale: Scale) -> Vec<f64> {
    let (folder, total) = (Folder::new("bench-recovery"), scale.count(1_000_000));
    let mut stores = Stores::open(folder.path(), 0).expect("a temporary folder takes a store");
    store(&mut stores, total, 1_000, |number| number % LEFT != 0);
    drop(stores);
    let began = Instant::now();
    let mut stores = Stores::open(folder.path(), 0).expect("it opens again");
    let (mut found, mut after) = (0, 0);
    loop {
        let answers = stores.perform(&[Ask::Recover { store: node(), dead: false, after, most: 1_000 }]);
        let [Answer::Recovered { kept, end, .. }] = answers.as_slice() else { panic!("{answers:?}") };
        found += kept.len() as u64;
        after = kept.last().map_or(after, |kept| kept.number);
        if *end {
            break;
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert!(found >= total / LEFT && found < total / LEFT + 2_000, "{found}");
    vec![took]
}

/// The same from the bare file: all of it has to be read.
fn reading(scale: Scale) -> Vec<f64> {
    let (folder, total) = (Folder::new("bench-reading"), scale.count(1_000_000));
    let path = folder.at("log");
    append(&mut File::create(&path).expect("a temporary file can be made"), total, 1_000, |number| number % LEFT != 0);
    let began = Instant::now();
    let mut alive = std::collections::BTreeMap::new();
    let mut reader = BufReader::with_capacity(1 << 20, File::open(&path).expect("it was written"));
    let mut number = [0; 8];
    while reader.read_exact(&mut number).is_ok() {
        let number = u64::from_le_bytes(number);
        if number >> 63 == 1 {
            alive.remove(&(number & !(1 << 63)));
        } else {
            let mut record = vec![0; RECORD.len()];
            reader.read_exact(&mut record).expect("a whole record");
            alive.insert(number, record);
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert!(alive.len() as u64 >= total / LEFT);
    vec![took]
}

/// Messages per second through a whole queue of a live run, acknowledged by four consumers.
fn queue(durable: bool, scale: Scale) -> Vec<f64> {
    let payload = "7".repeat(RECORD.len());
    let text = format!(
        r#"(format: 1, nodes: {{
            "source": generator(arrivals: fastest, payload: "{payload}"),
            "work": queue(durable: {durable}),
            "desk": consumer_pool(servers: 4, prefetch: 256, service: constant("0 s")),
        }}, pipes: ["source.out -> work.in", "work.out -> desk.in"])"#
    );
    let folder = Folder::new("bench-queue");
    let run = start(&text, &RunOptions { output: Some(folder.path().to_owned()), ..live(0) });
    let before = look_on(&run, Duration::from_millis(300));
    let after = look_on(&run, scale.time(Duration::from_secs(2)));
    let rate = (after.books.delivered - before.books.delivered) as f64 / after.now.since(before.now).seconds();
    end(run);
    vec![rate]
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        flow("durable store, 1 a commit", 1, 4_000),
        flow("durable store, 100 a commit", 100, 100_000),
        flow("durable store, 1,000 a commit", 1_000, 400_000),
        Case {
            name: "durable store, recovery of 1 M messages, 90 % acked",
            ours: Contestant::new("the durable store", recovery),
            sticks: vec![Contestant::new("reading the bare log", reading)],
            lines: vec![Line::new("", Unit::Seconds, [Goal::None])],
        },
        Case {
            name: "live, durable queue",
            ours: Contestant::new("a live run", |scale| queue(true, scale)),
            sticks: vec![Contestant::new("the same queue in memory", |scale| queue(false, scale))],
            lines: vec![Line::new("", Unit::PerSecond, [Goal::None])],
        },
    ]
}
