//! Work that was declared and was not heard.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{Armed, Endpoint, Protocol, Severity, Timestamp, Zone};

use super::Detector;
use crate::book::{Cause, Finding, Subject, Words};
use crate::catalogue;

const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Detector {
    /// Tells of each window that is over whether nothing of it was heard: once, for the record.
    pub(super) fn missed(&mut self, now: Timestamp) {
        let (missed, place) = self.book.missed(now);
        let Some(detection) = catalogue::detection("OT-33").filter(|_| !missed.is_empty()) else {
            return;
        };
        let nobody = Endpoint::new(NOBODY, 0);
        for window in missed {
            let variant =
                window.name.bytes().fold(window.end.nanos().cast_unsigned(), |hash, byte| {
                    hash.wrapping_mul(31).wrapping_add(u64::from(byte))
                });
            let finding = Finding {
                subject: Subject {
                    detection: detection.id,
                    actor: NOBODY,
                    target: NOBODY,
                    device: None,
                    variant,
                },
                detection,
                also: &[],
                severity: Severity::Info,
                score: 0.0,
                cause: Cause::Record,
                time: now,
                place,
                earlier: &[],
                protocol: Protocol::Unknown,
                zone: Zone(0),
                source: nobody,
                destination: nobody,
                armed: Armed::Armed,
                gist: 0,
                key: &|| None,
                unknown: false,
                stranger: false,
            };
            let site = &self.site;
            self.book.enter(&finding, || Words {
                zone: site.zone_name(Zone(0)).to_owned(),
                device: format!("window {:?}", window.name),
                points: Vec::new(),
                observed: format!(
                    "nothing of the planned work {:?} was heard from {} to {}",
                    window.name, window.start, window.end
                ),
                expected: "a command by one of its sources to one of its targets, or anything else that it names"
                    .to_owned(),
            });
        }
    }
}
