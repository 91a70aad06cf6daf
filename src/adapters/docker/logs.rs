//! The output of a container, as lines with their stream and time.

use std::cmp::Ordering;
use std::collections::VecDeque;

use bollard::container::LogOutput;
use bollard::errors::Error as ClientError;
use bollard::query_parameters::LogsOptions;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

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
    id: ContainerId,
    request: LogsRequest,
    frames: BoxStream<'static, Result<LogOutput, ClientError>>,
    joined: Frames,
    ready: VecDeque<LogLine>,
    passed: Passed,
    /// With what the lines end, behind those that are ready.
    failure: Option<EngineError>,
    reading: Reading,
}

/// An engine may close a stream that follows before it wrote a container's last line to it
/// (20.10: the more so when that line has no line break). So where such a stream ends, what is
/// there by then is read once more, and the lines that were not passed on yet are.
enum Reading {
    Follows,
    /// Holds the lines that were begun while following, for a container that is gone by now.
    ReadsAgain(Vec<LogLine>),
    Last,
    Ended,
}

/// What was passed on while following, to find what was not.
#[derive(Debug, Default)]
struct Passed {
    first: Option<Timestamp>,
    stdout: Last,
    stderr: Last,
}

/// The latest time of a stream's lines, and how many lines had it.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    at: Option<Timestamp>,
    lines: usize,
}

impl Passed {
    fn of(&mut self, stream: LogStream) -> &mut Last {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }

    fn add(&mut self, line: &LogLine) {
        self.first.get_or_insert(line.at);
        let last = self.of(line.stream);
        match last.at.map(|at| line.at.cmp(&at)) {
            Some(Ordering::Less) => {}
            Some(Ordering::Equal) => last.lines += 1,
            Some(Ordering::Greater) | None => {
                *last = Last {
                    at: Some(line.at),
                    lines: 1,
                };
            }
        }
    }

    /// Whether a line that is read again was not passed on before.
    fn is_new(&mut self, line: &LogLine) -> bool {
        let last = self.of(line.stream);
        match last.at.map(|at| line.at.cmp(&at)) {
            Some(Ordering::Less) => false,
            Some(Ordering::Equal) if last.lines > 0 => {
                last.lines -= 1;
                false
            }
            _ => true,
        }
    }

    /// What to ask for to see all lines behind those that were passed on.
    fn rest(&self, request: LogsRequest) -> LogsRequest {
        let Some(last) = self.stdout.at.max(self.stderr.at) else {
            return LogsRequest {
                end: LogEnd::Now,
                ..request
            };
        };
        LogsRequest {
            // The two streams are written side by side: a second is far more than they differ.
            since: Some(
                last.saturating_sub(SignedDuration::from_secs(1))
                    .unwrap_or(last),
            ),
            tail: LogTail::All,
            end: LogEnd::Now,
        }
    }
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
        Ok(Logs {
            docker: self.clone(),
            id: id.clone(),
            request,
            frames: self.log_frames(id, &request).await?,
            joined: Frames::default(),
            ready: VecDeque::new(),
            passed: Passed::default(),
            failure: None,
            reading: match request.end {
                LogEnd::Now => Reading::Last,
                LogEnd::ContainerStops => Reading::Follows,
            },
        })
    }

    async fn log_frames(
        &self,
        id: &ContainerId,
        request: &LogsRequest,
    ) -> Result<BoxStream<'static, Result<LogOutput, ClientError>>, EngineError> {
        let client = self.client(DOING, QUERY).await?;
        Ok(client
            .logs(id.as_str(), Some(logs_options(request)))
            .fuse()
            .boxed())
    }
}

impl Logs {
    /// The next line, or the error with which the lines end; `None` at their end. Nothing is lost
    /// when it is not awaited to its end.
    pub async fn next(&mut self) -> Option<Result<LogLine, EngineError>> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                if self.is_wanted(&line) {
                    return Some(Ok(line));
                }
            }
            if let Some(failure) = self.failure.take() {
                return Some(Err(failure));
            }
            if matches!(self.reading, Reading::Ended) {
                return None;
            }
            // The streams are fused: one that has ended says so again.
            match self.frames.next().await {
                Some(Ok(frame)) => {
                    let (stream, bytes) = divided(frame);
                    self.ready.extend(self.joined.push(stream, &bytes));
                }
                Some(Err(error)) => {
                    let reading = std::mem::replace(&mut self.reading, Reading::Ended);
                    let read_again = matches!(reading, Reading::ReadsAgain(_));
                    if let Reading::ReadsAgain(begun) = reading {
                        self.ready.extend(begun);
                    }
                    if !(read_again && is_gone(&error)) {
                        self.failure = Some(self.docker.classify(&error, DOING, QUERY));
                    }
                }
                None if matches!(self.reading, Reading::Follows) => {
                    let rest = self.passed.rest(self.request);
                    let opened = self.docker.log_frames(&self.id, &rest).await;
                    let begun = self.joined.finish();
                    match opened {
                        Ok(frames) => {
                            self.frames = frames;
                            self.reading = Reading::ReadsAgain(begun);
                        }
                        Err(error) => {
                            self.reading = Reading::Ended;
                            self.ready.extend(begun);
                            self.failure = Some(error);
                        }
                    }
                }
                None => {
                    self.ready.extend(self.joined.finish());
                    self.reading = match std::mem::replace(&mut self.reading, Reading::Ended) {
                        Reading::ReadsAgain(_) if !self.ready.is_empty() => {
                            Reading::ReadsAgain(Vec::new())
                        }
                        _ => Reading::Ended,
                    };
                }
            }
        }
    }

    fn is_wanted(&mut self, line: &LogLine) -> bool {
        // The engine counts whole seconds, so it gives lines that were seen already.
        if self.request.since.is_some_and(|since| line.at <= since) {
            return false;
        }
        if !matches!(self.reading, Reading::ReadsAgain(_)) {
            self.passed.add(line);
            return true;
        }
        // What stands before a tail was not wanted.
        let is_before =
            self.request.tail != LogTail::All && self.passed.first.is_some_and(|at| line.at < at);
        !is_before && self.passed.is_new(line)
    }
}

/// Whether a container was removed since, or is about to be.
fn is_gone(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::DockerResponseServerError {
            status_code: 404 | 409,
            ..
        }
    )
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

    fn line(stream: LogStream, at: &str) -> LogLine {
        LogLine {
            at: format!("2026-11-21T01:02:{at}Z").parse().unwrap(),
            stream,
            text: String::new(),
        }
    }

    const FOLLOWS: LogsRequest = LogsRequest {
        since: None,
        tail: LogTail::All,
        end: LogEnd::ContainerStops,
    };

    #[test]
    fn what_was_passed_on_is_not_passed_on_again() {
        let mut passed = Passed::default();
        assert_eq!(passed.rest(FOLLOWS).since, None, "no line yet");
        let out = line(LogStream::Stdout, "03.000002");
        // Two lines may have one time, and a clock may be set back.
        for line in [&out, &out, &line(LogStream::Stdout, "01")] {
            passed.add(line);
        }
        passed.add(&line(LogStream::Stderr, "03.000001"));
        let rest = passed.rest(FOLLOWS);
        assert_eq!(rest.since, Some(line(LogStream::Stdout, "02.000002").at));
        assert_eq!((rest.tail, rest.end), (LogTail::All, LogEnd::Now));

        assert!(!passed.is_new(&line(LogStream::Stdout, "02.5")));
        assert!(!passed.is_new(&line(LogStream::Stderr, "03.000001")));
        assert!(!passed.is_new(&out));
        assert!(!passed.is_new(&out));
        assert!(passed.is_new(&out), "a third line of that time");
        assert!(passed.is_new(&line(LogStream::Stdout, "03.000003")));
        assert!(passed.is_new(&line(LogStream::Stderr, "03.000002")));
    }

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
