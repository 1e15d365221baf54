//! The bar of the desk: search, what is chosen, how fast it would go back and where to; what was done so far.

use super::{View, Wishes};
use crate::state::Open;
use crate::theme::{self, Theme};
use crate::widgets::field::search_ui;
use crate::widgets::figure;
use egui::{Align, Button, Label, Layout, RichText, TextEdit, Ui, vec2};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::units::Rate;
use std::collections::BTreeMap;

/// Narrower than this, words that say what a tooltip says too are left out.
const NARROW: f32 = 620.0;

/// Shows the bar.
pub fn bar_ui(ui: &mut Ui, theme: &Theme, open: &Open, view: &mut View, alive: bool, wishes: &mut Wishes) {
    let rate = view.read_rate();
    let count = view.target_count();
    let why_not = if alive { None } else { Some("The run is over: start it again to put letters back to work.") };
    let can = why_not.is_none() && count > 0;
    let narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        ui.set_height(32.0);
        let search = (ui.available_width() - if narrow { 300.0 } else { 470.0 }).clamp(110.0, 260.0);
        ui.allocate_ui(vec2(search, 28.0), |ui| search_ui(ui, theme, &mut view.query, "Search letters", ""));
        if !view.chosen.is_empty() {
            let words = if narrow { figure::count(count as u64) } else { format!("{} chosen", figure::count(count as u64)) };
            if ui.button(RichText::new(words).size(12.0)).on_hover_text("Choose none: then all that are listed are meant").clicked() {
                view.chosen.clear();
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let word = if narrow { "Discard".to_owned() } else { format!("Discard {} …", figure::count(count as u64)) };
            let discard = ui.add_enabled(can && !view.asks_to_discard, Button::new(RichText::new(word).size(12.0)));
            if discard.on_disabled_hover_text(why_not.unwrap_or("There is nothing to discard")).clicked() {
                wishes.commands.push("run.discard");
            }
            let word = format!("Redrive {}", figure::count(count as u64));
            let button = Button::new(RichText::new(word).size(12.0).color(theme.accent)).fill(theme.accent_ground);
            let redrive = ui.add_enabled(can && rate.is_ok(), button);
            let hint = "Puts them back to work where each was given up";
            if redrive.on_hover_text(hint).on_disabled_hover_text(why_not.unwrap_or(hint)).clicked() {
                wishes.commands.push("run.redrive");
            }
            if !narrow {
                ui.label(RichText::new("per second").size(11.5).color(theme.faint));
            }
            let edit = TextEdit::singleline(&mut view.rate)
                .hint_text(RichText::new("at once").color(theme.faint))
                .font(theme::mono(12.0))
                .desired_width(76.0);
            ui.add(edit)
                .on_hover_text("How many go back per second, such as 10 or 30/min; empty: all at once")
                .accessible_name("Redrive rate");
        });
    });
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        if view.asks_to_discard {
            return ask_ui(ui, theme, view, count, wishes);
        }
        let (words, colour) = match &rate {
            Err(error) => (error.clone(), theme.failed),
            Ok(rate) => (preview(open, view, count, rate.map(Rate::per_second)), theme.dim),
        };
        let told = told(view);
        let room = ui.available_width() - if told.is_empty() || narrow { 0.0 } else { 260.0 };
        ui.allocate_ui_with_layout(vec2(room, 20.0), Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(RichText::new(words).size(11.5).color(colour)).truncate());
        });
        if !narrow {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let colour = if view.listing.acts.stayed > 0 { theme.warning } else { theme.dim };
                ui.add(Label::new(RichText::new(told).size(11.5).color(colour)).truncate());
            });
        }
    });
}

/// Asks, in its place and stopping nothing, whether letters are to be discarded.
fn ask_ui(ui: &mut Ui, theme: &Theme, view: &mut View, count: usize, wishes: &mut Wishes) {
    let words = format!("Discard {} for good? They are counted as dropped.", letters(count));
    ui.label(RichText::new(words).size(12.0).color(theme.text));
    if ui.button(RichText::new("Discard").size(12.0).color(theme.failed)).clicked() {
        wishes.discard = true;
    }
    if ui.button(RichText::new("Keep").size(12.0)).clicked() || ui.input(|input| input.key_pressed(egui::Key::Escape)) {
        view.asks_to_discard = false;
    }
}

/// What a redrive would do: `37 letters to Work at 10/s, about 4 s`.
fn preview(open: &Open, view: &View, count: usize, rate: Option<f64>) -> String {
    let mut origins: BTreeMap<&NodeId, usize> = BTreeMap::new();
    for group in &view.listing.groups {
        let meant = if view.chosen.is_empty() {
            group.entries.len()
        } else {
            group.entries.iter().filter(|entry| view.chosen.contains(&entry.id)).count()
        };
        if meant > 0 {
            *origins.entry(&group.key.origin).or_default() += meant;
        }
    }
    let names: Vec<String> = origins.keys().take(3).map(|origin| open.title_of(origin)).collect();
    let more = origins.len().saturating_sub(names.len());
    let mut to = names.join(", ");
    if more > 0 {
        to += &format!(" and {more} more");
    }
    let pace = match rate {
        Some(rate) => format!("at {}, about {}", figure::rate(rate), figure::seconds(count.saturating_sub(1) as f64 / rate)),
        None => "at once".to_owned(),
    };
    let which = if view.chosen.is_empty() { "All " } else { "" };
    let mut text = if count == 0 { "Nothing found".to_owned() } else { format!("{which}{} to {to} {pace}", letters(count)) };
    if view.listing.not_listed > 0 && view.query.is_empty() {
        text += &format!(" · {} older ones are no longer kept", figure::count(view.listing.not_listed));
    }
    text
}

/// What was done by hand so far.
fn told(view: &View) -> String {
    let acts = &view.listing.acts;
    let mut parts = Vec::new();
    for (count, words) in [
        (acts.pending, "to go"),
        (acts.sent, "sent back"),
        (acts.stayed, "stayed"),
        (acts.gone, "no longer there"),
        (acts.discarded, "discarded"),
    ] {
        if count > 0 {
            parts.push(format!("{} {words}", figure::count(count)));
        }
    }
    let why = acts.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    parts.join(" · ") + &why
}

fn letters(count: usize) -> String {
    format!("{} letter{}", figure::count(count as u64), if count == 1 { "" } else { "s" })
}
