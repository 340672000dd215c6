use super::*;
use crate::play::{Play, hear, routine, short};

#[test]
fn the_first_packet_shows_its_host_its_device_and_its_command() {
    let mut baseline = short();
    hear(&mut baseline, 0, Play::coil(7, 21, 2));
    let network = baseline.network(10);
    let addresses: Vec<String> =
        network.hosts.iter().map(|host| host.address.to_string()).collect();
    assert_eq!(addresses, ["10.0.0.7", "10.0.0.21"]);
    assert!(!network.hosts[0].serves && network.hosts[1].serves);
    assert_eq!(network.hosts[0].asked, ByClass::from([(Class::Command, 1)]));
    let [device] = network.devices.as_slice() else { panic!("{network:?}") };
    assert_eq!(device.device.to_string(), "modbus 10.0.0.21 unit 1");
    assert!(!device.answered);
    let [conversation] = network.conversations.as_slice() else { panic!("{network:?}") };
    assert_eq!((conversation.count, conversation.port), (1, 0));
    assert_eq!(conversation.device, Some(device.device));
    let points: Vec<_> = network.commands.iter().map(|entry| entry.point.is_some()).collect();
    assert_eq!(points, [false, true], "the function and the coil");
    assert!(network.commands.iter().all(|entry| entry.standing == Standing::Provisional));
    assert_eq!(network.cut, Cut::default());
}

#[test]
fn what_is_held_back_is_listed_and_says_so() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    hear(&mut baseline, 61, Play::coil(9, 21, 2));
    let network = baseline.network(10);
    let stranger = network.hosts.iter().find(|host| host.address == crate::play::host(9)).unwrap();
    assert_eq!(stranger.standing, Standing::Held);
    let held = network.commands.iter().filter(|entry| entry.standing == Standing::Held);
    assert!(held.clone().count() > 0 && held.clone().all(|entry| entry.held));
    let master = network.hosts.iter().find(|host| host.address == crate::play::host(7)).unwrap();
    assert_eq!(master.standing, Standing::Learned);
}

#[test]
fn where_there_is_no_room_for_all_the_known_stay_and_the_rest_is_counted() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let known = baseline.network(100);
    for stranger in 100..120 {
        hear(&mut baseline, 61, Play::coil(stranger, 21, 2));
    }
    let all = baseline.network(100);
    assert_eq!(all.hosts.len(), known.hosts.len() + 20);
    let room = known.hosts.len();
    let few = baseline.network(room);
    assert_eq!(few.hosts.len(), room);
    assert!(few.hosts.iter().all(|host| host.standing > Standing::Held), "{few:?}");
    assert_eq!(few.cut.hosts, 20);
    assert_eq!(few.cut.conversations, all.conversations.len() as u64 - room as u64);
    assert_eq!(baseline.network(0).cut.commands, all.commands.len() as u64);
}
