//! What a conversation speaks: tasted until its structure tells.

use gridtap_model::{Direction, LinkEvent, Protocol, Transport};
use gridtap_wire::Flow;

use super::second_look::SecondLook;
use super::{Conversation, Speech, account_forgotten, encrypted};
use crate::dnp3;
use crate::modbus::{Recognised, Scent, Session, recognise};
use crate::sides::side;
use crate::stage::Stage;
use crate::taste::{Forgotten, Mark, is_tls};

/// Bytes on a port of ours that are enough to say that they are foreign.
const FOREIGN_OCTETS: usize = 32;

impl Conversation {
    /// Bytes of a conversation whose protocol is not known yet.
    pub(super) fn taste(
        &mut self,
        stage: &mut Stage<'_>,
        flow: &Flow,
        direction: Direction,
        bytes: &[u8],
    ) {
        let mark = Mark::new(direction, stage.time, (stage.capture, stage.frame));
        let bytes_max = stage.shared.config.tasting_bytes_max;
        let Speech::Tasting(tasting) = &mut self.speech else { return };
        let udp = self.speakers.transport == Transport::Udp;
        // A conversation mostly shows at once what it is: nothing is copied then.
        if tasting.is_empty() || udp {
            let scent = self.scent(direction, bytes, false);
            if self.decide(stage, flow, &scent, Some((mark, bytes))) {
                return;
            }
        }
        let Speech::Tasting(tasting) = &mut self.speech else { return };
        if !tasting.keep(mark, bytes, bytes_max) {
            self.give_up(stage, flow);
            if matches!(self.speech, Speech::Foreign(_)) {
                return self.look_again(stage, flow, direction, bytes);
            }
            let scent = self.scent(direction, bytes, false);
            if matches!(self.speech, Speech::Tasting(_)) {
                self.decide(stage, flow, &scent, Some((mark, bytes)));
            }
            if let Speech::Tasting(tasting) = &mut self.speech
                && !tasting.keep(mark, bytes, bytes_max)
            {
                tasting.forget(bytes.len());
            }
            return;
        }
        if !udp {
            self.decide_joined(stage, flow, false);
        }
        self.announce_foreign_on_our_port(stage, flow, false);
    }

    fn scent<'a>(&self, direction: Direction, bytes: &'a [u8], at_end: bool) -> Scent<'a> {
        let (lost, rtu_before, first) = match &self.speech {
            Speech::Tasting(tasting) => (tasting.lost, tasting.rtu_datagrams, tasting.first()),
            _ => (false, 0, None),
        };
        Scent {
            bytes: match direction {
                Direction::Forward => [bytes, &[]],
                Direction::Backward => [&[], bytes],
            },
            first: first.unwrap_or(direction),
            from_start: self.speakers.handshake && !lost,
            at_end,
            rtu_before,
        }
    }

    /// Decides on all that a stream has said so far.
    pub(super) fn decide_joined(&mut self, stage: &mut Stage<'_>, flow: &Flow, at_end: bool) {
        let Speech::Tasting(tasting) = &self.speech else { return };
        let Some(first) = tasting.first() else { return };
        let (forward, backward) =
            (tasting.stream(Direction::Forward), tasting.stream(Direction::Backward));
        let joined = [forward.as_slice(), backward.as_slice()];
        let scent = Scent { bytes: joined, ..self.scent(first, &[], at_end) };
        self.decide(stage, flow, &scent, None);
    }

    /// Says what the conversation is, if its bytes tell; true where they do. `last` is not kept yet.
    fn decide(
        &mut self,
        stage: &mut Stage<'_>,
        flow: &Flow,
        scent: &Scent<'_>,
        last: Option<(Mark, &[u8])>,
    ) -> bool {
        let length_max = stage.shared.config.modbus_length_max;
        if is_tls(scent, self.speakers.transport) {
            self.become_tls(stage, last.map_or(0, |(_, bytes)| bytes.len()));
            return true;
        }
        let begun = match dnp3::recognise(&self.speakers, scent) {
            dnp3::Recognised::As(client) => {
                let session = Box::new(dnp3::Session::new(client));
                self.become_known(stage, flow, Speech::Dnp3(session), last);
                return true;
            }
            dnp3::Recognised::Wait => self.speakers.transport == Transport::Tcp,
            dnp3::Recognised::No => false,
        };
        match recognise(&self.speakers, scent, length_max) {
            Recognised::As(framing, roles) => {
                let session = Box::new(Session::new(framing, roles));
                self.become_known(stage, flow, Speech::Modbus(session), last);
                true
            }
            Recognised::PerhapsRtu => {
                if let Speech::Tasting(tasting) = &mut self.speech
                    && self.speakers.transport == Transport::Udp
                {
                    tasting.rtu_datagrams = tasting.rtu_datagrams.saturating_add(1);
                }
                false
            }
            Recognised::No if !self.speakers.expected() && !begun => {
                self.become_foreign(stage, last.map_or(0, |(_, bytes)| bytes.len()));
                true
            }
            Recognised::No | Recognised::Wait => false,
        }
    }

    fn become_tls(&mut self, stage: &mut Stage<'_>, last: usize) {
        let (kept, forgotten) = match &self.speech {
            Speech::Tasting(tasting) => (tasting.octets(), tasting.forgotten),
            _ => (0, Forgotten::default()),
        };
        account_forgotten(stage, &self.speakers, forgotten);
        let mut octets = 0;
        encrypted(stage, &self.speakers, &mut octets, kept.saturating_add(last));
        self.speech = Speech::Tls(octets);
        self.announce(stage, Protocol::Tls);
        if self.speakers.expected() {
            let count = &mut stage.shared.counters.encrypted;
            *count = count.saturating_add(1);
            let roles = self.roles();
            stage.link(&self.speakers, Protocol::Tls, roles, LinkEvent::Encrypted);
        }
    }

    /// The session hears what was kept, each event at its own time and frame, then the last.
    pub(super) fn become_known(
        &mut self,
        stage: &mut Stage<'_>,
        flow: &Flow,
        speech: Speech,
        last: Option<(Mark, &[u8])>,
    ) {
        let count = &mut stage.shared.counters.recognised;
        *count = count.saturating_add(1);
        let before = core::mem::replace(&mut self.speech, speech);
        let [_, server] = self.roles();
        self.speakers.zone = stage.shared.zones.of(flow, server.address);
        self.find_pair(stage, flow);
        self.announce(stage, self.protocol());
        self.refresh(stage, flow);
        let now = (stage.time, stage.capture, stage.frame);
        if let Speech::Tasting(tasting) = &before {
            if let Some(account) = self.speech.account() {
                account.begin_after(stage, tasting.forgotten);
            }
            for direction in [Direction::Forward, Direction::Backward] {
                if *side(&tasting.unheard, direction) {
                    self.speech.begin_after_gap(stage, direction);
                }
                // What the other side acknowledged of it.
                if side(&flow.unheard, direction) > side(&self.unheard, direction) {
                    self.speech.unheard(stage, direction.reversed());
                }
            }
            for (mark, bytes) in tasting.events() {
                (stage.time, stage.capture, stage.frame) = (mark.time, mark.capture, mark.frame);
                self.speech.hear(stage, &self.speakers, mark.direction, bytes);
            }
        }
        (stage.time, stage.capture, stage.frame) = now;
        if let Some((mark, bytes)) = last {
            self.speech.hear(stage, &self.speakers, mark.direction, bytes);
        }
        // With a connection for each poll, the first words are all there are.
        self.note_server(stage);
    }

    /// More was said than is kept, and it told nothing.
    fn give_up(&mut self, stage: &mut Stage<'_>, flow: &Flow) {
        if self.speakers.expected() {
            self.announce_foreign_on_our_port(stage, flow, true);
            if let Speech::Tasting(tasting) = &mut self.speech {
                tasting.clear();
            }
            return;
        }
        self.become_foreign(stage, 0);
    }

    /// None of ours so far; `last` octets are not kept.
    fn become_foreign(&mut self, stage: &mut Stage<'_>, last: usize) {
        let looks = stage.shared.config.second_looks_max;
        let mut second = SecondLook::after(&mut self.speech, looks);
        if let Some(second) = &mut second {
            second.forget(last);
        }
        self.speech = Speech::Foreign(second);
        self.announce(stage, Protocol::Unknown);
    }

    /// On a port of ours tasting goes on, but after some bytes it is said that they are foreign.
    fn announce_foreign_on_our_port(&mut self, stage: &mut Stage<'_>, flow: &Flow, surely: bool) {
        let Speech::Tasting(tasting) = &self.speech else { return };
        let first = tasting.first().unwrap_or(Direction::Forward);
        let enough = match dnp3::may_begin_within(&self.speakers, first) {
            Some(octets) => tasting.octets() >= octets,
            None => tasting.octets() >= FOREIGN_OCTETS || tasting.is_dialogue(),
        };
        if self.announced.is_some() || !(enough || surely) {
            return;
        }
        let (forward, backward) =
            (tasting.stream(Direction::Forward), tasting.stream(Direction::Backward));
        let joined = [forward.as_slice(), backward.as_slice()];
        let scent = Scent { bytes: joined, ..self.scent(first, &[], false) };
        let length_max = stage.shared.config.modbus_length_max;
        let nothing = recognise(&self.speakers, &scent, length_max) == Recognised::No
            && dnp3::recognise(&self.speakers, &scent) == dnp3::Recognised::No;
        if surely || nothing {
            self.find_pair(stage, flow);
            self.announce(stage, Protocol::Unknown);
        }
    }
}
