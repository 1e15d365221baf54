//! Cuts the text of a file into tokens, with the comments that stand before each.

use super::found::Found;
use crate::problem::Subject;

/// The three pairs of brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bracket {
    Round,
    Square,
    Curly,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    Open(Bracket),
    Close(Bracket),
    Colon,
    Comma,
    /// A name, `true`, `inf`..., also a raw one: `r#name`.
    Word,
    /// `"text"` with escapes.
    Text,
    /// `r#"text"#`
    RawText,
    /// `'c'`
    Character,
    Number,
    /// What is none of these; reported.
    Bad,
    /// The end of the text.
    End,
}

/// One token: what it is, and where (bytes).
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    /// The number of the first comment that stands before this token and after the one before.
    first_comment: usize,
}

/// The tokens of a text; the last is always `End`.
pub struct Tokens<'a> {
    pub text: &'a str,
    pub list: Vec<Token>,
    /// Byte ranges, in order.
    comments: Vec<(usize, usize)>,
}

impl Tokens<'_> {
    /// The text of a token.
    pub fn slice(&self, token: usize) -> &str {
        &self.text[self.list[token].start..self.list[token].end]
    }

    /// The comments before a token, as byte ranges.
    pub fn comments_before(&self, token: usize) -> &[(usize, usize)] {
        let end = self.list.get(token + 1).map_or(self.comments.len(), |next| next.first_comment);
        &self.comments[self.list[token].first_comment..end]
    }
}

/// How many tokens one file may have: some forty for each of the most nodes.
const MOST_TOKENS: usize = 8_000_000;

/// Cuts `text` into tokens. Never fails: what cannot be a token becomes `Bad` and is reported.
pub fn tokens<'a>(text: &'a str, found: &mut Found) -> Tokens<'a> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, comments: Vec::new(), missing: Vec::new(), found };
    lexer.skip_attributes();
    let mut tokens = Vec::with_capacity((text.len() / 6 + 1).min(MOST_TOKENS));
    loop {
        let first_comment = if tokens.is_empty() { 0 } else { lexer.comments.len() };
        lexer.skip_space_and_comments();
        let start = lexer.at;
        let mut kind = lexer.token();
        if tokens.len() >= MOST_TOKENS && kind != TokenKind::End {
            lexer.found.error(start, "PW102", Subject::Graph, "the file is too long to be read", "split it into several files");
            lexer.found.torn = true;
            kind = TokenKind::End;
        }
        tokens.push(Token { kind, start, end: lexer.at, first_comment });
        if kind == TokenKind::End {
            return Tokens { text, list: tokens, comments: lexer.comments };
        }
    }
}

struct Lexer<'a, 'f> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    comments: Vec<(usize, usize)>,
    /// Ends of raw texts (by their number of hashes) that were looked for in vain: looking again each time would take forever.
    missing: Vec<usize>,
    found: &'f mut Found,
}

impl Lexer<'_, '_> {
    fn peek(&self, ahead: usize) -> u8 {
        // No token has a zero byte in it, so it can stand for the end.
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Skips attributes of RON, `#![enable(...)]`, at the beginning: everything that they can enable is read anyway.
    fn skip_attributes(&mut self) {
        loop {
            self.skip_space_and_comments();
            let rest = &self.text[self.at..];
            match rest.find(']') {
                Some(end) if rest.starts_with("#![") => self.at += end + 1,
                _ => return,
            }
        }
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (b' ' | b'\t' | b'\r' | b'\n', _) => self.at += 1,
                (0xef, _) if self.at == 0 && self.text.starts_with('\u{feff}') => self.at += 3,
                (b'/', b'/') => {
                    let length = self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at);
                    let comment = self.text[self.at..self.at + length].trim_end();
                    self.comments.push((self.at, self.at + comment.len()));
                    self.at += length;
                }
                (b'/', b'*') => self.block_comment(),
                _ => return,
            }
        }
    }

    fn block_comment(&mut self) {
        let (start, mut depth) = (self.at, 0_usize);
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                self.comments.push((start, self.at));
                return;
            }
        }
        self.found.torn(start, "this comment never ends", "close it with `*/`");
    }

    fn token(&mut self) -> TokenKind {
        let single = match self.peek(0) {
            0 if self.at >= self.bytes.len() => return TokenKind::End,
            b'(' => TokenKind::Open(Bracket::Round),
            b')' => TokenKind::Close(Bracket::Round),
            b'[' => TokenKind::Open(Bracket::Square),
            b']' => TokenKind::Close(Bracket::Square),
            b'{' => TokenKind::Open(Bracket::Curly),
            b'}' => TokenKind::Close(Bracket::Curly),
            b':' => TokenKind::Colon,
            b',' => TokenKind::Comma,
            b'"' => return self.text_token(),
            b'\'' => return self.character(),
            b'r' if self.peek(1) == b'"' || (self.peek(1) == b'#' && matches!(self.peek(2), b'#' | b'"')) => return self.raw_text(),
            b'r' if self.peek(1) == b'#' => {
                self.at += 2;
                self.skip_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'));
                return TokenKind::Word;
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => return self.number(),
            _ => return self.word(),
        };
        self.at += 1;
        single
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = &self.text[self.at..];
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn word(&mut self) -> TokenKind {
        let start = self.at;
        self.skip_while(|c| c.is_alphanumeric() || c == '_');
        if self.at > start {
            return TokenKind::Word;
        }
        // One run of what cannot stand here is one problem, not one per character.
        let strange = |c: char| !(c.is_alphanumeric() || c.is_whitespace() || "()[]{}:,\"'_/+-.".contains(c));
        self.skip_while(strange);
        if self.at == start {
            self.at += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        let shown: String = self.text[start..self.at].chars().take(12).collect();
        self.found.syntax(start, format!("`{}` cannot stand here", shown.escape_debug()));
        TokenKind::Bad
    }

    fn number(&mut self) -> TokenKind {
        let start = self.at;
        if matches!(self.peek(0), b'+' | b'-') {
            self.at += 1;
        }
        let hexadecimal = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'b' | b'o');
        loop {
            let exponent = !hexadecimal && self.at > start && matches!(self.bytes[self.at - 1], b'e' | b'E');
            match self.peek(0) {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.' => self.at += 1,
                b'+' | b'-' if exponent => self.at += 1,
                _ => return TokenKind::Number,
            }
        }
    }

    /// Ends at the line's end if the closing quote is missing there and anywhere after, so that the rest can still be read.
    fn text_token(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return TokenKind::Text;
                }
                b'\\' => self.at = (self.at + 2).min(self.bytes.len()),
                _ => self.at += 1,
            }
        }
        self.never_ends(start, "\"")
    }

    fn raw_text(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        self.at += hashes;
        let close = format!("\"{}", "#".repeat(hashes));
        // No text needs more hashes than 64 in earnest.
        if self.peek(0) == b'"' && hashes <= 64 && !self.missing.contains(&hashes) {
            if let Some(length) = self.text[self.at + 1..].find(&close) {
                self.at += 1 + length + close.len();
                return TokenKind::RawText;
            }
            self.missing.push(hashes);
        }
        self.never_ends(start, &close)
    }

    fn never_ends(&mut self, start: usize, close: &str) -> TokenKind {
        self.found.torn(start, "this text never ends", format!("close it with `{close}`"));
        self.at = start + self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        TokenKind::Bad
    }

    fn character(&mut self) -> TokenKind {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let escaped = rest.starts_with('\\');
        // An escape is at most `\u{10ffff}`; its own first character may be a quote.
        let close = rest.char_indices().take(12).skip(if escaped { 2 } else { 1 }).find(|(_, c)| *c == '\'');
        if let Some((at, _)) = close {
            self.at = start + 1 + at + 1;
            return TokenKind::Character;
        }
        self.at += 1;
        self.found.syntax(start, "`'` cannot stand here; texts stand in double quotes".to_owned());
        TokenKind::Bad
    }
}
