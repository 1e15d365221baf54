//! The menu of the right button: commands of the table that suit what was clicked.

use super::{CanvasInput, CanvasState};
use crate::action::{Action, Item, Outbox, table};
use egui::{Response, Ui};

/// For nodes.
const OF_NODES: &[&[&str]] = &[
    &["edit.cut", "edit.copy", "edit.duplicate"],
    &["view.enter", "edit.make_composite", "edit.unpack", "edit.take_over", "edit.save_composite"],
    &["edit.frame", "edit.select_upstream", "edit.select_downstream", "view.fit_selection"],
    &["edit.delete_reconnect", "edit.delete"],
];
/// For pipes.
const OF_PIPES: &[&[&str]] = &[&["view.messages", "view.metrics"], &["edit.straighten", "edit.delete"]];
/// For frames and notes.
const OF_OTHERS: &[&[&str]] = &[&["view.fit_selection"], &["edit.delete"]];
/// For the canvas itself.
const OF_NOTHING: &[&[&str]] = &[&["edit.paste", "edit.note"], &["edit.select_all", "edit.arrange", "view.fit"]];

/// Shows the menu while it is open.
pub fn menu_ui(response: &Response, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    response.context_menu(|ui| {
        ui.set_min_width(250.0);
        let first = input.selection.first();
        match first {
            None if !input.read_only => {
                if ui.button("Add node here …").clicked() {
                    outbox.push(Action::QuickAdd(super::overlay::centred(state.menu_at.unwrap_or_else(|| state.centre())), None));
                    ui.close();
                }
                ui.separator();
            }
            Some(Item::Node(_) | Item::Frame(_) | Item::Note(_)) if input.selection.len() == 1 && !input.read_only => {
                let word = if matches!(first, Some(Item::Note(_))) { "Edit text" } else { "Rename" };
                let keys = table::find("edit.rename").and_then(|command| command.keys.first());
                let keys = keys.map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
                if ui.add(egui::Button::new(word).shortcut_text(keys)).clicked() {
                    outbox.push(Action::Command("edit.rename"));
                    ui.close();
                }
                ui.separator();
            }
            _ => {}
        }
        let groups = match first {
            None => OF_NOTHING,
            Some(_) if input.selection.iter().any(|item| matches!(item, Item::Node(_))) => OF_NODES,
            Some(Item::Pipe(_)) => OF_PIPES,
            Some(_) => OF_OTHERS,
        };
        for (number, group) in groups.iter().enumerate() {
            if number > 0 {
                ui.separator();
            }
            group.iter().filter(|name| suits(input, name)).for_each(|name| command_ui(ui, input, name, outbox));
        }
    });
}

/// Whether a command has to do with what is selected: those of composites stand only in their menu.
fn suits(input: &CanvasInput<'_>, name: &str) -> bool {
    let node = match input.selection.first() {
        Some(Item::Node(id)) if input.selection.len() == 1 => input.whole.node(id).filter(|node| node.is_composite()),
        _ => None,
    };
    match name {
        "view.enter" => node.is_some(),
        "edit.unpack" | "edit.save_composite" => node.is_some_and(|node| node.used_file().is_none()),
        "edit.take_over" => node.is_some_and(|node| node.used_file().is_some()),
        _ => true,
    }
}

fn command_ui(ui: &mut Ui, input: &CanvasInput<'_>, name: &'static str, outbox: &mut Outbox) {
    let Some(command) = table::find(name) else { return };
    let changes = command.menu == table::Menu::Edit && !matches!(name, "edit.copy" | "edit.select_all");
    let keys = command.keys.first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
    let button = egui::Button::new(command.title).shortcut_text(keys);
    if ui.add_enabled(!(input.read_only && changes), button).on_hover_text(command.help).clicked() {
        outbox.push(Action::Command(name));
        ui.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menus_hold_commands_of_the_table() {
        for name in [OF_NODES, OF_PIPES, OF_OTHERS, OF_NOTHING].into_iter().flatten().copied().flatten() {
            assert!(table::find(name).is_some(), "{name}");
        }
    }
}
