//! `kind: script`.

use super::super::scalar::Scalar;
use super::super::script::Script;
use super::super::tree::join;
use super::Checker;
use super::captures::Answer;
use super::texts::Secrets;
use crate::expression::Format;

/// What a program leaves.
const LEAVES: Answer = Answer {
    names: &["exit_code", "output", "errors", "result"],
    of: "what the script leaves",
    condition: "`exit_code == 0` or `result.ok`",
    main: "result",
    before: "result before the script has run",
};

impl Checker<'_> {
    pub(super) fn script(&mut self, script: &Script) {
        self.script_path(&script.path);
        for (at, Scalar(text)) in script.arguments.iter().enumerate() {
            let path = format!("arguments[{at}]");
            if Format::parse(text).is_ok_and(|format| format.uses_secret()) {
                let hint = "everybody on the machine can read arguments; write it under `environment`";
                self.error(&path, "a secret in an argument", hint);
            } else {
                self.format(&path, text, Secrets::Allowed);
            }
        }
        for (name, Scalar(text)) in &script.environment {
            let path = join("environment", name);
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty()
                || name.starts_with(|first: char| first.is_ascii_digit())
                || !name.bytes().all(letters)
            {
                let hint = "write letters, digits and `_`, for example `API_KEY`";
                self.error(&path, format!("`{name}` as the name of a variable"), hint);
            }
            if name.starts_with("TENURE_") {
                let hint = "names that begin with `TENURE_` are Tenure's own; choose another";
                self.error(&path, format!("`{name}`"), hint);
            }
            self.format(&path, text, Secrets::Allowed);
        }
        for (path, text) in script.texts() {
            self.own_members_of(&path, text, &LEAVES);
        }
        for (at, name) in script.attributes.iter().enumerate() {
            self.attribute(&format!("attributes[{at}]"), name);
        }
        let seconds = script.timeout.0.as_secs();
        if !(1..=Script::MAX_TIMEOUT).contains(&seconds) {
            let hint = "write a span of time from `1s` to `1h`";
            self.error("timeout", format!("{seconds} seconds"), hint);
        }
        if let Some(success) = &script.success {
            self.success("success", success, &LEAVES);
        }
        self.captures("capture", &script.capture, &LEAVES);
    }

    fn script_path(&mut self, path: &str) {
        let hint = "write the file as it is called within a folder that the server allows, for example \
                    `provision.py`";
        let parts = || path.split(['/', '\\']);
        if path.trim().is_empty() || path.contains("{{") {
            self.error("path", format!("`{path}`"), hint);
        } else if path.starts_with(['/', '\\']) || path.contains(':') {
            self.error("path", format!("`{path}`, which is not relative"), hint);
        } else if parts().any(|part| matches!(part, "" | "." | "..")) {
            self.error("path", format!("`{path}`, which leads elsewhere"), hint);
        }
    }
}
