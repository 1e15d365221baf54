//! A list that grows by pieces of equal size: growing moves nothing, and no old half of it is left lying about in memory.

use std::ops::{Index, IndexMut};

/// How many things are in a full piece.
const PIECE: usize = 1 << BITS;
const BITS: u32 = 10;

/// A list in pieces. The first piece grows like any list, so that a short list is small.
#[derive(Debug)]
pub struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Chunks<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    /// How many things are in it.
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    /// Puts one more at its end.
    pub fn push(&mut self, item: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(item),
            last => {
                let mut piece = if last.is_some() { Vec::with_capacity(PIECE) } else { Vec::new() };
                piece.push(item);
                self.pieces.push(piece);
            }
        }
    }

    /// The one at this place, if there are so many.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.pieces.get(at >> BITS)?.get(at & (PIECE - 1))
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }
}

impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.pieces[at >> BITS][at & (PIECE - 1)]
    }
}

impl<T> IndexMut<usize> for Chunks<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pieces[at >> BITS][at & (PIECE - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_pieces_is_a_list() {
        let mut chunks = Chunks::new();
        assert_eq!((chunks.len(), chunks.get(0)), (0, None));
        for number in 0..3 * PIECE + 5 {
            chunks.push(number);
            assert_eq!(chunks.len(), number + 1);
        }
        chunks[PIECE] = 7;
        assert_eq!((chunks[PIECE - 1], chunks[PIECE], chunks.get(2 * PIECE + 1)), (PIECE - 1, 7, Some(&(2 * PIECE + 1))));
        assert_eq!(chunks.get(3 * PIECE + 5), None);
        assert!(
            chunks.iter().copied().filter(|number| *number != 7).eq((0..3 * PIECE + 5).filter(|number| *number != 7 && *number != PIECE))
        );
    }
}
