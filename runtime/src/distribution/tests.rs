//! Moments and goodness of fit of every family, and what is refused.

use super::*;
use crate::random::{Purpose, StreamKey};
use crate::setting::Setting;

const DRAWS: usize = 40_000;

fn ms(number: u64) -> Span {
    Span::millis(number)
}

fn draws(distribution: &Distribution) -> Vec<f64> {
    let stream = StreamKey::of_node(7, 0, "node").purpose(const { Purpose::of("service") });
    (0..DRAWS as u64).map(|index| distribution.draw(&mut stream.for_index(index)).0 as f64).collect()
}

/// Draws must have the stated mean within five standard errors, and the stated variance within `tolerance`.
fn check_moments(distribution: &Distribution, tolerance: f64) {
    let draws = draws(distribution);
    let mean = draws.iter().sum::<f64>() / DRAWS as f64;
    let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / DRAWS as f64;
    let (stated_mean, stated) = (distribution.mean_nanos().unwrap(), distribution.variance_nanos().unwrap());
    let error = (stated / DRAWS as f64).sqrt();
    assert!((mean - stated_mean).abs() <= 5.0 * error + 1.0, "{distribution}: mean {mean}, stated {stated_mean}, error {error}");
    assert!((variance - stated).abs() <= tolerance * stated + 1.0, "{distribution}: variance {variance}, stated {stated}");
}

/// Kolmogorov–Smirnov at 0.1 %: the largest distance between the draws and `share`, the distribution function over nanoseconds.
fn check_fit(distribution: &Distribution, share: impl Fn(f64) -> f64) {
    let mut draws = draws(distribution);
    draws.sort_by(f64::total_cmp);
    let n = DRAWS as f64;
    let distance = draws.iter().enumerate().map(|(at, x)| {
        let share = share(*x);
        (share - at as f64 / n).abs().max(((at + 1) as f64 / n - share).abs())
    });
    let distance = distance.fold(0.0, f64::max);
    assert!(distance * n.sqrt() < 1.95, "{distribution}: Kolmogorov-Smirnov distance {distance}");
}

fn exponential_share(x: f64, mean: f64) -> f64 {
    1.0 - (-x / mean).exp()
}

fn normal_share(z: f64) -> f64 {
    libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

/// The regularised lower incomplete gamma function by its series.
fn gamma_share(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
    while term > sum * 1e-14 && n < 10_000.0 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    if x <= 0.0 { 0.0 } else { sum * (shape * x.ln() - x - libm::lgamma(shape)).exp() }
}

#[test]
fn exponential_fits() {
    let distribution = Distribution::Exponential(ms(20));
    check_moments(&distribution, 0.05);
    check_fit(&distribution, |x| exponential_share(x, 20e6));
}

#[test]
fn uniform_fits() {
    let distribution = Distribution::Uniform(ms(1), ms(5));
    check_moments(&distribution, 0.03);
    check_fit(&distribution, |x| (x - 1e6) / 4e6);
    assert!(draws(&distribution).iter().all(|x| (1e6..=5e6).contains(x)));
    let widest = Distribution::Uniform(Span(0), Span(u64::MAX));
    assert!(draws(&widest).iter().any(|x| *x > 1.8e19));
}

#[test]
fn normal_fits_with_and_without_a_cut_that_matters() {
    for (mean, deviation) in [(20, 4), (10, 10), (0, 5)] {
        let distribution = Distribution::Normal { mean: ms(mean), deviation: ms(deviation) };
        check_moments(&distribution, 0.04);
        let (mean, deviation) = (mean as f64 * 1e6, deviation as f64 * 1e6);
        let below = normal_share(-mean / deviation);
        check_fit(&distribution, |x| (normal_share((x - mean) / deviation) - below) / (1.0 - below));
    }
    let sharp = Distribution::Normal { mean: ms(3), deviation: ms(0) };
    assert_eq!(sharp.mean(), Some(ms(3)));
    assert!(draws(&sharp).iter().all(|x| *x == 3e6));
}

#[test]
fn log_normal_fits_by_the_moments_of_the_variable_itself() {
    let distribution = Distribution::LogNormal { mean: ms(20), deviation: ms(10) };
    check_moments(&distribution, 0.1);
    let sigma = (1.0_f64 + 0.25).ln().sqrt();
    let mu = 20e6_f64.ln() - sigma * sigma / 2.0;
    check_fit(&distribution, |x| normal_share((x.ln() - mu) / sigma));
}

#[test]
fn gamma_and_erlang_fit() {
    for shape in [0.4, 1.0, 3.7] {
        let distribution = Distribution::Gamma { mean: ms(20), shape };
        check_moments(&distribution, 0.08);
        check_fit(&distribution, |x| gamma_share(shape, x * shape / 20e6));
    }
    for phases in [1, 4, 16, 40] {
        let distribution = Distribution::Erlang { mean: ms(20), phases };
        check_moments(&distribution, 0.06);
        let shape = f64::from(phases);
        check_fit(&distribution, |x| gamma_share(shape, x * shape / 20e6));
    }
}

#[test]
fn hyper_exponential_fits_in_both_forms() {
    let distribution = Distribution::HyperExponential { means: vec![ms(10), ms(100), ms(1)], shares: vec![0.7, 0.1, 0.2] };
    check_moments(&distribution, 0.12);
    check_fit(&distribution, |x| 0.7 * exponential_share(x, 10e6) + 0.1 * exponential_share(x, 100e6) + 0.2 * exponential_share(x, 1e6));
    let distribution = Distribution::BalancedHyperExponential { mean: ms(20), scv: 4.0 };
    check_moments(&distribution, 0.12);
    let (share, first, second) = balanced(20e6, 4.0);
    assert!((share * first + (1.0 - share) * second - 20e6).abs() < 1e-3);
    check_fit(&distribution, |x| share * exponential_share(x, first) + (1.0 - share) * exponential_share(x, second));
}

#[test]
fn weibull_fits() {
    for shape in [0.7, 1.0, 2.5] {
        let distribution = Distribution::Weibull { scale: ms(20), shape };
        check_moments(&distribution, 0.1);
        check_fit(&distribution, |x| 1.0 - (-(x / 20e6).powf(shape)).exp());
    }
}

#[test]
fn pareto_fits_and_knows_its_infinities() {
    let distribution = Distribution::Pareto { least: ms(10), shape: 6.0 };
    check_moments(&distribution, 0.15);
    check_fit(&distribution, |x| 1.0 - (10e6 / x).powi(6));
    check_fit(&Distribution::Pareto { least: ms(10), shape: 0.9 }, |x| 1.0 - (10e6 / x).powf(0.9));
    assert_eq!(Distribution::Pareto { least: ms(10), shape: 1.0 }.mean(), None);
    assert_eq!(Distribution::Pareto { least: ms(10), shape: 1.5 }.mean(), Some(ms(30)));
    assert_eq!(Distribution::Pareto { least: ms(10), shape: 2.0 }.variance(), None);
}

#[test]
fn empirical_draws_each_value_as_often() {
    let values: Vec<Span> = (1..=8).map(ms).collect();
    let distribution = Distribution::Empirical(values.clone().into());
    check_moments(&distribution, 0.05);
    let draws = draws(&distribution);
    let expected = DRAWS as f64 / 8.0;
    let square: f64 = values
        .iter()
        .map(|value| draws.iter().filter(|x| **x == value.0 as f64).count() as f64 - expected)
        .map(|difference| difference * difference / expected)
        .sum();
    assert!(square < 24.3, "chi-square with 7 degrees of freedom at 0.1 %: {square}");
}

#[test]
fn means_are_exact() {
    assert_eq!(Distribution::Constant(ms(5)).mean(), Some(ms(5)));
    assert_eq!(Distribution::Constant(ms(5)).variance(), Some(0.0));
    assert_eq!(Distribution::Exponential(Span(1_234_567)).mean(), Some(Span(1_234_567)));
    assert_eq!(Distribution::Exponential(ms(20)).variance(), Some(0.0004));
    assert_eq!(Distribution::Uniform(ms(1), ms(5)).mean(), Some(ms(3)));
    assert_eq!(Distribution::Weibull { scale: ms(20), shape: 1.0 }.mean(), Some(ms(20)));
    assert_eq!(Distribution::Erlang { mean: ms(20), phases: 4 }.scv(), Some(0.25));
    assert_eq!(Distribution::BalancedHyperExponential { mean: ms(20), scv: 1.0 }.scv(), Some(1.0));
}

fn text(text: &str) -> Setting {
    Setting::text(text)
}

fn record(name: &str, fields: &[(&str, Setting)]) -> Setting {
    Setting::Record(name.to_owned(), fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

#[test]
fn settings_read_and_write_back() {
    let all = [
        text("20 ms"),
        record("exponential", &[("mean", text("20 ms"))]),
        record("uniform", &[("from", text("1 ms")), ("to", text("5 ms"))]),
        record("normal", &[("mean", text("20 ms")), ("deviation", text("5 ms"))]),
        record("log_normal", &[("mean", text("20 ms")), ("deviation", text("5 ms"))]),
        record("gamma", &[("mean", text("20 ms")), ("shape", Setting::Number(2.5))]),
        record("erlang", &[("mean", text("20 ms")), ("phases", Setting::Integer(4))]),
        record(
            "hyper_exponential",
            &[
                ("means", Setting::List(vec![text("10 ms"), text("1 s")])),
                ("shares", Setting::List(vec![Setting::Number(0.9), Setting::Number(0.1)])),
            ],
        ),
        record("hyper_exponential", &[("mean", text("20 ms")), ("scv", Setting::Integer(4))]),
        record("weibull", &[("scale", text("20 ms")), ("shape", Setting::Number(1.5))]),
        record("pareto", &[("least", text("20 ms")), ("shape", Setting::Number(2.5))]),
        record("empirical", &[("values", Setting::List(vec![text("1 ms"), text("5 ms")]))]),
        record("empirical", &[("file", text("gaps.csv")), ("column", text("gap"))]),
    ];
    for setting in &all {
        let distribution = Distribution::from_setting(setting).unwrap();
        assert_eq!(distribution.to_setting(), *setting);
    }
    for family in FAMILIES {
        assert!(
            family.name == "constant" || all.iter().any(|s| matches!(s, Setting::Record(name, _) if name == family.name)),
            "{}",
            family.name
        );
    }
    let short = Setting::Tuple("exponential".into(), vec![text("20 ms")]);
    assert_eq!(Distribution::from_setting(&short), Ok(Distribution::Exponential(ms(20))));
    let constant = Setting::Tuple("constant".into(), vec![text("20 ms")]);
    assert_eq!(Distribution::from_setting(&constant), Ok(Distribution::Constant(ms(20))));
}

#[test]
fn bad_parameters_are_refused_in_words() {
    let mean = ("mean", text("20 ms"));
    for (setting, words) in [
        (text("20"), "span of time"),
        (text("-5 ms"), "span of time"),
        (Setting::Integer(20), "found a whole number"),
        (Setting::word("gamma"), "gamma(mean: \"20 ms\", shape: 2)"),
        (record("exponental", std::slice::from_ref(&mean)), "did you mean `exponential`"),
        (record("exponential", &[]), "needs `mean`"),
        (record("exponential", &[mean.clone(), mean.clone()]), "twice"),
        (record("exponential", &[("maen", text("20 ms"))]), "did you mean `mean`"),
        (record("exponential", &[("mean", text("0 s"))]), "longer than zero"),
        (record("exponential", &[("mean", Setting::Number(f64::NAN))]), "without a unit"),
        (record("uniform", &[("from", text("5 ms")), ("to", text("1 ms"))]), "must not be longer"),
        (record("gamma", &[mean.clone(), ("shape", Setting::Number(0.0))]), "above zero"),
        (record("gamma", &[mean.clone(), ("shape", Setting::Number(f64::NAN))]), "above zero"),
        (record("gamma", &[mean.clone(), ("shape", Setting::Number(-1.0))]), "above zero"),
        (record("gamma", &[mean.clone(), ("shape", text("2"))]), "expected a number"),
        (record("erlang", &[mean.clone(), ("phases", Setting::Integer(0))]), "whole number from 1"),
        (record("erlang", &[mean.clone(), ("phases", Setting::Number(1.5))]), "whole number from 1"),
        (record("hyper_exponential", &[mean.clone(), ("scv", Setting::Number(0.5))]), "from 1"),
        (record("hyper_exponential", &[mean.clone(), ("means", Setting::List(vec![]))]), "not both"),
        (
            record(
                "hyper_exponential",
                &[("means", Setting::List(vec![text("1 s")])), ("shares", Setting::List(vec![Setting::Number(0.9)]))],
            ),
            "add up to 1",
        ),
        (record("empirical", &[]), "`values` or `file`"),
        (record("empirical", &[("values", Setting::List(vec![]))]), "must not be empty"),
        (record("empirical", &[("values", Setting::List(vec![text("1 s"), text("x")]))]), "value 2"),
        (Setting::Tuple("exponential".into(), vec![text("1 s"), text("2 s")]), "takes 1 parameters"),
    ] {
        let error = Distribution::from_setting(&setting).unwrap_err();
        assert!(error.contains(words), "{setting:?}: {error}");
    }
}

#[test]
fn measured_values_come_from_a_file() {
    let read = |file_text: &'static str, column: Option<&str>| {
        let mut distribution =
            Distribution::EmpiricalFile { file: "gaps.csv".into(), column: column.map(str::to_owned), values: Arc::default() };
        assert_eq!(distribution.files(), ["gaps.csv"]);
        assert_eq!(distribution.mean(), None);
        distribution.resolve(|_| Ok(file_text.to_owned())).map(|()| distribution.mean().unwrap())
    };
    assert_eq!(read("1 ms\n3 ms\n", None), Ok(ms(2)));
    assert_eq!(read("gap\n0.001\n0.003\n", None), Ok(ms(2)));
    assert_eq!(read("at,gap\n9,1 ms\n9,5 ms\n", Some("gap")), Ok(ms(3)));
    assert!(read("at,gap\n9,1 ms\n", Some("gaps")).unwrap_err().contains("at, gap"));
    assert!(read("1 ms\nsoon\n", None).unwrap_err().contains("line 2"));
    assert!(read("", None).unwrap_err().contains("no values"));
    assert!(read("1\n-1\n", None).is_err());
}
