//! A practice venue: a local server that speaks a venue's real protocol, for adapters, bots and other programs.
use clap::{Parser, ValueEnum};
use hyperrsi::practice::{Feed, Server, okx};
use hyperrsi::series::file::load;
use hyperrsi::sim::account::fault::Script;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

/// Starts a practice venue on this machine and says where it listens.
///
/// Point a client's base URL at it. Key test-key, secret test-secret-0123456789abcdef, passphrase test-pass. The account
/// has 100 000 USDT, 1 BTC, 10 ETH and 100 SOL; nothing of it is real.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Whose protocol it speaks.
    #[arg(long, value_enum, default_value_t = Venue::Okx)]
    venue: Venue,
    /// The port; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Candles to replay on the BTC markets, as for the backtest; without it prices walk at random. There are no bars
    /// shorter than the file's.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// Its time begins where the candles do, after the history it has at the start, so that they keep their times: what
    /// was traded can be laid beside a backtest over the file. Otherwise they go on from now.
    #[arg(long, requires = "candles")]
    as_recorded: bool,
    /// What goes wrong and when: JSON, such as [{"call": "place", "nth": 2, "fault": "drop_ack"}]. Times are the
    /// venue's.
    #[arg(long)]
    faults: Option<PathBuf>,
    /// How many times faster than the clock its time runs. Other than 1, neither the age of signed requests nor the rate
    /// of calls is checked.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The seed of the random walks.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Long and short legs side by side instead of one net position.
    #[arg(long)]
    hedged: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Venue {
    /// OKX v5.
    Okx,
}

fn main() {
    if let Err(error) = run(&Args::parse()) {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "error: {error}");
        std::process::exit(1);
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let candles = args.candles.as_ref().map(load).transpose()?.map(|loaded| loaded.candles);
    let faults = args.faults.as_deref().map(script).transpose()?.unwrap_or_default();
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err("--speed must be a number above zero".into());
    }
    let Venue::Okx = args.venue;
    let in_step = (args.speed - 1.0).abs() < f64::EPSILON;
    let recorded = match &candles {
        Some(candles) if args.as_recorded => {
            Some(Feed::own_time(candles).ok_or("the recording is shorter than the history of a venue")?)
        }
        _ => None,
    };
    let wire = if in_step && recorded.is_none() { okx::Okx::default() } else { okx::Okx::of_any_age() };
    let mut practice = okx::practice(args.hedged, candles, args.seed, faults);
    practice.rate_limits = in_step;
    let address = ([127, 0, 0, 1], args.port).into();
    hyperrsi::practice::block_on(async {
        let server = match recorded {
            Some(start) => Server::starting_at(practice, wire, address, start, args.speed).await?,
            None => Server::start(practice, wire, address, args.speed).await?,
        };
        announce(&server.url())?;
        server.wait().await;
        Ok(())
    })?
}

fn script(path: &Path) -> Result<Script, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    serde_json::from_str(&text).map_err(|error| named(&error).into())
}

fn announce(url: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout();
    writeln!(out, "{url}")?;
    out.flush()?;
    Ok(())
}
