//! Every command as one table: menus, command palette, shortcuts and tooltips are made from it.

use super::Item;
use super::perform::{composites, edit, file, letters, run, select, trust, view};
use crate::state::{Open, State};
use crate::theme::Icon;
use egui::{Key, KeyboardShortcut, Modifiers};

/// The menu that a command stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Menu {
    /// Documents and files.
    File,
    /// Changes of the document.
    Edit,
    /// What is seen.
    View,
    /// The run.
    Run,
}

impl Menu {
    /// All menus, in their order on screen.
    pub const ALL: [Self; 4] = [Self::File, Self::Edit, Self::View, Self::Run];

    /// The word on the menu.
    pub const fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Run => "Run",
        }
    }
}

/// One thing that a person can ask for by name.
pub struct Command {
    /// Its name: the menu's word and a verb.
    pub name: &'static str,
    /// The words in menus and in the palette.
    pub title: &'static str,
    /// Its menu.
    pub menu: Menu,
    /// Keys; the first is shown.
    pub keys: &'static [KeyboardShortcut],
    /// Its icon, where it has a button.
    pub icon: Option<Icon>,
    /// One sentence for the tooltip.
    pub help: &'static str,
    /// Whether it can be done now.
    pub enabled: fn(&State) -> bool,
    /// Does it.
    pub perform: fn(&mut State),
}

/// The command with this name.
pub fn find(name: &str) -> Option<&'static Command> {
    TABLE.iter().find(|command| command.name == name)
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
const NONE: Modifiers = Modifiers::NONE;

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

fn always(_: &State) -> bool {
    true
}
fn has_document(state: &State) -> bool {
    state.front().is_some()
}
fn front_is(state: &State, test: impl Fn(&Open) -> bool) -> bool {
    state.front().is_some_and(test)
}
fn has_selection(state: &State) -> bool {
    front_is(state, |open| !open.selection.is_empty())
}
fn has_nodes(state: &State) -> bool {
    front_is(state, |open| !open.document.graph().nodes().is_empty())
}
fn has_node_selected(state: &State) -> bool {
    front_is(state, |open| select::nodes(open).next().is_some())
}
fn can_undo(state: &State) -> bool {
    front_is(state, |open| open.document.history().undo_label().is_some())
}
fn can_redo(state: &State) -> bool {
    front_is(state, |open| open.document.history().redo_label().is_some())
}
fn can_save(state: &State) -> bool {
    front_is(state, |open| !open.document.read_only() && !open.saving)
}
fn has_report(state: &State) -> bool {
    front_is(state, |open| open.session.as_ref().is_some_and(crate::session::Session::reported))
}
fn has_bends(state: &State) -> bool {
    front_is(state, |open| !open.document.read_only() && select::bent_pipes(open).next().is_some())
}
fn can_unselect(state: &State) -> bool {
    front_is(state, |open| !open.selection.is_empty() || open.document.level().is_some())
}
fn has_composite_selected(state: &State) -> bool {
    front_is(state, |open| composites::selected(open).is_some())
}
fn has_own_composite(state: &State) -> bool {
    front_is(state, composites::own_selected)
}
fn has_using_composite(state: &State) -> bool {
    front_is(state, composites::using_selected)
}
fn is_inside(state: &State) -> bool {
    front_is(state, |open| open.document.level().is_some())
}
fn has_part(state: &State) -> bool {
    front_is(state, |open| open.document.graph().uses_files())
}
fn can_edit_nodes(state: &State) -> bool {
    front_is(state, |open| !open.document.read_only() && select::nodes(open).next().is_some())
}
fn can_rename(state: &State) -> bool {
    front_is(state, |open| {
        !open.document.read_only() && matches!(open.only_selected(), Some(Item::Node(_) | Item::Frame(_) | Item::Note(_)))
    })
}
fn can_edit(state: &State) -> bool {
    front_is(state, |open| !open.document.read_only())
}
fn is_running(state: &State) -> bool {
    front_is(state, Open::running)
}
fn has_dead_letters(state: &State) -> bool {
    let session = state.front().and_then(|open| open.session.as_ref()).filter(|session| session.alive());
    let snapshot = session.and_then(crate::session::Session::snapshot);
    snapshot.is_some_and(|snapshot| snapshot.dead_letters.values().any(|shelf| !shelf.is_empty()))
}
fn has_open_letter(state: &State) -> bool {
    front_is(state, |open| open.views.dead_letters.has_open())
}
fn has_grants(state: &State) -> bool {
    !state.preferences.grants.is_empty()
}
fn can_start(state: &State) -> bool {
    front_is(state, |open| !open.running() && !open.document.graph().nodes().is_empty())
}

const fn command(
    name: &'static str,
    title: &'static str,
    menu: Menu,
    enabled: fn(&State) -> bool,
    perform: fn(&mut State),
    help: &'static str,
) -> Command {
    Command { name, title, menu, keys: &[], icon: None, help, enabled, perform }
}

impl Command {
    const fn keys(mut self, keys: &'static [KeyboardShortcut]) -> Self {
        self.keys = keys;
        self
    }
    const fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    command("file.new", "New", Menu::File, always, file::new, "Opens an empty document.").keys(&[key(CTRL, Key::N)]).icon(Icon::File),
    command("file.open", "Open …", Menu::File, always, file::open, "Opens a graph file.").keys(&[key(CTRL, Key::O)]).icon(Icon::Folder),
    command("file.save", "Save", Menu::File, can_save, file::save, "Writes the document to its file.").keys(&[key(CTRL, Key::S)]),
    command("file.save_as", "Save as …", Menu::File, can_save, file::save_as, "Writes the document to another file.")
        .keys(&[key(CTRL_SHIFT, Key::S)]),
    command(
        "file.open_part",
        "Open the used file",
        Menu::File,
        has_part,
        composites::open_file,
        "Opens the file that the composite in hand comes from.",
    ),
    command("file.close", "Close", Menu::File, has_document, file::close, "Closes the document; asks if there are unsaved changes.")
        .keys(&[key(CTRL, Key::W)])
        .icon(Icon::Close),
    command("file.next", "Next document", Menu::File, has_document, file::next, "Brings the next tab to the front.")
        .keys(&[key(CTRL, Key::Tab), key(CTRL, Key::PageDown)]),
    command("file.welcome", "Samples and recent files", Menu::File, always, file::welcome, "Shows the welcome page."),
    command("file.quit", "Quit", Menu::File, always, file::quit, "Closes the window; asks if there are unsaved changes.")
        .keys(&[key(CTRL, Key::Q)]),
    command("edit.undo", "Undo", Menu::Edit, can_undo, edit::undo, "Takes back the last change.")
        .keys(&[key(CTRL, Key::Z)])
        .icon(Icon::Undo),
    command("edit.redo", "Redo", Menu::Edit, can_redo, edit::redo, "Makes the change again that was taken back last.")
        .keys(&[key(CTRL_SHIFT, Key::Z), key(CTRL, Key::Y)])
        .icon(Icon::Redo),
    // Copy, cut and paste have no keys here: the system sends them as events of their own, see `shortcuts`.
    command("edit.cut", "Cut", Menu::Edit, has_node_selected, edit::cut, "Copies the selected nodes with their pipes, then deletes them."),
    command(
        "edit.copy",
        "Copy",
        Menu::Edit,
        has_node_selected,
        edit::copy,
        "Copies the selected nodes with their pipes, as text of a file.",
    )
    .icon(Icon::Copy),
    command("edit.paste", "Paste", Menu::Edit, has_document, edit::paste, "Puts in the nodes and pipes that were copied."),
    command(
        "edit.duplicate",
        "Duplicate",
        Menu::Edit,
        has_node_selected,
        edit::duplicate,
        "Puts in a copy of the selected nodes beside them.",
    )
    .keys(&[key(CTRL, Key::D)]),
    command("edit.delete", "Delete", Menu::Edit, has_selection, edit::delete, "Deletes what is selected.")
        .keys(&[key(NONE, Key::Delete), key(NONE, Key::Backspace)]),
    command(
        "edit.delete_reconnect",
        "Delete and reconnect",
        Menu::Edit,
        has_node_selected,
        edit::delete_reconnect,
        "Deletes the selected nodes and wires their neighbours to each other.",
    )
    .keys(&[key(CTRL, Key::Delete), key(CTRL, Key::Backspace)]),
    command("edit.select_all", "Select all", Menu::Edit, has_nodes, select::all, "Selects every node.").keys(&[key(CTRL, Key::A)]),
    command(
        "edit.select_none",
        "Select nothing",
        Menu::Edit,
        can_unselect,
        select::nothing,
        "Selects nothing; a second time leaves the composite.",
    )
    .keys(&[key(NONE, Key::Escape)]),
    command(
        "edit.select_downstream",
        "Select downstream",
        Menu::Edit,
        has_node_selected,
        select::downstream,
        "Adds every node that messages reach from the selected ones.",
    ),
    command(
        "edit.select_upstream",
        "Select upstream",
        Menu::Edit,
        has_node_selected,
        select::upstream,
        "Adds every node whose messages reach the selected ones.",
    ),
    command("edit.straighten", "Straighten", Menu::Edit, has_bends, edit::straighten, "Takes the bends out of the selected pipes."),
    command("edit.arrange", "Arrange", Menu::Edit, has_nodes, edit::arrange, "Lays the nodes out from left to right.")
        .keys(&[key(CTRL_SHIFT, Key::L)]),
    command("edit.frame", "Frame selection", Menu::Edit, has_node_selected, edit::frame, "Puts a named frame around the selected nodes.")
        .keys(&[key(CTRL, Key::G)])
        .icon(Icon::Frame),
    command(
        "edit.make_composite",
        "Make composite",
        Menu::Edit,
        can_edit_nodes,
        composites::make,
        "Puts the selected nodes into one node that can be opened; pipes across its border get ports.",
    )
    .keys(&[key(CTRL_SHIFT, Key::G)])
    .icon(Icon::Composite),
    command(
        "edit.unpack",
        "Unpack composite",
        Menu::Edit,
        has_own_composite,
        composites::unpack,
        "Puts what is inside the composite in its place.",
    )
    .keys(&[key(CTRL_SHIFT, Key::U)]),
    command(
        "edit.use_file",
        "Composite from file …",
        Menu::Edit,
        can_edit,
        composites::use_file,
        "Uses a graph file from the graph's folder as a composite.",
    ),
    command(
        "edit.save_composite",
        "Save composite as …",
        Menu::Edit,
        has_own_composite,
        composites::save,
        "Writes the composite to a file of its own, which it uses from then on, and other graphs may use too.",
    ),
    command(
        "edit.take_over",
        "Take over content",
        Menu::Edit,
        has_using_composite,
        composites::take_over,
        "Makes the content of a used file the composite's own, so that it can be changed here.",
    ),
    command("edit.rename", "Rename", Menu::Edit, can_rename, edit::rename, "Writes the name of the selected node or frame, or the note.")
        .keys(&[key(NONE, Key::F2)]),
    command("edit.note", "Add note", Menu::Edit, has_document, edit::note, "Puts a note on the canvas.")
        .keys(&[key(CTRL, Key::M)])
        .icon(Icon::Note),
    command("edit.quick_add", "Add node …", Menu::Edit, has_document, edit::quick_add, "Lists the kinds; type to find one.")
        .keys(&[key(NONE, Key::A)])
        .icon(Icon::Plus),
    command("view.find", "Find a node …", Menu::View, has_nodes, view::find, "Finds a node of this document by its title.")
        .keys(&[key(CTRL, Key::F)])
        .icon(Icon::Search),
    command("view.palette", "Commands …", Menu::View, always, view::palette, "Searches commands, nodes and samples.")
        .keys(&[key(CTRL_SHIFT, Key::P), key(CTRL, Key::K)]),
    command("view.enter", "Open composite", Menu::View, has_composite_selected, composites::enter, "Shows what is inside.")
        .keys(&[key(CTRL, Key::ArrowDown)])
        .icon(Icon::Composite),
    command("view.leave", "Leave composite", Menu::View, is_inside, composites::leave, "Goes back to the level around it.")
        .keys(&[key(CTRL, Key::ArrowUp)])
        .icon(Icon::Left),
    command("view.fit", "Fit all", Menu::View, has_document, view::fit, "Shows the whole graph.")
        .keys(&[key(CTRL, Key::Num0), key(NONE, Key::F)])
        .icon(Icon::Fit),
    command("view.fit_selection", "Fit selection", Menu::View, has_selection, view::fit_selection, "Shows what is selected.")
        .keys(&[key(NONE, Key::Z)]),
    command("view.zoom_in", "Zoom in", Menu::View, has_document, view::zoom_in, "Shows less, larger.")
        .keys(&[key(CTRL, Key::Plus), key(CTRL, Key::Equals)])
        .icon(Icon::Plus),
    command("view.zoom_out", "Zoom out", Menu::View, has_document, view::zoom_out, "Shows more, smaller.")
        .keys(&[key(CTRL, Key::Minus)])
        .icon(Icon::Minus),
    command("view.zoom_100", "Actual size", Menu::View, has_document, view::zoom_100, "Shows nodes at their own size.")
        .keys(&[key(CTRL, Key::Num1)]),
    command("view.toggle_palette", "Node palette", Menu::View, always, view::toggle_palette, "Shows or hides the list of node kinds.")
        .keys(&[key(CTRL, Key::B)]),
    command("view.toggle_inspector", "Inspector", Menu::View, always, view::toggle_inspector, "Shows or hides the inspector.")
        .keys(&[key(CTRL, Key::I)]),
    command("view.toggle_dock", "Dock", Menu::View, always, view::toggle_dock, "Shows or hides messages, metrics, problems and journal.")
        .keys(&[key(CTRL, Key::J)]),
    command("view.messages", "Show messages", Menu::View, has_document, view::messages, "Brings the messages to the front."),
    command("view.metrics", "Show metrics", Menu::View, has_document, view::metrics, "Brings the charts to the front."),
    command(
        "view.dead_letters",
        "Show dead letters",
        Menu::View,
        has_document,
        view::dead_letters,
        "Brings the dead letters to the front.",
    )
    .keys(&[key(CTRL_SHIFT, Key::D)]),
    command("view.problems", "Show problems", Menu::View, has_document, view::problems, "Brings the problems to the front.")
        .keys(&[key(CTRL_SHIFT, Key::M)]),
    command("view.journal", "Show journal", Menu::View, has_document, view::journal, "Brings the journal to the front."),
    command("view.less_motion", "Less motion", Menu::View, always, view::less_motion, "Nothing moves by itself.").icon(Icon::Pause),
    command("view.full_motion", "Full motion", Menu::View, always, view::full_motion, "Marks move along the pipes, views glide."),
    command(
        "view.system_motion",
        "Motion of the system",
        Menu::View,
        always,
        view::system_motion,
        "As much motion as the system's settings ask for.",
    ),
    command("view.theme_dark", "Dark theme", Menu::View, always, view::theme_dark, "Light words on dark ground.").icon(Icon::Moon),
    command("view.theme_light", "Light theme", Menu::View, always, view::theme_light, "Dark words on light ground.").icon(Icon::Sun),
    command("view.theme_system", "Theme of the system", Menu::View, always, view::theme_system, "Dark or light, as the system has it."),
    command("run.start", "Start", Menu::Run, can_start, run::start, "Starts a run in the chosen mode.")
        .keys(&[key(NONE, Key::F5)])
        .icon(Icon::Run),
    command("run.live", "Run live", Menu::Run, can_start, run::live, "Runs by the wall clock, on real files.").keys(&[key(CTRL, Key::F5)]),
    command("run.simulate", "Simulate", Menu::Run, can_start, run::simulate, "Runs by a virtual clock; touches nothing.")
        .keys(&[key(CTRL_SHIFT, Key::F5)]),
    command("run.pause", "Pause or resume", Menu::Run, is_running, run::pause, "Parks the run at an event boundary, or lets it go on.")
        .keys(&[key(NONE, Key::F6)])
        .icon(Icon::Pause),
    command("run.step", "Step", Menu::Run, is_running, run::step, "Runs the earliest due event, then parks again.")
        .keys(&[key(NONE, Key::F10)])
        .icon(Icon::Step),
    command("run.stop", "Stop", Menu::Run, is_running, run::stop, "Drains from the sources, then ends; a second time ends at once.")
        .keys(&[key(Modifiers::SHIFT, Key::F5)])
        .icon(Icon::Stop),
    command("run.restart", "Restart", Menu::Run, is_running, run::restart, "Ends the run at once and starts the drawing as it is now.")
        .keys(&[key(CTRL, Key::R)])
        .icon(Icon::Redo),
    command(
        "run.save_report",
        "Save report …",
        Menu::Run,
        has_report,
        run::save_report,
        "Writes the report of the run that is over, as `pipewright run --json` does.",
    ),
    command(
        "run.redrive",
        "Redrive dead letters",
        Menu::Run,
        has_dead_letters,
        letters::redrive,
        "Puts the chosen dead letters, or all that are listed, back to work where each was given up.",
    )
    .keys(&[key(CTRL_SHIFT, Key::Enter)]),
    command(
        "run.redrive_open",
        "Redrive the open dead letter",
        Menu::Run,
        has_open_letter,
        letters::redrive_open,
        "Puts the dead letter that is looked at back to work, as edited.",
    ),
    command(
        "run.dry_run",
        "Dry run of the open dead letter",
        Menu::Run,
        has_open_letter,
        letters::dry_run,
        "Tries in virtual time what would become of the dead letter that is looked at.",
    )
    .keys(&[key(CTRL_SHIFT, Key::T)]),
    command(
        "run.discard",
        "Discard dead letters …",
        Menu::Run,
        has_dead_letters,
        letters::discard,
        "Lets the chosen dead letters, or all that are listed, end for good; asks first.",
    ),
    command(
        "run.allowed",
        "What is always allowed …",
        Menu::Run,
        has_grants,
        trust::list,
        "Lists what live runs of files are always allowed, and takes it back.",
    ),
    command("run.slower", "Slower", Menu::Run, has_document, run::slower, "Lets the simulation's clock go slower.")
        .keys(&[key(CTRL, Key::Comma)]),
    command("run.faster", "Faster", Menu::Run, has_document, run::faster, "Lets the simulation's clock go faster.")
        .keys(&[key(CTRL, Key::Period)]),
];
