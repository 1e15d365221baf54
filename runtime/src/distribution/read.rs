//! Distributions from settings and back, and measured values from a file.

use super::Distribution;
use super::family::{FAMILIES, Family, ParameterType};
use crate::problem::nearest;
use crate::setting::Setting;
use crate::units::Span;
use std::fmt::Write;
use std::sync::Arc;

/// The most values an empirical distribution may have.
const MOST_VALUES: usize = 1_000_000;

impl Distribution {
    /// Reads the setting's form: `"20 ms"`, `exponential(mean: "20 ms")` or, with the parameters in the table's order,
    /// `exponential("20 ms")`. The error is one sentence for a person.
    pub fn from_setting(setting: &Setting) -> Result<Self, String> {
        let (name, given) = match setting {
            Setting::Text(text) => return text.parse().map(Self::Constant).map_err(|error: crate::units::UnitError| error.to_string()),
            Setting::Record(name, fields) => (name, Given { family: named(name)?, fields: fields.clone() }),
            Setting::Tuple(name, values) => (name, Given { family: named(name)?, fields: in_order(named(name)?, values)? }),
            Setting::Word(word) if Family::named(word).is_some() => {
                return Err(format!("`{word}` needs its parameters: {}", form(named(word)?)));
            }
            other => {
                return Err(format!("expected a distribution such as \"20 ms\" or exponential(mean: \"20 ms\"), found {}", other.sort()));
            }
        };
        given.check_names()?;
        match name.as_str() {
            "constant" => given.span("value").map(Self::Constant),
            "exponential" => given.span("mean").map(Self::Exponential),
            "uniform" => {
                let (from, to) = (given.span("from")?, given.span("to")?);
                if from <= to { Ok(Self::Uniform(from, to)) } else { Err(format!("`from` ({from}) must not be longer than `to` ({to})")) }
            }
            "normal" => Ok(Self::Normal { mean: given.span("mean")?, deviation: given.span("deviation")? }),
            "log_normal" => Ok(Self::LogNormal { mean: given.span("mean")?, deviation: given.span("deviation")? }),
            "gamma" => Ok(Self::Gamma { mean: given.span("mean")?, shape: given.number("shape")? }),
            "erlang" => Ok(Self::Erlang { mean: given.span("mean")?, phases: given.number("phases")? as u32 }),
            "hyper_exponential" => given.hyper_exponential(),
            "weibull" => Ok(Self::Weibull { scale: given.span("scale")?, shape: given.number("shape")? }),
            "pareto" => Ok(Self::Pareto { least: given.span("least")?, shape: given.number("shape")? }),
            "empirical" => given.empirical(),
            _ => unreachable!("every family of the table is read above"),
        }
    }

    /// The setting's form, as [`Distribution::from_setting`] reads it.
    pub fn to_setting(&self) -> Setting {
        let span = |span: &Span| Setting::Text(span.to_string());
        let spans = |all: &[Span]| Setting::List(all.iter().map(span).collect());
        let count = |number: u32| Setting::Integer(i64::from(number));
        let fields: Vec<(&str, Setting)> = match self {
            Self::Constant(value) => return span(value),
            Self::Exponential(mean) => vec![("mean", span(mean))],
            Self::Uniform(from, to) => vec![("from", span(from)), ("to", span(to))],
            Self::Normal { mean, deviation } | Self::LogNormal { mean, deviation } => {
                vec![("mean", span(mean)), ("deviation", span(deviation))]
            }
            Self::Gamma { mean, shape } => vec![("mean", span(mean)), ("shape", number(*shape))],
            Self::Erlang { mean, phases } => vec![("mean", span(mean)), ("phases", count(*phases))],
            Self::HyperExponential { means, shares } => {
                vec![("means", spans(means)), ("shares", Setting::List(shares.iter().map(|share| number(*share)).collect()))]
            }
            Self::BalancedHyperExponential { mean, scv } => vec![("mean", span(mean)), ("scv", number(*scv))],
            Self::Weibull { scale, shape } => vec![("scale", span(scale)), ("shape", number(*shape))],
            Self::Pareto { least, shape } => vec![("least", span(least)), ("shape", number(*shape))],
            Self::Empirical(values) => vec![("values", spans(values))],
            Self::EmpiricalFile { file, column, .. } => {
                let mut fields = vec![("file", Setting::text(file))];
                fields.extend(column.as_ref().map(|column| ("column", Setting::text(column))));
                fields
            }
        };
        Setting::Record(self.family().name.to_owned(), fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The family it belongs to.
    pub fn family(&self) -> &'static Family {
        let name = match self {
            Self::Constant(_) => "constant",
            Self::Exponential(_) => "exponential",
            Self::Uniform(..) => "uniform",
            Self::Normal { .. } => "normal",
            Self::LogNormal { .. } => "log_normal",
            Self::Gamma { .. } => "gamma",
            Self::Erlang { .. } => "erlang",
            Self::HyperExponential { .. } | Self::BalancedHyperExponential { .. } => "hyper_exponential",
            Self::Weibull { .. } => "weibull",
            Self::Pareto { .. } => "pareto",
            Self::Empirical(_) | Self::EmpiricalFile { .. } => "empirical",
        };
        Family::named(name).expect("every variant has its row in the table")
    }
}

/// Whole numbers are written without a fraction, as people write them.
fn number(number: f64) -> Setting {
    if number.fract() == 0.0 && number.abs() < 1e15 { Setting::Integer(number as i64) } else { Setting::Number(number) }
}

fn named(name: &str) -> Result<&'static Family, String> {
    Family::named(name).ok_or_else(|| {
        let known = FAMILIES.iter().map(|family| family.name);
        match nearest(name, known.clone()) {
            Some(meant) => format!("`{name}` is no distribution (did you mean `{meant}`?)"),
            None => format!("`{name}` is no distribution; known are {}", known.collect::<Vec<_>>().join(", ")),
        }
    })
}

/// How a family is written: `gamma(mean: .., shape: ..)`.
fn form(family: &Family) -> String {
    let mut text = format!("{}(", family.name);
    for (at, parameter) in family.parameters.iter().filter(|parameter| !parameter.example.is_empty()).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let quoted = matches!(parameter.ty, ParameterType::Span | ParameterType::SpanAboveZero);
        let quote = if quoted { "\"" } else { "" };
        write!(text, "{comma}{}: {quote}{}{quote}", parameter.name, parameter.example).expect("text takes all");
    }
    text + ")"
}

fn in_order(family: &Family, values: &[Setting]) -> Result<Vec<(String, Setting)>, String> {
    if values.len() > family.parameters.len() {
        return Err(format!("`{}` takes {} parameters, found {}: {}", family.name, family.parameters.len(), values.len(), form(family)));
    }
    Ok(family.parameters.iter().zip(values).map(|(parameter, value)| (parameter.name.to_owned(), value.clone())).collect())
}

/// The parameters as given, read by the family's table.
struct Given {
    family: &'static Family,
    fields: Vec<(String, Setting)>,
}

impl Given {
    fn check_names(&self) -> Result<(), String> {
        for (at, (name, _)) in self.fields.iter().enumerate() {
            if self.family.parameter(name).is_none() {
                let meant = nearest(name, self.family.parameters.iter().map(|parameter| parameter.name));
                let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
                return Err(format!("`{}` has no parameter `{name}`{meant}; it is written {}", self.family.name, form(self.family)));
            }
            if self.fields[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    fn get(&self, name: &str) -> Result<(&Setting, ParameterType), String> {
        let parameter = self.family.parameter(name).expect("only parameters of the table are read");
        let (_, value) = self
            .fields
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| format!("`{}` needs `{name}`: {}", self.family.name, form(self.family)))?;
        Ok((value, parameter.ty))
    }

    fn span(&self, name: &str) -> Result<Span, String> {
        let (value, ty) = self.get(name)?;
        let span = read_span(value).map_err(|error| format!("`{name}`: {error}"))?;
        if ty == ParameterType::SpanAboveZero && span == Span::ZERO {
            return Err(format!("`{name}` must be longer than zero"));
        }
        Ok(span)
    }

    fn number(&self, name: &str) -> Result<f64, String> {
        let (value, ty) = self.get(name)?;
        let (number, whole) = match value {
            Setting::Integer(number) => (*number as f64, true),
            Setting::Number(number) => (*number, false),
            other => return Err(format!("`{name}`: expected a number, found {}", other.sort())),
        };
        // No range contains NaN.
        let (good, expected) = match ty {
            ParameterType::NumberFromOne => ((1.0..=1e6).contains(&number), "a number from 1 to 1,000,000"),
            ParameterType::Count => (whole && (1.0..=1e4).contains(&number), "a whole number from 1 to 10,000"),
            _ => ((1e-6..=1e6).contains(&number), "a number above zero (1e-6 to 1e6)"),
        };
        if good { Ok(number) } else { Err(format!("`{name}`: expected {expected}, found {number}")) }
    }

    fn list(&self, name: &str) -> Result<&[Setting], String> {
        match self.get(name)?.0 {
            Setting::List(items) if items.is_empty() => Err(format!("`{name}` must not be empty")),
            Setting::List(items) if items.len() > MOST_VALUES => Err(format!("`{name}` has more than {MOST_VALUES} values; use a sample")),
            Setting::List(items) => Ok(items),
            other => Err(format!("`{name}`: expected a list in brackets, found {}", other.sort())),
        }
    }

    fn spans(&self, name: &str) -> Result<Vec<Span>, String> {
        let read = |(at, item): (usize, &Setting)| read_span(item).map_err(|error| format!("`{name}`, value {}: {error}", at + 1));
        self.list(name)?.iter().enumerate().map(read).collect()
    }

    fn hyper_exponential(&self) -> Result<Distribution, String> {
        if self.has("mean") || self.has("scv") {
            if self.has("means") || self.has("shares") {
                return Err("give either `means` and `shares`, or `mean` and `scv`, not both".to_owned());
            }
            return Ok(Distribution::BalancedHyperExponential { mean: self.span("mean")?, scv: self.number("scv")? });
        }
        let (means, shares) = (self.spans("means")?, self.list("shares")?);
        let shares = shares.iter().map(|share| match share {
            Setting::Number(share) if *share >= 0.0 && *share <= 1.0 => Ok(*share),
            Setting::Integer(share @ 0..=1) => Ok(*share as f64),
            Setting::Number(share) => Err(format!("`shares`: expected shares from 0 to 1, found {share}")),
            Setting::Integer(share) => Err(format!("`shares`: expected shares from 0 to 1, found {share}")),
            other => Err(format!("`shares`: expected numbers, found {}", other.sort())),
        });
        let shares = shares.collect::<Result<Vec<_>, _>>()?;
        if means.len() != shares.len() {
            return Err(format!("`means` has {} values, `shares` {}: each branch needs both", means.len(), shares.len()));
        }
        let total: f64 = shares.iter().sum();
        if (total - 1.0).abs() > 1e-6 {
            return Err(format!("`shares` must add up to 1, found {total}"));
        }
        if means.contains(&Span::ZERO) {
            return Err("`means` must be longer than zero".to_owned());
        }
        Ok(Distribution::HyperExponential { means, shares })
    }

    fn empirical(&self) -> Result<Distribution, String> {
        match (self.has("values"), self.has("file")) {
            (true, true) => Err("give either `values` or `file`, not both".to_owned()),
            (true, false) if self.has("column") => Err("`column` goes with `file`, not with `values`".to_owned()),
            (true, false) => Ok(Distribution::Empirical(self.spans("values")?.into())),
            (false, true) => {
                let column = if self.has("column") { Some(self.text("column")?) } else { None };
                Ok(Distribution::EmpiricalFile { file: self.text("file")?, column, values: Arc::default() })
            }
            (false, false) => Err(format!("`empirical` needs `values` or `file`: {}", form(self.family))),
        }
    }

    fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name)?.0 {
            Setting::Text(text) if !text.is_empty() => Ok(text.clone()),
            Setting::Text(_) => Err(format!("`{name}` must not be empty")),
            other => Err(format!("`{name}`: expected a text, found {}", other.sort())),
        }
    }
}

fn read_span(setting: &Setting) -> Result<Span, String> {
    match setting {
        Setting::Text(text) => text.parse().map_err(|error: crate::units::UnitError| error.to_string()),
        Setting::Integer(number) => Err(format!("expected a span of time such as \"20 ms\", found {number} without a unit")),
        Setting::Number(number) => Err(format!("expected a span of time such as \"20 ms\", found {number} without a unit")),
        other => Err(format!("expected a span of time such as \"20 ms\", found {}", other.sort())),
    }
}

/// The values of a file: one a line, or a column of a CSV file with a header; spans with a unit, or bare numbers as seconds.
pub(super) fn values_of_file(text: &str, column: Option<&str>) -> Result<Arc<[Span]>, String> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut values = Vec::new();
    let mut chosen = 0;
    for (at, row) in rows.records().enumerate() {
        let row = row.map_err(|error| error.to_string())?;
        if at == 0 {
            if let Some(column) = column {
                let known = || row.iter().collect::<Vec<_>>().join(", ");
                chosen =
                    row.iter().position(|name| name == column).ok_or_else(|| format!("no column `{column}`; there are: {}", known()))?;
                continue;
            }
            if value_of_text(row.get(0).unwrap_or_default()).is_none() {
                continue; // a header
            }
        }
        let line = row.position().map_or(0, csv::Position::line);
        let field = row.get(chosen).unwrap_or_default();
        values.push(value_of_text(field).ok_or_else(|| format!("line {line}: expected a span or a number of seconds, found `{field}`"))?);
        if values.len() > MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values; use a sample"));
        }
    }
    if values.is_empty() { Err("no values in it".to_owned()) } else { Ok(values.into()) }
}

fn value_of_text(text: &str) -> Option<Span> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0 && *seconds < 9.2e9);
    text.parse().ok().or_else(|| seconds.map(|seconds| Span((seconds * 1e9).round() as u64)))
}
