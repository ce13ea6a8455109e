//! A second, deliberately naive carrying out of one leg, written from the text of TRADING 0.6, 6 to 10 and 15 alone. It
//! knows nothing of orders, answers or venues: a list of levels, three stop candidates, and candles.

use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy;
use rust_decimal::{Decimal, RoundingStrategy};

/// What the settings of one leg say.
#[derive(Clone, Debug)]
pub struct Rules {
    pub long: bool,
    pub tick: Decimal,
    pub lot: Decimal,
    pub min: Decimal,
    pub quantity: Decimal,
    /// Percent distance, ratio, enabled, break-even after it.
    pub levels: [(Decimal, Decimal, bool, bool); 3],
    pub stop: Option<Decimal>,
    pub offset: Decimal,
    /// Start level and percent.
    pub trail: Option<(usize, Decimal)>,
    /// Further entries, resting as limits.
    pub extra: Option<Extra>,
}

/// TRADING 10, the resting form.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    pub limit: u32,
    pub percent: Decimal,
    pub from_last: bool,
    pub multiplier: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Order(Decimal),
    Touch,
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Naive {
    pub rules: Rules,
    average: Decimal,
    /// 0.6: Σ price × quantity of what is open.
    cost: Decimal,
    pub n: u32,
    /// The next limit entry: price and quantity.
    next: Option<(Decimal, Decimal)>,
    /// It waits for the close of the candle in which one filled.
    pub waits: bool,
    pub entries: Vec<(Decimal, Decimal)>,
    pub open: Decimal,
    /// Price and what is there, of enabled levels.
    pub levels: [Option<(Decimal, State)>; 3],
    fixed: Option<Decimal>,
    even: Option<Decimal>,
    /// D, E and the rounded stop.
    trail: Option<(Decimal, Decimal, Decimal)>,
    pub exits: Vec<(&'static str, Decimal, Decimal)>,
}

pub fn step(value: Decimal, step: Decimal, strategy: RoundingStrategy) -> Decimal {
    (value / step).round_dp_with_strategy(0, strategy) * step
}

pub fn floor(value: Decimal, lot: Decimal) -> Decimal {
    step(value, lot, RoundingStrategy::ToNegativeInfinity)
}

impl Rules {
    pub fn s(&self) -> Decimal {
        if self.long { Decimal::ONE } else { Decimal::NEGATIVE_ONE }
    }
    /// 0.4: a stop rounds towards the market.
    pub fn round_stop(&self, value: Decimal) -> Decimal {
        let up = if self.long {
            RoundingStrategy::ToPositiveInfinity
        } else {
            RoundingStrategy::ToNegativeInfinity
        };
        step(value, self.tick, up)
    }
    /// 7.2
    fn level_price(&self, a: Decimal, percent: Decimal) -> Decimal {
        let s = self.s();
        let raw = a * (Decimal::ONE + s * percent / dec!(100));
        let clamp = a * (Decimal::ONE + s * dec!(0.0001));
        let clamped = if self.long { raw.max(clamp) } else { raw.min(clamp) };
        let nearest = step(clamped, self.tick, RoundingStrategy::MidpointAwayFromZero);
        if (nearest - clamp) * s < Decimal::ZERO { nearest + s * self.tick } else { nearest }
    }

    /// 10.2, 10.5: the entry after `n`, rounded away from the market.
    fn next(&self, n: u32, average: Decimal, last: Decimal) -> Option<(Decimal, Decimal)> {
        let extra = self.extra.filter(|extra| n < extra.limit)?;
        let from = if extra.from_last { last } else { average };
        let raw = from * (Decimal::ONE - self.s() * extra.percent / dec!(100));
        let away = if self.long {
            RoundingStrategy::ToNegativeInfinity
        } else {
            RoundingStrategy::ToPositiveInfinity
        };
        let price = step(raw, self.tick, away);
        let quantity = (0..n).fold(self.quantity, |quantity, _| quantity * extra.multiplier);
        (price > Decimal::ZERO).then(|| (price, floor(quantity, self.lot)))
    }

    /// 7.3 to 7.6 for what is open.
    fn ladder(&self, a: Decimal, open: Decimal) -> [Option<(Decimal, State)>; 3] {
        let on: Vec<usize> = (0..3).filter(|k| self.levels[*k].2).collect();
        let price = |k: usize| self.level_price(a, self.levels[k].0);
        let total: Decimal = self.levels.iter().map(|l| l.1).sum();
        let enabled: Decimal = on.iter().map(|k| self.levels[*k].1).sum();
        let g = if total == dec!(100) { open } else { floor(open * total / dec!(100), self.lot) };
        let mut q = [Decimal::ZERO; 3];
        for k in &on {
            q[*k] = floor(g * self.levels[*k].1 / enabled, self.lot);
        }
        if let Some(last) = on.last() {
            q[*last] = g - on[..on.len() - 1].iter().map(|k| q[*k]).sum::<Decimal>();
        }
        let fits = |quantity: Decimal| quantity > Decimal::ZERO && quantity >= self.min;
        let mut state: [Option<State>; 3] = [None; 3];
        on.iter().for_each(|k| state[*k] = Some(State::Nothing));
        // Levels that get orders, before merging.
        let start = self.trail.map(|(k, _)| k - 1).filter(|k| self.levels[*k].2);
        let mut with: Vec<usize> =
            on.iter().copied().filter(|k| start.is_none_or(|start| *k <= start)).collect();
        let rest_of = |placed: Decimal| open - placed;
        if let Some(start) = start
            && rest_of(with.iter().map(|k| q[*k]).sum()).is_zero()
        {
            with.retain(|k| *k != start);
            state[start] = Some(State::Touch);
        }
        let mut carry = Decimal::ZERO;
        for k in with {
            carry += q[k];
            if fits(carry) {
                state[k] = Some(State::Order(carry));
                carry = Decimal::ZERO;
            } else if Some(k) == start {
                state[k] = Some(State::Touch);
            }
        }
        let placed = |state: &[Option<State>; 3]| -> Decimal {
            state.iter().map(|s| if let Some(State::Order(q)) = s { *q } else { Decimal::ZERO }).sum()
        };
        let last_order =
            |state: &[Option<State>; 3]| state.iter().rposition(|s| matches!(s, Some(State::Order(_))));
        let give = |state: &mut [Option<State>; 3], k: usize, more: Decimal| {
            if let Some(State::Order(q)) = &mut state[k] {
                *q += more;
            }
        };
        if let Some(start) = start {
            let mut rest = rest_of(placed(&state));
            if !fits(rest) && matches!(state[start], Some(State::Order(_))) && !rest.is_zero() {
                state[start] = Some(State::Touch);
                rest = rest_of(placed(&state));
            }
            if !fits(rest)
                && let Some(k) = last_order(&state)
            {
                give(&mut state, k, rest);
            }
        } else {
            let runner = open - g;
            let rest = rest_of(placed(&state));
            match last_order(&state) {
                Some(k) if runner.is_zero() || !fits(rest) => give(&mut state, k, rest),
                None if !on.is_empty() && (runner.is_zero() || !fits(rest)) => {
                    state[on[on.len() - 1]] = Some(State::Order(open));
                }
                _ => {}
            }
        }
        [0, 1, 2].map(|k| state[k].map(|state| (price(k), state)))
    }
}

impl Naive {
    pub fn enter(rules: Rules, a: Decimal) -> Self {
        let quantity = rules.quantity;
        let mut leg = Self {
            open: Decimal::ZERO,
            average: a,
            cost: Decimal::ZERO,
            n: 0,
            next: None,
            waits: false,
            entries: Vec::new(),
            levels: [None; 3],
            fixed: None,
            even: None,
            trail: None,
            exits: Vec::new(),
            rules,
        };
        leg.add(a, quantity);
        leg
    }

    /// An entry fill: everything starts anew from the new average (6.4, 7.9, 8.5, 9.7, 10.6).
    fn add(&mut self, price: Decimal, quantity: Decimal) {
        self.cost += price * quantity;
        self.open += quantity;
        self.average = self.cost / self.open;
        self.n += 1;
        self.entries.push((price.normalize(), quantity.normalize()));
        let (a, rules) = (self.average, &self.rules);
        self.levels = rules.ladder(a, self.open);
        self.fixed = rules.stop.map(|v| rules.round_stop(a * (Decimal::ONE - rules.s() * v / dec!(100))));
        (self.even, self.trail) = (None, None);
        self.next = rules.next(self.n, a, price);
    }

    /// The level that comes next, from 1, with its price.
    pub fn nearest(&self) -> Option<(usize, Decimal)> {
        let next = |k: &usize| self.levels[*k].is_some_and(|(_, state)| state != State::Nothing);
        let k = (0..3).find(next)?;
        Some((k + 1, self.levels[k]?.0))
    }

    /// The price of the limit entry that rests.
    pub fn waiting(&self) -> Option<Decimal> {
        self.next.filter(|_| !self.waits).map(|(price, _)| price)
    }

    /// The limit entry fills if `reach` has reached it, before the stop if there is one in the way.
    pub fn enter_next(&mut self, reach: Decimal) -> bool {
        let Some((price, quantity)) = self.next.filter(|_| !self.waits) else { return false };
        let nearer = self.stop().is_none_or(|(stop, _)| (price - stop) * self.rules.s() > Decimal::ZERO);
        if !self.hit(reach, price) || !nearer {
            return false;
        }
        self.add(price, quantity);
        self.waits = true;
        true
    }

    /// 6.5
    pub fn stop(&self) -> Option<(Decimal, &'static str)> {
        let mut best: Option<(Decimal, &'static str)> = None;
        let all = [
            (self.fixed, "stop_loss"),
            (self.even, "break_even"),
            (self.trail.map(|t| t.2), "trailing_stop"),
        ];
        for (price, kind) in all {
            if let Some(price) = price
                && best.is_none_or(|(old, _)| (price - old) * self.rules.s() >= Decimal::ZERO)
            {
                best = Some((price, kind));
            }
        }
        best
    }

    fn leave(&mut self, reason: &'static str, price: Decimal, quantity: Decimal) {
        let part = (self.cost * quantity / self.open)
            .round_dp_with_strategy(12, RoundingStrategy::MidpointAwayFromZero);
        self.cost -= if quantity == self.open { self.cost } else { part };
        self.open -= quantity;
        self.exits.push((reason, price.normalize(), quantity.normalize()));
    }

    pub fn leave_all(&mut self, reason: &'static str, price: Decimal) {
        self.leave(reason, price, self.open);
    }

    /// Whether an adverse price is at or beyond a stop.
    pub fn hit(&self, price: Decimal, stop: Decimal) -> bool {
        (stop - price) * self.rules.s() >= Decimal::ZERO
    }

    /// The nearest level not filled that `reach` has reached: filled or touched.
    pub fn next_level(&mut self, reach: Decimal) -> bool {
        let s = self.rules.s();
        let next = (0..3).find(|k| {
            self.levels[*k]
                .is_some_and(|(p, state)| state != State::Nothing && (reach - p) * s >= Decimal::ZERO)
        });
        let Some(k) = next else { return false };
        let Some((price, state)) = self.levels[k] else { return false };
        if let State::Order(quantity) = state {
            self.leave(["tp1", "tp2", "tp3"][k], price, quantity);
        }
        self.levels[k] = Some((price, State::Nothing));
        if self.open.is_zero() {
            return true;
        }
        if self.rules.levels[k].3 {
            let below = (0..k).rev().find_map(|j| self.levels[j]).map(|(price, _)| price);
            let even = below.unwrap_or_else(|| {
                let moved = self.average * (Decimal::ONE + s * self.rules.offset / dec!(100));
                let first = self.levels.iter().flatten().next().unwrap().0;
                let moved = self.rules.round_stop(moved);
                if (moved - first) * s >= Decimal::ZERO { self.rules.round_stop(self.average) } else { moved }
            });
            self.even = Some(
                self.even.map_or(even, |old| if self.rules.long { old.max(even) } else { old.min(even) }),
            );
        }
        if let Some((start, percent)) = self.rules.trail
            && start == k + 1
        {
            let d = (price * percent / dec!(100)).max(price * dec!(0.001));
            self.trail = Some((d, price, self.rules.round_stop(price - s * d)));
        }
        true
    }

    pub fn ratchet(&mut self, z: Decimal) {
        let s = self.rules.s();
        let rules = &self.rules;
        if let Some((d, e, stop)) = &mut self.trail
            && (z - *e) * s > Decimal::ZERO
        {
            *e = z;
            *stop = rules.round_stop(z - s * *d);
        }
    }

    /// 15.2 (b): the open of a later candle.
    fn at_open(&mut self, open: Decimal) {
        if let Some((stop, kind)) = self.stop()
            && self.hit(open, stop)
        {
            return self.leave_all(kind, open);
        }
        while !self.open.is_zero() && self.next_level(open) {}
        if !self.open.is_zero() {
            self.enter_next(open);
        }
        self.ratchet(open); // the open is a price like any other
    }

    /// Exits at the stop in force if `price` reaches it.
    fn stopped(&mut self, price: Decimal) -> bool {
        match self.stop() {
            Some((stop, kind)) if self.hit(price, stop) => {
                self.leave_all(kind, stop);
                true
            }
            _ => false,
        }
    }

    pub fn candle(
        &mut self,
        policy: IntrabarPolicy,
        [open, high, low, close]: [Decimal; 4],
        entered_here: bool,
    ) {
        if !entered_here {
            self.at_open(open);
        }
        self.inside(policy, [open, high, low, close]);
        self.waits = false; // the next limit is placed at the close
    }

    fn inside(&mut self, policy: IntrabarPolicy, [open, high, low, close]: [Decimal; 4]) {
        if self.open.is_zero() {
            return;
        }
        let (adverse, favourable) = if self.rules.long { (low, high) } else { (high, low) };
        match policy {
            IntrabarPolicy::Pessimistic => {
                let mut reach = favourable;
                loop {
                    if !self.open.is_zero() && self.enter_next(adverse) {
                        reach = close; // what is armed anew needs the close beyond it
                    }
                    if self.open.is_zero() || self.stopped(adverse) {
                        return;
                    }
                    if !self.next_level(reach) {
                        self.ratchet(favourable);
                        self.stopped(close);
                        return;
                    }
                }
            }
            IntrabarPolicy::Optimistic => {
                let mut at_start = self.stop();
                while !self.open.is_zero() && self.next_level(favourable) {}
                if self.open.is_zero() {
                    return;
                }
                if self.enter_next(adverse) {
                    at_start = self.stop();
                }
                if at_start.is_some_and(|(stop, _)| self.hit(adverse, stop)) {
                    let (stop, kind) = self.stop().unwrap();
                    return self.leave_all(kind, stop);
                }
                self.ratchet(favourable);
                self.stopped(close);
            }
            _ => {
                let corners = if close >= open { [low, high, close] } else { [high, low, close] };
                let mut from = open;
                for to in corners {
                    if self.open.is_zero() {
                        return;
                    }
                    if (to > from) == self.rules.long {
                        while !self.open.is_zero() && self.next_level(to) {}
                        self.ratchet(to);
                    } else if to != from {
                        self.enter_next(to);
                        self.stopped(to);
                    }
                    from = to;
                }
            }
        }
    }
}
