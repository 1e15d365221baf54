//! Remembers what came within a span of time, by key: what deduplication rests on.

use crate::message::{Delivery, Message};
use crate::units::{Moment, Span};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Keys seen within a window, each from its first coming on; a bounded number of them.
#[derive(Debug)]
pub struct Window {
    span: Span,
    most: usize,
    /// The delivery it came in, and how often it had been redriven by then.
    seen: BTreeMap<Arc<str>, (Option<Delivery>, u8)>,
    /// In order of coming.
    order: VecDeque<(Moment, Arc<str>)>,
    /// How many were forgotten before their time, because there were too many.
    forgotten: u64,
}

/// What the window knows of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// It did not come within the window.
    New,
    /// It came, as another message or copy.
    Duplicate,
    /// It came as an earlier attempt of the very same delivery.
    Redelivered,
    /// It came before it was given up and put back to work by hand: whoever did that wants it done.
    Redriven,
}

impl Window {
    /// An empty window of this length that remembers at most so many keys.
    pub const fn new(span: Span, most: usize) -> Self {
        Self { span, most, seen: BTreeMap::new(), order: VecDeque::new(), forgotten: 0 }
    }

    /// Another length and bound; what is remembered stays.
    pub const fn set(&mut self, span: Span, most: usize) {
        (self.span, self.most) = (span, most);
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// How many keys were forgotten before their time.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Whether the key came within the window; if not, it is remembered from now on.
    pub fn see(&mut self, key: &str, message: &Message, now: Moment) -> Known {
        self.forget(now);
        let delivery = message.settlement.deliveries().first().copied();
        if let Some(before) = self.seen.get_mut(key) {
            if message.redriven > before.1 {
                *before = (delivery, message.redriven);
                return Known::Redriven;
            }
            let again = match (&before.0, delivery) {
                (Some(before), Some(delivery)) => {
                    (before.origin, before.number) == (delivery.origin, delivery.number) && before.attempt < delivery.attempt
                }
                _ => false,
            };
            if again {
                *before = (delivery, message.redriven);
            }
            return if again { Known::Redelivered } else { Known::Duplicate };
        }
        if self.seen.len() >= self.most
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
            self.forgotten += 1;
        }
        let key: Arc<str> = key.into();
        self.seen.insert(key.clone(), (delivery, message.redriven));
        self.order.push_back((now, key));
        Known::New
    }

    /// Whether the key came within the window, redriven at least as often.
    pub fn knows(&mut self, key: &str, redriven: u8, now: Moment) -> bool {
        self.forget(now);
        self.seen.get(key).is_some_and(|(_, before)| redriven <= *before)
    }

    fn forget(&mut self, now: Moment) {
        while self.order.front().is_some_and(|(at, _)| now.since(*at) >= self.span) {
            if let Some((_, key)) = self.order.pop_front() {
                self.seen.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::{Payload, Settlement};

    fn message(delivery: Option<(u64, u32)>) -> Message {
        let mut message = Message::new(MessageId(1), Moment::START, Payload::EMPTY);
        if let Some((number, attempt)) = delivery {
            message.settlement = Settlement::One(Delivery { origin: 1, attempt, number });
        }
        message
    }

    #[test]
    fn keys_are_known_for_the_span_and_no_longer() {
        let mut window = Window::new(Span::secs(10), 100);
        assert_eq!(window.see("a", &message(None), Moment(0)), Known::New);
        assert_eq!(window.see("a", &message(None), Moment(9_999_999_999)), Known::Duplicate);
        assert_eq!(window.see("b", &message(None), Moment(9_999_999_999)), Known::New);
        assert_eq!(window.see("a", &message(None), Moment(10_000_000_000)), Known::New);
        assert_eq!(window.len(), 2);
    }

    #[test]
    fn g4_a_further_attempt_of_a_delivery_is_told_from_a_duplicate() {
        let mut window = Window::new(Span::secs(10), 100);
        assert_eq!(window.see("a", &message(Some((7, 1))), Moment(0)), Known::New);
        assert_eq!(window.see("a", &message(Some((8, 1))), Moment(0)), Known::Duplicate);
        assert_eq!(window.see("a", &message(Some((7, 2))), Moment(0)), Known::Redelivered);
        assert_eq!(window.see("a", &message(Some((7, 2))), Moment(0)), Known::Duplicate);
    }

    #[test]
    fn what_was_redriven_since_is_let_through_once_for_each_time() {
        let mut window = Window::new(Span::secs(10), 100);
        let mut again = message(None);
        assert_eq!(window.see("a", &again, Moment(0)), Known::New);
        again.redriven = 1;
        assert!(!window.knows("a", 1, Moment(1)));
        assert_eq!(window.see("a", &again, Moment(1)), Known::Redriven);
        assert!(window.knows("a", 1, Moment(1)));
        assert_eq!(window.see("a", &again, Moment(1)), Known::Duplicate);
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_forgetting_is_counted() {
        let mut window = Window::new(Span::secs(10), 2);
        for key in ["a", "b", "c"] {
            assert_eq!(window.see(key, &message(None), Moment(0)), Known::New);
        }
        assert_eq!((window.len(), window.forgotten()), (2, 1));
        assert_eq!(window.see("c", &message(None), Moment(0)), Known::Duplicate);
        assert_eq!(window.see("a", &message(None), Moment(0)), Known::New);
    }
}
