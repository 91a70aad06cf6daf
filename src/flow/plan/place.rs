//! What a plan is drafted from at one place: its part of the catalogue, the container's
//! configuration, the quarantines that stand against it.

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::wish::Wish;
use crate::adapters::db::StoreError;
use crate::domain::catalogue::{Environment, Service, Settings};
use crate::domain::changes::Changes;
use crate::domain::digest::Digest;
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::planner::{self, Extras, PlaceFacts};
use crate::domain::release::{self, Purpose, Release};
use crate::domain::snapshot::{ConfigurationSnapshot, Publish};
use crate::domain::transition::{Change, Transition};
use crate::os::net;

/// Commits that a plan lists.
const COMMITS: usize = 20;

/// What a release is brought up with at its place.
pub(super) struct BringUp {
    pub ledger: Vec<Release>,
    pub quarantines: Vec<release::Quarantine>,
    pub configuration: ConfigurationSnapshot,
    pub extras: Extras,
}

impl Flow {
    /// Of a commit, or of an image of it, that listens on `ports`; refused where it is under
    /// quarantine there.
    pub(super) async fn bring_up(
        &self,
        wish: &Wish,
        settings: &Settings,
        commit: &str,
        image_id: Option<&Digest>,
        ports: &[u16],
    ) -> Result<BringUp, FlowError> {
        let place = place_named(wish);
        let ledger = self.store.ledger(&place)?;
        let quarantines = self.store.quarantines(&place)?;
        let configuration = self.snapshot(&place, settings, ports).await?;
        self.refuse_quarantined(&quarantines, image_id, commit, &configuration, &ledger)?;
        let extras = self.extras(wish, &configuration)?;
        Ok(BringUp {
            ledger,
            quarantines,
            configuration,
            extras,
        })
    }

    /// What lies between what is live and a commit; `None` where the mirror does not know it.
    pub(super) async fn changes_since_live(
        &self,
        service: &Service,
        ledger: &[Release],
        commit: &str,
    ) -> Result<Option<Changes>, FlowError> {
        let repository = self.repository(service)?;
        let since = release::live(ledger).map(|r| r.commit.as_str());
        let changes = self.git.changes(&repository, since, commit, COMMITS);
        Ok(changes.await.ok())
    }

    pub(super) fn place_facts<'a>(
        &'a self,
        name: &'a EnvironmentName,
        wish: &'a Wish,
        environment: &'a Environment,
        ledger: &'a [Release],
        quarantines: &'a [release::Quarantine],
    ) -> Result<PlaceFacts<'a>, FlowError> {
        Ok(PlaceFacts {
            service: &wish.service,
            environment: name,
            settings: &environment.settings,
            ledger,
            quarantines,
            frozen: self.store.freeze(&place_named(wish))?.is_some(),
        })
    }

    /// The rollback target's own pair is exempt: what may be gone back to may be deployed.
    fn refuse_quarantined(
        &self,
        quarantines: &[release::Quarantine],
        image_id: Option<&Digest>,
        commit: &str,
        configuration: &ConfigurationSnapshot,
        ledger: &[Release],
    ) -> Result<(), FlowError> {
        let digest = configuration.digest();
        let Some(found) = release::quarantined(quarantines, image_id, commit, &digest) else {
            return Ok(());
        };
        let exempt = release::last_known_good(ledger, Purpose::Deploy).is_some_and(|good| {
            // Of two builds of one commit only the one that is good is exempt.
            let is_its_image = image_id.is_none_or(|id| good.image_id.as_ref() == Some(id));
            good.commit == commit && good.configuration_digest == digest && is_its_image
        });
        if exempt {
            return Ok(());
        }
        Err(FlowError::new(
            Code::Quarantined,
            format!(
                "this commit with this configuration is under quarantine there since {} ({}): deploy a fix, or lift it with `commander releases lift {}`",
                found.since, found.reason, found.release
            ),
        ))
    }

    /// The container's configuration; a port that is chosen by us is chosen once and kept.
    async fn snapshot(
        &self,
        place: &Place,
        settings: &Settings,
        exposed: &[u16],
    ) -> Result<ConfigurationSnapshot, FlowError> {
        let port = match (settings.run.port, exposed) {
            (Some(port), _) => port,
            (None, [port]) => *port,
            (None, []) => {
                return Err(FlowError::new(
                    Code::InvalidInput,
                    format!(
                        "the port of {} is not known: add EXPOSE to its Dockerfile or `port` to its configuration",
                        place.service
                    ),
                ));
            }
            (None, several) => {
                return Err(FlowError::new(
                    Code::InvalidInput,
                    format!(
                        "the Dockerfile of {} exposes the ports {several:?}: say with `port` which one serves",
                        place.service
                    ),
                ));
            }
        };
        let publish = match settings.run.publish {
            Some(publish) => publish,
            None => Publish {
                address: std::net::Ipv4Addr::LOCALHOST.into(),
                port: self.own_port(place).await?,
            },
        };
        Ok(planner::snapshot(&settings.run, port, publish))
    }

    async fn own_port(&self, place: &Place) -> Result<u16, FlowError> {
        if let Some(port) = self.store.reserved_port(place)? {
            return Ok(port);
        }
        // A port that another place has reserved and does not use at the moment is refused by
        // the store, and another one is tried.
        for _ in 0..16 {
            let port = net::free_loopback_port()
                .map_err(|error| FlowError::new(Code::Unavailable, error.to_string()))?;
            let change = Change::ReservePort {
                place: place.clone(),
                port,
            };
            match self.store.write(Transition::of(vec![change])).await {
                Ok(()) => return Ok(port),
                Err(StoreError::Conflict(_)) => {
                    if let Some(port) = self.store.reserved_port(place)? {
                        return Ok(port);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(FlowError::new(
            Code::Unavailable,
            "no free loopback port was found; set `publish`",
        ))
    }

    pub(in crate::flow) fn service(&self, name: &ServiceName) -> Result<&Service, FlowError> {
        self.catalogue.service(name).ok_or_else(|| {
            let known: Vec<_> = self
                .catalogue
                .services
                .keys()
                .map(ToString::to_string)
                .collect();
            FlowError::new(
                Code::NotFound,
                format!("there is no service {name}; there is: {}", known.join(", ")),
            )
        })
    }

    pub(super) fn place<'a>(
        &self,
        wish: &'a Wish,
        service: &'a Service,
    ) -> Result<(&'a EnvironmentName, &'a Environment), FlowError> {
        let name = wish
            .environment
            .as_ref()
            .ok_or_else(|| FlowError::new(Code::InvalidInput, "no environment was named"))?;
        service.environments.get_key_value(name).ok_or_else(|| {
            let known: Vec<_> = service
                .environments
                .keys()
                .map(ToString::to_string)
                .collect();
            FlowError::new(
                Code::NotFound,
                format!(
                    "{} has no environment {name}; it has: {}",
                    wish.service,
                    known.join(", ")
                ),
            )
        })
    }
}

pub(super) fn place_named(wish: &Wish) -> Place {
    Place {
        service: wish.service.clone(),
        environment: wish.environment.clone(),
    }
}
