use super::Inner;
use crate::okx::pages::{Batch, oldest_first};
use crate::okx::parse::{self, Envelope};
use crate::okx::request;
use hyperrsi_core::exchange::{
    AccountConfig, CashFlow, ErrorClass, ExchangeError, FeeRates, LeverageSetting, OrderClass, OrderName,
    Page, Refused, VenueFill, VenuePosition,
};
use hyperrsi_core::model::{
    Balance, ClientOrderId, Instrument, InstrumentId, InstrumentKind, MarginMode, PositionMode, PositionSide,
    Span, Timestamp,
};
use std::sync::Arc;

/// Lists are asked for up to here behind our clock: one that is a little late must not hide what has just happened.
const AHEAD: Span = Span::hours(1);
/// Orders remembered so that reading the same fills again asks nothing twice.
const TOLD: usize = 4096;

/// What an order tells about its fills.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    client_id: Option<ClientOrderId>,
    only_reduces: bool,
}

impl Inner {
    pub(super) async fn positions(
        &self,
        instrument: Option<&InstrumentId>,
    ) -> Result<Vec<VenuePosition>, ExchangeError> {
        let instrument = match instrument {
            Some(id) => Some(self.rest.instrument(id).await?),
            None => None,
        };
        let known = self.rest.known().await?;
        let body = self.rest.send(&request::positions(instrument.as_deref())).await?;
        let rows: Vec<parse::PositionRow<'_>> = Envelope::read(&body)?.rows("the positions of okx")?;
        let mut open = Vec::new();
        for row in &rows {
            for leg in row.read(&known)? {
                if leg.position.quantity.is_positive() {
                    if let (Some(mode), Some(instrument)) = (leg.margin_mode, known.instrument(&row.inst_id))
                    {
                        self.remember_margin(&instrument, mode);
                    }
                    open.push(leg);
                }
            }
        }
        Ok(open)
    }

    pub(super) async fn balances(&self) -> Result<Vec<Balance>, ExchangeError> {
        let body = self.rest.send(&request::balances()).await?;
        let rows: Vec<parse::BalanceRow<'_>> = Envelope::read(&body)?.rows("the balance of okx")?;
        rows.first().map_or(Ok(Vec::new()), parse::BalanceRow::read)
    }

    pub(super) async fn account_config(&self) -> Result<AccountConfig, ExchangeError> {
        let position_mode = self.read_setup().await?.position_mode;
        let body = self.rest.send(&request::account_config()).await?;
        let rows: Vec<parse::ConfigRow<'_>> = Envelope::read(&body)?.rows("the account's setup at okx")?;
        let row =
            rows.first().ok_or_else(|| parse::senseless("the account's setup at okx", "it is empty"))?;
        Ok(AccountConfig {
            position_mode,
            permissions: row.permissions(),
            fees: self.fees().await?,
            uid: row.uid().map(str::to_owned),
            demo: self.rest.config.demo,
            address_bound: Some(row.address_bound()),
            key_expires: None,
        })
    }

    /// The rates of each kind of market, read for one of its instruments.
    async fn fees(&self) -> Result<Vec<FeeRates>, ExchangeError> {
        let known = self.rest.known().await?;
        let mut fees = Vec::new();
        for (kind, usual) in [(InstrumentKind::Spot, "BTC-USDT"), (InstrumentKind::Linear, "BTC-USDT-SWAP")] {
            let any = || known.all().find(|instrument| instrument.kind == kind).cloned();
            let Some(instrument) = known.instrument(usual).or_else(any) else { continue };
            let body = self.rest.send(&request::trade_fee(&instrument)).await?;
            let rows: Vec<parse::FeeRow> = Envelope::read(&body)?.rows("the fees of okx")?;
            fees.extend(rows.first().map(|row| row.read(kind)));
        }
        Ok(fees)
    }

    pub(super) async fn leverage(&self, id: &InstrumentId) -> Result<LeverageSetting, ExchangeError> {
        let instrument = self.swap(id).await?;
        let margin = self.margin(&instrument).await?;
        self.leverage_in(&instrument, margin).await
    }

    async fn leverage_in(
        &self,
        instrument: &Instrument,
        margin: MarginMode,
    ) -> Result<LeverageSetting, ExchangeError> {
        let body = self.rest.send(&request::leverage_info(instrument, margin)).await?;
        let rows: Vec<parse::LeverageRow<'_>> = Envelope::read(&body)?.rows("the leverage at okx")?;
        parse::leverage(&instrument.id, margin, &rows)
    }

    /// Spot has no leverage here.
    async fn swap(&self, id: &InstrumentId) -> Result<Arc<Instrument>, ExchangeError> {
        let instrument = self.rest.instrument(id).await?;
        if instrument.is_spot() {
            let why =
                format!("{id} is spot, which has no leverage and no margin mode; leave them at 1 and out");
            return Err(Refused::new(ErrorClass::Unsupported, None, why).into());
        }
        Ok(instrument)
    }

    pub(super) async fn set_leverage(
        &self,
        id: &InstrumentId,
        margin: MarginMode,
        leverage: u32,
    ) -> Result<LeverageSetting, ExchangeError> {
        let instrument = self.swap(id).await?;
        let legs: &[Option<PositionSide>] = match (margin, self.setup().await?.position_mode) {
            (MarginMode::Isolated, PositionMode::Hedge) => {
                &[Some(PositionSide::Long), Some(PositionSide::Short)]
            }
            _ => &[None],
        };
        for leg in legs {
            self.rest.send(&request::set_leverage(&instrument, margin, leverage, *leg)?).await?;
        }
        self.remember_margin(&instrument, margin);
        self.leverage_in(&instrument, margin).await
    }

    /// The venue has no margin mode of an instrument: orders carry it, and an open position keeps its own. What is read
    /// back is that of the position, if there is one.
    pub(super) async fn set_margin_mode(
        &self,
        id: &InstrumentId,
        margin: MarginMode,
    ) -> Result<LeverageSetting, ExchangeError> {
        let instrument = self.swap(id).await?;
        let open = self.positions(Some(id)).await?;
        let mode = open.iter().find_map(|position| position.margin_mode).unwrap_or(margin);
        self.remember_margin(&instrument, mode);
        self.leverage_in(&instrument, mode).await
    }

    pub(super) async fn fills(
        &self,
        instrument: Option<&InstrumentId>,
        since: Timestamp,
        limit: u16,
    ) -> Result<Page<VenueFill>, ExchangeError> {
        let known = self.rest.known().await?;
        // Without an instrument the venue asks for a kind of market: one instrument of each stands for its kind.
        let kinds: Vec<(Arc<Instrument>, bool)> = match instrument {
            Some(id) => vec![(self.rest.instrument(id).await?, true)],
            None => [InstrumentKind::Spot, InstrumentKind::Linear]
                .into_iter()
                .filter_map(|kind| known.all().find(|instrument| instrument.kind == kind).cloned())
                .map(|instrument| (instrument, false))
                .collect(),
        };
        let until = self.rest.clock.now() + AHEAD;
        let mut page = Page { items: Vec::new(), more: false };
        let spot_on_margin = self.setup().await?.spot_on_margin;
        let sides = |instrument: &Instrument| if instrument.is_spot() && spot_on_margin { 2 } else { 1 };
        let lists = kinds.iter().flat_map(|(instrument, named)| {
            (0..sides(instrument)).map(move |margin| (instrument, named, margin > 0))
        });
        for (instrument, named, margin) in lists {
            let part = oldest_first(since, until, limit, |begin, end, older| {
                let call = request::fills(
                    instrument,
                    *named,
                    None,
                    Some(begin),
                    Some(end),
                    Some(100),
                    older.as_deref(),
                );
                self.fill_page(if margin { request::on_margin(call) } else { call })
            });
            let part = part.await?;
            page.items.extend(part.items);
            page.more |= part.more;
        }
        page.items.sort_by_key(|fill: &VenueFill| fill.fill.time);
        if page.items.len() > usize::from(limit) {
            page.items.truncate(usize::from(limit));
            page.more = true;
        }
        Ok(page)
    }

    async fn fill_page(&self, call: crate::net::Call) -> Result<Batch<VenueFill>, ExchangeError> {
        let known = self.rest.known().await?;
        let body = self.rest.send(&call).await?;
        let rows: Vec<parse::FillRow<'_>> = Envelope::read(&body)?.rows("the fills of okx")?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(mut fill) = row.read(&known)? else { continue };
            let leg_is_unsaid = row.leg_is_unsaid(&known);
            if leg_is_unsaid || fill.fill.client_id.is_none() {
                let told = self.order_of(&fill).await?;
                fill.fill.client_id = fill.fill.client_id.or(told.client_id);
                if leg_is_unsaid && told.only_reduces {
                    fill.fill.leg = fill.fill.leg.opposite();
                }
            }
            items.push((fill.fill.time, row.bill_id.to_string(), fill));
        }
        let last = rows.last().and_then(|row| row.bill_id.some().map(str::to_owned));
        Ok(Batch { items, last, full: rows.len() >= 100 })
    }

    /// What the order of a fill tells that the fill does not. The order of a conditional order that fired has no id of
    /// ours, and neither have its fills; it names the conditional order it came from.
    async fn order_of(&self, fill: &VenueFill) -> Result<Told, ExchangeError> {
        let kept = super::lock(&self.told).get(&fill.order).copied();
        if let Some(told) = kept {
            return Ok(told);
        }
        let instrument = self.rest.instrument(&fill.instrument).await?;
        let call = request::query_order(&instrument, &OrderName::Venue(fill.order.clone()));
        let Some(order) = self.single(&call, OrderClass::Plain).await? else { return Ok(Told::default()) };
        let told = Told { client_id: order.client_id(), only_reduces: order.reduce_only };
        let mut kept = super::lock(&self.told);
        if kept.len() >= TOLD {
            kept.pop_first(); // ids rise: the oldest
        }
        kept.insert(fill.order.clone(), told);
        Ok(told)
    }

    pub(super) async fn cash_flows(
        &self,
        since: Timestamp,
        limit: u16,
    ) -> Result<Page<CashFlow>, ExchangeError> {
        let now = self.rest.clock.now();
        let archive = now - since > Span::hours(7 * 24 - 1);
        oldest_first(since, now + AHEAD, limit, |begin, end, older| async move {
            let body = self.rest.send(&request::bills(archive, begin, end, older.as_deref())).await?;
            let rows: Vec<parse::BillRow<'_>> = Envelope::read(&body)?.rows("the bills of okx")?;
            let mut items = Vec::with_capacity(rows.len());
            for row in &rows {
                if let Some(flow) = row.read()? {
                    items.push((flow.time, flow.id.clone(), flow));
                }
            }
            let last = rows.last().map(|row| row.bill_id.to_string());
            Ok(Batch { items, last, full: rows.len() >= 100 })
        })
        .await
    }
}
