use crate::model::{Amount, MarginMode, PositionMode, Quantity, Span, VenueId};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What becomes of a post-only order that would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostOnlyRule {
    /// It is refused.
    #[default]
    Refuse,
    /// It is accepted and cancelled at once, as OKX does.
    Cancel,
}

/// What becomes of an order that closes more of a leg than is open (hedge mode and orders for reducing only).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExcessRule {
    /// It closes what is open; the rest is cancelled.
    #[default]
    Trim,
    /// In hedge mode it is refused; an order for reducing only is trimmed all the same.
    Refuse,
}

/// In which asset a spot fill pays its fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpotFee {
    /// In what it receives: base for a buy, quote for a sell.
    #[default]
    Received,
    /// Always in quote.
    Quote,
}

/// How a simulated account is set up. Rates are fractions: `0.0005` is 0.05 %.
///
/// ```
/// use hyperrsi_core::model::PositionMode;
/// use hyperrsi_core::sim::account::Setup;
/// let mut setup = Setup::new("sim").deposit("USDT", hyperrsi_core::dec!(10_000));
/// setup.position_mode = PositionMode::Hedge;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setup {
    /// The venue it plays.
    pub venue: VenueId,
    /// One-way or hedge at the start.
    pub position_mode: PositionMode,
    /// What is held at the start, by asset.
    pub deposits: BTreeMap<String, Amount>,
    /// Fee of contract fills that rested; negative is a rebate.
    pub maker_fee: Decimal,
    /// Fee of contract fills that took.
    pub taker_fee: Decimal,
    /// Fee of spot fills that rested.
    pub spot_maker_fee: Decimal,
    /// Fee of spot fills that took.
    pub spot_taker_fee: Decimal,
    /// In which asset spot fees are paid.
    pub spot_fee: SpotFee,
    /// Slippage of fills that take, percent of the price.
    pub slippage_percent: Decimal,
    /// Maintenance margin, fraction of a position's value.
    pub maintenance_margin_rate: Decimal,
    /// Leverage of every contract at the start.
    pub leverage: u32,
    /// Margin mode of every contract at the start.
    pub margin_mode: MarginMode,
    /// Most base units a limit order fills per price; `None`: whole. Market orders always fill whole.
    pub depth: Option<Quantity>,
    /// How far a limit price may cross the last price, percent; `None`: any distance.
    pub price_band_percent: Option<Decimal>,
    /// Most plain orders live per instrument.
    pub max_plain: usize,
    /// Most conditional orders live per instrument.
    pub max_conditional: usize,
    /// Post-only orders that would take.
    pub post_only: PostOnlyRule,
    /// Orders that close more than is open.
    pub excess: ExcessRule,
    /// The first order and trade id.
    pub first_id: u64,
    /// How long after its sending an order that is nowhere is `Unknown` rather than `Absent`.
    pub not_found_grace: Span,
    /// How long a paper account keeps what is over, for whoever asks for orders and fills: see [`Account::forget`].
    ///
    /// [`Account::forget`]: super::Account::forget
    pub history: Span,
}

impl Setup {
    /// One-way, isolated, leverage 10, fees 0.02 % and 0.05 % (spot 0.08 % and 0.1 %), maintenance margin 0.4 %, no
    /// slippage, nothing deposited, a history of seven days.
    pub fn new(venue: impl AsRef<str>) -> Self {
        Self {
            venue: VenueId::new(venue),
            position_mode: PositionMode::OneWay,
            deposits: BTreeMap::new(),
            maker_fee: Decimal::new(2, 4),
            taker_fee: Decimal::new(5, 4),
            spot_maker_fee: Decimal::new(8, 4),
            spot_taker_fee: Decimal::new(1, 3),
            spot_fee: SpotFee::Received,
            slippage_percent: Decimal::ZERO,
            maintenance_margin_rate: Decimal::new(4, 3),
            leverage: 10,
            margin_mode: MarginMode::Isolated,
            depth: None,
            price_band_percent: None,
            max_plain: 500,
            max_conditional: 100,
            post_only: PostOnlyRule::Refuse,
            excess: ExcessRule::Trim,
            first_id: 1,
            not_found_grace: Span::seconds(10),
            history: Span::days(7),
        }
    }

    /// The same with so much of an asset held at the start.
    #[must_use]
    pub fn deposit(mut self, asset: impl Into<String>, amount: Decimal) -> Self {
        self.deposits.insert(asset.into(), Amount::new(amount));
        self
    }
}
