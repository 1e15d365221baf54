//! Arranges a graph from left to right: layers by longest way, few crossings, straight runs (after Sugiyama, Tagawa, Toda 1981).

mod framed;

use super::query::Wiring;
use super::{Edit, Graph, Point};
use crate::id::NodeId;

/// A node's width on the canvas.
pub const NODE_WIDTH: f32 = 176.0;
/// A node's height on the canvas.
pub const NODE_HEIGHT: f32 = 86.0;
/// Space between layers: room for a pipe and its figures.
const COLUMN_GAP: f32 = 104.0;
/// Space between nodes of a layer.
const ROW_GAP: f32 = 42.0;
/// Everything stands on this grid.
const GRID: f32 = 4.0;
/// How often the order within the layers is improved, there and back.
const SWEEPS: usize = 12;

/// An edit that moves every node to its place in a layered drawing, the left upper one near `origin`. What lies in a frame is arranged in
/// it, and the frame takes its place like a node (see `layout/framed.rs`).
pub fn arrange(graph: &Graph, origin: Point) -> Edit {
    if !graph.frames.is_empty() {
        return framed::arrange(graph, origin);
    }
    let sizes = vec![NODE; graph.nodes.len()];
    let places = places(&Wiring::of(graph), &sizes);
    let name = |number: usize| -> NodeId { graph.nodes.get_index(number).expect("numbers come from this graph").0.clone() };
    let place = |(number, point): (usize, Point)| (name(number), snapped(origin, point));
    let moved = Edit::MoveNodes(places.into_iter().enumerate().map(place).collect());
    with_straight_pipes(graph, moved)
}

const NODE: Point = Point { x: NODE_WIDTH, y: NODE_HEIGHT };

fn snapped(origin: Point, at: Point) -> Point {
    let snap = |value: f32| (value / GRID).round() * GRID;
    Point { x: snap(origin.x + at.x), y: snap(origin.y + at.y) }
}

/// The same edit, with every bend taken away: it led around things that stand elsewhere now.
fn with_straight_pipes(graph: &Graph, moved: Edit) -> Edit {
    let bent = graph.pipes.iter().filter(|(_, pipe)| !pipe.bends.is_empty());
    let straight: Vec<Edit> = bent.map(|(id, _)| Edit::SetBends(id.clone(), Vec::new())).collect();
    if straight.is_empty() { moved } else { Edit::Group(std::iter::once(moved).chain(straight).collect()) }
}

/// Where things of these sizes, wired like this, stand in a layered drawing that begins at zero.
fn places(wiring: &Wiring, sizes: &[Point]) -> Vec<Point> {
    coordinates(&layers(wiring), sizes)
}

/// Layers from left to right, each in order from top to bottom; numbers beyond the nodes stand for the places where a long pipe passes.
struct Layers {
    nodes: usize,
    rows: Vec<Vec<usize>>,
    /// Neighbours to the left and right of each node and passing place.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

fn layers(wiring: &Wiring) -> Layers {
    let count = wiring.out.len();
    let (forward, layer) = longest_ways(wiring);
    let depth = layer.iter().max().map_or(0, |deepest| deepest + 1);
    let mut made = Layers { nodes: count, rows: vec![Vec::new(); depth], left: vec![Vec::new(); count], right: vec![Vec::new(); count] };
    for (node, &at) in layer.iter().enumerate() {
        made.rows[at].push(node);
    }
    // Long pipes pass through the layers between, but not so many that the drawing becomes the cost.
    let mut passing = 0;
    for (from, to) in forward {
        let mut last = from;
        for row in layer[from] + 1..layer[to] {
            if passing >= 4 * count {
                break;
            }
            passing += 1;
            let number = made.left.len();
            made.left.push(vec![last]);
            made.right.push(Vec::new());
            made.right[last].push(number);
            made.rows[row].push(number);
            last = number;
        }
        made.right[last].push(to);
        made.left[to].push(last);
    }
    made.reduce_crossings();
    made
}

/// The pipes without those that close a cycle, and for each node the length of the longest way to it.
fn longest_ways(wiring: &Wiring) -> (Vec<(usize, usize)>, Vec<usize>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let count = wiring.out.len();
    let mut marks = vec![Mark::New; count];
    let (mut forward, mut finished) = (Vec::new(), Vec::with_capacity(count));
    // Sources first, so that a cycle is entered where messages enter it.
    let (sources, others): (Vec<usize>, Vec<usize>) = (0..count).partition(|&node| wiring.into[node].is_empty());
    for root in sources.into_iter().chain(others) {
        if marks[root] != Mark::New {
            continue;
        }
        let mut path = vec![(root, 0)];
        marks[root] = Mark::Open;
        while let Some((node, at)) = path.pop() {
            let Some(&(_, to)) = wiring.out[node].get(at) else {
                marks[node] = Mark::Done;
                finished.push(node);
                continue;
            };
            path.push((node, at + 1));
            match marks[to] {
                Mark::Open => {}
                Mark::Done => forward.push((node, to)),
                Mark::New => {
                    forward.push((node, to));
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
            }
        }
    }
    let mut next = vec![Vec::new(); count];
    for &(from, to) in &forward {
        next[from].push(to);
    }
    let mut layer = vec![0_usize; count];
    for &node in finished.iter().rev() {
        for &to in &next[node] {
            layer[to] = layer[to].max(layer[node] + 1);
        }
    }
    // A source stands just before what it feeds, not far left of it.
    for &node in &finished {
        if wiring.into[node].is_empty()
            && let Some(nearest) = next[node].iter().map(|&to| layer[to]).min()
        {
            layer[node] = nearest.saturating_sub(1);
        }
    }
    (forward, layer)
}

impl Layers {
    /// Sorts each layer by the mean place of its neighbours, sweeping right and left, and keeps the order with the fewest crossings.
    fn reduce_crossings(&mut self) {
        let mut place = vec![0.0_f32; self.left.len()];
        let number_rows = |rows: &[Vec<usize>], place: &mut [f32]| {
            for row in rows {
                row.iter().enumerate().for_each(|(at, &node)| place[node] = at as f32);
            }
        };
        number_rows(&self.rows, &mut place);
        let (mut best, mut fewest) = (self.rows.clone(), self.crossings(&place));
        let mut stale = 0;
        for sweep in 0..SWEEPS {
            let rightward = sweep % 2 == 0;
            let columns: Vec<usize> = if rightward { (0..self.rows.len()).collect() } else { (0..self.rows.len()).rev().collect() };
            for column in columns {
                let neighbours = if rightward { &self.left } else { &self.right };
                let mean = |node: usize, place: &[f32]| match neighbours[node].as_slice() {
                    [] => place[node],
                    near => near.iter().map(|&other| place[other]).sum::<f32>() / near.len() as f32,
                };
                let mut row: Vec<(f32, usize)> = self.rows[column].iter().map(|&node| (mean(node, &place), node)).collect();
                row.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[column] = row.into_iter().map(|(_, node)| node).collect();
                self.rows[column].iter().enumerate().for_each(|(at, &node)| place[node] = at as f32);
            }
            let crossings = self.crossings(&place);
            if crossings < fewest {
                (best, fewest, stale) = (self.rows.clone(), crossings, 0);
            } else {
                stale += 1;
            }
            if fewest == 0 || stale == 4 {
                break;
            }
        }
        self.rows = best;
    }

    /// How many pairs of pipes between neighbouring layers cross: inversions, counted with a Fenwick tree.
    fn crossings(&self, place: &[f32]) -> u64 {
        let mut total = 0;
        for (column, row) in self.rows.iter().enumerate() {
            let Some(next) = self.rows.get(column + 1) else { break };
            let mut tree = vec![0_u64; next.len() + 1];
            let mut seen = 0;
            for &node in row {
                let mut ends: Vec<usize> = self.right[node].iter().map(|&to| place[to] as usize).collect();
                ends.retain(|&end| end < next.len());
                for &end in &ends {
                    let (mut at, mut not_beyond) = (end + 1, 0);
                    while at > 0 {
                        not_beyond += tree[at];
                        at &= at - 1;
                    }
                    total += seen - not_beyond;
                }
                for end in ends {
                    let mut at = end + 1;
                    while at < tree.len() {
                        tree[at] += 1;
                        at += at & at.wrapping_neg();
                    }
                    seen += 1;
                }
            }
        }
        total
    }
}

/// Left upper corners: columns as wide as their widest, rows pulled towards their neighbours but never closer than a gap.
fn coordinates(layers: &Layers, sizes: &[Point]) -> Vec<Point> {
    // Where a long pipe passes, it takes as much room as a node.
    let height = |node: usize| sizes.get(node).map_or(NODE_HEIGHT, |size| size.y);
    // Middles, from here on.
    let mut y = vec![0.0_f32; layers.left.len()];
    for row in &layers.rows {
        let mut top = 0.0;
        for &node in row {
            y[node] = top + height(node) * 0.5;
            top += height(node) + ROW_GAP;
        }
    }
    for sweep in 0..8 {
        let rightward = sweep % 2 == 0;
        let columns: Vec<usize> = if rightward { (0..layers.rows.len()).collect() } else { (0..layers.rows.len()).rev().collect() };
        for column in columns {
            let row = &layers.rows[column];
            let wished: Vec<(f32, f32)> = row
                .iter()
                .map(|&node| {
                    let (left, right) = (&layers.left[node], &layers.right[node]);
                    let near = if (rightward && !left.is_empty()) || right.is_empty() { left } else { right };
                    let sum: f32 = near.iter().map(|&other| y[other]).sum();
                    (if near.is_empty() { y[node] } else { sum / near.len() as f32 }, height(node))
                })
                .collect();
            for (&node, place) in row.iter().zip(spread(&wished)) {
                y[node] = place;
            }
        }
    }
    let top = (0..layers.nodes).map(|node| y[node] - height(node) * 0.5).fold(f32::INFINITY, f32::min);
    let mut places = vec![Point::default(); layers.nodes];
    let mut left = 0.0;
    for row in &layers.rows {
        let nodes = || row.iter().copied().filter(|&node| node < layers.nodes);
        for node in nodes() {
            places[node] = Point { x: left, y: y[node] - height(node) * 0.5 - top };
        }
        left += nodes().map(|node| sizes[node].x).fold(NODE_WIDTH, f32::max) + COLUMN_GAP;
    }
    places
}

/// The middles nearest to the wished ones (least squares) that keep the order and the gaps, for things of these heights: pool adjacent
/// violators.
fn spread(wished: &[(f32, f32)]) -> Vec<f32> {
    let mut blocks: Vec<(f32, usize)> = Vec::new();
    let (mut offsets, mut offset, mut before) = (Vec::with_capacity(wished.len()), 0.0, None);
    for &(wish, height) in wished {
        offset += before.map_or(0.0, |before: f32| (before + height) * 0.5 + ROW_GAP);
        before = Some(height);
        offsets.push(offset);
        blocks.push((wish - offset, 1));
        while let [.., (a, m), (b, n)] = blocks[..]
            && a > b
        {
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * m as f32 + b * n as f32) / (m + n) as f32, m + n));
        }
    }
    let flat = blocks.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
    flat.zip(offsets).map(|(place, offset)| place + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{id, wired};

    fn arranged(pipes: &[&str]) -> Graph {
        let mut graph = wired(pipes);
        graph.apply(arrange(&graph, Point::default())).unwrap();
        graph
    }

    fn at(graph: &Graph, node: &str) -> Point {
        graph.nodes[&id(node)].position
    }

    fn assert_apart(graph: &Graph) {
        let places: Vec<Point> = graph.nodes.values().map(|node| node.position).collect();
        for (n, a) in places.iter().enumerate() {
            assert!(a.x % GRID == 0.0 && a.y % GRID == 0.0 && a.x >= 0.0 && a.y >= 0.0, "{a:?}");
            for b in &places[n + 1..] {
                assert!((a.x - b.x).abs() >= NODE_WIDTH || (a.y - b.y).abs() >= NODE_HEIGHT, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_chain_runs_straight_to_the_right() {
        let graph = arranged(&["b.o -> c.i", "a.o -> b.i", "c.o -> d.i"]);
        let places: Vec<Point> = ["a", "b", "c", "d"].iter().map(|node| at(&graph, node)).collect();
        assert!(places.windows(2).all(|pair| pair[0].x < pair[1].x && pair[0].y == pair[1].y), "{places:?}");
    }

    #[test]
    fn branches_stand_apart_and_do_not_cross() {
        let graph = arranged(&["a.o -> b.i", "a.o -> c.i", "a.o -> d.i", "d.o -> z.i", "c.o -> y.i", "b.o -> x.i"]);
        assert_apart(&graph);
        let order = |nodes: [&str; 3]| nodes.map(|node| at(&graph, node).y as i32);
        let (left, right) = (order(["b", "c", "d"]), order(["x", "y", "z"]));
        for (i, j) in [(0, 1), (1, 2), (0, 2)] {
            assert_eq!(left[i] < left[j], right[i] < right[j]);
        }
    }

    #[test]
    fn cycles_islands_and_nothing_arrange_too() {
        assert_apart(&arranged(&["a.o -> b.i", "b.o -> a.i", "x.o -> x.i", "p.o -> q.i", "a.o -> q.i"]));
        assert_eq!(arrange(&Graph::default(), Point::default()), Edit::MoveNodes(Vec::new()));
    }

    #[test]
    fn ten_thousand_nodes_take_well_under_a_minute_and_stay_apart_in_columns() {
        let pipes: Vec<String> =
            (1..10_000_u64).flat_map(|n| [format!("n{}.o -> n{n}.i", n / 3), format!("n{}.p -> n{n}.i", n / 7)]).collect();
        let graph = arranged(&pipes.iter().map(String::as_str).collect::<Vec<_>>());
        let mut columns: Vec<(i32, i32)> = graph.nodes.values().map(|node| (node.position.x as i32, node.position.y as i32)).collect();
        columns.sort_unstable();
        for pair in columns.windows(2) {
            assert!(pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 >= NODE_HEIGHT as i32, "{pair:?}");
        }
    }
}
