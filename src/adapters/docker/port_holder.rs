//! Who holds a port that a container wants: another container, or a process of this machine.
//!
//! The engine only says that the port is taken. Its own list tells which container publishes it;
//! else the kernel's socket tables tell which socket listens, and the open files of the processes
//! that may be looked at tell whose socket it is.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use bollard::models::ContainerSummary;

use super::container_state::Published;
use crate::domain::text::printable;

/// Who holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortHolder {
    Container { name: String, image: String },
    Process { pid: u32, name: String },
    Unknown,
}

impl std::fmt::Display for PortHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container { name, image } => write!(f, "container {name} (image {image})"),
            Self::Process { pid, name } => write!(f, "process {pid} ({name})"),
            Self::Unknown => f.write_str("a process that cannot be seen from here"),
        }
    }
}

/// Whether the engine's words on a failed start say that a port is taken.
pub(super) fn says_port_taken(message: &str) -> bool {
    [
        "port is already allocated",
        "address already in use",
        "ports are not available",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// Which of the wanted ports the engine means: the one whose number it names, else the first.
pub(super) fn meant(message: &str, wanted: &[Published]) -> Option<Published> {
    let is_named = |port: &&Published| {
        let number = format!(":{}", port.host_port);
        message.match_indices(&number).any(|(at, _)| {
            let next = message[at + number.len()..].bytes().next();
            !next.is_some_and(|b| b.is_ascii_digit())
        })
    };
    wanted.iter().find(is_named).or(wanted.first()).copied()
}

/// The container among these that publishes the port.
pub(super) fn holding_container(
    running: &[ContainerSummary],
    wanted: &Published,
) -> Option<PortHolder> {
    let holder = running.iter().find(|container| {
        container.ports.iter().flatten().any(|port| {
            let address = port.ip.as_deref().and_then(|ip| ip.parse().ok());
            port.public_port == Some(wanted.host_port)
                && address.is_none_or(|address| overlap(address, wanted.address))
        })
    })?;
    let name = holder.names.iter().flatten().next();
    let name = name.map_or("", |name| name.trim_start_matches('/'));
    Some(PortHolder::Container {
        name: printable(name, 200),
        image: printable(holder.image.as_deref().unwrap_or_default(), 200),
    })
}

/// The process of this machine that listens on the port; blocks for as long as reading `/proc`
/// takes.
pub(super) fn holding_process(wanted: &Published) -> Option<PortHolder> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, wanted))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        has_open(&entry.path(), &sockets).then(|| PortHolder::Process {
            pid,
            name: printable(
                fs::read_to_string(entry.path().join("comm"))
                    .unwrap_or_default()
                    .trim_end(),
                100,
            ),
        })
    })
}

fn has_open(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| {
            sockets
                .iter()
                .any(|socket| target.as_os_str() == socket.as_str())
        })
}

/// The inodes of the listening sockets that keep the port from being bound, from the text of
/// `/proc/net/tcp` or `tcp6` (proc_pid_net(5)): `sl local_address rem_address st ... inode`.
fn listening(table: &str, wanted: &Published) -> Vec<u64> {
    const LISTEN: &str = "0A";
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (address, port) = fields.get(1)?.split_once(':')?;
            let holds = *fields.get(3)? == LISTEN
                && u16::from_str_radix(port, 16).ok()? == wanted.host_port
                && overlap(kernel_address(address)?, wanted.address);
            holds.then(|| fields.get(9)?.parse().ok()).flatten()
        })
        .collect()
}

/// The kernel writes an address as 32-bit words in the machine's byte order.
fn kernel_address(text: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = text
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
            Some(word.to_ne_bytes())
        })
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [word] => Some(IpAddr::V4(Ipv4Addr::from(*word))),
        [_, _, _, _] => {
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

/// Whether a socket on one address keeps another from being bound: a wildcard overlaps all of its
/// family, and IPv6's overlaps IPv4 too (it is dual unless asked otherwise).
fn overlap(held: IpAddr, wanted: IpAddr) -> bool {
    let (held, wanted) = (held.to_canonical(), wanted.to_canonical());
    held == wanted
        || (held.is_unspecified() && (held.is_ipv6() || wanted.is_ipv4()))
        || (wanted.is_unspecified() && (wanted.is_ipv6() || held.is_ipv4()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(address: &str, host_port: u16) -> Published {
        Published {
            container_port: 80,
            address: address.parse().unwrap(),
            host_port,
        }
    }

    #[test]
    fn the_engines_words_for_a_taken_port() {
        let by_container = "driver failed programming external connectivity on endpoint shop (e1): Bind for 127.0.0.1:18080 failed: port is already allocated";
        let by_process = "driver failed programming external connectivity on endpoint shop (e1): Error starting userland proxy: listen tcp4 127.0.0.1:1808: bind: address already in use";
        assert!(says_port_taken(by_container) && says_port_taken(by_process));
        assert!(!says_port_taken(
            "exec: \"serve\": executable file not found in $PATH"
        ));
        let ports = [wanted("127.0.0.1", 1808), wanted("127.0.0.1", 18080)];
        assert_eq!(meant(by_container, &ports), Some(ports[1]));
        assert_eq!(meant(by_process, &ports), Some(ports[0]));
        assert_eq!(meant("port is already allocated", &ports), Some(ports[0]));
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_tables_are_read() {
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:46A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1 0 100 0 0 10 0
   1: 00000000:46A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5678 1 0 100 0 0 10 0
   2: 0100007F:46A0 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 9999 1 0 100 0 0 10 0
   3: broken";
        assert_eq!(listening(tcp, &wanted("127.0.0.1", 18080)), [1234, 5678]);
        assert_eq!(listening(tcp, &wanted("10.0.0.1", 18080)), [5678]);
        assert_eq!(listening(tcp, &wanted("127.0.0.1", 18081)), [0u64; 0]);
        let tcp6 = "header
   0: 00000000000000000000000000000000:46A0 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 42 1";
        assert_eq!(listening(tcp6, &wanted("127.0.0.1", 18080)), [42]);
    }

    #[test]
    fn a_listener_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Some(PortHolder::Process { pid, .. }) = holding_process(&wanted("127.0.0.1", port))
        else {
            panic!("the listener was not found");
        };
        assert_eq!(pid, std::process::id());
        drop(listener);
        assert_eq!(holding_process(&wanted("127.0.0.1", port)), None);
    }
}
