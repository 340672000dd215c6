//! Settings: checked as a whole, explained, and told in sentences.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::{Ran, gridtap, run};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";

/// A folder of settings as an installation has it.
struct Installed {
    directory: TempDir,
}

impl Installed {
    fn new() -> Self {
        let installed = Self { directory: tempdir().unwrap() };
        fs::create_dir(installed.path("conf.d")).unwrap();
        installed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file that only its owner may read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn check(&self, more: &[&str]) -> Ran {
        let file = self.path("gridtap.toml");
        run([&["check-config", "--config", file.to_str().unwrap()], more].concat())
    }
}

fn sound() -> Installed {
    let installed = Installed::new();
    let secret = installed.write("secret", SECRET);
    let token = installed.write("token", "control-room-0123456789-0123456789");
    let site =
        installed.write("site.toml", "[[hosts]]\nname = \"HMI\"\naddresses = [\"10.0.0.7\"]\n");
    installed.write(
        "gridtap.toml",
        &format!(
            "site = {site:?}\n[service]\nname = \"north\"\nkeep = \"30d\"\n\
             [api]\nlisten = \"127.0.0.1:9417\"\n\
             [[api.token]]\nname = \"desk\"\nrole = \"operator\"\ntoken_file = {token:?}\n\
             [notify]\ntargets = [\"127.0.0.1\"]\n\
             [[notify.endpoint]]\nname = \"noc\"\nurl = \"http://127.0.0.1:1/services/key\"\nplain_http = true\n\
             secret_files = [{secret:?}]\n"
        ),
    );
    installed
}

#[test]
fn sound_settings_are_called_sound_and_nothing_is_left_behind() {
    let installed = sound();
    let before = fs::read_dir(installed.directory.path()).unwrap().count();
    let ran = installed.check(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.starts_with("Sound: ") && ran.out.contains("gridtap.toml"), "{ran:?}");
    assert_eq!(fs::read_dir(installed.directory.path()).unwrap().count(), before);
}

#[test]
fn every_value_is_explained_by_where_it_was_written_and_no_secret_is_shown() {
    let installed = sound();
    installed.write("conf.d/50-keep.toml", "\n[service]\nkeep = \"60d\"\n");
    let file = installed.path("gridtap.toml");
    let mut command =
        gridtap(["check-config", "--explain", "--set", "service.silent_after=5m", "--config"]);
    command.arg(&file).env("GRIDTAP_SERVICE__CLEAR_AFTER", "2h");
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = |key: &str| {
        let found = ran.out.lines().find(|line| line.starts_with(&format!("{key} = ")));
        let (value, from) = found.unwrap_or_else(|| panic!("{key}")).split_once('#').unwrap();
        (value.trim().to_owned(), from.trim().to_owned())
    };
    let is = |key: &str, value: &str, from: &str| {
        let (told, place) = line(key);
        assert_eq!(told, format!("{key} = {value}"));
        assert!(place.ends_with(from), "{key}: {place}");
    };
    is("service.name", "\"north\"", "gridtap.toml:3:1");
    is("service.keep", "\"60d\"", "conf.d/50-keep.toml:3:1");
    is("service.clear_after", "\"2h\"", "environment GRIDTAP_SERVICE__CLEAR_AFTER");
    is("service.silent_after", "\"5m\"", "--set service.silent_after=5m");
    is("baseline.block", "\"1h\"", "default; waits for a restart");
    is("api.listen", "\"127.0.0.1:9417\"", "gridtap.toml:6:1; waits for a restart");
    is("api.token[0].role", "\"operator\"", "gridtap.toml:9:1");
    is("notify.endpoint[0].url", "\"http://127.0.0.1:1/…\"", "gridtap.toml:15:1");
    for secret in ["services/key", "MfKQ9r8", "0123456789"] {
        assert!(!ran.out.contains(secret), "{secret}");
    }
    let told = installed.check(&["--explain", "--json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["sound"], true);
    assert_eq!(told["files"].as_array().unwrap().len(), 2);
    let settings = told["settings"].as_array().unwrap();
    let name = settings.iter().find(|each| each["key"] == "service.name").unwrap();
    assert_eq!((&name["value"], &name["live"]), (&"north".into(), &true.into()));
}

#[test]
fn every_fault_of_every_part_is_told_at_once_and_none_hides_another() {
    let installed = sound();
    let secret = installed.write("short", "whsec_c2hvcnQ=\n");
    installed.write("site.toml", "[[hosts]]\nnmae = \"HMI\"\naddresses = [\"10.0.0.7\"]\n");
    let mut text = fs::read_to_string(installed.path("gridtap.toml")).unwrap();
    text = text.replace("127.0.0.1:9417", "0.0.0.0:9417").replace("keep =", "kep =");
    text = text.replace("[notify]\n", "[[api.hook]]\nname = \"noc\"\nactions = [\"delete\"]\nsecret_files = [\"/nowhere\"]\n[notify]\n");
    text.push_str(&format!(
        "[[notify.endpoint]]\nname = \"second\"\nurl = \"ftp://127.0.0.1\"\nsecret_files = [{secret:?}, \"/nowhere/else\"]\n"
    ));
    installed.write("gridtap.toml", &text);
    installed.write("conf.d/10.toml", "service = 3\n[api]\ntimeout = \"soon\"\n");
    installed.write("conf.d/20.toml", "[service\n");
    let ran = installed.check(&["--set", "wire.flows_max=0"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{ran:?}");
    let faults: Vec<&str> =
        ran.err.lines().filter_map(|line| line.strip_prefix("gridtap: ")).collect();
    let wanted = [
        &["gridtap.toml:4:1: service.kep is not a setting; did you mean service.keep?"][..],
        &["conf.d/10.toml:1:1: service: integer `3`"],
        &["conf.d/10.toml:3:1: api.timeout: \"soon\" is not a length of time"],
        &["conf.d/20.toml:1:", "not valid TOML"],
        &["--set wire.flows_max=0: ", "at least 1"],
        &["site.toml: line 2", "did you mean `name`?"],
        &["gridtap.toml:22:1: notify.endpoint \"second\": its URL"],
        &[
            "gridtap.toml:22:1: notify.endpoint \"second\": ",
            "short: not a secret: 5 octets, expected 24 to 512",
        ],
        &["gridtap.toml:22:1: notify.endpoint \"second\": /nowhere/else: No such file"],
        &["api: listen = \"0.0.0.0:9417\"", "has no TLS"],
        &["gridtap.toml:11:1: api.hook \"noc\": \"delete\" is no action"],
        &["gridtap.toml:11:1: api.hook \"noc\": /nowhere cannot be read"],
        &["12 faults: a service with these settings starts when all are mended"],
    ];
    for (fault, wanted) in faults.iter().zip(wanted) {
        assert!(wanted.iter().all(|part| fault.contains(part)), "{fault} / {wanted:?}");
    }
    assert_eq!(faults.len(), wanted.len(), "{faults:#?}");
    let told = installed.check(&["--json"]);
    assert_eq!(told.code, Some(3));
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["faults"].as_array().unwrap().len(), 11);
}

#[test]
fn what_is_probably_not_meant_is_a_warning_and_no_fault() {
    let installed = sound();
    let others = |name: &str, mode| {
        fs::set_permissions(installed.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    others("secret", 0o644);
    others("token", 0o640);
    installed.write("conf.d/plan.tml", "");
    installed.write("conf.d/on.toml", "service.enabled = true\n");
    let ran = installed.check(&[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let warnings: Vec<&str> = ran.err.lines().collect();
    let secret = installed.path("secret");
    let secret = format!(
        "gridtap: warning: notify.endpoint[0].secret_files: everyone on this machine may read {0}: take that away with \
         chmod o= {0}",
        secret.display()
    );
    assert_eq!(warnings.len(), 4, "{ran:?}");
    assert!(warnings[0].ends_with("plan.tml: left aside, because its name does not end in .toml"));
    assert_eq!(warnings[1], secret);
    assert!(warnings[2].contains("nothing is named to hear"), "{ran:?}");
    assert!(warnings[3].contains("service.state names no directory"), "{ran:?}");
}

#[test]
fn files_that_cannot_be_read_are_named_with_what_they_are() {
    let directory = tempdir().unwrap();
    let check = |path: &Path| run(["check-config", "--config", path.to_str().unwrap()]);
    let missing = directory.path().join("missing.toml");
    for (path, wanted) in [
        (missing.as_path(), "missing.toml: no such file"),
        (directory.path(), "a directory, where a TOML file is wanted"),
    ] {
        let ran = check(path);
        assert_eq!(ran.code, Some(3));
        assert!(ran.err.lines().next().unwrap().ends_with(wanted), "{ran:?}");
    }
    let binary = directory.path().join("binary.toml");
    fs::write(&binary, b"\xff\xfe\x00").unwrap();
    assert!(check(&binary).err.contains("not a text file, and settings are TOML"));
}

#[test]
fn a_service_starts_by_what_check_config_calls_sound() {
    let installed = sound();
    installed
        .write("conf.d/10.toml", "service.links = \"gridtap.plant.example\"\nservice.pace = -1\n");
    let told = installed.check(&[]);
    let file = installed.path("gridtap.toml");
    let state = installed.path("state");
    let started = run([
        "monitor",
        "--serve",
        "--read",
        "/nowhere",
        "--config",
        file.to_str().unwrap(),
        "--state",
        state.to_str().unwrap(),
    ]);
    assert_eq!((told.code, started.code), (Some(3), Some(3)), "{started:?}");
    for part in
        ["10.toml:1:9: service.links", "10.toml:2:9: service.pace -1: a pace is a number above 0"]
    {
        assert!(told.err.contains(part) && started.err.contains(part), "{told:?} {started:?}");
    }
    assert!(!state.exists());
}
