//! What comes from outside in a simulation, where nothing outside is touched: arrivals and payloads by a model, for HTTP source and standard input alike.

use super::arrivals::{Arrivals, Batch, Shape};
use crate::message::Payload;
use crate::node::field::Word;
use crate::node::{Effects, Field, FieldType, Form, Preset};
use crate::random::Purpose;
use crate::template::Template;
use crate::units::{Moment, Rate};

/// `model_arrivals`: how they are spread.
pub const ARRIVALS: Field = Field::new(
    "Simulated",
    "model_arrivals",
    "Arrivals",
    FieldType::Choice(&[
        Word { name: "poisson", label: "Poisson", help: "Independent of each other." },
        Word { name: "constant", label: "Evenly spaced", help: "One after another at the same distance." },
    ]),
    Preset::Word("poisson"),
    "A simulation hears nothing from outside: how messages come there.",
);
/// `model_rate`: how often.
pub const RATE: Field =
    Field::new("Simulated", "model_rate", "Rate", FieldType::Rate, Preset::Text("10/s"), "How many messages come there in a second.");
/// `model_count`: how many in all.
pub const COUNT: Field = Field::new(
    "Simulated",
    "model_count",
    "Count",
    FieldType::Integer(0, 1_000_000_000_000),
    Preset::None,
    "How many come there in all. Unset: no end.",
)
.unit("messages");
/// `model_payload`: what they carry.
pub const PAYLOAD: Field = Field::new(
    "Simulated",
    "model_payload",
    "Payload",
    FieldType::Template,
    Preset::Text("{\"number\": {{index}}}"),
    "What they carry there, with places for fake data such as {{index}} or {{name}}.",
);

/// The model as it is set.
pub struct Model {
    shape: Shape,
    count: Option<u64>,
    payload: Template,
}

impl Model {
    /// Reads the four fields.
    pub fn read(form: &mut Form<'_>) -> Self {
        let rate = form.rate("model_rate").unwrap_or(Rate(10.0));
        Self {
            shape: if form.choice("model_arrivals") == "constant" { Shape::Constant(rate) } else { Shape::Poisson(rate) },
            count: form.integer("model_count").map(|count| count as u64),
            payload: form.template("model_payload").unwrap_or_else(|| Template::compile("").expect("nothing is a template")),
        }
    }

    /// Whether messages come at the same times under the other one, as long as both go on.
    pub fn same_arrivals(&self, other: &Self) -> bool {
        self.shape == other.shape
    }

    /// The arrivals, from now on.
    pub fn begin(&self, fx: &Effects<'_>) -> Arrivals {
        Arrivals::new(self.shape.clone(), Batch::Same(1), fx.now(), 0, self.count, fx)
    }

    /// What the arrival of this number carries.
    pub fn payload(&self, number: u64, due: Moment, fx: &Effects<'_>) -> Payload {
        let mut random = fx.random_at(const { Purpose::of("payload") }, number);
        self.payload.make(number, fx.calendar(due), &mut random)
    }
}
