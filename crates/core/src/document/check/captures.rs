//! What steps that touch no directory name and keep: members of what is no attribute, conditions of success and
//! captured values. Alike for webhooks and scripts.

use std::collections::BTreeMap;

use super::super::tree::join;
use super::texts::Secrets;
use super::{Checker, Document};
use crate::expression::{Condition, Format};
use crate::outcome::{MAX_CAPTURED, MAX_CAPTURES};

/// What a step leaves, as success and captures name it.
pub(super) struct Answer {
    /// The names.
    pub(super) names: &'static [&'static str],
    /// What they are of.
    pub(super) of: &'static str,
    /// An example of a condition.
    pub(super) condition: &'static str,
    /// The name that captures read, as a rule.
    pub(super) main: &'static str,
    /// What is before it.
    pub(super) before: &'static str,
}

impl Answer {
    fn list(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

impl Checker<'_> {
    /// Members of what is no attribute: `account.dn`, `person.key`, `captured.id`.
    pub(super) fn own_members<'n>(
        &mut self,
        path: &str,
        columns: impl Iterator<Item = (&'n str, Option<&'n str>)>,
        answer: &Answer,
    ) {
        for (name, member) in columns {
            let known: &[&str] = match name {
                "account" => &["dn", "id"],
                "person" => &["key", "name"],
                "captured" => {
                    if let Some(member) = member
                        && !self.is_captured(member)
                    {
                        let hint = "add it to `capture` of the webhook or script that comes before";
                        self.warning(
                            path,
                            format!("`captured.{member}`, which no webhook or script captures"),
                            hint,
                        );
                    }
                    continue;
                }
                _ if answer.names.contains(&name) => {
                    let found = format!("`{name}`, and there is no {}", answer.before);
                    self.error(path, found, "only `success` and `capture` can name it");
                    continue;
                }
                _ => continue,
            };
            if member.is_none_or(|member| !known.contains(&member)) {
                let named = member.map_or_else(|| name.to_owned(), |member| format!("{name}.{member}"));
                let members: Vec<_> = known.iter().map(|member| format!("`{name}.{member}`")).collect();
                self.error(
                    path,
                    format!("`{named}`"),
                    format!("write {}", members.join(" or ")),
                );
            }
        }
    }

    fn is_captured(&self, name: &str) -> bool {
        self.documents.iter().any(|document| match document {
            Document::Application(application) => {
                let mut webhooks = application.webhooks.iter();
                webhooks.any(|webhook| webhook.capture.contains_key(name))
            }
            Document::Script(script) => script.capture.contains_key(name),
            _ => false,
        })
    }

    pub(super) fn success(&mut self, path: &str, text: &str, answer: &Answer) {
        let Some(condition) = self.condition(path, text) else {
            return;
        };
        if condition.uses_secret() {
            let hint = format!("compare {}", answer.list());
            self.error(path, "a secret in a condition", hint);
        }
        self.of_the_answer(path, condition.columns().map(|(name, _)| name), answer);
        if !reads(&condition, answer) {
            let hint = format!("write for example {}", answer.condition);
            let found = format!("`{text}`, which does not ask for {}", answer.of);
            self.error(path, found, hint);
        }
    }

    pub(super) fn captures(&mut self, path: &str, capture: &BTreeMap<String, String>, answer: &Answer) {
        if capture.len() > MAX_CAPTURES {
            let hint = format!("keep up to {MAX_CAPTURES}, each of up to {MAX_CAPTURED} bytes");
            self.error(path, format!("{} values", capture.len()), hint);
        }
        for (name, text) in capture {
            let path = join(path, name);
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.bytes().all(letters) {
                let hint = "write letters, digits and `_`, for example `contact_id`";
                self.error(&path, format!("`{name}` as a name"), hint);
            }
            if !text.contains("{{") {
                let hint = format!("write for example `{{{{ {}.{} }}}}`", answer.main, text.trim());
                self.error(&path, format!("`{text}`, which is always the same"), hint);
            } else if let Some(format) = self.format(&path, text, Secrets::Refused) {
                self.of_the_answer(&path, format.columns().map(|(name, _)| name), answer);
            }
        }
    }

    fn of_the_answer<'n>(&mut self, path: &str, names: impl Iterator<Item = &'n str>, answer: &Answer) {
        for name in names.filter(|name| !answer.names.contains(name)) {
            let hint = format!("name {}, for example `{}.id`", answer.list(), answer.main);
            self.error(path, format!("`{name}`, which is not of {}", answer.of), hint);
        }
    }

    /// The columns of a format that can be read; what cannot is said elsewhere.
    pub(super) fn own_members_of(&mut self, path: &str, text: &str, answer: &Answer) {
        if let Ok(format) = Format::parse(text) {
            self.own_members(path, format.columns(), answer);
        }
    }
}

fn reads(condition: &Condition, answer: &Answer) -> bool {
    condition.columns().any(|(name, _)| answer.names.contains(&name))
}
