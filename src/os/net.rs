//! What the operating system knows about ports.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Where services listen: above the well-known ports, and below those that Linux gives to outgoing
/// connections unless told otherwise. In a switch nobody listens for a moment, and a connection
/// that took the port just then would keep the release from starting, and the one before it from
/// coming back.
const FOR_SERVICES: Range<u16> = 20_000..32_768;

/// How many ports are tried before the operating system is asked for any.
const TRIES: u32 = 64;

/// A port on 127.0.0.1 that nobody listens on at this moment.
///
/// # Errors
///
/// When the operating system has none to give.
pub fn free_loopback_port() -> std::io::Result<u16> {
    for _ in 0..TRIES {
        let port = random_port()?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn random_port() -> std::io::Result<u16> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let width = u32::from(FOR_SERVICES.end - FOR_SERVICES.start);
    // Smaller than the width, and the width is smaller than 2^16.
    let offset = (u32::from_ne_bytes(bytes) % width) as u16;
    Ok(FOR_SERVICES.start + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_and_not_one_of_outgoing_connections() {
        let port = free_loopback_port().unwrap();
        assert!(FOR_SERVICES.contains(&port), "{port}");
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
