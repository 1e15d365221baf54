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

/// Writes UTC nanoseconds since 1970 as [`parse`] reads them: `2026-01-01T00:00:00.25Z`.
pub fn write(nanos: u64) -> String {
    let (seconds, fraction) = (nanos / SECOND, nanos % SECOND);
    let (days, of_day) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Eras of 400 years that begin on 1 March, as below.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let of_era_year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_year + of_era_year / 4 - of_era_year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + of_era_year + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:09}").trim_end_matches('0').to_owned() };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
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

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(write(1_767_225_600 * SECOND), "2026-01-01T00:00:00Z");
        assert_eq!(write(951_782_400 * SECOND + 250_000_000), "2000-02-29T00:00:00.25Z");
        // Every day of some eras, and some moments of each.
        for day in 0..190_000 {
            let nanos = day * 86_400 * SECOND + (day * 7_919 % 86_400) * SECOND + day % 1_000;
            assert_eq!(parse(&write(nanos)), Some(nanos), "{}", write(nanos));
        }
    }
}
