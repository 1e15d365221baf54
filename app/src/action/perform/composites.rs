//! Commands about composites: made, opened, left, unpacked, saved as files and used from files.

use super::{apply, apply_as_it_is, select};
use crate::action::{Action, Item};
use crate::canvas::is_durable;
use crate::dialogs::Purpose;
use crate::io::Job;
use crate::panels::CameraWish;
use crate::state::{Open, State};
use pipewright_runtime::file;
use pipewright_runtime::graph::composite::{COMPOSITE, setting};
use pipewright_runtime::graph::{Edit, FrameId, Node, NoteId, Point};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::setting::Setting;
use std::path::{Path, PathBuf};

/// The selected composite, if just one node is selected and is one.
pub fn selected(open: &Open) -> Option<&NodeId> {
    let Some(Item::Node(id)) = open.only_selected() else { return None };
    open.document.whole().node(id).filter(|node| node.is_composite()).map(|_| id)
}

/// Whether the selected composite has content of its own that may be changed here.
pub fn own_selected(open: &Open) -> bool {
    let own = |id: &NodeId| open.document.graph().node(id).is_some_and(|node| node.is_composite() && node.used_file().is_none());
    !open.document.read_only() && selected(open).is_some_and(own)
}

/// Whether the selected composite uses a file.
pub fn using_selected(open: &Open) -> bool {
    let using = |id: &NodeId| open.document.graph().node(id).is_some_and(|node| node.used_file().is_some());
    !open.document.read_only() && selected(open).is_some_and(using)
}

/// Shows a level.
pub fn enter_level(state: &mut State, level: Option<NodeId>) {
    let Some(open) = state.front_mut() else { return };
    let (left, wanted) = (open.document.level().cloned(), level.clone());
    if open.document.set_level(level) {
        // Going back, the composite that was left is selected.
        let back = left.filter(|left| open.document.whole().level_of(left) == wanted.as_ref());
        open.selection = back.into_iter().map(Item::Node).collect();
        open.views.camera_wish = Some(CameraWish::Fit);
    }
}

/// Opens the selected composite.
pub fn enter(state: &mut State) {
    if let Some(id) = state.front().and_then(selected).cloned() {
        enter_level(state, Some(id));
    }
}

/// Goes back to the level around the one that is open.
pub fn leave(state: &mut State) {
    let Some(open) = state.front() else { return };
    let Some(level) = open.document.level() else { return };
    let around = open.document.whole().level_of(level).cloned();
    enter_level(state, around);
}

/// Shows the level of an item.
pub fn show_level_of(open: &mut Open, item: &Item) {
    let level = open.level_of(item);
    open.document.set_level(level);
}

/// Why these nodes, with all that is inside, cannot go on under other ids in the run: a durable store among them holds messages.
fn bound_to_its_id<'a>(open: &'a Open, catalogue: Catalogue, nodes: impl Iterator<Item = &'a NodeId>) -> Option<String> {
    let snapshot = open.session.as_ref().filter(|_| open.running())?.snapshot()?;
    let whole = open.document.whole();
    let mut all = nodes.flat_map(|id| std::iter::once(id).chain(whole.inside(id)));
    let durable = |id: &&NodeId| whole.node(id).is_some_and(|node| catalogue.get(&node.kind).is_some_and(|kind| is_durable(node, kind)));
    let bound = all.find(|id| durable(id) && snapshot.nodes.get(*id).is_some_and(|figures| figures.held > 0))?;
    Some(format!("{} keeps its messages on the disk under its path; stop the run first", open.title_of(bound)))
}

/// Makes a composite of what is selected.
pub fn make(state: &mut State) {
    let Some(open) = state.front() else { return };
    let nodes: Vec<NodeId> = select::nodes(open).cloned().collect();
    if let Some(why) = bound_to_its_id(open, state.catalogue, nodes.iter()) {
        return state.failed(format!("Make composite: {why}."));
    }
    let frames: Vec<FrameId> = open.selection.iter().filter_map(|item| if let Item::Frame(id) = item { Some(*id) } else { None }).collect();
    let notes: Vec<NoteId> = open.selection.iter().filter_map(|item| if let Item::Note(id) = item { Some(*id) } else { None }).collect();
    match open.document.graph().make_composite(&nodes, &frames, &notes, "Composite") {
        Ok((change, id)) => {
            apply(state, "Make composite", change);
            state.push(Action::Select(vec![Item::Node(id)]));
            // Nobody means to keep the word that it is made with.
            state.outbox.command("edit.rename");
        }
        Err(reason) => state.failed(format!("Make composite: {reason}.")),
    }
}

/// Puts the content of the selected composite in its place.
pub fn unpack(state: &mut State) {
    let Some((open, id)) = state.front().and_then(|open| Some((open, selected(open)?.clone()))) else { return };
    if let Some(why) = bound_to_its_id(open, state.catalogue, std::iter::once(&id)) {
        return state.failed(format!("Unpack composite: {why}."));
    }
    match open.document.graph().unpack(&id) {
        Ok((change, nodes)) => {
            apply(state, "Unpack composite", change);
            state.push(Action::Select(nodes.into_iter().map(Item::Node).collect()));
        }
        Err(reason) => state.failed(format!("Unpack composite: {reason}.")),
    }
}

/// Makes the content of a used file the composite's own.
pub fn take_over(state: &mut State) {
    let Some((open, id)) = state.front().and_then(|open| Some((open, selected(open)?.clone()))) else { return };
    if open.document.wants_parts() {
        return state.failed("The file is still being read.");
    }
    match open.document.graph().take_over(&id) {
        // Nothing of it is the file's any more.
        Ok(change) => apply_as_it_is(state, "Take over content", change, Vec::new()),
        Err(reason) => state.failed(format!("Take over content: {reason}.")),
    }
}

/// Asks for a file to be used as a composite.
pub fn use_file(state: &mut State) {
    let Some(open) = state.front() else { return };
    if open.document.path().is_none() {
        return state.failed("Save the graph first: files are used from its folder.");
    }
    state.files.ask(Purpose::Part(open.document.number), Some(open.document.folder()), None);
}

/// A file's path as a composite names it: from the graph's folder, never out of it.
fn named(open: &Open, path: &Path) -> Option<String> {
    let (folder, path) = (open.document.folder().canonicalize().ok()?, path.canonicalize().ok()?);
    let below = path.strip_prefix(folder).ok()?;
    Some(below.iter().map(std::ffi::OsStr::to_string_lossy).collect::<Vec<_>>().join("/"))
}

/// Puts a composite in that uses this file.
pub fn use_chosen(state: &mut State, document: u64, path: &Path) {
    let Some(open) = state.by_number(document) else { return };
    let Some(file) = named(open, path) else {
        return state.failed(format!("{} does not lie in or below the folder of the graph.", path.display()));
    };
    if open.document.path().and_then(|own| own.canonicalize().ok()) == path.canonicalize().ok() {
        return state.failed("A graph cannot hold itself.");
    }
    let at = open.views.canvas_centre;
    let snap = |value: f32| (value / 4.0).round() * 4.0;
    let id = open.document.graph().fresh_node_id_on(open.document.level(), COMPOSITE);
    let mut node = Node::new(COMPOSITE, Point { x: snap(at.x - 88.0), y: snap(at.y - 44.0) });
    node.settings.insert(setting::USE.to_owned(), Setting::text(file));
    state.active = state.documents.iter().position(|open| open.document.number == document);
    apply(state, "Composite from file", Edit::AddNode(id.clone(), Box::new(node), None));
    state.push(Action::Select(vec![Item::Node(id)]));
}

/// Asks where to save the selected composite as a file of its own.
pub fn save(state: &mut State) {
    let Some((open, id)) = state.front().and_then(|open| Some((open, selected(open)?.clone()))) else { return };
    if open.document.path().is_none() {
        return state.failed("Save the graph first: files are used from its folder.");
    }
    let title = open.own_title(&id).trim().to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
    let name = Some(format!("{title}.ron"));
    let (purpose, folder) = (Purpose::SavePart(open.document.number), open.document.folder());
    state.files.ask(purpose, Some(folder), name);
}

/// Writes the selected composite to this file, and lets it use the file.
pub fn save_chosen(state: &mut State, document: u64, path: PathBuf) {
    let Some(open) = state.by_number(document) else { return };
    let Some(id) = selected(open).cloned() else { return state.failed("Select the composite that is to be saved.") };
    let Some(part) = open.document.graph().as_part(&id) else { return };
    // The file is not there yet; its folder is.
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(folder) = path.parent().and_then(|folder| named(open, folder)) else {
        return state.failed(format!("{} does not lie in or below the folder of the graph.", path.display()));
    };
    let file = if folder.is_empty() { name } else { format!("{folder}/{name}") };
    if file.contains('/') && part.uses_files() {
        return state.failed("This composite uses files itself, named from the graph's folder: save it in that folder.");
    }
    let change = open.document.graph().use_file(&id, &file);
    let mut parts = open.document.graph().parts().clone();
    let read = file::read(&file::write(&part), state.catalogue);
    parts.insert(file, std::sync::Arc::new(pipewright_runtime::graph::composite::Part::Read(Box::new(read.graph), read.problems)));
    if let Some(open) = state.by_number(document) {
        open.document.set_parts(parts);
    }
    state.active = state.documents.iter().position(|open| open.document.number == document);
    state.io.ask(Job::Write(path, file::write(&part).into_bytes()));
    apply(state, "Save composite as a file", change);
}

/// Opens the file that the open level, or the selected composite, comes from.
pub fn open_file(state: &mut State) {
    let Some(open) = state.front() else { return };
    let whole = open.document.whole();
    let start = selected(open).or_else(|| open.document.level());
    let Some(user) = start.and_then(|id| {
        std::iter::once(id).chain(whole.levels_of(id)).find(|id| whole.node(id).is_some_and(|node| node.used_file().is_some()))
    }) else {
        return;
    };
    // A file within a file is named from that file's folder.
    let file =
        whole.node(user).and_then(Node::used_file).map(|named| match open.document.file_of(user).and_then(|file| file.rsplit_once('/')) {
            Some((folder, _)) => format!("{folder}/{named}"),
            None => named.to_owned(),
        });
    let path = file.map(|file| open.document.folder().join(file));
    if let Some(path) = path {
        super::file::open_path(state, path);
    }
}

/// A change as it may be made: what stands in a used file can be given other settings, which the composite keeps, and nothing else. In words, why
/// it may not be made.
pub fn allowed(open: &Open, change: Edit) -> Result<Edit, String> {
    if !open.document.graph().uses_files() {
        return Ok(change);
    }
    let whole = open.document.whole();
    let foreign = |id: &NodeId| whole.used_above(id).is_some();
    let level = |inside: Option<&NodeId>| {
        inside.is_some_and(|level| foreign(level) || whole.node(level).is_some_and(|node| node.used_file().is_some()))
    };
    let refused = |id: Option<&NodeId>| {
        let file = id.and_then(|id| open.document.file_of(id)).unwrap_or("a used file");
        format!("This stands in {file}: open that file, or take its content over, to change more than settings.")
    };
    let check = |ids: &[&NodeId]| ids.iter().find(|id| foreign(id)).map_or(Ok(()), |id| Err(refused(Some(id))));
    match &change {
        Edit::Group(edits) => {
            return edits.iter().cloned().map(|edit| allowed(open, edit)).collect::<Result<_, _>>().map(Edit::Group);
        }
        Edit::SetSetting(id, name, value) if foreign(id) => {
            return open.document.graph().set_inside(id, name, value.clone()).ok_or_else(|| refused(Some(id)));
        }
        Edit::AddNode(id, ..)
        | Edit::RemoveNode(id)
        | Edit::SetTitle(id, _)
        | Edit::SetSetting(id, ..)
        | Edit::SetKind(id, _)
        | Edit::PlacePort(id, ..) => check(&[id])?,
        Edit::RenameNode(from, to) => check(&[from, to])?,
        Edit::MoveNodes(moves) => check(&moves.iter().map(|(id, _)| id).collect::<Vec<_>>())?,
        Edit::AddPipe(pipe, ..) | Edit::RemovePipe(pipe) | Edit::SetPipeSetting(pipe, ..) | Edit::SetBends(pipe, _) => {
            check(&[&pipe.from.node, &pipe.to.node])?;
        }
        Edit::SetFrame(id, frame) => {
            let there = whole.frames().get(id).and_then(|frame| frame.inside.as_ref());
            if level(there) || level(frame.as_ref().and_then(|frame| frame.inside.as_ref())) {
                return Err(refused(there));
            }
        }
        Edit::SetNote(id, note) => {
            let there = whole.notes().get(id).and_then(|note| note.inside.as_ref());
            if level(there) || level(note.as_ref().and_then(|note| note.inside.as_ref())) {
                return Err(refused(there));
            }
        }
        Edit::SetGraphSetting(..) | Edit::InsertSetting(..) | Edit::SetGraphTitle(_) | Edit::SetPorts(_) | Edit::SetClaim(..) => {}
    }
    Ok(change)
}
