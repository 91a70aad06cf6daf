//! A sentence to a stored, advised plan: what every command costs before a person sees it. Each
//! request is a sentence of its own, in a thread of its own, and its plan is durable when the answer
//! comes. The load generator runs on the same cores as the server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::figure::Figure;
use crate::load::{Client, Observed, closed_loop, open_loop};
use crate::server::Server;
use crate::shop::Shop;

const RUNS: usize = 3;
const LENGTH: Duration = Duration::from_secs(10);
const WARM_UP: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 64;
const OPEN_LOOP_RATE: u32 = 1000;

pub fn measure() -> Result<Vec<Figure>> {
    let shop = Shop::make()?;
    let mut figures = Vec::new();
    for connections in [1, CONNECTIONS] {
        let what = format!(
            "{connections} connection{}",
            if connections == 1 { "" } else { "s" }
        );
        figures.extend(runs(&shop, &what, |server| {
            closed_loop(clients(server, connections)?, LENGTH)
        })?);
    }
    let what = format!("open loop, {OPEN_LOOP_RATE} due a second");
    figures.extend(runs(&shop, &what, |server| {
        open_loop(clients(server, CONNECTIONS)?, OPEN_LOOP_RATE, LENGTH)
    })?);
    Ok(figures)
}

/// Several runs, each with a fresh server.
fn runs(
    shop: &Shop,
    what: &str,
    load: impl Fn(&Server) -> Result<Observed>,
) -> Result<Vec<Figure>> {
    let mut observed = Vec::new();
    for _ in 0..RUNS {
        let server = Server::start(&shop.services())?;
        closed_loop(clients(&server, 1)?, WARM_UP)?;
        observed.push(load(&server)?);
    }
    let each = |pick: fn(&Observed) -> f64| observed.iter().map(pick).collect::<Vec<_>>();
    let figure = |name, unit, values: Vec<f64>| {
        Figure::new("sentence", format!("{what}: {name}"), unit, &values)
    };
    Ok(vec![
        figure("answered", "requests/s", each(|o| o.requests_per_second)),
        figure("p50", "ms", each(|o| o.p50)),
        figure("p99", "ms", each(|o| o.p99)),
    ])
}

fn clients(server: &Server, connections: usize) -> Result<Vec<Client>> {
    (0..connections).map(|_| client(server)).collect()
}

fn client(server: &Server) -> Result<Client> {
    let mut connection = server.connect()?;
    let body = json!({"text": "deploy v1.0.0 of shop to staging and run the tests"}).to_string();
    Ok(Box::new(move |_| {
        let asked: Value = connection.post("/api/commands/parse", &body)?.json()?;
        if asked["outcome"] == "plan" && asked["plans"].as_array().is_some_and(|p| p.len() == 1) {
            Ok(())
        } else {
            Err(format!("a sentence did not become a plan: {asked}").into())
        }
    }))
}
