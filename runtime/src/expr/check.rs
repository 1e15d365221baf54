//! Checks a compiled expression: every name known, loops not nested too deep, no loop over a map whose order nobody knows.

use super::names::{FUNCTIONS, NAMES, TYPES};
use super::{Expression, ExpressionError, Sort};
use crate::problem::nearest;
use cel::Program;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

/// Checks the names, and returns how deep loops nest.
pub(super) fn names(program: &Program) -> Result<u32, ExpressionError> {
    let mut walk = Walk { program, locals: Vec::new(), nested: 0, deepest: 0 };
    walk.expression(program.expression())?;
    Ok(walk.deepest)
}

/// The column of a part, in characters from 1; 1 for parts that a macro made.
pub(super) fn column(program: &Program, id: u64) -> u32 {
    program.source_info().offset_for(id).map_or(1, |(start, _)| start + 1)
}

struct Walk<'e> {
    program: &'e Program,
    locals: Vec<&'e str>,
    nested: u32,
    deepest: u32,
}

impl<'e> Walk<'e> {
    fn fail(&self, id: u64, words: String) -> Result<(), ExpressionError> {
        Err(ExpressionError::new(column(self.program, id), words))
    }

    fn expression(&mut self, expression: &'e IdedExpr) -> Result<(), ExpressionError> {
        match &expression.expr {
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
            Expr::Ident(name) => self.name(expression.id, name),
            Expr::Select(select) => self.expression(&select.operand),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.expression(&entry.key).and_then(|()| self.expression(&entry.value)),
                EntryExpr::StructField(field) => self.expression(&field.value),
            }),
            Expr::Struct(made) => {
                self.fail(expression.id, format!("`{}` is no known type; write a map: {{'name': value}}", made.type_name))
            }
            Expr::Call(call) => self.call(expression.id, call),
            Expr::Comprehension(comprehension) => self.comprehension(expression.id, comprehension),
        }
    }

    fn name(&self, id: u64, name: &str) -> Result<(), ExpressionError> {
        // Names that macros make begin with `@`.
        let known = || NAMES.iter().map(|known| known.name).chain(self.locals.iter().copied());
        if name.starts_with('@') || known().any(|known| known == name) || TYPES.contains(&name) {
            return Ok(());
        }
        let meant = match nearest(name, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("fields of the payload are written message.{name}"),
        };
        self.fail(id, format!("`{name}` is not known here ({meant})"))
    }

    fn call(&mut self, id: u64, call: &'e CallExpr) -> Result<(), ExpressionError> {
        let name = call.func_name.as_str();
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains('@');
        let space = match call.target.as_deref() {
            Some(IdedExpr { expr: Expr::Ident(space), .. }) if matches!(space.as_str(), "math" | "optional" | "strings") => Some(space),
            _ => None,
        };
        let full = space.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
        if !operator && !FUNCTIONS.iter().any(|function| function.name == full) {
            let meant = nearest(&full, FUNCTIONS.iter().map(|function| function.name));
            let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
            return self.fail(id, format!("there is no function `{full}`{meant}"));
        }
        if let (Some(target), None) = (&call.target, space) {
            self.expression(target)?;
        }
        call.args.iter().try_for_each(|argument| self.expression(argument))
    }

    fn comprehension(&mut self, id: u64, comprehension: &'e ComprehensionExpr) -> Result<(), ExpressionError> {
        self.expression(&comprehension.iter_range)?;
        if has_map(&comprehension.iter_range) {
            return self.fail(id, "the entries of a map have no order to loop in; loop over a list".to_owned());
        }
        self.expression(&comprehension.accu_init)?;
        let before = self.locals.len();
        self.locals.push(&comprehension.iter_var);
        self.locals.extend(comprehension.iter_var2.as_deref());
        self.locals.push(&comprehension.accu_var);
        self.nested += 1;
        self.deepest = self.deepest.max(self.nested);
        if self.nested > Expression::MOST_NESTED {
            return self.fail(id, format!("loops may nest {} deep: a jq node may do what this is meant for", Expression::MOST_NESTED));
        }
        for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
            self.expression(part)?;
        }
        self.nested -= 1;
        self.locals.truncate(before);
        Ok(())
    }
}

/// Whether a loop over this may be one over a map written in the expression.
fn has_map(range: &IdedExpr) -> bool {
    match &range.expr {
        Expr::Map(_) => true,
        Expr::Call(call) if call.func_name == "_?_:_" => call.args[1..].iter().any(has_map),
        Expr::Call(call) if call.func_name == "dyn" => call.args.iter().any(has_map),
        _ => false,
    }
}

/// What an expression yields, as far as its form tells.
pub(super) fn sort(expression: &IdedExpr) -> Sort {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Sort::Bool,
        Expr::Literal(LiteralValue::String(_)) => Sort::Text,
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => Sort::Number,
        Expr::Literal(LiteralValue::Null) => Sort::Null,
        Expr::List(_) => Sort::List,
        Expr::Map(_) => Sort::Map,
        Expr::Select(select) if select.test => Sort::Bool,
        Expr::Ident(name) => match name.as_str() {
            "size" | "attempt" | "priority" => Sort::Number,
            "id" => Sort::Text,
            "headers" => Sort::Map,
            _ => Sort::Unknown,
        },
        Expr::Call(call) => match call.func_name.as_str() {
            "_&&_" | "_||_" | "!_" | "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" | "@in" | "bool" | "contains" | "startsWith"
            | "endsWith" | "matches" | "hasValue" => Sort::Bool,
            "_-_" | "_*_" | "_/_" | "_%_" | "-_" | "size" | "int" | "uint" | "double" | "indexOf" => Sort::Number,
            "string" | "lowerAscii" | "upperAscii" | "substring" | "replace" | "trim" | "join" | "format" => Sort::Text,
            "_+_" => sum(call),
            "_?_:_" => match (sort(&call.args[1]), sort(&call.args[2])) {
                (one, other) if one == other => one,
                (Sort::Unknown | Sort::Bool, _) | (_, Sort::Unknown | Sort::Bool) => Sort::Unknown,
                _ => Sort::NotBool,
            },
            _ => Sort::Unknown,
        },
        _ => Sort::Unknown,
    }
}

/// `+` adds two of one sort, so the first that is known tells; nothing that it adds is true or false.
fn sum(call: &CallExpr) -> Sort {
    let known = call.args.iter().map(sort).find(|sort| matches!(sort, Sort::Number | Sort::Text | Sort::List));
    known.unwrap_or(Sort::NotBool)
}
