use super::WalkForward;
use super::text::{figures, luck, settings, shortened};
use crate::backtest::figure::{change, date, grouped, places, signed};
use crate::backtest::html::{Escaped, STYLE, fill};
use crate::backtest::sweep::ranking::shown;
use crate::backtest::sweep::{Metric, Space};
use std::fmt::Write;

const TEMPLATE: &str = include_str!("template.html");

/// Points drawn of the joined curve; neighbours are merged beyond that.
const POINTS: usize = 800;
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 280.0;

/// The analysis as one self-contained HTML page that works offline, on a phone, in light and dark. `facts` say what was
/// run, such as `("Strategy", "hyperrsi")`.
pub fn page(walk: &WalkForward, space: &Space, metric: Metric, facts: &[(String, String)]) -> String {
    let places = places(walk.initial_balance);
    fill(TEMPLATE, |name| match name {
        "style" => STYLE.into(),
        "facts" => facts.iter().fold(String::new(), |mut out, (name, value)| {
            let _ = write!(out, "<li>{} <b>{}</b></li>", Escaped(name), Escaped(value));
            out
        }),
        "cards" => cards(walk, places),
        "curve" => curve(walk),
        "windows" => table(walk, space, metric),
        "figures" => figures(walk).into_iter().fold(String::new(), |mut out, (name, value)| {
            let _ = write!(out, "<div><dt>{}</dt><dd>{value}</dd></div>", Escaped(name.trim()));
            out
        }),
        "luck" => luck(walk).into_iter().fold(String::new(), |mut out, (name, [low, middle, high])| {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{name}</th><td>{low} %</td><td>{middle} %</td><td>{high} %</td></tr>"
            );
            out
        }),
        _ => String::new(),
    })
}

fn cards(walk: &WalkForward, places: usize) -> String {
    let statistics = &walk.statistics;
    let net = walk.final_equity - walk.initial_balance;
    let tone = if net < 0.0 { "down" } else { "up" };
    let overfitting = walk.trials.overfitting.as_ref().ok().map(|found| found.probability);
    let percent =
        |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{:.0} %", value * 100.0));
    let cards = [
        (
            "Out of sample",
            format!("<span class=\"{tone}\">{}</span>", signed(net, places)),
            format!(
                "{:+.2} % in {} tests",
                change(walk.initial_balance, walk.final_equity),
                walk.steps.len()
            ),
        ),
        (
            "Max drawdown",
            format!("−{:.2} %", statistics.max_drawdown.percent),
            "of the joined curve".to_owned(),
        ),
        ("Trades", grouped(statistics.trades as f64, 0), "in the tests".to_owned()),
        (
            "Sharpe",
            shown(Metric::Sharpe, statistics.sharpe),
            format!("{} likely above 0", percent(walk.probabilistic_sharpe)),
        ),
        ("Overfitting", percent(overfitting), "of the splits choose badly".to_owned()),
        ("Deflated Sharpe", percent(walk.trials.deflated), format!("of {} tries", walk.trials.tried)),
    ];
    cards.into_iter().fold(String::new(), |mut out, (name, value, note)| {
        let _ = write!(out, "<div class=\"card\"><h2>{name}</h2><strong>{value}</strong><p>{note}</p></div>");
        out
    })
}

/// The joined curve as a drawing; the border of each test as a line.
fn curve(walk: &WalkForward) -> String {
    let equity = &walk.equity.equity;
    let times = &walk.equity.times;
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return String::new() };
    let bounds = equity.iter().fold((walk.initial_balance, walk.initial_balance), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    let room = (bounds.1 - bounds.0).max(f64::MIN_POSITIVE);
    let x = |time: i64| (time - first) as f64 / ((last - first).max(1)) as f64 * WIDTH;
    let y = |value: f64| HEIGHT - (value - bounds.0) / room * HEIGHT;
    let mut path = String::new();
    let merged = equity.len().div_ceil(POINTS).max(1);
    for (times, values) in times.chunks(merged).zip(equity.chunks(merged)) {
        let (Some(time), Some(value)) = (times.last(), values.last()) else { continue };
        let command = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{:.1} {:.1}", x(*time), y(*value));
    }
    let mut borders = String::new();
    for step in walk.steps.iter().skip(1) {
        let at = x(step.window.test.start.millis());
        let _ = write!(borders, "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{HEIGHT}\"/>");
    }
    let start = y(walk.initial_balance);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Equity of all tests, \
         joined, from {} to {}; it ends at {} % of the start\"><g class=\"borders\">{borders}</g>\
         <line class=\"start\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{start:.1}\" y2=\"{start:.1}\"/><path d=\"{path}\"/></svg>",
        date(crate::model::Timestamp::from_millis(*first)),
        date(crate::model::Timestamp::from_millis(*last)),
        grouped(walk.final_equity / walk.initial_balance * 100.0, 1),
    )
}

fn table(walk: &WalkForward, space: &Space, metric: Metric) -> String {
    let note = shortened(walk).map(|note| format!("<caption>{note}</caption>")).unwrap_or_default();
    let mut out = format!(
        "{note}<thead><tr><th scope=\"col\">Test</th><th scope=\"col\">Trained from</th><th scope=\"col\">{metric} in training</th>\
         <th scope=\"col\">in the test</th><th scope=\"col\">Return</th><th scope=\"col\">Trades</th>\
         <th scope=\"col\">Chosen</th></tr></thead><tbody>"
    );
    for step in &walk.steps {
        let number = |score: Option<&crate::backtest::sweep::Score>, metric| {
            shown(metric, score.and_then(|score| score.get(metric)))
        };
        let (train, test) = (step.train.as_ref(), step.test.as_ref());
        let chosen = step.chosen.map_or_else(|| "nothing".into(), |combo| settings(space, combo));
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{} to {}</th><td data-label=\"Trained from\">{}</td>\
             <td data-label=\"In training\">{}</td><td data-label=\"In the test\">{}</td>\
             <td data-label=\"Return\">{} %</td><td data-label=\"Trades\">{}</td><td data-label=\"Chosen\">{}</td></tr>",
            date(step.window.test.start),
            date(step.window.test.end),
            date(step.window.train.start),
            number(train, metric),
            number(test, metric),
            number(test, Metric::ReturnPercent),
            number(test, Metric::Trades),
            Escaped(&chosen),
        );
    }
    out.push_str("</tbody>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_names_only_known_parts() {
        for part in TEMPLATE.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            assert!(include_str!("page.rs").contains(&format!("\"{part}\" =>")), "{part}");
        }
    }
}
