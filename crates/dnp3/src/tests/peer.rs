//! What real stations sent.

use super::*;

#[test]
fn what_real_stations_sent_says_what_they_were_given() {
    let answers = include_str!("opendnp3.txt").lines().filter(|line| !line.starts_with('#'));
    let mut read_ones = 0;
    for line in answers {
        let (answer, given) = line.split_once(" | ").unwrap();
        let (function, objects) = answer.split_once(' ').unwrap();
        assert_eq!(read(function.parse().unwrap(), objects).join("; "), given, "{objects}");
        read_ones += 1;
    }
    assert_eq!(read_ones, 67);
}
