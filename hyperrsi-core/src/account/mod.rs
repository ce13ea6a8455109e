//! The unit of ownership: one set of keys on one venue. Knows what every trader of the account holds and has reserved,
//! keeps the ledger, asks the risk managers, and is the only one that approves an opening.
//!
//! The account is a state machine without I/O, like the [`Trader`](crate::trader::Trader): the driver passes reserve
//! outputs to [`Account::review`] and every fill to [`Account::apply`].

mod ledger;
mod slot;
mod snapshot;

pub use ledger::{LedgerKind, LedgerRow};
pub use snapshot::AccountSnapshot;

use crate::model::{
    AccountId, Amount, Approved, Arithmetic, ClientOrderId, Fill, Instrument, InstrumentId, MarginMode,
    Opening, Overflow, PositionSide, Price, Quantity, Timestamp,
};
use crate::position::Book;
use crate::risk::{AccountView, Exposure, Refusal, Refused, RiskManager, SizingInput, Verdict, size_entry};
use crate::trader::Reserve;
use rust_decimal::Decimal;
use slot::{Reservation, Slot};

/// A handle to one instrument of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotId(usize);

/// One account. Amounts are in its quote currency.
pub struct Account {
    id: AccountId,
    taker_fee: Decimal,
    balance: Amount,
    deposits: Amount,
    slots: Vec<Slot>,
    managers: Vec<Box<dyn RiskManager>>,
    peak: Amount,
    day: i64,
    day_pnl: Amount,
    losing_streak: u32,
    ledger: Option<Vec<LedgerRow>>,
    balance_f64: f64,
    /// What the venue says is free.
    free: Option<Amount>,
    /// What a snapshot had of instruments that are not registered yet.
    kept: Vec<snapshot::SlotSnapshot>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("balance", &self.balance)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// An account with a deposit. `taker_fee` is a fraction: `0.0005` is 0.05 %.
    pub fn new(id: AccountId, deposit: Amount, taker_fee: Decimal) -> Self {
        Self {
            id,
            taker_fee,
            balance: deposit,
            deposits: deposit,
            slots: Vec::new(),
            managers: Vec::new(),
            peak: deposit,
            day: i64::MIN,
            day_pnl: Amount::ZERO,
            losing_streak: 0,
            ledger: None,
            balance_f64: deposit.to_f64(),
            free: None,
            kept: Vec::new(),
        }
    }

    /// Keeps every ledger row, to be read with [`Account::ledger`].
    #[must_use]
    pub fn keeping_ledger(mut self) -> Self {
        self.ledger = Some(Vec::new());
        self
    }

    /// Adds a risk manager; every opening has to pass all of them, in order.
    pub fn add_risk_manager(&mut self, manager: Box<dyn RiskManager>) {
        self.managers.push(manager);
    }

    /// Registers the one trader of an instrument.
    ///
    /// # Errors
    /// [`Refusal::InstrumentInUse`] if the instrument has a trader already.
    pub fn register(
        &mut self,
        instrument: Instrument,
        leverage: u32,
        margin_mode: MarginMode,
    ) -> Result<SlotId, Refused> {
        if self.slots.iter().any(|slot| slot.instrument.id == instrument.id) {
            return Err(Refused::new(
                Refusal::InstrumentInUse,
                format!("{} has a trader on account {} already", instrument.id, self.id),
            ));
        }
        self.slots.push(Slot {
            instrument,
            leverage: leverage.max(1),
            margin_mode,
            long: Book::EMPTY,
            short: Book::EMPTY,
            reserved: Vec::new(),
            exposure: (0.0, 0.0),
            price: 0.0,
            wanted: None,
        });
        let slot = SlotId(self.slots.len() - 1);
        self.return_kept(slot);
        Ok(slot)
    }

    /// The account's id.
    pub const fn id(&self) -> &AccountId {
        &self.id
    }
    /// Deposits plus everything realised: profit, fees, funding.
    pub const fn balance(&self) -> Amount {
        self.balance
    }
    /// Ledger rows, if kept.
    pub fn ledger(&self) -> &[LedgerRow] {
        self.ledger.as_deref().unwrap_or_default()
    }
    /// Sum of deposits.
    pub const fn deposits(&self) -> Amount {
        self.deposits
    }

    /// Balance less the margin of open legs and reservations; unrealised profit does not count (TRADING 4.1).
    ///
    /// # Errors
    /// [`Overflow`] when a sum leaves the range of a decimal.
    pub fn available(&self) -> Result<Amount, Overflow> {
        let mut used = Decimal::ZERO;
        for slot in &self.slots {
            let cost = slot.long.cost().plus(slot.short.cost())?.get();
            if !cost.is_zero() {
                used = used.plus(cost.over(Decimal::from(slot.leverage))?)?;
            }
            for reservation in &slot.reserved {
                used = used.plus(reservation.margin.get())?;
            }
        }
        let own = Amount::new(self.balance.get().minus(used)?);
        Ok(self.free.map_or(own, |free| own.min(free)))
    }

    /// Sizes, reviews and reserves an opening.
    ///
    /// # Errors
    /// A [`Refused`] that names the first gate which failed.
    pub fn review(
        &mut self,
        now: Timestamp,
        slot: SlotId,
        ask: &Reserve,
    ) -> Result<Box<Approved<Opening>>, Refused> {
        let available = self.available()?;
        let Some(entry) = self.slots.get(slot.0) else {
            return Err(Refused::new(Refusal::InvalidIntent, "the instrument is not registered"));
        };
        let input = SizingInput {
            instrument: &entry.instrument,
            size: ask.size,
            price: ask.price,
            leverage: entry.leverage,
            taker_fee: self.taker_fee,
            available,
            min_entry_notional: ask.min_entry_notional,
        };
        let sized = match size_entry(input) {
            Ok(sized) => sized,
            Err(refused) => {
                if refused.code == Refusal::InsufficientMargin {
                    let unlimited = SizingInput { available: Amount::new(Decimal::MAX), ..input };
                    let wanted = size_entry(unlimited).ok().and_then(|s| s.margin.plus(s.fee).ok());
                    if let Some(entry) = self.slots.get_mut(slot.0) {
                        entry.wanted = wanted;
                    }
                }
                return Err(refused);
            }
        };
        let mut opening = Opening {
            instrument: entry.instrument.id.clone(),
            order: crate::model::OrderSpec { quantity: sized.quantity, ..ask.order },
            price: ask.price,
            leverage: entry.leverage,
            margin_mode: entry.margin_mode,
            planned_margin: sized.planned_margin,
            margin: sized.margin,
            fee: sized.fee,
        };
        if let Some(most) = ask.at_most.filter(|most| *most < opening.order.quantity) {
            self.shrink(slot, &mut opening, most, "so much was asked for by hand")?;
        }
        if !self.managers.is_empty() {
            self.ask_managers(now, slot, &mut opening)?;
        }
        let notional = opening.price.value(opening.order.quantity)?;
        if let Some(entry) = self.slots.get_mut(slot.0) {
            entry.reserved.push(Reservation {
                id: opening.order.client_id,
                side: opening.order.leg,
                quantity: opening.order.quantity,
                margin: opening.margin.plus(opening.fee)?,
                notional,
            });
        }
        Ok(Box::new(Approved::mint(opening)))
    }

    fn ask_managers(&self, now: Timestamp, slot: SlotId, opening: &mut Opening) -> Result<(), Refused> {
        let view = self.view(now)?;
        for manager in &self.managers {
            match manager.review(&view, opening) {
                Verdict::Allow => {}
                Verdict::Refuse(refused) => return Err(refused),
                Verdict::Shrink(quantity, why) => self.shrink(slot, opening, quantity, &why)?,
            }
        }
        Ok(())
    }

    /// A risk manager may only make an opening smaller.
    fn shrink(
        &self,
        slot: SlotId,
        opening: &mut Opening,
        quantity: Quantity,
        why: &str,
    ) -> Result<(), Refused> {
        let Some(entry) = self.slots.get(slot.0) else { return Ok(()) };
        let smaller = entry.instrument.floor_quantity(quantity.min(opening.order.quantity).get())?;
        if !entry.instrument.is_placeable(smaller, opening.price)? {
            return Err(Refused::new(Refusal::RiskLimit, format!("shrunk below the venue's minimum: {why}")));
        }
        let notional = opening.price.value(smaller)?.get();
        opening.order.quantity = smaller;
        opening.margin = Amount::new(notional.over(Decimal::from(entry.leverage))?);
        opening.fee = Amount::new(notional.times(self.taker_fee)?);
        Ok(())
    }

    /// Gives a reservation back.
    pub fn release(&mut self, slot: SlotId, id: ClientOrderId) {
        if let Some(slot) = self.slots.get_mut(slot.0) {
            slot.reserved.retain(|reservation| reservation.id != id);
        }
    }

    /// Books a fill: position, realised profit, fee; what it used of a reservation is given back.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal; nothing has been booked then.
    pub fn apply(&mut self, slot: SlotId, fill: &Fill) -> Result<(), Overflow> {
        let Some(entry) = self.slots.get_mut(slot.0) else { return Ok(()) };
        let book = match fill.leg {
            PositionSide::Long => &mut entry.long,
            PositionSide::Short => &mut entry.short,
        };
        let gross = if fill.opens() {
            book.enter(fill.price, fill.quantity)?;
            Amount::ZERO
        } else {
            book.exit(fill.leg, fill.price, fill.quantity)?
        };
        if let Some(id) = fill.client_id
            && let Some(index) = entry.reserved.iter().position(|r| r.id == id)
            && let Some(reservation) = entry.reserved.get_mut(index)
        {
            if fill.quantity >= reservation.quantity {
                entry.reserved.swap_remove(index);
            } else {
                let left = reservation.quantity.minus(fill.quantity)?;
                let scale = |amount: Amount| -> Result<Amount, Overflow> {
                    amount.get().times(left.get())?.over(reservation.quantity.get()).map(Amount::new)
                };
                (reservation.margin, reservation.notional) =
                    (scale(reservation.margin)?, scale(reservation.notional)?);
                reservation.quantity = left;
            }
        }
        entry.note_exposure();
        self.balance = self.balance.plus(gross)?.minus(fill.fee)?;
        self.balance_f64 = self.balance.to_f64();
        self.note_day(fill.time, gross.minus(fill.fee)?)?;
        if let Some(rows) = &mut self.ledger {
            let row = |kind, amount| LedgerRow { at: fill.time, kind, amount };
            if !gross.is_zero() {
                rows.push(row(LedgerKind::Fill, gross));
            }
            rows.push(row(LedgerKind::Fee, Amount::new(-fill.fee.get())));
        }
        Ok(())
    }

    /// Books funding received (positive) or paid (negative).
    ///
    /// # Errors
    /// [`Overflow`] when the balance leaves the range of a decimal.
    pub fn fund(&mut self, at: Timestamp, amount: Amount) -> Result<(), Overflow> {
        self.balance = self.balance.plus(amount)?;
        self.balance_f64 = self.balance.to_f64();
        self.note_day(at, amount)?;
        if let Some(rows) = &mut self.ledger {
            rows.push(LedgerRow { at, kind: LedgerKind::Funding, amount });
        }
        Ok(())
    }

    /// Takes over what the venue holds of a leg where fills do not explain it: the cost becomes `average × quantity`, and
    /// what that changes at the old quantity's price is booked as an adjustment, so that equity stays what it was
    /// (TRADING 0.6, 14.5). Returns the adjustment.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal; nothing has been booked then.
    pub fn adopt(
        &mut self,
        at: Timestamp,
        slot: SlotId,
        side: PositionSide,
        quantity: Quantity,
        average: Price,
    ) -> Result<Amount, Overflow> {
        let Some(entry) = self.slots.get_mut(slot.0) else { return Ok(Amount::ZERO) };
        let book = match side {
            PositionSide::Long => &mut entry.long,
            PositionSide::Short => &mut entry.short,
        };
        let cost = book.adopt(quantity, average)?.get();
        let adjustment = Amount::new(side.sign().times(cost)?);
        entry.note_exposure();
        if !adjustment.is_zero() {
            self.balance = self.balance.plus(adjustment)?;
            self.balance_f64 = self.balance.to_f64();
            if let Some(rows) = &mut self.ledger {
                rows.push(LedgerRow { at, kind: LedgerKind::Adjustment, amount: adjustment });
            }
        }
        Ok(adjustment)
    }

    /// Whether what is available covers the newest opening that lacked margin, and a hundredth more: the block that such
    /// refusals end in is lifted early then (TRADING 12.4).
    pub fn margin_is_back(&self, slot: SlotId) -> bool {
        let wanted = self.slots.get(slot.0).and_then(|slot| slot.wanted);
        let enough = wanted.and_then(|wanted| wanted.get().checked_mul(Decimal::new(101, 2)));
        enough.is_some_and(|enough| self.available().is_ok_and(|available| available.get() >= enough))
    }

    /// What the venue says is free, if it says so: more is never reserved, whatever the books show.
    pub const fn set_free(&mut self, free: Option<Amount>) {
        self.free = free;
    }

    /// A finished trade, for streaks.
    pub const fn note_trade(&mut self, net_is_loss: bool) {
        self.losing_streak = if net_is_loss { self.losing_streak.saturating_add(1) } else { 0 };
    }

    fn note_day(&mut self, at: Timestamp, amount: Amount) -> Result<(), Overflow> {
        if at.day() != self.day {
            (self.day, self.day_pnl) = (at.day(), Amount::ZERO);
        }
        self.day_pnl = self.day_pnl.plus(amount)?;
        if self.balance > self.peak {
            self.peak = self.balance;
        }
        Ok(())
    }

    /// Marks an instrument to a price and returns the account's equity.
    pub fn mark(&mut self, slot: SlotId, price: f64) -> f64 {
        if let Some(entry) = self.slots.get_mut(slot.0) {
            entry.price = price;
        }
        self.equity()
    }

    /// Balance plus unrealised profit at the newest prices.
    pub fn equity(&self) -> f64 {
        let mut equity = self.balance_f64;
        for slot in &self.slots {
            let (quantity, cost) = slot.exposure;
            equity += quantity * slot.price - cost;
        }
        equity
    }

    /// What equity is made of while nothing fills: balance, signed quantity and signed cost of an instrument, and the
    /// unrealised profit of the others. `equity = balance + others + quantity × price − cost`.
    pub(crate) fn equity_parts(&self, slot: SlotId) -> (f64, f64) {
        let mut fixed = self.balance_f64;
        let mut own = 0.0;
        for (index, slot_) in self.slots.iter().enumerate() {
            let (quantity, cost) = slot_.exposure;
            if index == slot.0 {
                own = quantity;
                fixed -= cost;
            } else {
                fixed += quantity * slot_.price - cost;
            }
        }
        (fixed, own)
    }

    /// Equity was as high as this since it was last looked at: what drawdowns are measured from.
    pub(crate) fn raise_peak(&mut self, equity: f64) {
        if let Some(equity) = crate::model::decimal_from_f64(equity).map(Amount::new)
            && equity > self.peak
        {
            self.peak = equity;
        }
    }

    /// Whether an instrument has an open leg.
    pub fn is_exposed(&self, slot: SlotId) -> bool {
        self.slots.get(slot.0).is_some_and(|slot| !slot.long.is_flat() || !slot.short.is_flat())
    }

    /// What risk managers see.
    ///
    /// # Errors
    /// [`Overflow`] when a sum leaves the range of a decimal.
    pub fn view(&self, now: Timestamp) -> Result<AccountView, Overflow> {
        let mut exposures = Vec::with_capacity(self.slots.len() * 2);
        let mut unrealised = Amount::ZERO;
        for slot in &self.slots {
            let price = crate::model::decimal_from_f64(slot.price).map(Price::new);
            for (side, book) in [(PositionSide::Long, &slot.long), (PositionSide::Short, &slot.short)] {
                let mut in_flight = Amount::ZERO;
                for reservation in slot.reserved.iter().filter(|r| r.side == side) {
                    in_flight = in_flight.plus(reservation.notional)?;
                }
                if let Some(price) = price.filter(|price| price.is_positive()) {
                    unrealised = unrealised.plus(book.unrealised(side, price)?)?;
                }
                if !book.is_flat() || !in_flight.is_zero() {
                    exposures.push(Exposure {
                        instrument: slot.instrument.id.clone(),
                        side,
                        quantity: book.quantity(),
                        cost: book.cost(),
                        in_flight,
                    });
                }
            }
        }
        let equity = self.balance.plus(unrealised)?;
        Ok(AccountView {
            now,
            balance: self.balance,
            equity,
            available: self.available()?,
            equity_peak: self.peak.max(equity),
            day_pnl: if now.day() == self.day { self.day_pnl } else { Amount::ZERO },
            losing_streak: self.losing_streak,
            exposures,
        })
    }

    /// What an instrument holds on a side.
    pub fn book(&self, slot: SlotId, side: PositionSide) -> Option<&Book> {
        self.slots.get(slot.0).map(|slot| match side {
            PositionSide::Long => &slot.long,
            PositionSide::Short => &slot.short,
        })
    }
    /// Instruments that have a trader.
    pub fn instruments(&self) -> impl Iterator<Item = &InstrumentId> {
        self.slots.iter().map(|slot| &slot.instrument.id)
    }
}
