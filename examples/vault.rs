//! The vault: keys of accounts in an encrypted file.
use clap::{Parser, Subcommand};
use hyperrsi::vault::{Credentials, Entry, Passphrase, Vault};
use std::io::Write;
use std::path::PathBuf;

type Failure = Box<dyn std::error::Error>;

/// Keeps keys of accounts in an encrypted file. What is secret is asked for, never given as an argument.
///
/// The vault's passphrase comes from HYPERRSI_VAULT_PASSPHRASE, or is typed. Where nobody can type, add takes the keys
/// from OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE (BINANCE_… and so on for other venues).
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The file.
    #[arg(long, default_value = "hyperrsi.vault")]
    vault: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Adds the keys of an account, or replaces them; makes the file if there is none.
    Add {
        /// The account's name here.
        account: String,
        /// The venue.
        #[arg(long, default_value = "okx")]
        venue: String,
        /// Take the keys from the environment instead of asking.
        #[arg(long)]
        from_env: bool,
    },
    /// Lists accounts and venues, no keys.
    List,
    /// Removes the keys of an account.
    Remove {
        /// The account's name here.
        account: String,
        /// The venue.
        #[arg(long, default_value = "okx")]
        venue: String,
    },
    /// Gives the file another passphrase: HYPERRSI_VAULT_NEW_PASSPHRASE, or what is typed.
    Rekey,
}

fn main() {
    if let Err(failure) = run(Args::parse()) {
        let _ = writeln!(std::io::stderr(), "error: {failure}");
        std::process::exit(1);
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match args.what {
        What::Add { account, venue, from_env } => {
            let mut vault = match args.vault.exists() {
                true => Vault::open(&args.vault, &old()?)?,
                false => Vault::create(&args.vault, &new("HYPERRSI_VAULT_PASSPHRASE")?)?,
            };
            let credentials = if from_env { environment(&venue)? } else { Credentials::ask()? };
            let entry = Entry::new(account, venue);
            vault.add(&entry, &credentials)?;
            writeln!(out, "{} holds the keys of {entry}.", args.vault.display())?;
        }
        What::List => {
            for entry in Vault::open(&args.vault, &old()?)?.entries() {
                writeln!(out, "{entry}")?;
            }
        }
        What::Remove { account, venue } => {
            let entry = Entry::new(account, venue);
            Vault::open(&args.vault, &old()?)?.remove(&entry)?;
            writeln!(out, "Removed {entry}. Revoke the key at the venue, too, if it is not used any more.")?;
        }
        What::Rekey => {
            let mut vault = Vault::open(&args.vault, &old()?)?;
            vault.rekey(&new("HYPERRSI_VAULT_NEW_PASSPHRASE")?)?;
            writeln!(
                out,
                "{} opens with the new passphrase now. Copies of it still open with the old one.",
                args.vault.display()
            )?;
        }
    }
    Ok(())
}

fn old() -> Result<Passphrase, Failure> {
    match Passphrase::from_env("HYPERRSI_VAULT_PASSPHRASE") {
        Some(passphrase) => Ok(passphrase),
        None => Ok(Passphrase::ask("Passphrase of the vault")?),
    }
}

/// A passphrase to be: typed twice.
fn new(variable: &str) -> Result<Passphrase, Failure> {
    if let Some(passphrase) = Passphrase::from_env(variable) {
        return Ok(passphrase);
    }
    let first = Passphrase::ask("New passphrase of the vault")?;
    if !first.is(&Passphrase::ask("Once more")?) {
        return Err("the two passphrases differ; try again".into());
    }
    Ok(first)
}

fn environment(venue: &str) -> Result<Credentials, Failure> {
    let name = |part: &str| format!("{}_API_{part}", venue.to_uppercase());
    let value = |part: &str| std::env::var(name(part)).map_err(|_| format!("{} is not set", name(part)));
    let credentials = Credentials::new(value("KEY")?, value("SECRET")?);
    // Not every venue has one.
    Ok(match value("PASSPHRASE") {
        Ok(passphrase) => credentials.with_passphrase(passphrase),
        Err(_) => credentials,
    })
}
