//! The bar at the top: menu, documents as tabs, the run bar, the search.

use super::run_bar;
use crate::action::perform::file;
use crate::action::table::{Menu, TABLE};
use crate::state::State;
use crate::theme::{self, Icon, Theme, logo};
use crate::widgets::button::IconButton;
use egui::{Align, Align2, CornerRadius, Layout, Rect, RichText, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Height of the bar.
pub const HEIGHT: f32 = 48.0;

/// Shows the bar.
pub fn top_bar_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let whole = ui.max_rect();
    let run_width = run_bar::width(state).min(whole.width() * 0.5);
    let middle = Rect::from_center_size(whole.center(), vec2(run_width, whole.height()));
    let search_width = if whole.width() > 1_280.0 { 300.0 } else { 40.0 };
    let right = Rect::from_min_max(pos2(whole.right() - search_width, whole.top()), whole.max);
    // On a narrow window the run bar moves right rather than over the tabs.
    let middle =
        if state.front().is_some() { middle.translate(vec2((right.left() - 12.0 - middle.right()).min(0.0), 0.0)) } else { middle };
    let left = Rect::from_min_max(whole.min, pos2(middle.left() - 12.0, whole.bottom()));
    ui.scope_builder(row(left), |ui| left_ui(ui, theme, state));
    if state.front().is_some() {
        ui.scope_builder(row(middle), |ui| run_bar::run_bar_ui(ui, theme, state));
    }
    ui.scope_builder(row(right), |ui| search_ui(ui, theme, state));
}

fn row(rect: Rect) -> egui::UiBuilder {
    egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center))
}

fn left_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let (mark, _) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::hover());
    logo::paint(ui.painter(), mark, theme);
    let menu = IconButton::new(Icon::Menu, "Menu").quiet().ui(ui, theme);
    egui::Popup::menu(&menu).show(|ui| menu_ui(ui, theme, state));
    ui.add_space(4.0);
    let mut chosen = None;
    let mut closed = None;
    egui::ScrollArea::horizontal().scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden).show(ui, |ui| {
        for (at, open) in state.documents.iter().enumerate() {
            let (picked, shut) = tab_ui(ui, theme, &open.document.name(), open.document.dirty(), state.active == Some(at), at);
            if picked {
                chosen = Some(at);
            }
            if shut {
                closed = Some(at);
            }
        }
    });
    if let Some(at) = chosen {
        state.active = Some(at);
    }
    if let Some(at) = closed {
        file::close_tab(state, at);
    }
}

fn menu_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    for menu in Menu::ALL {
        ui.menu_button(menu.title(), |ui| {
            ui.set_min_width(240.0);
            for command in TABLE.iter().filter(|command| command.menu == menu) {
                let keys = command.keys.first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
                let button = egui::Button::new(command.title).shortcut_text(RichText::new(keys).color(theme.faint));
                if ui.add_enabled((command.enabled)(state), button).on_hover_text(command.help).clicked() {
                    state.outbox.command(command.name);
                    ui.close();
                }
            }
        });
    }
}

/// One document's tab: whether it was picked, and whether it is to be closed.
fn tab_ui(ui: &mut Ui, theme: &Theme, name: &str, dirty: bool, on: bool, at: usize) -> (bool, bool) {
    let galley = ui.painter().layout_no_wrap(name.to_owned(), theme::medium(12.5), egui::Color32::PLACEHOLDER);
    let width = (galley.size().x + 44.0).min(220.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 30.0), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::Tab, true, on, if dirty { format!("{name}, unsaved changes") } else { name.to_owned() })
    });
    if on || response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(6), if on { theme.raised } else { theme.hover });
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, CornerRadius::same(6), Stroke::new(1.0, theme.accent), StrokeKind::Inside);
    }
    let colour = if on { theme.text } else { theme.dim };
    let painter = ui.painter().with_clip_rect(rect.with_max_x(rect.right() - 26.0));
    painter.galley_with_override_text_color(pos2(rect.left() + 12.0, rect.center().y - galley.size().y * 0.5), galley, colour);
    let corner = Rect::from_center_size(pos2(rect.right() - 15.0, rect.center().y), vec2(18.0, 18.0));
    let close = ui.interact(corner, ui.scope_id().with(("close tab", at)), Sense::click());
    close.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Close {name}")));
    if dirty && !close.hovered() {
        ui.painter().circle_filled(corner.center(), 3.5, theme.warning);
    } else if on || response.hovered() || close.hovered() {
        Icon::Close.paint(ui.painter(), corner.shrink(4.0), if close.hovered() { theme.text } else { theme.faint });
    }
    (response.clicked(), close.clicked() || response.middle_clicked())
}

fn search_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let room = ui.available_width();
    if room < 120.0 {
        if IconButton::new(Icon::Search, "Search or run a command").hint("Ctrl Shift P").quiet().ui(ui, theme).clicked() {
            state.outbox.command("view.palette");
        }
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(room, 30.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Search or run a command"));
    let edge = if response.hovered() || response.has_focus() { theme.line } else { theme.border };
    ui.painter().rect(rect, CornerRadius::same(6), theme.canvas, Stroke::new(1.0, edge), StrokeKind::Inside);
    Icon::Search.paint(ui.painter(), Rect::from_center_size(pos2(rect.left() + 16.0, rect.center().y), vec2(13.0, 13.0)), theme.faint);
    let (left, right) = (rect.left_center() + vec2(30.0, 0.0), rect.right_center() - vec2(10.0, 0.0));
    ui.painter().text(left, Align2::LEFT_CENTER, "Search or run a command", theme::body(12.5), theme.faint);
    ui.painter().text(right, Align2::RIGHT_CENTER, "Ctrl Shift P", theme::body(11.0), theme.faint);
    if response.clicked() {
        state.outbox.command("view.palette");
    }
}
