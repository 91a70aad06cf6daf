//! A stand-in for an engine where the real one cannot be brought to behave so: too old, too new,
//! silent. It speaks HTTP over a socket and notes what it was asked.

use std::sync::{Arc, Mutex};

use commander::adapters::docker::{Docker, Instance};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

pub struct Double {
    directory: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What it answers.
pub struct Answer {
    body: String,
    is_open: bool,
}

impl Answer {
    pub fn ended(body: &str) -> Self {
        Self {
            body: body.to_owned(),
            is_open: false,
        }
    }

    /// The connection stays open and nothing more comes.
    pub fn open(body: &str) -> Self {
        Self {
            body: body.to_owned(),
            is_open: true,
        }
    }
}

impl Double {
    /// `answer` is given the path and how often a path with the same text before the first `?` was
    /// asked for already.
    pub fn start(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("docker.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::<String>::new()));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let mut request = vec![0; 16 * 1024];
                let length = client.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]);
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let place = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
                let before = {
                    let mut notes = notes.lock().unwrap();
                    let same = |other: &&String| place(other) == place(&path);
                    let before = notes.iter().filter(same).count();
                    notes.push(path.clone());
                    before
                };
                let answer = answer(&path, before);
                // Without a length, the body goes on until the connection is closed.
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
                let text = format!("{head}{}", answer.body);
                let _ = client.write_all(text.as_bytes()).await;
                if answer.is_open {
                    open.push(client);
                }
            }
        });
        Self { directory, asked }
    }

    pub fn docker(&self) -> Docker {
        let host = format!("unix://{}/docker.sock", self.directory.path().display());
        Docker::connect(Some(&host), Instance::parse("test-double").unwrap()).unwrap()
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
