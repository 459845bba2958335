//! What a program's end means: whether it has succeeded, and what is kept of its output.

use std::collections::BTreeMap;
use std::process::ExitStatus;

use serde_json::Value as Json;
use serde_json::value::RawValue;
use tenure_core::expression::Scope;
use tenure_core::outcome::{MAX_CAPTURED, Outcome};
use tenure_core::secret::Secret;

use super::prepared::Prepared;
use super::process::Ended;
use crate::http::said;
use crate::perform::refused;

/// How much of its output is kept in the history, in characters.
const TOLD: usize = 1_000;

/// What came of a program.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// Why it counts as what it does, in words.
    pub(super) why: String,
    /// What could not be captured, and why.
    pub(super) not_captured: BTreeMap<String, String>,
}

impl Prepared {
    /// Judges a program that has ended by itself. `secrets` are left out of everything that is told of it.
    pub(super) fn judge(&self, status: ExitStatus, ended: &Ended, secrets: &[Secret]) -> Judged {
        let code = code(status);
        let output = String::from_utf8_lossy(&ended.output.bytes);
        let errors = String::from_utf8_lossy(&ended.errors.bytes);
        let whole = Some(&ended.output).filter(|output| !output.cut);
        let result: Option<&RawValue> =
            whole.and_then(|output| serde_json::from_slice(output.bytes.trim_ascii()).ok());
        let mut scope = Scope::new()
            .with_value("exit_code", i64::from(code))
            .with_value("output", &*output)
            .with_value("errors", &*errors);
        if let Some(result) = result {
            scope = scope.with_value("result", result);
        }
        let end = match signal(status) {
            Some(signal) => format!("it was ended by signal {signal}"),
            None => format!("exit code {code}"),
        };
        let (success, why) = match &self.success {
            None => (
                code == 0,
                format!("{end}; without a condition 0 counts as success"),
            ),
            Some(condition) => match condition.holds(&scope) {
                Ok(true) => (true, format!("`{}` holds", condition.source())),
                Ok(false) => (false, format!("`{}` does not hold", condition.source())),
                Err(error) => (false, format!("the condition cannot be asked: {error}")),
            },
        };
        let told = |bytes: &[u8]| said(bytes.trim_ascii(), TOLD, secrets);
        if success {
            let (captured, not_captured) = self.captured(&scope, ended.output.cut);
            let said = told(&ended.output.bytes);
            let answer = if said.is_empty() {
                end
            } else {
                format!("{end}: {said}")
            };
            return Judged {
                outcome: Outcome::Answered { answer, captured },
                why,
                not_captured,
            };
        }
        let said = match told(&ended.errors.bytes) {
            said if said.is_empty() => told(&ended.output.bytes),
            said => said,
        };
        let mut message = end;
        if self.success.is_some() {
            message = format!("{message}, and {why}");
        }
        if !said.is_empty() {
            message = format!("{message}: {said}");
        }
        let hint = "look at what the script says; the next run runs it again";
        Judged {
            outcome: refused(message, hint),
            why,
            not_captured: BTreeMap::new(),
        }
    }

    fn captured(&self, scope: &Scope<'_>, cut: bool) -> (BTreeMap<String, Json>, BTreeMap<String, String>) {
        let (mut captured, mut not) = (BTreeMap::new(), BTreeMap::new());
        for (name, format) in &self.captures {
            let found = match format.evaluate_json(scope) {
                Ok(Ok(value)) if value.to_string().len() > MAX_CAPTURED => {
                    Err(format!("longer than {MAX_CAPTURED} bytes"))
                }
                Ok(Ok(value)) => Ok(value),
                Ok(Err(missing)) if cut => Err(format!(
                    "`{missing}` has no value; the output is too long to be read as JSON"
                )),
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

/// The exit code; 128 and the number of the signal that ended it, as shells say it.
fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| Some(128 + signal(status)?))
        .unwrap_or(-1)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
