//! Which addresses this server sends requests to that others ask for. Pure.
//!
//! Who may name a URL to be asked may otherwise ask whatever this machine reaches: its own services, its neighbours', and the
//! metadata of clouds, where credentials are (OWASP: server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far requests go that owners of games ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// To the internet alone, over TLS.
    #[default]
    Public,
    /// To this machine too, also in plain text: for developing.
    ThisMachine,
    /// To this machine and to private networks too, also in plain text: where all owners are trusted.
    Private,
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the internet.
    Public,
    /// On this machine.
    ThisMachine,
    /// On a private network (RFC 1918, RFC 6598, RFC 4193).
    Private,
    /// Where nobody's receiver is: link-local (there clouds keep their metadata), multicast, reserved, for documents.
    Nowhere,
}

/// Metadata services of clouds that lie outside of link-local addresses (Alibaba, AWS over IPv6).
const METADATA: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254))];

impl Reach {
    /// Whether requests go there.
    pub(crate) fn covers(self, address: IpAddr) -> bool {
        match place(address) {
            Place::Public => true,
            Place::ThisMachine => self != Reach::Public,
            Place::Private => self == Reach::Private,
            Place::Nowhere => false,
        }
    }

    /// Whether they go there in plain text.
    pub(crate) fn in_plain_text(self, address: IpAddr) -> bool {
        self.covers(address) && place(address) != Place::Public
    }
}

/// Where an address is. One that stands for another (mapped, translated) is where that is.
pub(crate) fn place(address: IpAddr) -> Place {
    if METADATA.contains(&address) {
        return Place::Nowhere;
    }
    match address {
        IpAddr::V4(v4) => place_v4(v4),
        IpAddr::V6(v6) => place_v6(v6),
    }
}

/// The registry of special addresses (RFC 6890 and its updates): what is not globally reachable is not on the internet.
fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        [127, ..] => Place::ThisMachine,
        [10, ..] | [192, 168, ..] => Place::Private,
        [172, second, ..] if (16..32).contains(&second) => Place::Private,
        [100, second, ..] if (64..128).contains(&second) => Place::Private,
        [0 | 224..=255, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => Place::Nowhere,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Place::Nowhere,
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        place(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::ThisMachine,
        // Mapped (RFC 4291), translated (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0xfc00..=0xfdff, ..] => Place::Private,
        // 6to4, Teredo and other uses of their own, documents.
        [0x2002, ..] | [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => Place::Nowhere,
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_where_the_registries_say() {
        use Place::{Nowhere, Private, Public, ThisMachine};
        for (text, expected) in [
            ("1.1.1.1", Public),
            ("198.17.255.255", Public),
            ("172.15.0.1", Public),
            ("172.32.0.1", Public),
            ("100.63.0.1", Public),
            ("223.255.255.255", Public),
            ("2606:4700:4700::1111", Public),
            ("2a00:1450::1", Public),
            ("127.0.0.1", ThisMachine),
            ("127.255.0.9", ThisMachine),
            ("::1", ThisMachine),
            ("::ffff:127.0.0.1", ThisMachine),
            ("64:ff9b::7f00:1", ThisMachine),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("::ffff:10.0.0.1", Private),
            ("fd12:3456::1", Private),
            ("0.0.0.0", Nowhere),
            ("0.1.2.3", Nowhere),
            ("169.254.169.254", Nowhere),
            ("::ffff:169.254.169.254", Nowhere),
            ("64:ff9b::a9fe:a9fe", Nowhere),
            ("100.100.100.200", Nowhere),
            ("fd00:ec2::254", Nowhere),
            ("192.0.0.192", Nowhere),
            ("192.0.2.1", Nowhere),
            ("198.18.0.1", Nowhere),
            ("198.51.100.1", Nowhere),
            ("203.0.113.1", Nowhere),
            ("224.0.0.1", Nowhere),
            ("255.255.255.255", Nowhere),
            ("::", Nowhere),
            ("::7f00:1", Nowhere),
            ("fe80::1", Nowhere),
            ("fec0::1", Nowhere),
            ("ff02::1", Nowhere),
            ("2001:db8::1", Nowhere),
            ("2001::1", Nowhere),
            ("2002:7f00:1::", Nowhere),
            ("3fff:fff::1", Nowhere),
            ("64:ff9b:1::1", Nowhere),
            ("100::1", Nowhere),
            ("5f00::1", Nowhere),
        ] {
            assert_eq!(place(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_server_reaches_what_its_operator_lets_it() {
        let here = |text: &str| text.parse::<IpAddr>().unwrap();
        for (reach, text, covers, plain) in [
            (Reach::Public, "1.1.1.1", true, false),
            (Reach::Public, "127.0.0.1", false, false),
            (Reach::Public, "10.0.0.1", false, false),
            (Reach::ThisMachine, "1.1.1.1", true, false),
            (Reach::ThisMachine, "127.0.0.1", true, true),
            (Reach::ThisMachine, "10.0.0.1", false, false),
            (Reach::ThisMachine, "169.254.169.254", false, false),
            (Reach::Private, "1.1.1.1", true, false),
            (Reach::Private, "::1", true, true),
            (Reach::Private, "10.0.0.1", true, true),
            (Reach::Private, "169.254.169.254", false, false),
        ] {
            assert_eq!(
                (reach.covers(here(text)), reach.in_plain_text(here(text))),
                (covers, plain),
                "{reach:?} {text}"
            );
        }
    }
}
