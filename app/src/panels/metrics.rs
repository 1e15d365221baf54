//! Rate, depth and latency over time: of what is selected, or of the whole run.

use crate::action::Item;
use crate::session::Session;
use crate::session::history::{Ring, Sample};
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use egui::{Color32, RichText, Ui, vec2};
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, Plot, PlotPoints};

/// How many lines one chart carries.
const MOST_LINES: usize = 8;

/// A chart: its name, its figure, and how that is written.
type Chart = (&'static str, fn(&Sample) -> f64, fn(f64) -> String);

struct Series<'a> {
    name: String,
    colour: Color32,
    ring: &'a Ring,
    node: bool,
}

/// Shows the charts.
pub fn metrics_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let Some(session) = &open.session else {
        empty_ui(ui, theme, Icon::Clock, "Nothing has run yet", "Start a run to see rate, depth and latency over time.");
        return;
    };
    let series = series(theme, state, open, session);
    let title = if open.selection.is_empty() { "The whole run".to_owned() } else { names(&series) };
    ui.horizontal(|ui| {
        ui.set_height(26.0);
        ui.label(RichText::new(title).font(theme::strong(12.5)));
        if open.selection.is_empty() {
            ui.label(RichText::new("select nodes or pipes to compare them").size(11.5).color(theme.faint));
        }
        for one in series.iter().filter(|_| series.len() > 1) {
            ui.colored_label(one.colour, RichText::new(format!("● {}", one.name)).size(11.5));
        }
    });
    if series.iter().all(|one| one.ring.len() < 2) {
        empty_ui(ui, theme, Icon::Clock, "No samples yet", "Two samples a second are taken while a run goes on.");
        return;
    }
    let latency = series.iter().any(|one| one.node);
    let charts: &[Chart] = &[
        ("rate", |sample| sample.rate, figure::rate),
        ("depth", |sample| sample.depth, figure::short),
        ("p99", |sample| sample.p99, figure::seconds),
    ];
    let charts = if latency { charts } else { &charts[..2] };
    let room = ui.available_size();
    let width = (room.x - 12.0 * (charts.len() as f32 - 1.0)) / charts.len() as f32;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        for (name, value, say) in charts {
            ui.allocate_ui_with_layout(vec2(width, room.y), egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.set_width(width);
                let title = match (*name, open.selection.is_empty()) {
                    ("rate", true) => "delivered per second",
                    ("depth", true) => "messages in flight",
                    ("p99", true) => "end-to-end latency, 99 %",
                    ("rate", false) => "messages per second",
                    ("depth", false) => "messages inside",
                    _ => "time inside, 99 %",
                };
                ui.label(RichText::new(title).size(11.0).color(theme.dim));
                plot_ui(ui, theme, name, &series, *value, *say);
            });
        }
    });
}

fn series<'a>(theme: &Theme, state: &State, open: &'a Open, session: &'a Session) -> Vec<Series<'a>> {
    if open.selection.is_empty() {
        return vec![Series { name: "all".to_owned(), colour: theme.accent, ring: session.histories.whole(), node: true }];
    }
    let graph = open.document.whole();
    let colours = [theme.accent, theme.filter, theme.claim, theme.bridge, theme.choreography, theme.topic, theme.queue, theme.sink];
    let selected = open.selection.iter().filter_map(|item| Some((item, session.histories.of(item)?))).take(MOST_LINES);
    let alone = open.selection.len() == 1;
    selected
        .enumerate()
        .map(|(at, (item, ring))| {
            let (name, family) = match item {
                Item::Node(id) => {
                    (open.title_of(id), graph.node(id).and_then(|node| state.catalogue.get(&node.kind)).map(|kind| kind.family))
                }
                Item::Pipe(pipe) => (format!("{} → {}", open.title_of(&pipe.from.node), open.title_of(&pipe.to.node)), None),
                Item::Frame(_) | Item::Note(_) => (String::new(), None),
            };
            let colour = family.filter(|_| alone).map_or(colours[at % colours.len()], |family| theme.family(family));
            Series { name, colour, ring, node: matches!(item, Item::Node(_)) }
        })
        .collect()
}

fn names(series: &[Series<'_>]) -> String {
    match series {
        [] => "Nothing of the selection is charted".to_owned(),
        [one] => one.name.clone(),
        many => format!("{} compared", many.len()),
    }
}

/// How many steps a scale has at most, and how many points lie between two at least, so that each can be labelled.
const MOST_STEPS: f64 = 4.0;
const LEAST_BETWEEN: f64 = 30.0;

/// The step of a scale: 1, 2 or 5 times a power of ten, and no less than `least`.
fn step(range: f64, least: f64) -> f64 {
    let wanted = (range / MOST_STEPS).max(least).max(f64::MIN_POSITIVE);
    let power = 10.0_f64.powf(wanted.log10().floor());
    // The last digits of a quotient are no reason for the next step.
    let fits = |digit: &f64| digit * power >= wanted * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

fn plot_ui(ui: &mut Ui, theme: &Theme, name: &str, series: &[Series<'_>], value: fn(&Sample) -> f64, say: fn(f64) -> String) {
    let axis = |hints: AxisHints<'static>| hints.tick_label_font(theme::mono(10.5)).tick_label_color(theme.dim);
    let plot = Plot::new(("metrics", name))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show_background(false)
        .include_y(0.0)
        .grid_color(theme.line)
        .y_grid_spacer(|input| {
            // The thinnest step that egui offers is eight points high.
            let step = step(input.bounds.1 - input.bounds.0, input.base_step_size / 8.0 * LEAST_BETWEEN);
            let last = (input.bounds.1 / step).floor().max(0.0) as usize;
            (0..=last).map(|number| GridMark { value: number as f64 * step, step_size: step }).collect()
        })
        .custom_x_axes(vec![axis(AxisHints::new_x()).formatter(|mark, _| figure::clock(mark.value))])
        .custom_y_axes(vec![axis(AxisHints::new_y()).min_thickness(44.0).formatter(move |mark, _| say(mark.value))])
        .label_formatter(move |hover| {
            let (HoverPosition::NearDataPoint { position: point, .. } | HoverPosition::Elsewhere { position: point }) = hover;
            Some(format!("{}\n{}", say(point.y), figure::clock(point.x)))
        });
    plot.show(ui, |plot| {
        for one in series {
            let points: PlotPoints<'_> = one.ring.iter().map(|sample| [sample.at, value(sample)]).collect();
            plot.line(Line::new(one.name.clone(), points).color(one.colour).width(1.5));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_two_to_four_round_steps() {
        for (range, least, expected) in
            [(12.0, 0.0, 5.0), (100.0, 0.0, 50.0), (80.0, 0.0, 20.0), (2_450.0, 0.0, 1_000.0), (0.003, 0.0, 0.001), (12.0, 6.0, 10.0)]
        {
            let found = step(range, least);
            assert!((found / expected - 1.0).abs() < 1e-9, "{range}: {found}, not {expected}");
        }
        for number in 1..1_000 {
            let range = f64::from(number) * 0.37;
            assert!((1.6..=4.0).contains(&(range / step(range, 0.0)).min(4.0)), "{range}");
        }
    }
}
