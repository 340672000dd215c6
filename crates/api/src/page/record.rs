//! An anomaly's record as a page shows it.

use gridtap_store::Disposition;
use serde::Deserialize;

use super::words::clean;

/// Characters of a sentence in a list.
const BRIEF_MAX: usize = 160;

/// What a page shows of a record. What another version does not write is left empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) time: String,
    pub(super) last_time: String,
    pub(super) count: u64,
    pub(super) capture: Option<String>,
    pub(super) frames: Vec<u64>,
    pub(super) detection: String,
    pub(super) name: String,
    pub(super) also: Vec<String>,
    pub(super) score: f64,
    pub(super) protocol: String,
    pub(super) zone: String,
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) device: String,
    pub(super) points: Vec<String>,
    pub(super) technique: Vec<String>,
    pub(super) observed: String,
    pub(super) expected: String,
    pub(super) advice: String,
    pub(super) baseline: String,
    pub(super) key: Option<String>,
    pub(super) acknowledged_by: Option<String>,
    pub(super) shelved_by: Option<String>,
    pub(super) shelved_until: Option<String>,
    pub(super) disposition: Option<Disposition>,
    pub(super) closed_by: Option<String>,
    pub(super) continues: Option<String>,
}

impl Record {
    /// Reads a record: one JSON object. One that cannot be read is told as that.
    pub(super) fn of(text: &str) -> Self {
        let mut record: Self = serde_json::from_str(text).unwrap_or_else(|error| {
            tracing::error!(%error, "a record in the store is none that this version can read");
            Self { name: "A record that cannot be read".to_owned(), ..Self::default() }
        });
        let texts = [
            &mut record.detection,
            &mut record.name,
            &mut record.zone,
            &mut record.source,
            &mut record.destination,
            &mut record.device,
            &mut record.observed,
            &mut record.expected,
            &mut record.advice,
        ];
        for text in texts {
            *text = clean(text);
        }
        let lists = record.points.iter_mut().chain(&mut record.also).chain(&mut record.technique);
        for text in lists.chain(&mut record.capture).chain(&mut record.key) {
            *text = clean(text);
        }
        record
    }

    /// Who sent it: the address without its port.
    pub(super) fn host(&self) -> &str {
        host(&self.source)
    }

    /// To whom, where the device's name does not say so.
    pub(super) fn at(&self) -> Option<&str> {
        let address = host(&self.destination);
        (!address.is_empty() && !self.device.contains(address)).then_some(address)
    }

    /// The device without what only says that nothing is known of it.
    pub(super) fn device(&self) -> &str {
        self.device.strip_prefix("unknown ").unwrap_or(&self.device)
    }

    /// What happened, in one sentence: the first time it did, where it did more than once.
    pub(super) fn sentence(&self) -> String {
        let first = self.observed.split("; last: ").next().unwrap_or_default();
        let first = first.trim_end_matches('.');
        if self.host().is_empty() || first.contains(self.host()) {
            return first.to_owned();
        }
        format!("{} to {}: {first}", self.host(), self.device())
    }

    /// The same, as much of it as a row of a list has room for.
    pub(super) fn brief(&self) -> String {
        let sentence = self.sentence();
        match sentence.char_indices().nth(BRIEF_MAX) {
            Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default().trim_end()),
            None => sentence,
        }
    }

    /// The frames that show it, as Wireshark filters by them.
    pub(super) fn wireshark(&self) -> Option<String> {
        let frames: Vec<String> = self.frames.iter().map(u64::to_string).collect();
        match frames.as_slice() {
            [] => None,
            [one] => Some(format!("frame.number == {one}")),
            many => Some(format!("frame.number in {{{}}}", many.join(", "))),
        }
    }

    /// What it turned out to be, in words.
    pub(super) fn verdict(&self) -> Option<String> {
        self.disposition.map(|disposition| disposition.name().replace('_', " "))
    }
}

fn host(endpoint: &str) -> &str {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}
