/// The base currency a symbol names: `BTC-USDT-SWAP`, `BTCUSDT`, `BTC/USDT:USDT` and `KRW-BTC` are all BTC.
pub(super) fn base_of(symbol: &str) -> String {
    const QUOTES: [&str; 9] = ["USDT", "USDC", "FDUSD", "BUSD", "USD", "KRW", "EUR", "BTC", "ETH"];
    let mut parts = symbol.split(['-', '/', '_', ':']);
    let first = parts.next().unwrap_or_default().to_ascii_uppercase();
    match parts.next() {
        // Upbit writes the quote currency first.
        Some(second) if matches!(first.as_str(), "KRW" | "USDT") => second.to_ascii_uppercase(),
        Some(second) if QUOTES.iter().any(|quote| quote.eq_ignore_ascii_case(second)) => first,
        _ => {
            let stripped = QUOTES.iter().find_map(|quote| first.strip_suffix(quote));
            stripped.filter(|base| !base.is_empty()).map_or_else(|| first.clone(), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_names_its_base_in_every_venues_way() {
        for (symbol, base) in [
            ("BTC-USDT-SWAP", "BTC"),
            ("BTCUSDT", "BTC"),
            ("BTCUSDT_UMCBL", "BTC"),
            ("ETH/USDT:USDT", "ETH"),
            ("KRW-SOL", "SOL"),
            ("ETHBTC", "ETH"),
            ("BTC", "BTC"),
            ("xrp-usdt", "XRP"),
            ("WBTC-USDT-SWAP", "WBTC"),
            ("WBTCUSDT", "WBTC"),
        ] {
            assert_eq!(base_of(symbol), base, "{symbol}");
        }
    }
}
