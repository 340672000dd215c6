//! File objects (g70) in a record. A password is not printed.

use gridtap_dnp3::{File, FileCommand, FileDescriptor, FileIdentifier, FilePermissions};
use serde::ser::SerializeMap;

use super::fields::{Moment, Text, list, octets_entry, status_entry};

pub(super) fn file<M: SerializeMap>(map: &mut M, file: &File<'_>) -> Result<(), M::Error> {
    match file {
        File::Identifier(identifier) => self::identifier(map, identifier),
        File::Authentication(authentication) => {
            map.serialize_entry("user", &Text(authentication.user))?;
            map.serialize_entry("password_octets", &authentication.password.len())?;
            map.serialize_entry("key", &authentication.key)
        }
        File::Command(command) => self::command(map, command),
        File::Status { handle, file_octets, block_octets_max, request, status, text } => {
            map.serialize_entry("handle", handle)?;
            map.serialize_entry("file_octets", file_octets)?;
            map.serialize_entry("block_octets_max", block_octets_max)?;
            map.serialize_entry("request", request)?;
            status_entry(map, status.0, status.name())?;
            words(map, text)
        }
        File::Transport { handle, block, last, octets } => {
            map.serialize_entry("handle", handle)?;
            map.serialize_entry("block", block)?;
            map.serialize_entry("last", last)?;
            octets_entry(map, octets)
        }
        File::TransportStatus { handle, block, last, status, text } => {
            map.serialize_entry("handle", handle)?;
            map.serialize_entry("block", block)?;
            map.serialize_entry("last", last)?;
            status_entry(map, status.0, status.name())?;
            words(map, text)
        }
        File::Descriptor(descriptor) => self::descriptor(map, descriptor),
        File::Specification(name) => map.serialize_entry("name", &Text(name)),
    }
}

fn words<M: SerializeMap>(map: &mut M, text: &[u8]) -> Result<(), M::Error> {
    if text.is_empty() { Ok(()) } else { map.serialize_entry("text", &Text(text)) }
}

fn permissions<M: SerializeMap>(map: &mut M, permissions: FilePermissions) -> Result<(), M::Error> {
    map.serialize_entry("permissions", &list(permissions.names()))
}

fn identifier<M: SerializeMap>(map: &mut M, file: &FileIdentifier<'_>) -> Result<(), M::Error> {
    map.serialize_entry("name", &Text(file.name))?;
    map.serialize_entry("file_type", &file.file_type)?;
    map.serialize_entry("attributes", &file.attributes)?;
    map.serialize_entry("first_record", &file.first_record)?;
    map.serialize_entry("last_record", &file.last_record)?;
    map.serialize_entry("file_octets", &file.file_octets)?;
    map.serialize_entry("created", &Moment(file.created_unix_ms))?;
    permissions(map, file.permissions)?;
    map.serialize_entry("handle", &file.file)?;
    map.serialize_entry("owner", &file.owner)?;
    map.serialize_entry("owner_group", &file.group)?;
    map.serialize_entry("function", &file.function)?;
    map.serialize_entry("status", &file.status)?;
    octets_entry(map, file.octets)
}

fn command<M: SerializeMap>(map: &mut M, command: &FileCommand<'_>) -> Result<(), M::Error> {
    map.serialize_entry("name", &Text(command.name))?;
    map.serialize_entry("created", &Moment(command.created_unix_ms))?;
    permissions(map, command.permissions)?;
    map.serialize_entry("key", &command.key)?;
    map.serialize_entry("file_octets", &command.file_octets)?;
    map.serialize_entry("mode", command.mode.name())?;
    map.serialize_entry("block_octets_max", &command.block_octets_max)?;
    map.serialize_entry("request", &command.request)
}

fn descriptor<M: SerializeMap>(map: &mut M, file: &FileDescriptor<'_>) -> Result<(), M::Error> {
    map.serialize_entry("name", &Text(file.name))?;
    map.serialize_entry("type", file.file_type.name())?;
    map.serialize_entry("file_octets", &file.file_octets)?;
    map.serialize_entry("created", &Moment(file.created_unix_ms))?;
    permissions(map, file.permissions)?;
    map.serialize_entry("request", &file.request)
}
