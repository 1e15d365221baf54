//! What waits for a station. Things put in during one round are seen in the next, in order of their source.
//!
//! A *round* is the unit of simultaneity: within one instant, all stations that have something to do act once, and what they send is seen in the
//! next round. Stations touch nothing but themselves, so the order in which they act within a round cannot matter, and neither can the
//! number of threads they are spread over. That is how a simulation and a cranked live run come to the same story (G11): the inputs of a
//! round are taken by (source, order of sending), whoever sent first.

use std::collections::VecDeque;

/// Things from several sources, sealed round by round.
#[derive(Debug)]
pub struct Inbox<T> {
    items: VecDeque<(u32, T)>,
    /// Items from this index on were put in during `fresh_round`.
    fresh_from: usize,
    fresh_round: u64,
    mixed: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), fresh_from: 0, fresh_round: 0, mixed: false }
    }
}

impl<T> Inbox<T> {
    /// Puts a thing from `source` in during `round`.
    pub fn put(&mut self, round: u64, source: u32, item: T) {
        self.enter(round, source);
        self.items.push_back((source, item));
    }

    #[inline]
    fn enter(&mut self, round: u64, source: u32) {
        if self.fresh_round != round {
            self.seal();
            self.fresh_round = round;
            self.fresh_from = self.items.len();
        }
        if self.items.len() > self.fresh_from && self.items.back().is_some_and(|(last, _)| *last > source) {
            self.mixed = true;
        }
    }

    /// Opens it for things from one source during `round`: they go to the end of the list that comes back, each with the source.
    pub fn open(&mut self, round: u64, source: u32) -> &mut VecDeque<(u32, T)> {
        self.enter(round, source);
        &mut self.items
    }

    /// Brings the newest round's items into order of source; the order within one source stays.
    fn seal(&mut self) {
        if self.mixed {
            self.mixed = false;
            self.items.make_contiguous()[self.fresh_from..].sort_by_key(|(source, _)| *source);
        }
    }

    /// How many things may be taken in `round`: all that were put in before it.
    pub fn visible(&mut self, round: u64) -> usize {
        if self.fresh_round == round {
            self.fresh_from
        } else {
            self.seal();
            self.items.len()
        }
    }

    /// Takes the first visible thing. The caller has asked [`Inbox::visible`] in this round.
    pub fn take(&mut self) -> Option<(u32, T)> {
        self.fresh_from = self.fresh_from.saturating_sub(1);
        self.items.pop_front()
    }

    /// Takes out all things that may be taken in `round` and satisfy `is_taken`, by source; what stays keeps its order.
    pub fn take_where(&mut self, round: u64, is_taken: impl Fn(u32) -> bool) -> Vec<(u32, T)> {
        let visible = self.visible(round);
        if !self.items.iter().take(visible).any(|(source, _)| is_taken(*source)) {
            return Vec::new();
        }
        let (mut taken, mut kept) = (Vec::new(), VecDeque::with_capacity(self.items.len()));
        for (at, (source, item)) in std::mem::take(&mut self.items).into_iter().enumerate() {
            if at < visible && is_taken(source) {
                self.fresh_from = self.fresh_from.saturating_sub(1);
                taken.push((source, item));
            } else {
                kept.push_back((source, item));
            }
        }
        self.items = kept;
        taken
    }

    /// How many things that may be taken in `round` came from others than `source`, from which `own` things are in it, visible or not. What is
    /// put in during this round does not count: whether it is there yet depends on who acts first, and where.
    pub fn visible_of_others(&self, round: u64, source: u32, own: usize) -> usize {
        let others = self.items.len().saturating_sub(own);
        if others == 0 || self.fresh_round != round {
            return others;
        }
        others - self.items.range(self.fresh_from..).filter(|(from, _)| *from != source).count()
    }

    /// The source of the first visible thing.
    pub fn first_source(&self) -> Option<u32> {
        self.items.front().map(|(source, _)| *source)
    }

    /// The first visible thing.
    pub fn first(&self) -> Option<&T> {
        self.items.front().map(|(_, item)| item)
    }

    /// Everything in it, to take visible things from the front of. The caller says afterwards how many it took.
    pub const fn waiting(&mut self) -> &mut VecDeque<(u32, T)> {
        &mut self.items
    }

    /// So many visible things were taken from [`Inbox::waiting`].
    pub const fn took(&mut self, count: usize) {
        self.fresh_from = self.fresh_from.saturating_sub(count);
    }

    /// Brings everything into its order and makes it visible, as between two rounds.
    pub fn settle(&mut self) {
        self.seal();
        self.fresh_round = 0;
    }

    /// Takes out everything whose source is chosen, in order; the rest stays in its order. Between two rounds only.
    pub fn take_out(&mut self, mut chosen: impl FnMut(u32) -> bool) -> Vec<(u32, T)> {
        self.settle();
        let mut taken = Vec::new();
        let items = std::mem::take(&mut self.items);
        for (source, item) in items {
            if chosen(source) {
                taken.push((source, item));
            } else {
                self.items.push_back((source, item));
            }
        }
        taken
    }

    /// How many things are in it, visible or not.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Everything in it with its source, for walking.
    pub fn sourced(&self) -> impl Iterator<Item = (u32, &T)> {
        self.items.iter().map(|(source, item)| (*source, item))
    }

    /// Everything in it, for walking.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g11_a_round_sees_what_was_sent_before_it_by_source() {
        let mut inbox = Inbox::default();
        for (source, item) in [(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd')] {
            inbox.put(7, source, item);
        }
        assert_eq!(inbox.visible(7), 0, "not in the same round");
        assert_eq!(inbox.visible(8), 4);
        inbox.put(8, 0, 'e');
        assert_eq!(inbox.visible(8), 4, "what round 8 sends is for round 9");
        let taken: String = (0..4).filter_map(|_| inbox.take()).map(|(_, item)| item).collect();
        assert_eq!(taken, "bdac");
        assert_eq!(inbox.visible(8), 0);
        assert_eq!(inbox.visible(9), 1);
    }

    #[test]
    fn many_at_once_are_as_one_after_another() {
        let (mut many, mut singly) = (Inbox::default(), Inbox::default());
        for (round, source, items) in [(1, 2, "ab"), (1, 1, "cd"), (2, 3, "e"), (2, 1, ""), (2, 2, "fg")] {
            many.open(round, source).extend(items.chars().map(|item| (source, item)));
            items.chars().for_each(|item| singly.put(round, source, item));
        }
        assert_eq!((many.visible(2), singly.visible(2)), (4, 4));
        assert_eq!((many.first_source(), many.first()), (Some(1), Some(&'c')));
        let front: Vec<_> = many.waiting().drain(..3).collect();
        many.took(3);
        assert_eq!(front, (0..3).filter_map(|_| singly.take()).collect::<Vec<_>>());
        assert_eq!((many.visible(2), many.visible(3)), (1, 4));
        assert_eq!((singly.visible(2), singly.visible(3)), (1, 4));
        assert!(std::iter::from_fn(|| many.take()).eq(std::iter::from_fn(|| singly.take())));
    }

    #[test]
    fn g11_what_comes_in_during_a_round_does_not_count_in_it() {
        let mut inbox = Inbox::default();
        for (round, source, item) in [(7, 2, 'a'), (7, 1, 'b'), (8, 1, 'c'), (8, 2, 'd'), (8, 3, 'e')] {
            inbox.put(round, source, item);
        }
        assert_eq!([1, 2, 3, 4].map(|source| inbox.visible_of_others(8, source, [2, 2, 1, 0][source as usize - 1])), [1, 1, 2, 2]);
        assert_eq!([1, 4].map(|source| inbox.visible_of_others(9, source, [2, 0][usize::from(source == 4)])), [3, 5]);
        assert_eq!(inbox.take_where(8, |source| source == 1), [(1, 'b')]);
        assert_eq!((inbox.visible(8), inbox.visible(9)), (1, 4));
        assert_eq!(inbox.take_where(9, |source| source != 2), [(1, 'c'), (3, 'e')]);
        assert_eq!(inbox.visible(9), 2);
    }

    #[test]
    fn what_is_taken_out_and_what_stays_keep_their_order() {
        let mut inbox = Inbox::default();
        for (round, source, item) in [(7, 2, 'a'), (7, 1, 'b'), (8, 2, 'c'), (8, 1, 'd')] {
            inbox.put(round, source, item);
        }
        assert_eq!(inbox.take_out(|source| source == 2), [(2, 'a'), (2, 'c')]);
        inbox.put(8, 0, 'e');
        assert_eq!(inbox.visible(9), 3);
        let left: String = (0..3).filter_map(|_| inbox.take()).map(|(_, item)| item).collect();
        assert_eq!(left, "bde");
    }
}
