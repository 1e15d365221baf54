//! Reads a node's settings by their fields, and collects every problem on the way.

use super::field::{FieldType, Preset, Yields};
use super::kind::Kind;
use crate::distribution::Distribution;
use crate::expr::{Expression, JqProgram, Sort};
use crate::id::NodeId;
use crate::problem::{Problem, Subject, nearest};
use crate::setting::{Setting, Settings};
use crate::template::Template;
use crate::trust::{self, Capability};
use crate::units::{Rate, Size, Span};
use std::path::PathBuf;

/// A node's settings on their way into a behaviour. Each read names a field of the kind; a value that does not fit becomes a problem at
/// the setting, and the read goes on with the default, so that all problems are found at once.
pub struct Form<'a> {
    node: &'a NodeId,
    kind: &'static Kind,
    settings: &'a Settings,
    files: Option<&'a ReadFile<'a>>,
    receivers: &'a [Receiver<'a>],
    problems: Vec<Problem>,
    needs: Vec<Need>,
}

/// What a live run of a node needs that its user must allow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Need {
    /// The node.
    pub node: NodeId,
    /// The setting that asks for it.
    pub setting: String,
    /// What is asked for.
    pub capability: Capability,
}

/// A node at the other end of a pipe, as its sender's form sees it: a topic reads there what its subscriptions want.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// The sender's output.
    pub output: usize,
    /// Which of that output's pipes leads there, from 0.
    pub branch: u32,
    /// Its id.
    pub id: &'a NodeId,
    /// Its kind.
    pub kind: &'static Kind,
    /// Its settings.
    pub settings: &'a Settings,
}

impl Receiver<'_> {
    /// One of its settings, or the default.
    pub fn value(&self, name: &str) -> Option<Setting> {
        self.settings.get(name).cloned().or_else(|| self.kind.field(name)?.default_under(self.kind.fields, self.settings))
    }

    /// A text or word among its settings, or the default.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    /// A problem with one of its settings.
    pub fn problem(&self, name: &str, message: impl Into<String>) -> Problem {
        Problem::error("PW207", Subject::Setting(self.id.clone(), name.to_owned()), message)
    }
}

/// How the planner reads a file that a setting names, such as the values of an empirical distribution: the text, or why not.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

impl<'a> Form<'a> {
    /// A form over the settings of one node.
    pub const fn new(node: &'a NodeId, kind: &'static Kind, settings: &'a Settings) -> Self {
        Self { node, kind, settings, files: None, receivers: &[], problems: Vec::new(), needs: Vec::new() }
    }

    /// The same, with a way to read the files that settings name. Without one (in `check`, which touches no file) they stay unread.
    #[must_use]
    pub const fn with_files(mut self, files: &'a ReadFile<'a>) -> Self {
        self.files = Some(files);
        self
    }

    /// The same, with the nodes that it sends to.
    #[must_use]
    pub const fn with_receivers(mut self, receivers: &'a [Receiver<'a>]) -> Self {
        self.receivers = receivers;
        self
    }

    /// The nodes that its outputs lead to: those of outputs that copy ([`crate::node::Fan::Copy`]), output by output.
    pub const fn receivers(&self) -> &'a [Receiver<'a>] {
        self.receivers
    }

    /// A live run of this node does this because of a setting: it starts only if its user has allowed it. A simulation does not do it.
    pub fn need(&mut self, setting: &str, capability: Capability) {
        let need = Need { node: self.node.clone(), setting: setting.to_owned(), capability };
        // A kind may read a field twice.
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    /// What a live run needs, as far as the settings were read.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The problems found so far.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Reports a problem of the kind's own about one setting.
    pub fn problem(&mut self, name: &str, message: impl Into<String>, hint: impl Into<String>) {
        let subject = Subject::Setting(self.node.clone(), name.to_owned());
        self.problems.push(Problem::error("PW207", subject, message).hint(hint));
    }

    /// Reports a finished problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The subject of problems about one setting.
    pub fn subject(&self, name: &str) -> Subject {
        Subject::Setting(self.node.clone(), name.to_owned())
    }

    /// The node's id.
    pub const fn node(&self) -> &NodeId {
        self.node
    }

    /// The value as it stands, or the default.
    pub fn value(&mut self, name: &str) -> Option<Setting> {
        let field = self.kind.field(name).expect("a kind reads only fields it declares");
        if let Some(setting) = self.settings.get(name) {
            let word = setting.as_str().unwrap_or_default();
            let lacks = field.lacks_under(self.kind.fields, self.settings);
            let Some(why) = lacks.or_else(|| field.lacks_word_under(word, self.kind.fields, self.settings)) else {
                return Some(setting.clone());
            };
            let choice = field.lacks.iter().find(|lack| lack.why == why).map_or("", |lack| lack.choice);
            let by = self.settings.get(choice).and_then(Setting::as_str).unwrap_or_default();
            let what = if lacks.is_some() { format!("`{name}`") } else { format!("`{name}: {word}`") };
            let problem = Problem::error("PW215", self.subject(name), format!("there is no {what} with `{choice}: {by}`"));
            self.problems.push(problem.hint(why));
            return field.default_under(self.kind.fields, self.settings);
        }
        if matches!(field.default, Preset::Required) && field.shown_under(self.kind.fields, self.settings) {
            let subject = self.subject(name);
            let message = format!("`{name}` must be set");
            self.problems.push(Problem::error("PW201", subject, message).hint(field.help));
        }
        field.default_under(self.kind.fields, self.settings)
    }

    fn read<T>(&mut self, name: &str, read: impl Fn(&Setting) -> Result<T, String>) -> Option<T> {
        let value = self.value(name)?;
        match read(&value) {
            Ok(value) => Some(value),
            Err(message) => {
                let subject = self.subject(name);
                let help = self.kind.field(name).map_or("", |field| field.help);
                self.problems.push(Problem::error("PW202", subject, message).hint(help));
                let default = self.kind.field(name)?.default_under(self.kind.fields, self.settings)?;
                read(&default).ok()
            }
        }
    }

    /// Text, as written.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, |setting| match setting {
            Setting::Text(text) => Ok(text.clone()),
            other => Err(format!("expected a text, found {}", other.sort())),
        })
    }

    /// On or off.
    pub fn flag(&mut self, name: &str) -> bool {
        let read = |setting: &Setting| match setting {
            Setting::Flag(flag) => Ok(*flag),
            other => Err(format!("expected true or false, found {}", other.sort())),
        };
        self.read(name, read).unwrap_or(false)
    }

    /// A whole number within the field's limits.
    pub fn integer(&mut self, name: &str) -> Option<i64> {
        let Some(FieldType::Integer(least, most)) = self.kind.field(name).map(|field| field.ty) else {
            unreachable!("`{name}` is declared as an integer")
        };
        self.read(name, |setting| match setting {
            Setting::Integer(number) if (least..=most).contains(number) => Ok(*number),
            Setting::Integer(number) => Err(format!("expected a whole number from {least} to {most}, found {number}")),
            other => Err(format!("expected a whole number from {least} to {most}, found {}", other.sort())),
        })
    }

    /// A number within the field's limits; shares are numbers from 0 to 1.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let (least, most) = match self.kind.field(name).map(|field| field.ty) {
            Some(FieldType::Number(least, most)) => (least, most),
            Some(FieldType::Share) => (0.0, 1.0),
            _ => unreachable!("`{name}` is declared as a number"),
        };
        self.read(name, |setting| {
            let number = match setting {
                Setting::Number(number) => *number,
                Setting::Integer(number) => *number as f64,
                other => return Err(format!("expected a number, found {}", other.sort())),
            };
            // Written so that NaN fails.
            if number >= least && number <= most {
                Ok(number)
            } else {
                Err(format!("expected a number from {least} to {most}, found {number}"))
            }
        })
    }

    /// A span of time.
    pub fn span(&mut self, name: &str) -> Option<Span> {
        let Some(FieldType::Span(least)) = self.kind.field(name).map(|field| field.ty) else {
            unreachable!("`{name}` is declared as a span")
        };
        self.read(name, |setting| {
            let span: Span = quantity(setting, "a span of time such as \"250 ms\"")?;
            if span.0 < least {
                return Err(format!("expected at least {}, found {span}", Span(least)));
            }
            Ok(span)
        })
    }

    /// A rate above zero.
    pub fn rate(&mut self, name: &str) -> Option<Rate> {
        self.read(name, |setting| {
            let rate: Rate = quantity(setting, "a rate such as \"200/s\"")?;
            if rate.0 > 0.0 && rate.0 <= 1e9 { Ok(rate) } else { Err(format!("expected a rate above zero, up to 1e9/s, found {rate}")) }
        })
    }

    /// A number of bytes, at least one.
    pub fn size(&mut self, name: &str) -> Option<Size> {
        self.read(name, |setting| {
            let size: Size = quantity(setting, "a size such as \"64 KiB\"")?;
            if size.0 >= 1 { Ok(size) } else { Err("expected at least 1 B".to_owned()) }
        })
    }

    /// One word of a choice: its position in the field's list.
    pub fn choice(&mut self, name: &str) -> &'static str {
        let Some(FieldType::Choice(words)) = self.kind.field(name).map(|field| field.ty) else {
            unreachable!("`{name}` is declared as a choice")
        };
        let read = |setting: &Setting| {
            let Some(text) = setting.as_str() else {
                return Err(format!("expected one of {}, found {}", list(words.iter().map(|w| w.name)), setting.sort()));
            };
            words.iter().find(|word| word.name == text).map(|word| word.name).ok_or_else(|| {
                let meant = nearest(text, words.iter().map(|word| word.name));
                let meant = meant.map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"));
                format!("expected one of {}, found `{text}`{meant}", list(words.iter().map(|w| w.name)))
            })
        };
        self.read(name, read).unwrap_or(words[0].name)
    }

    /// A distribution of spans of time.
    pub fn distribution(&mut self, name: &str) -> Option<Distribution> {
        let files = self.files;
        self.read(name, |setting| {
            let mut distribution = Distribution::from_setting(setting)?;
            if let Some(files) = files {
                distribution.resolve(files)?;
            }
            Ok(distribution)
        })
    }

    /// A path to a file. One that leads out of the folders that a graph may use anyway must be allowed for a live run.
    pub fn path(&mut self, name: &str) -> Option<PathBuf> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
        let path = PathBuf::from(&text);
        let written = matches!(self.kind.field(name).map(|field| field.ty), Some(FieldType::Path { written: true }));
        match written {
            true if !trust::stays_inside(&path) => self.need(name, Capability::Write(text)),
            false if !trust::stays_inside(&path) && !trust::is_shared_data(&path) => self.need(name, Capability::Read(text)),
            _ => {}
        }
        Some(path)
    }

    /// A CEL expression, compiled. The column of an error is the column in the setting's own text.
    pub fn expression(&mut self, name: &str) -> Option<Expression> {
        let text = self.text(name)?;
        let expression = self.compiled(name, &text, Expression::compile(&text).map_err(|error| (error.message, error.column)))?;
        let wanted = match self.kind.field(name).map(|field| field.ty) {
            Some(FieldType::Expression(Yields::Bool)) if !matches!(expression.sort(), Sort::Bool | Sort::Unknown) => "true or false",
            Some(FieldType::Expression(Yields::Text)) if matches!(expression.sort(), Sort::Null | Sort::List | Sort::Map) => "a text",
            _ => return Some(expression),
        };
        let message = format!("expected an expression that yields {wanted}, this one yields {}", expression.sort().words());
        self.compiled(name, &text, Err((message, 1)))
    }

    /// A jq program, compiled.
    pub fn jq(&mut self, name: &str) -> Option<JqProgram> {
        let text = self.text(name)?;
        self.compiled(name, &text, JqProgram::compile(&text).map_err(|error| (error.message, error.column)))
    }

    /// A payload template, compiled.
    pub fn template(&mut self, name: &str) -> Option<Template> {
        let text = self.text(name)?;
        self.compiled(name, &text, Template::compile(&text).map_err(|error| (error.message, error.column)))
    }

    /// Names to compiled expressions, in order.
    pub fn expressions(&mut self, name: &str) -> Vec<(String, Expression)> {
        let pairs: Option<Vec<(String, String)>> = self.read(name, |setting| match setting {
            Setting::Map(pairs) => pairs
                .iter()
                .map(|(name, value)| match value {
                    Setting::Text(text) => Ok((name.clone(), text.clone())),
                    other => Err(format!("expected an expression for `{name}`, found {}", other.sort())),
                })
                .collect(),
            other => Err(format!("expected a map {{\"name\": \"expression\"}}, found {}", other.sort())),
        });
        let mut compiled = Vec::new();
        for (key, text) in pairs.unwrap_or_default() {
            let result = Expression::compile(&text).map_err(|error| (format!("`{key}`: {}", error.message), error.column));
            compiled.extend(self.compiled(name, &text, result).map(|expression| (key, expression)));
        }
        compiled
    }

    /// Names to weights of zero and more, in order.
    pub fn weights(&mut self, name: &str) -> Vec<(String, f64)> {
        let read = |setting: &Setting| match setting {
            Setting::Map(pairs) => pairs.iter().map(|(name, value)| Ok((name.clone(), weight(name, value)?))).collect(),
            other => Err(format!("expected a map {{\"name\": weight}}, found {}", other.sort())),
        };
        self.read(name, read).unwrap_or_default()
    }

    fn compiled<T>(&mut self, name: &str, text: &str, result: Result<T, (String, u32)>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err((message, column)) => {
                // Compilers count columns through the whole text; a person counts them in the line.
                let before: String = text.chars().take(column.saturating_sub(1) as usize).collect();
                let line = 1 + before.matches('\n').count() as u32;
                let column = 1 + before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u32;
                let subject = self.subject(name);
                self.problems.push(Problem::error("PW203", subject, message).at(line, column));
                None
            }
        }
    }
}

fn weight(name: &str, value: &Setting) -> Result<f64, String> {
    let number = match value {
        Setting::Integer(number) => *number as f64,
        Setting::Number(number) => *number,
        other => return Err(format!("expected a number for `{name}`, found {}", other.sort())),
    };
    // Written so that NaN fails.
    if (0.0..=1e9).contains(&number) { Ok(number) } else { Err(format!("expected a weight from 0 to 1e9 for `{name}`, found {number}")) }
}

fn quantity<T: std::str::FromStr<Err = crate::units::UnitError>>(setting: &Setting, expected: &str) -> Result<T, String> {
    match setting {
        Setting::Text(text) => text.parse().map_err(|error: crate::units::UnitError| error.to_string()),
        Setting::Integer(number) => Err(format!("expected {expected}, found {number} without a unit")),
        Setting::Number(number) => Err(format!("expected {expected}, found {number} without a unit")),
        other => Err(format!("expected {expected}, found {}", other.sort())),
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
