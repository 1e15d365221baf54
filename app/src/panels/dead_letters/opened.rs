//! One dead letter opened: the message, how it failed, an edit of it, and a dry run.

use super::draft::{Draft, Side, Text};
use super::listing::Entry;
use super::trial::trial_ui;
use super::{View, Wishes};
use crate::panels::messages::detail;
use crate::state::Open;
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::IconButton;
use crate::widgets::heading::fact_ui;
use crate::widgets::tabs::{Tab, tab_bar_ui};
use egui::{Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui};
use pipewright_runtime::letter;
use pipewright_runtime::message::Value;

/// What of an opened letter is seen.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Page {
    /// The message.
    #[default]
    Message,
    /// Every failure.
    Failures,
    /// Its payload and headers, to change.
    Edit,
    /// What would become of it.
    DryRun,
}

impl Page {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Message, "Message"), (Self::Failures, "Failures"), (Self::Edit, "Edit"), (Self::DryRun, "Dry run")];
}

/// Lower than this, heads and tabs would leave no room for what they are about.
pub const LEAST_HEIGHT: f32 = 184.0;

/// Shows the opened letter.
pub fn opened_ui(ui: &mut Ui, theme: &Theme, open: &Open, view: &mut View, alive: bool, wishes: &mut Wishes) {
    let Some(entry) = view.opened.clone() else { return };
    let there = view.has_open();
    head_ui(ui, theme, view, &entry, there && alive, wishes);
    if !there {
        let words = if view.query.is_empty() {
            "It is no longer here: it went back to work, or was discarded."
        } else {
            "The search does not list it."
        };
        ui.label(RichText::new(words).size(11.5).color(theme.warning));
    }
    let tabs: Vec<Tab<'_>> = Page::ALL.iter().map(|(_, title)| Tab::plain(title)).collect();
    let mut chosen = Page::ALL.iter().position(|(page, _)| *page == view.page).unwrap_or(0);
    tab_bar_ui(ui, theme, &tabs, &mut chosen);
    view.page = Page::ALL[chosen].0;
    ui.add_space(4.0);
    match view.page {
        Page::Message => detail::content_ui(ui, theme, &entry.letter.message, entry.letter.at, &mut view.tab),
        Page::Failures => failures_ui(ui, theme, open, &entry),
        Page::Edit => {
            if view.draft.as_ref().is_none_or(|draft| draft.id != entry.id) {
                view.draft = Some(Draft::of(entry.id.clone(), &entry.letter.message));
            }
            if let Some(draft) = &mut view.draft {
                edit_ui(ui, theme, draft);
            }
        }
        Page::DryRun => match &mut view.trial {
            Some(trial) if trial.id == entry.id => trial_ui(ui, theme, open, trial),
            _ => {
                ui.label(RichText::new("What would become of it, if it went back to work now?").color(theme.dim));
                if ui.button("Dry run").clicked() {
                    wishes.commands.push("run.dry_run");
                }
            }
        },
    }
}

fn head_ui(ui: &mut Ui, theme: &Theme, view: &mut View, entry: &Entry, can: bool, wishes: &mut Wishes) {
    let draft = view.draft.as_ref().filter(|draft| draft.id == entry.id);
    let (edited, faulty) = (draft.is_some_and(Draft::changed), draft.is_some_and(Draft::faulty));
    ui.horizontal(|ui| {
        detail::name_ui(ui, theme, &entry.letter.message);
        detail::copy_ui(ui, theme, &entry.letter.message);
        if entry.letter.redriven() > 0 {
            let hint = format!("Redriven {} times before", entry.letter.redriven());
            ui.label(RichText::new("failed again").size(11.0).color(theme.warning)).on_hover_text(hint);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if IconButton::new(Icon::Close, "Close the letter").quiet().side(24.0).ui(ui, theme).clicked() {
                view.opened = None;
            }
            let words = if edited { "Redrive edited" } else { "Redrive this" };
            let button = Button::new(RichText::new(words).size(12.0).color(theme.accent)).fill(theme.accent_ground);
            let hint = if faulty { "Mend the edit first" } else { "The run is over, or the letter is no longer here" };
            if ui.add_enabled(can && !faulty, button).on_disabled_hover_text(hint).clicked() {
                wishes.commands.push("run.redrive_open");
            }
            let hint = "Tries in virtual time what would become of it";
            if ui.add_enabled(!faulty, Button::new(RichText::new("Dry run").size(12.0))).on_hover_text(hint).clicked() {
                wishes.commands.push("run.dry_run");
            }
        });
    });
}

fn failures_ui(ui: &mut Ui, theme: &Theme, open: &Open, entry: &Entry) {
    let message = &entry.letter.message;
    ScrollArea::vertical().id_salt("failures").auto_shrink(false).show(ui, |ui| {
        let origin = match entry.letter.origin() {
            Ok(origin) => format!("{} ({origin})", open.title_of(&origin.node)),
            Err(error) => error.to_string(),
        };
        fact_ui(ui, theme, "Goes back to", &origin, theme.text);
        fact_ui(ui, theme, "Reason", &entry.letter.reason().replace('_', " "), theme.text);
        if entry.letter.deliveries() > 0 {
            fact_ui(ui, theme, "Deliveries", &entry.letter.deliveries().to_string(), theme.text);
        }
        for (label, name) in [("Redriven", letter::REDRIVEN), ("Redriven at", letter::REDRIVEN_AT), ("Edited at", letter::EDITED_AT)] {
            if let Some(value) = message.header(name) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                fact_ui(ui, theme, label, &text, theme.warning);
            }
        }
        ui.add(Label::new(RichText::new(entry.letter.error()).color(theme.failed)).wrap());
        ui.add_space(6.0);
        let failures = message.header(letter::FAILURES).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for failure in failures.iter().rev() {
            let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default();
            let delivery =
                failure.get("delivery").and_then(Value::as_u64).map(|delivery| format!("delivery {delivery}  ")).unwrap_or_default();
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(text("at")).font(theme::mono(11.0)).color(theme.dim));
                ui.label(RichText::new(format!("{delivery}{}", text("error"))).size(11.5).color(theme.text));
            });
        }
        if failures.len() >= letter::MOST_FAILURES {
            ui.label(RichText::new("The first and the newest failures are kept.").size(11.0).color(theme.faint));
        }
    });
}

fn edit_ui(ui: &mut Ui, theme: &Theme, draft: &mut Draft) {
    ScrollArea::vertical().id_salt("edit").auto_shrink(false).show(ui, |ui| {
        let mut changed = false;
        match &mut draft.payload {
            Ok(payload) => changed |= text_ui(ui, theme, "Payload", payload, 4),
            Err(why) => {
                ui.label(RichText::new(*why).color(theme.warning));
            }
        }
        changed |= text_ui(ui, theme, "Headers", &mut draft.headers, 2);
        if changed {
            draft.check();
        }
        if !draft.changed() {
            ui.label(
                RichText::new("Nothing is changed yet. What you send goes as it stands here, with the same id.")
                    .size(11.0)
                    .color(theme.faint),
            );
            return;
        }
        ui.horizontal(|ui| {
            ui.label(RichText::new("Difference").font(theme::medium(11.5)).color(theme.dim));
            if ui.small_button("Take back").clicked() {
                draft.reset();
            }
        });
        for (side, line) in draft.difference() {
            let (sign, colour) = match side {
                Side::Same => (" ", theme.dim),
                Side::Out => ("−", theme.failed),
                Side::In => ("+", theme.good),
                Side::Gap => (" ", theme.faint),
            };
            let text = RichText::new(format!("{sign} {line}")).font(theme::mono(11.5)).color(colour);
            let ground = match side {
                Side::Out | Side::In => theme::blend(theme.panel, colour, 0.12),
                Side::Same | Side::Gap => egui::Color32::TRANSPARENT,
            };
            egui::Frame::new().fill(ground).show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                ui.add(Label::new(text).extend());
            });
        }
    });
}

fn text_ui(ui: &mut Ui, theme: &Theme, name: &str, text: &mut Text, rows: usize) -> bool {
    ui.label(RichText::new(name).font(theme::medium(11.5)).color(theme.dim));
    let edit = TextEdit::multiline(&mut text.now).code_editor().font(theme::mono(11.5)).desired_rows(rows).desired_width(f32::INFINITY);
    let response = ui.add(edit).accessible_name(name);
    if let Some(error) = &text.error {
        ui.add(Label::new(RichText::new(error).size(11.0).color(theme.failed)).wrap());
    }
    response.changed()
}
