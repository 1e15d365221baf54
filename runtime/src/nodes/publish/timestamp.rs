//! Reads the time that a record carries: RFC 3339 text and its usual relaxations, or Unix time as a number.

use crate::message::Value;

const NANOS: i128 = 1_000_000_000;

/// UTC nanoseconds since 1970; in words, why the value is no time.
///
/// A number counts seconds, milliseconds, microseconds or nanoseconds, told apart by its size: seconds up to 1e11 (the year 5138),
/// milliseconds up to 1e14, microseconds up to 1e17. In text, `T` may be a blank, `-` may be `/`, seconds and the offset from UTC may be
/// missing (then they are 0 and UTC), and the date may stand alone.
pub fn read(value: &Value) -> Result<i128, String> {
    let found = match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(unix(i128::from(whole))),
            None => number.as_f64().map(unix_fraction),
        },
        Value::String(text) => {
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(unix_fraction).or_else(|| calendar(text.trim()))
        }
        _ => None,
    };
    found.ok_or_else(|| format!("expected a time such as \"2026-01-31T12:00:00Z\" or seconds since 1970, found {value}"))
}

const fn unit(magnitude: u128) -> i128 {
    match magnitude {
        0..=99_999_999_999 => NANOS,
        100_000_000_000..=99_999_999_999_999 => 1_000_000,
        100_000_000_000_000..=99_999_999_999_999_999 => 1_000,
        _ => 1,
    }
}

const fn unix(number: i128) -> i128 {
    number * unit(number.unsigned_abs())
}

fn unix_fraction(number: f64) -> i128 {
    // `as` saturates; the product of a double and a unit fits easily.
    let unit = unit(number.abs() as u128);
    let whole = number.trunc();
    whole as i128 * unit + ((number - whole) * unit as f64) as i128
}

/// Digits from the front of a text, so many at least and at most; and the rest.
fn digits(text: &str, least: usize, most: usize) -> Option<(i128, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (length >= least).then(|| (text[..length].parse().unwrap_or(0), &text[length..]))
}

fn calendar(text: &str) -> Option<i128> {
    let (year, rest) = digits(text, 4, 4)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/'))?;
    let (month, rest) = digits(&rest[1..], 1, 2)?;
    let (day, rest) = digits(rest.strip_prefix(separator)?, 1, 2)?;
    let longest = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let midnight = days(year, month, day) * 86_400 * NANOS;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = digits(rest, 1, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let (mut second, mut fraction) = (0, 0);
    if let Some(seconds) = rest.strip_prefix(':') {
        (second, rest) = digits(seconds, 2, 2)?;
        if let Some(part) = rest.strip_prefix(['.', ',']) {
            let length = part.bytes().take_while(u8::is_ascii_digit).count();
            let nine: String = part[..length].chars().chain("000000000".chars()).take(9).collect();
            fraction = nine.parse().ok().filter(|_| length > 0)?;
            rest = &part[length..];
        }
    }
    // 60 is a leap second; it counts as the next second's first.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = offset(rest.trim_start())?;
    Some(midnight + ((hour * 60 + minute) * 60 + second - offset) * NANOS + fraction)
}

/// Seconds east of UTC.
fn offset(text: &str) -> Option<i128> {
    let sign = match text.chars().next() {
        None => return Some(0),
        Some('Z' | 'z') => return (text.len() == 1).then_some(0),
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    let (hours, rest) = digits(&text[1..], 2, 2)?;
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest.strip_prefix(':').unwrap_or(rest), 2, 2)? };
    (rest.is_empty() && hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

/// Days since 1970 of a date in the Gregorian calendar: whole years counted from March, so that the leap day comes last.
const fn days(year: i128, month: i128, day: i128) -> i128 {
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let year = if month > 2 { year } else { year - 1 };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * from_march + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: &Value, seconds: f64) {
        let found = read(value).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found, (seconds * 1e3).round() as i128 * 1_000_000, "{value}");
    }

    #[test]
    fn text_in_its_usual_forms() {
        check(&json!("1970-01-01T00:00:00Z"), 0.0);
        check(&json!("2026-01-01T00:00:00Z"), 1_767_225_600.0);
        check(&json!("2000-02-29T12:00:00.250Z"), 951_825_600.25);
        check(&json!("2026-01-01T02:30:00+02:30"), 1_767_225_600.0);
        check(&json!("2025-12-31 19:00:00-0500"), 1_767_225_600.0);
        check(&json!("2001/01/14 21:55"), 979_509_300.0);
        check(&json!("2026-01-01"), 1_767_225_600.0);
        check(&json!("1969-12-31T23:59:59Z"), -1.0);
        check(&json!("1900-03-01"), -2_203_891_200.0);
    }

    #[test]
    fn numbers_in_any_unit() {
        check(&json!(1_767_225_600), 1_767_225_600.0);
        check(&json!(1_767_225_600.5), 1_767_225_600.5);
        check(&json!(1_767_225_600_250_i64), 1_767_225_600.25);
        check(&json!(1_767_225_600_250_000_i64), 1_767_225_600.25);
        check(&json!(1_767_225_600_250_000_000_i64), 1_767_225_600.25);
        check(&json!("1767225600"), 1_767_225_600.0);
    }

    #[test]
    fn what_is_no_time_is_told() {
        for bad in [
            json!("soon"),
            json!("2026-13-01"),
            json!("2026-02-29"),
            json!("2026-01-01T25:00Z"),
            json!("2026-01-01T1"),
            json!("2026-01-01T10:00:00."),
            json!("2026-01-01T10:00 Q"),
            json!(null),
            json!([1]),
            json!("NaN"),
            json!("2026-é1-01"),
        ] {
            assert!(read(&bad).unwrap_err().contains("expected a time"), "{bad}");
        }
    }
}
