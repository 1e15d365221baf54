//! Finds blocked stations that wait for each other in a circle (G13).

/// The circles in a wait-for graph, each as the stations in order. `waits` lists (who waits, for whom); only stations that themselves wait
/// can be in a circle. `count` is the number of stations.
pub fn circles(count: usize, waits: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); count];
    for &(from, to) in waits {
        next[from as usize].push(to);
    }
    // A station is done once all ways from it are known to end or were reported.
    let mut done = vec![false; count];
    let mut circles = Vec::new();
    for start in 0..count {
        let mut path: Vec<(u32, usize)> = Vec::new();
        if !done[start] && !next[start].is_empty() {
            path.push((start as u32, 0));
        }
        while let Some((station, tried)) = path.last().copied() {
            let Some(&to) = next[station as usize].get(tried) else {
                done[station as usize] = true;
                path.pop();
                continue;
            };
            path.last_mut().expect("the path is not empty here").1 += 1;
            if let Some(at) = path.iter().position(|(on_path, _)| *on_path == to) {
                circles.push(path[at..].iter().map(|(station, _)| *station).collect());
            } else if !done[to as usize] {
                path.push((to, 0));
            }
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g13_circles_are_found_and_chains_are_not() {
        assert_eq!(circles(3, &[(0, 1), (1, 2)]), Vec::<Vec<u32>>::new());
        assert_eq!(circles(4, &[(0, 1), (1, 2), (2, 1), (3, 0)]), [vec![1, 2]]);
        assert_eq!(circles(2, &[(0, 1), (1, 0)]), [vec![0, 1]]);
    }
}
