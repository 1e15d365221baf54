//! egui's style made from a theme: spacing on a grid of four points, quiet grounds, one accent.

use super::{Theme, fonts};
use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

/// The style of a theme.
pub fn style(theme: &Theme) -> Style {
    let mut style = Style {
        visuals: visuals(theme),
        text_styles: [
            (TextStyle::Small, fonts::body(11.0)),
            (TextStyle::Body, fonts::body(13.0)),
            (TextStyle::Button, fonts::medium(12.5)),
            (TextStyle::Heading, fonts::strong(15.0)),
            (TextStyle::Monospace, fonts::mono(12.0)),
        ]
        .into(),
        // Motion stays under 150 ms.
        animation_time: crate::io::motion::ANIMATION,
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 6.0);
    spacing.button_padding = vec2(10.0, 4.0);
    spacing.interact_size = vec2(32.0, 26.0);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(6);
    spacing.menu_spacing = 4.0;
    spacing.icon_width = 15.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = 80.0;
    spacing.tooltip_width = 340.0;
    spacing.indent = 16.0;
    spacing.scroll = egui::style::ScrollStyle { bar_width: 8.0, floating_width: 4.0, ..egui::style::ScrollStyle::floating() };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style
}

fn visuals(theme: &Theme) -> Visuals {
    let base = if theme.dark { Visuals::dark() } else { Visuals::light() };
    let shadow = |strength: u8| {
        let alpha = if theme.dark { strength } else { strength / 3 };
        Shadow { offset: [0, 6], blur: 20, spread: 0, color: Color32::from_black_alpha(alpha) }
    };
    Visuals {
        dark_mode: theme.dark,
        weak_text_color: Some(theme.dim),
        widgets: widgets(theme),
        selection: Selection { bg_fill: theme.accent_ground, stroke: Stroke::new(1.0, theme.accent) },
        hyperlink_color: theme.accent,
        faint_bg_color: super::blend(theme.panel, theme.hover, 0.35),
        extreme_bg_color: theme.canvas,
        text_edit_bg_color: Some(theme.canvas),
        code_bg_color: theme.hover,
        warn_fg_color: theme.warning,
        error_fg_color: theme.failed,
        window_corner_radius: CornerRadius::same(10),
        window_shadow: shadow(140),
        window_fill: theme.panel,
        window_stroke: Stroke::new(1.0, theme.border),
        window_highlight_topmost: false,
        menu_corner_radius: CornerRadius::same(8),
        popup_shadow: shadow(110),
        panel_fill: theme.panel,
        striped: false,
        indent_has_left_vline: false,
        slider_trailing_fill: true,
        disabled_alpha: 0.45,
        ..base
    }
}

fn widgets(theme: &Theme) -> Widgets {
    let widget = |ground: Color32, edge: Color32, words: Color32| WidgetVisuals {
        bg_fill: ground,
        weak_bg_fill: ground,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: CornerRadius::same(6),
        fg_stroke: Stroke::new(1.2, words),
        expansion: 0.0,
    };
    let rest = if theme.dark { theme.raised } else { theme.hover };
    let pressed = super::blend(theme.hover, theme.line, 0.5);
    Widgets {
        noninteractive: widget(theme.panel, theme.border, theme.text),
        inactive: widget(rest, theme.border, theme.text),
        hovered: widget(if theme.dark { theme.hover } else { pressed }, theme.line, theme.text),
        active: widget(pressed, theme.accent, theme.text),
        open: widget(theme.hover, theme.line, theme.text),
    }
}
