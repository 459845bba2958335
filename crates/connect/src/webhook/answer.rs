//! What an answer means: whether the call has succeeded, and what is kept of it.

use std::collections::BTreeMap;

use reqwest::header::CONTENT_TYPE;
use serde_json::Value as Json;
use serde_json::value::{RawValue, to_raw_value};
use tenure_core::expression::Scope;
use tenure_core::outcome::{MAX_CAPTURED, Outcome, Refusal};
use tenure_core::secret::Secret;

use super::request::Prepared;
use crate::http::{HttpAnswer, HttpError, said};
use crate::source::encoding;
use crate::source::xml;

/// How much of an answer is told when it counts as failure, in characters.
const TOLD: usize = 600;

/// What came of an answer.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// Why it counts as what it does, in words.
    pub(super) why: String,
    /// What could not be captured, and why.
    pub(super) not_captured: BTreeMap<String, String>,
}

/// An answer as expressions read it.
struct Read {
    headers: Box<RawValue>,
    answer: Box<RawValue>,
}

impl Read {
    fn new(answer: &HttpAnswer) -> Result<Self, serde_json::Error> {
        let mut headers = BTreeMap::new();
        for (name, value) in &answer.headers {
            headers
                .entry(name.as_str())
                .or_insert_with(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
        Ok(Self {
            headers: to_raw_value(&headers)?,
            answer: contents(answer)?,
        })
    }

    fn scope(&self, answer: &HttpAnswer) -> Scope<'_> {
        Scope::new()
            .with_value("status", i64::from(answer.status.as_u16()))
            .with_value("headers", &*self.headers)
            .with_value("answer", &*self.answer)
    }
}

/// A body as JSON when it is JSON or XML, else as text.
fn contents(answer: &HttpAnswer) -> Result<Box<RawValue>, serde_json::Error> {
    let kind = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if let Ok(json) = serde_json::from_slice::<&RawValue>(&answer.body) {
        return Ok(json.to_owned());
    }
    let declared = encoding::of_media_type(kind).or_else(|| xml::declared(&answer.body));
    let text =
        encoding::decode(&answer.body, declared).unwrap_or_else(|_| String::from_utf8_lossy(&answer.body));
    if text.trim_start().starts_with('<')
        && let Ok(document) = xml::read_whole(&text)
    {
        return to_raw_value(&document);
    }
    to_raw_value(&text)
}

impl Prepared {
    /// Judges an answer. `secrets` are left out of everything that is told of it.
    pub(super) fn judge(&self, answer: &HttpAnswer, secrets: &[Secret]) -> Judged {
        let name = answer.status.canonical_reason().unwrap_or_default();
        let line = format!("{} {name}", answer.status.as_u16()).trim_end().to_owned();
        let start = said(&answer.body, TOLD, secrets);
        let status = HttpError::Status {
            status: answer.status,
            said: start.clone(),
        };
        let failed = |outcome: Outcome, why: String| Judged {
            outcome,
            why,
            not_captured: BTreeMap::new(),
        };
        let refusal = |message: String, hint: &str| Refusal {
            code: String::new(),
            message,
            hint: hint.to_owned(),
        };
        let read = match Read::new(answer) {
            Ok(read) => read,
            Err(error) => {
                let message = format!("the answer cannot be read: {error}");
                return failed(Outcome::Refused(refusal(message.clone(), "")), message);
            }
        };
        let scope = read.scope(answer);
        let (success, why) = match &self.success {
            None => (
                answer.status.is_success(),
                format!("the status is {line}; without a condition 200 to 299 counts as success"),
            ),
            Some(condition) => match condition.holds(&scope) {
                Ok(true) => (true, format!("`{}` holds", condition.source())),
                Ok(false) => (false, format!("`{}` does not hold", condition.source())),
                Err(error) => (false, format!("the condition cannot be asked: {error}")),
            },
        };
        if success {
            let (captured, not_captured) = self.captured(&scope);
            return Judged {
                outcome: Outcome::Answered {
                    answer: line,
                    captured,
                },
                why,
                not_captured,
            };
        }
        if answer.status.is_success() {
            let message = format!("{line}, but {why}: {start}");
            let hint = "compare the answer with the webhook's `success`";
            return failed(Outcome::Refused(refusal(message, hint)), why);
        }
        let message = match &self.success {
            None => status.to_string(),
            Some(_) => format!("{status} ({why})"),
        };
        let refused = refusal(message.clone(), status.hint());
        let outcome = if status.is_unknown() && !self.repeatable {
            Outcome::InDoubt {
                what: format!(
                    "what lies between answered {message}; whether the call was carried out is not known"
                ),
            }
        } else if status.is_passing() {
            Outcome::Failed(refused)
        } else {
            Outcome::Refused(refused)
        };
        failed(outcome, why)
    }

    fn captured(&self, scope: &Scope<'_>) -> (BTreeMap<String, Json>, BTreeMap<String, String>) {
        let (mut captured, mut not) = (BTreeMap::new(), BTreeMap::new());
        for (name, format) in &self.captures {
            let found = match format.evaluate_json(scope) {
                Ok(Ok(value)) if value.to_string().len() > MAX_CAPTURED => {
                    Err(format!("longer than {MAX_CAPTURED} bytes"))
                }
                Ok(Ok(value)) => Ok(value),
                Ok(Err(missing)) => Err(format!("`{missing}` has no value")),
                Err(error) => Err(error.to_string()),
            };
            match found {
                Ok(value) => drop(captured.insert(name.clone(), value)),
                Err(why) => drop(not.insert(name.clone(), why)),
            }
        }
        (captured, not)
    }
}
