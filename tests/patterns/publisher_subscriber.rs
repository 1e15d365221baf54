//! Publisher-subscriber, row by row.

use super::{Pattern, Row};

/// The pattern.
pub const PATTERN: Pattern = Pattern {
    title: "Publisher-subscriber",
    contract: "1 Publisher-Subscriber",
    purpose: "A publisher says something once, and everybody who subscribed to it hears it, without either knowing the other. How much each \
              subscriber hears, in which order, how surely, and what becomes of it while the subscriber is slow or away, is set on its \
              *subscription*, not on the topic.",
    rows: &[
        Row {
            behaviour: "publishers",
            how: "A *generator* sends at even intervals, by chance (`poisson`), in bursts, by a profile over time, at given times (`arrivals`), or in \
                 a closed loop in which each of so many users waits for the end of all that became of the last message. A *schedule* sends by a cron \
                 line in a time zone. Payloads come from a template with fake data, from JSON Lines or CSV (*file source*), from *standard input*, or \
                 by HTTP (*HTTP source*); a simulation has a model of what these two bring (`model_rate`, `model_payload`).",
            shows: &[
                "generator.arrivals=constant",
                "generator.arrivals=poisson",
                "generator.arrivals=burst",
                "generator.arrivals=profile",
                "generator.arrivals=times",
                "generator.arrivals=closed",
                "generator.payload",
                "schedule.cron",
                "schedule.time_zone",
                "file_source.path",
                "stdin.model_payload",
                "http_source.model_rate",
            ],
            samples: &[
                "patterns/publishers",
                "patterns/calendar",
                "systems/earthquakes",
                "patterns/http-publisher",
                "patterns/standard-input",
            ],
            both: &[
                "every_pattern_of_arrivals_sends_as_many_live_as_simulated",
                "a_schedule_sends_by_the_calendar",
                "files_of_both_formats_are_read_live_and_simulated",
                "requests_become_messages_live_and_modelled",
                "lines_of_standard_input_come_live_and_modelled",
            ],
            steps: &[
                "constant_arrivals_are_evenly_spaced_and_counted",
                "poisson_arrivals_have_the_rate_and_the_spread_of_poisson",
                "bursts_come_at_once_then_pause",
                "a_profile_changes_the_rate_over_time",
                "messages_come_at_calendar_times",
                "g7_a_closed_loop_waits_for_the_last_descendant",
                "g7_open_loop_counts_from_the_due_time_and_overruns_are_counted",
                "g7_a_lost_lock_makes_no_users",
                "records_go_at_their_own_times",
                "csv_lines_become_objects",
                "g9_a_simulation_has_modelled_lines_that_wait_as_real_ones_do",
                "a_stream_of_records_passes_through",
                "what_is_posted_comes_into_the_graph",
                "g9_simulated_requests_are_modelled",
            ],
            gap: "a bridge as publisher, since bridges are a pattern of their own that is not built yet",
        },
        Row {
            behaviour: "topic-based subscription",
            how: "The *topic* has a `dialect` (MQTT, NATS or AMQP), each *subscription* a `pattern` in it.",
            shows: &["topic.dialect=nats", "topic.dialect=amqp", "subscription.pattern"],
            samples: &["patterns/topic-wildcards", "03-topic"],
            both: &["patterns_take_what_their_dialect_says"],
            steps: &[
                "mqtt_matches_as_its_specification_says",
                "mqtt_matches_as_mosquitto_tests",
                "nats_matches_as_its_server_tests",
                "amqp_matches_as_rabbitmq_tests",
                "the_tree_finds_what_a_naive_matcher_finds",
                "copies_go_to_those_whose_pattern_matches_by_the_dialect",
            ],
            gap: "",
        },
        Row {
            behaviour: "content-based subscription",
            how: "A predicate over headers and payload (`content`, in CEL) on the *subscription*. A message on which it fails goes to the dead letters \
                 as `predicate_failed`, with the error.",
            shows: &["subscription.content"],
            samples: &["03-topic", "systems/earthquakes"],
            both: &["a_predicate_that_fails_sends_to_the_dead_letters_with_the_reason"],
            steps: &["a_failing_predicate_means_dead_letters_never_silence", "g12_a_changed_predicate_holds_at_once"],
            gap: "",
        },
        Row {
            behaviour: "delivery guarantee per subscription",
            how: "`guarantee` on the *subscription*: at most once, at least once, or effectively once, which is at least once and no id twice within a \
                 `window`.",
            shows: &[
                "subscription.guarantee=at_most_once",
                "subscription.guarantee=at_least_once",
                "subscription.guarantee=effectively_once",
                "subscription.window",
            ],
            samples: &["patterns/delivery-guarantees"],
            both: &["each_guarantee_keeps_its_word"],
            steps: &[
                "at_most_once_forgets_at_the_hand_out",
                "g4_keeps_at_least_once_like_a_queue",
                "effectively_once_takes_an_id_once_and_heeds_late_acknowledgements",
            ],
            gap: "",
        },
        Row {
            behaviour: "order per subscription",
            how: "`in_order` on the *subscription*: no order, by key, or total. What becomes a dead letter stops those behind it or lets them go on \
                 (`after_dead_letter`).",
            shows: &["subscription.in_order=by_key"],
            samples: &["patterns/order-by-key", "systems/market-data"],
            both: &["g10_subscriptions_keep_the_order_that_is_set"],
            steps: &[
                "g10_a_key_goes_on_when_its_first_has_ended",
                "g10_total_order_is_one_at_a_time",
                "g10_a_key_waits_behind_its_failing_message_and_goes_on_or_stops",
            ],
            gap: "",
        },
        Row {
            behaviour: "durable and temporary subscriptions",
            how: "A *subscription* is durable or temporary by its `lifetime`; a durable one keeps what comes while its consumer is away. A late joiner \
                 (`joins_at`) asks by `start_from` for the last value of each topic name, or for a replay from a time, from a while ago, or from an \
                 offset of what the *topic* keeps (`retain`, `keep`, `keep_for`).",
            shows: &[
                "topic.retain=true",
                "topic.keep",
                "subscription.joins_at",
                "subscription.start_from=last_values",
                "subscription.start_from=all_kept",
                "subscription.away_at",
            ],
            samples: &["patterns/late-joiners"],
            both: &["late_ones_get_what_they_ask_for_and_absent_ones_miss_nothing"],
            steps: &[
                "a_subscription_can_be_durable_unless_it_is_temporary",
                "a_durable_one_keeps_what_comes_while_its_consumer_is_away_and_a_temporary_one_ends",
                "late_joiners_get_what_they_ask_for_of_what_was_kept",
                "what_is_kept_is_bounded_by_number_and_age",
                "a_temporary_subscription_begins_anew_when_its_consumer_comes_back",
                "a_start_from_what_is_not_kept_is_told_of",
            ],
            gap: "",
        },
        Row {
            behaviour: "a slow or failing subscriber never slows the publisher or its siblings",
            how: "Each *subscription* has a buffer (`capacity`) and a rule of its own for when it is full (`when_full`); a *topic* never blocks, and \
                 what is drawn behind one gets a subscription in between.",
            shows: &["topic", "subscription.capacity", "subscription.when_full"],
            samples: &["03-topic", "systems/market-data"],
            both: &["g2_a_subscriber_stopped_dead_slows_nobody"],
            steps: &["g2_a_topic_never_blocks", "g2_a_dead_reader_makes_nobody_wait"],
            gap: "",
        },
        Row {
            behaviour: "unroutable messages are seen",
            how: "What no *subscription* wants leaves the *topic* through its port `unroutable`; unwired, it is dropped and counted with that reason.",
            shows: &["topic", "dead_letters"],
            samples: &["patterns/topic-wildcards"],
            both: &["messages_without_a_subscription_are_counted_or_take_the_other_port"],
            steps: &["messages_that_nobody_wants_are_seen"],
            gap: "",
        },
    ],
};
