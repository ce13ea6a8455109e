//! Korean.

use super::facts::{Facts, Subject};
use super::number::tidy;
use super::{Reason, Rule};
use crate::model::{PositionSide, Side};
use crate::position::{ExitReason, StopKind};
use crate::risk::Refusal;
use crate::strategy::LegSummary;
use crate::strategy::rsi_trend::settings::EntryMode;

pub(super) fn sentence(facts: &Facts<'_>) -> String {
    let (symbol, time) = (&facts.record.symbol.symbol, facts.time());
    let (clause, code) = clause(facts);
    let subject = if facts.done { done(facts.subject) } else { not_done(facts.subject) };
    let order = if facts.done { order(facts) } else { String::new() };
    format!("{symbol} {time} {subject}: {clause} ({code}){order}")
}

const fn side(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "롱",
        PositionSide::Short => "숏",
    }
}

fn of(side_of: Option<PositionSide>, what: &str) -> String {
    side_of.map_or_else(|| what.to_owned(), |s| format!("{} {what}", side(s)))
}

fn not_done(subject: Subject) -> String {
    match subject {
        Subject::Entry(s) => of(s, "진입 없음"),
        Subject::Extra(s) => of(s, "추가 진입 없음"),
        Subject::Hedge(s) => of(s, "헤지 없음"),
        Subject::Exit(s) => of(s, "청산 없음"),
        Subject::Protection(s) => of(s, "변경 없음"),
    }
}

fn done(subject: Subject) -> String {
    match subject {
        Subject::Entry(s) => of(s, "진입"),
        Subject::Extra(s) => of(s, "추가 진입"),
        Subject::Hedge(s) => of(s, "헤지 진입"),
        Subject::Exit(s) => of(s, "청산"),
        Subject::Protection(s) => of(s, "주문 조정"),
    }
}

fn order(facts: &Facts<'_>) -> String {
    let Some((side, market, quantity, price)) = facts.order() else { return String::new() };
    let way = match side {
        Side::Buy => "매수",
        Side::Sell => "매도",
    };
    match (market, price) {
        (true, Some(price)) => format!(", 시장가 {way} {quantity}, 기준가 {price}"),
        (true, None) => format!(", 시장가 {way} {quantity}"),
        (false, Some(price)) => format!(", {way} {quantity}, 가격 {price}"),
        (false, None) => format!(", {way} {quantity}"),
    }
}

/// Whether a number ends in a consonant when it is read aloud; particles depend on it. Decimals are read digit by digit.
fn ends_in_consonant(number: &str) -> bool {
    // 영, 일, 삼, 육, 칠, 팔 end in a consonant; whole numbers that end in zeros are read 십, 백, 천, 만.
    number.chars().last().is_some_and(|digit| matches!(digit, '0' | '1' | '3' | '6' | '7' | '8'))
}

/// The number with the object particle.
fn object(number: &str) -> String {
    format!("{number}{}", if ends_in_consonant(number) { "을" } else { "를" })
}

/// The number with the particle for "to": after ㄹ (일, 칠, 팔) as after a vowel.
fn to(number: &str) -> String {
    let plain = number.chars().last().is_some_and(|digit| matches!(digit, '1' | '7' | '8'));
    format!("{number}{}", if ends_in_consonant(number) && !plain { "으로" } else { "로" })
}

/// The clause, and the code that stands behind it.
fn clause(facts: &Facts<'_>) -> (String, String) {
    let code = facts.reason.code().to_owned();
    let numbers = match facts.reason {
        Reason::Refused(Refusal::NoSignal) => {
            if let (Some(text), Some(mode)) = (no_signal(facts), facts.mode()) {
                return (text, mode.to_string());
            }
            None
        }
        Reason::Refused(refusal) => refused(facts, refusal),
        Reason::Rule(Rule::Signal) => {
            if let (Some(text), Some(mode)) = (signal(facts), facts.mode()) {
                return (text, mode.to_string());
            }
            facts.is_by_price().then(|| rule(Rule::ExtraEntry).to_owned())
        }
        Reason::Exit(reason) => left(facts, reason),
        Reason::Rule(_) => None,
        Reason::Other(code) => {
            return (custom(facts).unwrap_or_else(|| "전략의 자체 규칙입니다".into()), code.to_owned());
        }
    };
    (numbers.unwrap_or_else(|| facts.reason.meaning(super::Language::Korean).to_owned()), code)
}

fn custom(facts: &Facts<'_>) -> Option<String> {
    let check = facts.check.filter(|_| !facts.done)?;
    let (left, right) = facts.operands()?;
    Some(format!("조건 {left} {} {right}이(가) 성립하지 않습니다", check.op))
}

/// The side a signal is looked for on.
const fn is_short(facts: &Facts<'_>) -> bool {
    matches!(
        facts.subject,
        Subject::Entry(Some(PositionSide::Short)) | Subject::Extra(Some(PositionSide::Short))
    )
}

fn no_signal(facts: &Facts<'_>) -> Option<String> {
    let (rsi, mode) = (facts.rsi()?, facts.mode()?);
    let (p, c, line) = (rsi.p, rsi.c, rsi.line);
    let moved = format!("RSI가 {p} → {}", to(&c));
    Some(match (mode, is_short(facts)) {
        (EntryMode::BreakThrough, false) => format!("{moved} {} 하향 돌파하지 않았습니다", object(&line)),
        (EntryMode::BreakThrough, true) => format!("{moved} {} 상향 돌파하지 않았습니다", object(&line)),
        (EntryMode::Inflection, false) => format!("{moved} {line} 아래에서 반등하지 않았습니다"),
        (EntryMode::Inflection, true) => format!("{moved} {line} 위에서 꺾이지 않았습니다"),
        (EntryMode::InflectionBreakThrough, false) => {
            format!("{moved} {} 다시 상향 돌파하지 않았습니다", object(&line))
        }
        (EntryMode::InflectionBreakThrough, true) => {
            format!("{moved} {} 다시 하향 돌파하지 않았습니다", object(&line))
        }
        (EntryMode::Beyond, false) => format!("RSI {c}, {line}보다 낮지 않습니다"),
        (EntryMode::Beyond, true) => format!("RSI {c}, {line}보다 높지 않습니다"),
    })
}

fn signal(facts: &Facts<'_>) -> Option<String> {
    let (rsi, mode) = (facts.rsi()?, facts.mode()?);
    let (p, c, line) = (rsi.p, rsi.c, rsi.line);
    let moved = format!("RSI가 {p} → {}", to(&c));
    Some(match (mode, is_short(facts)) {
        (EntryMode::BreakThrough, false) => format!("{moved} {} 하향 돌파했습니다", object(&line)),
        (EntryMode::BreakThrough, true) => format!("{moved} {} 상향 돌파했습니다", object(&line)),
        (EntryMode::Inflection, false) => format!("{moved} {line} 아래에서 반등했습니다"),
        (EntryMode::Inflection, true) => format!("{moved} {line} 위에서 꺾였습니다"),
        (EntryMode::InflectionBreakThrough, false) => {
            format!("{moved} {} 다시 상향 돌파했습니다", object(&line))
        }
        (EntryMode::InflectionBreakThrough, true) => {
            format!("{moved} {} 다시 하향 돌파했습니다", object(&line))
        }
        (EntryMode::Beyond, false) => format!("RSI {c}, {line}보다 낮습니다"),
        (EntryMode::Beyond, true) => format!("RSI {c}, {line}보다 높습니다"),
    })
}

/// What a leg is, for a reader.
fn leg(leg: &LegSummary) -> String {
    let mut text = format!("{} {}", side(leg.side), tidy(&leg.quantity.to_string()));
    if let Some(average) = leg.average {
        text.push_str(&format!(", 평균가 {}", tidy(&average.to_string())));
    }
    text.push_str(&format!(", 진입 {}회", leg.entries));
    match leg.stop {
        Some(stop) => text.push_str(&format!(", {} {}", stop_kind(stop.kind), tidy(&stop.price.to_string()))),
        None => text.push_str(", 손절 없음"),
    }
    text
}

const fn stop_kind(kind: StopKind) -> &'static str {
    match kind {
        StopKind::Fixed => "손절가",
        StopKind::BreakEven => "본절가",
        StopKind::Trailing => "트레일링 스탑",
        StopKind::Command => "운영자 지정 손절가",
    }
}

/// A refusal with its numbers, where the record has them.
fn refused(facts: &Facts<'_>, refusal: Refusal) -> Option<String> {
    match refusal {
        Refusal::WarmingUp if facts.is_check("warm_up") => facts
            .operands()
            .map(|(seen, needed)| format!("준비에 필요한 캔들 {needed}개 중 {seen}개만 처리했습니다")),
        Refusal::MainLegOpen => facts.leg().map(|open| format!("메인 포지션이 열려 있습니다, {}", leg(open))),
        Refusal::Direction => facts.check.map(|check| match check.left.as_str() {
            "long" => "진입 방향이 롱으로 설정되어 있습니다".into(),
            "short" => "진입 방향이 숏으로 설정되어 있습니다".into(),
            _ => self::refusal(refusal).to_owned(),
        }),
        Refusal::Cooldown => {
            facts.until().map(|until| format!("마지막 청산 후 {until}까지 이 방향은 쉽니다"))
        }
        Refusal::TrendBlocked => {
            facts.check.map(|check| format!("추세 상태가 {}이어서 막혔습니다", check.left))
        }
        Refusal::LimitReached => {
            facts.operands().map(|(made, limit)| format!("최대 {limit}회 중 {made}회를 모두 진입했습니다"))
        }
        Refusal::PriceNotReached => facts
            .operands()
            .map(|(close, level)| format!("종가 {close}, 진입 가격 {level}에 도달하지 않았습니다")),
        Refusal::BelowMinEntryNotional
        | Refusal::BelowMinSize
        | Refusal::BelowMinNotional
        | Refusal::AboveMaxSize
        | Refusal::InsufficientMargin
        | Refusal::ExposureCap => {
            facts.reference().map(|price| format!("기준가 {price}, {}", self::refusal(refusal)))
        }
        _ => None,
    }
}

/// An exit or a moved stop with its numbers.
fn left(facts: &Facts<'_>, reason: ExitReason) -> Option<String> {
    if matches!(facts.subject, Subject::Protection(_)) {
        let stop = facts.leg()?.stop?;
        return Some(format!("현재 {} {}", stop_kind(stop.kind), tidy(&stop.price.to_string())));
    }
    match reason {
        ExitReason::TrendReversal => {
            facts.check.map(|check| format!("추세 상태가 {} 바뀌었습니다", to(&check.left)))
        }
        _ => None,
    }
}

pub(super) const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotRunning => "종목이 정지되어 있어 열린 포지션만 관리합니다",
        Refusal::Paused => "운영자가 진입을 일시 중지했습니다",
        Refusal::MarginBlocked => "증거금 부족이 반복되어 한동안 진입을 쉽니다",
        Refusal::FailurePaused => "주문 거부가 반복되어 멈췄습니다, 재개 명령이 필요합니다",
        Refusal::DataGap => "캔들이 누락되어 있습니다",
        Refusal::PriceStale => "주문 수량을 정할 최신 가격이 없습니다",
        Refusal::NotReconciled => "아직 계좌를 조회하지 못했습니다",
        Refusal::ForeignPosition => "이 프로그램이 열지 않은 포지션이 있습니다",
        Refusal::Journal => "기록을 저장할 수 없습니다",
        Refusal::Unprotected => "손절 주문이 확인되지 않은 포지션이 너무 오래 있습니다",
        Refusal::UnknownOrder => "결과를 아직 모르는 주문이 있습니다",
        Refusal::StrategyFailed => "전략이 응답하지 못했습니다",
        Refusal::Delisting => "거래소가 이 종목의 거래를 곧 종료합니다",
        Refusal::WarmingUp => "지표 준비에 필요한 캔들이 부족합니다",
        Refusal::MainLegOpen => "메인 포지션이 열려 있거나 주문이 진행 중입니다",
        Refusal::HedgeLegOpen => "헤지 포지션이 아직 열려 있습니다",
        Refusal::NotFlat => "포지션이 비었는지 아직 확인되지 않았습니다",
        Refusal::Direction => "이 방향의 첫 진입은 꺼져 있습니다",
        Refusal::Cooldown => "이 방향을 청산한 지 얼마 되지 않았습니다",
        Refusal::CandleUsed => "이 캔들에서 이미 진입했습니다",
        Refusal::NoSignal => "진입 신호가 없습니다",
        Refusal::TrendBlocked => "추세가 반대 방향입니다",
        Refusal::TrendUnknown => "추세 상태를 아직 알 수 없습니다",
        Refusal::LimitReached => "정해진 횟수만큼 모두 진입했습니다",
        Refusal::PriceNotReached => "가격이 진입 수준에 도달하지 않았습니다",
        Refusal::LevelNotPositive => "다음 진입 가격이 0 이하입니다",
        Refusal::SignalStale => "결정이 너무 오래되어 보내지 않았습니다",
        Refusal::LegClosed => "진입 전에 포지션이 청산되었습니다",
        Refusal::BelowMinEntryNotional => "계획 금액이 최소 진입 금액보다 작습니다",
        Refusal::BelowMinSize => "수량이 거래소 최소 수량보다 작습니다",
        Refusal::BelowMinNotional => "주문 금액이 거래소 최소 금액보다 작습니다",
        Refusal::AboveMaxSize => "수량이 거래소 최대 수량보다 큽니다",
        Refusal::InsufficientMargin => "잔고가 증거금과 수수료에 모자랍니다",
        Refusal::ExposureCap => "노출 한도를 넘게 됩니다",
        Refusal::HedgeModeRequired => "계좌가 양방향 모드가 아닙니다",
        Refusal::HedgeBelowMinSize => "헤지 수량이 거래소 최소 수량보다 작습니다",
        Refusal::LeverageMismatch => "거래소의 레버리지나 마진 모드가 설정과 다릅니다",
        Refusal::InstrumentInUse => "같은 계좌의 다른 트레이더가 이 종목을 사용합니다",
        Refusal::Unsupported => "거래소나 시장이 지원하지 않습니다",
        Refusal::VenueRejected => "거래소가 주문을 거부했습니다",
        Refusal::RiskLimit => "위험 관리 규칙이 거부했습니다",
        Refusal::DailyLossLimit => "오늘의 손실 한도에 도달했습니다",
        Refusal::MaxDrawdown => "자산이 고점보다 너무 낮습니다",
        Refusal::LosingStreak => "연속 손실 거래가 너무 많습니다",
        Refusal::MaxPositions => "보유 가능한 포지션 수가 찼습니다",
        Refusal::KillSwitch => "긴급 정지가 켜져 있습니다",
        Refusal::InvalidIntent => "전략이 실행할 수 없는 요청을 했습니다",
    }
}

pub(super) const fn exit(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::TakeProfit1 => "1차 익절이 체결되었습니다",
        ExitReason::TakeProfit2 => "2차 익절이 체결되었습니다",
        ExitReason::TakeProfit3 => "3차 익절이 체결되었습니다",
        ExitReason::StopLoss => "손절가에 도달했습니다",
        ExitReason::BreakEven => "본절가에 도달했습니다",
        ExitReason::TrailingStop => "트레일링 스탑에 도달했습니다",
        ExitReason::TrendReversal => "추세가 반대로 바뀌었습니다",
        ExitReason::HedgeTakeProfit => "헤지 익절이 체결되었습니다",
        ExitReason::HedgeStopLoss => "헤지 손절가에 도달했습니다",
        ExitReason::HedgeLastEntry => "메인 포지션이 마지막 진입을 마쳤습니다",
        ExitReason::HedgeLinked => "메인 포지션이 청산되었습니다",
        ExitReason::HedgeTpLinked => "헤지가 익절되었습니다",
        ExitReason::Strategy => "전략이 요청했습니다",
        ExitReason::Manual => "수동으로 청산되었습니다",
        ExitReason::Liquidation => "거래소가 강제 청산했습니다",
        ExitReason::Adl => "거래소가 자동 디레버리징으로 줄였습니다",
        ExitReason::LateFill => "청산 후 늦게 체결된 진입입니다",
        ExitReason::UserCommand => "운영자가 요청했습니다",
        ExitReason::BacktestEnd => "백테스트가 끝났습니다",
        ExitReason::GridExit => "그리드 물량이 청산 가격에 도달했습니다",
    }
}

pub(super) const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::Signal => "전략 신호가 나왔습니다",
        Rule::ExtraEntry => "추가 진입 조건이 충족되었습니다",
        Rule::RestingEntry => "대기 중인 지정가 진입입니다",
        Rule::Hedge => "헤지에 필요한 진입 횟수를 채웠습니다",
        Rule::GridEntry => "그리드 가격대입니다",
        Rule::GridRecompute => "그리드를 다시 계산했습니다",
        Rule::AdxPause => "그리드에는 추세가 너무 강합니다",
        Rule::Retune => "청산 계획을 교체했습니다",
        Rule::Repair => "거래소 주문을 바로잡았습니다",
        Rule::SlBeyondLiquidation => "손절가보다 강제 청산이 먼저 옵니다",
        Rule::ModeUnsupported => "시그널봇 모드에서는 지원하지 않습니다",
    }
}

#[cfg(test)]
mod tests {
    use super::{object, to};

    #[test]
    fn particles_follow_the_number_as_it_is_read() {
        // 삼십을, 이십오를, 삼십일을; 삼십으로, 삼십일로 (ㄹ), 오 점 이로, 삼 점 육으로.
        assert_eq!(["30", "25", "31"].map(object), ["30을", "25를", "31을"]);
        assert_eq!(["30", "31", "5.2", "3.6"].map(to), ["30으로", "31로", "5.2로", "3.6으로"]);
    }
}
