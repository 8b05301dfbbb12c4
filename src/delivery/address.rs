//! Which web addresses messages may go to (S-45, S-46). Pure.
//!
//! Names are looked up when a message is sent, and every address they lead to is checked then: [`crate::delivery::webhook`] connects to
//! the address that was checked and to no other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::config::WebhookArgs;
use crate::config::network::Network;

/// Longest address.
const ADDRESS_MAX: usize = 500;

/// Ports where databases and brokers answer, and the broker's console and counters: messages never go there, allowed or not (S-46).
const SERVICE_PORTS: [u16; 6] = [5432, 5671, 5672, 15671, 15672, 15692];
/// Ports that many things on one machine share, told apart by the name of the host.
const SHARED_PORTS: [u16; 2] = [80, 443];

/// What an administrator allowed besides public addresses on port 443, and what nobody can allow.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    networks: Vec<Network>,
    hosts: Vec<String>,
    plain_hosts: Vec<String>,
    ports: Vec<u16>,
    own: Vec<(String, u16)>,
}

impl Allowed {
    /// Reads the settings.
    #[must_use]
    pub fn new(args: &WebhookArgs) -> Self {
        let (mut networks, mut hosts) = (Vec::new(), Vec::new());
        for text in &args.webhook_allow {
            match Network::parse(text) {
                Some(network) => networks.push(network),
                None => hosts.push(text.trim().to_lowercase()),
            }
        }
        let plain_hosts = args.webhook_allow_http.iter();
        Self {
            networks,
            hosts,
            plain_hosts: plain_hosts.map(|host| host.trim().to_lowercase()).collect(),
            ports: args.webhook_allow_port.clone(),
            own: Vec::new(),
        }
    }

    /// Keeps messages away from what this server itself asks or answers on: its database, broker and counters, each as a URL or as
    /// `host:port` (S-46). What has no port is known by the usual one.
    #[must_use]
    pub fn keep_from(mut self, own: &[&str]) -> Self {
        self.own.extend(own.iter().filter_map(|text| {
            let url = if text.contains("://") {
                Url::parse(text)
            } else {
                Url::parse(&format!("tcp://{text}"))
            };
            let url = url.ok()?;
            Some((url.host_str()?.to_lowercase(), url.port_or_known_default()?))
        }));
        self
    }

    /// Whether one of the server's own services answers there. By the port alone where it is one of theirs, because a machine has many
    /// names; by name and port where everybody listens.
    fn is_own(&self, host: &str, port: u16) -> bool {
        SERVICE_PORTS.contains(&port)
            || self.own.iter().any(|(own_host, own_port)| {
                port == *own_port && (!SHARED_PORTS.contains(&port) || host == own_host)
            })
    }

    /// Whether messages to this host may go to this address.
    #[must_use]
    pub fn may_reach(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || self.hosts.iter().any(|known| known == host)
            || self
                .networks
                .iter()
                .any(|network| network.contains(address))
    }
}

/// Why messages cannot go there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no web address.
    #[error("this is not a web address: write it as https://host/path, at most 500 characters")]
    Unreadable,
    /// It is not encrypted.
    #[error(
        "messages go to https addresses only; an administrator of the server can allow this host in WARDTRACK_WEBHOOK_ALLOW_HTTP"
    )]
    NotEncrypted,
    /// It carries a name and password, or a part after #.
    #[error("leave the name, the password and the part after # out of the address")]
    Extras,
    /// Another port than 443.
    #[error(
        "port {0} is not allowed: use 443, or have it added to WARDTRACK_WEBHOOK_ALLOW_PORT on the server"
    )]
    Port(u16),
    /// The server's own database, broker or counters answer on that port.
    #[error(
        "on port {0} the server's own database, broker or counters answer: messages never go there, use another port"
    )]
    OwnService(u16),
    /// It leads into the house, or nowhere.
    #[error(
        "{0} is not a public address: have its network or host added to WARDTRACK_WEBHOOK_ALLOW on the server"
    )]
    Private(String),
}

/// Reads a web address and checks what can be checked before its name is looked up.
///
/// # Errors
/// See [`AddressError`].
pub fn check_url(text: &str, allowed: &Allowed) -> Result<Url, AddressError> {
    let text = text.trim();
    if text.len() > ADDRESS_MAX
        || text
            .chars()
            .any(|sign| sign.is_control() || sign.is_whitespace())
    {
        return Err(AddressError::Unreadable);
    }
    let url = Url::parse(text).map_err(|_| AddressError::Unreadable)?;
    let host = url
        .host_str()
        .ok_or(AddressError::Unreadable)?
        .to_lowercase();
    if !matches!(url.scheme(), "https" | "http") || HeaderValue::from_str(&host).is_err() {
        return Err(AddressError::Unreadable);
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(AddressError::Extras);
    }
    let port = url
        .port_or_known_default()
        .ok_or(AddressError::Unreadable)?;
    if allowed.is_own(&host, port) {
        return Err(AddressError::OwnService(port));
    }
    let with_port = format!("{host}:{port}");
    let is_plain_allowed = allowed
        .plain_hosts
        .iter()
        .any(|known| *known == with_port || (*known == host && port == 80));
    if url.scheme() == "http" {
        if !is_plain_allowed {
            return Err(AddressError::NotEncrypted);
        }
    } else if port != 443 && !allowed.ports.contains(&port) {
        return Err(AddressError::Port(port));
    }
    // A literal address is never looked up.
    let literal = match url.host() {
        Some(url_host) => literal_of(&url_host.to_string()),
        None => None,
    };
    if let Some(address) = literal
        && !allowed.may_reach(&host, address)
    {
        return Err(AddressError::Private(host));
    }
    if is_local_name(&host) && !allowed.hosts.contains(&host) {
        return Err(AddressError::Private(host));
    }
    Ok(url)
}

fn literal_of(host: &str) -> Option<IpAddr> {
    host.trim_matches(|sign| sign == '[' || sign == ']')
        .parse()
        .ok()
}

/// Names that never lead out of the house.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let ends = [".localhost", ".local", ".internal", ".home.arpa"];
    host == "localhost" || ends.iter().any(|end| host.ends_with(end))
}

/// Whether everybody's packets can reach it: not this machine, a private network, a link, a group, or a form of IPv6 that stands for one.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared by carriers (RFC 6598), protocol assignments, 6to4 relays, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., seventh, eighth] = address.segments();
    let embedded = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        is_public_v4(Ipv4Addr::from_bits(bits))
    };
    let [_, _, third, ..] = address.segments();
    match (first, second) {
        // NAT64 and 6to4 stand for an IPv4 address.
        (0x64, 0xff9b) => embedded(seventh, eighth),
        (0x2002, _) => embedded(second, third),
        // Teredo, documentation, benchmarks, ORCHID.
        (0x2001, ..=0x01ff | 0x0db8) | (0x3fff, _) => false,
        // Global unicast is all there is outside of this machine and its links.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Url, AddressError> {
        check_url(text, &Allowed::default())
    }

    #[test]
    fn s45_every_spelling_of_an_address_inside_is_refused() {
        let inside = [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://0/",
            "https://0.0.0.0/",
            "https://0.1.2.3/",
            "https://10.0.0.1/",
            "https://10.255.255.255/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.0.1/",
            "https://192.168.255.255/",
            "https://169.254.169.254/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://169.254.0.1/",
            "https://100.64.0.1/",
            "https://100.127.255.255/",
            "https://224.0.0.1/",
            "https://239.255.255.255/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://192.0.0.1/",
            "https://192.0.2.1/",
            "https://198.51.100.1/",
            "https://203.0.113.1/",
            "https://198.18.0.1/",
            "https://198.19.255.255/",
            "https://192.88.99.1/",
            "https://[::]/",
            "https://[::1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2002:a00:1::]/",
            "https://[2002:c0a8:101::1]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[2001:10::1]/",
            "https://[3fff::1]/",
            "https://[fc00::1]/",
            "https://[fd00::1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[febf::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[ff0e::1]/",
            "https://[100::1]/",
            "https://[::2]/",
            "https://localhost/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://a.localhost/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://x.home.arpa/",
            "https://①②⑦.0.0.1/",
            "https://127。0。0。1/",
            "https://017700000001/",
            "https://0x7f.1/",
            "https://127.0.1/",
            "https://0x7f.0x0.0x0.0x1/",
            "https://10.1/",
            "https://192.168.1/",
        ];
        assert!(inside.len() >= 70, "{}", inside.len());
        for text in inside {
            let refused = check(text);
            assert!(
                matches!(
                    refused,
                    Err(AddressError::Private(_) | AddressError::Unreadable)
                ),
                "{text}: {refused:?}"
            );
        }
        for text in [
            "https://8.8.8.8/",
            "https://hooks.example.com/a?b=c",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::8.8.8.8]/",
            "https://[2002:808:808::]/",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn s45_only_encrypted_addresses_on_known_ports_without_extras() {
        for (text, wanted) in [
            ("http://hooks.example.com/", AddressError::NotEncrypted),
            ("https://hooks.example.com:8443/", AddressError::Port(8443)),
            ("https://user@hooks.example.com/", AddressError::Extras),
            ("https://user:pw@hooks.example.com/", AddressError::Extras),
            ("https://hooks.example.com/#x", AddressError::Extras),
            ("ftp://hooks.example.com/", AddressError::Unreadable),
            ("file:///etc/passwd", AddressError::Unreadable),
            ("gopher://hooks.example.com/", AddressError::Unreadable),
            ("hooks.example.com", AddressError::Unreadable),
            ("https://", AddressError::Unreadable),
            ("https://hooks.example.com/a b", AddressError::Unreadable),
            ("https://hooks.example.com/\n", AddressError::Unreadable),
            ("", AddressError::Unreadable),
        ] {
            if text.ends_with('\n') {
                assert!(check(text).is_ok(), "the end of a line is cut off");
                continue;
            }
            assert_eq!(check(text).unwrap_err(), wanted, "{text}");
        }
        let long = format!("https://hooks.example.com/{}", "a".repeat(600));
        assert_eq!(check(&long).unwrap_err(), AddressError::Unreadable);
    }

    #[test]
    fn s46_what_an_administrator_allowed_can_be_reached_and_nothing_beside_it() {
        let allowed = Allowed::new(&WebhookArgs {
            webhook_allow: vec!["10.20.0.0/16".to_owned(), "hub.internal".to_owned()],
            webhook_allow_http: vec!["10.20.0.5:8080".to_owned()],
            webhook_allow_port: vec![8443],
        });
        for text in [
            "https://10.20.1.2/",
            "https://10.20.1.2:8443/",
            "https://hub.internal/x",
            "http://10.20.0.5:8080/hook",
        ] {
            assert!(check_url(text, &allowed).is_ok(), "{text}");
        }
        for text in [
            "https://10.21.0.1/",
            "http://10.20.0.6:8080/",
            "http://10.20.0.5/",
            "https://other.internal/",
            "https://10.20.1.2:9000/",
        ] {
            assert!(check_url(text, &allowed).is_err(), "{text}");
        }
        let inside = "10.9.9.9".parse().unwrap();
        assert!(allowed.may_reach("hub.internal", inside));
        assert!(
            !allowed.may_reach("evil.example", inside),
            "a name that leads inside"
        );
        assert!(allowed.may_reach("evil.example", "9.9.9.9".parse().unwrap()));
    }

    #[test]
    fn s46_the_servers_own_services_stay_refused_whatever_is_allowed() {
        let allowed = Allowed::new(&WebhookArgs {
            webhook_allow: vec!["10.20.0.0/16".to_owned(), "hub.internal".to_owned()],
            webhook_allow_http: vec!["10.20.0.5:9090".to_owned(), "hub.internal:15672".to_owned()],
            webhook_allow_port: vec![5432, 6543, 5673, 8443],
        })
        .keep_from(&[
            "postgres://wardtrack:p%40ss@db.internal:6543/wardtrack",
            "127.0.0.1:5673",
            "https://hub.internal/management",
            "0.0.0.0:9090",
        ]);
        for (text, port) in [
            ("https://10.20.0.9:5432/", 5432),
            ("https://10.20.0.9:6543/", 6543),
            ("https://hub.internal:5673/", 5673),
            ("http://hub.internal:15672/", 15672),
            ("http://10.20.0.5:9090/metrics", 9090),
            ("https://hub.internal/hook", 443),
        ] {
            let refused = check_url(text, &allowed);
            assert_eq!(refused, Err(AddressError::OwnService(port)), "{text}");
        }
        for text in ["https://10.20.0.9/", "https://10.20.0.9:8443/"] {
            assert!(check_url(text, &allowed).is_ok(), "{text}");
        }
    }
}
