//! The report of a run: what `run` and `simulate` write, documented in `runtime/docs/report.md`.

use super::histogram::Histogram;
use super::laws::Laws;
use super::snapshot::{Books, Mode};
use crate::units::SECOND;
use indexmap::IndexMap;
use serde::Serialize;

/// The version of the report's form.
pub const FORMAT: u32 = 1;

/// What a run did. All spans are in seconds; in a simulation they are virtual, but `wall_s`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The version of this form.
    pub format: u32,
    /// The graph's title.
    pub graph: String,
    /// Live or simulated.
    pub mode: Mode,
    /// The seed of every random stream.
    pub seed: u64,
    /// How long it took by the wall clock.
    pub wall_s: f64,
    /// How long the run was on its own clock.
    pub duration_s: f64,
    /// How much of that was warm-up. Statistics, other than the books, cover the time after it.
    pub warm_up_s: f64,
    /// Arrivals and ends of service, nothing else, over the whole run.
    pub events: u64,
    /// A hash over every message in every pipe, every end and every line of the journal: the same seed, the same hash (G11).
    pub journal_hash: String,
    /// Why the run ended: `until`, `exhausted`, `stopped` or an error in words.
    pub ended: String,
    /// The books, over the whole run.
    pub messages: Messages,
    /// End-to-end latency of delivered messages (G6).
    pub latency: Latency,
    /// Every node, by id.
    pub nodes: IndexMap<String, NodeReport>,
    /// Every composite, by id: the sums of what is inside. Absent where there is none.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub composites: IndexMap<String, CompositeReport>,
    /// Every queue and subscription, by id.
    pub queues: IndexMap<String, QueueReport>,
    /// Every pipe, written `a.out -> b.in`.
    pub pipes: IndexMap<String, PipeReport>,
    /// Conservation, Little's law and the utilisation law, with what is left over of each.
    pub laws: Laws,
    /// Nodes that wait for each other in a circle (G13), by name; empty if none.
    pub deadlocks: Vec<Vec<String>>,
    /// The newest errors: node and words.
    pub errors: IndexMap<String, String>,
    /// What a live run of the graph asks to be allowed, and whether it was; a simulation needs none of it.
    pub trust: Vec<TrustReport>,
    /// What the graph expects, by name, and whether it came so.
    pub expectations: IndexMap<String, ExpectationReport>,
    /// What was changed while the run went on (G12); left out if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangesReport>,
}

/// Changes while the run went on, and what the nodes that were taken out had counted until then: `messages` contains them, `nodes` doesn't.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct ChangesReport {
    /// Changes that came into force.
    pub applied: u64,
    /// Changes that could not.
    pub refused: u64,
    /// Nodes taken out.
    pub nodes_removed: u64,
    /// Messages that these had received.
    pub received: u64,
    /// Messages that these had sent.
    pub sent: u64,
    /// Messages that had come into the run there.
    pub entered: u64,
    /// Messages that had ended well there.
    pub delivered: u64,
    /// Messages dropped there, when the node went among them.
    pub dropped: u64,
    /// Messages that became dead letters there, when the node went among them.
    pub dead_lettered: u64,
}

/// One thing that a live run asks to be allowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrustReport {
    /// The node that asks.
    pub node: String,
    /// What it asks for, as written after `--allow`.
    pub asked: String,
    /// Whether it was granted.
    pub granted: bool,
}

/// Whether an expectation was met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It came as expected.
    Met,
    /// It did not.
    Broken,
    /// The run was too short to say, or there was too much to remember.
    NotJudged,
}

/// One expectation of the graph.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExpectationReport {
    /// Whether it was met.
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: String,
}

/// The books of a run (rule 9).
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Messages {
    /// Came into the run.
    pub entered: u64,
    /// How many of them came out of durable stores, where the run before had left them.
    pub recovered: u64,
    /// Copies made.
    pub copied: u64,
    /// Parts split off.
    pub split_off: u64,
    /// Ended well.
    pub delivered: u64,
    /// Went into another.
    pub absorbed: u64,
    /// Ended on purpose, by reason.
    pub dropped: IndexMap<String, u64>,
    /// Given up.
    pub dead_lettered: u64,
    /// Given up, by reason, those put back to work or discarded by hand since included.
    pub dead_letter_reasons: IndexMap<String, u64>,
    /// Inside at the end, counted by walking stations and pipes.
    pub held: u64,
    /// Whether entered + copied + split off = delivered + absorbed + dropped + dead-lettered + held.
    pub balanced: bool,
}

impl From<&Books> for Messages {
    fn from(books: &Books) -> Self {
        Self {
            entered: books.entered,
            recovered: books.recovered,
            copied: books.copied,
            split_off: books.split_off,
            delivered: books.delivered,
            absorbed: books.absorbed,
            dropped: sorted(books.dropped.iter().map(|(reason, count)| (*reason, *count))),
            dead_lettered: books.dead_lettered,
            dead_letter_reasons: IndexMap::new(),
            held: books.held,
            balanced: books.balanced(),
        }
    }
}

/// Reasons in order of their names, so that a report does not depend on what happened first.
pub(crate) fn sorted<'a>(reasons: impl Iterator<Item = (&'a str, u64)>) -> IndexMap<String, u64> {
    let mut all: IndexMap<String, u64> = IndexMap::new();
    for (reason, count) in reasons.filter(|(_, count)| *count > 0) {
        *all.entry(reason.to_owned()).or_default() += count;
    }
    all.sort_keys();
    all
}

/// Percentiles of a span of time, in seconds.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Latency {
    /// How many samples.
    pub count: u64,
    /// Mean, exact.
    pub mean_s: f64,
    /// Median, within 0.8 %.
    pub p50_s: f64,
    /// 90th percentile, within 0.8 %.
    pub p90_s: f64,
    /// 99th percentile, within 0.8 %.
    pub p99_s: f64,
    /// Largest, exact.
    pub max_s: f64,
    /// With `--within`: the share of samples that took no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_share: Option<f64>,
}

impl Latency {
    /// The figures of a histogram over nanoseconds; `within` is a limit in nanoseconds.
    pub fn of(histogram: &Histogram, within: Option<u64>) -> Self {
        let seconds = |nanos: u64| nanos as f64 / SECOND as f64;
        Self {
            count: histogram.count(),
            mean_s: histogram.mean() / SECOND as f64,
            p50_s: seconds(histogram.quantile(0.5)),
            p90_s: seconds(histogram.quantile(0.9)),
            p99_s: seconds(histogram.quantile(0.99)),
            max_s: seconds(histogram.max()),
            within_share: within.map(|limit| histogram.share_at_most(limit)),
        }
    }
}

/// One node. Counts cover the time after the warm-up.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct NodeReport {
    /// Its kind.
    pub kind: String,
    /// Messages taken in.
    #[serde(rename = "in")]
    pub received: u64,
    /// Messages sent on, and messages that ended well here.
    #[serde(rename = "out")]
    pub sent: u64,
    /// Messages taken in per second.
    pub in_per_s: f64,
    /// Messages sent on or ended well per second: the node's throughput.
    pub out_per_s: f64,
    /// Failures.
    pub errors: u64,
    /// Messages ended on purpose here, by reason.
    pub dropped: IndexMap<String, u64>,
    /// Dead letters that lie here, by reason: given up here with no node to keep them, or kept by this node.
    pub dead_letter_reasons: IndexMap<String, u64>,
    /// Messages inside at the end.
    pub held: u64,
    /// Mean share of time that a consumer was at work: the utilisation; the mean number at work if there is no limit.
    pub busy: f64,
    /// Mean number of consumers at work.
    pub busy_servers: f64,
    /// Mean share of time that a consumer had finished but could not hand on.
    pub blocked: f64,
    /// From taking a message in to letting it go.
    pub residence: Latency,
    /// End-to-end latency of the messages that ended well here; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Figures of its kind's own at the end of the run, by [`Gauge::key`](crate::node::Gauge::key). They count from the start of the run.
    pub figures: IndexMap<String, f64>,
}

/// What is inside one composite, summed up by the beginning of the nodes' paths (G15). Counts cover the time after the warm-up.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct CompositeReport {
    /// Nodes inside, however deep.
    pub nodes: u64,
    /// Messages that came in across the border.
    #[serde(rename = "in")]
    pub received: u64,
    /// Messages that left across the border, and messages that ended well inside.
    #[serde(rename = "out")]
    pub sent: u64,
    /// The first per second.
    pub in_per_s: f64,
    /// The second per second.
    pub out_per_s: f64,
    /// Failures inside.
    pub errors: u64,
    /// Messages ended on purpose inside, by reason.
    pub dropped: IndexMap<String, u64>,
    /// Messages that stores inside gave up.
    pub dead_lettered: u64,
    /// Messages inside at the end.
    pub held: u64,
    /// Mean number of consumers inside at work.
    pub busy_servers: f64,
}

/// One queue or subscription.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct QueueReport {
    /// Mean number waiting.
    pub depth_mean: f64,
    /// Most that ever waited.
    pub depth_max: u64,
    /// Mean number waiting or in service.
    pub in_system_mean: f64,
    /// Variance over time of the number waiting or in service; absent where it rose above what is told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_system_variance: Option<f64>,
    /// Share of the time with 0, 1, 2, ... messages waiting or in service.
    pub in_system_share: Vec<f64>,
    /// From entering (or coming back to) the queue until a consumer starts.
    pub wait: Latency,
    /// The same by priority; absent where no message had one.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub wait_by_priority: IndexMap<u8, Latency>,
    /// Mean time from entering (or coming back to) the queue until a consumer has finished.
    pub sojourn_mean_s: f64,
    /// Share of deliveries that had to wait at all.
    pub waited_share: f64,
    /// Share of arrivals that the full queue refused.
    pub refused_share: f64,
    /// Share of arrivals whose time to live ended before a consumer started.
    pub expired_share: f64,
    /// Times a message was handed out, redeliveries included.
    pub deliveries: u64,
    /// Of the messages acknowledged, the share that took one delivery, two, ...
    pub attempts_share: Vec<f64>,
    /// Deliveries for each message acknowledged, on average.
    pub attempts_mean: f64,
    /// Messages given up.
    pub dead_lettered: u64,
}

/// One pipe.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct PipeReport {
    /// Messages through it.
    pub messages: u64,
    /// Messages per second.
    pub rate_per_s: f64,
    /// Mean number in it.
    pub depth_mean: f64,
    /// Most that were ever in it.
    pub depth_max: u64,
    /// How long its sender waited for room.
    pub blocked_s: f64,
}
