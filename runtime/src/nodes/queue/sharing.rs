//! Processor sharing: several pieces of work share the servers, each at the same pace, and the more there are the slower all go.
//!
//! One clock counts the work that each piece has got so far (the *attained* work): it goes at full pace while there are no more pieces than
//! servers, and at servers / pieces beyond. A piece that needs so much work ends when the clock has gone on by as much since it came
//! (Kleinrock, Queueing Systems II, section 4.4). So a change of pace touches no piece, and each event costs O(log n).

use crate::node::Ticket;
use crate::units::{Moment, Span};
use std::collections::BTreeSet;

/// Work in fractions of 2^-32 ns, so that rounding does not add up.
type Work = u128;

const ONE: Work = 1 << 32;

/// The pieces of work that share the servers.
#[derive(Default, Debug)]
pub struct Sharing {
    /// Work that every piece present from the beginning would have got.
    attained: Work,
    /// When `attained` was brought up to date.
    since: Moment,
    /// Where the clock stands when a piece ends, and its hold.
    ends: BTreeSet<(Work, Ticket)>,
}

impl Sharing {
    /// Brings the clock up to date. Before anything else at a new moment, and before the number of servers changes.
    pub fn advance(&mut self, now: Moment, servers: u32) {
        let passed = Work::from(now.since(self.since).0) * ONE;
        let pieces = self.ends.len() as Work;
        self.attained += (passed * pieces.min(Work::from(servers))).checked_div(pieces).unwrap_or(0);
        self.since = self.since.max(now);
    }

    /// A piece that needs this much work begins.
    pub fn begin(&mut self, ticket: Ticket, needs: Span) {
        self.ends.insert((self.attained + Work::from(needs.0) * ONE, ticket));
    }

    /// Takes a piece that has got all its work.
    pub fn take_ended(&mut self) -> Option<Ticket> {
        // Moments are whole nanoseconds: what ends within one has ended.
        let (end, ticket) = *self.ends.first()?;
        (end < self.attained + ONE).then(|| {
            self.ends.pop_first();
            ticket
        })
    }

    /// When the next piece ends if none comes or goes before.
    pub fn next_end(&self, servers: u32) -> Option<Moment> {
        let (end, _) = self.ends.first()?;
        let pieces = self.ends.len() as Work;
        let left = end.saturating_sub(self.attained);
        let nanos = (left * pieces / pieces.min(Work::from(servers)) / ONE).max(1);
        Some(self.since + Span(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as (begins, needs) in nanoseconds; when they end, by brute force over every nanosecond and by the clock.
    fn check(servers: u32, pieces: &[(u64, u64)], expected: &[u64]) {
        let mut sharing = Sharing::default();
        let mut ended = vec![0; pieces.len()];
        let mut begun = 0;
        let mut now = Moment::START;
        loop {
            let next_begin = pieces.get(begun).map(|(at, _)| Moment(*at));
            let next = match (next_begin, sharing.next_end(servers)) {
                (Some(begin), Some(end)) => begin.min(end),
                (Some(next), None) | (None, Some(next)) => next,
                (None, None) => break,
            };
            assert!(next >= now);
            now = next;
            sharing.advance(now, servers);
            while let Some(ticket) = sharing.take_ended() {
                ended[ticket.0 as usize] = now.0;
            }
            while pieces.get(begun).is_some_and(|(at, _)| *at == now.0) {
                sharing.begin(Ticket(begun as u64), Span(pieces[begun].1));
                begun += 1;
            }
        }
        assert_eq!(ended, expected, "{servers} servers, {pieces:?}");
    }

    #[test]
    fn alone_a_piece_goes_at_full_pace_and_together_they_share() {
        check(1, &[(5, 100)], &[105]);
        // Two of 100: each at half pace.
        check(1, &[(0, 100), (0, 100)], &[200, 200]);
        // The first has 50 left when the second comes: both get 50 by 150; then the second has 50 left, alone.
        check(1, &[(0, 100), (50, 100)], &[150, 200]);
        // A short one overtakes: at 10 it comes, at 30 it has its 10; the other has 100 - 10 - 10 left.
        check(1, &[(0, 100), (10, 10)], &[110, 30]);
    }

    #[test]
    fn several_servers_slow_down_only_when_there_are_more_pieces() {
        check(2, &[(0, 100), (0, 100)], &[100, 100]);
        check(2, &[(0, 100), (0, 100), (0, 100), (0, 100)], &[200, 200, 200, 200]);
        check(2, &[(0, 90), (0, 90), (30, 90)], &[120, 120, 150]);
    }

    #[test]
    fn rounding_does_not_add_up() {
        // Three share one server; a thousand passers-by come and go meanwhile.
        let mut pieces = vec![(0, 1_000_000), (0, 1_000_000), (0, 1_000_000)];
        pieces.extend((0..1_000).map(|n| (n * 1_000 + 7, 1)));
        let mut sharing = Sharing::default();
        let (mut begun, mut last) = (0, 0);
        loop {
            let begin = pieces.get(begun).map_or(Moment::NEVER, |(at, _)| Moment(*at));
            let Some(now) = Some(begin.min(sharing.next_end(1).unwrap_or(Moment::NEVER))).filter(|now| *now < Moment::NEVER) else { break };
            sharing.advance(now, 1);
            while let Some(ticket) = sharing.take_ended() {
                last = if ticket.0 < 3 { now.0 } else { last };
            }
            while pieces.get(begun).is_some_and(|(at, _)| *at == now.0) {
                sharing.begin(Ticket(begun as u64), Span(pieces[begun].1));
                begun += 1;
            }
        }
        // All work together, with no idle time: the long ones end when all is done.
        let all: u64 = pieces.iter().map(|(_, needs)| needs).sum();
        assert!(last.abs_diff(all) <= 2, "{last}, all work is {all}");
    }
}
