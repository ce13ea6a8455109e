//! The page: one self-contained HTML file. Numbers and tables that need no script are written here ([`sections`]); the
//! charts and the trade table are drawn by `report.js` from [`payload`]. Nothing is loaded from anywhere: the page's own
//! content security policy forbids it.

mod payload;
mod sections;
mod shrink;

use super::{Chart, figure};
use std::fmt;

const TEMPLATE: &str = include_str!("template.html");
pub(super) const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");
const CHARTS: &str = include_str!("vendor/lightweight-charts.standalone.production.js");

/// The run as one HTML page that works offline, on a phone, in light and dark.
///
/// Candles with entries, exits and the levels of each trade, the plots and the trend state, equity and drawdown, both
/// bounds beside the chosen policy, splits, assumptions, and every trade.
///
/// ```
/// # fn show(chart: &hyperrsi_core::backtest::Chart<'_>) -> std::io::Result<()> {
/// std::fs::write("report.html", hyperrsi_core::backtest::html(chart))?;
/// # Ok(()) }
/// ```
pub fn html(chart: &Chart<'_>) -> String {
    let places = figure::places(chart.report.initial_balance);
    let data = serde_json::to_string(&payload::Payload::of(chart, places)).unwrap_or_default();
    let page = sections::Page { chart, places };
    fill(TEMPLATE, |name| match name {
        "title" => page.title(),
        "style" => STYLE.into(),
        "header" => page.header(),
        "cards" => page.cards(),
        "bounds" => page.bounds(),
        "caption" => page.caption(),
        "reasons" => page.reasons(),
        "skipped" => page.skipped(),
        "numbers" => page.numbers(),
        "assumptions" => page.assumptions(),
        "columns" => page.columns(),
        "data" => data.replace('<', "\\u003c"),
        "charts" => CHARTS.into(),
        "script" => SCRIPT.into(),
        _ => String::new(),
    })
}

/// Replaces each `{{name}}` of the template once; what is put in is not looked at again.
pub(super) fn fill(template: &str, part: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len() + 600_000);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&part(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Text that comes from data, safe between tags and in quoted attributes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_looked_at_again() {
        assert_eq!(fill("a {{x}} b {{y}}", |name| format!("<{{{{{name}}}}}>")), "a <{{x}}> b <{{y}}>");
    }

    #[test]
    fn the_template_names_only_known_parts_and_scripts_cannot_end_early() {
        for part in TEMPLATE.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            assert!(include_str!("mod.rs").contains(&format!("\"{part}\" =>")), "{part}");
        }
        for script in [SCRIPT, CHARTS] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
    }

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(Escaped("</script>\"'&").to_string(), "&lt;/script&gt;&quot;&#39;&amp;");
    }
}
