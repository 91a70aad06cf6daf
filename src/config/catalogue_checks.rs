//! What only shows when the whole catalogue has been read: words that mean two things, circles of
//! environments, and things that two environments would take from each other.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::mistake::{Refused, nearest, quoted};
use super::reader::Reader;
use super::sections::Server;
use crate::domain::catalogue::{Catalogue, Service};
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::snapshot::Publish;

pub(super) fn check(root: &mut Reader<'_, '_>, catalogue: &Catalogue, server: &Server) {
    let words = catalogue
        .services
        .iter()
        .map(|(name, service)| (name.as_str(), service.aliases.as_slice()));
    check_words(root, &["services"], words);
    for (name, service) in &catalogue.services {
        let words = service
            .environments
            .iter()
            .map(|(name, environment)| (name.as_str(), environment.aliases.as_slice()));
        check_words(root, &["services", name.as_str(), "environments"], words);
        check_after(root, name, service);
        check_volumes(root, name, service);
    }
    check_published(root, catalogue, server);
}

/// Each name and each alias stands for one thing, whatever its case.
fn check_words<'c>(
    root: &mut Reader<'_, '_>,
    below: &[&str],
    things: impl Iterator<Item = (&'c str, &'c [String])> + Clone,
) {
    let mut owners: BTreeMap<String, &str> = things
        .clone()
        .map(|(name, _)| (name.to_owned(), name))
        .collect();
    for (name, aliases) in things {
        for (index, alias) in aliases.iter().enumerate() {
            match owners.entry(alias.to_lowercase()) {
                Entry::Vacant(free) => {
                    free.insert(name);
                }
                Entry::Occupied(taken) => {
                    let index = index.to_string();
                    let path = [below, &[name, "aliases", &index]].concat();
                    let found = format!("{}, which means {}", quoted(alias), taken.get());
                    let refused = Refused::expected("a word that means nothing else yet");
                    root.wrong(&path, refused.found(found));
                }
            }
        }
    }
}

fn check_after(root: &mut Reader<'_, '_>, name: &ServiceName, service: &Service) {
    for (own, environment) in &service.environments {
        let path = [
            "services",
            name.as_str(),
            "environments",
            own.as_str(),
            "after",
        ];
        match &environment.after {
            Some(after) if !service.environments.contains_key(after) => {
                let names = service.environments.keys().map(EnvironmentName::as_str);
                let suggestion =
                    nearest(after.as_str(), names.filter(|name| *name != own.as_str()));
                let refused = Refused::expected("the name of an environment of this service")
                    .found(quoted(after.as_str()))
                    .suggest(suggestion.map(|name| quoted(&name)));
                root.wrong(&path, refused);
            }
            Some(_) => {
                if let Some(circle) = circle_from(own, service) {
                    let refused =
                        Refused::expected("an environment that does not come after this one");
                    root.wrong(&path, refused.found(format!("the circle {circle}")));
                }
            }
            None => {}
        }
    }
}

/// The circle that an environment is on, told once: from the first of its names.
fn circle_from(start: &EnvironmentName, service: &Service) -> Option<String> {
    let after = |name: &EnvironmentName| service.environments.get(name)?.after.as_ref();
    let mut circle = vec![start.as_str()];
    let mut at = after(start)?;
    while at != start {
        if at < start || circle.len() > service.environments.len() {
            return None;
        }
        circle.push(at.as_str());
        at = after(at)?;
    }
    circle.push(start.as_str());
    Some(circle.join(" after "))
}

/// Two environments that write to one volume would be one environment with two names.
fn check_volumes(root: &mut Reader<'_, '_>, name: &ServiceName, service: &Service) {
    let mut writers: BTreeMap<&str, &EnvironmentName> = BTreeMap::new();
    for (own, environment) in &service.environments {
        let volumes = &environment.settings.run.volumes;
        let mut targets = BTreeSet::new();
        for volume in volumes {
            let path = [
                "services",
                name.as_str(),
                "environments",
                own.as_str(),
                "volumes",
            ];
            if !targets.insert(&volume.target) {
                let refused = Refused::expected("one volume for each path in the container");
                root.wrong(
                    &path,
                    refused.found(format!("two on {}", quoted(&volume.target))),
                );
            }
            if volume.read_only {
                continue;
            }
            let other = writers.insert(&volume.source, own);
            if let Some(other) = other.filter(|other| *other != own) {
                let refused = Refused::expected("a volume of its own, or \":ro\" behind it");
                let source = quoted(&volume.source);
                root.wrong(
                    &path,
                    refused.found(format!("{source}, to which {other} writes too")),
                );
            }
        }
    }
}

/// One address is published once, and is not the one that Commander itself listens on.
fn check_published(root: &mut Reader<'_, '_>, catalogue: &Catalogue, server: &Server) {
    let own = Publish {
        address: server.listen.ip(),
        port: server.listen.port(),
    };
    let mut taken: Vec<(Publish, String)> = vec![(own, "Commander itself".to_owned())];
    for (service, environment, settings) in catalogue.services.iter().flat_map(|(name, service)| {
        let environments = service.environments.iter();
        environments.map(move |(own, environment)| (name, own, &environment.settings))
    }) {
        let Some(publish) = settings.run.publish else {
            continue;
        };
        if let Some((_, holder)) = taken.iter().find(|(other, _)| overlap(publish, *other)) {
            let path = [
                "services",
                service.as_str(),
                "environments",
                environment.as_str(),
                "publish",
            ];
            let refused = Refused::expected("an address that nothing else is published on");
            root.wrong(
                &path,
                refused.found(format!("{publish}, which {holder} has")),
            );
        }
        taken.push((publish, format!("{service} in {environment}")));
    }
}

fn overlap(a: Publish, b: Publish) -> bool {
    a.port == b.port && (covers(a.address, b.address) || covers(b.address, a.address))
}

/// `0.0.0.0` stands for all addresses of its family, `[::]` for those of both.
fn covers(a: IpAddr, b: IpAddr) -> bool {
    a == b || (a.is_unspecified() && (a.is_ipv6() || b.is_ipv4()))
}
