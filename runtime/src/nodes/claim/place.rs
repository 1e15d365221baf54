//! Which store a node of claims uses, and how that store behaves in a simulation: settings that both ends share.

use super::bucket;
use crate::distribution::Distribution;
use crate::message::{ClaimStore, Message};
use crate::node::claims::{Model, needs};
use crate::node::field::Word;
use crate::node::{Effects, Field, FieldType, Form, Preset};
use crate::random::Purpose;
use crate::setting::Setting;
use crate::units::{Moment, Span};
use std::sync::Arc;

pub const STORE: Field = Field::new(
    "Store",
    "store",
    "Store",
    FieldType::Choice(&[
        Word { name: "memory", label: "Memory", help: "In the memory of the run, gone with it." },
        Word { name: "folder", label: "Folder", help: "In a folder below the run's output folder; other programs can read there." },
        Word { name: "s3", label: "S3", help: "In a bucket of Amazon S3, or of another server that speaks S3." },
    ]),
    Preset::Word("memory"),
    "Where the payloads lie. Both ends of a claim name the same store.",
);
pub const NAME: Field = Field::new(
    "Store",
    "name",
    "Name",
    FieldType::Text,
    Preset::Text("claims"),
    "The name of the store in memory: nodes that name the same one share it.",
)
.when("store", &["memory"]);
pub const PATH: Field = Field::new(
    "Store",
    "path",
    "Folder",
    FieldType::Path { written: true },
    Preset::Text("claims"),
    "The folder, from the run's output folder.",
)
.when("store", &["folder"]);
pub const BUCKET: Field =
    Field::new("Store", "bucket", "Bucket", FieldType::Text, Preset::Text(""), "The bucket, which must be there already.")
        .when("store", &["s3"])
        .source("Amazon S3 User Guide, general purpose bucket naming rules");
pub const ENDPOINT: Field = Field::new(
    "Store",
    "endpoint",
    "Server",
    FieldType::Text,
    Preset::Text(""),
    "The server's address, such as http://127.0.0.1:9000. Empty: Amazon's own in the region.",
)
.when("store", &["s3"]);
pub const REGION: Field = Field::new(
    "Store",
    "region",
    "Region",
    FieldType::Text,
    Preset::Text("us-east-1"),
    "The region that requests are signed for. Servers other than Amazon's mostly take any.",
)
.when("store", &["s3"]);
pub const PREFIX: Field = Field::new(
    "Store",
    "prefix",
    "Prefix",
    FieldType::Text,
    Preset::Text("claims"),
    "What the names of all payloads begin with in the bucket: words parted by slashes.",
)
.when("store", &["s3"]);
pub const TIME_LIMIT: Field = Field::new(
    "Store",
    "time_limit",
    "Time limit",
    FieldType::Span(1_000_000),
    Preset::Text("1 min"),
    "A request that takes longer has failed. Give large payloads the time they need.",
);
pub const PARALLEL: Field = Field::new(
    "Store",
    "parallel",
    "At a time",
    FieldType::Integer(1, 1_000),
    Preset::Integer(4),
    "How many payloads are on their way at the same time. Messages leave in the order in which they came all the same.",
)
.unit("messages");
pub const LATENCY: Field = Field::new(
    "In a simulation",
    "latency",
    "Latency",
    FieldType::Distribution,
    Preset::Made(|| Setting::text("10 ms")),
    "How long the modelled store takes for a request. A live store takes what it takes.",
);
pub const FAILURE_SHARE: Field = Field::new(
    "In a simulation",
    "failure_share",
    "Failure share",
    FieldType::Share,
    Preset::Number(0.0),
    "With this probability a request to the modelled store fails.",
);
pub const AWAY_FROM: Field = Field::new(
    "In a simulation",
    "away_from",
    "Away from",
    FieldType::Span(0),
    Preset::None,
    "From this moment of the run on the modelled store is away, for as long as set below.",
);
pub const AWAY_FOR: Field =
    Field::new("In a simulation", "away_for", "Away for", FieldType::Span(1), Preset::Text("30 s"), "How long the modelled store is away.");
pub const AWAY_EVERY: Field = Field::new(
    "In a simulation",
    "away_every",
    "Away again every",
    FieldType::Span(1),
    Preset::None,
    "The modelled store is away again and again, this long after the last time began. Unset: once.",
);

/// Reads which store it is, and asks for what a live run needs to use it.
pub fn read_store(form: &mut Form<'_>) -> Arc<ClaimStore> {
    let store = match form.choice("store") {
        "folder" => ClaimStore::Folder { path: form.path("path").unwrap_or_default() },
        "s3" => ClaimStore::S3(Arc::new(bucket::read(form))),
        _ => ClaimStore::Memory { name: form.text("name").unwrap_or_default() },
    };
    for capability in needs(&store) {
        form.need("store", capability);
    }
    Arc::new(store)
}

/// Names parted by commas, sorted, each once.
pub fn read_names(text: &str) -> String {
    let mut names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(",")
}

/// How the store behaves in a simulation.
pub struct Modelled {
    latency: Distribution,
    failure_share: f64,
    /// From when, for how long, and how often again.
    away: Option<(Moment, Span, Option<Span>)>,
    /// With what probability it gives other bytes than it was given.
    altered_share: f64,
}

impl Modelled {
    pub fn read(form: &mut Form<'_>) -> Self {
        let (length, every) = (form.span("away_for").unwrap_or(Span::secs(30)), form.span("away_every"));
        Self {
            latency: form.distribution("latency").unwrap_or(Distribution::Constant(Span::millis(10))),
            failure_share: form.number("failure_share").unwrap_or(0.0),
            away: form.span("away_from").map(|from| (Moment(from.0), length, every)),
            altered_share: 0.0,
        }
    }

    /// The same, but a share of what it gives is altered.
    pub fn altering(mut self, share: f64) -> Self {
        self.altered_share = share;
        self
    }

    /// How it goes this time.
    pub fn draw(&self, message: &Message, time: u32, fx: &Effects<'_>) -> Model {
        let chance = |purpose, share| share > 0.0 && fx.random_again(purpose, message, time).chance(share);
        Model {
            latency: self.latency.draw(&mut fx.random_again(const { Purpose::of("store latency") }, message, time)),
            away: self.is_away(fx.now()) || chance(const { Purpose::of("store failure") }, self.failure_share),
            altered: chance(const { Purpose::of("store altered") }, self.altered_share),
        }
    }

    /// Whether it is away at a moment.
    pub fn is_away(&self, now: Moment) -> bool {
        let Some((from, length, every)) = self.away.filter(|away| now >= away.0) else { return false };
        let since = now.since(from).0;
        every.map_or(since, |every| since % every.0.max(1)) < length.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_stands_once() {
        assert_eq!(read_names(" shop, archive,shop ,, "), "archive,shop");
        assert_eq!(read_names(" , "), "");
    }

    #[test]
    fn a_modelled_store_is_away_when_it_should_be() {
        let model = |every| Modelled {
            latency: Distribution::Constant(Span::ZERO),
            failure_share: 0.0,
            away: Some((Moment(0) + Span::secs(10), Span::secs(5), every)),
            altered_share: 0.0,
        };
        let away =
            |every: Option<Span>| -> Vec<u64> { (0..60).filter(|second| model(every).is_away(Moment(0) + Span::secs(*second))).collect() };
        assert_eq!(away(None), [10, 11, 12, 13, 14]);
        assert_eq!(away(Some(Span::secs(40))), [10, 11, 12, 13, 14, 50, 51, 52, 53, 54]);
    }
}
