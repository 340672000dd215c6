//! One message with everything that a rule may ask about it.

use gridtap_baseline::{Level, Site, Verdict};
use gridtap_model::{Armed, Class, Effect, Message, Observation, Phase, Point, Protocol, Severity};

use crate::book::{Cause, Subject};
use crate::expected::Expected;

/// A message, what the baseline says of it, and the site's names.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) obs: &'a Observation<'a>,
    pub(crate) message: &'a Message<'a>,
    pub(crate) verdict: &'a Verdict,
    pub(crate) site: &'a Site,
    /// The standard's own dialogues explain the message: it needs no other reason.
    pub(crate) excused: bool,
    /// The message goes to every device at once: to a broadcast address, or to unit 0 behind a gateway.
    pub(crate) to_all: bool,
    /// What is new in it comes as news does that is common: by itself, in the conversation that polls.
    pub(crate) usual: bool,
}

impl Scene<'_> {
    /// Whether the message means to change something.
    pub(crate) const fn commands(&self) -> bool {
        match self.message.class {
            Class::Command | Class::Configuration | Class::Program | Class::Time => {
                !matches!(self.message.effect, Effect::ProgramRead)
            }
            Class::File => matches!(self.message.effect, Effect::FileWrite),
            Class::Diagnostic => matches!(
                self.message.effect,
                Effect::Restart | Effect::ListenOnly | Effect::ClearDiagnostics
            ),
            Class::Read | Class::Link => false,
        }
    }

    /// Whether the baseline judges or still learns.
    pub(crate) const fn armed(&self) -> Armed {
        if self.verdict.armed { Armed::Armed } else { Armed::Learning }
    }

    /// Whether the master is known as one that commands this device, or commands others and polls this one.
    ///
    /// That a master sets the clock and says what is reported makes it none that trips a breaker.
    pub(crate) const fn known_commander(&self) -> bool {
        let access = &self.verdict.access;
        let (here, elsewhere) = match self.message.class {
            Class::Configuration | Class::Time => (access.commander, access.commander_elsewhere),
            _ => (access.operator, access.operator_elsewhere),
        };
        here || elsewhere && (access.master_known || self.to_all)
    }

    /// Whether the message only announces a command, and moves nothing yet.
    pub(crate) const fn selects(&self) -> bool {
        matches!(self.message.phase, Phase::Select)
    }

    /// Whether the message moves the process at once, or announces it.
    pub(crate) const fn controls(&self) -> bool {
        // Where only answers are heard, one may repeat a control, and none tells whether it was selected first.
        matches!(self.message.phase, Phase::Request | Phase::Select | Phase::Operate)
            && matches!((self.message.class, self.message.effect), (Class::Command, Effect::Plain))
    }

    /// Whether the message names what the master uses: an answer of DNP3, heard without its request, does not.
    pub(crate) fn names_function(&self) -> bool {
        self.message.device.protocol != Protocol::Dnp3 || self.message.phase != Phase::Response
    }

    /// Whether news is judged and the parties themselves are news.
    pub(crate) fn is_stranger(&self) -> bool {
        self.verdict.armed && self.verdict.new_at == Some(Level::Flow) && !self.verdict.accepted
    }

    /// The subject of a finding about this message and its device.
    pub(crate) fn subject(&self, detection: &'static str, variant: u64) -> Subject {
        Subject {
            detection,
            actor: self.message.master.address,
            target: self.message.device.address,
            device: Some(self.message.device),
            variant,
        }
    }

    /// The points that the message means: of a command those it writes, else all. At most `max`.
    pub(crate) fn points(&self, max: usize) -> Vec<Point> {
        let writes = self.message.runs.iter().any(|run| run.written);
        self.message
            .runs
            .iter()
            .filter(|run| run.written || !writes)
            .flat_map(gridtap_model::Run::points)
            .take(max)
            .collect()
    }

    /// How many points the message writes.
    pub(crate) fn points_written(&self) -> u64 {
        self.message.runs.iter().filter(|run| run.written).map(|run| u64::from(run.count)).sum()
    }
}

/// What a rule says of one message. The most severe, then the most specific, becomes the anomaly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) detection: &'static str,
    pub(crate) severity: Severity,
    /// How specific: of two equally severe findings the higher one is the anomaly, the other an `also`.
    pub(crate) rank: u8,
    pub(crate) cause: Cause,
    /// The rule fired because the baseline does not know this: it must not be learned by repetition.
    pub(crate) novelty: bool,
    /// Tells anomalies of one detection, actor and device apart.
    pub(crate) variant: u64,
    /// One anomaly for the whole host, whichever device there it meets: a sweep is told once, not once a unit.
    pub(crate) of_host: bool,
    pub(crate) score: f64,
    pub(crate) expected: Expected,
}

/// How specific a rule is, least first.
pub(crate) mod rank {
    /// The network: a new host, a new conversation.
    pub(crate) const NETWORK: u8 = 10;
    /// The master of a device.
    pub(crate) const MASTER: u8 = 20;
    /// A class of access.
    pub(crate) const CLASS: u8 = 30;
    /// A function.
    pub(crate) const FUNCTION: u8 = 40;
    /// Points.
    pub(crate) const POINT: u8 = 50;
    /// A property of the message.
    pub(crate) const MESSAGE: u8 = 60;
    /// What the function does.
    pub(crate) const EFFECT: u8 = 70;
    /// How many devices it reaches.
    pub(crate) const REACH: u8 = 80;
    /// What its sender is.
    pub(crate) const ROLE: u8 = 90;
}

#[cfg(test)]
pub(crate) mod tests {
    use core::net::{IpAddr, Ipv4Addr};

    use gridtap_baseline::Baseline;
    use gridtap_model::{
        Conversation, Endpoint, LinkEvent, Place, Timestamp, Transport, What, Zone,
    };

    use super::*;

    /// What a baseline says of a conversation between two hosts, for tests of words.
    pub(crate) fn link_verdict(baseline: &mut Baseline) -> Verdict {
        let end = |last| Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), 502);
        baseline.judge(&Observation {
            time: Timestamp::from_parts(1_000, 0),
            place: Place::default(),
            zone: Zone(0),
            conversation: Conversation(1),
            transport: Transport::Tcp,
            protocol: Protocol::Unknown,
            source: end(7),
            destination: end(21),
            what: What::Link(LinkEvent::Attempted { failed: true }),
        })
    }
}
