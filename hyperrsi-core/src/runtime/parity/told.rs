use crate::backtest::{Config, IntrabarPolicy};
use crate::desk::{Event, EventKind};
use crate::model::{Timestamp, TraderId};
use crate::position::Trade;
use crate::runtime::terms::InForce;
use crate::series::{Candles, PushError};
use crate::store::{Code, JournaledDecision, Record, RecordKind, StoreError, TradeRecord};
use crate::strategy::DecisionRecord;
use std::collections::BTreeMap;

/// What a journal tells of one trader, however many processes wrote it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Told {
    /// Its trades, the newest revision of each, in the order of their exits.
    pub trades: Vec<Trade>,
    /// What it decided at closed candles.
    pub decisions: Vec<DecisionRecord>,
    /// Entries that were not made, when and why.
    pub refused: Vec<(Timestamp, Code)>,
    /// The settings it used, each from when on.
    pub settings: Vec<InForce>,
    /// How many processes ran it.
    pub processes: usize,
}

impl Told {
    /// The traders a journal speaks of.
    pub fn traders(records: &[Record]) -> Vec<TraderId> {
        let mut traders: Vec<TraderId> =
            records.iter().filter_map(|record| record.entry.trader.clone()).collect();
        traders.sort();
        traders.dedup();
        traders
    }

    /// The backtest that belongs beside it: the candles from the first one the strategy was told of (TRADING 2.7), and how
    /// they are traded, from the first decision to the last, with the instrument, the policy and the balance that were in
    /// force first. `None` where the journal holds no settings or no decisions.
    ///
    /// # Errors
    /// [`PushError`] never, for candles that are in order.
    pub fn beside(&self, candles: &Candles) -> Result<Option<(Candles, Config)>, PushError> {
        let opens = self.decisions.iter().map(|decision| decision.candle);
        let (Some(settings), Some(first), Some(last)) =
            (self.settings.first(), opens.clone().min(), opens.max())
        else {
            return Ok(None);
        };
        let mut told = Candles::new(candles.timeframe());
        let known = |open: Timestamp| settings.anchor.is_none_or(|anchor| open >= anchor);
        candles.iter().filter(|candle| known(candle.open_time)).try_for_each(|candle| told.push(candle))?;
        let mut config = Config::new(settings.instrument.clone());
        config.initial_balance = settings.balance;
        config.policy = IntrabarPolicy::OhlcPath;
        config.trader = settings.policy.clone();
        (config.trader.journal, config.close_at_end) = (false, false);
        let end = last + candles.timeframe().span();
        (config.start, config.end, config.record) = (Some(first), Some(end), Some((first, end)));
        Ok(Some((told, config)))
    }

    /// Of one trader, from the records of a journal in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a record that cannot be read.
    pub fn read(records: &[Record], trader: &TraderId) -> Result<Self, StoreError> {
        let mut told = Self::default();
        let mut trades: BTreeMap<String, (u32, usize)> = BTreeMap::new();
        for record in records.iter().filter(|record| record.entry.trader.as_ref() == Some(trader)) {
            let body = &record.entry.body;
            match record.entry.kind {
                RecordKind::Trade => {
                    let TradeRecord { id, revision, trade, .. } = body.parse()?;
                    match trades.get_mut(&id) {
                        Some((known, place)) => {
                            if revision > *known
                                && let Some(old) = told.trades.get_mut(*place)
                            {
                                (*known, *old) = (revision, trade);
                            }
                        }
                        None => {
                            trades.insert(id, (revision, told.trades.len()));
                            told.trades.push(trade);
                        }
                    }
                }
                RecordKind::Decision => {
                    let decision: JournaledDecision = body.parse()?;
                    // What is done between candles follows prices, which a backtest has only as candles.
                    if decision.record.at.is_none() {
                        told.decisions.push(decision.record);
                    }
                }
                RecordKind::Settings => told.settings.push(body.parse()?),
                RecordKind::Event => {
                    let event: Event = body.parse()?;
                    match event.kind {
                        EventKind::EntrySkipped { reason, .. } => told.refused.push((event.at, reason)),
                        EventKind::OrderRefused { role, class, .. }
                            if ["entry", "add", "resting", "grid"].contains(&role.as_str()) =>
                        {
                            told.refused.push((event.at, class));
                        }
                        EventKind::Started { .. } => told.processes += 1,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(told)
    }
}
