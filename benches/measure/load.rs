//! Load: closed loop (each connection sends as soon as it is answered) and open loop (requests are
//! due at a fixed rate, whether earlier ones were answered or not, and their time counts from the
//! moment at which they were due).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::figure::percentile;

/// What a load came to.
pub struct Observed {
    pub requests_per_second: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
}

impl Observed {
    fn of(milliseconds: &[f64], took: Duration) -> Result<Self> {
        if milliseconds.is_empty() {
            return Err("not one request was answered".into());
        }
        Ok(Self {
            requests_per_second: milliseconds.len() as f64 / took.as_secs_f64(),
            p50: percentile(milliseconds, 50),
            p99: percentile(milliseconds, 99),
        })
    }
}

/// Sends one request (its number is given) and judges the answer; one for each connection.
pub type Client = Box<dyn FnMut(usize) -> Result<()> + Send>;

/// All connections send for so long, each as fast as it is answered.
pub fn closed_loop(clients: Vec<Client>, length: Duration) -> Result<Observed> {
    let begun = Instant::now();
    let number = AtomicUsize::new(0);
    let times = together(clients, |client| {
        let mut times = Vec::new();
        while begun.elapsed() < length {
            let sent = Instant::now();
            client(number.fetch_add(1, Ordering::Relaxed))?;
            times.push(milliseconds(sent.elapsed()));
        }
        Ok(times)
    })?;
    Observed::of(&times, begun.elapsed())
}

/// Requests are due at this rate for so long; each is sent by the next connection that is free.
pub fn open_loop(clients: Vec<Client>, per_second: u32, length: Duration) -> Result<Observed> {
    let begun = Instant::now();
    let gap = Duration::from_secs(1) / per_second;
    let number = AtomicUsize::new(0);
    let times = together(clients, |client| {
        let mut times = Vec::new();
        loop {
            let n = number.fetch_add(1, Ordering::Relaxed);
            let due = gap * u32::try_from(n)?;
            if due >= length {
                return Ok(times);
            }
            thread::sleep(due.saturating_sub(begun.elapsed()));
            client(n)?;
            times.push(milliseconds(begun.elapsed() - due));
        }
    })?;
    Observed::of(&times, begun.elapsed())
}

fn together(
    clients: Vec<Client>,
    work: impl Fn(&mut Client) -> Result<Vec<f64>> + Sync,
) -> Result<Vec<f64>> {
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = clients
            .into_iter()
            .map(|mut client| scope.spawn(move || work(&mut client)))
            .collect();
        let mut all = Vec::new();
        for thread in running {
            let times = thread
                .join()
                .map_err(|_| "a connection's thread panicked")?;
            all.extend(times?);
        }
        Ok(all)
    })
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
