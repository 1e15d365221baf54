//! What a behaviour may ask of the outside world, and what can come back (G9). The behaviour never touches the world itself.

use super::claims::{ClaimAnswer, ClaimAsk};
use crate::id::NodeId;
use crate::message::{Blob, Message};
use crate::units::Span;
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;

/// How records lie in a file or stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordFormat {
    /// One JSON value a line.
    JsonLines,
    /// Comma-separated values with a header line; each record becomes a JSON object of texts and numbers.
    Csv,
}

/// A request to the outside. Paths are relative to the graph's folder and may not leave it.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// The next records of a file. Answered with [`Answer::Records`].
    ReadRecords {
        /// The file.
        path: PathBuf,
        /// How records lie in it.
        format: RecordFormat,
        /// The byte to go on from: 0, then what the last answer gave.
        offset: u64,
        /// The line number at `offset`, from 1.
        line: u64,
        /// How many records at most.
        most: usize,
    },
    /// The next lines of standard input. Answered with [`Answer::Records`]; waits for at least one line. In a simulation answered with
    /// [`Answer::Modelled`] at once.
    ReadInput {
        /// How records lie in it.
        format: RecordFormat,
        /// How many records at most.
        most: usize,
    },
    /// Add bytes to a file. Answered with [`Answer::Done`] when the system has taken them.
    Append {
        /// The file.
        path: PathBuf,
        /// What to add.
        bytes: Bytes,
        /// Whether what was there is cut off first.
        truncate: bool,
    },
    /// How much there is to do in the stores that this node takes from. No world is touched: each of them answers at once, with
    /// [`Answer::Backlog`].
    Backlog,
    /// Add bytes to standard output. Answered with [`Answer::Done`].
    Print {
        /// What to print.
        bytes: Bytes,
    },
    /// Something of a store of claims. Answered with [`Answer::Claim`].
    Claim(Box<ClaimAsk>),
    /// A handle to a whole file. Answered with [`ClaimAnswer::Taken`].
    Handle {
        /// The file.
        path: PathBuf,
    },
    /// Add the bytes of a handle to a file, piece by piece. Answered with [`Answer::Done`].
    AppendBlob {
        /// The file.
        path: PathBuf,
        /// What to add.
        blob: Box<Blob>,
        /// Whether what was there is cut off first.
        truncate: bool,
    },
    /// What the run before has left in this node's durable store. Answered with [`Answer::Recovered`], or [`Answer::Modelled`] where there is
    /// no store.
    Recover {
        /// Whose store.
        store: NodeId,
        /// Its dead letters, or those that are none.
        dead: bool,
        /// From the message after this number on.
        after: u64,
        /// How many messages at most.
        most: usize,
    },
    /// Write changes to this node's durable store, all or none of them. Answered with [`Answer::Done`] when they are on the disk, or
    /// [`Answer::Modelled`] where there is none.
    Keep {
        /// Whose store.
        store: NodeId,
        /// The changes, in order.
        changes: Vec<Keep>,
    },
    /// Hand a line to a program, which is started if it does not run. Answered with [`Answer::Line`] or [`Answer::Gone`]; in a simulation,
    /// which starts nothing, with [`Answer::Modelled`] at once.
    Exchange {
        /// Which program, and how it is talked to.
        program: Arc<Program>,
        /// Which of the node's processes, from 0.
        process: u32,
        /// Which life of that process: a new number asks for a new one.
        life: u32,
        /// What the answer will name, where answers come in any order.
        id: Arc<str>,
        /// One line of JSON, without its end.
        line: Bytes,
    },
    /// End all processes of this node: their input ends, and so must they, within 5 s. Answered with [`Answer::Done`].
    EndPrograms,
    /// Listen for HTTP requests. Answered with [`Answer::Serving`], [`Answer::Failed`], or in a simulation [`Answer::Modelled`] at once.
    Serve(HttpServer),
    /// The next requests. Answered with [`Answer::Requests`]; waits for at least one.
    NextRequests {
        /// How many at most.
        most: usize,
    },
    /// Answer a request. Answered with [`Answer::Done`], whether or not the client was still there.
    Respond {
        /// The request, by its number.
        request: u64,
        /// The HTTP status.
        status: u16,
        /// The body, as JSON.
        text: String,
    },
    /// Listen no more. Answered with [`Answer::Done`].
    EndServing,
}

/// A change to what a durable store keeps. Numbers are the store's own, and rise with the order of coming.
#[derive(Clone, PartialEq, Debug)]
pub enum Keep {
    /// Keep a message; instead of the one that has this number, if there is one.
    Put {
        /// Its number.
        number: u64,
        /// How often it was tried.
        attempts: u32,
        /// Why it is a dead letter, if it is one.
        dead: Option<Dead>,
        /// The message. Who waits for its end is not kept.
        message: Message,
    },
    /// A message was tried so often by now.
    Tried {
        /// Its number.
        number: u64,
        /// How often.
        attempts: u32,
    },
    /// A message is a dead letter from now on.
    Dead {
        /// Its number.
        number: u64,
        /// How often it was tried.
        attempts: u32,
        /// Why.
        dead: Dead,
    },
    /// A message is done with.
    Gone {
        /// Its number.
        number: u64,
    },
}

impl Keep {
    /// Which message it is about.
    pub const fn number(&self) -> u64 {
        match self {
            Self::Put { number, .. } | Self::Tried { number, .. } | Self::Dead { number, .. } | Self::Gone { number } => *number,
        }
    }
}

/// Why a message is a dead letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dead {
    /// As a word.
    pub reason: Arc<str>,
    /// For a person.
    pub error: Arc<str>,
}

/// A message as a durable store has kept it.
#[derive(Clone, PartialEq, Debug)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it is a dead letter, if it is one.
    pub dead: Option<Dead>,
    /// The message. Its moments are those of this run: it enters when it is recovered, and if its time was over before, it is over at the
    /// start of the run.
    pub message: Message,
}

impl Ask {
    /// How long the modelled outside of a simulation takes for it.
    pub fn modelled_latency(&self) -> Span {
        match self {
            Self::Claim(ask) => ask.model.latency.min(ask.within),
            _ => Span::ZERO,
        }
    }
}

/// Where an HTTP server listens, and its bounds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpServer {
    /// The address.
    pub address: String,
    /// The port; 0 for any free one.
    pub port: u16,
    /// How many connections are served at the same time.
    pub most_connections: usize,
    /// How many requests wait for their node; more are refused with 503.
    pub most_waiting: usize,
    /// The largest body.
    pub most_bytes: usize,
    /// How long a body, and an answer, may take.
    pub time_limit: Span,
}

/// A request that waits for its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpRequest {
    /// Its number at its server.
    pub number: u64,
    /// The path that it was sent to.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// A program as a filter, and how it is talked to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// Its name or path, and its arguments.
    pub command: Vec<String>,
    /// Whether answers may come in any order, each naming its message in the field `id`.
    pub by_id: bool,
    /// How long one answer may take.
    pub time_limit: Span,
}

/// One record read, or what was wrong with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// The line it stands on, from 1.
    pub line: u64,
    /// The record as JSON bytes, or the raw line and why it is no record.
    pub content: Result<Bytes, BadRecord>,
}

/// A line that is not a record: it enters the run with its raw bytes and fails at the source's error port.
#[derive(Clone, PartialEq, Debug)]
pub struct BadRecord {
    /// The line as it stood.
    pub raw: Bytes,
    /// What is wrong with it.
    pub error: String,
}

/// What came back.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// Records, and where to go on.
    Records {
        /// The records, possibly none.
        records: Vec<Record>,
        /// The byte to go on from.
        offset: u64,
        /// The line number there.
        line: u64,
        /// Whether the end was reached (of a file: for now; it may grow).
        end: bool,
    },
    /// How much there is to do in one store.
    Backlog {
        /// Messages not done with, waiting or in the hands of consumers.
        messages: u64,
        /// How many such answers come in all to this request.
        stores: u32,
    },
    /// What a store of claims, or a handle, answers with.
    Claim(ClaimAnswer),
    /// It was done.
    Done,
    /// There is no such thing in this world: the node goes on as its model says, as if it were done after a while.
    Modelled,
    /// What a durable store has kept.
    Recovered {
        /// Messages in the order of their numbers, possibly none.
        kept: Vec<Kept>,
        /// Whether these are all.
        end: bool,
        /// The highest number in use, dead letters included.
        last: u64,
        /// How many dead letters the store keeps.
        dead: u64,
        /// How long it took to read them; with the first page, to open the store too.
        took: Span,
    },
    /// It could not be done; in words for a person.
    Failed(String),
    /// A program answered.
    Line {
        /// Its line, without its end.
        line: Bytes,
        /// What it wrote on standard error since the answer before, a line each, the newest if there were many.
        said: Vec<String>,
    },
    /// The program has ended, could not be started, or took too long and was ended. What it was handed may be done or not.
    Gone {
        /// In words for a person.
        why: String,
        /// What it wrote on standard error since the answer before.
        said: Vec<String>,
    },
    /// A server listens, at this port.
    Serving {
        /// The port.
        port: u16,
    },
    /// Requests came.
    Requests {
        /// The requests, possibly none.
        requests: Vec<HttpRequest>,
        /// How many were refused so far because too many waited.
        refused: u64,
    },
}
