//! From a key's number to what it stands for, and back.

use gridtap_model::Timestamp;

use super::detail::{
    CLASSES, PROTOCOLS, class_detail, class_slot, code_detail, conversation_detail, detail_code,
    detail_range, low, point_detail, range_detail, range_kind, slot,
};
use super::{Sight, Tables};
use crate::key::{Kind, NO_PARENT};
use crate::path::{Path, Role};

impl Tables {
    /// What a key stands for.
    pub(crate) fn path(&self, id: u32) -> Option<Path> {
        let key = self.key(id)?;
        match key.kind {
            Kind::Host => {
                let host = self.hosts.get(slot(low(key.detail)))?;
                Some(Path::Host { zone: host.zone, address: host.address })
            }
            Kind::Device => {
                self.devices.get(slot(low(key.detail))).map(|known| Path::Device(known.device))
            }
            Kind::Conversation => {
                let client = self.hosts.get(slot(key.parent))?;
                let server = self.hosts.get(slot(low(key.detail >> 32)))?;
                let protocol = usize::try_from((key.detail >> 16) & 0xff).ok()?;
                Some(Path::Conversation {
                    zone: client.zone,
                    protocol: *PROTOCOLS.get(protocol)?,
                    client: client.address,
                    server: server.address,
                    port: u16::try_from(key.detail & 0xffff).ok()?,
                })
            }
            Kind::Access => self.role(id).map(Path::Access),
            Kind::Function => {
                let role = self.role(key.parent)?;
                Some(Path::Function { role, code: detail_code(key.detail) })
            }
            Kind::Read | Kind::Written => {
                let function = self.key(key.parent)?;
                Some(Path::Address {
                    role: self.role(function.parent)?,
                    code: detail_code(function.detail),
                    range: detail_range(key.detail, key.kind == Kind::Written),
                })
            }
            Kind::Point => Some(Path::Point {
                role: self.role(key.parent)?,
                table: u16::try_from((key.detail >> 32) & 0xffff).ok()?,
                index: low(key.detail),
            }),
        }
    }

    fn role(&self, access: u32) -> Option<Role> {
        let key = self.key(access)?;
        let pair = self.pairs.get(slot(key.parent))?;
        Some(Role {
            device: self.devices.get(slot(pair.device))?.device,
            master: self.hosts.get(slot(pair.master))?.address,
            class: *CLASSES.get(usize::try_from(key.detail).ok()?)?,
        })
    }

    /// The key that stands for this.
    pub(crate) fn find_path(&self, path: &Path) -> Option<u32> {
        let held = |key: u32| (key != NO_PARENT).then_some(key);
        match path {
            Path::Host { zone, address } => {
                let host = self.host(*zone, *address)?;
                self.hosts.get(slot(host)).and_then(|host| held(host.key))
            }
            Path::Device(device) => {
                self.devices.get(slot(self.device(device)?)).and_then(|known| held(known.key))
            }
            Path::Conversation { zone, protocol, client, server, port } => {
                let client = self.host(*zone, *client)?;
                let detail = conversation_detail(self.host(*zone, *server)?, *protocol, *port);
                self.find(Kind::Conversation, client, detail)
            }
            Path::Access(role) => {
                let pair = self.pairs.get(slot(self.pair_of(role)?))?;
                pair.accesses.get(class_slot(role.class)).copied().and_then(held)
            }
            Path::Function { role, code } => {
                self.exact(&Sight { role: *role, code: *code, range: None })
            }
            Path::Address { role, code, range } => {
                self.exact(&Sight { role: *role, code: *code, range: Some(*range) })
            }
            Path::Point { role, table, index } => {
                let access = self.find_path(&Path::Access(*role))?;
                self.find(Kind::Point, access, point_detail(*table, *index))
            }
        }
    }

    /// The key that stands for this, made where it is not there. What had to be made above it is
    /// held: only a row or a message of its own makes it known.
    pub(crate) fn insert_path(&mut self, path: &Path, time: Timestamp) -> u32 {
        if let Some(id) = self.find_path(path) {
            return id;
        }
        let (kind, parent, detail) = match path {
            Path::Host { zone, address } => {
                (Kind::Host, NO_PARENT, u64::from(self.intern_host(*zone, *address)))
            }
            Path::Device(device) => {
                let id = self.intern_device(device);
                let host = self.devices.get(slot(id)).map_or(NO_PARENT, |known| known.host);
                (Kind::Device, host, u64::from(id))
            }
            Path::Conversation { zone, protocol, client, server, port } => {
                let client = self.intern_host(*zone, *client);
                let server = self.intern_host(*zone, *server);
                (Kind::Conversation, client, conversation_detail(server, *protocol, *port))
            }
            Path::Access(role) => {
                let master = self.intern_host(role.device.zone, role.master);
                let device = self.intern_device(&role.device);
                (Kind::Access, self.intern_pair(master, device), class_detail(role.class))
            }
            Path::Function { role, code } => {
                (Kind::Function, self.insert_above(&Path::Access(*role), time), code_detail(*code))
            }
            Path::Address { role, code, range } => {
                let function = Path::Function { role: *role, code: *code };
                (range_kind(*range), self.insert_above(&function, time), range_detail(*range))
            }
            Path::Point { role, table, index } => {
                let access = self.insert_above(&Path::Access(*role), time);
                (Kind::Point, access, point_detail(*table, *index))
            }
        };
        self.insert(kind, parent, detail, time)
    }

    fn insert_above(&mut self, path: &Path, time: Timestamp) -> u32 {
        if let Some(id) = self.find_path(path) {
            return id;
        }
        let id = self.insert_path(path, time);
        self.hold(id);
        id
    }
}
