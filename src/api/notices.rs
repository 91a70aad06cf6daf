//! The store's notices, numbered and kept for a while, so that a client that lost its connection
//! learns what it missed, or that it missed too much.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::adapters::db::Notice;

/// Notices that are kept: some minutes of a busy house, in a few hundred KiB.
const KEPT: usize = 4_096;

/// A place in the notices of one process; another process begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    process: String,
    n: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("not a mark")]
pub struct NoMark;

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.process, self.n)
    }
}

impl FromStr for Mark {
    type Err = NoMark;
    fn from_str(text: &str) -> Result<Self, NoMark> {
        let (process, n) = text.split_once('-').ok_or(NoMark)?;
        Ok(Self {
            process: process.to_owned(),
            n: n.parse().map_err(|_| NoMark)?,
        })
    }
}

/// What there is after a mark.
#[derive(Debug, PartialEq, Eq)]
pub enum Since {
    Told(Vec<(Mark, Notice)>),
    /// Something in between is not kept any more: everything has to be read again.
    Lost(Mark),
}

pub struct Notices {
    process: String,
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    notices: VecDeque<Notice>,
    /// How many came before the first one that is kept.
    before: u64,
}

impl Kept {
    fn newest(&self) -> u64 {
        self.before + self.notices.len() as u64
    }

    fn push(&mut self, notice: Notice) {
        if self.notices.len() == KEPT {
            self.notices.pop_front();
            self.before += 1;
        }
        self.notices.push_back(notice);
    }

    /// `count` notices are not known.
    fn skip(&mut self, count: u64) {
        self.before = self.newest() + count;
        self.notices.clear();
    }
}

impl Notices {
    /// `process` is different for each process.
    pub fn new(process: String) -> Self {
        Self {
            process,
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Keeps what comes, until the store is gone.
    pub async fn hear(&self, mut notices: broadcast::Receiver<Notice>) {
        loop {
            let newest = match notices.recv().await {
                Ok(notice) => {
                    let mut kept = self.lock();
                    kept.push(notice);
                    kept.newest()
                }
                Err(RecvError::Lagged(count)) => {
                    let mut kept = self.lock();
                    kept.skip(count);
                    kept.newest()
                }
                Err(RecvError::Closed) => return,
            };
            self.newest.send_replace(newest);
        }
    }

    pub fn newest(&self) -> Mark {
        self.mark(self.lock().newest())
    }

    /// Wakes when there is something new.
    pub fn wake(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    pub fn since(&self, mark: &Mark) -> Since {
        let kept = self.lock();
        if mark.process != self.process || mark.n < kept.before || mark.n > kept.newest() {
            return Since::Lost(self.mark(kept.newest()));
        }
        // It is at most the number of those kept, by the line above.
        let seen = (mark.n - kept.before) as usize;
        let unseen = kept.notices.iter().skip(seen).cloned();
        let numbers = mark.n + 1..;
        Since::Told(numbers.map(|n| self.mark(n)).zip(unseen).collect())
    }

    fn mark(&self, n: u64) -> Mark {
        Mark {
            process: self.process.clone(),
            n,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Each critical section is one call; a panic leaves the notices whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::db::Topic;

    fn notice(id: usize) -> Notice {
        Notice {
            topic: Topic::Plan,
            id: id.to_string(),
        }
    }

    fn mark(n: u64) -> Mark {
        Mark {
            process: "p1".to_owned(),
            n,
        }
    }

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        assert_eq!(mark(7).to_string().parse::<Mark>().unwrap(), mark(7));
        for bad in ["", "7", "p1-", "p1-x"] {
            assert!(bad.parse::<Mark>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn who_comes_back_gets_what_was_missed_or_is_told_that_it_is_gone() {
        let notices = Notices::new("p1".to_owned());
        let (sender, receiver) = broadcast::channel(KEPT * 2);
        for id in 1..=KEPT + 10 {
            sender.send(notice(id)).unwrap();
        }
        drop(sender);
        notices.hear(receiver).await;
        let newest = KEPT as u64 + 10;
        assert_eq!(notices.newest(), mark(newest));
        assert_eq!(notices.since(&mark(newest)), Since::Told(vec![]));
        assert_eq!(
            notices.since(&mark(newest - 1)),
            Since::Told(vec![(mark(newest), notice(KEPT + 10))])
        );
        assert!(matches!(notices.since(&mark(10)), Since::Told(all) if all.len() == KEPT));
        for lost in [
            mark(9),
            mark(newest + 1),
            Mark {
                process: "p0".to_owned(),
                n: newest,
            },
        ] {
            assert_eq!(notices.since(&lost), Since::Lost(mark(newest)), "{lost}");
        }
    }

    #[tokio::test]
    async fn what_the_store_could_not_pass_on_counts_as_lost() {
        let notices = Notices::new("p1".to_owned());
        let (sender, receiver) = broadcast::channel(2);
        for id in 1..=5 {
            sender.send(notice(id)).unwrap();
        }
        drop(sender);
        notices.hear(receiver).await;
        assert_eq!(notices.since(&mark(0)), Since::Lost(mark(5)));
        assert_eq!(
            notices.since(&mark(3)),
            Since::Told(vec![(mark(4), notice(4)), (mark(5), notice(5))])
        );
    }
}
