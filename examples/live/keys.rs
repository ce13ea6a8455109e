//! Where the keys come from.

use crate::shared::Failure;
use hyperrsi::vault::{Credentials, Entry, Passphrase, Vault};
use std::path::Path;

/// The variable with the vault's passphrase.
const PASSPHRASE: &str = "HYPERRSI_VAULT_PASSPHRASE";

/// The keys of an account: out of a vault file, or out of `VENUE_API_KEY`, `VENUE_API_SECRET` and `VENUE_API_PASSPHRASE`.
pub(crate) fn find(vault: Option<&Path>, account: &str, venue: &str) -> Result<Credentials, Failure> {
    if let Some(path) = vault {
        let passphrase = match Passphrase::from_env(PASSPHRASE) {
            Some(passphrase) => passphrase,
            None => Passphrase::ask(&format!("Passphrase of {}", path.display()))?,
        };
        return Ok(Vault::open(path, &passphrase)?.get(&Entry::new(account, venue))?);
    }
    let variable = |part: &str| {
        let name = format!("{}_API_{part}", venue.to_uppercase());
        std::env::var(&name).map_err(|_| format!("{name} is not set; set it, or use --vault FILE"))
    };
    Ok(Credentials::new(variable("KEY")?, variable("SECRET")?).with_passphrase(variable("PASSPHRASE")?))
}
