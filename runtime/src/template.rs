//! Payload templates: JSON with `{{...}}` places for fake data. (to be written)
use crate::expr::ExpressionError;
use crate::message::Payload;
use crate::random::Random;

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {}

impl Template {
    /// Compiles.
    pub fn compile(_text: &str) -> Result<Self, ExpressionError> {
        todo!()
    }
    /// Makes the payload of number `index`.
    pub fn make(&self, _index: u64, _calendar_nanos: u64, _random: &mut Random) -> Payload {
        todo!()
    }
}
