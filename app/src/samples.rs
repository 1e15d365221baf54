//! The samples that come with the program, for the welcome page and the command palette.

use std::path::{Path, PathBuf};

/// A sample graph.
#[derive(Debug)]
pub struct Sample {
    /// Its title.
    pub title: &'static str,
    /// One sentence: what it shows.
    pub about: &'static str,
    /// Its file below `samples/`.
    pub file: &'static str,
    /// The graph as text.
    pub text: &'static str,
}

impl Sample {
    /// The folder that the sample's own paths start from, where the program still stands beside its sources.
    pub fn folder(&self) -> Option<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("samples");
        let folder = root.join(self.file).parent()?.to_owned();
        folder.is_dir().then_some(folder)
    }
}

macro_rules! sample {
    ($file:literal, $title:literal, $about:literal) => {
        Sample { title: $title, about: $about, file: $file, text: include_str!(concat!("../../samples/", $file)) }
    };
}

/// All samples, in the order of the welcome page.
pub static ALL: &[Sample] = &[
    sample!("01-hello.ron", "Hello", "A generator, a filter and a sink: the smallest graph that does something."),
    sample!("02-competing.ron", "Competing consumers", "A queue shares its messages out among workers; some fail and are tried again."),
    sample!("03-topic.ron", "Topic and subscriptions", "Every subscription gets its own copy of what it asked for."),
    sample!(
        "04-pipes-and-filters.ron",
        "Pipes and filters",
        "Orders are tapped, split into lines, priced, routed by worth, and throttled."
    ),
    sample!("05-overload.ron", "Overload", "Bursts that the workers cannot follow: a bounded queue, drops, and a time to live."),
    sample!(
        "patterns/profiles.ron",
        "One load, five rule books",
        "The same orders under our rules and those of RabbitMQ, Service Bus, JetStream and Redis."
    ),
    sample!(
        "patterns/scaled-pool.ron",
        "A pool that follows its backlog",
        "Consumers come and go with what there is to do, with the times that it takes."
    ),
    sample!(
        "patterns/dead-letters.ron",
        "Dead letters and the desk",
        "What fails is looked at, edited, tried in a dry run, and put back to work."
    ),
    sample!(
        "systems/earthquakes.ron",
        "Earthquakes",
        "A week of real earthquakes: bad records, content-based subscriptions, alerts, a table by region and minute."
    ),
    sample!(
        "systems/market-data.ron",
        "Market data",
        "Quotes for four subscribers of different speed: in order, conflated, the freshest only, and all of them in batches."
    ),
];
