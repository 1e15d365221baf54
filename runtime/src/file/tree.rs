//! The values of a file as a tree: every part knows its place and its comments, and a part that cannot be read does not spoil its
//! neighbours.

use super::found::Found;
use super::lexer::{Bracket, TokenKind, Tokens};
use super::literal;
use crate::problem::{Problem, Subject};

/// How deep values may nest.
pub const MOST_NESTED: usize = 64;

/// A value and its place in the text (bytes).
#[derive(Clone, Debug)]
pub struct Tree {
    pub shape: Shape,
    pub start: usize,
    pub end: usize,
    /// Comments between the last item and the closing bracket.
    pub tail: Vec<String>,
}

#[derive(Clone, Debug)]
pub enum Shape {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Word(String),
    List(Vec<Item>),
    Map(Vec<Item>),
    /// `name(...)`: with or without a name, items with or without keys.
    Group(String, Vec<Item>),
    /// Not readable; reported. Its text is kept.
    Bad,
}

/// One item of a list, map or group.
#[derive(Clone, Debug)]
pub struct Item {
    /// Before it, and behind it on its last line.
    pub comments: Vec<String>,
    /// Between its key and its value.
    pub inner: Vec<String>,
    /// The text, word or number before the colon.
    pub key: Option<String>,
    pub value: Tree,
    /// Where the item begins: its key, or its value.
    pub start: usize,
}

impl Tree {
    /// Whether everything in it could be read.
    pub fn is_whole(&self) -> bool {
        match &self.shape {
            Shape::Bad => false,
            Shape::List(items) | Shape::Map(items) | Shape::Group(_, items) => items.iter().all(|item| item.value.is_whole()),
            Shape::Flag(_) | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) | Shape::Word(_) => true,
        }
    }

    /// Moves all comments inside to `to`, in the order of the text.
    pub fn take_comments(&mut self, to: &mut Vec<String>) {
        if let Shape::List(items) | Shape::Map(items) | Shape::Group(_, items) = &mut self.shape {
            for item in items {
                to.append(&mut item.comments);
                to.append(&mut item.inner);
                item.value.take_comments(to);
            }
        }
        to.append(&mut self.tail);
    }
}

/// What a file holds: one value, with the comments before and after it.
pub struct Root {
    pub before: Vec<String>,
    pub value: Tree,
    pub after: Vec<String>,
}

/// Reads the one value of a file.
pub fn parse(tokens: &Tokens<'_>, found: &mut Found) -> Root {
    let closes = closes(tokens, found);
    let mut parser = Parser { tokens, closes, found };
    let last = tokens.list.len() - 1;
    let mut before = Vec::new();
    parser.comments(0, &mut before);
    let (value, next) = parser.value(0, last, 0);
    let mut after = Vec::new();
    if next < last && !matches!(value.shape, Shape::Bad) {
        let message = "the graph ends here, but the text goes on";
        parser.found.torn(tokens.list[next].start, message, "a file holds one graph; is there a bracket too many before this?");
    } else {
        parser.comments(last, &mut after);
    }
    Root { before, value, after }
}

/// For each opening bracket: the token at which its content ends, and the token after it.
type Closes = Vec<(usize, usize)>;

fn closes(tokens: &Tokens<'_>, found: &mut Found) -> Closes {
    let name = |bracket| match bracket {
        Bracket::Round => ("(", ")"),
        Bracket::Square => ("[", "]"),
        Bracket::Curly => ("{", "}"),
    };
    let mut closes = vec![(0, 0); tokens.list.len()];
    let mut open: Vec<(usize, Bracket)> = Vec::new();
    // How many of each are open: a stray bracket must not cost a walk through all of them.
    let mut counts = [0_usize; 3];
    for (at, token) in tokens.list.iter().enumerate() {
        match token.kind {
            TokenKind::Open(bracket) => {
                open.push((at, bracket));
                counts[bracket as usize] += 1;
            }
            TokenKind::Close(bracket) => {
                // A closing bracket that fits something further out ends what is open inside it; one that fits nothing is garbage.
                if counts[bracket as usize] == 0 {
                    found.torn(token.start, &format!("`{}` closes nothing", name(bracket).1), "remove it, or open what it closes");
                    continue;
                }
                let depth = open.iter().rposition(|(_, opened)| *opened == bracket).expect("one is open");
                let line = if open.len() > depth + 1 { found.line(token.start) } else { 0 };
                for (unclosed, opened) in open.drain(depth + 1..) {
                    let hint = format!("`{}` on line {line} ends it instead", name(bracket).1);
                    found.torn(tokens.list[unclosed].start, &format!("`{}` is never closed", name(opened).0), hint);
                    closes[unclosed] = (at, at);
                    counts[opened as usize] -= 1;
                }
                let (opened, _) = open.pop().expect("found at this depth");
                counts[bracket as usize] -= 1;
                closes[opened] = (at, at + 1);
            }
            TokenKind::End => {
                for (unclosed, opened) in open.drain(..) {
                    let hint = format!("the text ends without `{}`; is half of the file missing?", name(opened).1);
                    found.torn(tokens.list[unclosed].start, &format!("`{}` is never closed", name(opened).0), hint);
                    closes[unclosed] = (at, at);
                }
            }
            _ => {}
        }
    }
    closes
}

struct Parser<'a, 'f> {
    tokens: &'a Tokens<'a>,
    closes: Closes,
    found: &'f mut Found,
}

impl Parser<'_, '_> {
    fn kind(&self, at: usize) -> TokenKind {
        self.tokens.list[at].kind
    }

    fn comments(&self, at: usize, to: &mut Vec<String>) {
        to.extend(self.tokens.comments_before(at).iter().map(|&(start, end)| self.tokens.text[start..end].to_owned()));
    }

    /// Reads the value that begins at token `at` and ends before token `end`; gives it and the token after it.
    fn value(&mut self, at: usize, end: usize, depth: usize) -> (Tree, usize) {
        let token = self.tokens.list[at];
        let leaf = |shape| Tree { shape, start: token.start, end: token.end, tail: Vec::new() };
        if at >= end {
            self.found.syntax(token.start, "expected a value".to_owned());
            // It would stand right behind what came before: comments that follow belong to what encloses it.
            let place = at.checked_sub(1).map_or(token.start, |before| self.tokens.list[before].end);
            return (Tree { shape: Shape::Bad, start: place, end: place, tail: Vec::new() }, at);
        }
        let slice = self.tokens.slice(at);
        let read = match token.kind {
            TokenKind::Open(_) => return self.bracket(String::new(), at, at, depth),
            TokenKind::Word => match slice {
                "true" => Ok(Shape::Flag(true)),
                "false" => Ok(Shape::Flag(false)),
                "inf" => Ok(Shape::Number(f64::INFINITY)),
                "NaN" => Ok(Shape::Number(f64::NAN)),
                word => {
                    let word = word.strip_prefix("r#").unwrap_or(word).to_owned();
                    if at + 1 < end && self.kind(at + 1) == TokenKind::Open(Bracket::Round) {
                        return self.bracket(word, at, at + 1, depth);
                    }
                    Ok(Shape::Word(word))
                }
            },
            TokenKind::Text | TokenKind::Character => literal::text(&slice[1..slice.len() - 1]).map(Shape::Text),
            TokenKind::RawText => Ok(Shape::Text(literal::raw_text(slice).to_owned())),
            TokenKind::Number => literal::number(slice),
            // Reported by the lexer.
            TokenKind::Bad => return (leaf(Shape::Bad), at + 1),
            TokenKind::Close(_) | TokenKind::Colon | TokenKind::Comma | TokenKind::End => Err(format!("expected a value, found `{slice}`")),
        };
        match read {
            Ok(shape) => (leaf(shape), at + 1),
            Err(message) => {
                self.found.push(token.start, Problem::error("PW113", Subject::Graph, message));
                (leaf(Shape::Bad), at + 1)
            }
        }
    }

    /// Reads from the bracket at token `open`; the value began at token `start`.
    fn bracket(&mut self, name: String, start: usize, open: usize, depth: usize) -> (Tree, usize) {
        let (content_end, after) = self.closes[open];
        let (from, to) = (self.tokens.list[start].start, self.tokens.list[after.max(1) - 1].end);
        let mut tree = Tree { shape: Shape::Bad, start: from, end: to, tail: Vec::new() };
        if depth >= MOST_NESTED {
            let message = format!("values nest deeper than {MOST_NESTED} levels here");
            self.found.error(from, "PW105", Subject::Graph, message, "this entry is kept as text");
            return (tree, after);
        }
        let TokenKind::Open(bracket) = self.kind(open) else { unreachable!("called at an opening bracket") };
        if start < open {
            self.comments(open, &mut tree.tail);
        }
        let mut items = Vec::new();
        let mut at = open + 1;
        while at < content_end {
            let end = self.item_end(at, content_end);
            if end == at {
                self.comments(at, &mut tree.tail);
                self.found.syntax(self.tokens.list[at].start, "expected a value before `,`".to_owned());
                at += 1;
                continue;
            }
            let mut item = self.item(bracket, at, end, depth);
            if end < content_end {
                self.comments(end, &mut item.comments);
            }
            items.push(item);
            at = end + 1;
        }
        let mut tail = Vec::new();
        self.comments(content_end, &mut tail);
        self.claim_same_line(&mut items, open, content_end, &mut tail);
        tree.tail.append(&mut tail);
        tree.shape = match bracket {
            Bracket::Round => Shape::Group(name, items),
            Bracket::Square => Shape::List(items),
            Bracket::Curly => Shape::Map(items),
        };
        (tree, after)
    }

    /// A comment on the line where an item ends belongs to that item, though it stands after its comma.
    fn claim_same_line(&self, items: &mut [Item], open: usize, close: usize, tail: &mut Vec<String>) {
        let mut at = open + 1;
        for number in 0..items.len() {
            let end = self.item_end(at, close);
            // The item's last token, or its comma; then the comments before the next token that begin on the same line.
            let last = if end < close { end } else { end - 1 };
            let next = last + 1;
            let line_end = self.tokens.list[last].end;
            let same_line = |&&(start, _): &&(usize, usize)| !self.tokens.text[line_end..start].contains('\n');
            let count = self.tokens.comments_before(next).iter().take_while(same_line).count();
            if count > 0 {
                let (mine, others) = items.split_at_mut(number + 1);
                let source = others.first_mut().map_or(&mut *tail, |next| &mut next.comments);
                let count = count.min(source.len());
                let claimed: Vec<String> = source.drain(..count).collect();
                mine[number].comments.extend(claimed);
            }
            at = end + 1;
            // Empty items (`,,`) were reported and left out.
            while at < close && self.kind(at) == TokenKind::Comma {
                at += 1;
            }
        }
    }

    /// The next comma at this level, or the end of the content.
    fn item_end(&self, mut at: usize, end: usize) -> usize {
        while at < end && self.kind(at) != TokenKind::Comma {
            at = match self.kind(at) {
                TokenKind::Open(_) => self.closes[at].1,
                _ => at + 1,
            };
        }
        at.min(end)
    }

    fn item(&mut self, bracket: Bracket, at: usize, end: usize, depth: usize) -> Item {
        let start = self.tokens.list[at].start;
        let mut comments = Vec::new();
        self.comments(at, &mut comments);
        let mut inner = Vec::new();
        let mut key = None;
        let mut value_at = at;
        let keyed = at + 1 < end && self.kind(at + 1) == TokenKind::Colon;
        if keyed && bracket != Bracket::Square {
            let slice = self.tokens.slice(at);
            key = match (self.kind(at), bracket) {
                (TokenKind::Word, _) => Some(slice.strip_prefix("r#").unwrap_or(slice).to_owned()),
                (TokenKind::Text, Bracket::Curly) => literal::text(&slice[1..slice.len() - 1]).ok(),
                (TokenKind::RawText, Bracket::Curly) => Some(literal::raw_text(slice).to_owned()),
                (TokenKind::Number, Bracket::Curly) => Some(slice.to_owned()),
                _ => None,
            };
            if key.is_some() {
                self.comments(at + 1, &mut inner);
                value_at = at + 2;
                if value_at < end {
                    self.comments(value_at, &mut inner);
                }
            }
        }
        let bad = |parser: &Self| {
            let (from, to) = (parser.tokens.list[at].start, parser.tokens.list[end - 1].end);
            Tree { shape: Shape::Bad, start: from, end: to, tail: Vec::new() }
        };
        if bracket == Bracket::Curly && key.is_none() {
            self.found.syntax(start, "expected `\"name\": value`".to_owned());
            return Item { comments, inner, key: None, value: bad(self), start };
        }
        let (mut value, next) = self.value(value_at, end, depth + 1);
        if next < end && !matches!(value.shape, Shape::Bad) {
            let odd = self.tokens.slice(next);
            let odd: String = odd.chars().take(24).collect();
            self.found.syntax(self.tokens.list[next].start, format!("expected `,`, found `{}`", odd.escape_debug()));
        }
        if next < end {
            value = Tree { shape: Shape::Bad, start: value.start, end: self.tokens.list[end - 1].end, tail: Vec::new() };
        }
        Item { comments, inner, key, value, start }
    }
}
