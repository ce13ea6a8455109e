//! HYPERRSI at a venue: examined first, a dry run unless it is told otherwise, ended in order.
#[path = "live/keys.rs"]
mod keys;
mod shared;
#[path = "live/venue.rs"]
mod venue;
#[path = "live/view.rs"]
mod view;

use clap::{Parser, ValueEnum};
use hyperrsi::model::{Span, TraderId};
use hyperrsi::runtime::doctor::{Health, examine};
use hyperrsi::runtime::{Hyperrsi, Options, Parts, Plan, Session, asked_to_end, first_of, spawn};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{Environment as World, MemoryStore, Store};
use hyperrsi::strategy::rsi_trend::settings::{Environment, Settings};
use std::path::PathBuf;
use std::sync::Arc;

/// Trades HYPERRSI on one market of a venue. Without --i-understand-this-trades it decides and shows, and sends nothing.
///
/// Keys come from OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE, or from a vault file (see the vault example), which
/// is opened with HYPERRSI_VAULT_PASSPHRASE or with what is typed. Use keys that may trade and never withdraw.
///
/// Before anything else, clock, key, modes, money, market, history and store are examined; with a red finding nothing is
/// started. A market without a stop loss is refused unless the settings say accept_no_stop = true. Ctrl-C ends it in
/// order: no new entries, what is under way is settled, and every open leg's stop is verified. The exit status says how it
/// ended: 0 all is protected, 2 not started, 3 a leg is without its stop, 4 an order is unknown, 5 records are unwritten, 6
/// another process runs the account, 70 it failed.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The venue.
    #[arg(long, value_enum, default_value_t = Venue::Okx)]
    venue: Venue,
    /// Another address of it: a practice venue on this machine (http://127.0.0.1:PORT), or another of its domains.
    #[arg(long)]
    base_url: Option<String>,
    /// Demo trading: the venue's own practice mode, with keys of its own.
    #[arg(long, conflicts_with = "base_url")]
    simulated: bool,
    /// Settings, TOML or JSON: symbol, timeframe, leverage and every other key of the book's chapter on settings.
    #[arg(long)]
    settings: PathBuf,
    /// The account's name here: in the journal, and in the vault.
    #[arg(long, default_value = "main")]
    account: String,
    /// Take the keys from this vault file instead of the environment.
    #[arg(long)]
    vault: Option<PathBuf>,
    /// The journal, a SQLite file; a dry run without it keeps its journal in memory.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Send orders. They cost money.
    #[arg(long)]
    i_understand_this_trades: bool,
    /// The speed the practice venue was started with.
    #[arg(long, default_value_t = 1, requires = "base_url")]
    speed: u32,
    /// End in order after so many days of the venue.
    #[arg(long)]
    days: Option<u32>,
    /// Show why nothing was done, too.
    #[arg(long)]
    verbose: bool,
    /// Write the journal of this account here at the end, a record per line; the parity example reads it.
    #[arg(long)]
    journal: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Venue {
    /// OKX v5.
    Okx,
}

/// The exit status of a start that was refused.
const REFUSED: u8 = 2;

fn main() {
    let args = Args::parse();
    let ended = hyperrsi::runtime::block_on(run(args)).map_err(shared::Failure::from).flatten();
    let code = ended.unwrap_or_else(|failure| {
        use std::io::Write;
        let said = failure.to_string(); // settings name their errors as such themselves
        let _ = writeln!(std::io::stderr(), "error: {}", said.trim_start_matches("error: "));
        REFUSED
    });
    std::process::exit(i32::from(code));
}

async fn run(args: Args) -> Result<u8, shared::Failure> {
    let Venue::Okx = args.venue;
    let record = shared::settings::read(Some(&args.settings))?;
    let keys = keys::find(args.vault.as_deref(), &args.account, "okx")?;
    let okx = venue::Okx::at(args.base_url.as_deref(), args.simulated, args.speed, &args.account, &keys)?;
    drop(keys);
    let symbol = shared::setup::symbol(&record).unwrap_or("BTC-USDT-SWAP").to_owned();
    let instrument = okx.instrument(&symbol).await?;
    let mut environment = Environment::live().with_instrument(&instrument);
    environment.stop_orders = okx.has_stop_orders();
    let (settings, warnings) = Settings::check(&record, &environment)?;
    for warning in warnings {
        shared::say(format!("note  {warning}"));
    }

    let trading = args.i_understand_this_trades;
    let store: Arc<dyn Store> = match &args.store {
        Some(path) => Arc::new(SqliteStore::open(path).await?),
        None if trading => {
            return Err("trading needs a journal that outlives the process: --store FILE".into());
        }
        None => Arc::new(MemoryStore::new()),
    };
    let clock = okx.clock().await?;
    let (exchange, hub) = (okx.account(trading, clock.clone()), okx.hub(clock.clone()));
    let trader = TraderId::new(format!("{}:{symbol}", args.account));
    let plan = || -> Result<Plan, shared::Failure> {
        Ok(Plan::of_settings(trader.as_str(), instrument.clone(), Hyperrsi, settings.to_map())?)
    };

    let mut healthy = true;
    for check in examine(&*exchange, &hub, &*store, &*clock, &[plan()?]).await {
        let mark = match check.health {
            Health::Good => "ok   ",
            Health::Poor => "look ",
            Health::Bad => "BAD  ",
        };
        healthy &= check.health != Health::Bad;
        shared::say(format!("{mark} {:14} {}", check.what, check.told()));
    }
    if !healthy {
        shared::say("Not started: something is BAD. Nothing was sent.");
        return Ok(REFUSED);
    }

    let mut options = Options::new(format!("live example {}", std::process::id()));
    options.label.clone_from(&args.account);
    options.dry_run = !trading;
    options.environment = if args.simulated { World::Demo } else { World::Live };
    options.quote.clone_from(&instrument.quote);
    let parts = Parts { exchange, hub, store: store.clone(), clock: clock.clone(), managers: Vec::new() };
    let begun = clock.now();
    let session = Session::open(parts, options, vec![plan()?]).await?;
    shared::say(match trading {
        true => format!("{symbol} {}: TRADING. Ctrl-C ends it in order.", settings.market.timeframe),
        false => format!("{symbol} {}: dry run, nothing is sent. Ctrl-C ends it.", settings.market.timeframe),
    });
    let run = session.handle();
    let view = view::View::new(run, trader, store.clone(), clock.clone(), args.speed, args.verbose).await?;
    let shown = spawn(view.keep());
    let exit = match args.days {
        None => session.run_until(asked_to_end()).await,
        Some(days) => {
            let over = clock.sleep_until(begun + Span::days(i64::from(days)));
            session.run_until(first_of(asked_to_end(), over)).await
        }
    };
    shown.await;
    shared::say(format!("End: {exit}"));
    if let Some(path) = &args.journal {
        shared::journal::write(&*store, &args.account.as_str().into(), path).await?;
    }
    Ok(exit.code())
}
