//! The numbers of secure authentication and their names (clause 7).

/// Defines a code with the names of its values; `vendor` and `reserved` say what else there is.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident($kind:ty) { $($value:pat => $text:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub $kind);

            impl $name {
                /// The name in records.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self.0 {
                        $($value => $text,)*
                        _ => "reserved",
                    }
                }
            }
        )*
    };
}

codes! {
    /// How a message authentication code is made.
    MacAlgorithm(u8) {
        0 => "none",
        1 => "hmac_sha_1_4",
        2 => "hmac_sha_1_10",
        3 => "hmac_sha_256_8",
        4 => "hmac_sha_256_16",
        5 => "hmac_sha_1_8",
        6 => "aes_gmac_12",
        128.. => "vendor",
    }

    /// Why a station challenges.
    ChallengeReason(u8) {
        0 => "unused",
        1 => "critical",
    }

    /// How session keys are wrapped.
    KeyWrapAlgorithm(u8) {
        0 => "unused",
        1 => "aes_128",
        2 => "aes_256",
        128.. => "vendor",
    }

    /// Whether session keys can be used.
    KeyStatus(u8) {
        0 => "unused",
        1 => "ok",
        2 => "not_init",
        3 => "comm_fail",
        4 => "auth_fail",
        128.. => "vendor",
    }

    /// What failed in an authentication.
    AuthenticationError(u8) {
        1 => "authentication_failed",
        2 => "unexpected_response",
        3 => "no_response",
        4 => "aggressive_mode_not_supported",
        5 => "mac_algorithm_not_supported",
        6 => "key_wrap_algorithm_not_supported",
        7 => "authorization_failed",
        8 => "update_key_change_method_not_permitted",
        9 => "invalid_signature",
        10 => "invalid_certification_data",
        11 => "unknown_user",
        12 => "max_session_key_status_requests_exceeded",
        128.. => "vendor",
    }

    /// How a user's update key is changed.
    KeyChangeMethod(u8) {
        1 | 2 | 64..=66 => "obsolete",
        3 => "aes_128_sha_1",
        4 => "aes_256_sha_256",
        5 => "aes_256_gmac",
        67 => "rsa_1024_dsa_sha_1",
        68 => "rsa_2048_sha_256",
        69 => "rsa_3072_sha_256",
        70 => "rsa_2048_gmac",
        71 => "rsa_3072_gmac",
        128.. => "vendor",
    }

    /// What a certificate is of.
    CertificateType(u8) {
        0 => "unknown",
        1 => "id_certificate",
        2 => "attribute_certificate",
    }

    /// What happens to a user.
    UserOperation(u8) {
        1 => "add",
        2 => "delete",
        3 => "change",
    }

    /// What a user may do.
    UserRole(u16) {
        0 => "viewer",
        1 => "operator",
        2 => "engineer",
        3 => "installer",
        4 => "security_administrator",
        5 => "security_auditor",
        6 => "rbac_manager",
        32_768 => "single_user",
    }
}

/// The name of a security statistic by its index (g121, g122); none where the standard has none.
#[must_use]
pub const fn statistic_name(index: u32) -> Option<&'static str> {
    Some(match index {
        0 => "unexpected_messages",
        1 => "authorization_failures",
        2 => "authentication_failures",
        3 => "reply_timeouts",
        4 => "rekeys_after_authentication_failure",
        5 => "messages_sent",
        6 => "messages_received",
        7 => "critical_messages_sent",
        8 => "critical_messages_received",
        9 => "discarded_messages",
        10 => "error_messages_sent",
        11 => "error_messages_received",
        12 => "successful_authentications",
        13 => "session_key_changes",
        14 => "failed_session_key_changes",
        15 => "update_key_changes",
        16 => "failed_update_key_changes",
        17 => "rekeys_after_restart",
        _ => return None,
    })
}
