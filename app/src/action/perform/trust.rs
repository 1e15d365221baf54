//! What live runs are allowed: asked for when a start is refused, remembered with the file where the user says so.

use crate::dialogs::{Allowed, Dialog, TrustQuestion};
use crate::preferences::Preferences;
use crate::state::{Open, State};
use pipewright_runtime::node::Need;
use pipewright_runtime::trust::{Capability, Grants};

/// What the user said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// For this run.
    Once,
    /// For every live run of this file.
    Always,
    /// Not at all.
    Never,
}

/// What the next live run of a document is allowed: what its file is always allowed, and what was allowed once. Used up by the start.
pub fn grants(open: &mut Open, preferences: &Preferences) -> Grants {
    let once = std::mem::take(&mut open.allowed_once);
    let always = open.document.path().into_iter().flat_map(|path| preferences.granted(path));
    always.chain(once).collect()
}

/// Asks for what a start needs. A question that is open already goes first: the start can be made again.
pub fn ask(state: &mut State, document: u64, needs: Vec<Need>) {
    let Some(open) = state.by_number(document) else { return };
    let things = needs.into_iter().map(|need| (open.title_of(&need.node), need.capability)).collect();
    let name = open.document.name();
    let has_file = open.document.path().is_some();
    if state.dialog.is_some() {
        return state.not_started(document, format!("{name} asks for something that is not allowed yet: start it again to decide."));
    }
    state.dialog = Some(Dialog::Trust(TrustQuestion { document, name, things, has_file }));
}

/// Shows what live runs are always allowed.
pub fn list(state: &mut State) {
    state.dialog = Some(Dialog::Allowed(Allowed));
}

/// Does what the user decided.
pub fn decide(state: &mut State, question: &TrustQuestion, decision: Decision) {
    let Some(at) = state.documents.iter().position(|open| open.document.number == question.document) else { return };
    let open = &mut state.documents[at];
    // Whatever else the graph asks for by now is asked again.
    let things: Vec<Capability> = question.things.iter().map(|(_, capability)| capability.clone()).collect();
    match (decision, open.document.path()) {
        (Decision::Never, _) => {
            let name = question.name.clone();
            let text = format!("{name} was not started: it was not allowed what it asks for. A simulation needs nothing.");
            state.not_started(question.document, text);
            return state.outbox.command("view.problems");
        }
        (Decision::Always, Some(path)) => state.preferences.grant(path, things),
        (Decision::Once | Decision::Always, _) => open.allowed_once = things,
    }
    state.active = Some(at);
    super::run::live(state);
}
