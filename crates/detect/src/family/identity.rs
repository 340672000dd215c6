//! Who a device says it is, against what it said before.

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Message, Observation, Severity};

use super::rows;
use crate::book::Cause;
use crate::series::Series;
use crate::words;

/// Octets of an identification that are kept and compared.
const IDENTITY_MAX: usize = 256;

/// An answer that identifies the device.
pub(crate) fn answer(
    site: &Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    baseline: &mut Baseline,
    out: &mut Vec<Series>,
) {
    let Some(identity) = message.identity else { return };
    let Some(row) = rows(message.device.protocol).and_then(|rows| rows.identity_changed) else {
        return;
    };
    let text = readable(identity);
    let device = &message.device;
    let detail = u64::from(message.function.code)
        .saturating_mul(65_536)
        .saturating_add(u64::from(message.function.sub.unwrap_or(0)));
    let key = FactKey { kind: FactKind::Identity, device: *device, master: None, detail };
    match baseline.facts().get(&key).map(|fact| fact.text.clone()) {
        None => baseline.facts_mut().note(key, obs.time, |fact| fact.text = text),
        Some(before) if before == text => {}
        Some(before) => {
            let observed = format!("{} now says it is {text:?}", words::device(site, device));
            let expected = format!("before, it said {before:?}");
            out.push(
                Series::about(row, Severity::Medium, Cause::Process, obs, message)
                    .variant(detail)
                    .scored(3.0)
                    .saying(observed, expected),
            );
        }
    }
}

/// Text as it is, other octets as hexadecimal escapes.
fn readable(bytes: &[u8]) -> String {
    bytes.iter().take(IDENTITY_MAX).flat_map(|byte| byte.escape_ascii()).map(char::from).collect()
}
