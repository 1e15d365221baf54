//! What may stand on the command line.

use super::Exit;
use clap::{Args, Parser, Subcommand, ValueEnum};
use pipewright_runtime::engine::experiment::WarmUp;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_runtime::trust::{Capability, Grants};
use pipewright_runtime::units::Span;
use std::path::PathBuf;
use std::time::Duration;

/// Draw messaging systems, run them live and simulated, look inside every message.
///
/// Without a verb the window opens, on FILE if one is named.
#[derive(Parser, Clone, Debug)]
#[command(name = "pipewright", version, args_conflicts_with_subcommands = true, after_help = Exit::help(), max_term_width = 100)]
pub struct Arguments {
    /// What to do; the window if nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What the window starts with.
    #[command(flatten)]
    pub window: WindowArguments,
}

/// What the window starts with.
#[derive(Args, Clone, Default, Debug)]
pub struct WindowArguments {
    /// The graph to open
    pub file: Option<PathBuf>,
    /// Open the window, save a picture of it here (PNG), and end
    #[arg(long, value_name = "OUT.png")]
    pub screenshot: Option<PathBuf>,
    /// The window's size in points
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub size: Option<(f32, f32)>,
    /// The theme, whatever the preferences say
    #[arg(long, value_enum)]
    pub theme: Option<ThemeName>,
    /// Start the graph at once
    #[arg(long, value_enum, value_name = "MODE")]
    pub run: Option<ModeName>,
    /// How long to wait before the picture is taken, such as "3 s"
    #[arg(long, value_name = "SPAN", value_parser = duration, requires = "screenshot")]
    pub after: Option<Duration>,
}

/// A theme.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum ThemeName {
    /// Light on dark
    Dark,
    /// Dark on light
    Light,
}

/// A way to run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum ModeName {
    /// By the wall clock, on the real world
    Live,
    /// By the virtual clock, touching nothing
    Simulate,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Live => Self::Live,
            ModeName::Simulate => Self::Simulated,
        }
    }
}

/// The verbs.
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    /// List everything that is wrong with a graph
    Check(FileArguments),
    /// Explain a problem code at length, or list the codes
    Explain(ExplainArguments),
    /// List the node kinds, or describe one
    Kinds(KindsArguments),
    /// Write a small graph to start from
    New(NewArguments),
    /// Write a graph file in its stable form, comments kept
    Fmt(FormatArguments),
    /// Run a graph live, by the wall clock; Ctrl-C or SIGTERM ends it with a report
    Run(RunArguments),
    /// Simulate a graph in virtual time
    Simulate(SimulateArguments),
    /// Look after the dead letters that a graph's durable queues keep on the disk
    DeadLetters(DeadLetterArguments),
}

/// A file, and how to answer.
#[derive(Args, Clone, Debug)]
pub struct FileArguments {
    /// The graph
    pub file: PathBuf,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `explain` takes.
#[derive(Args, Clone, Debug)]
pub struct ExplainArguments {
    /// The code, such as PW202
    pub code: Option<String>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `kinds` takes.
#[derive(Args, Clone, Debug)]
pub struct KindsArguments {
    /// The kind to describe
    pub name: Option<String>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `new` takes.
#[derive(Args, Clone, Debug)]
pub struct NewArguments {
    /// The file to write; it must not exist yet
    pub file: PathBuf,
}

/// What `fmt` takes.
#[derive(Args, Clone, Debug)]
pub struct FormatArguments {
    /// The graph
    pub file: PathBuf,
    /// Write nothing; end with code 1 if the file would change
    #[arg(long)]
    pub check: bool,
}

/// What `dead-letters` takes.
#[derive(Args, Clone, Debug)]
pub struct DeadLetterArguments {
    /// What to do with them
    #[command(subcommand)]
    pub verb: DeadLetterVerb,
}

/// What can be done with dead letters.
#[derive(Subcommand, Clone, Debug)]
pub enum DeadLetterVerb {
    /// List them, in groups by node and reason; also while the graph runs
    List {
        /// The graph
        file: PathBuf,
        /// Which ones
        #[command(flatten)]
        filter: LetterFilter,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with everything that is known of it
    Show {
        /// The graph
        file: PathBuf,
        /// Its id, or the beginning of it
        id: String,
        /// Answer as a JSON list
        #[arg(long)]
        json: bool,
    },
    /// Write them as JSON Lines
    Export {
        /// The graph
        file: PathBuf,
        /// Which ones
        #[command(flatten)]
        filter: LetterFilter,
        /// Write to this file; otherwise to standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Put them back to work where they were given up: the next run hands them out. Not while the graph runs
    Redrive {
        /// Which ones
        #[command(flatten)]
        chosen: ChosenLetters,
        /// Put them into this durable queue or subscription instead
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
    },
    /// Throw them away for good. Not while the graph runs
    Purge(ChosenLetters),
    /// Tell what was done by hand, and when
    Journal {
        /// The graph
        file: PathBuf,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Dead letters that something is done with.
#[derive(Args, Clone, Debug)]
pub struct ChosenLetters {
    /// The graph
    pub file: PathBuf,
    /// Which ones
    #[command(flatten)]
    pub filter: LetterFilter,
    /// All of them
    #[arg(long)]
    pub all: bool,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which dead letters.
#[derive(Args, Clone, Default, Debug)]
pub struct LetterFilter {
    /// Those whose id begins so
    #[arg(long)]
    pub id: Option<String>,
    /// Those given up for this reason, such as `max_deliveries`
    #[arg(long)]
    pub reason: Option<String>,
    /// Those that this node keeps
    #[arg(long)]
    pub node: Option<String>,
}

/// What becomes of the report.
#[derive(Args, Clone, Default, Debug)]
pub struct ReportArguments {
    /// Print the report as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Write the report as JSON to this file too
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print nothing but what the graph itself prints, and the report where --json asks for it
    #[arg(long, short)]
    pub quiet: bool,
    /// Report which share of messages waited no longer than this
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub within: Option<Span>,
}

/// What `run` takes.
#[derive(Args, Clone, Debug)]
pub struct RunArguments {
    /// The graph
    pub file: PathBuf,
    /// End after this time, such as 10s; otherwise when every source is exhausted, or on Ctrl-C
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub time: Option<Span>,
    /// The seed of all chance; the graph's own unless said
    #[arg(long)]
    pub seed: Option<u64>,
    /// Leave this time at the start out of the statistics
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub warm_up: Option<Span>,
    /// How many worker threads; 0 for as many as there are cores
    #[arg(long, default_value_t = 0)]
    pub workers: usize,
    /// Allow what the graph asks for: program:'COMMAND ARGUMENTS', connect:HOST:PORT, listen:ADDRESS:PORT, read:PATH, write:PATH or
    /// env:NAME, exactly as the refusal spells it out; or `all`, for graphs of your own in a place that is walled in already, such as a
    /// container. May be repeated
    #[arg(long, value_name = "WHAT", value_parser = allowed)]
    pub allow: Vec<Allowed>,
    /// What becomes of the report
    #[command(flatten)]
    pub report: ReportArguments,
}

/// What `simulate` takes.
#[derive(Args, Clone, Debug)]
pub struct SimulateArguments {
    /// The graph
    pub file: PathBuf,
    /// End at this moment of virtual time, or earlier when every source is exhausted
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "3600s")]
    pub until: Span,
    /// The seed of all chance; the graph's own unless said
    #[arg(long)]
    pub seed: Option<u64>,
    /// Leave this time at the start out of the statistics; `auto` lets MSER-5 find it from ten pilot replications
    #[arg(long, value_name = "SPAN|auto", value_parser = warm_up)]
    pub warm_up: Option<WarmUp>,
    /// Simulate so many times under different chance, and report means with their 95 % confidence intervals
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub replications: Option<u64>,
    /// Go on with replications until the relative error of every interval is at most this, such as 2%: at least 10, at most
    /// --replications, or 1000
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub precision: Option<f64>,
    /// What must be that precise, such as `queues.jobs.wait.mean_s`; every mean, rate and busy share unless said. May be repeated
    #[arg(long, value_name = "NAME", requires = "precision")]
    pub measure: Vec<String>,
    /// How many replications to run side by side; 0 for as many as there are cores. The result does not depend on it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Let sinks write their files and standard output; a simulation touches nothing otherwise
    #[arg(long, conflicts_with_all = ["replications", "precision"])]
    pub write: bool,
    /// What becomes of the report
    #[command(flatten)]
    pub report: ReportArguments,
}

/// What one `--allow` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Allowed {
    /// Everything.
    All,
    /// One thing.
    One(Capability),
}

/// All that is allowed together.
pub fn grants(allowed: &[Allowed]) -> Grants {
    if allowed.contains(&Allowed::All) {
        return Grants::all();
    }
    let one = |allowed: &Allowed| match allowed {
        Allowed::One(capability) => Some(capability.clone()),
        Allowed::All => None,
    };
    allowed.iter().filter_map(one).collect()
}

fn allowed(text: &str) -> Result<Allowed, String> {
    if text == "all" { Ok(Allowed::All) } else { text.parse().map(Allowed::One) }
}

fn size(text: &str) -> Result<(f32, f32), String> {
    let (width, height) = text.split_once(['x', '×']).ok_or("expected WIDTHxHEIGHT, such as 1600x1000")?;
    let side = |text: &str| text.trim().parse::<f32>().ok().filter(|side| (200.0..=16_384.0).contains(side));
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err("expected two numbers from 200 to 16384, such as 1600x1000".into()),
    }
}

fn span(text: &str) -> Result<Span, String> {
    text.parse().map_err(|error: pipewright_runtime::units::UnitError| error.to_string())
}

fn warm_up(text: &str) -> Result<WarmUp, String> {
    if text == "auto" { Ok(WarmUp::Auto) } else { span(text).map(WarmUp::Given) }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share = number.map(|number| number / 100.0).filter(|share| (0.000_1..=1.0).contains(share));
    share.ok_or_else(|| "expected a percentage from 0.01% to 100%, such as 2%".into())
}

fn duration(text: &str) -> Result<Duration, String> {
    span(text).map(Span::duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_file_or_a_verb() {
        let read = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert_eq!(read("pipewright a.ron").unwrap().window.file, Some(PathBuf::from("a.ron")));
        assert!(matches!(read("pipewright kinds --json").unwrap().verb, Some(Verb::Kinds(KindsArguments { json: true, .. }))));
        assert_eq!(
            read("pipewright a.ron --screenshot b.png --size 1600x1000 --after 3s").unwrap().window.after,
            Some(Duration::from_secs(3))
        );
        assert!(read("pipewright a.ron --screenshot b.png --size 1600").is_err());
        assert!(read("pipewright a.ron --after 3s").is_err());
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        let read = |line: &str| Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.verb);
        let Ok(Some(Verb::Simulate(found))) = read("pipewright simulate a.ron --until 2min --seed 7 --warm-up 10s --within 20s") else {
            panic!("not read")
        };
        assert_eq!((found.until, found.seed, found.warm_up), (Span::secs(120), Some(7), Some(WarmUp::Given(Span::secs(10)))));
        assert_eq!(found.report.within, Some(Span::secs(20)));
        let Ok(Some(Verb::Simulate(found))) = read("pipewright simulate a.ron --warm-up auto --precision 2.5% --measure a --measure b")
        else {
            panic!("not read")
        };
        assert_eq!(
            (found.warm_up, found.precision, found.measure),
            (Some(WarmUp::Auto), Some(0.025), vec!["a".to_owned(), "b".to_owned()])
        );
        for wrong in ["--precision 2", "--precision 0%", "--precision 200%", "--measure a", "--replications 0", "--replications 5 --write"]
        {
            assert!(read(&format!("pipewright simulate a.ron {wrong}")).is_err(), "{wrong}");
        }
        let error = read("pipewright run a.ron --for 10").unwrap_err().to_string();
        assert!(error.contains("250 ms"), "says how spans are written: {error}");
    }
}
