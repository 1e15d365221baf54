//! The storekeeper of a live run: one thread that writes to the durable stores, everything that waits in one commit (group commit).

use super::outside::{Back, Request};
use crate::node::Ask;
use crate::stores::Stores;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::thread::JoinHandle;

/// How many requests go into one commit at most.
const MOST_TOGETHER: usize = 64;

/// What the storekeeper is told.
pub enum Work {
    /// A request.
    Request(Request),
    /// Nothing more will come.
    Close,
}

/// The thread and the line to it.
pub struct Storekeeper {
    line: Sender<Work>,
    thread: JoinHandle<()>,
}

impl Storekeeper {
    /// Starts the thread over open stores.
    pub fn start(stores: Stores) -> std::io::Result<Self> {
        let (line, works) = unbounded();
        let thread = std::thread::Builder::new().name("storekeeper".to_owned()).spawn(move || keep(stores, &works))?;
        Ok(Self { line, thread })
    }

    /// A line to it.
    pub fn line(&self) -> Sender<Work> {
        self.line.clone()
    }

    /// Waits until all that was asked for is written, and closes the stores.
    pub fn close(self) {
        // Fails only if it has ended.
        let _ = self.line.send(Work::Close);
        let _ = self.thread.join();
    }
}

fn keep(mut stores: Stores, works: &Receiver<Work>) {
    let mut open = true;
    while open {
        let Ok(first) = works.recv() else { break };
        let (mut asks, mut from): (Vec<Ask>, Vec<Back>) = (Vec::new(), Vec::new());
        for work in std::iter::once(first).chain(works.try_iter()).take(MOST_TOGETHER) {
            match work {
                Work::Request(Request { back, ask }) => {
                    asks.push(ask);
                    from.push(back);
                }
                Work::Close => open = false,
            }
        }
        for (result, back) in stores.perform(&asks).into_iter().zip(&from) {
            back.answer(result);
        }
    }
    stores.close();
}
