//! Programs of a live run: started without a shell, handed lines on their standard input, ended with all that they started.
//!
//! Each process has a task of its own. It reads and writes at the same time, so that neither side waits for the other for ever; it answers
//! every request once; and it never outlives the run: its input ends first, [`GRACE`] later its process group is killed.

use super::outside::{Back, Stop};
use crate::node::Answer;
use crate::node::outside::Program;
use crate::trust::{Capability, Grants};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a program may go on after its input has ended.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait for what a dead program has still said.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The longest line that a program may write, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// How many lines of standard error wait to be told, and how long one is at most.
const MOST_SAID: usize = 20;
const LONGEST_SAID: usize = 300;

/// One line for a program, and who waits for its answer.
pub struct Exchange {
    /// Who waits.
    pub back: Back,
    /// What the answer names, where answers come in any order.
    pub id: Arc<str>,
    /// The line.
    pub line: Bytes,
}

struct Line {
    generation: u32,
    life: u32,
    program: Arc<Program>,
    requests: UnboundedSender<Exchange>,
}

/// The programs of one worker's nodes.
pub struct Programs {
    runtime: Handle,
    folder: PathBuf,
    grants: Grants,
    stop: watch::Receiver<Stop>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
    lines: BTreeMap<(u32, u32), Line>,
}

impl Programs {
    /// None yet.
    pub fn new(
        runtime: Handle,
        folder: &Path,
        grants: Grants,
        stop: watch::Receiver<Stop>,
        tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
    ) -> Self {
        Self { runtime, folder: folder.to_owned(), grants, stop, tasks, lines: BTreeMap::new() }
    }

    /// Hands a line to process number `process` of a station, in this life of it.
    pub fn exchange(&mut self, program: Arc<Program>, process: u32, life: u32, mut exchange: Exchange) {
        if let Err(why) = self.grants.check(&Capability::Program(program.command.clone())) {
            return exchange.back.answer(Answer::Failed(why));
        }
        let (station, generation) = (exchange.back.station, exchange.back.generation);
        if let Some(line) = self.lines.get(&(station, process))
            && (line.generation, line.life) == (generation, life)
            && line.program == program
        {
            match line.requests.send(exchange) {
                Ok(()) => return,
                // It ended after its last answer, with nothing in hand: it is started again.
                Err(unsent) => exchange = unsent.0,
            }
        }
        let (requests, from_node) = unbounded_channel();
        // Nobody else can have closed it yet.
        let _ = requests.send(exchange);
        let conductor = Conductor { program: program.clone(), folder: self.folder.clone(), requests: from_node, stop: self.stop.clone() };
        let task = self.runtime.spawn(conductor.work());
        if let Ok(mut tasks) = self.tasks.lock() {
            tasks.retain(|task| !task.is_finished());
            tasks.push(task);
        }
        // What ran in its place hears that nothing more comes, answers what it has in hand, and ends.
        self.lines.insert((station, process), Line { generation, life, program, requests });
    }

    /// Ends the programs of a station.
    pub fn end(&mut self, station: u32) {
        self.lines.retain(|(of, _), _| *of != station);
    }
}

/// The task of one process.
struct Conductor {
    program: Arc<Program>,
    folder: PathBuf,
    requests: UnboundedReceiver<Exchange>,
    stop: watch::Receiver<Stop>,
}

/// A message that was handed over and not answered.
struct Open {
    back: Back,
    id: Arc<str>,
    since: Instant,
}

/// Why a process came to its end.
enum End {
    /// By itself.
    Itself,
    /// It took too long for an answer.
    Late,
    /// Nothing more was to come for it.
    Asked,
}

impl Conductor {
    async fn work(mut self) {
        let mut open = VecDeque::new();
        let said = Arc::new(Mutex::new(Said::default()));
        let why = match self.start() {
            Ok(child) => self.conduct(child, &mut open, &said).await,
            Err(error) => Some(format!("`{}` cannot be started: {error}", self.program.command.join(" "))),
        };
        // Whoever handed something over meanwhile hears too that nobody answers.
        self.requests.close();
        while let Some(Exchange { back, id, .. }) = self.requests.recv().await {
            open.push_back(Open { back, id, since: Instant::now() });
        }
        let why = why.unwrap_or_else(|| "the program ended".to_owned());
        for Open { back, .. } in open {
            back.answer(Answer::Gone { why: why.clone(), said: take_said(&said) });
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let (name, arguments) = self.program.command.split_first().ok_or_else(|| std::io::Error::other("there is no command"))?;
        let mut command = Command::new(name);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A group of its own: what it starts ends with it, and a Ctrl-C in the terminal is the run's to hear.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }

    /// Talks to the process until its end. Why it ended, if anybody may still want to know.
    async fn conduct(&mut self, mut child: Child, open: &mut VecDeque<Open>, said: &Arc<Mutex<Said>>) -> Option<String> {
        let (input, output, errors) = (child.stdin.take()?, child.stdout.take()?, child.stderr.take()?);
        let (to_input, lines_in) = unbounded_channel();
        let writer = tokio::spawn(write_lines(input, lines_in));
        let (from_output, mut lines_out) = channel(16);
        let reader = tokio::spawn(read_lines(output, from_output));
        let listener = tokio::spawn(listen(errors, said.clone()));
        let mut to_input = Some(to_input);
        let group = child.id();
        let (mut exited, mut status) = (false, None);
        // When it must have ended, once its input has.
        let mut last_moment: Option<Instant> = None;
        let end = loop {
            let limit = self.program.time_limit.duration();
            let due = if self.program.by_id { open.iter().map(|one| one.since).min() } else { open.front().map(|one| one.since) };
            let due = due.and_then(|since| since.checked_add(limit));
            let wake = [due, last_moment].into_iter().flatten().min().unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
            tokio::select! {
                request = self.requests.recv(), if to_input.is_some() => if let Some(Exchange { back, id, line }) = request {
                    open.push_back(Open { back, id, since: Instant::now() });
                    // Fails only for a process that reads no more; its end follows.
                    let _ = to_input.as_ref().map(|lines| lines.send(line));
                } else {
                    to_input = None;
                    last_moment = Instant::now().checked_add(GRACE.saturating_add(limit));
                },
                line = lines_out.recv() => match line {
                    Some(line) => self.take(&line, open, said),
                    None => break if to_input.is_none() { End::Asked } else { End::Itself },
                },
                ended = child.wait(), if !exited => {
                    (exited, status) = (true, ended.ok());
                    last_moment = Some(Instant::now() + LAST_WORDS);
                },
                () = sleep_until(wake) => {
                    if exited {
                        break End::Itself;
                    }
                    if last_moment.is_some_and(|moment| moment <= Instant::now()) {
                        break End::Asked;
                    }
                    if due.is_some_and(|due| due <= Instant::now()) {
                        break End::Late;
                    }
                },
                changed = self.stop.changed() => {
                    let stop = *self.stop.borrow();
                    if changed.is_err() || stop == Stop::Now {
                        break End::Asked;
                    }
                    to_input = None;
                    last_moment = Some(Instant::now() + GRACE);
                },
            }
        };
        if !exited {
            // One that has closed its output is about to end by itself; the others have had their time.
            let patience =
                if matches!(end, End::Itself | End::Asked) && *self.stop.borrow() != Stop::Now { LAST_WORDS } else { Duration::ZERO };
            status = timeout(patience, child.wait()).await.ok().and_then(Result::ok);
        }
        kill(&mut child, group).await;
        // Whatever it started may hold its pipes open.
        [writer, reader].into_iter().for_each(|task| task.abort());
        let _ = timeout(LAST_WORDS, listener).await;
        match end {
            End::Late => Some(format!("no answer within {}: the program was ended", self.program.time_limit)),
            End::Itself | End::Asked => status.map(ended),
        }
    }

    /// Takes a line of the program's: the answer to the first message under way, or to the one that it names.
    fn take(&self, line: &[u8], open: &mut VecDeque<Open>, said: &Arc<Mutex<Said>>) {
        let at = if self.program.by_id {
            let named = serde_json::from_slice::<serde_json::Value>(line).ok();
            let named = named.as_ref().and_then(|answer| answer.get("id")?.as_str());
            named.and_then(|id| open.iter().position(|one| &*one.id == id))
        } else {
            (!open.is_empty()).then_some(0)
        };
        let Some(answered) = at.and_then(|at| open.remove(at)) else {
            let shown = String::from_utf8_lossy(line).into_owned();
            return add_said(said, &format!("(an answer to nothing that was asked) {shown}"));
        };
        // In order, it is the next one's turn from now on.
        if !self.program.by_id
            && let Some(next) = open.front_mut()
        {
            next.since = Instant::now();
        }
        answered.back.answer(Answer::Line { line: Bytes::copy_from_slice(line), said: take_said(said) });
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("the program ended with exit code {code}"),
        None => format!("the program was ended: {status}"),
    }
}

/// Kills a process and its group, and takes it off the system's list.
async fn kill(child: &mut Child, group: Option<u32>) {
    #[cfg(not(unix))]
    let _ = group;
    #[cfg(unix)]
    if let Some(group) = group.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        // Fails only if nobody is left in it.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill().await;
}

async fn write_lines(mut input: tokio::process::ChildStdin, mut lines: UnboundedReceiver<Bytes>) {
    while let Some(line) = lines.recv().await {
        let mut whole = Vec::with_capacity(line.len() + 1);
        whole.extend_from_slice(&line);
        whole.push(b'\n');
        if input.write_all(&whole).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

async fn read_lines(output: impl AsyncRead + Unpin, lines: Sender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let cut = line.last() != Some(&b'\n') && line.len() as u64 == LONGEST_LINE;
        let mut rest = Vec::new();
        while cut && rest.last() != Some(&b'\n') {
            rest.clear();
            if !matches!((&mut output).take(LONGEST_LINE).read_until(b'\n', &mut rest).await, Ok(1..)) {
                break;
            }
        }
        // A line cut off is no JSON any more, and is told as such.
        let trimmed = line.trim_ascii();
        if !trimmed.is_empty() && lines.send(trimmed.to_vec()).await.is_err() {
            return;
        }
    }
}

/// What a program has written on standard error and nobody has been told.
#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    passed_over: u64,
}

async fn listen(errors: impl AsyncRead + Unpin, said: Arc<Mutex<Said>>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut errors).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => add_said(&said, &String::from_utf8_lossy(&line)),
        }
    }
}

fn add_said(said: &Mutex<Said>, line: &str) {
    let line: String = line.trim_end().chars().take(LONGEST_SAID).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let Ok(mut said) = said.lock() else { return };
    if line.is_empty() {
        return;
    }
    if said.lines.len() == MOST_SAID {
        said.lines.pop_front();
        said.passed_over += 1;
    }
    said.lines.push_back(line);
}

fn take_said(said: &Mutex<Said>) -> Vec<String> {
    let Ok(mut said) = said.lock() else { return Vec::new() };
    let passed_over = std::mem::take(&mut said.passed_over);
    let told = (passed_over > 0).then(|| format!("({passed_over} earlier lines are not shown)"));
    told.into_iter().chain(said.lines.drain(..)).collect()
}
