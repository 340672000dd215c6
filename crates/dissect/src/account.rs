//! The account of a conversation, whatever it speaks: every byte is decoded, skipped or missing, and long
//! blindness is said.

use gridtap_model::{Endpoint, LinkEvent, Protocol, Timestamp};

use crate::record::{Problem, Reason};
use crate::stage::{Speakers, Stage};
use crate::taste::Forgotten;

/// Where the bytes of one conversation went.
#[derive(Debug)]
pub(crate) struct Account {
    protocol: Protocol,
    /// Bytes since the last that were decoded.
    undecoded: u64,
    undecoded_since: Timestamp,
    blind_said: bool,
}

/// Whose conversation it is: its client and server, and the sender and receiver of the bytes at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties {
    pub(crate) roles: [Endpoint; 2],
    pub(crate) ends: [Endpoint; 2],
}

impl Account {
    pub(crate) const fn new(protocol: Protocol) -> Self {
        Self { protocol, undecoded: 0, undecoded_since: Timestamp::MIN, blind_said: false }
    }

    /// Octets of a message.
    pub(crate) fn decode(&mut self, stage: &mut Stage<'_>, octets: u64) {
        let counters = &mut stage.shared.counters;
        let total = &mut counters.bytes.decoded;
        *total = total.saturating_add(octets);
        let spoken = &mut counters.spoken_mut(self.protocol).bytes.decoded;
        *spoken = spoken.saturating_add(octets);
        self.undecoded = 0;
        self.blind_said = false;
    }

    /// A stretch of octets that is part of no message.
    pub(crate) fn skip(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        parties: Parties,
        problem: Problem,
    ) {
        let bytes = problem.bytes;
        let counters = &mut stage.shared.counters;
        counters.bytes.skipped = counters.bytes.skipped.saturating_add(bytes);
        counters.spoken_mut(self.protocol).skip(problem.reason, bytes);
        stage.link(speakers, self.protocol, parties.roles, LinkEvent::Skipped { bytes });
        stage.problem(speakers, self.protocol, parties.ends, problem);
    }

    /// Octets that the capture does not hold.
    pub(crate) fn miss(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        parties: Parties,
        bytes: u64,
    ) {
        let counters = &mut stage.shared.counters;
        counters.bytes.missing = counters.bytes.missing.saturating_add(bytes);
        counters.spoken_mut(self.protocol).miss(bytes);
        stage.link(speakers, self.protocol, parties.roles, LinkEvent::Missing { bytes });
        let problem = Problem { reason: Reason::Missing, bytes, resumed_frame: None };
        stage.problem(speakers, self.protocol, parties.ends, problem);
    }

    /// What was heard and missed before the conversation was recognised, and is kept no more.
    pub(crate) fn begin_after(&mut self, stage: &mut Stage<'_>, forgotten: Forgotten) {
        let Forgotten { heard, missing } = forgotten;
        let counters = &mut stage.shared.counters;
        let spoken = &mut counters.spoken_mut(self.protocol).bytes;
        (spoken.skipped, spoken.missing) =
            (spoken.skipped.saturating_add(heard), spoken.missing.saturating_add(missing));
        let total = &mut counters.bytes;
        (total.skipped, total.missing) =
            (total.skipped.saturating_add(heard), total.missing.saturating_add(missing));
    }

    /// The conversation carries these octets and has none decoded.
    pub(crate) fn stay_blind(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        roles: [Endpoint; 2],
        octets: usize,
    ) {
        if self.undecoded == 0 {
            self.undecoded_since = stage.time;
        }
        self.undecoded = self.undecoded.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        let after = stage.shared.config.blind_after.nanos();
        if !self.blind_said && stage.time.since_ns(self.undecoded_since) >= after {
            self.blind_said = true;
            let (bytes, since) = (self.undecoded, self.undecoded_since);
            stage.link(speakers, self.protocol, roles, LinkEvent::Blind { bytes, since });
        }
    }
}
