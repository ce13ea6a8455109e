//! OKX, put together: account, market data, clock and the layers around them.

use crate::shared::{Failure, say};
use hyperrsi::exchange::{Exchange, ExchangeExt, Feature, MarketDataExt};
use hyperrsi::exchanges::okx;
use hyperrsi::model::{Instrument, Span};
use hyperrsi::runtime::layer::{Breaker, DryRun, Retried};
use hyperrsi::runtime::{Clock, Hub, HubOptions, VenueClock};
use hyperrsi::vault::Credentials;
use std::sync::Arc;

pub(crate) struct Okx {
    account: okx::Account,
    market: Arc<okx::Market>,
    speed: u32,
}

impl Okx {
    pub(crate) fn at(
        base_url: Option<&str>,
        demo: bool,
        speed: u32,
        account: &str,
        keys: &Credentials,
    ) -> Result<Self, Failure> {
        let mut config = match base_url {
            Some(url) => okx::Config::at(url)?,
            None if demo => okx::Config::demo()?,
            None => okx::Config::live()?,
        };
        config.speed = speed;
        let keys = okx::Keys::new(keys.key(), keys.secret(), keys.passphrase());
        let account = okx::Account::new(account.into(), keys, config.clone())?;
        Ok(Self { account, market: Arc::new(okx::Market::new(config)?), speed })
    }

    pub(crate) async fn instrument(&self, symbol: &str) -> Result<Instrument, Failure> {
        let listed = self.market.instruments().await?;
        let found = listed.into_iter().find(|listing| &*listing.instrument.id.symbol == symbol);
        found.map(|listing| listing.instrument).ok_or_else(|| {
            format!("okx lists no {symbol}; write symbols as it does, such as BTC-USDT-SWAP").into()
        })
    }

    pub(crate) fn has_stop_orders(&self) -> bool {
        self.account.capabilities().has(Feature::StopMarket)
    }

    /// This machine's clock; for a venue whose time runs faster, one that begins at its time and keeps up.
    pub(crate) async fn clock(&self) -> Result<Arc<dyn Clock>, Failure> {
        if self.speed == 1 {
            return Ok(Arc::new(VenueClock::system()));
        }
        Ok(Arc::new(VenueClock::starting_at(self.account.server_time().await?).faster(self.speed)))
    }

    /// The account: reads are repeated, a venue that fails may rest; without `trading` nothing is sent.
    pub(crate) fn account(&self, trading: bool, clock: Arc<dyn Clock>) -> Arc<dyn Exchange> {
        let reads = Retried::new(self.account.clone(), 3, clock.clone());
        if trading {
            return Arc::new(Breaker::new(reads, 5, Span::seconds(30), clock));
        }
        let told = |request: &hyperrsi::exchange::Request| say(format!("would send: {request:?}"));
        Arc::new(DryRun::new(reads, told))
    }

    pub(crate) fn hub(&self, clock: Arc<dyn Clock>) -> Hub {
        // What counts in the venue's time waits for an answer in this machine's.
        let mut options = HubOptions::default();
        for patience in [&mut options.candle_grace, &mut options.candle_stale] {
            *patience = Span::millis_of(patience.millis() * i64::from(self.speed));
        }
        Hub::with(self.market.clone(), clock, options)
    }
}
