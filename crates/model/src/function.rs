//! What a message asks for, in words that hold for every protocol.

use core::fmt;

/// A protocol that is recognised by its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Bytes of no protocol we know.
    Unknown,
    /// TLS: what is inside cannot be judged.
    Tls,
    /// Modbus over TCP, UDP, or RTU frames over either.
    Modbus,
    /// IEEE 1815.
    Dnp3,
    /// IEC 60870-5-104.
    Iec104,
}

impl Protocol {
    /// The name in records and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Tls => "tls",
            Self::Modbus => "modbus",
            Self::Dnp3 => "dnp3",
            Self::Iec104 => "iec104",
        }
    }

    /// The protocol whose registered port this is, `Unknown` where none of ours is.
    #[must_use]
    pub const fn of_port(port: u16) -> Self {
        match port {
            502 | 802 => Self::Modbus,
            19_999 | 20_000 => Self::Dnp3,
            2404 | 19_998 => Self::Iec104,
            _ => Self::Unknown,
        }
    }

    /// Whether its messages are judged, one by one; of other conversations it is judged that there are any.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Modbus | Self::Dnp3)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of access a message is. The role of a master is the set of classes it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Reads process data.
    Read,
    /// Moves the process: coils, registers, control blocks, setpoints.
    Command,
    /// Changes how the device behaves: classes, dead bands, masks, reservations.
    Configuration,
    /// Loads, reads, starts or stops a program.
    Program,
    /// Sets the clock.
    Time,
    /// Reads or writes files and file records.
    File,
    /// Diagnostics, identification, restart.
    Diagnostic,
    /// The link itself.
    Link,
}

impl Class {
    /// The name in records and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Command => "command",
            Self::Configuration => "configuration",
            Self::Program => "program",
            Self::Time => "time",
            Self::File => "file",
            Self::Diagnostic => "diagnostic",
            Self::Link => "link",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in its dialogue a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// A master asks.
    Request,
    /// A master selects a point, to operate it next.
    Select,
    /// A master operates a point that it selected.
    Operate,
    /// The device answers.
    Response,
    /// A receipt.
    Confirm,
    /// The device speaks unasked.
    Unsolicited,
    /// The device refuses.
    Exception,
    /// No answer came within the patience: time and place are the deadline's and the request's.
    Unanswered,
}

/// What a message does to the device, where that is more than to read or write points.
///
/// Detections name these, never a raw function code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing beyond its class.
    Plain,
    /// Asks who the device is: vendor, product, version, attributes.
    Identify,
    /// Asks for counters, logs or exception status.
    Inspect,
    /// Loopback or echo.
    Echo,
    /// Restarts communications or the device.
    Restart,
    /// Makes the device stop answering.
    ListenOnly,
    /// Erases counters, logs or diagnostic registers.
    ClearDiagnostics,
    /// Starts the program.
    Start,
    /// Stops the program.
    Stop,
    /// Initialises the program or swaps its blocks.
    Initialise,
    /// Takes or releases exclusive access to the controller.
    Reserve,
    /// Writes the program to the controller.
    ProgramWrite,
    /// Reads the program from the controller.
    ProgramRead,
    /// Loads firmware.
    Firmware,
    /// Reads a file or a file record.
    FileRead,
    /// Writes a file or a file record.
    FileWrite,
    /// Reads or writes memory by physical address.
    Memory,
    /// Forces, sets breakpoints, steps.
    Debug,
    /// Changes a point by a mask rather than by a value.
    Mask,
    /// Writes and reads in one message.
    WriteRead,
    /// Drains a queue.
    Fifo,
    /// A function the vendor or the user defined.
    Vendor,
    /// A function that the standard reserves, or none at all.
    Reserved,
    /// A legacy function of older controllers (program, poll, reset link).
    Legacy,
    /// Asks for all points, or all events, at once: an integrity or class poll.
    Survey,
    /// Sets the clock, or prepares that.
    ClockSet,
    /// Tells a device that its restart was seen.
    RestartSeen,
    /// Makes the device report events unasked.
    ReportingOn,
    /// Makes the device wait with events until it is asked.
    ReportingOff,
    /// Changes what the device reports as an event: classes, dead bands.
    ReportingChange,
    /// Copies counters to frozen ones.
    Freeze,
    /// Copies counters to frozen ones and clears them.
    FreezeClear,
    /// Saves or activates a configuration.
    Configure,
    /// Closes, aborts, asks about a file or gets a key for one.
    FileService,
    /// Part of an authentication, or the management of its keys and users.
    Authenticate,
}

/// A protocol's function with its sub-function, as a key and a name. Rules compare it for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Function {
    /// The protocol's function code.
    pub code: u16,
    /// The sub-function, where the function has one.
    pub sub: Option<u16>,
    /// Its name in records: `write_single_coil`.
    pub name: &'static str,
}

/// In words: `write single coil`.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, word) in self.name.split('_').enumerate() {
            if nth > 0 {
                f.write_str(" ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}
