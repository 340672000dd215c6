//! What an operator can set about detections.

use gridtap_model::Span;

/// Settings of the detections. Severities are not among them: the shipped table may not be lowered to meet a target.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Names this sensor in identifiers.
    pub sensor: String,
    /// Findings of one actor that share a target or a cause join one incident within this time.
    pub join: Span,
    /// A changed anomaly is told again at the latest after this time.
    pub update_every: Span,
    /// Anomalies kept open at once; the least severe and oldest gives way.
    pub anomalies_max: usize,
    /// New incidents within `flood_window` beyond which further ones gather under one parent. Hosts that were never
    /// heard before have a parent of their own; a critical one of a known host is never gathered. As many of those
    /// strangers are told one by one at one target, before the rest are counted at the first of them.
    pub flood_incidents: usize,
    /// Targets at which one stranger is told one by one, before the rest are counted at the first.
    pub flood_targets: usize,
    /// Anomalies of one detection that are told one by one in a zone of strangers, or of one known host.
    pub flood_anomalies: usize,
    /// See `flood_incidents`.
    pub flood_window: Span,
    /// High false incidents a day that the statistical families may cost together.
    pub budget_high_per_day: f64,
    /// Window of the scan detections (MB-13, MB-14, MB-20, MB-37).
    pub scan_window: Span,
    /// Refused new functions within the window that make a function code scan (MB-13).
    pub scan_functions: usize,
    /// Refused new addresses within the window that make a points list scan (MB-14).
    pub scan_addresses: usize,
    /// New units within the window that make a unit scan (MB-20).
    pub scan_units: usize,
    /// Unanswered requests within a minute that make a backlog (MB-09).
    pub backlog_requests: usize,
    /// Unknown exceptions within an hour that make a burst (MB-11).
    pub exceptions_per_hour: usize,
    /// Delaying exceptions (acknowledge, busy) and failures within a minute (MB-16, MB-17, MB-18, MB-19).
    pub delays_per_minute: usize,
    /// Unanswered requests in five minutes after which a device that used to answer is unresponsive (MB-42).
    pub unresponsive_requests: usize,
    /// Commands within ten seconds that are never a burst, however few were learned (MB-36).
    pub command_burst_min: u64,
    /// Turns of one commanded point to and fro within a minute that are never an oscillation, however few were learned
    /// (MB-46, DN-44).
    pub turns_per_minute: u64,
    /// Outstations at which one master opens something within ten minutes, where no more were learned (DN-44, MB-36).
    pub campaign_outstations: usize,
    /// Points of one command that are never a mass write, however few were learned (MB-35).
    pub mass_write_points_min: u64,
    /// Points selected and not operated within a minute that are never a walk over outputs, one less (DN-42).
    pub selects_left: usize,
    /// Malformed messages of one actor in ten minutes that make a burst (OT-23).
    pub malformed_burst: usize,
    /// Requests to one device that may be open within a minute, where no more were learned (DN-12).
    pub open_requests: usize,
    /// Requests of one master to one device within ten seconds that are never a flood, however few were learned (DN-12).
    pub requests_burst_min: u64,
    /// Unasked reports of one device within ten seconds that are worth a line, where no more were learned (DN-18).
    pub reports_burst: u64,
    /// The same that are worth a look today (DN-18).
    pub reports_storm: u64,
    /// Restarts of one device within ten minutes that nobody commanded and that are worth a look today (DN-29).
    pub restarts_frequent: usize,
    /// Times that one device lost events within ten minutes that are worth a look today (DN-30).
    pub losses_frequent: usize,
    /// Controls that one device refused one master within a minute (DN-45).
    pub refused_controls: usize,
    /// Failed authentications between two within a minute that are worth a look today (DN-37).
    pub authentication_failures: usize,
    /// Hosts that were never heard before and come to one server within a minute, where no more were learned (OT-10).
    pub strangers_flood: u64,
    /// Hosts within `scan_span` that one host turns to for the first time, where no more were learned (OT-05).
    pub scan_hosts: usize,
    /// The same within a day: a scan that takes its time (OT-05).
    pub scan_hosts_day: usize,
    /// Ports of one host within `scan_span` that refuse one host or do not answer, where no more were learned (OT-06).
    pub scan_ports: usize,
    /// Services of control systems within `scan_span` that one host turns to for the first time, where no more were
    /// learned (OT-07).
    pub scan_services: usize,
    /// The time in which a scan of hosts, ports or services is recognised (OT-05, OT-06, OT-07, OT-27).
    pub scan_span: Span,
    /// Addresses that nobody has and one card asks for within `scan_arp_span`, where no more were learned (OT-08).
    pub scan_arp: usize,
    /// See `scan_arp`.
    pub scan_arp_span: Span,
    /// Requests for addresses that nobody has, and announcements, of one card within a minute, where no more were
    /// learned (OT-08).
    pub arp_flood: u64,
    /// Connections, or control messages, that come to one host within a minute, and requests for known addresses of one
    /// card, where no more were learned (OT-08, OT-10).
    pub connections_flood: u64,
    /// Connections of one client to one service within a minute, where no more were learned (OT-11).
    pub sessions_excess: u64,
    /// The same to services that people log in to (OT-11).
    pub logins_excess: u64,
    /// Hosts whose scans are followed at once.
    pub probers_max: usize,
    /// Addresses of which it is followed which card has them.
    pub neighbours_max: usize,
    /// Pairs of hosts whose short-term state is kept at once.
    pub pairs_max: usize,
    /// Commanded points whose last value is kept at once.
    pub points_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sensor: "gridtap".to_owned(),
            join: Span::from_secs(900),
            update_every: Span::from_secs(60),
            anomalies_max: 2_000,
            flood_incidents: 10,
            flood_targets: 64,
            flood_anomalies: 200,
            flood_window: Span::from_secs(600),
            budget_high_per_day: 1.0,
            scan_window: Span::from_secs(60),
            scan_functions: 3,
            scan_addresses: 5,
            scan_units: 5,
            backlog_requests: 500,
            exceptions_per_hour: 20,
            delays_per_minute: 3,
            unresponsive_requests: 3,
            command_burst_min: 30,
            turns_per_minute: 3,
            campaign_outstations: 3,
            mass_write_points_min: 64,
            selects_left: 5,
            malformed_burst: 5,
            open_requests: 32,
            requests_burst_min: 100,
            reports_burst: 5,
            reports_storm: 60,
            restarts_frequent: 2,
            losses_frequent: 3,
            refused_controls: 3,
            authentication_failures: 3,
            strangers_flood: 20,
            scan_hosts: 50,
            scan_hosts_day: 100,
            scan_ports: 25,
            scan_services: 10,
            scan_span: Span::from_secs(120),
            scan_arp: 40,
            scan_arp_span: Span::from_secs(360),
            arp_flood: 60,
            connections_flood: 50 * 60,
            sessions_excess: 50,
            logins_excess: 20,
            probers_max: 1_000,
            neighbours_max: 8_192,
            pairs_max: 20_000,
            points_max: 50_000,
        }
    }
}
