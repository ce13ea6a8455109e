use super::Account;
use crate::model::Timestamp;

impl Account {
    /// Lets go of what is over since before a time: orders, fills, money that moved. Live orders stay, and what they come
    /// from; client ids of orders that are let go are free again. Figures and positions do not change.
    ///
    /// ```
    /// use hyperrsi_core::model::*;
    /// use hyperrsi_core::sim::account::{Account, NewOrder, Setup, Terms};
    /// use hyperrsi_core::dec;
    /// let id = InstrumentId::new("sim", "BTCUSDT");
    /// let btc = Instrument::linear(id.clone(), "BTC", "USDT");
    /// let mut account = Account::new(Setup::new("sim").deposit("USDT", dec!(1_000)), [btc]);
    /// let now = Timestamp::EPOCH;
    /// account.trade(now, &id, Price::new(dec!(100)))?;
    /// account.place(now, NewOrder::new(id, Side::Buy, Quantity::new(dec!(2)), Terms::Market)).unwrap();
    /// account.forget(now + Span::millis_of(1));
    /// assert_eq!((account.orders().count(), account.executions().len()), (0, 0));
    /// assert_eq!(account.positions()?[0].quantity.get(), dec!(2));
    /// # Ok::<(), Overflow>(())
    /// ```
    pub fn forget(&mut self, before: Timestamp) {
        let gone = self.executions.partition_point(|execution| execution.fill.fill.time < before);
        self.executions.drain(..gone);
        self.flows.retain(|flow| flow.time >= before);
        let spoken_for: Vec<u64> =
            self.live_orders().flat_map(|o| [o.parent, o.brought_by]).flatten().collect();
        let live = &self.live;
        self.orders.retain(|number, order| {
            order.updated >= before || live.contains(number) || spoken_for.contains(number)
        });
        for order in self.orders.values_mut() {
            order.last_fill = order.last_fill.and_then(|index| index.checked_sub(gone));
        }
        let orders = &self.orders;
        self.client_ids.retain(|_, number| orders.contains_key(number));
    }
}
