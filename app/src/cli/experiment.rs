//! `simulate --replications N` and `--precision P`: many simulations under different chance, and what they say together.

use super::Exit;
use super::arguments::{ReportArguments, SimulateArguments};
use super::drive::hand_over;
use super::interrupt::Interrupts;
use super::load::Loaded;
use super::print::{Style, complain, problems_text, remark};
use super::table::{rate, seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipewright_runtime::engine::experiment::{self, ExperimentOptions, Failure, Outcome, Precision, Progress, WarmUp, WarmUpOutcome};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::units::Span;
use serde_json::Value;
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most replications of a sequential experiment where none is given.
const MOST: u64 = 1_000;

/// Whether these arguments ask for more than one simulation.
pub const fn asked(arguments: &SimulateArguments) -> bool {
    arguments.replications.is_some() || arguments.precision.is_some()
}

/// Runs the replications and prints what they say.
pub fn experiment(loaded: &Loaded, arguments: &SimulateArguments) -> Exit {
    let options = options(loaded, arguments);
    let (interrupts, stop) = (Interrupts::listen(), AtomicBool::new(false));
    let bar = bar(&arguments.report);
    let outcome = experiment::experiment(&loaded.graph, CATALOGUE, &options, &stop, &mut |progress| {
        show(&bar, progress);
        if interrupts.wait(Duration::ZERO) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    bar.finish_and_clear();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(failure) => return failed(loaded, &failure),
    };
    tell(&outcome, &arguments.report);
    let mut report = serde_json::to_value(&outcome).expect("an outcome always writes");
    report["graph"] = Value::from(loaded.path.to_string_lossy());
    hand_over(&report, &arguments.report, text)
}

/// The warm-up of a single simulation, found by pilots where it is not given.
pub fn warm_up(loaded: &Loaded, arguments: &SimulateArguments) -> Result<Span, Exit> {
    match arguments.warm_up {
        None => Ok(Span::ZERO),
        Some(WarmUp::Given(span)) => Ok(span),
        Some(WarmUp::Auto) => {
            let bar = bar(&arguments.report);
            let found =
                experiment::find_warm_up(&loaded.graph, CATALOGUE, &options(loaded, arguments), &AtomicBool::new(false), &mut |progress| {
                    show(&bar, progress);
                });
            bar.finish_and_clear();
            let found = found.map_err(|failure| failed(loaded, &failure))?;
            tell_warm_up(&found, &arguments.report);
            Ok(Span::from_seconds(found.span_s))
        }
    }
}

fn options(loaded: &Loaded, arguments: &SimulateArguments) -> ExperimentOptions {
    let threads = if arguments.threads > 0 { arguments.threads } else { std::thread::available_parallelism().map_or(1, usize::from) };
    ExperimentOptions {
        seed: arguments.seed,
        until: arguments.until,
        warm_up: arguments.warm_up.unwrap_or(WarmUp::Given(Span::ZERO)),
        within: arguments.report.within,
        replications: arguments.replications.unwrap_or(MOST),
        precision: arguments.precision.map(|target| Precision { target, measures: arguments.measure.clone() }),
        threads,
        folder: loaded.folder(),
    }
}

fn failed(loaded: &Loaded, failure: &Failure) -> Exit {
    match failure {
        Failure::Problems(problems) => {
            eprintln!("{}", problems_text(&loaded.path, &loaded.text, problems, Style::of(&std::io::stderr())));
            Exit::Problems
        }
        Failure::NoMeasure { .. } => {
            complain(&format!("{failure}; `--json` lists all of them"));
            Exit::Usage
        }
        Failure::Broken { .. } | Failure::Stopped => {
            complain(&failure.to_string());
            Exit::Run
        }
    }
}

fn bar(arguments: &ReportArguments) -> ProgressBar {
    let shown = std::io::stderr().is_terminal() && !arguments.quiet;
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}").expect("the template is ours");
    let bar = ProgressBar::with_draw_target(Some(1_000), target);
    bar.set_style(style.progress_chars("━╸ "));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_position((progress.share * 1_000.0) as u64);
    bar.set_message(match &progress.widest {
        _ if progress.warming => format!("looking for the warm-up: {} of {} pilots", progress.complete, progress.expected),
        None => format!("{} of {} replications", progress.complete, progress.expected),
        Some((name, width)) if width.is_finite() => {
            format!("{} of about {} replications, {name} within ±{:.2} %", progress.complete, progress.expected, width * 100.0)
        }
        Some((name, _)) => format!("{} replications, {name} not known yet", progress.complete),
    });
}

/// Says what a reader must know beside the figures.
fn tell(outcome: &Outcome, arguments: &ReportArguments) {
    tell_warm_up(&outcome.warm_up, arguments);
    if outcome.interrupted {
        remark(&format!("interrupted after {} replications", outcome.replications));
    }
    if let Some(precision) = outcome.precision.as_ref().filter(|precision| !precision.reached) {
        let width = precision.relative_half_width.map_or_else(|| "not known".to_owned(), |width| format!("±{:.2} %", width * 100.0));
        remark(&format!(
            "the precision of {} % was not reached in {} replications: {} is within {width}; allow more with --replications, run longer with --until, or name what matters with --measure",
            precision.target * 100.0,
            outcome.replications,
            precision.widest,
        ));
    }
}

fn tell_warm_up(found: &WarmUpOutcome, arguments: &ReportArguments) {
    if found.at_boundary {
        let words = "the run is too short to tell its warm-up: MSER-5's least standard error lies at the end of the half it searches; run longer with --until, or give a --warm-up";
        remark(words);
    } else if found.pilots > 0 && !arguments.quiet && !arguments.json {
        remark(&format!("warm-up {} by MSER-5 from {} pilot replications", seconds(found.span_s), found.pilots));
    }
}

/// The outcome in words. Every figure comes from the JSON, so the two cannot differ.
fn text(outcome: &Value) -> String {
    let mut out = String::new();
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let _ = writeln!(
        out,
        "{} (simulated, seed {}): {} replications of {} in {} of wall time on {} threads, warm-up {}",
        outcome["graph"].as_str().unwrap_or(""),
        outcome["seed"],
        outcome["replications"],
        seconds(number(&outcome["until_s"])),
        seconds(number(&outcome["wall_s"])),
        outcome["threads"],
        seconds(number(&outcome["warm_up"]["span_s"])),
    );
    let _ = writeln!(out, "means over replications ± half of their 95 % confidence interval");
    let measures = &outcome["measures"];
    let show = |name: &str, write: &dyn Fn(f64) -> String| interval(&measures[name], write);
    let times = |prefix: &str| {
        ["mean", "p50", "p90", "p99"]
            .iter()
            .filter(|name| measures.get(format!("{prefix}.{name}_s")).is_some())
            .map(|name| format!("{name} {}", show(&format!("{prefix}.{name}_s"), &seconds)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let _ = writeln!(out, "latency    {}", times("latency"));
    section(&mut out, measures, "nodes", "in", |id| {
        let percent = |value: f64| format!("{:.2} %", value * 100.0);
        format!(
            "in {}, busy {}, inside {}",
            show(&format!("nodes.{id}.in"), &plain),
            show(&format!("nodes.{id}.busy"), &percent),
            times(&format!("nodes.{id}.residence"))
        )
    });
    section(&mut out, measures, "queues", "depth_mean", |id| {
        let at = |field: &str| format!("queues.{id}.{field}");
        let percent = |value: f64| format!("{:.2} %", value * 100.0);
        format!(
            "depth {}, in system {}, wait {}; {} waited",
            show(&at("depth_mean"), &plain),
            show(&at("in_system_mean"), &plain),
            times(&at("wait")),
            show(&at("waited_share"), &percent)
        )
    });
    section(&mut out, measures, "pipes", "rate_per_s", |id| {
        format!("{} per second, depth {}", show(&format!("pipes.{id}.rate_per_s"), &rate), show(&format!("pipes.{id}.depth_mean"), &plain))
    });
    out.trim_end().to_owned()
}

fn plain(value: f64) -> String {
    if value.abs() >= 1e5 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn interval(estimate: &Value, write: &dyn Fn(f64) -> String) -> String {
    let mean = estimate["mean"].as_f64().map_or_else(|| "-".to_owned(), write);
    estimate["half_width"].as_f64().map_or_else(|| mean.clone(), |half_width| format!("{mean} ± {}", write(half_width)))
}

/// One line for each thing of a group; `field` is a measure that each of them has.
fn section(out: &mut String, measures: &Value, group: &str, field: &str, text: impl Fn(&str) -> String) {
    let (prefix, suffix) = (format!("{group}."), format!(".{field}"));
    let ids: Vec<&str> = measures
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
        .filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(&suffix))
        .collect();
    let widest = ids.iter().map(|id| id.chars().count()).max().unwrap_or(0);
    if !ids.is_empty() {
        let _ = writeln!(out, "{group}");
    }
    for id in ids {
        let _ = writeln!(out, "  {id:widest$}  {}", text(id));
    }
}
