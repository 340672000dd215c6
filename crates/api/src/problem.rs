//! What went wrong, as the asker gets it: a status, a code that stays, and one sentence.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gridtap_model::State;
use gridtap_store::{ActError, Found, Refusal, StoreError};
use serde::Serialize;
use serde_json::json;

/// A request that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Where what was asked for stands, and at which revision.
    pub(crate) stands: Option<(State, u32)>,
    /// After how many seconds it may be tried again.
    pub(crate) retry_after: Option<u32>,
}

/// The body of an answer that is a problem.
#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), stands: None, retry_after: None }
    }

    /// 400: the request can't be read.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", message)
    }

    /// 401.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 403.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 422: it can be read, and asks for what can't be.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", message)
    }

    /// 429.
    pub(crate) fn limited() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "this source makes too many requests: slow down and try again",
        )
        .after(1)
    }

    /// 503: too much to do.
    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many requests are being worked on: try again",
        )
        .after(1)
    }

    /// 503: it took too long.
    pub(crate) fn late() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the request took too long and may have been done all the same: look before you repeat it",
        )
        .after(5)
    }

    /// 503: the store is down. Why is for the log, not for the asker.
    pub(crate) fn store(error: &StoreError) -> Self {
        tracing::error!(%error, "the store failed a request");
        Self::store_down()
    }

    pub(crate) fn store_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "the store cannot be used now and nothing was done: try again, and see the sensor's log",
        )
        .after(5)
    }

    pub(crate) const fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Why an act was refused, with where its target stands now.
    pub(crate) fn of_act(error: &ActError, found: Option<&Found>) -> Self {
        let stands = |state| Some((state, found.map_or(0, |found| found.revision)));
        let conflict = |code, state| Self {
            stands: stands(state),
            ..Self::new(StatusCode::CONFLICT, code, error.to_string())
        };
        match error {
            ActError::Unknown(_) => Self::unknown(error.to_string()),
            ActError::Revision { state, .. } => conflict("wrong_revision", *state),
            ActError::Refused { state, refusal, .. } => match refusal {
                Refusal::Closed
                | Refusal::Acknowledged
                | Refusal::NotAcknowledged
                | Refusal::Shelved
                | Refusal::NotShelved => conflict("wrong_state", *state),
                Refusal::ShelvedInPast | Refusal::ShelvedTooLong | Refusal::ReasonMissing => {
                    Self::unprocessable(error.to_string())
                }
            },
            ActError::Store(error) => Self::store(error),
            _ => Self::unprocessable(error.to_string()),
        }
    }

    /// The body as text.
    pub(crate) fn body(&self) -> serde_json::Value {
        let (state, revision) = self.stands.unzip();
        json!({ "error": Body { code: self.code, message: &self.message, state, revision } })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        // A page says it in its own words.
        response.extensions_mut().insert(self.clone());
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
