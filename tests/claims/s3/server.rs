//! An S3 server on a free port of the loopback: the package `s3s` over a temporary folder, which checks signatures as Amazon does.
//!
//! It is the server's own word that counts: what the program sends is parsed, checked and answered by code that is not ours. Tests may let it
//! refuse single requests, as a server does that is overloaded or has lost something.

use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use pipewright_tests::{Folder, files_below};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

pub const KEY: &str = "the-key-of-the-tests";
pub const SECRET: &str = "and/its+secret";
pub const BUCKET: &str = "pictures";

/// What a request is answered with instead of being served, by its method and address; nothing to serve it.
pub type Refuse = fn(&str) -> Option<u16>;

pub struct Server {
    pub port: u16,
    folder: Folder,
    seen: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(name: &str, refuse: Refuse) -> Self {
        let folder = Folder::new(&format!("s3-{name}"));
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket is a folder");
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("the folder is there"));
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        listener.set_nonblocking(true).expect("a listener can be asked");
        let port = listener.local_addr().expect("it has an address").port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("threads can be started");
        let lines = seen.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, service, lines, refuse) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, folder, seen, stop: Some(stop), thread: Some(thread) }
    }

    /// The objects that lie in the bucket.
    pub fn objects(&self) -> Vec<PathBuf> {
        files_below(&self.folder.path().join(BUCKET), "")
    }

    /// How many requests came whose method and address satisfy this.
    pub fn count(&self, which: impl Fn(&str) -> bool) -> usize {
        self.seen.lock().expect("nobody panics with it").iter().filter(|line| which(line)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: std::net::TcpListener, service: S3Service, seen: Arc<Mutex<Vec<String>>>, refuse: Refuse) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener of the system");
    while let Ok((stream, _)) = listener.accept().await {
        let (service, seen) = (service.clone(), seen.clone());
        let answer = service_fn(move |request: Request<Incoming>| {
            let line = format!("{} {}", request.method(), request.uri());
            seen.lock().expect("nobody panics with it").push(line.clone());
            let served = refuse(&line).map_or_else(|| Ok(Service::call(&service, request)), Err);
            async move {
                match served {
                    Ok(served) => served.await,
                    Err(status) => {
                        let response = Response::builder().status(status).header("connection", "close");
                        Ok(response.body(s3s::Body::empty()).expect("a status and no body"))
                    }
                }
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}
