//! jq programs over payloads, bounded so that a stranger's program is safe to run.
//!
//! What does not belong to a message is left out: no clock, no environment, no time zone of the machine, no files, no output, no `halt`.
//! Besides `.` (the payload) a program sees `$headers`, `$key`, `$topic` and `$id`.
//!
//! Limits: a program may take 500,000 steps (look-ups of a term, items of a `range`) and 16 MiB of stack, and its caller says how many
//! outputs it may have. What a program builds by recursion is also taken down by recursion, which no meter sees; so the first 2,000
//! steps run on the caller's stack, and a program that needs more starts again on a stack large enough for whatever the steps can build.
//! Not bounded is the size of single values that a program doubles again and again (`. + .`, `. * .`, a text times a number).

use super::ExpressionError;
use crate::message::{Message, Value};
use jaq_core::data::HasLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::native::{self, Fun};
use jaq_core::{Compiler, Ctx, DataT, Exn, Filter, Lut, Vars};
use jaq_json::{Num, Val};
use serde::Deserialize;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// The longest program, in bytes.
const MAX_LEN: usize = 65_536;

/// What a run may use.
#[derive(Clone, Copy)]
struct Limits {
    steps: u64,
    stack: usize,
}

/// On the caller's stack: a level that a step builds takes less than 512 bytes to take down, so this stays within 1 MiB.
const LIGHT: Limits = Limits { steps: 2_000, stack: 256 << 10 };
/// On a stack of its own.
const HEAVY: Limits = Limits { steps: 500_000, stack: 16 << 20 };
/// Only what is used of it takes memory.
const HEAVY_STACK: usize = 512 << 20;

/// A program with more signs and words is compiled on a stack of its own.
const MOST_LIGHT_PARTS: usize = 200;
/// How deep a result may nest; JSON payloads nest no deeper (`serde_json`'s limit).
const MOST_DEPTH: u32 = 128;

/// What reaches outside the message, or stops the program that hosts it.
const LEFT_OUT: &[&str] = &[
    "halt",
    "halt_error",
    "env",
    "now",
    "localtime",
    "strflocaltime",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "input",
    "inputs",
];

/// `range($from; $to; $by)` with every item counted as a step, which the library's own does not do.
fn range() -> Fun<Bounded> {
    native::run(("range", native::v(3), |mut cv| {
        let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
        let (up, down) = (by > Val::from(0_isize), by < Val::from(0_isize));
        let mut next = Some(Ok(from));
        Box::new(std::iter::from_fn(move || {
            cv.0.data().lut();
            let value = match next.take()? {
                Ok(value) => value,
                Err(error) => return Some(Err(error)),
            };
            let within = if up {
                value < to
            } else if down {
                value > to
            } else {
                value != to
            };
            next = within.then(|| (value.clone() + by.clone()).map_err(Exn::from));
            within.then_some(Ok(value))
        }))
    }))
}

const VARIABLES: [&str; 4] = ["$headers", "$key", "$topic", "$id"];

/// Values and data of a run: the look-up table, and what is left of the limits.
struct Bounded;

impl DataT for Bounded {
    type V<'a> = Val;
    type Data<'a> = Meter<'a>;
}

#[derive(Clone, Copy)]
struct Meter<'a> {
    lut: &'a Lut<Bounded>,
    steps: &'a Cell<u64>,
    /// Where the stack stood when the run began, and how far it may go from there.
    begun: usize,
    stack: usize,
}

/// Why a program was stopped: thrown through the library, which has no way to be told, and caught where the run began.
enum Stopped {
    Steps,
    Stack,
}

impl<'a> HasLut<'a, Bounded> for Meter<'a> {
    /// The library asks for the table at each term that it runs, so this is where steps and stack are metered.
    fn lut(&self) -> &'a Lut<Bounded> {
        let left = self.steps.get();
        if left == 0 {
            resume_unwind(Box::new(Stopped::Steps));
        }
        self.steps.set(left - 1);
        if here().abs_diff(self.begun) > self.stack {
            resume_unwind(Box::new(Stopped::Stack));
        }
        self.lut
    }
}

/// About where the stack stands.
#[inline(never)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)) as usize
}

/// A compiled jq program. Clones share it; it may be used from any thread.
#[derive(Clone)]
pub struct JqProgram(Arc<Compiled>);

struct Compiled {
    source: String,
    filter: Filter<Bounded>,
    /// Whether the program mentions any of the variables.
    variables: bool,
}

impl JqProgram {
    /// Compiles.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if text.trim().is_empty() {
            return Err(ExpressionError::new(1, "expected a jq program, such as .lines[]"));
        }
        if text.len() > MAX_LEN {
            return Err(ExpressionError::new(1, format!("a jq program has at most {MAX_LEN} bytes")));
        }
        // The parser recurses for every operator and bracket; a long program is compiled on a stack that is large enough for any.
        let parts = text.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).count() + text.split_whitespace().count();
        if parts <= MOST_LIGHT_PARTS {
            return Self::compile_here(text);
        }
        std::thread::scope(|scope| {
            match std::thread::Builder::new().stack_size(HEAVY_STACK).spawn_scoped(scope, || Self::compile_here(text)) {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(error) => Err(ExpressionError::new(1, format!("no stack to compile a long program: {error}"))),
            }
        })
    }

    fn compile_here(text: &str) -> Result<Self, ExpressionError> {
        let kept = |name: &str| !LEFT_OUT.contains(&name);
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(|definition| kept(definition.name));
        let natives = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|native| kept(native.0));
        let natives = natives.filter(|native| native.0 != "range").chain([range()]);
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code: text, path: () }).map_err(|errors| load_error(text, &errors))?;
        let compiler = Compiler::default().with_funs(natives).with_global_vars(VARIABLES);
        let filter = compiler.compile(modules).map_err(|errors| {
            let error = errors.iter().flat_map(|(_, errors)| errors).next();
            let (part, undefined) = error.map_or(("", "filter"), |(part, undefined)| (*part, undefined.as_str()));
            ExpressionError::new(column(text, part), format!("there is no {undefined} `{part}` with so many arguments here"))
        })?;
        let variables = VARIABLES.iter().any(|name| text.contains(name));
        Ok(Self(Arc::new(Compiled { source: text.to_owned(), filter, variables })))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Runs over the payload: every output, up to `most`, within the limits. More outputs than `most` are an error: part of a result is none.
    pub fn run(&self, message: &Message, most: usize) -> Result<Vec<Value>, ExpressionError> {
        let payload = message.payload.value().map_err(|error| ExpressionError::new(1, error.to_string()))?;
        let result = match self.run_within(LIGHT, message, payload, most) {
            Err(Failure::Stopped(_)) => std::thread::scope(|scope| {
                let heavy = std::thread::Builder::new().stack_size(HEAVY_STACK);
                match heavy.spawn_scoped(scope, || self.run_within(HEAVY, message, payload, most)) {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                    Err(error) => Err(Failure::Words(format!("no stack for a program of many steps: {error}"))),
                }
            }),
            light => light,
        };
        result.map_err(|failure| match failure {
            Failure::Words(words) => ExpressionError::new(1, words),
            Failure::Stopped(Stopped::Steps) => ExpressionError::new(1, format!("the program did not end within {} steps", HEAVY.steps)),
            Failure::Stopped(Stopped::Stack) => ExpressionError::new(1, "the program calls itself too deep"),
        })
    }

    fn run_within(&self, limits: Limits, message: &Message, payload: &Value, most: usize) -> Result<Vec<Value>, Failure> {
        let steps = Cell::new(limits.steps);
        let meter = Meter { lut: &self.0.filter.lut, steps: &steps, begun: here(), stack: limits.stack };
        let run = || {
            let input = Val::deserialize(payload).map_err(|error| error.to_string())?;
            let variables = if self.0.variables { variables(message) } else { std::array::from_fn(|_| Val::Null) };
            let context = Ctx::<Bounded>::new(meter, Vars::new(variables));
            let mut outputs = Vec::new();
            for output in self.0.filter.id.run((context, input)) {
                let value = output.map_err(|error| match error.get_err() {
                    Ok(error) => clipped(&error.to_string()),
                    Err(_) => "the program broke off".to_owned(),
                })?;
                if outputs.len() == most {
                    return Err(format!("the program gave more than {most} outputs"));
                }
                outputs.push(json(&value, MOST_DEPTH)?);
            }
            Ok(outputs)
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(result) => result.map_err(Failure::Words),
            Err(thrown) => match thrown.downcast::<Stopped>() {
                Ok(stopped) => Err(Failure::Stopped(*stopped)),
                Err(panic) => resume_unwind(panic),
            },
        }
    }
}

/// Why a run gave nothing.
enum Failure {
    Words(String),
    Stopped(Stopped),
}

impl std::fmt::Debug for JqProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JqProgram({:?})", self.0.source)
    }
}
impl PartialEq for JqProgram {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

fn variables(message: &Message) -> [Val; 4] {
    let head = message.head();
    let text = |text: Option<&str>| text.map_or(Val::Null, |text| Val::from(text.to_owned()));
    let headers: serde_json::Map<String, Value> = head.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let headers = Val::deserialize(Value::Object(headers)).unwrap_or(Val::Null);
    [headers, text(message.key()), text(head.topic.as_deref()), Val::from(message.id.to_string())]
}

/// A result as JSON.
fn json(value: &Val, depth: u32) -> Result<Value, String> {
    let Some(deeper) = depth.checked_sub(1) else { return Err(format!("the result nests deeper than {MOST_DEPTH}")) };
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(flag) => Value::Bool(*flag),
        Val::Num(Num::Int(number)) => Value::from(*number as i64),
        Val::Num(other) => {
            let number = other.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            Value::Number(number.ok_or_else(|| format!("{other} is no JSON number"))?)
        }
        Val::TStr(text) | Val::BStr(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        Val::Arr(items) => Value::Array(items.iter().map(|item| json(item, deeper)).collect::<Result<_, _>>()?),
        Val::Obj(fields) => {
            let mut made = serde_json::Map::with_capacity(fields.len());
            for (name, value) in fields.iter() {
                let Val::TStr(name) = name else { return Err("the names in a JSON object must be texts".to_owned()) };
                made.insert(String::from_utf8_lossy(name).into_owned(), json(value, deeper)?);
            }
            Value::Object(made)
        }
    })
}

fn load_error(text: &str, errors: &load::Errors<&str, ()>) -> ExpressionError {
    let Some((_, error)) = errors.first() else { return ExpressionError::new(1, "this is no jq program") };
    let (part, expected) = match error {
        load::Error::Io(all) => (all.first().map_or("", |(part, _)| part), "no modules: they are not loaded here".to_owned()),
        load::Error::Lex(all) => all.first().map_or(("", String::new()), |(expected, part)| (*part, expected.as_str().to_owned())),
        load::Error::Parse(all) => all.first().map_or(("", String::new()), |(expected, part)| (*part, expected.as_str().to_owned())),
    };
    let found = part.split_whitespace().next().map_or("the end".to_owned(), |word| format!("`{}`", clipped(word)));
    ExpressionError::new(column(text, part), format!("expected {expected}, found {found}"))
}

/// The column at which `part`, a piece of `text`, stands; 1 if it is none.
fn column(text: &str, part: &str) -> u32 {
    let offset = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let before = offset.and_then(|offset| text.get(..offset));
    before.map_or(1, |before| before.chars().count() as u32 + 1)
}

/// Errors may quote whole values; a person needs the beginning.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::Payload;
    use crate::units::Moment;
    use serde_json::json;

    fn run_on(text: &str, payload: Value, most: usize) -> Result<Vec<Value>, ExpressionError> {
        let mut message = Message::new(MessageId(1), Moment::START, Payload::from_value(payload));
        message.set_header("tenant", json!("acme"));
        message.head_mut().key = Some("k".into());
        JqProgram::compile(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.column)).run(&message, most)
    }

    fn check(text: &str, expected: &[Value]) {
        let payload = json!({"z": 1, "a": {"b": [3, 1, 2]}, "name": "Ada", "price": 9.5, "none": null});
        assert_eq!(run_on(text, payload, 1_000).unwrap_or_else(|error| panic!("{text}: {error}")), expected, "{text}");
    }

    #[test]
    fn programs_reshape_payloads() {
        check(".", &[json!({"z": 1, "a": {"b": [3, 1, 2]}, "name": "Ada", "price": 9.5, "none": null})]);
        check(".a.b[]", &[json!(3), json!(1), json!(2)]);
        check("empty", &[]);
        check(
            "{n: .name, total: (.a.b | add), s: (.a.b | sort), p: (.price * 2)}",
            &[json!({"n": "Ada", "total": 6, "s": [1, 2, 3], "p": 19.0})],
        );
        check(".a.b |= map(. * 2) | .a", &[json!({"b": [6, 2, 4]})]);
        check("[range(5)], [range(2; 4)], [range(5; 0; -2)]", &[json!([0, 1, 2, 3, 4]), json!([2, 3]), json!([5, 3, 1])]);
        check("[limit(3; repeat(1))]", &[json!([1, 1, 1])]);
        check("reduce range(1000) as $i (0; . + $i)", &[json!(499_500)]);
        check(".name | test(\"^A\")", &[json!(true)]);
        check("$headers.tenant + $key", &[json!("acmek")]);
        check("to_entries | map(.key) | join(\",\")", &[json!("z,a,name,price,none")]);
        check("def f: if . > 100 then . else (. * 2 | f) end; .z | f", &[json!(128)]);
    }

    #[test]
    fn runaway_programs_are_stopped() {
        for (text, words) in [
            ("def f: f; f", "steps"),
            ("[repeat(1)]", "steps"),
            ("[range(1000000000000)] | length", "steps"),
            ("last(range(1; 1e18))", "steps"),
            ("until(false; . )", "steps"),
            ("def f: 1 + f; f", "too deep"),
            ("def f: [f]; f", "too deep"),
            ("repeat(1)", "more than 1000 outputs"),
            (".a.b | combinations", "cannot"),
        ] {
            let error = run_on(text, json!({"a": {"b": 1}}), 1_000).unwrap_err();
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn deep_values_are_built_dropped_and_refused_without_overflowing_a_small_stack() {
        for (text, words) in [
            ("reduce range(1000000) as $i (0; [.])", "steps"),
            ("reduce range(50000) as $i (0; [.])", "nests deeper"),
            ("reduce range(400) as $i (0; [.])", "nests deeper"),
            ("def f: 1 + f; f", "too deep"),
            ("def f(x): f(x | x); f(.)", "steps"),
            ("def f(x): f(x + 1 | x); f(.)", "steps"),
            ("def f: . as $x | [$x] | f; f", "steps"),
            ("def f($x): f([$x]); f(1)", "steps"),
        ] {
            let small = std::thread::Builder::new().stack_size(2 << 20);
            let error = small.spawn(|| run_on(text, json!(0), 10).unwrap_err()).unwrap().join().unwrap();
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_reaches_outside_the_message() {
        for text in ["halt", "env", "$ENV", "now", "input", "inputs", "debug", "stderr", "halt_error", "localtime", "include \"a\"; ."] {
            assert!(JqProgram::compile(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_are_told_with_a_column() {
        for (text, column, words) in [
            (". | foo", 5, "`foo`"),
            ("'ä' | foo", 1, "found"),
            (".a | (.b", 6, "expected"),
            (". +", 4, "expected"),
            ("$nope", 1, "variable"),
            ("", 1, "expected a jq program"),
        ] {
            let error = JqProgram::compile(text).unwrap_err();
            assert!(error.message.contains(words), "{text:.20}: {error}");
            assert!(error.column.abs_diff(column) <= 3, "{text:.20}: {error} at {}, expected {column}", error.column);
        }
        for (text, words) in [(".a + 1", "cannot"), ("error(\"bad order\")", "bad order"), (".a.b.c", "cannot"), ("nan", "JSON number")] {
            let error = run_on(text, json!({"a": {"b": "x"}}), 10).unwrap_err();
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_texts_neither_panic_nor_overflow_a_small_stack() {
        let parts = [
            "[",
            "(",
            "{a:",
            ".a|",
            ".a,",
            "..|",
            "-",
            "def f: ",
            "if . then ",
            "try ",
            ".[",
            "\"\\(",
            ". as $x | ",
            ".a",
            ".a?",
            "1+",
            "1//",
            "1 and ",
            ".[1]",
            "reduce ",
            "label $a | ",
            "else ",
            "1;",
            "f(",
            "@text \"\\(",
            "# ",
        ];
        let mut texts: Vec<String> =
            parts.iter().flat_map(|part| [20, 100, 400, 2_000, MAX_LEN / part.len()].map(|times| part.repeat(times) + "1")).collect();
        let mut random = crate::random::StreamKey::of_node(11, 0, "n").for_index(0);
        for _ in 0..1_000 {
            let length = random.below(12);
            texts.push((0..length).map(|_| parts[random.below(parts.len() as u64) as usize]).collect());
        }
        let small = std::thread::Builder::new().stack_size(2 << 20);
        let tried = small.spawn(move || {
            for text in texts.iter().filter(|text| text.len() <= MAX_LEN) {
                let outcome = catch_unwind(|| JqProgram::compile(text).is_ok());
                assert!(outcome.is_ok(), "panicked on {text:.100}");
            }
        });
        tried.unwrap().join().unwrap();
    }

    #[test]
    fn programs_move_between_threads() {
        fn can<T: Clone + Send + Sync>() {}
        can::<JqProgram>();
    }
}
