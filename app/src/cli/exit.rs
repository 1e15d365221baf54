//! The exit codes: one table, from which the help page and the README take theirs.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// All is well.
    Good,
    /// The graph has errors, or is not formatted.
    Problems,
    /// The command line itself is wrong.
    Usage,
    /// A file cannot be read or written.
    File,
    /// The run failed.
    Run,
    /// The window cannot be opened.
    Window,
    /// The run did not come as the graph expects.
    Expectations,
}

impl Exit {
    /// Every code with its meaning.
    pub const TABLE: [(Self, u8, &'static str); 7] = [
        (Self::Good, 0, "all is well; warnings and advice do not count"),
        (Self::Problems, 1, "the graph has errors, or `fmt --check` would change the file"),
        (Self::Usage, 2, "the command line is wrong: an unknown option, verb, kind or problem code"),
        (Self::File, 3, "a file cannot be read or written"),
        (
            Self::Run,
            4,
            "the run failed: it could not go on, a source gave nothing but errors, or its books or another law of every run do not hold",
        ),
        (Self::Window, 5, "the window cannot be opened"),
        (Self::Expectations, 6, "the run ended well, but broke an expectation of the graph"),
    ];

    /// The number that the system gets.
    pub fn number(self) -> u8 {
        Self::TABLE.iter().find(|(exit, ..)| *exit == self).map_or(u8::MAX, |(_, number, _)| *number)
    }

    /// The table as lines of the help page.
    pub fn help() -> String {
        let lines: Vec<String> = Self::TABLE.iter().map(|(_, number, meaning)| format!("  {number}  {meaning}")).collect();
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_all_in_the_table() {
        for (place, (exit, number, meaning)) in Exit::TABLE.iter().enumerate() {
            assert_eq!(usize::from(*number), place, "{exit:?}");
            assert_eq!(exit.number(), *number);
            assert!(!meaning.is_empty());
        }
    }

    #[test]
    fn the_readme_holds_the_same_table() {
        let readme = include_str!("../../../README.md");
        for (_, number, meaning) in Exit::TABLE {
            let line = format!("| {number} | {meaning} |");
            assert!(readme.contains(&line), "README.md lacks the line: {line}");
        }
    }
}
