//! The output of a container, as lines with their stream and time.

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

/// Until when lines were passed on. Within a stream the times only rise; from one to the other
/// they need not.
#[derive(Debug, Default)]
struct Passed {
    first: Option<Timestamp>,
    stdout: Option<Timestamp>,
    stderr: Option<Timestamp>,
}

impl Passed {
    fn until(since: Option<Timestamp>) -> Self {
        Self {
            first: None,
            stdout: since,
            stderr: since,
        }
    }

    /// Whether this line is new; it counts as passed on from now.
    fn is_new(&mut self, line: &LogLine) -> bool {
        let last = match line.stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        if last.is_some_and(|last| line.at <= last) {
            return false;
        }
        *last = Some(line.at);
        self.first.get_or_insert(line.at);
        true
    }

    /// What to ask for to see all lines behind those that were passed on.
    fn rest(&mut self, request: LogsRequest) -> LogsRequest {
        let Some(last) = self.stdout.max(self.stderr) else {
            return LogsRequest {
                end: LogEnd::Now,
                ..request
            };
        };
        if request.tail != LogTail::All {
            // What stands before the tail was not wanted.
            self.stdout = self.stdout.or(self.first);
            self.stderr = self.stderr.or(self.first);
        }
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
            passed: Passed::until(request.since),
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
            .boxed())
    }
}

impl Logs {
    /// The next line, or the error with which the lines end; `None` at their end. Nothing is lost
    /// when it is not awaited to its end.
    pub async fn next(&mut self) -> Option<Result<LogLine, EngineError>> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                // The engine counts whole seconds, so it gives lines that were seen already.
                if self.passed.is_new(&line) {
                    return Some(Ok(line));
                }
            }
            if matches!(self.reading, Reading::Ended) {
                return None;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => {
                    let (stream, bytes) = divided(frame);
                    self.ready.extend(self.joined.push(stream, &bytes));
                }
                Some(Err(error)) => match std::mem::replace(&mut self.reading, Reading::Ended) {
                    Reading::ReadsAgain(begun) if is_gone(&error) => self.ready.extend(begun),
                    _ => return Some(Err(self.docker.classify(&error, DOING, QUERY))),
                },
                None if matches!(self.reading, Reading::Follows) => {
                    let rest = self.passed.rest(self.request);
                    match self.docker.log_frames(&self.id, &rest).await {
                        Ok(frames) => {
                            self.frames = frames;
                            self.reading = Reading::ReadsAgain(self.joined.finish());
                        }
                        Err(error) => {
                            self.reading = Reading::Ended;
                            return Some(Err(error));
                        }
                    }
                }
                None => {
                    self.reading = Reading::Ended;
                    self.ready.extend(self.joined.finish());
                }
            }
        }
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
        let mut passed = Passed::until(None);
        let out = line(LogStream::Stdout, "03.000002");
        assert!(passed.is_new(&out));
        assert!(!passed.is_new(&out));
        // The other stream may come later with an earlier time.
        assert!(passed.is_new(&line(LogStream::Stderr, "03.000001")));
        let rest = passed.rest(FOLLOWS);
        assert_eq!(rest.since, Some(line(LogStream::Stdout, "02.000002").at));
        assert_eq!((rest.tail, rest.end), (LogTail::All, LogEnd::Now));
        assert!(passed.is_new(&line(LogStream::Stdout, "03.000003")));
    }

    #[test]
    fn what_stands_before_a_tail_is_not_passed_on() {
        let wanted = LogsRequest {
            tail: LogTail::Last(1),
            ..FOLLOWS
        };
        let mut passed = Passed::until(None);
        assert_eq!(passed.rest(wanted).tail, LogTail::Last(1), "no line yet");
        assert!(passed.is_new(&line(LogStream::Stdout, "03.5")));
        assert_eq!(passed.rest(wanted).tail, LogTail::All);
        assert!(!passed.is_new(&line(LogStream::Stderr, "03.4")));
        assert!(passed.is_new(&line(LogStream::Stderr, "03.6")));
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
