//! What hosts do to the network rather than to a device.

use gridtap_baseline::Baseline;
use gridtap_model::{Icmp, NetworkEvent, Observation};

use super::{Detector, armed};
use crate::family::neighbours::Neighbours;

impl Detector {
    /// The first packet of a conversation.
    pub(super) fn begun(&mut self, obs: &Observation<'_>, baseline: &mut Baseline) {
        let (families, site, series) = (&mut self.families, &self.site, &mut self.series);
        let (source, server) = (obs.source.address, obs.destination);
        let known = baseline.acquaintance(obs.zone, source, server, obs.time);
        families.sweeps.turned(site, obs, known, baseline, series);
        families.sessions.begun(site, obs, known.here, baseline, series);
        self.enter_network(obs, baseline);
    }

    /// What a host says of the network, in no conversation.
    pub(super) fn network(
        &mut self,
        obs: &Observation<'_>,
        event: NetworkEvent,
        baseline: &mut Baseline,
    ) {
        self.series.clear();
        let (families, site, series) = (&mut self.families, &self.site, &mut self.series);
        match event {
            NetworkEvent::Resolution { kind, claimed, sender } => {
                let said = (kind, claimed, sender);
                families.neighbours.resolution(site, obs, said, baseline, series);
            }
            NetworkEvent::FragmentExcess => {
                families.sessions.fragment(site, obs, baseline, series);
            }
            NetworkEvent::Icmp(icmp) => {
                if icmp == Icmp::Echo {
                    let (source, target) = (obs.source.address, obs.destination);
                    let known = baseline.acquaintance(obs.zone, source, target, obs.time);
                    families.sweeps.turned(site, obs, known, baseline, series);
                }
                if icmp == Icmp::Redirect {
                    Neighbours::redirect(site, obs, baseline, series);
                }
                families.sessions.control(site, obs, baseline, series);
            }
        }
        self.enter_network(obs, baseline);
    }

    fn enter_network(&mut self, obs: &Observation<'_>, baseline: &Baseline) {
        if !self.series.is_empty() {
            let armed = armed(baseline.is_zone_armed(obs.zone));
            self.enter_series(obs, armed, baseline);
        }
    }
}
