//! What a person wants done, out of the text of a request.

use gridtap_store::{Action, Disposition};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;
use crate::query::moment;

/// A request to act, of the API.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) disposition: Option<String>,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    pub(crate) until: Option<String>,
    #[serde(default)]
    pub(crate) expected_revision: Option<u32>,
    /// Who acts, where that is another than the token is named after: a person at the command line, or in an
    /// integration that speaks for many.
    #[serde(default)]
    pub(crate) actor: Option<String>,
}

impl Wanted {
    /// Who acts: the one that was named, always with the token that said so.
    pub(crate) fn who(&self, token: &str) -> String {
        who(self.actor.as_deref(), token)
    }

    /// The action; an error where it lacks something or has what it has no use for.
    pub(crate) fn action(&self) -> Result<Action, Problem> {
        let wrong = |message: String| Err(Problem::unprocessable(message));
        let name = self.action.as_str();
        if !Action::NAMES.contains(&name) {
            return wrong(format!("{name:?} is no action: {}", Action::NAMES.join(", ")));
        }
        if self.until.is_some() && name != "shelve" {
            return wrong(format!("until belongs to shelve: leave it out of {name}"));
        }
        if self.disposition.is_some() && name != "close" {
            return wrong(format!("disposition belongs to close: leave it out of {name}"));
        }
        Ok(match name {
            "acknowledge" => Action::Acknowledge,
            "unacknowledge" => Action::Unacknowledge,
            "unshelve" => Action::Unshelve,
            "shelve" => {
                let Some(until) = &self.until else {
                    return wrong(
                        "shelve needs until: a time at most 12 h from now, in RFC 3339".to_owned(),
                    );
                };
                let Some(until) = moment(until) else {
                    return wrong(format!(
                        "until {until:?} is no time: write RFC 3339, such as 2024-05-01T10:00:00Z"
                    ));
                };
                Action::Shelve { until }
            }
            "close" => {
                let names = Disposition::ALL.map(Disposition::name).join(", ");
                let Some(given) = &self.disposition else {
                    return wrong(format!("close needs a disposition: {names}"));
                };
                let Some(disposition) = Disposition::of_name(given) else {
                    return wrong(format!("{given:?} is no disposition: {names}"));
                };
                Action::Close { disposition }
            }
            _ => Action::Comment,
        })
    }
}

/// Who acts: the one that was named, always with the token that said so.
pub(crate) fn who(actor: Option<&str>, token: &str) -> String {
    match actor.map(str::trim) {
        Some(actor) if !actor.is_empty() && actor != token => format!("{actor} ({token})"),
        _ => token.to_owned(),
    }
}

/// A body as what it should be: 400 where it is no JSON or nested without end, 422 where it is other JSON.
pub(crate) fn strict<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let wrong = |error: &serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => Problem::unprocessable(format!("the body: {error}")),
        _ => Problem::malformed(format!("the body is no JSON that is taken: {error}")),
    };
    // Looked at as a whole first: a list of values would pass for an object without names, and what is not JSON
    // further on would not be seen behind the first field that does not fit.
    let whole: Value = serde_json::from_slice(body).map_err(|error| wrong(&error))?;
    if !whole.is_object() {
        return Err(Problem::unprocessable(
            "the body is JSON, and no object: send {\"name\": value}",
        ));
    }
    serde_json::from_slice(body).map_err(|error| wrong(&error))
}
