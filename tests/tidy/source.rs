//! A source file taken apart just far enough: comments and texts blanked out, the tests at its end cut off.

use pipewright_tests::{files_below, root, shown};

/// One source file.
pub struct Source {
    /// Its path from the top of the repository.
    pub path: String,
    /// The text as it stands.
    pub text: String,
    /// The text with comments and the insides of literals blanked out; lines keep their numbers.
    pub code: String,
    /// The part of `code` before the tests at the end; empty if the whole file is a test.
    pub shipped: String,
}

impl Source {
    /// Every Rust file of the repository.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = ["app", "runtime", "tests"]
            .iter()
            .flat_map(|package| files_below(&root().join(package), ".rs"))
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                Self::new(shown(&path), text)
            })
            .collect();
        // A module that another file declares for tests alone is a test from its first line to its last.
        let tests: Vec<String> = all.iter().flat_map(Self::test_files).collect();
        for source in &mut all {
            if tests.contains(&source.path) {
                source.shipped.clear();
            }
        }
        all
    }

    /// The paths of the modules that this file declares as `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs")) => folder,
            _ => self.path.trim_end_matches(".rs"),
        };
        let declared = self.code.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
            let line = rest.lines().next()?.trim().trim_start_matches("pub ").trim_start_matches("(crate) ");
            line.strip_prefix("mod ")?.strip_suffix(';').map(|name| format!("{folder}/{name}.rs"))
        });
        declared.collect()
    }

    /// Takes a file apart.
    pub fn new(path: String, text: String) -> Self {
        let code = blank(&text);
        let is_test = path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/");
        let shipped = match code.find("#[cfg(test)]\nmod ") {
            _ if is_test => "",
            Some(at) if code[at..].lines().nth(1).is_some_and(|line| line.trim_end().ends_with('{')) => &code[..at],
            _ => &code,
        };
        Self { shipped: shipped.to_owned(), path, text, code }
    }
}

/// The line number of a byte of a text, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count()
}

/// Blanks comments, and the insides of string and character literals. Quotes and line ends stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut wipe = |from: usize, to: usize| {
        for byte in &mut out[from..to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if rest.starts_with("//") {
            let end = at + rest.find('\n').unwrap_or(rest.len());
            wipe(at, end);
            at = end;
        } else if rest.starts_with("/*") {
            let end = at + rest.find("*/").map_or(rest.len(), |length| length + 2);
            wipe(at, end);
            at = end;
        } else if !word_before && let Some((open, close)) = raw_string(rest) {
            let inside = at + open;
            let end = inside + text[inside..].find(&close).unwrap_or(text.len() - inside);
            wipe(inside, end);
            at = (end + close.len()).min(text.len());
        } else if rest.starts_with('"') {
            let end = string_end(bytes, at + 1);
            wipe(at + 1, end);
            at = (end + 1).min(bytes.len());
        } else if let Some(length) = character(rest) {
            wipe(at + 1, at + length - 1);
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    String::from_utf8(out).expect("only whole literals are blanked")
}

/// The length of a raw string's opening, and its closing, if one begins here.
fn raw_string(rest: &str) -> Option<(usize, String)> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then(|| (rest.len() - after.len() + hashes + 1, format!("\"{}", "#".repeat(hashes))))
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The length of the character literal that begins here; `None` for a lifetime and for anything else.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first == '\\' {
        return inside[2..].find('\'').map(|length| length + 4);
    }
    inside[first.len_utf8()..].starts_with('\'').then_some(first.len_utf8() + 2)
}

#[test]
fn blanking_spares_code_alone() {
    let check = |input: &str, expected: &str| assert_eq!(blank(input), expected, "{input}");
    check("a // b\nc", "a     \nc");
    check("f(\"x // y\") + 1", "f(\"      \") + 1");
    check(r##"r#"a "quoted" b"# + c"##, r##"r#"            "# + c"##);
    check(r"'\'' 'a' &'a str", r"'  ' ' ' &'a str");
    check("\"a\\\"b\" c", "\"    \" c");
}

#[test]
fn tests_at_the_end_are_cut_off() {
    let source = Source::new("runtime/src/a.rs".into(), "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n".into());
    assert_eq!(source.shipped, "fn a() {}\n");
    let source = Source::new("runtime/src/a.rs".into(), "#[cfg(test)]\nmod tests;\nfn a() {}\n".into());
    assert!(source.shipped.contains("fn a()"));
}
