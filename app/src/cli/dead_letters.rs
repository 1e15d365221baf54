//! `dead-letters ...`: the dead letters in a graph's durable store, for a person without a window: list, show, export, put back to work, throw
//! away, and what was done by hand.

use super::Exit;
use super::arguments::{ChosenLetters, DeadLetterArguments, DeadLetterVerb, LetterFilter};
use super::load::Loaded;
use super::print::{complain, print_json, say};
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::stores::{Letter, StoreError, Stores, Wanted};
use pipewright_runtime::{message::Value, utc};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// How much of an error or a payload one line shows, in characters.
const MOST_SHOWN: usize = 100;

/// Does what was asked with the letters of a graph.
pub fn dead_letters(arguments: &DeadLetterArguments) -> Exit {
    let done = match &arguments.verb {
        DeadLetterVerb::List { file, filter, json } => list(file, filter, *json),
        DeadLetterVerb::Show { file, id, json } => show(file, id, *json),
        DeadLetterVerb::Export { file, filter, out } => export(file, filter, out.as_deref()),
        DeadLetterVerb::Redrive { chosen, to } => redrive(chosen, to.as_deref()),
        DeadLetterVerb::Purge(chosen) => purge(chosen),
        DeadLetterVerb::Journal { file, json } => journal(file, *json),
    };
    done.unwrap_or_else(|exit| exit)
}

/// What cannot go on complains, and ends with its own code.
type Done = Result<Exit, Exit>;

fn failed(error: &StoreError) -> Exit {
    complain(&error.to_string());
    Exit::File
}

fn look(file: &Path) -> Result<(Loaded, Stores), Exit> {
    let loaded = Loaded::open(file)?;
    let stores = Stores::look(&loaded.output()).map_err(|error| failed(&error))?;
    Ok((loaded, stores))
}

/// Opens the store for changing it: no run may have it open.
fn take(file: &Path) -> Result<(Loaded, Stores), Exit> {
    let (loaded, looked) = look(file)?;
    drop(looked);
    let stores = Stores::open(&loaded.output(), 0).map_err(|error| failed(&error))?;
    Ok((loaded, stores))
}

fn wanted(filter: &LetterFilter) -> Wanted {
    Wanted { node: filter.node.clone(), id: filter.id.clone(), reason: filter.reason.clone() }
}

/// An act on everything has to be asked for by name.
fn wanted_by_name(chosen: &ChosenLetters) -> Result<Wanted, Exit> {
    let filter = &chosen.filter;
    if !chosen.all && filter.node.is_none() && filter.id.is_none() && filter.reason.is_none() {
        complain("say which letters: --id, --reason, --node, or --all");
        return Err(Exit::Usage);
    }
    Ok(wanted(filter))
}

fn time(nanos: u64) -> String {
    let text = utc::write(nanos);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// One line of text that is safe on a terminal.
fn short(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let cut: String = text.chars().take(MOST_SHOWN).map(clean).collect();
    if text.chars().nth(MOST_SHOWN).is_some() { cut + "…" } else { cut }
}

fn payload(letter: &Letter) -> Value {
    match letter.message.payload.value() {
        Ok(value) => value.clone(),
        Err(_) => Value::from(String::from_utf8_lossy(&letter.message.payload.bytes()).into_owned()),
    }
}

fn letter_json(letter: &Letter) -> Value {
    let headers: serde_json::Map<String, Value> =
        letter.message.head().headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    json!({
        "node": letter.node,
        "id": letter.message.id.to_string(),
        "origin": letter.origin(),
        "reason": letter.reason,
        "error": letter.error,
        "attempts": letter.attempts,
        "redriven": letter.redriven(),
        "given_up": utc::write(letter.given_up),
        "entered": utc::write(letter.entered),
        "key": letter.message.key(),
        "topic": letter.message.head().topic,
        "headers": headers,
        "payload": payload(letter),
    })
}

fn list(file: &Path, filter: &LetterFilter, json: bool) -> Done {
    let (_, stores) = look(file)?;
    let letters = stores.letters(&wanted(filter)).map_err(|error| failed(&error))?;
    if json {
        return Ok(print_json(&Value::Array(letters.iter().map(letter_json).collect())));
    }
    if letters.is_empty() {
        return Ok(say("no dead letters"));
    }
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Letter>> = BTreeMap::new();
    for letter in &letters {
        groups.entry((&letter.node, letter.origin(), &letter.reason)).or_default().push(letter);
    }
    let mut text = String::new();
    for ((node, origin, reason), letters) in groups {
        let again = letters.iter().filter(|letter| letter.redriven() > 0).count();
        let again = if again > 0 { format!(", {again} of them failed again after a redrive") } else { String::new() };
        let _ = writeln!(text, "{node}: {} from {origin}, {reason}{again}", letters.len());
        for letter in letters {
            let _ =
                writeln!(text, "  {}  {}  tried {}  {}", letter.message.id, time(letter.given_up), letter.attempts, short(&letter.error));
        }
    }
    Ok(say(text.trim_end()))
}

fn show(file: &Path, id: &str, json: bool) -> Done {
    let (_, stores) = look(file)?;
    let letters = stores.letters(&Wanted { id: Some(id.to_owned()), ..Wanted::default() }).map_err(|error| failed(&error))?;
    if letters.is_empty() {
        complain(&format!("no dead letter has an id that begins with {id}; `pipewright dead-letters list {}` lists them", file.display()));
        return Err(Exit::Usage);
    }
    if json {
        return Ok(print_json(&Value::Array(letters.iter().map(letter_json).collect())));
    }
    let words = |letter: &Letter| serde_json::to_string_pretty(&letter_json(letter)).expect("JSON values always write");
    Ok(say(&letters.iter().map(words).collect::<Vec<_>>().join("\n\n")))
}

fn export(file: &Path, filter: &LetterFilter, out: Option<&Path>) -> Done {
    let (_, stores) = look(file)?;
    let letters = stores.letters(&wanted(filter)).map_err(|error| failed(&error))?;
    let lines: Vec<String> = letters.iter().map(|letter| letter_json(letter).to_string()).collect();
    let Some(path) = out else {
        return Ok(if lines.is_empty() { Exit::Good } else { say(&lines.join("\n")) });
    };
    let end = if lines.is_empty() { "" } else { "\n" };
    let text = lines.join("\n") + end;
    std::fs::write(path, text).map_err(|error| {
        complain(&format!("{}: {error}", path.display()));
        Exit::File
    })?;
    Ok(say(&format!("{}: {} dead letters", path.display(), lines.len())))
}

fn redrive(chosen: &ChosenLetters, to: Option<&str>) -> Done {
    let wanted = wanted_by_name(chosen)?;
    let (loaded, mut stores) = take(&chosen.file)?;
    let plan = Plan::of(&loaded.graph, CATALOGUE, None, &loaded.folder()).map_err(|problems| {
        complain(&format!("the graph cannot run, so nothing can be put back to work: {}", problems[0]));
        Exit::Problems
    })?;
    let takes = plan.stations.iter().filter(|station| station.behaviour.durable() && !station.ports.outputs.is_empty());
    let takers: Vec<String> = takes.map(|station| station.id.to_string()).collect();
    if let Some(to) = to.filter(|to| !takers.iter().any(|taker| taker == to)) {
        complain(&format!("`{to}` is no durable queue or subscription of this graph; these are: {}", takers.join(", ")));
        return Err(Exit::Usage);
    }
    let done = stores.redrive(&wanted, to, &takers).map_err(|error| failed(&error))?;
    stores.close();
    if chosen.json {
        let went = done.went.iter().map(|(letter, to)| json!({"id": letter.message.id.to_string(), "node": letter.node, "to": to}));
        let stay = done.stay.iter().map(|(letter, why)| json!({"id": letter.message.id.to_string(), "node": letter.node, "why": why}));
        return Ok(print_json(&json!({"redriven": went.collect::<Vec<_>>(), "stay": stay.collect::<Vec<_>>()})));
    }
    let mut text = format!("{} back to work; the next run hands them out", done.went.len());
    let mut whys: BTreeMap<&str, u64> = BTreeMap::new();
    done.stay.iter().for_each(|(_, why)| *whys.entry(why).or_default() += 1);
    whys.iter().for_each(|(why, count)| {
        let _ = write!(text, "\n{count} stay: {why}");
    });
    Ok(say(&text))
}

fn purge(chosen: &ChosenLetters) -> Done {
    let wanted = wanted_by_name(chosen)?;
    let (_, mut stores) = take(&chosen.file)?;
    let gone = stores.purge(&wanted).map_err(|error| failed(&error))?;
    stores.close();
    if chosen.json {
        let ids: Vec<String> = gone.iter().map(|letter| letter.message.id.to_string()).collect();
        return Ok(print_json(&json!({ "purged": ids })));
    }
    Ok(say(&format!("{} thrown away", gone.len())))
}

fn journal(file: &Path, json: bool) -> Done {
    let (_, stores) = look(file)?;
    let acts = stores.acts().map_err(|error| failed(&error))?;
    if json {
        let act = |act: &pipewright_runtime::stores::Act| json!({"at": utc::write(act.at), "act": act.act, "node": act.node, "id": act.id, "reason": act.reason, "to": act.goes_to});
        return Ok(print_json(&Value::Array(acts.iter().map(act).collect())));
    }
    let line = |act: &pipewright_runtime::stores::Act| {
        let to = act.goes_to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
        format!("{}  {} {} from {}{to}, given up for {}", time(act.at), act.act, act.id, act.node, act.reason)
    };
    Ok(say(&if acts.is_empty() { "nothing was done by hand".to_owned() } else { acts.iter().map(line).collect::<Vec<_>>().join("\n") }))
}
