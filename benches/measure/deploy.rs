//! A deploy from the sentence to the live release, beside the same steps by hand, run by run in
//! turn on one engine; and for how long nobody is served meanwhile.
//!
//! Every run builds a commit of its own, so that neither side finds its image in the cache, and
//! replaces a release that serves.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Result;
use crate::figure::Figure;
use crate::http::Connection;
use crate::load::milliseconds;
use crate::server::{Server, free_address};
use crate::shop::{BaseImage, Shop, run};

const RUNS: usize = 5;
const BY_HAND: &str = "by hand";
/// How often the deploy is asked whether it has ended; an answer takes it a millisecond.
const POLL: Duration = Duration::from_millis(20);
/// From one visit to the next while an interruption is looked for.
const VISIT: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure() -> Result<Vec<Figure>> {
    let shop = Shop::make()?;
    let _base = BaseImage::make()?;
    let mut ours = Ours::start(&shop)?;
    let mut hand = ByHand::start(&shop)?;
    let mut times = [Vec::new(), Vec::new()];
    let mut interruptions = [Vec::new(), Vec::new()];
    // The first run of each side replaces nothing and is not counted.
    for n in 0..=RUNS {
        let mut sides: [(usize, &mut dyn Side); 2] = [(0, &mut ours), (1, &mut hand)];
        if n % 2 == 1 {
            sides.reverse();
        }
        for (side, deployer) in sides {
            let tag = format!("v0.{n}.{side}");
            shop.tag(&tag)?;
            let (took, interruption) = observed(deployer, &tag)?;
            if n > 0 {
                times[side].push(took.as_secs_f64());
                interruptions[side].push(milliseconds(interruption));
            }
        }
    }
    Ok(vec![
        Figure::new("deploy", "sentence to live", "s", &times[0]).beside(BY_HAND, &times[1]),
        Figure::new("deploy", "interruption", "ms", &interruptions[0])
            .beside(BY_HAND, &interruptions[1]),
    ])
}

/// One way to deploy.
trait Side {
    /// Where the shop is served.
    fn address(&self) -> SocketAddr;

    /// Returns once the release is live.
    fn deploy(&mut self, tag: &str) -> Result<()>;
}

/// How long the deploy took, and the longest time without a good answer meanwhile.
fn observed(side: &mut dyn Side, tag: &str) -> Result<(Duration, Duration)> {
    let address = side.address();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let visitor = scope.spawn(|| longest_gap(address, &over));
        let begun = Instant::now();
        let deployed = side.deploy(tag);
        let took = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        let gap = visitor.join().map_err(|_| "the visitor panicked")?;
        deployed.map(|()| (took, gap))
    })
}

fn longest_gap(address: SocketAddr, over: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    let mut last_good = Instant::now();
    while !over.load(Ordering::Relaxed) {
        let answer = Connection::open(address, "").and_then(|mut c| c.get("/health"));
        if answer.is_ok_and(|response| response.status == 200) {
            longest = longest.max(last_good.elapsed());
            last_good = Instant::now();
        }
        thread::sleep(VISIT);
    }
    longest.max(last_good.elapsed())
}

struct Ours {
    server: Server,
    connection: Connection,
    address: SocketAddr,
    instance: String,
}

impl Ours {
    fn start(shop: &Shop) -> Result<Self> {
        let address = free_address()?;
        let server = Server::start(&format!("{}publish = \"{address}\"\n", shop.services()))?;
        let mut connection = server.connect()?;
        let status: Value = connection.get("/api/status")?.json()?;
        let instance = status["instance"].as_str();
        Ok(Self {
            instance: instance
                .ok_or("/api/status does not name the instance")?
                .to_owned(),
            connection,
            server,
            address,
        })
    }

    fn ask(&mut self, sentence: &str) -> Result<Value> {
        let body = json!({ "text": sentence }).to_string();
        let asked: Value = self.connection.post("/api/commands/parse", &body)?.json()?;
        match asked["plans"].as_array().map(Vec::as_slice) {
            Some([plan]) => Ok(plan.clone()),
            _ => Err(format!("\"{sentence}\" did not become a plan: {asked}").into()),
        }
    }

    fn ended(&mut self, execution: &str) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let path = format!("/api/executions/{execution}");
            let found: Value = self.connection.get(&path)?.json()?;
            match found["execution"]["status"].as_str() {
                Some("succeeded") => return Ok(()),
                Some("waiting" | "running") => thread::sleep(POLL),
                _ => return Err(format!("the deploy failed: {found}").into()),
            }
        }
        Err("the deploy does not end".into())
    }
}

impl Side for Ours {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn deploy(&mut self, tag: &str) -> Result<()> {
        let plan = self.ask(&format!(
            "deploy {tag} of shop to staging, run the tests and the smoke test"
        ))?;
        let id = plan["id"].as_str().unwrap_or_default();
        let digest = json!({ "digest": plan["digest"] }).to_string();
        let path = format!("/api/plans/{id}/approve");
        let approved: Value = self.connection.post(&path, &digest)?.json()?;
        let execution = approved["execution"]["id"].as_str();
        let execution = execution.ok_or_else(|| format!("it did not start: {approved}"))?;
        self.ended(execution)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        // First, or it would call it an incident that its containers go.
        self.server.stop();
        let ours = format!("label=commander.instance={}", self.instance);
        remove_containers(&ours);
        remove_images(&ours);
    }
}

struct ByHand {
    clone: TempDir,
    address: SocketAddr,
    /// In the names of all that it makes.
    name: String,
    deployed: Option<String>,
}

impl ByHand {
    fn start(shop: &Shop) -> Result<Self> {
        let clone = TempDir::new()?;
        let name = format!("commander-bench-{}", std::process::id());
        let repository = shop.repository();
        let arguments = [
            "clone".as_ref(),
            "--quiet".as_ref(),
            repository.as_os_str(),
            clone.path().as_os_str(),
        ];
        run("git", arguments)?;
        Ok(Self {
            clone,
            address: free_address()?,
            name,
            deployed: None,
        })
    }
}

impl Side for ByHand {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn deploy(&mut self, tag: &str) -> Result<()> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/measure/deploy-by-hand");
        let old = self.deployed.take().unwrap_or_default();
        let new = format!("{}-{tag}", self.name);
        let image = format!("{}:{tag}", self.name);
        let clone = self.clone.path().display().to_string();
        let port = self.address.port().to_string();
        run(script, [&clone, tag, &image, &old, &new, &port])?;
        self.deployed = Some(new);
        Ok(())
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        remove_containers(&format!("name=^{}-", self.name));
        remove_images(&format!("reference={}", self.name));
    }
}

fn remove_containers(filter: &str) {
    let list = ["container", "ls", "--all", "--quiet", "--filter", filter];
    for id in run("docker", list).unwrap_or_default().lines() {
        let _ = run("docker", ["container", "rm", "--force", "--volumes", id]);
    }
}

fn remove_images(filter: &str) {
    let list = ["image", "ls", "--quiet", "--filter", filter];
    for id in run("docker", list).unwrap_or_default().lines() {
        let _ = run("docker", ["image", "rm", "--force", id]);
    }
}
