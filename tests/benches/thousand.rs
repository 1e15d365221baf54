//! A thousand nodes in one live graph: at full speed, and at rest.

use super::harness::{Case, Contestant, Goal, Line, Scale, Unit};
use super::live::{five_stages, graph};
use super::process::processor_time;
use super::running::{end, live, live_rate, look_on, start};
use super::sticks::tokio_chain;
use std::time::{Duration, Instant};

/// Lines of five nodes.
const LINES: usize = 200;
const TIME: Duration = Duration::from_millis(800);

fn lines(arrivals: &str) -> String {
    let (nodes, pipes): (Vec<_>, Vec<_>) = (0..LINES).map(|line| five_stages(&line.to_string(), arrivals)).unzip();
    graph(&nodes.concat(), &pipes.concat())
}

/// The share of one core that a run takes whose sources have nothing to send yet.
fn at_rest(scale: Scale) -> Vec<f64> {
    let run = start(&lines("arrivals: constant, start_after: \"1 h\""), &live(0));
    look_on(&run, Duration::from_millis(300));
    let (used, began) = (processor_time(), Instant::now());
    // Nobody looks: what the window costs is the window's.
    std::thread::sleep(scale.time(Duration::from_secs(2)));
    let share = (processor_time() - used) / began.elapsed().as_secs_f64();
    end(run);
    vec![share]
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "live, 1,000 nodes",
            ours: Contestant::new("a live run", |scale| {
                vec![live_rate(&lines("arrivals: fastest"), 0, scale.time(TIME), |snapshot| snapshot.books.delivered)]
            }),
            sticks: vec![Contestant::new("1,000 tasks, tokio mpsc", |scale| vec![tokio_chain::side_by_side(LINES, scale.time(TIME))])],
            lines: vec![Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(3.0)])],
        },
        Case {
            name: "live, 1,000 nodes at rest",
            ours: Contestant::new("a live run", at_rest),
            sticks: vec![],
            lines: vec![Line::new("share of a core", Unit::Share, [Goal::AtMost(0.01)])],
        },
    ]
}
