use crate::runtime::driver::SeatId;
use crate::runtime::hub::{Board, Prices};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll, unfold};
use tokio::sync::watch;

/// How many pieces of market data come in a row before somebody who asks has a turn.
const TURN: u32 = 64;

/// New candles or prices of a trader's instrument.
pub(super) enum Fed {
    Board(SeatId, Board),
    Prices(SeatId, Prices),
}

/// Market data of an account's traders, straight from the hub; what comes faster than it is read is merged.
#[derive(Default)]
pub(super) struct Feeds {
    streams: SelectAll<BoxStream<'static, Fed>>,
    in_a_row: u32,
}

impl Feeds {
    pub(super) fn add(
        &mut self,
        seat: SeatId,
        mut board: watch::Receiver<Board>,
        prices: watch::Receiver<Prices>,
    ) {
        board.mark_changed();
        let boards = unfold(board, move |mut board| async move {
            board.changed().await.ok()?;
            let now = board.borrow_and_update().clone();
            Some((Fed::Board(seat, now), board))
        });
        let prices = unfold(prices, move |mut prices| async move {
            prices.changed().await.ok()?;
            let now = *prices.borrow_and_update();
            Some((Fed::Prices(seat, now), prices))
        });
        self.streams.push(boards.boxed());
        self.streams.push(prices.boxed());
    }

    /// The next piece; `None` if nothing will ever come.
    pub(super) async fn next(&mut self) -> Option<Fed> {
        let fed = self.streams.next().await;
        self.in_a_row += 1;
        fed
    }

    /// Whether it is somebody else's turn.
    pub(super) fn turn_is_over(&mut self) -> bool {
        let over = self.in_a_row >= TURN;
        if over {
            self.in_a_row = 0;
        }
        over
    }
}
