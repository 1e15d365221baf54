//! Dead letters: collects what failed, bounded, and counts it by reason.

use super::keeping::{self, Durability, Keeping, Told};
use crate::letter::{self, Shelf};
use crate::message::{Message, Value};
use crate::node::outside::{Dead, Kept};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset, Ticket};
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::{BTreeMap, VecDeque};

/// How many different reasons are told apart; the rest count together.
const MOST_REASONS: usize = 100;

/// The descriptor.
pub static DEAD_LETTERS: Kind = Kind {
    name: "dead_letters",
    title: "Dead letters",
    family: Family::Queue,
    summary: "Collects messages that failed, and counts them by reason.",
    guide: include_str!("dead_letters.md"),
    example: r#"(
    format: 1,
    title: "What keeps failing is set aside",
    nodes: {
        "orders": generator(rate: "20/s"),
        "work": queue(max_deliveries: 3),
        "workers": consumer_pool(servers: 2, service: exponential(mean: "20 ms"), failure_share: 0.3),
        "failed": dead_letters(),
    },
    pipes: [
        "orders.out -> work.in",
        "work.out -> workers.in",
        "work.dead_letters -> failed.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Capacity",
            "capacity",
            "Capacity",
            FieldType::Integer(0, 10_000_000),
            Preset::Integer(10_000),
            "How many dead letters are kept for looking at. Beyond that the oldest is let go; it stays counted.",
        )
        .unit("messages"),
        keeping::DURABLE,
        keeping::WRITE_TIME,
    ],
    ports,
    build: |form| {
        let durable = Durability::read(form).map(|durability| Box::new(Durable::new(durability)));
        Box::new(DeadLetters { shelf: Shelf::new(read(form)), reasons: Vec::new(), durable, told: None })
    },
    figures: [Figure::Gauge("dead letters"), Figure::RateIn],
};

fn ports(_: &Settings) -> Ports {
    Ports { inputs: vec![Port::input("in", "Messages that failed elsewhere.")], ..Ports::default() }
}

fn read(form: &mut Form<'_>) -> usize {
    form.integer("capacity").map_or(10_000, |capacity| capacity as usize)
}

struct DeadLetters {
    shelf: Shelf,
    /// How many by reason, in the order of first coming.
    reasons: Vec<(Box<str>, u64)>,
    durable: Option<Box<Durable>>,
    /// What a change of settings could not bring into force; told with the next event.
    told: Option<&'static str>,
}

/// What is kept on the disk too.
struct Durable {
    keeping: Keeping,
    /// Letters that are being written, in order: number on the disk, and the hold until then.
    coming: VecDeque<(u64, Ticket)>,
    /// Those that are written and whose hold is about to end.
    written: BTreeMap<Ticket, u64>,
    /// The numbers on the disk of the letters kept, by their own.
    records: BTreeMap<u64, u64>,
}

impl Durable {
    fn new(durability: Durability) -> Self {
        Self { keeping: Keeping::new(durability), coming: VecDeque::new(), written: BTreeMap::new(), records: BTreeMap::new() }
    }
}

/// Why a letter was given up, as its headers say it.
fn why(message: &Message) -> Dead {
    let word = |name| message.header(name).and_then(Value::as_str);
    let error = word(letter::ERROR).unwrap_or_default();
    Dead { reason: word(letter::REASON).unwrap_or("error").into(), error: error.into() }
}

impl DeadLetters {
    /// Keeps a letter; its number.
    fn bury(&mut self, mut message: Message, fx: &mut Effects<'_>) -> u64 {
        // It is kept on purpose: whoever waited for its end need not repeat it.
        fx.accept(&mut message);
        self.count(&message, fx);
        let (number, let_go) = self.shelf.put(message, fx.now());
        self.forget(&let_go);
        number
    }

    /// Letters that are no longer kept leave the disk too.
    fn forget(&mut self, numbers: &[u64]) {
        if let Some(durable) = &mut self.durable {
            for number in numbers {
                if let Some(record) = durable.records.remove(number) {
                    durable.keeping.gone(record);
                }
            }
        }
    }

    /// A letter has come: it is accepted when it is on the disk, if it is to lie there, and held until then.
    fn receive(&mut self, message: Message, fx: &mut Effects<'_>) {
        let Some(durable) = &mut self.durable else {
            self.bury(message, fx);
            return;
        };
        let attempts = letter::deliveries(&message).max(1) as u32;
        let record = durable.keeping.put(&message, attempts, Some(why(&message)));
        durable.coming.push_back((record, fx.hold_until(message, Moment::NEVER)));
    }

    fn released(&mut self, ticket: Ticket, message: Message, fx: &mut Effects<'_>) {
        let record = self.durable.as_mut().and_then(|durable| durable.written.remove(&ticket));
        let number = self.bury(message, fx);
        self.remember(number, record);
    }

    fn kept(&mut self, told: Told, fx: &mut Effects<'_>) {
        match told {
            Told::Nothing | Told::Failed => {}
            Told::Recovered(letters) => letters.into_iter().for_each(|letter| self.take_back(letter, fx)),
            Told::Written(last) => {
                let Some(durable) = &mut self.durable else { return };
                while let Some((record, ticket)) = durable.coming.pop_front_if(|(record, _)| *record <= last) {
                    durable.written.insert(ticket, record);
                    fx.cancel(ticket);
                }
            }
        }
    }

    /// A letter that the run before has left: it is one of this run's too.
    fn take_back(&mut self, letter: Kept, fx: &mut Effects<'_>) {
        let number = self.bury(letter.message, fx);
        self.remember(number, Some(letter.number));
    }

    /// Notes under which number a letter lies on the disk; one that was let go at once leaves it.
    fn remember(&mut self, number: u64, record: Option<u64>) {
        if let (Some(durable), Some(record)) = (&mut self.durable, record) {
            durable.records.insert(number, record);
            if self.shelf.get(number).is_none() {
                self.forget(&[number]);
            }
        }
    }

    /// Counts by the word that a store or the engine has written into the headers. A new reason is a line in the journal.
    fn count(&mut self, message: &Message, fx: &mut Effects<'_>) {
        let word = |name| message.header(name).and_then(Value::as_str);
        let reason = word(letter::REASON).or_else(|| word(letter::ERROR)).unwrap_or("unknown");
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| &**known == reason) {
            *count += 1;
            return;
        }
        let reason = if self.reasons.len() >= MOST_REASONS { "other reasons" } else { reason };
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| &**known == reason) {
            *count += 1;
        } else {
            fx.note(format!("first dead letter of this sort: {}", reason.chars().take(200).collect::<String>()));
            self.reasons.push((reason.into(), 1));
        }
    }
}

impl Behaviour for DeadLetters {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Some(told) = self.told.take() {
            fx.note(told);
        }
        match event {
            Event::Message(_, message) => self.receive(message, fx),
            Event::Released(ticket, message) => self.released(ticket, message, fx),
            event => {
                let told = match (&mut self.durable, event) {
                    (Some(durable), Event::Start) => {
                        durable.keeping.start(&[true], fx);
                        Told::Nothing
                    }
                    (Some(durable), Event::Answer(ticket, answer)) => durable.keeping.answered(ticket, answer, fx),
                    (Some(durable), Event::Wake(token)) => durable.keeping.woken(token, fx),
                    _ => Told::Nothing,
                };
                self.kept(told, fx);
            }
        }
        if let Some(durable) = &mut self.durable {
            durable.keeping.flush(fx);
        }
    }

    fn durable(&self) -> bool {
        self.durable.is_some()
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let let_go = self.shelf.set_capacity(read(form));
        self.forget(&let_go);
        match (&mut self.durable, Durability::read(form)) {
            (Some(durable), Some(durability)) => durable.keeping.set(durability),
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => self.told = Some(keeping::NEXT_RUN),
        }
        Change::Kept
    }

    fn dead_lettered(&self) -> u64 {
        self.shelf.counted()
    }

    fn dead_letter_reasons(&self) -> Vec<(&str, u64)> {
        self.reasons.iter().map(|(reason, count)| (&**reason, *count)).collect()
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn shelf_mut(&mut self) -> Option<&mut Shelf> {
        Some(&mut self.shelf)
    }

    fn letter_left(&mut self, number: u64, fx: &mut Effects<'_>) {
        self.forget(&[number]);
        if let Some(durable) = &mut self.durable {
            durable.keeping.flush(fx);
        }
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        let oldest = self.shelf.iter().next().map_or(0.0, |letter| now.since(letter.message.entered).seconds());
        gauges.extend([
            count("dead letters", self.shelf.counted()),
            count("kept", self.shelf.len() as u64),
            count("reasons", self.reasons.len() as u64),
            Gauge { name: "oldest", value: oldest, unit: "s" },
        ]);
        if let Some(durable) = &self.durable {
            durable.keeping.gauges(durable.coming.len() as u64, gauges);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use serde_json::json;

    fn fail(script: &mut Script, reason: &str) {
        let mut message = script.message(json!(1));
        message.set_header("reason", json!(reason));
        script.send_message("in", message);
    }

    #[test]
    fn keeps_the_newest_and_counts_all() {
        let mut letters = Script::new(&DEAD_LETTERS, [("capacity", 3.into())]);
        for _ in 0..5 {
            fail(&mut letters, "expired");
        }
        fail(&mut letters, "max_deliveries");
        letters.at("1 s");
        let gauges = (letters.gauge("dead letters"), letters.gauge("kept"), letters.gauge("reasons"), letters.gauge("oldest"));
        assert_eq!(gauges, (6.0, 3.0, 2.0, 1.0));
        assert_eq!((letters.dead_letters(), letters.held()), (6, 6));
        assert_eq!(letters.seen().notes.len(), 2);
        letters.change([("capacity", 0.into())]);
        assert_eq!((letters.gauge("kept"), letters.dead_letters()), (0.0, 6));
    }

    #[test]
    fn g4_a_dead_letter_is_not_repeated() {
        let mut letters = Script::new(&DEAD_LETTERS, []);
        let mut message = letters.message(json!(1));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        letters.send_message("in", message);
        assert_eq!(letters.seen().accepted.len(), 1);
    }

    #[test]
    fn g4_a_durable_letter_is_accepted_when_it_is_on_the_disk() {
        use crate::node::outside::Keep;
        use crate::node::{Answer, Ask};
        let asked = |script: &Script| {
            let keeps = |ask: &Ask| if let Ask::Keep { changes, .. } = ask { changes.clone() } else { Vec::new() };
            script.seen().asked.iter().flat_map(keeps).collect::<Vec<_>>()
        };
        let left = |ask: &Ask| match ask {
            Ask::Recover { dead, .. } => {
                assert!(dead, "only dead letters are its own");
                let message = Message::new(crate::id::MessageId(9), Moment::START, crate::message::Payload::EMPTY);
                let kept = vec![Kept { number: 4, attempts: 2, dead: None, message }];
                Answer::Recovered { kept, end: true, last: 4, dead: 1, took: crate::units::Span::ZERO }
            }
            _ => Answer::Done,
        };
        let settings = [("durable", true.into()), ("capacity", 2.into())];
        let mut letters = Script::new(&DEAD_LETTERS, settings).answering("1 ms", left);
        letters.at("5 ms");
        assert_eq!((letters.dead_letters(), letters.gauge("recovered")), (1, 1.0));
        let mut message = letters.message(json!(1));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        message.set_header("reason", json!("expired"));
        letters.send_message("in", message);
        assert!(letters.seen().accepted.is_empty() && letters.dead_letters() == 1 && letters.held() == 2);
        letters.at("10 ms");
        assert_eq!((letters.seen().accepted.len(), letters.dead_letters(), letters.gauge("kept")), (1, 2, 2.0));
        assert!(matches!(&asked(&letters)[..], [Keep::Put { number, dead: Some(dead), .. }] if *number > 4 && &*dead.reason == "expired"));
        // Beyond the capacity the oldest leaves the disk too.
        fail(&mut letters, "expired");
        letters.at("20 ms");
        assert!(asked(&letters).contains(&Keep::Gone { number: 4 }), "{:?}", asked(&letters));
        assert_eq!((letters.dead_letters(), letters.gauge("kept")), (3, 2.0));
    }

    #[test]
    fn reasons_are_bounded() {
        let mut letters = Script::new(&DEAD_LETTERS, []);
        for number in 0..1_000 {
            fail(&mut letters, &format!("reason {number}"));
        }
        assert_eq!((letters.gauge("reasons"), letters.gauge("dead letters")), (101.0, 1_000.0));
    }
}
