//! The overfitting statistics against scipy and numpy: `data/golden/overfitting.json`, made by
//! `scripts/golden_overfitting.py`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hyperrsi_core::backtest::statistics::overfitting::{
    Likeness, Sample, Splits, deflated_sharpe, expected_maximum, probabilistic_sharpe,
};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/golden/overfitting.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn assert_near(found: f64, expected: &Value, what: &str) {
    let expected = number(expected);
    let error = (found - expected).abs() / expected.abs().max(1e-6);
    assert!(error < 1e-9, "{what}: {found}, scipy says {expected}");
}

fn returns(trial: &Value) -> Vec<f64> {
    trial["returns"].as_array().unwrap().iter().map(number).collect()
}

#[test]
fn moments_and_both_sharpe_probabilities_are_those_of_scipy() {
    let golden = golden();
    let trials = golden["trials"].as_array().unwrap();
    let variance = number(&golden["variance"]);
    assert_near(
        expected_maximum(trials.len() as f64, variance),
        &golden["expected_maximum"],
        "expected maximum",
    );
    for trial in trials {
        let sample = Sample::of(&returns(trial)).unwrap();
        assert_near(sample.sharpe, &trial["sharpe"], "sharpe");
        assert_near(sample.skewness, &trial["skewness"], "skewness");
        assert_near(sample.kurtosis, &trial["kurtosis"], "kurtosis");
        assert_near(probabilistic_sharpe(&sample, 0.0).unwrap(), &trial["above_zero"], "probabilistic");
        let deflated = deflated_sharpe(&sample, trials.len() as f64, variance).unwrap();
        assert_near(deflated, &trial["deflated"], "deflated");
    }
}

#[test]
fn the_mean_correlation_is_that_of_numpy() {
    let golden = golden();
    let mut likeness = Likeness::default();
    golden["trials"].as_array().unwrap().iter().for_each(|trial| likeness.add(&returns(trial)));
    assert_near(likeness.mean_correlation().unwrap(), &golden["mean_correlation"], "correlation");
    assert_near(likeness.independent(), &golden["independent"], "independent tries");
}

#[test]
fn splits_from_sums_over_blocks_are_splits_of_the_returns_themselves() {
    let golden = golden();
    for expected in golden["splits"].as_array().unwrap() {
        let blocks = expected["blocks"].as_u64().unwrap() as usize;
        let mut splits = Splits::new(blocks).unwrap();
        for trial in golden["trials"].as_array().unwrap() {
            splits.add(&returns(trial)).unwrap(); // 125 returns: blocks of unequal length
        }
        let found = splits.judge().unwrap();
        assert_eq!(found.splits as u64, expected["splits"].as_u64().unwrap());
        assert_near(found.probability, &expected["probability"], "probability of overfitting");
        assert_near(found.loss_probability, &expected["loss_probability"], "probability of loss");
        assert_near(found.median_sharpe.0, &expected["median_past"], "past");
        assert_near(found.median_sharpe.1, &expected["median_future"], "future");
        for (found, expected) in found.logits.iter().zip(expected["logits"].as_array().unwrap()) {
            assert_near(*found, expected, "logit");
        }
    }
}
