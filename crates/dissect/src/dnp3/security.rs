//! Authentication objects (g120) in a record.

use gridtap_dnp3::{Authentication, UserChange};
use serde::ser::SerializeMap;

use super::fields::{Moment, Text};
use crate::record::Hex;

/// The fields of a step of authentication.
pub(super) fn authentication<M: SerializeMap>(
    map: &mut M,
    step: &Authentication<'_>,
) -> Result<(), M::Error> {
    use Authentication as Step;
    match *step {
        Step::Challenge { sequence, user, algorithm, reason, data } => {
            party(map, sequence, user)?;
            map.serialize_entry("algorithm", algorithm.name())?;
            map.serialize_entry("reason", reason.name())?;
            map.serialize_entry("challenge", &Hex(data))
        }
        Step::Reply { sequence, user, mac } => {
            party(map, sequence, user)?;
            map.serialize_entry("mac", &Hex(mac))
        }
        Step::AggressiveMode { sequence, user } => party(map, sequence, user),
        Step::KeyStatusRequest { user } => map.serialize_entry("user", &user),
        Step::KeyStatus { sequence, user, key_wrap, status, algorithm, challenge, mac } => {
            party(map, sequence, user)?;
            map.serialize_entry("key_wrap", key_wrap.name())?;
            map.serialize_entry("key_status", status.name())?;
            map.serialize_entry("algorithm", algorithm.name())?;
            map.serialize_entry("challenge", &Hex(challenge))?;
            map.serialize_entry("mac", &Hex(mac))
        }
        Step::KeyChange { sequence, user, wrapped } => {
            party(map, sequence, user)?;
            map.serialize_entry("wrapped_keys", &Hex(wrapped))
        }
        Step::Error { sequence, user, association, error, unix_ms, text } => {
            party(map, sequence, user)?;
            map.serialize_entry("association", &association)?;
            map.serialize_entry("error", &error.0)?;
            map.serialize_entry("error_name", error.name())?;
            map.serialize_entry("time", &Moment(unix_ms))?;
            map.serialize_entry("text", &Text(text))
        }
        _ => update(map, step),
    }
}

/// The steps that change users and their update keys.
fn update<M: SerializeMap>(map: &mut M, step: &Authentication<'_>) -> Result<(), M::Error> {
    use Authentication as Step;
    match *step {
        Step::UserCertificate { method, certificate_type, certificate } => {
            map.serialize_entry("method", method.name())?;
            map.serialize_entry("certificate_type", certificate_type.name())?;
            map.serialize_entry("certificate", &Hex(certificate))
        }
        Step::Mac(mac) => map.serialize_entry("mac", &Hex(mac)),
        Step::UserChange(change) => user_change(map, &change),
        Step::UpdateKeyChangeRequest { method, name, challenge } => {
            map.serialize_entry("method", method.name())?;
            map.serialize_entry("name", &Text(name))?;
            map.serialize_entry("challenge", &Hex(challenge))
        }
        Step::UpdateKeyChangeReply { sequence, user, challenge } => {
            party(map, sequence, user)?;
            map.serialize_entry("challenge", &Hex(challenge))
        }
        Step::UpdateKeyChange { sequence, user, encrypted } => {
            party(map, sequence, user)?;
            map.serialize_entry("wrapped_keys", &Hex(encrypted))
        }
        Step::UpdateKeySignature(octets) => map.serialize_entry("signature", &Hex(octets)),
        Step::UpdateKeyConfirmation(octets) => map.serialize_entry("mac", &Hex(octets)),
        _ => Ok(()),
    }
}

fn party<M: SerializeMap>(map: &mut M, sequence: u32, user: u16) -> Result<(), M::Error> {
    map.serialize_entry("sequence", &sequence)?;
    map.serialize_entry("user", &user)
}

fn user_change<M: SerializeMap>(map: &mut M, change: &UserChange<'_>) -> Result<(), M::Error> {
    map.serialize_entry("method", change.method.name())?;
    map.serialize_entry("operation", change.operation.name())?;
    map.serialize_entry("sequence", &change.sequence)?;
    map.serialize_entry("role", change.role.name())?;
    map.serialize_entry("expires_days", &change.expires_days)?;
    map.serialize_entry("name", &Text(change.name))?;
    map.serialize_entry("public_key", &Hex(change.public_key))?;
    map.serialize_entry("certification", &Hex(change.certification))
}
