//! What steps ask of what directories keep beside mapped attributes and groups: stamps, expiry, lockouts, pictures, and
//! what only a cloud has.

use crate::action::{Action, AttributeChange};
use crate::attribute::{AttributeIndex, AttributeName};
use crate::cloud::CloudAction;
use crate::directory_action::DirectoryAction;
use crate::document::Expiry;
use crate::expression::{Evaluated, Format, Scope};
use crate::link::StepKey;
use crate::photo::{Photo, PhotoDigest};

use super::super::addresses::{Addresses, with_primary};
use super::super::calls::Asked;
use super::super::change::Event;
use super::super::cloud::{self, CloudTask};
use super::super::decide::Decided;
use super::super::expiry;
use super::super::mailbox::{self, MailboxTask};
use super::{Draft, evaluate};

impl Draft<'_> {
    /// Values that are given once. They go by themselves, after what the event does first.
    pub(super) fn stamp(
        &mut self,
        rule: Event,
        values: &[(AttributeIndex, Format)],
        key: &StepKey,
        origin: &str,
    ) -> Result<(), String> {
        let (event, since) = (rule.name(), self.anchor.to_string());
        let mut changes = Vec::with_capacity(values.len());
        for (attribute, format) in values {
            let Some(name) = self.rules.dictionary.name(*attribute) else {
                continue;
            };
            let scope = self
                .scope()
                .with_value("event", event)
                .with_value("since", since.as_str());
            let after = match evaluate(format, &scope, origin)? {
                Evaluated::Values(values) => values,
                Evaluated::Nothing { .. } => continue,
            };
            let before: Vec<String> = self
                .account
                .attributes
                .get(*attribute)
                .map(str::to_owned)
                .collect();
            if before != after {
                let name = name.clone();
                changes.push(AttributeChange { name, before, after });
            }
        }
        if !changes.is_empty() {
            self.once(rule, key, origin, None, || Action::ModifyAttributes { changes });
        }
        Ok(())
    }

    pub(super) fn unlock(&mut self, lockout: AttributeIndex, origin: &str) {
        let since = self.account.attributes.first(lockout);
        if since.is_some_and(|since| since != "0") {
            self.push(Action::Directory(DirectoryAction::Unlock), origin);
        }
    }

    pub(super) fn expire(&mut self, attribute: AttributeIndex, expiry: Expiry) {
        let wanted = match expiry {
            Expiry::Never => expiry::NEVER.to_owned(),
            Expiry::End => match self.profile.and_then(|profile| expiry::of(&profile.lifecycle)) {
                Some(wanted) => wanted,
                None => return,
            },
        };
        let current: Vec<String> = self
            .account
            .attributes
            .get(attribute)
            .map(str::to_owned)
            .collect();
        let never = |value: Option<&str>| value.is_none_or(expiry::is_never);
        let now = current.first().map(String::as_str);
        let Some(name) = self.rules.dictionary.name(attribute) else {
            return;
        };
        if now != Some(wanted.as_str()) && !(never(now) && never(Some(&wanted))) {
            self.asked.retain(|asked| asked.name != *name);
            self.asked.push(AttributeChange {
                name: name.clone(),
                before: current,
                after: vec![wanted],
            });
        }
    }

    pub(super) fn photo(
        &mut self,
        attribute: AttributeIndex,
        format: Option<&Format>,
        origin: &str,
    ) -> Result<(), String> {
        let before = self.account.attributes.first(attribute).map(PhotoDigest::shown);
        let Some(format) = format else {
            if let Some(before) = before {
                let before = Some(before);
                self.push(Action::Directory(DirectoryAction::RemovePhoto { before }), origin);
            }
            return Ok(());
        };
        if let Some(photo) = photo_from(format, &self.scope(), origin)?
            && Some(photo.digest()) != before
        {
            self.push(
                Action::Directory(DirectoryAction::SetPhoto { photo, before }),
                origin,
            );
        }
        Ok(())
    }

    /// A picture that no listing shows.
    pub(super) fn unseen_photo(
        &mut self,
        rule: Event,
        format: Option<&Format>,
        key: &StepKey,
        origin: &str,
    ) -> Result<(), String> {
        if self.occasion.asked(rule, key) == Asked::Nothing {
            return Ok(());
        }
        let action = match format {
            None => Some(DirectoryAction::RemovePhoto { before: None }),
            Some(format) => photo_from(format, &self.scope(), origin)?
                .map(|photo| DirectoryAction::SetPhoto { photo, before: None }),
        };
        if let Some(action) = action {
            self.once(rule, key, origin, None, || Action::Directory(action));
        }
        Ok(())
    }

    /// The addresses of a template among those that the account has. Formats may name what was chosen for it, too.
    pub(super) fn addresses(&mut self, addresses: &Addresses, origin: &str) -> Result<(), String> {
        let chosen: Vec<(&AttributeName, String)> = self
            .chosen_once
            .iter()
            .filter_map(|index| {
                let value = self.account.attributes.first(*index)?;
                Some((self.rules.dictionary.name(*index)?, value.to_owned()))
            })
            .collect();
        let mut scope = self.scope();
        for (name, value) in &chosen {
            scope = scope.with_value(name.as_str(), value.as_str());
        }
        let wanted = addresses.of(&scope, origin)?;
        let after = with_primary(self.values(addresses.attribute), &wanted);
        self.want(addresses.attribute, after);
        Ok(())
    }

    pub(super) fn mailbox(&mut self, task: &MailboxTask, origin: &str) -> Result<(), String> {
        let asked = mailbox::ask(task, |attribute| self.values(attribute), &self.scope(), origin)?;
        for (attribute, values) in asked {
            self.want(attribute, values);
        }
        Ok(())
    }

    pub(super) fn cloud(&mut self, rule: Event, task: &CloudTask, origin: &str) -> Result<(), String> {
        if let Some(key) = task.key()
            && self.occasion.asked(rule, key) == Asked::Nothing
        {
            return Ok(());
        }
        let asked = cloud::ask(task, &self.licences, &self.scope(), origin)?;
        match (asked, task.key()) {
            (Some(action), Some(key)) => self.once(rule, key, origin, None, || Action::Cloud(action)),
            (Some(action), None) => {
                cloud::held_after(&mut self.licences, &action);
                self.push(Action::Cloud(action), origin);
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// The licences that a template gives and takes back.
    pub(super) fn license(&mut self, decided: &Decided<'_>, origin: &str) -> Result<(), String> {
        if self.rules.licences.is_none() {
            return Ok(());
        }
        let asked = cloud::ask_template(decided, &self.licences, &self.scope(), origin)?;
        for action in asked {
            let because = match &action {
                CloudAction::RevokeLicences { .. } => format!("{origin}, their rules do not hold"),
                _ => format!("{origin}{}", decided.words()),
            };
            cloud::held_after(&mut self.licences, &action);
            self.push(Action::Cloud(action), &because);
        }
        Ok(())
    }
}

/// The picture that a format gives, made to fit; none for somebody without one.
pub(in crate::plan) fn photo_from(
    format: &Format,
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Option<Photo>, String> {
    match evaluate(format, scope, origin)? {
        // Somebody without a picture in the source keeps what there is.
        Evaluated::Nothing { .. } => Ok(None),
        Evaluated::Values(values) => {
            let text = values.first().map(String::as_str).unwrap_or_default();
            let photo = Photo::from_base64(text).and_then(Photo::fitting);
            photo.map(Some).map_err(|error| format!("{origin}: {error}"))
        }
    }
}
