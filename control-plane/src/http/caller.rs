//! Whose request it is, by address: of the connection, or as a trusted balancer says (`X-Forwarded-For`).

use std::net::IpAddr;

use hyper::HeaderMap;

/// Each proxy adds at the end whom it was asked by.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The last address that no trusted balancer has: what stands before it anybody may have written.
pub(super) fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer.to_canonical()) {
        return peer;
    }
    let lists = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    let mut caller = peer;
    for name in named.iter().rev() {
        let Ok(address) = name.parse::<IpAddr>() else { break };
        caller = address;
        if !trusted.contains(&address.to_canonical()) {
            break;
        }
    }
    caller
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_balancer_names_the_caller() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        for (peer, lists, expected) in [
            ("192.0.2.9", vec!["198.51.100.1"], "192.0.2.9"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["nonsense"], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for list in &lists {
                headers.append(FORWARDED_FOR, list.parse().unwrap());
            }
            assert_eq!(caller(ip(peer), &headers, &trusted), ip(expected), "{peer} {lists:?}");
        }
    }
}
