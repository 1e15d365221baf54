//! What it costs to carry payloads beside the pipes, and what it would cost to carry them along: by prices that the user sets.

use crate::node::claims::Census;
use crate::node::{Field, FieldType, Form, Preset};

const GIB: f64 = 1_073_741_824.0;
/// Hours in a month, as stores bill: 365 days of 24 hours by twelve.
const MONTH_HOURS: f64 = 730.0;

const PRICE: FieldType = FieldType::Number(0.0, 1e9);

pub const PRICE_CARRIED: Field = Field::new(
    "Prices",
    "price_carried",
    "Carried, each GiB",
    PRICE,
    Preset::Number(0.1),
    "What the messaging system asks for each GiB that passes through it. An example: set your own.",
);
pub const PRICE_WRITES: Field = Field::new(
    "Prices",
    "price_writes",
    "Writes, each 1,000",
    PRICE,
    Preset::Number(0.005),
    "What the store asks for a thousand writes or lists. An example: set your own.",
);
pub const PRICE_READS: Field = Field::new(
    "Prices",
    "price_reads",
    "Reads, each 1,000",
    PRICE,
    Preset::Number(0.0004),
    "What the store asks for a thousand reads. Throwing away costs nothing. An example: set your own.",
);
pub const PRICE_STORAGE: Field = Field::new(
    "Prices",
    "price_storage",
    "Storage, each GiB and month",
    PRICE,
    Preset::Number(0.023),
    "What the store asks for keeping a GiB for a month of 730 hours. An example: set your own.",
);

/// The prices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prices {
    carried: f64,
    writes: f64,
    reads: f64,
    storage: f64,
}

impl Prices {
    pub fn read(form: &mut Form<'_>) -> Self {
        let mut price = |name| form.number(name).unwrap_or(0.0);
        Self {
            carried: price("price_carried"),
            writes: price("price_writes"),
            reads: price("price_reads"),
            storage: price("price_storage"),
        }
    }

    /// What it costs with claims: the bytes that travel all the same, the operations, and the keeping.
    pub fn with_claims(&self, travelled: u64, census: &Census) -> f64 {
        self.without_claims(travelled)
            + (census.puts + census.lists) as f64 / 1_000.0 * self.writes
            + census.gets as f64 / 1_000.0 * self.reads
            + gib_hours(census) / MONTH_HOURS * self.storage
    }

    /// What it costs if so many bytes travel.
    pub fn without_claims(&self, bytes: u64) -> f64 {
        bytes as f64 / GIB * self.carried
    }
}

/// How much was kept for how long.
pub fn gib_hours(census: &Census) -> f64 {
    census.byte_seconds / 3_600.0 / GIB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_as_reckoned_by_hand() {
        let prices = Prices { carried: 0.1, writes: 5.0, reads: 0.4, storage: 0.023 };
        assert_eq!(prices.without_claims(10 << 30), 1.0);
        // A GiB kept for 730 hours, 2,000 writes and lists, 500 reads, half a GiB of references.
        let census = Census { byte_seconds: GIB * 730.0 * 3_600.0, puts: 1_990, lists: 10, gets: 500, deletes: 400, ..Census::default() };
        let cost = prices.with_claims(1 << 29, &census);
        assert!((cost - (0.05 + 10.0 + 0.2 + 0.023)).abs() < 1e-12, "{cost}");
        assert!((gib_hours(&census) - 730.0).abs() < 1e-9);
    }
}
