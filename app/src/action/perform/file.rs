//! Commands that open, save and close documents.

use crate::dialogs::{Dialog, Purpose, Question};
use crate::document::Document;
use crate::io::autosave::Recovered;
use crate::io::{Done, Job, SaveFailure};
use crate::samples::Sample;
use crate::state::{Request, State};
use pipewright_runtime::file::Loaded;
use pipewright_runtime::problem::Severity;
use std::path::{Path, PathBuf};

/// Opens an empty document.
pub fn new(state: &mut State) {
    let number = state.number();
    state.show(Document::empty(number));
}

/// Asks for a file to open.
pub fn open(state: &mut State) {
    let folder = state.front().map(|open| open.document.folder());
    state.files.ask(Purpose::Open, folder, None);
}

/// Opens this file, or brings its tab to the front.
pub fn open_path(state: &mut State, path: PathBuf) {
    if let Some(tab) = state.tab_of(&path) {
        state.active = Some(tab);
        return;
    }
    state.io.ask(Job::Open(path));
}

/// Opens a sample as a new document.
pub fn open_sample(state: &mut State, sample: &Sample) {
    let number = state.number();
    let mut document = Document::from_text(sample.text, None, state.catalogue, number);
    document.set_base(sample.folder());
    state.show(document);
    super::view::fit(state);
}

/// Opens what was recovered, as unsaved changes of its own file.
pub fn recover(state: &mut State, recovered: Recovered) {
    let number = state.number();
    let mut document = Document::from_text(&recovered.text, recovered.path.clone(), state.catalogue, number);
    document.mark_unsaved();
    state.show(document);
    super::view::fit(state);
    state.io.ask(Job::Discard(recovered.autosave));
}

/// Writes the document in front.
pub fn save(state: &mut State) {
    let Some(open) = state.front() else { return };
    match open.document.path().map(Path::to_owned) {
        Some(path) => save_to(state, path, false),
        None => save_as(state),
    }
}

/// Asks where to write the document in front.
pub fn save_as(state: &mut State) {
    let Some(open) = state.front() else { return };
    let name = open.document.path().and_then(Path::file_name).map_or_else(
        || {
            let title = open.document.graph().title().trim().to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
            format!("{}.ron", if title.is_empty() { "untitled" } else { &title })
        },
        |name| name.to_string_lossy().into_owned(),
    );
    let purpose = Purpose::Save(open.document.number);
    state.files.ask(purpose, Some(open.document.folder()), Some(name));
}

/// Writes the document in front to this file; `overwrite` also what another program has changed.
pub fn save_to(state: &mut State, path: PathBuf, overwrite: bool) {
    let Some(open) = state.front_mut() else { return };
    let document = &open.document;
    let same = document.path() == Some(path.as_path());
    let job = Job::Save {
        document: document.number,
        graph: Box::new(document.graph().clone()),
        path,
        state: document.state_number(),
        expected: document.fingerprint.filter(|_| same && !overwrite),
    };
    open.saving = true;
    state.io.ask(job);
}

/// Closes the document in front; asks if there are unsaved changes.
pub fn close(state: &mut State) {
    if let Some(at) = state.active {
        close_tab(state, at);
    }
}

/// Closes a tab; asks if there are unsaved changes.
pub fn close_tab(state: &mut State, at: usize) {
    let Some(open) = state.documents.get(at) else { return };
    if open.document.dirty() {
        state.active = Some(at);
        let (document, name) = (open.document.number, open.document.name());
        state.dialog = Some(Dialog::Question(Question::Unsaved { document, name }));
    } else {
        state.close(at);
    }
}

/// Brings the next tab to the front.
pub fn next(state: &mut State) {
    if let Some(at) = state.active {
        state.active = Some((at + 1) % state.documents.len());
    }
}

/// Shows the welcome page.
pub fn welcome(state: &mut State) {
    state.active = None;
}

/// Closes the window; asks about each document with unsaved changes.
pub fn quit(state: &mut State) {
    state.closing = true;
    go_on_closing(state);
}

/// The next step of closing the window: the next question, or the end.
pub fn go_on_closing(state: &mut State) {
    if !state.closing || state.dialog.is_some() || state.documents.iter().any(|open| open.saving) {
        return;
    }
    match state.documents.iter().position(|open| open.document.dirty()) {
        Some(at) => close_tab(state, at),
        None => state.requests.push(Request::Close),
    }
}

/// Takes what the io thread has done.
pub fn take_done(state: &mut State) {
    for done in state.io.take() {
        take(state, done);
    }
}

fn take(state: &mut State, done: Done) {
    match done {
        Done::Opened(path, Ok(loaded)) => opened(state, path, *loaded),
        Done::Opened(path, Err(error)) => {
            state.preferences.recent.retain(|recent| *recent != path);
            state.failed(format!("Not opened: {error}."));
        }
        Done::Saved { document, path, state: saved, result } => {
            let Some(open) = state.by_number(document) else { return };
            open.saving = false;
            match result {
                Ok(fingerprint) => {
                    open.document.saved(saved, path.clone(), Some(fingerprint));
                    let finished = std::mem::take(&mut open.close_when_saved) && !open.document.dirty();
                    state.io.ask(Job::Forget(document));
                    state.preferences.remember(&path);
                    state.done(format!("Saved {}", path.display()));
                    if finished && let Some(at) = state.documents.iter().position(|open| open.document.number == document) {
                        state.close(at);
                    }
                }
                Err(SaveFailure::ChangedOutside) => {
                    open.close_when_saved = false;
                    let name = open.document.name();
                    state.dialog = Some(Dialog::Question(Question::ChangedOutside { document, name, saving: true }));
                }
                Err(SaveFailure::Failed(error)) => {
                    open.close_when_saved = false;
                    state.closing = false;
                    state.failed(format!("Not saved: {error}."));
                }
            }
        }
        Done::Autosaved(document, saved, Ok(())) => {
            if let Some(open) = state.by_number(document) {
                open.document.autosaved(saved);
            }
        }
        Done::Autosaved(document, saved, Err(error)) => {
            // Tried again only after the next change, so that a full disk does not fill the screen with notices.
            if let Some(open) = state.by_number(document) {
                open.document.autosaved(saved);
            }
            state.failed(format!("The autosave was not written: {error}"));
        }
        Done::Checked(document, revision, problems) => {
            if let Some(open) = state.by_number(document) {
                open.checking = None;
                open.document.checked(revision, problems);
            }
        }
        Done::ChangedOutside(document) => {
            let Some(open) = state.by_number(document) else { return };
            let name = open.document.name();
            // Asked once: until the file is saved or read again, nothing more is expected of it.
            open.document.fingerprint = None;
            if state.dialog.is_none() {
                state.dialog = Some(Dialog::Question(Question::ChangedOutside { document, name, saving: false }));
            }
        }
        Done::Parts(document, parts) => {
            if let Some(open) = state.by_number(document) {
                open.reading_parts = false;
                open.document.set_parts(parts);
            }
        }
        Done::Recovered(recovered) => {
            if !recovered.is_empty() && state.dialog.is_none() {
                state.dialog = Some(Dialog::Question(Question::Recover));
            }
            state.recovered = recovered;
        }
        Done::Written(path, Ok(())) => state.done(format!("Wrote {}", path.display())),
        Done::Written(path, Err(error)) => state.failed(format!("{} was not written: {error}", path.display())),
    }
}

fn opened(state: &mut State, path: PathBuf, loaded: Loaded) {
    state.preferences.remember(&path);
    let tab = state.tab_of(&path);
    let number = match tab {
        Some(tab) => state.documents[tab].document.number,
        None => state.number(),
    };
    let torn = loaded.read.problems.iter().any(|problem| problem.severity == Severity::Error);
    if torn {
        state.outbox.command("view.problems");
    }
    let mut document = Document::from_read(loaded.read, Some(path), number);
    document.fingerprint = Some(loaded.fingerprint);
    if let Some(tab) = tab {
        // Read again after a change from outside.
        state.documents[tab].document = document;
        state.documents[tab].prune_selection();
        state.active = Some(tab);
    } else {
        state.show(document);
        super::view::fit(state);
    }
}

/// Takes what the file dialogs have brought.
pub fn take_chosen(state: &mut State) {
    while let Some((purpose, chosen)) = state.files.take() {
        match (purpose, chosen) {
            (Purpose::Open, Some(path)) => open_path(state, path),
            (Purpose::Save(document), Some(mut path)) => {
                if path.extension().is_none() {
                    path.set_extension("ron");
                }
                if let Some(at) = state.documents.iter().position(|open| open.document.number == document) {
                    state.active = Some(at);
                    save_to(state, path, true);
                }
            }
            (Purpose::Save(document), None) => {
                state.closing = false;
                if let Some(open) = state.by_number(document) {
                    open.close_when_saved = false;
                }
            }
            (Purpose::Part(document), Some(path)) => super::composites::use_chosen(state, document, &path),
            (Purpose::SavePart(document), Some(mut path)) => {
                if path.extension().is_none() {
                    path.set_extension("ron");
                }
                super::composites::save_chosen(state, document, path);
            }
            (Purpose::Report(document), Some(path)) => super::run::write_report(state, document, path),
            (Purpose::Open | Purpose::Part(_) | Purpose::SavePart(_) | Purpose::Report(_), None) => {}
        }
    }
}
