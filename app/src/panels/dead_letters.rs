//! Messages that were given up: grouped by node, reason and error; one opened beside the list.

use super::messages::detail::{DetailTab, detail_ui};
use super::messages::{short_id, time};
use crate::action::{Action, Item};
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use crate::widgets::pill::badge_ui;
use egui::{CollapsingHeader, RichText, ScrollArea, Ui};
use indexmap::IndexMap;
use pipewright_runtime::id::{MessageId, NodeId};
use pipewright_runtime::telemetry::snapshot::DeadLetter;
use std::sync::Arc;

/// How many letters of one group are listed.
const MOST_OF_GROUP: usize = 100;

/// What the panel remembers.
#[derive(Default, Debug)]
pub struct View {
    open: Option<MessageId>,
    tab: DetailTab,
}

type Groups<'a> = IndexMap<(NodeId, &'static str, Arc<str>), Vec<&'a DeadLetter>>;

/// Shows the panel.
pub fn dead_letters_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let Some(snapshot) = open.session.as_ref().and_then(|session| session.snapshot()).cloned() else {
        empty_ui(ui, theme, Icon::Check, "No dead letters", "Messages that a run gives up are grouped here by reason.");
        return;
    };
    let letters = Arc::clone(&snapshot.dead_letters);
    let total = snapshot.books.dead_lettered;
    if letters.is_empty() {
        if total == 0 {
            empty_ui(ui, theme, Icon::Check, "No dead letters", "Every message so far found its way.");
        } else {
            let hint = format!("{} are kept by the graph's dead letter nodes; select one to see its figures.", figure::count(total));
            empty_ui(ui, theme, Icon::Queue, "No uncollected dead letters", &hint);
        }
        return;
    }
    let mut groups = Groups::new();
    for letter in letters.iter().rev() {
        groups.entry((letter.node.clone(), letter.reason, Arc::clone(&letter.error))).or_default().push(letter);
    }
    let (mut tab, mut picked, mut revealed) = (open.views.dead_letters.tab, None, None);
    let opened = open.views.dead_letters.open.and_then(|id| letters.iter().find(|letter| letter.message.id == id));
    let room = ui.available_rect_before_wrap();
    let list = if opened.is_some() { room.with_max_x(room.left() + (room.width() * 0.6).max(room.width() - 520.0)) } else { room };
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
        ScrollArea::vertical().id_salt("dead letters").auto_shrink(false).show(ui, |ui| {
            if total > letters.len() as u64 {
                let text = format!("{} in all; the newest {} are listed", figure::count(total), figure::count(letters.len() as u64));
                ui.label(RichText::new(text).size(11.0).color(theme.faint));
            }
            for ((node, reason, error), letters) in &groups {
                group_ui(ui, theme, (node, reason, error), letters, &mut picked, &mut revealed);
            }
        });
    });
    if let Some(letter) = opened {
        ui.painter().vline(list.right() + 6.0, room.y_range(), egui::Stroke::new(1.0, theme.border));
        let beside = room.with_min_x(list.right() + 16.0);
        ui.scope_builder(egui::UiBuilder::new().max_rect(beside), |ui| detail_ui(ui, theme, &letter.message, letter.at, &mut tab));
    }
    if let Some(open) = state.front_mut() {
        open.views.dead_letters.tab = tab;
        if picked.is_some() {
            open.views.dead_letters.open = picked;
        }
    }
    if let Some(node) = revealed {
        state.push(Action::Reveal(Item::Node(node)));
    }
}

fn group_ui(
    ui: &mut Ui,
    theme: &Theme,
    (node, reason, error): (&NodeId, &str, &str),
    letters: &[&DeadLetter],
    picked: &mut Option<MessageId>,
    revealed: &mut Option<NodeId>,
) {
    let title = RichText::new(format!("{node} · {}", reason.replace('_', " "))).font(theme::medium(12.5));
    ui.horizontal(|ui| {
        badge_ui(ui, theme, letters.len() as u64, theme.failed);
        ui.add(egui::Label::new(RichText::new(error).size(11.5).color(theme.dim)).truncate());
    });
    CollapsingHeader::new(title).id_salt((node.as_str(), reason, error)).show(ui, |ui| {
        if ui.link("Show the node").clicked() {
            *revealed = Some(node.clone());
        }
        for letter in letters.iter().take(MOST_OF_GROUP) {
            let text = format!(
                "{}  {}  {}  {}",
                time(letter.at.seconds()),
                short_id(&letter.message),
                figure::bytes(letter.message.payload.len() as u64),
                if letter.deliveries > 0 { format!("{} deliveries", letter.deliveries) } else { String::new() },
            );
            if ui.selectable_label(false, RichText::new(text).font(theme::mono(11.5))).clicked() {
                *picked = Some(letter.message.id);
            }
        }
        if letters.len() > MOST_OF_GROUP {
            ui.label(RichText::new(format!("{} more", letters.len() - MOST_OF_GROUP)).size(11.0).color(theme.faint));
        }
    });
    ui.add_space(4.0);
}
