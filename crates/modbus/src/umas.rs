//! Schneider UMAS (function 90), as far as public research has it. Its fields are little-endian.
//!
//! The answer does not repeat the function: it is known from its request alone.

use gridtap_model::{FaultKind, Faults};
use nom::Parser;
use nom::number::complete::{le_u8, le_u16, le_u32};

use crate::read::length;

/// A UMAS function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UmasCode(pub u8);

impl UmasCode {
    /// Agree on the frame size.
    pub const INIT_COMMUNICATION: Self = Self(0x01);
    /// Take the reservation that writing needs.
    pub const TAKE_RESERVATION: Self = Self(0x10);
    /// Read a block of memory.
    pub const READ_MEMORY_BLOCK: Self = Self(0x20);
    /// A function inside a signature.
    pub const SIGNED: Self = Self(0x38);

    /// The name in records, `unknown` where public research has none. "Write" and "read" are seen from
    /// the client: the research tools say "upload" for writing the program to the controller.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x01 => "init_communication",
            0x02 => "read_id",
            0x03 => "read_project_info",
            0x04 => "read_plc_status",
            0x05 => "read_loader_info",
            0x06 => "read_memory_card_info",
            0x07 => "read_block_info",
            0x0A => "repeat",
            0x10 => "take_reservation",
            0x11 => "release_reservation",
            0x12 => "keep_alive",
            0x20 => "read_memory_block",
            0x21 => "write_memory_block",
            0x22 => "read_variables",
            0x23 => "write_variables",
            0x24 => "read_coils_registers",
            0x25 => "write_coils_registers",
            0x26 => "data_dictionary",
            0x27 => "data_dictionary_preload",
            0x28 => "read_physical_address",
            0x29 => "write_physical_address",
            0x2A => "browse_events",
            0x30 => "begin_program_write",
            0x31 => "write_program_block",
            0x32 => "end_program_write",
            0x33 => "begin_program_read",
            0x34 => "read_program_block",
            0x35 => "end_program_read",
            0x36 => "backup",
            0x37 => "preload_blocks",
            0x38 => "signed",
            0x39 => "read_ethernet_master_data",
            0x40 => "start_plc",
            0x41 => "stop_plc",
            0x42 => "init_plc",
            0x43 => "swap_blocks",
            0x50 => "monitor_plc",
            0x51 => "auto_modifications",
            0x52 => "forced_bits",
            0x53 => "selected_blocks",
            0x58 => "check_plc",
            0x60 => "set_breakpoint",
            0x61 => "delete_breakpoint",
            0x62 => "step_over",
            0x63 => "step_in",
            0x64 => "step_out",
            0x65 => "read_call_stack",
            0x66 => "debug_allowed",
            0x6C => "process_message",
            0x6D => "private_message",
            0x6E => "reservation_nonces",
            0x70 => "read_io_object",
            0x71 => "write_io_object",
            0x72 => "read_rack",
            0x73 => "read_module_status",
            0x74 => "read_device_data",
            _ => "unknown",
        }
    }
}

/// A block of the controller's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Which range.
    pub range: u8,
    /// Which block.
    pub block: u16,
    /// From which octet.
    pub offset: u16,
    /// How many.
    pub octets: u16,
}

/// A UMAS request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The key that the reservation gave, 0 before it.
    pub key: u8,
    /// The function; that inside the wrapper, where it came in one.
    pub function: UmasCode,
    /// It came in a signed wrapper.
    pub signed: bool,
    /// The octets behind the function.
    pub data: &'a [u8],
}

/// Magic and signature of the wrapper.
const SIGNATURE_OCTETS: usize = 33;

impl<'a> Request<'a> {
    pub(crate) fn parse(data: &'a [u8], faults: &mut Faults) -> Option<Self> {
        let Some(([key, function], rest)) = data.split_first_chunk() else {
            faults.push(FaultKind::Truncated, length(data.len()), 2);
            return None;
        };
        let outer = Self { key: *key, function: UmasCode(*function), signed: false, data: rest };
        if outer.function != UmasCode::SIGNED {
            return Some(outer);
        }
        Some(outer.unwrapped().unwrap_or(outer))
    }

    /// The request inside a signed wrapper.
    fn unwrapped(&self) -> Option<Self> {
        let ([90, key, function], data) = self.data.get(SIGNATURE_OCTETS..)?.split_first_chunk()?
        else {
            return None;
        };
        Some(Self { key: *key, function: UmasCode(*function), signed: true, data })
    }

    /// What 0x20 reads.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        if self.function != UmasCode::READ_MEMORY_BLOCK {
            return None;
        }
        let (_, (range, block, offset, _, octets)) =
            (le_u8::<_, ()>, le_u16, le_u16, le_u16, le_u16).parse(self.data).ok()?;
        Some(Block { range, block, offset, octets })
    }

    /// Who takes the reservation with 0x10: a number, and a name that people see.
    #[must_use]
    pub fn reservation(&self) -> Option<(u32, &'a [u8])> {
        if self.function != UmasCode::TAKE_RESERVATION {
            return None;
        }
        let (rest, (id, octets)) = (le_u32::<_, ()>, le_u8).parse(self.data).ok()?;
        Some((id, rest.get(..usize::from(octets)).unwrap_or(rest)))
    }
}

/// How a controller answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UmasStatus(pub u8);

impl UmasStatus {
    /// Done.
    pub const SUCCESS: Self = Self(0xFE);
    /// Refused or failed.
    pub const FAILURE: Self = Self(0xFD);

    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0xFE => "success",
            0xFD => "failure",
            _ => "unknown",
        }
    }
}

/// A UMAS answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// The key of the request.
    pub key: u8,
    /// How it went.
    pub status: UmasStatus,
    /// What the function answers.
    pub data: &'a [u8],
}

impl<'a> Response<'a> {
    pub(crate) fn parse(data: &'a [u8], faults: &mut Faults) -> Option<Self> {
        let Some(([key, status], data)) = data.split_first_chunk() else {
            faults.push(FaultKind::Truncated, length(data.len()), 2);
            return None;
        };
        let status = UmasStatus(*status);
        if !matches!(status, UmasStatus::SUCCESS | UmasStatus::FAILURE) {
            faults.push(FaultKind::Value, status.0.into(), 0xFE);
        }
        Some(Self { key: *key, status, data })
    }

    /// The longest frame that 0x01 agreed on.
    #[must_use]
    pub fn frame_octets_max(&self) -> Option<u16> {
        le_u16::<_, ()>(self.data).ok().map(|(_, octets)| octets)
    }
}

#[cfg(test)]
mod tests;
