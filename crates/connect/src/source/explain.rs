//! What an administrator reads when records cannot be fetched over HTTP.

use reqwest::header::CONTENT_TYPE;
use tenure_core::seams::{SourceError, SourceTrouble};

use super::call::Prepared;
use super::progress::Progress;
use super::repeat::Repetition;
use super::split::SplitError;
use crate::http::{HttpAnswer, HttpError, HttpFailure, HttpRequest, excerpt, scrub};

/// How much of an answer that cannot be read is shown, in characters.
const SHOWN: usize = 200;

/// A call that came to nothing.
pub(super) fn refused(failure: HttpFailure, call: &Prepared) -> SourceError {
    let unauthorized = matches!(&failure.error, HttpError::Status { status, .. } if status.as_u16() == 401);
    let mut error = SourceError::from(failure);
    if unauthorized {
        error.hint = match call.secret_names.as_slice() {
            [] => {
                "the call names no secret; say in `authorization` how the application lets you in".to_owned()
            }
            names => {
                let commands: Vec<_> = names
                    .iter()
                    .map(|name| format!("`tenure secret set {name}`"))
                    .collect();
                format!(
                    "the credentials were not accepted; set them again with {}",
                    commands.join(" or ")
                )
            }
        };
    }
    error
}

/// An answer that cannot be split.
pub(super) fn unreadable(request: &HttpRequest, answer: &HttpAnswer, error: &SplitError) -> SourceError {
    let kind = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let start = scrub(&excerpt(&answer.body, SHOWN), &request.secrets);
    let hint = match error {
        SplitError::Json { .. } | SplitError::Encoding { .. }
            if !kind.is_empty() && !kind.contains("json") =>
        {
            format!(
                "it is `{}`; check that the `url` is that of the API",
                scrub(kind, &request.secrets)
            )
        }
        SplitError::Json { .. } | SplitError::Encoding { .. } => {
            "it was cut off or damaged on its way; try again, and when it stays so ask the vendor".to_owned()
        }
        SplitError::Absent { .. } | SplitError::NoList { .. } => {
            "correct the endpoint's `records` and `total` to where the answer has them".to_owned()
        }
        SplitError::NoNumber { .. } => {
            "correct the endpoint's `total` to where the answer has the number".to_owned()
        }
        SplitError::Length => "ask for fewer records a page".to_owned(),
    };
    let begins = if start.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("it begins: {start}")
    };
    SourceError {
        kind: SourceTrouble::Malformed,
        doing: request.to_string(),
        said: format!("the answer cannot be read, {error} ({begins})"),
        hint,
    }
}

/// A page that is the one before again.
pub(super) fn no_progress(request: String, repeat: Option<&Repetition>, progress: &Progress) -> SourceError {
    let parameter = repeat.map(Repetition::parameter).unwrap_or_default();
    SourceError {
        kind: SourceTrouble::NoProgress,
        doing: request,
        said: format!(
            "page {} has the same records as the one before",
            progress.number()
        ),
        hint: format!(
            "the application takes no notice of `{parameter}`; check `repeat` with the vendor's documentation"
        ),
    }
}

/// A repetition that does not end.
pub(super) fn too_many_pages(endpoint: &str, most: u32, progress: &Progress) -> SourceError {
    SourceError {
        kind: SourceTrouble::Limit,
        doing: format!("fetching the pages of `{endpoint}`"),
        said: format!(
            "{most} pages came with {} records, and there are still more",
            progress.count()
        ),
        hint: "check `until` of its `repeat`, or raise `max_pages`".to_owned(),
    }
}

/// Work that ended before its time, as when the program ends.
pub(super) fn stopped() -> SourceError {
    SourceError {
        kind: SourceTrouble::Unreachable,
        doing: "waiting for a page".to_owned(),
        said: "the work on it was stopped".to_owned(),
        hint: String::new(),
    }
}
