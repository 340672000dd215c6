//! What is taken for routine is told and learned as if it were looked at in full.

use gridtap_model::{Authentication, Indications};

use super::*;

const SITE: &str = r#"
    [[hosts]]
    name = "front end"
    addresses = ["10.0.0.7"]

    [[devices]]
    name = "rtu"
    protocol = "dnp3"
    address = "10.0.0.21"
    link = 10

    [[access]]
    hosts = ["front end"]
    devices = ["rtu"]
"#;

/// Numbers without any order that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()].clone()
    }

    fn is_one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

/// A poll as it always was, or as it never was in one thing or several.
fn poll(dice: &mut Dice) -> Say {
    let (master, link, conversation) = dice.of(&[(MASTER, FRONT_END, 1), (HISTORIAN, 2, 2)]);
    let mut say = Say::poll(MASTER).by(master, link).in_conversation(conversation);
    if !dice.is_one_in(3) {
        return say;
    }
    for _ in 0..=dice.below(2) {
        match dice.below(14) {
            0 => say = say.by(STRANGER, 9),
            1 => say = say.by(master, 9),
            2 => say.rtu = RTU + 1,
            3 => say.sub = dice.of(&[11, 12, 0xFFFF]),
            4 => say.conversation = 3,
            5 => say.points = dice.of(&[vec![0], vec![1], vec![2, 3], vec![], vec![1, 2, 3, 0]]),
            6 => say.table = dice.of(&[Table::ANALOG_INPUT, Table::BINARY_INPUT]),
            7 => say.effect = dice.of(&[Effect::Plain, Effect::Echo, Effect::FileService]),
            8 => (say.code, say.name) = dice.of(&[(2, "write"), (23, "delay"), (1, "read")]),
            9 => say = say.faulty(dice.of(&[FaultKind::Direction, FaultKind::Value])),
            10 => say.hearing.gap = true,
            11 => say.dialogue.occasion = dice.of(&[Occasion::Opening, Occasion::Restart]),
            12 => {
                let authentication = [Authentication::Failed(1), Authentication::Shown];
                say.dialogue.authentication = dice.of(&authentication);
            }
            _ => say.class = dice.of(&[Class::Link, Class::Diagnostic, Class::File]),
        }
    }
    say.answer = dice.of(&[say.answer, None]);
    say
}

fn anything(dice: &mut Dice, now: Timestamp) -> Say {
    let control = dice.of(&[TRIP, CLOSE]);
    let point = dice.of(&[7, 8, 9]);
    match dice.below(24) {
        0 => Say::select(point, control),
        1 => Say::operate(point, control),
        2 => Say::direct(point, control).by(HISTORIAN, 2),
        3 => Say::reporting(false).at(Occasion::Opening).in_conversation(dice.of(&[1, 4])),
        4 => Say::reporting(true),
        5 => Say::clock(dice.of(&[0, 90]), now),
        6 => Say::restart_seen(),
        7 => Say {
            phase: Phase::Response,
            answer: None,
            dialogue: Dialogue {
                indications: Some(Indications(dice.of(&[0, 0x80, 0x20, 0x8000]))),
                ..poll(dice).dialogue
            },
            ..poll(dice)
        },
        _ => poll(dice),
    }
}

/// What a day of it brings: what is told, and what is learned.
fn day(seed: u64, is_thorough: bool) -> (Vec<Anomaly>, Vec<gridtap_baseline::Row>, Vec<u64>) {
    let mut dice = Dice(seed | 1);
    let config = gridtap_baseline::Config { block: "10s".parse().unwrap(), ..Default::default() };
    let mut plant = Plant::with(config, dice.of(&["", SITE]));
    plant.detector.is_thorough = is_thorough;
    for second in 0..300_u32 {
        plant.say(&Say::poll(MASTER));
        plant.say(&Say::poll(HISTORIAN).by(HISTORIAN, 2).in_conversation(2));
        match second % 60 {
            10 => plant.two_steps(7, TRIP),
            20 => plant.two_steps(7, CLOSE),
            _ => plant.pass(1),
        }
    }
    for _ in 0..400 {
        let say = anything(&mut dice, plant.now);
        // As many at once as a flood has, now and then.
        let times = if dice.is_one_in(60) { 150 } else { 1 };
        for _ in 0..times {
            plant.say(&say);
        }
        plant.baseline.repeat(dice.is_one_in(20));
        plant.pass(dice.of(&[0, 0, 1, 1, 1, 2, 40]));
    }
    plant.detector.finish();
    plant.told.extend(plant.detector.take());
    let evicted = plant.detector.evictions().map(|(_, count)| count).collect();
    (plant.told, plant.baseline.rows(), evicted)
}

#[test]
fn what_is_taken_for_routine_is_told_and_learned_as_if_it_were_looked_at_in_full() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 1..=12_u64 {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (quick, thorough) = (day(seed, false), day(seed, true));
        for (quick, thorough) in quick.0.iter().zip(&thorough.0) {
            assert_eq!(quick, thorough, "seed {seed}");
        }
        assert_eq!(quick, thorough, "seed {seed}");
        kinds.extend(quick.0.iter().map(|anomaly| anomaly.detection));
    }
    // It means something only where much of many kinds is told.
    assert!(kinds.len() >= 12, "{kinds:?}");
}
