use super::{Cell, Heatmap};
use crate::backtest::html::{Escaped, STYLE, fill};
use crate::backtest::sweep::ranking::shown;
use crate::backtest::sweep::{Metric, Ranking, Space};
use std::fmt::Write;

const TEMPLATE: &str = include_str!("template.html");
const OWN_STYLE: &str = include_str!("heatmap.css");
const SCRIPT: &str = include_str!("heatmap.js");

/// The strongest colour of a cell, percent: text stays readable on it in light and dark.
const STRONGEST: f64 = 55.0;

/// A sweep as one self-contained HTML page: the map, the best combinations, and what could not be run. Works offline, on
/// a phone, by keyboard, in light and dark.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What is drawn.
    pub map: &'a Heatmap,
    /// The best rows.
    pub ranking: &'a Ranking,
    /// The combinations.
    pub space: &'a Space,
    /// What was run, such as `("Strategy", "hyperrsi")`.
    pub facts: &'a [(String, String)],
}

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        fill(TEMPLATE, |name| match name {
            "title" => format!("{} by {}", self.map.metric(), Escaped(&self.keys())),
            "style" => format!("{STYLE}{OWN_STYLE}"),
            "heading" => Escaped(&self.keys()).to_string(),
            "facts" => self.facts(),
            "metric" => self.map.metric().to_string(),
            "aggregated" => self.aggregated(),
            "map" => self.map(),
            "plateaus" => self.plateaus(),
            "best" => self.best(),
            "rest" => self.rest(),
            "script" => SCRIPT.into(),
            _ => String::new(),
        })
    }

    fn keys(&self) -> String {
        match self.map.y() {
            Some(y) => format!("{} and {}", self.map.x().key(), y.key()),
            None => self.map.x().key().to_owned(),
        }
    }

    fn facts(&self) -> String {
        let mut out = String::new();
        for (name, value) in self.facts {
            let _ = write!(out, "<li>{} <b>{}</b></li>", Escaped(name), Escaped(value));
        }
        out
    }

    fn aggregated(&self) -> String {
        let shown = |key: &str| key == self.map.x().key() || self.map.y().is_some_and(|y| y.key() == key);
        let others: Vec<&str> =
            self.space.axes().iter().map(|axis| axis.key()).filter(|key| !shown(key)).collect();
        match others.as_slice() {
            [] => "Each cell is one run.".into(),
            keys => format!("Each cell is the median over {}.", Escaped(&keys.join(", "))),
        }
    }

    fn cells(&self) -> impl Iterator<Item = (usize, usize, Cell)> + '_ {
        let columns = self.map.x().values().len();
        (0..self.map.rows())
            .flat_map(move |y| (0..columns).map(move |x| (x, y)))
            .filter_map(|(x, y)| self.map.cell(x, y).map(|cell| (x, y, cell)))
    }

    fn map(&self) -> String {
        let metric = self.map.metric();
        let scale = Scale::of(metric, self.cells().map(|(_, _, cell)| cell.median));
        let x_values = self.map.x().values();
        let down = self.map.y().map_or_else(String::new, |y| format!("{} ↓ ", Escaped(y.key())));
        let mut out = format!("<thead><tr><td class=\"corner\">{down}{} →</td>", Escaped(self.map.x().key()));
        for value in x_values {
            let _ = write!(out, "<th scope=\"col\">{}</th>", Escaped(value));
        }
        out.push_str("</tr></thead><tbody>");
        for y in 0..self.map.rows() {
            let head = self.map.y().and_then(|axis| axis.values().get(y)).map_or("", String::as_str);
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", Escaped(head));
            for x in 0..x_values.len() {
                match self.map.cell(x, y) {
                    Some(cell) => {
                        let (own, own_tone) = scale.tone(cell.median);
                        let (near, near_tone) = scale.tone(cell.neighbours.unwrap_or(f64::NAN));
                        let (median, around) =
                            (shown(metric, Some(cell.median)), shown(metric, cell.neighbours));
                        let _ = write!(
                            out,
                            "<td tabindex=\"-1\" data-runs=\"{}\" style=\"--own:{own:.0}%;--own-tone:var(--{own_tone});\
                             --near:{near:.0}%;--near-tone:var(--{near_tone})\"><span class=\"own\">{median}</span>\
                             <span class=\"near\">{around}</span></td>",
                            cell.runs
                        );
                    }
                    None => out.push_str(
                        "<td tabindex=\"-1\" data-runs=\"0\"><span class=\"own\">–</span><span class=\"near\">–</span></td>",
                    ),
                }
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody>");
        out
    }

    /// The cells whose neighbours are best: where a small error in a setting costs little.
    fn plateaus(&self) -> String {
        let metric = self.map.metric();
        let mut cells: Vec<(f64, usize, usize, Cell)> = self
            .cells()
            .filter_map(|(x, y, cell)| {
                let worst = metric.merit(cell.neighbours?).min(metric.merit(cell.median));
                Some((worst, x, y, cell))
            })
            .collect();
        cells.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut out = format!("<thead><tr><th scope=\"col\">{}</th>", Escaped(self.map.x().key()));
        if let Some(y) = self.map.y() {
            let _ = write!(out, "<th scope=\"col\">{}</th>", Escaped(y.key()));
        }
        let _ = write!(
            out,
            "<th scope=\"col\">{metric}</th><th scope=\"col\">Neighbours</th></tr></thead><tbody>"
        );
        for (_, x, y, cell) in cells.iter().take(8) {
            let value = |values: &[String], at: usize| {
                values.get(at).map_or_else(String::new, |value| Escaped(value).to_string())
            };
            let _ = write!(out, "<tr><td>{}</td>", value(self.map.x().values(), *x));
            if let Some(axis) = self.map.y() {
                let _ = write!(out, "<td>{}</td>", value(axis.values(), *y));
            }
            let (own, near) = (shown(metric, Some(cell.median)), shown(metric, cell.neighbours));
            let _ = write!(out, "<td>{own}</td><td>{near}</td></tr>");
        }
        out.push_str("</tbody>");
        out
    }

    fn best(&self) -> String {
        let metrics = [
            Metric::ReturnPercent,
            Metric::MaxDrawdownPercent,
            Metric::Sharpe,
            Metric::ProfitFactor,
            Metric::Trades,
        ];
        let own = self.ranking.metric();
        let metrics: Vec<Metric> =
            std::iter::once(own).chain(metrics.into_iter().filter(|metric| *metric != own)).collect();
        let mut out = String::from("<thead><tr>");
        for axis in self.space.axes() {
            let _ = write!(out, "<th scope=\"col\">{}</th>", Escaped(axis.key()));
        }
        for metric in &metrics {
            let _ = write!(out, "<th scope=\"col\">{metric}</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for entry in self.ranking.best() {
            out.push_str("<tr>");
            for value in self.space.values(entry.combo) {
                let _ = write!(out, "<td>{}</td>", Escaped(value));
            }
            for metric in &metrics {
                let _ = write!(out, "<td>{}</td>", shown(*metric, entry.score.get(*metric)));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody>");
        out
    }

    fn rest(&self) -> String {
        let ranking = self.ranking;
        let mut out = format!("<li>{} combinations were tried.</li>", ranking.finished());
        if ranking.unranked() > 0 {
            let _ = write!(
                out,
                "<li>{} made too few trades to be ranked, or have no {}.</li>",
                ranking.unranked(),
                ranking.metric()
            );
        }
        for (code, (count, example)) in ranking.invalid() {
            let _ = write!(
                out,
                "<li>{count} could not be run (<code>{}</code>): {}</li>",
                Escaped(code),
                Escaped(example)
            );
        }
        out
    }
}

/// Colours: around zero where the sign matters, from worst to best elsewhere.
enum Scale {
    Signed { most: f64 },
    Plain { metric: Metric, worst: f64, best: f64 },
}

impl Scale {
    fn of(metric: Metric, values: impl Iterator<Item = f64>) -> Self {
        let signed = matches!(
            metric,
            Metric::ReturnPercent
                | Metric::NetPnl
                | Metric::ReturnOverDrawdown
                | Metric::Sharpe
                | Metric::Sortino
                | Metric::Expectancy
        );
        if signed {
            return Self::Signed { most: values.map(f64::abs).fold(0.0, f64::max) };
        }
        let (worst, best) = values
            .map(|value| metric.merit(value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), merit| (low.min(merit), high.max(merit)));
        Self::Plain { metric, worst, best }
    }

    /// Strength in percent and the name of the colour.
    fn tone(&self, value: f64) -> (f64, &'static str) {
        let (share, tone) = match self {
            Self::Signed { most } => (value.abs() / most, if value < 0.0 { "down" } else { "up" }),
            Self::Plain { metric, worst, best } => ((metric.merit(value) - worst) / (best - worst), "up"),
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        (share * STRONGEST, tone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_sign_or_rank() {
        let sharpe = Scale::of(Metric::Sharpe, [1.0, -2.0].into_iter());
        assert_eq!((sharpe.tone(-2.0), sharpe.tone(1.0)), ((55.0, "down"), (27.5, "up")));
        let drawdown = Scale::of(Metric::MaxDrawdownPercent, [5.0, 25.0].into_iter());
        assert_eq!((drawdown.tone(5.0), drawdown.tone(25.0)), ((55.0, "up"), (0.0, "up")));
        assert!(sharpe.tone(f64::NAN).0 <= 0.0);
    }

    #[test]
    fn the_template_names_only_known_parts() {
        for part in TEMPLATE.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            assert!(include_str!("page.rs").contains(&format!("\"{part}\" =>")), "{part}");
        }
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
    }
}
