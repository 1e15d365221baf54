//! The settings of a consumer pool.

use crate::node::field::{Lack, Word, Yields};
use crate::node::{Field, FieldType, Preset};
use crate::setting::Setting;

/// All of them, in the order of the form.
pub const FIELDS: &[Field] = &[

Field::new(
    "Servers",
    "size",
    "Size",
    FieldType::Choice(&[
        Word { name: "fixed", label: "Fixed", help: "As many servers as set." },
        Word {
            name: "scaled",
            label: "Scaled",
            help: "As many as the backlog asks for: looked at from time to time, within limits, with a start-up time for each.",
        },
        Word {
            name: "unlimited",
            label: "Unlimited",
            help: "A server for every message: nothing ever waits. Delays without contention.",
        },
    ]),
    Preset::Word("fixed"),
    "Whether the number of servers is bounded.",
),
Field::new(
    "Servers",
    "servers",
    "Servers",
    FieldType::Integer(1, 100_000),
    Preset::Integer(1),
    "How many messages are worked on at the same time.",
)
.unit("servers")
.when("size", &["fixed"]),
Field::new(
    "Servers",
    "target",
    "Messages for each",
    FieldType::Integer(1, 1_000_000_000),
    Preset::Integer(5),
    "How many messages of the backlog one consumer is for: as many consumers are wanted as backlog / target, rounded up. The backlog counts what waits in the queue and what is handed out and not settled.",
)
.unit("messages")
.source("KEDA, AWS SQS queue scaler, queueLength: 5 by default; RabbitMQ scaler, mode QueueLength: unacknowledged messages are counted")
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "least_servers",
    "At least",
    FieldType::Integer(0, 100_000),
    Preset::Integer(0),
    "How many consumers there are however little there is to do. With 0, the first message waits for a look and for a start-up.",
)
.unit("servers")
.source("KEDA, minReplicaCount: 0 by default")
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "most_servers",
    "At most",
    FieldType::Integer(1, 100_000),
    Preset::Integer(100),
    "How many consumers there are however much there is to do.",
)
.unit("servers")
.source("KEDA, maxReplicaCount: 100 by default")
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "poll",
    "Looks every",
    FieldType::Span(1_000_000),
    Preset::Text("30 s"),
    "How often the backlog is looked at. What happens between two looks is seen at the second one.",
)
.source("KEDA, pollingInterval: 30 seconds by default")
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "cool_down",
    "Cool-down",
    FieldType::Span(0),
    Preset::Text("5 min"),
    "For how long fewer consumers must have been wanted before any is let go: there are as many as the most wanted of this time.",
)
.source("KEDA, cooldownPeriod: 300 seconds by default; Kubernetes, horizontal pod autoscaler, stabilization window of a scale-down: 300 seconds by default")
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "start_up",
    "Start-up",
    FieldType::Distribution,
    Preset::Made(|| Setting::text("5 s")),
    "How long a new consumer takes before it works: to be scheduled, to load, to connect.",
)
.when("size", &["scaled"]),
Field::new(
    "Servers",
    "prefetch",
    "Prefetch",
    FieldType::Integer(0, 65_535),
    Preset::Integer(0),
    "How many messages to take from the queue ahead of need. They wait here, where no other consumer can have them. In a scaled pool, so many for each consumer.",
)
.unit("messages")
.source("RabbitMQ, consumer prefetch")
.when("discipline", &["one_each"]),
Field::new(
    "Servers",
    "discipline",
    "Discipline",
    FieldType::Choice(&[
        Word { name: "one_each", label: "One message each", help: "A server works on one message until it is done." },
        Word {
            name: "shared",
            label: "Shared",
            help: "All messages inside are worked on at once and share the servers evenly (processor sharing), as threads share cores. None waits; the more there are, the slower all go.",
        },
    ]),
    Preset::Word("one_each"),
    "How the servers divide up the work.",
)
.lacking(&[Lack { choice: "size", words: &["scaled"], values: &["shared"], why: "A consumer of a scaled pool works on one message at a time." }])
.source("Kleinrock, Queueing Systems II, section 4.4: processor sharing"),
Field::new(
    "Servers",
    "most_shared",
    "Most at once",
    FieldType::Integer(1, 1_000_000),
    Preset::Integer(10_000),
    "How many messages may share the servers at once; more wait in the queue.",
)
.unit("messages")
.when("discipline", &["shared"]),
Field::new(
    "Work",
    "service",
    "Service time",
    FieldType::Distribution,
    Preset::Made(|| Setting::text("10 ms")),
    "How long one server works on one message.",
),
Field::new(
    "Work",
    "renew_locks",
    "Renew locks",
    FieldType::Flag,
    Preset::Flag(true),
    "Whether the pool renews the lock of a message every 10 s for as long as it works on it. Without that, work longer than the queue's lock is handed out a second time.",
)
.source("Azure Service Bus and Google Pub/Sub clients extend locks by themselves while a message is processed"),
Field::new(
    "Failures",
    "failure_share",
    "Failure share",
    FieldType::Share,
    Preset::Number(0.0),
    "With this probability the work fails when its time is over; the message goes back to its queue. Each delivery draws anew.",
),
Field::new(
    "Failures",
    "poison",
    "Poison",
    FieldType::Expression(Yields::Bool),
    Preset::None,
    "Messages on which the work always fails, such as `message.amount < 0`. Unset: none.",
),
Field::new(
    "Failures",
    "fails_by",
    "Fails by",
    FieldType::Choice(&[
        Word { name: "reject", label: "Rejecting", help: "It says that the work failed: RabbitMQ's basic.reject, Service Bus' abandon, JetStream's nak." },
        Word { name: "nack", label: "Giving back", help: "It gives the message back as not tried: RabbitMQ's basic.nack or released, which count no failure there; elsewhere as rejecting." },
        Word {
            name: "give_up",
            label: "Giving up",
            help: "It says that the message will never succeed: RabbitMQ's reject without requeue, Service Bus' dead-letter, JetStream's term. With the error output wired, it goes there.",
        },
        Word {
            name: "crash",
            label: "Dying",
            help: "Its process dies, with all that it works on and all that it has prefetched, and comes back after a while. In a scaled pool, one consumer dies.",
        },
    ]),
    Preset::Word("reject"),
    "How a failure reaches the queue. What it means there is for the rules of the queue to say.",
)
.source("RabbitMQ 4.3, Negative Acknowledgements; Azure Service Bus, Message transfers, locks, and settlement; NATS, JetStream acknowledgement"),
Field::new(
    "Failures",
    "restart_after",
    "Back after",
    FieldType::Distribution,
    Preset::Made(|| Setting::text("1 s")),
    "How long a consumer that died takes to come back.",
)
.when("fails_by", &["crash"]),
Field::new(
    "Failures",
    "gives_up_after",
    "Gives up after",
    FieldType::Integer(0, 1_000_000),
    Preset::Integer(0),
    "At a failure, the consumer looks how often the message was delivered, and gives it up at this number, whatever the queue would do. 0: it does not look.",
)
.unit("deliveries")
.source("Redis, XPENDING, delivery counter; NATS, JetStream message metadata, number of deliveries; RabbitMQ, header x-delivery-count"),
Field::new(
    "Failures",
    "acks_lost",
    "Acks lost",
    FieldType::Share,
    Preset::Number(0.0),
    "With this probability the work is done and its acknowledgement never reaches the queue, which delivers the message again when its lock ends.",
),
Field::new(
    "Failures",
    "acks_late",
    "Acks late",
    FieldType::Share,
    Preset::Number(0.0),
    "With this probability the work is done and its acknowledgement is under way for a while. If the lock ends first, the message is delivered again, and the acknowledgement comes too late.",
),
Field::new(
    "Failures",
    "acks_late_by",
    "Late by",
    FieldType::Distribution,
    Preset::Made(|| Setting::text("10 s")),
    "How long a late acknowledgement is under way.",
),
];
