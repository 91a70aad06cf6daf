//! A server that answers every connection with the bytes it was given, and a port where nobody
//! listens. No framework in between: what is broken in an answer is broken on the wire.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What is done with a connection once its request is read.
#[derive(Clone)]
pub enum Manner {
    /// Sends these bytes and closes.
    Answer(Vec<u8>),
    /// Keeps the connection open and says nothing.
    Hang,
}

/// Ends with its value.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers the first request by the first manner, and every one after the last by the last.
    pub async fn start(manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for served in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let manner = manners[served.min(manners.len() - 1)].clone();
                connections.spawn(serve(stream, manner, seen.clone()));
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    seen.lock().unwrap().push(request);
    match manner {
        Manner::Hang => std::future::pending().await,
        // A client that has gone already is no fault of the server.
        Manner::Answer(bytes) => drop(stream.write_all(&bytes).await),
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_lowercase().lines().find_map(|line| {
        let value = line.strip_prefix("content-length:")?;
        value.trim().parse::<usize>().ok()
    });
    body.len() >= length.unwrap_or(0)
}

pub fn answer(text: impl Into<String>) -> Manner {
    Manner::Answer(text.into().into_bytes())
}

/// An address at which nobody listens, and which nobody else is given while this lives: a socket
/// that is bound and does not listen refuses connections.
pub struct ClosedPort {
    pub address: SocketAddr,
    _socket: TcpSocket,
}

pub fn closed_port() -> ClosedPort {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    ClosedPort {
        address: socket.local_addr().unwrap(),
        _socket: socket,
    }
}
