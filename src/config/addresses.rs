//! Kinds of values that say where something is: paths, repositories, hosts, ports, volumes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use url::Url;

use super::given::Given;
use super::kinds::is_line;
use super::mistake::{Refused, quoted};
use super::secrecy::has_password;
use crate::domain::snapshot::{Publish, Volume};

const NOT_SHOWN: &str = "something else (not shown, it may hold a password)";

/// A path; a relative one begins in the folder of the configuration file.
pub(super) fn path(folder: &Path) -> impl Fn(Given<'_>) -> Result<PathBuf, Refused> {
    move |given| {
        let text = given
            .text()
            .filter(|text| is_line(text) && !text.starts_with('~'));
        text.map(|text| folder.join(text)).ok_or_else(|| {
            Refused::expected(
                "a path, absolute or from the folder of this file (\"~\" is not expanded)",
            )
        })
    }
}

/// A path, or an address that Git can fetch from without running a helper.
pub(super) fn repository(folder: &Path) -> impl Fn(Given<'_>) -> Result<String, Refused> {
    move |given| {
        let refused =
            || Refused::expected("a path, or an address with file://, http://, https:// or ssh://");
        let text = given
            .text()
            .filter(|text| is_line(text) && !text.starts_with('-'))
            .ok_or_else(refused)?;
        match text.split_once(':') {
            Some((_, rest)) if rest.starts_with("//") => {
                repository_address(text).map(|()| text.to_owned())
            }
            Some((host, rest)) if !host.contains('/') => Err(match as_ssh(host, rest) {
                Some(address) => refused().suggest(Some(address)),
                None => refused().found(NOT_SHOWN),
            }),
            _ => {
                let path = path(folder)(given)?;
                path.into_os_string().into_string().map_err(|_| refused())
            }
        }
    }
}

/// A repository's address is in every plan: no password, no token as the user's name.
fn repository_address(text: &str) -> Result<(), Refused> {
    let refused = Refused::expected(
        "an address with file://, http://, https:// or ssh:// and no password or token in it; Git's credential helpers are used",
    )
    .found(NOT_SHOWN);
    match Url::parse(text) {
        Ok(url) if has_password(&url) => Err(refused),
        Ok(url) => match url.scheme() {
            "ssh" if url.has_host() => Ok(()),
            "http" | "https" if url.username().is_empty() => Ok(()),
            "file" => Ok(()),
            _ => Err(refused),
        },
        Err(_) => Err(refused),
    }
}

/// `git@host:path` in the form with a scheme; not the `transport::address` that runs a helper, and
/// nothing that may hold a password.
fn as_ssh(host: &str, path: &str) -> Option<String> {
    let plain = !host.is_empty() && !path.is_empty() && !path.contains([':', '@']);
    plain.then(|| quoted(&format!("ssh://{host}/{}", path.trim_start_matches('/'))))
}

/// A file or folder inside the repository.
pub(super) fn inside_repository(given: Given<'_>) -> Result<String, Refused> {
    given
        .text()
        .filter(|text| is_line(text) && !text.starts_with('/') && has_no_parent(text))
        .map(str::to_owned)
        .ok_or_else(|| Refused::expected("a path inside the repository, without \"..\""))
}

pub(super) fn socket_address(given: Given<'_>) -> Result<SocketAddr, Refused> {
    given
        .text()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refused::expected("an IP address and a port, such as \"127.0.0.1:7070\""))
}

/// A name by which browsers reach the server, as it stands in the `Host` header, without the port.
pub(super) fn host_name(given: Given<'_>) -> Result<String, Refused> {
    let is_name = |text: &str| {
        let bytes = text.as_bytes();
        !text.is_empty()
            && text.len() <= 253
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(b))
    };
    given
        .text()
        .filter(|text| is_name(text) || text.parse::<IpAddr>().is_ok())
        .map(str::to_owned)
        .ok_or_else(|| {
            Refused::expected("a host name in lower case or an IP address, without scheme and port")
        })
}

/// The base address of an HTTP server.
pub(super) fn http_address(given: Given<'_>) -> Result<String, Refused> {
    let good = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && !has_password(url)
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let text = given.text().unwrap_or_default();
    match Url::parse(text) {
        Ok(url) if good(&url) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(Refused::expected(
            "an http:// or https:// address without user name, password or query, such as \"http://127.0.0.1:9090\"",
        )
        .found(NOT_SHOWN)),
    }
}

/// Where the container engine listens.
pub(super) fn engine(given: Given<'_>) -> Result<String, Refused> {
    let text = given.text().filter(|text| is_line(text));
    text.filter(|text| {
        text.strip_prefix("unix://")
            .is_some_and(|path| path.starts_with('/'))
            || text.strip_prefix("tcp://").is_some_and(has_port)
    })
    .map(str::to_owned)
    .ok_or_else(|| Refused::expected("\"unix:///path/of/the/socket\" or \"tcp://host:port\""))
}

pub(super) fn port(given: Given<'_>) -> Result<u16, Refused> {
    given
        .integer()
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
        .ok_or_else(|| Refused::expected("a port from 1 to 65535"))
}

/// A port alone is published on the loopback address; any other address is written out.
pub(super) fn publish(given: Given<'_>) -> Result<Publish, Refused> {
    let alone = port(given).ok().or_else(|| given.text()?.parse().ok());
    let loopback = alone.map(|port| Publish {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
    });
    let full = || {
        let address: SocketAddr = given.text()?.parse().ok()?;
        Some(Publish {
            address: address.ip(),
            port: address.port(),
        })
    };
    loopback
        .or_else(full)
        .filter(|publish| publish.port > 0)
        .ok_or_else(|| {
            Refused::expected(
                "a port (published on 127.0.0.1) or an IP address and a port, such as \"127.0.0.1:8080\"",
            )
        })
}

/// `source:target` or `source:target:ro`.
pub(super) fn volume(given: Given<'_>) -> Result<Volume, Refused> {
    let parse = |text: &str| {
        let (source, rest) = text.split_once(':')?;
        let (target, read_only) = match rest.strip_suffix(":ro") {
            Some(target) => (target, true),
            None => (rest, false),
        };
        let good = (is_absolute(source) || is_engine_name(source))
            && is_absolute(target)
            && !target.contains(':');
        good.then(|| Volume {
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
        })
    };
    given
        .text()
        .filter(|text| is_line(text))
        .and_then(parse)
        .ok_or_else(|| {
            Refused::expected(
                "\"NAME:/path/in/container\" or \"/path/on/host:/path/in/container\", with \":ro\" behind it for read-only",
            )
        })
}

/// A network that exists already. The engine's own are left out: on `host` nothing can be
/// published, on `none` nothing is reachable, and `bridge` is what no network means.
pub(super) fn network(given: Given<'_>) -> Result<String, Refused> {
    given
        .text()
        .filter(|text| is_engine_name(text))
        .filter(|text| !["host", "none", "bridge", "default"].contains(text))
        .map(str::to_owned)
        .ok_or_else(|| {
            Refused::expected(
                "the name of a network that you made (not \"host\", \"none\" or \"bridge\")",
            )
        })
}

/// The path of an HTTP request.
pub(super) fn http_path(given: Given<'_>) -> Result<String, Refused> {
    let text = given.text().unwrap_or_default();
    let good = text.starts_with('/')
        && text.len() <= 2048
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if good {
        Ok(text.to_owned())
    } else {
        let with_slash = is_line(text) && !text.starts_with('/') && !text.contains("://");
        Err(Refused::expected("a path that begins with \"/\"")
            .suggest(with_slash.then(|| quoted(&format!("/{text}")))))
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok())
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') && has_no_parent(path)
}

fn has_no_parent(path: &str) -> bool {
    path.split('/').all(|part| part != "..")
}

/// What the engine takes as the name of a volume or network.
fn is_engine_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (2..=128).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b))
}
