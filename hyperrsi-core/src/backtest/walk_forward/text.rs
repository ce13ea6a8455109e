use super::{Step, WalkForward};
use crate::backtest::figure::{change, date, grouped, places, signed};
use crate::backtest::statistics::resampling::Draws;
use crate::backtest::sweep::ranking::shown;
use crate::backtest::sweep::{Metric, Space};
use crate::model::Span;
use std::fmt::Write;

/// The analysis for the terminal: windows, what the tests made, what choosing was worth, other luck.
pub fn text(walk: &WalkForward, space: &Space, metric: Metric) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<25}{:>14}{:>12}{:>12}{:>8}  chosen",
        "test",
        format!("{metric}"),
        "in test",
        "return",
        "trades"
    );
    for step in &walk.steps {
        let _ = writeln!(out, "{}", line(step, space, metric));
    }
    if let Some(note) = shortened(walk) {
        let _ = writeln!(out, "{note}");
    }
    let places = places(walk.initial_balance);
    let net = walk.final_equity - walk.initial_balance;
    let statistics = &walk.statistics;
    let _ = writeln!(
        out,
        "\nout of sample   {} ({:+.2} %), drawdown {:.2} %, {} trades, Sharpe {}",
        signed(net, places),
        change(walk.initial_balance, walk.final_equity),
        statistics.max_drawdown.percent,
        grouped(statistics.trades as f64, 0),
        shown(Metric::Sharpe, statistics.sharpe),
    );
    for (name, value) in figures(walk) {
        let _ = writeln!(out, "{name:<52}{value:>12}");
    }
    let _ = writeln!(out, "\n{:<52}{:>12}{:>12}{:>12}", "other luck, percent", "5 %", "50 %", "95 %");
    for (name, cells) in luck(walk) {
        let [low, middle, high] = cells;
        let _ = writeln!(out, "{name:<52}{low:>12}{middle:>12}{high:>12}");
    }
    let _ = writeln!(out, "\n{} runs of the engine", walk.runs);
    out
}

fn line(step: &Step, space: &Space, metric: Metric) -> String {
    let number = |score: &Option<crate::backtest::sweep::Score>, metric| {
        shown(metric, score.as_ref().and_then(|score| score.get(metric)))
    };
    let test = &step.window.test;
    format!(
        "{} to {}{:>15}{:>12}{:>12}{:>8}  {}",
        date(test.start),
        date(test.end),
        number(&step.train, metric),
        number(&step.test, metric),
        number(&step.test, Metric::ReturnPercent),
        number(&step.test, Metric::Trades),
        step.chosen.map_or_else(|| "nothing".into(), |combo| settings(space, combo)),
    )
}

/// `rsi_length 14, level 30`.
pub(super) fn settings(space: &Space, combo: u64) -> String {
    let values = space.axes().iter().zip(space.values(combo));
    values.map(|(axis, value)| format!("{} {value}", axis.key())).collect::<Vec<_>>().join(", ")
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{:.1} %", value * 100.0))
}

/// That the last test is shorter than it was meant to be.
pub(super) fn shortened(walk: &WalkForward) -> Option<String> {
    let range = &walk.steps.last()?.window.test;
    let days = |span: Span| grouped(span.millis() as f64 / 86_400_000.0, 1).trim_end_matches(".0").to_owned();
    let (had, meant) = (range.end - range.start, walk.test);
    let which = if walk.steps.len() == 1 { "only" } else { "last" };
    (had < meant)
        .then(|| format!("the {which} test has {} of {} days: the candles end there", days(had), days(meant)))
}

/// What choosing was worth, by name.
pub(super) fn figures(walk: &WalkForward) -> Vec<(String, String)> {
    let trials = &walk.trials;
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
    let yearly = 365_f64.sqrt();
    let mut figures = vec![
        ("walk-forward efficiency".to_owned(), number(walk.efficiency)),
        (
            "probability that the tests' Sharpe ratio is above 0".to_owned(),
            percent(walk.probabilistic_sharpe),
        ),
        ("combinations tried over the whole time".to_owned(), trials.tried.to_string()),
        ("  of these never traded".to_owned(), trials.idle.to_string()),
        ("  mean correlation of their daily returns".to_owned(), number(trials.mean_correlation)),
        ("  amount to independent tries".to_owned(), format!("{:.1}", trials.independent)),
        (
            "best yearly Sharpe ratio over the whole time".to_owned(),
            number(trials.best.as_ref().and_then(|best| best.sample).map(|sample| sample.sharpe * yearly)),
        ),
        (
            "  expected from as many tries without skill".to_owned(),
            format!("{:.3}", trials.expected_maximum * yearly),
        ),
        ("  deflated Sharpe ratio, every try counted".to_owned(), percent(trials.deflated)),
        ("  deflated Sharpe ratio, independent tries".to_owned(), percent(trials.deflated_independent)),
    ];
    match &trials.overfitting {
        Ok(found) => figures.extend([
            ("probability of backtest overfitting".to_owned(), percent(Some(found.probability))),
            ("  the best of the past loses in the future".to_owned(), percent(Some(found.loss_probability))),
            (
                "  its yearly Sharpe ratio, past and future".to_owned(),
                format!("{:.2}, {:.2}", found.median_sharpe.0 * yearly, found.median_sharpe.1 * yearly),
            ),
        ]),
        Err(why) => figures.push((format!("probability of backtest overfitting: {why}"), "–".into())),
    }
    figures
}

/// Quantiles of the resampled trades.
pub(super) fn luck(walk: &WalkForward) -> Vec<(&'static str, [String; 3])> {
    let cells = |draws: &Draws, of: fn(&Draws, f64) -> Option<f64>| {
        [0.05, 0.5, 0.95].map(|at| of(draws, at).map_or_else(|| "–".into(), |value| format!("{value:.2}")))
    };
    vec![
        ("return, trades drawn again", cells(&walk.bootstrapped, Draws::return_percent)),
        ("drawdown, trades drawn again", cells(&walk.bootstrapped, Draws::drawdown_percent)),
        ("drawdown, the same trades in another order", cells(&walk.shuffled, Draws::drawdown_percent)),
    ]
}
