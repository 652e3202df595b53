//! How much a few probes prove: exact intervals for shares, and a test for growth.
//!
//! Probes are taken to be independent, which the sentences say where it matters.
//!
//! Invariant: any input gives a number between its bounds, and never NaN.

/// The exact two-sided 95 % interval (Clopper and Pearson) of a share of which `hits` of `all` were seen.
#[must_use]
pub fn interval(hits: usize, all: usize) -> (f64, f64) {
    let hits = hits.min(all);
    if all == 0 {
        return (0.0, 1.0);
    }
    let low = if hits == 0 { 0.0 } else { solve(|share| 1.0 - at_most(hits - 1, all, share) - 0.025) };
    let high = if hits == all { 1.0 } else { solve(|share| 0.025 - at_most(hits, all, share)) };
    (low, high)
}

/// The largest failure rate that `clean` probes without a failure leave possible, at 95 %: exactly `1 - 0.05^(1/clean)`, about `3/clean`.
#[must_use]
pub fn rate_bound(clean: usize) -> f64 {
    if clean == 0 { 1.0 } else { 1.0 - 0.05_f64.powf(1.0 / count(clean)) }
}

/// The probability of at most `hits` in `all`.
fn at_most(hits: usize, all: usize, share: f64) -> f64 {
    if share <= 0.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return if hits >= all { 1.0 } else { 0.0 };
    }
    let odds = (share / (1.0 - share)).ln();
    let mut term = count(all) * (1.0 - share).ln();
    let mut sum = term.exp();
    for hit in 0..hits {
        term += odds + (count(all - hit) / count(hit + 1)).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

/// Where a function that rises from below zero crosses it, between 0 and 1.
fn solve(rising: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if rising(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// How many standard deviations the order of `values` is from chance, upwards positive (Mann and Kendall); 0 below three values.
#[must_use]
pub fn trend(values: &[f64]) -> f64 {
    if values.len() < 3 {
        return 0.0;
    }
    let pairs = values.iter().enumerate().flat_map(|(n, early)| values[n + 1..].iter().map(move |late| (early, late)));
    let score: f64 = pairs
        .map(|(early, late)| {
            if late > early {
                1.0
            } else if late < early {
                -1.0
            } else {
                0.0
            }
        })
        .sum();
    let n = count(values.len());
    score / (n * (n - 1.0) * (2.0f64.mul_add(n, 5.0)) / 18.0).sqrt()
}

/// The middle value; `None` if there is none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let high = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], high) } else { high })
}

/// A count of probes as a number to calculate with.
#[must_use]
pub fn count(probes: usize) -> f64 {
    f64::from(u32::try_from(probes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values: R's `binom.test`.
    #[test]
    fn intervals_are_exact() {
        let rows = [
            (0, 10, 0.0, 0.308_497),
            (1, 10, 0.002_529, 0.445_016),
            (5, 10, 0.187_086, 0.812_914),
            (10, 10, 0.691_503, 1.0),
            (3, 60, 0.010_427, 0.139_233),
        ];
        for (hits, all, low, high) in rows {
            let (found_low, found_high) = interval(hits, all);
            assert!((found_low - low).abs() < 1e-4 && (found_high - high).abs() < 1e-4, "{hits}/{all}: {found_low} {found_high}");
        }
        assert_eq!(interval(0, 0), (0.0, 1.0));
        let (low, high) = interval(1_000, 100_000);
        assert!(low < 0.01 && high > 0.01 && high < 0.011, "{low} {high}");
    }

    #[test]
    fn the_rule_of_three() {
        assert!((rate_bound(60) - 0.0487).abs() < 1e-4, "{}", rate_bound(60));
        assert!(rate_bound(60) < 3.0 / 60.0);
        assert!((rate_bound(0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn trends_and_medians() {
        let rising: Vec<f64> = (0..12).map(f64::from).collect();
        assert!(trend(&rising) > 4.0);
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        assert!(trend(&falling) < -4.0);
        assert!(trend(&[1.0, 1.0, 1.0, 1.0]).abs() < 1e-9 && trend(&[1.0]).abs() < 1e-9);
        assert_eq!((median(&[]), median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])), (None, Some(2.0), Some(2.5)));
    }

    proptest::proptest! {
        #[test]
        fn every_interval_holds_its_share(hits in 0_usize..3_000, all in 0_usize..3_000) {
            let (low, high) = interval(hits, all);
            proptest::prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high) && low <= high);
            if all > 0 {
                let share = count(hits.min(all)) / count(all);
                proptest::prop_assert!(low <= share + 1e-9 && share <= high + 1e-9);
            }
        }
    }
}
