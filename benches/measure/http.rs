//! A keep-alive HTTP/1.1 connection to a server on this machine, as thin as it can be, so that the
//! load generator takes as little as possible of the cores that the server is measured on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::Result;

/// Longer than any answer may take here.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    token: String,
}

pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Response {
    /// The body as JSON of a successful answer.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            let body = String::from_utf8_lossy(&self.body);
            return Err(format!("the server answered {}: {body}", self.status).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    /// # Errors
    ///
    /// Refuses addresses that are not of this machine: a load generator must not leave it.
    pub fn open(address: SocketAddr, token: &str) -> Result<Self> {
        if !address.ip().is_loopback() {
            return Err(format!("{address} is not on this machine").into());
        }
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
            token: token.to_owned(),
        })
    }

    pub fn get(&mut self, path: &str) -> Result<Response> {
        self.request("GET", path, "")
    }

    pub fn post(&mut self, path: &str, body: &str) -> Result<Response> {
        self.request("POST", path, body)
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Result<Response> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len(),
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.response()
    }

    fn response(&mut self) -> Result<Response> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| format!("\"{}\" is no HTTP answer", line.trim()))?;
        let mut length = None;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server closed the connection inside an answer".into());
            }
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; length.ok_or("the answer has no Content-Length")?];
        self.stream.read_exact(&mut body)?;
        Ok(Response { status, body })
    }
}
