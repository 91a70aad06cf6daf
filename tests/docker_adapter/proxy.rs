//! A socket between the adapter and the real engine that a test can cut, as a restart of the
//! engine would.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::docker_image::SOCKET;

/// Told of what a client sends, before the engine is.
pub type Before = Arc<dyn Fn(&[u8]) + Send + Sync>;

pub struct Proxy {
    directory: tempfile::TempDir,
    accepting: Option<JoinHandle<()>>,
    before: Before,
}

impl Proxy {
    pub fn start() -> Self {
        Self::telling(Arc::new(|_| {}))
    }

    pub fn telling(before: Before) -> Self {
        let mut proxy = Self {
            directory: tempfile::tempdir().unwrap(),
            accepting: None,
            before,
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
        let before = Arc::clone(&self.before);
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let before = Arc::clone(&before);
                connections.spawn(async move {
                    // Either side may hang up whenever it likes.
                    let _ = pass_on(client, &before).await;
                });
            }
        }));
    }
}

/// Both directions, each until its sender has said all.
async fn pass_on(client: UnixStream, before: &Before) -> std::io::Result<()> {
    let (mut asked, mut answered) = client.into_split();
    let (mut answers, mut asks) = UnixStream::connect(SOCKET).await?.into_split();
    let asking = async {
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let length = asked.read(&mut chunk).await?;
            if length == 0 {
                return asks.shutdown().await;
            }
            before(&chunk[..length]);
            asks.write_all(&chunk[..length]).await?;
        }
    };
    let answering = async {
        tokio::io::copy(&mut answers, &mut answered).await?;
        answered.shutdown().await
    };
    tokio::try_join!(asking, answering).map(drop)
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }
}
