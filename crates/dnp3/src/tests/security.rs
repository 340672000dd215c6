//! Secure authentication (clause 7; annex A, groups 120 to 122).

use super::*;

/// Function, header and objects, and what they mean.
#[rustfmt::skip]
pub(super) const VECTORS: &[(u8, &str, &[&str])] = &[
    (131, "78 01 5B 01 0C00  01000000 0200 04 01 DEADBEEF",
        &["Authentication(Challenge { sequence: 1, user: 2, algorithm: MacAlgorithm(4), reason: ChallengeReason(1), data: [222, 173, 190, 239] })"]),
    (32,  "78 02 5B 01 0800  01000000 0200 AABB",
        &["Authentication(Reply { sequence: 1, user: 2, mac: [170, 187] })"]),
    // Aggressive mode: v3 first, v9 last, around an operate
    (4,   "78 03 07 01 01000000 0200  0C 01 17 01 07 81 01 64000000 00000000 00  78 09 5B 01 0200 AABB",
        &["Authentication(AggressiveMode { sequence: 1, user: 2 })", "7: pulse_on/trip x1 on 100 off 0 success", "Authentication(Mac([170, 187]))"]),
    // The same around a read, whose own headers carry nothing
    (1,   "78 03 07 01 01000000 0200  3C 01 06  78 09 5B 01 0200 AABB",
        &["Authentication(AggressiveMode { sequence: 1, user: 2 })", "Authentication(Mac([170, 187]))"]),
    (32,  "78 04 07 01  0200", &["Authentication(KeyStatusRequest { user: 2 })"]),
    (131, "78 05 5B 01 1100  01000000 0200 02 01 04 0400 DEADBEEF AABB",
        &["Authentication(KeyStatus { sequence: 1, user: 2, key_wrap: KeyWrapAlgorithm(2), status: KeyStatus(1), algorithm: MacAlgorithm(4), challenge: [222, 173, 190, 239], mac: [170, 187] })"]),
    (32,  "78 06 5B 01 0800  01000000 0200 AABB",
        &["Authentication(KeyChange { sequence: 1, user: 2, wrapped: [170, 187] })"]),
    (131, "78 07 5B 01 1100  01000000 0200 0300 01 E80300000000 6E6F",
        &["Authentication(Error { sequence: 1, user: 2, association: 3, error: AuthenticationError(1), unix_ms: 1000, text: [110, 111] })"]),
    (32,  "78 08 5B 01 0400  44 01 AABB",
        &["Authentication(UserCertificate { method: KeyChangeMethod(68), certificate_type: CertificateType(1), certificate: [170, 187] })"]),
    (32,  "78 0A 5B 01 1400  03 01 05000000 0100 6D01 0200 0100 0100  6F70 AA BB",
        &["Authentication(UserChange(UserChange { method: KeyChangeMethod(3), operation: UserOperation(1), sequence: 5, role: UserRole(1), expires_days: 365, name: [111, 112], public_key: [170], certification: [187] }))"]),
    (32,  "78 0B 5B 01 0900  03 0200 0200  6F70 AABB",
        &["Authentication(UpdateKeyChangeRequest { method: KeyChangeMethod(3), name: [111, 112], challenge: [170, 187] })"]),
    (131, "78 0C 5B 01 0A00  01000000 0200 0200 AABB",
        &["Authentication(UpdateKeyChangeReply { sequence: 1, user: 2, challenge: [170, 187] })"]),
    (32,  "78 0D 5B 01 0A00  01000000 0200 0200 AABB",
        &["Authentication(UpdateKeyChange { sequence: 1, user: 2, encrypted: [170, 187] })"]),
    (32,  "78 0E 5B 01 0200  AABB", &["Authentication(UpdateKeySignature([170, 187]))"]),
    (131, "78 0F 5B 01 0200  AABB", &["Authentication(UpdateKeyConfirmation([170, 187]))"]),
    (129, "79 01 01 0200 0200  01 0300 0A000000", &["2: association 3 count 10 online"]),
    (129, "7A 01 17 01 02  41 0300 0A000000", &["2: association 3 count 10 online,discontinuity"]),
    (130, "7A 02 17 01 02  01 0300 0A000000 E80300000000", &["2: association 3 count 10 online @1000"]),
    // A challenge that is too long for its object
    (131, "78 05 5B 01 0B00  01000000 0200 02 01 04 0400",
        &["Opaque([1, 0, 0, 0, 2, 0, 2, 1, 4, 4, 0]) !object_contents"]),
];

#[test]
fn each_step_means_what_its_figure_says() {
    for (function, objects, expected) in VECTORS {
        assert_eq!(read(*function, objects), *expected, "{objects}");
    }
}

#[test]
fn codes_have_names() {
    assert_eq!(MacAlgorithm(6).name(), "aes_gmac_12");
    assert_eq!(MacAlgorithm(7).name(), "reserved");
    assert_eq!(AuthenticationError(200).name(), "vendor");
    assert_eq!(UserRole(32_768).name(), "single_user");
    assert_eq!(statistic_name(2), Some("authentication_failures"));
    assert_eq!(statistic_name(18), None);
}
