//! What may stand behind `cargo bench --`.

/// How the table is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Text,
    /// For `runtime/docs/performance.md`.
    Markdown,
    /// For programs.
    Json,
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Words; a case is measured if its name contains one of them, or if there are none.
    pub filters: Vec<String>,
    /// Whether rough figures will do.
    pub quick: bool,
    /// How many interleaved runs.
    pub runs: Option<usize>,
    /// How the table is printed.
    pub form: Form,
    /// Whether the cases are only listed.
    pub list: bool,
    /// A measurement that this process is to make alone, for a parent.
    pub alone: Option<String>,
}

/// What the options are.
pub const HELP: &str = "cargo bench -- [WORD...] [--quick] [--runs N] [--markdown | --json] [--list]

  WORD        measure the cases whose names contain one of the words
  --quick     three short runs instead of seven long ones
  --runs N    so many interleaved runs
  --markdown  print the table as it stands in runtime/docs/performance.md
  --json      print the rows as JSON
  --list      name the cases, measure nothing";

impl Options {
    /// Reads the command line.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { filters: Vec::new(), quick: false, runs: None, form: Form::Text, list: false, alone: None };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--markdown" => options.form = Form::Markdown,
                "--json" => options.form = Form::Json,
                "--list" => options.list = true,
                "--runs" => {
                    let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                    options.runs = Some(number.ok_or("--runs needs a number from 1 on")?);
                }
                "--alone" => options.alone = Some(arguments.next().ok_or("--alone needs a name")?),
                "--help" | "-h" => return Err(HELP.to_owned()),
                word if word.starts_with('-') => return Err(format!("there is no option `{word}`\n\n{HELP}")),
                word => options.filters.push(word.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether a case is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }

    /// How many interleaved runs there are to be.
    pub fn runs(&self) -> usize {
        self.runs.unwrap_or(if self.quick { 3 } else { 7 })
    }
}
