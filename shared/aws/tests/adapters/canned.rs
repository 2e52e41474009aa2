//! A server that holds one conversation: which operations come in which order, and what each is answered.
//!
//! AWS JSON only. For answers that the embedded AWS would not give: several pages of a hundred tasks, a failure of a new
//! kind, two items that do not belong together.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// One answer: the operation that must be asked, the status, the body.
pub(crate) type Turn = (&'static str, u16, Value);

#[derive(Default)]
struct Talk {
    left: std::collections::VecDeque<Turn>,
    asked: Vec<(String, Value)>,
}

/// The server; it ends with the test's runtime.
pub(crate) struct Canned {
    pub(crate) endpoint: String,
    talk: Arc<Mutex<Talk>>,
}

impl Canned {
    pub(crate) async fn start(turns: impl IntoIterator<Item = Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let talk =
            Arc::new(Mutex::new(Talk { left: turns.into_iter().collect(), ..Talk::default() }));
        let served = talk.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, served.clone()));
            }
        });
        Self { endpoint, talk }
    }

    /// What was asked, after the whole conversation was held.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        let talk = self.talk.lock().expect("no test panicked");
        assert!(talk.left.is_empty(), "never asked: {:?}", talk.left);
        talk.asked.clone()
    }

    /// Its operations alone.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|(operation, _)| operation).collect()
    }
}

async fn serve(stream: TcpStream, talk: Arc<Mutex<Talk>>) {
    let mut stream = BufStream::new(stream);
    while let Some((operation, input)) = read(&mut stream).await {
        let (status, body) = answer(&talk, operation, input);
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let sent = stream.write_all((head + &body).as_bytes()).await;
        if sent.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// The next request's operation and body; `None` at the end of the connection.
async fn read(stream: &mut BufStream<TcpStream>) -> Option<(String, Value)> {
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((operation, serde_json::from_slice(&body).ok()?))
}

/// Out of turn the answer is a refusal that no adapter expects, so that the test fails and says so.
fn answer(talk: &Mutex<Talk>, operation: String, input: Value) -> (u16, Value) {
    let mut talk = talk.lock().expect("no test panicked");
    talk.asked.push((operation.clone(), input));
    match talk.left.pop_front() {
        Some((expected, status, body)) if expected == operation => (status, body),
        other => {
            let expected = other.map_or("nothing", |(expected, ..)| expected);
            let message = format!("`{operation}` was asked where {expected} was expected");
            (400, serde_json::json!({ "__type": "OutOfTurn", "message": message }))
        }
    }
}
