//! Many outstations that one master opens, each by a command that is right.

use super::*;

/// What is told of campaigns.
fn told(plant: &Plant) -> Vec<Anomaly> {
    let all = plant.last().into_iter().filter(|anomaly| anomaly.detection == "DN-44");
    all.filter(|anomaly| anomaly.severity == Severity::Critical).collect()
}

/// Two hours of polls: the most within ten minutes is known after that.
fn for_long(mut plant: Plant) -> Plant {
    for _ in 0..7_200 {
        plant.say(&Say::poll(MASTER));
        plant.pass(1);
    }
    plant
}

fn opened(plant: &mut Plant, sub: u16) {
    plant.say(&Say::select(7, TRIP).to(sub));
    plant.pass(2);
    plant.say(&Say::operate(7, TRIP).to(sub));
    plant.pass(100);
}

#[test]
fn the_third_outstation_that_one_master_opens_within_ten_minutes_is_critical() {
    let mut plant = for_long(Plant::station());
    opened(&mut plant, 31);
    opened(&mut plant, 32);
    plant.say(&Say::select(7, TRIP).to(33));
    assert!(told(&plant).is_empty(), "two are not many, and what is selected is not opened");
    plant.pass(1);
    opened(&mut plant, 33);
    let [first] = &told(&plant)[..] else { panic!("{:?}", plant.findings()) };
    assert!(
        first.observed.starts_with(
            "10.0.0.7 opened something at 3 outstations within 205 s, the last: operate"
        ),
        "{}",
        first.observed
    );
    assert!(first.expected.contains("at one outstation"), "{}", first.expected);
    opened(&mut plant, 34);
    let incidents: std::collections::BTreeSet<_> =
        told(&plant).iter().map(|anomaly| anomaly.incident).collect();
    assert_eq!(incidents.len(), 1, "one incident, however many it reaches");
}

#[test]
fn what_is_closed_or_takes_its_time_or_stays_at_one_outstation_is_no_campaign() {
    let mut plant = for_long(Plant::station());
    for sub in [31, 32, 33, 34] {
        plant.say(&Say::direct(7, CLOSE).to(sub));
        plant.pass(10);
    }
    for sub in [31, 32, 33, 34] {
        opened(&mut plant, sub);
        plant.pass(400);
    }
    for _ in 0..6 {
        plant.two_steps(7, TRIP);
        plant.pass(10);
    }
    assert!(told(&plant).is_empty(), "{:?}", plant.findings());
}

#[test]
fn as_many_as_were_opened_while_it_was_learned_are_no_campaign_and_more_are() {
    let often = [31, 32, 33].map(|sub| Say::direct(7, TRIP).to(sub));
    let mut plant = for_long(Plant::station_of("", &[], &often));
    for sub in [31, 32, 33] {
        plant.say(&Say::direct(7, TRIP).to(sub));
        plant.pass(1);
    }
    assert!(told(&plant).is_empty(), "{:?}", plant.findings());
    for sub in [41, 42, 43] {
        plant.say(&Say::direct(7, TRIP).to(sub));
        plant.pass(1);
    }
    assert!(!told(&plant).is_empty());
}

#[test]
fn before_two_hours_are_heard_nobody_knows_how_many_are_opened_in_ten_minutes() {
    let mut plant = Plant::station();
    plant.pass(700);
    [31, 32, 33, 34].into_iter().for_each(|sub| opened(&mut plant, sub));
    assert!(told(&plant).is_empty(), "{:?}", plant.findings());
}

#[test]
fn a_standby_opens_as_many_as_its_master_and_a_record_is_beaten_by_more_than_one() {
    let site = "[[hosts]]\nname = \"front end\"\naddresses = [\"10.0.0.7\"]\nrole = \"master\"\n\n[[hosts]]\nname = \
                \"standby\"\naddresses = [\"10.0.0.9\"]\nrole = \"standby\"\nstandby_for = \"front end\"\n";
    let often = [31, 32, 33].map(|sub| Say::direct(7, TRIP).to(sub));
    let mut plant = for_long(Plant::station_of(site, &[], &often));
    let open = |plant: &mut Plant, sub| {
        plant.say(&Say::direct(7, TRIP).by(9, FRONT_END).to(sub).in_conversation(9));
        plant.pass(1);
    };
    [31, 32, 33, 34, 35].into_iter().for_each(|sub| open(&mut plant, sub));
    assert!(told(&plant).is_empty(), "four were learned of its master: {:?}", plant.findings());
    open(&mut plant, 36);
    assert!(!told(&plant).is_empty());
}

#[test]
fn where_two_are_opened_together_as_a_matter_of_course_three_are_none_and_four_are_a_campaign() {
    // The station of these tests opens its own breaker, too.
    let open = |plant: &mut Plant, sub| {
        plant.say(&Say::direct(7, TRIP).to(sub));
        plant.pass(1);
        told(plant).len()
    };
    let told_of = |evenings: u32| {
        let mut plant = for_long(Plant::station_of("", &[], &[Say::direct(7, TRIP).to(31)]));
        for _ in 0..evenings {
            plant.two_steps(7, TRIP);
            open(&mut plant, 31);
            plant.pass(2_400);
        }
        [31, 41, 42, 43].map(|sub| open(&mut plant, sub) > 0)
    };
    assert_eq!(told_of(0), [false, false, true, true]);
    assert_eq!(told_of(3), [false, false, false, true]);
}
