//! What the system says of this process and of others: processor time and memory.

use std::fs;

/// Processor time that the threads alive now have used so far, in seconds.
pub fn processor_time() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        // A thread that ended meanwhile has no file any more.
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}

/// Memory of this process that lies in the machine's memory, in bytes.
pub fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

/// Memory of another process that lies in the machine's memory, in bytes, without what is mapped from files whose names contain one of these.
pub fn resident_without(process: u32, left_out: &[&str]) -> Option<u64> {
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).ok()?;
    let (mut counts, mut sum) = (true, 0);
    for line in maps.lines() {
        if let Some(size) = line.strip_prefix("Rss:") {
            let size = size.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024;
            sum += if counts { size } else { 0 };
        } else if line.split_once(' ').is_some_and(|(range, _)| range.contains('-')) {
            counts = !left_out.iter().any(|name| line.contains(name));
        }
    }
    Some(sum)
}
