//! Newly commanded points where they are common: one step lower, but for those that come in another way.

use super::*;

impl Plant {
    /// A plant whose operator sets something else every twenty seconds.
    fn busy() -> Self {
        Self::busy_with(Table::HOLDING_REGISTER)
    }

    fn busy_with(table: Table) -> Self {
        let mut plant = Self::new("");
        plant.baseline.teach(true);
        for second in 0..600_u32 {
            for rtu in [RTU, RTU + 1] {
                plant.ask(Ask::read(MASTER, rtu, 0, 10));
            }
            if second % 20 == 5 {
                let rtu = RTU + u8::from(second % 40 == 5);
                plant.ask(Ask { table, ..Ask::write(MASTER, rtu, 100 + second, 1) });
            }
            plant.pass(1);
        }
        plant.baseline.teach(false);
        plant
    }

    fn writes(&mut self, ask: Ask) -> Vec<Severity> {
        self.told.clear();
        self.ask(ask);
        self.above_low().iter().map(|anomaly| anomaly.severity).collect()
    }
}

#[test]
fn one_more_point_is_medium_where_such_are_common_and_the_third_within_a_quarter_of_an_hour_high() {
    let mut plant = Plant::busy();
    let mut said = |register, pause| {
        plant.pass(pause);
        plant.writes(Ask::write(MASTER, RTU, register, 1))
    };
    assert_eq!(said(1_000, 1), [Severity::Medium]);
    assert_eq!(said(1_001, 60), [Severity::Medium]);
    assert_eq!(said(1_002, 60), [Severity::High], "the third");
    assert_eq!(said(1_003, 3_600), [Severity::Medium]);
    for _ in 0..4 {
        let again = said(1_003, 60);
        assert!(!again.contains(&Severity::High), "the same again is no other news: {again:?}");
    }
}

#[test]
fn many_points_at_once_are_none_of_the_usual_news() {
    let many = Ask { code: 6, count: 20, ..Ask::write(MASTER, RTU, 1_000, 1) };
    assert_eq!(Plant::busy().writes(many), [Severity::High]);
    let coils = |first| Ask { table: Table::COIL, count: 2, ..Ask::write(MASTER, RTU, first, 1) };
    let mut plant = Plant::busy_with(Table::COIL);
    assert_eq!(plant.writes(coils(1_000)), [Severity::Medium]);
    assert_eq!(plant.writes(coils(1_000)), [Severity::Medium]);
    assert_eq!(plant.writes(coils(1_001)), [Severity::High], "the third, beside one that was told");
    let value = Ask { code: 6, count: 4, ..Ask::write(MASTER, RTU, 1_000, 1) };
    assert_eq!(Plant::busy().writes(value), [Severity::Medium], "64 bits");
}

#[test]
fn what_another_program_on_the_master_s_host_commands_is_high_and_a_master_that_connects_anew_is_not()
 {
    let mut plant = Plant::busy();
    plant.conversation = 2;
    plant.ask(Ask::read(MASTER, RTU, 0, 10));
    assert_eq!(plant.writes(Ask::write(MASTER, RTU, 1_000, 1)), [Severity::High]);
    let mut plant = Plant::busy();
    plant.conversation = 2;
    for _ in 0..70 {
        plant.ask(Ask::read(MASTER, RTU, 0, 10));
        plant.pass(1);
    }
    assert_eq!(plant.writes(Ask::write(MASTER, RTU, 1_000, 1)), [Severity::Medium]);
}
