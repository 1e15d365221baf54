//! Expressions over messages: CEL for predicates, keys and small maps, jq for reshaping.
//!
//! CEL is the Common Expression Language that Kubernetes, Dapr and Eventarc use. It has no loops but over lists, so it always ends.
//! [`NAMES`] lists what an expression may speak of and [`FUNCTIONS`] what it may call; any other name is an error with its column when
//! the expression is compiled. Values are bound lazily: an expression that asks only for headers or the key never parses the payload, and
//! of a payload only what is asked for is looked at.
//!
//! Comparisons, logic and arithmetic over fields, headers and constants are compiled to native code; everything else, and whatever fails, is
//! evaluated by CEL's interpreter, whose answers they share.
//!
//! Numbers are bound as int where they are whole and as double otherwise, never as uint. As CEL wants it, arithmetic does not mix the
//! two: write `double(message.amount) * 1.1`.
//!
//! Limits: an expression has at most [`Expression::MAX_LEN`] bytes and [`Expression::MOST_PARTS`] operators, dots and brackets; loops (`all`, `exists`, `map`, `filter`) nest at most
//! [`Expression::MOST_NESTED`] deep, and a list longer than 100,000 (in a nested loop: 1,000) items is not looped over. The size of the
//! texts and lists that an expression makes is not bounded.

mod bind;
mod blame;
mod check;
mod jq;
mod names;
mod native;
mod result;

pub use jq::JqProgram;
pub use names::{FUNCTIONS, KnownFunction, KnownName, NAMES};

use crate::message::{Message, Value};
use bind::Bindings;
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError, Program, extensions};
use native::{Native, Plain};
use std::sync::{Arc, OnceLock};

/// Why an expression does not compile, or failed on a message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// In words.
    pub message: String,
    /// The column in the expression's text, in characters from 1.
    pub column: u32,
}

impl ExpressionError {
    fn new(column: u32, message: impl Into<String>) -> Self {
        Self { message: message.into(), column }
    }
}

/// What an expression yields, as far as its form tells before any message has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// True or false.
    Bool,
    /// Text.
    Text,
    /// A number.
    Number,
    /// Null.
    Null,
    /// A list.
    List,
    /// A map.
    Map,
    /// A number, a text or something else, but never true or false: what `+` gives.
    NotBool,
    /// That depends on the message.
    Unknown,
}

impl Sort {
    /// In words: `a number`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Null => "null",
            Self::List => "a list",
            Self::Map => "a map",
            Self::NotBool => "a number, a text or a list",
            Self::Unknown => "a value",
        }
    }
}

/// A compiled CEL expression. Clones share it; it may be used from any thread.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: String,
    program: Program,
    /// The short cut, where there is one.
    native: Option<Native>,
    /// The longest list that may be looped over.
    most_items: usize,
}

/// The standard library with the extensions for text and mathematics. `lists` is left out: its `lists.range` makes lists of any length.
fn environment() -> &'static Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Env::stdlib();
        environment.add_extension(extensions::strings).expect("the standard library has no text functions of these names");
        environment.add_extension(extensions::math).expect("the standard library has no mathematics of these names");
        Arc::new(environment)
    })
}

impl Expression {
    /// The longest text, in bytes.
    pub const MAX_LEN: usize = 16_384;
    /// How many operators, dots and brackets it may have.
    pub const MOST_PARTS: usize = 500;
    /// How deep loops may nest.
    pub const MOST_NESTED: u32 = 2;

    /// Compiles and checks the names used.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if text.trim().is_empty() {
            return Err(ExpressionError::new(1, "expected an expression, such as message.amount > 100"));
        }
        if text.len() > Self::MAX_LEN {
            return Err(ExpressionError::new(1, format!("an expression has at most {} bytes", Self::MAX_LEN)));
        }
        // The parser and all who walk its tree recurse, so the tree's depth is bounded before there is a tree.
        let parts = text.bytes().filter(|byte| b".[({!-+*/%?<>=&|".contains(byte)).count();
        if parts > Self::MOST_PARTS {
            let words = format!(
                "the expression has {parts} operators, dots and brackets; more than {} do not fit one expression",
                Self::MOST_PARTS
            );
            return Err(ExpressionError::new(1, words));
        }
        let program = environment().compile(text).map_err(|errors| blame::syntax(text, &errors))?;
        let nested = check::names(&program)?;
        let most_items = if nested > 1 { 1_000 } else { 100_000 };
        let native = Native::of(program.expression());
        Ok(Self(Arc::new(Compiled { source: text.to_owned(), program, native, most_items })))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What it yields, as far as its form tells.
    pub fn sort(&self) -> Sort {
        check::sort(self.0.program.expression())
    }

    /// Evaluates to true or false; anything else is an error.
    pub fn test(&self, message: &Message) -> Result<bool, ExpressionError> {
        if let Some(flag) = self.0.native.as_ref().and_then(|native| native.flag(message)) {
            return Ok(flag);
        }
        self.evaluate(message, |value| match value.downcast_ref::<CelBool>() {
            Some(flag) => Ok(*flag.inner()),
            None => Err(format!("expected true or false, the expression gave {}", result::sort_of(&**value))),
        })
    }

    /// Evaluates to a value. Maps written out in the expression keep the order of their entries, and parts of the payload theirs.
    pub fn value(&self, message: &Message) -> Result<Value, ExpressionError> {
        if let Some(value) = self.plain(message).and_then(Plain::into_value) {
            return Ok(value);
        }
        let bindings = Bindings::new(message, self.0.most_items);
        let context = context(&bindings);
        match result::value_of(self.0.program.expression(), &context) {
            Ok(value) => value.map_err(|words| ExpressionError::new(1, words)),
            Err(error) => Err(self.blame(&error, &context, &bindings)),
        }
    }

    /// The whole number that it evaluates to, where the short cut finds one. `None` says nothing: ask [`Expression::value`].
    pub fn int(&self, message: &Message) -> Option<i64> {
        self.0.native.as_ref()?.int(message)
    }

    /// Evaluates to text: texts as they are, numbers and flags written out; null is an error.
    pub fn text(&self, message: &Message) -> Result<String, ExpressionError> {
        if let Some(Plain::Text(text)) = self.plain(message) {
            return Ok(text.to_owned());
        }
        self.evaluate(message, |value| {
            if let Some(text) = value.downcast_ref::<CelString<'_>>() {
                Ok(text.inner().to_owned())
            } else if let Some(number) = value.downcast_ref::<CelInt>() {
                Ok(number.inner().to_string())
            } else if let Some(number) = value.downcast_ref::<CelDouble>() {
                Ok(number.inner().to_string())
            } else if let Some(flag) = value.downcast_ref::<CelBool>() {
                Ok(flag.inner().to_string())
            } else {
                Err(format!("expected a text, the expression gave {}", result::sort_of(&**value)))
            }
        })
    }

    /// Evaluates to a finite number, for sums and means.
    pub fn number(&self, message: &Message) -> Result<f64, ExpressionError> {
        if let Some(number) = self.plain(message).and_then(Plain::number) {
            return Ok(number);
        }
        self.evaluate(message, |value| {
            let number = match (value.downcast_ref::<CelInt>(), value.downcast_ref::<CelDouble>()) {
                (Some(number), _) => *number.inner() as f64,
                (_, Some(number)) => *number.inner(),
                _ => return Err(format!("expected a number, the expression gave {}", result::sort_of(&**value))),
            };
            if number.is_finite() { Ok(number) } else { Err(format!("expected a finite number, the expression gave {number}")) }
        })
    }

    fn plain<'a>(&'a self, message: &'a Message) -> Option<Plain<'a>> {
        self.0.native.as_ref()?.evaluate(message)
    }

    fn evaluate<T>(&self, message: &Message, read: impl FnOnce(&CowVal<'_, '_>) -> Result<T, String>) -> Result<T, ExpressionError> {
        let bindings = Bindings::new(message, self.0.most_items);
        let context = context(&bindings);
        match cel::Value::resolve_val(self.0.program.expression(), &context) {
            Ok(value) => read(&value).map_err(|words| ExpressionError::new(1, words)),
            Err(error) => Err(self.blame(&error, &context, &bindings)),
        }
    }

    fn blame(&self, error: &ExecutionError, context: &Context<'_, '_>, bindings: &Bindings<'_>) -> ExpressionError {
        blame::failure(&self.0.program, error, context, bindings)
    }
}

fn context<'v>(bindings: &'v Bindings<'v>) -> Context<'v, 'v> {
    let mut context = Context::with_env(Arc::clone(environment()));
    context.set_variable_resolver(bindings);
    context
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expression({:?})", self.0.source)
    }
}
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

#[cfg(test)]
mod tests;
