//! What a new conversation is for, by the service that is asked for: a desk somewhere else, the settings of a
//! controller, the time of day.
//!
//! The rules of novelty say that two hosts speak who did not; on these ports that says what somebody is about to do.
//! Ports are those of IANA's registry and of the makers' manuals: what is behind one is not looked at.

use gridtap_baseline::Site;
use gridtap_model::{Observation, Transport};

use crate::words;

/// A service that says more than that two hosts speak.
pub(super) struct Service {
    pub(super) detection: &'static str,
    /// What the client does with it, behind "these two were not heard with each other" and the like.
    pub(super) purpose: &'static str,
}

/// The service that a conversation asks for, where it is one of these.
pub(super) fn service(site: &Site, obs: &Observation<'_>) -> Option<Service> {
    let by_tcp = obs.transport == Transport::Tcp;
    let (detection, purpose) = match (obs.destination.port, by_tcp) {
        // SSH, Telnet and that over TLS, rlogin, rsh.
        (22 | 23 | 513 | 514 | 992, true) => ("OT-16", "gives commands at a distance"),
        // RDP (also by UDP), VNC, Radmin, pcAnywhere, Citrix, Apple's.
        (3389, _) | (5900..=5906 | 4899 | 5631 | 1494 | 2598 | 3283, true) => {
            ("OT-16", "works at its screen from a distance")
        }
        // TeamViewer, AnyDesk.
        (5938, _) | (6568 | 7070, true) => ("OT-16", "gives others its screen"),
        // Windows Remote Management.
        (5985 | 5986, true) => ("OT-16", "manages it at a distance"),
        _ if is_engineering(obs.destination.port, by_tcp) => {
            if site.is_engineering(obs.source.address) {
                return None;
            }
            ("OT-04", "can load programs and settings")
        }
        // NTP; event and general messages of PTP.
        (123 | 319 | 320, false) => ("OT-30", "agrees on the time"),
        _ => return None,
    };
    Some(Service { detection, purpose })
}

/// The ports on which makers' tools speak with their controllers and relays: TriStation, CODESYS, WAGO, PC Worx,
/// MELSEC, FINS, SRTP, ProConOS, Crimson, DIGSI (CVE-2015-5374 came by the last).
const fn is_engineering(port: u16, by_tcp: bool) -> bool {
    if by_tcp {
        matches!(port, 789 | 1217 | 1962 | 2455 | 5006 | 5007 | 9600 | 11_740 | 18_245 | 20_547)
    } else {
        matches!(port, 1502 | 1740..=1743 | 5006 | 9600 | 50_000)
    }
}

/// `in 212 h 10.0.0.7 and 10.0.0.9 were not heard with each other on port 22, by which the one gives commands …`
pub(super) fn expected(
    site: &Site,
    obs: &Observation<'_>,
    heard: &str,
    often: &str,
    service: &Service,
) -> String {
    format!(
        "in {heard} {} did not turn to {} on port {}, by which one {}; new conversations come here {often}",
        words::host(site, obs.source.address),
        words::host(site, obs.destination.address),
        obs.destination.port,
        service.purpose,
    )
}
