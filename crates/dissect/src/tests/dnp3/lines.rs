//! Several masters on one line behind a serial server: each hears the answers to the others, and on two wires all
//! requests again.

use super::*;

/// The link addresses of a second master and of a second device.
const SECOND: u16 = 2;
const NEXT: u16 = 11;

const POLL: &str = "C0 C1 01 3C 02 06";
const POLLED: &str = "C0 C1 81 0000";
const SELECTED: &str = "C0 C2 81 0000 0C 01 28 0100 0700 81 01 64000000 00000000 00";
const SELECT: &str = "C0 C2 03 0C 01 28 0100 0700 81 01 64000000 00000000 00";

/// A talk over a line: what is said in either of two connections is heard by the line, what the line says goes to both.
struct Line {
    talk: Talk,
    connections: [Flow; 2],
    echo: bool,
}

impl Line {
    fn new(echo: bool) -> Self {
        let talk = tcp();
        let mut second = talk.flow;
        second.id = FlowId { slot: 1, generation: 0 };
        second.first = Endpoint::new(Ipv4Addr::new(10, 0, 0, 3).into(), 50_000);
        Self { connections: [talk.flow, second], talk, echo }
    }

    fn heard_by_all(&mut self, frame: &[u8]) {
        // A server packs what it hears as it comes.
        let (half, rest) = frame.split_at(frame.len() / 2);
        for part in [half, rest] {
            for connection in self.connections {
                self.talk.flow = connection;
                self.talk.answer(part);
            }
        }
    }

    fn say(&mut self, connection: usize, master: u16, device: u16, fragment: &str) {
        let frame = framed(0xC4, master, device, &octets(fragment));
        self.talk.flow = self.connections[connection];
        self.talk.ask(&frame);
        if self.echo {
            self.heard_by_all(&frame);
        }
    }

    fn answer(&mut self, master: u16, device: u16, fragment: &str) {
        self.heard_by_all(&framed(0x44, device, master, &octets(fragment)));
    }

    /// Both masters poll both devices.
    fn poll(&mut self) {
        for (connection, master) in [(0, MASTER), (1, SECOND)] {
            for device in [OUTSTATION, NEXT] {
                self.say(connection, master, device, POLL);
                self.answer(master, device, POLLED);
            }
        }
    }
}

#[test]
fn each_message_of_a_line_is_told_once_by_whom_it_is_and_to_whom() {
    for echo in [false, true] {
        let mut line = Line::new(echo);
        line.poll();
        line.talk.said();
        line.poll();
        line.say(1, SECOND, OUTSTATION, SELECT);
        line.answer(SECOND, OUTSTATION, SELECTED);
        let said = line.talk.said();
        let short: Vec<_> = said
            .iter()
            .map(|it| it.split(" of ").next().unwrap().replace(" class->1+1", ""))
            .collect();
        let polls = |device: u16| {
            [format!("Request read Link({device})"), format!("Response read Link({device})")]
        };
        let polled = [OUTSTATION, NEXT, OUTSTATION, NEXT].map(polls).concat();
        assert_eq!(short[..8], polled, "echo {echo}");
        assert!(short[8].starts_with("Select select Link(10)"), "{short:?}");
        assert!(short[9].starts_with("Response select Link(10)"), "{short:?}");
        assert_eq!((short.len(), &line.talk.faults[..]), (10, &[][..]), "echo {echo}: {short:?}");
        assert_eq!(line.talk.phases.iter().filter(|it| **it == Phase::Unanswered).count(), 0);
    }
}

#[test]
fn what_a_line_gives_back_is_decoded_and_counted() {
    let mut line = Line::new(true);
    line.poll();
    let read = functions(&line.talk).into_iter().filter(|name| *name == "read").count();
    assert_eq!(read, 4 + 8, "each as it was asked, and as it came back in both connections");
    assert!(line.talk.dissector.counters().dnp3_overheard >= 8);
}

#[test]
fn a_capture_that_begins_with_what_the_line_gives_back_finds_who_asks() {
    let mut line = Line::new(true);
    line.heard_by_all(&framed(0xC4, MASTER, OUTSTATION, &octets(POLL)));
    line.answer(MASTER, OUTSTATION, POLLED);
    line.poll();
    line.talk.said();
    line.talk.faults.clear();
    line.say(0, MASTER, OUTSTATION, SELECT);
    line.answer(MASTER, OUTSTATION, "C0 C2 81 0000");
    let said = line.talk.said();
    assert_eq!((said.len(), &line.talk.faults[..]), (2, &[][..]), "{said:?}");
}

#[test]
fn a_command_that_an_outstation_sends_to_its_master_is_no_echo() {
    let mut line = Line::new(false);
    line.poll();
    line.talk.said();
    // To the master's own address, as its master.
    line.heard_by_all(&framed(0xC4, OUTSTATION, MASTER, &octets(SELECT)));
    assert!(line.talk.faults.contains(&FaultKind::Direction), "{:?}", line.talk.lines);
}

#[test]
fn a_report_to_a_host_that_is_no_master_of_the_line_is_told() {
    let mut line = Line::new(false);
    line.say(0, MASTER, OUTSTATION, POLL);
    line.answer(MASTER, OUTSTATION, POLLED);
    line.talk.said();
    // Nobody has asked in the second connection.
    line.heard_by_all(&framed(0x44, OUTSTATION, MASTER, &octets("C0 F1 82 0000")));
    let told = line.talk.said();
    assert_eq!(told.iter().filter(|it| it.starts_with("Unsolicited")).count(), 2, "{told:?}");
}

#[test]
fn what_a_relay_passes_on_to_a_device_is_told_where_it_goes_too() {
    let mut line = Line::new(false);
    let [from_master, mut onward] = line.connections;
    // The relay asks the device by the addresses that it is asked by, and its answers are not in the capture.
    onward.first = Endpoint::new(from_master.second.address, 50_001);
    onward.second = Endpoint::new(Ipv4Addr::new(10, 0, 0, 77).into(), 20_000);
    line.connections[1] = onward;
    for connection in [0, 1] {
        line.say(connection, MASTER, OUTSTATION, POLL);
    }
    line.talk.flow = from_master;
    line.talk.answer(&framed(0x44, OUTSTATION, MASTER, &octets(POLLED)));
    line.talk.said();
    line.say(1, MASTER, OUTSTATION, SELECT);
    let told = line.talk.said();
    assert!(told.iter().any(|it| it.starts_with("Select select")), "{told:?}");
    assert_eq!(line.talk.dissector.counters().dnp3_overheard, 0);
}
