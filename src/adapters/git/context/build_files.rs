//! The Dockerfile and the ignore file of a build, and how they get into the context.

use std::collections::BTreeSet;

use super::ignore::Ignore;
use super::{Content, ContextError, ContextSource, Entry};
use crate::adapters::git::file::{self, RepoPath};
use crate::adapters::git::mirror::Mirror;
use crate::domain::text::printable;

/// Ignore files are read up to this size; Docker has no limit, people have.
const IGNORE_FILE: u64 = 64 * 1024;

const DOCKERFILE: u64 = 1024 * 1024;

const IGNORE_NAME: &str = ".dockerignore";

/// The Dockerfile and the ignore file, and how they get into the context.
pub struct BuildFiles {
    dockerfile: Dockerfile,
    ignore_name: String,
    ignore_text: Option<String>,
}

enum Dockerfile {
    /// By its path in the context.
    Inside(String),
    Outside {
        name: String,
        bytes: Vec<u8>,
    },
}

impl BuildFiles {
    pub fn read(
        mirror: &Mirror,
        source: &ContextSource,
        directory: &RepoPath<'_>,
    ) -> Result<Self, ContextError> {
        let path = RepoPath::parse(&source.dockerfile)?;
        let read = |path: &str, max| file::read(mirror, &source.commit, path, max);
        let found = read(&path.joined(), DOCKERFILE).map_err(|error| match error {
            file::FileError::NotFound { .. } => {
                let in_context = join(&directory.joined(), &path.joined());
                ContextError::NoDockerfile {
                    dockerfile: path.shown(),
                    commit: source.commit.clone(),
                    found: read(&in_context, DOCKERFILE)
                        .is_ok()
                        .then(|| printable(&in_context, 300)),
                }
            }
            error => error.into(),
        })?;
        let dockerfile = match path.parts.strip_prefix(directory.parts.as_slice()) {
            Some(inside) => Dockerfile::Inside(inside.join("/")),
            None => Dockerfile::Outside {
                name: format!(".dockerfile.{}", &found.blob[..12]),
                bytes: found.bytes,
            },
        };
        // `<Dockerfile>.dockerignore` beside the Dockerfile goes before `.dockerignore`.
        let own = format!("{}.dockerignore", path.joined());
        let shared = join(&directory.joined(), IGNORE_NAME);
        let (ignore_name, ignore_text) = match optional(read(&own, IGNORE_FILE))? {
            Some(text) => (own, Some(text)),
            None => (
                IGNORE_NAME.to_owned(),
                optional(read(&shared, IGNORE_FILE))?,
            ),
        };
        Ok(Self {
            dockerfile,
            ignore_name,
            ignore_text,
        })
    }

    pub fn ignore(&self) -> Result<Ignore, ContextError> {
        let text = self.ignore_text.as_deref().unwrap_or_default();
        Ok(Ignore::parse(&self.ignore_name, text)?)
    }

    /// Docker needs both to build, and takes them out of the image itself where they are ignored.
    pub fn always_sent(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::from([IGNORE_NAME.to_owned()]);
        if let Dockerfile::Inside(path) = &self.dockerfile {
            paths.insert(path.clone());
        }
        paths
    }

    pub fn dockerfile_name(&self) -> String {
        match &self.dockerfile {
            Dockerfile::Inside(path) => path.clone(),
            Dockerfile::Outside { name, .. } => name.clone(),
        }
    }

    /// A Dockerfile from outside comes with an ignore file that names it, as the `docker` command
    /// does it: so Docker takes it out again before an instruction could copy it into the image.
    pub fn made(&self) -> Vec<Entry> {
        let Dockerfile::Outside { name, bytes } = &self.dockerfile else {
            return Vec::new();
        };
        let ignored = self.ignore_text.as_deref().unwrap_or(IGNORE_NAME);
        let ignored = format!("{ignored}\n{name}\n").into_bytes();
        let entry = |path: &str, bytes| Entry {
            path: path.as_bytes().to_owned(),
            content: Content::Made(bytes),
        };
        vec![entry(name, bytes.clone()), entry(IGNORE_NAME, ignored)]
    }
}

fn optional(
    read: Result<file::CommittedFile, file::FileError>,
) -> Result<Option<String>, ContextError> {
    match read {
        Ok(file) => Ok(Some(String::from_utf8_lossy(&file.bytes).into_owned())),
        Err(file::FileError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}
