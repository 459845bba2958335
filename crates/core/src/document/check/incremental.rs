//! `incremental` of an endpoint, and the macros that requests may name.

use serde_json_path::JsonPath;

use super::super::application::{AnswerFormat, Endpoint};
use super::super::error::closest;
use super::super::incremental::Incremental;
use super::super::scalar::Span;
use super::super::tree::join;
use super::Checker;
use super::application::is_names;
use super::exchange::texts;
use crate::expression::Format;
use crate::macros::{MacroPlace, is_known, names};

impl Checker<'_> {
    pub(super) fn incremental(&mut self, path: &str, incremental: &Incremental, endpoint: &Endpoint) {
        if endpoint.for_each.is_some() {
            let hint =
                "leave out one of them; what is called for each record of another endpoint is always whole";
            self.error(path, "`incremental` with `for_each`", hint);
        }
        if let Some(column) = &incremental.column {
            self.column(&join(path, "column"), column);
            if incremental.delta_link.is_some() {
                let found = "both `column` and `delta_link`";
                self.error(&join(path, "delta_link"), found, "keep one of them");
            }
        }
        if let Some(id) = &incremental.id {
            self.column(&join(path, "id"), id);
        }
        let names_since = texts("", endpoint)
            .iter()
            .filter_map(|(_, text)| Format::parse(text).ok())
            .any(|format| format.columns().any(|(name, _)| name == "since"));
        match &incremental.delta_link {
            None if !names_since => {
                let hint = "say what is sent, for example `query: { changedAfter: \"{{ since }}\" }`";
                self.error(path, "`incremental`, and nothing names `since`", hint);
            }
            None => {}
            Some(link) => {
                let path = join(path, "delta_link");
                if endpoint.answer != AnswerFormat::Json {
                    self.error(
                        &path,
                        "`delta_link` with another answer than JSON",
                        "leave it out",
                    );
                }
                if JsonPath::parse(link).is_err() || !is_names(link) || link.trim() == "$" {
                    let hint = "write a JSONPath of names, for example `$['@odata.deltaLink']`";
                    self.error(&path, format!("`{link}`, which does not lead to one value"), hint);
                }
                let numbered = endpoint
                    .repeat
                    .as_ref()
                    .is_some_and(|repeat| repeat.next_link.is_none());
                if numbered {
                    let hint = "repeat by `next_link`, which leads from where the link begins";
                    self.error(&path, "`delta_link` with another kind of `repeat`", hint);
                }
                if names_since {
                    let hint = "leave `since` out; the link says everything";
                    self.error(&path, "`delta_link` with `since`", hint);
                }
            }
        }
        if let Some(removed) = &incremental.removed {
            let path = join(path, "removed");
            if let Some(condition) = self.condition(&path, removed) {
                for (name, _) in condition.columns().filter(|(name, _)| *name != "record") {
                    let hint = "a record is called `record` here, for example `record['@removed']`";
                    self.error(&path, format!("`{name}`"), hint);
                }
            }
        }
        if incremental.full_every == Span::from_secs(0) {
            let hint = "write for example `1d`, or leave `incremental` out";
            self.error(&join(path, "full_every"), "no time at all", hint);
        }
    }

    /// Names in requests must be macros.
    pub(super) fn request_macros(&mut self, path: &str, endpoint: &Endpoint) {
        for (path, text) in texts(path, endpoint) {
            self.macros(&path, text, MacroPlace::Request);
            let Ok(format) = Format::parse(text) else { continue };
            let names_since = format.columns().any(|(name, _)| name == "since");
            if names_since && endpoint.incremental.is_none() {
                let hint = "say how far a fetch came: `incremental: { column: … }`, see docs/fetching.md";
                self.error(&path, "`since` without `incremental`", hint);
            }
        }
    }

    pub(super) fn macros(&mut self, path: &str, text: &str, place: MacroPlace) {
        let Ok(format) = Format::parse(text) else { return };
        for (name, _) in format.columns().filter(|(name, _)| !is_known(place, name)) {
            let hint = if let Some(likely) = closest(name, names(place)) {
                format!("did you mean `{likely}`?")
            } else {
                let mut known: Vec<_> = names(place).map(|known| format!("`{known}`")).collect();
                known.dedup();
                format!(
                    "known are {}; `secret(…)`, `env(…)` and lookup tables can be called, see `tenure macros`",
                    known.join(", ")
                )
            };
            self.error(path, format!("`{name}`, which is no macro here"), hint);
        }
    }
}
