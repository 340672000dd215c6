//! A handle stands for the file that was opened with it, and for none where that is not known.

use gridtap_model::FileMode;

use super::*;

/// A segment of the master (`C4`) or of the outstation (`44`), with one file object.
fn said(from_master: bool, control: u8, function: &str, variation: u8, object: &[u8]) -> Vec<u8> {
    let mut data = vec![0xC0, 0xC0 | control];
    data.extend(octets(function));
    data.extend([70, variation, 0x5B, 1]);
    data.extend(u16::try_from(object.len()).unwrap().to_le_bytes());
    data.extend(object);
    if from_master {
        framed(0xC4, MASTER, OUTSTATION, &data)
    } else {
        framed(0x44, OUTSTATION, MASTER, &data)
    }
}

/// g70v3: a file by its name, to open (25), delete (27).
fn command(control: u8, function: &str, name: &str, mode: u16, request: u16) -> Vec<u8> {
    let mut object = vec![26, 0];
    object.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    object.extend([0; 12]);
    object.extend(1_000_u32.to_le_bytes());
    object.extend([mode.to_le_bytes(), 512_u16.to_le_bytes(), request.to_le_bytes()].concat());
    object.extend(name.as_bytes());
    said(true, control, function, 3, &object)
}

fn open(control: u8, name: &str, mode: u16, request: u16) -> Vec<u8> {
    command(control, "19", name, mode, request)
}

/// g70v4.
fn status(handle: u32, file_octets: u32, request: u16, status: u8) -> Vec<u8> {
    let mut object = [handle.to_le_bytes(), file_octets.to_le_bytes()].concat();
    object.extend([512_u16.to_le_bytes(), request.to_le_bytes()].concat());
    object.push(status);
    object
}

/// The answer to an opening, a closing, a deletion.
fn done(control: u8, handle: u32, request: u16, code: u8) -> Vec<u8> {
    said(false, control, "81 0000", 4, &status(handle, 900, request, code))
}

fn close(control: u8, handle: u32) -> Vec<u8> {
    said(true, control, "1A", 4, &status(handle, 0, 0, 0))
}

/// g70v5, the last one marked as that.
fn block(handle: u32, number: u32, octets: usize) -> Vec<u8> {
    let mut object = [handle.to_le_bytes(), number.to_le_bytes()].concat();
    object.resize(8 + octets, b'x');
    object
}

fn write(control: u8, handle: u32, number: u32) -> Vec<u8> {
    said(true, control, "02", 5, &block(handle, number, 100))
}

/// g70v6.
fn written(control: u8, handle: u32, number: u32, code: u8) -> Vec<u8> {
    let mut object = block(handle, number, 0);
    object.push(code);
    said(false, control, "81 0000", 6, &object)
}

fn fetch(control: u8, handle: u32, number: u32) -> Vec<u8> {
    said(true, control, "01", 5, &block(handle, number, 0))
}

fn fetched(control: u8, handle: u32, number: u32) -> Vec<u8> {
    said(false, control, "81 0000", 5, &block(handle, number, 100))
}

/// Opens a file, answered with a handle.
fn opened(talk: &mut Talk, control: u8, name: &str, mode: u16, handle: u32) {
    talk.ask(&open(control, name, mode, u16::from(control)));
    talk.answer(&done(control, handle, control.into(), 0));
}

/// The file of the last message: name, blocks and octets so far.
fn last(talk: &Talk) -> String {
    talk.files.last().unwrap().clone()
}

#[test]
fn a_handle_is_the_file_that_was_opened_until_it_is_closed() {
    let mut talk = tcp();
    opened(&mut talk, 1, "config.xml", 2, 7);
    talk.ask(&write(2, 7, 0)).answer(&written(2, 7, 0, 0));
    talk.ask(&write(3, 7, 0x8000_0001)).answer(&written(3, 7, 0x8000_0001, 0));
    talk.ask(&close(4, 7)).answer(&done(4, 7, 0, 0));
    talk.ask(&write(5, 7, 2));
    assert_eq!(
        talk.files,
        [
            "open_file config.xml Write 0/0 of 1000",
            "response config.xml Write 0/0 of 1000",
            "write config.xml Write 1/100 of 1000",
            "response config.xml Write 1/100 of 1000",
            "write config.xml Write 2/200 of 1000",
            "response config.xml Write 2/200 of 1000",
            "close_file config.xml Write 2/200 of 1000",
            "response config.xml Write 2/200 of 1000",
            "write ? Unknown 0/0",
        ]
    );
    let names = talk.records.iter().filter(|it| it.contains(r#","file_name":"config.xml""#));
    assert_eq!(names.count(), 7, "all but the one that says the name itself, and the last");
}

#[test]
fn what_is_fetched_is_counted_as_it_comes_and_has_the_size_that_the_device_told() {
    let mut talk = tcp();
    opened(&mut talk, 1, "fault.cfg", 1, 7);
    talk.ask(&fetch(2, 7, 0)).answer(&fetched(2, 7, 0));
    talk.ask(&fetch(2, 7, 0)).answer(&fetched(2, 7, 0));
    talk.ask(&fetch(3, 7, 1)).answer(&fetched(3, 7, 1));
    talk.ask(&close(4, 7));
    assert_eq!(last(&talk), "close_file fault.cfg Read 2/200 of 900", "sent again is sent once");
    let point = Some((Table::FILE, gridtap_model::file_index(b"fault.cfg")));
    assert!(talk.file_requests.iter().all(|(_, of)| *of == point), "by one number all along");
}

#[test]
fn what_is_done_with_a_file_is_what_was_done_before_it_had_a_name() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    talk.ask(&write(2, 7, 0)).ask(&fetch(3, 7, 0)).ask(&close(4, 7));
    talk.ask(&command(5, "1B", "b", 0, 1));
    let effects: Vec<_> = talk.file_requests.iter().map(|(effect, _)| *effect).collect();
    assert_eq!(
        effects,
        [
            Effect::FileWrite,
            Effect::FileWrite,
            Effect::FileRead,
            Effect::FileService,
            Effect::FileWrite,
        ]
    );
    assert_eq!(last(&talk), "delete_file b Unknown 0/0");
}

#[test]
fn several_files_are_open_at_once_and_a_handle_that_is_given_again_is_the_new_file() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    opened(&mut talk, 2, "b", 2, 8);
    talk.ask(&write(3, 8, 0)).answer(&written(3, 8, 0, 0));
    assert!(last(&talk).starts_with("response b Write 1/100"));
    talk.ask(&write(4, 7, 0));
    assert!(last(&talk).starts_with("write a Write 1/100"));
    opened(&mut talk, 5, "c", 2, 7);
    talk.ask(&write(6, 7, 0));
    assert!(last(&talk).starts_with("write c Write 1/100"));
    talk.ask(&close(7, 7));
    assert!(last(&talk).starts_with("close_file c Write 1/100"));
}

#[test]
fn an_opening_that_is_refused_opens_nothing() {
    let mut talk = tcp();
    talk.ask(&open(1, "secret", 1, 1)).answer(&done(1, 0, 1, 1));
    assert!(last(&talk).starts_with("response secret"));
    talk.ask(&fetch(2, 7, 0));
    assert_eq!(last(&talk), "read ? Unknown 0/0");
    talk.ask(&open(3, "secret", 1, 1)).answer(&done(3, 9, 1, 3));
    talk.ask(&fetch(4, 9, 0));
    assert_eq!(last(&talk), "read ? Unknown 0/0", "a handle beside a refusal");
}

#[test]
fn a_close_that_is_refused_closes_nothing_and_a_handle_that_is_none_is_gone() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    talk.ask(&close(2, 7)).answer(&done(2, 7, 0, 9));
    talk.ask(&write(3, 7, 0)).answer(&written(3, 7, 0, 17));
    assert!(last(&talk).starts_with("response a"), "handle expired");
    talk.ask(&write(4, 7, 1));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
}

#[test]
fn an_answer_that_comes_as_a_report_is_known_by_the_number_of_its_request() {
    let mut talk = tcp();
    talk.ask(&open(1, "a", 2, 41)).answer(&answer(0xC1, "81 0000"));
    talk.ask(&open(2, "b", 2, 42)).answer(&answer(0xC2, "81 0000"));
    let report = said(false, 0x30 | 5, "82 0000", 4, &status(7, 0, 41, 0));
    talk.answer(&report).ask(&write(3, 7, 0));
    assert!(last(&talk).starts_with("write a Write 1/100"));
}

#[test]
fn an_opening_whose_answer_was_not_heard_has_the_handle_that_comes_next() {
    let mut talk = tcp();
    talk.ask(&open(1, "a", 2, 1)).ask(&write(2, 7, 0));
    assert!(last(&talk).starts_with("write a Write 1/100"));
    // Its answer comes late, and says the same or something else.
    talk.answer(&done(1, 7, 1, 0)).ask(&write(3, 7, 1));
    assert!(last(&talk).starts_with("write a Write 2/200"));
    let mut talk = tcp();
    talk.ask(&open(1, "a", 2, 1)).ask(&write(2, 6, 0)).answer(&done(1, 7, 1, 0));
    talk.ask(&write(3, 6, 1));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
    // Which of two it is nobody knows; nor is what is opened to read written.
    let mut talk = tcp();
    talk.ask(&open(1, "a", 2, 1)).ask(&open(2, "b", 2, 2)).ask(&write(3, 7, 0));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
    let mut talk = tcp();
    talk.ask(&open(1, "a", 1, 1)).ask(&write(2, 7, 0));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
}

#[test]
fn behind_a_loss_a_transfer_goes_on_and_one_that_begins_anew_is_of_a_file_opened_unheard() {
    for (block, name) in [(2, "a"), (1, "a"), (0, "?")] {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut talk = tcp();
            opened(&mut talk, 1, "a", 2, 7);
            talk.ask(&write(2, 7, 0)).ask(&write(3, 7, 1));
            talk.event(Event::Gap { direction, bytes: 100 });
            talk.ask(&write(6, 7, block));
            let file = last(&talk);
            assert!(file.starts_with(&format!("write {name} ")), "{direction:?} {block}: {file}");
        }
    }
}

#[test]
fn behind_a_close_without_an_answer_a_transfer_that_begins_anew_is_of_another_file() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    talk.ask(&write(2, 7, 0)).ask(&close(3, 7)).ask(&write(4, 7, 0));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
}

#[test]
fn a_restart_closes_all_files_once() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    talk.ask(&ask(0xC2, "01 3C 01 06")).answer(&answer(0xC2, "81 8000"));
    talk.ask(&write(3, 7, 0));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
    // It says so until it is told that this was seen.
    talk.ask(&open(4, "b", 2, 4));
    talk.answer(&said(false, 4, "81 8000", 4, &status(8, 0, 4, 0)));
    talk.ask(&write(5, 8, 0)).answer(&said(false, 5, "81 8000", 4, &status(0, 0, 0, 0)));
    talk.ask(&write(6, 8, 1));
    assert!(last(&talk).starts_with("write b Write 2/200"));
}

#[test]
fn a_master_has_its_own_handles() {
    let mut talk = tcp();
    opened(&mut talk, 1, "a", 2, 7);
    let data = [&octets("C0 C2 02 46 05 5B 01 0900")[..], &block(7, 0, 1)].concat();
    talk.ask(&framed(0xC4, 3, OUTSTATION, &data));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
}

#[test]
fn of_too_many_files_the_longest_unused_gives_way_and_is_counted() {
    let config = Config { dnp3_files_max: 2, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    for (control, name) in [(1, "a"), (2, "b")] {
        opened(&mut talk, control, name, 2, u32::from(control));
    }
    talk.ask(&write(3, 1, 0));
    opened(&mut talk, 4, "c", 2, 4);
    assert_eq!(talk.dissector.counters().dnp3_files_evicted, 1);
    talk.ask(&write(5, 2, 0));
    assert_eq!(last(&talk), "write ? Unknown 0/0");
    talk.ask(&write(6, 1, 1));
    assert!(last(&talk).starts_with("write a Write 2/200"));
}

#[test]
fn a_harmless_opening_before_another_hides_nothing() {
    let mut data = octets("C0 C1 19");
    for (name, mode) in [(b'a', 1_u8), (b'b', 2)] {
        data.extend(octets("46 03 5B 01 1B00 1A00 0100"));
        data.extend([0; 16]);
        data.extend([mode, 0, 0, 2, mode, 0, name]);
    }
    let mut talk = tcp();
    talk.ask(&framed(0xC4, MASTER, OUTSTATION, &data));
    assert_eq!(last(&talk), "open_file b Write 0/0 of 0");
}

#[test]
fn files_that_others_transferred_are_named_to_the_end() {
    let Some(captures) = crate::tests::captures::captures() else { return };
    let folder = captures.join("public/ITI+ICS-Security-Tools/pcaps/dnp3");
    for (capture, name, whole) in [
        ("file_write.pcap", "./helloworld.txt", (FileMode::Write, 1, 9, Some(9))),
        ("file_read.pcap", "./testfile.txt", (FileMode::Read, 1, 19, Some(19))),
        ("file_list_directory.pcap", ".", (FileMode::Read, 2, 1_259, Some(1_259))),
    ] {
        let path = folder.join(capture);
        if !path.exists() {
            eprintln!("{capture} is not there");
            continue;
        }
        let files = crate::tests::captures::hear(&path).files;
        let last = files.last().unwrap();
        assert!(last.starts_with(&format!("response {name} ")), "{capture}: {last}");
        let (mode, blocks, moved, octets) = whole;
        let end = format!("{mode:?} {blocks}/{moved} of {}", octets.unwrap());
        assert!(last.ends_with(&end), "{capture}: {last}");
        assert!(files.iter().all(|file| file.contains(name)), "{capture}: {files:?}");
    }
}
