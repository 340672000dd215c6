//! One endpoint with everything that speaks to it: an attempt, without the store and without a thread.

use std::sync::Mutex;

use gridtap_model::{Span, Timestamp};
use gridtap_store::{Due, Outcome, Subscription};

use crate::client::{Answer, Client, ExchangeError};
use crate::config::{Config, Endpoint, Fault, Format, Wrong};
use crate::event::{self, Event};
use crate::format::{self, Post};
use crate::outcome::outcome;
use crate::schedule::Schedule;
use crate::targets::Targets;

/// Messages in ten minutes before the rest is gathered.
const DIGEST_ABOVE: u32 = 10;

/// What is told of an anomaly that was declared beforehand.
const SUPPRESSED: &str = "anomaly.suppressed";

/// Delivers to one endpoint.
pub struct Courier {
    endpoint: Endpoint,
    client: Client,
    schedule: Schedule,
    resend: Span,
    /// Whoever tests it.
    turn: Mutex<()>,
}

impl Endpoint {
    /// What the store is to owe this endpoint.
    #[must_use]
    pub fn subscription(&self) -> Subscription {
        // People, and what pages them, hear of what was meant to happen only where they ask for it by its name.
        let is_for_programs = matches!(self.format, Format::Standard | Format::CloudEvents);
        let is_asked = self.types.iter().any(|named| named == SUPPRESSED);
        let passes = |kind: &&str| *kind != SUPPRESSED || is_for_programs || is_asked;
        let wanted = event::TYPES.into_iter().filter(|kind| event::is_wanted(&self.types, kind));
        let types = if self.types.is_empty() && is_for_programs {
            Vec::new()
        } else {
            wanted.filter(passes).map(str::to_owned).collect()
        };
        Subscription {
            endpoint: self.name.clone(),
            types,
            severity_min: self.severity_min,
            digest_above: self.gathers().then_some(DIGEST_ABOVE),
        }
    }
}

impl Courier {
    /// Makes ready for every endpoint: reads its files, connects to nobody.
    ///
    /// # Errors
    ///
    /// Everything wrong with the settings and with the files that they name.
    pub fn all(config: &Config) -> Result<Vec<Self>, Vec<Fault>> {
        let mut faults = config.faults();
        let mut couriers = Vec::new();
        let listed = Targets::parse(&config.targets).ok().filter(|_| !config.targets.is_empty());
        let targets = listed.clone().unwrap_or_default();
        for (nth, endpoint) in (1..).zip(&config.endpoint) {
            let of = |wrong| Fault::of(&endpoint.name, nth, wrong);
            match Client::open(endpoint, &targets) {
                Ok(client) => couriers.push(Self {
                    endpoint: endpoint.clone(),
                    client,
                    schedule: Schedule::new(&config.retry),
                    resend: config.resend,
                    turn: Mutex::default(),
                }),
                Err(mut wrong) => {
                    // Without a list that can be read nothing is on it, and that is told already.
                    wrong.retain(|wrong| listed.is_some() || !matches!(wrong, Wrong::Target(_)));
                    faults.extend(wrong.into_iter().map(of));
                }
            }
        }
        // What can be told without a file is told again of the file.
        let mut told = std::collections::BTreeSet::new();
        faults.retain(|fault| told.insert(fault.to_string()));
        if faults.is_empty() { Ok(couriers) } else { Err(faults) }
    }

    /// Whom it delivers to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn resend(&self) -> Span {
        self.resend
    }

    /// One attempt: what came of it, and how long the receiver asked to be left alone.
    pub fn deliver(&self, due: &Due, clock: &dyn Fn() -> Timestamp) -> (Outcome, Option<Span>) {
        let event = match Event::parse(&due.body) {
            Ok(event) => event,
            // No attempt will make a body of it.
            Err(error) => {
                return (Outcome::Failed { status: None, error: error.to_string() }, None);
            }
        };
        let now = clock();
        let post = format::post(self.endpoint.format, &due.id, &event, now, self.resend);
        let exchange = self.post(&due.id, &post, now);
        let asked = exchange.as_ref().ok().and_then(|answer| answer.asked);
        let attempts = due.attempts.saturating_add(1);
        (outcome(&exchange, &self.schedule, &due.id, attempts, clock()), asked)
    }

    pub(crate) fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn post(
        &self,
        id: &str,
        post: &Post,
        now: Timestamp,
    ) -> Result<Answer, ExchangeError> {
        self.client.exchange(id, post, now)
    }
}
