//! From keys to commands.

use super::Action;
use super::table::TABLE;
use egui::{Event, Key, Modifiers};

/// What the keys of this frame ask for. While a text field has the keyboard, only keys with Ctrl (or a function key) that mean nothing to
/// a text field count.
pub fn pressed(context: &egui::Context) -> (Vec<Action>, Option<String>) {
    let writing = context.text_edit_focused();
    let mut actions = Vec::new();
    let mut pasted = None;
    if !writing {
        context.input(|input| {
            for event in &input.events {
                match event {
                    Event::Copy => actions.push(Action::Command("edit.copy")),
                    Event::Cut => actions.push(Action::Command("edit.cut")),
                    Event::Paste(text) => pasted = Some(text.clone()),
                    _ => {}
                }
            }
        });
    }
    // Longest chords first: Ctrl+Shift+S must not be taken for Ctrl+S.
    let mut chords: Vec<_> = TABLE.iter().flat_map(|command| command.keys.iter().map(move |keys| (keys, command.name))).collect();
    chords.sort_by_key(|(keys, _)| std::cmp::Reverse(u8::from(keys.modifiers.shift) + u8::from(keys.modifiers.command)));
    for (keys, name) in chords {
        if writing && !outside_of_text(*keys) {
            continue;
        }
        if keys.logical_key == Key::Space && context.memory(|memory| memory.focused().is_some()) {
            // On a button, the space bar presses it.
            continue;
        }
        if keys.logical_key == Key::Escape {
            // Menus, gestures and fields hear Escape, too.
            if !egui::Popup::is_any_open(context) && context.input(|input| input.key_pressed(Key::Escape)) {
                actions.push(Action::Command(name));
            }
            continue;
        }
        if context.input_mut(|input| input.consume_shortcut(keys)) {
            actions.push(Action::Command(name));
        }
    }
    (actions, pasted)
}

/// Whether a chord means nothing to a text field.
fn outside_of_text(keys: egui::KeyboardShortcut) -> bool {
    let function = matches!(keys.logical_key, Key::F5 | Key::F6 | Key::F10);
    let text = matches!(keys.logical_key, Key::A | Key::Z | Key::Y | Key::K | Key::Backspace | Key::Delete);
    function || (keys.modifiers.contains(Modifiers::COMMAND) && !text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_two_commands_share_keys() {
        let mut seen = BTreeMap::new();
        for command in TABLE {
            for keys in command.keys {
                let chord = format!("{keys:?}");
                if let Some(other) = seen.insert(chord.clone(), command.name) {
                    panic!("{chord} means {other} and {}", command.name);
                }
            }
        }
    }
}
