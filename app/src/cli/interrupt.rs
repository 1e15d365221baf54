//! Ctrl-C and the wish to terminate: the first asks the run to stop, the second to stop at once.

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Interrupts of this process, as they come.
pub struct Interrupts {
    interrupted: Receiver<()>,
    /// Raised by SIGTERM, with which service managers and containers end a process.
    terminated: Arc<AtomicBool>,
}

impl Interrupts {
    /// Listens from now on, also where the process was started with interrupts ignored, as by `nohup` or in the background of a script:
    /// whoever sends one means it. Hangups stay as they are, so that `nohup` keeps a run alive. Where the system does not let us, an
    /// interrupt ends the process as it always does.
    pub fn listen() -> Self {
        let (sender, interrupted) = bounded(2);
        if let Err(error) = ctrlc::set_handler(move || {
            // Full: two requests wait already, and a third would say no more.
            let _ = sender.try_send(());
        }) {
            tracing::warn!("interrupts cannot be caught: {error}");
        }
        let terminated = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&terminated)) {
            tracing::warn!("the signal to terminate cannot be caught: {error}");
        }
        Self { interrupted, terminated }
    }

    /// Waits this long; whether an interrupt came.
    pub fn wait(&self, time: Duration) -> bool {
        let interrupted = match self.interrupted.recv_timeout(time) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            // Nobody listens: without this the caller would spin.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(time);
                false
            }
        };
        interrupted | self.terminated.swap(false, Ordering::AcqRel)
    }
}
