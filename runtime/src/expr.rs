//! Expressions over messages: CEL for predicates and keys, jq for reshaping. (to be written)
use crate::message::{Message, Value};

/// Why an expression does not compile, or failed on a message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// In words.
    pub message: String,
    /// The column in the expression's text, in characters from 1.
    pub column: u32,
}

/// A compiled CEL expression.
#[derive(Clone, Debug)]
pub struct Expression {}

impl Expression {
    /// Compiles and checks the names used.
    pub fn compile(_text: &str) -> Result<Self, ExpressionError> {
        todo!()
    }
    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        todo!()
    }
    /// Evaluates to true or false; anything else is an error.
    pub fn test(&self, _message: &Message) -> Result<bool, ExpressionError> {
        todo!()
    }
    /// Evaluates to a value.
    pub fn value(&self, _message: &Message) -> Result<Value, ExpressionError> {
        todo!()
    }
    /// Evaluates to text: texts as they are, numbers and flags written out; null is an error.
    pub fn text(&self, _message: &Message) -> Result<String, ExpressionError> {
        todo!()
    }
}

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
