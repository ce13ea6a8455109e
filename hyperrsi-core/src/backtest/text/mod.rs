//! The report in a terminal: what one wants to know first, in at most 35 lines.

use super::Report;
use super::figure::{change, date, duration, grouped, optional, places, signed, words};
use std::fmt::{self, Write};

mod braille;

const NARROWEST: usize = 76;
const ROWS: usize = 8;
const REASONS: usize = 6;
const ASSUMPTIONS: usize = 5;

/// The report as text of at most `width` columns (at least 76, which the tables need), with ANSI colours if `color`: blue for gains, yellow for
/// losses. Ends with a line feed.
///
/// ```
/// # fn show(report: &hyperrsi_core::backtest::Report) {
/// let plain: String = hyperrsi_core::backtest::text(report, 80, false);
/// assert!(!plain.contains('\u{1b}'));
/// # }
/// ```
pub fn text(report: &Report, width: usize, color: bool) -> String {
    let page = Page {
        report,
        width: width.max(NARROWEST),
        color,
        places: places(report.initial_balance),
        out: String::new(),
    };
    page.write()
}

/// The report as plain text: [`text`] without colour, 100 columns wide or as wide as the format says (`{report:80}`).
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, f.width().unwrap_or(100), false))
    }
}

struct Page<'a> {
    report: &'a Report,
    width: usize,
    color: bool,
    places: usize,
    out: String,
}

impl Page<'_> {
    fn write(mut self) -> String {
        self.head();
        self.summary();
        self.curve();
        self.bounds();
        self.reasons();
        self.notes();
        self.out
    }

    fn line(&mut self, text: &str) {
        let fits: String = text.chars().take(self.width).collect();
        self.out.push_str(fits.trim_end());
        self.out.push('\n');
    }

    /// A line whose paint must not count as width.
    fn painted(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
    }

    fn gain(&self, value: f64, text: &str) -> String {
        match value {
            v if v > 0.0 => self.paint("34", text),
            v if v < 0.0 => self.paint("33", text),
            _ => text.into(),
        }
    }

    fn title(&mut self, text: &str) {
        let painted = self.paint("1", &shorten(text, self.width));
        self.painted(&painted);
    }

    fn head(&mut self) {
        let r = self.report;
        self.title(&format!(
            "{} on {}, {}",
            printable(&r.strategy),
            printable(&r.instrument.to_string()),
            r.timeframe
        ));
        let candles = grouped(r.candles as f64, 0);
        self.line(&format!(
            "{} to {}, {candles} candles, {} fills",
            date(r.start),
            date(r.end),
            words(r.policy.as_str())
        ));
        self.out.push('\n');
    }

    fn summary(&mut self) {
        let (r, s) = (self.report, &self.report.statistics);
        let net = r.final_equity - r.initial_balance;
        let result = format!("{} {}", signed(net, self.places), printable(&r.quote));
        let moved = format!("{} %", signed(change(r.initial_balance, r.final_equity), 2));
        let plain = |value| optional(value, |v| grouped(v, 2));
        let rate = optional(s.win_rate, |rate| format!("{} %", grouped(rate * 100.0, 1)));
        let fall = format!("{} %", grouped(-s.max_drawdown.percent, 2));
        let first = format!(
            "{:<15}{}   {:<14}{}",
            "Net result",
            self.gain(net, &format!("{:<28}", format!("{result}  {moved}"))),
            "Max drawdown",
            self.gain(-s.max_drawdown.percent, &fall)
        );
        self.painted(&first);
        let streaks = format!("{rate}  ({} won, {} lost)", s.wins, s.losses);
        self.line(&format!(
            "{:<15}{:<28}   {:<14}{}",
            "Win rate",
            streaks,
            "Profit factor",
            plain(s.profit_factor)
        ));
        let ratios = format!("{}, Sortino {}", plain(s.sharpe), plain(s.sortino));
        let mean = optional(s.expectancy, |mean| signed(mean, self.places));
        self.line(&format!("{:<15}{:<28}   {:<14}{}", "Sharpe", ratios, "Per trade", mean));
        let paid = format!("{}, funding {}", grouped(s.fees, self.places), signed(s.funding, self.places));
        let held = optional(s.holding_median, duration);
        self.line(&format!("{:<15}{:<28}   {:<14}{held} in the median", "Fees", paid, "Held"));
        self.out.push('\n');
    }

    fn curve(&mut self) {
        let values = &self.report.equity.equity;
        let ends = (self.report.equity.times.first(), self.report.equity.times.last());
        let (Some(first), Some(last)) = ends else { return };
        let columns = self.width.saturating_sub(15).min(60);
        let Some(picture) = braille::draw(values, columns, ROWS) else { return };
        for (row, line) in picture.lines.iter().enumerate() {
            let label = match row {
                0 => grouped(picture.high, self.places.min(2)),
                r if r + 1 == ROWS => grouped(picture.low, self.places.min(2)),
                _ => String::new(),
            };
            let line = self.paint("34", line);
            self.painted(&format!("{label:>13} {}{line}", if label.is_empty() { '│' } else { '┤' }));
        }
        let [first, last] = [first, last].map(|time| date(crate::model::Timestamp::from_millis(*time)));
        self.line(&format!("{:>14}└{first}{last:─>width$}", "", width = columns.saturating_sub(first.len())));
    }

    fn bounds(&mut self) {
        let r = self.report;
        let quote = printable(&r.quote);
        let head = format!(
            "{:<18}{:>16}{:>11}{:>12}{:>8}{:>11}",
            "Inside a candle",
            format!("net {quote}"),
            "net %",
            "drawdown",
            "trades",
            "ambiguous"
        );
        self.title(&head);
        for row in r.outcomes() {
            let net = row.final_equity - r.initial_balance;
            let mark = if row.policy == r.policy { " *" } else { "" };
            let gained = self.gain(net, &format!("{:>16}", signed(net, self.places)));
            let line = format!(
                "{:<18}{gained}{:>11}{:>12}{:>8}{:>11}",
                format!("{}{mark}", words(row.policy.as_str())),
                format!("{} %", signed(change(r.initial_balance, row.final_equity), 2)),
                format!("{} %", grouped(-row.max_drawdown_percent, 2)),
                row.trades,
                row.ambiguous_candles,
            );
            self.painted(&line);
        }
    }

    fn reasons(&mut self) {
        let by_reason = &self.report.statistics.by_reason;
        if by_reason.is_empty() {
            self.line("No trade was closed.");
            return;
        }
        self.title(&format!("{:<18}{:>16}{:>11}{:>12}", "Exit reason", "net", "trades", "won"));
        let mut rows: Vec<_> = by_reason.iter().collect();
        rows.sort_by(|a, b| b.1.trades.cmp(&a.1.trades).then(a.0.cmp(b.0)));
        for (code, split) in rows.iter().take(REASONS) {
            let net = self.gain(split.net_pnl, &format!("{:>16}", signed(split.net_pnl, self.places)));
            self.painted(&format!("{:<18}{net}{:>11}{:>12}", words(code), split.trades, split.wins));
        }
        if rows.len() > REASONS {
            let rest: usize = rows.iter().skip(REASONS).map(|(_, split)| split.trades).sum();
            self.line(&format!("{:<34}{rest:>11}", "other reasons"));
        }
    }

    fn notes(&mut self) {
        let r = self.report;
        if !r.skipped.is_empty() {
            let mut rows: Vec<_> = r.skipped.iter().collect();
            rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let listed: Vec<_> =
                rows.iter().map(|(code, count)| format!("{} {count}", printable(code))).collect();
            self.line(&format!("Openings not made: {}", listed.join(", ")));
        }
        if r.assumptions.is_empty() {
            return;
        }
        self.title("Assumptions");
        for text in r.assumptions.iter().take(ASSUMPTIONS) {
            let text = format!("- {}", printable(text));
            self.line(&shorten(&text, self.width));
        }
        if let Some(more) = r.assumptions.len().checked_sub(ASSUMPTIONS).filter(|more| *more > 0) {
            let mut text = String::new();
            let _ = write!(text, "- and {more} more in the page and the export");
            self.line(&text);
        }
    }
}

/// Data may not move the cursor or set colours.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
