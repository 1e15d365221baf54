//! The list of the desk: a line for each group, and for each letter of an unfolded one. Only what is in view is made.

use super::listing::{Entry, Group};
use super::{View, Wishes};
use crate::panels::messages::{short_id, time};
use crate::state::Open;
use crate::theme::{self, Theme};
use crate::widgets::figure;
use crate::widgets::pill::badge_ui;
use egui::{Align, Checkbox, Label, Layout, RichText, ScrollArea, Ui, vec2};

/// Height of a line.
const ROW: f32 = 26.0;
/// Narrower than this, a line leaves out what the opened letter says too.
const NARROW: f32 = 560.0;

/// Shows the list.
pub fn rows_ui(ui: &mut Ui, theme: &Theme, open: &Open, view: &mut View, wishes: &mut Wishes) {
    if view.listing.groups.is_empty() {
        ui.add_space(8.0);
        let words = if view.query.is_empty() { "No dead letters are left." } else { "No letter matches the search." };
        ui.label(RichText::new(words).color(theme.faint));
        return;
    }
    // Where each group begins among the lines.
    let mut begins = Vec::with_capacity(view.listing.groups.len());
    let mut lines = 0;
    for group in &view.listing.groups {
        begins.push(lines);
        lines += 1 + if view.unfolded.contains(&group.key) { group.entries.len() } else { 0 };
    }
    let groups = std::mem::take(&mut view.listing.groups);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("dead letters").auto_shrink(false).show_rows(ui, ROW, lines, |ui, range| {
        for line in range {
            let at = begins.partition_point(|begin| *begin <= line) - 1;
            let group = &groups[at];
            let entry = (line - begins[at]).checked_sub(1).map(|nth| &group.entries[nth]);
            // A line keeps its identity when others come in above it.
            ui.push_id((&group.key, entry.map(|entry| &entry.id)), |ui| {
                let layout = Layout::left_to_right(Align::Center);
                ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), layout, |ui| match entry {
                    None => group_ui(ui, theme, open, view, group, wishes),
                    Some(entry) => letter_ui(ui, theme, view, entry),
                });
            });
        }
    });
    view.listing.groups = groups;
}

fn group_ui(ui: &mut Ui, theme: &Theme, open: &Open, view: &mut View, group: &Group, wishes: &mut Wishes) {
    ui.set_min_height(ROW);
    let title = format!("{} · {}", open.title_of(&group.key.origin), group.key.reason.replace('_', " "));
    let unfolded = view.unfolded.contains(&group.key);
    let icon = if unfolded { theme::Icon::Down } else { theme::Icon::Right };
    let name = if unfolded { format!("Fold {title}") } else { format!("Unfold {title}") };
    if crate::widgets::button::IconButton::new(icon, &name).quiet().side(20.0).ui(ui, theme).clicked() {
        if unfolded {
            view.unfolded.remove(&group.key);
        } else {
            view.unfolded.insert(group.key.clone());
        }
    }
    let chosen = if view.chosen.is_empty() { 0 } else { group.entries.iter().filter(|entry| view.chosen.contains(&entry.id)).count() };
    let mut all = chosen == group.entries.len();
    let some = chosen > 0 && !all;
    let tick = Checkbox::without_text(&mut all).indeterminate(some);
    if ui.add(tick).accessible_name(format!("Choose all of {title}")).changed() {
        for entry in &group.entries {
            if chosen < group.entries.len() {
                view.chosen.insert(entry.id.clone());
            } else {
                view.chosen.remove(&entry.id);
            }
        }
    }
    badge_ui(ui, theme, group.entries.len() as u64, theme.failed);
    if ui.add(egui::Link::new(RichText::new(title).font(theme::medium(12.5)))).on_hover_text("Show the node").clicked() {
        wishes.reveal = Some(group.key.origin.clone());
    }
    if group.again > 0 {
        let words = format!("{} failed again", figure::count(group.again as u64));
        ui.label(RichText::new(words).size(11.0).color(theme.warning));
    }
    if ui.available_width() > 130.0
        && let (Some(newest), Some(oldest)) = (group.entries.first(), group.entries.last())
    {
        let (from, to) = (time(oldest.letter.at.seconds()), time(newest.letter.at.seconds()));
        let times = if from == to { to } else { format!("{from} – {to}") };
        // In a narrow list the error says more than the times.
        let timed = ui.available_width() > 320.0;
        let room = ui.available_width() - if timed { 150.0 } else { 0.0 };
        ui.allocate_ui_with_layout(vec2(room.max(0.0), ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(room.max(0.0));
            ui.add(Label::new(RichText::new(&group.key.error).size(11.5).color(theme.dim)).truncate());
        });
        if timed {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(times).font(theme::mono(11.0)).color(theme.faint)).truncate());
            });
        }
    }
}

fn letter_ui(ui: &mut Ui, theme: &Theme, view: &mut View, entry: &Entry) {
    ui.set_min_height(ROW);
    ui.add_space(24.0);
    let message = &entry.letter.message;
    let mut chosen = view.chosen.contains(&entry.id);
    let name = short_id(message);
    if ui.add(Checkbox::without_text(&mut chosen)).accessible_name(format!("Choose letter {name}")).changed() {
        if chosen {
            view.chosen.insert(entry.id.clone());
        } else {
            view.chosen.remove(&entry.id);
        }
    }
    let opened = view.opened.as_ref().is_some_and(|opened| opened.id == entry.id);
    let wide = ui.available_width() > NARROW;
    let mut text = format!("{}  {name}", time(entry.letter.at.seconds()));
    if wide {
        text += &format!("  {:>8}", figure::bytes(message.payload.len() as u64));
    }
    if entry.letter.deliveries() > 0 {
        text += &format!("  {:>2}×", entry.letter.deliveries());
    }
    if ui.selectable_label(opened, RichText::new(text).font(theme::mono(11.5))).clicked() {
        view.show(entry);
    }
    match entry.letter.redriven() {
        0 => {}
        1 => {
            ui.label(RichText::new("failed again").size(11.0).color(theme.warning));
        }
        times => {
            ui.label(RichText::new(format!("failed again, redriven {times} times")).size(11.0).color(theme.warning));
        }
    }
    if wide {
        let bytes = message.payload.bytes();
        let preview: String = String::from_utf8_lossy(&bytes[..bytes.len().min(320)]).chars().take(160).collect();
        ui.add(Label::new(RichText::new(preview.replace(['\n', '\r', '\t'], " ")).font(theme::mono(11.0)).color(theme.faint)).truncate());
    }
}
