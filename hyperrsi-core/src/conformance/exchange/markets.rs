use super::bench::Act;
use super::listening::Ear;
use super::probe::{Outcome, PATIENCE, Probe};
use crate::exchange::{
    Channel, ErrorClass, ExchangeError, Feed, MarketData, MarketDataExt, MarketEvent, MarketFact,
};
use crate::model::{InstrumentId, Span, Timeframe};
use std::sync::Arc;

fn market(probe: &Probe) -> Outcome<Arc<dyn MarketData>> {
    probe.stand().market().map_or_else(|| Probe::skip("the stand has no market data"), Ok)
}

pub(super) async fn the_instrument_is_listed_with_its_steps(probe: &Probe) -> Outcome {
    let all = probe.ok("instruments", market(probe)?.instruments().await)?;
    let listed = all.iter().find(|one| one.instrument.id == probe.instrument.id);
    probe.same("its listing", &listed.map(|one| &one.instrument), &Some(&probe.instrument))?;
    for one in &all {
        let valid = one.instrument.validate();
        probe.holds("a listing", "steps above zero", valid.is_ok(), &valid)?;
    }
    Ok(())
}

pub(super) async fn candles_are_closed_and_oldest_first(probe: &Probe) -> Outcome {
    let (market, timeframe) = (market(probe)?, Timeframe::M1);
    let now = probe.ok("market_time", market.market_time().await)?;
    let from = timeframe.bucket(now - Span::minutes(30));
    let page = market.candles(probe.instrument.id.clone(), timeframe, from, now + Span::minutes(5)).await;
    let candles = probe.ok("candles", page)?.items;
    probe.holds("candles of half an hour", "some", candles.len() > 10, &candles.len())?;
    let later = probe.ok("market_time", market.market_time().await)?;
    for pair in candles.windows(2) {
        let rising = pair.first().map(|one| one.open_time) < pair.last().map(|one| one.open_time);
        probe.holds("two candles", "the older first", rising, &pair)?;
    }
    for one in &candles {
        let fits = one.open_time >= from && timeframe.bucket(one.open_time) == one.open_time;
        probe.holds("a candle", "on the grid and not before the range", fits, one)?;
        probe.holds("a candle", "closed", one.close_time(timeframe.span()) <= later, one)?;
        probe.same("what is wrong with a candle", &one.fault(), &None)?;
    }
    Ok(())
}

pub(super) async fn prices_are_those_of_the_market(probe: &Probe) -> Outcome {
    let market = market(probe)?;
    let price = probe.away(1)?;
    probe.act(Act::Price(price)).await?;
    let ask = || market.ticker(probe.instrument.id.clone());
    probe.becomes("ticker", &format!("{price} last"), ask, |ticker| ticker.last == price).await?;
    let mark = || market.mark_price(probe.instrument.id.clone());
    probe.becomes("mark_price", &format!("{price}"), mark, |point| point.price == price).await.map(|_| ())
}

pub(super) async fn a_feed_begins_with_up_and_tells_prices(probe: &Probe) -> Outcome {
    let market = market(probe)?;
    let feed = Feed { instrument: probe.instrument.id.clone(), channel: Channel::Last };
    let mut ear = Ear::new(probe.ok("subscribe", market.subscribe(vec![feed.clone()]).await)?);
    let first = ear.next(probe, PATIENCE).await;
    let stands = matches!(first, Some(MarketEvent::Up { .. } | MarketEvent::Down { .. }));
    probe.holds("the first event", "Up or Down", stands, &ear.heard)?;
    let up = |heard: &[MarketEvent]| heard.contains(&MarketEvent::Up { feed: feed.clone() });
    ear.until(probe, "the feed", "Up", up).await?;
    let price = probe.away(1)?;
    probe.act(Act::Price(price)).await?;
    let told = |heard: &[MarketEvent]| {
        heard.iter().any(|event| {
            matches!(event, MarketEvent::Data { fact: MarketFact::Last(point), .. } if point.price == price)
        })
    };
    ear.until(probe, "the feed", &format!("the price {price}"), told).await
}

pub(super) async fn markets_nobody_has_are_refused(probe: &Probe) -> Outcome {
    let market = market(probe)?;
    let nowhere = InstrumentId::new(probe.instrument.id.venue.as_str(), "NOSUCH-COIN");
    let class = |error: Option<&ExchangeError>| error.map(ExchangeError::class);
    let ticker = market.ticker(nowhere.clone()).await;
    probe.same("its ticker", &class(ticker.as_ref().err()), &Some(ErrorClass::InstrumentUnknown))?;
    let feed = Feed { instrument: nowhere, channel: Channel::Last };
    let stream = market.subscribe(vec![feed]).await.map(|_| ());
    probe.same("its feed", &class(stream.as_ref().err()), &Some(ErrorClass::InstrumentUnknown))
}
