//! A finding about a series of messages rather than one: a scan, a burst, a silence.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{
    Armed, Device, Endpoint, Message, Observation, Place, Protocol, Severity, Timestamp, Zone,
};

use crate::book::{Cause, Subject};

/// A finding with its words, ready to be entered. Made seldom: only when a count is reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) subject: Subject,
    pub(crate) severity: Severity,
    pub(crate) cause: Cause,
    pub(crate) score: f64,
    /// The frames that show it, oldest first.
    pub(crate) frames: Vec<u64>,
    pub(crate) device: Device,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) points: Vec<String>,
    pub(crate) observed: String,
    pub(crate) expected: String,
}

impl Series {
    /// A finding about a master and a device, shown by this message.
    pub(crate) fn about(
        detection: &'static str,
        severity: Severity,
        cause: Cause,
        obs: &Observation<'_>,
        message: &Message<'_>,
    ) -> Self {
        let asks = obs.source == message.master;
        Self {
            subject: Subject {
                detection,
                actor: message.master.address,
                target: message.device.address,
                device: Some(message.device),
                variant: 0,
            },
            severity,
            cause,
            score: 1.0,
            frames: vec![obs.place.frame],
            device: message.device,
            source: message.master,
            destination: if asks { obs.destination } else { obs.source },
            points: Vec::new(),
            observed: String::new(),
            expected: String::new(),
        }
    }

    /// The same, done by the sender of this message to its receiver.
    pub(crate) fn by_sender(mut self, obs: &Observation<'_>) -> Self {
        self.subject.actor = obs.source.address;
        self.subject.target = obs.destination.address;
        Self { source: obs.source, destination: obs.destination, ..self }
    }

    /// The same, about these points.
    pub(crate) fn naming(self, points: Vec<String>) -> Self {
        Self { points, ..self }
    }

    /// The same, said in these words.
    pub(crate) fn saying(self, observed: String, expected: impl Into<String>) -> Self {
        Self { observed, expected: expected.into(), ..self }
    }

    /// The same, with its frames.
    pub(crate) fn shown_by(self, frames: Vec<u64>) -> Self {
        Self { frames, ..self }
    }

    /// The same, of this score.
    pub(crate) fn scored(self, score: f64) -> Self {
        Self { score, ..self }
    }

    /// The same, told apart from others of its kind by this.
    pub(crate) fn variant(mut self, variant: u64) -> Self {
        self.subject.variant = variant;
        self
    }

    /// The same, one finding for everything that this input brings from this zone: `fault` tells faults apart.
    pub(crate) fn of_sensor(mut self, obs: &Observation<'_>, fault: u64) -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let input = u64::from(obs.place.capture) << 32 | u64::from(obs.zone.0) << 8 | fault;
        self.subject = Subject { actor: nobody, target: nobody, variant: input, ..self.subject };
        self
    }

    /// The same, one finding for all who do it to this target.
    pub(crate) fn of_crowd(mut self) -> Self {
        self.subject.actor = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.subject.device = None;
        Self { cause: Cause::Access, ..self }
    }

    /// The same, one finding wherever it leads.
    pub(crate) fn of_many(mut self) -> Self {
        self.subject.target = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.subject.device = None;
        self
    }

    /// The same, one finding for the whole host whichever device there it meets.
    pub(crate) fn of_host(mut self) -> Self {
        self.subject.device = None;
        self
    }
}

/// When and where something was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) time: Timestamp,
    pub(crate) place: Place,
    pub(crate) protocol: Protocol,
    pub(crate) zone: Zone,
    pub(crate) armed: Armed,
}

impl Found {
    /// By this observation.
    pub(crate) const fn by(obs: &Observation<'_>, armed: Armed) -> Self {
        Self { time: obs.time, place: obs.place, protocol: obs.protocol, zone: obs.zone, armed }
    }
}

/// A finding that is told only if nothing comes that explains it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Later {
    pub(crate) series: Series,
    pub(crate) found: Found,
    /// Its actor was never heard before.
    pub(crate) unknown: bool,
}
