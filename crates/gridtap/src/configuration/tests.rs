use std::fs;
use std::path::PathBuf;

use gridtap_model::Span;
use serde::{Deserialize, Serialize};
use tempfile::tempdir;

use super::{Layers, Step};
use crate::failure::Exit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part {
    block: Span,
    blocks_min: u32,
    strict: bool,
    names: Vec<String>,
    token: Vec<Token>,
}

impl Default for Part {
    fn default() -> Self {
        let (names, token) = (Vec::new(), Vec::new());
        Self { block: Span::from_secs(3600), blocks_min: 6, strict: false, names, token }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Token {
    name: String,
    uses: u32,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    site: Option<PathBuf>,
    baseline: Part,
    wire: Part,
}

fn faults(layers: &Layers) -> Vec<String> {
    let failure = layers.load::<Settings>().unwrap_err();
    assert_eq!(failure.exit, Exit::Configuration);
    failure.error.to_string().lines().map(str::to_owned).collect()
}

fn set(text: &str) -> Layers {
    Layers { set: vec![text.to_owned()], ..Layers::default() }
}

#[test]
fn nothing_set_gives_the_defaults() {
    assert_eq!(Layers::default().load::<Settings>().unwrap(), Settings::default());
}

#[test]
fn an_argument_wins_over_the_environment_and_that_over_files_the_last_file_first() {
    let directory = tempdir().unwrap();
    let (first, second) = (directory.path().join("a.toml"), directory.path().join("b.toml"));
    fs::write(&first, "[baseline]\nblock = '1m'\nblocks_min = 1\nstrict = true\n").unwrap();
    fs::write(&second, "baseline.block = '2m'\nbaseline.blocks_min = 2\n").unwrap();
    let mut layers = Layers { files: vec![first, second], ..Layers::default() };
    let settings = layers.load::<Settings>().unwrap();
    assert_eq!((settings.baseline.block, settings.baseline.blocks_min), (Span::from_secs(120), 2));
    layers.environment.push(("GRIDTAP_BASELINE__BLOCK".into(), "3s".into()));
    layers.environment.push(("GRIDTAP_BASELINE__BLOCKS_MIN".into(), "3".into()));
    layers.set.push("baseline.block=4s".into());
    layers.set.push("baseline.names=[\"a\", \"b\"]".into());
    layers.set.push("site=site.toml".into());
    let settings = layers.load::<Settings>().unwrap();
    assert_eq!(settings.baseline.block, Span::from_secs(4));
    assert_eq!(settings.baseline.blocks_min, 3);
    assert!(settings.baseline.strict);
    assert_eq!(settings.baseline.names, ["a", "b"]);
    assert_eq!(settings.site, Some("site.toml".into()));
    assert_eq!(settings.wire, Part::default());
}

#[test]
fn an_unknown_setting_is_named_with_what_was_probably_meant() {
    for (text, meant) in [
        ("baseline.blok=10s", "did you mean baseline.block?"),
        ("block=10s", "did you mean baseline.block or wire.block?"),
        ("basline.block=10s", "did you mean baseline.block?"),
        ("baseline.quorum=1", "there are baseline.block, baseline.blocks_min"),
    ] {
        let faults = faults(&set(text));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with(&format!("--set {text}: ")), "{faults:?}");
        assert!(faults[0].contains(meant), "{faults:?}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_told_with_what_would() {
    for (text, wanted) in [
        ("baseline.block=10", "such as 500ms, 10s"),
        ("baseline.block=tomorrow", "such as 500ms, 10s"),
        ("baseline.blocks_min=-1", "integer `-1`, where a whole number from 0"),
        ("baseline.strict=maybe", "where true or false is wanted"),
        ("baseline.block", "KEY=VALUE"),
        ("baseline..block=1s", "full stops"),
    ] {
        let faults = faults(&set(text));
        assert!(faults[0].contains(wanted), "{faults:?}");
    }
}

#[test]
fn every_fault_of_a_file_is_told_with_its_line_and_column() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    fs::write(&file, "[baseline]\nblok = '10s'\nblock = 'long'\n[wier]\nblock = '1s'\n").unwrap();
    let layers = Layers {
        files: vec![file.clone()],
        set: vec!["wire.blocks_min=many".into()],
        environment: vec![("GRIDTAP_WIRE__STRICKT".into(), "true".into())],
        ..Layers::default()
    };
    let faults = faults(&layers);
    let file = file.display();
    let found = |start: &str, part: &str| {
        assert!(
            faults.iter().any(|fault| fault.starts_with(start) && fault.contains(part)),
            "{start} … {part} in {faults:#?}"
        );
    };
    assert_eq!(faults.len(), 5, "{faults:#?}");
    found(&format!("{file}:2:1: "), "did you mean baseline.block?");
    found(&format!("{file}:3:1: "), "such as 500ms");
    found(&format!("{file}:5:1: "), "did you mean wire.block?");
    found("environment GRIDTAP_WIRE__STRICKT: ", "did you mean wire.strict?");
    found("--set wire.blocks_min=many: ", "a whole number from 0 to 4,294,967,295");
}

#[test]
fn what_is_dropped_into_conf_d_comes_after_its_file_in_the_order_of_names() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    let folder = directory.path().join("conf.d");
    fs::create_dir(&folder).unwrap();
    fs::write(
        &file,
        "baseline.blocks_min = 1\nbaseline.names = ['a']\n[[baseline.token]]\nname = 'x'\n",
    )
    .unwrap();
    let token = "[[baseline.token]]\nname = ";
    fs::write(folder.join("20.toml"), format!("baseline.blocks_min = 20\n{token}'z'\n")).unwrap();
    let text = format!("baseline.blocks_min = 10\nbaseline.names = ['b']\n{token}'y'\n");
    fs::write(folder.join("10.toml"), text).unwrap();
    for aside in [".hidden.toml", "10.toml~"] {
        fs::write(folder.join(aside), "nonsense").unwrap();
    }
    fs::write(folder.join("plan.tml"), "nonsense").unwrap();
    let layers = Layers { files: vec![file], ..Layers::default() };
    let layered = layers.read::<Settings>();
    assert!(layered.faults.is_empty(), "{:?}", layered.faults);
    let baseline = &layered.settings.baseline;
    assert_eq!((baseline.blocks_min, baseline.names.as_slice()), (20, &["b".to_owned()][..]));
    let names: Vec<&str> = baseline.token.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["x", "y", "z"], "tables in double brackets add up over the files");
    let [warning] = layered.warnings.as_slice() else { panic!("{:?}", layered.warnings) };
    assert!(warning.contains("plan.tml: left aside"), "{warning}");
    let token = Step::path("baseline.token");
    let places: Vec<&str> = layered.written.tables(&token).map(|(place, _)| place).collect();
    assert!(places[0].ends_with("gridtap.toml:3:1"), "{places:?}");
    assert!(places[1].ends_with("10.toml:3:1") && places[2].ends_with("20.toml:2:1"), "{places:?}");
    let place = |key| layered.written.place(&Step::path(key)).unwrap();
    assert!(place("baseline.blocks_min").contains("20.toml:1:"), "the value that counts");
    assert!(place("baseline").ends_with("gridtap.toml:1:1"), "the table that is written first");
    // An argument takes the place of all of them.
    let set = vec!["baseline.token=[{name = \"only\"}]".to_owned()];
    let settings = Layers { set, ..layers }.load::<Settings>().unwrap();
    assert_eq!(settings.baseline.token, [Token { name: "only".to_owned(), uses: 0 }]);
}

#[test]
fn a_conf_d_that_is_a_file_is_said() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    fs::write(&file, "").unwrap();
    fs::write(directory.path().join("conf.d"), "").unwrap();
    let text = &faults(&Layers { files: vec![file], ..Layers::default() })[0];
    assert!(text.ends_with("conf.d: a file, where a directory of settings is wanted"), "{text}");
}

#[test]
fn every_fault_in_tables_in_double_brackets_is_told_with_its_line() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    let text = "[[baseline.token]]\nname = 'a'\nusse = 1\n[[baseline.token]]\nname = 7\nuses = -1\n\
                [[baseline]]\nblock = '1s'\n[[tokken]]\nname = 'a'\nuses = 'b'\n";
    fs::write(&file, text.replace("[[baseline]]", "[[wire]]")).unwrap();
    let layered = Layers { files: vec![file.clone()], ..Layers::default() }.read::<Settings>();
    let told: Vec<String> = layered.faults.iter().map(ToString::to_string).collect();
    let file = file.display();
    for (told, wanted) in told.iter().zip([
        "3:1: baseline.token.usse is not a setting; did you mean baseline.token.uses?",
        "5:1: baseline.token.name: integer `7`, where a string is wanted",
        "6:1: baseline.token.uses: integer `-1`, where a whole number from 0 to 4,294,967,295 is wanted",
        "7:3: wire is one table: write [wire], in single brackets",
        "9:3: tokken is not a setting",
    ]) {
        assert!(told.starts_with(&format!("{file}:{wanted}")), "{told} / {wanted}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
    // What is right is there all the same.
    let token = &layered.settings.baseline.token;
    assert_eq!(token.len(), 2);
    assert_eq!(token[0].name, "a");
}

#[test]
fn a_file_that_is_no_toml_or_not_there_is_said() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    fs::write(&file, "[baseline]\nblock == 3\n").unwrap();
    let text = &faults(&Layers { files: vec![file.clone()], ..Layers::default() })[0];
    assert!(text.contains("gridtap.toml:2:") && text.contains("not valid TOML"), "{text}");
    let missing = directory.path().join("missing.toml");
    let text = &faults(&Layers { files: vec![missing], ..Layers::default() })[0];
    assert!(text.ends_with("missing.toml: no such file"), "{text}");
}

#[test]
fn only_variables_with_a_double_underscore_are_settings() {
    assert!(super::leaf::names_setting("GRIDTAP_BASELINE__BLOCK"));
    assert!(!super::leaf::names_setting("GRIDTAP_CAPTURES"));
    assert!(!super::leaf::names_setting("PATH"));
}
