//! The HTTP server: a thread with a runtime of its own, so that a test may block (wait for a child process, say) while the
//! server answers, and so that stopping it ends every connection at once.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::front::{self, NoAnswer};
use crate::local_aws::{StartError, State};

/// Two threads: enough that a slow SQLite write does not hold up the rest, few enough for a small machine.
const WORKERS: usize = 2;

/// A running server. Dropping it closes all connections and waits until they are closed.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Makes a runtime, lets `state` be made in it, and serves on 127.0.0.1. Port 0 is any free one.
    pub(crate) fn start(
        port: u16,
        state: impl AsyncFnOnce() -> Result<State, StartError> + Send,
    ) -> Result<(Self, Arc<State>), StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("local-aws")
            .enable_all()
            .build()?;
        // Not `block_on` in the caller's thread: that may be inside a runtime, where it is forbidden.
        std::thread::scope(|scope| {
            let start = scope.spawn(|| {
                runtime.block_on(async {
                    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
                    Ok::<_, StartError>((listener, state().await?))
                })
            });
            start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
        .and_then(|(listener, state)| {
            let state = Arc::new(state);
            let address = listener.local_addr()?;
            let (stop, stopped) = oneshot::channel();
            let thread = spawn(runtime, listener, Arc::clone(&state), stopped)?;
            Ok((Self { address, stop: Some(stop), thread: Some(thread) }, state))
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to close.
            let _ = thread.join();
        }
    }
}

fn spawn(
    runtime: Runtime,
    listener: TcpListener,
    state: Arc<State>,
    stopped: oneshot::Receiver<Infallible>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("local-aws".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = stopped => {}
                () = accept(listener, state) => {}
            }
        });
        // The runtime is dropped here, and with it every connection, also those that hang.
    })
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        // An accept that fails (no file handle left) concerns one client, which sees its connection refused.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&state)));
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { respond(&state, request).await }
    });
    // A connection ends in an error when a fault asks for it or the client goes away: both are what tests do.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    state: &State,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Err(NoAnswer) };
    let path = parts.uri.path();
    let answer =
        front::answer(state, parts.method.as_str(), path, parts.headers, body.to_bytes()).await?;
    response(answer).map_err(|_| NoAnswer)
}

fn response(answer: Answer) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let mut response =
        Response::builder().status(answer.status).header("content-type", answer.content_type);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(answer.body))
}
