//! The contract of a node kind: start reading here.
//!
//! A kind is one file under `nodes/` that exports one [`Kind`]: a descriptor with ports, fields, guide and example, and a function that
//! builds a [`Behaviour`]. The palette, the inspector, the checks, both drivers, telemetry and the contract tests all follow from it.
//!
//! A behaviour is a state machine: an [`Event`] comes in, and the behaviour answers by asking for effects on [`Effects`]. It has no clock,
//! no thread, no socket, no file and no randomness of its own, so the live and the simulated driver run the very same code.

pub mod batch;
pub mod behaviour;
pub mod claims;
pub mod effects;
pub mod field;
pub mod form;
pub mod kind;
pub mod lane;
pub mod outside;
pub mod port;
pub mod reason;
pub mod script;

pub use batch::Batch;
pub use behaviour::{Behaviour, Change, Event, Fault, Gauge, Intake, Ticket, Verdict};
pub use effects::{Effect, Effects};
pub use field::{Field, FieldType, Preset};
pub use form::{Form, Need, Receiver};
pub use kind::{Catalogue, Family, Figure, Kind};
pub use outside::{Answer, Ask};
pub use port::{Fan, Flow, Port, PortRole, Ports};
pub use script::Script;
