//! The parts of the page that need no script.

use super::super::{Chart, Report, Split};
use super::Escaped;
use super::figure::{change, date, duration, grouped, minute, optional, signed, words};
use crate::model::Timestamp;
use std::fmt::Write;

/// One report on its way to HTML, with the decimal places of its amounts.
pub(super) struct Page<'a> {
    pub(super) chart: &'a Chart<'a>,
    pub(super) places: usize,
}

impl Page<'_> {
    fn report(&self) -> &Report {
        self.chart.report
    }

    pub(super) fn title(&self) -> String {
        let report = self.report();
        format!(
            "{} · {} · {}",
            Escaped(&report.strategy),
            Escaped(&report.instrument.symbol),
            report.timeframe
        )
    }

    pub(super) fn header(&self) -> String {
        let report = self.report();
        let days = (report.end - report.start).millis() as f64;
        format!(
            "<p class=\"kicker\">Backtest report</p><h1>{strategy}</h1>\
             <ul class=\"facts\"><li><b>{symbol}</b> on {venue}</li><li>{timeframe} candles</li>\
             <li><time>{start}</time> to <time>{end}</time> <span class=\"muted\">UTC</span></li>\
             <li>{span}, {candles} candles</li></ul>",
            strategy = Escaped(&report.strategy),
            symbol = Escaped(&report.instrument.symbol),
            venue = Escaped(report.instrument.venue.as_str()),
            timeframe = report.timeframe,
            start = minute(report.start),
            end = minute(report.end),
            span = duration(days),
            candles = grouped(report.candles as f64, 0),
        )
    }

    pub(super) fn cards(&self) -> String {
        let report = self.report();
        let s = &report.statistics;
        let quote = Escaped(&report.quote);
        let net = report.final_equity - report.initial_balance;
        let side = |name: &str| s.by_side.get(name).map_or(0, |split| split.trades);
        let fall = &s.max_drawdown;
        let fell = if fall.amount > 0.0 {
            let to = |time| date(Timestamp::from_millis(time));
            let back = fall.recovery.map_or("not recovered".into(), |time| format!("recovered {}", to(time)));
            format!(
                "{} {quote}, {} to {}, {back}",
                self.amount(-fall.amount),
                to(fall.start),
                to(fall.trough)
            )
        } else {
            "equity never fell below a peak".into()
        };
        let cards = [
            (
                "net",
                "Net result",
                format!(
                    "<strong class=\"{}\">{} <small>{quote}</small></strong>",
                    tone(net),
                    typeset(&signed(net, self.places))
                ),
                format!(
                    "<b class=\"{}\">{}</b> on {}{}",
                    tone(net),
                    percent(change(report.initial_balance, report.final_equity)),
                    grouped(report.initial_balance, self.places),
                    self.held(),
                ),
            ),
            ("drawdown", "Max drawdown", big(&percent(-fall.percent)), fell),
            (
                "trades",
                "Trades",
                big(&grouped(s.trades as f64, 0)),
                format!("{} long, {} short", side("long"), side("short")),
            ),
            (
                "win-rate",
                "Win rate",
                big(&optional(s.win_rate, share)),
                format!("{} won, {} lost", s.wins, s.losses),
            ),
            (
                "profit-factor",
                "Profit factor",
                big(&optional(s.profit_factor, |factor| grouped(factor, 2))),
                format!("{} per trade", optional(s.expectancy, |mean| self.gain(mean))),
            ),
            (
                "sharpe",
                "Sharpe ratio",
                big(&optional(s.sharpe, |ratio| typeset(&grouped(ratio, 2)))),
                format!("Sortino {}", optional(s.sortino, |ratio| typeset(&grouped(ratio, 2)))),
            ),
        ];
        cards.into_iter().fold(String::new(), |mut out, (key, name, figure, note)| {
            let _ = write!(
                out,
                "<article class=\"card\" data-card=\"{key}\"><h2>{name}</h2>{figure}<p>{note}</p></article>"
            );
            out
        })
    }

    /// What holding the instrument over the same candles would have made, without costs.
    fn held(&self) -> String {
        let closes = self.chart.candles.closes().get(self.chart.range.clone()).unwrap_or_default();
        let first = self.chart.candles.opens().get(self.chart.range.start);
        match (first, closes.last()) {
            (Some(first), Some(last)) => format!(" · holding made {}", percent(change(*first, *last))),
            _ => String::new(),
        }
    }

    pub(super) fn bounds(&self) -> String {
        let report = self.report();
        let rows = report.outcomes();
        let results: Vec<f64> = rows.iter().map(|r| r.final_equity - report.initial_balance).collect();
        let low = results.iter().copied().fold(0.0, f64::min);
        let high = results.iter().copied().fold(0.0, f64::max);
        let at = |result: f64| if high > low { (result - low) / (high - low) * 100.0 } else { 50.0 };
        let (mut table, mut dots) = (String::new(), String::new());
        for (row, result) in rows.iter().zip(&results) {
            let is_chosen = row.policy == report.policy;
            let (mark, class) = if is_chosen {
                (" <span class=\"tag\">chosen</span>", " class=\"chosen\"")
            } else {
                ("", "")
            };
            let _ = write!(
                table,
                "<tr{class} data-policy=\"{policy}\"><th scope=\"row\">{name}{mark}</th>\
                 <td class=\"{tone}\" data-label=\"Net {quote}\">{net}</td>\
                 <td class=\"{tone}\" data-label=\"Net %\">{change}</td><td data-label=\"Drawdown\">{fall}</td>\
                 <td data-label=\"Trades\">{trades}</td><td data-label=\"Ambiguous\">{ambiguous}</td></tr>",
                quote = Escaped(&report.quote),
                policy = row.policy,
                name = words(row.policy.as_str()),
                tone = tone(*result),
                net = self.gain(*result),
                change = percent(change(report.initial_balance, row.final_equity)),
                fall = percent(-row.max_drawdown_percent),
                trades = grouped(row.trades as f64, 0),
                ambiguous = grouped(row.ambiguous_candles as f64, 0),
            );
            let _ = write!(dots, "<i{class} style=\"left:{:.1}%\"></i>", at(*result));
        }
        format!(
            "<div class=\"spread\" aria-hidden=\"true\"><span class=\"zero\" style=\"left:{zero:.1}%\"></span>{dots}\
             </div><div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Inside a candle</th>\
             <th scope=\"col\">Net {quote}</th><th scope=\"col\">Net %</th><th scope=\"col\">Max drawdown</th>\
             <th scope=\"col\">Trades</th><th scope=\"col\">Ambiguous candles</th></tr></thead>\
             <tbody>{table}</tbody></table></div><p class=\"muted\">In <b data-ambiguous>{count}</b> of {all} candles \
             more than one order of events was possible. The two conventions resolve them against and for the \
             strategy; neither proves a bound.</p>",
            zero = at(0.0),
            quote = Escaped(&report.quote),
            count = grouped(report.ambiguous_candles as f64, 0),
            all = grouped(report.candles as f64, 0),
        )
    }

    pub(super) fn caption(&self) -> String {
        match self.chart.merged() {
            1 => format!("One bar is one {} candle. Times are UTC.", self.report().timeframe),
            merged => format!(
                "One bar is {merged} candles of {}, with their true highs and lows. Times are UTC.",
                self.report().timeframe
            ),
        }
    }

    pub(super) fn reasons(&self) -> String {
        let by_reason = &self.report().statistics.by_reason;
        if by_reason.is_empty() {
            return "<p class=\"muted\">No trade was closed.</p>".into();
        }
        let mut rows: Vec<_> = by_reason.iter().collect();
        rows.sort_by(|a, b| b.1.trades.cmp(&a.1.trades).then(a.0.cmp(b.0)));
        self.splits("Exit reason", rows.into_iter().map(|(code, split)| (words(code), split)))
    }

    fn splits<'s>(&self, head: &str, rows: impl Iterator<Item = (String, &'s Split)>) -> String {
        let rows: Vec<_> = rows.collect();
        let largest = rows.iter().map(|(_, split)| split.net_pnl.abs()).fold(0.0, f64::max);
        let body = rows.iter().fold(String::new(), |mut out, (name, split)| {
            let width = if largest > 0.0 { split.net_pnl.abs() / largest * 100.0 } else { 0.0 };
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"{tone}\">{}\
                 <span class=\"bar\"><i style=\"width:{width:.1}%\"></i></span></td></tr>",
                Escaped(name),
                grouped(split.trades as f64, 0),
                grouped(split.wins as f64, 0),
                self.gain(split.net_pnl),
                tone = tone(split.net_pnl),
            );
            out
        });
        format!(
            "<table><thead><tr><th scope=\"col\">{head}</th><th scope=\"col\">Trades</th><th scope=\"col\">Won</th>\
             <th scope=\"col\">Net</th></tr></thead><tbody>{body}</tbody></table>"
        )
    }

    pub(super) fn skipped(&self) -> String {
        let skipped = &self.report().skipped;
        if skipped.is_empty() {
            return "<p class=\"muted\">Every opening that was decided was made.</p>".into();
        }
        let mut rows: Vec<_> = skipped.iter().collect();
        rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let body = rows.into_iter().fold(String::new(), |mut out, (code, count)| {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{} <code>{}</code></th><td>{}</td></tr>",
                Escaped(&words(code)),
                Escaped(code),
                grouped(*count as f64, 0)
            );
            out
        });
        format!(
            "<table><thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">Openings</th></tr></thead>\
             <tbody>{body}</tbody></table>"
        )
    }

    pub(super) fn numbers(&self) -> String {
        let s = &self.report().statistics;
        let money = |value: Option<f64>| optional(value, |v| self.gain(v));
        let groups = [
            (
                "Per trade",
                vec![
                    ("Expectancy", money(s.expectancy)),
                    ("Expectancy in R", optional(s.expectancy_r, |r| typeset(&signed(r, 3)))),
                    ("Average win", money(s.average_win)),
                    ("Average loss", money(s.average_loss)),
                    ("Largest win", money(s.largest_win)),
                    ("Largest loss", money(s.largest_loss)),
                    ("Longest winning streak", s.longest_win_streak.to_string()),
                    ("Longest losing streak", s.longest_loss_streak.to_string()),
                ],
            ),
            (
                "Money",
                vec![
                    ("Gross profit", self.gain(s.gross_pnl)),
                    ("Fees", self.amount(s.fees)),
                    ("Funding", self.gain(s.funding)),
                    ("Net of closed trades", self.gain(s.net_pnl)),
                    ("Final equity", self.amount(self.report().final_equity)),
                    ("Turnover", self.amount(s.turnover)),
                ],
            ),
            (
                "Time",
                vec![
                    ("Time in market", share(s.time_in_market)),
                    ("Mean holding time", optional(s.holding_mean, duration)),
                    ("Median holding time", optional(s.holding_median, duration)),
                    ("Longest holding time", optional(s.holding_max.map(|ms| ms as f64), duration)),
                ],
            ),
        ];
        let mut out = String::new();
        for (name, figures) in groups {
            let _ = write!(out, "<section><h3>{name}</h3><dl>");
            for (term, figure) in figures {
                let _ = write!(out, "<div><dt>{term}</dt><dd>{figure}</dd></div>");
            }
            out.push_str("</dl></section>");
        }
        if s.trades > 0 {
            let entries = s.by_entries.iter().map(|(count, split)| match count {
                1 => ("1 entry".to_owned(), split),
                more => (format!("{more} entries"), split),
            });
            let rows = s.by_side.iter().map(|(name, split)| (name.clone(), split));
            let roles = s.by_role.iter().map(|(name, split)| (format!("{name} leg"), split));
            let _ = write!(
                out,
                "<section class=\"wide\"><h3>Splits</h3>{}</section>",
                self.splits("Group", rows.chain(roles).chain(entries))
            );
        }
        out
    }

    pub(super) fn assumptions(&self) -> String {
        let assumptions = &self.report().assumptions;
        if assumptions.is_empty() {
            return "<p class=\"muted\">None were recorded.</p>".into();
        }
        let items = assumptions.iter().fold(String::new(), |mut out, text| {
            let _ = write!(out, "<li>{}</li>", Escaped(text));
            out
        });
        format!("<ul>{items}</ul>")
    }

    /// Heads of the trade table: key, name, classes that say when a narrow screen leaves the column out.
    pub(super) fn columns(&self) -> String {
        let net = format!("Net {}", self.report().quote);
        [
            ("number", "#", "num"),
            ("entryTime", "Entry", ""),
            ("exitTime", "Exit", "wide"),
            ("side", "Side", ""),
            ("entryPrice", "Entry price", "num mid"),
            ("exitPrice", "Exit price", "num mid"),
            ("quantity", "Quantity", "num wide"),
            ("entries", "Entries", "num wide"),
            ("fees", "Fees", "num wide"),
            ("net", net.as_str(), "num"),
            ("percent", "%", "num mid"),
            ("reason", "Exit reason", "narrow-last"),
        ]
        .into_iter()
        .fold(String::new(), |mut out, (key, name, class)| {
            let _ = write!(
                out,
                "<th scope=\"col\" class=\"{class}\" aria-sort=\"none\"><button type=\"button\" data-key=\"{key}\">{}\
                 </button></th>",
                Escaped(name)
            );
            out
        })
    }

    fn gain(&self, value: f64) -> String {
        typeset(&signed(value, self.places))
    }
    fn amount(&self, value: f64) -> String {
        typeset(&grouped(value, self.places))
    }
}

/// A minus as wide as a plus.
fn typeset(figure: &str) -> String {
    figure.replace('-', "−")
}

fn percent(value: f64) -> String {
    format!("{} %", typeset(&signed(value, 2)))
}

fn share(value: f64) -> String {
    format!("{} %", grouped(value * 100.0, 1))
}

fn big(figure: &str) -> String {
    format!("<strong>{figure}</strong>")
}

fn tone(value: f64) -> &'static str {
    if value > 0.0 {
        "up"
    } else if value < 0.0 {
        "down"
    } else {
        ""
    }
}
