//! Starts the real peers, each in a process of its own on its host, and gives them orders.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::site::{Device, Link, Master, PORT, Site, Stack, Station};
use crate::marks::JOURNAL_LINE;
use crate::network::Network;

/// Where an interpreter with the peers' packages may be named.
const PYTHON: &str = "GRIDTAP_LAB_PYTHON";

/// A running peer.
#[derive(Debug)]
pub(super) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(network: &Network, host: &str, script: &str, configuration: &Value) -> Result<Self> {
        let python = env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
        let (tell, told) = mpsc::channel();
        // A child is in the network namespace of the thread that starts it.
        network.on(host)?.spawn(async move {
            let child = Command::new("setpriv")
                .args(["--pdeathsig", "KILL", "--"])
                .arg(python)
                .arg("-u")
                .arg(script)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            tell.send(child)
        });
        let mut child = told.recv().context("a host's thread ended")??;
        let orders = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut peer = Self { child, orders, answers };
        peer.say(configuration)?;
        peer.hear().with_context(|| {
            format!(
                "a peer on {host} does not start: it needs the packages of peers/requirements.txt, \
                     for the interpreter that {PYTHON} names"
            )
        })?;
        Ok(peer)
    }

    fn say(&mut self, line: &Value) -> Result<()> {
        writeln!(self.orders, "{line}")?;
        Ok(self.orders.flush()?)
    }

    fn hear(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "a peer ended");
        Ok(serde_json::from_str(&line)?)
    }

    /// Gives an order and waits until it is carried out.
    pub(super) fn order(&mut self, order: &Value) -> Result<()> {
        self.say(order)?;
        let answer = self.hear().with_context(|| order.to_string())?;
        ensure!(answer["answered"] != false, "{order} came to nothing");
        Ok(())
    }

    /// Ends it as a power failure would.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a station; one that was at work all along does not say that it restarted.
pub(super) fn station(
    network: &Network,
    site: &Site,
    nth: usize,
    seed: u64,
    restarted: bool,
) -> Result<Peer> {
    let station = site.stations.get(nth).context("no such station")?;
    let masters: Vec<Value> = site
        .masters
        .iter()
        .map(|master| {
            let own = master.links.iter().find(|link| link.station == nth);
            json!({
                "address": master.host.address,
                "link": master.link,
                "unsolicited": own.is_some_and(|link| link.starts),
                "authenticates": own.is_some_and(|link| link.authenticates),
            })
        })
        .collect();
    let mut configuration = serde_json::to_value(station)?;
    let more = json!({
        "masters": masters, "spare": 5, "seed": seed, "port": PORT, "restarted": restarted,
        "file_text": JOURNAL_LINE.repeat(24),
    });
    if let (Some(own), Some(more)) = (configuration.as_object_mut(), more.as_object()) {
        own.extend(more.clone());
    }
    let script = if station.line.is_some() { "serial_server.py" } else { "outstation.py" };
    Peer::start(network, &station.host.name, script, &configuration)
}

/// What an order to a master calls one of its links.
pub(super) fn key(address: Ipv4Addr, link: u16) -> String {
    format!("{address}/{link}")
}

fn conversation(link: &Link, station: &Station, device: &Device) -> Result<Value> {
    let mut value = serde_json::to_value(link)?;
    value["key"] = json!(key(station.host.address, device.link));
    value["link"] = json!(device.link);
    Ok(value)
}

/// Starts a master with its polls and its operator.
pub(super) fn master(network: &Network, site: &Site, master: &Master, seed: u64) -> Result<Peer> {
    let mut outstations = Vec::new();
    for (nth, station) in site.stations.iter().enumerate() {
        let mut links = Vec::new();
        for link in master.links.iter().filter(|link| link.station == nth) {
            let device = station.devices.get(link.device).context("no such device")?;
            links.push(conversation(link, station, device)?);
        }
        outstations.push(json!({ "address": station.host.address, "port": PORT, "links": links }));
    }
    let script = match master.stack {
        Stack::Opendnp3 => "master.py",
        Stack::NfmDnp3 => "reader.py",
    };
    let configuration = json!({
        "link": master.link, "seed": seed, "round_ms": master.round_ms, "outstations": outstations,
    });
    Peer::start(network, &master.host.name, script, &configuration)
}

/// Starts a master for one device that does nothing unless it is told to.
pub(super) fn idle_master(
    network: &Network,
    host: &str,
    own_link: u16,
    station: &Station,
    device: &Device,
) -> Result<Peer> {
    let link = Link {
        station: 0,
        device: 0,
        starts: false,
        authenticates: false,
        time_sync: "None",
        patience_ms: 1_500,
        keep_alive_ms: 60_000,
        polls: Vec::new(),
        orders: Vec::new(),
    };
    let links = [conversation(&link, station, device)?];
    let configuration = json!({
        "link": own_link, "seed": 0, "round_ms": 60_000,
        "outstations": [{ "address": station.host.address, "port": PORT, "links": links }],
    });
    Peer::start(network, host, "master.py", &configuration)
}
