//! The HTTP client: every request has a time limit, every answer a size limit, no redirect is
//! followed. What is asked for is somebody's service or a monitoring system: it may hang, refuse,
//! lie about its length or send us elsewhere, and each of these is an [`HttpError`] of its own.

mod events;

use std::io;
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

pub use events::{Event, Events, Opened, Patience};

use reqwest::redirect::Policy;
use reqwest::{Method, Url};

/// A shared client. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Client(Arc<Clients>);

/// The trust store is read only for the first `https` address: a machine without certificates can
/// still watch what is on its own loopback, and a start does not wait for it.
#[derive(Debug)]
struct Clients {
    route: Route,
    plain: reqwest::Client,
    trusting: OnceLock<reqwest::Client>,
}

/// How a request leaves the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Straight to the address: for services and what watches them.
    Direct,
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say: for the world outside.
    Proxied,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of the connection to the last of the body.
    pub timeout: Duration,
    pub max_body_bytes: usize,
}

/// A request with everything that goes with it.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub verb: Verb,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON.
    pub body: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

/// An answer of any status, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Where a redirect points to.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// What it was is not repeated: it may hold a password or a token.
    #[error("the address is not one of http or https: it looks like http://127.0.0.1:9090")]
    InvalidAddress,
    #[error("the connection was refused: is the server running?")]
    Refused,
    #[error("there was no answer within {0:?}")]
    Timeout(Duration),
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the answer broke off: {0}")]
    Interrupted(String),
    #[error("the address cannot be reached: {0}")]
    Unreachable(String),
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl Client {
    /// # Errors
    ///
    /// When the TLS library refuses its own settings.
    pub fn new(route: Route) -> Result<Self, HttpError> {
        install_crypto();
        // No trust store: an address with `https` never goes through this one.
        let plain = builder(route)
            .tls_certs_only([])
            .build()
            .map_err(client_error)?;
        Ok(Self(Arc::new(Clients {
            route,
            plain,
            trusting: OnceLock::new(),
        })))
    }

    /// # Errors
    ///
    /// When there is no complete answer within the limits; a status of 4xx or 5xx is an answer.
    pub async fn get(
        &self,
        url: &str,
        query: &[(&str, &str)],
        limits: Limits,
    ) -> Result<Answer, HttpError> {
        let url = parse(url)?;
        let request = self.client(&url)?.request(Method::GET, url).query(query);
        within(limits.timeout, read(request, limits.max_body_bytes)).await
    }

    /// The status of a GET. The body is not waited for: it may be a long page.
    ///
    /// # Errors
    ///
    /// When no status comes within the time.
    pub async fn status(&self, url: &str, timeout: Duration) -> Result<u16, HttpError> {
        let url = parse(url)?;
        let request = self.client(&url)?.request(Method::GET, url);
        status(request, timeout).await
    }

    /// Posts a body of JSON, for the status of the answer.
    ///
    /// # Errors
    ///
    /// As for [`Client::status`].
    pub async fn post_json(
        &self,
        url: &str,
        body: String,
        timeout: Duration,
    ) -> Result<u16, HttpError> {
        let url = parse(url)?;
        let request = self
            .client(&url)?
            .request(Method::POST, url)
            .header("content-type", "application/json")
            .body(body);
        status(request, timeout).await
    }

    /// Sends a request as it is given.
    ///
    /// # Errors
    ///
    /// As for [`Client::get`].
    pub async fn send(&self, request: Request<'_>, limits: Limits) -> Result<Answer, HttpError> {
        let request = self.prepare(request)?;
        within(limits.timeout, read(request, limits.max_body_bytes)).await
    }

    /// Opens a stream of server-sent events.
    ///
    /// # Errors
    ///
    /// When there is no answer in time; one that is no stream comes as [`Opened::Answer`].
    pub async fn events(
        &self,
        request: Request<'_>,
        patience: Patience,
    ) -> Result<Opened, HttpError> {
        let request = self.prepare(request)?.header("accept", events::MEDIA_TYPE);
        events::open(request, patience).await
    }

    fn prepare(&self, request: Request<'_>) -> Result<reqwest::RequestBuilder, HttpError> {
        let url = parse(request.url)?;
        let method = match request.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        let mut prepared = self.client(&url)?.request(method, url);
        for (name, value) in request.headers {
            prepared = prepared.header(*name, *value);
        }
        Ok(match request.body {
            Some(body) => prepared
                .header("content-type", "application/json")
                .body(body),
            None => prepared,
        })
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        if url.scheme() != "https" {
            return Ok(&self.0.plain);
        }
        if let Some(client) = self.0.trusting.get() {
            return Ok(client);
        }
        let client = builder(self.0.route).build().map_err(client_error)?;
        Ok(self.0.trusting.get_or_init(|| client))
    }
}

/// Scheme, host and port of an address: what may be shown of it, because user, path and query can
/// hold a secret.
///
/// # Errors
///
/// When the text is no `http` or `https` address.
pub fn origin(url: &str) -> Result<String, HttpError> {
    Ok(parse(url)?.origin().ascii_serialization())
}

/// No connection is kept: an evaluation comes every some seconds, and a probe is to show that the
/// service accepts connections now.
fn builder(route: Route) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("devops-commander/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .pool_max_idle_per_host(0);
    match route {
        Route::Direct => builder.no_proxy(),
        Route::Proxied => builder,
    }
}

/// reqwest is built without a crypto provider of its own and panics where none is installed.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that somebody installed one before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn parse(url: &str) -> Result<Url, HttpError> {
    Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(HttpError::InvalidAddress)
}

async fn within<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    tokio::time::timeout(timeout, answer)
        .await
        .unwrap_or(Err(HttpError::Timeout(timeout)))
}

async fn status(request: reqwest::RequestBuilder, timeout: Duration) -> Result<u16, HttpError> {
    let response = async { request.send().await.map_err(send_error) };
    Ok(within(timeout, response).await?.status().as_u16())
}

async fn read(request: reqwest::RequestBuilder, max: usize) -> Result<Answer, HttpError> {
    read_to_end(request.send().await.map_err(send_error)?, max).await
}

async fn read_to_end(mut response: reqwest::Response, max: usize) -> Result<Answer, HttpError> {
    let location = response.headers().get("location");
    let location = location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(body_error)? {
        if body.len() + chunk.len() > max {
            return Err(HttpError::TooLarge(max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        location,
        body,
    })
}

fn send_error(error: reqwest::Error) -> HttpError {
    if error.is_builder() {
        return client_error(error);
    }
    let refused = sources(&error)
        .filter_map(|source| source.downcast_ref::<io::Error>())
        .any(|source| source.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        HttpError::Refused
    } else if error.is_connect() {
        HttpError::Unreachable(innermost(&error))
    } else {
        HttpError::Interrupted(innermost(&error))
    }
}

fn body_error(error: reqwest::Error) -> HttpError {
    HttpError::Interrupted(innermost(&error))
}

fn client_error(error: reqwest::Error) -> HttpError {
    HttpError::Client(innermost(&error))
}

/// The cause at the bottom, which is the one that says what to do; it holds no address.
fn innermost(error: &reqwest::Error) -> String {
    sources(error)
        .last()
        .map_or_else(|| "unknown cause".to_owned(), ToString::to_string)
}

fn sources<'a>(
    error: &'a reqwest::Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |source| source.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        assert_eq!(
            origin("https://user:secret@hooks.example:8443/services/T0/B0?token=x").unwrap(),
            "https://hooks.example:8443"
        );
        let refused = origin("ftp://user:secret@example/")
            .unwrap_err()
            .to_string();
        assert!(!refused.contains("secret"), "{refused}");
        assert!(origin("127.0.0.1:9090").is_err());
    }

    #[tokio::test]
    async fn a_closed_port_is_refused_and_a_name_that_is_none_cannot_be_reached() {
        let limits = Limits {
            timeout: Duration::from_secs(5),
            max_body_bytes: 10,
        };
        let client = Client::new(Route::Direct).unwrap();
        // Port 1 on loopback: nothing listens there.
        let closed = client.get("http://127.0.0.1:1/", &[], limits).await;
        assert_eq!(closed, Err(HttpError::Refused));
        let nowhere = client.get("http://nowhere.invalid/", &[], limits).await;
        assert!(
            matches!(nowhere, Err(HttpError::Unreachable(_))),
            "{nowhere:?}"
        );
    }
}
