//! The configuration: `commander.toml` and the variables laid over its top-level sections, read
//! once at start into plain typed values.
//!
//! serde would stop at the first mistake, and a person would mend the file once for each. So the
//! file is parsed into tables that know their place (`document`), a reader walks them and
//! collects every mistake (`reader`, `given`), and the sections ask it for their keys (`sections`,
//! `watchdog`, `services`) in terms of kinds of values (`kinds`, `addresses`, `secrecy`). What
//! only shows when everything has been read, such as two environments on one port, is checked at
//! the end (`catalogue_checks`). A configuration with a mistake is never used.

mod addresses;
mod catalogue_checks;
mod document;
mod given;
mod kinds;
mod mistake;
mod overrides;
mod reader;
mod secrecy;
mod sections;
mod services;
mod settings;
mod watchdog;

use std::path::{Path, PathBuf};

pub use kinds::spoken;
pub use mistake::{ConfigErrors, Mistake, Place};
pub use secrecy::Webhook;
pub use sections::{Advisor, Approval, Audit, Docker, History, Interpreter, Notify, Server, Store};
pub use watchdog::{NoTraffic, OfLast, Watchdog};

use crate::domain::catalogue::Catalogue;
use document::Document;
use overrides::{FILE_VARIABLE, Overrides};
use reader::Reader;

/// The file that is read where no other is named, if it exists.
const USUAL_FILE: &str = "commander.toml";
/// A configuration of thousands of services is smaller than this.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub audit: Audit,
    pub history: History,
    pub interpreter: Interpreter,
    pub advisor: Advisor,
    pub approval: Approval,
    pub docker: Docker,
    pub watchdog: Watchdog,
    pub notify: Notify,
    /// No service at all is a configuration too.
    pub catalogue: Catalogue,
}

impl Config {
    /// Reads the file, if there is one to read, and lays the variables over it.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let Some(file) = file else {
            return Self::parse(Path::new(USUAL_FILE), "", variables);
        };
        match read_text(file) {
            Ok(text) => Self::parse_in(&whole(folder_of(file)), file, &text, variables),
            Err(found) => Err(ConfigErrors {
                mistakes: vec![Mistake {
                    place: Place::File {
                        file: file.display().to_string(),
                    },
                    key: String::new(),
                    expected: "a configuration file".to_owned(),
                    found,
                    suggestion: None,
                }],
            }),
        }
    }

    /// Reads a text as if it stood in that file: relative paths begin in its folder.
    ///
    /// # Errors
    ///
    /// All mistakes at once; only the syntax errors where the text is no TOML.
    pub fn parse(
        file: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        Self::parse_in(folder_of(file), file, text, variables)
    }

    fn parse_in(
        folder: &Path,
        file: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut mistakes = Vec::new();
        let overrides = Overrides::new(variables, &mut mistakes);
        let document = match Document::parse(file, text, overrides) {
            Ok(document) => document,
            Err(syntax) => {
                mistakes.extend(syntax);
                return Err(in_order(mistakes));
            }
        };
        let config = Reader::read(&document, &mut mistakes, |root| Self::read(root, folder));
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(in_order(mistakes))
        }
    }

    fn read(root: &mut Reader<'_, '_>, folder: &Path) -> Self {
        let server = root.table("server", Server::read);
        let watchdog = root.table("watchdog", |reader| Watchdog::read(reader, folder));
        let catalogue = services::read(root, folder, &watchdog);
        catalogue_checks::check(root, &catalogue, &server);
        Self {
            store: root.table("store", |reader| Store::read(reader, folder)),
            audit: root.table("audit", |reader| Audit::read(reader, folder)),
            history: root.table("history", History::read),
            interpreter: root.table("interpreter", |_| Interpreter {}),
            advisor: root.table("advisor", |reader| Advisor::read(reader, folder)),
            approval: root.table("approval", Approval::read),
            docker: root.table("docker", Docker::read),
            notify: root.table("notify", Notify::read),
            server,
            watchdog,
            catalogue,
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// A repository is named by a full path, for a server may be looked at from another folder. Where
/// there is no current folder, nothing relative can be found anyway.
fn whole(folder: &Path) -> PathBuf {
    std::path::absolute(Path::new(".").join(folder)).unwrap_or(folder.to_owned())
}

/// Which file to read: the one that was named, else the one in `COMMANDER_CONFIG`, else
/// `commander.toml` in the current folder if there is one, else none.
pub fn file_to_read(named: Option<&Path>, variables: &[(String, String)]) -> Option<PathBuf> {
    let variable = || {
        let (_, value) = variables.iter().find(|(name, _)| name == FILE_VARIABLE)?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    };
    let usual = || {
        let file = Path::new(USUAL_FILE);
        file.exists().then(|| file.to_owned())
    };
    named.map(Path::to_owned).or_else(variable).or_else(usual)
}

/// The text of the file, or why there is none.
fn read_text(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("a file that cannot be read ({error})");
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > LARGEST_FILE {
        return Err(format!("a file of {size} bytes, more than {LARGEST_FILE}"));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("bytes that are no UTF-8 (from byte {at} on)")
    })
}

fn in_order(mut mistakes: Vec<Mistake>) -> ConfigErrors {
    mistakes.sort_by(|a, b| a.place.cmp(&b.place));
    ConfigErrors { mistakes }
}
