//! Interfaces of a network namespace that each test makes for itself: what goes in at one end of a pair of virtual
//! Ethernets is heard at the other.
#![cfg(test)]

use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use gridtap_tap::{Change, Clock, Config, Drops, Error, Stamped, Taps, interfaces};

/// Runs in a namespace of its own, on a thread of its own, which may do there what it likes.
fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let ran = std::thread::spawn(move || {
        if let Err(error) = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET) {
            println!("not run: a network namespace needs root here ({error})");
            return;
        }
        // Nothing is to be sent but what the test sends.
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
        test();
    })
    .join();
    ran.unwrap();
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A pair: what is sent at `field` is heard at `mirror`.
fn pair() {
    ip("link add field type veth peer name mirror");
    ip("link set field address 02:00:00:00:00:01");
    ip("link set field up");
    ip("link set mirror up");
    ip("address add 10.9.0.1/24 dev field");
    ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev field nud permanent");
}

fn sender() -> UdpSocket {
    let socket = UdpSocket::bind("10.9.0.1:0").unwrap();
    socket.connect("10.9.0.2:20000").unwrap();
    socket
}

fn taps(names: &[&str], ring_bytes: u64) -> Result<Taps, Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Taps::open(&names, &Config { ring_bytes, ..Config::default() })
}

/// Sends frames as they are, with Python: what hears interfaces can send nothing. Whether there is one.
fn send_raw(interface: &str, frames: &[&[u8]]) -> bool {
    let hex = |frame: &&[u8]| frame.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let sent = Command::new("python3")
        .arg("-c")
        .arg(
            "import socket, sys\n\
             s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n\
             s.bind((sys.argv[1], 0))\n\
             [s.send(bytes.fromhex(text)) for text in sys.argv[2:]]",
        )
        .arg(interface)
        .args(frames.iter().map(hex))
        .output();
    let Ok(sent) = sent else {
        println!("not run: python3 is not installed");
        return false;
    };
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    true
}

/// What came: the capture, the octets, and how many there were on the wire.
fn heard(taps: &mut Taps) -> Vec<(u16, Vec<u8>, u32)> {
    let mut heard = Vec::new();
    let mut quiet = 0;
    // Longer than a block is held back.
    while quiet < 10 {
        match taps.next() {
            Some(frame) => {
                heard.push((frame.capture, frame.bytes.to_vec(), frame.original_length));
                quiet = 0;
            }
            None => {
                taps.wait(Duration::from_millis(20)).unwrap();
                quiet += 1;
            }
        }
    }
    heard
}

/// What becomes of the one interface: Linux takes a while to see that a link is up.
fn changed(taps: &mut Taps) -> Change {
    for _ in 0..500 {
        if let Some((name, change)) = taps.look().pop() {
            assert_eq!(name, "mirror");
            return change;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing changed");
}

/// The number that a datagram of `sender` carries.
fn number(frame: &[u8]) -> u32 {
    u32::from_be_bytes(frame[frame.len() - 4..].try_into().unwrap())
}

/// What was sent at the end that is listened to.
fn sent_by(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let row = text.lines().find(|line| line.trim_start().starts_with(&format!("{name}:"))).unwrap();
    row.split_ascii_whitespace().nth(10).unwrap().parse().unwrap()
}

#[test]
fn what_has_waited_longest_is_given_up_and_counted_and_the_rest_is_heard_in_its_order() {
    in_namespace(|| {
        pair();
        let mut taps = taps(&["mirror"], 8 << 20).unwrap();
        let sender = sender();
        let send = |range: core::ops::Range<u32>| {
            for nth in range {
                sender.send(&[&[7; 996][..], &nth.to_be_bytes()].concat()).unwrap();
            }
        };
        send(0..4000);
        std::thread::sleep(Duration::from_millis(200));
        // In the middle of a block.
        for nth in 0..10 {
            assert_eq!(number(taps.next().unwrap().bytes), nth);
        }
        assert_eq!(taps.waiting(), 3990);
        assert_eq!(taps.shed(3990), 0);
        let shed = taps.shed(1000);
        let waiting = taps.waiting();
        // A block has some two hundred of them.
        assert!((700..=1000).contains(&waiting), "{waiting}");
        assert_eq!(shed + waiting, 3990);
        send(4000..6000);
        let rest = heard(&mut taps);
        let numbers: Vec<u32> = rest.iter().map(|(_, frame, _)| number(frame)).collect();
        let first = 10 + u32::try_from(shed).unwrap();
        assert_eq!(numbers, (first..6000).collect::<Vec<_>>());
        assert_eq!(taps.drops(), [Drops { late: shed, ..Drops::default() }]);
        assert_eq!((taps.waiting(), taps.shed(0)), (0, 0));
    });
}

#[test]
fn every_frame_is_heard_in_its_order_and_nothing_is_ever_sent() {
    in_namespace(|| {
        pair();
        let mut taps = taps(&["mirror"], 8 << 20).unwrap();
        let sender = sender();
        for nth in 0..5000_u32 {
            let mut datagram = vec![7; usize::try_from(40 + nth % 1300).unwrap()];
            datagram.extend(nth.to_be_bytes());
            sender.send(&datagram).unwrap();
            if nth % 100 == 0 {
                std::thread::yield_now();
            }
        }
        let heard = heard(&mut taps);
        assert_eq!(taps.drops(), [Drops::default()]);
        assert_eq!(heard.len(), 5000);
        for ((_, frame, length), nth) in heard.iter().zip(0..) {
            assert_eq!(number(frame), nth);
            assert_eq!(usize::try_from(*length).unwrap(), frame.len());
            assert_eq!(frame.len(), 14 + 20 + 8 + usize::try_from(44 + nth % 1300).unwrap());
        }
        assert_eq!(sent_by("mirror"), 0);
    });
}

#[test]
fn the_tag_of_a_vlan_is_where_it_was_on_the_wire() {
    in_namespace(|| {
        pair();
        let mut taps = taps(&["mirror"], 1 << 20).unwrap();
        // Priority 3, VLAN 5 (IEEE 802.1Q), and behind it IPv4; then a tag within a tag (IEEE 802.1ad).
        let addresses = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        let one = [&addresses[..], &[0x81, 0, 0x60, 5, 8, 0], &[0x45; 60]].concat();
        let two = [&addresses[..], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 5, 8, 0], &[0x45; 60]].concat();
        if !send_raw("field", &[&one, &two]) {
            return;
        }
        let heard = heard(&mut taps);
        let octets: Vec<&[u8]> = heard.iter().map(|(_, frame, _)| &frame[..]).collect();
        assert_eq!(octets, [&one[..], &two[..]]);
        assert!(heard.iter().all(|(_, frame, length)| usize::try_from(*length) == Ok(frame.len())));
    });
}

#[test]
fn an_interface_that_vanishes_is_waited_for_and_heard_again() {
    in_namespace(|| {
        pair();
        let mut taps = taps(&["mirror"], 1 << 20).unwrap();
        sender().send(&1_u32.to_be_bytes()).unwrap();
        assert_eq!(heard(&mut taps).len(), 1);
        assert_eq!(taps.look(), []);

        ip("link del field");
        assert_eq!(changed(&mut taps), Change::Lost);
        assert_eq!(taps.look(), []);
        assert!(!taps.taps()[0].is_heard());
        assert_eq!(heard(&mut taps).len(), 0);

        pair();
        assert_eq!(changed(&mut taps), Change::Back);
        sender().send(&2_u32.to_be_bytes()).unwrap();
        let again = heard(&mut taps);
        assert_eq!(again.len(), 1);
        assert_eq!(number(&again[0].1), 2);

        ip("link set mirror down");
        assert_eq!(changed(&mut taps), Change::Lost);
        ip("link set mirror up");
        assert_eq!(changed(&mut taps), Change::Back);
        sender().send(&3_u32.to_be_bytes()).unwrap();
        assert_eq!(heard(&mut taps).len(), 1);
    });
}

#[test]
fn what_a_full_ring_loses_is_counted_and_what_it_holds_is_whole() {
    in_namespace(|| {
        pair();
        let mut taps = taps(&["mirror"], 1 << 20).unwrap();
        let sender = sender();
        for nth in 0..3000_u32 {
            let mut datagram = vec![7; 1000];
            datagram.extend(nth.to_be_bytes());
            sender.send(&datagram).unwrap();
        }
        let first = heard(&mut taps);
        let lost = taps.drops()[0];
        assert!(lost.kernel > 0, "three times as much as it holds");
        assert_eq!(u64::try_from(first.len()).unwrap() + lost.kernel, 3000);
        assert!(first.iter().zip(0..).all(|((_, frame, _), nth)| number(frame) == nth));
        sender.send(&9_u32.to_be_bytes()).unwrap();
        let after = heard(&mut taps);
        assert_eq!(after.len(), 1, "there is room again");
        assert_eq!(taps.drops()[0], lost);
    });
}

#[test]
fn several_interfaces_are_one_sequence_in_the_order_of_time() {
    in_namespace(|| {
        pair();
        ip("link add field2 type veth peer name mirror2");
        ip("link set field2 up");
        ip("link set mirror2 up");
        ip("address add 10.9.2.1/24 dev field2");
        ip("neighbour replace 10.9.2.2 lladdr 02:00:00:00:00:02 dev field2 nud permanent");
        let mut taps = taps(&["mirror", "mirror2"], 1 << 20).unwrap();
        let one = sender();
        let other = UdpSocket::bind("10.9.2.1:0").unwrap();
        other.connect("10.9.2.2:20000").unwrap();
        for nth in 0..100_u32 {
            let socket = if nth % 3 == 0 { &other } else { &one };
            socket.send(&nth.to_be_bytes()).unwrap();
        }
        // Both rings are given what was sent before any frame is taken.
        std::thread::sleep(Duration::from_millis(100));
        let heard = heard(&mut taps);
        let numbers: Vec<u32> = heard.iter().map(|(_, frame, _)| number(frame)).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        assert!(
            heard.iter().zip(0..).all(|((capture, ..), nth)| *capture == u16::from(nth % 3 == 0))
        );
    });
}

#[test]
fn an_interface_that_cannot_be_heard_is_refused_in_a_sentence() {
    in_namespace(|| {
        pair();
        let says = |names: &[&str]| taps(names, 1 << 20).unwrap_err().to_string();
        assert_eq!(
            says(&["mirror", "eth9"]),
            "there is no interface eth9: `gridtap interfaces` lists those of this machine"
        );
        assert_eq!(says(&["mirror", "mirror"]), "interface mirror is named twice");
        let names: Vec<String> =
            interfaces().unwrap().into_iter().map(|interface| interface.name).collect();
        assert_eq!(names, ["field", "lo", "mirror"]);
    });
}

#[test]
fn whose_times_frames_have_is_said_where_the_interface_has_none_of_its_own() {
    in_namespace(|| {
        pair();
        for wanted in [Clock::Kernel, Clock::Hardware] {
            let config = Config { timestamps: wanted, ring_bytes: 1 << 20, ..Config::default() };
            let mut taps = Taps::open(&["mirror".to_owned()], &config).unwrap();
            assert_eq!(taps.stamped(), [("mirror".to_owned(), None)], "nothing came yet");
            sender().send(&[1; 32]).unwrap();
            let mut time = None;
            for _ in 0..100 {
                time = time.or(taps.next().map(|frame| frame.time));
                taps.wait(Duration::from_millis(20)).unwrap();
            }
            // The kernel's own time all the same, and not nothing: later than this was written.
            assert!(time.expect("a frame").nanos() > 1_790_000_000_000_000_000);
            let stamped = Stamped { wanted, had: Clock::Kernel, mixed: false };
            assert_eq!(taps.stamped(), [("mirror".to_owned(), Some(stamped))]);
            assert_eq!(taps.stamped(), [("mirror".to_owned(), None)], "since it was asked last");
        }
    });
}
