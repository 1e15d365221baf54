//! Letters between durable nodes: on the disk in one place or the other, at every moment.

use super::{Trial, read};

impl Trial {
    fn gauge(&mut self, id: &str, name: &str) -> f64 {
        let now = self.0.now();
        let mut gauges = Vec::new();
        self.station(id).behaviour.gauges(now, &mut gauges);
        gauges.iter().find(|gauge| gauge.name == name).expect("it reports this").value
    }
}

#[test]
fn g4_a_letter_leaves_the_disk_when_the_queue_that_it_went_to_has_written_it() {
    let graph = read(
        r#""orders": generator(rate: "10/s", count: 1), "work": queue(max_deliveries: 1, durable: true, write_time: "100 ms"),
        "staff": consumer_pool(servers: 1, service: constant("1 ms"), failure_share: 1.0),
        "failed": dead_letters(durable: true, write_time: "0 s"),
        "ticks": generator(rate: "10/s"), "clock": sink()"#,
        r#""orders.out -> work.in", "work.out -> staff.in", "work.dead_letters -> failed.in", "ticks.out -> clock.in""#,
    );
    let mut trial = Trial::new(&graph);
    trial.until(2.0);
    let writes = trial.gauge("failed", "writes");
    assert_eq!((trial.kept("failed").len(), writes), (1, 1.0));
    trial.redrive("failed", 0..1, None);
    trial.until(2.05);
    assert_eq!((trial.kept("failed").len(), trial.gauge("work", "unwritten"), trial.gauge("failed", "writes")), (0, 1.0, writes));
    // The queue has it; it is taken off where it was, fails again, and is written as a new letter.
    trial.until(2.5);
    assert_eq!((trial.kept("failed").len(), trial.gauge("work", "unwritten"), trial.gauge("failed", "writes")), (1, 0.0, writes + 2.0));
    assert_eq!(trial.kept("failed")[0].redriven(), 1);
    assert!(trial.report().messages.balanced);
}
