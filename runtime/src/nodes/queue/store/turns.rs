//! Order within keys: only the first message of a key may be handed out, all others of the key wait behind it until it has ended (G10).
//!
//! A message that waits for its turn counts as ready and may expire or be pushed out like any other; it is just not offered to consumers.
//! When the first one has ended — acknowledged, expired, given up — the next takes its place. One that failed stays the first.

use super::{Level, Place, Store};
use crate::message::Message;
use crate::nodes::queue::rules::Turns;
use crate::units::Moment;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The messages of one key, by number, in order of coming; some may be gone.
#[derive(Default)]
struct Line {
    numbers: VecDeque<u64>,
    gone: usize,
    /// Whether a message of it became a dead letter and the rest must wait.
    stopped: bool,
}

/// Who waits for whose end.
#[derive(Default)]
pub struct Waiting {
    /// The key of each message whose order counts, by slot. Apart from the slots, since most stores have none.
    keys: BTreeMap<usize, Arc<str>>,
    lines: BTreeMap<Arc<str>, Line>,
    /// Keys whose first message has left.
    freed: Vec<Arc<str>>,
    /// Messages that wait for their turn, in order of coming; some may be gone, or ready by now.
    parked: VecDeque<u64>,
}

impl Waiting {
    /// Whether no message here stands in a line.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the message in this slot stands in a line.
    pub fn has(&self, at: usize) -> bool {
        self.keys.contains_key(&at)
    }

    /// Whether any message stands in a line.
    pub fn in_use(&self) -> bool {
        !self.lines.is_empty()
    }

    /// How many keys stand still behind a dead letter.
    pub fn stopped(&self) -> usize {
        self.lines.values().filter(|line| line.stopped).count()
    }
}

impl Store {
    /// Puts a message that comes in into the line of its key, if its order counts.
    pub(super) fn join_line(&mut self, at: usize) {
        let key: Arc<str> = match (self.rules.turns, &self.slots[at].message) {
            (Turns::Total, _) => "".into(),
            (Turns::ByKey, Some(message)) => match message.head().key.clone() {
                Some(key) => key,
                // Without a key there is nothing to be in order with.
                None => return,
            },
            (Turns::None, _) | (_, None) => return,
        };
        let number = self.number(at);
        self.turns.keys.insert(at, key.clone());
        self.turns.lines.entry(key).or_default().numbers.push_back(number);
    }

    /// Whether a ready message must wait for another of its key; it is remembered then.
    pub(super) fn waits_for_turn(&mut self, at: usize) -> bool {
        let Some(key) = self.turns.keys.get(&at).cloned() else { return false };
        let number = self.number(at);
        let waits = loop {
            let Some(line) = self.turns.lines.get(&key) else { break false };
            match line.numbers.front().copied() {
                Some(first) if first != number && self.slot(first).is_none() => self.pop_gone(&key),
                first => break line.stopped || first.is_some_and(|first| first != number),
            }
        };
        if waits {
            self.turns.parked.push_back(number);
        }
        waits
    }

    fn pop_gone(&mut self, key: &Arc<str>) {
        if let Some(line) = self.turns.lines.get_mut(key) {
            line.numbers.pop_front();
            line.gone = line.gone.saturating_sub(1);
        }
    }

    /// A message has left the store, or its slot at least: the line of its key may go on.
    pub(super) fn left_line(&mut self, at: usize, number: u64) {
        let Some(key) = self.turns.keys.remove(&at) else { return };
        let Some(line) = self.turns.lines.get_mut(&key) else { return };
        if line.numbers.front() == Some(&number) {
            line.numbers.pop_front();
            self.turns.freed.push(key);
            return;
        }
        line.gone += 1;
        if line.gone * 2 > line.numbers.len() + 16 {
            let mut numbers = std::mem::take(&mut line.numbers);
            numbers.retain(|number| self.slot(*number).is_some());
            if let Some(line) = self.turns.lines.get_mut(&key) {
                (line.numbers, line.gone) = (numbers, 0);
            }
        }
    }

    /// The first message of a key became a dead letter: whether the rest goes on is a rule.
    pub(super) fn stop_line(&mut self, at: usize) {
        if self.rules.stops_at_dead_letters
            && let Some(line) = self.turns.keys.get(&at).and_then(|key| self.turns.lines.get_mut(key))
        {
            line.stopped = true;
        }
    }

    /// Makes those ready whose turn has come.
    pub(super) fn next_turns(&mut self) {
        while let Some(key) = self.turns.freed.pop() {
            let next = loop {
                let Some(line) = self.turns.lines.get(&key) else { break None };
                match line.numbers.front().copied() {
                    None if !line.stopped => {
                        self.turns.lines.remove(&key);
                        break None;
                    }
                    Some(number) if self.slot(number).is_none() => self.pop_gone(&key),
                    next => break next.filter(|_| !line.stopped),
                }
            };
            if let Some(at) = next.and_then(|number| self.find(number, Place::Ready)) {
                self.offer_ready(at);
            }
        }
    }

    /// Whether a key waits for its next to be made ready.
    pub(super) fn has_freed(&self) -> bool {
        !self.turns.freed.is_empty()
    }

    /// Lets stopped lines go on, after the rule has changed.
    pub(super) fn resume_lines(&mut self) {
        for (key, line) in &mut self.turns.lines {
            if std::mem::take(&mut line.stopped) {
                self.turns.freed.push(key.clone());
            }
        }
    }

    /// The message that has waited longest for its turn, and since when.
    pub(super) fn longest_parked(&mut self) -> Option<(Moment, usize)> {
        while let Some(number) = self.turns.parked.front().copied() {
            if let Some(at) = self.find(number, Place::Ready) {
                return Some((self.slots[at].arrived, at));
            }
            self.turns.parked.pop_front();
        }
        None
    }

    /// Forgets parked messages that are gone, once they outnumber what is alive.
    pub(super) fn sweep_parked(&mut self, alive: usize) {
        if self.turns.parked.len() > alive {
            let mut parked = std::mem::take(&mut self.turns.parked);
            parked.retain(|number| self.find(*number, Place::Ready).is_some());
            self.turns.parked = parked;
        }
    }

    /// Puts a ready message where the next one is taken from, behind those of its priority.
    fn offer_ready(&mut self, at: usize) {
        let number = self.number(at);
        let highest = self.rules.profile.highest_priority();
        let priority = self.slots[at].message.as_ref().map_or(0, |message: &Message| u16::from(message.priority.min(highest)));
        match self.levels.iter().position(|level| level.priority <= priority) {
            Some(found) if self.levels[found].priority == priority => self.levels[found].numbers.push_back(number),
            found => {
                let found = found.unwrap_or(self.levels.len());
                self.levels.insert(found, Level { priority, numbers: VecDeque::from([number]) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::node::{Change, Script};
    use crate::nodes::queue::queue::QUEUE;
    use crate::setting::Setting;
    use serde_json::json;

    fn script(order: &'static str, more: &[(&'static str, Setting)]) -> Script {
        Script::new(&QUEUE, [("in_order", order.into())].into_iter().chain(more.iter().cloned()))
    }

    fn send(queue: &mut Script, messages: &[(&str, i64)]) {
        for (key, number) in messages {
            let mut message = queue.message(json!(number));
            if !key.is_empty() {
                message.head_mut().key = Some((*key).into());
            }
            queue.send_message("in", message);
        }
    }

    fn numbers(queue: &Script) -> Vec<i64> {
        queue.payloads("out").iter().filter_map(serde_json::Value::as_i64).collect()
    }

    #[test]
    fn g10_a_key_goes_on_when_its_first_has_ended() {
        let mut queue = script("by_key", &[]);
        send(&mut queue, &[("a", 1), ("a", 2), ("b", 3), ("", 4), ("", 5), ("a", 6)]);
        assert_eq!(numbers(&queue), [1, 3, 4, 5]);
        assert_eq!((queue.gauge("ready"), queue.gauge("locked")), (2.0, 4.0));
        queue.ack(0);
        assert_eq!(numbers(&queue), [1, 3, 4, 5, 2]);
        queue.ack(4).ack(1).ack(5);
        assert_eq!((numbers(&queue).last(), queue.held()), (Some(&6), 0));
    }

    #[test]
    fn g10_total_order_is_one_at_a_time() {
        let mut queue = script("total", &[]);
        send(&mut queue, &[("a", 1), ("b", 2), ("", 3)]);
        assert_eq!(numbers(&queue), [1]);
        queue.ack(0).ack(1);
        assert_eq!(numbers(&queue), [1, 2, 3]);
    }

    #[test]
    fn g10_a_key_waits_behind_its_failing_message_and_goes_on_or_stops() {
        for (word, expected, held) in [("go_on", vec![1, 9, 1, 2], 0), ("stop", vec![1, 9, 1], 1)] {
            let more = [
                ("max_deliveries", 2.into()),
                ("retry", "fixed".into()),
                ("retry_delay", "1 s".into()),
                ("after_dead_letter", word.into()),
            ];
            let mut queue = script("by_key", &more);
            send(&mut queue, &[("a", 1), ("a", 2), ("b", 9)]);
            queue.nack(0).at("500 ms");
            assert_eq!(numbers(&queue), [1, 9], "it waits for the retry");
            queue.at("1 s").nack(2);
            assert_eq!((numbers(&queue), queue.held()), (expected, held), "{word}");
        }
        let mut stopped = script("by_key", &[("max_deliveries", 1.into()), ("after_dead_letter", "stop".into())]);
        send(&mut stopped, &[("a", 1), ("a", 2)]);
        stopped.nack(0);
        assert_eq!((numbers(&stopped).len(), stopped.gauge("stopped keys")), (1, 1.0));
        assert_eq!(stopped.change([("after_dead_letter", "go_on".into())]), Change::Kept);
        assert_eq!(numbers(&stopped), [1, 2]);
    }

    #[test]
    fn what_waits_for_its_turn_expires_and_is_pushed_out_like_any_other() {
        let mut expiring = script("by_key", &[("time_to_live", "5 s".into()), ("lock", "0 s".into())]);
        send(&mut expiring, &[("a", 1), ("a", 2), ("a", 3)]);
        expiring.at("5 s");
        assert_eq!((expiring.seen().dead_lettered.len(), expiring.held()), (2, 0));
        expiring.ack(0);
        send(&mut expiring, &[("a", 4)]);
        assert_eq!(numbers(&expiring), [1, 4]);
        let mut full = script("by_key", &[("capacity", 2.into()), ("when_full", "drop_oldest".into())]);
        send(&mut full, &[("a", 1), ("a", 2), ("a", 3), ("a", 4), ("a", 5)]);
        assert_eq!(full.seen().dropped.len(), 2);
        full.ack(0).ack(1);
        assert_eq!(numbers(&full), [1, 4, 5]);
    }

    #[test]
    fn effectively_once_takes_an_id_once_and_heeds_late_acknowledgements() {
        let mut queue = Script::new(&QUEUE, [("guarantee", "effectively_once".into()), ("window", "10 s".into()), ("lock", "2 s".into())]);
        let message = queue.message(json!(1));
        queue.send_message("in", message.clone());
        queue.at("1 s").send_message("in", message.clone());
        assert_eq!((queue.seen().dropped.len(), queue.gauge("duplicates")), (1, 1.0));
        // The lock is lost; with no credit the message waits; the late acknowledgement is its end.
        let mut late = Script::new(&QUEUE, [("guarantee", "effectively_once".into()), ("lock", "2 s".into())]).room("out", 1);
        late.send("in", json!(1));
        late.at("3 s").ack(0);
        assert_eq!((late.held(), &*late.seen().dropped[0].why), (0, "superseded"));
        queue.ack(0).at("11 s").send_message("in", message);
        assert_eq!(numbers(&queue).len(), 2, "after the window it is new again");
    }
}
