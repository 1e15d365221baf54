//! The node kinds: one folder per family, one file per kind.

pub mod choreography;
pub mod claim;
pub mod filter;
pub mod publish;
pub mod queue;
pub mod sink;
pub mod topic;
mod window;

use crate::node::Catalogue;

/// Every kind there is, in the order of the palette.
pub const CATALOGUE: Catalogue = Catalogue(&[
    &publish::generator::GENERATOR,
    &publish::schedule::SCHEDULE,
    &publish::file_source::FILE_SOURCE,
    &publish::blob_source::BLOB_SOURCE,
    &publish::stdin::STDIN,
    &publish::http_source::HTTP_SOURCE,
    &topic::topic::TOPIC,
    &topic::subscription::SUBSCRIPTION,
    &queue::queue::QUEUE,
    &queue::consumer_pool::CONSUMER_POOL,
    &queue::retry::RETRY,
    &queue::dead_letters::DEAD_LETTERS,
    &filter::filter::FILTER,
    &filter::map::MAP,
    &filter::route::ROUTE,
    &filter::balance::BALANCE,
    &filter::recipient_list::RECIPIENT_LIST,
    &filter::jq::JQ,
    &filter::split::SPLIT,
    &filter::aggregate::AGGREGATE,
    &filter::batch::BATCH,
    &filter::resequence::RESEQUENCE,
    &filter::enrich::ENRICH,
    &filter::validate::VALIDATE,
    &filter::transform::TRANSFORM,
    &filter::deduplicate::DEDUPLICATE,
    &filter::step::STEP,
    &filter::program::PROGRAM,
    &filter::throttle::THROTTLE,
    &filter::delay::DELAY,
    &filter::sample::SAMPLE,
    &filter::wire_tap::WIRE_TAP,
    &claim::check_in::CHECK_IN,
    &claim::check_out::CHECK_OUT,
    &choreography::join::JOIN,
    &sink::sink::SINK,
]);
