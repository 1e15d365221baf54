//! What a behaviour may ask of the outside world, and what can come back (G9). The behaviour never touches the world itself.

use bytes::Bytes;
use std::path::PathBuf;

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
    /// The next lines of standard input. Answered with [`Answer::Records`]; waits for at least one line.
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
    /// Add bytes to standard output. Answered with [`Answer::Done`].
    Print {
        /// What to print.
        bytes: Bytes,
    },
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
    /// It was done.
    Done,
    /// It could not be done; in words for a person.
    Failed(String),
}
