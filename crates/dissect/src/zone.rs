//! Which part of the site a conversation belongs to.

use core::net::IpAddr;

use gridtap_model::Zone;
use gridtap_wire::Flow;
use ipnet::IpNet;

/// What belongs to a zone. A condition that is left empty fits everything.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZoneRule {
    /// The zone. Several rules may name the same one.
    pub name: String,
    /// Interfaces or files, by name or by ordinal.
    pub captures: Vec<String>,
    /// Outermost VLAN identifiers.
    pub vlans: Vec<u16>,
    /// Networks that the server is in.
    pub subnets: Vec<IpNet>,
}

/// The rules, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    rules: Vec<ZoneRule>,
    names: Vec<String>,
    captures: Vec<String>,
}

impl Zones {
    /// The rules in order, with the names of the captures by ordinal.
    #[must_use]
    pub fn new(rules: &[ZoneRule], captures: &[String]) -> Self {
        let mut names: Vec<String> = Vec::new();
        for rule in rules {
            if !names.contains(&rule.name) {
                names.push(rule.name.clone());
            }
        }
        Self { rules: rules.to_vec(), names, captures: captures.to_vec() }
    }

    /// The name of a zone: `default` where no rule fitted.
    #[must_use]
    pub fn name(&self, zone: Zone) -> &str {
        usize::from(zone.0)
            .checked_sub(1)
            .and_then(|index| self.names.get(index))
            .map_or("default", String::as_str)
    }

    /// The zone of a conversation whose server has this address.
    #[must_use]
    pub fn of(&self, flow: &Flow, server: IpAddr) -> Zone {
        self.at(flow.capture, flow.vlan, server)
    }

    /// The zone of what was heard at an input, in a VLAN, about a host.
    #[must_use]
    pub fn at(&self, capture: u16, vlan: Option<u16>, host: IpAddr) -> Zone {
        let rule = self.rules.iter().find(|rule| self.fits(rule, (capture, vlan), host));
        let index = rule.and_then(|rule| self.names.iter().position(|name| *name == rule.name));
        let number = index.and_then(|index| u16::try_from(index.saturating_add(1)).ok());
        Zone(number.unwrap_or(0))
    }

    fn fits(&self, rule: &ZoneRule, heard: (u16, Option<u16>), server: IpAddr) -> bool {
        let (capture, vlan) = heard;
        let name = self.captures.get(usize::from(capture));
        let is_capture = |wanted: &String| {
            Some(wanted) == name || wanted.parse::<u16>().is_ok_and(|number| number == capture)
        };
        (rule.captures.is_empty() || rule.captures.iter().any(is_capture))
            && (rule.vlans.is_empty() || vlan.is_some_and(|vlan| rule.vlans.contains(&vlan)))
            && (rule.subnets.is_empty() || rule.subnets.iter().any(|net| net.contains(&server)))
    }
}
