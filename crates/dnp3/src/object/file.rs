//! Files (annex A, group 70).

use super::{FileMode, FilePermissions, FileStatus, FileType};
use crate::octets::Octets;

/// A file command, its answer, or a block of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File<'a> {
    /// v1, superseded by the others.
    Identifier(FileIdentifier<'a>),
    /// v2: name and password for a key; in the answer only the key.
    Authentication(FileAuthentication<'a>),
    /// v3: open or delete.
    Command(FileCommand<'a>),
    /// v4: answer to open, close, delete and abort; in a request, what to close or abort.
    Status {
        /// The open file; 0 where none was opened.
        handle: u32,
        /// Its octets; `u32::MAX` where that is not known.
        file_octets: u32,
        /// The longest block of its transfer.
        block_octets_max: u16,
        /// That of the request.
        request: u16,
        /// How it went.
        status: FileStatus,
        /// Why, in words.
        text: &'a [u8],
    },
    /// v5: a block, or in a read request which block.
    Transport {
        /// The open file.
        handle: u32,
        /// Which block, from 0.
        block: u32,
        /// No block follows.
        last: bool,
        /// Its octets.
        octets: &'a [u8],
    },
    /// v6: how the writing of a block went.
    TransportStatus {
        /// The open file.
        handle: u32,
        /// Which block, from 0.
        block: u32,
        /// No block follows.
        last: bool,
        /// How it went.
        status: FileStatus,
        /// Why, in words.
        text: &'a [u8],
    },
    /// v7: what a file is. A directory's content is a run of these.
    Descriptor(FileDescriptor<'a>),
    /// v8: the name of a configuration to activate.
    Specification(&'a [u8]),
}

/// An identifier of the superseded form (v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentifier<'a> {
    /// The file.
    pub name: &'a [u8],
    /// Its type.
    pub file_type: u8,
    /// Its attributes.
    pub attributes: u8,
    /// The first record meant.
    pub first_record: u16,
    /// The last record meant.
    pub last_record: u16,
    /// Its octets.
    pub file_octets: u32,
    /// When it was made, in milliseconds since 1970.
    pub created_unix_ms: u64,
    /// Who may do what.
    pub permissions: FilePermissions,
    /// Its number.
    pub file: u32,
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// What is asked.
    pub function: u8,
    /// How it went.
    pub status: u8,
    /// Data.
    pub octets: &'a [u8],
}

/// Name and password, in the open (v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileAuthentication<'a> {
    /// Who asks.
    pub user: &'a [u8],
    /// With which password.
    pub password: &'a [u8],
    /// The key for file commands; 0 in a request, and where it was refused.
    pub key: u32,
}

/// Open or delete (v3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileCommand<'a> {
    /// The file.
    pub name: &'a [u8],
    /// When it was made, in milliseconds since 1970; of a file to write.
    pub created_unix_ms: u64,
    /// Who may do what; of a file to write.
    pub permissions: FilePermissions,
    /// The key of an authentication, or 0.
    pub key: u32,
    /// Its octets; of a file to write. `u32::MAX` where that is not known.
    pub file_octets: u32,
    /// How to open it.
    pub mode: FileMode,
    /// The longest block of its transfer.
    pub block_octets_max: u16,
    /// Chosen by the master, repeated in the answer.
    pub request: u16,
}

/// What a file is (v7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileDescriptor<'a> {
    /// The file.
    pub name: &'a [u8],
    /// Directory or file.
    pub file_type: FileType,
    /// Its octets; of a directory, its files.
    pub file_octets: u32,
    /// When it was made, in milliseconds since 1970.
    pub created_unix_ms: u64,
    /// Who may do what.
    pub permissions: FilePermissions,
    /// That of the request.
    pub request: u16,
}

impl<'a> File<'a> {
    pub(crate) fn read(variation: u8, octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let fields = &mut fields;
        Some(match variation {
            1 => Self::Identifier(FileIdentifier::read(fields)?),
            2 => Self::Authentication(FileAuthentication::read(octets)?),
            3 => Self::Command(FileCommand::read(octets)?),
            4 => Self::Status {
                handle: fields.u32()?,
                file_octets: fields.u32()?,
                block_octets_max: fields.u16()?,
                request: fields.u16()?,
                status: FileStatus(fields.u8()?),
                text: fields.rest(),
            },
            5 => {
                let (handle, (block, last)) = (fields.u32()?, block(fields)?);
                Self::Transport { handle, block, last, octets: fields.rest() }
            }
            6 => {
                let (handle, (block, last)) = (fields.u32()?, block(fields)?);
                let status = FileStatus(fields.u8()?);
                Self::TransportStatus { handle, block, last, status, text: fields.rest() }
            }
            7 => Self::Descriptor(FileDescriptor::at(octets)?.0),
            8 => Self::Specification(octets),
            _ => return None,
        })
    }
}

/// The number of a block, and whether it is the last.
fn block(fields: &mut Octets<'_>) -> Option<(u32, bool)> {
    let word = fields.u32()?;
    Some((word & 0x7FFF_FFFF, word & 0x8000_0000 != 0))
}

/// A part of an object by its offset and length; both 0 where there is none.
fn part(octets: &[u8], offset: u16, length: u16) -> Option<&[u8]> {
    if length == 0 {
        return Some(&[]);
    }
    octets.get(usize::from(offset)..)?.get(..usize::from(length))
}

impl<'a> FileIdentifier<'a> {
    fn read(fields: &mut Octets<'a>) -> Option<Self> {
        let name_octets = fields.u16()?;
        let [file_type, attributes] = fields.chunk()?;
        let (first_record, last_record) = (fields.u16()?, fields.u16()?);
        let (file_octets, created_unix_ms) = (fields.u32()?, fields.time()?);
        let permissions = FilePermissions(fields.u16()?);
        let (file, owner, group) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let [function, status] = fields.chunk()?;
        let name = fields.take(name_octets.into())?;
        let data_octets = fields.u16()?;
        Some(Self {
            name,
            file_type,
            attributes,
            first_record,
            last_record,
            file_octets,
            created_unix_ms,
            permissions,
            file,
            owner,
            group,
            function,
            status,
            octets: fields.take(data_octets.into())?,
        })
    }
}

impl<'a> FileAuthentication<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let (user_offset, user_octets) = (fields.u16()?, fields.u16()?);
        let (password_offset, password_octets) = (fields.u16()?, fields.u16()?);
        let key = fields.u32()?;
        let user = part(octets, user_offset, user_octets)?;
        Some(Self { user, password: part(octets, password_offset, password_octets)?, key })
    }
}

impl<'a> FileCommand<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let (name_offset, name_octets) = (fields.u16()?, fields.u16()?);
        Some(Self {
            name: part(octets, name_offset, name_octets)?,
            created_unix_ms: fields.time()?,
            permissions: FilePermissions(fields.u16()?),
            key: fields.u32()?,
            file_octets: fields.u32()?,
            mode: FileMode(fields.u16()?),
            block_octets_max: fields.u16()?,
            request: fields.u16()?,
        })
    }
}

impl<'a> FileDescriptor<'a> {
    /// The descriptor at the head of some octets, as of a directory that was read, and what follows it.
    #[must_use]
    pub fn at(octets: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut fields = Octets(octets);
        let (name_offset, name_octets) = (fields.u16()?, fields.u16()?);
        let descriptor = Self {
            name: part(octets, name_offset, name_octets)?,
            file_type: FileType(fields.u16()?),
            file_octets: fields.u32()?,
            created_unix_ms: fields.time()?,
            permissions: FilePermissions(fields.u16()?),
            request: fields.u16()?,
        };
        let end = usize::from(name_offset).saturating_add(name_octets.into());
        Some((descriptor, octets.get(end.max(FILE_DESCRIPTOR_OCTETS)..).unwrap_or_default()))
    }
}

/// A descriptor without the name.
const FILE_DESCRIPTOR_OCTETS: usize = 20;
