//! Runs one behaviour as a script: (when, what comes in) gives (when, what goes out), without any driver and without sleeping.
//!
//! The script stands in for a station: it keeps the outbox, the holds and the wakes in virtual time, answers for the outside, and keeps the
//! books of the one node after every event: what came in, entered, was copied, split off or came back equals what left, ended or is held.
//! A difference ends the test with both sides of the books. Outputs have room unless told otherwise; error outputs are unwired unless told.

mod carry;
mod seen;

pub use seen::{Ended, Left, Seen};

use super::effects::Identity;
use super::{
    Answer, Ask, Behaviour, Change, Effect, Effects, Event, Fault, Flow, Form, Gauge, Intake, Kind, PortRole, Ports, Receiver, Ticket,
    Verdict,
};
use crate::id::{MessageId, NodeId, hash_text};
use crate::message::{Message, Payload, Settlement, Value};
use crate::problem::Problem;
use crate::random::StreamKey;
use crate::setting::{Setting, Settings};
use crate::units::{Moment, Span};
use std::collections::{BTreeMap, VecDeque};

#[derive(Default, Debug)]
struct Tally {
    received: u64,
    entered: u64,
    copied: u64,
    split_off: u64,
    came_back: u64,
    gone: u64,
}

enum Due {
    Wake(u64),
    Release(Ticket),
    Answer(Ticket, Answer),
}

type Outside = Box<dyn FnMut(&Ask) -> Answer>;

/// One node under test. See the module page.
pub struct Script {
    kind: &'static Kind,
    fed: Vec<Fed>,
    settings: Settings,
    behaviour: Box<dyn Behaviour>,
    identity: Identity,
    ports: Ports,
    rooms: Vec<usize>,
    wired: Vec<u32>,
    tickets: u64,
    now: Moment,
    started: bool,
    agenda: BTreeMap<(Moment, u64), Due>,
    sequence: u64,
    events: u64,
    holds: BTreeMap<Ticket, (Message, (Moment, u64))>,
    outbox: VecDeque<(usize, Message)>,
    inbox: VecDeque<(usize, Message)>,
    outside: Option<Outside>,
    latency: Span,
    made: u64,
    taking_in: bool,
    tally: Tally,
    seen: Seen,
}

/// Outputs have this much room unless told otherwise.
const AMPLE: usize = usize::MAX / 2;

/// A script that takes more events than this is caught in a loop.
const MOST_EVENTS: u64 = 10_000_000;

fn span(text: &str) -> Span {
    text.parse().unwrap_or_else(|error| panic!("in a script: {error}"))
}

/// Builds a behaviour from settings, and returns the problems that its form found.
pub fn build<'a>(
    kind: &'static Kind,
    settings: impl IntoIterator<Item = (&'a str, Setting)>,
) -> (Settings, Box<dyn Behaviour>, Vec<Problem>) {
    build_feeding(kind, owned(settings), &[])
}

fn owned<'a>(settings: impl IntoIterator<Item = (&'a str, Setting)>) -> Settings {
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn build_feeding(kind: &'static Kind, settings: Settings, fed: &[Fed]) -> (Settings, Box<dyn Behaviour>, Vec<Problem>) {
    let node = NodeId::new("node").expect("`node` is an id");
    let receivers = receivers(fed);
    let mut form = Form::new(&node, kind, &settings).with_receivers(&receivers);
    let behaviour = (kind.build)(&mut form);
    let problems = form.into_problems();
    (settings, behaviour, problems)
}

/// A node that the one under test sends to: its output there, an id, kind and settings.
struct Fed(usize, NodeId, &'static Kind, Settings);

fn receivers(fed: &[Fed]) -> Vec<Receiver<'_>> {
    fed.iter()
        .enumerate()
        .map(|(at, Fed(output, id, kind, settings))| Receiver {
            output: *output,
            branch: fed[..at].iter().filter(|earlier| earlier.0 == *output).count() as u32,
            id,
            kind,
            settings,
        })
        .collect()
}

/// The problems of these settings, as text.
pub fn problems<'a>(kind: &'static Kind, settings: impl IntoIterator<Item = (&'a str, Setting)>) -> Vec<String> {
    build(kind, settings).2.iter().map(ToString::to_string).collect()
}

impl Script {
    /// A script over one node of this kind. Panics if the settings have problems.
    pub fn new<'a>(kind: &'static Kind, settings: impl IntoIterator<Item = (&'a str, Setting)>) -> Self {
        Self::feeding(kind, settings, "", std::iter::empty::<(&'static Kind, [(&str, Setting); 0])>())
    }

    /// The same over a node whose output leads to nodes of these kinds, with these settings.
    pub fn feeding<'a, 'b>(
        kind: &'static Kind,
        settings: impl IntoIterator<Item = (&'a str, Setting)>,
        output: &str,
        fed: impl IntoIterator<Item = (&'static Kind, impl IntoIterator<Item = (&'b str, Setting)>)>,
    ) -> Self {
        let settings = owned(settings);
        let port = (kind.ports)(&settings).output(output).unwrap_or_default();
        let id = |number: usize| NodeId::new(&format!("receiver-{number}")).expect("a word and a number are an id");
        let fed: Vec<Fed> = fed.into_iter().enumerate().map(|(at, (kind, settings))| Fed(port, id(at), kind, owned(settings))).collect();
        let (settings, behaviour, problems) = build_feeding(kind, settings, &fed);
        let branches = fed.len() as u32;
        assert!(problems.is_empty(), "{}: {}", kind.name, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        let ports = (kind.ports)(&settings);
        let mut wired: Vec<u32> = ports.outputs.iter().map(|port| u32::from(port.role != PortRole::Error)).collect();
        if branches > 0 {
            wired[port] = branches;
        }
        Self {
            kind,
            fed,
            behaviour,
            identity: Identity {
                maker: hash_text("node"),
                streams: StreamKey::of_node(7, 0, "node"),
                epoch: 1_767_225_600 * crate::units::SECOND,
            },
            rooms: vec![AMPLE; ports.outputs.len()],
            wired,
            ports,
            settings,
            tickets: 0,
            now: Moment::START,
            started: false,
            agenda: BTreeMap::new(),
            sequence: 0,
            events: 0,
            holds: BTreeMap::new(),
            outbox: VecDeque::new(),
            inbox: VecDeque::new(),
            outside: None,
            latency: Span::ZERO,
            made: 0,
            taking_in: false,
            tally: Tally::default(),
            seen: Seen::default(),
        }
    }

    /// The number of an output, by name.
    pub fn output(&self, name: &str) -> usize {
        self.ports.output(name).unwrap_or_else(|| panic!("{} has no output `{name}`", self.kind.name))
    }

    /// Gives an output this much room (credit, for a store), instead of as much as it wants; one that never blocks stays as it is (G2).
    /// Before the first moment.
    #[must_use]
    pub fn room(mut self, output: &str, room: usize) -> Self {
        let port = self.output(output);
        if self.ports.outputs[port].flow != Flow::Free {
            self.rooms[port] = room;
        }
        self
    }

    /// Wires an output to this many pipes (0: unwired). Before the first moment.
    #[must_use]
    pub fn wired(mut self, output: &str, pipes: u32) -> Self {
        let port = self.output(output);
        self.wired[port] = pipes;
        self
    }

    /// Answers for the outside, this long after each request; without this, requests stay open. Before the first moment.
    #[must_use]
    pub fn answering(mut self, latency: &str, answer: impl FnMut(&Ask) -> Answer + 'static) -> Self {
        self.latency = span(latency);
        self.outside = Some(Box::new(answer));
        self
    }

    /// The run clock.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// What the node has done so far.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Goes on to this moment: everything due until then, it included, happens first. The first call starts the node.
    pub fn at(&mut self, moment: &str) -> &mut Self {
        let moment = Moment::START + span(moment);
        assert!(moment >= self.now, "a script goes forward: {moment:?} is past, it is {:?}", self.now);
        self.start();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= moment) {
            self.now = entry.key().0;
            let due = entry.remove();
            self.happen(due);
        }
        self.now = moment;
        self
    }

    /// Goes on until nothing is due any more. A source without a limit never comes to that: give it a moment with [`Script::at`].
    pub fn run(&mut self) -> &mut Self {
        self.start();
        while let Some(((moment, _), due)) = self.agenda.pop_first() {
            self.now = moment;
            self.happen(due);
        }
        self
    }

    fn start(&mut self) {
        if !std::mem::replace(&mut self.started, true) {
            self.event(Event::Start);
        }
    }

    /// Sends a message with this payload in; returns its id.
    pub fn send(&mut self, input: &str, payload: Value) -> MessageId {
        let message = self.message(payload);
        let id = message.id;
        self.send_message(input, message);
        id
    }

    /// A new message with this payload, for [`Script::send_message`].
    pub fn message(&mut self, payload: Value) -> Message {
        self.start();
        self.made += 1;
        let id = MessageId::entering(self.identity.epoch / 1_000_000, [1, self.made]);
        Message::new(id, self.now, Payload::from_value(payload))
    }

    /// Sends a message in. It waits where the node cannot take it now.
    pub fn send_message(&mut self, input: &str, message: Message) -> &mut Self {
        self.start();
        let port = self.ports.input(input).unwrap_or_else(|| panic!("{} has no input `{input}`", self.kind.name));
        self.inbox.push_back((port, message));
        self.take_in();
        self
    }

    /// How many messages wait before the node.
    pub fn waiting(&self) -> usize {
        self.inbox.len()
    }

    /// Gives an output more room (credit, for a store).
    pub fn grant(&mut self, output: &str, more: usize) -> &mut Self {
        self.start();
        let port = self.output(output);
        self.rooms[port] = self.rooms[port].saturating_add(more).min(AMPLE);
        let waits = |script: &Self| script.outbox.iter().any(|(at, _)| *at == port);
        let waited = waits(self);
        self.flush();
        if matches!(self.behaviour.intake(), Intake::Store { .. }) || (waited && !waits(self)) {
            self.event(Event::Room(port));
        }
        self.take_in();
        self
    }

    /// Settles a message that this store handed out: `index` counts what has left, from 0.
    pub fn settle(&mut self, index: usize, verdict: Verdict) -> &mut Self {
        let Settlement::One(delivery) = self.seen.left[index].message.settlement else {
            panic!("message {index} that left carries no delivery: {:?}", self.seen.left[index])
        };
        if matches!(verdict, Verdict::Nack(..)) {
            self.tally.came_back += 1;
        }
        self.event(Event::Settled { number: delivery.number, attempt: delivery.attempt, verdict });
        self
    }

    /// Settles with an ack.
    pub fn ack(&mut self, index: usize) -> &mut Self {
        self.settle(index, Verdict::Ack)
    }

    /// Settles with a nack: the work failed.
    pub fn nack(&mut self, index: usize) -> &mut Self {
        self.fail(index, Fault::Failed)
    }

    /// Settles with a nack for this fault.
    pub fn fail(&mut self, index: usize, fault: Fault) -> &mut Self {
        self.settle(index, Verdict::Nack(fault, "failed".into()))
    }

    /// Asks the store for more time for what it handed out.
    pub fn renew(&mut self, index: usize) -> &mut Self {
        if let Settlement::One(delivery) = self.seen.left[index].message.settlement {
            let until = self.now;
            self.event(Event::Renewed { number: delivery.number, attempt: delivery.attempt, until });
        }
        self
    }

    /// Sends one event straight to the behaviour.
    pub fn event(&mut self, event: Event) -> &mut Self {
        self.events += 1;
        assert!(self.events < MOST_EVENTS, "{}: caught in a loop at {:?}", self.kind.name, self.now);
        let mut wishes = VecDeque::new();
        let mut fx = Effects::new(self.now, &self.identity, &mut self.rooms, &self.wired, &mut self.tickets, &mut wishes);
        self.behaviour.on(event, &mut fx);
        self.behaviour.rest(&mut fx);
        self.interpret(wishes);
        self
    }

    /// Changes settings while running.
    pub fn change<'a>(&mut self, settings: impl IntoIterator<Item = (&'a str, Setting)>) -> Change {
        self.settings.extend(owned(settings));
        self.reread()
    }

    /// Changes settings of a node that this one sends to, while running: `index` counts them from 0.
    pub fn change_fed<'a>(&mut self, index: usize, settings: impl IntoIterator<Item = (&'a str, Setting)>) -> Change {
        self.fed[index].3.extend(owned(settings));
        self.reread()
    }

    fn reread(&mut self) -> Change {
        let node = NodeId::new("node").expect("`node` is an id");
        let receivers = receivers(&self.fed);
        let mut form = Form::new(&node, self.kind, &self.settings).with_receivers(&receivers);
        let change = self.behaviour.change(&mut form);
        if change == Change::Kept {
            self.event(Event::Start);
        }
        change
    }

    /// Ends the node as its removal would: the outbox empties, holds go back, the behaviour gives back what it keeps, and the books must
    /// close at zero held. The script is over then: in the inbox nothing is taken any more.
    pub fn give_back(&mut self) -> &Seen {
        self.taking_in = true;
        self.rooms.fill(AMPLE);
        self.flush();
        for (message, key) in std::mem::take(&mut self.holds).into_values() {
            self.agenda.remove(&key);
            self.carry_out(Effect::Nack(message, Fault::Returned, "the node was removed".into()));
        }
        let mut wishes = VecDeque::new();
        let mut fx = Effects::new(self.now, &self.identity, &mut self.rooms, &self.wired, &mut self.tickets, &mut wishes);
        self.behaviour.give_back(&mut fx);
        self.interpret(wishes);
        assert_eq!(self.behaviour.held(), 0, "{} gave back everything", self.kind.name);
        &self.seen
    }

    /// How many messages are inside: the behaviour's, dead letters among them, held ones and the outbox.
    pub fn held(&self) -> u64 {
        self.behaviour.held() + self.behaviour.dead_lettered() + self.holds.len() as u64 + self.outbox.len() as u64
    }

    /// A figure of the behaviour's own, by name.
    pub fn gauge(&self, name: &str) -> f64 {
        let mut gauges: Vec<Gauge> = Vec::new();
        self.behaviour.gauges(self.now, &mut gauges);
        gauges.iter().find(|gauge| gauge.name == name).unwrap_or_else(|| panic!("{} has no gauge `{name}`", self.kind.name)).value
    }

    /// What the behaviour counts as dead letters.
    pub fn dead_letters(&self) -> u64 {
        self.behaviour.dead_lettered()
    }

    /// The payloads that left at one output, in order.
    pub fn payloads(&self, output: &str) -> Vec<Value> {
        let port = self.output(output);
        let values = self.seen.left.iter().filter(|left| left.port == port);
        values.map(|left| left.message.payload.value().expect("JSON left").clone()).collect()
    }

    /// When messages left at one output, in seconds, in order.
    pub fn times(&self, output: &str) -> Vec<f64> {
        let port = self.output(output);
        self.seen.left.iter().filter(|left| left.port == port).map(|left| left.at.seconds()).collect()
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Wake(token) => drop(self.event(Event::Wake(token))),
            Due::Answer(ticket, answer) => drop(self.event(Event::Answer(ticket, answer))),
            Due::Release(ticket) => {
                if let Some((message, _)) = self.holds.remove(&ticket) {
                    self.event(Event::Released(ticket, message));
                }
            }
        }
    }

    fn later(&mut self, moment: Moment, due: Due) -> (Moment, u64) {
        self.sequence += 1;
        let key = (moment.max(self.now), self.sequence);
        self.agenda.insert(key, due);
        key
    }

    fn send_out(&mut self, port: usize, message: Message) {
        assert!(port < self.rooms.len(), "{} has no output {port}", self.kind.name);
        self.outbox.push_back((port, message));
    }

    fn error_output(&self) -> Option<usize> {
        self.ports.error().filter(|port| self.wired[*port] > 0)
    }

    fn interpret(&mut self, wishes: VecDeque<Effect>) {
        let emitted = wishes.iter().filter(|wish| wish.output().is_some()).count();
        assert!(emitted <= Effects::MOST_EMITTED, "{} emitted {emitted} messages in one event (G1)", self.kind.name);
        for wish in wishes {
            self.carry_out(wish);
        }
        self.flush();
        self.balance();
        self.take_in();
    }

    /// Hands on what there is room for, in order per output.
    fn flush(&mut self) {
        let mut kept = VecDeque::new();
        for (port, message) in self.outbox.drain(..) {
            if self.rooms[port] > 0 {
                if self.rooms[port] < AMPLE {
                    self.rooms[port] -= 1;
                }
                self.tally.gone += 1;
                self.seen.left.push(Left { at: self.now, port, branch: None, message });
            } else {
                kept.push_back((port, message));
            }
        }
        self.outbox = kept;
    }

    fn take_in(&mut self) {
        if std::mem::replace(&mut self.taking_in, true) {
            return;
        }
        while !self.inbox.is_empty() {
            let open = match self.behaviour.intake() {
                Intake::Plain => self.outbox.is_empty(),
                Intake::Servers { servers, .. } => self.outbox.is_empty() && self.holds.len() < servers as usize,
                Intake::Shared { most, .. } => self.outbox.is_empty() && self.holds.len() < most as usize,
                Intake::Store { closed } => !closed,
            };
            let Some((port, message)) = (if open { self.inbox.pop_front() } else { None }) else { break };
            self.tally.received += 1;
            self.event(Event::Message(port, message));
        }
        self.taking_in = false;
    }

    fn balance(&self) {
        let Tally { received, entered, copied, split_off, came_back, gone } = self.tally;
        let held = self.held();
        assert!(
            received + entered + copied + split_off + came_back == gone + held,
            "the books of {} differ at {:?}: received {received} + entered {entered} + copied {copied} + split off {split_off} + came back \
             {came_back} is not gone {gone} + held {held}",
            self.kind.name,
            self.now,
        );
    }
}
