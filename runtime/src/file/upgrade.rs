//! The ladder of formats: one rung per step, each in a file of its own below `upgrade/`, applied to the tree before it becomes a graph.
//!
//! Format 1 is the first, so there is no rung yet. A rung from 1 to 2 would be `upgrade/to_2.rs` with one `pub const RUNG: Rung`, and a line
//! in [`RUNGS`].

use super::tree::Item;

/// One step of the ladder.
#[derive(Clone, Copy)]
pub struct Rung {
    /// The format it takes; the next higher is what it gives.
    pub from: i64,
    /// Changes the sections of the file.
    pub(super) apply: fn(&mut Vec<Item>),
}

/// The rungs, lowest first.
pub const RUNGS: &[Rung] = &[];

/// Applies every rung from `format` up to `newest`.
pub(super) fn climb(sections: &mut Vec<Item>, format: i64, newest: i64, rungs: &[Rung]) -> Result<(), String> {
    for step in format..newest {
        let Some(rung) = rungs.iter().find(|rung| rung.from == step) else {
            return Err(format!("there never was a format {step} of graph files"));
        };
        (rung.apply)(sections);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FORMAT;
    use crate::file::tree::{Shape, Tree};

    #[test]
    fn the_ladder_is_complete_from_the_lowest_rung_up() {
        let lowest = RUNGS.first().map_or(FORMAT, |rung| rung.from);
        let steps: Vec<i64> = RUNGS.iter().map(|rung| rung.from).collect();
        assert_eq!(steps, (lowest..FORMAT).collect::<Vec<_>>());
    }

    #[test]
    fn rungs_apply_in_order_from_the_format_of_the_file() {
        fn add(sections: &mut Vec<Item>, name: &str) {
            let value = Tree { shape: Shape::Flag(true), start: 0, end: 0, tail: Vec::new() };
            sections.push(Item { comments: Vec::new(), inner: Vec::new(), key: Some(name.to_owned()), value, start: 0 });
        }
        let rungs = [
            Rung { from: 1, apply: |sections| add(sections, "first") },
            Rung { from: 2, apply: |sections| add(sections, "second") },
            Rung { from: 3, apply: |sections| add(sections, "third") },
        ];
        let climbed = |from, to| {
            let mut sections = Vec::new();
            climb(&mut sections, from, to, &rungs).map(|()| sections.into_iter().filter_map(|item| item.key).collect::<Vec<_>>())
        };
        assert_eq!(climbed(1, 4).unwrap(), ["first", "second", "third"]);
        assert_eq!(climbed(3, 4).unwrap(), ["third"]);
        assert!(climbed(4, 4).unwrap().is_empty());
        assert!(climbed(0, 4).unwrap_err().contains("format 0"));
    }
}
