//! Where a source may still send, and what it waits for.

use crate::message::Message;
use crate::node::Effects;

/// The output of every source for messages.
pub const OUT: usize = 0;
/// The output of every source for what failed at once.
pub const ERROR: usize = 1;

/// Lets messages enter as long as there is room, and one more: that one waits in the outbox, and `Room` says when it has gone.
#[derive(Default, Debug)]
pub struct Gate {
    /// Room at `out` and `error` in this event.
    rooms: [usize; 2],
    /// The output whose last message waits in the outbox.
    blocked: Option<usize>,
}

impl Gate {
    /// Looks at the room there is; once in every event.
    pub fn look(&mut self, fx: &Effects<'_>) {
        self.rooms = [fx.room(OUT), if fx.wired(ERROR) > 0 { fx.room(ERROR) } else { usize::MAX }];
    }

    /// Hears that there is room.
    pub fn room(&mut self, port: usize) {
        if self.blocked == Some(port) {
            self.blocked = None;
        }
    }

    /// Whether another message may enter.
    pub const fn open(&self) -> bool {
        self.blocked.is_none()
    }

    /// Lets a message enter, or, with an error, fail at once.
    pub fn enter(&mut self, message: Message, error: Option<String>, fx: &mut Effects<'_>) {
        let port = match error {
            None => {
                fx.enter(OUT, message);
                OUT
            }
            Some(error) => {
                fx.enter_rejected(message, error);
                ERROR
            }
        };
        if self.rooms[port] == 0 {
            self.blocked = Some(port);
        }
        self.rooms[port] = self.rooms[port].saturating_sub(1);
    }
}
