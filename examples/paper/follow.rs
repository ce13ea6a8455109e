//! A venue's public stream, traded on a paper account: live prices and candles, no keys, no orders anywhere.

use crate::shared::{Failure, journal, say};
use crate::view::View;
use crate::{Args, settings, setup};
use hyperrsi::exchange::{MarketAnswer, MarketData, MarketDataExt, MarketRequest};
use hyperrsi::exchanges::okx;
use hyperrsi::model::{Instrument, Span, TraderId};
use hyperrsi::runtime::paper::Paper;
use hyperrsi::runtime::{
    Clock, Hub, HubOptions, Hyperrsi, Options, Parts, Plan, Session, VenueClock, asked_to_end, first_of,
    spawn,
};
use hyperrsi::store::{MemoryStore, Store};
use std::sync::Arc;

pub(crate) async fn run(args: Args) -> Result<u8, Failure> {
    let mut config = match &args.base_url {
        Some(url) => okx::Config::at(url)?,
        None => okx::Config::live()?,
    };
    config.speed = args.venue_speed;
    let market = Arc::new(okx::Market::new(config)?);
    let instrument = listed(&market, &args.symbol).await?;
    let clock: Arc<dyn Clock> = match args.venue_speed {
        1 => Arc::new(VenueClock::system()),
        speed => match market.call(MarketRequest::ServerTime).await? {
            MarketAnswer::ServerTime(time) => Arc::new(VenueClock::starting_at(time).faster(speed)),
            other => return Err(format!("okx told {} instead of its time", other.name()).into()),
        },
    };
    let mut options = HubOptions::default();
    for patience in [&mut options.candle_grace, &mut options.candle_stale] {
        *patience = Span::millis_of(patience.millis() * i64::from(args.venue_speed));
    }
    let hub = Hub::with(market, clock.clone(), options);
    let paper = Paper::new("paper", setup(&args, &instrument), [instrument.clone()], clock.clone());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let parts = Parts {
        exchange: paper.clone(),
        hub: hub.clone(),
        store: store.clone(),
        clock: clock.clone(),
        managers: Vec::new(),
    };
    let trader = TraderId::new(format!("paper:{}", instrument.id.symbol));
    let settings = settings(&args, &instrument, args.timeframe);
    let plan = Plan::of_settings(trader.as_str(), instrument.clone(), Hyperrsi, settings.to_map())?;
    let session = Session::open(parts, Options::new("paper example"), vec![plan]).await?;
    let id = instrument.id.clone();
    let follows = async move { paper.follow(&hub, &id).await };
    say(format!(
        "{} {}, paper account of {} USDT. Ctrl-C ends it.",
        instrument.id, args.timeframe, args.balance
    ));
    let view =
        View::new(session.handle(), trader, store.clone(), clock.clone(), args.venue_speed, args.verbose)
            .await?;
    let shown = spawn(view.keep());
    let over = async {
        match args.minutes {
            None => std::future::pending().await,
            Some(minutes) => clock.sleep_until(clock.now() + Span::minutes(i64::from(minutes))).await,
        }
    };
    let account = session.handle().account().clone();
    let exit = session.run_until(first_of(first_of(asked_to_end(), over), follows)).await;
    shown.await;
    say(format!("End: {exit}"));
    if let Some(path) = &args.journal {
        journal::write(&*store, &account, path).await?;
    }
    Ok(exit.code())
}

async fn listed(market: &okx::Market, symbol: &str) -> Result<Instrument, Failure> {
    let listed = market.instruments().await?;
    let found = listed.into_iter().find(|listing| &*listing.instrument.id.symbol == symbol);
    found.map(|listing| listing.instrument).ok_or_else(|| {
        format!("okx lists no {symbol}; write symbols as it does, such as BTC-USDT-SWAP").into()
    })
}
