//! The account as data: written with what changed it, read back after a restart. What legs hold is their traders' to say.

use super::slot::Reservation;
use super::{Account, SlotId};
use crate::model::{Amount, ClientOrderId, InstrumentId, Overflow, PositionSide, Timestamp};
use crate::position::Book;
use serde::{Deserialize, Serialize};

/// Everything of an [`Account`] that outlives its process, but for the books of its legs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountSnapshot {
    balance: Amount,
    deposits: Amount,
    peak: Amount,
    day: i64,
    day_pnl: Amount,
    losing_streak: u32,
    slots: Vec<SlotSnapshot>,
}

/// What openings on an instrument have been promised, and lacked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SlotSnapshot {
    instrument: InstrumentId,
    reserved: Vec<Reservation>,
    wanted: Option<Amount>,
}

impl Account {
    /// Everything that outlives the process, as it is now.
    pub fn snapshot(&self) -> AccountSnapshot {
        let slots = self.slots.iter().filter(|slot| !slot.reserved.is_empty() || slot.wanted.is_some());
        let slots = slots.map(|slot| SlotSnapshot {
            instrument: slot.instrument.id.clone(),
            reserved: slot.reserved.clone(),
            wanted: slot.wanted,
        });
        AccountSnapshot {
            balance: self.balance,
            deposits: self.deposits,
            peak: self.peak,
            day: self.day,
            day_pnl: self.day_pnl,
            losing_streak: self.losing_streak,
            slots: slots.chain(self.kept.iter().cloned()).collect(),
        }
    }

    /// Goes on where a snapshot was taken. Instruments get back what is theirs when they are registered.
    pub fn restore(&mut self, snapshot: AccountSnapshot) {
        (self.balance, self.deposits) = (snapshot.balance, snapshot.deposits);
        self.balance_f64 = self.balance.to_f64();
        (self.peak, self.losing_streak) = (snapshot.peak, snapshot.losing_streak);
        (self.day, self.day_pnl) = (snapshot.day, snapshot.day_pnl);
        self.kept = snapshot.slots;
    }

    /// Gives a newly registered instrument what the snapshot had of it.
    pub(super) fn return_kept(&mut self, slot: SlotId) {
        let Some(entry) = self.slots.get_mut(slot.0) else { return };
        let found = self.kept.iter().position(|kept| kept.instrument == entry.instrument.id);
        if let Some(index) = found {
            let kept = self.kept.swap_remove(index);
            (entry.reserved, entry.wanted) = (kept.reserved, kept.wanted);
        }
    }

    /// New leverage and margin mode: what is opened from now on is sized with them.
    pub fn set_terms(&mut self, slot: SlotId, leverage: u32, margin_mode: crate::model::MarginMode) {
        if let Some(entry) = self.slots.get_mut(slot.0) {
            (entry.leverage, entry.margin_mode) = (leverage.max(1), margin_mode);
        }
    }

    /// What a leg holds, by its trader.
    pub fn hold(&mut self, slot: SlotId, side: PositionSide, book: Book) {
        let Some(entry) = self.slots.get_mut(slot.0) else { return };
        match side {
            PositionSide::Long => entry.long = book,
            PositionSide::Short => entry.short = book,
        }
        entry.note_exposure();
    }

    /// Gives back every reservation whose order is not among those that may still fill.
    pub fn retain_reservations(&mut self, slot: SlotId, live: impl Fn(&ClientOrderId) -> bool) {
        if let Some(entry) = self.slots.get_mut(slot.0) {
            entry.reserved.retain(|reservation| live(&reservation.id));
        }
    }

    /// Books money that its owner moved in (positive) or out (negative): no profit of the day, and the peak that
    /// drawdowns are measured from moves with it.
    ///
    /// # Errors
    /// [`Overflow`] when a sum leaves the range of a decimal; nothing has been booked then.
    pub fn transfer(&mut self, at: Timestamp, amount: Amount) -> Result<(), Overflow> {
        let (balance, peak) = (self.balance.plus(amount)?, self.peak.plus(amount)?);
        (self.deposits, self.balance, self.peak) = (self.deposits.plus(amount)?, balance, peak);
        self.balance_f64 = self.balance.to_f64();
        if let Some(rows) = &mut self.ledger {
            rows.push(super::LedgerRow { at, kind: super::LedgerKind::Transfer, amount });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fill, FillKind, Instrument, Liquidity, MarginMode, TradeId};
    use rust_decimal::Decimal;
    use rust_decimal_macros::dec;

    fn fill(id: &str, side: crate::model::Side, price: Decimal, at: Timestamp) -> Fill {
        Fill {
            trade_id: TradeId::new(id),
            client_id: None,
            leg: PositionSide::Long,
            side,
            price: price.into(),
            quantity: Decimal::ONE.into(),
            fee: Amount::new(dec!(1)),
            liquidity: Liquidity::Taker,
            kind: FillKind::Trade,
            time: at,
        }
    }

    #[test]
    fn day_peak_and_streak_go_on_after_a_restart() {
        use crate::model::Side::{Buy, Sell};
        let at = Timestamp::from_millis(86_400_000 * 3);
        let btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
        let fresh = || Account::new("a".into(), Amount::new(dec!(1000)), Decimal::ZERO);
        let mut account = fresh();
        let slot = account.register(btc.clone(), 1, MarginMode::Isolated).unwrap();
        // 100 → 130 wins 30 − 2 fees, 130 → 120 loses 10 + 2.
        for (n, side, price) in [("1", Buy, 100), ("2", Sell, 130), ("3", Buy, 130), ("4", Sell, 120)] {
            account.apply(slot, &fill(n, side, price.into(), at)).unwrap();
        }
        account.note_trade(true);
        account.transfer(at, Amount::new(dec!(500))).unwrap();

        let stored = serde_json::to_string(&account.snapshot()).unwrap();
        let mut next = fresh();
        next.restore(serde_json::from_str(&stored).unwrap());
        next.register(btc, 1, MarginMode::Isolated).unwrap();
        let (was, is) = (account.view(at).unwrap(), next.view(at).unwrap());
        assert_eq!((is.balance.get(), is.day_pnl.get(), is.losing_streak), (dec!(1516), dec!(16), 1));
        assert_eq!(is.equity_peak.get(), dec!(1528), "1000 + 28 at the best, and 500 that were paid in");
        assert_eq!((was.balance, was.day_pnl, was.equity_peak), (is.balance, is.day_pnl, is.equity_peak));
        let tomorrow = next.view(at + crate::model::Span::days(1)).unwrap();
        assert_eq!(tomorrow.day_pnl, Amount::ZERO);
    }
}
