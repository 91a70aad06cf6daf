//! Cold start to the first answer, and the memory of a server that nobody uses. "Cold" is the
//! process and its data directory, made anew for each run; the binary is in the page cache.

use std::thread;
use std::time::Duration;

use crate::Result;
use crate::figure::Figure;
use crate::load::milliseconds;
use crate::server::Server;
use crate::shop::Shop;

const RUNS: usize = 10;
/// What belongs to the start is over by then.
const IDLE: Duration = Duration::from_secs(3);

pub fn measure() -> Result<Vec<Figure>> {
    let shop = Shop::make()?;
    let mut first_answer = Vec::new();
    let mut memory = Vec::new();
    for run in 0..RUNS {
        let server = Server::start(&shop.services())?;
        first_answer.push(milliseconds(server.answered_after));
        // One in three is enough for a figure that hardly differs.
        if run % 3 == 0 {
            thread::sleep(IDLE);
            memory.push(server.memory()? as f64 / f64::from(1 << 20));
        }
    }
    Ok(vec![
        Figure::new("start", "cold start to first answer", "ms", &first_answer),
        Figure::new("start", "idle memory (RSS)", "MiB", &memory),
    ])
}
