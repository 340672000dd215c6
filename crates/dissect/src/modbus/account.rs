//! The account of a conversation: every byte is decoded, skipped or missing, and long blindness is said.

use gridtap_model::{Direction, LinkEvent, Protocol};

use super::framing::Footing;
use super::session::{Session, ends};
use crate::record::{Problem, Reason};
use crate::stage::{Speakers, Stage};
use crate::taste::Forgotten;

impl Session {
    pub(super) fn skip(&mut self, direction: Direction, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let stream = self.stream_mut(direction);
        stream.skipped = stream.skipped.saturating_add(octets);
    }

    /// Accounts for what was skipped up to here, as one stretch.
    pub(super) fn report_skipped(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        resumed_frame: Option<u64>,
    ) {
        let bytes = core::mem::take(&mut self.stream_mut(direction).skipped);
        if bytes == 0 {
            return;
        }
        self.accounts.skipped = self.accounts.skipped.saturating_add(bytes);
        let total = &mut stage.shared.counters.bytes.skipped;
        *total = total.saturating_add(bytes);
        self.lose(stage);
        let roles = self.roles(speakers);
        stage.link(speakers, Protocol::Modbus, roles, LinkEvent::Skipped { bytes });
        let reason = match resumed_frame {
            Some(_) => Reason::Garbage,
            None => Reason::Incomplete,
        };
        let problem = Problem { reason, bytes, resumed_frame };
        stage.problem(speakers, Protocol::Modbus, ends(speakers, direction), problem);
    }

    /// What follows may be the fault of a loss.
    pub(crate) fn lose(&mut self, stage: &Stage<'_>) {
        let memory = stage.shared.config.loss_memory.nanos();
        self.lossy_until = Some(stage.time.plus_ns(memory));
    }

    /// Accounts for what was heard and missed before the conversation was recognised, and is kept no more.
    pub(crate) fn begin_after(&mut self, stage: &mut Stage<'_>, forgotten: Forgotten) {
        let Forgotten { heard, missing } = forgotten;
        for account in [&mut self.accounts, &mut stage.shared.counters.bytes] {
            account.skipped = account.skipped.saturating_add(heard);
            account.missing = account.missing.saturating_add(missing);
        }
    }

    /// Octets that the capture does not hold.
    pub(crate) fn gap(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: u64,
    ) {
        self.drop_carry(stage, direction);
        self.report_skipped(stage, speakers, direction, None);
        self.stream_mut(direction).footing = Footing::AfterLoss;
        self.accounts.missing = self.accounts.missing.saturating_add(bytes);
        let total = &mut stage.shared.counters.bytes.missing;
        *total = total.saturating_add(bytes);
        self.lose(stage);
        self.exchange.excuse();
        let roles = self.roles(speakers);
        stage.link(speakers, Protocol::Modbus, roles, LinkEvent::Missing { bytes });
        let problem = Problem { reason: Reason::Missing, bytes, resumed_frame: None };
        stage.problem(speakers, Protocol::Modbus, ends(speakers, direction), problem);
    }

    pub(super) fn drop_carry(&mut self, stage: &mut Stage<'_>, direction: Direction) {
        let carry = core::mem::take(&mut self.stream_mut(direction).carry);
        self.skip(direction, carry.len());
        stage.shared.buffers.give_back(carry);
    }

    /// The conversation carries bytes and none of them is decoded.
    pub(super) fn watch_blindness(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        octets: usize,
    ) {
        let waiting = self.stream(direction);
        if waiting.footing == Footing::Firm && waiting.skipped == 0 {
            return;
        }
        if self.undecoded == 0 {
            self.undecoded_since = stage.time;
        }
        self.undecoded = self.undecoded.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        let after = stage.shared.config.blind_after.nanos();
        if !self.blind_said && stage.time.since_ns(self.undecoded_since) >= after {
            self.blind_said = true;
            let (bytes, since) = (self.undecoded, self.undecoded_since);
            let roles = self.roles(speakers);
            stage.link(speakers, Protocol::Modbus, roles, LinkEvent::Blind { bytes, since });
        }
    }
}
