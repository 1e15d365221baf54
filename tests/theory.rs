//! Simulations against queueing theory: every collected case, and closed forms for what it leaves out.
//!
//! For each measure the interval at 99.9 % from independent replications must contain the known value, and be narrow. Seeds are a hash of the
//! case's name. A miss counts if as many fresh replications miss again. The ordinary run asks for intervals of ±8 %. The long one,
//! `PIPEWRIGHT_LONG=1`, asks for ±1 % (±5 % for probabilities below 0.05), and that the same comparison fails a model whose services take 3 %
//! longer; with `PIPEWRIGHT_PROGRAM=target/release/pipewright` that program simulates, which is several times as fast.

mod case;
mod compare;
mod exact;
mod further;
mod model;
mod network;
mod simulated;
mod traces;

use case::Case;
use compare::Effort;
use model::experiment;
use simulated::is_long;

/// How much longer services take in the model that must fail.
const WRONG: f64 = 1.03;

fn check(name: &str) {
    let case = Case::named(name);
    let effort = Effort::asked_for();
    let right = experiment(case, 1.0, effort);
    right.compare(name, effort).unwrap_or_else(|wrong| panic!("{wrong}\n{}", right.text));
    if is_long() {
        // Noticed even with intervals twice as wide, in a quarter of the time.
        must_fail(case, Effort { precision: 2.0 * effort.precision, ..effort });
    }
}

fn must_fail(case: &Case, effort: Effort) {
    let wrong = experiment(case, WRONG, effort);
    let told = wrong.compare(&case.name, effort).expect_err("services that take 3 % longer must be noticed");
    assert!(told.contains("theory says"), "{told}");
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*
        const COMPARED: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    mm1_rho_third mm1_rho_08 mmc_two_servers_light erlang_c_call_centre_14 mmc_state_probabilities mm_inf_pool
    mm1k_15 mm1k_10 mm2k5 mm2k3_router erlang_b_15 erlang_b_2
    md1_omnet_fifo1 m_erlang2_1 dm1_paced_producer
    router_random_two_workers priority_two_class_ciw priority_hospital_1doctor ps_mm1_3_5 ps_mm1_3_6
    ttl_constant_overload closed_repairmen jackson_feedback_4nodes central_server_retry_16_visits retry_unlimited_p_third fork_join_2_rho50
}

/// Those without chance: `exact` and `traces` have a test of the same name for each.
const EXACT: &[&str] = &[
    "penny_fab_one_deterministic",
    "retry_amplification_5_layers",
    "token_bucket_gp2_30min",
    "trace_carwash",
    "trace_cable_latency",
    "trace_ttl",
    "trace_priority_jump",
    "trace_fanout_clone",
];

#[test]
fn no_case_is_left_out() {
    let mut tested: Vec<&str> = COMPARED.iter().chain(EXACT).copied().collect();
    let mut known: Vec<&str> = Case::all().iter().map(|case| case.name.as_str()).collect();
    tested.sort_unstable();
    known.sort_unstable();
    assert_eq!(tested, known);
    let sources = [include_str!("theory/exact.rs"), include_str!("theory/traces.rs")].concat();
    for name in EXACT {
        assert!(sources.contains(&format!("#[test]\nfn {name}()")), "{name} has no test");
    }
}

/// A comparison that cannot fail would prove nothing: a small loss system is precise enough for it in any run.
#[test]
fn services_three_percent_longer_are_noticed() {
    let effort = Effort { arrivals: 40_000.0, precision: 0.01, most: 200 };
    let case = Case::named("erlang_b_2");
    experiment(case, 1.0, effort).compare(&case.name, effort).unwrap_or_else(|wrong| panic!("{wrong}"));
    must_fail(case, effort);
}
