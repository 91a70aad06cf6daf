//! What people, and the watch in their name, want of the place: each wish is turned into a plan by
//! the real planner over the ledger as it is.

use std::collections::BTreeMap;

use commander::domain::approval::{Approver, Grant};
use commander::domain::catalogue::Settings;
use commander::domain::id::ReleaseId;
use commander::domain::intent::Action;
use commander::domain::name::{EnvironmentName, ServiceName, TestName};
use commander::domain::plan::{OnDegraded, PlanBody, Requester};
use commander::domain::planner::{self, Extras, PlaceFacts, ScriptStep};
use commander::domain::release::{self, Presence, Purpose, Quality, Release, quarantined};
use commander::domain::snapshot::ConfigurationSnapshot;
use jiff::Timestamp;

use super::chance::Chance;
use crate::support::memory_ledger::MemoryLedger;
use crate::support::plans::{
    Scenario, asking, commit, configuration, image, name, settings, shop, source, staging,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Deploy {
        what: Version,
        asks: bool,
        tests: bool,
        script: bool,
    },
    Promote {
        what: Version,
        asks: bool,
    },
    /// To the last known good, or to any release that is kept.
    RollBack {
        any: bool,
    },
    /// The watch has found what is live degraded.
    Degraded,
    Restart,
    Build(u64),
    Test(u64),
}

/// The same commit may go live with one configuration or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub number: u64,
    pub greeting: u64,
}

/// The versions that there are.
pub const VERSIONS: u64 = 6;
const GREETINGS: u64 = 2;

impl Wish {
    pub fn drawn(chance: &mut Chance) -> Self {
        let what = Version {
            number: 1 + chance.below(VERSIONS),
            greeting: chance.below(GREETINGS),
        };
        let asks = chance.one_in(3);
        match chance.below(20) {
            0..9 => Self::Deploy {
                what,
                asks,
                tests: !chance.one_in(3),
                script: chance.one_in(3),
            },
            9..11 => Self::Promote { what, asks },
            11..14 => Self::RollBack {
                any: chance.one_in(2),
            },
            14..16 => Self::Degraded,
            16..18 => Self::Restart,
            18 => Self::Build(what.number),
            _ => Self::Test(what.number),
        }
    }
}

impl Version {
    fn configuration(self) -> ConfigurationSnapshot {
        ConfigurationSnapshot {
            environment: BTreeMap::from([("GREETING".to_owned(), self.greeting.to_string())]),
            ..configuration()
        }
    }
}

/// An approved plan, and the grant that it stands on where no person asked for it.
pub struct Planned {
    pub scenario: Scenario,
    pub grant: Option<Grant>,
}

/// Where plans are made.
pub struct Desk {
    pub books: MemoryLedger,
    pub ledger: Vec<Release>,
    /// Of the next plan.
    pub number: u64,
    pub now: Timestamp,
    /// Whether the flow has overlooked what is under quarantine, so that the build must find it.
    pub careless: bool,
    service: ServiceName,
    environment: EnvironmentName,
}

impl Desk {
    pub fn new(books: MemoryLedger, number: u64, now: Timestamp, careless: bool) -> Self {
        Self {
            ledger: books.ledger(),
            books,
            number,
            now,
            careless,
            service: shop(),
            environment: staging(),
        }
    }

    /// Rather what is under quarantine, if anything is.
    pub fn tempted(&self, wish: Wish) -> Wish {
        let mut forbidden = (1..=VERSIONS).flat_map(|number| {
            let greetings = 0..GREETINGS;
            greetings.map(move |greeting| Version { number, greeting })
        });
        let forbidden = forbidden.find(|version| self.is_forbidden(*version));
        match (wish, forbidden) {
            (
                Wish::Deploy {
                    asks,
                    tests,
                    script,
                    ..
                },
                Some(what),
            ) => Wish::Deploy {
                what,
                asks,
                tests,
                script,
            },
            (wish, _) => wish,
        }
    }

    /// The plan for the wish; none where there is nothing to do, or it is forbidden.
    pub fn plan(&self, wish: Wish) -> Option<Planned> {
        let scenario = match wish {
            Wish::Deploy {
                what,
                asks,
                tests,
                script,
            } => {
                let image_tests = [name("style"), name("unit")];
                let extras = Extras {
                    tests: image_tests.into_iter().filter(|_| tests).collect(),
                    scripts: script.then(warm_cache).into_iter().collect(),
                };
                self.deploy(what, asks, &extras)?
            }
            Wish::Promote { what, asks } => self.promote(what, asks)?,
            Wish::RollBack { any } => self.roll_back(self.target(any)?)?,
            Wish::Degraded => return self.automatic_rollback(),
            Wish::Restart => {
                let live = release::live(&self.ledger)?.id.clone();
                let body = planner::restart(self.facts(&settings()))?;
                self.scenario(body, Some(live))
            }
            Wish::Build(version) => self.without_place(Action::Build, version, &[]),
            Wish::Test(version) => {
                let tests = [name("style"), name("unit")];
                self.without_place(Action::Test, version, &tests)
            }
        };
        Some(Planned {
            scenario,
            grant: None,
        })
    }

    fn deploy(&self, what: Version, asks: bool, extras: &Extras) -> Option<Scenario> {
        if !self.careless && self.is_forbidden(what) {
            return None;
        }
        let settings = if asks { asking() } else { settings() };
        let (place, source) = (self.facts(&settings), source(what.number));
        let body = planner::deploy(place, &source, what.configuration(), extras);
        Some(self.scenario(body, None))
    }

    fn promote(&self, what: Version, asks: bool) -> Option<Scenario> {
        if self.is_forbidden(what) {
            return None;
        }
        let settings = if asks { asking() } else { settings() };
        let (image, commit) = (image(what.number), commit(what.number));
        let place = self.facts(&settings);
        let extras = Extras::default();
        let body = planner::promote(place, &image, &commit, what.configuration(), &extras);
        Some(self.scenario(body, None))
    }

    fn roll_back(&self, target: &Release) -> Option<Scenario> {
        let body = planner::rollback(self.facts(&settings()), target)?;
        Some(self.scenario(body, Some(target.id.clone())))
    }

    fn target(&self, any: bool) -> Option<&Release> {
        release::live(&self.ledger)?;
        let kept =
            |r: &&Release| r.presence == Presence::Standby && r.quality != Quality::Quarantined;
        match any {
            true => self.ledger.iter().find(kept),
            false => release::last_known_good(&self.ledger, Purpose::Rollback),
        }
    }

    /// The one rollback that the approval of what is live allowed beforehand.
    fn automatic_rollback(&self) -> Option<Planned> {
        let mut open = self.books.watches.values().filter(|w| w.status().is_open());
        let grant = open.next()?.grant.clone()?;
        let OnDegraded::RollBack { to } = &grant.on_degraded else {
            return None;
        };
        let good = |r: &&Release| {
            r.quality == Quality::Verified
                && r.presence == Presence::Standby
                && r.pin().as_ref() == Some(to)
        };
        let kept = self.ledger.iter().filter(good);
        let mut scenario = self.roll_back(kept.max_by_key(|r| r.first_live_at)?)?;
        let under = grant.under.clone();
        let by = Requester::Policy {
            under: under.clone(),
        };
        scenario.plan.origin.by = by.clone();
        scenario.execution.requested_by = by;
        scenario.approvals[0].by = Approver::Policy { under };
        Some(Planned {
            scenario,
            grant: Some(grant),
        })
    }

    fn without_place(&self, action: Action, version: u64, tests: &[TestName]) -> Scenario {
        let source = source(version);
        let body = planner::build(action, &self.service, &settings(), &source, tests);
        let mut scenario = self.scenario(body, None);
        scenario.execution.replaces = None;
        scenario
    }

    fn scenario(&self, body: PlanBody, target: Option<ReleaseId>) -> Scenario {
        Scenario::of(self.number, body, &self.ledger, target, self.now)
    }

    fn facts<'a>(&'a self, settings: &'a Settings) -> PlaceFacts<'a> {
        PlaceFacts {
            service: &self.service,
            environment: &self.environment,
            settings,
            ledger: &self.ledger,
            quarantines: &self.books.quarantines,
            frozen: false,
        }
    }

    fn is_forbidden(&self, what: Version) -> bool {
        let (image, commit) = (image(what.number), commit(what.number));
        let configuration = what.configuration().digest();
        let quarantines = &self.books.quarantines;
        quarantined(quarantines, Some(&image), &commit, &configuration).is_some()
    }
}

fn warm_cache() -> ScriptStep {
    ScriptStep {
        script: "warm-cache".to_owned(),
        sha256: "0".repeat(64),
        arguments: BTreeMap::new(),
        timeout_seconds: 60,
    }
}
