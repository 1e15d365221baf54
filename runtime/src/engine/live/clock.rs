//! The run clock of a live run: wall time less pauses (G12). Shared by the workers, moved by the conductor.

use crate::units::Moment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds since the start, not counting pauses.
#[derive(Debug)]
pub struct RunClock {
    started: Instant,
    /// Nanoseconds spent in pauses.
    lost: AtomicU64,
    /// Where it stands while paused or cranked; `RUNNING` while it runs.
    frozen: AtomicU64,
}

const RUNNING: u64 = u64::MAX;

impl RunClock {
    /// A clock that stands at the start.
    pub fn standing() -> Self {
        Self { started: Instant::now(), lost: AtomicU64::new(0), frozen: AtomicU64::new(0) }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The run clock.
    pub fn now(&self) -> Moment {
        match self.frozen.load(Ordering::Acquire) {
            RUNNING => Moment(self.elapsed().saturating_sub(self.lost.load(Ordering::Acquire))),
            frozen => Moment(frozen),
        }
    }

    /// Stops the clock; where it stands.
    pub fn freeze(&self) -> Moment {
        let now = self.now();
        self.frozen.store(now.0, Ordering::Release);
        now
    }

    /// While it stands: puts it forward to `moment`.
    pub fn put_forward(&self, moment: Moment) {
        let now = self.now();
        self.frozen.store(now.max(moment).0, Ordering::Release);
    }

    /// Lets it run on from where it stands.
    pub fn run(&self) {
        let frozen = self.frozen.load(Ordering::Acquire);
        if frozen != RUNNING {
            // A step may have put it ahead of wall time; then it stands until wall time has caught up.
            self.lost.store(self.elapsed().saturating_sub(frozen), Ordering::Release);
            self.frozen.store(RUNNING, Ordering::Release);
        }
    }

    /// Wall time since the start in nanoseconds, pauses included.
    pub fn wall(&self) -> u64 {
        self.elapsed()
    }
}
