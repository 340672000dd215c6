//! Secure authentication (clause 7; annex A, group 120). Nothing is verified: that takes the keys.

use super::{
    AuthenticationError, CertificateType, ChallengeReason, KeyChangeMethod, KeyStatus,
    KeyWrapAlgorithm, MacAlgorithm, UserOperation, UserRole,
};
use crate::octets::Octets;

/// A step of authentication. `sequence` is that of challenges (CSQ) or of key changes (KSQ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authentication<'a> {
    /// v1: prove who you are before this is done.
    Challenge {
        /// Counts challenges.
        sequence: u32,
        /// Whom it is for; 0 where that is not known.
        user: u16,
        /// How to answer.
        algorithm: MacAlgorithm,
        /// Why.
        reason: ChallengeReason,
        /// What to answer with.
        data: &'a [u8],
    },
    /// v2: the proof.
    Reply {
        /// That of the challenge.
        sequence: u32,
        /// Who.
        user: u16,
        /// The message authentication code.
        mac: &'a [u8],
    },
    /// v3: the proof comes with the request; it stands first, and v9 last.
    AggressiveMode {
        /// One more than the last.
        sequence: u32,
        /// Who.
        user: u16,
    },
    /// v4: are there session keys?
    KeyStatusRequest {
        /// Whose.
        user: u16,
    },
    /// v5: the state of the session keys, and a challenge for new ones.
    KeyStatus {
        /// Counts key changes.
        sequence: u32,
        /// Whose.
        user: u16,
        /// How to wrap new ones.
        key_wrap: KeyWrapAlgorithm,
        /// Their state.
        status: KeyStatus,
        /// How the last change is proved.
        algorithm: MacAlgorithm,
        /// What to put into the change.
        challenge: &'a [u8],
        /// The proof of the last change; empty where the keys are not ok.
        mac: &'a [u8],
    },
    /// v6: new session keys, wrapped.
    KeyChange {
        /// That of the status.
        sequence: u32,
        /// Whose.
        user: u16,
        /// The keys, encrypted.
        wrapped: &'a [u8],
    },
    /// v7: it failed.
    Error {
        /// That of the message that failed.
        sequence: u32,
        /// Who.
        user: u16,
        /// On which association.
        association: u16,
        /// What failed.
        error: AuthenticationError,
        /// When, in milliseconds since 1970.
        unix_ms: u64,
        /// In words.
        text: &'a [u8],
    },
    /// v8: a user's certificate.
    UserCertificate {
        /// How keys are changed.
        method: KeyChangeMethod,
        /// What it is of.
        certificate_type: CertificateType,
        /// The certificate.
        certificate: &'a [u8],
    },
    /// v9: the proof of the message that it ends.
    Mac(&'a [u8]),
    /// v10: a user is added, removed or changed.
    UserChange(UserChange<'a>),
    /// v11: change a user's update key.
    UpdateKeyChangeRequest {
        /// How.
        method: KeyChangeMethod,
        /// Whose.
        name: &'a [u8],
        /// The master's challenge.
        challenge: &'a [u8],
    },
    /// v12: the outstation's challenge for it.
    UpdateKeyChangeReply {
        /// Counts key changes.
        sequence: u32,
        /// Whose: the number that the user gets.
        user: u16,
        /// The challenge.
        challenge: &'a [u8],
    },
    /// v13: the new update key, encrypted.
    UpdateKeyChange {
        /// That of the reply.
        sequence: u32,
        /// Whose.
        user: u16,
        /// The key.
        encrypted: &'a [u8],
    },
    /// v14: the signature of a change.
    UpdateKeySignature(&'a [u8]),
    /// v15: the proof of a change.
    UpdateKeyConfirmation(&'a [u8]),
}

/// A user is added, removed or changed (v10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserChange<'a> {
    /// How keys are changed.
    pub method: KeyChangeMethod,
    /// What happens.
    pub operation: UserOperation,
    /// Counts such changes.
    pub sequence: u32,
    /// What the user may do.
    pub role: UserRole,
    /// For how many days.
    pub expires_days: u16,
    /// Who.
    pub name: &'a [u8],
    /// The user's public key, where the method has one.
    pub public_key: &'a [u8],
    /// The authority's proof.
    pub certification: &'a [u8],
}

impl<'a> Authentication<'a> {
    pub(crate) fn read(variation: u8, octets: &'a [u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let octets = &mut octets;
        match variation {
            1 => Self::challenge(octets),
            2 => {
                let (sequence, user) = (octets.u32()?, octets.u16()?);
                Some(Self::Reply { sequence, user, mac: octets.rest() })
            }
            3 => Some(Self::AggressiveMode { sequence: octets.u32()?, user: octets.u16()? }),
            4 => Some(Self::KeyStatusRequest { user: octets.u16()? }),
            5 => Self::key_status(octets),
            6 => {
                let (sequence, user) = (octets.u32()?, octets.u16()?);
                Some(Self::KeyChange { sequence, user, wrapped: octets.rest() })
            }
            7 => Self::error(octets),
            8 => {
                let method = KeyChangeMethod(octets.u8()?);
                let certificate_type = CertificateType(octets.u8()?);
                let certificate = octets.rest();
                Some(Self::UserCertificate { method, certificate_type, certificate })
            }
            9 => Some(Self::Mac(octets.rest())),
            10 => UserChange::read(octets).map(Self::UserChange),
            11 => {
                let method = KeyChangeMethod(octets.u8()?);
                let (name, challenge) = (octets.u16()?, octets.u16()?);
                let (name, challenge) = (octets.take(name.into())?, octets.take(challenge.into())?);
                Some(Self::UpdateKeyChangeRequest { method, name, challenge })
            }
            12 | 13 => {
                let (sequence, user) = (octets.u32()?, octets.u16()?);
                let length = octets.u16()?;
                let part = octets.take(length.into())?;
                Some(match variation {
                    12 => Self::UpdateKeyChangeReply { sequence, user, challenge: part },
                    _ => Self::UpdateKeyChange { sequence, user, encrypted: part },
                })
            }
            14 => Some(Self::UpdateKeySignature(octets.rest())),
            15 => Some(Self::UpdateKeyConfirmation(octets.rest())),
            _ => None,
        }
    }

    fn challenge(octets: &mut Octets<'a>) -> Option<Self> {
        Some(Self::Challenge {
            sequence: octets.u32()?,
            user: octets.u16()?,
            algorithm: MacAlgorithm(octets.u8()?),
            reason: ChallengeReason(octets.u8()?),
            data: octets.rest(),
        })
    }

    fn key_status(octets: &mut Octets<'a>) -> Option<Self> {
        let (sequence, user) = (octets.u32()?, octets.u16()?);
        let [key_wrap, status, algorithm] = octets.chunk()?;
        let length = octets.u16()?;
        Some(Self::KeyStatus {
            sequence,
            user,
            key_wrap: KeyWrapAlgorithm(key_wrap),
            status: KeyStatus(status),
            algorithm: MacAlgorithm(algorithm),
            challenge: octets.take(length.into())?,
            mac: octets.rest(),
        })
    }

    fn error(octets: &mut Octets<'a>) -> Option<Self> {
        Some(Self::Error {
            sequence: octets.u32()?,
            user: octets.u16()?,
            association: octets.u16()?,
            error: AuthenticationError(octets.u8()?),
            unix_ms: octets.time()?,
            text: octets.rest(),
        })
    }
}

impl<'a> UserChange<'a> {
    fn read(octets: &mut Octets<'a>) -> Option<Self> {
        let (method, operation) = (KeyChangeMethod(octets.u8()?), UserOperation(octets.u8()?));
        let sequence = octets.u32()?;
        let (role, expires_days) = (UserRole(octets.u16()?), octets.u16()?);
        let (name, key, certification) = (octets.u16()?, octets.u16()?, octets.u16()?);
        Some(Self {
            method,
            operation,
            sequence,
            role,
            expires_days,
            name: octets.take(name.into())?,
            public_key: octets.take(key.into())?,
            certification: octets.take(certification.into())?,
        })
    }
}
