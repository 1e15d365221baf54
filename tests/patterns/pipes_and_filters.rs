//! Pipes and filters, row by row.

use super::{Pattern, Row};

/// The pattern.
pub const PATTERN: Pattern = Pattern {
    title: "Pipes and filters",
    contract: "3 Pipes and Filters",
    purpose: "Work is cut into steps that know nothing of each other, and pipes with bounds connect them. A step can then be changed, moved, run \
              several times over or used again elsewhere, and where one is slow, the pipes before it fill and hold the senders back.",
    rows: &[
        Row {
            behaviour: "each filter does one thing",
            how: "A kind for each: *map*, *filter*, *route*, *recipient list*, *split*, *aggregate* (by `count`, by time in a `window`, by a predicate \
                 `until`, per `key`), *batch*, *resequence*, *enrich*, *validate* (JSON Schema), *throttle* (token bucket), *delay*, *deduplicate*, \
                 *wire tap*, *sample*, *transform*, and *join* for what belongs together.",
            shows: &[
                "map",
                "filter",
                "route",
                "recipient_list",
                "split",
                "aggregate.window",
                "aggregate.key",
                "batch",
                "resequence",
                "enrich",
                "validate",
                "throttle",
                "delay",
                "deduplicate",
                "wire_tap",
                "sample",
                "transform",
                "join",
                "jq",
            ],
            samples: &[
                "04-pipes-and-filters",
                "01-hello",
                "patterns/recipient-list",
                "patterns/resequencer",
                "patterns/batching",
                "patterns/border-control",
                "patterns/sampling",
                "patterns/idempotent-receiver",
                "patterns/fork-join",
            ],
            both: &[
                "every_filter_does_its_one_thing",
                "what_was_parted_comes_together_in_order_and_enriched",
                "examples_open_check_clean_and_run_in_both_modes",
            ],
            steps: &[
                "a_value_becomes_the_payload",
                "what_fulfils_the_condition_passes_unchanged",
                "the_first_rule_that_holds_decides",
                "every_rule_that_is_true_gets_a_copy_with_the_same_id",
                "each_item_becomes_a_numbered_message_in_order",
                "groups_close_by_count_each_key_for_itself",
                "groups_close_by_time_since_their_first_message",
                "groups_close_with_the_message_that_fulfils_until",
                "late_messages_are_told_from_new_groups_where_asked_for",
                "the_number_of_groups_and_of_messages_is_bounded",
                "a_batch_goes_on_when_it_is_full_large_or_old",
                "g10_messages_leave_in_the_order_of_their_numbers",
                "messages_wait_for_the_table_and_get_what_it_knows",
                "what_breaks_the_schema_leaves_with_its_violations",
                "the_long_run_rate_is_exact",
                "every_message_is_held_for_its_time",
                "a_key_passes_once_within_the_window",
                "the_observer_gets_a_copy_that_nobody_waits_for",
                "a_share_passes_by_chance",
                "bytes_are_those_of_the_specifications",
                "a_key_brings_different_messages_together",
            ],
            gap: "",
        },
        Row {
            behaviour: "user logic",
            how: "CEL for predicates, keys and small maps (*filter*, *map*, *route*, and every setting that is an expression), *jq* for reshaping; \
                 both are compiled when the graph is checked, with the error at its column. A *program* of the system as a filter takes and gives \
                 JSON Lines, once it is allowed ([trust](decisions/0010-trust.md), [programs](decisions/0011-programs-and-retries.md)).",
            shows: &["filter.condition", "map.set", "jq.program", "program.command", "program.model_time"],
            samples: &["01-hello", "04-pipes-and-filters", "patterns/idempotent-receiver", "patterns/program-filter"],
            both: &[
                "every_filter_does_its_one_thing",
                "g9_a_program_filters_live_and_its_model_filters_simulated",
                "g4_a_program_that_dies_is_started_again_and_nothing_is_lost",
                "g1_a_program_holds_no_more_than_it_may",
            ],
            steps: &[
                "a_condition_must_be_there_compile_and_yield_true_or_false",
                "a_program_must_be_there_and_compile",
                "every_output_becomes_a_message",
                "what_is_wrong_is_told_at_its_place",
                "a_time_limit_ends_the_program_and_all_that_it_started",
                "a_run_starts_no_program_that_was_not_allowed",
            ],
            gap: "",
        },
        Row {
            behaviour: "pipes",
            how: "`capacity` (256), `capacity_bytes` and `time_to_live` on each pipe. Back-pressure is exact: a full pipe never overshoots.",
            shows: &["pipe.capacity", "pipe.capacity_bytes", "pipe.time_to_live"],
            samples: &["patterns/pipe-time-to-live"],
            both: &["g1_a_full_pipe_never_overshoots", "g1_pipes_are_bounded_by_bytes_too_and_expire_what_is_in_them"],
            steps: &[
                "g1_books_balance_and_no_pipe_overflows_wherever_a_run_is_cut",
                "g1_bytes_are_bounded_too_and_what_can_never_pass_is_too_big",
                "a_time_to_live_belongs_to_pipes_that_hold_messages",
            ],
            gap: "",
        },
        Row {
            behaviour: "parallelism",
            how: "Nodes that do not depend on each other run side by side, live on different workers. A *step* works on several messages at once \
                 (`copies`) and keeps the order, the order of keys, or none (`order`); so does a *program*.",
            shows: &["step.copies", "step.order=kept", "step.order=kept_by_key"],
            samples: &["patterns/n-fold-filter"],
            both: &[
                "filters_that_do_not_depend_on_each_other_work_at_the_same_time",
                "g10_an_n_fold_step_keeps_order_where_asked_for",
                "n_processes_work_side_by_side_and_keep_the_order_if_asked",
            ],
            steps: &["g10_order_is_kept_where_asked_for", "g10_an_ordered_key_waits_behind_its_failing_message_and_goes_on"],
            gap: "",
        },
        Row {
            behaviour: "errors",
            how: "Every filter has an output `error`; what fails at an unwired one is among the graph's dead letters. A *step* and a *program* try \
                 again as set (`attempts`, `retry`); before any other filter a *retry* does.",
            shows: &["map", "retry.tries", "retry.retry", "step.failure_share", "step.attempts"],
            samples: &["patterns/error-ports", "patterns/n-fold-filter"],
            both: &[
                "every_filter_sends_what_fails_to_its_error_port",
                "unwired_errors_go_to_the_dead_letters_of_the_graph",
                "any_filter_is_tried_again_by_the_policy_before_it",
            ],
            steps: &[
                "failures_leave_the_message_unchanged_at_the_error_output",
                "a_message_that_cannot_be_judged_is_an_error_never_silence",
                "failures_are_tried_again_after_growing_delays_and_then_given_up",
                "g4_after_the_last_try_the_failure_goes_back_with_the_delivery_it_came_with",
            ],
            gap: "",
        },
        Row {
            behaviour: "composition",
            how: "Draw while it runs: filters are put in, cut out, reordered and rewired, and only what is touched restarts ([hot \
                 edits](decisions/0010-hot-edits.md)). A selection becomes a composite with ports of its own (Ctrl+Shift+G), is opened and edited, \
                 saved as a file, and used from it with `use` ([composites](graph-format.md)).",
            shows: &["filter", "map", "composite", "composite.use"],
            samples: &["patterns/hot-edits", "patterns/composite"],
            both: &[
                "g12_a_filter_is_cut_out_under_load_and_nothing_is_lost",
                "g12_a_filter_is_put_in_under_load_and_taken_out_again",
                "g12_two_filters_change_places",
                "g12_a_pool_is_led_to_another_queue_with_deliveries_in_its_hands",
                "g12_random_changes_of_random_graphs_lose_nothing_in_silence",
                "a_composite_sums_up_what_is_inside",
                "g11_live_equals_simulated_through_borders",
            ],
            steps: &[
                "g15_a_border_changes_no_figure",
                "a_used_file_runs_like_content_of_its_own",
                "made_saved_and_used_a_composite_tells_the_same_story",
                "a_composite_is_made_of_a_selection",
                "making_and_unpacking_comes_back_to_the_same",
                "inside_the_same_tools_work_and_undo_goes_across_levels",
                "figures_are_summed_outside_and_shown_inside_while_it_runs",
            ],
            gap: "",
        },
    ],
};
