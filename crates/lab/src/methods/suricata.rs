//! Suricata's own rules on events of its Modbus and DNP3 parsers, over the same frames.
//!
//! The program reads them from a pipe as they come, with a configuration in which nothing is on but these parsers. Its rule
//! 2250008 is left out: it fires on ordinary answers to reads. It learns nothing and has no threshold.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};
use gridtap_wire::Frame;
use serde_json::Value;

use super::{Alerts, Pair};
use crate::sim::pcap;

const CONFIGURATION: &str = "%YAML 1.1
---
vars:
  address-groups: { HOME_NET: any, EXTERNAL_NET: any }
  port-groups: { MODBUS_PORTS: 502, DNP3_PORTS: 20000 }
outputs:
  - eve-log: { enabled: yes, filetype: regular, filename: eve.json, types: [ alert ] }
app-layer:
  protocols:
    modbus: { enabled: yes, detection-ports: { dp: 502 }, stream-depth: 0 }
    dnp3: { enabled: yes, detection-ports: { dp: 20000 } }
stream: { midstream: true, reassembly: { depth: 0 } }
";

/// Where distributions put its rules.
const FOLDERS: [&str; 2] = ["/etc/suricata/rules", "/usr/share/suricata/rules"];
const FILES: [&str; 2] = ["modbus-events.rules", "dnp3-events.rules"];
const LEFT_OUT: &str = "sid:2250008";

/// The rules' text; none where the program or its rules are not installed.
#[must_use]
pub fn rules() -> Option<String> {
    let mut version = Command::new("suricata");
    let version = version.arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.ok().filter(std::process::ExitStatus::success)?;
    let place = |name: &str| -> Option<PathBuf> {
        let mut places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
        places.find(|place| place.is_file())
    };
    let texts = FILES.iter().map(|name| std::fs::read_to_string(place(name)?).ok());
    let text = texts.collect::<Option<String>>()?;
    let lines = text.lines().filter(|line| !line.contains(LEFT_OUT));
    Some(lines.fold(String::new(), |all, line| all + line + "\n"))
}

/// The program at work.
#[derive(Debug)]
pub(crate) struct Suricata {
    child: Child,
    input: BufWriter<ChildStdin>,
    folder: tempfile::TempDir,
    /// When each frame came.
    times: Vec<i64>,
    /// It took no more frames.
    failed: Option<std::io::Error>,
}

impl Suricata {
    pub(crate) fn begin(rules: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for suricata")?;
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("suricata.yaml"), CONFIGURATION)?;
        std::fs::write(at("own.rules"), rules)?;
        let mut command = Command::new("suricata");
        command.arg("-c").arg(at("suricata.yaml")).arg("-S").arg(at("own.rules"));
        command.args(["--runmode", "single", "-r", "/dev/stdin", "-l"]).arg(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().context("suricata does not start")?;
        let input = child.stdin.take().context("suricata has no input")?;
        let mut input = BufWriter::new(input);
        pcap::begin(&mut input)?;
        Ok(Self { child, input, folder, times: Vec::new(), failed: None })
    }

    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        self.times.push(frame.time.nanos());
        if self.failed.is_none() {
            self.failed = pcap::octets(&mut self.input, frame.time.nanos(), frame.bytes).err();
        }
    }

    /// The frames were all: what it alerted on.
    pub(crate) fn finish(self) -> Result<Alerts> {
        let Self { mut child, mut input, folder, times, failed } = self;
        if let Some(why) = failed.or(input.flush().err()) {
            child.kill()?;
            child.wait()?;
            return Err(why).context("suricata stopped reading");
        }
        drop(input);
        let status = child.wait()?;
        ensure!(status.success(), "suricata failed: {status}");
        let text = std::fs::read_to_string(folder.path().join("eve.json"))?;
        let mut alerts = Alerts::default();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line)?;
            let host = |key: &str| line[key].as_str().and_then(|own| own.parse().ok());
            let number = line["pcap_cnt"].as_u64().and_then(|own| usize::try_from(own).ok());
            // What its clock brings has no packet: it is of the last one.
            let time = number.and_then(|own| times.get(own.checked_sub(1)?)).or(times.last());
            let (Some(source), Some(destination), Some(time)) =
                (host("src_ip"), host("dest_ip"), time)
            else {
                continue;
            };
            alerts.add(*time, Pair { source, destination }, f64::INFINITY);
        }
        Ok(alerts)
    }
}
