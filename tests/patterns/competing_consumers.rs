//! Competing consumers, row by row.

use super::{Pattern, Row};

/// The pattern.
pub const PATTERN: Pattern = Pattern {
    title: "Competing consumers",
    contract: "2 Competing Consumers",
    purpose: "Several consumers take from one queue, each message goes to one of them, and more consumers mean more work done. The queue is where \
              it is decided what happens when a consumer is slow, dies, or fails: its rules are the subject of most rows.",
    rows: &[
        Row {
            behaviour: "queue",
            how: "`capacity` in messages and `capacity_bytes` on the *queue*; `when_full` makes senders wait, rejects to them, or drops the newest or \
                 the oldest. Drops are counted, or kept as dead letters (`overflow`). With `durable` what was accepted is on the disk, and there \
                 again after a `kill -9` ([why SQLite](decisions/0009-durable-store.md)).",
            shows: &["queue.capacity", "queue.when_full=drop_oldest", "queue.durable=true"],
            samples: &["02-competing", "05-overload", "patterns/durable-queue"],
            both: &["a_full_queue_does_as_set_by_count_and_by_bytes", "dropped_ones_are_kept_apart_if_wished"],
            steps: &[
                "g1_a_full_queue_makes_senders_wait",
                "a_full_queue_drops_or_rejects_as_set",
                "bytes_are_bounded_too",
                "g1_books_balance_and_no_pipe_overflows_wherever_a_run_is_cut",
                "what_was_accepted_survives_kill_9_at_random_moments",
                "a_full_disk_holds_senders_back_and_loses_nothing_that_was_accepted",
                "the_next_run_goes_on_where_the_last_one_stopped",
            ],
            gap: "",
        },
        Row {
            behaviour: "pool of consumers",
            how: "A *consumer pool* has a fixed number of `servers`, or is `scaled` by KEDA's arithmetic: backlog / `target`, rounded up, looked at \
                 every `poll`, let go after `cool_down`, between `least_servers` and `most_servers`, with a `start_up` time for each new one. Pools \
                 compete by credit: none hoards.",
            shows: &[
                "consumer_pool.servers",
                "consumer_pool.size=scaled",
                "consumer_pool.target",
                "consumer_pool.most_servers",
                "consumer_pool.start_up",
            ],
            samples: &["02-competing", "patterns/scaled-pool"],
            both: &["pools_compete_by_credit_and_one_is_scaled_by_the_backlog"],
            steps: &[
                "g3_competing_consumers_share_by_credit",
                "g8_works_on_as_many_as_there_are_servers",
                "g12_a_changed_pool_keeps_its_work",
                "shared_servers_go_slower_the_more_there_is_to_do",
                "a_scaled_pool_follows_the_backlog_by_keda_s_arithmetic",
                "a_new_consumer_works_after_its_start_up_and_one_let_go_ends_its_work",
            ],
            gap: "",
        },
        Row {
            behaviour: "settlement",
            how: "The *queue* locks what it hands out for `lock` (1 min); a pool renews the lock while it works (`renew_locks`). Acks, nacks, rejects, \
                 deaths (`fails_by`), lost and late acks (`acks_lost`, `acks_late`) are told apart; a lost lock means another delivery, and a late \
                 ack is counted as late.",
            shows: &[
                "subscription.lock",
                "consumer_pool.failure_share",
                "consumer_pool.fails_by=reject",
                "consumer_pool.fails_by=nack",
                "consumer_pool.acks_lost",
            ],
            samples: &["patterns/delivery-guarantees", "patterns/profile-rabbitmq", "patterns/profile-jetstream"],
            both: &[
                "s1_s6_a_consumer_that_dies_holding_ten_loses_none_and_the_innocent_count",
                "s2_s3_a_lost_lock_means_another_delivery_and_the_late_one_is_counted",
                "s4_one_failing_part_of_a_split_brings_the_whole_back",
                "s7_an_aggregate_answers_for_its_parts_until_its_result_has_ended",
                "s8_a_lost_ack_means_one_more_delivery_and_a_deduplication_makes_it_one_effect",
            ],
            steps: &[
                "g4_a_nack_brings_it_back_until_it_is_given_up",
                "g4_a_lost_lock_means_another_delivery_and_late_verdicts_do_no_harm",
                "g4_a_renewed_lock_lasts_from_then_on",
                "g4_long_work_renews_its_lock_unless_told_otherwise",
            ],
            gap: "",
        },
        Row {
            behaviour: "poison messages",
            how: "`max_deliveries` (10) and the pauses between them (`retry`: immediate, fixed, linear, or exponential with jitter and cap) on the \
                 *queue*; then the message leaves at `dead_letters` with reason, last error, count, times and origin. `poison` on a *consumer pool* \
                 makes some.",
            shows: &["queue.max_deliveries", "queue.retry=fixed", "queue.retry_delay", "consumer_pool.poison", "dead_letters"],
            samples: &["02-competing", "patterns/dead-letters", "patterns/profile-service-bus"],
            both: &[
                "s5_s10_given_up_after_the_last_delivery_or_at_the_consumers_word",
                "s9_no_delay_between_deliveries_is_shorter_than_set",
                "g4_what_fails_comes_back_and_is_given_up_after_the_last_delivery",
            ],
            steps: &["retries_wait_as_set", "retry_delays_double_up_to_the_cap", "g4_a_failure_comes_back_until_it_is_given_up"],
            gap: "",
        },
        Row {
            behaviour: "dead letters",
            how: "A *dead letters* node, or the graph's own collection, keeps them by origin, reason and error; nothing expires there. *Dead letters* \
                 in the dock lists, groups, opens and edits them, tries one in virtual time, and sends one, a group or all back at a rate \
                 ([how](decisions/0013-redrive.md)); `pipewright dead-letters` does so on a durable store.",
            shows: &["dead_letters"],
            samples: &["patterns/dead-letters", "02-competing"],
            both: &["redriven_by_the_wall_clock_with_any_number_of_workers", "g11_redriven_cranked_live_equals_simulated"],
            steps: &[
                "one_a_group_and_all_go_back_and_the_books_balance_at_every_step",
                "at_a_rate_they_go_one_by_one_by_the_run_clock",
                "nothing_is_sent_twice",
                "a_second_failure_is_recognised",
                "edited_it_goes_back_as_edited",
                "a_full_origin_keeps_them_dead_and_says_so",
                "deduplication_does_not_swallow_what_is_redriven",
                "a_dry_run_says_what_a_redrive_does",
                "discarded_letters_are_dropped_on_purpose",
                "keeps_the_newest_and_counts_all",
                "the_desk_leads_from_a_failure_back_to_work",
                "a_letter_goes_back_once_with_the_act_on_record",
            ],
            gap: "",
        },
        Row {
            behaviour: "idempotent consumer",
            how: "A *deduplicate* filter before the effect, with a `key` and a `window`; the expectation `once_per_key` asserts one effect for each \
                 key.",
            shows: &["deduplicate.key", "deduplicate.window"],
            samples: &["patterns/idempotent-receiver"],
            both: &["s8_a_lost_ack_means_one_more_delivery_and_a_deduplication_makes_it_one_effect"],
            steps: &[
                "a_key_passes_once_within_the_window",
                "g4_redeliveries_are_stopped_or_pass_as_set",
                "the_number_of_keys_is_bounded_and_forgetting_is_counted",
            ],
            gap: "",
        },
        Row {
            behaviour: "sessions",
            how: "`in_order` by key, on the *queue* as on the *subscription*: the next message of a key goes out when the one before is settled, \
                 through all its retries; keys go on side by side.",
            shows: &["subscription.in_order=by_key"],
            samples: &["patterns/order-by-key"],
            both: &["g10_one_of_a_key_at_a_time_in_order"],
            steps: &["g10_a_key_goes_on_when_its_first_has_ended", "g10_a_key_waits_behind_its_failing_message_and_goes_on_or_stops"],
            gap: "",
        },
        Row {
            behaviour: "priority, time to live, delayed delivery, duplicate detection (10 min)",
            how: "`priority`, `time_to_live`, `delay`, and `guarantee: effectively_once` with its `window` (10 min) on the *queue*.",
            shows: &["queue.priority", "queue.time_to_live", "queue.delay", "queue.guarantee=effectively_once", "queue.window"],
            samples: &["patterns/queue-rules"],
            both: &["priority_time_to_live_delay_and_duplicates_are_the_queues"],
            steps: &[
                "higher_priority_goes_first_and_equals_keep_their_order",
                "messages_expire_while_they_wait_and_only_then",
                "a_delay_keeps_messages_back",
                "effectively_once_takes_an_id_once_and_heeds_late_acknowledgements",
            ],
            gap: "",
        },
        Row {
            behaviour: "profiles",
            how: "`rules` on the *queue* and the *subscription*: ours, RabbitMQ quorum queues, Azure Service Bus, NATS JetStream or Redis streams. \
                 What a broker lacks cannot be set, and the field says why ([how](decisions/0012-rule-books.md)).",
            shows: &[
                "subscription.rules=rabbitmq_quorum",
                "subscription.rules=service_bus",
                "subscription.rules=jetstream",
                "subscription.rules=redis_streams",
                "queue.rules=service_bus",
                "queue.rules=jetstream",
                "queue.backoff",
                "queue.max_ack_pending",
                "queue.rules=redis_streams",
                "queue.claim_after",
            ],
            samples: &[
                "patterns/profiles",
                "patterns/profile-rabbitmq",
                "patterns/profile-service-bus",
                "patterns/profile-jetstream",
                "patterns/profile-redis-streams",
            ],
            both: &["the_same_poison_under_five_rule_books_simulated_and_live"],
            steps: &[
                "rabbitmq_gives_up_at_the_21st_reject_and_never_for_a_nack",
                "service_bus_dead_letters_after_ten_deliveries_and_whatever_ended_them_counts",
                "jetstream_sets_aside_after_the_last_delivery_and_publishes_an_advisory",
                "jetstream_waits_thirty_seconds_or_by_the_backoff_and_bounds_what_is_unanswered",
                "redis_keeps_what_is_not_acknowledged_pending_until_it_is_claimed_by_idle_time",
                "what_a_broker_lacks_is_a_problem_at_the_setting_that_says_why",
            ],
            gap: "",
        },
        Row {
            behaviour: "figures",
            how: "A running *queue* shows `ready`, `locked`, `delayed`, `oldest`, `time to drain` and `deliveries per message`; a *consumer pool* its \
                 busy share, in all and for each server. The report has them with their means and percentiles.",
            shows: &["queue", "consumer_pool"],
            samples: &["02-competing", "05-overload"],
            both: &["a_queue_and_its_pool_show_their_figures", "a_queue_that_empties_says_how_long_it_will_take"],
            steps: &["reports_are_as_the_schema_says", "laws_hold_to_the_nanosecond_wherever_a_run_is_cut"],
            gap: "",
        },
    ],
};
