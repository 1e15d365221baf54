//! Writing in place: a frame's name, a note's text.

use super::{CanvasInput, CanvasState};
use crate::action::{Action, Item, Outbox};
use crate::theme;
use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Event, Key, Rect, TextEdit, Ui, vec2};
use pipewright_runtime::graph::{Edit, Frame, Note};

/// What is being written.
pub struct Editing {
    item: Item,
    text: String,
    begun: bool,
    /// Whether what is typed first takes the place of what stands there.
    anew: bool,
}

impl Editing {
    /// Begins with what stands in the document; nothing for items without text of their own.
    pub fn begin(item: Item, input: &CanvasInput<'_>) -> Option<Self> {
        let text = match &item {
            Item::Frame(id) => input.graph.frames().get(id)?.title.clone(),
            Item::Note(id) => input.graph.notes().get(id)?.text.clone(),
            Item::Node(id) => input.graph.node(id)?.title.clone(),
            Item::Pipe(_) => return None,
        };
        Some(Self { item, text, begun: false, anew: false })
    }

    /// The same, with a name selected as a whole. Nothing where the document may only be looked at.
    pub fn anew(item: Item, input: &CanvasInput<'_>) -> Option<Self> {
        let name = !matches!(item, Item::Note(_));
        Self::begin(item, input).filter(|_| !input.read_only).map(|editing| Self { anew: name, ..editing })
    }
}

/// Shows the field in its place. Escape gives up; leaving it, or Enter in a single line, makes the change.
pub fn editing_ui(ui: &mut Ui, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let Some(mut editing) = state.editing.take() else { return };
    let Some(rect) = state.screen_rect(&editing.item) else { return };
    let long = matches!(editing.item, Item::Note(_));
    let place = match editing.item {
        Item::Note(_) => rect.expand2(vec2(2.0, 2.0)),
        Item::Frame(_) => Rect::from_min_size(rect.min + vec2(8.0, 6.0), vec2((rect.width() - 16.0).clamp(120.0, 320.0), 26.0)),
        Item::Node(_) | Item::Pipe(_) => Rect::from_min_size(rect.min + vec2(8.0, 6.0), vec2((rect.width() - 16.0).max(140.0), 26.0)),
    };
    let id = ui.scope_id().with("editing");
    let font = if long { theme::body(12.5) } else { theme::strong(13.0) };
    let edit = if long { TextEdit::multiline(&mut editing.text) } else { TextEdit::singleline(&mut editing.text) };
    let response = ui.put(place, edit.id(id).font(font).desired_width(place.width()).min_size(place.size()));
    if !editing.begun {
        editing.begun = true;
        response.request_focus();
        if editing.anew {
            let mut field = TextEditState::load(ui.ctx(), id).unwrap_or_default();
            let all = CCursorRange::two(CCursor::new(0), CCursor::new(editing.text.chars().count()));
            field.cursor.set_char_range(Some(all));
            field.store(ui.ctx(), id);
        }
        state.editing = Some(editing);
        return;
    }
    let escape = |event: &Event| matches!(event, Event::Key { key: Key::Escape, pressed: true, .. });
    if ui.input(|input| input.raw.events.iter().any(escape)) {
        return;
    }
    if !response.lost_focus() && response.has_focus() {
        state.editing = Some(editing);
        return;
    }
    let Editing { item, text, .. } = editing;
    let edit = match &item {
        Item::Frame(id) => input.graph.frames().get(id).filter(|frame| frame.title != text).map(|frame| {
            let frame = Frame { title: text, ..frame.clone() };
            ("Rename frame", Edit::SetFrame(*id, Some(frame)))
        }),
        Item::Note(id) => input.graph.notes().get(id).filter(|note| note.text != text).map(|note| {
            let note = Note { text, ..note.clone() };
            ("Edit note", Edit::SetNote(*id, Some(note)))
        }),
        Item::Node(id) => {
            input.graph.node(id).filter(|node| node.title != text).map(|_| ("Rename", Edit::SetTitle(id.clone(), text.trim().to_owned())))
        }
        Item::Pipe(_) => None,
    };
    if let Some((label, edit)) = edit {
        outbox.push(Action::Edit(label.to_owned(), edit));
    }
}
