//! What an object means.

mod attribute;
mod authentication;
mod data_set;
mod device;
mod file;
mod file_codes;
mod security_codes;

pub use attribute::{Attribute, AttributeType, attribute_name};
pub use authentication::{Authentication, UserChange};
pub use data_set::{
    Characteristics, DataSetValues, DescriptorCode, Element, Elements, PointIndexes,
};
pub use device::{
    Activation, ActivationStatuses, BufferFill, DeviceProfile, PrivateDescriptor,
    PrivateRegistration,
};
pub use file::{File, FileAuthentication, FileCommand, FileDescriptor, FileIdentifier};
pub use file_codes::{FileMode, FilePermissions, FileStatus, FileType};
pub use security_codes::{
    AuthenticationError, CertificateType, ChallengeReason, KeyChangeMethod, KeyStatus,
    KeyWrapAlgorithm, MacAlgorithm, UserOperation, UserRole, statistic_name,
};

pub(crate) use device::activation_octets;

use crate::octets::Octets;
use crate::point::decimal;
use crate::table::{Layout, Quality, Sized, When};
use crate::{
    CommonTime, ControlBlock, Delay, DoubleBit, Flags, Interval, Point, Setpoint, Time, Value,
    Variation,
};

/// What an object means.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Object<'a> {
    /// A point that is named, without a value.
    Named,
    /// The value of a point: inputs, outputs, counters, events, dead bands, strings, indications (g80).
    Point(Point<'a>),
    /// A command to a binary output (g12v1, g12v2).
    Control(ControlBlock),
    /// A command to an analog output (g41).
    Setpoint(Setpoint<'a>),
    /// A time to set or to read, in milliseconds since 1970 (g50v1, g50v3).
    Clock(u64),
    /// A time and an interval (g50v2, g50v4).
    Interval(Interval),
    /// The time that relative times behind it count from (g51).
    CommonTime(CommonTime),
    /// A delay (g52).
    Delay(Delay),
    /// A device attribute (g0).
    Attribute(Attribute<'a>),
    /// A file command or its answer (g70).
    File(File<'a>),
    /// How full a buffer is (g81).
    BufferFill(BufferFill),
    /// Which functions and points a device has (g82).
    DeviceProfile(DeviceProfile<'a>),
    /// An object of a vendor (g83v1).
    PrivateRegistration(PrivateRegistration<'a>),
    /// What objects of a vendor are made of (g83v2).
    PrivateDescriptor(PrivateDescriptor<'a>),
    /// The elements of a data set's prototype or descriptor (g85v1, g86v1).
    Elements(Elements<'a>),
    /// What may be done with a data set (g86v2).
    Characteristics(Characteristics),
    /// The points that the elements of a data set are the values of (g86v3).
    PointIndexes(PointIndexes<'a>),
    /// The values of a data set (g87, g88).
    DataSet(DataSetValues<'a>),
    /// The name of an application (g90).
    Application(&'a [u8]),
    /// How the activation of a configuration went (g91).
    Activation(Activation<'a>),
    /// A step of authentication (g120).
    Authentication(Authentication<'a>),
    /// A count of the authentication (g121, g122).
    Statistic(Statistic),
    /// Octets without a known meaning.
    Opaque(&'a [u8]),
}

/// A count of the authentication (g121v1, g122). The index says of what: [`statistic_name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statistic {
    /// Its quality.
    pub flags: Flags,
    /// Of which association.
    pub association: u16,
    /// The count.
    pub count: u32,
    /// When, in milliseconds since 1970.
    pub time: Option<Time>,
}

impl<'a> Object<'a> {
    pub(crate) const fn bit(octet: u8) -> Self {
        Self::Point(Point::of(Value::Bit(octet & 1 != 0)))
    }

    pub(crate) const fn double_bit(octet: u8) -> Self {
        Self::Point(Point::of(Value::DoubleBit(DoubleBit::of(octet))))
    }

    /// The meaning of an object's octets; none where they contradict themselves.
    pub(crate) fn parse(
        variation: Variation,
        octets: &'a [u8],
        common_time: Option<CommonTime>,
    ) -> Option<Self> {
        let mut fields = Octets(octets);
        let fields = &mut fields;
        Some(match variation.layout {
            Layout::Point(lead, number, when) => {
                Self::Point(Point::read(fields, lead, number, when, common_time)?)
            }
            Layout::Control => Self::Control(ControlBlock::read(fields)?),
            Layout::Setpoint(number) => Self::Setpoint(Setpoint::read(fields, number)?),
            Layout::Time => Self::Clock(fields.time()?),
            Layout::TimeInterval => Self::Interval(Interval::read(fields, false)?),
            Layout::TimeLongInterval => Self::Interval(Interval::read(fields, true)?),
            Layout::CommonTime { synchronised } => {
                Self::CommonTime(CommonTime { unix_ms: fields.time()?, synchronised })
            }
            Layout::Delay { seconds: true } => Self::Delay(Delay::Coarse(fields.u16()?)),
            Layout::Delay { seconds: false } => Self::Delay(Delay::Fine(fields.u16()?)),
            Layout::BufferFill => Self::BufferFill(BufferFill::read(fields)?),
            Layout::Characteristics => Self::Characteristics(Characteristics::read(octets)?),
            Layout::Octets => Self::Point(Point::of(Value::Octets(octets))),
            Layout::Decimal(_) => {
                let value = decimal(octets).map_or(Value::Octets(octets), Value::Unsigned);
                Self::Point(Point::of(value))
            }
            Layout::Statistic(when) => Self::Statistic(Statistic::read(fields, when)?),
            Layout::Attribute => Self::Attribute(Attribute::read(variation.variation, octets)?),
            Layout::Activation => Self::Activation(Activation::read(octets)?),
            Layout::Authentication(_) => {
                Self::Authentication(Authentication::read(variation.variation, octets)?)
            }
            Layout::Sized(kind) => return Self::sized(kind, variation.variation, octets),
            Layout::Any | Layout::Empty | Layout::Bits | Layout::DoubleBits => Self::Opaque(octets),
        })
    }

    /// The meaning of an object that the size before it delimits.
    fn sized(kind: Sized, variation: u8, octets: &'a [u8]) -> Option<Self> {
        Some(match kind {
            Sized::File => Self::File(File::read(variation, octets)?),
            Sized::Authentication => Self::Authentication(Authentication::read(variation, octets)?),
            Sized::DeviceProfile => Self::DeviceProfile(DeviceProfile::read(octets)?),
            Sized::PrivateRegistration => {
                Self::PrivateRegistration(PrivateRegistration::read(octets)?)
            }
            Sized::PrivateDescriptor => Self::PrivateDescriptor(PrivateDescriptor::read(octets)?),
            Sized::Application => Self::Application(octets),
            Sized::Elements => Self::Elements(Elements::of(octets)),
            // Public sources do not agree on the layout: what does not fit this reading is none's fault.
            Sized::PointIndexes => {
                PointIndexes::of(octets).map_or(Self::Opaque(octets), Self::PointIndexes)
            }
            Sized::DataSet => Self::DataSet(DataSetValues::of(octets)),
        })
    }

    /// Whether nothing of it leads out of the object. A list that does still has its items before.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Elements(elements) => elements.left().is_empty(),
            Self::DataSet(values) => values.left().is_empty() && values.id().is_some(),
            _ => true,
        }
    }
}

impl Statistic {
    fn read(octets: &mut Octets<'_>, when: When) -> Option<Self> {
        let flags = Flags { octet: octets.u8()?, quality: Quality::Statistic };
        let (association, count) = (octets.u16()?, octets.u32()?);
        let time = match when {
            When::Absolute => Some(Time::Absolute(octets.time()?)),
            When::Untimed | When::Relative => None,
        };
        Some(Self { flags, association, count, time })
    }
}
