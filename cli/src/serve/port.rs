//! Who holds a port: asked of the kernel where it tells, so that a taken port is explained and not just refused.

/// The transport of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTP.
    Tcp,
    /// QUIC.
    Udp,
}

impl Transport {
    /// As people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        }
    }
}

/// The process that holds a port, such as `nginx (process 812)`; `None` where that cannot be known.
#[cfg(target_os = "linux")]
pub(crate) fn holder(transport: Transport, port: u16) -> Option<String> {
    let files = match transport {
        Transport::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Transport::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let tables = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    let inode = tables.filter_map(|table| inode_of(&table, transport, port)).next()?;
    let pid = process_with(&format!("socket:[{inode}]"))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (process {pid})", name.trim()))
}

/// Other systems have other ways; the message then names the port alone.
#[cfg(not(target_os = "linux"))]
pub(crate) fn holder(_: Transport, _: u16) -> Option<String> {
    None
}

/// The socket's inode from a table of `/proc/net` (proc(5)): columns local address, state, inode.
#[cfg(target_os = "linux")]
fn inode_of(table: &str, transport: Transport, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
        let held = u16::from_str_radix(local_port, 16) == Ok(port)
            && (transport == Transport::Udp || columns.get(3) == Some(&LISTENING));
        if held { columns.get(9).map(|inode| (*inode).to_owned()) } else { None }
    })
}

/// Sees processes of the same user, or all as root.
#[cfg(target_os = "linux")]
fn process_with(socket: &str) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbered = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbered.into_iter().find(|pid| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
        let mut links = open.into_iter().flatten().flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok());
        links.any(|link| link.as_os_str() == socket)
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_port_is_named() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let me = format!("(process {})", std::process::id());
        for (transport, port) in
            [(Transport::Tcp, tcp.local_addr().unwrap().port()), (Transport::Udp, udp.local_addr().unwrap().port())]
        {
            let holder = holder(transport, port).unwrap();
            assert!(holder.ends_with(&me), "{holder}");
        }
    }
}
