//! Messages that were given up: grouped by the node that did, by reason and error; one opened beside the list.

use super::messages::detail::{DetailTab, detail_ui};
use super::messages::{short_id, time};
use crate::action::{Action, Item};
use crate::session::Session;
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use crate::widgets::pill::badge_ui;
use egui::{CollapsingHeader, Label, RichText, ScrollArea, Ui};
use indexmap::IndexMap;
use pipewright_runtime::id::{MessageId, NodeId};
use pipewright_runtime::message::Message;
use pipewright_runtime::units::Moment;

/// How many letters of one group are listed.
const MOST_OF_GROUP: usize = 100;
/// How many of the newest letters of one keeper are grouped.
const MOST_OF_SHELF: usize = 1_000;

/// What the panel remembers.
#[derive(Default, Debug)]
pub struct View {
    open: Option<MessageId>,
    tab: DetailTab,
}

/// One letter, and who keeps it.
struct Letter<'a> {
    at: Moment,
    node: NodeId,
    reason: String,
    error: String,
    deliveries: u64,
    message: &'a Message,
}

type Groups<'a> = IndexMap<(NodeId, String, String), Vec<Letter<'a>>>;

/// The newest letters of a run, newest first.
fn letters(session: &Session) -> Vec<Letter<'_>> {
    let shelves = session.snapshot().into_iter().flat_map(|snapshot| &snapshot.dead_letters);
    let mut letters: Vec<Letter<'_>> = shelves
        .flat_map(|(keeper, shelf)| {
            shelf.iter().rev().take(MOST_OF_SHELF).map(|letter| Letter {
                at: letter.at,
                node: letter.origin().map_or_else(|_| keeper.clone(), |origin| origin.node),
                reason: letter.reason().to_owned(),
                error: letter.error().to_owned(),
                deliveries: letter.deliveries(),
                message: &letter.message,
            })
        })
        .collect();
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.at));
    letters
}

/// Shows the panel.
pub fn dead_letters_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let Some(session) = open.session.as_ref().filter(|session| session.snapshot().is_some()) else {
        empty_ui(ui, theme, Icon::Check, "No dead letters", "Messages that a run gives up are grouped here by reason.");
        return;
    };
    let letters = letters(session);
    if letters.is_empty() {
        empty_ui(ui, theme, Icon::Check, "No dead letters", "Every message so far found its way.");
        return;
    }
    let total = letters.len();
    let (mut tab, mut picked, mut revealed) = (open.views.dead_letters.tab, None, None);
    let chosen = open.views.dead_letters.open;
    let opened =
        chosen.and_then(|id| letters.iter().find(|letter| letter.message.id == id)).map(|letter| (letter.at, letter.message.clone()));
    let mut groups = Groups::new();
    for letter in letters {
        groups.entry((letter.node.clone(), letter.reason.clone(), letter.error.clone())).or_default().push(letter);
    }
    let room = ui.available_rect_before_wrap();
    let list = if opened.is_some() { room.with_max_x(room.left() + (room.width() * 0.6).max(room.width() - 520.0)) } else { room };
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
        ScrollArea::vertical().id_salt("dead letters").auto_shrink(false).show(ui, |ui| {
            let plural = if groups.len() == 1 { "" } else { "s" };
            let text = format!("the newest {} in {} group{plural}", figure::count(total as u64), groups.len());
            ui.label(RichText::new(text).size(11.0).color(theme.faint));
            for letters in groups.values() {
                group_ui(ui, theme, open, letters, chosen, &mut picked, &mut revealed);
            }
        });
    });
    if let Some((at, message)) = &opened {
        ui.painter().vline(list.right() + 6.0, room.y_range(), egui::Stroke::new(1.0, theme.border));
        let beside = room.with_min_x(list.right() + 16.0);
        ui.scope_builder(egui::UiBuilder::new().max_rect(beside), |ui| detail_ui(ui, theme, message, *at, &mut tab));
    }
    drop(groups);
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
    open: &Open,
    letters: &[Letter<'_>],
    chosen: Option<MessageId>,
    picked: &mut Option<MessageId>,
    revealed: &mut Option<NodeId>,
) {
    let Some(first) = letters.first() else { return };
    let title = format!("{} · {}", open.title_of(&first.node), first.reason.replace('_', " "));
    ui.horizontal(|ui| {
        badge_ui(ui, theme, letters.len() as u64, theme.failed);
        if ui.add(egui::Link::new(RichText::new(title).font(theme::medium(12.5)))).on_hover_text("Show the node").clicked() {
            *revealed = Some(first.node.clone());
        }
        ui.add(Label::new(RichText::new(&first.error).size(11.5).color(theme.dim)).truncate());
    });
    let about = RichText::new(format!("newest at {}", time(first.at.seconds()))).size(11.5).color(theme.dim);
    CollapsingHeader::new(about).id_salt((first.node.as_str(), &first.reason, &first.error)).show(ui, |ui| {
        for letter in letters.iter().take(MOST_OF_GROUP) {
            let tries = if letter.deliveries > 0 { format!("{} deliveries", letter.deliveries) } else { String::new() };
            let size = figure::bytes(letter.message.payload.len() as u64);
            let text = format!("{}  {}  {size:>7}  {tries}", time(letter.at.seconds()), short_id(letter.message));
            let row = ui.selectable_label(chosen == Some(letter.message.id), RichText::new(text).font(theme::mono(11.5)));
            if row.clicked() {
                *picked = Some(letter.message.id);
            }
        }
        if letters.len() > MOST_OF_GROUP {
            ui.label(RichText::new(format!("{} more", letters.len() - MOST_OF_GROUP)).size(11.0).color(theme.faint));
        }
    });
    ui.add_space(4.0);
}
