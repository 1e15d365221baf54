//! The text of a note: enough of Markdown for a note on a canvas. Headings, lists, quotes, code, emphasis and links.

use super::brush::least_text;
use super::camera::Camera;
use super::scene::SceneNote;
use crate::theme::{self, Theme};
use egui::text::{LayoutJob, TextFormat};
use egui::{Galley, Painter, Pos2, Rect, Stroke, Vec2, vec2};
use std::ops::Range;
use std::sync::Arc;

/// How a stretch of words is meant.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Tone {
    strong: bool,
    emphasis: bool,
    code: bool,
    link: Option<String>,
}

/// How a line begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line<'a> {
    Plain(&'a str),
    Heading(usize, &'a str),
    Point(&'a str),
    Numbered(&'a str, &'a str),
    Quote(&'a str),
    Code(&'a str),
    /// The line that begins or ends code.
    Fence,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut in_code = false;
    let line = |line| {
        let trimmed = str::trim_start(line);
        if trimmed.starts_with("```") {
            in_code = !in_code;
            return Line::Fence;
        }
        if in_code {
            return Line::Code(line);
        }
        let hashes = trimmed.len() - trimmed.trim_start_matches('#').len();
        let digits = trimmed.len() - trimmed.trim_start_matches(|sign: char| sign.is_ascii_digit()).len();
        match trimmed {
            _ if (1..=6).contains(&hashes) && trimmed[hashes..].starts_with(' ') => Line::Heading(hashes, trimmed[hashes..].trim()),
            _ if (1..=4).contains(&digits) && trimmed[digits..].starts_with(". ") => {
                Line::Numbered(&trimmed[..=digits], trimmed[digits + 2..].trim_start())
            }
            _ => {
                let point = ["- ", "* ", "+ "].iter().find_map(|mark| trimmed.strip_prefix(mark)).map(Line::Point);
                point.or_else(|| trimmed.strip_prefix("> ").map(Line::Quote)).unwrap_or(Line::Plain(line))
            }
        }
    };
    text.lines().map(line).collect()
}

/// Cuts a line into stretches of one tone. A mark without its counterpart stands for itself.
fn stretches(line: &str) -> Vec<(String, Tone)> {
    let mut found = Vec::new();
    stretches_in(line, &Tone::default(), &mut found);
    found
}

fn stretches_in(line: &str, tone: &Tone, found: &mut Vec<(String, Tone)>) {
    let mut plain = String::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(sign) = rest.chars().next() {
        let marked = match sign {
            '\\' if rest[1..].starts_with(|next: char| next.is_ascii_punctuation()) => {
                plain.push_str(&rest[1..2]);
                rest = &rest[2..];
                continue;
            }
            '`' => between(rest, "`").map(|(inside, after)| (vec![(inside.to_owned(), Tone { code: true, ..tone.clone() })], after)),
            '*' | '_' => emphasised(rest, before, tone),
            '[' => linked(rest, tone),
            'h' if !before.is_alphanumeric() => address(rest, tone),
            _ => None,
        };
        if let Some((inside, after)) = marked {
            if !plain.is_empty() {
                found.push((std::mem::take(&mut plain), tone.clone()));
            }
            found.extend(inside);
            before = 'x';
            rest = after;
        } else {
            plain.push(sign);
            before = sign;
            rest = &rest[sign.len_utf8()..];
        }
    }
    if !plain.is_empty() {
        found.push((plain, tone.clone()));
    }
}

type Marked<'a> = Option<(Vec<(String, Tone)>, &'a str)>;

/// What stands between two marks, and what follows.
fn between<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let inside = text.strip_prefix(mark)?;
    let end = inside.find(mark).filter(|end| *end > 0)?;
    Some((&inside[..end], &inside[end + mark.len()..]))
}

fn emphasised<'a>(text: &'a str, before: char, tone: &Tone) -> Marked<'a> {
    for mark in ["**", "__", "*", "_"] {
        let Some((inside, after)) = between(text, mark) else { continue };
        // `a_b_c` is a name and `2 * 3 * 4` a product.
        let inner = mark.starts_with('_') && (before.is_alphanumeric() || after.starts_with(char::is_alphanumeric));
        if inner || inside.starts_with(char::is_whitespace) || inside.ends_with(char::is_whitespace) {
            continue;
        }
        let tone = if mark.len() == 2 { Tone { strong: true, ..tone.clone() } } else { Tone { emphasis: true, ..tone.clone() } };
        let mut found = Vec::new();
        stretches_in(inside, &tone, &mut found);
        return Some((found, after));
    }
    None
}

fn linked<'a>(text: &'a str, tone: &Tone) -> Marked<'a> {
    let (words, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (to, after) = rest.strip_prefix('(')?.split_once(')')?;
    let to = to.trim();
    (!words.is_empty() && opens(to)).then(|| (vec![(words.to_owned(), Tone { link: Some(to.to_owned()), ..tone.clone() })], after))
}

/// An address that stands there by itself.
fn address<'a>(text: &'a str, tone: &Tone) -> Marked<'a> {
    let end = text.find(|sign: char| sign.is_whitespace() || matches!(sign, ')' | '>' | '"')).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
    let after = &text[address.len()..];
    opens(address).then(|| (vec![(address.to_owned(), Tone { link: Some(address.to_owned()), ..tone.clone() })], after))
}

/// Only pages of the web are opened: a graph file is a stranger's.
fn opens(address: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// The size of plain words at a zoom of one.
const LETTERS: f32 = 12.0;

/// Where links stand in a text laid out, in signs, and where they lead.
pub type Links = Vec<(Range<usize>, String)>;

/// Lays a note's text out for a note of this size on screen. Seen from farther away, its letters shrink only as far as they must to fit;
/// text that fits in no size that can be read is cut off with an ellipsis.
pub fn lay(painter: &Painter, theme: &Theme, zoom: f32, text: &str, size: Vec2) -> (Arc<Galley>, Links) {
    let (width, height) = (size.x - 20.0 * zoom, size.y - 16.0 * zoom);
    let fits = |galley: &Galley| galley.rows.last().is_none_or(|row| row.rect().bottom() <= height);
    let lay_as = |letters: f32| {
        let (job, links) = job(theme, letters, text, width);
        (painter.layout_job(job.clone()), job, links)
    };
    // Letters in halves of a point: never smaller than the zoom makes them, and up to their own size where there is room.
    let (mut low, mut high) = (least_text(LETTERS * zoom), LETTERS.max(least_text(LETTERS * zoom)));
    while low < high {
        let middle = ((low + high) + 0.5).floor() * 0.5;
        if fits(&lay_as(middle / LETTERS).0) {
            low = middle;
        } else {
            high = middle - 0.5;
        }
    }
    let (galley, job, links) = lay_as(low / LETTERS);
    let lines = galley.rows.iter().take_while(|row| row.rect().bottom() <= height).count();
    if lines == galley.rows.len() {
        return (galley, links);
    }
    let mut job = job;
    job.wrap.max_rows = lines.max(1);
    job.wrap.overflow_character = Some('…');
    (painter.layout_job(job), links)
}

/// Where the text of a note begins on screen.
pub fn corner(note: Rect, zoom: f32) -> Pos2 {
    note.min + vec2(10.0, 8.0) * zoom
}

/// The address that the link at a point of the screen leads to.
pub fn link_at(painter: &Painter, theme: &Theme, camera: &Camera, note: &SceneNote, at: Pos2) -> Option<String> {
    let rect = camera.rect_to_screen(note.rect);
    let (galley, links) = lay(painter, theme, camera.zoom(), &note.text, rect.size());
    let inside = at - corner(rect, camera.zoom());
    if !galley.rect.contains(inside.to_pos2()) {
        return None;
    }
    let sign = galley.cursor_from_pos(inside).index.0;
    links.into_iter().find(|(range, _)| range.contains(&sign)).map(|(_, address)| address)
}

fn job(theme: &Theme, zoom: f32, text: &str, width: f32) -> (LayoutJob, Links) {
    let mut job = LayoutJob::default();
    job.wrap.max_width = width.max(1.0);
    let (mut links, mut signs) = (Links::new(), 0);
    let mut write = |job: &mut LayoutJob, text: &str, format: TextFormat, link: Option<String>| {
        let count = text.chars().count();
        if let Some(address) = link {
            links.push((signs..signs + count, address));
        }
        signs += count;
        job.append(text, 0.0, format);
    };
    let size = |own: f32| least_text(own * zoom);
    let faint = TextFormat { font_id: theme::body(size(LETTERS)), color: theme.faint, ..TextFormat::default() };
    let mut first = true;
    for line in lines(text) {
        if line == Line::Fence {
            continue;
        }
        if !std::mem::take(&mut first) {
            write(&mut job, "\n", faint.clone(), None);
        }
        let (own, colour, strong, words) = match line {
            Line::Heading(level, words) => (if level == 1 { 14.5 } else { 13.0 }, theme.text, true, words),
            Line::Point(words) => {
                write(&mut job, "•  ", faint.clone(), None);
                (LETTERS, theme.dim, false, words)
            }
            Line::Numbered(number, words) => {
                write(&mut job, &format!("{number}  "), faint.clone(), None);
                (LETTERS, theme.dim, false, words)
            }
            Line::Quote(words) => {
                write(&mut job, "│  ", faint.clone(), None);
                (LETTERS, theme.dim, false, words)
            }
            Line::Code(words) => {
                let format = TextFormat { font_id: theme::mono(size(11.0)), color: theme.text, ..TextFormat::default() };
                write(&mut job, words, format, None);
                continue;
            }
            Line::Plain(words) => (LETTERS, theme.dim, false, words),
            Line::Fence => continue,
        };
        for (words, tone) in stretches(words) {
            let format = format_of(theme, &Tone { strong: tone.strong || strong, ..tone.clone() }, size(own), colour);
            write(&mut job, &words, format, tone.link);
        }
    }
    (job, links)
}

fn format_of(theme: &Theme, tone: &Tone, size: f32, colour: egui::Color32) -> TextFormat {
    let font_id = match (tone.code, tone.strong) {
        (true, _) => theme::mono(size - 0.5),
        (false, true) => theme::strong(size),
        (false, false) => theme::body(size),
    };
    let link = tone.link.is_some();
    TextFormat {
        font_id,
        color: if link {
            theme.accent
        } else if tone.strong || tone.code {
            theme.text
        } else {
            colour
        },
        background: if tone.code { theme.hover } else { egui::Color32::TRANSPARENT },
        italics: tone.emphasis,
        underline: if link { Stroke::new(1.0, theme.accent) } else { Stroke::NONE },
        ..TextFormat::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tones in short: s strong, e emphasis, c code, the address of a link.
    fn check(line: &str, expected: &[(&str, &str)]) {
        let found: Vec<(String, String)> = stretches(line)
            .into_iter()
            .map(|(words, tone)| {
                let mut short = String::new();
                for (on, letter) in [(tone.strong, 's'), (tone.emphasis, 'e'), (tone.code, 'c')] {
                    short.extend(on.then_some(letter));
                }
                (words, short + tone.link.as_deref().unwrap_or_default())
            })
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(words, tone)| (words.as_str(), tone.as_str())).collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn words_have_their_tone() {
        check("plain", &[("plain", "")]);
        check("a **b** c", &[("a ", ""), ("b", "s"), (" c", "")]);
        check("*b* and _c_", &[("b", "e"), (" and ", ""), ("c", "e")]);
        check("**a *b* c**", &[("a ", "s"), ("b", "se"), (" c", "s")]);
        check("set `a_b * c`", &[("set ", ""), ("a_b * c", "c")]);
        check("a_b_c and 2 * 3 * 4", &[("a_b_c and 2 * 3 * 4", "")]);
        check("** alone, `alone, [alone]", &[("** alone, `alone, [alone]", "")]);
        check(r"\*not\* so", &[("*not* so", "")]);
        check("[RFC](https://example.org/a)!", &[("RFC", "https://example.org/a"), ("!", "")]);
        check("see https://example.org/b, then", &[("see ", ""), ("https://example.org/b", "https://example.org/b"), (", then", "")]);
        check("[evil](file:///etc/passwd)", &[("[evil](file:///etc/passwd)", "")]);
        check("größer **äöü** 日本", &[("größer ", ""), ("äöü", "s"), (" 日本", "")]);
    }

    #[test]
    fn lines_begin_as_they_are_meant() {
        let text = "# Title\n- one\n* two\n2. three\n> said\n```\n# code\n```\n#5 plain";
        let expected = [
            Line::Heading(1, "Title"),
            Line::Point("one"),
            Line::Point("two"),
            Line::Numbered("2.", "three"),
            Line::Quote("said"),
            Line::Fence,
            Line::Code("# code"),
            Line::Fence,
            Line::Plain("#5 plain"),
        ];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn letters_shrink_no_more_than_they_must() {
        let context = egui::Context::default();
        theme::install(&context);
        let mut found = Vec::new();
        let mut output = context.run_ui(egui::RawInput::default(), |ui| {
            // Half of a note's room is empty at its own size; from afar its letters take that room.
            let size = |zoom: f32, text: &str| {
                let (galley, _) = lay(ui.painter(), Theme::dark(), zoom, text, vec2(400.0, 160.0) * zoom);
                (galley.job.sections[0].format.font_id.size, galley.rect.height() <= 144.0 * zoom, galley.elided)
            };
            let short = "Watch the queue fill while its consumers are away, and drain once they are back.";
            let long = short.repeat(40);
            found = vec![size(1.0, short), size(0.5, short), size(0.4, short), size(2.0, short), size(1.0, &long), size(0.4, &long)];
        });
        // Nobody paints here.
        output.textures_delta.clear();
        let sizes: Vec<f32> = found.iter().map(|(size, ..)| *size).collect();
        assert_eq!((sizes[0], sizes[3]), (12.0, 24.0));
        assert!(sizes[1] >= 9.5 && sizes[2] >= 9.0, "{sizes:?}");
        assert!(found.iter().all(|(_, fits, _)| *fits), "{found:?}");
        assert_eq!(found.iter().map(|(.., elided)| *elided).collect::<Vec<_>>(), [false, false, false, false, true, true]);
        assert_eq!((sizes[4], sizes[5]), (12.0, 7.0));
    }

    #[test]
    fn links_are_found_where_they_stand() {
        let (job, links) = job(Theme::dark(), 1.0, "# A\n- see [this](https://example.org)", 300.0);
        let (range, address) = &links[0];
        let words: String = job.text.chars().skip(range.start).take(range.len()).collect();
        assert_eq!((words.as_str(), address.as_str()), ("this", "https://example.org"));
    }
}
