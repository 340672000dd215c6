use gridtap_model::{Class, LinkEvent, Phase};

use crate::play::{Play, at, hear, host, judged, learned, link, routine, short};
use crate::{Acceptance, Baseline, Config, Declared, Level, Site};

fn accepted(until_ns: Option<i64>) -> Acceptance {
    Acceptance {
        reason: "planned".into(),
        by: "an engineer".into(),
        second: None,
        at_ns: 0,
        until_ns,
    }
}

#[test]
fn a_baseline_that_has_heard_six_blocks_judges() {
    let mut baseline = short();
    routine(&mut baseline, 0..59);
    assert!(!baseline.armed());
    routine(&mut baseline, 59..61);
    assert!(baseline.armed());
    let levels: Vec<Level> = baseline.take_armed().into_iter().map(|armed| armed.level).collect();
    assert_eq!(levels, [Level::Flow, Level::Function], "addresses and points need 48 blocks");
}

#[test]
fn a_lesson_arms_the_levels_and_judges_no_news() {
    let mut baseline = short();
    baseline.teach(true);
    routine(&mut baseline, 0..61);
    assert!(baseline.armed());
    let stranger = judged(&mut baseline, 61, Play::coil(99, 21, 2));
    assert!(!stranger.armed && stranger.new_at.is_some());
    baseline.teach(false);
    assert!(judged(&mut baseline, 61, Play::coil(99, 21, 2)).armed);
}

#[test]
fn what_is_known_is_not_new() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    for play in [Play::read(7, 21, 0, 10), Play::read(7, 21, 3, 4), Play::coil(7, 21, 2)] {
        let verdict = judged(&mut baseline, 61, play);
        assert_eq!(verdict.new_at, None, "{play:?}");
        assert!(verdict.access.range_known && verdict.armed && verdict.key.is_none());
        assert!(!verdict.provisional);
    }
}

#[test]
fn news_is_told_at_the_coarsest_level_that_is_new() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let mut level = |play| judged(&mut baseline, 61, play).new_at;
    assert_eq!(level(Play::read(9, 21, 0, 10)), Some(Level::Flow), "a new master");
    assert_eq!(level(Play::read(7, 21, 0, 10).unit(2)), Some(Level::Flow), "a new unit");
    assert_eq!(level(Play::bare(7, 21, 17, "report_server_id")), Some(Level::Flow), "a new class");
    assert_eq!(level(Play::registers(7, 21, 2, 1)), Some(Level::Function));
    assert_eq!(level(Play::read(7, 21, 0, 11)), Some(Level::Address));
    assert_eq!(level(Play::coil(7, 21, 3)), Some(Level::Point));
    assert_eq!(level(Play::coil(7, 21, 2)), None);
    assert_eq!(level(Play::coil(7, 21, 3).answered()), None, "answers ask for nothing");
}

#[test]
fn the_facts_tell_a_stranger_from_a_reader_that_writes() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    for second in 20..40 {
        learned(&mut baseline, second, Play::read(8, 21, 0, 4));
    }
    let stranger = judged(&mut baseline, 61, Play::coil(9, 21, 2)).access;
    assert!(!stranger.host_known && stranger.peer_known && stranger.device_known);
    assert!(!stranger.master_known && !stranger.commander && !stranger.class_known);
    assert!(stranger.function_known_in_zone && stranger.shared_with_other_master);
    assert_eq!((stranger.points_new, stranger.points_new_to_all), (1, 0));

    let reader = judged(&mut baseline, 61, Play::registers(8, 21, 2, 3)).access;
    assert!(reader.host_known && reader.master_known && !reader.commander && !reader.class_known);
    assert_eq!((reader.points_new, reader.points_new_to_all), (3, 3));

    let master = judged(&mut baseline, 61, Play::registers(7, 21, 0, 20)).access;
    assert!(master.commander && master.class_known && !master.function_known);
    assert!(!master.commander_elsewhere);
    let elsewhere = judged(&mut baseline, 61, Play::coil(7, 22, 1)).access;
    assert!(!elsewhere.commander && elsewhere.commander_elsewhere && !elsewhere.device_known);
}

#[test]
fn a_key_that_alarmed_is_not_learned_by_repetition() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let first = hear(&mut baseline, 61, Play::coil(9, 21, 2));
    assert!(!first.held);
    for second in 62..400 {
        let again = hear(&mut baseline, second, Play::coil(9, 21, 2));
        assert_eq!((again.new_at, again.held), (Some(Level::Flow), true));
        hear(&mut baseline, second, Play::coil(9, 21, 2).answered());
        let other = hear(&mut baseline, second, Play::coil(9, 21, 70));
        assert_eq!((other.new_at, other.held), (Some(Level::Flow), true));
    }
    assert!(!judged(&mut baseline, 400, Play::read(9, 21, 0, 1)).access.host_known);
}

#[test]
fn nothing_is_learned_under_a_key_that_is_held() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    hear(&mut baseline, 61, Play::coil(9, 21, 2));
    learned(&mut baseline, 62, Play::coil(9, 21, 70));
    learned(&mut baseline, 62, Play::registers(9, 21, 5, 2));
    let access = judged(&mut baseline, 63, Play::coil(9, 21, 70)).access;
    assert_eq!((access.points_new, access.range_known), (1, false));
    let ledger = baseline.ledger();
    let of_stranger = ledger.iter().filter(|entry| entry.master == host(9));
    assert!(of_stranger.clone().count() > 3 && of_stranger.into_iter().all(|entry| entry.held));
}

#[test]
fn an_acceptance_is_for_exactly_one_key_and_expires() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let verdict = hear(&mut baseline, 61, Play::coil(9, 21, 2));
    let key = baseline.text_of(verdict.key.unwrap(), None);
    assert_eq!(key, "point|zone0|modbus|10.0.0.21#1|10.0.0.9|command|coil|2");
    baseline.accept(&key, accepted(Some(100_000_000_000))).unwrap();
    let now = hear(&mut baseline, 70, Play::coil(9, 21, 2));
    assert!(now.accepted, "exactly this is accepted");
    assert_eq!(now.new_at, Some(Level::Flow), "its master is still not known");
    assert!(!hear(&mut baseline, 70, Play::coil(9, 21, 3)).accepted);
    assert!(!judged(&mut baseline, 101, Play::coil(9, 21, 2)).accepted, "expired");
    baseline.accept(&key, accepted(None)).unwrap();
    assert!(judged(&mut baseline, 1_000_000, Play::coil(9, 21, 2)).accepted);
    assert!(baseline.accept("a key", accepted(None)).is_err());
}

#[test]
fn what_a_master_that_was_accepted_does_next_is_news_of_its_own() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    hear(&mut baseline, 61, Play::coil(9, 21, 2));
    for key in [
        "host|zone0|10.0.0.9",
        "conversation|zone0|modbus|10.0.0.21|10.0.0.9",
        "access|zone0|modbus|10.0.0.21#1|10.0.0.9|command",
        "function|zone0|modbus|10.0.0.21#1|10.0.0.9|command|5",
        "point|zone0|modbus|10.0.0.21#1|10.0.0.9|command|coil|2",
    ] {
        baseline.accept(key, accepted(None)).unwrap();
    }
    assert_eq!(hear(&mut baseline, 70, Play::coil(9, 21, 2)).new_at, None);
    assert_eq!(hear(&mut baseline, 70, Play::coil(9, 21, 3)).new_at, Some(Level::Point));
}

#[test]
fn a_command_from_one_block_stays_provisional_until_a_second_one_or_a_sign_off() {
    let mut baseline = short();
    learned(&mut baseline, 12, Play::coil(7, 21, 5));
    learned(&mut baseline, 12, Play::coil(7, 21, 6));
    routine(&mut baseline, 13..71);
    assert!(judged(&mut baseline, 71, Play::coil(7, 21, 5)).provisional);
    baseline.sign_off("point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|5").unwrap();
    assert!(!judged(&mut baseline, 71, Play::coil(7, 21, 5)).provisional);
    assert!(hear(&mut baseline, 72, Play::coil(7, 21, 6)).provisional);
    assert!(!judged(&mut baseline, 73, Play::coil(7, 21, 6)).provisional);
    let unheard = baseline.sign_off("point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|77");
    assert!(unheard.unwrap_err().to_string().contains("nothing was learned"));
}

#[test]
fn what_was_not_heard_for_half_a_year_is_news_when_it_returns() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let day = 86_400;
    assert_eq!(judged(&mut baseline, 179 * day, Play::coil(7, 21, 2)).absent_since, None);
    let verdict = judged(&mut baseline, 181 * day, Play::coil(7, 21, 2));
    assert_eq!(verdict.absent_since, Some(at(35)));
    assert_eq!(verdict.new_at, None, "what was learned does not expire");
}

#[test]
fn a_scanner_s_unanswered_attempts_make_nobody_known() {
    let mut baseline = short();
    routine(&mut baseline, 0..69);
    let attempt = |baseline: &mut Baseline, to: u8, second| {
        link(
            (66, 40_000),
            (to, 445),
            LinkEvent::Attempted { failed: true },
            second,
            |observation| {
                let verdict = baseline.judge(observation);
                baseline.learn(observation, &verdict, false);
                verdict.access
            },
        )
    };
    for to in 100..200 {
        let access = attempt(&mut baseline, to, 69);
        assert!(!access.host_known && !access.peer_known && !access.conversation_known);
    }
    assert!(!judged(&mut baseline, 69, Play::read(66, 150, 0, 1)).access.host_known);
    attempt(&mut baseline, 100, 75);
    let again = attempt(&mut baseline, 100, 79);
    assert!(!again.conversation_known, "repeated in a second block, but as one occasion");
    assert!(attempt(&mut baseline, 100, 80).conversation_known, "repeated a block later");
}

#[test]
fn an_unknown_conversation_is_told_apart_by_its_server_s_port() {
    let mut baseline = short();
    let open = |baseline: &mut Baseline, client, server, handshake| {
        link(client, server, LinkEvent::Opened { handshake }, 5, |observation| {
            let verdict = baseline.judge(observation);
            baseline.learn(observation, &verdict, false);
            verdict
        })
    };
    let first = open(&mut baseline, (7, 50_000), (30, 445), true);
    assert_eq!(first.new_at, Some(Level::Flow));
    assert_eq!(
        baseline.text_of(first.key.unwrap(), None),
        "conversation|zone0|unknown|10.0.0.30|10.0.0.7|445"
    );
    assert_eq!(open(&mut baseline, (7, 50_001), (30, 445), true).new_at, None);
    assert_eq!(open(&mut baseline, (30, 445), (7, 50_002), false).new_at, None, "sides guessed");
    assert!(open(&mut baseline, (7, 50_003), (30, 3389), true).new_at.is_some());
}

#[test]
fn a_request_of_which_only_the_answer_is_heard_is_judged_by_the_answer() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let heard = Play { one_direction: true, ..Play::coil(9, 21, 2).answered() };
    assert_eq!(judged(&mut baseline, 61, heard).new_at, Some(Level::Flow));
}

#[test]
fn a_zone_that_was_heard_too_little_does_not_judge_although_others_do() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    learned(&mut baseline, 61, Play::read(7, 21, 0, 10).zone(3));
    assert!(judged(&mut baseline, 61, Play::read(7, 21, 0, 10)).armed);
    let elsewhere = judged(&mut baseline, 61, Play::read(9, 21, 0, 10).zone(3));
    assert!(!elsewhere.armed && elsewhere.new_at.is_some());
    assert!(!baseline.armed());
}

#[test]
fn a_capture_older_than_the_baseline_is_judged_like_any_other() {
    let mut baseline = short();
    let years = 3 * 31_536_000;
    for second in 0..61 {
        learned(&mut baseline, years + second, Play::read(7, 21, 0, 10));
    }
    assert_eq!(judged(&mut baseline, 5, Play::read(7, 21, 0, 10)).new_at, None);
    let stranger = judged(&mut baseline, 6, Play::read(9, 21, 0, 10));
    assert!(stranger.armed && stranger.new_at == Some(Level::Flow));
}

#[test]
fn what_the_site_declares_is_normal_or_forbidden_from_the_first_packet() {
    let site = Site::parse(
        "[[hosts]]\nname = \"HMI\"\naddresses = [\"10.0.0.7\"]\nrole = \"master\"\n\
         [[devices]]\nname = \"RTU\"\nprotocol = \"modbus\"\naddress = \"10.0.0.21\"\nunit = 1\ncomplete = true\n\
         [[devices.points]]\ntable = \"coil\"\nindex = 2\nname = \"52-1 trip\"\ncommanded = true\n\
         [[access]]\nhosts = [\"HMI\"]\ndevices = [\"RTU\"]\nclasses = [\"read\", \"command\"]\n",
    );
    let mut baseline = Baseline::new(Config::default(), site.unwrap());
    let usual = hear(&mut baseline, 0, Play::coil(7, 21, 2));
    assert_eq!((usual.armed, usual.declared, usual.new_at), (true, Declared::Allowed, None));
    assert!(usual.access.commander && usual.access.master_known && usual.access.host_known);
    let point = judged(&mut baseline, 0, Play::coil(7, 21, 3));
    assert_eq!((point.declared, point.new_at), (Declared::Allowed, Some(Level::Point)));
    let stranger = judged(&mut baseline, 0, Play::coil(9, 21, 2));
    assert_eq!((stranger.armed, stranger.declared), (true, Declared::Forbidden));
    let elsewhere = judged(&mut baseline, 0, Play::coil(9, 22, 2));
    assert_eq!((elsewhere.armed, elsewhere.declared), (false, Declared::Open));
    for second in 1..30 {
        hear(&mut baseline, second, Play::coil(7, 21, 2));
    }
    let settled = judged(&mut baseline, 30, Play::coil(7, 21, 2));
    assert_eq!((settled.armed, settled.declared), (true, Declared::Allowed));
}

#[test]
fn a_declared_standby_does_what_its_master_did() {
    let site = Site::parse(
        "[[hosts]]\nname = \"A\"\naddresses = [\"10.0.0.7\"]\n\
         [[hosts]]\nname = \"B\"\naddresses = [\"10.0.0.8\"]\nrole = \"standby\"\nstandby_for = \"A\"\n",
    );
    let config = Config { block: gridtap_model::Span::from_secs(10), ..Config::default() };
    let mut baseline = Baseline::new(config, site.unwrap());
    routine(&mut baseline, 0..61);
    assert_eq!(judged(&mut baseline, 61, Play::coil(8, 21, 2)).new_at, None);
    assert_eq!(judged(&mut baseline, 61, Play::coil(8, 21, 3)).new_at, Some(Level::Point));
    assert_eq!(judged(&mut baseline, 61, Play::coil(9, 21, 2)).new_at, Some(Level::Flow));
}

/// A baseline that knows host 7 from a routine, and host 8 as what takes its place.
fn with_a_standby() -> Baseline {
    let site = Site::parse(
        "[[hosts]]\nname = \"A\"\naddresses = [\"10.0.0.7\"]\n\
         [[hosts]]\nname = \"B\"\naddresses = [\"10.0.0.8\"]\nrole = \"standby\"\nstandby_for = \"A\"\n",
    );
    let config = Config { block: gridtap_model::Span::from_secs(10), ..Config::default() };
    let mut baseline = Baseline::new(config, site.unwrap());
    learned(&mut baseline, 0, Play::coil(7, 21, 5));
    routine(&mut baseline, 0..61);
    baseline
}

#[test]
fn what_a_declared_standby_repeats_is_judged_as_its_master_s_every_time() {
    let mut baseline = with_a_standby();
    for second in 61..90 {
        let verdict = hear(&mut baseline, second, Play::coil(8, 21, 2));
        assert_eq!((verdict.new_at, verdict.provisional), (None, false), "second {second}");
    }
    let verdict = hear(&mut baseline, 90, Play::coil(8, 21, 5));
    assert!(verdict.provisional, "its master did it in one block only as well");
    let zone = gridtap_model::Zone(0);
    assert!(with_a_standby().is_established_commander(zone, host(8)), "as its master is");
    assert!(!with_a_standby().is_established_commander(zone, host(9)));
}

#[test]
fn a_declared_standby_s_return_after_half_a_year_is_no_news_while_its_master_was_there() {
    let mut baseline = with_a_standby();
    hear(&mut baseline, 61, Play::coil(8, 21, 2));
    let day = 86_400;
    hear(&mut baseline, 100 * day, Play::coil(7, 21, 2));
    assert_eq!(judged(&mut baseline, 200 * day, Play::coil(8, 21, 2)).absent_since, None);
    assert!(judged(&mut baseline, 300 * day, Play::coil(8, 21, 2)).absent_since.is_some());
}

#[test]
fn a_declared_standby_opens_the_conversations_of_its_master() {
    let mut baseline = with_a_standby();
    let mut known = |last| {
        let opened = LinkEvent::Opened { handshake: true };
        link((last, 49_152), (21, 502), opened, 61, |seen| {
            let opened =
                gridtap_model::Observation { protocol: gridtap_model::Protocol::Modbus, ..*seen };
            baseline.judge(&opened).access.conversation_known
        })
    };
    assert_eq!((known(7), known(8), known(9)), (true, true, false));
}

#[test]
fn a_device_that_nobody_answers_for_has_not_answered() {
    let mut baseline = short();
    let play = Play::read(7, 21, 0, 10);
    let device = |baseline: &mut Baseline| {
        play.heard(at(5), |observation| {
            let gridtap_model::What::Message(message) = observation.what else { unreachable!() };
            baseline.has_answered(&message.device)
        })
    };
    learned(&mut baseline, 1, play);
    learned(&mut baseline, 2, Play { phase: Phase::Unanswered, ..play });
    assert!(!device(&mut baseline));
    play.answered().heard(at(3), |observation| {
        let gridtap_model::What::Message(message) = observation.what else { unreachable!() };
        baseline.answered(observation, &message);
    });
    assert!(device(&mut baseline));
}

#[test]
fn the_masters_of_a_device_are_those_who_read_or_those_who_command() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    learned(&mut baseline, 61, Play::read(8, 21, 0, 1));
    hear(&mut baseline, 62, Play::coil(9, 21, 1));
    let masters = |commanding| {
        Play::read(7, 21, 0, 1).heard(at(62), |observation| {
            let gridtap_model::What::Message(message) = observation.what else { unreachable!() };
            baseline.masters(&message.device, commanding)
        })
    };
    use crate::play::host;
    assert_eq!(masters(true), [host(7)]);
    assert_eq!(masters(false), [host(7), host(8)]);
}

#[test]
fn the_last_block_of_an_input_may_arm() {
    let mut baseline = short();
    routine(&mut baseline, 0..58);
    assert!(!baseline.armed());
    baseline.finish();
    assert!(baseline.armed());
}

#[test]
fn the_ledger_lists_commands_and_what_identifies_oldest_first() {
    let mut baseline = short();
    learned(&mut baseline, 2, Play::bare(7, 21, 17, "report_server_id"));
    routine(&mut baseline, 3..61);
    hear(&mut baseline, 62, Play::coil(9, 21, 4));
    let ledger = baseline.ledger();
    let lines: Vec<String> = ledger
        .iter()
        .map(|entry| {
            let held = if entry.held { " held" } else { "" };
            let value = entry.point.and_then(|point| point.value);
            let value = value.map(|value| format!(" := {value}")).unwrap_or_default();
            format!(
                "{} {}{value} x{} in {}{held}",
                entry.key, entry.provisional, entry.count, entry.blocks
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "function|zone0|modbus|10.0.0.21#1|10.0.0.7|diagnostic|17:report_server_id true x1 in 1",
            "function|zone0|modbus|10.0.0.21#1|10.0.0.7|command|5:write_single_coil false x2 in 2",
            "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2 false := on x2 in 2",
            "function|zone0|modbus|10.0.0.21#1|10.0.0.9|command|5:write_single_coil true x1 in 1 held",
            "point|zone0|modbus|10.0.0.21#1|10.0.0.9|command|coil|4 true := on x1 in 1 held",
        ]
    );
}

/// A select of a coil, or the operate after it.
fn two_steps(device: u8, index: u32) -> [Play; 2] {
    let coil = Play::coil(7, device, index);
    [
        Play { code: 3, name: "select", phase: Phase::Select, ..coil },
        Play { code: 4, name: "operate", phase: Phase::Operate, ..coil },
    ]
}

#[test]
fn a_point_that_was_only_selected_is_no_commanded_point() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let [select, operate] = two_steps(21, 5);
    for second in 5..45 {
        learned(&mut baseline, second, select);
    }
    assert_eq!(judged(&mut baseline, 61, select).new_at, None, "as a select it is known");
    learned(&mut baseline, 61, two_steps(21, 6)[1]);
    let verdict = judged(&mut baseline, 61, operate);
    assert_eq!((verdict.new_at, verdict.access.points_new), (Some(Level::Point), 1));
    let mut resumed = short();
    resumed.restore(Some(baseline.meta()), &baseline.rows()).unwrap();
    assert_eq!(judged(&mut resumed, 61, operate).new_at, Some(Level::Point));
    assert_eq!(judged(&mut resumed, 61, select).new_at, None);
}

#[test]
fn who_only_configures_is_a_commander_and_no_operator() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let report =
        Play { class: Class::Configuration, ..Play::bare(8, 21, 20, "enable_unsolicited") };
    learned(&mut baseline, 20, report);
    let access = judged(&mut baseline, 61, Play::coil(8, 21, 2)).access;
    assert!(access.commander && !access.operator && !access.operator_elsewhere);
    let access = judged(&mut baseline, 61, Play::coil(7, 21, 2)).access;
    assert!(access.operator && !access.operator_elsewhere);
    let access = judged(&mut baseline, 61, Play::coil(7, 22, 2)).access;
    assert!(!access.operator && access.operator_elsewhere);
}

#[test]
fn how_far_learning_is_reads_as_the_record_says() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let json = serde_json::to_value(baseline.levels()).unwrap();
    assert_eq!(json["since"], "1970-01-01T00:00:00.000000000Z");
    assert_eq!((json["block_s"].as_u64(), json["blocks"].as_u64()), (Some(10), Some(6)));
    let flow = &json["levels"]["flow"];
    assert_eq!(flow["armed"], true);
    assert_eq!(flow["armed_in_s"], 0);
    assert_eq!((flow["keys"].as_u64(), flow["blocks"].as_u64()), (Some(6), Some(6)));
    // 3.0 / 6 blocks of ten seconds, 8,640 of which make a day.
    let most = flow["novel_per_day_max"].as_f64().unwrap();
    assert!((most - 2.9957 / 6.0 * 8_640.0).abs() < 1.0, "{most}");
    assert_eq!(json["levels"]["point"]["armed_in_s"], 420);
    assert_eq!(json["levels"]["value"]["armed"], false);
    assert_eq!(json["zones"][0]["name"], "default");
    assert!(json["declared"].is_null());
}

#[test]
fn what_200_000_commanded_points_and_1_000_devices_cost_is_fixed() {
    let mut baseline = short();
    for device in 0..200_u8 {
        for unit in 0..5 {
            for first in [0, 100] {
                learned(&mut baseline, 1, Play::registers(7, device, first, 100).unit(unit));
            }
            learned(&mut baseline, 1, Play::read(7, device, 0, 125).unit(unit));
        }
    }
    assert_eq!(baseline.levels().levels.point.keys, 200_000);
    let bytes = baseline.memory_bytes();
    assert!(bytes < 20 << 20, "{bytes}");
}
