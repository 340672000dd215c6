//! What the lab plays must not be known to what judges it.

use std::collections::BTreeMap;

use gridtap_lab::marks;

use super::sources::{File, assert_none, paths, root, rust};

/// The crates that decode and judge.
const JUDGES: [&str; 4] =
    ["crates/dissect/src/", "crates/baseline/src/", "crates/detect/src/", "crates/sensor/src/"];

/// Numbers that the protocol, the clock or the computer give to both, not the lab to the judges (123 is also the port of
/// NTP, 9600 that of FINS and a speed of lines).
const SHARED_NUMBERS: [u64; 22] = [
    100,
    123,
    125,
    127,
    128,
    247,
    253,
    254,
    255,
    256,
    260,
    502,
    1000,
    1024,
    3600,
    4096,
    9600,
    65_280,
    65_535,
    65_536,
    1_000_000,
    1_000_000_000,
];

#[test]
fn what_judges_knows_nothing_that_marks_a_capture_of_the_lab() {
    let telltales = marks::telltales();
    assert!(telltales.len() > 10, "the lab names its marks");
    let mut faults = Vec::new();
    for file in judges() {
        for (number, line) in file.shipped_lines() {
            for mark in telltales.iter().filter(|mark| line.contains(mark.as_str())) {
                faults.push(format!("{}:{number}: {mark}", file.path));
            }
        }
    }
    assert_none("marks of the lab in what judges", &faults);
}

#[test]
fn what_judges_knows_no_address_of_a_host() {
    let mut faults = Vec::new();
    for file in judges() {
        for (number, line) in file.shipped_lines().filter(|(_, line)| !is_comment(line)) {
            // Where help shows an address it is of the network that the documents use and the lab does not.
            let address = |word: &&str| is_ipv4(word) && !word.starts_with("10.0.0.");
            if let Some(address) = words(line).find(address) {
                faults.push(format!("{}:{number}: {address}", file.path));
            }
        }
    }
    assert_none("addresses of hosts in what judges", &faults);
}

#[test]
fn numbers_of_the_lab_do_not_occur_in_what_judges() {
    let mut lab: BTreeMap<u64, String> = BTreeMap::new();
    for file in lab_files() {
        for (number, line) in file.shipped_lines().filter(|(_, line)| !is_comment(line)) {
            for value in words(line).filter_map(numeral).filter(|value| *value >= 100) {
                lab.entry(value).or_insert_with(|| format!("{}:{number}", file.path));
            }
        }
    }
    let mut faults = Vec::new();
    for file in judges() {
        for (number, line) in file.shipped_lines().filter(|(_, line)| !is_comment(line)) {
            for value in
                words(line).filter_map(numeral).filter(|value| !SHARED_NUMBERS.contains(value))
            {
                if let Some(place) = lab.get(&value) {
                    faults.push(format!("{}:{number}: {value}, as in {place}", file.path));
                }
            }
        }
    }
    assert_none("numbers that the lab and the judges share", &faults);
}

fn judges() -> Vec<File> {
    let mut files = rust();
    files.retain(|file| !file.is_test && JUDGES.iter().any(|judge| file.path.starts_with(judge)));
    files
}

/// Where the lab keeps what could tell its captures from others: its marks, the drawing of a site, the scenarios.
/// The rest of its source is about threads, sockets and the protocol.
const LAB: [&str; 6] = [
    "crates/lab/src/dnp3/draw.rs",
    "crates/lab/src/marks.rs",
    "crates/lab/src/master.rs",
    "crates/lab/src/sim/sites.rs",
    "crates/lab/src/site/",
    "crates/lab/scenarios/",
];

fn lab_files() -> Vec<File> {
    paths("crates/lab")
        .into_iter()
        .filter(|path| LAB.iter().any(|place| path.starts_with(place)))
        .filter_map(|path| {
            std::fs::read_to_string(root().join(&path)).ok().map(|text| File::new(path, text))
        })
        .filter(|file| !file.is_test)
        .collect()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//") || line.trim_start().starts_with('#')
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && !"._".contains(character))
}

fn is_ipv4(word: &str) -> bool {
    // The addresses that stand for none and for all belong to the protocol.
    word.parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| !address.is_unspecified() && !address.is_broadcast())
}

/// The value of an integer as Rust or TOML write it: `1_000`, `0x2f`, `600u64`.
fn numeral(word: &str) -> Option<u64> {
    let plain = word.replace('_', "");
    if let Some(hexadecimal) = plain.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok();
    }
    let end = plain.find(|character: char| !character.is_ascii_digit()).unwrap_or(plain.len());
    let (digits, suffix) = plain.split_at(end);
    let typed = ["", "u8", "u16", "u32", "u64", "i32", "i64", "usize"].contains(&suffix);
    if typed { digits.parse().ok() } else { None }
}

#[test]
fn numerals_are_read_as_they_are_written() {
    assert_eq!(numeral("1_000u64"), Some(1000));
    assert_eq!(numeral("0xff"), Some(255));
    assert_eq!(numeral("x12"), None);
    assert_eq!(numeral("12.5"), None);
    assert!(is_ipv4("10.0.0.99") && !is_ipv4("0.0.0.0") && !is_ipv4("1.2.3"));
}
