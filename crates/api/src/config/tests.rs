use super::*;

fn faults(text: &str) -> Vec<String> {
    let config: Config = toml::from_str(text).unwrap();
    config.check().iter().map(ToString::to_string).collect()
}

#[test]
fn as_it_comes_it_listens_nowhere_and_has_nothing_wrong() {
    assert_eq!(faults(""), [""; 0]);
    assert_eq!(Config::default().listen, None);
    assert_eq!(usual_listen().to_string(), "127.0.0.1:9417");
    assert_eq!(faults("listen = '[::1]:9417'"), [""; 0]);
    assert_eq!(faults("listen = '[::ffff:127.0.0.1]:9417'"), [""; 0]);
}

#[test]
fn others_reach_it_with_tls_and_a_token_or_a_user_only() {
    for listen in ["0.0.0.0:9417", "10.0.0.5:9417", "[::]:9417"] {
        let told = faults(&format!("listen = '{listen}'"));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains(listen) && told[0].contains("has no TLS"), "{told:?}");
        assert!(told[1].contains("neither a token nor a user"), "{told:?}");
    }
    let token = "[[token]]\nname = 'a'\ntoken_file = 'a'\n";
    let tls = "certificate_file = 'c'\nkey_file = 'k'\n";
    assert_eq!(faults(&format!("listen = '0.0.0.0:1'\n{tls}{token}")), [""; 0]);
    let user = "[[user]]\nname = 'a'\npassword_hash_file = 'a'\n";
    assert_eq!(faults(&format!("listen = '0.0.0.0:1'\n{tls}{user}")), [""; 0]);
    assert_eq!(faults(&format!("listen = '0.0.0.0:1'\n{token}")).len(), 1);
    assert_eq!(faults("key_file = 'k'").len(), 1);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_whose_it_is() {
    let told = faults(
        "rate_per_second = 0\ntimeout = '10m'\n\
         [[token]]\nname = 'a'\n[[token]]\nname = 'a'\nsha256 = 'abc'\n\
         [[token]]\nname = 'no name'\nsha256 = 'abc'\ntoken_file = 'x'\n\
         [[hook]]\nname = 'noc'\nactions = ['acknowledge', 'delete']\nnetworks = ['10.0.0.0/8', '::1', 'plant']\n",
    );
    let wanted = [
        "rate_per_second = 0",
        "timeout = \"10m\"",
        "token \"a\": the name is given twice",
        "token \"no name\": the name is",
        "token \"a\": it has neither",
        "token \"a\": sha256 is 64",
        "token \"no name\": it has sha256 and token_file",
        "hook \"noc\": 0 secret_files",
        "hook \"noc\": \"plant\" is neither",
        "hook \"noc\": \"delete\" is no action",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, wanted) in told.iter().zip(wanted) {
        assert!(told.contains(wanted), "{told} / {wanted}");
    }
}

#[test]
fn a_token_is_known_by_the_digest_that_sha256sum_gives() {
    // printf %s secret | sha256sum
    let token = Token::of_text("a", Role::Viewer, "secret");
    let known = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    assert_eq!(token.sha256.as_deref(), Some(known));
    assert_eq!(digest(known).unwrap()[0], 0x2b);
    assert_eq!(digest("2bb8"), None);
    assert_eq!(digest(&"é".repeat(32)), None);
}

#[test]
fn of_ipv6_a_source_is_its_network_and_a_mapped_address_is_the_one_it_maps() {
    let of = |text: &str| source_of(text.parse().unwrap()).to_string();
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(of("::ffff:10.0.0.1"), "10.0.0.1");
    assert_eq!(network("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
}

#[test]
fn a_hook_that_nobody_could_be_told_apart_by_is_refused() {
    let hook =
        |text: &str| faults(&format!("[[hook]]\nname = 'am'\nformat = 'alertmanager'\n{text}"));
    assert_eq!(hook("secret_files = ['x']"), [""; 0]);
    assert!(hook("")[0].contains("0 secret_files"));
    let named = hook("client_names = ['am.example']");
    assert!(named[0].contains("client_ca_file"), "{named:?}");
    let tls = "certificate_file = 'c'\nkey_file = 'k'\nclient_ca_file = 'a'\n";
    let of = |names: &str| {
        faults(&format!(
            "{tls}[[hook]]\nname = 'am'\nformat = 'alertmanager'\nclient_names = [{names}]"
        ))
    };
    assert_eq!(of("'am.example', '10.0.0.1'"), [""; 0]);
    assert!(of("'a b'")[0].contains("neither a host name"));
    assert!(faults("client_ca_file = 'a'")[0].contains("needs TLS"));
    let other = faults(
        "[[hook]]\nname = 'a'\nformat = 'grafana'\nsecret_files = ['x']\ntimestamp_header = 'a b'",
    );
    assert!(other[0].contains("no name of a header"), "{other:?}");
}
