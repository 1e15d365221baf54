//! Asking for a file: the system's dialog, a prompt of our own where the system has none, and a script for tests.

use crate::theme::{self, Theme};
use egui::{Context, RichText};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

/// What a file is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To open a graph.
    Open,
    /// To write this document.
    Save(u64),
    /// To use a graph in this document as a composite.
    Part(u64),
    /// To write a composite of this document as a graph of its own.
    SavePart(u64),
    /// To write the report of this document's run.
    Report(u64),
}

impl Purpose {
    /// The words over the question, and on its button.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("Open a graph", "Open"),
            Self::Save(_) => ("Save the graph", "Save"),
            Self::Part(_) => ("Use a graph as a composite", "Use"),
            Self::SavePart(_) => ("Save the composite", "Save"),
            Self::Report(_) => ("Save the report", "Save"),
        }
    }

    /// What its files are called, and how their names end.
    const fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::Open | Self::Save(_) | Self::Part(_) | Self::SavePart(_) => ("Pipewright graph", "ron"),
            Self::Report(_) => ("Report", "json"),
        }
    }
}

/// A way to ask for a file.
pub trait Files {
    /// Asks, starting in a folder and with a name.
    fn ask(&mut self, purpose: Purpose, folder: Option<PathBuf>, name: Option<String>);
    /// What was chosen, once per question; `None` inside for "cancelled".
    fn take(&mut self) -> Option<(Purpose, Option<PathBuf>)>;
    /// The prompt to show in the window, if one is needed.
    fn prompt(&mut self) -> Option<&mut Prompt> {
        None
    }
}

/// A path typed in the window.
#[derive(Debug)]
pub struct Prompt {
    purpose: Purpose,
    text: String,
    why: &'static str,
    answer: Option<Chosen>,
}

/// What a question came to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Chosen {
    Path(PathBuf),
    Cancelled,
}

/// How long the system's dialog may take to say that there is none. Portals that are missing answer at once, as do those that are
/// cancelled; a person needs longer.
const NOBODY_ANSWERS_SO_FAST: Duration = Duration::from_millis(250);
/// A portal that does not start keeps the question open for ever: after this the prompt is offered beside it.
const PORTAL_PATIENCE: Duration = Duration::from_mins(3);

/// The system's dialog on a thread of its own, and the prompt where there is none.
#[derive(Default)]
pub struct Native {
    asked: Option<Asked>,
    prompt: Option<Prompt>,
}

struct Asked {
    purpose: Purpose,
    start: PathBuf,
    since: Instant,
    answer: Receiver<Option<PathBuf>>,
}

impl Files for Native {
    fn ask(&mut self, purpose: Purpose, folder: Option<PathBuf>, name: Option<String>) {
        if self.asked.is_some() || self.prompt.is_some() {
            return;
        }
        let folder = folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        let start = name.as_ref().map_or_else(|| folder.clone(), |name| folder.join(name));
        let (files, ending) = purpose.files();
        let mut dialog = rfd::FileDialog::new()
            .set_title(purpose.words().0)
            .add_filter(files, &[ending])
            .add_filter("All files", &["*"])
            .set_directory(&folder);
        if let Some(name) = name {
            dialog = dialog.set_file_name(name);
        }
        let (sender, answer) = channel();
        let ask = move || {
            let chosen = match purpose {
                Purpose::Open | Purpose::Part(_) => dialog.pick_file(),
                Purpose::Save(_) | Purpose::SavePart(_) | Purpose::Report(_) => dialog.save_file(),
            };
            // The window may have stopped waiting.
            let _ = sender.send(chosen);
        };
        // Without a session bus there is no portal to ask.
        let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() || !cfg!(target_os = "linux");
        if bus && std::thread::Builder::new().name("file dialog".to_owned()).spawn(ask).is_ok() {
            self.asked = Some(Asked { purpose, start, since: Instant::now(), answer });
        } else {
            self.prompt = Some(Prompt::new(purpose, &start, "The system offers no file dialog here."));
        }
    }

    fn take(&mut self) -> Option<(Purpose, Option<PathBuf>)> {
        if let Some(answer) = self.prompt.as_mut().and_then(|prompt| prompt.answer.take()) {
            let path = match answer {
                Chosen::Path(path) => Some(path),
                Chosen::Cancelled => None,
            };
            return self.prompt.take().map(|prompt| (prompt.purpose, path));
        }
        let asked = self.asked.as_ref()?;
        match asked.answer.try_recv() {
            Ok(Some(path)) => self.asked.take().map(|asked| (asked.purpose, Some(path))),
            Ok(None) if asked.since.elapsed() > NOBODY_ANSWERS_SO_FAST => self.asked.take().map(|asked| (asked.purpose, None)),
            Ok(None) | Err(TryRecvError::Disconnected) => self.fall_back("The system offers no file dialog here."),
            Err(TryRecvError::Empty) if asked.since.elapsed() > PORTAL_PATIENCE => {
                self.fall_back("The system's file dialog does not answer.")
            }
            Err(TryRecvError::Empty) => None,
        }
    }

    fn prompt(&mut self) -> Option<&mut Prompt> {
        self.prompt.as_mut()
    }
}

impl Native {
    fn fall_back(&mut self, why: &'static str) -> Option<(Purpose, Option<PathBuf>)> {
        let asked = self.asked.take()?;
        self.prompt = Some(Prompt::new(asked.purpose, &asked.start, why));
        None
    }
}

impl Prompt {
    fn new(purpose: Purpose, start: &Path, why: &'static str) -> Self {
        Self { purpose, text: start.display().to_string(), why, answer: None }
    }
}

/// Shows the prompt.
pub(super) fn prompt_ui(context: &Context, theme: &Theme, prompt: &mut Prompt) {
    let (title, verb) = prompt.purpose.words();
    let modal = super::modal(context, "path prompt").show(context, |ui| {
        ui.set_width(520.0);
        ui.label(RichText::new(title).font(theme::strong(15.0)));
        ui.label(RichText::new(prompt.why).color(theme.dim));
        ui.add_space(8.0);
        let path = PathBuf::from(prompt.text.trim());
        let (missing, is_folder) = (matches!(prompt.purpose, Purpose::Open | Purpose::Part(_)) && !path.is_file(), path.is_dir());
        let field = crate::widgets::field::unit_field_ui(ui, theme, "Path of the file", &mut prompt.text, "", None);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if !entered && !field.has_focus() && ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
            // What is typed takes the place of what stands there.
            let mut edit = egui::text_edit::TextEditState::load(ui.ctx(), field.id).unwrap_or_default();
            let end = egui::text::CCursor::new(prompt.text.chars().count());
            edit.cursor.set_char_range(Some(egui::text::CCursorRange::two(egui::text::CCursor::new(0), end)));
            edit.store(ui.ctx(), field.id);
        }
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let sure = ui.add_enabled(!missing, egui::Button::new(verb));
            if sure.clicked() || (entered && !missing) {
                prompt.answer = Some(Chosen::Path(path));
            }
            if ui.button("Cancel").clicked() {
                prompt.answer = Some(Chosen::Cancelled);
            }
            if missing && !prompt.text.trim().is_empty() {
                let why = if is_folder { "Name a file in this folder." } else { "There is no such file." };
                ui.label(RichText::new(why).color(theme.dim));
            }
        });
    });
    if modal.should_close() && prompt.answer.is_none() {
        prompt.answer = Some(Chosen::Cancelled);
    }
}

/// Answers known beforehand, for tests.
#[derive(Default)]
pub struct Scripted {
    answers: std::collections::VecDeque<Option<PathBuf>>,
    asked: std::collections::VecDeque<Purpose>,
}

impl Scripted {
    /// These answers, the first one first; after the last every question is cancelled.
    pub fn answering(answers: impl IntoIterator<Item = Option<PathBuf>>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }
}

impl Files for Scripted {
    fn ask(&mut self, purpose: Purpose, _folder: Option<PathBuf>, _name: Option<String>) {
        self.asked.push_back(purpose);
    }

    fn take(&mut self) -> Option<(Purpose, Option<PathBuf>)> {
        let purpose = self.asked.pop_front()?;
        Some((purpose, self.answers.pop_front().flatten()))
    }
}
