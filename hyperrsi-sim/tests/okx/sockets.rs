//! The same over real sockets.

use super::*;
use futures_util::{SinkExt, StreamExt};
use hyperrsi_sim::{Server, block_on};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

async fn http(server: &Server, request: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn a_server_answers_calls_and_carries_streams() {
    block_on(async {
        let practice = okx::practice(false, None, 7, Script::default());
        let server =
            Server::start(practice, okx::Okx::default(), ([127, 0, 0, 1], 0).into(), 1.0).await.unwrap();
        let time = http(&server, "GET /api/v5/public/time").await;
        assert!(time.starts_with("HTTP/1.1 200") && time.contains(r#""code":"0""#), "{time}");
        let unsigned = http(&server, "GET /api/v5/account/balance").await;
        assert!(unsigned.starts_with("HTTP/1.1 401") && unsigned.contains("50103"), "{unsigned}");
        assert!(http(&server, "GET /nothing").await.starts_with("HTTP/1.1 404"));

        let url = format!("ws://{}/ws/v5/public", server.address());
        let (mut stream, _) = connect_async(url).await.unwrap();
        stream.send(Message::text("ping")).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), Message::text("pong"));
        let subscribe = r#"{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT-SWAP"}]}"#;
        stream.send(Message::text(subscribe)).await.unwrap();
        let mut texts = Vec::new();
        while texts.len() < 4 {
            texts.push(stream.next().await.unwrap().unwrap().into_text().unwrap().to_string());
        }
        assert!(texts[0].contains(r#""event":"subscribe""#), "{texts:?}");
        assert!(texts[1..].iter().all(|text| text.contains(r#""last":"#)), "{texts:?}");
    })
    .unwrap();
}

#[test]
fn a_taken_port_is_named() {
    block_on(async {
        let practice = || okx::practice(false, None, 7, Script::default());
        let first =
            Server::start(practice(), okx::Okx::default(), ([127, 0, 0, 1], 0).into(), 1.0).await.unwrap();
        let error = Server::start(practice(), okx::Okx::default(), first.address(), 1.0).await.unwrap_err();
        assert!(error.to_string().contains(&first.address().to_string()), "{error}");
    })
    .unwrap();
}
