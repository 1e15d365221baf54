//! Probability distributions of spans of time. (to be written)
use crate::random::Random;
use crate::setting::Setting;
use crate::units::Span;

/// A distribution to draw spans of time from.
#[derive(Clone, PartialEq, Debug)]
pub enum Distribution {
    /// Always the same.
    Constant(Span),
    /// Exponential with this mean.
    Exponential(Span),
}

impl Distribution {
    /// Reads the setting's form, such as `Exponential(mean: "20 ms")`.
    pub fn from_setting(_setting: &Setting) -> Result<Self, String> {
        todo!()
    }
    /// Draws one span.
    pub fn draw(&self, _random: &mut Random) -> Span {
        todo!()
    }
    /// The mean.
    pub fn mean(&self) -> Option<Span> {
        todo!()
    }
}
