//! A generator's settings, and the making of one message by them.

use crate::expr::Expression;
use crate::message::{Head, Message, Shared};
use crate::node::{Effects, Form};
use crate::nodes::publish::arrivals::{Batch, Shape, read_shape};
use crate::random::Purpose;
use crate::template::Template;
use crate::units::{Moment, Span};
use std::sync::Arc;

/// What is set about a generator.
pub struct GeneratorSettings {
    pub shape: Shape,
    pub batch: Batch,
    pub count: Option<u64>,
    pub start_after: Span,
    pub backlog: usize,
    payload: Template,
    key: Option<Expression>,
    topic: Option<Template>,
    headers: Vec<(Arc<str>, Expression)>,
    priority: u8,
    /// The whole head, where it is the same for all messages.
    head: Option<Shared<Head>>,
}

impl GeneratorSettings {
    pub fn read(form: &mut Form<'_>) -> Self {
        let topic = form.template("topic");
        let constant = topic.as_ref().filter(|topic| topic.is_constant());
        let head = constant.map(|topic| Shared::new(Head { topic: Some(topic.source().into()), ..Head::default() }));
        let shape = read_shape(form);
        // Bursts have a size of their own, and users send one message each.
        let batched = !matches!(shape, Shape::Burst { .. } | Shape::Closed(_) | Shape::Fastest);
        let batch = Batch::read(form);
        Self {
            batch: if batched { batch } else { Batch::Same(1) },
            shape,
            count: form.integer("count").map(|count| count as u64),
            start_after: form.span("start_after").unwrap_or_default(),
            backlog: form.integer("backlog").map_or(10_000, |bound| bound as usize),
            payload: form.template("payload").unwrap_or_else(|| Template::compile("").expect("nothing is a template")),
            key: form.expression("key"),
            topic: topic.filter(|topic| !topic.is_constant()),
            priority: form.integer("priority").map_or(0, |priority| priority as u8),
            headers: form.expressions("headers").into_iter().map(|(name, value)| (name.into(), value)).collect(),
            head,
        }
    }

    /// Makes arrival number `index`; with the error, if its key or a header could not be worked out.
    pub fn make(&self, index: u64, due: Moment, fx: &Effects<'_>) -> (Message, Option<String>) {
        let calendar = fx.calendar(due);
        let payload = self.payload.make(index, calendar, &mut fx.random_at(const { Purpose::of("payload") }, index));
        let mut message = fx.make(index, due, payload);
        message.head.clone_from(&self.head);
        message.priority = self.priority;
        if let Some(topic) = &self.topic {
            message.head_mut().topic = Some(topic.text(index, calendar, &mut fx.random_at(const { Purpose::of("topic") }, index)).into());
        }
        let error = self.fill(&mut message).err();
        (message, error)
    }

    fn fill(&self, message: &mut Message) -> Result<(), String> {
        if let Some(key) = &self.key {
            let key = key.text(message).map_err(|error| format!("the key failed: {error}"))?;
            message.head_mut().key = Some(key.into());
        }
        for (name, value) in &self.headers {
            let value = value.value(message).map_err(|error| format!("the header `{name}` failed: {error}"))?;
            message.set_shared_header(name, value);
        }
        Ok(())
    }
}
