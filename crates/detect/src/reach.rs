//! How far something spreads within a while: the places that were reached, each counted once.

use core::net::IpAddr;

use gridtap_model::Timestamp;

use crate::crowd::Hosts;
use crate::window::Window;

/// A spread that has paused for so long is over; what comes then is another.
const PAUSE_NS: u64 = 900_000_000_000;
/// The most places that are remembered of one spread, whatever the settings ask for.
const PLACES_MAX: usize = 512;

/// What was reached. One place is counted again only when it has been forgotten.
#[derive(Debug)]
pub(crate) struct Reach<T> {
    recent: Window<T>,
    hosts: Hosts,
    told: Option<Told>,
    began: Timestamp,
    last: Timestamp,
}

#[derive(Debug)]
struct Told {
    places: u64,
    /// Told again when it has come as far as this.
    next: u64,
}

impl<T> Default for Reach<T> {
    fn default() -> Self {
        Self {
            recent: Window::default(),
            hosts: Hosts::default(),
            told: None,
            began: Timestamp::MIN,
            last: Timestamp::MIN,
        }
    }
}

/// How far a spread has come.
#[derive(Debug)]
pub(crate) struct Far {
    pub(crate) places: u64,
    /// `50 hosts (10.0.0.1 to 10.0.0.50)`
    pub(crate) hosts: String,
    pub(crate) seconds: u64,
    pub(crate) frames: Vec<u64>,
}

impl<T: PartialEq> Reach<T> {
    /// Counts a place. Says how many there are within `span_ns` with it.
    pub(crate) fn add(
        &mut self,
        (now, frame): (Timestamp, u64),
        place: T,
        host: IpAddr,
        span_ns: u64,
        enough: usize,
    ) -> u64 {
        if now.since_ns(self.last) > PAUSE_NS {
            (self.told, self.hosts) = (None, Hosts::default());
        }
        self.recent.forget(now, span_ns);
        if self.recent.holds(&place) {
            return 0;
        }
        if self.recent.count() == 0 && self.told.is_none() {
            (self.began, self.hosts) = (now, Hosts::default());
        }
        self.last = self.last.max(now);
        self.recent.push(now, frame, place, span_ns, enough.clamp(1, PLACES_MAX));
        self.hosts.add(host);
        if let Some(told) = &mut self.told {
            told.places = told.places.saturating_add(1);
        }
        u64::try_from(self.recent.count()).unwrap_or(u64::MAX)
    }

    /// How far it has come, where that is worth telling: it has reached `enough`, or twice as much as when it was told.
    pub(crate) fn worth(&mut self, enough: u64) -> Option<Far> {
        let here = u64::try_from(self.recent.count()).unwrap_or(u64::MAX);
        let places = match &mut self.told {
            Some(told) if told.places >= told.next => {
                told.next = told.next.saturating_mul(2);
                told.places
            }
            None if here >= enough => {
                self.told = Some(Told { places: here, next: here.saturating_mul(2) });
                here
            }
            _ => return None,
        };
        Some(Far {
            places,
            hosts: self.hosts.spread("hosts").unwrap_or_default(),
            seconds: self.last.since_ns(self.began).div_euclid(1_000_000_000).max(1),
            frames: self.recent.frames(),
        })
    }

    /// Whether it was told, and goes on.
    pub(crate) const fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Forgets places that turned out to be none.
    pub(crate) fn keep(&mut self, is_one: impl Fn(&T) -> bool) {
        self.recent.keep(is_one);
    }

    /// The places that are remembered, oldest first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &T> {
        self.recent.iter()
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    const MINUTE_NS: u64 = 60_000_000_000;

    fn host(nth: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + nth))
    }

    /// One place every so many seconds; when it was told, with how many places.
    fn told(step: i64, places: u32, enough: usize) -> Vec<(u32, u64)> {
        let mut reach = Reach::default();
        let mut told = Vec::new();
        for nth in 1..=places {
            let now = Timestamp::from_parts(1_000 + i64::from(nth) * step, 0);
            reach.add((now, u64::from(nth)), nth, host(nth), 2 * MINUTE_NS, enough);
            if let Some(far) = reach.worth(u64::try_from(enough).unwrap()) {
                told.push((nth, far.places));
            }
        }
        told
    }

    #[test]
    fn a_spread_is_told_when_it_is_wide_enough_and_again_when_it_has_doubled() {
        assert_eq!(told(1, 250, 50), [(50, 50), (100, 100), (200, 200)]);
        assert_eq!(told(0, 200_000, 50).len(), 12, "however far it goes");
    }

    #[test]
    fn places_outside_the_time_do_not_add_up() {
        assert_eq!(told(5, 250, 50), []);
    }

    #[test]
    fn a_place_counts_once() {
        let mut reach = Reach::default();
        let now = Timestamp::from_parts(1_000, 0);
        for frame in 0..100 {
            reach.add((now, frame), 7, host(7), MINUTE_NS, 50);
        }
        assert!(reach.worth(2).is_none());
        assert_eq!(reach.places().count(), 1);
    }
}
