/// The value below which a share `at` (0 to 1) of `sorted` lies, between neighbours in proportion: `h = (n - 1) * at`,
/// type 7 of Hyndman and Fan, "Sample quantiles in statistical packages" (1996), the default of numpy and R. `None`
/// without values. Values must be in rising order.
///
/// ```
/// use hyperrsi_core::backtest::statistics::quantile;
/// assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.5));
/// assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25), Some(1.75));
/// assert_eq!(quantile(&[], 0.5), None);
/// ```
pub fn quantile(sorted: &[f64], at: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * at.clamp(0.0, 1.0);
    let below = (place.floor() as usize).min(last);
    let low = *sorted.get(below)?;
    let high = *sorted.get(below + 1).unwrap_or(&low);
    Some((high - low).mul_add(place - place.floor(), low))
}

/// The middle value, or the mean of the two in the middle. Sorts `values`.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    quantile(values, 0.5)
}
