//! Texts and numbers as they are written: escapes, raw texts, number forms.

use super::tree::Shape;

/// The text between two quotes, its escapes resolved.
pub fn text(inner: &str) -> Result<String, String> {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escape = characters.next();
        text.push(match escape {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(plain @ ('\\' | '"' | '\'')) => plain,
            Some('x') => hexadecimal(&characters.by_ref().take(2).collect::<String>())?,
            Some('u') => {
                if characters.next() != Some('{') {
                    return Err("expected `\\u{...}` with a hexadecimal number".to_owned());
                }
                hexadecimal(&characters.by_ref().take_while(|c| *c != '}').collect::<String>())?
            }
            Some('\n') => {
                // A backslash at the end of a line leaves the line break and the next line's indentation out.
                characters = characters.as_str().trim_start().chars();
                continue;
            }
            other => {
                let other = other.map_or_else(String::new, |c| c.escape_debug().to_string());
                return Err(format!("`\\{other}` is no escape; write a backslash as `\\\\`, or use r\"...\""));
            }
        });
    }
    Ok(text)
}

fn hexadecimal(digits: &str) -> Result<char, String> {
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() <= 6);
    number.and_then(char::from_u32).ok_or_else(|| format!("`{digits}` is no character's number in hexadecimal"))
}

/// The text inside `r#"..."#`.
pub fn raw_text(slice: &str) -> &str {
    let hashes = slice[1..].bytes().take_while(|byte| *byte == b'#').count();
    &slice[hashes + 2..slice.len() - hashes - 1]
}

/// A number as written.
pub fn number(slice: &str) -> Result<Shape, String> {
    let plain = slice.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, &plain[..]),
    };
    let sign = |number: f64| Shape::Number(if negative { -number } else { number });
    match digits {
        "inf" => return Ok(sign(f64::INFINITY)),
        "NaN" => return Ok(sign(f64::NAN)),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let number = i64::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_alphanumeric()));
            return number.map(|number| Shape::Integer(if negative { -number } else { number })).ok_or_else(|| not_a_number(slice));
        }
    }
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(not_a_number(slice));
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let wide = digits.parse::<i128>().ok().map(|number| if negative { -number } else { number });
        let fits = wide.and_then(|number| i64::try_from(number).ok());
        return fits.map(Shape::Integer).ok_or_else(|| format!("`{slice}` is too large for a whole number (64 bits)"));
    }
    let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(sign).ok_or_else(|| not_a_number(slice))
}

fn not_a_number(slice: &str) -> String {
    let shown: String = slice.chars().take(24).collect();
    format!("`{shown}` is no number; quantities with units stand in quotes, as \"250 ms\"")
}

/// Writes a text so that it reads back: raw where that spares escapes or shows lines as lines.
pub fn write_text(out: &mut String, text: &str) {
    let plain_controls = text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
    let wants_raw = text.contains(['"', '\\', '\n']);
    if wants_raw && plain_controls {
        // One hash more than the longest run that follows a quote inside.
        let longest = text.split('"').skip(1).map(|part| 1 + part.bytes().take_while(|byte| *byte == b'#').count()).max();
        let hashes = "#".repeat(longest.unwrap_or(0).max(1));
        if hashes.len() <= 16 {
            out.extend(["r", &hashes, "\"", text, "\"", &hashes]);
            return;
        }
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' => out.extend(["\\u{", &format!("{:x}", c as u32), "}"]),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_resolve_escapes() {
        for (inner, expected) in
            [("plain", "plain"), (r#"\"\\\n\t\'"#, "\"\\\n\t'"), (r"\x41\u{20ac}", "A€"), ("a\\\n    b", "ab"), (r"\0", "\0")]
        {
            assert_eq!(text(inner).unwrap(), expected);
        }
        for bad in [r"\q", r"\u41", r"\u{110000}", r"\xzz", "\\"] {
            assert!(text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_read_exactly() {
        let check = |slice: &str, expected: &str| assert_eq!(format!("{:?}", number(slice)), expected, "{slice}");
        check("7", "Ok(Integer(7))");
        check("-9223372036854775808", "Ok(Integer(-9223372036854775808))");
        check("1_000", "Ok(Integer(1000))");
        check("0xff", "Ok(Integer(255))");
        check("2.5e-3", "Ok(Number(0.0025))");
        check("-inf", "Ok(Number(-inf))");
        check(".5", "Ok(Number(0.5))");
        for bad in ["9223372036854775808", "1u8", "1.2.3", "-", "+", "0x", "0b2", "1e999", "e5", "0x-1", "."] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn written_texts_read_back() {
        for original in ["", "plain", "a \"b\"", "\"#", "\"##\"", "c:\\temp", "two\nlines", "bell\u{7}\"", "cr\r\n", "\u{feff}x", "tab\t"] {
            let mut written = String::new();
            write_text(&mut written, original);
            let read = if written.starts_with('r') { raw_text(&written).to_owned() } else { text(&written[1..written.len() - 1]).unwrap() };
            assert_eq!(read, original, "{written}");
        }
    }
}
