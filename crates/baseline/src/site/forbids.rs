//! What of the site file forbids an access, in words.

use super::{AccessRule, Site};
use crate::path::{Code, Role};

impl Site {
    /// What forbids an access with this function, or with every function where none is given. None where the file
    /// does not forbid it.
    pub(crate) fn forbids(&self, role: &Role, function: Option<(Code, &str)>) -> Option<String> {
        let place = self.place(&role.device);
        let device = place.and_then(|place| self.devices.get(place));
        let mut allowed = false;
        for rule in self.rules_of(role.master, place) {
            if !rule.classes.is_empty() && !rule.classes.contains(&role.class) {
                continue;
            }
            let fits = rule.functions.is_empty()
                || function.is_some_and(|(code, name)| {
                    rule.functions.iter().any(|function| function.is(code, name))
                });
            if fits && rule.forbidden {
                return Some(self.rule_in_words(rule));
            }
            // Of no particular function: a rule that allows one of them does not forbid them all.
            allowed |= !rule.forbidden && (fits || function.is_none());
        }
        let device = device.filter(|device| device.complete && !allowed)?;
        Some(format!("device {:?} is complete and no rule allows this", device.name))
    }

    /// `rule 2: HMI 1 → RTU 21 bay 3`.
    fn rule_in_words(&self, rule: &AccessRule) -> String {
        let number = self.access.iter().position(|other| core::ptr::eq(other, rule));
        let number = number.map_or(0, |place| place.saturating_add(1));
        let hosts = rule.hosts.iter().filter_map(|place| self.hosts.get(*place));
        let hosts: Vec<&str> = hosts.map(|host| host.name.as_str()).collect();
        let devices = match &rule.devices {
            None => "every device".to_owned(),
            Some(devices) => {
                let devices = devices.iter().filter_map(|place| self.devices.get(*place));
                devices.map(|device| device.name.as_str()).collect::<Vec<_>>().join(", ")
            }
        };
        format!("rule {number}: {} → {devices}", hosts.join(", "))
    }
}
