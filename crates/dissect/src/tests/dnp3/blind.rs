//! What may come before an operate, each of it once made another monitor blind.

use super::*;

/// Says `before` and then the operate, over TCP in one segment, in two, and octet by octet, and over UDP; the operate
/// must be decoded each time, and what is not decoded be counted and told as `expected`.
#[track_caller]
fn operate_is_decoded_after(before: &[u8], skipped: usize, reason: &str) {
    let decoded = before.len() - skipped + operate().len();
    let whole = [before, &operate()].concat();
    let pieces: [Vec<&[u8]>; 3] =
        [vec![&whole], vec![before, &whole[before.len()..]], whole.chunks(1).collect()];
    for pieces in pieces {
        let mut talk = Talk::new(Transport::Tcp, HOME, true);
        for piece in &pieces {
            talk.ask(piece);
        }
        talk.close(Closing::Finished);
        assert_eq!(operates(&talk), 1, "{reason} in {} pieces: {:?}", pieces.len(), talk.records);
        assert_eq!(accounts(&talk), (decoded, skipped, 0), "{reason} in {} pieces", pieces.len());
        let frame = pieces.len();
        let expected = format!("{reason},{skipped},{frame}");
        let told = if skipped > 0 { vec![expected] } else { vec![] };
        // An operate that comes octet by octet ends in the last; junk is told with it.
        assert_eq!(problems(&talk), told);
    }
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&whole).close(Closing::Idle);
    assert_eq!(operates(&talk), 1, "{reason} over UDP");
    assert_eq!(accounts(&talk), (decoded, skipped, 0), "{reason} over UDP");
}

#[test]
fn an_operate_is_decoded_behind_a_header_with_a_wrong_crc() {
    let mut frame = read();
    frame[8] ^= 1;
    operate_is_decoded_after(&frame, frame.len(), "link_crc");
}

#[test]
fn an_operate_is_decoded_behind_a_block_with_a_wrong_crc() {
    let mut frame = read();
    *frame.last_mut().unwrap() ^= 1;
    operate_is_decoded_after(&frame, frame.len(), "link_crc");
}

#[test]
fn an_operate_is_decoded_behind_a_length_that_no_frame_has() {
    let mut frame = read();
    frame[2] = 4;
    operate_is_decoded_after(&frame, frame.len(), "link_length");
}

#[test]
fn an_operate_is_decoded_behind_junk() {
    operate_is_decoded_after(b"\x00\x01junk", 6, "garbage");
    operate_is_decoded_after(b"\x05\x05\x64\x05", 4, "garbage");
}

#[test]
fn an_operate_is_decoded_behind_a_frame_of_the_link_only() {
    operate_is_decoded_after(&framed(0xC9, MASTER, OUTSTATION, &[]), 0, "");
    operate_is_decoded_after(&framed(0xC0, MASTER, OUTSTATION, b"user data"), 0, "");
    operate_is_decoded_after(&framed(0xCD, MASTER, OUTSTATION, &[]), 0, "");
    operate_is_decoded_after(&framed(0xC4, MASTER, OUTSTATION, &[]), 0, "");
}

#[test]
fn what_a_wrong_length_claims_is_looked_at_in_time() {
    // The header is right and claims 250 octets; what follows is no block of it.
    let mut claims = from_master(&[0; 250]);
    claims.truncate(10);
    operate_is_decoded_after(&claims, 10, "link_crc");
    // A restart is shorter than a block: it may still be one of that frame, until its patience is over.
    let restart = from_master(&octets("C0 C3 0D"));
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&claims).ask(&restart);
    assert_eq!(functions(&talk), Vec::<&str>::new());
    talk.later(6_000);
    let (time, records) = (talk.time, &mut talk.records);
    talk.dissector.tick(time, &mut |output| {
        if let Output::Record(record) = output {
            records.push(serde_json::to_string(record).unwrap());
        }
    });
    assert_eq!(functions(&talk), ["cold_restart"]);
    assert_eq!(problems(&talk), ["incomplete,10,2"]);
    assert_eq!(accounts(&talk), (restart.len(), 10, 0));
}

#[test]
fn a_frame_that_comes_slowly_is_whole_all_the_same() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    let frame = operate();
    for piece in frame.chunks(11) {
        talk.ask(piece).later(20_000);
    }
    assert_eq!(operates(&talk), 1);
    assert_eq!(accounts(&talk), (frame.len(), 0, 0));
}

#[test]
fn an_operate_is_decoded_behind_a_lost_segment() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    let read = read();
    // Half a frame, a gap over its other half and another, and half a frame after it.
    talk.ask(&read[..12]);
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 25 });
    talk.ask(&[&read[8..], &operate()].concat()).close(Closing::Finished);
    assert_eq!(operates(&talk), 1);
    let behind = read.len() - 8;
    assert_eq!(
        problems(&talk),
        ["incomplete,12".to_owned(), "missing,25".to_owned(), format!("garbage,{behind},2")]
    );
    assert_eq!(accounts(&talk), (operate().len(), 12 + behind, 25));
}

#[test]
fn an_operate_is_decoded_in_a_session_older_than_the_capture() {
    for ports in [HOME, (20_000, 49_152), (49_152, 4_001)] {
        let mut talk = Talk::new(Transport::Tcp, ports, false);
        let read = read();
        talk.ask(&[&read[5..], &operate()].concat()).close(Closing::End);
        assert_eq!(operates(&talk), 1, "{ports:?}");
        assert_eq!(accounts(&talk), (operate().len(), read.len() - 5, 0), "{ports:?}");
    }
}

#[test]
fn forty_frames_in_one_segment_are_forty_messages() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    let all = [read().repeat(39), operate()].concat();
    talk.ask(&all).close(Closing::Finished);
    assert_eq!(functions(&talk).len(), 40);
    assert_eq!(operates(&talk), 1);
    assert_eq!(talk.dissector.counters().dnp3_fragments, 40);
    assert_eq!(accounts(&talk), (all.len(), 0, 0));
}

#[test]
fn long_blindness_is_said_once() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&operate());
    for _ in 0..8 {
        talk.later(2_000).ask(b"nothing of DNP3");
    }
    let blind = talk.links.iter().filter(|(_, event)| matches!(event, LinkEvent::Blind { .. }));
    assert_eq!(blind.count(), 1);
}
