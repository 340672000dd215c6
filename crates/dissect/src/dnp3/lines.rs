//! Several masters on one line behind a serial server: what is heard on the line goes to every connection. So each of
//! them hears the answers to the others, and on a line of two wires all requests again, its own among them, from the
//! side of the devices. What is only overheard asks nothing of who receives it: it is judged where it was said to the
//! line, and its copies are decoded and no more.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use gridtap_model::{Conversation, Zone};

/// A device and its master by their link addresses, at the host that the device is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OnLine {
    pub(super) zone: Zone,
    pub(super) host: IpAddr,
    pub(super) device: u16,
    pub(super) master: u16,
}

/// Who asks as that master.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) host: IpAddr,
    pub(super) conversation: Conversation,
}

/// What may be given back by a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenBack {
    /// Who hears it.
    pub(super) to: IpAddr,
    /// It is for every device.
    pub(super) everybody: bool,
    /// Who says it was called by who hears it.
    pub(super) called: bool,
}

/// Who asks whom at which host.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Those that were answered.
    answered: BTreeMap<OnLine, Asker>,
    /// The last that were not yet: anybody can ask as anybody.
    asked: VecDeque<(OnLine, Asker)>,
    /// How many answers came from a host since it last gave a request back.
    plain: BTreeMap<(Zone, IpAddr), u32>,
    max: usize,
}

/// So many wait for their first answer.
const ASKED_MAX: usize = 64;

/// A line that gives requests back gives all of them back: a host that has answered so often and given none back is none.
/// A few may be lost on the way to the sensor.
const PLAIN_MAX: u32 = 8;

impl Lines {
    pub(crate) const fn new(max: usize) -> Self {
        Self { answered: BTreeMap::new(), asked: VecDeque::new(), plain: BTreeMap::new(), max }
    }

    /// A master asks. Where there are too many, those that were answered first stay.
    pub(super) fn ask(&mut self, on_line: OnLine, asker: Asker) {
        if let Some(known) = self.answered.get_mut(&on_line) {
            *known = asker;
            return;
        }
        if let Some((_, waiting)) = self.asked.iter_mut().find(|(it, _)| *it == on_line) {
            *waiting = asker;
            return;
        }
        if self.asked.len() >= ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((on_line, asker));
    }

    /// The device answered.
    pub(super) fn answer(&mut self, on_line: OnLine) {
        let place = (on_line.zone, on_line.host);
        if let Some(plain) = self.plain.get_mut(&place) {
            *plain = plain.saturating_add(1);
        } else if self.plain.len() < self.max {
            self.plain.insert(place, 1);
        }
        let Some(at) = self.asked.iter().position(|(it, _)| *it == on_line) else { return };
        if let Some((_, asker)) = self.asked.remove(at)
            && self.answered.len() < self.max
        {
            self.answered.insert(on_line, asker);
        }
    }

    /// Whether a device was heard answering at a host.
    fn is_home(&self, zone: Zone, host: IpAddr, device: u16) -> bool {
        let of = |master| OnLine { zone, host, device, master };
        self.answered.range(of(0)..=of(u16::MAX)).next().is_some()
    }

    /// The pairs of a host that were answered.
    fn at_host(&self, zone: Zone, host: IpAddr) -> impl Iterator<Item = (&OnLine, &Asker)> {
        let of = |link| OnLine { zone, host, device: link, master: link };
        self.answered.range(of(0)..=of(u16::MAX))
    }

    /// Whether what a host sends as a master is what it was asked itself: the device is at home with the sender. A
    /// command to a device that is at home where it goes is none, whoever was heard saying the same elsewhere; nor is
    /// one to everybody, or to a device that was not heard yet, where any device is at home. Nor is what someone says
    /// who called, as a relay does: a line is called by its masters, or calls who has asked there.
    pub(super) fn is_echo(&mut self, on_line: OnLine, said: GivenBack) -> bool {
        let OnLine { zone, host, device, master } = on_line;
        let GivenBack { to, everybody, called } = said;
        let fits = if self.answered.contains_key(&on_line) {
            !self.is_home(zone, to, device)
        } else {
            let asked = self.asked.iter().any(|(it, _)| *it == on_line)
                || everybody && self.at_host(zone, host).any(|(it, _)| it.master == master);
            asked && self.at_host(zone, to).next().is_none()
        };
        let fits = fits && (called || self.asks(zone, host, to));
        let plain = self.plain.get_mut(&(zone, host));
        let gives_back = plain.as_deref().is_none_or(|plain| *plain <= PLAIN_MAX);
        if fits && gives_back {
            plain.into_iter().for_each(|plain| *plain = 0);
        }
        fits && gives_back
    }

    /// Whether someone asks at a host, answered or not.
    fn asks(&self, zone: Zone, host: IpAddr, who: IpAddr) -> bool {
        let asked = self.asked.iter().map(|(it, asker)| (it, asker));
        let asked = asked.filter(|(it, _)| (it.zone, it.host) == (zone, host));
        asked.chain(self.at_host(zone, host)).any(|(_, asker)| asker.host == who)
    }

    /// Whether an answer is for another master than the one that hears it, and that has not asked: that one asks
    /// elsewhere. Of a report that nobody asked for only where this one, by another address, is a master of the same
    /// line: a device may well report to a stranger.
    pub(super) fn is_for_another(&self, on_line: OnLine, hears: Asker, unasked: bool) -> bool {
        let OnLine { zone, host, .. } = on_line;
        // The copy for another may come before that for who asked.
        let asked = self.asked.iter().find(|(it, _)| *it == on_line).map(|(_, asker)| asker);
        let Some(asker) = self.answered.get(&on_line).or(asked) else { return false };
        // The same host in another connection is no other master.
        if asker.conversation == hears.conversation || asker.host == hears.host {
            return false;
        }
        let others = self.at_host(zone, host).filter(|(it, _)| it.master != on_line.master);
        !unasked || others.into_iter().any(|(_, other)| other.host == hears.host)
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));

    fn on_line(host: IpAddr, device: u16, master: u16) -> OnLine {
        OnLine { zone: Zone(0), host, device, master }
    }

    fn asker(last: u8) -> Asker {
        Asker {
            host: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
            conversation: Conversation(last.into()),
        }
    }

    const fn said_to(to: IpAddr, everybody: bool) -> GivenBack {
        GivenBack { to, everybody, called: true }
    }

    #[test]
    fn a_command_to_a_device_that_is_at_home_where_it_goes_is_no_echo() {
        let mut lines = Lines::new(8);
        lines.ask(on_line(SERVER, 10, 1), asker(1));
        assert!(lines.is_echo(on_line(SERVER, 10, 1), said_to(asker(1).host, false)));
        // Someone who has had himself asked as that device sends its commands on to it.
        lines.answer(on_line(SERVER, 10, 1));
        lines.ask(on_line(asker(66).host, 10, 1), asker(1));
        lines.answer(on_line(asker(66).host, 10, 1));
        assert!(!lines.is_echo(on_line(asker(66).host, 10, 1), said_to(SERVER, false)));
        lines.ask(on_line(asker(66).host, 0xFFFF, 1), asker(1));
        assert!(!lines.is_echo(on_line(asker(66).host, 0xFFFF, 1), said_to(SERVER, true)));
        assert!(lines.is_echo(on_line(SERVER, 0xFFFF, 1), said_to(asker(1).host, true)));
    }

    #[test]
    fn who_called_is_no_line_but_where_its_masters_hear_it() {
        let mut lines = Lines::new(8);
        let from_caller = |to| GivenBack { called: false, ..said_to(to, false) };
        lines.ask(on_line(SERVER, 10, 1), asker(1));
        for _ in 0..2 {
            // Someone who asks there and is called by the line.
            assert!(lines.is_echo(on_line(SERVER, 10, 1), from_caller(asker(1).host)));
            // A device, whose answers may go unheard.
            assert!(!lines.is_echo(on_line(SERVER, 10, 1), from_caller(asker(7).host)));
            lines.answer(on_line(SERVER, 10, 1));
        }
    }

    #[test]
    fn a_host_that_never_gave_a_request_back_does_not_begin_to() {
        let (on_line, said) = (on_line(SERVER, 10, 1), said_to(asker(1).host, false));
        let mut lines = Lines::new(8);
        for _ in 0..100 {
            // Requests given back, but for a few that were lost on the way.
            lines.ask(on_line, asker(1));
            assert!(lines.is_echo(on_line, said));
            for _ in 0..PLAIN_MAX {
                lines.answer(on_line);
            }
        }
        lines.answer(on_line);
        assert!(!lines.is_echo(on_line, said));
    }

    #[test]
    fn a_master_s_other_connection_is_no_other_master() {
        let line = on_line(SERVER, 10, 1);
        let mut lines = Lines::new(8);
        for master in [1, 2] {
            lines.ask(on_line(SERVER, 10, master), asker(1));
            lines.answer(on_line(SERVER, 10, master));
        }
        let later = Asker { conversation: Conversation(99), ..asker(1) };
        assert!(!lines.is_for_another(line, later, true));
        assert!(!lines.is_for_another(line, later, false));
        assert!(lines.is_for_another(line, asker(2), false));
    }

    #[test]
    fn made_up_masters_make_room_for_each_other_and_those_that_were_answered_stay() {
        let mut lines = Lines::new(2);
        for master in 0..1_000 {
            lines.ask(on_line(SERVER, 10, master), asker(1));
            if master < 3 {
                lines.answer(on_line(SERVER, 10, master));
            }
        }
        assert_eq!((lines.answered.len(), lines.asked.len()), (2, ASKED_MAX));
        assert!(lines.answered.contains_key(&on_line(SERVER, 10, 0)));
    }
}
