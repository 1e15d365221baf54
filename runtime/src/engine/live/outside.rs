//! The real outside of a live run (G9): tokio tasks do the work, the answer reaches the station as a signal.

use super::storekeeper::{Storekeeper, Work};
use super::worker::Order;
use crate::engine::files::{self, Files};
use crate::engine::records;
use crate::engine::shard::World;
use crate::engine::signal::{Parcel, Signal, source_of_station};
use crate::node::outside::{Record, RecordFormat};
use crate::node::{Answer, Ask, Ticket};
use crate::stores::Stores;
use crate::stores::claims::live::LiveClaims;
use crossbeam_channel::Sender;
use std::io::{BufRead as _, BufReader, Stdin};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// What all workers of a run share of the outside.
pub struct Outside {
    runtime: Arc<Runtime>,
    folder: PathBuf,
    written: PathBuf,
    /// Writes to the durable stores, where the graph has any.
    keeper: Option<Storekeeper>,
    claims: Arc<LiveClaims>,
}

impl Outside {
    /// Starts the runtime that does the work. Files are read below `folder` and written below `written`; `stores` are the durable stores of the
    /// graph, if it has any.
    pub fn start(folder: &Path, written: &Path, stores: Option<Stores>) -> std::io::Result<Self> {
        let keeper = stores.map(Storekeeper::start).transpose()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("outside").enable_time().build()?;
        let claims = Arc::new(LiveClaims::new(written.to_owned(), files::resolve(folder)));
        Ok(Self { runtime: Arc::new(runtime), folder: folder.to_owned(), written: written.to_owned(), keeper, claims })
    }

    /// Closes the durable stores, once all that was asked for is written: the next run may open them.
    pub fn close(self) {
        if let Some(keeper) = self.keeper {
            keeper.close();
        }
    }

    /// The world of one worker: answers go to its orders.
    pub fn world(&self, orders: Sender<Order>) -> LiveWorld {
        LiveWorld {
            runtime: self.runtime.clone(),
            keeper: self.keeper.as_ref().map(Storekeeper::line),
            orders,
            files: Arc::new(Mutex::new(Files::new(&self.folder, Some(self.written.clone()), self.claims.clone()))),
            claims: self.claims.clone(),
            line: None,
        }
    }
}

/// One worker's way to the outside. Requests are carried out in order, away from the worker.
pub struct LiveWorld {
    runtime: Arc<Runtime>,
    keeper: Option<Sender<Work>>,
    orders: Sender<Order>,
    files: Arc<Mutex<Files>>,
    claims: Arc<LiveClaims>,
    line: Option<UnboundedSender<Request>>,
}

/// A request on its way.
pub struct Request {
    station: u32,
    ticket: Ticket,
    generation: u32,
    /// What is asked.
    pub ask: Ask,
}

impl World for LiveWorld {
    fn ask(&mut self, station: u32, ticket: Ticket, generation: u32, ask: Ask) -> Option<Answer> {
        let request = Request { station, ticket, generation, ask };
        if matches!(request.ask, Ask::ReadInput { .. }) {
            let orders = self.orders.clone();
            // Reading may wait for ever, so it has a thread of its own that nobody waits for.
            std::thread::spawn(move || {
                let Ask::ReadInput { format, most } = request.ask else { return };
                answer(&orders, &request, read_input(format, most));
            });
            return None;
        }
        if let Ask::Claim(ask) = &request.ask {
            // Each by itself: a large payload holds nobody up, and the nodes bound how many are under way.
            let (orders, claims, ask) = (self.orders.clone(), self.claims.clone(), (**ask).clone());
            self.runtime.spawn(async move { answer(&orders, &request, claims.perform(ask).await) });
            return None;
        }
        if matches!(request.ask, Ask::Recover { .. } | Ask::Keep { .. }) {
            // A node has one such request under way, so the line is as short as there are durable nodes.
            let work = Work::Request(self.orders.clone(), request);
            let refused = match &self.keeper {
                None => Some(work),
                Some(keeper) => keeper.send(work).err().map(|refused| refused.0),
            };
            return refused.map(|_| Answer::Failed("the durable store is closed".to_owned()));
        }
        // Bounded by the kinds: each station has few requests open (G9).
        let _ = self.line().send(request);
        None
    }
}

impl LiveWorld {
    fn line(&mut self) -> &UnboundedSender<Request> {
        self.line.get_or_insert_with(|| {
            let (line, mut requests) = unbounded_channel::<Request>();
            let (orders, files) = (self.orders.clone(), self.files.clone());
            self.runtime.spawn(async move {
                while let Some(request) = requests.recv().await {
                    let (orders, files) = (orders.clone(), files.clone());
                    let work = move || {
                        let result = match files.lock() {
                            Ok(mut files) => files.perform(request.ask.clone()),
                            Err(_) => Answer::Failed("an earlier request broke".to_owned()),
                        };
                        answer(&orders, &request, result);
                    };
                    let _ = tokio::task::spawn_blocking(work).await;
                }
            });
            line
        })
    }
}

/// Sends an answer to the worker whose station asked.
pub fn answer(orders: &Sender<Order>, request: &Request, answer: Answer) {
    let signal = Signal::Answer { ticket: request.ticket, generation: request.generation, answer: Box::new(answer) };
    let parcel = Parcel::Signal { station: request.station, source: source_of_station(request.station), signal };
    // Fails only when the run is over.
    let _ = orders.send(Order::Parcels(0, vec![parcel]));
}

/// Where standard input stands: what was read ahead, the line number, and the columns of a CSV stream.
struct Input {
    reader: BufReader<Stdin>,
    line: u64,
    columns: Option<Vec<String>>,
}

/// Reads records from standard input: waits for one, then takes what has been read ahead already.
fn read_input(format: RecordFormat, most: usize) -> Answer {
    static INPUT: OnceLock<Mutex<Input>> = OnceLock::new();
    let begin = || Mutex::new(Input { reader: BufReader::new(std::io::stdin()), line: 0, columns: None });
    let mut input = match INPUT.get_or_init(begin).lock() {
        Ok(input) => input,
        Err(broken) => broken.into_inner(),
    };
    let mut records = Vec::new();
    while records.len() < most {
        let mut raw = Vec::new();
        match input.reader.read_until(b'\n', &mut raw) {
            Ok(0) => return Answer::Records { records, offset: 0, line: input.line + 1, end: true },
            Err(error) => return Answer::Failed(format!("cannot read standard input: {error}")),
            Ok(_) => {}
        }
        input.line += 1;
        let content = raw.trim_ascii();
        if format == RecordFormat::Csv && input.columns.is_none() {
            input.columns = Some(records::columns(content));
        } else if !content.is_empty() {
            let columns = if format == RecordFormat::Csv { input.columns.as_deref() } else { None };
            records.push(Record { line: input.line, content: records::record(content, columns) });
        }
        if !records.is_empty() && !input.reader.buffer().contains(&b'\n') {
            break;
        }
    }
    Answer::Records { records, offset: 0, line: input.line + 1, end: false }
}
