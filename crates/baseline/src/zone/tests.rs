use super::*;

#[test]
fn a_zone_that_heard_nothing_gains_no_block() {
    let mut zone = ZoneState::new(Zone(0), Timestamp::from_nanos(0));
    zone.block_ended(false, HOUR_NS, &Config::default());
    assert_eq!(zone.blocks, 0);
    zone.hear(Timestamp::from_nanos(1));
    zone.block_ended(false, HOUR_NS, &Config::default());
    assert_eq!(zone.blocks, 1);
}
