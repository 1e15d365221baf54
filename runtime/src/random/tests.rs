//! The generator against its published answers, and its streams against each other.

use super::*;

/// The known answers published with Random123 (`kat_vectors`, philox4x32 10).
#[test]
fn philox_gives_the_published_answers() {
    assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox4x32_10([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    assert_eq!(
        philox4x32_10([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

#[test]
fn g11_a_draw_belongs_to_message_attempt_and_purpose() {
    let node = StreamKey::of_node(7, 0, "pool");
    let service = node.purpose(const { Purpose::of("service") });
    let id = MessageId(42);
    assert_eq!(service.for_message(id, 1).next_u64(), service.for_message(id, 1).next_u64());
    assert_ne!(service.for_message(id, 1).next_u64(), service.for_message(id, 2).next_u64());
    assert_ne!(service.for_message(id, 1).next_u64(), node.purpose(const { Purpose::of("failure") }).for_message(id, 1).next_u64());
    assert_ne!(service, StreamKey::of_node(8, 0, "pool").purpose(const { Purpose::of("service") }));
}

/// Chi-square of counts against the same expectation in every cell.
fn chi_square(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
}

/// The 99.99 % point of chi-square, by Wilson and Hilferty's approximation (PNAS 17, 1931): good to a tenth from 30 degrees on.
fn chi_square_limit(degrees: f64) -> f64 {
    const NORMAL: f64 = 3.719;
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + NORMAL * spread.sqrt()).powi(3)
}

fn check(name: &str, counts: &[u64]) {
    let (found, limit) = (chi_square(counts), chi_square_limit(counts.len() as f64 - 1.0));
    assert!(found < limit, "{name}: chi-square {found} over {} cells, limit {limit}", counts.len());
    // What is too even is not random either.
    let least = 2.0 * (counts.len() as f64 - 1.0) - limit;
    assert!(found > least.max(0.0), "{name}: chi-square {found} over {} cells is too small", counts.len());
}

/// The first draw of element so and so.
type Sequence = Box<dyn Fn(u64) -> Random>;

/// All the ways in which the program names a draw, as sequences of first draws: each must look like one random sequence, though every
/// element comes from another stream or counter.
fn sequences() -> Vec<(&'static str, Sequence)> {
    let node = StreamKey::of_node(1, 0, "n").purpose(const { Purpose::of("service") });
    vec![
        ("one thing after the other", Box::new(move |number| node.for_index(number))),
        ("neighbouring messages", Box::new(move |number| node.for_message(MessageId(u128::from(number)), 1))),
        ("messages apart in their high word", Box::new(move |number| node.for_message(MessageId(u128::from(number) << 64), 1))),
        ("attempts at one message", Box::new(move |number| node.for_message(MessageId(7), number as u32))),
        ("seeds", Box::new(|number| StreamKey::of_node(number, 0, "n").for_index(0))),
        ("replications", Box::new(|number| StreamKey::of_node(1, number, "n").for_index(0))),
        ("nodes", Box::new(|number| StreamKey::of_node(1, 0, &format!("n{number}")).for_index(0))),
    ]
}

#[test]
fn every_way_of_naming_a_draw_gives_a_uniform_sequence() {
    const CELLS: usize = 256;
    for (name, of) in sequences() {
        let mut counts = vec![0_u64; CELLS];
        (0..50_000).for_each(|number| counts[(of(number).unit() * CELLS as f64) as usize] += 1);
        check(name, &counts);
    }
}

#[test]
fn neighbours_in_every_sequence_are_independent() {
    const SIDE: usize = 24;
    for (name, of) in sequences() {
        let cell = |unit: f64| (unit * SIDE as f64) as usize;
        let (mut pairs, mut within) = (vec![0_u64; SIDE * SIDE], vec![0_u64; SIDE * SIDE]);
        for number in 0..30_000 {
            let (mut this, mut next) = (of(2 * number), of(2 * number + 1));
            let first = this.unit();
            pairs[cell(first) * SIDE + cell(next.unit())] += 1;
            // The second draw of the same stream and counter, too.
            within[cell(first) * SIDE + cell(this.unit())] += 1;
        }
        check(name, &pairs);
        check(name, &within);
    }
}

#[test]
fn every_bit_is_set_half_of_the_time_and_flips_apart_from_the_others() {
    let stream = StreamKey::of_node(3, 0, "n");
    let mut ones = [0_u64; 64];
    let mut agree = [0_u64; 64];
    const DRAWS: u64 = 40_000;
    for number in 0..DRAWS {
        let word = stream.for_index(number).next_u64();
        let turned = word ^ word.rotate_left(1);
        for bit in 0..64 {
            ones[bit] += word >> bit & 1;
            agree[bit] += turned >> bit & 1;
        }
    }
    // Five standard deviations of a fair coin.
    let limit = 5.0 * (DRAWS as f64).sqrt() / 2.0;
    for (bit, count) in ones.iter().chain(&agree).enumerate() {
        assert!((*count as f64 - DRAWS as f64 / 2.0).abs() < limit, "bit {bit}: {count}");
    }
}

#[test]
fn whole_numbers_below_a_bound_are_even() {
    let stream = StreamKey::of_node(4, 0, "n");
    for bound in [2, 3, 7, 100, 1_000] {
        let mut counts = vec![0_u64; bound as usize];
        (0..bound * 100).for_each(|number| counts[stream.for_index(number).below(bound) as usize] += 1);
        let limit = if bound < 30 { 45.0 } else { chi_square_limit(bound as f64 - 1.0) };
        assert!(chi_square(&counts) < limit, "{bound}");
    }
    assert_eq!(stream.for_index(0).below(0), 0);
}
