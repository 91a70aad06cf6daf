//! What the story is played with: the example, which the binary carries, so that an installed one
//! needs no source tree; and the configuration that the demo's own Commander runs with.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use toml::{Table, Value};

/// The shop: its history, and the scripts that make (and take back) repository and base image.
#[derive(RustEmbed)]
#[folder = "examples/shop/"]
struct Shop;

#[derive(RustEmbed)]
#[folder = "sops/"]
struct Procedures;

const CONFIGURATION: &str = include_str!("../../../examples/commander.toml");
const PROMETHEUS: &str = include_str!("../../../examples/prometheus.yml");

/// How long a release is watched: long enough for every rule to be seen at work, and short enough
/// for somebody who watches.
const BAKE: &str = "20s";

/// Where everything is, inside the demo's own directory.
#[derive(Debug, Clone)]
pub struct Props {
    root: PathBuf,
    /// The image that the shop is built from. It is the demo's own, so that it can be removed with
    /// everything that was built on it, and somebody else's stays untouched.
    pub base_image: String,
}

impl Props {
    pub fn new(root: &Path, base_image: String) -> Self {
        Self {
            root: root.to_owned(),
            base_image,
        }
    }

    /// The folder of the example's scripts.
    pub fn shop(&self) -> PathBuf {
        self.root.join("examples").join("shop")
    }

    pub fn repository(&self) -> PathBuf {
        self.root.join("shop")
    }

    pub fn configuration(&self) -> PathBuf {
        self.root.join("commander.toml")
    }

    /// The data directory of the demo's Commander.
    pub fn data(&self) -> PathBuf {
        self.root.join("commander")
    }

    pub fn prometheus(&self) -> PathBuf {
        self.root.join("prometheus")
    }

    /// Where Commander tells Prometheus and the visitors what runs.
    pub fn targets(&self) -> PathBuf {
        self.prometheus().join("targets")
    }

    /// What one of the programs prints.
    pub fn log(&self, program: &str) -> PathBuf {
        self.root.join(format!("{program}.log"))
    }

    fn procedures(&self) -> PathBuf {
        self.root.join("sops")
    }

    /// Writes everything that is known before the ports are.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn unpack(&self) -> io::Result<()> {
        write_all::<Shop>(&self.shop())?;
        write_all::<Procedures>(&self.procedures())?;
        std::fs::create_dir_all(self.targets())?;
        std::fs::write(self.prometheus().join("prometheus.yml"), PROMETHEUS)
    }

    /// Writes the configuration: the example's, with places and ports of its own.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn configure(&self, listen: SocketAddr, prometheus: &str, engine: &str) -> io::Result<()> {
        let text = self.configured(listen, prometheus, engine)?;
        std::fs::write(self.configuration(), text)
    }

    fn configured(&self, listen: SocketAddr, prometheus: &str, engine: &str) -> io::Result<String> {
        let mut document: Table = CONFIGURATION.parse().map_err(io::Error::other)?;
        let path = |path: PathBuf| path.display().to_string();
        for (at, value) in [
            (&["server", "listen"][..], listen.to_string()),
            (&["store", "data_dir"], path(self.data())),
            (&["advisor", "sops"], path(self.procedures())),
            (&["docker", "host"], engine.to_owned()),
            (&["watchdog", "prometheus"], prometheus.to_owned()),
            (&["watchdog", "file_sd"], path(self.targets())),
            (&["watchdog", "bake"], BAKE.to_owned()),
            (&["services", "shop", "repository"], path(self.repository())),
            (
                &["services", "shop", "build_args", "BASE"],
                self.base_image.clone(),
            ),
        ] {
            set(&mut document, at, value)?;
        }
        Ok(document.to_string())
    }
}

/// Sets the key at the end of a path of tables, which are made where they are missing.
fn set(table: &mut Table, path: &[&str], value: String) -> io::Result<()> {
    match path {
        [] => Ok(()),
        [key] => {
            table.insert((*key).to_owned(), Value::String(value));
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = table
                .entry(*first)
                .or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => set(inner, rest, value),
                _ => Err(io::Error::other(format!("{first} is no table"))),
            }
        }
    }
}

/// Writes embedded files; a script, which begins with `#!`, may be run.
fn write_all<Files: RustEmbed>(folder: &Path) -> io::Result<()> {
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else {
            continue;
        };
        let path = folder.join(name.as_ref());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, &file.data)?;
        if file.data.starts_with(b"#!") {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn props(root: &Path) -> Props {
        Props::new(root, "commander-demo/test:local".to_owned())
    }

    #[test]
    fn the_binary_carries_the_whole_example() {
        let folder = tempfile::tempdir().unwrap();
        let props = props(folder.path());
        props.unpack().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        for script in ["make-base-image", "make-repository", "remove-base-image"] {
            let unpacked = props.shop().join(script);
            assert_eq!(
                std::fs::read(&unpacked).unwrap(),
                std::fs::read(source.join(script)).unwrap()
            );
            let mode = std::fs::metadata(&unpacked).unwrap().permissions().mode();
            assert_eq!(mode & 0o111, 0o111, "{script}");
        }
        assert!(props.shop().join("history/tags").is_file());
        assert!(props.targets().is_dir());
    }

    #[test]
    fn the_configuration_is_one_and_nothing_of_the_examples_places_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let props = props(folder.path());
        let listen = "127.0.0.1:4711".parse().unwrap();
        props.unpack().unwrap();
        let engine = "unix:///run/user/1000/docker.sock";
        props
            .configure(listen, "http://127.0.0.1:4712", engine)
            .unwrap();
        let text = std::fs::read_to_string(props.configuration()).unwrap();
        assert!(!text.contains('@'), "{text}");
        let config = Config::load(Some(&props.configuration()), Vec::new()).unwrap();
        assert_eq!(config.server.listen, listen);
        assert_eq!(config.store.directory().unwrap(), props.data());
        assert_eq!(config.docker.host.as_deref(), Some(engine));
        assert_eq!(
            config.watchdog.prometheus.as_deref(),
            Some("http://127.0.0.1:4712")
        );
        let shop = config.catalogue.services.values().next().unwrap();
        assert_eq!(shop.settings.bake_seconds, 20);
        assert_eq!(
            shop.settings.build.build_args["BASE"],
            "commander-demo/test:local"
        );
    }
}
