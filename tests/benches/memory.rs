//! Memory: what a queued message takes beyond its payload, and what the window takes at rest.

use super::harness::{Case, Contestant, Figures, Goal, Line, Unit};
use super::live::graph;
use super::process::{resident, resident_without};
use super::running::{end, live, look_on, start};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const MESSAGES: u64 = 1_000_000;
const PAYLOAD: &str = "0123456789abcdef";
/// The measurement that a process makes alone.
pub const QUEUE: &str = "queue";

/// Fills a queue; the growth of this process for each message, less the payload.
pub fn queued() -> f64 {
    let fill = |count: u64| {
        let nodes = format!(
            r#""source": generator(arrivals: fastest, count: {count}, payload: "{PAYLOAD}"), "work": queue(capacity: 2000000),
            "desk": consumer_pool(service: constant("1 h")),"#
        );
        let run = start(&graph(&nodes, r#""source.out -> work.in", "work.out -> desk.in""#), &live(0));
        while look_on(&run, Duration::from_millis(50)).nodes.values().map(|node| node.received).sum::<u64>() <= count {}
        // Nothing may be between the two any more.
        look_on(&run, Duration::from_millis(200));
        run
    };
    // The first run brings in what every run needs once.
    end(fill(1_000));
    let before = resident().expect("Linux tells");
    let run = fill(MESSAGES);
    let grown = resident().expect("Linux tells") - before;
    let report = end(run);
    assert_eq!(report.messages.held, MESSAGES);
    grown as f64 / MESSAGES as f64 - PAYLOAD.len() as f64
}

/// Makes a measurement in a process of its own, where nothing has grown before.
fn alone(name: &str) -> Figures {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program).args(["--alone", name]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map(|figure| vec![figure]).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The libraries of GL drivers, as their files are called.
const DRIVER: &[&str] =
    &["libgallium", "libLLVM", "libGL", "libEGL", "libglapi", "_dri.so", "libdrm", "libvulkan", "libnvidia", "/dev/dri"];

/// Opens the window of the release program on a screen of its own and looks at it after it has come to rest.
fn window() -> Figures {
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = bench.parent().and_then(|folder| folder.parent()).map(|folder| folder.join("pipewright"));
    let program = program.filter(|program| program.exists()).ok_or("there is no release program; `cargo build --release` makes it")?;
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-noreset"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut screen = Ended(command.spawn().map_err(|_| "there is no Xvfb")?);
    let mut number = String::new();
    let told = screen.0.stdout.take().expect("it was piped");
    BufReader::new(told).read_line(&mut number).map_err(|error| error.to_string())?;
    let folder = pipewright_tests::Folder::new("window");
    let mut command = Command::new(program);
    command.env("DISPLAY", format!(":{}", number.trim())).env_remove("WAYLAND_DISPLAY").stdout(Stdio::null()).stderr(Stdio::null());
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
        command.env(name, folder.path());
    }
    let mut window = Ended(command.spawn().map_err(|error| error.to_string())?);
    std::thread::sleep(Duration::from_secs(4));
    if let Ok(Some(status)) = window.0.try_wait() {
        return Err(format!("the window did not open: {status}"));
    }
    let size = resident_without(window.0.id(), DRIVER).ok_or("the system does not tell")?;
    Ok(vec![size as f64])
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "memory of a queued message",
            ours: Contestant::fallible("a live run", |_| alone(QUEUE)),
            sticks: vec![],
            lines: vec![Line::new("beyond its payload", Unit::Bytes, [Goal::AtMost(200.0)])],
        },
        Case {
            name: "memory of the window at rest",
            ours: Contestant::fallible("the release program", |_| window()),
            sticks: vec![],
            lines: vec![Line::new("without the GL driver's libraries", Unit::Bytes, [Goal::AtMost(150e6)])],
        },
    ]
}
