//! Questions that stop what was asked for until they are answered.

use crate::action::perform::{edit, file, run};
use crate::io::Job;
use crate::io::autosave::Recovered;
use crate::state::State;
use crate::theme::{self, Theme};
use egui::{Button, Context, RichText, Ui};

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// A document is to be closed that has unsaved changes.
    Unsaved {
        /// The document.
        document: u64,
        /// Its name.
        name: String,
    },
    /// Another program has changed the file.
    ChangedOutside {
        /// The document.
        document: u64,
        /// Its name.
        name: String,
        /// Whether it was about to be written.
        saving: bool,
    },
    /// A session before this one ended without saving.
    Recover,
    /// Stores that hold messages are to be deleted while the graph runs.
    TakeOut {
        /// How many messages they hold.
        messages: u64,
        /// The stores, by title.
        names: Vec<String>,
        /// Whether the neighbours are to be wired to each other.
        reconnect: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    First,
    Second,
    Cancel,
}

impl Question {
    /// Shows the question; gives it back while it is open.
    pub fn ui(self, context: &Context, theme: &Theme, state: &mut State) -> Option<Self> {
        let answer = match &self {
            Self::Unsaved { name, .. } => ask_ui(
                context,
                theme,
                &format!("Save the changes in {name}?"),
                "What is not saved is lost when the document is closed.",
                ["Save", "Don't save"],
            ),
            Self::ChangedOutside { name, saving: true, .. } => ask_ui(
                context,
                theme,
                &format!("{name} was changed by another program"),
                "Saving would overwrite those changes.",
                ["Overwrite", "Save as …"],
            ),
            Self::ChangedOutside { name, saving: false, .. } => ask_ui(
                context,
                theme,
                &format!("{name} was changed by another program"),
                "Read it again, and lose what was changed here since it was last saved?",
                ["Read again", "Keep mine"],
            ),
            Self::TakeOut { messages, names, .. } => {
                let (names, holds) = (names.join(", "), if names.len() == 1 { "holds" } else { "hold" });
                let plural = if *messages == 1 { "" } else { "s" };
                ask_ui(
                    context,
                    theme,
                    &format!("Take {names} out while the graph runs?"),
                    &format!(
                        "{names} {holds} {} message{plural}. They go to the dead letters, each with the reason \u{201c}removed\u{201d}.",
                        crate::widgets::figure::count(*messages)
                    ),
                    ["Take out", "Stop the run"],
                )
            }
            Self::Recover => ask_ui(context, theme, "Unsaved work was found", &found(state), ["Recover", "Throw away"]),
        };
        let Some(answer) = answer else { return Some(self) };
        self.answered(state, answer);
        None
    }

    fn answered(&self, state: &mut State, answer: Answer) {
        let document = match self {
            Self::Unsaved { document, .. } | Self::ChangedOutside { document, .. } => document,
            Self::TakeOut { reconnect, .. } => return take_out(state, answer, *reconnect),
            Self::Recover => return recover(state, answer),
        };
        let Some(at) = state.documents.iter().position(|open| open.document.number == *document) else { return };
        match (self, answer) {
            (Self::Unsaved { .. }, Answer::First) => {
                state.active = Some(at);
                state.documents[at].close_when_saved = true;
                file::save(state);
            }
            (Self::Unsaved { .. }, Answer::Second) => {
                state.close(at);
                file::go_on_closing(state);
            }
            (Self::ChangedOutside { saving: true, .. }, Answer::First) => {
                state.active = Some(at);
                if let Some(path) = state.documents[at].document.path().map(std::path::Path::to_owned) {
                    file::save_to(state, path, true);
                }
            }
            (Self::ChangedOutside { saving: true, .. }, Answer::Second) => {
                state.active = Some(at);
                file::save_as(state);
            }
            (Self::ChangedOutside { saving: false, .. }, Answer::First) => {
                if let Some(path) = state.documents[at].document.path() {
                    state.io.ask(Job::Open(path.to_owned()));
                }
            }
            // Whatever is there will be asked about again when it is saved.
            (Self::ChangedOutside { saving: false, .. }, Answer::Second | Answer::Cancel) => state.documents[at].document.mark_unsaved(),
            (_, Answer::Cancel) => state.closing = false,
            (Self::Recover | Self::TakeOut { .. }, Answer::First | Answer::Second) => {}
        }
    }
}

fn take_out(state: &mut State, answer: Answer, reconnect: bool) {
    match answer {
        Answer::First if reconnect => edit::delete_reconnect_anyway(state),
        Answer::First => edit::delete_anyway(state),
        Answer::Second => run::stop(state),
        Answer::Cancel => {}
    }
}

/// The documents that were found, in words.
fn found(state: &State) -> String {
    let name =
        |one: &Recovered| one.path.as_ref().map_or_else(|| "a document without a name".to_owned(), |path| path.display().to_string());
    let names: Vec<String> = state.recovered.iter().take(5).map(name).collect();
    format!("The program ended before these were saved: {}. Recovered documents open with unsaved changes.", names.join(", "))
}

fn recover(state: &mut State, answer: Answer) {
    for recovered in std::mem::take(&mut state.recovered) {
        match answer {
            Answer::First => file::recover(state, recovered),
            Answer::Second => state.io.ask(Job::Discard(recovered.autosave)),
            // Asked again at the next start.
            Answer::Cancel => {}
        }
    }
}

fn ask_ui(context: &Context, theme: &Theme, title: &str, text: &str, answers: [&str; 2]) -> Option<Answer> {
    let mut answer = None;
    let modal = super::modal(context, "question").show(context, |ui: &mut Ui| {
        ui.set_width(400.0);
        ui.label(RichText::new(title).font(theme::strong(15.0)));
        ui.add_space(4.0);
        ui.label(RichText::new(text).color(theme.dim));
        ui.add_space(16.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let first = ui.add(Button::new(RichText::new(answers[0]).color(theme.accent)).fill(theme.accent_ground));
            if ui.memory(|memory| memory.focused().is_none()) {
                first.request_focus();
            }
            if first.clicked() {
                answer = Some(Answer::First);
            }
            if ui.button(answers[1]).clicked() {
                answer = Some(Answer::Second);
            }
            if ui.button("Cancel").clicked() {
                answer = Some(Answer::Cancel);
            }
        });
    });
    answer.or(modal.should_close().then_some(Answer::Cancel))
}
