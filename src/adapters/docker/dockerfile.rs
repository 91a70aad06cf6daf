//! What a Dockerfile says before anything is built: which images it stands on, which ports it
//! exposes, and which of its lines the classic builder cannot carry out.
//!
//! The text is read into instructions (`dockerfile_lines`), then walked once from top to bottom
//! with the variables that hold at each line, as the builder does. Nothing is looked up outside.

use std::collections::BTreeMap;

use super::dockerfile_lines::{Instruction, instructions};
use super::error::message;
use super::identifiers::ImageReference;

/// More instructions than any Dockerfile written by people has; beyond it, walking one that was
/// made to be walked slowly would cost time and memory.
const MAX_INSTRUCTIONS: usize = 1000;

/// Characters of a variable's value that are kept: `ENV A=$A$A` must not double for ever.
const MAX_VALUE: usize = 512;

/// Ports of one stage that are kept.
const MAX_PORTS: usize = 100;

/// What a walk over a Dockerfile found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    base_images: Vec<ImageReference>,
    exposed_ports: Vec<u16>,
    needs_buildkit: Vec<NeedsBuildkit>,
}

/// A line that only BuildKit understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsBuildkit {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
    pub why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Line {line} of the Dockerfile: {message}")]
pub struct DockerfileError {
    pub line: usize,
    pub message: String,
}

impl Dockerfile {
    /// # Errors
    ///
    /// When it has no `FROM`, or one whose image cannot be told; all other mistakes are the
    /// builder's to find.
    pub fn parse(
        text: &str,
        build_args: &BTreeMap<String, String>,
    ) -> Result<Self, DockerfileError> {
        let file = instructions(text);
        if let Some(beyond) = file.instructions.get(MAX_INSTRUCTIONS) {
            return Err(DockerfileError {
                line: beyond.line,
                message: format!("more than {MAX_INSTRUCTIONS} instructions: split it"),
            });
        }
        let mut walk = Walk::new(build_args);
        if let Some((line, text)) = file.syntax {
            let why = "a `# syntax=` line asks for a frontend that only BuildKit loads";
            walk.need(line, &text, why);
        }
        for instruction in &file.instructions {
            walk.step(instruction)?;
        }
        walk.finish()
    }

    /// The images it stands on, in the order of their lines, each once: those of `FROM` and of
    /// `--from=`, without `scratch` and without its own stages.
    pub fn base_images(&self) -> &[ImageReference] {
        &self.base_images
    }

    /// The TCP ports that the last stage exposes; those of its base image are not seen here.
    pub fn exposed_ports(&self) -> &[u16] {
        &self.exposed_ports
    }

    /// The lines for which the classic builder is not enough.
    pub fn needs_buildkit(&self) -> &[NeedsBuildkit] {
        &self.needs_buildkit
    }
}

/// The variables that BuildKit sets by itself, with the values they have here: it builds for the
/// machine it runs on. The classic builder leaves them empty.
fn platform_args() -> BTreeMap<String, String> {
    let arch = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let mut args = BTreeMap::new();
    for side in ["TARGET", "BUILD"] {
        args.insert(format!("{side}OS"), "linux".to_owned());
        args.insert(format!("{side}ARCH"), arch.to_owned());
        args.insert(format!("{side}PLATFORM"), format!("linux/{arch}"));
    }
    args
}

struct Walk<'a> {
    build_args: &'a BTreeMap<String, String>,
    platform: BTreeMap<String, String>,
    /// `ARG`s before the first `FROM`: they hold in `FROM` lines.
    global: BTreeMap<String, String>,
    stages: Vec<Stage>,
    base_images: Vec<ImageReference>,
    needs_buildkit: Vec<NeedsBuildkit>,
}

#[derive(Default, Clone)]
struct Stage {
    name: String,
    variables: BTreeMap<String, String>,
    ports: Vec<u16>,
}

impl<'a> Walk<'a> {
    fn new(build_args: &'a BTreeMap<String, String>) -> Self {
        let platform = platform_args();
        Self {
            build_args,
            global: platform.clone(),
            platform,
            stages: Vec::new(),
            base_images: Vec::new(),
            needs_buildkit: Vec::new(),
        }
    }

    fn step(&mut self, instruction: &Instruction) -> Result<(), DockerfileError> {
        self.scan(instruction);
        match instruction.name.as_str() {
            "FROM" => self.from(instruction)?,
            "ARG" => self.arg(instruction),
            "ENV" => self.env(instruction),
            "EXPOSE" => self.expose(instruction),
            "COPY" | "ADD" | "RUN" => self.copied_from(instruction)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Dockerfile, DockerfileError> {
        let Some(last) = self.stages.into_iter().last() else {
            return Err(DockerfileError {
                line: 1,
                message: "there is no FROM instruction, so nothing can be built from it".to_owned(),
            });
        };
        Ok(Dockerfile {
            base_images: self.base_images,
            exposed_ports: last.ports,
            needs_buildkit: self.needs_buildkit,
        })
    }

    fn from(&mut self, instruction: &Instruction) -> Result<(), DockerfileError> {
        let arguments = instruction.arguments();
        let given = arguments.first().copied().unwrap_or_default();
        let image = expand(given, &self.global);
        let name = match arguments.get(1..3) {
            Some([word, name]) if word.eq_ignore_ascii_case("as") => name.to_lowercase(),
            _ => String::new(),
        };
        let parent = self.stage(&image).cloned();
        if parent.is_none() && image != "scratch" {
            self.stand_on(instruction.line, given, &image)?;
        }
        self.stages.push(Stage {
            name,
            ..parent.unwrap_or_default()
        });
        Ok(())
    }

    fn stage(&self, name: &str) -> Option<&Stage> {
        let name = name.to_lowercase();
        self.stages
            .iter()
            .rev()
            .find(|stage| !name.is_empty() && stage.name == name)
    }

    fn stand_on(&mut self, line: usize, given: &str, image: &str) -> Result<(), DockerfileError> {
        let reference = ImageReference::parse(image).map_err(|error| DockerfileError {
            line,
            message: if image == given {
                error.to_string()
            } else {
                message(&format!(
                    "{given} becomes \"{image}\" with the build arguments that are known; {error}"
                ))
            },
        })?;
        if !self.base_images.contains(&reference) {
            self.base_images.push(reference);
        }
        Ok(())
    }

    /// `ARG NAME`, `ARG NAME=default`, several of them; a build argument wins over a default.
    fn arg(&mut self, instruction: &Instruction) {
        for word in instruction.arguments() {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word, None),
            };
            let value = match (self.build_args.get(name), default) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => Some(expand(unquoted(default), self.variables())),
                (None, None) => self.global.get(name).cloned(),
            };
            if let Some(value) = value {
                self.variables_mut().insert(name.to_owned(), value);
            }
        }
    }

    /// `ENV NAME=value ...` and the old `ENV NAME value`.
    fn env(&mut self, instruction: &Instruction) {
        let arguments = instruction.arguments();
        let pairs: Vec<(&str, &str)> = match arguments.as_slice() {
            [name, value] if !name.contains('=') => vec![(name, value)],
            words => words.iter().filter_map(|w| w.split_once('=')).collect(),
        };
        for (name, value) in pairs {
            let value = expand(unquoted(value), self.variables());
            self.variables_mut().insert(name.to_owned(), value);
        }
    }

    /// `EXPOSE 80 443/tcp 53/udp 8000-8002 $PORT`: the TCP ones.
    fn expose(&mut self, instruction: &Instruction) {
        for word in instruction.arguments() {
            let expanded = expand(unquoted(word), self.variables());
            let (range, protocol) = expanded.split_once('/').unwrap_or((&expanded, "tcp"));
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
                continue;
            };
            let Some(stage) = self.stages.last_mut() else {
                continue;
            };
            if protocol.eq_ignore_ascii_case("tcp") {
                for port in first..=last {
                    if !stage.ports.contains(&port) && stage.ports.len() < MAX_PORTS {
                        stage.ports.push(port);
                    }
                }
            }
        }
    }

    /// `COPY --from=image` and `RUN --mount=...,from=image` stand on an image too.
    fn copied_from(&mut self, instruction: &Instruction) -> Result<(), DockerfileError> {
        for flag in instruction.flags() {
            let source = match flag.split_once('=') {
                Some(("--from", source)) => Some(source),
                Some(("--mount", options)) => {
                    options.split(',').find_map(|o| o.strip_prefix("from="))
                }
                _ => None,
            };
            let Some(given) = source else { continue };
            let image = expand(given, self.variables());
            let is_stage = self.stage(&image).is_some() || image.parse::<usize>().is_ok();
            if !is_stage && image != "scratch" {
                self.stand_on(instruction.line, given, &image)?;
            }
        }
        Ok(())
    }

    fn scan(&mut self, instruction: &Instruction) {
        for why in reasons(instruction, &self.platform) {
            self.need(instruction.line, &instruction.text, why);
        }
    }

    fn need(&mut self, line: usize, text: &str, why: &'static str) {
        self.needs_buildkit.push(NeedsBuildkit {
            line,
            text: crate::domain::text::printable(text, 200),
            why,
        });
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        self.stages
            .last()
            .map_or(&self.global, |stage| &stage.variables)
    }

    fn variables_mut(&mut self) -> &mut BTreeMap<String, String> {
        match self.stages.last_mut() {
            Some(stage) => &mut stage.variables,
            None => &mut self.global,
        }
    }
}

/// Why an instruction is more than the classic builder of engine 20.10 can do.
fn reasons(instruction: &Instruction, platform: &BTreeMap<String, String>) -> Vec<&'static str> {
    let mut why = Vec::new();
    if instruction.has_heredoc {
        why.push("a heredoc is understood by BuildKit alone, from engine 23 on");
    }
    for flag in instruction.flags() {
        let name = flag.split_once('=').map_or(flag, |(name, _)| name);
        let reason = match (instruction.name.as_str(), name) {
            ("RUN", "--mount") => "mounts of a RUN need BuildKit",
            ("RUN", "--network" | "--security" | "--device") => "this option of RUN needs BuildKit",
            ("COPY" | "ADD", "--link") => "linked layers need BuildKit",
            ("COPY" | "ADD", "--chmod") => "setting modes while copying needs BuildKit",
            ("COPY" | "ADD", "--parents" | "--exclude" | "--checksum" | "--keep-git-dir") => {
                "this option of copying needs BuildKit"
            }
            ("FROM", "--platform") if flag.contains('$') => {
                "a platform from a variable needs BuildKit, which sets it"
            }
            _ => continue,
        };
        why.push(reason);
    }
    let declares = |name: &&str| instruction.name == "ARG" && platform.contains_key(*name);
    if instruction.arguments().iter().any(declares) {
        why.push("BuildKit sets this variable, the classic builder leaves it empty");
    }
    why
}

fn unquoted(word: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = word.strip_prefix(quote).and_then(|w| w.strip_suffix(quote)) {
            return inner;
        }
    }
    word
}

/// Puts variables in: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+alternative}`. An unknown
/// one is empty, as in the builder.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (value, used) = variable(after, variables);
        if out.len() < MAX_VALUE {
            out.push_str(&value);
        }
        rest = &after[used..];
    }
    out.push_str(rest);
    out.chars().take(MAX_VALUE).collect()
}

/// The value of the variable that `text` begins with, and how many bytes name it.
fn variable(text: &str, variables: &BTreeMap<String, String>) -> (String, usize) {
    let known = |name: &str| variables.get(name).filter(|v| !v.is_empty());
    if let Some(inner) = text.strip_prefix('{') {
        let Some(end) = inner.find('}') else {
            return ("$".to_owned(), 0);
        };
        let inside = &inner[..end];
        let name = &inside[..name_length(inside)];
        let value = match inside[name.len()..].split_at_checked(2) {
            Some((":-", default)) => known(name).map_or(default, String::as_str),
            Some((":+", alternative)) => known(name).map_or("", |_| alternative),
            _ => known(name).map_or("", String::as_str),
        };
        return (value.to_owned(), end + 2);
    }
    match name_length(text) {
        0 => ("$".to_owned(), 0),
        used => (known(&text[..used]).cloned().unwrap_or_default(), used),
    }
}

fn name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .count()
}

#[cfg(test)]
mod tests;
