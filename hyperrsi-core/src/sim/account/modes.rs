use super::{Account, Event, Rejection};
use crate::exchange::LeverageSetting;
use crate::model::{InstrumentId, MarginMode, PositionMode, PositionSide};

/// Leverage, margin mode and position mode.
impl Account {
    /// Leverage and margin mode of a contract.
    ///
    /// # Errors
    /// [`Rejection::UnknownInstrument`], [`Rejection::NoLeverage`] for spot.
    pub fn leverage(&self, id: &InstrumentId) -> Result<LeverageSetting, Rejection> {
        let market = self.markets.get(id).ok_or(Rejection::UnknownInstrument)?;
        if market.instrument.is_spot() {
            return Err(Rejection::NoLeverage);
        }
        self.leverage_in(id, market.margin_mode)
    }

    /// The margin mode of a contract.
    pub fn margin_mode(&self, id: &InstrumentId) -> Option<MarginMode> {
        self.markets.get(id).map(|market| market.margin_mode)
    }

    /// Leverage a contract has or would have in a margin mode.
    ///
    /// # Errors
    /// [`Rejection::UnknownInstrument`].
    pub fn leverage_in(
        &self,
        id: &InstrumentId,
        margin_mode: MarginMode,
    ) -> Result<LeverageSetting, Rejection> {
        let market = self.markets.get(id).ok_or(Rejection::UnknownInstrument)?;
        Ok(LeverageSetting {
            instrument: id.clone(),
            margin_mode,
            long: market.leverage(margin_mode, PositionSide::Long),
            short: market.leverage(margin_mode, PositionSide::Short),
        })
    }

    /// Sets the leverage of a margin mode: of one side, or of both where `side` is `None` and in cross mode.
    ///
    /// # Errors
    /// Spot, a leverage out of bounds, or one at which open positions and orders would need more than there is.
    pub fn set_leverage(
        &mut self,
        id: &InstrumentId,
        margin_mode: MarginMode,
        side: Option<PositionSide>,
        leverage: u32,
    ) -> Result<LeverageSetting, Rejection> {
        let market = self.markets.get_mut(id).ok_or(Rejection::UnknownInstrument)?;
        if market.instrument.is_spot() {
            return Err(Rejection::NoLeverage);
        }
        if leverage < 1 {
            return Err(Rejection::LeverageTooLow);
        }
        if leverage > market.instrument.max_leverage {
            return Err(Rejection::LeverageTooHigh);
        }
        let before = (market.cross, market.isolated);
        let [long, short] = market.isolated;
        match (margin_mode, side) {
            (MarginMode::Cross, _) => market.cross = leverage,
            (MarginMode::Isolated, None) => market.isolated = [leverage; 2],
            (MarginMode::Isolated, Some(PositionSide::Long)) => market.isolated = [leverage, short],
            (MarginMode::Isolated, Some(PositionSide::Short)) => market.isolated = [long, leverage],
        }
        let quote = market.instrument.quote.clone();
        let in_use = !market.is_flat();
        if in_use && self.free(&quote)?.is_zero() {
            if let Some(market) = self.markets.get_mut(id) {
                (market.cross, market.isolated) = before;
            }
            return Err(Rejection::InsufficientMargin);
        }
        let setting = self.leverage_in(id, margin_mode)?;
        if self.leverage(id)? == setting {
            self.events.push_back(Event::Leverage(setting.clone()));
        }
        Ok(setting)
    }

    /// Sets the margin mode of a contract.
    ///
    /// # Errors
    /// Spot, or [`Rejection::OpenThings`] while the contract has positions or orders.
    pub fn set_margin_mode(
        &mut self,
        id: &InstrumentId,
        margin_mode: MarginMode,
    ) -> Result<LeverageSetting, Rejection> {
        let now = self.leverage(id)?;
        if now.margin_mode == margin_mode {
            return Ok(now);
        }
        let busy = self.live_orders().any(|order| order.sent.instrument == *id);
        let market = self.markets.get_mut(id).ok_or(Rejection::UnknownInstrument)?;
        if busy || !market.is_flat() {
            return Err(Rejection::OpenThings);
        }
        market.margin_mode = margin_mode;
        let setting = self.leverage(id)?;
        self.events.push_back(Event::Leverage(setting.clone()));
        Ok(setting)
    }

    /// Sets the position mode.
    ///
    /// # Errors
    /// [`Rejection::OpenThings`] while contracts have positions or orders.
    pub fn set_position_mode(&mut self, mode: PositionMode) -> Result<(), Rejection> {
        if self.mode == mode {
            return Ok(());
        }
        let spot = |id: &InstrumentId| self.markets.get(id).is_some_and(|one| one.instrument.is_spot());
        let busy = self.live_orders().any(|order| !spot(&order.sent.instrument));
        if busy || self.markets.values().any(|market| !market.is_flat()) {
            return Err(Rejection::OpenThings);
        }
        self.mode = mode;
        self.events.push_back(Event::Mode(mode));
        Ok(())
    }
}
