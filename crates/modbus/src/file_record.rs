//! File records: functions 20 and 21 (6.14, 6.15).

use gridtap_model::{FaultKind, Faults};

use crate::read::{length, octet, three_words};

/// Records of a file, as one group of a message names or carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRecord<'a> {
    /// The reference type: 6.
    pub reference: u8,
    /// The file; absent in the answer of a read.
    pub file: Option<u16>,
    /// The first record; absent in the answer of a read.
    pub record: Option<u16>,
    /// How many registers: asked for, or carried.
    pub registers: u16,
    /// The registers, where the group carries them: big-endian words.
    pub data: &'a [u8],
}

/// How the groups of a message are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    ReadRequest,
    ReadResponse,
    Write,
}

/// The groups of one message, in order. A list that breaks off yields the good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRecords<'a> {
    layout: Layout,
    groups: &'a [u8],
}

impl<'a> FileRecords<'a> {
    pub(crate) fn read_request(groups: &'a [u8], faults: &mut Faults) -> Self {
        Self { layout: Layout::ReadRequest, groups }.checked(7, 245, faults)
    }

    pub(crate) fn read_response(groups: &'a [u8], faults: &mut Faults) -> Self {
        Self { layout: Layout::ReadResponse, groups }.checked(7, 245, faults)
    }

    pub(crate) fn write(groups: &'a [u8], faults: &mut Faults) -> Self {
        Self { layout: Layout::Write, groups }.checked(9, 251, faults)
    }

    fn checked(self, least: u32, most: u32, faults: &mut Faults) -> Self {
        let octets = length(self.groups.len());
        if octets < least {
            faults.push(FaultKind::ByteCount, octets, least);
        } else if octets > most {
            faults.push(FaultKind::ByteCount, octets, most);
        }
        let mut rest = self;
        for group in rest.by_ref() {
            if group.reference != 6 {
                faults.push(FaultKind::ReservedSubFunction, group.reference.into(), 6);
            }
            if group.file == Some(0) {
                faults.push(FaultKind::AddressRange, 0, 1);
            }
            if let Some(record) = group.record.filter(|record| *record > 9_999) {
                faults.push(FaultKind::AddressRange, record.into(), 9_999);
            }
        }
        if !rest.groups.is_empty() {
            faults.push(FaultKind::Truncated, length(rest.groups.len()), 7);
        }
        self
    }

    fn group(&self) -> Option<(FileRecord<'a>, &'a [u8])> {
        if self.layout == Layout::ReadResponse {
            let (rest, octets) = octet(self.groups).ok()?;
            let (group, rest) = rest.split_at_checked(octets.into())?;
            let (data, reference) = octet(group).ok()?;
            let registers = u16::try_from(data.len().checked_div(2)?).ok()?;
            return Some((
                FileRecord { reference, file: None, record: None, registers, data },
                rest,
            ));
        }
        let (rest, reference) = octet(self.groups).ok()?;
        let (rest, (file, record, registers)) = three_words(rest).ok()?;
        let octets = match self.layout {
            Layout::Write => usize::from(registers).checked_mul(2)?,
            _ => 0,
        };
        let (data, rest) = rest.split_at_checked(octets)?;
        let (file, record) = (Some(file), Some(record));
        Some((FileRecord { reference, file, record, registers, data }, rest))
    }
}

impl<'a> Iterator for FileRecords<'a> {
    type Item = FileRecord<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (group, rest) = self.group()?;
        self.groups = rest;
        Some(group)
    }
}
