//! Internal indications.

use core::fmt;

/// The internal indications of a response, first octet low (clause 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iin(pub u16);

/// One internal indication, by its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Indication {
    /// IIN1.0: a broadcast was received.
    Broadcast = 0,
    /// IIN1.1: there are class 1 events.
    Class1Events,
    /// IIN1.2: there are class 2 events.
    Class2Events,
    /// IIN1.3: there are class 3 events.
    Class3Events,
    /// IIN1.4: the clock wants to be set.
    NeedTime,
    /// IIN1.5: some outputs are in local control.
    LocalControl,
    /// IIN1.6: something is wrong with the device.
    DeviceTrouble,
    /// IIN1.7: the device has restarted.
    DeviceRestart,
    /// IIN2.0: it does not have the function.
    NoFunctionCodeSupport,
    /// IIN2.1: it does not have the object.
    ObjectUnknown,
    /// IIN2.2: qualifier, range or data do not fit.
    ParameterError,
    /// IIN2.3: events were lost.
    EventBufferOverflow,
    /// IIN2.4: it is doing so already.
    AlreadyExecuting,
    /// IIN2.5: its configuration is corrupt.
    ConfigurationCorrupt,
    /// IIN2.6: kept back, 0.
    Reserved1,
    /// IIN2.7: kept back, 0.
    Reserved2,
}

impl Indication {
    /// Every indication, in the order of its bits.
    pub const ALL: [Self; 16] = [
        Self::Broadcast,
        Self::Class1Events,
        Self::Class2Events,
        Self::Class3Events,
        Self::NeedTime,
        Self::LocalControl,
        Self::DeviceTrouble,
        Self::DeviceRestart,
        Self::NoFunctionCodeSupport,
        Self::ObjectUnknown,
        Self::ParameterError,
        Self::EventBufferOverflow,
        Self::AlreadyExecuting,
        Self::ConfigurationCorrupt,
        Self::Reserved1,
        Self::Reserved2,
    ];

    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Class1Events => "class_1_events",
            Self::Class2Events => "class_2_events",
            Self::Class3Events => "class_3_events",
            Self::NeedTime => "need_time",
            Self::LocalControl => "local_control",
            Self::DeviceTrouble => "device_trouble",
            Self::DeviceRestart => "device_restart",
            Self::NoFunctionCodeSupport => "no_func_code_support",
            Self::ObjectUnknown => "object_unknown",
            Self::ParameterError => "parameter_error",
            Self::EventBufferOverflow => "event_buffer_overflow",
            Self::AlreadyExecuting => "already_executing",
            Self::ConfigurationCorrupt => "config_corrupt",
            Self::Reserved1 => "reserved_1",
            Self::Reserved2 => "reserved_2",
        }
    }

    /// Its bit in [`Iin`].
    #[must_use]
    #[expect(clippy::as_conversions, reason = "the enum's own number, 0 to 15")]
    pub const fn mask(self) -> u16 {
        1_u16.wrapping_shl(self as u32)
    }
}

impl Iin {
    /// Whether an indication is given.
    #[must_use]
    pub const fn has(self, indication: Indication) -> bool {
        self.0 & indication.mask() != 0
    }

    /// The indications given, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Indication> {
        Indication::ALL.into_iter().filter(move |indication| self.has(*indication))
    }

    /// The outstation refused or could not take the request: IIN2.0, 2.1 or 2.2.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self.0 & 0x0700 != 0
    }
}

/// The names of the indications given.
impl fmt::Display for Iin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, indication) in self.iter().enumerate() {
            if nth > 0 {
                f.write_str(", ")?;
            }
            f.write_str(indication.name())?;
        }
        Ok(())
    }
}
