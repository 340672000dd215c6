//! What a message says, to observations and records.

use gridtap_model::{
    Authentication, Class, Device, Dialogue, Direction, Effect, Endpoint, Faults, FileAccess,
    Function, Hearing, Indications, Message, Observation, Occasion, Outcome, Phase, Place,
    Protocol, Refusal, Run, Selected, SubAddress, Timestamp, What,
};

use super::contents::Contents;
use super::exchange::Pair;
use super::record::Dnp3Record;
use crate::record::{Detail, Record};
use crate::stage::{Speakers, Stage, ends};

/// Who of the two sides asks, and by which link addresses they are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roles {
    /// The direction in which the master speaks.
    pub(super) asking: Direction,
    /// The link addresses of master and device.
    pub(super) pair: Pair,
}

/// The request that a message goes back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back {
    pub(super) frame: u64,
    pub(super) latency_ns: Option<u64>,
}

/// What differs from message to message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) direction: Direction,
    pub(super) roles: Roles,
    pub(super) class: Class,
    pub(super) effect: Effect,
    pub(super) phase: Phase,
    pub(super) function: Function,
    pub(super) runs: &'a [Run<'a>],
    pub(super) outcome: Outcome,
    pub(super) back: Option<Back>,
    pub(super) faults: Faults,
    pub(super) hearing: Hearing,
    pub(super) identity: Option<&'a [u8]>,
    pub(super) file: Option<FileAccess<'a>>,
    pub(super) occasion: Occasion,
    pub(super) selected: Option<Selected>,
    pub(super) indications: Option<Indications>,
    pub(super) authentication: Authentication,
}

impl Telling<'_> {
    /// The least there is to tell: the rest is nothing.
    pub(super) const fn of(
        time: Timestamp,
        place: Place,
        direction: Direction,
        roles: Roles,
        function: Function,
        hearing: Hearing,
    ) -> Self {
        Self {
            time,
            place,
            direction,
            roles,
            class: Class::Read,
            effect: Effect::Plain,
            phase: Phase::Request,
            function,
            runs: &[],
            outcome: Outcome::Pending,
            back: None,
            faults: Faults::NONE,
            hearing,
            identity: None,
            file: None,
            occasion: Occasion::None,
            selected: None,
            indications: None,
            authentication: Authentication::Unknown,
        }
    }
}

/// Gives an observation out.
pub(super) fn tell(stage: &mut Stage<'_>, speakers: &Speakers, telling: &Telling<'_>) {
    if !stage.shared.observations {
        return;
    }
    let Roles { asking, pair: (master_link, device_link) } = telling.roles;
    let [master, device] = ends(speakers, asking);
    let [source, destination] = ends(speakers, telling.direction);
    let message = Message {
        master,
        device: Device {
            zone: speakers.zone,
            protocol: Protocol::Dnp3,
            address: device.address,
            sub: SubAddress::Link(device_link),
        },
        class: telling.class,
        phase: telling.phase,
        function: telling.function,
        effect: telling.effect,
        runs: telling.runs,
        outcome: telling.outcome,
        request_frame: telling.back.map(|back| back.frame),
        latency_ns: telling.back.and_then(|back| back.latency_ns),
        faults: telling.faults,
        hearing: telling.hearing,
        identity: telling.identity,
        file: telling.file,
        dialogue: Dialogue {
            master_sub: SubAddress::Link(master_link),
            occasion: telling.occasion,
            selected: telling.selected,
            indications: telling.indications,
            authentication: telling.authentication,
        },
    };
    stage.observe(&Observation {
        time: telling.time,
        place: telling.place,
        zone: speakers.zone,
        conversation: speakers.conversation,
        transport: speakers.transport,
        protocol: Protocol::Dnp3,
        source,
        destination,
        what: What::Message(message),
    });
}

/// Writes a line.
pub(super) fn write(
    stage: &mut Stage<'_>,
    speakers: &Speakers,
    [source, destination]: [Endpoint; 2],
    place: Place,
    message: Dnp3Record<'_>,
) {
    if !stage.shared.records {
        return;
    }
    stage.record(&Record {
        time: stage.time,
        place,
        capture: None,
        protocol: Protocol::Dnp3,
        transport: speakers.transport,
        source,
        destination,
        detail: Detail::Dnp3(message),
    });
}

/// How the device answered, by its indications, and by the commands that were done and the first that was not. One
/// that is done is not refused because the device still executes another.
pub(super) fn outcome(indications: Indications, contents: &Contents<'_>) -> Outcome {
    if let Some(status) = contents.refused {
        return Outcome::Refused { reason: Refusal::Other, code: status.into() };
    }
    let refusals = [
        (0x0100, Refusal::Function),
        (0x0200, Refusal::Address),
        (0x0400, Refusal::Value),
        (0x1000, Refusal::Busy),
    ];
    let given = refusals.into_iter().find(|(bit, reason)| {
        indications.0 & bit != 0 && !(contents.done && *reason == Refusal::Busy)
    });
    given.map_or(Outcome::Success, |(code, reason)| Outcome::Refused { reason, code })
}
