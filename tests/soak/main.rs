//! Many traders for a long time: accounts with ten traders each on paper venues, over one SQLite journal and one set of
//! subscriptions, in steps of five simulated seconds. Calls and streams fail at random, orders are cancelled by hand, and
//! processes die and begin anew. After every step the invariants are looked at; in the end no task is left and memory is
//! where it was after two thirds of the time.
//!
//! `HYPERRSI_SOAK_HOURS`, `HYPERRSI_SOAK_TRADERS` and `HYPERRSI_SOAK_SEED` make it longer, larger, another one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests; and this one tells its figures"
)]

mod market;
mod party;
mod rule;
mod watch;
mod way;

use futures_util::future::join_all;
use hyperrsi::model::*;
use hyperrsi::runtime::paper::SteppedClock;
use hyperrsi::runtime::{Clock, Exit, Hub};
use hyperrsi::sqlite::SqliteStore;
use market::Market;
use party::{Party, Place, Told};
use rust_decimal::Decimal;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEP: Span = Span::seconds(5);
/// Traders of one account, each on an instrument of its own.
const OF_ACCOUNT: usize = 10;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// What of this process is in memory, bytes; 0 where that cannot be read.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

fn instruments() -> Vec<Instrument> {
    let bases = ["BTC", "ETH", "SOL", "XRP", "ADA", "LTC", "DOT", "UNI", "BCH", "TRX"];
    let make = |base: &str| {
        let mut one =
            Instrument::linear(InstrumentId::new("soak", format!("{base}-USDT-SWAP")), base, "USDT");
        (one.tick, one.lot, one.min_size) = (Decimal::new(1, 1), Decimal::new(1, 3), Decimal::new(1, 3));
        one
    };
    bases.into_iter().map(make).collect()
}

struct Soak {
    place: Place,
    parties: Vec<Party>,
    told: Told,
    steps: u64,
}

impl Soak {
    /// One step of time, and what must hold after it.
    async fn step(&mut self, faults: bool) {
        let clock = Arc::clone(&self.place.clock);
        clock.advance(clock.now() + STEP);
        let now = clock.now();
        if Timeframe::M1.bucket(now) == now {
            self.place.market.close_candles(faults);
            self.settle().await;
        }
        let prices = self.place.market.trade(faults);
        self.parties.iter().for_each(|party| party.trade(&prices));
        self.settle().await;
        let looks = join_all(self.parties.iter_mut().map(Party::look)).await;
        let wrong: Vec<String> = looks.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "at {now}:\n{}", wrong.join("\n"));
        for party in &mut self.parties {
            if faults {
                party.misfortune();
            }
            party.keep_running(faults).await;
        }
        self.steps += 1;
    }

    async fn settle(&self) {
        join_all(self.parties.iter().map(Party::settle)).await;
    }

    /// Reads the journals: fills that are over for a while are all there.
    async fn read(&mut self) {
        let now = self.place.clock.now();
        for party in &mut self.parties {
            party.read(&mut self.told).await;
            assert_eq!(party.unjournaled(now - Span::minutes(10)), 0, "I3: fills that no journal has");
        }
        self.told.forget(now - Span::hours(2));
    }

    /// Everything works again: after a while nothing is left of what went wrong.
    async fn heal(&mut self) {
        for party in &mut self.parties {
            party.kill(Span::ZERO); // the next process has a way without mishaps
        }
        for _ in 0..60 {
            self.step(false).await;
        }
        for party in &mut self.parties {
            party.read(&mut self.told).await;
            let run = party.session.as_ref().expect("it runs").handle();
            assert!(run.reconcile().await);
            run.settle().await;
            let status = run.status().await.unwrap();
            assert_eq!(status.drift.get().normalize(), Decimal::ZERO, "I5: the books are the venue's");
            assert_eq!(party.unjournaled(self.place.clock.now()), 0, "I3: fills that no journal has");
            let traders = party.traders().await;
            let open: Vec<_> = traders.iter().filter(|trader| !trader.legs.is_empty()).collect();
            assert_eq!(party.end().await, Exit::Clean, "before that: {open:#?}");
        }
    }
}

#[test]
fn soak_of_traders_under_faults_keeps_every_invariant_and_leaks_nothing() {
    let hours = setting("HYPERRSI_SOAK_HOURS", 4);
    let traders = usize::try_from(setting("HYPERRSI_SOAK_TRADERS", 50)).unwrap();
    let seed = setting("HYPERRSI_SOAK_SEED", 20_260_101);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(hours, traders.div_ceil(OF_ACCOUNT), seed));
}

async fn run(hours: u64, accounts: usize, seed: u64) {
    let tasks = tokio::runtime::Handle::current().metrics();
    let (before, begun) = (tasks.num_alive_tasks(), Instant::now());
    let folder = tempfile::tempdir().unwrap();
    let clock = SteppedClock::starting_at("2026-01-05T00:00:00Z".parse().unwrap());
    let market = Market::new(instruments(), clock.clone(), seed);
    let place = Place {
        clock: clock.clone(),
        market: market.clone(),
        hub: Hub::new(market, clock.clone()),
        store: Arc::new(SqliteStore::open(folder.path().join("soak.db")).await.unwrap()),
    };
    let parties = (0..accounts).map(|index| Party::new(index, &place, seed)).collect();
    let mut soak = Soak { place, parties, told: Told::default(), steps: 0 };
    let steps = hours * 720;
    let mut settled = 0;
    for step in 1..=steps {
        soak.step(true).await;
        if step % 180 == 0 {
            soak.read().await;
        }
        if step == steps * 2 / 3 {
            settled = resident();
        }
        if step % 720 == 0 {
            let (entered, alive) = (soak.told.count("entered"), tasks.num_alive_tasks());
            let (memory, took) = (resident() >> 20, begun.elapsed().as_secs());
            println!("{} h in {took} s: {entered} entries, {alive} tasks, {memory} MB", step / 720);
        }
    }
    let full = resident();
    soak.heal().await;

    let Soak { place, parties, told, steps } = soak;
    let sum = |of: fn(&Party) -> u64| parties.iter().map(of).sum::<u64>();
    let longest =
        |of: fn(&watch::Longest) -> Span| parties.iter().map(|party| of(&party.watch.longest)).max().unwrap();
    let (fills, processes) = (sum(|one| one.watch.fills), sum(|one| one.processes));
    println!(
        "{hours} h, {accounts} accounts, {steps} steps: {fills} fills, {processes} processes, {} streams cut, {} orders cancelled by hand",
        sum(|one| one.cuts),
        sum(|one| one.by_hand)
    );
    println!(
        "longest: without a whole stop at the venue {} s, books behind {} s, more resting than held {} s",
        longest(|one| one.naked).millis() / 1_000,
        longest(|one| one.differs).millis() / 1_000,
        longest(|one| one.loose).millis() / 1_000
    );
    println!(
        "{} decisions, {} compared with another account's; {:?}",
        told.decisions, told.compared, told.codes
    );
    println!(
        "memory after two thirds {} MB, at the end {} MB; {} s",
        settled >> 20,
        full >> 20,
        begun.elapsed().as_secs()
    );

    let per = |least: u64| least * accounts as u64 * OF_ACCOUNT as u64 * hours / 10; // a tenth of an hour's, per trader
    for (code, least) in [("entered", 10), ("trade_closed", 10), ("stop_moved", 5), ("exited", 10)] {
        assert!(told.count(code) >= per(least), "{} {code} show little", told.count(code));
    }
    println!("entries that were not made: {:?}", told.skipped);
    for code in ["order_unknown", "link_down", "link_up", "protection_removed", "entry_skipped", "reconciled"]
    {
        assert!(told.count(code) > 0, "no {code}: {:?}", told.codes);
    }
    assert!(processes > 2 * accounts as u64, "{processes} processes");
    assert!(told.compared > 0);
    // What is of bounded size, and the allocator's pages, fill for hours: what a shorter run grows by tells nothing. What
    // grew evenly for a day would be a sixth larger after its last third.
    let room = (settled / 10).max(8 << 20);
    assert!(hours < 24 || full <= settled + room, "memory grew from {settled} to {full}");

    drop((parties, place));
    let waited = Instant::now();
    while tasks.num_alive_tasks() > before && waited.elapsed() < Duration::from_secs(10) {
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks.num_alive_tasks(), before, "tasks are left");
}
