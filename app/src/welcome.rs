//! The welcome page: samples as cards with a small picture, recent files, a new document.

mod drawing;

use crate::action::perform::file;
use crate::samples::{self, Sample};
use crate::state::State;
use crate::theme::{self, Icon, Theme, logo};
use crate::widgets::heading::section_ui;
use drawing::Drawing;
use egui::{Button, CornerRadius, Id, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use pipewright_runtime::node::Catalogue;
use std::path::PathBuf;
use std::sync::Arc;

/// Width of the column.
const COLUMN: f32 = 820.0;
/// Size of a card, and of the picture in it.
const CARD: [f32; 2] = [260.0, 208.0];
const PICTURE: f32 = 116.0;

/// Shows the page.
pub fn welcome_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_width();
        let width = COLUMN.min(room - 64.0);
        ui.horizontal_top(|ui| {
            ui.add_space(((room - width) * 0.5).floor());
            ui.allocate_ui_with_layout(vec2(width, 0.0), egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.set_width(width);
                ui.add_space(48.0);
                head_ui(ui, theme, state);
                ui.add_space(20.0);
                section_ui(ui, theme, "Samples");
                ui.add_space(4.0);
                samples_ui(ui, theme, state);
                ui.add_space(16.0);
                recent_ui(ui, theme, state);
                ui.add_space(32.0);
            });
        });
    });
}

fn head_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    ui.horizontal(|ui| {
        let (mark, _) = ui.allocate_exact_size(vec2(44.0, 44.0), Sense::hover());
        logo::paint(ui.painter(), mark, theme);
        ui.add_space(8.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(RichText::new("Pipewright").font(theme::strong(24.0)));
            ui.label(RichText::new("Draw messaging systems, run them live and simulated, look inside every message.").color(theme.dim));
        });
    });
    ui.add_space(16.0);
    ui.horizontal(|ui| {
        let new = Button::new(RichText::new("New graph").font(theme::medium(13.0)).color(theme.accent)).fill(theme.accent_ground);
        if ui.add(new.min_size(vec2(120.0, 32.0))).clicked() {
            state.outbox.command("file.new");
        }
        if ui.add(Button::new(RichText::new("Open a file …").font(theme::medium(13.0))).min_size(vec2(120.0, 32.0))).clicked() {
            state.outbox.command("file.open");
        }
        if !state.documents.is_empty() && ui.add(Button::new("Back to the document").min_size(vec2(120.0, 32.0))).clicked() {
            state.active = Some(state.documents.len() - 1);
        }
    });
}

fn samples_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let mut chosen = None;
    let columns = ((ui.available_width() + 16.0) / (CARD[0] + 16.0)).floor().max(1.0) as usize;
    for row in samples::ALL.chunks(columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            for sample in row {
                if card_ui(ui, theme, sample, state.catalogue) {
                    chosen = Some(sample);
                }
            }
        });
        ui.add_space(10.0);
    }
    if let Some(sample) = chosen {
        file::open_sample(state, sample);
    }
}

fn card_ui(ui: &mut Ui, theme: &Theme, sample: &'static Sample, catalogue: Catalogue) -> bool {
    let (rect, response) = ui.allocate_exact_size(CARD.into(), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Open sample {}", sample.title)));
    if !ui.is_rect_visible(rect) {
        return false;
    }
    let edge = if response.has_focus() || response.hovered() { theme.accent } else { theme.border };
    ui.painter().rect(rect, CornerRadius::same(8), theme.panel, Stroke::new(1.0, edge), StrokeKind::Inside);
    let picture = Rect::from_min_size(rect.min, vec2(rect.width(), PICTURE)).shrink(1.0);
    ui.painter().rect_filled(picture, CornerRadius { nw: 7, ne: 7, sw: 0, se: 0 }, theme.canvas);
    let id = Id::unique(("sample drawing", sample.file));
    let kept: Option<Arc<Drawing>> = ui.data(|data| data.get_temp(id));
    let drawing = kept.unwrap_or_else(|| {
        let drawing = Arc::new(Drawing::of(sample, catalogue));
        ui.data_mut(|data| data.insert_temp(id, Arc::clone(&drawing)));
        drawing
    });
    drawing.paint(ui.painter(), picture.shrink(12.0), theme);
    let words = Rect::from_min_max(pos2(rect.left() + 14.0, picture.bottom() + 10.0), rect.max - vec2(12.0, 8.0));
    let painter = ui.painter().with_clip_rect(words);
    painter.text(words.min, egui::Align2::LEFT_TOP, sample.title, theme::strong(13.5), theme.text);
    let about = painter.layout(sample.about.to_owned(), theme::body(12.0), theme.dim, words.width());
    painter.galley(words.min + vec2(0.0, 20.0), about, theme.dim);
    response.clicked()
}

fn recent_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    section_ui(ui, theme, "Recent files");
    if state.preferences.recent.is_empty() {
        ui.label(RichText::new("Files that you open or save are listed here.").color(theme.faint));
        return;
    }
    let mut chosen: Option<PathBuf> = None;
    for path in &state.preferences.recent {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Open {name}")));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, CornerRadius::same(6), theme.hover);
        }
        let icon = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), vec2(14.0, 14.0));
        Icon::File.paint(ui.painter(), icon, theme.dim);
        let painter = ui.painter().with_clip_rect(rect);
        let title =
            painter.text(pos2(rect.left() + 30.0, rect.center().y), egui::Align2::LEFT_CENTER, name, theme::medium(12.5), theme.text);
        let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        painter.text(title.right_center() + vec2(10.0, 0.0), egui::Align2::LEFT_CENTER, folder, theme::mono(11.0), theme.faint);
        if response.clicked() {
            chosen = Some(path.clone());
        }
    }
    if let Some(path) = chosen {
        file::open_path(state, path);
    }
}
