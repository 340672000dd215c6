//! What is wrong with the sensor itself, as its shell finds it.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{Armed, Endpoint, Observation, Place, Protocol, Severity, Timestamp, Zone};

use super::Detector;
use crate::book::{Cause, Finding, Subject, Words};
use crate::catalogue;

/// What may be wrong with the sensor itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Nothing is heard at all.
    Silence,
    /// An input that was heard brings nothing any more, while others do.
    InputSilence,
    /// An interface is down or gone.
    InterfaceLost,
    /// Packets are lost because the sensor is too slow.
    Overload,
    /// Octets of conversations that are decoded are missing.
    Gaps,
    /// The clock that stamps packets is not this machine's time.
    Clock,
    /// Everything that is asked regularly stopped at once, and what else is heard does not say why.
    Pause,
}

impl Trouble {
    const fn number(self) -> u64 {
        match self {
            Self::Silence => 16,
            Self::InputSilence => 17,
            Self::InterfaceLost => 18,
            Self::Overload => 19,
            Self::Gaps => 20,
            Self::Clock => 21,
            Self::Pause => 22,
        }
    }

    const fn severity(self) -> Severity {
        match self {
            Self::Silence | Self::InterfaceLost | Self::Overload => Severity::High,
            Self::InputSilence | Self::Gaps | Self::Pause => Severity::Medium,
            Self::Clock => Severity::Low,
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Silence | Self::InputSilence => {
                "masters poll all the time: a port that copies their traffic is never silent"
            }
            Self::InterfaceLost => {
                "an interface that is up; it is waited for, and heard again when it is back"
            }
            Self::Overload => {
                "every packet: what was lost was not judged, although decoding goes on behind each gap"
            }
            Self::Gaps => "every octet: commands in what is missing were not judged",
            Self::Pause => {
                "masters ask the same again and again: what came in the meantime was not heard, and not judged"
            }
            Self::Clock => "packets that are stamped with this machine's time",
        }
    }
}

/// What is said of the sensor.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'a> {
    /// When.
    pub time: Timestamp,
    /// At which input, and its last frame.
    pub place: Place,
    /// What it is about.
    pub trouble: Trouble,
    /// What is wrong, in a sentence.
    pub observed: &'a str,
}

impl Detector {
    /// Something is wrong with the sensor itself, or still is.
    pub fn sensor_troubled(&mut self, condition: &Condition<'_>) {
        let Some(detection) = catalogue::detection("OT-29") else { return };
        let nobody = Endpoint::new(NOBODY, 0);
        let finding = Finding {
            subject: subject(condition),
            detection,
            also: &[],
            severity: condition.trouble.severity(),
            score: 9.0,
            cause: Cause::Hearing,
            time: condition.time,
            place: condition.place,
            earlier: &[],
            protocol: Protocol::Unknown,
            zone: Zone(0),
            source: nobody,
            destination: nobody,
            armed: Armed::Armed,
            gist: 0,
            key: &|| None,
            stranger: false,
            unknown: false,
        };
        let (site, sensor) = (&self.site, &self.config.sensor);
        self.book.enter(&finding, || Words {
            zone: site.zone_name(Zone(0)).to_owned(),
            device: format!("sensor {sensor}"),
            points: Vec::new(),
            observed: condition.observed.to_owned(),
            expected: condition.trouble.expected().to_owned(),
        });
    }

    /// Octets of a conversation are missing: where they are many, the sensor does not hear what it should.
    pub(super) fn missing(&mut self, obs: &Observation<'_>, octets: u64) {
        if let Some(observed) = self.families.losses.missing(obs.place, obs.time, octets) {
            let (time, place, trouble) = (obs.time, obs.place, Trouble::Gaps);
            self.sensor_troubled(&Condition { time, place, trouble, observed: &observed });
        }
    }

    /// Time passes: less is missing than before.
    pub(super) fn heard_again(&mut self, now: Timestamp) {
        if let Some(place) = self.families.losses.tick(now) {
            let observed = "little or nothing was missing in the last ten minutes";
            self.sensor_recovered(&Condition {
                time: now,
                place,
                trouble: Trouble::Gaps,
                observed,
            });
        }
    }

    /// What was wrong is over: told at once, and the next time it is another anomaly.
    pub fn sensor_recovered(&mut self, condition: &Condition<'_>) {
        self.book.over(&subject(condition), condition.time, condition.observed);
    }
}

const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn subject(condition: &Condition<'_>) -> Subject {
    let input = u64::from(condition.place.capture) << 32 | condition.trouble.number();
    Subject { detection: "OT-29", actor: NOBODY, target: NOBODY, device: None, variant: input }
}
