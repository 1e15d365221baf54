//! The real outside of a live run (G9): tokio tasks do the work, the answer reaches the station as a signal.

use super::http::Servers;
use super::programs::{Exchange, GRACE, Programs};
use super::storekeeper::{Storekeeper, Work};
use super::worker::Order;
use crate::engine::files::{self, Files};
use crate::engine::plan::lacks;
use crate::engine::records;
use crate::engine::shard::World;
use crate::engine::signal::{Parcel, Signal, source_of_station};
use crate::node::outside::{Record, RecordFormat};
use crate::node::{Answer, Ask, Ticket};
use crate::stores::Stores;
use crate::stores::claims::live::LiveClaims;
use crate::trust::Grants;
use crossbeam_channel::Sender;
use std::io::{BufRead as _, BufReader, Stdin};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What all workers of a run share of the outside.
pub struct Outside {
    runtime: Arc<Runtime>,
    folder: PathBuf,
    written: PathBuf,
    /// Writes to the durable stores, where the graph has any.
    keeper: Option<Storekeeper>,
    claims: Arc<LiveClaims>,
    grants: Grants,
    stop: watch::Sender<Stop>,
    /// Those that must not outlive the run.
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// Whether the run goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It does.
    GoOn,
    /// It is over: whoever is outside ends in good order.
    Grace,
    /// It is over, and nobody waits.
    Now,
}

/// Who waits for an answer.
#[derive(Clone)]
pub struct Back {
    orders: Sender<Order>,
    /// The station.
    pub station: u32,
    ticket: Ticket,
    /// Its generation.
    pub generation: u32,
}

impl Back {
    /// Gives the answer.
    pub fn answer(&self, answer: Answer) {
        let signal = Signal::Answer { ticket: self.ticket, generation: self.generation, answer: Box::new(answer) };
        let parcel = Parcel::Signal { station: self.station, source: source_of_station(self.station), signal };
        // Fails only when the run is over.
        let _ = self.orders.send(Order::Parcels(0, vec![parcel]));
    }
}

impl Outside {
    /// Starts the runtime that does the work. Files are read below `folder` and written below `written`; `stores` are the durable stores of the
    /// graph, if it has any. Whatever else is done to the world must be granted.
    pub fn start(folder: &Path, written: &Path, stores: Option<Stores>, grants: &Grants) -> std::io::Result<Self> {
        let keeper = stores.map(Storekeeper::start).transpose()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("outside").enable_all().build()?;
        let claims = Arc::new(LiveClaims::new(written.to_owned(), files::resolve(folder)));
        Ok(Self {
            runtime: Arc::new(runtime),
            folder: folder.to_owned(),
            written: written.to_owned(),
            keeper,
            claims,
            grants: grants.clone(),
            stop: watch::channel(Stop::GoOn).0,
            tasks: Arc::default(),
        })
    }

    /// Closes the durable stores, once all that was asked for is written: the next run may open them.
    pub fn close(self) {
        if let Some(keeper) = self.keeper {
            keeper.close();
        }
    }

    /// The world of one worker: answers go to its orders.
    pub fn world(&self, orders: Sender<Order>) -> LiveWorld {
        let (handle, stop) = (self.runtime.handle().clone(), self.stop.subscribe());
        LiveWorld {
            programs: Programs::new(handle.clone(), &self.folder, self.grants.clone(), stop.clone(), self.tasks.clone()),
            servers: Servers::new(handle, self.grants.clone(), stop),
            runtime: self.runtime.clone(),
            keeper: self.keeper.as_ref().map(Storekeeper::line),
            orders,
            files: Arc::new(Mutex::new(
                Files::new(&self.folder, Some(self.written.clone()), self.claims.clone()).allowing(self.grants.clone()),
            )),
            grants: self.grants.clone(),
            claims: self.claims.clone(),
            line: None,
        }
    }

    /// The run is over: ends what runs outside, in good order or at once, and waits for it.
    pub fn finish(&self, at_once: bool) {
        self.stop.send_replace(if at_once { Stop::Now } else { Stop::Grace });
        let tasks = self.tasks.lock().map(|mut tasks| std::mem::take(&mut *tasks)).unwrap_or_default();
        self.runtime.block_on(async {
            for task in tasks {
                // Each sees to its own end in time; this is for one that cannot.
                let _ = tokio::time::timeout(GRACE * 2, task).await;
            }
        });
    }
}

/// One worker's way to the outside. Requests are carried out in order, away from the worker.
pub struct LiveWorld {
    runtime: Arc<Runtime>,
    keeper: Option<Sender<Work>>,
    orders: Sender<Order>,
    files: Arc<Mutex<Files>>,
    grants: Grants,
    claims: Arc<LiveClaims>,
    programs: Programs,
    servers: Servers,
    line: Option<UnboundedSender<Request>>,
}

/// A request on its way.
pub struct Request {
    /// Who waits for its answer.
    pub back: Back,
    /// What is asked.
    pub ask: Ask,
}

impl World for LiveWorld {
    fn ask(&mut self, station: u32, ticket: Ticket, generation: u32, ask: Ask) -> Option<Answer> {
        let back = Back { orders: self.orders.clone(), station, ticket, generation };
        match ask {
            Ask::ReadInput { format, most } => {
                // Reading may wait for ever, so it has a thread of its own that nobody waits for.
                std::thread::spawn(move || back.answer(read_input(format, most)));
            }
            Ask::Exchange { program, process, life, id, line } => {
                self.programs.exchange(program, process, life, Exchange { back, id, line });
            }
            Ask::Backlog => return Some(Answer::Failed("stores answer for their backlog themselves".to_owned())),
            Ask::EndPrograms => {
                self.programs.end(station);
                return Some(Answer::Done);
            }
            Ask::Serve(server) => self.servers.serve(server, back),
            Ask::NextRequests { most } => self.servers.next(most, back),
            Ask::Respond { request, status, text } => {
                self.servers.respond(request, status, text, &back);
                return Some(Answer::Done);
            }
            Ask::EndServing => {
                self.servers.end(station);
                return Some(Answer::Done);
            }
            ask @ (Ask::Recover { .. } | Ask::Keep { .. }) => {
                // A node has one such request under way, so the line is as short as there are durable nodes.
                let work = Work::Request(Request { back, ask });
                let refused = match &self.keeper {
                    None => Some(work),
                    Some(keeper) => keeper.send(work).err().map(|refused| refused.0),
                };
                return refused.map(|_| Answer::Failed("the durable store is closed".to_owned()));
            }
            Ask::Claim(ask) => {
                if let Err(why) = ask.needs().iter().filter(|need| lacks(&self.grants, need)).try_for_each(|need| self.grants.check(need)) {
                    return Some(Answer::Failed(why));
                }
                // Each by itself: a large payload holds nobody up, and the nodes bound how many are under way.
                let claims = self.claims.clone();
                self.runtime.spawn(async move { back.answer(claims.perform(*ask).await) });
            }
            // Bounded by the kinds: each station has few requests open (G9).
            ask @ (Ask::ReadRecords { .. } | Ask::Append { .. } | Ask::Print { .. } | Ask::AppendBlob { .. } | Ask::Handle { .. }) => {
                let _ = self.line().send(Request { back, ask });
            }
        }
        None
    }
}

impl LiveWorld {
    fn line(&mut self) -> &UnboundedSender<Request> {
        self.line.get_or_insert_with(|| {
            let (line, mut requests) = unbounded_channel::<Request>();
            let files = self.files.clone();
            self.runtime.spawn(async move {
                while let Some(Request { back, ask }) = requests.recv().await {
                    let files = files.clone();
                    let work = move || {
                        let result = match files.lock() {
                            Ok(mut files) => files.perform(ask),
                            Err(_) => Answer::Failed("an earlier request broke".to_owned()),
                        };
                        back.answer(result);
                    };
                    let _ = tokio::task::spawn_blocking(work).await;
                }
            });
            line
        })
    }
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
