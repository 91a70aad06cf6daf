//! A socket between the adapter and the real engine that a test can cut, as a restart of the
//! engine would.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::path::PathBuf;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::docker_image::SOCKET;

pub struct Proxy {
    directory: tempfile::TempDir,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    pub fn start() -> Self {
        let mut proxy = Self {
            directory: tempfile::tempdir().unwrap(),
            accepting: None,
        };
        proxy.mend();
        proxy
    }

    /// The value of `DOCKER_HOST` that leads through it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path().display())
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("docker.sock")
    }

    /// Breaks every connection and refuses new ones.
    pub async fn cut(&mut self) {
        let accepting = self.accepting.take().expect("it is not cut already");
        accepting.abort();
        // What the task holds, its connections among it, is gone when it has ended.
        let _ = accepting.await;
        std::fs::remove_file(self.path()).unwrap();
    }

    /// Breaks every connection; new ones are taken, and nobody ever answers.
    pub async fn hang(&mut self) {
        self.cut().await;
        let listener = UnixListener::bind(self.path()).unwrap();
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = Vec::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.push(client);
            }
        }));
    }

    /// Lets connections through again.
    pub fn mend(&mut self) {
        let listener = UnixListener::bind(self.path()).unwrap();
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                connections.spawn(async move {
                    if let Ok(mut engine) = UnixStream::connect(SOCKET).await {
                        // Either side may hang up whenever it likes.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
                    }
                });
            }
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }
}
