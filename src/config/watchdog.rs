//! How a release is judged after it went live.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::addresses;
use super::given::Given;
use super::kinds::{choice, count, duration, of_last, seconds, share, spoken};
use super::mistake::Refused;
use super::reader::Reader;

#[derive(Debug, Clone, PartialEq)]
pub struct Watchdog {
    /// From one evaluation to the next.
    pub interval: Duration,
    /// After this a query has failed.
    pub query_timeout: Duration,
    /// What one evaluation looks back on. Whole seconds.
    pub window: Duration,
    /// A larger share of failed requests is bad; 0.05 is 5 %.
    pub max_error_rate: f64,
    /// A larger 95th percentile of the answer times is bad; `None`: not judged.
    pub max_p95: Option<Duration>,
    /// So many bad evaluations in a row are a degradation,
    pub consecutive: u32,
    /// and so are so many among the last few.
    pub of_last: OfLast,
    /// With fewer requests in the window there is no traffic to judge by.
    pub min_requests: u32,
    pub no_traffic: NoTraffic,
    /// How long a release is watched, unless its service says otherwise. Whole seconds.
    pub bake: Duration,
    /// The base address of a Prometheus server; `None`: probes are the evidence.
    pub prometheus: Option<String>,
    /// How often that server scrapes the services, in whole seconds; `None`: nobody said.
    pub scrape_interval: Option<Duration>,
    /// The folder of the files that tell it where the releases are, one for each service and
    /// environment; `None`: `prometheus/targets` in the data directory.
    pub file_sd: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfLast {
    pub bad: u32,
    pub last: u32,
}

/// What is made of a window with hardly any requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTraffic {
    /// Commander's own requests are the evidence.
    Probe,
    /// The bake waits for traffic.
    Hold,
    /// The bake goes on, and ends unverified at best.
    Pass,
}

impl Default for Watchdog {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            query_timeout: Duration::from_secs(5),
            window: Duration::from_secs(60),
            max_error_rate: 0.05,
            max_p95: None,
            consecutive: 3,
            of_last: OfLast { bad: 5, last: 12 },
            min_requests: 50,
            no_traffic: NoTraffic::Probe,
            bake: Duration::from_secs(600),
            prometheus: None,
            scrape_interval: None,
            file_sd: None,
        }
    }
}

impl Watchdog {
    pub(super) fn read(reader: &mut Reader<'_, '_>, folder: &Path) -> Self {
        let default = Self::default();
        let short = duration(Duration::from_millis(100));
        let in_seconds = |given: Given<'_>| seconds(given).map(|s| Duration::from_secs(s.into()));
        let policies = [
            ("probe", NoTraffic::Probe),
            ("hold", NoTraffic::Hold),
            ("pass", NoTraffic::Pass),
        ];
        let watchdog = Self {
            interval: reader.get("interval", &short).unwrap_or(default.interval),
            query_timeout: reader
                .get("query_timeout", &short)
                .unwrap_or(default.query_timeout),
            window: reader.get("window", in_seconds).unwrap_or(default.window),
            max_error_rate: reader
                .get("max_error_rate", share)
                .unwrap_or(default.max_error_rate),
            max_p95: reader.get("max_p95", duration(Duration::from_millis(1))),
            consecutive: reader
                .get("consecutive", count(1..=1000))
                .unwrap_or(default.consecutive),
            of_last: reader.get("of_last", of_last).unwrap_or(default.of_last),
            min_requests: reader
                .get("min_requests", count(1..=1_000_000))
                .unwrap_or(default.min_requests),
            no_traffic: reader
                .get("no_traffic", choice(&policies))
                .unwrap_or(default.no_traffic),
            bake: reader.get("bake", in_seconds).unwrap_or(default.bake),
            prometheus: reader.get("prometheus", addresses::http_address),
            scrape_interval: reader.get("scrape_interval", in_seconds),
            file_sd: reader.get("file_sd", addresses::path(folder)),
        };
        watchdog.check(reader);
        watchdog
    }

    /// The shortest bake that can end with a verdict: three evaluations, or as many as confirm a
    /// degradation.
    pub fn shortest_bake(&self) -> Duration {
        self.interval * self.consecutive.max(3)
    }

    /// Why a bake is too short for this watchdog, if it is.
    pub(super) fn refuse_bake(&self, bake: Duration) -> Option<Refused> {
        let shortest = self.shortest_bake();
        let expected = format!(
            "a bake of at least {}, so that three evaluations, and as many as `watchdog.consecutive`, fit in",
            spoken(shortest)
        );
        (bake < shortest)
            .then(|| Refused::expected(expected).found(format!("a bake of {}", spoken(bake))))
    }

    fn check(&self, reader: &mut Reader<'_, '_>) {
        if let Some(refused) = self.refuse_bake(self.bake) {
            let at = reader.written_one_of(&["bake", "interval", "consecutive"]);
            reader.wrong(at.as_slice(), refused);
        }
        let Some(two_scrapes) = self.scrape_interval.map(|interval| 2 * interval) else {
            return;
        };
        if self.window < two_scrapes {
            let expected = format!("a window of at least two scrapes, {}", spoken(two_scrapes));
            let found = format!("a window of {}", spoken(self.window));
            let at = reader.written_one_of(&["window", "scrape_interval"]);
            reader.wrong(at.as_slice(), Refused::expected(expected).found(found));
        }
    }
}
