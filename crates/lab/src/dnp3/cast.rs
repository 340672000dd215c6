//! Who acts in a variant, and on which device.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::scenario::{Actor, Among, Variant};
use super::site::{Block, Control, Device, Link, Operate, Order, Site, Station, device_name};
use crate::site::Host;

/// A device and one of its breakers.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    /// The station, by its place in the site.
    pub(super) nth: usize,
    pub(super) station: &'a Station,
    pub(super) device: &'a Device,
    /// How the front end speaks with it.
    pub(super) link: &'a Link,
    /// A breaker that the front end selects and operates.
    pub(super) operate: &'a Operate,
    pub(super) block: &'a Block,
}

impl Target<'_> {
    /// How a finding names the device.
    pub(super) fn name(&self) -> String {
        device_name(self.station.host.address, self.device.link)
    }

    /// A relay that the front end operates directly.
    pub(super) fn relay(&self) -> Option<(&Operate, &Block)> {
        self.link.orders.iter().find_map(|order| match order {
            Order::Operate(operate) if !operate.select => match &operate.control {
                Control::Relay(block) => Some((operate, block)),
                Control::Setpoint { .. } => None,
            },
            _ => None,
        })
    }
}

/// The machine of an actor, with the link address that it uses.
pub(super) fn speaker(site: &Site, actor: Actor) -> Result<Option<(Host, u16)>> {
    let master = |nth: usize| {
        let own = site.masters.get(nth).context("a master is missing")?;
        anyhow::Ok(Some((own.host.clone(), own.link)))
    };
    Ok(match actor {
        Actor::Stranger => Some((site.stranger.clone(), site.stranger_link)),
        Actor::Masquerade => {
            let front = site.masters.first().context("a master is missing")?;
            Some((site.stranger.clone(), front.link))
        }
        Actor::FrontEnd => master(0)?,
        Actor::SecondMaster => master(1)?,
        Actor::Outstation | Actor::Nobody => None,
    })
}

/// The target of a variant.
pub(super) fn target<'a>(site: &'a Site, variant: &Variant, rng: &mut Rng) -> Result<Target<'a>> {
    let front = site.masters.first().context("a master is missing")?;
    let second = site.masters.get(1).context("a master is missing")?;
    let mut fit = Vec::new();
    for link in &front.links {
        let station = site.stations.get(link.station).context("no such station")?;
        let device = station.devices.get(link.device).context("no such device")?;
        let other = second
            .links
            .iter()
            .find(|own| (own.station, own.device) == (link.station, link.device));
        for (operate, block) in link.breakers() {
            let shared = other.is_some_and(|other| other.breakers().any(|(own, _)| own == operate));
            let gateway = station.devices.len() > 1;
            let fits = match variant.among {
                Among::Single => !gateway && !link.authenticates,
                Among::Gateway => gateway,
                Among::Open => !link.authenticates,
                Among::Shared => shared && !link.authenticates,
                Among::Challenged => link.authenticates,
            };
            if fits {
                fit.push(Target { nth: link.station, station, device, link, operate, block });
            }
        }
    }
    rng.shuffle(&mut fit);
    fit.into_iter().next().with_context(|| format!("nothing on this site fits {}", variant.name))
}
