//! Which entries should rest: eligible levels, nearest first, within the exposure cap (TRADING 16.5, 16.7).

use super::{Grid, is_held, quantity};
use crate::model::{Arithmetic, Overflow, PositionSide, Price};
use crate::risk::{Refusal, Size};
use crate::strategy::{Context, RestingEntry};
use rust_decimal::Decimal;
use std::sync::Arc;

/// What should rest, and whether the cap left a level out.
pub(super) struct Chosen {
    pub(super) entries: Vec<RestingEntry>,
    pub(super) refused: Option<(PositionSide, Refusal)>,
}

/// A level that may carry an order.
struct Candidate {
    distance: Decimal,
    value: Decimal,
    entry: RestingEntry,
}

/// Whether a level lies where its order waits for the market.
fn is_passive(side: PositionSide, price: Price, market: Decimal) -> bool {
    match side {
        PositionSide::Long => price.get() < market,
        PositionSide::Short => price.get() > market,
    }
}

/// The value of an entry whose size is a quantity.
fn value_of(entry: &RestingEntry) -> Decimal {
    match entry.size {
        Size::Base(quantity) => entry.price.get().checked_mul(quantity.get()).unwrap_or(Decimal::MAX),
        _ => Decimal::MAX,
    }
}

impl Grid {
    pub(super) fn choose(&self, ctx: &Context<'_>, market: Decimal, growing: bool) -> Chosen {
        let none = Chosen { entries: Vec::new(), refused: None };
        self.try_choose(ctx, market, growing).unwrap_or(none) // nothing rests that cannot be counted
    }

    fn try_choose(&self, ctx: &Context<'_>, market: Decimal, growing: bool) -> Result<Chosen, Overflow> {
        let said = &self.state.said;
        let mut candidates = Vec::new();
        for side in self.sides().filter(|side| self.pause(ctx, *side).is_none()) {
            candidates.extend(self.eligible(ctx, side, market)?);
        }
        candidates.sort_by_key(|candidate| (candidate.distance, candidate.entry.side));

        // An entry that has filled in part may still grow: it stays as it is.
        let mut entries: Vec<RestingEntry> = Vec::new();
        if growing {
            entries.extend(said.iter().filter(|entry| is_held(ctx.leg(entry.side), entry.key)).cloned());
        }
        let mut held = Decimal::ZERO;
        for side in PositionSide::BOTH {
            for lot in &ctx.leg(side).lots {
                let own = entries.iter().find(|entry| entry.side == side && entry.key == lot.key);
                let value = lot.entry.value(lot.quantity)?.get();
                held = held.plus(own.map_or(value, |entry| value_of(entry).max(value)))?;
            }
        }

        // Nearest first: what the cap leaves out are the farthest levels.
        let (mut total, mut refused) = (held, None);
        candidates.retain(|candidate| {
            let with = total.checked_add(candidate.value).filter(|with| *with <= self.cap);
            total = with.unwrap_or(total);
            if with.is_none() {
                refused = Some((candidate.entry.side, Refusal::ExposureCap));
            }
            with.is_some()
        });

        // What is withdrawn may still fill until that is confirmed: a new level waits for its room.
        let before = |entry: &RestingEntry| {
            said.iter().find(|old| old.side == entry.side && old.key == entry.key).map(value_of)
        };
        let mut total = held;
        for old in said.iter().filter(|old| !is_held(ctx.leg(old.side), old.key)) {
            let same = |c: &&Candidate| c.entry.side == old.side && c.entry.key == old.key;
            let new = candidates.iter().find(same).map(|candidate| candidate.value);
            total = total.plus(value_of(old).max(new.unwrap_or_default()))?;
        }
        candidates.retain(|candidate| {
            if before(&candidate.entry).is_some() {
                return true;
            }
            let with = total.checked_add(candidate.value).filter(|with| *with <= self.cap);
            total = with.unwrap_or(total);
            with.is_some()
        });
        entries.extend(candidates.into_iter().map(|candidate| candidate.entry));
        entries.sort_by_key(|entry| (entry.side, entry.key));
        Ok(Chosen { entries, refused })
    }

    /// The nearest levels of a side that are flat and on the passive side of the market.
    fn eligible(
        &self,
        ctx: &Context<'_>,
        side: PositionSide,
        market: Decimal,
    ) -> Result<Vec<Candidate>, Overflow> {
        let (leg, instrument) = (ctx.leg(side), ctx.instrument());
        let levels = (0_u16..).zip(self.state.levels(side)).zip(&self.notionals);
        let mut levels: Vec<_> = levels
            .filter(|((key, price), _)| is_passive(side, **price, market) && !is_held(leg, *key))
            .collect();
        if side == PositionSide::Long {
            levels.reverse();
        }
        let step = self.state.step.unwrap_or_default();
        let nearest = levels.into_iter().take(self.settings.max_resting_levels as usize);
        nearest
            .map(|((key, price), notional)| {
                let quantity = quantity(instrument, *notional, *price)?;
                Ok(Candidate {
                    distance: market.minus(price.get())?.abs(),
                    value: price.value(quantity)?.get(),
                    entry: RestingEntry {
                        key,
                        side,
                        price: *price,
                        size: Size::Base(quantity),
                        exits: Arc::clone(&self.exits),
                        lot: Some(self.exit.price(instrument, side, *price, step)?),
                    },
                })
            })
            .collect()
    }
}
