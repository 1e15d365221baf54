//! What opens above the window: questions, file dialogs, the search over commands, the list of kinds to add.

mod allowed;
mod commands;
mod files;
mod question;
mod quick_add;
mod trust;

pub use allowed::{Allowed, things_ui as allowed_ui};
pub use commands::CommandPalette;
pub use files::{Files, Native, Prompt, Purpose, Scripted};
pub use question::Question;
pub use quick_add::QuickAdd;
pub use trust::TrustQuestion;

use crate::state::State;
use crate::theme::Theme;
use egui::{Context, Frame, Id, Margin, Modal};

/// The one thing that is open above the window.
pub enum Dialog {
    /// A question with a few answers.
    Question(Question),
    /// The search over commands, nodes and samples.
    Commands(CommandPalette),
    /// The list of kinds to add one from.
    QuickAdd(QuickAdd),
    /// What a live run asks to be allowed.
    Trust(TrustQuestion),
    /// What live runs are always allowed.
    Allowed(Allowed),
}

/// A dialog in the middle of the window, with room around its words.
fn modal(context: &Context, name: &str) -> Modal {
    let frame = Frame::popup(&context.global_style()).inner_margin(Margin::same(20));
    Modal::new(Id::unique(name)).frame(frame)
}

/// Shows what is open.
pub fn dialogs_ui(context: &Context, theme: &Theme, state: &mut State) {
    let open = match state.dialog.take() {
        None => None,
        Some(Dialog::Question(question)) => question.ui(context, theme, state).map(Dialog::Question),
        Some(Dialog::Commands(palette)) => palette.ui(context, theme, state).map(Dialog::Commands),
        Some(Dialog::QuickAdd(list)) => list.ui(context, theme, state).map(Dialog::QuickAdd),
        Some(Dialog::Trust(question)) => question.ui(context, theme, state).map(Dialog::Trust),
        Some(Dialog::Allowed(list)) => list.ui(context, theme, state).map(Dialog::Allowed),
    };
    // An answer may have opened the next dialog.
    if state.dialog.is_none() {
        state.dialog = open;
    }
    if let Some(prompt) = state.files.prompt() {
        files::prompt_ui(context, theme, prompt);
    }
}

/// Whether a text holds the letters of a query in order, and how well: lower is better. Letters at the start of a word and in a row
/// count most.
pub(crate) fn fuzzy(query: &str, text: &str) -> Option<u32> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let (mut at, mut cost) = (0, 0);
    for wanted in query.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase) {
        let gap = text[at..].iter().position(|c| *c == wanted)?;
        let found = at + gap;
        let starts_word = found == 0 || !text[found - 1].is_alphanumeric();
        cost += if gap == 0 {
            0
        } else if starts_word {
            1
        } else {
            4 + gap.min(20) as u32
        };
        at = found + 1;
    }
    Some(cost * 8 + text.len().min(100) as u32 / 8)
}

#[cfg(test)]
mod tests {
    use super::fuzzy;

    #[test]
    fn the_better_match_costs_less() {
        assert!(fuzzy("sim", "Simulate") < fuzzy("sim", "Select dimension"));
        assert!(fuzzy("fs", "Fit selection") < fuzzy("fs", "Refresh"));
        assert_eq!(fuzzy("xyz", "Simulate"), None);
        assert!(fuzzy("", "anything").is_some());
    }
}
