//! The page a backtest writes, opened in a real browser: it draws without an error, says what the report says, and fits
//! a desktop and a phone.

mod browser;

use browser::sample::Sample;
use browser::{Browser, DESKTOP, PHONE, Seen};
use hyperrsi_core::backtest::{Chart, Plot, Report, Statistics, html, text, write_equity_csv, write_json};
use hyperrsi_core::model::Timeframe;
use hyperrsi_core::series::Candles;
use std::path::PathBuf;

fn artefacts() -> PathBuf {
    browser::artefacts("html_report")
}

fn written(name: &str, page: &str) -> PathBuf {
    let file = artefacts().join(name);
    std::fs::write(&file, page).expect("the page is written");
    file
}

fn assert_drawn(seen: &Seen) {
    assert_eq!(seen.root("errors"), None, "the page had errors");
    assert_eq!(seen.root("ready"), Some("1"), "the page's script did not finish");
    assert!(seen.count("<canvas") >= 8, "{} canvases", seen.count("<canvas"));
}

#[test]
fn a_desktop_shows_charts_headline_numbers_and_every_trade() {
    let sample = Sample::new(420, 70);
    let page = written("report.html", &html(&sample.chart()));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, DESKTOP);
    assert_drawn(&seen);
    let trades = sample.report.trades.len();
    assert!(trades >= 5);
    assert_eq!(seen.count("<tr data-number="), trades);
    assert_eq!(seen.text("data-card=\"trades\"><h2>Trades</h2>", "<p>"), trades.to_string());
    let net = sample.report.final_equity - sample.report.initial_balance;
    let shown = seen.text("data-card=\"net\"><h2>Net result</h2>", "<p>").replace(',', "").replace('−', "-");
    assert_eq!(shown, format!("{net:+.2} USDT"));
    let fall = seen.text("data-card=\"drawdown\"><h2>Max drawdown</h2>", "<p>");
    assert_eq!(fall, format!("−{:.2} %", sample.report.statistics.max_drawdown.percent));
    assert_eq!(seen.between("data-ambiguous=\"\">", "<"), "7");
    assert!(seen.text("data-policy=\"pessimistic\">", "</tr>").contains("chosen"));
    assert!(seen.dom.contains("data-policy=\"optimistic\""));
    assert!(seen.dom.contains("trend blocked") && seen.dom.contains("Slippage: 0.05 %"));
    assert!(seen.dom.contains("id=\"tv-attr-logo\""), "the library's attribution is missing");
    browser.picture(&page, (1280, 2700), "", false, &artefacts().join("desktop.png"));
    browser.picture(&page, (1280, 1500), "#trade-2", true, &artefacts().join("desktop-dark-trade.png"));
}

#[test]
fn a_phone_shows_the_page_without_scrolling_sideways() {
    let sample = Sample::new(420, 70);
    let page = written("phone.html", &html(&sample.chart()));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, PHONE);
    assert_drawn(&seen);
    assert_eq!(seen.root("width"), Some("390"));
    assert_eq!(seen.root("overflow"), Some("0"));
    browser.picture(&page, (390, 4200), "#trade-2", false, &artefacts().join("phone.png"));
}

/// The page somebody's program wrote, such as the quickstart's: `HYPERRSI_PAGE` names it, as `scripts/test examples` does.
#[test]
fn a_page_that_was_written_before_is_drawn_on_desktop_and_phone() {
    let Some(page) = std::env::var_os("HYPERRSI_PAGE").map(PathBuf::from) else {
        println!("skipped: HYPERRSI_PAGE names no page");
        return;
    };
    let Some(browser) = Browser::find() else { return };
    for (name, size) in [("page.png", DESKTOP), ("page_phone.png", PHONE)] {
        let seen = browser.open(&page, size);
        assert_drawn(&seen);
        assert!(seen.count("<tr data-number=") >= 20, "{} trades", seen.count("<tr data-number="));
        assert_eq!(seen.root("overflow"), Some("0"));
        browser.picture(&page, (size.0, 4200), "", false, &artefacts().join(name));
    }
}

#[test]
fn clicks_sort_the_table_and_select_a_trade() {
    let sample = Sample::new(420, 70);
    let clicks = "<script>setTimeout(() => {
        document.querySelector('[data-key=net]').click();
        document.querySelector('#rows tr').click();
        document.getElementById('all').click();
    }, 200)</script></body>";
    let page = written("clicks.html", &html(&sample.chart()).replace("</body>", clicks));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, DESKTOP);
    assert_drawn(&seen);
    let trades = &sample.report.trades;
    let best = (1..=trades.len()).max_by_key(|number| trades[number - 1].net_pnl).expect("trades");
    assert!(seen.dom.contains(&format!("<tr data-number=\"{best}\" aria-current=\"true\">")));
    assert!(seen.dom.contains("aria-sort=\"descending\"><button type=\"button\" data-key=\"net\">"));
    let detail = seen.text("id=\"detail\"", "</table>");
    assert!(detail.contains(&format!("Trade {best}: ")), "{detail}");
    assert_eq!(
        seen.between("id=\"detail\"", "</table>").matches("<tr").count(),
        trades[best - 1].fills.len() + 1
    );
}

#[test]
fn a_run_without_trades_is_a_page_too() {
    let mut sample = Sample::new(200, 70);
    sample.report.trades.clear();
    sample.report.skipped.clear();
    sample.report.assumptions.clear();
    sample.report.statistics = Statistics::default();
    let page = written("no-trades.html", &html(&sample.chart()));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, DESKTOP);
    assert_drawn(&seen);
    assert!(seen.dom.contains("No trade was made."));
    assert!(seen.dom.contains("Every opening that was decided was made."));
    let report = Report::new("none", sample.report.instrument.clone(), Timeframe::H1, "USDT", 1.0);
    let page = html(&Chart::new(&report, &Candles::new(Timeframe::H1)));
    assert_drawn(&browser.open(&written("nothing.html", &page), DESKTOP));
}

#[test]
fn names_from_data_stay_text() {
    let mut sample = Sample::new(60, 70);
    let evil =
        "</script><script>throw new Error('ran')</script><img src=https://example.com/x onerror=throw>";
    sample.report.strategy = evil.into();
    sample.report.quote = evil.into();
    sample.report.assumptions = vec![evil.into()];
    sample.report.skipped.insert(evil.into(), 3);
    let plot = Plot::over(evil, sample.report.equity.equity.clone());
    let page = written("names.html", &html(&sample.chart().plot(plot)));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, DESKTOP);
    assert_drawn(&seen);
    assert_eq!(seen.count("<img"), 0);
}

#[test]
fn a_long_run_is_a_small_file_that_keeps_every_trade() {
    let mut sample = Sample::new(17_000, 80);
    assert!(sample.report.trades.len() >= 200);
    let page = html(&sample.chart());
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let page = written("long.html", &page);
    // Beyond one screenful, rows wait for a click; the data has them all.
    let more = sample.report.trades.clone();
    sample.report.trades.extend(more);
    let big = written("longer.html", &html(&sample.chart()));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&page, DESKTOP);
    assert_drawn(&seen);
    assert!(seen.dom.contains("One bar is 4 candles of 15m"));
    assert_eq!(seen.count("<tr data-number="), sample.report.trades.len() / 2);
    let seen = browser.open(&big, DESKTOP);
    assert_drawn(&seen);
    assert_eq!(seen.count("<tr data-number="), 250);
    browser.picture(&page, (1280, 1400), "", false, &artefacts().join("long.png"));
}

#[test]
fn the_terminal_report_is_short_and_colours_only_on_request() {
    let sample = Sample::new(420, 70);
    let plain = text(&sample.report, 80, false);
    println!("{plain}");
    assert!(!plain.contains('\u{1b}'));
    assert!(plain.lines().count() <= 35, "{} lines", plain.lines().count());
    assert!(plain.lines().all(|line| line.chars().count() <= 80));
    let painted = text(&sample.report, 80, true);
    assert!(painted.contains("\u{1b}[1m"));
    for what in ["pessimistic *", "optimistic", "Max drawdown", "stop loss", "trend_blocked 12", "Slippage"] {
        assert!(plain.contains(what), "{what} is missing");
    }
    let empty = Report::new("none", sample.report.instrument, sample.report.timeframe, "USDT", 1.0);
    assert!(text(&empty, 80, false).contains("No trade was closed."));
}

#[test]
fn the_export_is_the_same_bytes_each_time_and_keeps_every_digit() {
    let sample = Sample::new(420, 70);
    let [first, second] = [(), ()].map(|()| {
        let mut out = Vec::new();
        write_json(&sample.report, &mut out).expect("memory can be written");
        String::from_utf8(out).expect("JSON is text")
    });
    assert_eq!(first, second);
    let json: serde_json::Value = serde_json::from_str(&first).expect("valid JSON");
    let trade = &sample.report.trades[0];
    assert!(first.contains(&format!("\"net_pnl\":{},", trade.net_pnl)), "not the decimal's own digits");
    assert_eq!(json["trades"][0]["entry_time"], trade.entry_time.millis());
    assert_eq!(json["trades"][0]["side"], "long");
    assert!(json["trades"][0]["fills"][0]["price"].is_number());
    assert_eq!(json["statistics"]["trades"], sample.report.trades.len());
    assert!(json["statistics"]["max_drawdown"].is_number());
    assert!(json["statistics"]["max_drawdown_detail"]["trough"].is_number());
    assert_eq!(json["policy"], "pessimistic");
    let mut csv = Vec::new();
    write_equity_csv(&sample.report.equity, &mut csv).expect("memory can be written");
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), sample.candles.len() + 1);
    for key in ["pessimistic", "optimistic", "assumptions", "skipped"] {
        assert!(!json[key].is_null(), "{key}");
    }
}
