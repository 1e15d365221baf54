//! The common expressions as native code: comparisons, logic and arithmetic over fields, headers and constants, without an interpreter.
//!
//! This is a short cut, never a second language: what is not known here for certain (any other operation, a missing field, numbers that do
//! not fit, every failure) is left to CEL, whose answer counts. An expression has no effects, so it can be asked again.

pub(super) use crate::message::Seen as Plain;
use crate::message::{Look, Message, Settlement};
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use std::cmp::Ordering;

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Native {
    Constant(Constant),
    Name(Name),
    /// A part of the payload.
    Field(Vec<Step>),
    /// A header, or a part of one.
    Header(Box<str>, Vec<Step>),
    /// Whether an object has a field of this name.
    Has(Box<Native>, Box<str>),
    Not(Box<Native>),
    Negated(Box<Native>),
    And(Box<[Native; 2]>),
    Or(Box<[Native; 2]>),
    Equal(Box<[Native; 2]>, bool),
    Compared(Box<[Native; 2]>, Comparison),
    Calculated(Box<[Native; 2]>, Operation),
    Matched(Box<[Native; 2]>, TextTest),
    Among(Box<Native>, Vec<Native>),
    Chosen(Box<[Native; 3]>),
    Double(Box<Native>),
}

#[derive(Debug)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    Key,
    Topic,
    Correlation,
    Size,
    Priority,
    Attempt,
}

#[derive(Debug)]
pub(super) enum Step {
    Field(Box<str>),
    Item(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// Ints up to this are doubles without loss.
const EXACT: i64 = 1 << 53;

fn exact(number: i64) -> Option<f64> {
    (-EXACT..=EXACT).contains(&number).then_some(number as f64)
}

impl Native {
    /// Compiles; `None` for what is left to CEL.
    pub fn of(expression: &IdedExpr) -> Option<Self> {
        if let Some(path) = Self::path(expression) {
            return Some(path);
        }
        match &expression.expr {
            Expr::Literal(literal) => Some(Self::Constant(match literal {
                LiteralValue::Null => Constant::Null,
                LiteralValue::Boolean(flag) => Constant::Bool(*flag.inner()),
                LiteralValue::Int(number) => Constant::Int(*number.inner()),
                LiteralValue::Double(number) => Constant::Double(*number.inner()),
                LiteralValue::String(text) => Constant::Text(text.inner().into()),
                LiteralValue::UInt(_) | LiteralValue::Bytes(_) => return None,
            })),
            Expr::Ident(name) => Some(Self::Name(match name.as_str() {
                "key" => Name::Key,
                "topic" => Name::Topic,
                "correlation" => Name::Correlation,
                "size" => Name::Size,
                "priority" => Name::Priority,
                "attempt" => Name::Attempt,
                _ => return None,
            })),
            Expr::Select(select) if select.test => match &select.operand.expr {
                Expr::Ident(name) if name == "headers" => None,
                _ => Some(Self::Has(Box::new(Self::path(&select.operand)?), select.field.as_str().into())),
            },
            Expr::Call(call) => Self::call(call),
            _ => None,
        }
    }

    /// `message.a.b`, `headers.a`, `message['a'][0]`.
    fn path(expression: &IdedExpr) -> Option<Self> {
        let mut steps = Vec::new();
        let mut at = expression;
        let root = loop {
            match &at.expr {
                Expr::Ident(name) => break name,
                Expr::Select(select) if !select.test => {
                    steps.push(Step::Field(select.field.as_str().into()));
                    at = &select.operand;
                }
                Expr::Call(call) if call.func_name == operators::INDEX => {
                    let [of, index] = call.args.as_slice() else { return None };
                    steps.push(match &index.expr {
                        Expr::Literal(LiteralValue::String(name)) => Step::Field(name.inner().into()),
                        Expr::Literal(LiteralValue::Int(number)) => Step::Item(usize::try_from(*number.inner()).ok()?),
                        _ => return None,
                    });
                    at = of;
                }
                _ => return None,
            }
        };
        match root.as_str() {
            "message" => {
                steps.reverse();
                Some(Self::Field(steps))
            }
            "headers" => {
                let Step::Field(name) = steps.pop()? else { return None };
                steps.reverse();
                Some(Self::Header(name, steps))
            }
            _ => None,
        }
    }

    fn call(call: &CallExpr) -> Option<Self> {
        let compare = |comparison| Some(Self::Compared(Self::two(call)?, comparison));
        let calculate = |operation| Some(Self::Calculated(Self::two(call)?, operation));
        match call.func_name.as_str() {
            operators::LOGICAL_NOT => Some(Self::Not(Self::one(call)?)),
            operators::NEGATE => Some(Self::Negated(Self::one(call)?)),
            operators::LOGICAL_AND => Some(Self::And(Self::two(call)?)),
            operators::LOGICAL_OR => Some(Self::Or(Self::two(call)?)),
            operators::EQUALS => Some(Self::Equal(Self::two(call)?, true)),
            operators::NOT_EQUALS => Some(Self::Equal(Self::two(call)?, false)),
            operators::LESS => compare(Comparison::Less),
            operators::LESS_EQUALS => compare(Comparison::LessOrEqual),
            operators::GREATER => compare(Comparison::Greater),
            operators::GREATER_EQUALS => compare(Comparison::GreaterOrEqual),
            operators::ADD => calculate(Operation::Add),
            operators::SUBSTRACT => calculate(Operation::Subtract),
            operators::MULTIPLY => calculate(Operation::Multiply),
            operators::DIVIDE => calculate(Operation::Divide),
            operators::MODULO => calculate(Operation::Modulo),
            operators::CONDITIONAL => {
                let [condition, yes, no] = call.args.as_slice() else { return None };
                Some(Self::Chosen(Box::new([Self::of(condition)?, Self::of(yes)?, Self::of(no)?])))
            }
            operators::IN => match call.args.as_slice() {
                [item, IdedExpr { expr: Expr::List(list), .. }] if list.optional_indices.is_empty() => {
                    let all: Option<Vec<Self>> = list.elements.iter().map(Self::of).collect();
                    Some(Self::Among(Box::new(Self::of(item)?), all?))
                }
                _ => None,
            },
            "double" if call.target.is_none() => Some(Self::Double(Self::one(call)?)),
            "startsWith" => Self::text_test(call, TextTest::StartsWith),
            "endsWith" => Self::text_test(call, TextTest::EndsWith),
            "contains" => Self::text_test(call, TextTest::Contains),
            _ => None,
        }
    }

    fn text_test(call: &CallExpr, test: TextTest) -> Option<Self> {
        let (Some(target), [part]) = (&call.target, call.args.as_slice()) else { return None };
        Some(Self::Matched(Box::new([Self::of(target)?, Self::of(part)?]), test))
    }

    fn one(call: &CallExpr) -> Option<Box<Self>> {
        let [only] = call.args.as_slice() else { return None };
        Self::of(only).map(Box::new)
    }

    fn two(call: &CallExpr) -> Option<Box<[Self; 2]>> {
        let [left, right] = call.args.as_slice() else { return None };
        Some(Box::new([Self::of(left)?, Self::of(right)?]))
    }

    /// Evaluates; `None` for what is left to CEL, every failure among it.
    pub fn evaluate<'a>(&'a self, message: &'a Message) -> Option<Plain<'a>> {
        Some(match self {
            Self::Constant(constant) => match constant {
                Constant::Null => Plain::Null,
                Constant::Bool(flag) => Plain::Bool(*flag),
                Constant::Int(number) => Plain::Int(*number),
                Constant::Double(number) => Plain::Double(*number),
                Constant::Text(text) => Plain::Text(text),
            },
            Self::Name(name) => named(*name, message),
            Self::Field(_) | Self::Header(..) => self.place(message)?.seen(),
            Self::Has(object, field) => {
                let object = object.place(message).filter(|object| object.is_object())?;
                Plain::Bool(object.field(field).is_some())
            }
            Self::Not(_) | Self::And(_) | Self::Or(_) | Self::Equal(..) | Self::Compared(..) => Plain::Bool(self.flag(message)?),
            Self::Negated(inner) => match inner.evaluate(message)? {
                Plain::Int(number) => Plain::Int(number.checked_neg()?),
                Plain::Double(number) => Plain::Double(-number),
                _ => return None,
            },
            Self::Calculated(sides, operation) => match self.int(message) {
                Some(number) => Plain::Int(number),
                None => calculate(sides[0].evaluate(message)?, sides[1].evaluate(message)?, *operation)?,
            },
            Self::Matched(sides, test) => match (sides[0].evaluate(message)?, sides[1].evaluate(message)?) {
                (Plain::Text(text), Plain::Text(part)) => Plain::Bool(match test {
                    TextTest::StartsWith => text.starts_with(part),
                    TextTest::EndsWith => text.ends_with(part),
                    TextTest::Contains => text.contains(part),
                }),
                _ => return None,
            },
            Self::Among(item, all) => {
                let item = item.evaluate(message)?;
                let mut found = false;
                for one in all {
                    found |= same(item, one.evaluate(message)?)?;
                }
                Plain::Bool(found)
            }
            Self::Chosen(parts) => parts[if parts[0].flag(message)? { 1 } else { 2 }].evaluate(message)?,
            Self::Double(inner) => match inner.evaluate(message)? {
                Plain::Int(number) => Plain::Double(number as f64),
                Plain::Double(number) => Plain::Double(number),
                _ => return None,
            },
        })
    }

    /// Where a path leads.
    fn place<'a>(&'a self, message: &'a Message) -> Option<Look<'a>> {
        let (start, steps) = match self {
            Self::Field(steps) => (message.payload.look()?, steps),
            Self::Header(name, steps) => (Look::Built(message.header(name)?), steps),
            _ => return None,
        };
        steps.iter().try_fold(start, |at, step| match step {
            Step::Field(name) => at.field(name),
            Step::Item(number) => at.item(*number),
        })
    }

    /// Evaluates to true or false; `None` for what is left to CEL.
    pub fn flag(&self, message: &Message) -> Option<bool> {
        Some(match self {
            Self::Not(inner) => !inner.flag(message)?,
            Self::And(sides) => sides[0].flag(message)? && sides[1].flag(message)?,
            Self::Or(sides) => sides[0].flag(message)? || sides[1].flag(message)?,
            Self::Equal(sides, equal) => {
                let same = match Self::ints(sides, message) {
                    Some((left, right)) => left == right,
                    None => same(sides[0].evaluate(message)?, sides[1].evaluate(message)?)?,
                };
                same == *equal
            }
            Self::Compared(sides, comparison) => {
                let order = match Self::ints(sides, message) {
                    Some((left, right)) => left.cmp(&right),
                    None => order(sides[0].evaluate(message)?, sides[1].evaluate(message)?)?,
                };
                match comparison {
                    Comparison::Less => order == Ordering::Less,
                    Comparison::LessOrEqual => order != Ordering::Greater,
                    Comparison::Greater => order == Ordering::Greater,
                    Comparison::GreaterOrEqual => order != Ordering::Less,
                }
            }
            _ => match self.evaluate(message)? {
                Plain::Bool(flag) => flag,
                _ => return None,
            },
        })
    }

    /// Evaluates to a whole number, in registers: what most conditions compare and most assignments count. `None` says nothing about it.
    #[inline]
    pub fn int(&self, message: &Message) -> Option<i64> {
        match self {
            Self::Constant(Constant::Int(number)) => Some(*number),
            Self::Header(name, steps) if steps.is_empty() => message.header(name)?.as_i64(),
            Self::Calculated(sides, operation) => Self::ints(sides, message).and_then(|(left, right)| whole(left, right, *operation)),
            other => other.seldom_int(message),
        }
    }

    fn seldom_int(&self, message: &Message) -> Option<i64> {
        match self {
            Self::Field(_) | Self::Header(..) => match self.place(message)?.seen() {
                Plain::Int(number) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// Both sides, if both are whole numbers. The right one is looked at first: it is a constant more often, and rules out most others.
    #[inline]
    fn ints(sides: &[Self; 2], message: &Message) -> Option<(i64, i64)> {
        let right = sides[1].side(message)?;
        Some((sides[0].side(message)?, right))
    }

    /// The same for one side of an operation: most are a constant or a header.
    #[inline]
    fn side(&self, message: &Message) -> Option<i64> {
        match self {
            Self::Constant(Constant::Int(number)) => Some(*number),
            Self::Header(name, steps) if steps.is_empty() => message.header(name)?.as_i64(),
            other => other.inner_int(message),
        }
    }

    #[inline(never)]
    fn inner_int(&self, message: &Message) -> Option<i64> {
        self.int(message)
    }
}

fn text(text: Option<&str>) -> Plain<'_> {
    text.map_or(Plain::Null, Plain::Text)
}

fn named(name: Name, message: &Message) -> Plain<'_> {
    match name {
        Name::Key => text(message.key()),
        Name::Topic => text(message.head().topic.as_deref()),
        Name::Correlation => text(message.head().correlation.as_deref()),
        Name::Size => Plain::Int(message.payload.len() as i64),
        Name::Priority => Plain::Int(i64::from(message.priority)),
        Name::Attempt => match &message.settlement {
            Settlement::One(delivery) => Plain::Int(i64::from(delivery.attempt)),
            Settlement::None | Settlement::Many(_) => Plain::Int(1),
        },
    }
}

/// Whether two values are equal; numbers by what they are worth.
fn same(left: Plain<'_>, right: Plain<'_>) -> Option<bool> {
    use Plain::{Bool, Double, Int, Null, Text, Whole};
    Some(match (left, right) {
        (Whole, _) | (_, Whole) => return None,
        (Null, Null) => true,
        (Bool(left), Bool(right)) => left == right,
        (Text(left), Text(right)) => left == right,
        (Int(_) | Double(_), Int(_) | Double(_)) => order(left, right)? == Ordering::Equal,
        _ => false,
    })
}

fn order(left: Plain<'_>, right: Plain<'_>) -> Option<Ordering> {
    match (left, right) {
        (Plain::Int(left), Plain::Int(right)) => Some(left.cmp(&right)),
        (Plain::Double(left), Plain::Double(right)) => left.partial_cmp(&right),
        (Plain::Int(left), Plain::Double(right)) => exact(left)?.partial_cmp(&right),
        (Plain::Double(left), Plain::Int(right)) => left.partial_cmp(&exact(right)?),
        (Plain::Text(left), Plain::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn whole(left: i64, right: i64, operation: Operation) -> Option<i64> {
    match operation {
        Operation::Add => left.checked_add(right),
        Operation::Subtract => left.checked_sub(right),
        Operation::Multiply => left.checked_mul(right),
        Operation::Divide => left.checked_div(right),
        Operation::Modulo => left.checked_rem(right),
    }
}

fn calculate<'a>(left: Plain<'_>, right: Plain<'_>, operation: Operation) -> Option<Plain<'a>> {
    match (left, right) {
        (Plain::Int(left), Plain::Int(right)) => whole(left, right, operation).map(Plain::Int),
        (Plain::Double(left), Plain::Double(right)) => match operation {
            Operation::Add => Some(left + right),
            Operation::Subtract => Some(left - right),
            Operation::Multiply => Some(left * right),
            Operation::Divide => Some(left / right),
            Operation::Modulo => None,
        }
        .map(Plain::Double),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
