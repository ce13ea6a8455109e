//! One account: its paper venue, the process that runs it while one does, and what its journal tells.

use crate::market::Market;
use crate::rule;
use crate::watch::Watch;
use crate::way::{CAP, Way};
use fastrand::Rng;
use hyperrsi::desk::{Event, EventKind, TraderStatus};
use hyperrsi::model::*;
use hyperrsi::prelude::*;
use hyperrsi::risk::{Cap, ExposureCap, RiskManager, Scope};
use hyperrsi::runtime::paper::{Paper, SteppedClock};
use hyperrsi::runtime::{Clock, Exit, Hub, Options, Parts, Session};
use hyperrsi::sim::account::Setup;
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{Journal, JournaledDecision, Record, RecordKind, RecordQuery, Seq};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// What an account begins with.
const DEPOSIT: Decimal = dec!(100_000);
/// How long one step is waited for, this machine's time: what waits for the venue's time to pass does not come within it.
const PATIENCE: Duration = Duration::from_millis(100);

/// What all accounts share.
#[derive(Clone)]
pub struct Place {
    pub clock: Arc<SteppedClock>,
    pub market: Arc<Market>,
    pub hub: Hub,
    pub store: Arc<SqliteStore>,
}

/// What the journals told, by code, and what strategies saw of each candle: the same for all accounts (I7).
#[derive(Default)]
pub struct Told {
    pub codes: BTreeMap<String, u64>,
    /// Why entries were not made.
    pub skipped: BTreeMap<String, u64>,
    pub decisions: u64,
    seen: BTreeMap<(InstrumentId, Timestamp), (String, u32)>,
    pub compared: u64,
}

pub struct Party {
    name: String,
    place: Place,
    pub paper: Arc<Paper>,
    pub session: Option<Session>,
    cut: watch::Sender<u32>,
    random: Rng,
    /// When the next process begins.
    again: Timestamp,
    wrong: Arc<Mutex<Vec<String>>>,
    pub watch: Watch,
    read: Seq,
    pub processes: u64,
    pub cuts: u64,
    pub by_hand: u64,
}

impl Party {
    pub fn new(index: usize, place: &Place, seed: u64) -> Self {
        let name = format!("soak{index}");
        let mut setup = Setup::new("soak").deposit("USDT", DEPOSIT);
        (setup.position_mode, setup.margin_mode) = (PositionMode::Hedge, MarginMode::Isolated);
        (setup.leverage, setup.history) = (1, Span::minutes(30));
        let paper = Paper::new(name.as_str(), setup, place.market.instruments(), place.clock.clone());
        Self {
            name,
            place: place.clone(),
            paper,
            session: None,
            cut: watch::Sender::new(0),
            random: Rng::with_seed(seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            again: Timestamp::EPOCH,
            wrong: Arc::default(),
            watch: Watch::of(DEPOSIT),
            read: Seq::START,
            processes: 0,
            cuts: 0,
            by_hand: 0,
        }
    }

    /// Starts a process if none runs and its time has come.
    pub async fn keep_running(&mut self, faults: bool) {
        if self.session.is_some() || self.place.clock.now() < self.again {
            return;
        }
        let (paper, wrong) = (Arc::clone(&self.paper), Arc::clone(&self.wrong));
        let random = faults.then_some(&mut self.random);
        let exchange = Way::of_process(paper, self.cut.subscribe(), wrong, self.place.clock.clone(), random);
        let cap = ExposureCap::new(Scope::Total, Cap::Value(Amount::new(CAP)));
        let parts = Parts {
            exchange,
            hub: self.place.hub.clone(),
            store: self.place.store.clone(),
            clock: self.place.clock.clone(),
            managers: vec![Box::new(cap) as Box<dyn RiskManager>],
        };
        let instruments = self.place.market.instruments();
        let plans =
            instruments.iter().enumerate().map(|(index, one)| rule::plan(&self.name, index, one)).collect();
        // A start that fails, for what the way to the venue loses, is made again at the next step.
        if let Ok(session) = Session::open(parts, Options::new("soak"), plans).await {
            self.session = Some(session);
            self.processes += 1;
        }
    }

    /// The process dies: nothing more is done, nothing is said.
    pub fn kill(&mut self, dead_for: Span) {
        drop(self.session.take());
        self.cut.send_modify(|cuts| *cuts += 1);
        self.again = self.place.clock.now() + dead_for;
        self.watch.dead();
    }

    /// What happens to an account now and then.
    pub fn misfortune(&mut self) {
        match self.random.u32(..) % 40_000 {
            0..20 => {
                let span = Span::seconds([5, 20, 60, 240][self.random.usize(..4)]);
                self.kill(span);
            }
            20..60 => {
                self.cut.send_modify(|cuts| *cuts += 1);
                self.cuts += 1;
            }
            60..100 => self.cancel_by_hand(),
            _ => {}
        }
    }

    /// Somebody cancels one of the live orders.
    fn cancel_by_hand(&mut self) {
        let pick = self.random.usize(..);
        self.by_hand += u64::from(self.paper.change(|account, now| {
            let live: Vec<u64> = account.live_orders().map(|order| order.number).collect();
            live.get(pick % live.len().max(1)).is_some_and(|number| account.cancel(now, *number).is_ok())
        }));
    }

    pub fn trade(&self, prices: &[(InstrumentId, Price)]) {
        for (id, price) in prices {
            self.paper.trade(id, *price).unwrap();
        }
    }

    /// Returns once everything that can be done now is done.
    pub async fn settle(&self) {
        let Some(session) = &self.session else { return };
        let _ = timeout(PATIENCE, session.handle().settle()).await;
    }

    /// Everything that is wrong with the account now.
    pub async fn look(&mut self) -> Vec<String> {
        let traders = self.traders().await;
        let now = self.place.clock.now();
        let (paper, watch) = (&self.paper, &mut self.watch);
        let mut wrong = paper.look(|account| watch.look(now, account, &traders));
        wrong.append(&mut self.wrong.lock().unwrap());
        wrong.iter_mut().for_each(|text| text.insert_str(0, &format!("{}: ", self.name)));
        wrong
    }

    /// What its traders say of themselves; nothing if no process runs.
    pub async fn traders(&self) -> Vec<TraderStatus> {
        let mut traders = Vec::new();
        if let Some(session) = &self.session {
            let run = session.handle();
            for trader in run.traders() {
                traders.extend(run.trader(trader).await);
            }
        }
        traders
    }

    /// Reads what the journal has that was not read before: every fill of the venue once (I3), and what was decided.
    pub async fn read(&mut self, told: &mut Told) {
        loop {
            let kinds = [RecordKind::Fill, RecordKind::Event, RecordKind::Decision];
            let query = RecordQuery {
                after: self.read,
                limit: 5_000,
                ..RecordQuery::of(self.name.as_str().into(), kinds)
            };
            let page = Journal::read(&*self.place.store, &query).await.unwrap();
            let Some(last) = page.last() else { return };
            self.read = last.seq;
            page.iter().for_each(|record| self.take(record, told));
        }
    }

    fn take(&mut self, record: &Record, told: &mut Told) {
        match record.entry.kind {
            RecordKind::Fill => {
                let fill: Fill = record.entry.body.parse().unwrap();
                let mut known = self.watch.unjournaled.remove(fill.trade_id.as_str());
                if known.is_none() {
                    // It was filled since the last look.
                    self.paper.look(|account| self.watch.take_fills(account));
                    known = self.watch.unjournaled.remove(fill.trade_id.as_str());
                }
                assert!(known.is_some(), "I3: {} has {} twice, or it never was", self.name, fill.trade_id);
            }
            RecordKind::Event => {
                let event: Event = record.entry.body.parse().unwrap();
                *told.codes.entry(event.kind.code().to_owned()).or_default() += 1;
                if let EventKind::EntrySkipped { reason, .. } = event.kind {
                    *told.skipped.entry(reason.to_string()).or_default() += 1;
                }
            }
            _ => {
                let decision: JournaledDecision = record.entry.body.parse().unwrap();
                told.decided(&decision);
            }
        }
    }

    /// Fills older than a time of which the journal does not know.
    pub fn unjournaled(&self, before: Timestamp) -> usize {
        self.watch.unjournaled.values().filter(|at| **at < before).count()
    }

    /// It ends in order.
    pub async fn end(&mut self) -> Exit {
        self.session.take().unwrap().shut_down().await
    }
}

impl Told {
    fn decided(&mut self, decision: &JournaledDecision) {
        let record = &decision.record;
        if record.at.is_some() || !rule::is_hyperrsi(&record.symbol) {
            return;
        }
        self.decisions += 1;
        let inputs = &record.inputs;
        let saw =
            format!("{} {:?} {:?} {:?} {:?}", inputs.close, inputs.p, inputs.c, inputs.atr, inputs.trend);
        let entry =
            self.seen.entry((record.symbol.clone(), record.candle)).or_insert_with(|| (saw.clone(), 0));
        assert_eq!(
            entry.0, saw,
            "I7: {} at {} sees what another account does not",
            decision.trader, record.candle
        );
        entry.1 += 1;
        self.compared += u64::from(entry.1 > 1);
    }

    /// Lets go of candles that every account has decided.
    pub fn forget(&mut self, before: Timestamp) {
        self.seen.retain(|(_, candle), _| *candle >= before);
    }

    pub fn count(&self, code: &str) -> u64 {
        self.codes.get(code).copied().unwrap_or_default()
    }
}
