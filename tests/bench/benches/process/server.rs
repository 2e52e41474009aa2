//! A Runtime API with one function under it, and an AWS that answers at once: what a measurement must not wait for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

struct Request {
    target: String,
    action: String,
    body: Vec<u8>,
}

/// `None` when the client has closed the connection.
fn read(from: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let target = line.split_whitespace().nth(1)?.to_owned();
    let (mut length, mut action) = (0, String::new());
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "x-amz-target" => action = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(Request { target, action, body })
}

fn answer(to: &mut impl Write, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
    let _ = to.write_all(text.as_bytes());
    let _ = to.flush();
}

/// The Lambda Runtime API, for one function.
pub(crate) struct Runtime {
    address: String,
    batches: Sender<String>,
    nexts: Receiver<Instant>,
    responses: Receiver<(Value, Instant)>,
    answered: Receiver<Instant>,
}

impl Runtime {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (batches, to_hand_out) = channel();
        let (next, nexts) = channel();
        let (respond, responses) = channel();
        let (answer_sent, answered) = channel();
        thread::spawn(move || {
            // The runtime's client holds one connection at a time.
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                serve_function(&stream, &to_hand_out, &next, &answer_sent, &respond);
            }
        });
        Self { address, batches, nexts, responses, answered }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// When the function asked for its next event.
    pub(crate) fn wait_for_next(&self) -> Instant {
        self.nexts.recv().expect("the function asks for an event")
    }

    /// The response, and how long it took. Afterwards the function waits for its next event again.
    pub(crate) fn invoke(&self, batch: &Value) -> (Value, std::time::Duration) {
        self.batches.send(batch.to_string()).unwrap();
        let sent = self.answered.recv().unwrap();
        let (response, at) = self.responses.recv().unwrap();
        self.wait_for_next();
        (response, at.duration_since(sent))
    }
}

fn serve_function(
    stream: &TcpStream,
    batches: &Receiver<String>,
    next: &Sender<Instant>,
    answer_sent: &Sender<Instant>,
    respond: &Sender<(Value, Instant)>,
) {
    stream.set_nodelay(true).unwrap();
    let (mut from, mut to) = (BufReader::new(stream), stream);
    while let Some(request) = read(&mut from) {
        let at = Instant::now();
        if request.target.ends_with("/next") {
            if next.send(at).is_err() {
                return;
            }
            let Ok(batch) = batches.recv() else { return };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            let headers = format!(
                "content-type: application/json\r\nlambda-runtime-aws-request-id: {now}\r\n\
                 lambda-runtime-deadline-ms: {}\r\nlambda-runtime-trace-id: Root=1\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:111122223333:function:f\r\n",
                now + 30_000,
            );
            answer(&mut to, "200 OK", &headers, &batch);
            let _ = answer_sent.send(Instant::now());
        } else {
            assert!(request.target.ends_with("/response"), "{}", request.target);
            let response = serde_json::from_slice(&request.body).unwrap_or_default();
            answer(&mut to, "202 Accepted", "", "{}");
            let _ = respond.send((response, at));
        }
    }
}

/// An AWS that knows nothing and takes everything.
pub(crate) struct Aws {
    endpoint: String,
    certificate: PathBuf,
    calls: Arc<AtomicUsize>,
}

impl Aws {
    pub(crate) fn start(tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-certificate.pem");
        // Beside those that a machine trusts anyway: reading them all is part of what a process does.
        let trusted =
            std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
        std::fs::write(&certificate, trusted + &made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config =
            ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key.into())
                .unwrap();
        let (calls, config) = (Arc::new(AtomicUsize::new(0)), Arc::new(config));
        let counted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, calls, config) =
                    (stream.unwrap(), Arc::clone(&counted), Arc::clone(&config));
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    if tls {
                        let connection = ServerConnection::new(config).unwrap();
                        serve_aws(StreamOwned::new(connection, stream), &calls);
                    } else {
                        serve_aws(stream, &calls);
                    }
                });
            }
        });
        let scheme = if tls { "https" } else { "http" };
        Self { endpoint: format!("{scheme}://localhost:{port}"), certificate, calls }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn certificate(&self) -> &PathBuf {
        &self.certificate
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn serve_aws(stream: impl Read + Write, calls: &AtomicUsize) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream) {
        calls.fetch_add(1, Ordering::SeqCst);
        let body = match request.action.as_str() {
            "DynamoDB_20120810.Query" => r#"{"Items":[],"Count":0,"ScannedCount":0}"#,
            "DynamoDB_20120810.TransactWriteItems" => "{}",
            other => panic_on(other),
        };
        answer(stream.get_mut(), "200 OK", "content-type: application/x-amz-json-1.0\r\n", body);
    }
}

fn panic_on(action: &str) -> &'static str {
    eprintln!("no answer is known to `{action}`");
    std::process::exit(1)
}
