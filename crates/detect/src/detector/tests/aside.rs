//! Commands of known points by a known master, in another conversation than it ever used.

use super::*;

/// Another program on the master's host.
const OTHER: u64 = 2;

impl Plant {
    /// A plant whose operator sets the same register every ten minutes, in the conversation that polls; on so many of the
    /// occasions in another one.
    fn operated(aside: u32) -> Self {
        Self::operated_with("", aside)
    }

    fn operated_with(site: &str, aside: u32) -> Self {
        let mut plant = Self::new(site);
        plant.baseline.teach(true);
        for second in 0..6_600_u32 {
            plant.ask(Ask::read(MASTER, RTU, 0, 10));
            if second % 600 == 5 {
                plant.conversation = if second / 600 < aside { OTHER } else { 1 };
                plant.ask(Ask::write(MASTER, RTU, 5, 1));
                plant.conversation = 1;
            }
            plant.pass(1);
        }
        plant.baseline.teach(false);
        assert!(plant.baseline.is_zone_armed(Zone(0)));
        assert_eq!(plant.said(), []);
        plant
    }

    fn polls(&mut self, conversation: u64, seconds: u32) {
        self.conversation = conversation;
        for _ in 0..seconds {
            self.ask(Ask::read(MASTER, RTU, 0, 10));
            self.pass(1);
        }
    }

    /// What is said of the known command in a conversation.
    fn commands(&mut self, conversation: u64) -> Vec<(&'static str, Severity)> {
        self.told.clear();
        self.conversation = conversation;
        self.ask(Ask::write(MASTER, RTU, 5, 1));
        self.said()
    }

    /// The end of a conversation of this protocol is heard.
    fn closes(&mut self, conversation: u64, protocol: Protocol) {
        let (master, server) = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 502));
        let end = What::Link(LinkEvent::Closed);
        self.heard_of(protocol, conversation, master, server, end);
    }
}

const BESIDE: (&str, Severity) = ("OT-34", Severity::High);
const TAKEN_OVER: (&str, Severity) = ("OT-34", Severity::Critical);

#[test]
fn a_known_command_beside_the_conversation_that_polls_is_high() {
    let mut plant = Plant::operated(0);
    assert_eq!(plant.commands(1), []);
    assert_eq!(plant.commands(OTHER), [BESIDE]);
    let told = &plant.above_low()[0];
    assert!(told.expected.contains("on 12 of 12 occasions"), "{}", told.expected);
    assert!(told.expected.ends_with("that one was last heard polling 1 s before"));
    plant.polls(1, 900);
    assert_eq!(plant.commands(3), [BESIDE], "it is not learned by repetition");
}

#[test]
fn a_command_in_place_of_the_conversation_that_ended_is_critical_whatever_else_it_is() {
    let mut plant = Plant::operated(0);
    plant.closes(1, Protocol::Modbus);
    // What else these two end is no matter.
    (50..60).for_each(|other| plant.closes(other, Protocol::Unknown));
    (60..63).for_each(|other| plant.closes(other, Protocol::Modbus));
    plant.pass(20);
    assert_eq!(plant.commands(OTHER), [TAKEN_OVER]);
    let told = &plant.above_low()[0];
    assert!(
        told.expected.contains("ended 20 s before, and nothing is polled"),
        "{}",
        told.expected
    );
    let mut plant = Plant::operated(0);
    plant.closes(1, Protocol::Modbus);
    plant.pass(20);
    plant.conversation = OTHER;
    plant.ask(Ask::write(MASTER, RTU, 77, 1));
    assert_eq!(plant.said(), [TAKEN_OVER], "a new point beside it makes it no less");
    assert!(plant.above_low()[0].also.contains(&"MB-31"), "{:?}", plant.above_low()[0].also);
}

#[test]
fn a_command_that_was_there_before_the_end_was_heard_becomes_critical_with_it() {
    let mut plant = Plant::operated(0);
    assert_eq!(plant.commands(OTHER), [BESIDE]);
    plant.pass(2);
    plant.closes(1, Protocol::Modbus);
    assert_eq!(plant.said(), [TAKEN_OVER], "the same, and worse");
    let mut plant = Plant::operated(0);
    assert_eq!(plant.commands(OTHER), [BESIDE]);
    plant.pass(2);
    plant.closes(7, Protocol::Modbus);
    plant.pass(10);
    plant.closes(1, Protocol::Modbus);
    assert_eq!(plant.said(), [BESIDE], "another, and long after");
}

#[test]
fn a_conversation_that_ended_long_ago_was_not_taken_over() {
    let mut plant = Plant::operated(0);
    plant.closes(1, Protocol::Modbus);
    plant.pass(601);
    assert_eq!(plant.commands(OTHER), [BESIDE]);
    let mut plant = Plant::operated(0);
    plant.closes(1, Protocol::Modbus);
    plant.pass(600);
    assert_eq!(plant.commands(OTHER), [TAKEN_OVER]);
}

#[test]
fn a_master_that_connects_anew_and_polls_may_command_there() {
    let mut plant = Plant::operated(0);
    plant.closes(1, Protocol::Modbus);
    plant.pass(5);
    plant.polls(OTHER, 1);
    assert_eq!(plant.commands(OTHER), []);
    // Its end was not heard, but it is silent.
    let mut plant = Plant::operated(0);
    plant.pass(5);
    plant.polls(OTHER, 1);
    assert_eq!(plant.commands(OTHER), []);
}

#[test]
fn one_poll_that_anybody_could_copy_is_not_enough_while_the_other_conversation_polls() {
    let mut plant = Plant::operated(0);
    let mut polled = |others: u32| {
        plant.polls(1, 900);
        for _ in 0..3 {
            plant.conversation = 10 + u64::from(others);
            (0..others).for_each(|_| plant.ask(Ask::read(MASTER, RTU, 0, 10)));
            plant.conversation = 1;
            plant.ask(Ask::read(MASTER, RTU, 0, 10));
            plant.conversation = 20 + u64::from(others);
            plant.ask(Ask::read(MASTER, RTU, 0, 10));
        }
        plant.commands(10 + u64::from(others))
    };
    assert_eq!(polled(0), [BESIDE]);
    assert_eq!(polled(1), [], "three of them are, with a third conversation between");
    let mut plant = Plant::operated(0);
    plant.polls(OTHER, 1);
    plant.polls(1, 1);
    plant.polls(OTHER, 1);
    plant.polls(1, 1);
    assert_eq!(plant.commands(OTHER), [BESIDE], "two are not");
}

#[test]
fn reads_that_were_never_heard_make_no_conversation_one_that_polls() {
    let mut plant = Plant::operated(0);
    plant.conversation = OTHER;
    for first in 0..5 {
        plant.ask(Ask::read(MASTER, RTU, 300 + first, 1));
    }
    assert_eq!(plant.commands(OTHER), [BESIDE]);
    let mut plant = Plant::operated(0);
    plant.pass(120);
    plant.conversation = OTHER;
    plant.ask(Ask::read(MASTER, RTU, 300, 1));
    assert_eq!(plant.commands(OTHER), [BESIDE], "nor where the master's own is silent for long");
}

#[test]
fn a_master_that_also_commanded_elsewhere_while_it_was_learned_may() {
    assert_eq!(Plant::operated(1).commands(OTHER), []);
    assert_eq!(Plant::operated(1).commands(3), []);
}

#[test]
fn once_where_it_connected_anew_is_no_habit_among_many_occasions() {
    let mut plant = Plant::operated(1);
    for _ in 0..40 {
        plant.polls(1, 600);
        plant.commands(1);
    }
    assert_eq!(plant.commands(OTHER), [BESIDE]);
}

#[test]
fn few_occasions_say_nothing_and_nobody_makes_a_habit_meanwhile() {
    let mut plant = Plant::learned();
    assert_eq!(plant.commands(OTHER), [], "ten minutes are few occasions");
    let occasions = (1..20).find(|_| {
        plant.polls(1, 600);
        plant.commands(1);
        plant.commands(OTHER) == [BESIDE]
    });
    assert_eq!(occasions, Some(6), "two were heard in those ten minutes, and eight it takes");
}

#[test]
fn what_the_site_file_allows_is_no_news_wherever_it_is_said() {
    let site = r#"
        [[hosts]]
        name = "master"
        addresses = ["10.0.0.7"]
        [[devices]]
        name = "rtu"
        address = "10.0.0.21"
        protocol = "modbus"
        unit = 1
        [[access]]
        hosts = ["master"]
        devices = ["rtu"]
    "#;
    let mut plant = Plant::operated_with(site, 0);
    assert_eq!(plant.commands(OTHER), []);
}

#[test]
fn an_accepted_command_may_come_beside_the_polls_and_not_in_their_place() {
    let accepted = || {
        let mut plant = Plant::operated(0);
        assert_eq!(plant.commands(OTHER), [BESIDE]);
        let key = plant.above_low()[0].key.clone().expect("what may be accepted");
        let acceptance = gridtap_baseline::Acceptance {
            by: "a.berg".to_owned(),
            second: Some("r.meier".to_owned()),
            reason: "a second program".to_owned(),
            at_ns: plant.now.nanos(),
            until_ns: None,
        };
        plant.baseline.accept(&key, acceptance).unwrap();
        plant.polls(1, 900);
        plant
    };
    assert_eq!(accepted().commands(3), []);
    let mut plant = accepted();
    plant.closes(1, Protocol::Modbus);
    plant.pass(20);
    assert_eq!(plant.commands(3), [TAKEN_OVER]);
}
