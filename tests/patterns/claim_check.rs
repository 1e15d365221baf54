//! Claim check, row by row.

use super::{Pattern, Row};

/// The pattern.
pub const PATTERN: Pattern = Pattern {
    title: "Claim check",
    contract: "4 Claim Check",
    purpose: "A large payload is left in a store, as a coat in a cloakroom, and the message goes on with the number: queues stay small, and a \
              broker's size limit is no matter. What it costs is a request at each end, and the care for payloads that nobody fetches. What was \
              decided and why stands in [Claims](decisions/0014-claims.md).",
    rows: &[
        Row {
            behaviour: "check in",
            how: "*Check in* puts a payload of `threshold` (4 KiB) or more into a store and sends its reference on; smaller ones travel in their \
                 message.",
            shows: &["check_in.threshold"],
            samples: &["patterns/claim-check"],
            both: &["small_payloads_travel_and_large_ones_come_back_whole"],
            steps: &["small_payloads_travel_and_large_ones_are_checked_in", "g10_messages_leave_in_the_order_in_which_they_came"],
            gap: "",
        },
        Row {
            behaviour: "stores",
            how: "`store` on both ends: the run's memory, a folder, or a bucket of a server that speaks S3, over the library object_store. Payloads are \
                 streamed; their length and SHA-256 are held against the claim on the way out. One above 1 MiB goes on as a handle, so that a GiB \
                 passes in flat memory.",
            shows: &["check_in.store=folder", "check_out.store=folder", "check_in", "check_out"],
            samples: &["patterns/claim-check", "patterns/claim-rights"],
            both: &["small_payloads_travel_and_large_ones_come_back_whole", "g4_work_that_fails_finds_its_payload_again"],
            steps: &[
                "files_that_were_altered_or_deleted_are_told_apart",
                "g14_a_large_payload_passes_as_a_handle_and_memory_stays_flat",
                "another_length_or_hash_is_told_as_altered",
                "payloads_come_back_whole_and_nothing_stays_in_the_bucket",
                "g14_a_large_payload_passes_in_parts",
                "parts_of_an_upload_that_failed_are_thrown_away",
            ],
            gap: "",
        },
        Row {
            behaviour: "reference",
            how: "The header `dataref` names the payload as the extension of CloudEvents does, beside its hash, length and end. A folder's is a \
                 `file:` address, which any program can open.",
            shows: &["check_in"],
            samples: &["patterns/claim-check"],
            both: &["small_payloads_travel_and_large_ones_come_back_whole"],
            steps: &["another_program_reads_what_the_reference_names", "a_claim_is_read_as_it_was_written_and_leaves_no_trace"],
            gap: "",
        },
        Row {
            behaviour: "expiry",
            how: "`time_to_live` on *check in*, at least the message's own. The last of `readers` frees a payload; a sweeper (`sweep_every`) removes \
                 what has expired. Orphans and dangling claims are counted on the node.",
            shows: &["check_in.time_to_live", "check_in.readers"],
            samples: &["patterns/claim-check"],
            both: &[
                "the_last_of_two_readers_lets_it_go_and_one_too_many_finds_nothing",
                "what_expires_is_swept_on_the_run_clock_and_orphans_are_counted",
            ],
            steps: &[
                "a_payload_lives_at_least_as_long_as_its_message",
                "the_last_of_the_readers_frees_it",
                "it_sweeps_at_the_start_and_again_and_again",
            ],
            gap: "",
        },
        Row {
            behaviour: "access control",
            how: "A claim names its readers (`may_read`), is signed (HMAC-SHA256 with the `key` from the environment) and ends. A reader without right \
                 gets an error, and the attempt is counted and stands in the journal.",
            shows: &["check_in.may_read", "check_in.key", "check_out.key", "check_out.reader"],
            samples: &["patterns/claim-rights"],
            both: &["who_is_not_named_gets_nothing_live_and_simulated"],
            steps: &[
                "claims_that_not_everyone_may_read_are_signed",
                "a_signature_is_that_of_the_standard",
                "a_reader_needs_a_name_and_a_right_signature",
                "in_a_simulation_only_the_named_readers_get_it",
                "live_the_key_comes_from_the_environment",
            ],
            gap: "",
        },
        Row {
            behaviour: "cost",
            how: "Prices on *check in* (`price_carried`, `price_writes`, `price_reads`, `price_storage`); the node shows bytes kept off the pipes, \
                 store operations, GiB-hours, and what both ways cost.",
            shows: &["check_in"],
            samples: &["patterns/claim-check", "systems/image-pipeline"],
            both: &["both_ways_are_compared_live_and_simulated"],
            steps: &[
                "costs_follow_from_bytes_operations_and_time",
                "both_ways_are_compared_in_bytes_and_money",
                "costs_are_as_reckoned_by_hand",
            ],
            gap: "",
        },
        Row {
            behaviour: "failures",
            how: "A store that is away at *check in* is tried again (`attempts`, `retry`), and then the send fails; at *check out* the message goes \
                 back to its queue and at last to the dead letters. What is expired, altered, gone or not for this reader has a reason of its own. A \
                 simulated store fails and is away as set (`away_from`, `failure_share`, `altered_share`).",
            shows: &["check_in.attempts", "check_in.away_from", "check_out"],
            samples: &["patterns/claim-check"],
            both: &[
                "a_store_that_is_away_for_a_while_delays_and_loses_nothing",
                "a_claim_that_has_ended_is_a_dead_letter_with_its_own_reason",
            ],
            steps: &[
                "a_store_away_at_check_in_is_tried_until_it_is_back",
                "a_store_away_at_check_in_for_good_fails_the_send",
                "a_store_away_at_check_out_means_redelivery_and_then_dead_letters",
                "a_modelled_store_that_is_away_delays_and_loses_nothing",
                "what_no_repetition_mends_has_a_reason_of_its_own",
                "a_modelled_store_alters_a_share",
            ],
            gap: "",
        },
    ],
};
