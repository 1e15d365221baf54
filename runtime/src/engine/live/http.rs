//! The HTTP servers of a live run's sources: HTTP/1.1, bounded in connections, waiting requests, size and time.
//!
//! A request that finds the line of waiting ones full hears 503 with `Retry-After` at once, so that a slow graph slows its publishers and
//! nothing is taken that nobody answers for. Every other request is answered by its node, or with 504 when that takes too long.

use super::outside::{Back, Stop};
use crate::node::Answer;
use crate::node::outside::{HttpRequest, HttpServer};
use crate::trust::{Capability, Grants};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a client may take for the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// The servers of one worker's nodes.
pub struct Servers {
    runtime: Handle,
    grants: Grants,
    stop: watch::Receiver<Stop>,
    by_station: BTreeMap<u32, Server>,
}

struct Server {
    generation: u32,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

/// What a server, its connections and its node share.
struct Shared {
    limits: HttpServer,
    line: mpsc::Sender<HttpRequest>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<HttpRequest>>,
    /// Who waits for an answer, by the request's number.
    open: Mutex<BTreeMap<u64, oneshot::Sender<(u16, String)>>>,
    numbers: AtomicU64,
    refused: AtomicU64,
    /// Whether nothing more is taken.
    closing: watch::Sender<bool>,
}

impl Servers {
    /// None yet.
    pub fn new(runtime: Handle, grants: Grants, stop: watch::Receiver<Stop>) -> Self {
        Self { runtime, grants, stop, by_station: BTreeMap::new() }
    }

    /// Begins to listen for a station.
    pub fn serve(&mut self, server: HttpServer, back: Back) {
        if let Err(why) = self.grants.check(&Capability::Listen(server.address.clone(), server.port)) {
            return back.answer(Answer::Failed(why));
        }
        // One that listened for this station before must let go of the port.
        self.end(back.station);
        let (line, waiting) = mpsc::channel(server.most_waiting);
        let shared = Arc::new(Shared {
            limits: server,
            line,
            waiting: tokio::sync::Mutex::new(waiting),
            open: Mutex::new(BTreeMap::new()),
            numbers: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            closing: watch::channel(false).0,
        });
        let (station, generation) = (back.station, back.generation);
        let listener = self.runtime.spawn(listen(shared.clone(), back, self.stop.clone()));
        self.by_station.insert(station, Server { generation, shared, listener });
    }

    fn of(&self, back: &Back) -> Option<Arc<Shared>> {
        self.by_station.get(&back.station).filter(|server| server.generation == back.generation).map(|server| server.shared.clone())
    }

    /// Waits for the next requests.
    pub fn next(&self, most: usize, back: Back) {
        let Some(shared) = self.of(&back) else { return back.answer(Answer::Failed("nothing listens".to_owned())) };
        self.runtime.spawn(async move {
            let (mut requests, mut closing) = (Vec::new(), shared.closing.subscribe());
            let mut waiting = shared.waiting.lock().await;
            tokio::select! {
                biased;
                _ = waiting.recv_many(&mut requests, most) => {},
                _ = closing.wait_for(|closing| *closing) => {},
            }
            drop(waiting);
            back.answer(Answer::Requests { requests, refused: shared.refused.load(Ordering::Relaxed) });
        });
    }

    /// Answers a request.
    pub fn respond(&self, number: u64, status: u16, text: String, back: &Back) {
        let waiting = self.of(back).and_then(|shared| shared.open.lock().ok()?.remove(&number));
        // A client may have gone, or waited too long.
        let _ = waiting.map(|waiting| waiting.send((status, text)));
    }

    /// Listens no more for a station. Requests that wait for an answer still get it.
    pub fn end(&mut self, station: u32) {
        if let Some(server) = self.by_station.get(&station) {
            server.listener.abort();
            let shared = &server.shared;
            shared.closing.send_replace(true);
            // Whoever still stands in the line hears that nobody comes. If the node waits there, nobody does.
            let Ok(mut waiting) = shared.waiting.try_lock() else { return };
            while let Ok(request) = waiting.try_recv() {
                forget(shared, request.number);
            }
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.by_station.values().for_each(|server| server.listener.abort());
    }
}

async fn listen(shared: Arc<Shared>, back: Back, mut stop: watch::Receiver<Stop>) {
    let HttpServer { address, port, .. } = &shared.limits;
    let listener = match TcpListener::bind((address.as_str(), *port)).await {
        Ok(listener) => listener,
        Err(error) => return back.answer(Answer::Failed(format!("cannot listen at {address}, port {port}: {error}"))),
    };
    match listener.local_addr() {
        Ok(place) => back.answer(Answer::Serving { port: place.port() }),
        Err(error) => return back.answer(Answer::Failed(format!("cannot listen at {address}, port {port}: {error}"))),
    }
    let room = Arc::new(Semaphore::new(shared.limits.most_connections));
    loop {
        // Who finds no room waits in the system's own line.
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        let Ok((stream, _)) = stream else {
            // Out of handles, say: whoever asks again at once only makes it worse.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (shared, mut stop) = (shared.clone(), stop.clone());
        tokio::spawn(async move {
            let answer = |request| respond(shared.clone(), request);
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).keep_alive(true);
            let connection = http.serve_connection(TokioIo::new(stream), hyper::service::service_fn(answer));
            // A client that breaks off is no error of ours.
            tokio::select! {
                _ = connection => {},
                _ = stop.changed() => {},
            }
            drop(permit);
        });
    }
}

fn said(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn problem(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    said(status, serde_json::json!({ "error": words }).to_string())
}

/// Answers one request: refused by the server, or answered by the node.
async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(take(&shared, request).await)
}

async fn take(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let limits = &shared.limits;
    if request.method() != Method::POST && request.method() != Method::PUT {
        let mut refused = problem(StatusCode::METHOD_NOT_ALLOWED, "messages are sent with POST");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, PUT"));
        return refused;
    }
    if *shared.closing.borrow() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the graph stops");
    }
    let (head, body) = request.into_parts();
    let words = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), words(value))).collect();
    let within = limits.time_limit.duration();
    let body = match timeout(within, Limited::new(body, limits.most_bytes).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let mut refused = problem(StatusCode::PAYLOAD_TOO_LARGE, &format!("at most {} bytes are taken", limits.most_bytes));
            // What is left of the body is not read.
            refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return refused;
        }
        Ok(Err(error)) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(_) => return problem(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    let number = shared.numbers.fetch_add(1, Ordering::Relaxed);
    let (answer, answered) = oneshot::channel();
    if let Ok(mut open) = shared.open.lock() {
        open.insert(number, answer);
    }
    let request = HttpRequest { number, path: head.uri.path().to_owned(), headers, body };
    if let Err(error) = shared.line.try_send(request) {
        forget(shared, number);
        shared.refused.fetch_add(1, Ordering::Relaxed);
        let words = match error {
            TrySendError::Full(_) => "the graph takes no more just now",
            TrySendError::Closed(_) => "the graph stops",
        };
        let mut refused = problem(StatusCode::SERVICE_UNAVAILABLE, words);
        refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return refused;
    }
    match timeout(within, answered).await {
        Ok(Ok((status, text))) => said(StatusCode::from_u16(status).unwrap_or(StatusCode::OK), text),
        Ok(Err(_)) => problem(StatusCode::SERVICE_UNAVAILABLE, "the graph stopped"),
        Err(_) => {
            forget(shared, number);
            problem(StatusCode::GATEWAY_TIMEOUT, "the graph took too long; the message may still be in it")
        }
    }
}

fn forget(shared: &Shared, number: u64) {
    if let Ok(mut open) = shared.open.lock() {
        open.remove(&number);
    }
}
