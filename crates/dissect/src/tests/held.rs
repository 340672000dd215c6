//! What all conversations hold together stays below its ceiling, and who proved nothing gives way first.

use super::*;

/// A dissector that hears many conversations, and how often each thing was said.
struct Many {
    dissector: Dissector,
    frame: u64,
    time: Timestamp,
    phases: Vec<Phase>,
    faults: Vec<FaultKind>,
    malformed: usize,
    /// The most that was held after an event.
    peak: (usize, usize),
}

impl Many {
    fn new(config: Config) -> Self {
        Self {
            dissector: Dissector::new(config),
            frame: 0,
            time: Timestamp::from_parts(1_000, 0),
            phases: Vec::new(),
            faults: Vec::new(),
            malformed: 0,
            peak: (0, 0),
        }
    }

    fn flow(slot: u32, port: u16) -> Flow {
        let first = Endpoint::new(CLIENT, u16::try_from(10_000 + slot).unwrap());
        Flow {
            id: FlowId { slot, generation: 0 },
            transport: Transport::Tcp,
            first,
            second: Endpoint::new(SERVER, port),
            capture: 0,
            vlan: None,
            handshake: true,
            packets: [2, 1],
            octets: [1, 1],
            unheard: [0, 0],
        }
    }

    fn event(&mut self, flow: &Flow, event: Event<'_>) {
        let Self { dissector, phases, faults, malformed, .. } = self;
        let heard = Heard { time: self.time, capture: 0, frame: self.frame, flow, event };
        dissector.heard(&heard, &mut |output| {
            let Output::Observation(observation) = output else { return };
            match observation.what {
                What::Message(message) => {
                    phases.push(message.phase);
                    faults.extend(message.faults.iter().map(|fault| fault.kind));
                }
                What::Link(LinkEvent::Malformed { .. }) => *malformed += 1,
                What::Link(_) | What::Network(_) => {}
            }
        });
        let [octets, requests] = self.dissector.held();
        self.peak = (self.peak.0.max(octets), self.peak.1.max(requests));
    }

    fn say(&mut self, flow: &Flow, direction: Direction, bytes: &[u8]) {
        self.frame += 1;
        self.time = self.time.plus_ns(10_000);
        self.event(flow, Event::Bytes { direction, bytes });
    }

    fn ask(&mut self, flow: &Flow, bytes: &[u8]) {
        self.say(flow, Direction::Forward, bytes);
    }

    fn answer(&mut self, flow: &Flow, bytes: &[u8]) {
        self.say(flow, Direction::Backward, bytes);
    }

    fn pass(&mut self, seconds: u64) {
        self.time = self.time.plus_ns(seconds * 1_000_000_000);
    }

    fn blamed(&self) -> (usize, usize) {
        let unanswered = self.phases.iter().filter(|phase| **phase == Phase::Unanswered).count();
        (unanswered, self.faults.len() + self.malformed)
    }
}

/// A DNP3 frame with every CRC right.
fn framed(control: u8, source: u16, destination: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x05, 0x64, u8::try_from(data.len() + 5).unwrap(), control];
    frame.extend(destination.to_le_bytes());
    frame.extend(source.to_le_bytes());
    frame.extend(gridtap_dnp3::crc16(&frame).to_le_bytes());
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(gridtap_dnp3::crc16(block).to_le_bytes());
    }
    frame
}

/// The first segment of a fragment that goes on.
fn first_segment(source: u16, destination: u16, from_master: bool) -> Vec<u8> {
    let mut data = octets("40 C2 81 0000 1E 03 01 0000 6C00");
    data.resize(249, 0);
    framed(if from_master { 0xC4 } else { 0x44 }, source, destination, &data)
}

#[test]
fn fragments_of_made_up_links_stay_below_the_ceiling_of_all_and_blame_nobody() {
    const CEILING: usize = 256 << 10;
    let mut many = Many::new(Config { held_octets_max: CEILING, ..Config::default() });
    let real = Many::flow(0, 20_000);
    let read = framed(0xC4, 1, 10, &octets("C0 C1 01 3C 01 06"));
    let answer = framed(0x44, 10, 1, &octets("C0 C1 81 0000"));
    many.ask(&real, &read);
    many.answer(&real, &answer);
    many.pass(60);
    // A response of two segments that has begun when the flood does.
    many.ask(&real, &framed(0xC4, 1, 10, &octets("C1 C2 01 3C 01 06")));
    many.answer(&real, &first_segment(10, 1, false));
    for slot in 1..200 {
        let flow = Many::flow(slot, 20_000);
        for link in 0..40 {
            many.ask(&flow, &first_segment(1, 100 + link, true));
        }
    }
    assert!(many.peak.0 > CEILING / 2 && many.peak.0 <= CEILING + 8_192, "{:?}", many.peak);
    let counters = *many.dissector.counters();
    assert!(counters.held_evicted_unanswered > 100, "{counters:?}");
    assert_eq!((counters.held_evicted_answered, counters.held_evicted_established), (0, 0));
    // The end of the response of the device that was there before.
    many.answer(&real, &framed(0x44, 10, 1, &[&[0x81][..], &[0; 199]].concat()));
    assert_eq!(many.dissector.counters().dnp3_fragments, counters.dnp3_fragments + 1);
    assert_eq!(many.blamed(), (0, 0));
    let bytes = many.dissector.counters().bytes;
    assert!(bytes.skipped > 0, "what gave way is accounted: {bytes:?}");
}

#[test]
fn what_nobody_recognises_gives_way_before_what_is_answered() {
    const CEILING: usize = 64 << 10;
    let mut many = Many::new(Config { held_octets_max: CEILING, ..Config::default() });
    let real = Many::flow(0, 502);
    many.ask(&real, &adu(1, 3, "03 0010 0002"));
    many.answer(&real, &adu(1, 3, "03 04 0001 0002"));
    many.pass(60);
    let request = adu(2, 3, "10 0010 0004 08 0001 0002 0003 0004");
    let (begun, rest) = request.split_at(9);
    many.ask(&real, begun);
    for slot in 1..400 {
        // Less than a message, on the port of one.
        many.ask(&Many::flow(slot, 20_000), &[0x05; 9]);
        many.ask(&Many::flow(slot, 20_000), &vec![0x05; 1_200]);
    }
    assert!(many.peak.0 <= CEILING + 8_192, "{:?}", many.peak);
    assert!(many.dissector.counters().held_evicted_unrecognised > 100);
    assert_eq!(many.dissector.counters().held_evicted_established, 0);
    many.phases.clear();
    many.ask(&real, rest);
    assert_eq!(many.phases, [Phase::Request], "what had begun goes on");
    assert_eq!(many.blamed(), (0, 0));
}

#[test]
fn requests_of_all_stay_below_their_ceiling_and_nobody_is_said_to_have_left_them_unanswered() {
    let config = Config { pending_of_all_max: 1_000, ..Config::default() };
    let mut many = Many::new(config);
    let real = Many::flow(0, 502);
    many.ask(&real, &adu(1, 3, "03 0010 0002"));
    many.answer(&real, &adu(1, 3, "03 04 0001 0002"));
    many.pass(60);
    many.ask(&real, &adu(2, 3, "03 0010 0002"));
    for slot in 1..40 {
        let flow = Many::flow(slot, 502);
        for transaction in 0..100 {
            many.ask(&flow, &adu(transaction, 3, "03 0010 0001"));
        }
    }
    assert!(many.peak.1 > 900 && many.peak.1 <= 1_001, "{:?}", many.peak);
    let counters = many.dissector.counters();
    assert!(counters.pending_of_all_evicted > 2_000, "{counters:?}");
    assert_eq!(counters.held_evicted_established, 0);
    many.answer(&real, &adu(2, 3, "03 04 0001 0002"));
    // An answer to a request that gave way, and one to a later one.
    let flow = Many::flow(1, 502);
    many.answer(&flow, &adu(7, 3, "03 02 0001"));
    many.ask(&flow, &adu(500, 3, "03 0010 0001"));
    many.answer(&flow, &adu(500, 3, "03 02 0001"));
    many.answer(&flow, &adu(8, 3, "03 02 0001"));
    assert_eq!(many.blamed(), (0, 0));
}

#[test]
fn where_only_what_is_established_holds_much_the_most_of_it_gives_way() {
    let read = |link: u16| framed(0xC4, 1, link, &octets("C0 C1 01 3C 01 06"));
    let answer = |link: u16| framed(0x44, link, 1, &octets("C0 C1 81 0000"));
    let polled = |held_octets_max: usize| {
        let mut many = Many::new(Config { held_octets_max, ..Config::default() });
        for slot in 0..20 {
            let flow = Many::flow(slot, 20_000);
            many.ask(&flow, &read(10));
            many.answer(&flow, &answer(10));
        }
        many.pass(60);
        many
    };
    let ceiling = polled(usize::MAX).peak.0 + 8_192;
    let mut many = polled(ceiling);
    // One of them turns out to have very many stations, each of which begins an answer.
    let flow = Many::flow(19, 20_000);
    for link in 10..70 {
        many.answer(&flow, &first_segment(link, 1, false));
        for slot in 0..19 {
            many.ask(&Many::flow(slot, 20_000), &read(10));
            many.answer(&Many::flow(slot, 20_000), &answer(10));
        }
    }
    assert!(many.peak.0 <= ceiling + 8_192, "{:?}", many.peak);
    let counters = many.dissector.counters();
    assert!((1..=16).contains(&counters.held_evicted_established), "{counters:?}");
    assert_eq!(many.blamed(), (0, 0));
}

#[test]
fn what_is_held_is_counted_as_it_is_and_nothing_is_left_behind() {
    let mut many = Many::new(Config::default());
    for slot in 0..50 {
        let (modbus, dnp3) = (Many::flow(slot, 502), Many::flow(100 + slot, 20_000));
        many.ask(&modbus, &adu(1, 3, "03 0010 0002"));
        many.ask(&modbus, &adu(2, 3, "03 0010 0002")[..5]);
        many.answer(&dnp3, &first_segment(10, 1, false));
        many.ask(&Many::flow(200 + slot, 20_000), &[5; 9]);
    }
    let [octets, requests] = many.dissector.held();
    assert!(octets > 50 * 300 && requests == 50, "{octets} {requests}");
    for slot in (0..50).chain(100..150).chain(200..250) {
        many.event(&Many::flow(slot, 502), Event::Closed(Closing::Idle));
    }
    assert_eq!(many.dissector.held(), [0, 0]);
}

#[test]
fn deadlines_of_conversations_that_ended_are_not_kept() {
    let mut many = Many::new(Config::default());
    for generation in 0..10_000 {
        let mut flow = Many::flow(0, 502);
        flow.id.generation = generation;
        many.ask(&flow, &adu(1, 3, "03 0010 0002"));
        many.event(&flow, Event::Closed(Closing::End));
    }
    assert!(many.dissector.deadlines_held() <= 1_100, "{}", many.dissector.deadlines_held());
}
