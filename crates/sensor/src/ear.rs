//! Frames to what is said in them.

use gridtap_dissect::{Dissector, Output};
use gridtap_model::Timestamp;
use gridtap_wire::{Frame, Heard, Whole, Wire};

/// What hears: conversations out of frames, and what is said in them, on one thread.
#[derive(Debug)]
pub struct Ear {
    /// Frames to ordered bytes.
    pub wire: Wire,
    /// Bytes to observations and records.
    pub dissector: Dissector,
}

/// When something was told that time alone brought: what is due first comes first, whoever tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Of a flow, in so manieth a round.
    Flow(u32, gridtap_wire::Due),
    /// Of a conversation.
    Conversation(gridtap_dissect::Due),
    /// At the end.
    Last,
}

impl Ear {
    /// One frame.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(Output<'_>)) {
        let Self { wire, dissector } = self;
        wire.frame(frame, &mut |heard: &Heard<'_>| dissector.heard(heard, sink));
        if let Some(notice) = wire.take_notice() {
            dissector.notice(&notice, sink);
        }
    }

    /// A packet that came in parts.
    pub(crate) fn whole(&mut self, whole: &Whole, sink: &mut impl FnMut(Output<'_>)) {
        let Self { wire, dissector } = self;
        wire.whole(whole, &mut |heard: &Heard<'_>| dissector.heard(heard, sink));
        if let Some(notice) = wire.take_notice() {
            dissector.notice(&notice, sink);
        }
    }

    /// Time has come this far.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl FnMut(Output<'_>)) {
        let Self { wire, dissector } = self;
        wire.tick(now, &mut |heard: &Heard<'_>| dissector.heard(heard, sink));
        dissector.tick(now, sink);
    }

    /// The input ended.
    pub fn finish(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        let Self { wire, dissector } = self;
        wire.finish(&mut |heard: &Heard<'_>| dissector.heard(heard, sink));
        dissector.finish(sink);
    }

    /// The flows' part of a tick, step by step.
    pub(crate) fn tick_flows(&mut self, now: Timestamp, sink: &mut impl FnMut(Moment, Output<'_>)) {
        let Self { wire, dissector } = self;
        wire.release(now);
        for round in 0_u32.. {
            let due = wire.due(now);
            if due.is_empty() {
                return;
            }
            for due in due {
                let moment = Moment::Flow(round, due);
                wire.look(due, now, &mut |heard: &Heard<'_>| {
                    dissector.heard(heard, &mut |output: Output<'_>| sink(moment, output));
                });
            }
        }
    }

    /// The conversations' part of a tick, step by step.
    pub(crate) fn tick_conversations(
        &mut self,
        now: Timestamp,
        sink: &mut impl FnMut(Moment, Output<'_>),
    ) {
        while let Some(due) = self.dissector.due(now) {
            let moment = Moment::Conversation(due);
            self.dissector.look(due, &mut |output: Output<'_>| sink(moment, output));
        }
    }

    /// The end, step by step.
    pub(crate) fn end(&mut self, sink: &mut impl FnMut(Moment, Output<'_>)) {
        let Self { wire, dissector } = self;
        for due in wire.due(Timestamp::MAX) {
            let moment = Moment::Flow(0, due);
            wire.end(due, &mut |heard: &Heard<'_>| {
                dissector.heard(heard, &mut |output: Output<'_>| sink(moment, output));
            });
        }
        // Nothing is left to end.
        wire.finish(&mut |_: &Heard<'_>| {});
        dissector.finish(&mut |output: Output<'_>| sink(Moment::Last, output));
    }
}
