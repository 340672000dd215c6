//! Hosts and conversations, and what the sensor could not hear.

use core::fmt;
use core::net::IpAddr;

use gridtap_baseline::{Baseline, Declared, Site, Verdict};
use gridtap_model::{
    Device, Endpoint, LinkEvent, Observation, Protocol, Severity, SubAddress, What,
};

use super::{rows, services};
use crate::book::{Cause, Subject};
use crate::expected::Expected;
use crate::float;
use crate::scene::{Candidate, rank};
use crate::series::Series;
use crate::words;

/// What the rules of the network say of a conversation that was opened.
pub(crate) fn opened(
    site: &Site,
    obs: &Observation<'_>,
    verdict: &Verdict,
    out: &mut Vec<Candidate>,
) {
    if verdict.accepted || verdict.declared == Declared::Allowed {
        return;
    }
    if let Some((from, to)) = crosses(site, obs.source.address, obs.destination.address) {
        let severity = if is_decoded(obs.protocol) { Severity::High } else { Severity::Medium };
        let expected = format!("the site file names no conduit from {from} to {to}");
        out.push(news(verdict, "OT-15", severity, rank::MESSAGE, expected));
    }
    // News of hosts and conversations is pooled apart from news of roles: its own level must judge as well.
    let judged = verdict.armed && verdict.rate.armed;
    if !judged || verdict.access.conversation_known {
        return;
    }
    if is_chatter(obs.source.address, obs.destination.address) {
        return;
    }
    let usual = if verdict.rate.common { Severity::Low } else { Severity::Medium };
    outside(site, obs, verdict, usual, out);
    odd_port(obs, verdict, usual, out);
    // Of a protocol that is decoded, the first message says more: the rules of access judge it.
    // Of a protocol whose messages are judged the first message says that a host is new.
    if !obs.protocol.is_judged() {
        newcomers(site, obs, verdict, usual, out);
    }
}

fn news(
    verdict: &Verdict,
    detection: &'static str,
    severity: Severity,
    rank: u8,
    expected: impl Into<Expected>,
) -> Candidate {
    Candidate {
        detection,
        severity,
        rank,
        cause: Cause::Access,
        novelty: true,
        variant: 0,
        of_host: false,
        score: float::score(verdict.rate.per_block_max),
        expected: expected.into(),
    }
}

/// A conversation with an address that is routed on the Internet and that the site file does not have.
fn outside(
    site: &Site,
    obs: &Observation<'_>,
    verdict: &Verdict,
    usual: Severity,
    out: &mut Vec<Candidate>,
) {
    let ends = [obs.source.address, obs.destination.address];
    let Some(end) = ends.into_iter().find(|end| is_public(*end) && site.zone_of(*end).is_none())
    else {
        return;
    };
    let severity = if is_decoded(obs.protocol) { Severity::High } else { usual };
    out.push(news(verdict, "OT-14", severity, rank::EFFECT, Expected::NothingPublic(end)));
}

/// A protocol of ours on another port, or something else on a port of ours.
fn odd_port(obs: &Observation<'_>, verdict: &Verdict, usual: Severity, out: &mut Vec<Candidate>) {
    if is_attempt(obs) {
        return;
    }
    let port = obs.destination.port;
    let by_port = Protocol::of_port(port);
    let expected = if by_port != Protocol::Unknown && obs.protocol == Protocol::Unknown {
        format!("port {port} is registered for {by_port}; these octets are something else")
    } else if is_decoded(obs.protocol) && by_port != obs.protocol {
        format!("{} is at home on another port than {port}", obs.protocol)
    } else {
        return;
    };
    if let Some(outstation) = rows(by_port).and_then(|rows| rows.outstation)
        && obs.protocol == Protocol::Unknown
    {
        let foreign = outstation.foreign;
        out.push(news(verdict, foreign, usual, rank::MESSAGE, expected.clone()));
    }
    out.push(news(verdict, "OT-20", usual, rank::FUNCTION, expected));
}

/// New hosts, and hosts that are new to each other.
fn newcomers(
    site: &Site,
    obs: &Observation<'_>,
    verdict: &Verdict,
    usual: Severity,
    out: &mut Vec<Candidate>,
) {
    let access = &verdict.access;
    for (known, end) in
        [(access.host_known, obs.source.address), (access.peer_known, obs.destination.address)]
    {
        if !known && !is_group(end) {
            out.push(news(verdict, "OT-01", usual, rank::MASTER, Expected::NoHost(end)));
        }
    }
    out.push(news(verdict, "OT-02", usual, rank::NETWORK, Expected::NoConversation));
    if let Some(service) = services::service(site, obs) {
        let heard = words::heard(verdict, obs.time);
        let often = words::how_often(&verdict.rate);
        let expected = services::expected(site, obs, &heard, &often, &service);
        out.push(news(verdict, service.detection, usual, rank::CLASS, expected));
    }
}

/// A conversation that was tried, and in which nothing was said.
const fn is_attempt(obs: &Observation<'_>) -> bool {
    matches!(obs.what, What::Link(LinkEvent::Attempted { .. }))
}

/// Whether two try what they do every day: a connection in which nothing is said, a test of whether the other side is
/// there, between a master and a device that are known to speak the protocol of its port.
pub(crate) fn is_usual_attempt(obs: &Observation<'_>, baseline: &mut Baseline) -> bool {
    let protocol = Protocol::of_port(obs.destination.port);
    is_attempt(obs)
        && is_decoded(protocol)
        && baseline.judge(&Observation { protocol, ..*obs }).access.conversation_known
}

/// What a conversation is called in a sentence.
pub(crate) fn observed(site: &Site, obs: &Observation<'_>) -> String {
    let what = match obs.protocol {
        Protocol::Unknown => format!("{:?}", obs.transport).to_lowercase(),
        other => other.to_string(),
    };
    let (did, end) =
        if is_attempt(obs) { ("tried to open", ", and nothing was said") } else { ("opened", "") };
    format!(
        "{} {did} a conversation with {} on port {} ({what}){end}",
        words::host(site, obs.source.address),
        words::host(site, obs.destination.address),
        obs.destination.port
    )
}

/// Between whom something was heard; put into words only where there is something to say of it.
struct Between<'a> {
    site: &'a Site,
    obs: &'a Observation<'a>,
}

impl fmt::Display for Between<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |address| words::host(self.site, address);
        let [one, other] = [self.obs.source, self.obs.destination].map(|end| host(end.address));
        write!(f, "between {one} and {other}")
    }
}

/// What the sensor could not hear, or heard and could not use.
pub(crate) fn hearing(
    site: &Site,
    obs: &Observation<'_>,
    event: &LinkEvent,
    baseline: &Baseline,
) -> Option<Series> {
    let between = Between { site, obs };
    let series = |detection, severity, observed, expected: &str| {
        Some(about(detection, severity, obs).saying(observed, expected))
    };
    match event {
        LinkEvent::OneDirection { missing } => Some(one_direction(site, obs, missing, &between)),
        LinkEvent::Blind { bytes, since } => series(
            "OT-31",
            Severity::Medium,
            format!("{bytes} octets {between} since {since} could not be decoded"),
            "a conversation that was decoded before stays decodable",
        ),
        LinkEvent::Encrypted if Protocol::of_port(obs.destination.port) != Protocol::Unknown => {
            series(
                "OT-31",
                Severity::Info,
                format!("the conversation {between} is encrypted: its commands cannot be judged"),
                "nothing: this is what the sensor cannot see",
            )
        }
        LinkEvent::ChecksumsOffloaded => Some(
            about("OT-29", Severity::Info, obs).saying(
                format!(
                    "every checksum of a direction {between} is wrong: filled in by the network card after the copy was taken"
                ),
                "right checksums; the messages are decoded all the same. Each further direction like this counts here",
            ).of_sensor(obs, 2),
        ),
        LinkEvent::ChecksumWrong => Some(
            about("OT-23", Severity::Low, obs)
                .saying(
                    format!("a segment {between} has a wrong checksum; its octets were not used"),
                    "right checksums, as in the rest of this conversation",
                )
                .variant(1),
        ),
        LinkEvent::OverlapDiffers { bytes } => Some(
            about("OT-24", Severity::Medium, obs)
                .saying(
                    format!("a segment {between} repeats {bytes} octets with other content"),
                    "a retransmission repeats what was sent",
                )
                .scored(4.0),
        ),
        LinkEvent::ResetMisplaced if is_decoded(obs.protocol) => Some(
            about("OT-24", Severity::Low, obs)
                .saying(
                    format!("a reset {between} has a number that its receiver does not expect"),
                    "whoever takes part in a connection knows its numbers; the connection goes on",
                )
                .variant(1)
                .scored(2.0),
        ),
        LinkEvent::AddressInvalid if baseline.is_zone_armed(obs.zone) => {
            // Part of whatever else strangers do there: made-up addresses are of all kinds.
            let found = about("OT-25", Severity::Low, obs).saying(
                format!(
                    "a packet {between} has an address or port that cannot take part in a conversation"
                ),
                "addresses of hosts",
            );
            Some(Series { cause: Cause::Access, ..found })
        }
        _ => None,
    }
}

/// A mirror port that copies one side only does so to every conversation: one line for all of them.
fn one_direction(
    site: &Site,
    obs: &Observation<'_>,
    missing: &Endpoint,
    between: &Between<'_>,
) -> Series {
    let requests = *missing == obs.source;
    let (heard, lost) = if requests { ("answers", "requests") } else { ("requests", "answers") };
    let host = words::host(site, missing.address);
    about("OT-29", Severity::Medium, obs).of_sensor(obs, u64::from(requests)).saying(
        format!("only {heard} are heard {between}, no {lost}: nothing comes from {host}"),
        "both directions of a conversation; what is heard is judged all the same, what is missing is not \
         reported as unanswered or unasked. Each further pair of hosts that is heard like this counts here",
    )
}

/// A finding about the conversation that an event is about, done by the event's source.
pub(super) fn about(detection: &'static str, severity: Severity, obs: &Observation<'_>) -> Series {
    let health = matches!(detection, "OT-29" | "OT-31");
    Series {
        subject: Subject {
            detection,
            actor: obs.source.address,
            target: obs.destination.address,
            device: None,
            variant: 0,
        },
        severity,
        cause: if health { Cause::Hearing } else { Cause::Conformance },
        score: 1.0,
        frames: vec![obs.place.frame],
        device: device(obs),
        source: obs.source,
        destination: obs.destination,
        points: Vec::new(),
        observed: String::new(),
        expected: String::new(),
    }
}

/// The server of a conversation as a device.
pub(crate) const fn device(obs: &Observation<'_>) -> Device {
    Device {
        zone: obs.zone,
        protocol: obs.protocol,
        address: obs.destination.address,
        sub: SubAddress::None,
    }
}

/// Whether a protocol is one whose messages are decoded.
pub(crate) const fn is_decoded(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Modbus | Protocol::Dnp3 | Protocol::Iec104)
}

/// The zones, where a conversation goes from one declared zone to another that names no conduit from it.
fn crosses(site: &Site, client: IpAddr, server: IpAddr) -> Option<(String, String)> {
    let (from, to) = (site.zone_of(client)?, site.zone_of(server)?);
    if from == to || site.conduit(from, to) {
        return None;
    }
    Some((site.zone_name(from).to_owned(), site.zone_name(to).to_owned()))
}

/// Name resolution, discovery and the like: to or from a group, or within the link. It is learned and never
/// told. Without a handshake it is a guess which end is the client, so that both ends are looked at.
pub(super) fn is_chatter(client: IpAddr, server: IpAddr) -> bool {
    [client, server].into_iter().any(|end| is_group(end) || is_link_local(end))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_unspecified(),
    }
}

/// Multicast, limited broadcast, or what looks like a directed broadcast of a /24.
fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255
        }
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// An address that is routed on the Internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let benchmark = first == 198 && (second == 18 || second == 19);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || first == 0
                || first >= 240
                || shared
                || benchmark)
        }
        // Global unicast is 2000::/3 (RFC 4291, 2.4); 2001:db8::/32 is for documentation.
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            (0x2000..0x4000).contains(&first) && !(first == 0x2001 && second == 0x0db8)
        }
    }
}
