//! The ledger of learned commands: what a person is asked to look at and sign off.

use gridtap_model::{Class, Device, Point, Table, Timestamp, Zone};

use crate::baseline::Baseline;
use crate::key::{Flags, Key};
use crate::network::Standing;
use crate::path::{Path, Role, table_name};
use crate::rows::Acceptance;

/// One command-like key that was learned, or held back.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// The key in text form, to accept it or to sign it off.
    pub key: String,
    /// In which zone.
    pub zone: Zone,
    /// Who does it.
    pub master: core::net::IpAddr,
    /// To which device.
    pub device: Device,
    /// The kind of access.
    pub class: Class,
    /// The function's name; empty for a point, which may be commanded by several.
    pub function: String,
    /// The point, with the last value that was commanded.
    pub point: Option<Point>,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// In how many blocks.
    pub blocks: u32,
    /// The ordinal of the zone's block in which it was last heard.
    pub block: u32,
    /// Heard in one block only, and not signed off.
    pub provisional: bool,
    /// It alarmed and is held back.
    pub held: bool,
    /// A person signed it off.
    pub signed_off: bool,
    /// How certain it is, as one word.
    pub standing: Standing,
    /// A person's acceptance.
    pub acceptance: Option<Acceptance>,
}

impl Baseline {
    /// Every command-like key that was learned or held back: the commanded points, and the functions
    /// that command without naming points, identify or diagnose. Oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.ledger_of((0_u32..).zip(&self.tables.keys).map(|(id, _)| id))
    }

    /// Those of these keys that are listed, the oldest first.
    pub(crate) fn ledger_of(&self, keys: impl Iterator<Item = u32>) -> Vec<LedgerEntry> {
        let entry = |id| self.tables.key(id).and_then(|key| self.entry(id, key));
        let mut ledger: Vec<LedgerEntry> = keys.filter_map(entry).collect();
        ledger.sort_by(|a, b| (a.first, &a.key).cmp(&(b.first, &b.key)));
        ledger
    }

    fn entry(&self, id: u32, key: &Key) -> Option<LedgerEntry> {
        if !self.is_listed(key) {
            return None;
        }
        let path = self.tables.path(id)?;
        let (role, function, point): (Role, &str, Option<(u16, u32)>) = match path {
            Path::Function { role, code } => {
                (role, self.tables.names.of(role.device.protocol, code), None)
            }
            Path::Point { role, table, index } => (role, "", Some((table, index))),
            _ => return None,
        };
        let point = point.map(|(code, index)| Point {
            table: Table { code, name: table_name(role.device.protocol, code).unwrap_or("point") },
            index,
            value: self.tables.values.get(&id).copied(),
        });
        Some(LedgerEntry {
            key: path.text(&self.tables.names),
            zone: role.device.zone,
            master: role.master,
            device: role.device,
            class: role.class,
            function: function.to_owned(),
            point,
            first: key.first,
            last: key.last,
            count: key.count,
            blocks: key.blocks,
            block: key.block,
            provisional: key.is_provisional(),
            held: key.flags.has(Flags::HELD),
            signed_off: key.flags.has(Flags::SIGNED),
            standing: self.standing_of(id, key),
            acceptance: self.tables.acceptances.get(&path).cloned(),
        })
    }
}
