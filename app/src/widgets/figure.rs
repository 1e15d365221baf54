//! Figures as they stand on screen: few digits, a unit, never jumping in width more than they must.

/// Three significant digits with a thousands letter: `0.0104`, `0.42`, `8.1`, `412`, `2.38k`, `98.2k`, `1.20M`.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size > 0.0 && size < 0.0995 {
        // Two decimals would show two small figures as one, or as nothing.
        return if size < 1e-6 { format!("{value:.2e}") } else { format!("{value:.*}", (2.0 - size.log10().floor()) as usize) };
    }
    // Each limit lies where rounding would otherwise show a fourth digit.
    let (scaled, letter) = match size {
        _ if size < 999.5 => (value, ""),
        _ if size < 999_500.0 => (value / 1e3, "k"),
        _ if size < 999_500_000.0 => (value / 1e6, "M"),
        _ if size < 999_500_000_000.0 => (value / 1e9, "G"),
        _ => (value / 1e12, "T"),
    };
    let decimals = match scaled.abs() {
        s if letter.is_empty() && s.fract() == 0.0 => 0,
        s if s < 9.995 && (s < 0.995 || !letter.is_empty()) => 2,
        s if s < 99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$}{letter}")
}

/// A rate per second: `2.38k/s`. Slower than one in ten seconds it is told per minute or hour.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r > 0.0 && r * 60.0 < 0.1 => format!("{}/h", short(r * 3_600.0)),
        r if r > 0.0 && r < 0.1 => format!("{}/min", short(r * 60.0)),
        r => format!("{}/s", short(r)),
    }
}

/// A count, in full, with thin gaps between thousands: `98 213`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A span of time from seconds, in the unit that suits: `850 µs`, `12.4 ms`, `8.1 s`, `4 min 12 s`, `2 h 05 min`.
pub fn seconds(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "–".to_owned();
    }
    match value {
        0.0 => "0 s".to_owned(),
        v if v < 999.5e-9 => format!("{:.0} ns", v * 1e9),
        v if v < 999.5e-6 => format!("{} µs", short(v * 1e6)),
        v if v < 0.9995 => format!("{} ms", short(v * 1e3)),
        v if v < 59.95 => format!("{} s", short(v)),
        v if v < 3_599.5 => format!("{} min {:02} s", v.round() as u64 / 60, v.round() as u64 % 60),
        v if v < 86_370.0 => format!("{} h {:02} min", (v / 60.0).round() as u64 / 60, (v / 60.0).round() as u64 % 60),
        v => format!("{} d {:02} h", (v / 3_600.0).round() as u64 / 24, (v / 3_600.0).round() as u64 % 24),
    }
}

/// A moment on a clock: `00:04:12`, `04:12.377` with milliseconds.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours >= 24 {
        format!("{} d {:02}:{minutes:02}:{seconds:02}", hours / 24, hours % 24)
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

/// A share as a percentage: `0.4 %`, `98 %`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 || value.abs() >= 9.95 {
        format!("{value:.0} %")
    } else {
        format!("{value:.1} %")
    }
}

/// A number of bytes: `212 B`, `1.2 KiB`, `64 KiB`.
pub fn bytes(value: u64) -> String {
    let value = value as f64;
    match value {
        v if v < 1_024.0 => format!("{v:.0} B"),
        v if v < 1_048_576.0 => format!("{} KiB", short(v / 1_024.0)),
        v if v < 1_073_741_824.0 => format!("{} MiB", short(v / 1_048_576.0)),
        v => format!("{} GiB", short(v / 1_073_741_824.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_figures_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.416, "0.42"),
            (0.010_44, "0.0104"),
            (0.013_1, "0.0131"),
            (0.000_001_5, "0.00000150"),
            (2.5e-8, "2.50e-8"),
            (8.14, "8.1"),
            (412.0, "412"),
            (999.4, "999"),
            (999.6, "1.00k"),
            (2_380.0, "2.38k"),
            (98_213.0, "98.2k"),
            (999_600.0, "1.00M"),
            (12_345_678.0, "12.3M"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(short(value), text, "{value}");
        }
    }

    #[test]
    fn rates_counts_and_times() {
        assert_eq!(rate(2_000.0), "2.00k/s");
        assert_eq!(rate(0.05), "3/min");
        assert_eq!(rate(0.001), "3.6/h");
        assert_eq!(rate(0.0), "0/s");
        assert_eq!(count(5), "5");
        assert_eq!(count(1_024), "1 024");
        assert_eq!(count(1_234_567), "1 234 567");
        for (value, text) in [
            (0.0, "0 s"),
            (0.000_85, "850 µs"),
            (0.012_4, "12.4 ms"),
            (8.1, "8.1 s"),
            (252.0, "4 min 12 s"),
            (59.99, "1 min 00 s"),
            (7_500.0, "2 h 05 min"),
            (3_599.9, "1 h 00 min"),
            (90_000.0, "1 d 01 h"),
        ] {
            assert_eq!(seconds(value), text, "{value}");
        }
        assert_eq!(clock(252.4), "00:04:12");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.98), "98 %");
        assert_eq!(bytes(212), "212 B");
        assert_eq!(bytes(65_536), "64 KiB");
    }
}
