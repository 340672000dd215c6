//! The body of a request, as much of it as is taken.

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;

use crate::problem::Problem;

/// A body may have so many octets.
pub(crate) const BODY_OCTETS_MAX: usize = 64 * 1024;
/// What is too long is read on for so long: a caller that still writes would not see the answer.
const DRAINED_OCTETS_MAX: usize = 1024 * 1024;

/// All of it, or why not.
pub(crate) async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut octets = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Problem::malformed("the body broke off: send as many octets as its headers say")
        })?;
        let Some(data) = frame.data_ref() else { continue };
        length = length.saturating_add(data.len());
        if length <= BODY_OCTETS_MAX {
            octets.extend_from_slice(data);
        } else if length > DRAINED_OCTETS_MAX {
            break;
        }
    }
    if length > BODY_OCTETS_MAX {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body is longer than {BODY_OCTETS_MAX} octets: send less at once"),
        ));
    }
    Ok(octets)
}

/// That a body is said to be of a type.
pub(crate) fn is_of(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let wrong = |message: String| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    };
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(wrong("the body is compressed: send it as it is".to_owned()));
    }
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(wrong(format!("the body is said to be {given:?}: send Content-Type: {wanted}")))
}
