//! What belongs together: findings of one actor within the joining time that share a target or a cause, and
//! everything a stranger does. What the sensor cannot hear stays apart from what somebody did.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gridtap_model::{IncidentId, Severity, Timestamp, Zone};
use sha2::{Digest, Sha256};

use crate::book::{Cause, Finding};
use crate::config::Config;

/// How many targets of one incident are told apart.
const TARGETS_MAX: usize = 256;

struct Incident {
    id: IncidentId,
    last: Timestamp,
    targets: BTreeSet<IpAddr>,
    causes: BTreeSet<Cause>,
    severity: Severity,
    stranger: bool,
    unknown: bool,
}

/// Incidents that findings may still join.
pub(crate) struct Incidents {
    open: BTreeMap<(Zone, IpAddr), Vec<Incident>>,
    /// When the last few were opened, to tell a flood: of known hosts, and of strangers.
    recent: [VecDeque<Timestamp>; 2],
    /// The parents of what known hosts do, and of what strangers do.
    flood: [Option<IncidentId>; 2],
    /// What strangers do at a target, by cause: whoever comes next with the same is part of it.
    crowds: BTreeMap<(Zone, IpAddr, Cause), (IncidentId, Timestamp)>,
    config: Config,
    ordinal: u64,
    opened: u64,
    gathered: u64,
}

impl Incidents {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            open: BTreeMap::new(),
            recent: [VecDeque::new(), VecDeque::new()],
            flood: [None; 2],
            crowds: BTreeMap::new(),
            config: config.clone(),
            ordinal: 0,
            opened: 0,
            gathered: 0,
        }
    }

    /// How many were opened, and how many findings were gathered under the parent of a flood.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.opened, self.gathered)
    }

    /// The incident that a new finding belongs to. What is for the record has one of its own.
    pub(crate) fn of(&mut self, finding: &Finding<'_>) -> IncidentId {
        let join_ns = self.config.join.nanos();
        let key = (finding.zone, finding.subject.actor);
        let open = self.open.entry(key).or_default();
        open.retain(|incident| finding.time.since_ns(incident.last) <= join_ns);
        // What is only context (info) joins whatever is open about its actor.
        let context = finding.severity == Severity::Info;
        let record = context && finding.cause == Cause::Record;
        let found = open.iter_mut().filter(|_| !record).find(|incident| {
            if incident.is_record() {
                return false;
            }
            let same_cause = incident.causes.contains(&finding.cause);
            // The sensor's own health is never part of what somebody did.
            if finding.cause == Cause::Hearing || incident.causes.contains(&Cause::Hearing) {
                return same_cause;
            }
            context
                || incident.stranger
                || finding.stranger
                || same_cause
                || incident.targets.contains(&finding.subject.target)
        });
        if let Some(incident) = found {
            incident.joined(finding);
            return incident.id;
        }
        let parent =
            if record { None } else { self.crowd(finding).or_else(|| self.flood_parent(finding)) };
        let id = parent.unwrap_or_else(|| self.opened("incident", finding));
        if finding.unknown {
            let crowd = (finding.zone, finding.subject.target, finding.cause);
            self.crowds.insert(crowd, (id, finding.time));
        }
        let mut incident = Incident {
            id,
            last: finding.time,
            targets: BTreeSet::new(),
            causes: BTreeSet::new(),
            severity: finding.severity,
            stranger: finding.stranger,
            unknown: finding.unknown,
        };
        incident.joined(finding);
        self.open.entry(key).or_default().push(incident);
        self.make_room(finding.time);
        id
    }

    /// The incident of other strangers who came to this target for the same within the joining time.
    fn crowd(&self, finding: &Finding<'_>) -> Option<IncidentId> {
        let crowd = (finding.zone, finding.subject.target, finding.cause);
        let (id, last) = self.crowds.get(&crowd).filter(|_| finding.unknown)?;
        (finding.time.since_ns(*last) <= self.config.join.nanos()).then_some(*id)
    }

    /// Forgets what nothing joins any more, and where that is not enough what strangers do.
    fn make_room(&mut self, now: Timestamp) {
        let join_ns = self.config.join.nanos();
        let most = self.config.anomalies_max;
        if self.crowds.len() > most {
            self.crowds.retain(|_, (_, last)| now.since_ns(*last) <= join_ns);
            if self.crowds.len() > most {
                self.crowds.clear();
            }
        }
        if self.open.len() > most {
            let joins = |incident: &Incident| now.since_ns(incident.last) <= join_ns;
            self.open.retain(|_, open| open.iter().any(joins));
            let many = self.open.len() > most;
            self.open.retain(|_, open| !many || open.iter().any(|incident| !incident.unknown));
        }
    }

    /// A finding that was entered before was seen again.
    pub(crate) fn again(&mut self, finding: &Finding<'_>, actor: IpAddr, id: IncidentId) {
        let open = self.open.get_mut(&(finding.zone, actor));
        if let Some(incident) =
            open.and_then(|open| open.iter_mut().find(|incident| incident.id == id))
        {
            incident.joined(finding);
        }
    }

    /// Whether one above low is open that this actor is in.
    pub(crate) fn concerns(&self, zone: Zone, actor: IpAddr, now: Timestamp) -> bool {
        let join_ns = self.config.join.nanos();
        self.open.get(&(zone, actor)).into_iter().flatten().any(|incident| {
            incident.severity > Severity::Low && now.since_ns(incident.last) <= join_ns
        })
    }

    /// More new incidents than a person can take gather under one parent. Critical ones of known hosts still stand
    /// alone; strangers have a parent of their own, so that a flood of made-up addresses hides no known host.
    fn flood_parent(&mut self, finding: &Finding<'_>) -> Option<IncidentId> {
        let window_ns = self.config.flood_window.nanos();
        let [known, strangers] = &mut self.recent;
        let recent = if finding.unknown { strangers } else { known };
        while recent.front().is_some_and(|first| finding.time.since_ns(*first) > window_ns) {
            recent.pop_front();
        }
        let few = recent.len() < self.config.flood_incidents;
        if few {
            recent.push_back(finding.time);
        }
        let [known, strangers] = self.flood;
        let mut parent = if finding.unknown { strangers } else { known };
        if !few && finding.severity == Severity::Critical && !finding.unknown {
            return None;
        }
        parent = match parent {
            _ if few => None,
            Some(parent) => Some(parent),
            None => Some(self.opened("flood", finding)),
        };
        let [known, strangers] = &mut self.flood;
        *(if finding.unknown { strangers } else { known }) = parent;
        self.gathered = self.gathered.saturating_add(u64::from(parent.is_some()));
        parent
    }

    fn opened(&mut self, kind: &str, finding: &Finding<'_>) -> IncidentId {
        self.opened = self.opened.saturating_add(1);
        self.ordinal = self.ordinal.saturating_add(1);
        IncidentId(uuid(&self.config, kind, finding, self.ordinal))
    }
}

impl Incident {
    /// Whether nothing is in it but what is for the record: nothing else joins that.
    fn is_record(&self) -> bool {
        self.causes.iter().all(|cause| *cause == Cause::Record)
    }

    fn joined(&mut self, finding: &Finding<'_>) {
        // What is no alarm keeps no alarm's incident open.
        if finding.severity > Severity::Info || self.severity == Severity::Info {
            self.last = self.last.max(finding.time);
        }
        self.stranger |= finding.stranger;
        self.severity = self.severity.max(finding.severity);
        self.causes.insert(finding.cause);
        if self.targets.len() < TARGETS_MAX {
            self.targets.insert(finding.subject.target);
        }
    }
}

/// A UUIDv8 (RFC 9562, 5.8) of what is named: the same on every run over the same input.
pub(crate) fn uuid(config: &Config, kind: &str, finding: &Finding<'_>, ordinal: u64) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [kind, &config.sensor, &format!("{:?}", finding.subject)] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(finding.time.nanos().to_be_bytes());
    hash.update(ordinal.to_be_bytes());
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut id;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    id
}
