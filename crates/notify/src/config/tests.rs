use super::*;

fn faults(toml: &str) -> Vec<String> {
    let config: Config = toml::from_str(toml).unwrap();
    config.faults().iter().map(ToString::to_string).collect()
}

/// The one fault of an endpoint that is otherwise right.
fn fault(lines: &str) -> String {
    let right = "name = \"soc\"\nurl = \"https://alarms.example.org/x\"\nsecret_files = [\"s\"]\n";
    let keys: Vec<&str> = lines.lines().filter_map(|line| line.split(' ').next()).collect();
    let kept: Vec<&str> =
        right.lines().filter(|line| !keys.contains(&line.split(' ').next().unwrap())).collect();
    let kept = kept.join("\n");
    let faults =
        faults(&format!("targets = [\"alarms.example.org\"]\n[[endpoint]]\n{kept}\n{lines}\n"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.into_iter().next().unwrap()
}

#[test]
fn the_defaults_and_a_whole_endpoint_are_right() {
    assert!(Config::default().faults().is_empty());
    let whole = r#"
        targets = ["alarms.example.org:443", "10.20.0.0/16"]
        retry = ["0s", "5s"]
        resend = "30s"
        [[endpoint]]
        name = "control-room"
        url = "https://alarms.example.org/hooks/gridtap"
        secret_files = ["/etc/gridtap/hook.secret", "/etc/gridtap/hook.secret.new"]
        severity_min = "medium"
        types = ["anomaly.*", "sensor.degraded"]
        digest = true
        ca_file = "/etc/gridtap/ca.pem"
        client_certificate_file = "/etc/gridtap/client.pem"
        client_key_file = "/etc/gridtap/client.key"
        timeout = "15s"
        [[endpoint]]
        name = "alertmanager"
        url = "http://127.0.0.1:9093"
        format = "alertmanager"
        bearer_token_file = "/etc/gridtap/token"
        [[endpoint]]
        name = "chat"
        format = "slack"
        url_file = "/etc/gridtap/slack.url"
    "#;
    assert_eq!(
        faults(whole),
        ["notify.endpoint \"alertmanager\": 127.0.0.1:9093 is not among notify.targets: \
             add it there if deliveries may go to it"]
    );
}

#[test]
fn each_bad_value_is_one_sentence() {
    for (lines, expected) in [
        ("url_file = \"u\"\nurl = \"https://alarms.example.org/\"", "it has a url and a url_file"),
        ("url = \"alarms\"", "its URL begins with neither https:// nor http://"),
        ("url = \"http://alarms.example.org/\"", "plain http to another machine"),
        ("url = \"https://u:p@alarms.example.org/\"", "holds a name or password"),
        ("url = \"https://example.org/\"", "example.org:443 is not among notify.targets"),
        ("secret_files = []", "the standard format is signed"),
        ("secret_files = [\"a\", \"b\", \"c\"]", "3 secret_files"),
        ("format = \"slack\"", "deliveries as slack are not signed"),
        ("types = [\"anomaly.exploded\"]", "\"anomaly.exploded\" is no type of event"),
        ("format = \"alertmanager\"\nsecret_files = []\ndigest = true", "gathers alerts by itself"),
        ("client_key_file = \"k\"", "belong together"),
        ("timeout = \"10m\"", "timeout 10m, expected 1s to 2m"),
        ("name = \"control room\"", "a name is 1 to 64"),
        ("name = \"\"", "notify.endpoint number 1: a name is 1 to 64"),
    ] {
        let found = fault(lines);
        assert!(found.contains(expected), "{found:?} lacks {expected:?}");
    }
    let no_url = "targets = [\"a\"]\n[[endpoint]]\nname = \"soc\"\nsecret_files = [\"s\"]";
    for (toml, expected) in [
        (no_url, "notify.endpoint \"soc\": it has no url"),
        ("retry = []", "notify: retry has 0 waits"),
        ("resend = \"2h\"", "notify: resend 2h"),
        ("targets = [\"a b\"]", "notify: targets: \"a b\" is neither"),
    ] {
        let found = faults(toml);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?} lacks {expected:?}");
    }
}

#[test]
fn endpoints_without_targets_and_names_that_are_taken_are_told() {
    let endpoint = "[[endpoint]]\nname = \"a\"\nformat = \"slack\"\nurl_file = \"u\"\n";
    let found = faults(&format!("{endpoint}{endpoint}"));
    assert!(found[0].starts_with("notify: targets is empty"), "{found:?}");
    assert!(found[1].ends_with("another endpoint has this name"), "{found:?}");
    let many: String = (0..33).map(|n| endpoint.replace("\"a\"", &format!("\"a{n}\""))).collect();
    assert!(faults(&format!("targets = [\"a\"]\n{many}"))[0].contains("33 endpoints"));
}

#[test]
fn a_key_that_nobody_knows_and_a_secret_in_the_file_are_refused() {
    for text in ["[[endpoint]]\nsecret = \"x\"", "hurry = true", "[[endpoint]]\nformat = \"email\""]
    {
        assert!(toml::from_str::<Config>(text).is_err(), "{text}");
    }
}

#[test]
fn only_an_alertmanager_gets_every_anomaly_by_itself() {
    let endpoint = Endpoint { format: Format::Alertmanager, ..Endpoint::default() };
    assert!(!endpoint.gathers() && Endpoint::default().gathers());
}

#[test]
fn silences_are_an_alertmanager_s_and_asked_for_at_a_bearable_pace() {
    let faults = |format: &str, every: &str| {
        let text = format!(
            "targets = ['am:9093']\n[[endpoint]]\nname = 'am'\nurl = 'https://am:9093'\nformat = '{format}'\nsilences_every = '{every}'"
        );
        let config: Config = toml::from_str(&text).unwrap();
        config.faults().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(faults("alertmanager", "30s"), [""; 0]);
    assert!(faults("alertmanager", "2h")[0].contains("silences_every 2h"));
    assert!(faults("slack", "30s")[0].contains("of the format alertmanager"));
}
