//! Several masters on one line behind a serial server: what is heard on the line goes to every connection. So each of
//! them hears the answers to the others, and on a line of two wires all requests again, its own among them, from the
//! side of the devices. What is only overheard asks nothing of who receives it: it is judged where it was said to the
//! line, and its copies are decoded and no more.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use gridtap_model::{Conversation, Group, Zone};

/// A device and its master by their link addresses, at the host that the device is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OnLine {
    pub(super) zone: Zone,
    pub(super) host: IpAddr,
    pub(super) device: u16,
    pub(super) master: u16,
}

/// Who asks as that master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Who asks whom at which host, as far as every conversation knows it, and what was said since the last tick.
#[derive(Debug)]
pub(crate) struct Lines {
    known: Known,
    fresh: BTreeMap<Group, LineNews>,
    /// What was put there, each of them one entry at the most.
    noted: usize,
    /// Counts what may have changed an answer.
    changes: u64,
    max: usize,
}

/// What every conversation knows.
#[derive(Debug, Default)]
struct Known {
    /// Those that were answered.
    answered: BTreeMap<OnLine, Asker>,
    /// The last that were not yet: anybody can ask as anybody.
    asked: VecDeque<(OnLine, Asker)>,
    /// How many answers came from a host since it last gave a request back, as far as it matters.
    plain: BTreeMap<(Zone, IpAddr), u32>,
}

/// What was said in a group since the last tick: its own conversations know it at once, all others from the tick on.
#[derive(Debug, Default)]
pub(crate) struct LineNews {
    answered: BTreeMap<OnLine, Asker>,
    asked: VecDeque<(OnLine, Asker)>,
    plain: BTreeMap<(Zone, IpAddr), Plain>,
}

/// Answers of a host.
#[derive(Debug, Clone, Copy, Default)]
struct Plain {
    /// A request was given back: what was counted before is past.
    anew: bool,
    answers: u32,
}

/// So many wait for their first answer.
const ASKED_MAX: usize = 64;

/// A line that gives requests back gives all of them back: a host that has answered so often and given none back is none.
/// A few may be lost on the way to the sensor.
const PLAIN_MAX: u32 = 8;

/// Groups that can have news at one tick.
const FRESH_MAX: usize = 4_096;

/// Pieces of news that there can be at one tick.
const NOTED_MAX: usize = 32_768;

/// Octets that all of it takes at most, with so many lines. Ordered tables keep up to as much room free as they fill.
pub(crate) fn lines_octets_max(lines_max: usize) -> usize {
    let line = size_of::<(OnLine, Asker)>();
    let host = size_of::<((Zone, IpAddr), Plain)>();
    let group = size_of::<(Group, LineNews)>();
    [
        lines_max.saturating_mul(line.saturating_add(host)),
        NOTED_MAX.saturating_mul(line),
        FRESH_MAX.saturating_mul(group.saturating_add(line)),
    ]
    .into_iter()
    .fold(0, usize::saturating_add)
    .saturating_mul(2)
}

fn find(asked: &VecDeque<(OnLine, Asker)>, on_line: OnLine) -> Option<Asker> {
    asked.iter().find(|(it, _)| *it == on_line).map(|(_, asker)| *asker)
}

fn put(asked: &mut VecDeque<(OnLine, Asker)>, on_line: OnLine, asker: Asker) {
    if let Some((_, waiting)) = asked.iter_mut().find(|(it, _)| *it == on_line) {
        *waiting = asker;
        return;
    }
    if asked.len() >= ASKED_MAX {
        asked.pop_front();
    }
    asked.push_back((on_line, asker));
}

impl Known {
    /// Takes in what was said in a group.
    fn learn(&mut self, news: &LineNews, max: usize) {
        for (on_line, asker) in &news.asked {
            match self.answered.get_mut(on_line) {
                Some(known) => *known = *asker,
                None => put(&mut self.asked, *on_line, *asker),
            }
        }
        for (on_line, asker) in &news.answered {
            self.asked.retain(|(it, _)| it != on_line);
            if self.answered.len() < max || self.answered.contains_key(on_line) {
                self.answered.insert(*on_line, *asker);
            }
        }
        for (place, Plain { anew, answers }) in &news.plain {
            if let Some(known) = self.plain.get_mut(place) {
                *known = if *anew { *answers } else { known.saturating_add(*answers) };
            } else if self.plain.len() < max {
                self.plain.insert(*place, *answers);
            }
        }
    }
}

impl Lines {
    pub(crate) fn new(max: usize) -> Self {
        Self { known: Known::default(), fresh: BTreeMap::new(), noted: 0, changes: 0, max }
    }

    /// What was said since the last tick, by the group.
    pub(crate) fn take_news(&mut self) -> BTreeMap<Group, LineNews> {
        if !self.fresh.is_empty() {
            self.changed();
        }
        self.noted = 0;
        core::mem::take(&mut self.fresh)
    }

    /// Takes in what was said in a group before a tick.
    pub(crate) fn learn(&mut self, news: &LineNews) {
        self.changed();
        self.known.learn(news, self.max);
    }

    /// As long as this stays the same, what was asked before is answered as before and notes nothing more.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    const fn changed(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    /// Where one piece of news of a group is put; none where there are too many, or too many groups have some.
    fn fresh(&mut self, group: Group) -> Option<&mut LineNews> {
        if self.fresh.len() >= FRESH_MAX && !self.fresh.contains_key(&group) {
            return None;
        }
        if self.noted >= NOTED_MAX {
            return None;
        }
        self.changed();
        self.noted = self.noted.saturating_add(1);
        Some(self.fresh.entry(group).or_default())
    }

    /// What is known to the conversations of a group.
    fn view(&self, group: Group) -> View<'_> {
        View { known: &self.known, fresh: self.fresh.get(&group) }
    }

    /// A master asks. Where there are too many, those that were answered first stay.
    pub(super) fn ask(&mut self, group: Group, on_line: OnLine, asker: Asker) {
        let view = self.view(group);
        let (answered, asked) = (view.answered(on_line), view.asked(on_line));
        if answered.or(asked) == Some(asker) {
            return;
        }
        let Some(fresh) = self.fresh(group) else { return };
        if answered.is_some() {
            fresh.answered.insert(on_line, asker);
        } else {
            put(&mut fresh.asked, on_line, asker);
        }
    }

    /// The device answered.
    pub(super) fn answer(&mut self, group: Group, on_line: OnLine) {
        let place = (on_line.zone, on_line.host);
        let view = self.view(group);
        let plain = view.plain(place);
        let is_counted = plain.map_or(self.known.plain.len() < self.max, |it| it <= PLAIN_MAX);
        let asker = view.asked(on_line).filter(|_| view.answered(on_line).is_none());
        if !is_counted && asker.is_none() {
            return;
        }
        let Some(fresh) = self.fresh(group) else { return };
        if is_counted {
            let plain = fresh.plain.entry(place).or_default();
            plain.answers = plain.answers.saturating_add(1);
        }
        if let Some(asker) = asker {
            fresh.asked.retain(|(it, _)| *it != on_line);
            fresh.answered.insert(on_line, asker);
        }
    }

    /// Whether what a host sends as a master is what it was asked itself: the device is at home with the sender. A
    /// command to a device that is at home where it goes is none, whoever was heard saying the same elsewhere; nor is
    /// one to everybody, or to a device that was not heard yet, where any device is at home. Nor is what someone says
    /// who called, as a relay does: a line is called by its masters, or calls who has asked there.
    pub(super) fn is_echo(&mut self, group: Group, on_line: OnLine, said: GivenBack) -> bool {
        let OnLine { zone, host, device, master } = on_line;
        let GivenBack { to, everybody, called } = said;
        let view = self.view(group);
        let fits = if view.answered(on_line).is_some() {
            !view.is_home(zone, to, device)
        } else {
            let asked = view.asked(on_line).is_some()
                || everybody && view.at_host(zone, host).any(|(it, _)| it.master == master);
            asked && view.at_host(zone, to).next().is_none()
        };
        let fits = fits && (called || view.asks(zone, host, to));
        let plain = view.plain((zone, host));
        let gives_back = plain.is_none_or(|plain| plain <= PLAIN_MAX);
        if fits
            && gives_back
            && plain.is_some_and(|plain| plain > 0)
            && let Some(fresh) = self.fresh(group)
        {
            fresh.plain.insert((zone, host), Plain { anew: true, answers: 0 });
        }
        fits && gives_back
    }

    /// Whether an answer is for another master than the one that hears it, and that has not asked: that one asks
    /// elsewhere. Of a report that nobody asked for only where this one, by another address, is a master of the same
    /// line: a device may well report to a stranger.
    pub(super) fn is_for_another(
        &self,
        group: Group,
        on_line: OnLine,
        hears: Asker,
        unasked: bool,
    ) -> bool {
        let OnLine { zone, host, .. } = on_line;
        let view = self.view(group);
        // The copy for another may come before that for who asked.
        let Some(asker) = view.answered(on_line).or_else(|| view.asked(on_line)) else {
            return false;
        };
        // The same host in another connection is no other master.
        if asker.conversation == hears.conversation || asker.host == hears.host {
            return false;
        }
        let mut others = view.at_host(zone, host).filter(|(it, _)| it.master != on_line.master);
        !unasked || others.any(|(_, other)| other.host == hears.host)
    }
}

/// What is known to the conversations of a group.
#[derive(Debug, Clone, Copy)]
struct View<'l> {
    known: &'l Known,
    fresh: Option<&'l LineNews>,
}

impl<'l> View<'l> {
    fn answered(self, on_line: OnLine) -> Option<Asker> {
        let fresh = self.fresh.and_then(|fresh| fresh.answered.get(&on_line));
        fresh.or_else(|| self.known.answered.get(&on_line)).copied()
    }

    fn asked(self, on_line: OnLine) -> Option<Asker> {
        let fresh = self.fresh.and_then(|fresh| find(&fresh.asked, on_line));
        fresh.or_else(|| find(&self.known.asked, on_line))
    }

    fn plain(self, place: (Zone, IpAddr)) -> Option<u32> {
        let known = self.known.plain.get(&place).copied();
        match self.fresh.and_then(|fresh| fresh.plain.get(&place)) {
            Some(Plain { anew: true, answers }) => Some(*answers),
            Some(Plain { answers, .. }) => Some(known.unwrap_or(0).saturating_add(*answers)),
            None => known,
        }
    }

    fn within(self, from: OnLine, to: OnLine) -> impl Iterator<Item = (&'l OnLine, &'l Asker)> {
        let fresh = self.fresh.into_iter().flat_map(move |it| it.answered.range(from..=to));
        fresh.chain(self.known.answered.range(from..=to))
    }

    /// Whether a device was heard answering at a host.
    fn is_home(self, zone: Zone, host: IpAddr, device: u16) -> bool {
        let of = |master| OnLine { zone, host, device, master };
        self.within(of(0), of(u16::MAX)).next().is_some()
    }

    /// The pairs of a host that were answered.
    fn at_host(self, zone: Zone, host: IpAddr) -> impl Iterator<Item = (&'l OnLine, &'l Asker)> {
        let of = |link| OnLine { zone, host, device: link, master: link };
        self.within(of(0), of(u16::MAX))
    }

    /// Whether someone asks at a host, answered or not.
    fn asks(self, zone: Zone, host: IpAddr, who: IpAddr) -> bool {
        let fresh = self.fresh.into_iter().flat_map(|fresh| &fresh.asked);
        let asked = fresh.chain(&self.known.asked).map(|(it, asker)| (it, asker));
        let asked = asked.filter(|(it, _)| (it.zone, it.host) == (zone, host));
        asked.chain(self.at_host(zone, host)).any(|(_, asker)| asker.host == who)
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));

    /// All that is asked of the server and of whom it calls.
    fn group() -> Group {
        Group::of_hosts(SERVER, SERVER)
    }

    fn on_line(host: IpAddr, device: u16, master: u16) -> OnLine {
        OnLine { zone: Zone(0), host, device, master }
    }

    fn asker(last: u8) -> Asker {
        Asker {
            host: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
            conversation: Conversation(last.into()),
        }
    }

    /// All that was said so far is known to everybody.
    fn tick(lines: &mut Lines) {
        lines.take_news().values().for_each(|news| lines.learn(news));
    }

    const fn said_to(to: IpAddr, everybody: bool) -> GivenBack {
        GivenBack { to, everybody, called: true }
    }

    #[test]
    fn a_command_to_a_device_that_is_at_home_where_it_goes_is_no_echo() {
        let mut lines = Lines::new(8);
        lines.ask(group(), on_line(SERVER, 10, 1), asker(1));
        assert!(lines.is_echo(group(), on_line(SERVER, 10, 1), said_to(asker(1).host, false)));
        // Someone who has had himself asked as that device sends its commands on to it.
        lines.answer(group(), on_line(SERVER, 10, 1));
        lines.ask(group(), on_line(asker(66).host, 10, 1), asker(1));
        lines.answer(group(), on_line(asker(66).host, 10, 1));
        tick(&mut lines);
        assert!(!lines.is_echo(group(), on_line(asker(66).host, 10, 1), said_to(SERVER, false)));
        lines.ask(group(), on_line(asker(66).host, 0xFFFF, 1), asker(1));
        tick(&mut lines);
        assert!(!lines.is_echo(group(), on_line(asker(66).host, 0xFFFF, 1), said_to(SERVER, true)));
        assert!(lines.is_echo(group(), on_line(SERVER, 0xFFFF, 1), said_to(asker(1).host, true)));
    }

    #[test]
    fn who_called_is_no_line_but_where_its_masters_hear_it() {
        let mut lines = Lines::new(8);
        let from_caller = |to| GivenBack { called: false, ..said_to(to, false) };
        lines.ask(group(), on_line(SERVER, 10, 1), asker(1));
        for _ in 0..2 {
            tick(&mut lines);
            // Someone who asks there and is called by the line.
            assert!(lines.is_echo(group(), on_line(SERVER, 10, 1), from_caller(asker(1).host)));
            // A device, whose answers may go unheard.
            assert!(!lines.is_echo(group(), on_line(SERVER, 10, 1), from_caller(asker(7).host)));
            lines.answer(group(), on_line(SERVER, 10, 1));
        }
    }

    #[test]
    fn a_host_that_never_gave_a_request_back_does_not_begin_to() {
        let (on_line, said) = (on_line(SERVER, 10, 1), said_to(asker(1).host, false));
        let mut lines = Lines::new(8);
        for _ in 0..100 {
            // Requests given back, but for a few that were lost on the way.
            lines.ask(group(), on_line, asker(1));
            assert!(lines.is_echo(group(), on_line, said));
            for _ in 0..PLAIN_MAX {
                lines.answer(group(), on_line);
            }
        }
        lines.answer(group(), on_line);
        assert!(!lines.is_echo(group(), on_line, said));
    }

    #[test]
    fn a_master_s_other_connection_is_no_other_master() {
        let line = on_line(SERVER, 10, 1);
        let mut lines = Lines::new(8);
        for master in [1, 2] {
            lines.ask(group(), on_line(SERVER, 10, master), asker(1));
            lines.answer(group(), on_line(SERVER, 10, master));
        }
        let other = Group::of_hosts(SERVER, asker(2).host);
        assert!(lines.is_for_another(group(), line, asker(2), false));
        assert!(!lines.is_for_another(other, line, asker(2), false), "at the next tick only");
        tick(&mut lines);
        assert!(lines.is_for_another(other, line, asker(2), false));
        let later = Asker { conversation: Conversation(99), ..asker(1) };
        assert!(!lines.is_for_another(group(), line, later, true));
        assert!(!lines.is_for_another(group(), line, later, false));
        assert!(lines.is_for_another(group(), line, asker(2), false));
    }

    #[test]
    fn made_up_masters_make_room_for_each_other_and_those_that_were_answered_stay() {
        let mut lines = Lines::new(2);
        for master in 0..1_000 {
            lines.ask(group(), on_line(SERVER, 10, master), asker(1));
            if master < 3 {
                lines.answer(group(), on_line(SERVER, 10, master));
            }
        }
        tick(&mut lines);
        let Known { answered, asked, .. } = &lines.known;
        assert_eq!((answered.len(), asked.len()), (2, ASKED_MAX));
        assert!(answered.contains_key(&on_line(SERVER, 10, 0)));
    }
}
