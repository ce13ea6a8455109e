//! The naive leg with a hedge against it, written from the text of TRADING 11 and 15 alone, and the library against both.
//! Two legs move along one path, so only `ohlc_path` says which of their events comes first. Left out are cases in which two
//! of them share a price.

use crate::market::*;
use crate::naive::{Extra, Naive, Rules, floor, step};
use crate::naive_compare::{any_moves, any_rules, entries_of, ohlc, plan_of, walk};
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{HedgePlan, HedgeStop, HedgeTakeProfit, HedgeTarget, Trade, TradeFillKind};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::Decision;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

#[derive(Clone, Copy, Debug, PartialEq)]
enum TakeProfit {
    Percent(Decimal),
    LastEntry,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    Percent(Decimal),
    MainLevel(usize),
}

#[derive(Clone, Copy, Debug)]
struct HedgeRules {
    trigger: u32,
    percent: Decimal,
    limit: u32,
    take_profit: TakeProfit,
    stop: Option<Stop>,
    /// `activate_tp_sl_after_all_dca`
    after_all: bool,
    close_main: bool,
    close_on_main_stop: bool,
}

/// What, price, quantity; of one leg from flat to flat.
type Rows = Vec<(&'static str, Decimal, Decimal)>;

/// An open hedge.
#[derive(Clone, Debug, Default)]
struct Hedge {
    cost: Decimal,
    open: Decimal,
    rows: Rows,
    take_profit: Option<Decimal>,
    stop: Option<Decimal>,
}

enum Event {
    Level(usize),
    Entry,
    Stop,
    HedgeTakeProfit,
    HedgeStop,
}

struct Pair {
    main: Naive,
    rules: HedgeRules,
    hedge: Hedge,
    /// 11.9: hedge entries of this main position.
    made: u32,
    done: Vec<Rows>,
    /// Two events had the same price or came at once.
    tie: bool,
}

impl Pair {
    fn enter(main: Rules, rules: HedgeRules, price: Decimal) -> Self {
        let main = Naive::enter(main, price);
        let mut pair = Self { main, rules, hedge: Hedge::default(), made: 0, done: Vec::new(), tie: false };
        pair.evaluate(price);
        pair
    }

    fn last_entry(&self) -> u32 {
        self.main.rules.extra.map_or(u32::MAX, |extra| extra.limit)
    }

    /// 11.2, after every entry of the main leg. `market` is where a market order fills now.
    fn evaluate(&mut self, market: Decimal) {
        if self.rules.take_profit == TakeProfit::LastEntry && self.main.n >= self.last_entry() {
            return self.close_hedge("hedge_last_entry", market);
        }
        if self.main.n >= self.rules.trigger && self.made < self.rules.limit {
            let target = self.main.open * self.rules.percent / dec!(100);
            let new = floor(target - self.hedge.open, self.main.rules.lot);
            if new > Decimal::ZERO && new >= self.main.rules.min {
                self.hedge.cost += market * new;
                self.hedge.open += new;
                self.hedge.rows.push(("entry", market.normalize(), new.normalize()));
                self.made += 1;
            }
        }
        self.refresh();
        // 6.9: a stop that is through already closes at market.
        if self.is_through(market) {
            self.close_hedge("hedge_stop_loss", market);
        }
    }

    fn is_through(&self, market: Decimal) -> bool {
        self.hedge.stop.is_some_and(|stop| (market - stop) * self.main.rules.s() >= Decimal::ZERO)
    }

    /// 11.4 to 11.6.
    fn refresh(&mut self) {
        (self.hedge.take_profit, self.hedge.stop) = (None, None);
        if self.hedge.open.is_zero() || (self.rules.after_all && self.main.n < self.last_entry()) {
            return;
        }
        let (own, h) = (self.hedge.cost / self.hedge.open, -self.main.rules.s());
        let tick = self.main.rules.tick;
        if let TakeProfit::Percent(v) = self.rules.take_profit {
            let raw = own * (Decimal::ONE + h * v / dec!(100));
            self.hedge.take_profit = Some(step(raw, tick, RoundingStrategy::MidpointAwayFromZero));
        }
        self.hedge.stop = match self.rules.stop {
            Some(Stop::Percent(v)) => {
                // 0.4: towards the market, for a short down, for a long up.
                let towards = if h < Decimal::ZERO {
                    RoundingStrategy::ToNegativeInfinity
                } else {
                    RoundingStrategy::ToPositiveInfinity
                };
                Some(step(own * (Decimal::ONE - h * v / dec!(100)), tick, towards))
            }
            Some(Stop::MainLevel(k)) => self.main.levels[k - 1].map(|(price, _)| price),
            None => None,
        };
    }

    fn close_hedge(&mut self, reason: &'static str, price: Decimal) {
        if self.hedge.open.is_zero() {
            return;
        }
        let mut hedge = std::mem::take(&mut self.hedge);
        hedge.rows.push((reason, price.normalize(), hedge.open.normalize()));
        self.done.push(hedge.rows);
    }

    /// 11.8
    fn main_flat(&mut self, reason: &str, market: Decimal) {
        let stopped = matches!(reason, "stop_loss" | "break_even");
        let own_order = self.hedge.take_profit.is_some() || self.hedge.stop.is_some();
        let stays = stopped && !self.rules.close_on_main_stop && own_order;
        if !stays {
            self.close_hedge("hedge_linked", market);
        }
    }

    fn stop_main(&mut self, at: Decimal) {
        let Some((_, kind)) = self.main.stop() else { return };
        self.main.leave_all(kind, at);
        self.main_flat(kind, at);
    }

    /// `at` is what the order fills at, `market` where the market is.
    fn happen(&mut self, event: &Event, at: Decimal, market: Decimal) {
        match event {
            Event::Level(k) => {
                self.main.next_level(at);
                if self.rules.stop == Some(Stop::MainLevel(*k)) {
                    self.close_hedge("hedge_stop_loss", market);
                }
                if self.main.open.is_zero() {
                    self.main_flat("tp", market);
                }
            }
            Event::Entry => {
                self.main.enter_next(at);
                self.evaluate(market);
            }
            Event::Stop => self.stop_main(at),
            Event::HedgeTakeProfit => {
                self.close_hedge("hedge_take_profit", at);
                if self.rules.close_main && !self.main.open.is_zero() {
                    self.main.leave_all("hedge_tp_linked", market);
                }
            }
            Event::HedgeStop => self.close_hedge("hedge_stop_loss", at),
        }
    }

    /// The first event between two prices.
    fn first(&mut self, from: Decimal, to: Decimal) -> Option<(Decimal, Event)> {
        let favourable = (to > from) == self.main.rules.long;
        let mut all: Vec<(Decimal, Event)> = Vec::new();
        if !self.main.open.is_zero() {
            if favourable {
                all.extend(self.main.nearest().map(|(k, price)| (price, Event::Level(k))));
            } else {
                let stop = self.main.stop().map(|(price, _)| price);
                let entry = self.main.waiting().filter(|price| {
                    stop.is_none_or(|stop| (*price - stop) * self.main.rules.s() > Decimal::ZERO)
                });
                all.extend(stop.map(|price| (price, Event::Stop)));
                all.extend(entry.map(|price| (price, Event::Entry)));
            }
        }
        if !self.hedge.open.is_zero() {
            if favourable {
                all.extend(self.hedge.stop.map(|price| (price, Event::HedgeStop)));
            } else {
                all.extend(self.hedge.take_profit.map(|price| (price, Event::HedgeTakeProfit)));
            }
        }
        let reached = |price: Decimal| if to > from { price <= to } else { price >= to };
        all.retain(|(price, _)| reached(*price));
        all.sort_by_key(|(price, _)| (*price - from).abs());
        let level =
            |event: &Event| matches!(event, Event::Level(k) if self.rules.stop == Some(Stop::MainLevel(*k)));
        if let [(one, first), (two, second), ..] = all.as_slice()
            && one == two
            && !level(first)
            && !level(second)
        {
            self.tie = true;
        }
        // A main level and a hedge stop at it share a price by rule: one event, told by the level.
        if let [(one, Event::HedgeStop), (two, second), ..] = all.as_slice()
            && one == two
            && level(second)
        {
            all.swap(0, 1);
        }
        all.into_iter().next()
    }

    fn leg_path(&mut self, from: Decimal, to: Decimal) {
        let mut at = from;
        while at != to || from == to {
            self.crossed_hedge(at);
            match self.first(at, to) {
                Some((price, event)) if from != to => {
                    self.happen(&event, price, price);
                    at = price;
                    if at == to {
                        // What else rests exactly here.
                        self.crossed_hedge(at);
                        while let Some((price, event)) = self.first(from, to) {
                            self.happen(&event, price, price);
                            self.crossed_hedge(at);
                        }
                    }
                }
                _ => break,
            }
        }
        if !self.main.open.is_zero() {
            self.main.ratchet(to);
        }
    }

    /// A take profit that the market has passed before it was placed fills at its price, at once (15.3).
    fn crossed_hedge(&mut self, market: Decimal) {
        let s = self.main.rules.s();
        let crossed = |price: &Decimal| (*price - market) * s > Decimal::ZERO;
        if let Some(price) =
            self.hedge.take_profit.filter(|price| !self.hedge.open.is_zero() && crossed(price))
        {
            self.happen(&Event::HedgeTakeProfit, price, market);
        }
    }

    /// 15.2 (b).
    fn at_open(&mut self, open: Decimal) {
        let s = self.main.rules.s();
        if !self.main.open.is_zero() && self.main.stop().is_some_and(|(stop, _)| self.main.hit(open, stop)) {
            self.stop_main(open);
        }
        if self.is_through(open) {
            self.close_hedge("hedge_stop_loss", open);
        }
        let crossed = |price: Decimal| (price - open) * s >= Decimal::ZERO;
        let entry = self.main.waiting().filter(|_| !self.main.open.is_zero()).is_some_and(crossed);
        if entry && self.hedge.take_profit.is_some_and(crossed) {
            self.tie = true; // which of the two limits comes first at one price, nothing says
        }
        while let Some((k, price)) = self.main.nearest().filter(|_| !self.main.open.is_zero())
            && (open - price) * s >= Decimal::ZERO
        {
            self.happen(&Event::Level(k), price, open);
        }
        if entry && let Some(price) = self.main.waiting() {
            self.happen(&Event::Entry, price, open);
        }
        if let Some(price) = self.hedge.take_profit.filter(|price| crossed(*price)) {
            self.happen(&Event::HedgeTakeProfit, price, open);
        }
        if !self.main.open.is_zero() {
            self.main.ratchet(open);
        }
    }

    fn candle(&mut self, [open, high, low, close]: [Decimal; 4], entered_here: bool) {
        if !entered_here {
            self.at_open(open);
        }
        let corners = if close >= open { [low, high, close] } else { [high, low, close] };
        let mut from = open;
        for to in corners {
            self.leg_path(from, to);
            from = to;
        }
        self.main.waits = false;
    }

    fn end(&mut self, close: Decimal) {
        if !self.main.open.is_zero() {
            self.main.leave_all("backtest_end", close);
        }
        self.close_hedge("backtest_end", close);
    }
}

fn plan(rules: &HedgeRules, last_entry: u32) -> HedgePlan {
    let mut plan = HedgePlan::new(rules.trigger, HedgeTarget::PercentOfMain(Percent::new(rules.percent)));
    plan.limit = rules.limit;
    plan.take_profit = match rules.take_profit {
        TakeProfit::Percent(v) => HedgeTakeProfit::Percent(Percent::new(v)),
        TakeProfit::LastEntry => HedgeTakeProfit::LastEntry,
        TakeProfit::Never => HedgeTakeProfit::Never,
    };
    plan.stop = rules.stop.map(|stop| match stop {
        Stop::Percent(v) => HedgeStop::Percent(Percent::new(v)),
        Stop::MainLevel(k) => HedgeStop::MainLevel(u8::try_from(k).unwrap()),
    });
    plan.last_entry = last_entry;
    plan.exits_from_entry = if rules.after_all { last_entry } else { 1 };
    plan.close_main_on_take_profit = rules.close_main;
    plan.close_on_main_stop = rules.close_on_main_stop;
    plan
}

/// Entries and exits of a trade. At the end of the data everything goes at one price, whatever it is called.
fn rows(trade: &Trade, last: Decimal, at_end: impl Fn(&Rows) -> bool) -> Rows {
    let mut rows: Rows = trade
        .fills
        .iter()
        .map(|fill| {
            let what = match fill.kind {
                TradeFillKind::Entry => "entry",
                TradeFillKind::Exit(reason) => reason.code(),
            };
            (what, fill.price.get().normalize(), fill.quantity.get().normalize())
        })
        .collect();
    if at_end(&rows)
        && let Some(row) = rows.last_mut().filter(|row| row.1 == last)
    {
        row.0 = "backtest_end";
    }
    rows
}

prop_compose! {
    fn any_hedge()(
        trigger in 1u32..4, percent in 10i64..90, limit in 1u32..4, after_all in proptest::bool::weighted(0.2),
        take_profit in prop_oneof![
            3 => (2i64..60).prop_map(|v| TakeProfit::Percent(Decimal::new(v, 1))),
            1 => Just(TakeProfit::LastEntry),
            1 => Just(TakeProfit::Never),
        ],
        stop in proptest::option::of(prop_oneof![
            (5i64..80).prop_map(|v| Stop::Percent(Decimal::new(v, 1))),
            (1usize..4).prop_map(Stop::MainLevel),
        ]),
        close_main in any::<bool>(), close_on_main_stop in any::<bool>(),
    ) -> HedgeRules {
        let percent = Decimal::from(percent);
        HedgeRules { trigger, percent, limit, take_profit, stop, after_all, close_main, close_on_main_stop }
    }
}

prop_compose! {
    fn rules_with_hedge()(
        rules in any_rules(), entries in 2u32..5, spacing in 3i64..40, from_last in any::<bool>(),
        multiplier in prop_oneof![Just(dec!(1)), Just(dec!(1.5))], hedge in any_hedge(), units in 20i64..60,
    ) -> (Rules, HedgeRules) {
        let extra = Extra { limit: entries, percent: Decimal::new(spacing, 1), from_last, multiplier };
        let quantity = rules.lot * Decimal::from(units);
        (Rules { extra: Some(extra), quantity, ..rules }, hedge)
    }
}

fn compare(rules: &Rules, hedge: HedgeRules, candles: &[[i64; 4]]) -> Result<bool, TestCaseError> {
    let mut config = config();
    config.instrument = instrument(rules.tick, rules.lot, rules.min.max(rules.lot));
    config.close_at_end = true;
    let side = if rules.long { LONG } else { SHORT };
    let enter = Decision::enter(side, Size::Base(rules.quantity.into()), plan_of(rules));
    let entries = entries_of(rules).with_hedge(plan(&hedge, rules.extra.unwrap().limit));
    let script = Script::default().then(0, enter.followed_by(entries));
    let run = run(&config, IntrabarPolicy::OhlcPath, &script, &ohlc(candles));

    let dec = |cents: i64| Decimal::new(cents, 2);
    let mut pair = Pair::enter(rules.clone(), hedge, dec(candles[1][0]));
    for (index, candle) in candles.iter().enumerate().skip(1) {
        pair.candle(candle.map(dec), index == 1);
    }
    let last = dec(candles[candles.len() - 1][3]);
    pair.end(last);
    if pair.tie {
        return Ok(false);
    }
    let (hedges, mains): (Vec<_>, Vec<_>) = run.trades.iter().partition(|trade| trade.hedge);
    prop_assert_eq!(mains.len(), 1);
    let at_end =
        |rows: &Rows| rows.last().is_some_and(|row| matches!(row.0, "hedge_linked" | "backtest_end"));
    let mut naive: Rows =
        pair.main.entries.iter().map(|(price, quantity)| ("entry", *price, *quantity)).collect();
    naive.extend(&pair.main.exits);
    let sorted = |mut rows: Rows| {
        rows.sort_by_key(|row| row.0 != "entry"); // exits and entries each keep their order
        rows
    };
    prop_assert_eq!(sorted(rows(mains[0], last.normalize(), |_| false)), naive, "{:?}", run.trades);
    let mut ours: Vec<Rows> = hedges.iter().map(|trade| rows(trade, last.normalize(), at_end)).collect();
    let mut theirs = pair.done;
    for rows in ours.iter_mut().chain(&mut theirs) {
        if at_end(rows)
            && let Some(row) = rows.last_mut().filter(|row| row.1 == last.normalize())
        {
            row.0 = "backtest_end";
        }
    }
    prop_assert_eq!(ours, theirs, "{:?}", run.trades);
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn naive_hedge_agrees((rules, hedge) in rules_with_hedge(), moves in any_moves(40)) {
        compare(&rules, hedge, &walk(&moves))?;
    }
}
