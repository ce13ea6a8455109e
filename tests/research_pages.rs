//! The pages of a sweep and of a walk-forward analysis, opened in a real browser.

#[allow(dead_code, reason = "the sample run is for another page")]
mod browser;

use browser::{Browser, DESKTOP, PHONE, Seen};
use hyperrsi_core::backtest::sweep::heatmap::Page;
use hyperrsi_core::backtest::sweep::{self, Heatmap, Metric, Ranking, Search, Space, subject};
use hyperrsi_core::backtest::walk_forward::{self, Plan};
use hyperrsi_core::backtest::{Config, Resampled};
use hyperrsi_core::model::Span;
use hyperrsi_core::series::Candles;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

const EVIL: &str = "</script><script>throw new Error('ran')</script><img src=https://example.com/x>";

fn artefacts() -> PathBuf {
    browser::artefacts("research_pages")
}

fn written(name: &str, page: &str) -> PathBuf {
    let file = artefacts().join(name);
    std::fs::write(&file, page).expect("the page is written");
    file
}

fn assert_sound(seen: &Seen) {
    assert_eq!(seen.root("errors"), None, "the page had errors");
    assert_eq!(seen.root("ready"), Some("1"), "the page's script did not finish");
    assert_eq!(seen.count("<img"), 0);
}

fn candles() -> Candles {
    hyperrsi::sample::btcusdt_1h().expect("the bundled candles")
}

fn threshold(candles: &Candles) -> subject::Threshold {
    let mut config = Config::new(hyperrsi::sample::btcusdt());
    config.initial_balance = hyperrsi_core::dec!(1_000_000).into();
    subject::Threshold::new(config, candles.timeframe())
}

fn space() -> Space {
    let mut space = Space::new(serde_json::Map::new());
    for axis in ["rsi_length=7..21:2", "level=20..40:5", "stop_percent=1,2", "size=0.5,1,99999999999"] {
        space.add(axis.parse().expect("an axis")).expect("a space");
    }
    space
}

fn map_page() -> (Heatmap, Space, String) {
    let (candles, space) = (candles(), space());
    let mut map = Heatmap::new(&space, "rsi_length", Some("level"), Metric::Sharpe).expect("its keys");
    let mut ranking = Ranking::new(Metric::Sharpe, 10).least_trades(5);
    let stopped: ControlFlow<()> = sweep::run(
        &threshold(&candles),
        &space,
        Search::Grid,
        &Resampled::new(&candles),
        2,
        &BTreeSet::new(),
        &mut |row| {
            ranking.offer(&row);
            map.offer(&space, &row);
            ControlFlow::Continue(())
        },
    );
    assert!(stopped.is_continue());
    let facts = [("Strategy".to_owned(), "threshold".to_owned()), ("Symbol".to_owned(), EVIL.to_owned())];
    let page = Page { map: &map, ranking: &ranking, space: &space, facts: &facts }.html();
    (map, space, page)
}

#[test]
fn a_map_shows_every_cell_and_what_was_refused() {
    let (map, _, page) = map_page();
    let file = written("map.html", &page);
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&file, DESKTOP);
    assert_sound(&seen);
    assert_eq!(seen.count("<td tabindex="), 8 * 5);
    let first = map.cell(0, 0).expect("the first cell ran");
    assert_eq!(first.runs, 4, "two stops times two sizes; the third size is refused");
    let shown = seen.between("data-runs=\"4\"", "</td>");
    assert!(shown.contains(&format!("<span class=\"own\">{:.2}</span>", first.median)), "{shown}");
    assert!(seen.text("id=\"h-rest\"", "</ul>").contains("80 could not be run (size)"));
    browser.picture(&file, (1280, 1500), "", false, &artefacts().join("map.png"));
    browser.picture(&file, (1280, 1500), "", true, &artefacts().join("map-dark.png"));
}

#[test]
fn a_map_is_walked_by_keys_and_turned_to_the_neighbours() {
    let (map, _, page) = map_page();
    let steps = "<script>setTimeout(() => {
        const map = document.getElementById('map');
        const press = key => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        map.querySelector('tbody td[tabindex=\"0\"]').focus();
        press('ArrowRight'); press('ArrowDown'); press('ArrowRight'); press('ArrowUp');
        document.querySelector('button[data-view=near]').click();
    }, 100)</script></body>";
    let file = written("map-keys.html", &page.replace("</body>", steps));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&file, DESKTOP);
    assert_sound(&seen);
    let cell = map.cell(2, 0).expect("a cell");
    let near = cell.neighbours.expect("neighbours");
    let told = seen.text("id=\"cell\"", "</p>");
    let expected =
        format!("rsi_length 11, level 20: sharpe {:.2} (median of 4 runs), around it {near:.2}", cell.median);
    assert!(told.ends_with(&expected), "{told}");
    assert!(seen.dom.contains("id=\"map\" data-view=\"near\""));
    assert!(seen.dom.contains("data-view=\"near\" aria-pressed=\"true\""));
}

#[test]
fn a_map_fits_a_phone() {
    let (_, _, page) = map_page();
    let file = written("map-phone.html", &page);
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&file, PHONE);
    assert_sound(&seen);
    assert_eq!((seen.root("width"), seen.root("overflow")), (Some("390"), Some("0")));
    browser.picture(&file, (390, 2200), "", false, &artefacts().join("map-phone.png"));
}

#[test]
fn a_walk_shows_its_windows_on_desktop_and_phone() {
    let candles = candles();
    let mut space = Space::new(serde_json::Map::new());
    for axis in ["rsi_length=7,14,21", "level=25,30,35"] {
        space.add(axis.parse().expect("an axis")).expect("a space");
    }
    let mut plan = Plan::new(Span::days(90), Span::days(30));
    (plan.warm_up, plan.draws, plan.threads) = (300, 500, 2);
    let walk = walk_forward::run(&threshold(&candles), &space, &candles, &plan, &mut |_, _| {})
        .expect("a year is long enough");
    let facts = [("Symbol".to_owned(), EVIL.to_owned())];
    let page = walk_forward::page(&walk, &space, plan.metric, &facts);
    let file = written("walk.html", &page);
    println!("{}", walk_forward::text(&walk, &space, plan.metric));
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&file, DESKTOP);
    assert_sound(&seen);
    assert_eq!(seen.between("id=\"windows\"", "</tbody>").matches("<tr>").count(), walk.steps.len() + 1);
    let net = walk.final_equity - walk.initial_balance;
    let shown = seen.text("<h2>Out of sample</h2>", "<p>").replace(',', "").replace('−', "-");
    assert_eq!(shown, format!("{net:+.2}"));
    browser.picture(&file, (1280, 1900), "", false, &artefacts().join("walk.png"));
    let phone = browser.open(&file, PHONE);
    assert_sound(&phone);
    assert_eq!(phone.root("overflow"), Some("0"));
    browser.picture(&file, (390, 3800), "", true, &artefacts().join("walk-phone.png"));
}
