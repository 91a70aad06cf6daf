//! What a builder says while it works, as lines, and the id of the image at its end.
//!
//! The classic builder streams fragments of lines and names the image in `aux`. BuildKit streams
//! the states of its vertices (a step begins, ends, is cached) and their output.

use std::collections::{HashMap, HashSet};

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use bollard::models::{BuildInfo, BuildInfoAux, ImageId};

use super::log_line::{Joiner, LogStream, Output};
use crate::domain::digest::Digest;
use crate::domain::text::log_line;

/// The state of one builder's output.
#[derive(Debug, Default)]
pub(super) struct BuildOutput {
    classic: Joiner,
    /// By vertex and stream.
    steps: HashMap<(String, LogStream), Joiner>,
    announced: HashSet<String>,
    image_id: Option<Digest>,
}

impl BuildOutput {
    pub fn take(&mut self, part: BuildInfo, output: &mut Output<'_>) {
        if let Some(fragment) = part.stream {
            for line in self.classic.push(fragment.as_bytes()) {
                output.now(LogStream::Stdout, line);
            }
        }
        match part.aux {
            Some(BuildInfoAux::Default(ImageId { id: Some(id) })) => {
                self.image_id = Digest::parse(&id).ok();
            }
            Some(BuildInfoAux::BuildKit(status)) => self.trace(status, output),
            Some(BuildInfoAux::Default(ImageId { id: None })) | None => {}
        }
    }

    /// Passes on the lines that were begun and not ended.
    pub fn finish(&mut self, output: &mut Output<'_>) {
        if let Some(line) = self.classic.finish() {
            output.now(LogStream::Stdout, line);
        }
        for ((_, stream), joiner) in &mut self.steps {
            if let Some(line) = joiner.finish() {
                output.now(*stream, line);
            }
        }
    }

    pub fn image_id(self) -> Option<Digest> {
        self.image_id
    }

    fn trace(&mut self, status: StatusResponse, output: &mut Output<'_>) {
        for vertex in &status.vertexes {
            self.vertex(vertex, output);
        }
        for log in status.logs {
            self.log(&log, output);
        }
    }

    /// A step is announced once, when it begins or when it turns out to be cached.
    fn vertex(&mut self, vertex: &Vertex, output: &mut Output<'_>) {
        let begins = vertex.started.is_some() || vertex.cached;
        if begins && self.announced.insert(vertex.digest.clone()) {
            let cached = if vertex.cached { "CACHED " } else { "" };
            let line = log_line(&format!("{cached}{}", vertex.name), 400);
            output.now(LogStream::Stdout, line);
        }
        if !vertex.error.is_empty() {
            output.now(LogStream::Stderr, log_line(&vertex.error, 400));
        }
    }

    fn log(&mut self, log: &VertexLog, output: &mut Output<'_>) {
        let stream = match log.stream {
            2 => LogStream::Stderr,
            _ => LogStream::Stdout,
        };
        let joiner = self.steps.entry((log.vertex.clone(), stream)).or_default();
        for line in joiner.push(&log.msg) {
            output.now(stream, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log_line::LogLine;
    use super::*;

    fn lines(parts: Vec<BuildInfo>) -> (Vec<(LogStream, String)>, Option<Digest>) {
        let mut lines = Vec::new();
        let mut sink = |line: LogLine| lines.push((line.stream, line.text));
        let mut output = Output::new(&mut sink);
        let mut built = BuildOutput::default();
        for part in parts {
            built.take(part, &mut output);
        }
        built.finish(&mut output);
        drop(output);
        (lines, built.image_id())
    }

    fn said(text: &str) -> BuildInfo {
        BuildInfo {
            stream: Some(text.to_owned()),
            ..BuildInfo::default()
        }
    }

    fn traced(status: StatusResponse) -> BuildInfo {
        BuildInfo {
            aux: Some(BuildInfoAux::BuildKit(status)),
            ..BuildInfo::default()
        }
    }

    #[test]
    fn classic_fragments_become_lines_and_the_id_is_in_aux() {
        let id = format!("sha256:{}", "a".repeat(64));
        let named = BuildInfo {
            aux: Some(BuildInfoAux::Default(ImageId {
                id: Some(id.clone()),
            })),
            ..BuildInfo::default()
        };
        let parts = vec![
            said("Step 1/1 : "),
            said("FROM x"),
            said("\n"),
            named,
            said("end"),
        ];
        let (lines, image_id) = lines(parts);
        let texts: Vec<&str> = lines.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Step 1/1 : FROM x", "end"]);
        assert_eq!(image_id.unwrap().as_str(), id);
    }

    #[test]
    fn buildkit_steps_are_announced_once_and_their_output_joined() {
        let vertex = Vertex {
            digest: "one".to_owned(),
            name: "[1/2] RUN make".to_owned(),
            cached: true,
            ..Vertex::default()
        };
        let log = |stream, msg: &[u8]| VertexLog {
            vertex: "one".to_owned(),
            stream,
            msg: msg.to_vec(),
            ..VertexLog::default()
        };
        let status = |vertexes, logs| {
            traced(StatusResponse {
                vertexes,
                logs,
                ..StatusResponse::default()
            })
        };
        let (lines, _) = lines(vec![
            status(vec![vertex.clone()], vec![log(1, b"mak")]),
            status(vec![vertex], vec![log(1, b"ing\n"), log(2, b"warning\n")]),
        ]);
        let expected = [
            (LogStream::Stdout, "CACHED [1/2] RUN make"),
            (LogStream::Stdout, "making"),
            (LogStream::Stderr, "warning"),
        ];
        assert_eq!(lines, expected.map(|(s, text)| (s, text.to_owned())));
    }
}
