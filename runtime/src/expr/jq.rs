//! jq programs over payloads. (to be written)
use super::ExpressionError;
use crate::message::{Message, Value};

/// A compiled jq program.
pub struct JqProgram {}

impl JqProgram {
    /// Compiles.
    pub fn compile(_text: &str) -> Result<Self, ExpressionError> {
        todo!()
    }
    /// Runs over the payload: every output, up to `most`, within the step limit.
    pub fn run(&self, _message: &Message, _most: usize) -> Result<Vec<Value>, ExpressionError> {
        todo!()
    }
}
