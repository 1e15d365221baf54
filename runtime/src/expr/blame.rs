//! Errors of expressions in words for a person, with the column they belong to.

use super::ExpressionError;
use super::bind::Bindings;
use super::check::column;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::common::types::CelBool;
use cel::{Context, ExecutionError, ParseErrors, Program, Value};

/// The first syntax error.
pub(super) fn syntax(text: &str, errors: &ParseErrors) -> ExpressionError {
    let Some(error) = errors.errors.first() else { return ExpressionError::new(1, "this is no expression") };
    // The parser counts lines from 1 and columns within a line from 1 or 0; ours counts through the whole text.
    let (line, in_line) = (error.pos.0.max(1) as usize, error.pos.1.max(0) as usize);
    let before: usize = text.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let most = text.chars().count() + 1;
    ExpressionError::new((before + in_line.max(1)).min(most) as u32, said(text, &error.msg))
}

/// What the parser said, in words of ours: its own speak of tokens, and list all that could follow.
fn said(text: &str, error: &str) -> String {
    let error = error.replace("Syntax error: ", "");
    // The quoted part may hold quotes itself.
    let quoted =
        |rest: &str| rest.strip_prefix('\'').map(|rest| rest.rsplit_once('\'').map_or(rest, |(quoted, _)| quoted).trim().to_owned());
    let found = |rest: &str| quoted(rest.split(" expecting ").next().unwrap_or(rest)).unwrap_or_default();
    if let Some(rest) = error.strip_prefix("token recognition error at: ") {
        return match quoted(rest).unwrap_or_default() {
            sign if sign == "=>" || sign == "=<" => format!("`{sign}` is no operator: did you mean `{}=`?", &sign[1..]),
            sign if sign.starts_with('=') => "`=` compares nothing: did you mean `==`?".to_owned(),
            sign if sign.starts_with('&') => "`&` is no operator: did you mean `&&`?".to_owned(),
            sign if sign.starts_with('|') => "`|` is no operator: did you mean `||`?".to_owned(),
            sign if sign.starts_with(['"', '\'']) => "a text begins here that does not end: its closing quote is missing".to_owned(),
            sign => format!("`{sign}` means nothing here"),
        };
    }
    for start in ["mismatched input ", "extraneous input ", "no viable alternative at input "] {
        let Some(rest) = error.strip_prefix(start) else { continue };
        let found = found(rest);
        if found == "." {
            return "a name is missing after `.`".to_owned();
        }
        if !(found.ends_with("<EOF>") || found.is_empty()) {
            return format!("`{found}` does not belong here");
        }
        return match text.split_whitespace().last() {
            Some(last) if last.ends_with(|c: char| c.is_alphanumeric() || ")]}_\"'".contains(c)) => {
                "the expression ends too early: something is missing at its end, such as a closing bracket".to_owned()
            }
            last => format!("the expression ends too early: a value is missing after `{}`", last.unwrap_or_default()),
        };
    }
    match error.strip_prefix("missing ").and_then(|rest| rest.split_once(" at ")) {
        Some((missing, _)) if missing.starts_with('\'') => format!("a `{}` is missing here", missing.trim_matches('\'')),
        _ => error.replace("<EOF>", "the end"),
    }
}

/// What went wrong on a message. CEL's errors carry no place, so the parts are evaluated again, innermost first: the first part that
/// fails is to blame.
pub(super) fn failure(program: &Program, error: &ExecutionError, context: &Context<'_, '_>, bindings: &Bindings<'_>) -> ExpressionError {
    if let (ExecutionError::UndeclaredReference(_), Err(not_json)) = (error, bindings.message.payload.value()) {
        return ExpressionError::new(column(program, culprit(program.expression(), context).id), not_json.to_string());
    }
    ExpressionError::new(column(program, culprit(program.expression(), context).id), words(error, bindings.most_items))
}

fn culprit<'e>(expression: &'e IdedExpr, context: &Context<'_, '_>) -> &'e IdedExpr {
    let failing = |part: &&'e IdedExpr| Value::resolve_val(part, context).is_err();
    parts(expression, context).into_iter().find(failing).map_or(expression, |part| culprit(part, context))
}

/// The parts that are evaluated for a whole, without those inside a loop, whose variables are gone.
fn parts<'e>(expression: &'e IdedExpr, context: &Context<'_, '_>) -> Vec<&'e IdedExpr> {
    match &expression.expr {
        Expr::Call(call) if call.func_name == "_?_:_" => {
            let chosen = Value::resolve_val(&call.args[0], context).ok();
            match chosen.and_then(|chosen| chosen.downcast_ref::<CelBool>().map(|flag| *flag.inner())) {
                Some(true) => vec![&call.args[1]],
                Some(false) => vec![&call.args[2]],
                None => vec![&call.args[0]],
            }
        }
        Expr::Call(call) => {
            // `math` in `math.abs(x)` is no value.
            let target = call.target.as_deref().filter(|target| !matches!(&target.expr, Expr::Ident(name) if name != "message"));
            target.into_iter().chain(&call.args).collect()
        }
        Expr::Select(select) => vec![&*select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => {
            let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            });
            entries.flatten().collect()
        }
        Expr::Comprehension(comprehension) => vec![&comprehension.iter_range],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => Vec::new(),
    }
}

fn words(error: &ExecutionError, most_items: usize) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("there is no field `{name}` (has(...) asks whether there is)"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".to_owned(),
        ExecutionError::Overflow(operator, ..) => format!("`{}` gives a number that is too large", symbol(operator)),
        ExecutionError::IndexOutOfBounds(index) => format!("there is no item {} in the list", short(index)),
        ExecutionError::UnexpectedType { got, want } if want == "iterable" && (got == "list" || got == "map") => {
            format!("a list of more than {most_items} items cannot be looped over here")
        }
        ExecutionError::UnexpectedType { got, want } => format!("expected {}, found {}", sort(want), sort(got)),
        ExecutionError::NoSuchOverload(overload) => applied(overload.function(), overload.argument_types()),
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            applied(operator, &[left.type_of().to_string(), right.type_of().to_string()])
        }
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known here"),
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::DuplicateKey(key) => format!("the key {} stands twice in a map", short(key)),
        other => clipped(&other.to_string()),
    }
}

fn applied(operator: &str, types: &[String]) -> String {
    let all: Vec<&str> = types.iter().map(|name| sort(name)).collect();
    let numbers = types.iter().any(|name| name == "int") && types.iter().any(|name| name == "double" || name == "float");
    let hint = if numbers { "; make both the same with double(...) or int(...)" } else { "" };
    if all.is_empty() {
        return format!("`{}` does not work without arguments", symbol(operator));
    }
    format!("`{}` does not work on {}{hint}", symbol(operator), all.join(" and "))
}

/// How an operator is written, from any of its names.
fn symbol(operator: &str) -> &str {
    match operator {
        "add" | "_+_" => "+",
        "sub" | "_-_" | "-_" => "-",
        "mul" | "_*_" => "*",
        "div" | "_/_" => "/",
        "rem" | "mod" | "_%_" => "%",
        "_[_]" => "[...]",
        "@in" => "in",
        "!_" => "!",
        "_?_:_" => "? :",
        other => other.trim_matches('_'),
    }
}

fn sort(name: &str) -> &str {
    match name {
        "int" => "a whole number (int)",
        "uint" => "an unsigned number (uint)",
        "double" | "float" => "a number with a fraction (double)",
        "string" => "a text",
        "bool" => "true or false",
        "null_type" | "null" => "null",
        "list" => "a list",
        "map" => "a map",
        other => other,
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => clipped(&format!("{text:?}")),
        other => clipped(&format!("{other:?}")),
    }
}

/// Errors may quote whole values; a person needs the beginning.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
