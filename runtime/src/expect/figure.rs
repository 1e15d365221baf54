//! A figure of the report by its name, such as `queues.work.depth_max`, checked before there is a report.

use crate::graph::Graph;
use crate::id::{NodeId, PipeId};
use crate::message::Value;
use crate::problem::nearest;
use crate::setting::Setting;
use crate::telemetry::report::{CompositeReport, Latency, Messages, NodeReport, PipeReport, QueueReport, Report};
use crate::units::{Rate, Span};

/// The whole of a report that belongs to no part.
const WHOLE: [&str; 3] = ["duration_s", "events", "wall_s"];

/// Counts by reason.
const REASONS: [&str; 2] = ["dropped", "dead_letter_reasons"];

/// What a kind tells of itself, by names of its own.
const FIGURES: &str = "figures";

/// The way to a number in a report. Names are those of the report itself (`runtime/docs/report.md`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    name: String,
    way: Vec<String>,
}

impl Figure {
    /// Reads a name; in words, what is wrong with it.
    pub fn read(name: &str, graph: &Graph) -> Result<Self, String> {
        let (part, rest) = name.split_once('.').unwrap_or((name, ""));
        let template = |value: Result<Value, serde_json::Error>| value.expect("a report always writes");
        let (mut way, inner, form) = match part {
            "messages" => (vec![], rest, template(serde_json::to_value(Messages::default()))),
            "latency" => (vec![], rest, template(serde_json::to_value(Latency::default()))),
            "nodes" | "queues" => {
                let (id, field) = rest.split_once('.').unwrap_or((rest, ""));
                let known = NodeId::new(id).is_some_and(|id| graph.node(&id).is_some());
                if !known {
                    let meant = nearest(id, graph.nodes().keys().map(NodeId::as_str));
                    return Err(format!("there is no node `{id}`{}", did_you_mean(meant)));
                }
                let form = if part == "nodes" {
                    template(serde_json::to_value(NodeReport::default()))
                } else {
                    template(serde_json::to_value(QueueReport::default()))
                };
                (vec![id.to_owned()], field, form)
            }
            "composites" => {
                let (id, field) = rest.split_once('.').unwrap_or((rest, ""));
                if !graph.nodes().keys().any(|node| node.below(id).is_some()) {
                    return Err(format!("nothing is inside of `{id}`"));
                }
                (vec![id.to_owned()], field, template(serde_json::to_value(CompositeReport::default())))
            }
            "pipes" => {
                let (pipe, field) = rest.rsplit_once('.').unwrap_or((rest, ""));
                let names: Vec<String> = graph.pipes().keys().map(PipeId::to_string).collect();
                if !names.iter().any(|known| known == pipe) {
                    return Err(format!("there is no pipe `{pipe}`{}", did_you_mean(nearest(pipe, names.iter().map(String::as_str)))));
                }
                (vec![pipe.to_owned()], field, template(serde_json::to_value(PipeReport::default())))
            }
            whole if rest.is_empty() && WHOLE.contains(&whole) => {
                return Ok(Self { name: name.to_owned(), way: vec![whole.to_owned()] });
            }
            _ => {
                let known = WHOLE.into_iter().chain(["messages", "latency", "nodes", "composites", "queues", "pipes"]);
                let meant = did_you_mean(nearest(part, known));
                return Err(format!("a report has no part `{part}`{meant}; it has messages, latency, nodes, composites, queues and pipes"));
            }
        };
        let fields: Vec<&str> = inner.split('.').collect();
        // Reasons appear in a report when they happen; until then their count is zero. The figures of a kind appear with the run.
        let named = |group: &&str| REASONS.contains(group) || part == "nodes" && *group == FIGURES;
        let reason = matches!(fields.as_slice(), [group, name] if named(group) && form.get(group).is_some() && !name.is_empty());
        let leaf = fields.iter().try_fold(&form, |value, field| value.get(field));
        if !reason && !leaf.is_some_and(Value::is_number) {
            let names = numbers(&form, "");
            let meant = did_you_mean(nearest(inner, names.iter().map(String::as_str)));
            return Err(format!("there is no figure `{inner}` in `{part}`{meant}; there are {}", names.join(", ")));
        }
        way.insert(0, part.to_owned());
        way.extend(fields.into_iter().map(str::to_owned));
        Ok(Self { name: name.to_owned(), way })
    }

    /// The name as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value in a report; `None` if the report has no such part, as a node that is no queue has no depth.
    pub fn of(&self, report: &Value) -> Option<f64> {
        let mut value = report;
        for (at, part) in self.way.iter().enumerate() {
            value = match value.get(part) {
                Some(value) => value,
                None if at > 0 && REASONS.contains(&&*self.way[at - 1]) => return Some(0.0),
                None => return None,
            };
        }
        value.as_f64()
    }

    /// Reads a value to compare with, in the figure's unit: a span of time for seconds, a rate for figures per second.
    pub fn value(&self, setting: &Setting) -> Result<f64, String> {
        let text = match setting {
            Setting::Integer(number) => return Ok(*number as f64),
            Setting::Number(number) if number.is_finite() => return Ok(*number),
            Setting::Text(text) => text,
            other => return Err(format!("expected a number, found {}", other.sort())),
        };
        if self.name.ends_with("_per_s") {
            text.parse::<Rate>().map(Rate::per_second).map_err(|error| error.to_string())
        } else if self.name.ends_with("_s") {
            text.parse::<Span>().map(Span::seconds).map_err(|error| error.to_string())
        } else {
            Err(format!("expected a number, found the text `{text}`: `{}` is a count or a share", self.name))
        }
    }
}

/// The figure of a whole report, as JSON.
pub(super) fn of_report(report: &Report) -> Value {
    serde_json::to_value(report).expect("a report always writes")
}

fn numbers(form: &Value, before: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in form.as_object().into_iter().flatten() {
        let name = format!("{before}{name}");
        match value {
            Value::Number(_) => names.push(name),
            Value::Object(_) if REASONS.contains(&&*name) => names.push(format!("{name}.REASON")),
            Value::Object(_) if name == FIGURES => names.push(format!("{name}.NAME")),
            Value::Object(_) => names.extend(numbers(value, &format!("{name}."))),
            _ => {}
        }
    }
    names
}

/// ` (did you mean ...)`, if anything comes near.
pub(super) fn did_you_mean(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}
