//! Calendar time in UTC as people and files write it (G16): RFC 3339 texts to nanoseconds since 1970.

use crate::units::SECOND;

/// Reads an RFC 3339 time such as `2026-01-01T00:00:00Z`, `2026-01-01T01:30:00.250+01:00` or just a date; UTC nanoseconds since 1970.
/// `None` if it is none, or lies before 1970 or after 2500.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let separated = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if !separated || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) || !(1970..=2500).contains(&year) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * 86_400;
    if bytes.len() == 10 {
        return u64::try_from(midnight).ok()?.checked_mul(SECOND);
    }
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    let marked = matches!(bytes[10], b'T' | b't' | b' ') && bytes[13] == b':' && bytes[16] == b':';
    if !marked || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let nanos = format!("{:0<9}", &rest[..end.min(9)]).parse::<u64>().ok().filter(|_| end > 0)?;
            (nanos, &rest[end..])
        }
        None => (0, rest),
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('+') { 1 } else { -1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            let two = |part: &str| (part.len() == 2).then(|| part.parse::<u8>().ok().map(i64::from))?;
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3_600 + minutes * 60)
        }
    };
    let seconds = u64::try_from(midnight + hour * 3_600 + minute * 60 + second - offset).ok()?;
    seconds.checked_mul(SECOND)?.checked_add(fraction)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a Gregorian date, counted in eras of 400 years that begin on 1 March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2026-01-01", 1_767_225_600),
            ("2026-01-01T01:00:00+01:00", 1_767_225_600),
            ("2025-12-31 23:30:00-00:30", 1_767_225_600),
        ] {
            assert_eq!(parse(text), Some(seconds * SECOND), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:01.25Z"), Some(1_250_000_000));
        for bad in
            ["", "2026", "2026-13-01", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "1969-12-31T23:59:59Z", "äöü-01-01xyzz"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
