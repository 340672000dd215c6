use std::collections::BTreeSet;

use super::*;

#[test]
fn a_seed_always_draws_the_same_site_and_another_seed_another_one() {
    let text = |seed| toml::to_string(&Site::draw(seed)).unwrap();
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
}

#[test]
fn a_site_reads_back_from_the_data_it_is_written_as() {
    let site = Site::draw(3);
    let again: Site = toml::from_str(&toml::to_string(&site).unwrap()).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), toml::to_string(&site).unwrap());
}

#[test]
fn every_site_is_the_substation_that_the_scenarios_need() {
    for seed in 0..300 {
        let site = Site::draw(seed);
        assert_eq!(site.rtus.len(), 6);
        assert_eq!(site.rtus.iter().filter(|rtu| rtu.gateway.is_some()).count(), 1);
        assert!(site.rtus.iter().all(|rtu| (rtu.units.len() > 1) == rtu.gateway.is_some()));
        let hosts: BTreeSet<_> = site.hosts().map(|host| host.address).collect();
        assert_eq!(hosts.len(), 10, "seed {seed}: addresses are not shared");
        assert_eq!(site.masters.len(), 3);
        let historian = &site.masters[2];
        for link in &historian.links {
            assert!(link.orders.is_empty() && !link.polls.is_empty());
            assert!(link.polls.iter().all(|poll| matches!(poll.read.table.read(), 3 | 4)));
        }
        let commanded = site.masters[0].links.iter().filter(|link| !link.orders.is_empty());
        assert!(commanded.count() >= 4, "seed {seed}");
    }
}

#[test]
fn no_two_masters_write_one_point_and_every_device_has_points_never_written() {
    for seed in 0..300 {
        let site = Site::draw(seed);
        for (nth, rtu) in site.rtus.iter().enumerate() {
            for unit in &rtu.units {
                for range in &unit.ranges {
                    for address in range.addresses() {
                        let writers = site
                            .masters
                            .iter()
                            .flat_map(|master| &master.links)
                            .filter(|link| link.rtu == nth)
                            .flat_map(|link| &link.orders)
                            .filter(|order| order.writes(unit.id, range.table, address));
                        assert!(writers.count() <= 1, "seed {seed}");
                    }
                }
                let settings =
                    unit.ranges.iter().find(|range| range.table == Table::HoldingRegister);
                let never = settings.unwrap().addresses().filter(|address| {
                    !site.written(nth, unit.id, Table::HoldingRegister, *address)
                });
                assert!(never.count() >= 4, "seed {seed}");
            }
        }
    }
}

#[test]
fn a_walk_over_all_addresses_misses_at_least_five_times_in_its_first_ten_steps() {
    for seed in 0..300 {
        let site = Site::draw(seed);
        for unit in site.rtus.iter().flat_map(|rtu| &rtu.units) {
            for table in [Table::HoldingRegister, Table::InputRegister] {
                let hits = (0..10_u16)
                    .map(|step| step * 64)
                    .filter(|first| {
                        (*first..first + 64).all(|address| unit.range(table, address).is_some())
                    })
                    .count();
                assert!(hits <= 5, "seed {seed}");
            }
        }
    }
}
