//! `explain CODE`: what a problem code means, at length.

use super::Exit;
use super::arguments::ExplainArguments;
use super::print::{complain, print_json, say};
use pipewright_runtime::check::explain::{self, Explanation};
use pipewright_runtime::problem::nearest;
use serde_json::{Value, json};

/// Explains one code, or lists all.
pub fn explain(arguments: &ExplainArguments) -> Exit {
    let Some(code) = &arguments.code else {
        return if arguments.json {
            print_json(&Value::Array(explain::TABLE.iter().map(described).collect()))
        } else {
            say(&explain::TABLE.iter().map(|entry| format!("{}  {}", entry.code, entry.title)).collect::<Vec<_>>().join("\n"))
        };
    };
    let code = code.to_uppercase();
    match explain::TABLE.iter().find(|entry| entry.code == code) {
        Some(entry) if arguments.json => print_json(&described(entry)),
        Some(entry) => {
            let example = if entry.example.is_empty() { String::new() } else { format!("\n\nFor example:\n\n{}", indented(entry.example)) };
            say(&format!("{}: {}\n\n{}{example}", entry.code, entry.title, entry.text.trim()))
        }
        None => {
            let meant = nearest(&code, explain::TABLE.iter().map(|entry| entry.code));
            let meant = meant.map_or_else(String::new, |code| format!(" (did you mean {code}?)"));
            complain(&format!("there is no problem code {code}{meant}; `pipewright explain` lists them"));
            Exit::Usage
        }
    }
}

fn described(entry: &Explanation) -> Value {
    json!({"code": entry.code, "title": entry.title, "text": entry.text, "example": entry.example})
}

fn indented(text: &str) -> String {
    text.trim_matches('\n').lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
