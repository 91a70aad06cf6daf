//! Where a command is typed and its answer goes: the options that every verb has, and the page.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::exit::Failure;
use super::render::page::Page;
use super::server::{Reply, Server};
use crate::config::{Config, file_to_read};
use crate::os::{clock, env, terminal};

/// Options before or after any verb.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// The configuration [default: $COMMANDER_CONFIG, else commander.toml in this folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document, or JSON lines where something is followed
    #[arg(long, global = true)]
    pub json: bool,
    /// No colours (also with NO_COLOR, and whenever the output is no terminal)
    #[arg(long, global = true)]
    pub no_color: bool,
}

#[derive(Debug, Clone)]
pub struct Console {
    pub global: Global,
    /// A person reads along on a terminal.
    pub interactive: bool,
    width: usize,
    colours: bool,
}

impl Console {
    pub fn new(global: Global) -> Self {
        let interactive = terminal::is_interactive();
        // https://no-color.org: any value but the empty one.
        let plain = global.no_color || env::variable("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self {
            interactive: interactive && !global.json,
            width: terminal::width(),
            colours: interactive && !plain,
            global,
        }
    }

    pub fn json(&self) -> bool {
        self.global.json
    }

    pub fn page(&self) -> Page {
        Page {
            width: self.width,
            colours: self.colours,
            zone: clock::zone(),
            now: clock::now(),
        }
    }

    /// # Errors
    ///
    /// All mistakes at once.
    pub fn config(&self) -> Result<Config, Failure> {
        let variables = env::variables();
        let file = file_to_read(self.global.config.as_deref(), &variables);
        Ok(Config::load(file.as_deref(), variables)?)
    }

    /// # Errors
    ///
    /// When nothing says where the server is.
    pub fn server(&self) -> Result<Server, Failure> {
        Server::find(|| self.config())
    }

    /// Prints text that ends its own lines.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(Failure::Output)
    }

    /// Prints one line.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.print(&format!("{text}\n"))
    }

    /// Prints a value as one line of JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value);
        self.line(&text.map_err(|error| Failure::Internal(error.to_string()))?)
    }

    /// Prints an answer of the server: as it came with `--json`, else as `render` says.
    ///
    /// # Errors
    ///
    /// When it is not understood, or cannot be written.
    pub fn show<T: serde::de::DeserializeOwned>(
        &self,
        reply: &Reply,
        render: impl FnOnce(&Page, &T) -> String,
    ) -> Result<T, Failure> {
        let value: T = reply.read()?;
        if self.json() {
            self.line(reply.body().trim_end())?;
        } else {
            self.print(&render(&self.page(), &value))?;
        }
        Ok(value)
    }

    /// Something beside the answer, for a person: it does not end up in a file or a pipe.
    pub fn aside(&self, text: &str) {
        // Where not even this can be written, there is nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }
}
