use proptest::prelude::*;

use super::*;

// The vector that the specification's reference libraries share (1.0.0).
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIMESTAMP: i64 = 1_614_265_330;
const BODY: &[u8] = b"{\"test\": 2432232314}";
const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn secret(text: &[u8]) -> Secret {
    Secret::of_file(text).unwrap()
}

fn other() -> Secret {
    secret(b"an altogether different secret, raw")
}

#[test]
fn the_published_vector_is_signed_and_verified() {
    assert_eq!(sign(ID, TIMESTAMP, BODY, &secret(SECRET)), SIGNATURE);
    assert!(verify(ID, TIMESTAMP, BODY, SIGNATURE, &[secret(SECRET)]));
}

#[test]
fn a_raw_secret_signs_as_hmac_of_openssl_does() {
    // printf 'id.1.{}' | openssl dgst -sha256 -hmac 'an altogether different secret, raw' -binary | base64
    assert_eq!(sign("id", 1, b"{}", &other()), "v1,L1M2onxImvpu34jllpEQGr7wREd/f5DpAoMqKK8Cd4M=");
}

#[test]
fn whatever_is_changed_the_signature_is_none() {
    let secrets = [secret(SECRET)];
    assert!(!verify("msg_another", TIMESTAMP, BODY, SIGNATURE, &secrets));
    assert!(!verify(ID, TIMESTAMP + 1, BODY, SIGNATURE, &secrets));
    assert!(!verify(ID, TIMESTAMP, b"{\"test\": 2432232315}", SIGNATURE, &secrets));
    assert!(!verify(ID, TIMESTAMP, BODY, SIGNATURE, &[other()]));
    assert!(!verify(ID, TIMESTAMP, BODY, SIGNATURE, &[]));
    for header in [
        "",
        "v1,",
        "v1",
        "v1,g0hM9SsE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,!!!",
    ] {
        assert!(!verify(ID, TIMESTAMP, BODY, header, &secrets), "{header}");
    }
}

#[test]
fn while_rotating_either_secret_of_either_end_will_do() {
    let (old, new) = (secret(SECRET), other());
    let both = sign_all(ID, TIMESTAMP, BODY, &[new.clone(), old.clone()]);
    assert_eq!(both.split(' ').count(), 2);
    assert!(verify(ID, TIMESTAMP, BODY, &both, std::slice::from_ref(&old)));
    assert!(verify(ID, TIMESTAMP, BODY, &both, std::slice::from_ref(&new)));
    assert!(verify(ID, TIMESTAMP, BODY, SIGNATURE, &[new, old]));
    let among_others = format!("v1,AAAA v2,{SIGNATURE} {SIGNATURE} v1a,AAAA");
    assert!(verify(ID, TIMESTAMP, BODY, &among_others, &[secret(SECRET)]));
}

#[test]
fn an_id_cannot_borrow_from_the_timestamp() {
    let secrets = [secret(SECRET)];
    let header = sign_all("a.1", 2, BODY, &secrets);
    assert!(!verify("a.1", 2, BODY, &header, &secrets));
    assert!(!verify("", 2, BODY, &sign_all("", 2, BODY, &secrets), &secrets));
}

#[test]
fn a_secret_is_read_as_its_file_holds_it() {
    let padded = b"  whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n";
    assert_eq!(sign(ID, TIMESTAMP, BODY, &secret(padded)), SIGNATURE);
    assert_eq!(Secret::of_file(b"whsec_not base64").unwrap_err(), SecretError::Base64);
    assert_eq!(Secret::of_file(b"\n").unwrap_err(), SecretError::Length(0));
    assert_eq!(Secret::of_file(b"whsec_AAAA").unwrap_err(), SecretError::Length(3));
    assert_eq!(Secret::of_file(&[b'x'; 513]).unwrap_err(), SecretError::Length(513));
    assert_eq!(format!("{:?}", secret(SECRET)), "Secret(…)");
}

proptest! {
    #[test]
    fn any_header_is_taken_and_none_verifies_by_chance(header in "(v1,)?[ -~]{0,80}") {
        prop_assert!(!verify(ID, TIMESTAMP, BODY, &header, &[secret(SECRET), other()]));
    }

    #[test]
    fn what_was_signed_verifies(
        id in "[a-z0-9_-]{1,40}",
        timestamp in any::<i64>(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let header = sign_all(&id, timestamp, &body, &[other(), secret(SECRET)]);
        prop_assert!(verify(&id, timestamp, &body, &header, &[secret(SECRET)]));
    }
}
