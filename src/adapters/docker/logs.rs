//! The output of a container, as lines with their stream and time.

use std::collections::VecDeque;

use bollard::container::LogOutput;
use bollard::errors::Error as ClientError;
use bollard::query_parameters::LogsOptions;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::container::ContainerError;
use super::engine::{Docker, QUERY};
use super::error::EngineError;
use super::identifiers::ContainerId;
use super::log_line::{Frames, LogLine, LogStream};

const DOING: &str = "read the output of a container";

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogsRequest {
    /// Only lines after this moment: the time of the last line that was seen, to resume.
    pub since: Option<Timestamp>,
    pub tail: LogTail,
    pub end: LogEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTail {
    All,
    Last(u32),
}

/// Where the lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEnd {
    /// With what is there.
    Now,
    /// When the container stops.
    ContainerStops,
}

/// The lines of one container, as they come.
pub struct Logs {
    docker: Docker,
    frames: BoxStream<'static, Result<LogOutput, ClientError>>,
    joined: Frames,
    ready: VecDeque<LogLine>,
    since: Option<Timestamp>,
    has_ended: bool,
}

impl Docker {
    /// Opens the output of one of our containers.
    ///
    /// # Errors
    ///
    /// [`ContainerError::Missing`], [`ContainerError::NotOurs`].
    pub async fn logs(
        &self,
        id: &ContainerId,
        request: LogsRequest,
    ) -> Result<Logs, ContainerError> {
        self.inspect(id).await?;
        Ok(self.open_logs(id, request).await?)
    }

    pub(super) async fn open_logs(
        &self,
        id: &ContainerId,
        request: LogsRequest,
    ) -> Result<Logs, EngineError> {
        let client = self.client(DOING, QUERY).await?;
        let options = logs_options(&request);
        Ok(Logs {
            docker: self.clone(),
            frames: client.logs(id.as_str(), Some(options)).boxed(),
            joined: Frames::default(),
            ready: VecDeque::new(),
            since: request.since,
            has_ended: false,
        })
    }
}

impl Logs {
    /// The next line, or the error with which the lines end; `None` at their end. Nothing is lost
    /// when it is not awaited to its end.
    pub async fn next(&mut self) -> Option<Result<LogLine, EngineError>> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                // The engine counts whole seconds, so it gives lines that were seen already.
                if self.since.is_none_or(|since| line.at > since) {
                    return Some(Ok(line));
                }
            }
            if self.has_ended {
                return None;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => {
                    let (stream, bytes) = divided(frame);
                    self.ready.extend(self.joined.push(stream, &bytes));
                }
                Some(Err(error)) => {
                    self.has_ended = true;
                    return Some(Err(self.docker.classify(&error, DOING, QUERY)));
                }
                None => {
                    self.has_ended = true;
                    self.ready.extend(self.joined.finish());
                }
            }
        }
    }
}

fn divided(frame: LogOutput) -> (LogStream, Bytes) {
    match frame {
        LogOutput::StdErr { message } => (LogStream::Stderr, message),
        LogOutput::StdOut { message }
        | LogOutput::StdIn { message }
        | LogOutput::Console { message } => (LogStream::Stdout, message),
    }
}

fn logs_options(request: &LogsRequest) -> LogsOptions {
    let since = request.since.map(|since| since.as_second());
    LogsOptions {
        follow: request.end == LogEnd::ContainerStops,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: since
            .and_then(|s| i32::try_from(s).ok())
            .unwrap_or_default(),
        tail: match request.tail {
            LogTail::All => "all".to_owned(),
            LogTail::Last(lines) => lines.to_string(),
        },
        ..LogsOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_asked_for_with_their_times() {
        let request = LogsRequest {
            since: Some("2026-11-21T01:02:03.9Z".parse().unwrap()),
            tail: LogTail::Last(20),
            end: LogEnd::ContainerStops,
        };
        let expected = LogsOptions {
            follow: true,
            stdout: true,
            stderr: true,
            timestamps: true,
            since: 1_795_222_923,
            until: 0,
            tail: "20".to_owned(),
        };
        assert_eq!(logs_options(&request), expected);
    }
}
