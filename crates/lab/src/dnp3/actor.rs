//! Takes the steps of a scenario: as orders to a running peer, or in octets of the lab's own.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use fastrand::Rng;
use gridtap_model::Timestamp;
use serde_json::{Value, json};

use super::cast::{Target, speaker};
use super::octets::{self, Voice, hexadecimal};
use super::peers::{self, Peer, key};
use super::play::Stage;
use super::scenario::{Actor, Aim, Carried, Step};
use super::site::{Act, PORT, Site};
use crate::play::between;
use crate::site::Host;

mod said;

/// How long the actor waits for an answer on its own connection.
const PATIENCE: Duration = Duration::from_millis(400);

/// A message that an actor sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// Whose doing it is.
    pub(super) from: Ipv4Addr,
    /// Whom it reaches.
    pub(super) to: Ipv4Addr,
    /// The address of the device that it is about.
    pub(super) station: Ipv4Addr,
    /// The link address of that device.
    pub(super) link: u16,
    /// The function.
    pub(super) function: u8,
    /// The label of its step, empty for a step without one.
    pub(super) label: String,
    /// The points that it commands.
    pub(super) points: Vec<String>,
    /// How its frame is found.
    pub(super) trace: Trace,
}

/// How the frame of a message is found in the capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trace {
    /// It is the next segment of the actor's own connection.
    Segment {
        /// The actor's end of it.
        local: SocketAddr,
    },
    /// It is the first message to its device with its function from a time on.
    Message {
        /// That time.
        after: String,
    },
    /// It is the first frame that holds some octets.
    Octets {
        /// These, in hexadecimal.
        octets: String,
    },
}

/// An actor at work.
pub(super) struct Hand<'h, 's> {
    site: &'s Site,
    stage: &'h mut Stage<'s>,
    target: Target<'s>,
    actor: Actor,
    speaker: Option<(Host, u16)>,
    rng: &'h mut Rng,
    /// A peer that a stranger started.
    own: Option<Peer>,
    /// The lab's own connection.
    line: Option<(TcpStream, Voice)>,
    pub(super) sent: Vec<Sent>,
}

impl<'h, 's> Hand<'h, 's> {
    pub(super) fn new(
        site: &'s Site,
        stage: &'h mut Stage<'s>,
        target: Target<'s>,
        actor: Actor,
        rng: &'h mut Rng,
    ) -> Result<Self> {
        let speaker = speaker(site, actor)?;
        Ok(Self {
            site,
            stage,
            target,
            actor,
            speaker,
            rng,
            own: None,
            line: None,
            sent: Vec::new(),
        })
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Operate { label, aim, select, count, on_ms } => {
                self.operate(label, *aim, *select, *count, *on_ms)
            }
            Step::Order { label, function, carries, by } => {
                let headers: Vec<String> =
                    carries.iter().map(|own| hexadecimal(&self.carried(*own))).collect();
                let order = json!({ "do": "function", "code": function, "headers": headers });
                let points = self.points(carries);
                self.order(by.unwrap_or(self.actor), label, &[*function], points, order)
            }
            Step::Freeze { label, kind, function } => {
                let order = json!({ "do": "freeze", "kind": kind });
                self.order(self.actor, label, &[*function], Vec::new(), order)
            }
            Step::Restart { label, kind } => {
                let function = if kind == "cold" { 13 } else { 14 };
                let order = json!({ "do": "restart", "kind": kind });
                self.order(self.actor, label, &[function], Vec::new(), order)
            }
            Step::Deadbands { label, value } => {
                let values: Vec<Value> =
                    (0..self.target.device.points).map(|index| json!([index, value])).collect();
                let order = json!({ "do": "deadbands", "values": values });
                self.order(self.actor, label, &[2], Vec::new(), order)
            }
            Step::FetchFile { label } => {
                let order = json!({ "do": "read-file", "name": self.target.station.file });
                self.order(self.actor, label, &[25, 26], Vec::new(), order)
            }
            Step::Wait { ms } => self.pause(*ms),
            Step::OutliveSelection => {
                sleep(Duration::from_millis(self.target.station.select_ms + 400));
                Ok(())
            }
            Step::PowerCycle { dark_ms, boot_ms } => self.power_cycle(*dark_ms, *boot_ms),
            Step::Reconnect => {
                let front = self.site.masters.first().context("no front end")?.host.address;
                self.tell_station(&json!({ "do": "drop", "address": front }))
            }
            Step::StopChallenging => self.tell_station(&json!({ "do": "stop-challenging" })),
            Step::Plan { breakers, pause_ms } => self.plan(*breakers, *pause_ms),
            Step::Forge { label, function, carries } => self.forge(label, *function, carries),
            Step::Send { .. }
            | Step::SelectAll { .. }
            | Step::Flood { .. }
            | Step::Malformed { .. } => self.say(step),
        }
    }

    fn pause(&mut self, ms: [u64; 2]) -> Result<()> {
        sleep(between(self.rng, ms));
        Ok(())
    }

    fn station(&mut self) -> Result<&mut Peer> {
        self.stage.stations.get_mut(&self.target.nth).context("no such station")
    }

    fn tell_station(&mut self, order: &Value) -> Result<()> {
        self.station()?.order(order)
    }

    fn power_cycle(&mut self, dark_ms: [u64; 2], boot_ms: [u64; 2]) -> Result<()> {
        let name = self.target.station.host.name.clone();
        self.stage.network.plug(&name, false)?;
        self.stage.stations.remove(&self.target.nth).context("no such station")?.kill()?;
        self.pause(dark_ms)?;
        self.stage.network.plug(&name, true)?;
        self.pause(boot_ms)?;
        self.stage.boot(self.target.nth, true)
    }

    /// The name of a point as a finding gives it.
    fn point(index: u16) -> String {
        format!("binary output {index}")
    }

    fn points(&self, carries: &[Carried]) -> Vec<String> {
        let controls = |own: &&Carried| matches!(own, Carried::Control | Carried::OtherControl);
        carries.iter().filter(controls).map(|_| Self::point(self.target.operate.index)).collect()
    }

    fn operate(
        &mut self,
        label: &str,
        aim: Aim,
        select: bool,
        count: Option<u8>,
        on_ms: Option<u32>,
    ) -> Result<()> {
        let (operate, block) = match aim {
            Aim::Breaker => (self.target.operate, self.target.block),
            Aim::Relay => self.target.relay().context("no relay")?,
        };
        let (index, act) = (operate.index, block.either[0]);
        let order = json!({
            "do": "operate", "index": index, "select": select,
            "operation": act.operation, "code": act.code, "count": count.unwrap_or(block.count),
            "on_ms": on_ms.unwrap_or(block.on_ms), "off_ms": block.off_ms,
        });
        let functions: &[u8] = if select { &[3, 4] } else { &[5] };
        self.order(self.actor, label, functions, vec![Self::point(index)], order)
    }

    /// Gives an order to a peer, and notes what it will send for it.
    fn order(
        &mut self,
        by: Actor,
        label: &str,
        functions: &[u8],
        points: Vec<String>,
        mut order: Value,
    ) -> Result<()> {
        let (host, own_link) = speaker(self.site, by)?.context("nobody gives no order")?;
        let Target { station, device, .. } = self.target;
        order["key"] = json!(key(station.host.address, device.link));
        let after = now()?;
        for function in functions {
            self.sent.push(Sent {
                from: host.address,
                to: station.host.address,
                station: station.host.address,
                link: device.link,
                function: *function,
                label: label.to_owned(),
                points: points.clone(),
                trace: Trace::Message { after: after.clone() },
            });
        }
        if let Some(peer) = self.stage.masters.get_mut(&host.name) {
            return peer.order(&order);
        }
        if self.own.is_none() {
            let network = &self.stage.network;
            self.own = Some(peers::idle_master(network, &host.name, own_link, station, device)?);
            sleep(between(self.rng, [310, 790]));
        }
        self.own.as_mut().context("no peer")?.order(&order)
    }

    /// Planned work: breakers of one or two stations, one after the other, all as the operator ever does it.
    fn plan(&mut self, breakers: usize, pause_ms: [u64; 2]) -> Result<()> {
        let front = self.site.masters.first().context("no front end")?;
        let mut links: Vec<_> = front.links.iter().collect();
        self.rng.shuffle(&mut links);
        links.sort_by_key(|link| link.station != self.target.nth);
        let mut left = breakers;
        for link in links {
            let station = self.site.stations.get(link.station).context("no such station")?;
            let device = station.devices.get(link.device).context("no such device")?;
            for (operate, block) in link.breakers().take(left) {
                let act: Act = block.either[usize::from(left.is_multiple_of(2))];
                let order = json!({
                    "do": "operate", "key": key(station.host.address, device.link),
                    "index": operate.index, "select": true, "operation": act.operation,
                    "code": act.code, "count": block.count, "on_ms": block.on_ms, "off_ms": block.off_ms,
                });
                self.stage.front_end()?.order(&order)?;
                left = left.saturating_sub(1);
                self.pause(pause_ms)?;
            }
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// What a message carries, in octets.
    fn carried(&mut self, carried: Carried) -> Vec<u8> {
        let (operate, block) = (self.target.operate, self.target.block);
        match carried {
            Carried::Control => {
                let code = block.either[0].octet();
                octets::control(operate.index, code, block.count, block.on_ms, block.off_ms)
            }
            Carried::OtherControl => {
                let code = block.either[1].octet();
                let on_ms = block.on_ms.saturating_mul(3);
                octets::control(operate.index, code, block.count, on_ms, block.off_ms)
            }
            Carried::EventClasses => vec![60, 2, 6, 60, 3, 6, 60, 4, 6],
            Carried::AllClasses => vec![60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6],
            Carried::RestartCleared => vec![80, 1, 0, 7, 7, 0],
            Carried::TimeAhead => {
                let ahead = UNIX_EPOCH.elapsed().unwrap_or_default() + Duration::from_secs(3_600);
                let ms = u64::try_from(ahead.as_millis()).unwrap_or(0).to_le_bytes();
                [&[50, 1, 7, 1], ms.get(..6).unwrap_or_default()].concat()
            }
            Carried::Counters => vec![20, 0, 6],
            Carried::AnalogsInClass0 => vec![60, 1, 6, 30, 0, 6],
            Carried::BreakerEvent | Carried::ForcedEvent => {
                let [low, high] = operate.index.to_le_bytes();
                vec![2, 1, 0x28, 1, 0, low, high, if self.rng.bool() { 0x91 } else { 0x11 }]
            }
        }
    }

    /// The outstation says it, on the connection that it has with the front end.
    fn forge(&mut self, label: &str, function: u8, carries: &[Carried]) -> Result<()> {
        let front = self.site.masters.first().context("no front end")?;
        let objects: Vec<u8> = carries.iter().flat_map(|own| self.carried(*own)).collect();
        let mut voice = Voice {
            source: self.target.device.link,
            destination: front.link,
            transport: self.rng.u8(..64),
            application: self.rng.u8(..16),
            master: false,
        };
        let octets = if function == 130 {
            voice.unsolicited(&objects)
        } else {
            voice.request(function, &objects)
        };
        let octets = hexadecimal(&octets);
        let points = self.points(carries);
        // An event is about the outstation that tells of it, a command about the device that it goes to.
        let own = self.target.station.host.address;
        let (station, link) = match function {
            130 => (own, self.target.device.link),
            _ => (front.host.address, front.link),
        };
        self.sent.push(Sent {
            from: own,
            to: front.host.address,
            station,
            link,
            function,
            label: label.to_owned(),
            points,
            trace: Trace::Octets { octets: octets.clone() },
        });
        let order = json!({ "do": "forge", "address": front.host.address, "octets": octets });
        self.tell_station(&order)?;
        sleep(PATIENCE);
        Ok(())
    }

    /// Opens the lab's own connection, from the actor's host.
    fn open(&mut self) -> Result<()> {
        let (host, own_link) = self.speaker.clone().context("nobody says nothing")?;
        let to = SocketAddr::from((self.target.station.host.address, PORT));
        let (tell, told) = mpsc::channel();
        self.stage.network.on(&host.name)?.spawn(async move {
            tell.send(TcpStream::connect_timeout(&to, Duration::from_secs(2)))
        });
        let line = told.recv().context("a host's thread ended")??;
        line.set_nodelay(true)?;
        line.set_read_timeout(Some(PATIENCE))?;
        let voice = Voice {
            source: own_link,
            destination: self.target.device.link,
            transport: self.rng.u8(..64),
            application: self.rng.u8(..16),
            master: true,
        };
        self.line = Some((line, voice));
        sleep(between(self.rng, [60, 310]));
        Ok(())
    }

    fn voice(&mut self) -> Result<&mut Voice> {
        Ok(&mut self.line.as_mut().context("no connection")?.1)
    }

    /// Writes one segment and waits for what comes back.
    fn write(&mut self, octets: &[u8], note: Sent, wait: bool) -> Result<()> {
        let (line, _) = self.line.as_mut().context("no connection")?;
        let mut buffer = [0_u8; 4_096];
        line.write_all(octets)?;
        self.sent.push(Sent { trace: Trace::Segment { local: line.local_addr()? }, ..note });
        if wait {
            match line.read(&mut buffer) {
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The time on the clock that also stamps the capture.
fn now() -> Result<String> {
    let now = UNIX_EPOCH.elapsed()?;
    Ok(Timestamp::from_parts(i64::try_from(now.as_secs())?, now.subsec_nanos()).to_string())
}
