//! What stands behind the question mark: every parameter known, every value checked, nothing passed over in silence.

use gridtap_model::{Severity, State, Timestamp};
use gridtap_store::{Filter, Page, Sort};

use crate::problem::Problem;

/// Records on one page.
pub(crate) const LIMIT_MAX: u32 = 1000;
const LIMIT_USUAL: u32 = 100;

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters, each of them known and given once.
    pub(crate) fn of(given: Vec<(String, String)>, known: &[&str]) -> Result<Self, Problem> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &given {
            if !known.contains(&name.as_str()) {
                let known = match known {
                    [] => "none is known here".to_owned(),
                    names => format!("known are {}", names.join(", ")),
                };
                return Err(Problem::malformed(format!(
                    "there is no query parameter {name:?}: {known}"
                )));
            }
            if seen.contains(&name.as_str()) {
                return Err(Problem::malformed(format!(
                    "the query parameter {name} is given twice: give it once"
                )));
            }
            seen.push(name);
        }
        Ok(Self(given))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, _)| given == name)?;
        Some(value)
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// The address, relative to its page, of what follows after this id.
    pub(crate) fn followed_by(&self, id: &str) -> String {
        let kept = self.0.iter().filter(|(name, _)| name != "after");
        let pairs =
            kept.map(|(name, value)| (name.as_str(), value.as_str())).chain([("after", id)]);
        format!("?{}", serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).unwrap_or_default())
    }

    /// A value out of a list of names.
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &str,
        values: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        self.text(name).map(|given| choice(name, given, values)).transpose()
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let parse = |given: &str| {
            given.parse().map_err(|_| {
                Problem::malformed(format!("{name}={given} is no whole number, such as 100"))
            })
        };
        self.text(name).map(parse).transpose()
    }

    /// How many records are wanted.
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        let given = self.number("limit")?.unwrap_or(LIMIT_USUAL.into());
        u32::try_from(given).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
            Problem::malformed(format!("limit={given} is out of its range: 1 to {LIMIT_MAX}"))
        })
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let parse = |given: &str| {
            moment(given).ok_or_else(|| {
                Problem::malformed(format!(
                    "{name}={given} is no time: write RFC 3339, such as 2024-05-01T10:00:00Z (a + is %2B here)"
                ))
            })
        };
        self.text(name).map(parse).transpose()
    }

    /// Which anomalies are wanted.
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let states = self.text("state").map(|given| {
            given.split(',').map(|each| choice("state", each, &STATES)).collect::<Result<_, _>>()
        });
        Ok(Filter {
            states: states.transpose()?.unwrap_or_default(),
            severity_min: self.one_of("severity_min", &severities())?,
            detection: self.owned("detection"),
            device: self.owned("device"),
            source: self.owned("source"),
            zone: self.owned("zone"),
            incident: self.owned("incident"),
            since: self.time("since")?,
            until: self.time("until")?,
            shelved: self.one_of("shelved", &[("true", true), ("false", false)])?,
            // What was meant to happen is shown to whoever asks for it.
            suppressed: self
                .one_of(
                    "suppressed",
                    &[("true", Some(true)), ("false", Some(false)), ("any", None)],
                )?
                .unwrap_or(Some(false)),
        })
    }

    /// Which part of them, and one more, by which it shows whether another page follows.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let sorts =
            [("newest", Sort::Newest), ("oldest", Sort::Oldest), ("severity", Sort::Severity)];
        Ok(Page {
            sort: self.one_of("sort", &sorts)?.unwrap_or_default(),
            after: self.owned("after"),
            limit: self.limit()?.saturating_add(1),
        })
    }
}

/// The parameters of lists of anomalies and incidents.
pub(crate) const FILTERS: [&str; 14] = [
    "state",
    "severity_min",
    "detection",
    "device",
    "source",
    "zone",
    "incident",
    "since",
    "until",
    "shelved",
    "suppressed",
    "sort",
    "after",
    "limit",
];

const STATES: [(&str, State); 5] = [
    ("unacknowledged-active", State::UnacknowledgedActive),
    ("acknowledged-active", State::AcknowledgedActive),
    ("unacknowledged-cleared", State::UnacknowledgedCleared),
    ("cleared", State::Cleared),
    ("closed", State::Closed),
];

fn severities() -> [(&'static str, Severity); 5] {
    Severity::ALL.map(|severity| (severity.name(), severity))
}

fn choice<T: Copy>(name: &str, given: &str, values: &[(&str, T)]) -> Result<T, Problem> {
    values.iter().find(|(known, _)| *known == given).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
        Problem::malformed(format!("{name}={given} is none of {}", known.join(", ")))
    })
}

/// A moment in RFC 3339, of the years that a packet can have.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(moment.as_nanosecond()).ok().map(Timestamp::from_nanos)
}
