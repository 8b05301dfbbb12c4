//! Who may talk to this server at all: through the proxy, by our name, within the limits (S-11a, S-27, S-30, S-34).

use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use crate::web::PageError;
use crate::web::routes;
use crate::web::site::Site;

/// All headers of a request together (S-30).
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Where the request comes from: the peer, or what a listed proxy says about it.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub IpAddr);

/// Refuses what should not be here, and notes the client's address.
///
/// # Errors
/// Those of what is inside.
pub async fn front_door<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<actix_web::body::BoxBody>, Error> {
    match admit(&request) {
        Ok(client) => {
            request.extensions_mut().insert(Client(client));
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(refusal) => Ok(request.error_response(refusal)),
    }
}

fn admit(request: &ServiceRequest) -> Result<IpAddr, PageError> {
    let site = request
        .app_data::<web::Data<Site>>()
        .ok_or(PageError::NotFound)?;
    let peer = request
        .peer_addr()
        .map(|peer| peer.ip().to_canonical())
        .ok_or(PageError::NotThroughProxy)?;
    let by_proxy = site.trusts(peer);
    if site.exposed && !by_proxy && !peer.is_loopback() {
        return Err(PageError::NotThroughProxy);
    }
    // TRACE would give headers back that scripts must not read; CONNECT is for proxies.
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(PageError::MethodNotAllowed);
    }
    let header_bytes: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if header_bytes + request.uri().to_string().len() > HEADER_BYTES_MAX {
        return Err(PageError::TooLarge);
    }
    // Health checks of container engines do not know our name, and the answer is the same for everybody.
    if request.path() != routes::LIVE && !is_our_host(request, site, by_proxy) {
        return Err(PageError::WrongHost);
    }
    Ok(if by_proxy {
        forwarded_for(request, site).unwrap_or(peer)
    } else {
        peer
    })
}

fn is_our_host(request: &ServiceRequest, site: &Site, by_proxy: bool) -> bool {
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_ascii_lowercase)
    };
    let forwarded = by_proxy.then(|| text("x-forwarded-host")).flatten();
    let host = forwarded.or_else(|| text(header::HOST.as_str()));
    host.is_some_and(|host| site.hosts.contains(&host))
}

/// The last address in X-Forwarded-For that is not one of our proxies: those before it, anybody can write.
fn forwarded_for(request: &ServiceRequest, site: &Site) -> Option<IpAddr> {
    let listed = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",");
    listed
        .rsplit(',')
        .filter_map(|text| text.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
        .find(|address| !site.trusts(*address))
}
