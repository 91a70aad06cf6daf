//! The small sections: one plain struct each, its defaults, and how it is read.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::addresses;
use super::kinds::{count, duration, holiday, time_zone};
use super::reader::Reader;
use super::secrecy::{Webhook, webhook};
use crate::domain::holidays::Holidays;
use crate::os::env::{NoHome, default_data_dir};

const HOUR: Duration = Duration::from_secs(3600);

/// Where the web page and the API are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// Host names, without port, that a request may name in `Host` and `Origin` besides
    /// `localhost`, `127.0.0.1` and `[::1]`.
    pub hosts: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            hosts: Vec::new(),
        }
    }
}

impl Server {
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            listen: reader
                .get("listen", addresses::socket_address)
                .unwrap_or(default.listen),
            hosts: reader
                .list("hosts", "host names", addresses::host_name)
                .unwrap_or(default.hosts),
        }
    }
}

/// Where everything durable is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// `None`: the user's own data directory.
    pub data_dir: Option<PathBuf>,
}

impl Store {
    pub(super) fn read(reader: &mut Reader<'_, '_>, folder: &Path) -> Self {
        Self {
            data_dir: reader.get("data_dir", addresses::path(folder)),
        }
    }

    /// The data directory, whether it exists already or not.
    ///
    /// # Errors
    ///
    /// When none is configured and the user has no home directory.
    pub fn directory(&self) -> Result<PathBuf, NoHome> {
        self.data_dir.clone().map_or_else(default_data_dir, Ok)
    }
}

/// Signed checkpoints of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// A checkpoint follows what was written within this,
    pub checkpoint_every: Duration,
    /// or as soon as there are so many new rows.
    pub checkpoint_rows: u32,
    /// The file that they are appended to; `None`: `checkpoints.jsonl` in the data directory.
    pub checkpoints: Option<PathBuf>,
}

impl Default for Audit {
    /// What can be cut off unseen is ten minutes or a thousand rows, at the price of 144 lines of
    /// half a kilobyte on a busy day.
    fn default() -> Self {
        Self {
            checkpoint_every: Duration::from_secs(600),
            checkpoint_rows: 1000,
            checkpoints: None,
        }
    }
}

impl Audit {
    pub(super) fn read(reader: &mut Reader<'_, '_>, folder: &Path) -> Self {
        let default = Self::default();
        Self {
            checkpoint_every: reader
                .get("checkpoint_every", duration(Duration::from_secs(1)))
                .unwrap_or(default.checkpoint_every),
            checkpoint_rows: reader
                .get("checkpoint_rows", count(1..=1_000_000))
                .unwrap_or(default.checkpoint_rows),
            checkpoints: reader.get("checkpoints", addresses::path(folder)),
        }
    }
}

/// How long what ended executions leave is kept: so many days, and so many of the newest however
/// old they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub journal_days: u32,
    pub journal_newest: u32,
    pub log_days: u32,
    pub log_newest: u32,
}

impl Default for History {
    /// A journal is some kilobytes, a log may be hundreds of megabytes.
    fn default() -> Self {
        Self {
            journal_days: 90,
            journal_newest: 1000,
            log_days: 30,
            log_newest: 100,
        }
    }
}

impl History {
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Self {
        let default = Self::default();
        let mut number = |key, default| reader.get(key, count(0..=100_000)).unwrap_or(default);
        Self {
            journal_days: number("journal_days", default.journal_days),
            journal_newest: number("journal_newest", default.journal_newest),
            log_days: number("log_days", default.log_days),
            log_newest: number("log_newest", default.log_newest),
        }
    }
}

/// The embedded interpreter needs no settings; the section is for the models to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interpreter {}

/// Which procedures a plan is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisor {
    /// The folder of the SOPs.
    pub sops: PathBuf,
    /// In which weekday, hour and date of the rules are meant.
    pub timezone: TimeZone,
    /// The days that procedures mean by a holiday.
    pub holidays: Holidays,
}

impl Default for Advisor {
    fn default() -> Self {
        Self {
            sops: PathBuf::from("sops"),
            timezone: TimeZone::UTC,
            holidays: Holidays::default(),
        }
    }
}

impl Advisor {
    pub(super) fn read(reader: &mut Reader<'_, '_>, folder: &Path) -> Self {
        let default = Self::default();
        Self {
            sops: reader
                .get("sops", addresses::path(folder))
                .unwrap_or_else(|| folder.join(default.sops)),
            timezone: reader
                .get("timezone", time_zone)
                .unwrap_or(default.timezone),
            holidays: reader
                .list("holidays", "days", holiday)
                .map_or(default.holidays, Holidays::new),
        }
    }
}

/// How long a plan and an approval hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// A plan that nobody approved expires after this.
    pub offered_for: Duration,
    /// An approved plan has to start within this.
    pub start_within: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            offered_for: 24 * HOUR,
            start_within: HOUR,
        }
    }
}

impl Approval {
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Self {
        let default = Self::default();
        let window = duration(Duration::from_secs(1));
        Self {
            offered_for: reader
                .get("offered_for", &window)
                .unwrap_or(default.offered_for),
            start_within: reader
                .get("start_within", &window)
                .unwrap_or(default.start_within),
        }
    }
}

/// The container engine, and what is kept on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docker {
    /// `unix:///…` or `tcp://…`; `None`: the engine's usual socket.
    pub host: Option<String>,
    /// Releases kept for each environment, besides the live one and the last known good.
    pub keep: u32,
}

impl Default for Docker {
    fn default() -> Self {
        Self {
            host: None,
            keep: 2,
        }
    }
}

impl Docker {
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Self {
        Self {
            host: reader.get("host", addresses::engine),
            keep: reader
                .get("keep", count(0..=100))
                .unwrap_or(Self::default().keep),
        }
    }
}

/// Who is told about incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    pub webhook: Option<Webhook>,
}

impl Notify {
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Self {
        Self {
            webhook: reader.get("webhook", webhook),
        }
    }
}
