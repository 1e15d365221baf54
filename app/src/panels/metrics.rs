//! Rate, depth and latency over time: of what is selected, or of the whole run.

use crate::action::Item;
use crate::session::Session;
use crate::session::history::{Ring, Sample};
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use egui::{Color32, RichText, Ui, vec2};
use egui_plot::{HoverPosition, Line, Plot, PlotPoints};

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

fn plot_ui(ui: &mut Ui, theme: &Theme, name: &str, series: &[Series<'_>], value: fn(&Sample) -> f64, say: fn(f64) -> String) {
    let plot = Plot::new(("metrics", name))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show_background(false)
        .include_y(0.0)
        .y_axis_min_width(44.0)
        .grid_color(theme.line)
        .x_axis_formatter(|mark, _| figure::clock(mark.value))
        .y_axis_formatter(move |mark, _| say(mark.value))
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
