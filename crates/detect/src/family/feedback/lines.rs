//! When hearing a device was last disturbed: by what its conversations lost, and by what it said of itself.

use core::net::IpAddr;

use gridtap_baseline::Baseline;
use gridtap_model::{Device, LinkEvent, Message, Observation, Timestamp, Zone};

use crate::bounded::Bounded;

/// A connection that comes again within this time was not out.
const RECONNECTS_NS: u64 = 20_000_000_000;

/// When hearing a host was last disturbed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line {
    closed: Option<Timestamp>,
    /// A connection came or went: events may be lost with it.
    pub(super) relinked: Option<Timestamp>,
    /// Something was not heard, or not said.
    pub(super) disturbed: Option<Timestamp>,
}

/// What disturbed hearing devices.
#[derive(Debug)]
pub(super) struct Lines {
    /// By the two hosts, the lower first.
    lines: Bounded<(Zone, IpAddr, IpAddr), Line>,
    /// When a device last did not answer, or said that it was restarted or is in local control.
    troubled: Bounded<Device, Option<Timestamp>>,
}

impl Lines {
    pub(super) fn new(most: usize) -> Self {
        Self { lines: Bounded::new(most), troubled: Bounded::new(most) }
    }

    pub(super) const fn evicted(&self) -> u64 {
        self.lines.evicted().saturating_add(self.troubled.evicted())
    }

    /// What is heard of the two is followed.
    pub(super) fn follow(&mut self, device: &Device, master: IpAddr, known: bool) {
        self.lines.entry(between(device.zone, master, device.address), || known);
    }

    /// Something about a conversation: what is waited for in it may have been missed.
    pub(super) fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent, baseline: &Baseline) {
        let now = obs.time;
        let key = between(obs.zone, obs.source.address, obs.destination.address);
        if matches!(event, LinkEvent::Begun | LinkEvent::Attempted { .. }) {
            return;
        }
        let known = || {
            [obs.source, obs.destination]
                .iter()
                .all(|end| baseline.knows_host(obs.zone, end.address, now))
        };
        let line = self.lines.entry(key, known);
        match event {
            LinkEvent::Closed => (line.closed, line.relinked) = (Some(now), Some(now)),
            LinkEvent::Opened { .. } => {
                let was_out = line.closed.is_some_and(|at| now.since_ns(at) > RECONNECTS_NS);
                line.relinked = Some(now);
                line.disturbed = if was_out { Some(now) } else { line.disturbed };
            }
            LinkEvent::Missing { .. }
            | LinkEvent::Skipped { .. }
            | LinkEvent::Malformed { .. }
            | LinkEvent::Blind { .. }
            | LinkEvent::Encrypted
            | LinkEvent::OneDirection { .. } => line.disturbed = Some(now),
            _ => {}
        }
    }

    /// A device was not heard wholly, or is away.
    pub(super) fn trouble(&mut self, message: &Message<'_>, now: Timestamp, baseline: &Baseline) {
        let (device, master) = (message.device, message.master.address);
        let known = || baseline.knows_host(device.zone, master, now);
        *self.troubled.entry(device, known) = Some(now);
    }

    /// What last happened between a device and those who command it.
    pub(super) fn of(&self, device: &Device, masters: &[IpAddr]) -> Line {
        let of = |master: &IpAddr| self.lines.get(&between(device.zone, *master, device.address));
        let troubled = self.troubled.get(device).copied().flatten();
        let own = Line { disturbed: troubled, ..Line::default() };
        masters.iter().filter_map(of).fold(own, |all, line| Line {
            closed: all.closed.max(line.closed),
            relinked: all.relinked.max(line.relinked),
            disturbed: all.disturbed.max(line.disturbed),
        })
    }
}

fn between(zone: Zone, one: IpAddr, other: IpAddr) -> (Zone, IpAddr, IpAddr) {
    (zone, one.min(other), one.max(other))
}
