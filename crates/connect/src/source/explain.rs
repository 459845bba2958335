//! What an administrator reads when records cannot be fetched over HTTP.

use reqwest::header::CONTENT_TYPE;
use tenure_core::seams::{SourceError, SourceTrouble};

use super::call::Prepared;
use super::progress::Progress;
use super::repeat::Repetition;
use super::split::SplitError;
use super::veil::veiled;
use crate::http::{HttpAnswer, HttpError, HttpFailure, HttpRequest, said, scrub};

/// How much of an answer that cannot be read is shown, in characters: enough to tell a page from data, and little of
/// what may be about people.
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
    let start = veiled(&said(&answer.body, SHOWN, &request.secrets));
    let hint = match error {
        SplitError::Json { .. } | SplitError::Encoding { .. }
            if !kind.is_empty() && !kind.contains("json") =>
        {
            format!(
                "it is `{}`; check that the `url` is that of the API",
                scrub(kind, &request.secrets)
            )
        }
        SplitError::Kind { .. } => {
            "check that the `url` is that of the API, and that `answer` says how it answers".to_owned()
        }
        SplitError::Charset { .. } => {
            "say its encoding, for a table as `csv: { encoding: windows-1252 }`, or ask the vendor".to_owned()
        }
        SplitError::Json { .. }
        | SplitError::Encoding { .. }
        | SplitError::Xml { .. }
        | SplitError::Table { .. }
        | SplitError::Compression { .. } => {
            "it was cut off or damaged on its way; try again, and when it stays so ask the vendor".to_owned()
        }
        SplitError::NoNext { .. } => {
            "correct `from` of the endpoint's `repeat` to where the answer has what leads to the next page"
                .to_owned()
        }
        SplitError::Size { .. } => {
            "ask for fewer records a page, or raise `response_mib` in `limits`".to_owned()
        }
        SplitError::Absent { .. } | SplitError::NoList { .. } | SplitError::NoRecord { .. } => {
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
    let trouble = match error {
        SplitError::Size { .. } | SplitError::Length => SourceTrouble::Limit,
        _ => SourceTrouble::Malformed,
    };
    SourceError {
        kind: trouble,
        doing: request.to_string(),
        said: format!("the answer cannot be read, {error} ({begins})"),
        hint,
    }
}

/// A page that is the one before again.
pub(super) fn no_progress(request: String, repeat: Option<&Repetition>, progress: &Progress) -> SourceError {
    let said = format!(
        "page {} has the same records as the one before",
        progress.number()
    );
    stuck(request, said, repeat)
}

/// A second page in a row without records, where a condition says that there are more.
pub(super) fn nothing_again(request: String, repeat: &Repetition, progress: &Progress) -> SourceError {
    let number = progress.number();
    let said = format!(
        "pages {} and {number} have no records, and `while` still holds",
        number.saturating_sub(1)
    );
    stuck(request, said, Some(repeat))
}

/// A cursor or link that was followed before.
pub(super) fn followed_before(request: String, repeat: &Repetition, progress: &Progress) -> SourceError {
    let said = format!(
        "page {} leads on to where an earlier page has led already",
        progress.number()
    );
    stuck(request, said, Some(repeat))
}

fn stuck(request: String, said: String, repeat: Option<&Repetition>) -> SourceError {
    let what = repeat.map(|repeat| repeat.step().name()).unwrap_or_default();
    SourceError {
        kind: SourceTrouble::NoProgress,
        doing: request,
        said,
        hint: format!(
            "the application takes no notice of {what}; check `repeat` with the vendor's documentation"
        ),
    }
}

/// A page that must have a next one, and does not say which.
pub(super) fn leads_nowhere(request: String, repeat: &Repetition, progress: &Progress) -> SourceError {
    SourceError {
        kind: SourceTrouble::Malformed,
        doing: request,
        said: format!(
            "`while` says that page {} is not the last, and it has nothing {}",
            progress.number(),
            repeat.step().origin()
        ),
        hint: "correct where `repeat` finds the next page, or its `while`".to_owned(),
    }
}

/// A cursor or link that is out of all proportion.
pub(super) fn too_long(request: String, repeat: &Repetition, most: usize) -> SourceError {
    SourceError {
        kind: SourceTrouble::Malformed,
        doing: request,
        said: format!(
            "what leads to the next page, {}, is longer than {} KiB",
            repeat.step().origin(),
            most >> 10
        ),
        hint: "correct where `repeat` finds the next page".to_owned(),
    }
}

/// The last answer does not say where changes are told.
pub(super) fn no_delta(request: String, path: &str) -> SourceError {
    SourceError {
        kind: SourceTrouble::Malformed,
        doing: request,
        said: format!("the last answer has nothing at `{path}`, where changes from then on should be told"),
        hint: "correct `delta_link` of the endpoint's `incremental`, or its `repeat`".to_owned(),
    }
}

/// A link that is not followed.
pub(super) fn not_followed(request: &HttpRequest, said: &str) -> SourceError {
    SourceError {
        kind: SourceTrouble::Refused,
        doing: request.to_string(),
        said: scrub(said, &request.secrets),
        hint: "the keys in the call would go along; when that host is right, write it into the `url`"
            .to_owned(),
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
