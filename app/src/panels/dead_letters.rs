//! The desk for dead letters: a list in groups, one letter opened beside it, and what a person does with them: look, edit, try in a dry run,
//! put back to work, discard.

mod bar;
mod draft;
mod listing;
mod opened;
mod rows;
mod trial;

use crate::action::{Action, Item};
use crate::session::Session;
use crate::state::{Open, State};
use crate::theme::{Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::pane_ui;
use draft::Draft;
use egui::Ui;
use listing::{Entry, Key, Listing};
use opened::Page;
use pipewright_runtime::engine::desk::Redrive;
use pipewright_runtime::id::NodeId;
use pipewright_runtime::letter::LetterId;
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::units::Rate;
use std::collections::BTreeSet;
use trial::Trial;

/// What the desk remembers.
#[derive(Default)]
pub struct View {
    listing: Listing,
    query: String,
    /// The letters ticked off for the next act; none means all that are listed.
    chosen: BTreeSet<LetterId>,
    /// How fast they go back, as typed; empty: all at once.
    rate: String,
    /// Whether it asks if the letters are to be discarded for good.
    asks_to_discard: bool,
    unfolded: BTreeSet<Key>,
    /// Where the list stood in the frame before.
    list: Option<egui::Rect>,
    /// The letter that is looked at, kept even when it is no longer on its shelf.
    opened: Option<Entry>,
    page: Page,
    tab: super::messages::detail::DetailTab,
    draft: Option<Draft>,
    trial: Option<Trial>,
}

impl View {
    /// Forgets the letters of a run that gives way to another: their numbers mean others now.
    pub fn forget_run(&mut self) {
        *self = Self { query: std::mem::take(&mut self.query), rate: std::mem::take(&mut self.rate), ..Self::default() };
    }

    /// How many letters the next act is about.
    pub fn target_count(&self) -> usize {
        let chosen = |group: &listing::Group| group.entries.iter().filter(|entry| self.chosen.contains(&entry.id)).count();
        if self.chosen.is_empty() { self.listing.listed } else { self.listing.groups.iter().map(chosen).sum() }
    }

    /// Whether a letter is opened that is still on its shelf.
    pub fn has_open(&self) -> bool {
        self.opened.as_ref().is_some_and(|entry| self.listing.find(&entry.id).is_some())
    }

    /// The rate as typed: `10` and `10/s` alike. An error in words, if it is none.
    pub fn read_rate(&self) -> Result<Option<Rate>, String> {
        let text = self.rate.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let rate = text.parse::<f64>().map(Rate).or_else(|_| text.parse::<Rate>()).map_err(|error| error.to_string())?;
        if rate.per_second() > 0.0 && rate.per_second().is_finite() {
            Ok(Some(rate))
        } else {
            Err("The rate must be above zero.".to_owned())
        }
    }

    /// The letters chosen, or all that are listed, as a request to the run. They are chosen no longer.
    pub fn redrive(&mut self) -> Option<Redrive> {
        let rate = self.read_rate().ok()?;
        let letters: Vec<LetterId> = self.listing.targets(&self.chosen).into_iter().map(|entry| entry.id.clone()).collect();
        self.chosen.clear();
        (!letters.is_empty()).then(|| Redrive::of(letters, rate))
    }

    /// The opened letter, as edited, as a request to the run.
    pub fn redrive_open(&mut self) -> Option<Redrive> {
        let entry = self.opened.as_ref().filter(|_| self.has_open())?;
        let draft = self.draft.as_ref().filter(|draft| draft.id == entry.id);
        if draft.is_some_and(Draft::faulty) {
            return None;
        }
        let letters = vec![(entry.id.clone(), draft.and_then(Draft::edited))];
        self.chosen.remove(&entry.id);
        Some(Redrive { letters, rate: None })
    }

    /// The letters to discard, if the person has said yes to that.
    pub fn discard(&mut self) -> Vec<LetterId> {
        self.asks_to_discard = false;
        let letters = self.listing.targets(&self.chosen).into_iter().map(|entry| entry.id.clone()).collect();
        self.chosen.clear();
        letters
    }

    /// Asks whether the letters are to be discarded for good.
    pub const fn ask_to_discard(&mut self) {
        self.asks_to_discard = true;
    }

    /// Begins a dry run of the opened letter, as edited, and shows it.
    pub fn begin_trial(&mut self, open: &Open, catalogue: Catalogue) {
        let now = open.session.as_ref().and_then(Session::snapshot).map(|snapshot| snapshot.now);
        let (Some(entry), Some(now)) = (&self.opened, now) else { return };
        let draft = self.draft.as_ref().filter(|draft| draft.id == entry.id);
        if draft.is_some_and(Draft::faulty) {
            return;
        }
        self.trial = Some(Trial::begin(open, catalogue, entry, draft.and_then(Draft::edited), now));
        self.page = Page::DryRun;
    }

    fn show(&mut self, entry: &Entry) {
        if self.opened.as_ref().is_none_or(|opened| opened.id != entry.id) {
            self.draft = None;
            self.trial = None;
        }
        self.opened = Some(entry.clone());
    }
}

#[cfg(test)]
impl View {
    /// Opens the newest listed letter whose payload has this in it.
    pub fn open_first(&mut self, wanted: &str) -> bool {
        let has = |entry: &&Entry| String::from_utf8_lossy(&entry.letter.message.payload.bytes()).replace(": ", ":").contains(wanted);
        let found = self.listing.groups.iter().flat_map(|group| &group.entries).find(has).cloned();
        found.is_some_and(|entry| {
            self.show(&entry);
            true
        })
    }

    /// Types into the payload of the opened letter.
    pub fn edit_payload(&mut self, typed: impl FnOnce(&str) -> String) {
        let entry = self.opened.as_ref().expect("a letter is open");
        let draft = self.draft.get_or_insert_with(|| Draft::of(entry.id.clone(), &entry.letter.message));
        if let Ok(payload) = &mut draft.payload {
            payload.now = typed(&payload.now);
        }
        draft.check();
        self.page = Page::Edit;
    }
}

/// What a frame of the desk asks for.
#[derive(Default)]
struct Wishes {
    commands: Vec<&'static str>,
    reveal: Option<NodeId>,
    discard: bool,
}

/// Shows the panel.
pub fn dead_letters_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front_mut() else { return };
    let mut view = std::mem::take(&mut open.views.dead_letters);
    let mut wishes = Wishes::default();
    desk_ui(ui, theme, open, &mut view, &mut wishes);
    open.views.dead_letters = view;
    for command in wishes.commands {
        state.outbox.command(command);
    }
    if wishes.discard {
        crate::action::perform::letters::discard_now(state);
    }
    if let Some(node) = wishes.reveal {
        state.push(Action::Reveal(Item::Node(node)));
    }
}

fn desk_ui(ui: &mut Ui, theme: &Theme, open: &Open, view: &mut View, wishes: &mut Wishes) {
    let Some(session) = open.session.as_ref() else {
        let hint = "Messages that a run gives up are grouped here by reason; look at them, edit them, put them back to work.";
        return empty_ui(ui, theme, Icon::Check, "No dead letters", hint);
    };
    let Some(snapshot) = session.snapshot() else {
        return empty_ui(ui, theme, Icon::Clock, "No dead letters yet", "The run is starting.");
    };
    let now = ui.input(|input| input.time);
    let pointed = view.list.is_some_and(|list| ui.rect_contains_pointer(list));
    view.listing.refresh(snapshot, &view.query, now, pointed);
    if view.listing.listed == 0 && view.query.is_empty() && view.opened.is_none() {
        let acts = &view.listing.acts;
        let hint = if acts.sent + acts.discarded > 0 {
            format!("{} went back to work, {} were discarded.", acts.sent, acts.discarded)
        } else {
            "Every message so far found its way.".to_owned()
        };
        return empty_ui(ui, theme, Icon::Check, "No dead letters", &hint);
    }
    bar::bar_ui(ui, theme, open, view, session.alive(), wishes);
    let room = ui.available_rect_before_wrap();
    let list = if view.opened.is_some() { room.with_max_x(room.left() + (room.width() * 0.5).max(room.width() - 620.0)) } else { room };
    view.list = Some(list);
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| rows::rows_ui(ui, theme, open, view, wishes));
    if view.opened.is_some() {
        ui.painter().vline(list.right() + 6.0, room.y_range(), egui::Stroke::new(1.0, theme.border));
        let beside = room.with_min_x(list.right() + 16.0);
        pane_ui(ui, beside, opened::LEAST_HEIGHT, |ui| opened::opened_ui(ui, theme, open, view, session.alive(), wishes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_typed_with_or_without_its_unit() {
        let read = |rate: &str| View { rate: rate.to_owned(), ..View::default() }.read_rate();
        assert_eq!(read(""), Ok(None));
        assert_eq!((read(" 10 "), read("10/s"), read("30/min")), (Ok(Some(Rate(10.0))), Ok(Some(Rate(10.0))), Ok(Some(Rate(0.5)))));
        for bad in ["0", "-1", "fast", "inf"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
