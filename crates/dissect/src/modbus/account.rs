//! The account of a conversation that speaks Modbus.

use gridtap_model::Direction;

use super::framing::Footing;
use super::session::Session;
use crate::account::Parties;
use crate::held::Held;
use crate::record::{Problem, Reason};
use crate::stage::{Speakers, Stage, ends};

impl Session {
    pub(super) fn skip(&mut self, direction: Direction, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let stream = self.stream_mut(direction);
        stream.skipped = stream.skipped.saturating_add(octets);
    }

    fn parties(&self, speakers: &Speakers, direction: Direction) -> Parties {
        Parties { roles: self.roles(speakers), ends: ends(speakers, direction) }
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
        self.lose(stage);
        let reason = match resumed_frame {
            Some(_) => Reason::Garbage,
            None => Reason::Incomplete,
        };
        let problem = Problem { reason, bytes, resumed_frame };
        let parties = self.parties(speakers, direction);
        self.account.skip(stage, speakers, parties, problem);
    }

    /// What follows may be the fault of a loss.
    pub(crate) fn lose(&mut self, stage: &Stage<'_>) {
        let memory = stage.shared.config.loss_memory.nanos();
        self.lossy_until = Some(stage.time.plus_ns(memory));
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
        self.lose(stage);
        self.exchange.excuse();
        let parties = self.parties(speakers, direction);
        self.account.miss(stage, speakers, parties, bytes);
    }

    /// What is held beside the session itself.
    pub(crate) fn held(&self) -> Held {
        let [forward, backward] = self.carries();
        let held = self.exchange.held();
        Held::of(held.octets().saturating_add(forward).saturating_add(backward), held.requests())
    }

    /// Gives way for want of room: what has come of messages counts as skipped, and what waits is forgotten. Who speaks,
    /// and how, is still known.
    pub(crate) fn give_way(&mut self, stage: &mut Stage<'_>, speakers: &Speakers) {
        for direction in [Direction::Forward, Direction::Backward] {
            if self.stream(direction).carry.is_empty() {
                continue;
            }
            self.drop_carry(stage, direction);
            self.report_skipped(stage, speakers, direction, None);
            self.stream_mut(direction).footing = Footing::AfterLoss;
        }
        self.exchange.give_way();
        self.lose(stage);
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
        let roles = self.roles(speakers);
        self.account.stay_blind(stage, speakers, roles, octets);
    }
}
