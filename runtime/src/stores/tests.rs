//! The file of the durable stores: what is written is there, whole, for the next run; what is not is not.

use super::{StoreError, Stores, Wanted};
use crate::id::{MessageId, NodeId};
use crate::message::{Message, Payload};
use crate::node::outside::{Dead, Keep, Kept};
use crate::node::{Answer, Ask};
use crate::units::Moment;
use serde_json::json;
use std::path::PathBuf;

const EPOCH: u64 = 1_767_225_600_000_000_000;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pipewright-stores-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> Stores {
        Stores::open(&self.0, EPOCH).expect("it opens")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("an id")
}

fn message(number: u64) -> Message {
    let mut message = Message::new(MessageId::entering(EPOCH / 1_000_000, [5, number]), Moment(7), Payload::from_value(json!(number)));
    message.set_header("n", json!(number));
    message
}

fn put(number: u64) -> Keep {
    Keep::Put { number, attempts: 0, dead: None, message: message(number) }
}

fn dead(number: u64, reason: &str) -> Keep {
    Keep::Dead { number, attempts: 3, dead: Dead { reason: reason.into(), error: "why".into() } }
}

fn keep(stores: &mut Stores, store: &str, changes: Vec<Keep>) {
    let answers = stores.perform(&[Ask::Keep { store: node(store), changes }]);
    assert_eq!(answers, [Answer::Done]);
}

fn recover(stores: &mut Stores, store: &str, dead: bool) -> Vec<Kept> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let answers = stores.perform(&[Ask::Recover { store: node(store), dead, after, most: 3 }]);
        let [Answer::Recovered { kept, end, .. }] = answers.as_slice() else { panic!("{answers:?}") };
        after = kept.last().map_or(after, |kept| kept.number);
        all.extend(kept.iter().cloned());
        if *end {
            return all;
        }
    }
}

fn numbers(kept: &[Kept]) -> Vec<u64> {
    kept.iter().map(|kept| kept.number).collect()
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again() {
    let folder = Folder::new("again");
    let mut stores = folder.open();
    keep(&mut stores, "a", (1..=10).map(put).collect());
    keep(&mut stores, "b/inner", vec![put(1)]);
    keep(&mut stores, "a", vec![Keep::Gone { number: 2 }, Keep::Tried { number: 3, attempts: 4 }, dead(4, "expired")]);
    stores.close();
    let mut stores = folder.open();
    let kept = recover(&mut stores, "a", false);
    assert_eq!(numbers(&kept), [1, 3, 5, 6, 7, 8, 9, 10]);
    assert_eq!((kept[1].attempts, kept[1].message.id, kept[1].message.header("n")), (4, message(3).id, Some(&json!(3))));
    assert_eq!(kept[0].message.payload.value(), Ok(&json!(1)));
    let letters = recover(&mut stores, "a", true);
    assert_eq!((numbers(&letters), &*letters[0].dead.as_ref().expect("dead").reason), (vec![4], "expired"));
    assert_eq!(recover(&mut stores, "b/inner", false).len(), 1);
    let answers = stores.perform(&[Ask::Recover { store: node("c"), dead: false, after: 0, most: 3 }]);
    assert!(matches!(answers[0], Answer::Recovered { end: true, last: 0, .. }), "{answers:?}");
}

#[test]
fn a_time_to_live_goes_on_while_nothing_runs() {
    let folder = Folder::new("expires");
    let mut stores = folder.open();
    let mut short = message(1);
    short.expires = Moment(5_000_000_000);
    keep(&mut stores, "a", vec![Keep::Put { number: 1, attempts: 0, dead: None, message: short }, put(2)]);
    stores.close();
    for (later, expected) in [(2, 3_000_000_000), (60, 0)] {
        let mut stores = Stores::open(&folder.0, EPOCH + later * 1_000_000_000).expect("it opens");
        let kept = recover(&mut stores, "a", false);
        assert_eq!((kept[0].message.expires, kept[1].message.expires), (Moment(expected), Moment::NEVER));
        stores.close();
    }
}

#[test]
fn a_second_run_on_the_same_file_is_told_so_and_lookers_are_let_in() {
    let folder = Folder::new("twice");
    assert!(matches!(Stores::look(&folder.0), Err(StoreError::Missing(_))));
    let mut stores = folder.open();
    keep(&mut stores, "a", vec![put(1), dead(1, "expired")]);
    let second = Stores::open(&folder.0, EPOCH).err().expect("it is in use").to_string();
    assert!(second.contains("another run has it open"), "{second}");
    let looker = Stores::look(&folder.0).expect("looking is allowed");
    assert_eq!(looker.letters(&Wanted::default()).expect("letters").len(), 1);
    assert!(looker.connection.execute("DELETE FROM messages", []).is_err(), "a looker changes nothing");
    stores.close();
    folder.open().close();
}

#[test]
fn a_write_that_finds_no_room_is_undone_whole_and_the_next_one_goes() {
    let folder = Folder::new("full");
    let mut stores = folder.open();
    keep(&mut stores, "a", vec![put(1)]);
    stores.set_most_bytes(200_000).expect("a bound");
    let large = |number| {
        let mut large = message(number);
        large.payload = Payload::from_bytes(vec![7; 50_000]);
        Keep::Put { number, attempts: 0, dead: None, message: large }
    };
    let answers = stores.perform(&[
        Ask::Keep { store: node("a"), changes: (10..20).map(large).collect() },
        Ask::Keep { store: node("b"), changes: vec![put(1), put(2)] },
    ]);
    assert!(matches!(&answers[0], Answer::Failed(error) if error.contains("full")), "{answers:?}");
    assert_eq!(answers[1], Answer::Done, "one that fails does not fail the others");
    keep(&mut stores, "a", vec![put(2), Keep::Gone { number: 1 }]);
    stores.close();
    let mut stores = folder.open();
    assert_eq!((numbers(&recover(&mut stores, "a", false)), numbers(&recover(&mut stores, "b", false))), (vec![2], vec![1, 2]));
}

#[test]
fn the_file_does_not_grow_with_what_has_passed_through() {
    let folder = Folder::new("grows");
    let mut stores = folder.open();
    let size = || std::fs::metadata(folder.0.join(super::file::FILE)).map_or(0, |file| file.len());
    for group in 0..200_u64 {
        let puts = (0..50).map(|at| put(1 + group * 50 + at));
        let gone = (0..50).filter(|_| group > 0).map(|at| Keep::Gone { number: 1 + (group - 1) * 50 + at });
        keep(&mut stores, "a", puts.chain(gone).collect());
    }
    stores.close();
    // 10,000 messages of some 200 bytes would be 2 MB.
    assert!(size() < 500_000, "{} bytes", size());
}

#[test]
fn what_cannot_be_read_becomes_a_dead_letter() {
    let folder = Folder::new("damaged");
    let mut stores = folder.open();
    keep(&mut stores, "a", (1..=3).map(put).collect());
    stores.connection.execute("UPDATE messages SET envelope = '{' WHERE key & 1099511627775 = 2", []).expect("damage");
    assert_eq!(numbers(&recover(&mut stores, "a", false)), [1, 3]);
    let letters = stores.letters(&Wanted::default()).expect("letters");
    assert_eq!((letters.len(), &*letters[0].reason, letters[0].number), (1, "unreadable", 2));
    assert_eq!(stores.redrive(&Wanted::default(), None, &["a".into()]).expect("no failure").stay.len(), 1);
}

#[test]
fn a_newer_file_is_left_alone() {
    let folder = Folder::new("newer");
    let stores = folder.open();
    stores.connection.execute_batch("PRAGMA user_version = 9").expect("newer");
    stores.close();
    assert!(matches!(Stores::open(&folder.0, EPOCH), Err(StoreError::Newer { found: 9, .. })));
    // A file stands where the folder should be.
    assert!(matches!(Stores::open(&folder.0.join(super::file::FILE), EPOCH), Err(StoreError::File { .. })));
}

#[test]
fn a_letter_goes_back_once_with_the_act_on_record() {
    let folder = Folder::new("redrive");
    let mut stores = folder.open();
    // The queue gave it up and died before it heard that the dead letters have it: both keep it.
    let mut letter = message(1);
    letter.set_header("error_node", json!("work"));
    letter.set_header("reason", json!("max_deliveries"));
    let why = Dead { reason: "max_deliveries".into(), error: "why".into() };
    keep(&mut stores, "work", vec![put(1), dead(1, "max_deliveries"), put(2)]);
    keep(&mut stores, "failed", vec![Keep::Put { number: 1, attempts: 3, dead: Some(why.clone()), message: letter }]);
    let mut other = message(7);
    other.set_header("error_node", json!("map"));
    keep(&mut stores, "failed", vec![Keep::Put { number: 2, attempts: 0, dead: Some(why), message: other }]);
    let takers = ["work".to_owned()];
    let done = stores.redrive(&Wanted { node: Some("failed".into()), ..Wanted::default() }, None, &takers).expect("no failure");
    assert_eq!((done.went.len(), done.stay.len()), (1, 1));
    assert!(done.stay[0].1.contains("`map`"), "{}", done.stay[0].1);
    // Nothing of it is left to be sent twice.
    assert_eq!(stores.letters(&Wanted::default()).expect("letters").len(), 1);
    let again = stores.redrive(&Wanted { id: Some(message(1).id.to_string()), ..Wanted::default() }, None, &takers).expect("no failure");
    assert_eq!((again.went.len(), again.stay.len()), (0, 0));
    let kept = recover(&mut stores, "work", false);
    let ids: Vec<MessageId> = kept.iter().map(|kept| kept.message.id).collect();
    assert_eq!((ids, kept[1].attempts), (vec![message(2).id, message(1).id], 0));
    assert_eq!((kept[1].message.header("redriven"), kept[1].message.header("reason")), (Some(&json!(1)), None));
    // The other one by name, to a node of choice; then what is left is thrown away.
    let to =
        stores.redrive(&Wanted { reason: Some("max_deliveries".into()), ..Wanted::default() }, Some("work"), &takers).expect("no failure");
    assert_eq!(to.went.len(), 1);
    keep(&mut stores, "work", vec![dead(4, "expired")]);
    assert_eq!(stores.letters(&Wanted::default()).expect("letters")[0].redriven(), 1, "a second failure is recognised");
    assert_eq!(stores.purge(&Wanted { reason: Some("expired".into()), ..Wanted::default() }).expect("no failure").len(), 1);
    let acts: Vec<_> = stores.acts().expect("acts").into_iter().map(|act| (act.act, act.node, act.goes_to)).collect();
    let act = |act: &str, node: &str, to: Option<&str>| (act.to_owned(), node.to_owned(), to.map(str::to_owned));
    assert_eq!(acts, [act("redrive", "failed", Some("work")), act("redrive", "failed", Some("work")), act("purge", "work", None)]);
}
