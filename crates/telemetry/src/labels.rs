//! The closed sets that labels are taken from.

use gridtap_model::{Class, Effect, Message, Phase, Protocol, Refusal, State, Table};

/// A closed set of label values.
pub trait Label: Copy + Ord + 'static {
    /// All of them, in the order of their index.
    const ALL: &'static [Self];
    /// What stands between the quotes.
    fn name(self) -> &'static str;
}

macro_rules! closed {
    ($($(#[doc = $about:literal])+ $label:ident { $($(#[doc = $doc:literal])+ $value:ident => $name:literal,)+ })+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $label { $($(#[doc = $doc])+ $value,)+ }

        impl $label {
            /// How many there are.
            pub const COUNT: usize = [$(Self::$value,)+].len();

            /// The place in an array of [`Self::COUNT`].
            #[must_use]
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl Label for $label {
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)+ }
            }
        }
    )+};
}

closed! {
    /// What a request asks of a device.
    CommandClass {
        /// Reads process data.
        Read => "read",
        /// Writes registers, settings of values.
        Write => "write",
        /// Switches or sets an output: coils, controls.
        Control => "control",
        /// Restarts, stops, starts, or silences.
        Restart => "restart",
        /// Reads or writes files and programs.
        File => "file",
        /// Changes how the device behaves or reports.
        Config => "config",
        /// Sets the clock.
        Time => "time",
        /// Anything else: diagnostics, identification, the link.
        Other => "other",
    }
    /// What became of a byte of a recognised conversation.
    ByteState {
        /// Part of a message that was decoded.
        Decoded => "decoded",
        /// Heard, and part of no message.
        Skipped => "skipped",
        /// Not in the capture.
        Missing => "missing",
        /// Heard, and encrypted.
        Encrypted => "encrypted",
    }
    /// Where captured packets were lost.
    DropPlace {
        /// In the ring that the kernel fills.
        Kernel => "kernel",
        /// At the network interface.
        Interface => "interface",
        /// In the queue for gridtap, of which an overload gives up what has waited too long.
        Queue => "queue",
    }
    /// Why a stretch of a recognised conversation could not be decoded.
    DecodeError {
        /// A message lost its other part, or its end never came.
        Incomplete => "incomplete",
        /// No frame of the protocol.
        Garbage => "garbage",
        /// A frame with a wrong CRC.
        LinkCrc => "link_crc",
        /// A frame with a length that none has.
        LinkLength => "link_length",
    }
    /// Why a device refused, in words that hold for every protocol.
    RefusalCode {
        /// It does not know the function.
        Function => "illegal_function",
        /// It does not have the point.
        Address => "illegal_address",
        /// It does not accept the value or quantity.
        Value => "illegal_value",
        /// It failed while doing it.
        Failure => "device_failure",
        /// It has started something long.
        Acknowledge => "acknowledge",
        /// It is busy.
        Busy => "device_busy",
        /// A gateway has no way to it.
        Gateway => "gateway_failure",
        /// A code of the standard outside these kinds.
        Other => "other",
        /// A code that the standard does not have.
        Undefined => "undefined",
    }
    /// How a device stands.
    DeviceState {
        /// It answers.
        Active => "active",
        /// It has not answered for much longer than it is used to.
        Silent => "silent",
        /// It was declared and asked, and has never answered.
        Unanswered => "unanswered",
    }
    /// How an attempt to deliver ended.
    DeliveryResult {
        /// The receiver took it.
        Delivered => "delivered",
        /// It did not; it is tried again.
        Retried => "retried",
        /// The last attempt failed.
        Failed => "failed",
        /// The receiver said that it is gone: the endpoint is disabled.
        Disabled => "disabled",
    }
    /// How an inbound web hook was answered.
    InboundResult {
        /// Done, and stored.
        Accepted => "accepted",
        /// Done before: the same identifier with the same body.
        Duplicate => "duplicate",
        /// From a network that may not.
        Network => "network",
        /// The body is too large.
        TooLarge => "too_large",
        /// Not of a type that is taken.
        MediaType => "media_type",
        /// The signature does not fit, whatever the reason.
        Signature => "signature",
        /// Its time is too far from ours.
        Stale => "stale",
        /// Its identifier was used before, with another body.
        Replayed => "replayed",
        /// No body that we understand.
        Malformed => "malformed",
        /// The key may not do this.
        Forbidden => "forbidden",
        /// There is no such anomaly, incident or hook.
        Unknown => "unknown",
        /// The state or the revision does not allow it.
        Conflict => "conflict",
        /// Understood, and not possible.
        Unprocessable => "unprocessable",
        /// Too many.
        Limited => "limited",
        /// The store is down.
        Unavailable => "unavailable",
    }
    /// A level of the baseline.
    Level {
        /// Who speaks to whom.
        Flow => "flow",
        /// With which function.
        Function => "function",
        /// About which range of addresses.
        Address => "address",
        /// About which commanded point.
        Point => "point",
    }
}

impl CommandClass {
    /// What a request asks for.
    #[must_use]
    pub fn of(protocol: Protocol, message: &Message<'_>) -> Self {
        match message.effect {
            Effect::Restart
            | Effect::ListenOnly
            | Effect::Start
            | Effect::Stop
            | Effect::Initialise => return Self::Restart,
            Effect::ProgramRead
            | Effect::ProgramWrite
            | Effect::Firmware
            | Effect::FileRead
            | Effect::FileWrite
            | Effect::FileService => return Self::File,
            Effect::ClockSet => return Self::Time,
            _ => {}
        }
        match message.class {
            Class::Read => Self::Read,
            Class::Command if is_control(protocol, message) => Self::Control,
            Class::Command => Self::Write,
            Class::Configuration => Self::Config,
            Class::Program | Class::File => Self::File,
            Class::Time => Self::Time,
            Class::Diagnostic | Class::Link => Self::Other,
        }
    }

    /// Whether it changes something: all but reading and the rest.
    #[must_use]
    pub const fn acts(self) -> bool {
        !matches!(self, Self::Read | Self::Other)
    }
}

/// An output is switched or set by a service of its own, where writing a register is only a write.
fn is_control(protocol: Protocol, message: &Message<'_>) -> bool {
    if matches!(message.phase, Phase::Select | Phase::Operate) {
        return true;
    }
    let outputs: &[u16] = match protocol {
        Protocol::Modbus => &[Table::COIL.code],
        Protocol::Dnp3 => &[Table::BINARY_OUTPUT.code, Table::ANALOG_OUTPUT.code],
        _ => &[],
    };
    message.runs.iter().any(|run| run.written && outputs.contains(&run.table.code))
}

impl From<Refusal> for RefusalCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Function => Self::Function,
            Refusal::Address => Self::Address,
            Refusal::Value => Self::Value,
            Refusal::Failure => Self::Failure,
            Refusal::Acknowledge => Self::Acknowledge,
            Refusal::Busy => Self::Busy,
            Refusal::Gateway => Self::Gateway,
            Refusal::Other => Self::Other,
            Refusal::Undefined => Self::Undefined,
        }
    }
}

/// Where an anomaly stands that was declared beforehand, whoever has looked at it.
pub(crate) const SUPPRESSED: &str = "suppressed";

/// The states of an anomaly, under the names that records have.
pub(crate) const STATES: [(State, &str); 5] = [
    (State::UnacknowledgedActive, "unacknowledged-active"),
    (State::AcknowledgedActive, "acknowledged-active"),
    (State::UnacknowledgedCleared, "unacknowledged-cleared"),
    (State::Cleared, "cleared"),
    (State::Closed, "closed"),
];
