//! Under which names and through which proxies pages are served: worked out once at start, refused there when it is unsafe.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::config::WebArgs;
use crate::config::network::Network;
use crate::web::static_files::{Links, StaticFiles};

/// Why the server does not start with these settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SiteError {
    /// Plain HTTP for everybody to read (S-11a).
    #[error(
        "WARDTRACK_BIND is {0}, which other machines reach, and nothing ends TLS before it: passwords would travel in the clear. \
         Bind to 127.0.0.1, or list the proxy that ends TLS in WARDTRACK_TRUSTED_PROXY"
    )]
    PlainHttp(SocketAddr),
    /// Behind a proxy the public name cannot be guessed.
    #[error(
        "WARDTRACK_BIND is {0}, which other machines reach: say in WARDTRACK_ORIGIN what people type to get here, \
         such as https://wardtrack.hospital.example"
    )]
    OriginMissing(SocketAddr),
    /// Browsers keep no session over plain HTTP off loopback.
    #[error(
        "WARDTRACK_ORIGIN is {0}: off loopback it must start with https://, because browsers refuse the session cookie otherwise"
    )]
    OriginPlain(String),
    /// No URL.
    #[error(
        "WARDTRACK_ORIGIN is {0}: write scheme and host only, such as https://wardtrack.hospital.example"
    )]
    OriginUnreadable(String),
    /// No network.
    #[error("WARDTRACK_TRUSTED_PROXY has {0}: write a network such as 10.0.0.5/32 or fd00::5/128")]
    Network(String),
}

/// The settings of a running site.
#[derive(Debug)]
pub struct Site {
    /// Scheme, host and port that people type; links for people start with it.
    pub origin: String,
    /// Whether browsers reach it by TLS.
    pub https: bool,
    /// Values of the Host header that are answered, in small letters (S-27).
    pub hosts: Vec<String>,
    /// Proxies whose X-Forwarded headers are believed.
    pub proxies: Vec<Network>,
    /// Whether other machines reach the listener itself.
    pub exposed: bool,
    /// How often open pages hear that they are still live.
    pub live_beat: Duration,
    /// Static files.
    pub files: StaticFiles,
    /// Their addresses.
    pub links: Arc<Links>,
}

impl Site {
    /// Works out the settings; `bound` is the address that was really taken.
    ///
    /// # Errors
    /// See [`SiteError`].
    pub fn new(args: &WebArgs, bound: SocketAddr) -> Result<Self, SiteError> {
        let proxies = args
            .trusted_proxy
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| SiteError::Network(text.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        let exposed = !bound.ip().to_canonical().is_loopback();
        if exposed && proxies.is_empty() {
            return Err(SiteError::PlainHttp(bound));
        }
        let (origin, hosts) = match &args.origin {
            Some(origin) => {
                let (https, host) = split_origin(origin)?;
                if !https && !is_loopback_name(&host) {
                    return Err(SiteError::OriginPlain(origin.clone()));
                }
                let standard = if https { "443" } else { "80" };
                let hosts = vec![host.clone(), format!("{host}:{standard}")];
                (origin.trim_end_matches('/').to_lowercase(), hosts)
            }
            None if exposed => return Err(SiteError::OriginMissing(bound)),
            None => {
                let port = bound.port();
                let mut hosts = vec![
                    format!("127.0.0.1:{port}"),
                    format!("localhost:{port}"),
                    format!("[::1]:{port}"),
                    bound.to_string(),
                ];
                hosts.dedup();
                (format!("http://{bound}"), hosts)
            }
        };
        let files = StaticFiles::load();
        let links = Arc::new(files.links());
        Ok(Self {
            https: origin.starts_with("https://"),
            origin,
            hosts,
            proxies,
            exposed,
            live_beat: Duration::from_millis(args.live_beat_ms),
            files,
            links,
        })
    }

    /// Whether X-Forwarded headers from this peer are believed.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(peer))
    }

    /// The `Origin` header values of our own pages.
    #[must_use]
    pub fn is_own_origin(&self, origin: &str) -> bool {
        let scheme = if self.https { "https://" } else { "http://" };
        origin
            .strip_prefix(scheme)
            .is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }
}

fn split_origin(origin: &str) -> Result<(bool, String), SiteError> {
    let unreadable = || SiteError::OriginUnreadable(origin.to_owned());
    let lower = origin.trim_end_matches('/').to_lowercase();
    let (scheme, host) = lower.split_once("://").ok_or_else(unreadable)?;
    let fits = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    match scheme {
        "https" if fits => Ok((true, host.to_owned())),
        "http" if fits => Ok((false, host.to_owned())),
        _ => Err(unreadable()),
    }
}

fn is_loopback_name(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    name == "localhost"
        || name
            .trim_matches(|sign| sign == '[' || sign == ']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(bind: &str, origin: Option<&str>, proxies: &[&str]) -> WebArgs {
        WebArgs {
            bind: bind.parse().unwrap(),
            internal_bind: "127.0.0.1:0".parse().unwrap(),
            origin: origin.map(str::to_owned),
            trusted_proxy: proxies.iter().map(|text| (*text).to_owned()).collect(),
            live_beat_ms: 10_000,
        }
    }

    fn refused(bind: &str, origin: Option<&str>, proxies: &[&str]) -> Option<SiteError> {
        Site::new(&args(bind, origin, proxies), bind.parse().unwrap()).err()
    }

    #[test]
    fn s11a_plain_http_off_loopback_is_refused_with_the_reason() {
        let origin = Some("https://wt.example");
        assert!(matches!(
            refused("0.0.0.0:80", origin, &[]),
            Some(SiteError::PlainHttp(_))
        ));
        assert!(matches!(
            refused("10.1.2.3:80", None, &["10.0.0.5"]),
            Some(SiteError::OriginMissing(_))
        ));
        assert!(matches!(
            refused("10.1.2.3:80", Some("http://wt.example"), &["10.0.0.5"]),
            Some(SiteError::OriginPlain(_))
        ));
        assert!(matches!(
            refused("127.0.0.1:80", Some("http://wt.example"), &[]),
            Some(SiteError::OriginPlain(_))
        ));
        assert!(matches!(
            refused("127.0.0.1:80", Some("wt.example"), &[]),
            Some(SiteError::OriginUnreadable(_))
        ));
        assert!(matches!(
            refused("127.0.0.1:80", None, &["10.0.0.0/33"]),
            Some(SiteError::Network(_))
        ));
        assert_eq!(refused("10.1.2.3:80", origin, &["10.0.0.5/32"]), None);
        assert_eq!(refused("127.0.0.1:80", None, &[]), None);
        assert_eq!(
            refused("127.0.0.1:80", Some("http://localhost:8080"), &[]),
            None
        );
        let text = SiteError::PlainHttp("0.0.0.0:80".parse().unwrap()).to_string();
        assert!(text.contains("WARDTRACK_TRUSTED_PROXY"), "{text}");
    }

    #[test]
    fn s27_hosts_are_those_of_the_origin() {
        let site = Site::new(
            &args("127.0.0.1:8080", Some("https://WT.example/"), &[]),
            "127.0.0.1:8080".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(site.hosts, ["wt.example", "wt.example:443"]);
        assert!(site.https);
        assert!(site.is_own_origin("https://wt.example"));
        assert!(!site.is_own_origin("http://wt.example"));
        assert!(!site.is_own_origin("https://evil.example"));
        assert!(!site.is_own_origin("null"));
    }

    #[test]
    fn networks_hold_their_addresses_only() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "::ffff:10.0.0.5", true),
            ("fd00::/64", "fd00::9", true),
            ("fd00::/64", "fd00:0:0:1::9", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("10.0.0.0/8", "fd00::1", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                inside,
                "{network:?} {address}"
            );
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "example.org", "fd00::/129"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
