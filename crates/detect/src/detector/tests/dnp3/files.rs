//! Files that are opened, transferred, closed and deleted.

use super::*;

const OPEN: (u16, &str) = (25, "open_file");
const READ: (u16, &str) = (1, "read");
const WRITE: (u16, &str) = (2, "write");
const CLOSE_FILE: (u16, &str) = (26, "close_file");
const DELETE: (u16, &str) = (27, "delete_file");

fn file(name: &'static str, mode: FileMode) -> FileAccess<'static> {
    let index = Some(file_index(name.as_bytes()));
    FileAccess { name: Some(name.as_bytes()), index, mode, ..FileAccess::UNKNOWN }
}

fn on((code, name): (u16, &'static str), effect: Effect, file: FileAccess<'static>) -> Say {
    Say { file: Some(file), ..Say::function(code, name, Class::File, effect) }
}

/// Opens, transfers in so many blocks, closes.
fn transfer(name: &'static str, writes: bool, blocks: u32) -> Vec<Say> {
    let (mode, effect, moves) = match writes {
        true => (FileMode::Write, Effect::FileWrite, WRITE),
        false => (FileMode::Read, Effect::FileRead, READ),
    };
    let at = |blocks: u32| FileAccess {
        octets: Some(4_000),
        blocks,
        octets_moved: u64::from(blocks) * 500,
        ..file(name, mode)
    };
    let mut all = vec![on(OPEN, effect, at(0))];
    all.extend((1..=blocks).map(|nth| on(moves, effect, at(nth))));
    all.push(on(CLOSE_FILE, Effect::FileService, at(blocks)));
    all
}

#[test]
fn a_whole_transfer_is_one_finding_that_names_the_file_and_how_far_it_came() {
    for (writes, opened, said) in [
        (true, "opened to write", "never taken for normal"),
        (false, "opened to read", "never used open file"),
    ] {
        let mut plant = Plant::station();
        for say in transfer("config.xml", writes, 5) {
            plant.say(&say);
        }
        assert_eq!(plant.findings(), [("DN-36", Severity::High)], "{opened}");
        plant.detector.finish();
        let told = plant.detector.take();
        let last = told.last().or(plant.told.last()).unwrap();
        assert_eq!(last.points, ["file \"config.xml\""]);
        assert_eq!(last.count, 7);
        let first = format!("open file \"config.xml\" ({opened}, 4000 octets)");
        assert!(last.observed.contains(&first), "{}", last.observed);
        let whole = format!(
            "; last: host 7 sent close file \"config.xml\" ({opened}, 5 blocks with 2500 of 4000 octets so far)"
        );
        let whole = whole.replace("host 7", &host(MASTER).to_string());
        assert!(last.observed.contains(&whole), "{}", last.observed);
        assert!(last.expected.contains(said), "{}", last.expected);
    }
}

#[test]
fn what_is_written_is_a_finding_a_file_and_what_is_read_is_one() {
    for (writes, findings) in [(true, 3), (false, 1)] {
        let mut plant = Plant::station();
        for name in ["a.cfg", "b.cfg", "c.cfg"] {
            for say in transfer(name, writes, 2) {
                plant.say(&say);
            }
        }
        assert_eq!(plant.findings().len(), findings);
    }
}

#[test]
fn a_file_that_was_opened_unheard_is_told_as_that() {
    let mut plant = Plant::station();
    plant.say(&on(WRITE, Effect::FileWrite, FileAccess::UNKNOWN));
    plant.say(&on(WRITE, Effect::FileWrite, FileAccess::UNKNOWN));
    assert_eq!(plant.findings(), [("DN-36", Severity::High)]);
    let told = &plant.told[0];
    assert!(told.observed.contains("write of a file (one whose opening was not heard)"));
    assert_eq!(told.points, [""; 0]);
}

#[test]
fn a_delete_is_told_beside_the_writing_of_the_same_file_and_of_others() {
    let mut plant = Plant::station();
    plant.say(&on(DELETE, Effect::FileWrite, file("audit.log", FileMode::Unknown)));
    assert_eq!(plant.findings(), [("DN-36", Severity::High)]);
    assert!(plant.told[0].observed.contains("sent delete file \"audit.log\" to "));
}

#[test]
fn the_key_of_a_file_says_its_name_before_and_after_it_is_learned() {
    let mut plant = Plant::station();
    for say in transfer("./dr 1.cfg", false, 1) {
        plant.say(&say);
    }
    let index = file_index(b"./dr 1.cfg");
    let key = plant.told[0].key.clone().unwrap();
    assert!(key.ends_with(&format!("|file|25:open_file|file|{index}:./dr_1.cfg|1|read")), "{key}");
    let rows = plant.baseline.rows();
    let named = rows.iter().filter(|row| row.key.contains(":./dr_1.cfg"));
    assert_eq!(named.count(), 3, "opened, read, closed");
}

#[test]
fn a_file_is_accepted_for_what_was_done_with_it_and_not_for_more() {
    let mut plant = Plant::station();
    let write = on(WRITE, Effect::FileWrite, file("a.cfg", FileMode::Write));
    plant.say(&write);
    let mut keys = plant.baseline.rows().into_iter().map(|row| row.key);
    let key = keys.find(|key| key.contains("|2:write|file|")).unwrap();
    assert!(key.ends_with(":a.cfg|1|write"), "{key}");
    let acceptance = gridtap_baseline::Acceptance {
        by: "r.meier".to_owned(),
        reason: "released".to_owned(),
        at_ns: plant.now.nanos(),
        until_ns: None,
        second: None,
    };
    plant.baseline.accept(&key, acceptance).unwrap();
    plant.told.clear();
    plant.pass(700);
    plant.say(&write);
    assert_eq!(plant.findings(), []);
    plant.say(&on(DELETE, Effect::FileWrite, file("a.cfg", FileMode::Unknown)));
    plant.say(&on(WRITE, Effect::FileWrite, file("b.cfg", FileMode::Write)));
    assert_eq!(plant.findings().len(), 2);
}
