//! A durable queue as a script, over a disk that is a list of what it was told.

use crate::id::NodeId;
use crate::message::{Delivery, Settlement};
use crate::node::outside::{Dead, Keep, Kept};
use crate::node::{Answer, Ask, Script};
use crate::nodes::queue::queue::QUEUE;
use crate::nodes::topic::subscription::SUBSCRIPTION;
use crate::setting::Setting;
use crate::units::{Moment, Span};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A row of the disk: how often tried, why dead, the payload.
type Row = (u32, Option<Dead>, Kept);

/// The disk of one store.
#[derive(Default)]
struct Disk {
    rows: BTreeMap<u64, Row>,
    writes: Vec<usize>,
    broken: bool,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Disk>>);

impl Shared {
    fn with<R>(&self, act: impl FnOnce(&mut Disk) -> R) -> R {
        act(&mut self.0.lock().expect("one thread"))
    }

    fn answer(&self, ask: &Ask) -> Answer {
        self.with(|disk| match ask {
            Ask::Recover { dead, after, most, .. } => {
                let wanted = disk.rows.range(after + 1..).filter(|(_, (_, why, _))| why.is_some() == *dead);
                let kept: Vec<Kept> =
                    wanted.map(|(_, (attempts, why, kept))| Kept { attempts: *attempts, dead: why.clone(), ..kept.clone() }).collect();
                let end = kept.len() <= *most;
                Answer::Recovered {
                    kept: kept.into_iter().take(*most).collect(),
                    end,
                    last: disk.rows.keys().last().copied().unwrap_or(0),
                    dead: disk.rows.values().filter(|(_, why, _)| why.is_some()).count() as u64,
                    took: Span::millis(2),
                }
            }
            Ask::Keep { .. } if disk.broken => Answer::Failed("the disk is full".into()),
            Ask::Keep { store, changes } => {
                assert_eq!(store, &NodeId::new("node").expect("an id"));
                disk.writes.push(changes.len());
                for change in changes {
                    match change.clone() {
                        Keep::Put { number, attempts, dead, message } => {
                            assert_eq!(message.settlement, Settlement::None);
                            disk.rows.insert(number, (attempts, dead, Kept { number, attempts, dead: None, message }));
                        }
                        Keep::Tried { number, attempts } => disk.rows.get_mut(&number).expect("it is there").0 = attempts,
                        Keep::Dead { number, attempts, dead } => {
                            let row = disk.rows.get_mut(&number).expect("it is there");
                            (row.0, row.1) = (attempts, Some(dead));
                        }
                        Keep::Gone { number } => drop(disk.rows.remove(&number)),
                    }
                }
                Answer::Done
            }
            other => panic!("{other:?}"),
        })
    }

    fn queue(&self, more: &[(&'static str, Setting)]) -> Script {
        let disk = self.clone();
        let settings = [("durable", true.into())].into_iter().chain(more.iter().cloned());
        Script::new(&QUEUE, settings).answering("1 ms", move |ask| disk.answer(ask))
    }

    fn payloads(&self) -> Vec<Value> {
        self.with(|disk| disk.rows.values().map(|(.., kept)| kept.message.payload.value().expect("JSON").clone()).collect())
    }
}

fn delivered(number: u64) -> Settlement {
    Settlement::One(Delivery { origin: 9, attempt: 1, number })
}

#[test]
fn g4_a_message_is_accepted_and_handed_out_when_it_is_on_the_disk() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[]);
    queue.at("5 ms");
    let mut message = queue.message(json!(1));
    message.settlement = delivered(3);
    queue.send_message("in", message);
    assert!(queue.seen().accepted.is_empty() && queue.payloads("out").is_empty());
    assert_eq!((queue.held(), queue.gauge("unwritten")), (1, 1.0));
    queue.at("6 ms");
    assert_eq!((queue.seen().accepted.as_slice(), queue.payloads("out")), (&[delivered(3)][..], vec![json!(1)]));
    assert_eq!(disk.payloads(), [json!(1)]);
    queue.ack(0).at("8 ms");
    assert_eq!((disk.payloads().len(), queue.held()), (0, 0));
}

#[test]
fn what_comes_while_a_write_is_under_way_goes_in_the_next_one() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[]);
    queue.at("5 ms");
    for number in 0..100 {
        queue.send("in", json!(number));
    }
    queue.at("10 ms");
    assert_eq!(disk.with(|disk| disk.writes.clone()), [1, 99]);
    assert_eq!(queue.payloads("out"), (0..100).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn the_next_run_finds_what_was_accepted_with_its_failed_attempts_and_in_order() {
    let disk = Shared::default();
    let mut first = disk.queue(&[("max_deliveries", 3.into())]).room("out", 2);
    first.at("5 ms");
    for number in 0..4 {
        first.send("in", json!(number));
    }
    // The first fails twice; the second is acknowledged; then the program dies.
    first.at("10 ms").nack(0).ack(1).grant("out", 1).nack(2).at("20 ms");
    drop(first);
    let mut next = disk.queue(&[("max_deliveries", 3.into())]);
    next.at("1 ms");
    assert_eq!((next.payloads("out"), next.gauge("recovered"), next.gauge("recovery")), (vec![json!(0), json!(2), json!(3)], 3.0, 0.002));
    assert!(next.seen().notes[0].starts_with("recovered 3 messages"), "{:?}", next.seen().notes);
    // Each failed once before: two more times, and the third is given up.
    next.nack(1).nack(3);
    let dead: Vec<_> = next.seen().dead_lettered.iter().map(|ended| ended.message.payload.value().expect("JSON").clone()).collect();
    assert_eq!(dead, [json!(2)]);
    // New messages come behind, with numbers of their own.
    next.send("in", json!(9));
    next.at("30 ms");
    let newest = next.seen().left.len() - 1;
    next.ack(newest).at("40 ms");
    assert!(!disk.payloads().contains(&json!(9)));
}

#[test]
fn many_messages_come_back_page_by_page() {
    let disk = Shared::default();
    let mut first = disk.queue(&[]).room("out", 0);
    first.at("5 ms");
    for number in 0..2_500 {
        first.send("in", json!(number));
    }
    first.at("50 ms");
    let mut next = disk.queue(&[]);
    next.send("in", json!(2_500));
    next.at("50 ms");
    assert_eq!(next.payloads("out"), (0..=2_500).map(Value::from).collect::<Vec<_>>(), "what is new comes behind");
    assert_eq!(next.gauge("recovered"), 2_500.0);
}

#[test]
fn a_full_disk_holds_senders_back_loses_nothing_and_is_told() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[]);
    queue.at("5 ms");
    queue.send("in", json!(0));
    queue.at("10 ms");
    disk.with(|disk| disk.broken = true);
    let mut message = queue.message(json!(1));
    message.settlement = delivered(1);
    queue.send_message("in", message);
    for number in 2..6_000 {
        queue.send("in", json!(number));
    }
    queue.at("500 ms");
    assert_eq!((queue.payloads("out").len(), queue.gauge("unwritten")), (1, 4_096.0));
    assert_eq!(queue.waiting(), 6_000 - 1 - 4_096, "the rest waits with the senders");
    assert!(queue.seen().accepted.is_empty() && queue.seen().dropped.is_empty());
    assert!(queue.seen().errors[0].contains("the disk is full") && queue.seen().errors.len() == 1, "{:?}", queue.seen().errors);
    // What is acknowledged meanwhile is not on the disk: it would come once more, which at-least-once allows. The sender gets more time.
    queue.ack(0).at("3 s");
    assert!(queue.gauge("write failures") >= 3.0 && queue.seen().renewed.contains(&delivered(1)));
    disk.with(|disk| disk.broken = false);
    queue.at("5 s");
    assert_eq!((queue.payloads("out").len(), queue.waiting(), queue.seen().accepted.len()), (6_000, 0, 1));
    assert_eq!(disk.payloads().len(), 5_999);
    assert!(queue.seen().notes.iter().any(|note| note.contains("takes messages again")), "{:?}", queue.seen().notes);
}

#[test]
fn senders_that_do_not_wait_are_turned_away_and_what_is_kept_is_not_thrown_out_for_them() {
    for (word, dropped, refused) in [("drop_oldest", 904, 0), ("drop_newest", 904, 0), ("reject", 0, 904)] {
        let disk = Shared::default();
        disk.with(|disk| disk.broken = true);
        let mut queue = disk.queue(&[("when_full", word.into())]);
        queue.at("5 ms");
        for number in 0..5_000 {
            queue.send("in", json!(number));
        }
        assert_eq!((queue.seen().dropped.len(), queue.seen().rejected.len()), (dropped, refused), "{word}");
    }
}

#[test]
fn a_dead_letter_stays_until_it_is_taken() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[("max_deliveries", 1.into())]).wired("dead_letters", 1);
    queue.at("5 ms");
    queue.send("in", json!(1));
    queue.send("in", json!(2));
    queue.at("10 ms").nack(0).nack(1).at("20 ms");
    let reason =
        |disk: &mut Disk| disk.rows.values().map(|(_, dead, _)| dead.as_ref().map(|dead| dead.reason.to_string())).collect::<Vec<_>>();
    assert_eq!(disk.with(reason), [Some("max_deliveries".into()), Some("max_deliveries".into())]);
    assert_eq!((queue.payloads("dead_letters").len(), queue.held(), queue.gauge("letters on disk")), (2, 0, 2.0));
    queue.ack(2).at("30 ms");
    assert_eq!(disk.payloads(), [json!(2)]);
    // The program dies before the second is taken: the next run sends it on.
    drop(queue);
    let mut next = disk.queue(&[("max_deliveries", 1.into())]).wired("dead_letters", 1);
    next.at("10 ms");
    assert_eq!((next.payloads("dead_letters"), next.payloads("out").len()), (vec![json!(2)], 0));
    next.nack(0).at("20 ms");
    assert_eq!((next.seen().dropped.len(), disk.payloads().len(), next.gauge("letters on disk")), (1, 1, 1.0), "nobody took it: it stays");
    next.give_back();
}

#[test]
fn with_nobody_to_take_them_dead_letters_stay_in_the_store_across_runs() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[("time_to_live", "1 s".into())]).room("out", 0);
    queue.at("5 ms");
    queue.send("in", json!(1));
    queue.at("2 s");
    assert_eq!((queue.seen().dead_lettered.len(), queue.held()), (1, 0));
    drop(queue);
    let mut next = disk.queue(&[]);
    next.at("1 s");
    assert_eq!((next.payloads("out").len(), next.gauge("recovered"), next.gauge("letters on disk")), (0, 0.0, 1.0));
}

#[test]
fn a_message_whose_time_was_over_before_the_run_expires_at_its_start() {
    let disk = Shared::default();
    let mut first = disk.queue(&[]).room("out", 0);
    first.at("5 ms");
    first.send("in", json!(1));
    first.at("10 ms");
    disk.with(|disk| disk.rows.values_mut().for_each(|(.., kept)| kept.message.expires = Moment::START));
    let mut next = disk.queue(&[]);
    next.at("1 ms");
    assert_eq!((next.seen().dead_lettered.len(), next.payloads("out").len()), (1, 0));
}

#[test]
fn a_removed_queue_gives_unwritten_messages_back_and_writes_what_became_of_the_others() {
    let disk = Shared::default();
    let mut queue = disk.queue(&[]).room("out", 0);
    queue.at("5 ms");
    queue.send("in", json!(1));
    queue.at("10 ms");
    let mut message = queue.message(json!(2));
    message.settlement = delivered(1);
    queue.send_message("in", message);
    let seen = queue.give_back();
    assert_eq!((seen.dead_lettered.len(), seen.nacked.len()), (1, 1));
    assert!(
        matches!(seen.asked.last(), Some(Ask::Keep { changes, .. }) if changes.iter().any(|change| matches!(change, Keep::Dead { .. })))
    );
}

#[test]
fn without_a_disk_a_write_takes_its_modelled_time() {
    let settings = [("durable", true.into()), ("write_time", "20 ms".into())];
    let mut queue = Script::new(&QUEUE, settings).answering("0 s", |_| Answer::Modelled);
    queue.at("1 s");
    for number in 0..3 {
        queue.send("in", json!(number));
    }
    queue.at("2 s");
    assert_eq!(queue.times("out"), [1.02, 1.04, 1.04], "two waited while the first was written");
    let mut none = Script::new(&QUEUE, [("durable", true.into()), ("write_time", "0 s".into())]).answering("0 s", |_| Answer::Modelled);
    none.send("in", json!(1));
    none.at("1 s");
    assert_eq!(none.times("out"), [0.0]);
}

#[test]
fn a_subscription_can_be_durable_unless_it_is_temporary() {
    let disk = Shared::default();
    let shared = disk.clone();
    let mut subscription = Script::new(&SUBSCRIPTION, [("durable", true.into())]).answering("1 ms", move |ask| shared.answer(ask));
    subscription.at("5 ms");
    subscription.send("in", json!(1));
    subscription.at("10 ms");
    assert_eq!((subscription.payloads("out"), disk.payloads().len()), (vec![json!(1)], 1));
    let problems = crate::node::script::problems(&SUBSCRIPTION, [("durable", true.into()), ("lifetime", "temporary".into())]);
    assert!(problems.len() == 1 && problems[0].contains("temporary"), "{problems:?}");
}

#[test]
fn whether_a_queue_is_durable_changes_with_the_next_run() {
    let mut queue = Script::new(&QUEUE, []);
    queue.send("in", json!(1));
    queue.change([("durable", true.into())]);
    queue.send("in", json!(2));
    assert_eq!((queue.payloads("out").len(), queue.seen().notes.len()), (2, 1));
}
