use super::parse::{Envelope, InstrumentRow, Known, TimeRow, listings};
use super::{Config, Keys, VENUE, error, request};
use crate::net::{Call, Clock, Http, Limits, Reply};
use bytes::Bytes;
use hyperrsi_core::exchange::{ErrorClass, ExchangeError, Listing, Refused};
use hyperrsi_core::model::{Instrument, InstrumentId, InstrumentKind, Span};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// Calls of one account, or of nobody: limits, signing, sending, and what the answer means.
pub(super) struct Rest {
    pub(super) config: Config,
    pub(super) clock: Arc<Clock>,
    keys: Option<Keys>,
    http: Http,
    limits: Limits,
    known: RwLock<Arc<Known>>,
    measured: Mutex<Option<Instant>>,
}

impl Rest {
    pub(super) fn new(config: Config, keys: Option<Keys>) -> Result<Self, ExchangeError> {
        Ok(Self {
            http: Http::new(config.http.clone())?,
            limits: Limits::at(&config.rest, keys.as_ref().map(Keys::key)).wider(config.speed),
            config,
            clock: Arc::new(Clock::default()),
            keys,
            known: RwLock::default(),
            measured: Mutex::new(None),
        })
    }

    /// Sends a call and returns the body if the envelope says success, or if its rows speak for themselves.
    ///
    /// A read whose time did not please the venue is sent again after the clock was measured; a write never is.
    pub(super) async fn send(&self, call: &Call) -> Result<Bytes, ExchangeError> {
        if call.signed {
            self.keep_time().await;
        }
        match self.once(call).await {
            Err(skew @ ExchangeError::ClockSkew { .. }) => {
                let measured = self.measure().await;
                if call.write {
                    // The venue refused it: that is known, whether the clock could be read or not.
                    return Err(ExchangeError::ClockSkew {
                        offset: measured.ok().map(|_| self.clock.offset()),
                    });
                }
                measured?;
                self.once(call).await.map_err(|again| match again {
                    ExchangeError::ClockSkew { .. } => skew,
                    other => other,
                })
            }
            other => other,
        }
    }

    async fn once(&self, call: &Call) -> Result<Bytes, ExchangeError> {
        self.limits.acquire(call).await?;
        let target = call.target();
        let mut headers: Vec<(&'static str, String)> = Vec::with_capacity(6);
        if call.body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if self.config.demo {
            headers.push(("x-simulated-trading", "1".to_owned()));
        }
        if call.signed {
            let Some(keys) = &self.keys else {
                let why = "this call needs the account's keys, and there are none";
                return Err(Refused::new(ErrorClass::Auth, None, why).into());
            };
            // Signed as late as can be: a call that waited for its turn must not be late at the venue.
            let signed =
                keys.sign(self.clock.now(), call.method, &target, call.body.as_deref().unwrap_or(""));
            headers.push(("OK-ACCESS-KEY", keys.key().expose().to_owned()));
            headers.push(("OK-ACCESS-SIGN", signed.signature));
            headers.push(("OK-ACCESS-TIMESTAMP", signed.timestamp));
            headers.push(("OK-ACCESS-PASSPHRASE", keys.passphrase().expose().to_owned()));
        }
        let reply =
            self.http.send(&self.config.rest, call.method, &target, &headers, call.body.clone()).await?;
        self.limits.answered(call, &reply.headers);
        let answer = judge(&reply);
        match &answer {
            Err(ExchangeError::RateLimited { retry_after }) => {
                let wait = retry_after.map_or(call.cost.rule.window_ms.into(), |span| span.millis());
                let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
                self.limits.refused(call, wait / self.config.speed.max(1));
            }
            Err(ExchangeError::Banned { until }) => {
                let now = Clock::local();
                let wait = until.map_or(Span::minutes(5), |until| until - now).millis();
                self.limits.banned(now + Span::millis_of(wait / i64::from(self.config.speed.max(1))));
            }
            _ => {}
        }
        answer.map(|()| reply.body)
    }

    /// Measures the clock if it has not been for a while. A failure is left to the call itself.
    async fn keep_time(&self) {
        let due = {
            let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
            let due = measured.is_none_or(|at| at.elapsed() >= self.config.clock_every);
            if due {
                *measured = Some(Instant::now());
            }
            due
        };
        if due && let Err(error) = self.measure().await {
            tracing::debug!(%error, "the venue's clock could not be read");
            *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Reads the venue's clock and keeps the offset.
    pub(super) async fn measure(&self) -> Result<hyperrsi_core::model::Timestamp, ExchangeError> {
        let sent = Clock::local();
        let body = self.once(&request::server_time()).await?;
        let received = Clock::local();
        let rows: Vec<TimeRow> = Envelope::read(&body)?.rows("the time of okx")?;
        let time = rows.first().and_then(|row| row.ts.0).ok_or_else(|| ExchangeError::Malformed {
            what: "the time of okx".into(),
            detail: "it is missing".into(),
        })?;
        self.clock.measured(sent, time, received);
        Ok(time)
    }

    /// The instruments, read once.
    pub(super) async fn known(&self) -> Result<Arc<Known>, ExchangeError> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        if !known.is_empty() {
            return Ok(known);
        }
        self.listings().await?;
        Ok(Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The instruments are not what they were: they are read again before they are needed.
    pub(super) fn forget_known(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// The instruments, read now.
    pub(super) async fn listings(&self) -> Result<Vec<Listing>, ExchangeError> {
        let mut all = Vec::new();
        for kind in [InstrumentKind::Spot, InstrumentKind::Linear] {
            let body = self.send(&request::instruments(kind)).await?;
            let rows: Vec<InstrumentRow<'_>> = Envelope::read(&body)?.rows("the instruments of okx")?;
            all.extend(listings(&rows));
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Known::new(&all));
        Ok(all)
    }

    /// One instrument; the list is read again if it is not on it.
    pub(super) async fn instrument(&self, id: &InstrumentId) -> Result<Arc<Instrument>, ExchangeError> {
        if id.venue.as_str() != VENUE {
            return Err(unknown(id));
        }
        if let Some(found) = self.known().await?.instrument(&id.symbol) {
            return Ok(found);
        }
        self.listings().await?;
        self.known().await?.instrument(&id.symbol).ok_or_else(|| unknown(id))
    }
}

fn unknown(id: &InstrumentId) -> ExchangeError {
    Refused::new(ErrorClass::InstrumentUnknown, None, format!("{id} is no spot market or linear swap of okx"))
        .into()
}

/// What an answer means as a whole.
fn judge(reply: &Reply) -> Result<(), ExchangeError> {
    let refusal = reply.refusal();
    if !reply.is_json() || matches!(refusal, Some(ExchangeError::Banned { .. })) {
        return refusal.map_or(Ok(()), Err);
    }
    let envelope = match Envelope::read(&reply.body) {
        Ok(envelope) => envelope,
        Err(unreadable) => return Err(refusal.unwrap_or(unreadable)),
    };
    match &*envelope.code {
        "0" => Ok(()),
        // Orders of which some or all failed: each row has its own code.
        "1" | "2" if envelope.has_row_codes() => Ok(()),
        code => {
            let said = error(code, &envelope.msg);
            Err(match (said, refusal) {
                (ExchangeError::RateLimited { .. }, _) | (_, Some(ExchangeError::RateLimited { .. })) => {
                    ExchangeError::RateLimited { retry_after: reply.retry_after() }
                }
                (said, _) if said.class() == ErrorClass::Other && reply.status >= 500 => {
                    ExchangeError::VenueFault { status: reply.status, detail: said.to_string() }
                }
                (said, _) => said,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn class(status: u16, body: &str) -> Option<(ErrorClass, bool)> {
        let reply = Reply { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) };
        judge(&reply).err().map(|error| (error.class(), error.outcome_known()))
    }

    #[test]
    fn every_answer_has_one_meaning() {
        use ErrorClass::*;
        assert_eq!(class(200, r#"{"code":"0","data":[],"msg":""}"#), None);
        assert_eq!(class(200, r#"{"code":"1","data":[{"sCode":"51008"}],"msg":""}"#), None);
        assert_eq!(class(200, r#"{"code":"51001","data":[],"msg":"?"}"#), Some((InstrumentUnknown, true)));
        assert_eq!(class(429, r#"{"code":"50011","msg":"Too Many Requests"}"#), Some((RateLimited, true)));
        assert_eq!(class(418, r#"{"code":"50011","msg":"Too Many Requests"}"#), Some((Banned, true)));
        assert_eq!(class(401, r#"{"code":"50111","msg":"Invalid OK-ACCESS-KEY"}"#), Some((Auth, true)));
        assert_eq!(class(503, r#"{"code":"50001","msg":"upgrading"}"#), Some((Maintenance, true)));
        assert_eq!(class(503, "<html>Service Unavailable</html>"), Some((VenueFault, false)));
        assert_eq!(class(200, "<html>login</html>"), Some((VenueFault, false)));
        assert_eq!(class(502, ""), Some((VenueFault, false)));
        assert_eq!(class(200, r#"{"code":"0","data":[{"ordId":"1"#), Some((Malformed, false)));
        assert_eq!(class(200, "{}"), Some((Malformed, false)));
    }
}
