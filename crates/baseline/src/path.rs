//! The text form of a learned key, and what it stands for.

use core::fmt::{self, Write as _};
use core::net::IpAddr;
use core::str::FromStr;

use gridtap_model::{Class, Device, Function, Protocol, SubAddress, Table, Zone};

use crate::names::{Names, is_file};

/// A master's access to a device in one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Role {
    pub(crate) device: Device,
    pub(crate) master: IpAddr,
    pub(crate) class: Class,
}

/// A function with its sub-function, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Code {
    pub(crate) code: u16,
    pub(crate) sub: Option<u16>,
}

impl From<Function> for Code {
    fn from(function: Function) -> Self {
        Self { code: function.code, sub: function.sub }
    }
}

/// Points of one table that follow each other, as one request names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Range {
    pub(crate) table: u16,
    pub(crate) first: u32,
    /// At most 65,535; what is longer is remembered as that.
    pub(crate) count: u16,
    /// Written by the request, else read.
    pub(crate) written: bool,
}

/// What a learned key stands for, from the zone down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Path {
    Host { zone: Zone, address: IpAddr },
    Device(Device),
    Conversation { zone: Zone, protocol: Protocol, client: IpAddr, server: IpAddr, port: u16 },
    Access(Role),
    Function { role: Role, code: Code },
    Address { role: Role, code: Code, range: Range },
    Point { role: Role, table: u16, index: u32 },
}

/// The name of a table in keys and in the site file: `holding register`.
pub(crate) fn table_name(protocol: Protocol, code: u16) -> Option<&'static str> {
    Table::known(protocol).iter().find(|table| table.code == code).map(|table| table.name)
}

/// The code of a table by its name, or by `table-N`.
pub(crate) fn table_code(protocol: Protocol, name: &str) -> Option<u16> {
    match name.strip_prefix("table-") {
        Some(digits) => digits.parse().ok(),
        None => {
            let mut tables = Table::known(protocol).iter();
            tables.find(|table| table.name == name).map(|table| table.code)
        }
    }
}

/// The names of the tables that a site file may use for devices of this protocol.
pub(crate) fn table_names(protocol: Protocol) -> impl Iterator<Item = &'static str> {
    Table::known(protocol).iter().map(|table| table.name)
}

const CLASSES: [Class; 8] = [
    Class::Read,
    Class::Command,
    Class::Configuration,
    Class::Program,
    Class::Time,
    Class::File,
    Class::Diagnostic,
    Class::Link,
];

const PROTOCOLS: [Protocol; 5] =
    [Protocol::Unknown, Protocol::Tls, Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104];

/// The class of this name.
pub(crate) fn class_of(name: &str) -> Option<Class> {
    CLASSES.into_iter().find(|class| class.name() == name)
}

/// The names of the classes.
pub(crate) fn class_names() -> impl Iterator<Item = &'static str> {
    CLASSES.into_iter().map(Class::name)
}

/// The protocol of this name.
pub(crate) fn protocol_of(name: &str) -> Option<Protocol> {
    PROTOCOLS.into_iter().find(|protocol| protocol.name() == name)
}

impl Path {
    /// The zone that it belongs to.
    pub(crate) const fn zone(&self) -> Zone {
        match self {
            Self::Host { zone, .. } | Self::Conversation { zone, .. } => *zone,
            Self::Device(device) => device.zone,
            Self::Access(role)
            | Self::Function { role, .. }
            | Self::Address { role, .. }
            | Self::Point { role, .. } => role.device.zone,
        }
    }

    /// In the text form of exports: `point|zone0|modbus|10.0.0.21#3|10.0.0.7|command|coil|2`.
    ///
    /// The number of a function is its key; the name after it is for people.
    pub(crate) fn text(&self, names: &Names) -> String {
        let mut text = String::with_capacity(80);
        // A String takes everything that is written to it.
        let _ = self.write(names, &mut text);
        text
    }

    fn write(&self, names: &Names, out: &mut String) -> fmt::Result {
        match self {
            Self::Host { zone, address } => write!(out, "host|zone{}|{address}", zone.0),
            Self::Device(device) => {
                out.push_str("device|");
                write_device(device, out)
            }
            Self::Conversation { zone, protocol, client, server, port } => {
                write!(out, "conversation|zone{}|{protocol}|{server}|{client}", zone.0)?;
                if *port == 0 { Ok(()) } else { write!(out, "|{port}") }
            }
            Self::Access(role) => write_role("access", role, out),
            Self::Function { role, code } => {
                write_role("function", role, out)?;
                write_code(role, *code, names, out)
            }
            Self::Address { role, code, range } => {
                write_role("address", role, out)?;
                write_code(role, *code, names, out)?;
                write_table(role, range.table, out)?;
                write_index(role, range.table, range.first, names, out)?;
                let way = if range.written { "write" } else { "read" };
                write!(out, "|{}|{way}", range.count)
            }
            Self::Point { role, table, index } => {
                write_role("point", role, out)?;
                write_table(role, *table, out)?;
                write_index(role, *table, *index, names, out)
            }
        }
    }
}

fn write_device(device: &Device, out: &mut String) -> fmt::Result {
    write!(out, "zone{}|{}|{}", device.zone.0, device.protocol, device.address)?;
    match device.sub {
        SubAddress::None => Ok(()),
        SubAddress::Unit(unit) => write!(out, "#{unit}"),
        SubAddress::Link(address) | SubAddress::Common(address) => write!(out, "#{address}"),
    }
}

fn write_role(kind: &str, role: &Role, out: &mut String) -> fmt::Result {
    write!(out, "{kind}|")?;
    write_device(&role.device, out)?;
    write!(out, "|{}|{}", role.master, role.class)
}

fn write_code(role: &Role, code: Code, names: &Names, out: &mut String) -> fmt::Result {
    write!(out, "|{}", code.code)?;
    if let Some(sub) = code.sub {
        write!(out, ".{sub}")?;
    }
    match names.of(role.device.protocol, code) {
        "" => Ok(()),
        name => write!(out, ":{name}"),
    }
}

fn write_table(role: &Role, table: u16, out: &mut String) -> fmt::Result {
    match table_name(role.device.protocol, table) {
        Some(name) => write!(out, "|{name}"),
        None => write!(out, "|table-{table}"),
    }
}

fn write_index(
    role: &Role,
    table: u16,
    index: u32,
    names: &Names,
    out: &mut String,
) -> fmt::Result {
    write!(out, "|{index}")?;
    match names.file(index) {
        name if is_file(role.device.protocol, table) && !name.is_empty() => write!(out, ":{name}"),
        _ => Ok(()),
    }
}

/// Why a text is not a learned key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    text: String,
    part: &'static str,
}

impl KeyError {
    pub(crate) fn new(text: &str, part: &'static str) -> Self {
        Self { text: text.to_owned(), part }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a key: its {} is missing or wrong; copy the key from `baseline export` or from the anomaly, such as \
             point|zone0|modbus|10.0.0.21#3|10.0.0.7|command|coil|2",
            self.text, self.part
        )
    }
}

impl core::error::Error for KeyError {}

/// A key read from text, and the name of its function where the text has one.
pub(crate) struct Parsed<'a> {
    pub(crate) path: Path,
    pub(crate) name: Option<(Protocol, Code, &'a str)>,
    /// Of a file: its number and its name.
    pub(crate) file: Option<(u32, &'a str)>,
}

/// Reads the text form of a key.
pub(crate) fn parse(text: &str) -> Result<Parsed<'_>, KeyError> {
    let mut parts = Parts { text, rest: text.split('|'), file: None };
    let kind = parts.next("kind")?;
    let zone = parts.next("zone")?;
    let zone = zone.strip_prefix("zone").and_then(|number| number.parse().ok());
    let zone = Zone(zone.ok_or_else(|| parts.wrong("zone"))?);
    if kind == "host" {
        let address = parts.parsed("address")?;
        return parts.end(Path::Host { zone, address }, None);
    }
    let protocol = parts.next("protocol")?;
    let protocol = protocol_of(protocol).ok_or_else(|| parts.wrong("protocol"))?;
    if kind == "conversation" {
        let server = parts.parsed("server")?;
        let client = parts.parsed("client")?;
        let port = if protocol_has_port(protocol) { parts.port()? } else { 0 };
        return parts.end(Path::Conversation { zone, protocol, client, server, port }, None);
    }
    let device = parts.device(zone, protocol)?;
    if kind == "device" {
        return parts.end(Path::Device(device), None);
    }
    let master = parts.parsed("master")?;
    let class = class_of(parts.next("class")?).ok_or_else(|| parts.wrong("class"))?;
    let role = Role { device, master, class };
    match kind {
        "access" => parts.end(Path::Access(role), None),
        "function" => {
            let (code, name) = parts.code()?;
            parts.end(Path::Function { role, code }, Some((protocol, code, name)))
        }
        "address" => {
            let (code, name) = parts.code()?;
            let range = parts.range(role.device.protocol)?;
            parts.end(Path::Address { role, code, range }, Some((protocol, code, name)))
        }
        "point" => {
            let protocol = role.device.protocol;
            let table =
                table_code(protocol, parts.next("table")?).ok_or_else(|| parts.wrong("table"))?;
            let index = parts.index(protocol, table, "index")?;
            parts.end(Path::Point { role, table, index }, None)
        }
        _ => Err(parts.wrong("kind")),
    }
}

/// Whether the server's port is part of the key: it tells what an unknown conversation is about.
pub(crate) const fn protocol_has_port(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Unknown | Protocol::Tls)
}

struct Parts<'a> {
    text: &'a str,
    rest: core::str::Split<'a, char>,
    file: Option<(u32, &'a str)>,
}

impl<'a> Parts<'a> {
    fn wrong(&self, part: &'static str) -> KeyError {
        KeyError { text: self.text.to_owned(), part }
    }

    fn next(&mut self, part: &'static str) -> Result<&'a str, KeyError> {
        let next = self.rest.next();
        next.ok_or_else(|| self.wrong(part))
    }

    fn parsed<T: FromStr>(&mut self, part: &'static str) -> Result<T, KeyError> {
        self.next(part)?.parse().map_err(|_| self.wrong(part))
    }

    /// Port 0 is not written: nobody serves there, but anybody can send a datagram to it.
    fn port(&mut self) -> Result<u16, KeyError> {
        let Some(text) = self.rest.next() else { return Ok(0) };
        text.parse().map_err(|_| self.wrong("port"))
    }

    fn device(&mut self, zone: Zone, protocol: Protocol) -> Result<Device, KeyError> {
        let text = self.next("device")?;
        let (address, sub) = match text.split_once('#') {
            None => (text, SubAddress::None),
            Some((address, number)) => {
                let sub = match protocol {
                    Protocol::Dnp3 => number.parse().ok().map(SubAddress::Link),
                    Protocol::Iec104 => number.parse().ok().map(SubAddress::Common),
                    _ => number.parse().ok().map(SubAddress::Unit),
                };
                (address, sub.ok_or_else(|| self.wrong("device"))?)
            }
        };
        let address = address.parse().map_err(|_| self.wrong("device"))?;
        Ok(Device { zone, protocol, address, sub })
    }

    fn code(&mut self) -> Result<(Code, &'a str), KeyError> {
        let text = self.next("function")?;
        let (number, name) = text.split_once(':').unwrap_or((text, ""));
        let (code, sub) = match number.split_once('.') {
            None => (number.parse().ok(), Some(None)),
            Some((code, sub)) => (code.parse().ok(), sub.parse().ok().map(Some)),
        };
        match (code, sub) {
            (Some(code), Some(sub)) => Ok((Code { code, sub }, name)),
            _ => Err(self.wrong("function")),
        }
    }

    /// A point, with the name behind it where it is a file.
    fn index(
        &mut self,
        protocol: Protocol,
        table: u16,
        part: &'static str,
    ) -> Result<u32, KeyError> {
        let text = self.next(part)?;
        let (number, name) = match text.split_once(':') {
            Some((number, name)) if is_file(protocol, table) => (number, name),
            _ => (text, ""),
        };
        let index = number.parse().map_err(|_| self.wrong(part))?;
        self.file = Some((index, name)).filter(|_| !name.is_empty());
        Ok(index)
    }

    fn range(&mut self, protocol: Protocol) -> Result<Range, KeyError> {
        let table = table_code(protocol, self.next("table")?).ok_or_else(|| self.wrong("table"))?;
        let first = self.index(protocol, table, "first address")?;
        let count = self.parsed("count")?;
        let written = match self.next("direction")? {
            "write" => true,
            "read" => false,
            _ => return Err(self.wrong("direction")),
        };
        Ok(Range { table, first, count, written })
    }

    fn end(
        mut self,
        path: Path,
        name: Option<(Protocol, Code, &'a str)>,
    ) -> Result<Parsed<'a>, KeyError> {
        match self.rest.next() {
            Some(_) => Err(self.wrong("end")),
            None => {
                let name = name.filter(|(_, _, name)| !name.is_empty());
                Ok(Parsed { path, name, file: self.file })
            }
        }
    }
}

#[cfg(test)]
mod tests;
