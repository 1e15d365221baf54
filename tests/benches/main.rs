//! `cargo bench`: every figure that the program promises, beside a measuring stick that runs in the same process.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod canvas;
mod durable;
mod expressions;
mod harness;
mod latency;
mod live;
mod many;
mod memory;
mod opening;
mod options;
mod process;
mod replications;
mod running;
mod simulated;
mod sticks {
    //! Hand-written ways to do the same work: limits, and peers.
    pub mod envelope;
    pub mod flow;
    pub mod heap;
    pub mod nexosim;
    pub mod painting;
    pub mod tokio_chain;
}
mod table;
mod thousand;
mod wildcards;

use harness::{Case, Scale};
use options::Options;
use std::fmt;
use std::process::ExitCode;

/// The program's own allocator, for the sticks too.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn cases() -> Vec<Case> {
    let families = [
        live::cases,
        latency::cases,
        thousand::cases,
        expressions::cases,
        wildcards::cases,
        simulated::cases,
        many::cases,
        durable::cases,
        replications::cases,
        opening::cases,
        canvas::cases,
        memory::cases,
    ];
    families.into_iter().flat_map(|cases| cases()).collect()
}

/// Says on standard error what is going on.
struct Progress;

impl fmt::Write for Progress {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        eprint!("{text}");
        Ok(())
    }
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    if options.alone.as_deref() == Some(memory::QUEUE) {
        println!("{}", memory::queued());
        return ExitCode::SUCCESS;
    }
    let cases: Vec<Case> = cases().into_iter().filter(|case| options.wants(case.name)).collect();
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        return ExitCode::SUCCESS;
    }
    let scale = Scale { quick: options.quick };
    let rows: Vec<_> = cases.into_iter().flat_map(|case| case.run(options.runs(), scale, &mut Progress)).collect();
    print!("{}", table::table(&rows, options.form));
    ExitCode::SUCCESS
}
