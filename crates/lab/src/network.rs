//! A station network of its own: a thread and a network namespace for each host, cables to one switch, and a
//! capture of everything that the switch forwards.
//!
//! The namespaces have no names and live exactly as long as their threads: whatever ends the lab, the kernel
//! cleans up behind it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, gettid};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::site::Host;

/// Why the lab cannot run here, in one line.
const NEEDS: &str = "the lab makes network namespaces of its own: it needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN";

/// The network and everything that runs in it.
#[derive(Debug)]
pub struct Network {
    hosts: BTreeMap<String, Station>,
    switch: mpsc::Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

/// One host's thread.
#[derive(Debug)]
struct Station {
    port: String,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is done inside the switch's namespace, and whom to tell.
struct Order {
    work: Box<dyn FnOnce() -> Result<()> + Send>,
    done: mpsc::Sender<Result<()>>,
}

impl Network {
    /// Builds the network of some hosts.
    ///
    /// # Errors
    /// Namespaces are not allowed here, or a tool is missing.
    pub fn build<'a>(hosts: impl Iterator<Item = &'a Host>) -> Result<Self> {
        let (switch, thread) = switch()?;
        let mut network = Self { hosts: BTreeMap::new(), switch, thread: Some(thread) };
        for (nth, host) in hosts.enumerate() {
            let port = format!("port{nth}");
            let station = network.attach(port, host)?;
            network.hosts.insert(host.name.clone(), station);
        }
        Ok(network)
    }

    /// Where to spawn what a host runs: its sockets are in its namespace.
    ///
    /// # Errors
    /// There is no such host.
    pub fn on(&self, host: &str) -> Result<&Handle> {
        Ok(&self.station(host)?.handle)
    }

    /// Pulls a host's cable, or puts it back.
    ///
    /// # Errors
    /// There is no such host.
    pub fn plug(&self, host: &str, plugged: bool) -> Result<()> {
        let port = self.station(host)?.port.clone();
        let state = if plugged { "up" } else { "down" };
        self.inside(move || batch(&format!("link set {port} {state}\n")))
    }

    /// Captures what the switch forwards into a file, from now on.
    ///
    /// # Errors
    /// tcpdump is missing or cannot write the file.
    pub fn capture(&self, file: &Path) -> Result<Capture> {
        let file = file.to_owned();
        let (send, receive) = mpsc::channel();
        self.inside(move || {
            let mut child = Command::new("setpriv")
                .args([
                    "--pdeathsig",
                    "TERM",
                    "tcpdump",
                    "-i",
                    "switch",
                    "-U",
                    "-n",
                    "-Z",
                    "root",
                    "-w",
                ])
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .context(
                    "the lab captures with tcpdump, started by setpriv: neither may be missing",
                )?;
            let mut lines = BufReader::new(child.stderr.take().context("no stderr")?);
            let mut line = String::new();
            lines.read_line(&mut line)?;
            if !line.contains("listening on") {
                let _ = child.wait();
                bail!("tcpdump does not capture: {}", line.trim());
            }
            let _ = send.send((child, lines));
            Ok(())
        })?;
        let (child, messages) = receive.recv().context("tcpdump did not start")?;
        Ok(Capture { child, messages })
    }

    fn station(&self, host: &str) -> Result<&Station> {
        self.hosts.get(host).with_context(|| format!("no host {host:?} on this network"))
    }

    /// Runs something on the switch's thread, in the switch's namespace.
    fn inside(&self, work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        let (done, wait) = mpsc::channel();
        self.switch
            .send(Order { work: Box::new(work), done })
            .ok()
            .context("the switch is gone")?;
        wait.recv().context("the switch is gone")?
    }

    fn attach(&self, port: String, host: &Host) -> Result<Station> {
        let (told, tell) = mpsc::channel();
        let (wired, wire) = mpsc::channel::<()>();
        let (stop, stopped) = oneshot::channel();
        let address = host.address;
        let thread = std::thread::Builder::new().name(host.name.clone()).spawn(move || {
            let ready = || -> Result<_> {
                unshare(CloneFlags::CLONE_NEWNET).context(NEEDS)?;
                Ok(gettid())
            };
            let thread = match ready() {
                Ok(thread) => thread,
                Err(error) => return drop(told.send(Err(error))),
            };
            let _ = told.send(Ok((thread, None)));
            if wire.recv().is_err() {
                return;
            }
            let started = start(address);
            match started {
                Ok(runtime) => {
                    let _ = told.send(Ok((thread, Some(runtime.handle().clone()))));
                    let _ = runtime.block_on(stopped);
                    runtime.shutdown_background();
                }
                Err(error) => drop(told.send(Err(error))),
            }
        })?;
        let (id, _) = tell.recv().context("a host's thread ended")??;
        let cable = format!(
            "link add {port} type veth peer name eth0 address {mac} netns {id}\n\
             link set {port} addrgenmode none\nlink set {port} master switch up\n",
            mac = host.mac
        );
        self.inside(move || batch(&cable))?;
        wired.send(()).ok().context("a host's thread ended")?;
        let (_, handle) = tell.recv().context("a host's thread ended")??;
        let handle = handle.context("a host's thread has no runtime")?;
        Ok(Station { port, handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for station in self.hosts.values_mut() {
            if let Some(stop) = station.stop.take() {
                let _ = stop.send(());
            }
        }
        for station in self.hosts.values_mut() {
            if let Some(thread) = station.thread.take() {
                let _ = thread.join();
            }
        }
        // The switch's thread ends when nobody can send to it any more.
        self.switch = mpsc::channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A running capture.
#[derive(Debug)]
pub struct Capture {
    child: Child,
    messages: BufReader<std::process::ChildStderr>,
}

impl Capture {
    /// Ends it and waits until the file is whole.
    ///
    /// # Errors
    /// Frames were dropped, or tcpdump failed.
    pub fn finish(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGINT)?;
        let mut said = String::new();
        while self.messages.read_line(&mut said)? > 0 {}
        let status = self.child.wait()?;
        if !status.success() || !said.contains("\n0 packets dropped by kernel") {
            bail!("the capture is not whole ({status}): {}", said.trim().replace('\n', ", "));
        }
        Ok(())
    }
}

/// Starts the thread of the switch, in its own namespace.
fn switch() -> Result<(mpsc::Sender<Order>, JoinHandle<()>)> {
    let (orders, work) = mpsc::channel::<Order>();
    let (told, tell) = mpsc::channel();
    let thread = std::thread::Builder::new().name("switch".to_owned()).spawn(move || {
        let build = || -> Result<()> {
            unshare(CloneFlags::CLONE_NEWNET).context(NEEDS)?;
            batch(
                "link add switch type bridge mcast_snooping 0\n\
                 link set switch addrgenmode none\nlink set switch up\n",
            )
        };
        let built = build();
        let failed = built.is_err();
        let _ = told.send(built);
        if failed {
            return;
        }
        for order in work {
            let _ = order.done.send((order.work)());
        }
    })?;
    tell.recv().context("the switch's thread ended")??;
    Ok((orders, thread))
}

/// Brings up a host's interface and its runtime, on the thread and in the namespace that calls.
fn start(address: std::net::Ipv4Addr) -> Result<tokio::runtime::Runtime> {
    batch(&format!(
        "link set lo up\nlink set eth0 addrgenmode none\naddr add {address}/24 dev eth0\nlink set eth0 up\n"
    ))?;
    // Checksums are computed by the host and not left to a network card that does not exist.
    let ethtool = Command::new("ethtool")
        .args(["-K", "eth0", "tx", "off", "tso", "off", "gso", "off"])
        .stdout(Stdio::null())
        .status()
        .context("the lab turns checksum offload off with ethtool, which is missing")?;
    if !ethtool.success() {
        bail!("ethtool cannot turn checksum offload off");
    }
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Feeds commands to `ip`, in the namespace of the thread that calls.
fn batch(commands: &str) -> Result<()> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("the lab builds its network with ip (iproute2), which is missing")?;
    child.stdin.take().context("no stdin")?.write_all(commands.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{NEEDS}; ip says: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
