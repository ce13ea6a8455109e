use super::Amount;
use serde::{Deserialize, Serialize};

/// What an account holds of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The asset, such as `USDT`.
    pub asset: String,
    /// Everything held, margin in use included, unrealised profit excluded.
    pub total: Amount,
    /// What new orders may use.
    pub free: Amount,
}
