use gridtap_baseline::{LevelState, Levels, PerLevel};
use gridtap_model::Timestamp;

use super::{counted, sentence, write};

fn levels(armed: bool) -> Levels {
    let level = |armed, armed_in_s| LevelState {
        armed,
        keys: 41,
        blocks: 3,
        novel_per_day: 0.0,
        novel_per_day_max: Some(0.34),
        armed_in_s,
        waits_for: None,
    };
    Levels {
        since: Some(Timestamp::from_parts(1_714_557_600, 0)),
        until: Some(Timestamp::from_parts(1_714_568_400, 0)),
        block_s: 3600,
        blocks: 3,
        armed,
        levels: PerLevel {
            flow: level(armed, 10_800),
            function: level(armed, 10_800),
            address: level(false, 162_000),
            point: level(false, 0),
            value: LevelState::default(),
            timing: LevelState::default(),
        },
        zones: Vec::new(),
        declared: None,
    }
}

#[test]
fn a_baseline_that_has_not_armed_says_so_and_what_helps() {
    let text = sentence(&levels(false));
    assert!(
        text.starts_with("still learning after 3 blocks of 1h: silence is not a result"),
        "{text}"
    );
    assert!(text.contains("About 3h more are needed"), "{text}");
    assert!(text.contains("--set baseline.block=10s") && text.contains("--site"), "{text}");
}

#[test]
fn an_armed_baseline_says_on_what_and_what_is_still_learning() {
    let text = sentence(&levels(true));
    assert_eq!(
        text,
        "flow and function judge, on 3 blocks of 1h; still learning: address, point, value"
    );
}

#[test]
fn the_account_lists_every_level() {
    let mut out = Vec::new();
    write(&mut out, &levels(true)).unwrap();
    let text = String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap();
    assert!(text.contains("flow       yes           41        3         0.00      0.34"), "{text}");
    assert!(
        text.contains("address    not yet       41        3         0.00      0.34   45h"),
        "{text}"
    );
}

#[test]
fn thousands_stand_apart() {
    assert_eq!(counted(0), "0");
    assert_eq!(counted(999), "999");
    assert_eq!(counted(1_234_567), "1,234,567");
}
