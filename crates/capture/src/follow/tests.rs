use std::fs::{self, OpenOptions};
use std::io::Write;

use tempfile::TempDir;

use super::*;
use crate::order::Order;
use crate::testing::{Bytes, gzip, zstd};

/// A capture with a frame at each of these seconds.
fn pcap(times: &[u32]) -> Vec<u8> {
    let mut file = Bytes::new(Order::Little).pcap(0xa1b2_c3d4, 0, 1);
    for time in times {
        file = file.record((*time, 0), 60, b"frame");
    }
    file.bytes
}

struct Followed {
    directory: TempDir,
    follow: Follow,
    said: Vec<String>,
}

impl Followed {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let follow = Follow::open(directory.path(), 3).unwrap();
        Self { directory, follow, said: Vec::new() }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let path = self.directory.path().join(name);
        OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        let path = |name| self.directory.path().join(name);
        fs::rename(path(from), path(to)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.directory.path().join(name)).unwrap();
    }

    /// A look, and the number and second of each frame that is there.
    fn look(&mut self) -> Vec<(u64, i64)> {
        self.follow.look();
        let mut frames = Vec::new();
        while let Some(time) = self.follow.step() {
            let frame = self.follow.frame().unwrap();
            assert_eq!((frame.capture, frame.time), (3, time));
            frames.push((frame.number, time.nanos() / 1_000_000_000));
        }
        for event in self.follow.take_events() {
            let leaf = |file: &str| file.rsplit('/').next().unwrap().to_owned();
            self.said.push(match &event {
                Event::Turn(turn) => format!("turn {} {}", leaf(&turn.file), turn.from),
                Event::Lost { file, bytes } => format!("lost {} {bytes}", leaf(file)),
                Event::CutOff { file } => format!("cut off {}", leaf(file)),
                Event::Grew { file } => format!("grew {}", leaf(file)),
                Event::Past { file } => format!("past {}", leaf(file)),
                Event::Unread(error) => leaf(&error.to_string()),
                other => format!("{other:?}").split('(').next().unwrap().to_owned(),
            });
        }
        frames
    }

    /// Looks until nothing can be waited for any more.
    fn look_long(&mut self) -> Vec<(u64, i64)> {
        (0..8).flat_map(|_| self.look()).collect()
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

/// Two sections of pcapng with blocks of every kind that is passed over.
fn pcapng() -> Vec<u8> {
    let section = |order, seconds: &[u32]| {
        let mut file = Bytes::new(order).section().interface(1, 0, |options| options);
        file = file.block(5, |block| block.raw(&[7; 24]));
        for second in seconds {
            let micros = u64::from(*second) * 1_000_000;
            file = file.enhanced(0, micros, 60, b"frame");
            file = file.block(0x0bad, |block| block.raw(&[1; 40]));
        }
        file.bytes
    };
    let mut file = section(Order::Little, &[1, 2, 3]);
    file.extend(section(Order::Big, &[4, 5]));
    file
}

#[test]
fn a_capture_that_grows_by_any_steps_gives_what_the_whole_gives() {
    let pcap = pcap(&[1, 2, 3, 4, 5]);
    for whole in [&pcap, &pcapng()] {
        for step in [1, 3, 7, 20, 64, 4096] {
            let mut followed = Followed::new();
            let mut frames = Vec::new();
            followed.write("a", b"");
            for part in whole.chunks(step) {
                followed.append("a", part);
                frames.extend(followed.look());
            }
            let seconds: Vec<_> = (1..=5).map(|nth| (nth, i64::try_from(nth).unwrap())).collect();
            assert_eq!(frames, seconds, "by {step}");
            assert_eq!(followed.said(), ["turn a 0"]);
        }
    }
}

#[test]
fn files_are_taken_by_their_first_frames_and_left_at_their_end_when_another_is_there() {
    let mut followed = Followed::new();
    followed.write("z", &pcap(&[1, 2]));
    followed.write("y", &pcap(&[]));
    assert_eq!(followed.look(), [(1, 1), (2, 2)]);
    let three = pcap(&[3, 4]);
    followed.append("z", &three[24..30]);
    assert_eq!(followed.look(), []);
    followed.append("z", &three[30..]);
    followed.append("y", &pcap(&[7])[24..]);
    followed.write("x", &pcap(&[5, 6]));
    assert_eq!(followed.look(), [(3, 3), (4, 4), (5, 5), (6, 6), (7, 7)]);
    followed.append("y", &pcap(&[8])[24..]);
    assert_eq!(followed.look(), [(8, 8)]);
    assert_eq!(followed.said(), ["turn z 0", "turn x 0", "turn y 0"]);
}

#[test]
fn what_is_renamed_or_packed_is_not_read_twice() {
    let mut followed = Followed::new();
    followed.write("a.pcap", &pcap(&[1, 2]));
    assert_eq!(followed.look().len(), 2);
    followed.rename("a.pcap", "b.pcap");
    assert_eq!(followed.look(), []);
    followed.append("b.pcap", &pcap(&[3])[24..]);
    assert_eq!(followed.look(), [(3, 3)]);
    followed.write("c.pcap", &pcap(&[4]));
    assert_eq!(followed.look(), [(4, 4)]);
    followed.write("b.pcap.gz", &gzip(&pcap(&[1, 2, 3])));
    followed.remove("b.pcap");
    followed.write("copy", &pcap(&[4]));
    assert_eq!(followed.look_long(), []);
    assert_eq!(followed.said(), ["turn a.pcap 0", "turn c.pcap 0"]);
}

#[test]
fn what_is_packed_and_older_comes_before_what_is_plain_and_newer() {
    let mut followed = Followed::new();
    followed.write("old.gz", &gzip(&pcap(&[1, 2])));
    followed.write("new", &pcap(&[3]));
    assert_eq!(followed.look(), []);
    assert_eq!(followed.look(), [(1, 1), (2, 2), (3, 3)]);
    followed.write("b", &pcap(&[4]));
    followed.write("c", &pcap(&[5]));
    followed.follow.look();
    followed.write("b.gz", &gzip(&pcap(&[4])));
    followed.remove("b");
    assert_eq!(followed.look_long(), [(4, 4), (5, 5)]);
}

#[test]
fn what_is_put_together_under_another_name_is_read_when_it_has_its_own() {
    let mut followed = Followed::new();
    for name in [".a.pcap.x8Kq2A", "b.pcap.tmp", "c.part"] {
        followed.write(name, &pcap(&[1]));
    }
    assert_eq!(followed.look_long(), []);
    followed.rename("b.pcap.tmp", "b.pcap");
    assert_eq!(followed.look(), [(1, 1)]);
}

#[test]
fn what_is_packed_is_read_when_it_keeps_its_size_and_read_on_when_it_grew_after_all() {
    for packed in [gzip(&pcap(&[1, 2, 3])), zstd(&pcap(&[1, 2, 3]), &[])] {
        let mut followed = Followed::new();
        let half = packed.len() - 6;
        followed.write("a", &packed[..10]);
        assert_eq!(followed.look(), []);
        followed.append("a", &packed[10..half]);
        assert_eq!(followed.look(), [], "it may still be written");
        let early = followed.look();
        assert!(followed.said().join("\n").contains("end too early"));
        followed.append("a", &packed[half..]);
        assert_eq!(followed.look(), []);
        let late = followed.look();
        let seconds: Vec<_> = early.iter().chain(&late).map(|frame| frame.1).collect();
        assert_eq!(seconds, [1, 2, 3]);
    }
}

#[test]
fn what_was_overwritten_or_deleted_unread_is_lost_once_and_nothing_else() {
    let mut followed = Followed::new();
    followed.write("a", &pcap(&[1, 2]));
    assert_eq!(followed.look().len(), 2);
    // In a ring: the file begins anew, longer than it was.
    let other = pcap(&[5, 6, 7, 8, 9]);
    followed.write("a", &other);
    assert_eq!(followed.look_long(), [(3, 5), (4, 6), (5, 7), (6, 8), (7, 9)]);
    assert_eq!(followed.said(), ["turn a 0", "turn a 0"]);

    // Unread, while another is read.
    followed.append("a", &pcap(&[10])[24..]);
    followed.write("b", &pcap(&[20, 21]));
    followed.write("c", &pcap(&[30]));
    followed.follow.look();
    followed.remove("c");
    followed.write("b", &pcap(&[40]));
    let frames = followed.look_long();
    assert_eq!(frames, [(8, 10), (9, 40)]);
    let length = u64::try_from(pcap(&[20, 21]).len()).unwrap();
    let said = followed.said();
    let lost: Vec<_> = said.iter().filter(|said| said.starts_with("lost")).collect();
    assert_eq!(lost, [&format!("lost c {}", pcap(&[30]).len()), &format!("lost b {length}")]);
    assert_eq!(followed.look_long(), []);
    assert_eq!(followed.said(), [""; 0], "said once");
}

#[test]
fn of_what_is_overwritten_while_it_is_read_the_unread_part_is_lost() {
    let mut followed = Followed::new();
    let long = pcap(&(1..=5_000).collect::<Vec<_>>());
    followed.write("a", &long);
    followed.follow.look();
    assert!(followed.follow.step().is_some());
    followed.write("a", &pcap(&[9_000]));
    let frames = followed.look_long();
    // What was in the reader's window is given still.
    assert_eq!(frames[..2], [(2, 2), (3, 3)]);
    assert_eq!(frames.last().map(|frame| frame.1), Some(9_000));
    let read = 64 * 1024;
    assert_eq!(followed.said(), ["turn a 0", &format!("lost a {}", long.len() - read), "turn a 0"]);
}

#[test]
fn what_is_deleted_while_it_is_read_is_read_to_its_end() {
    let mut followed = Followed::new();
    followed.write("a", &pcap(&[1, 2, 3]));
    followed.follow.look();
    assert!(followed.follow.step().is_some());
    followed.remove("a");
    assert_eq!(followed.look_long(), [(2, 2), (3, 3)]);
    assert_eq!(followed.said(), ["turn a 0"]);
}

#[test]
fn a_frame_that_is_cut_off_for_good_is_said_and_a_file_that_grows_after_all_is_read_on() {
    let mut followed = Followed::new();
    followed.write("a", &pcap(&[1, 2])[..50]);
    followed.write("b", &pcap(&[3]));
    assert_eq!(followed.look(), [(1, 1), (2, 3)]);
    assert_eq!(followed.said(), ["turn a 0", "cut off a", "turn b 0"]);
    followed.append("a", &pcap(&[1, 2])[50..]);
    assert_eq!(followed.look(), [(3, 2)]);
    assert_eq!(followed.said(), ["grew a", "turn a 1"]);
    followed.append("b", &pcap(&[4])[24..]);
    assert_eq!(followed.look(), [(4, 4)]);
}

#[test]
fn what_is_no_capture_or_damaged_is_said_once_and_the_others_are_read() {
    let mut followed = Followed::new();
    followed.write("notes", b"some words, and more of them");
    let mut bad = pcap(&[1]);
    bad.extend([0xff; 16]);
    followed.write("a", &bad);
    followed.write("b", &pcap(&[2]));
    assert_eq!(followed.look(), [(1, 1), (2, 2)]);
    followed.append("a", &pcap(&[9])[24..]);
    followed.append("notes", b".");
    assert_eq!(followed.look_long(), []);
    let said = followed.said();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("notes: is text"), "{said:?}");
    assert!(said[2].starts_with("a: damaged at byte 45"), "{said:?}");
}

#[test]
fn another_run_goes_on_where_the_first_one_was() {
    let mut followed = Followed::new();
    followed.write("a", &pcap(&[1, 2]));
    followed.write("b", &pcap(&[3, 4]));
    assert_eq!(followed.look().len(), 4);
    let (ledger, number) = (followed.follow.ledger.clone(), followed.follow.number);
    let mut noted = Ledger::new(ledger.forgotten(), ledger.iter().map(|(one, two)| (*one, *two)));
    // The current one, as whoever listens notes it.
    let print = followed.follow.current.as_ref().unwrap().print;
    noted.note(print, Read { frames: 1, complete: false });
    followed.follow = Follow::open(followed.directory.path(), 3).unwrap();
    followed.follow.resume(noted, number - 1);
    followed.said();
    followed.append("b", &pcap(&[5])[24..]);
    assert_eq!(followed.look(), [(4, 4), (5, 5)]);
    followed.write("c", &pcap(&[6]));
    assert_eq!(followed.look(), [(6, 6)]);
    assert_eq!(followed.said(), ["turn b 1", "turn c 0"]);
}

#[test]
fn a_directory_that_is_gone_is_waited_for_and_one_that_is_none_refused() {
    let mut followed = Followed::new();
    let path = followed.directory.path().to_owned();
    followed.write("a", &pcap(&[1]));
    assert_eq!(followed.look().len(), 1);
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    assert_eq!(followed.look_long(), []);
    assert!(followed.follow.is_gone());
    fs::rename(&aside, &path).unwrap();
    followed.write("b", &pcap(&[2]));
    assert_eq!(followed.look(), [(2, 2)]);
    assert_eq!(followed.said(), ["turn a 0", "Gone", "Back", "turn b 0"]);
    let refused = |name: &str| Follow::open(&path.join(name), 0).unwrap_err().to_string();
    assert!(refused("absent").ends_with("absent: no such file or directory"));
    assert!(refused("a").contains("is no directory"));
}
