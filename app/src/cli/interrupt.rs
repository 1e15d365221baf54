//! Ctrl-C: the first asks the run to stop, the second to stop at once.

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::time::Duration;

/// Interrupts of this process, as they come.
pub struct Interrupts(Receiver<()>);

impl Interrupts {
    /// Listens from now on, also where the process was started with interrupts ignored, as by `nohup` or in the background of a script:
    /// whoever sends one means it. Hangups stay as they are, so that `nohup` keeps a run alive. Where the system does not let us, an interrupt ends the process as it always does.
    pub fn listen() -> Self {
        let (sender, receiver) = bounded(2);
        if let Err(error) = ctrlc::set_handler(move || {
            // Full: two requests wait already, and a third would say no more.
            let _ = sender.try_send(());
        }) {
            tracing::warn!("interrupts cannot be caught: {error}");
        }
        Self(receiver)
    }

    /// Waits this long; whether an interrupt came.
    pub fn wait(&self, time: Duration) -> bool {
        match self.0.recv_timeout(time) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            // Nobody listens: without this the caller would spin.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(time);
                false
            }
        }
    }
}
