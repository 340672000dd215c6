//! Alerts that stand, sent again: an Alertmanager forgets what it does not hear of.
//!
//! It is no delivery: it has no row, no id that matters and no retry but the next time.

use gridtap_model::{State, Timestamp};
use gridtap_store::{Announcement, Filter, Page, Queue, Sort, Standpoint, StoreError};

use super::{REST_MAX, Told, Worker, waits};
use crate::config::Format;
use crate::event::{self, Event};
use crate::format;

/// Alerts in one post.
const POST_MAX: u32 = 200;
/// Alerts that are kept standing; the worst come first.
const ALERTS_MAX: usize = 5_000;

impl Worker {
    /// Sends what stands again where it is time, unless the receiver asked to be left alone or is gone; when to do so
    /// next.
    pub(super) fn send_again(&mut self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let endpoint = self.courier.endpoint();
        let is_heard = event::is_wanted(&endpoint.types, "anomaly.opened");
        if endpoint.format != Format::Alertmanager || !is_heard {
            return Ok(Timestamp::MAX);
        }
        if waits(now, self.resend_at, self.courier.resend()) {
            return Ok(self.resend_at);
        }
        let (name, resend) = (endpoint.name.clone(), self.courier.resend());
        let severity_min = endpoint.severity_min;
        self.resend_at = now.plus_ns(resend.nanos());
        let is_gone = |queue: &Queue| queue.endpoint == name && queue.disabled.is_some();
        if waits(now, self.rest_until, REST_MAX) || self.store()?.queues()?.iter().any(is_gone) {
            return Ok(self.resend_at);
        }
        let filter = Filter {
            // Latched ones stand too: the condition is over and nobody has looked.
            states: vec![
                State::UnacknowledgedActive,
                State::AcknowledgedActive,
                State::UnacknowledgedCleared,
            ],
            severity_min: Some(severity_min),
            shelved: Some(false),
            suppressed: Some(false),
            ..Filter::default()
        };
        let mut page = Page { sort: Sort::Severity, after: None, limit: POST_MAX };
        let mut alerts = 0;
        let mut error = None;
        while error.is_none() && alerts < ALERTS_MAX && !self.is_stopped() {
            let found = self.store()?.find(&filter, &page)?;
            let Some(last) = found.last() else { break };
            page.after = Some(last.id.clone());
            let events: Vec<Event> =
                found.iter().filter_map(|each| event_of(each, &self.world.announcement)).collect();
            alerts = alerts.saturating_add(events.len());
            let moment = (self.world.clock)();
            let post = format::standing(&events, moment, resend);
            error = match self.courier.post("resend", &post, moment) {
                Ok(answer) if answer.is_success() => None,
                Ok(answer) => Some(format!("answered {}: {}", answer.status, answer.reason)),
                Err(error) => Some(error.to_string()),
            };
        }
        if alerts > 0 {
            (self.world.tell)(&Told::Resent { endpoint: &name, alerts, error });
        }
        Ok(self.resend_at)
    }
}

/// An anomaly as it stands, in the words of the store: the labels have to be those of the delivery.
fn event_of(standpoint: &Standpoint, announcement: &Announcement) -> Option<Event> {
    #[derive(serde::Deserialize)]
    struct Seen {
        last_time: String,
    }
    let Standpoint { id, record, .. } = standpoint;
    let Seen { last_time } = serde_json::from_str(record).ok()?;
    let body = announcement.about("anomaly.updated", &last_time, id, record).ok()?;
    Event::parse(&body).ok()
}
