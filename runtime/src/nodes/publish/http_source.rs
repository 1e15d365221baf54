//! HTTP source: takes messages that other programs send with POST.

mod fields;
mod request;
#[cfg(test)]
mod tests;

use super::arrivals::Arrivals;
use super::closed_loop::track;
use super::gate::Gate;
use super::modelled::Model;
use super::reader::Envelope;
use crate::message::Message;
use crate::node::outside::{HttpRequest, HttpServer};
use crate::node::{Answer, Ask, Behaviour, Change, Effects, Event, Family, Figure, Form, Gauge, Kind, Port, Ports, Ticket};
use crate::setting::Settings;
use crate::trust::Capability;
use crate::units::{Moment, Span};
use request::Content;
use std::collections::{BTreeMap, VecDeque};

/// How many requests are taken from the line at once.
const PAGE: usize = 64;
/// How many modelled arrivals one event lets in.
const MOST_AT_ONCE: usize = 256;

/// The descriptor.
pub static HTTP_SOURCE: Kind = Kind {
    name: "http_source",
    title: "HTTP source",
    family: Family::Publish,
    summary: "Takes messages that other programs send with an HTTP POST.",
    guide: include_str!("http_source.md"),
    example: r#"(
    format: 1,
    title: "Orders from a shop's web hook",
    nodes: {
        "hook": http_source(port: 0, model_rate: "50/s", model_payload: "{\"order\": {{index}}}"),
        "orders": queue(),
        "desk": consumer_pool(servers: 2, service: exponential(mean: "10 ms")),
    },
    pipes: ["hook.out -> orders.in", "orders.out -> desk.in"],
)
"#,
    fields: fields::FIELDS,
    ports: |_: &Settings| Ports {
        outputs: vec![
            Port::output("out", "The messages sent."),
            Port::error("error", "Messages whose key, topic or header could not be worked out."),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(HttpSource::new(HttpSettings::read(form))),
    figures: [Figure::RateOut, Figure::Gauge("port")],
};

/// What is set.
struct HttpSettings {
    server: HttpServer,
    /// Whether the answer waits until everything made from the message has ended.
    at_end: bool,
    kept: Vec<String>,
    envelope: Envelope,
    model: Model,
}

impl HttpSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let address = form.text("address").filter(|address| !address.is_empty()).unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = form.integer("port").map_or(0, |port| port as u16);
        form.need("port", Capability::Listen(address.clone(), port));
        let kept = form.text("keep_headers").unwrap_or_default();
        Self {
            server: HttpServer {
                address,
                port,
                most_connections: form.integer("most_connections").map_or(100, |most| most as usize),
                most_waiting: form.integer("most_waiting").map_or(100, |most| most as usize),
                most_bytes: form.size("most_bytes").map_or(1 << 20, |size| size.0 as usize),
                time_limit: form.span("time_limit").unwrap_or(Span::secs(30)),
            },
            at_end: form.choice("answer") == "ended",
            kept: kept.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect(),
            envelope: Envelope::read(form),
            model: Model::read(form),
        }
    }
}

/// What came in and has not entered: a request, or a modelled arrival by number and moment.
enum Coming {
    Request(HttpRequest),
    Modelled(u64, Moment),
}

/// Keeps G7's open loop: nobody is made to wait in silence; who finds the line full is told so at once.
struct HttpSource {
    settings: HttpSettings,
    asked: Option<Ticket>,
    port: Option<u16>,
    waiting: VecDeque<Coming>,
    gate: Gate,
    /// Which request waits for the end of which message.
    open: BTreeMap<u64, u64>,
    index: u64,
    refused: u64,
    model: Option<Arrivals>,
    /// The moment of the wake that was asked for, if it has not come.
    awaited: Option<Moment>,
    draining: bool,
    exhausted: bool,
}

impl HttpSource {
    fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            asked: None,
            port: None,
            waiting: VecDeque::new(),
            gate: Gate::default(),
            open: BTreeMap::new(),
            index: 0,
            refused: 0,
            model: None,
            awaited: None,
            draining: false,
            exhausted: false,
        }
    }

    fn answered(&mut self, answer: Answer, fx: &mut Effects<'_>) {
        match answer {
            Answer::Serving { port } => {
                self.port = Some(port);
                fx.note(format!("takes messages at http://{}:{port}/", self.settings.server.address));
            }
            Answer::Requests { requests, refused } => {
                self.refused = refused;
                self.waiting.extend(requests.into_iter().map(Coming::Request));
            }
            Answer::Modelled => self.model = Some(self.settings.model.begin(fx)),
            Answer::Failed(error) => {
                self.port = None;
                fx.error(error);
                self.draining = true;
            }
            // Answers to requests that others make.
            _ => {}
        }
    }

    /// Lets in what came, as far as there is room, and asks for more once all of it is in.
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        self.gate.look(fx);
        while self.gate.open() {
            let Some(coming) = self.waiting.pop_front() else { break };
            match coming {
                Coming::Request(request) => self.enter(request, fx),
                Coming::Modelled(number, due) => {
                    let message = self.modelled(number, due, fx);
                    self.let_in(message, None, fx);
                }
            }
        }
        self.arrive(fx);
        if self.port.is_some() && self.asked.is_none() && self.gate.open() && self.waiting.is_empty() && !self.draining {
            self.asked = Some(fx.ask(Ask::NextRequests { most: PAGE }));
        }
        let over = self.draining || self.model.as_ref().is_some_and(|model| model.due().is_none());
        if over && self.waiting.is_empty() && !std::mem::replace(&mut self.exhausted, true) {
            fx.exhausted();
        }
    }

    /// A simulation's arrivals: those that find the line full are refused, as requests are.
    fn arrive(&mut self, fx: &mut Effects<'_>) {
        let Some(mut model) = self.model.take() else { return };
        let mut budget = MOST_AT_ONCE;
        while let Some(due) = model.due().filter(|due| *due <= fx.now() && budget > 0) {
            let number = model.index();
            model.advance(fx);
            budget -= 1;
            if self.gate.open() && self.waiting.is_empty() {
                let message = self.modelled(number, due, fx);
                self.let_in(message, None, fx);
            } else if self.waiting.len() < self.settings.server.most_waiting {
                self.waiting.push_back(Coming::Modelled(number, due));
            } else {
                self.refused += 1;
            }
        }
        if let Some(due) = model.due().map(|due| due.max(fx.now()))
            && self.awaited.is_none_or(|awaited| due < awaited)
        {
            self.awaited = Some(due);
            fx.wake(due, due.0);
        }
        self.model = Some(model);
    }

    fn modelled(&self, number: u64, due: Moment, fx: &Effects<'_>) -> Message {
        fx.make(number, due, self.settings.model.payload(number, due, fx))
    }

    fn enter(&mut self, request: HttpRequest, fx: &mut Effects<'_>) {
        let number = request.number;
        match Content::read(request, &self.settings.kept) {
            Ok(content) => {
                let index = self.index;
                self.index += 1;
                let message = content.make(index, fx);
                self.let_in(message, Some((number, index)), fx);
            }
            // It is no message: nothing has come into the run.
            Err(error) => respond(number, 400, &serde_json::json!({ "error": error }), fx),
        }
    }

    /// A message enters, or fails at once; whoever sent it hears of it.
    fn let_in(&mut self, mut message: Message, request: Option<(u64, u64)>, fx: &mut Effects<'_>) {
        let error = self.settings.envelope.fill(&mut message).err();
        let id = message.id.to_string();
        match (request, &error) {
            (Some((number, index)), None) if self.settings.at_end => {
                track(&mut message, index);
                self.open.insert(index, number);
            }
            (Some((number, _)), None) => respond(number, 202, &serde_json::json!({ "id": id }), fx),
            (Some((number, _)), Some(error)) => respond(number, 422, &serde_json::json!({ "id": id, "error": error }), fx),
            (None, _) => {}
        }
        self.gate.enter(message, error, fx);
    }
}

fn respond(request: u64, status: u16, text: &serde_json::Value, fx: &mut Effects<'_>) {
    fx.ask(Ask::Respond { request, status, text: text.to_string() });
}

impl Behaviour for HttpSource {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start => {
                if self.asked.is_none() && self.port.is_none() && self.model.is_none() && !self.draining {
                    self.asked = Some(fx.ask(Ask::Serve(self.settings.server.clone())));
                }
            }
            Event::Answer(ticket, answer) => {
                if self.asked == Some(ticket) {
                    self.asked = None;
                    self.answered(answer, fx);
                }
            }
            Event::Room(port) => self.gate.room(port),
            Event::Settled { number, .. } => {
                if let Some(request) = self.open.remove(&number) {
                    respond(request, 200, &serde_json::json!({ "ended": true }), fx);
                }
            }
            Event::Drain => {
                if !std::mem::replace(&mut self.draining, true) {
                    fx.ask(Ask::EndServing);
                    self.model.iter_mut().for_each(Arrivals::stop);
                }
            }
            Event::Wake(moment) => {
                if self.awaited == Some(Moment(moment)) {
                    self.awaited = None;
                }
            }
            Event::Message(..) | Event::Released(..) | Event::Renewed { .. } => unreachable!("a source takes and holds nothing"),
        }
        self.go_on(fx);
    }

    /// Another place to listen at needs a new start.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let settings = HttpSettings::read(form);
        let same = settings.server == self.settings.server && settings.model.same_arrivals(&self.settings.model);
        self.settings = settings;
        if same { Change::Kept } else { Change::Restart }
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        // What was not let in has not entered the run; whoever sent it is told to try again.
        for coming in self.waiting.drain(..) {
            if let Coming::Request(request) = coming {
                respond(request.number, 503, &serde_json::json!({ "error": "the source was taken away" }), fx);
            }
        }
        fx.ask(Ask::EndServing);
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "port", value: f64::from(self.port.unwrap_or(0)), unit: "" });
        gauges.push(Gauge { name: "waiting", value: self.waiting.len() as f64, unit: "requests" });
        gauges.push(Gauge { name: "waiting for the end", value: self.open.len() as f64, unit: "requests" });
        gauges.push(Gauge { name: "refused", value: self.refused as f64, unit: "requests" });
    }
}
