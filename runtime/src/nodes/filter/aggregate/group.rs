//! One group of an aggregate: the messages that wait together, and what is made of them.

use super::OUT;
use crate::expr::{Expression, ExpressionError};
use crate::id::hash_text;
use crate::message::{Message, Payload, Settlement, Value};
use crate::node::Effects;
use crate::template::iso_8601;
use crate::units::Moment;
use std::sync::Arc;

/// What the payload of a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// All payloads.
    List,
    /// Figures over them.
    Summary,
    /// The first payload.
    First,
    /// The last payload.
    Last,
}

/// How results are made.
pub struct Recipe {
    pub shape: Shape,
    pub of: Option<Expression>,
}

impl Recipe {
    /// The number that a message adds to a summary.
    pub fn number(&self, message: &Message) -> Result<Option<f64>, ExpressionError> {
        match &self.of {
            Some(of) if self.shape == Shape::Summary => of.number(message).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether the message fits into the result.
    pub fn check(&self, message: &Message) -> Result<(), String> {
        if self.shape == Shape::List {
            message.payload.value().map_err(ToString::to_string)?;
        }
        Ok(())
    }
}

/// Running figures over the numbers of a group.
#[derive(Default)]
struct Figures {
    sum: f64,
    least: Option<f64>,
    largest: Option<f64>,
}

/// Messages that wait together.
pub struct Group {
    key: Option<Arc<str>>,
    opened: Moment,
    messages: Vec<Message>,
    bytes: u64,
    figures: Figures,
}

impl Group {
    pub fn new(key: Option<Arc<str>>, opened: Moment) -> Self {
        Self { key, opened, messages: Vec::new(), bytes: 0, figures: Figures::default() }
    }

    pub fn key(&self) -> Option<Arc<str>> {
        self.key.clone()
    }

    pub const fn len(&self) -> usize {
        self.messages.len()
    }

    /// The bytes of all payloads.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    pub fn take(&mut self, message: Message, number: Option<f64>) {
        if let Some(number) = number {
            self.figures.sum += number;
            self.figures.least = Some(self.figures.least.map_or(number, |least| least.min(number)));
            self.figures.largest = Some(self.figures.largest.map_or(number, |largest| largest.max(number)));
        }
        self.bytes += message.payload.len() as u64;
        self.messages.push(message);
    }

    /// The result, and all messages but the first: as one of them the result goes on, the others went into it.
    ///
    /// Its id derives from the first message's, this node and the key, so the same messages make the same id (G5). It lists all as
    /// parents, carries all deliveries on (G4), and is as old as the oldest (G6).
    pub fn close(self, recipe: &Recipe, fx: &Effects<'_>) -> (Message, Vec<Message>) {
        let payload = self.payload(recipe, fx);
        let first = &self.messages[0];
        let mut result = first.derive(fx.maker(), self.key.as_deref().map_or(OUT as u64, hash_text), fx.now(), payload);
        result.settlement = Settlement::join(self.messages.iter().map(|message| &message.settlement));
        for message in &self.messages {
            result.entered = result.entered.min(message.entered);
            result.expires = result.expires.max(message.expires);
            result.hops = result.hops.max(message.hops);
            result.priority = result.priority.max(message.priority);
        }
        let head = result.head_mut();
        head.parents = self.messages.iter().map(|message| message.id).collect();
        if self.key.is_some() {
            head.key.clone_from(&self.key);
        }
        (result, self.messages.into_iter().skip(1).collect())
    }

    fn payload(&self, recipe: &Recipe, fx: &Effects<'_>) -> Payload {
        match recipe.shape {
            Shape::First => self.messages[0].payload.clone(),
            Shape::Last => self.messages[self.len() - 1].payload.clone(),
            Shape::List => {
                let values = self.messages.iter().map(|message| message.payload.value().cloned().unwrap_or(Value::Null));
                Payload::from_value(Value::Array(values.collect()))
            }
            Shape::Summary => Payload::from_value(self.summary(recipe, fx)),
        }
    }

    fn summary(&self, recipe: &Recipe, fx: &Effects<'_>) -> Value {
        let mut fields = serde_json::Map::new();
        fields.insert("key".to_owned(), Value::from(self.key.as_deref()));
        fields.insert("count".to_owned(), Value::from(self.len()));
        fields.insert("from".to_owned(), Value::from(iso_8601(fx.calendar(self.opened))));
        fields.insert("to".to_owned(), Value::from(iso_8601(fx.calendar(fx.now()))));
        if recipe.of.is_some() {
            let figures = &self.figures;
            fields.insert("sum".to_owned(), Value::from(figures.sum));
            fields.insert("mean".to_owned(), Value::from(figures.sum / self.len() as f64));
            fields.insert("least".to_owned(), Value::from(figures.least));
            fields.insert("largest".to_owned(), Value::from(figures.largest));
        }
        Value::Object(fields)
    }
}
