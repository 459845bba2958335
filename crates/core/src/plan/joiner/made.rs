//! Steps of the joiner rule after the one that creates the account: they are part of what is created.

use super::Joiner;
use crate::account::Access;
use crate::action::{Action, AttributeValues};
use crate::attribute::AttributeIndex;
use crate::cloud::Licence;
use crate::dn::Dn;
use crate::expression::{Evaluated, Format};
use crate::plan::change::Operation;
use crate::plan::cloud;
use crate::plan::decide::Decided;
use crate::plan::mailbox::{self, MailboxTask};
use crate::plan::naming::Names;
use crate::plan::rules::Template;
use crate::plan::steps::{dn_from, evaluate};

impl Joiner<'_> {
    /// The account that is made, as its operation says it.
    fn made(&mut self) -> Option<(&mut Dn, &mut Vec<AttributeValues>, &mut Access)> {
        self.operations
            .iter_mut()
            .find_map(|operation| match &mut operation.action {
                Action::CreateAccount {
                    dn,
                    attributes,
                    access,
                    ..
                } => Some((dn, attributes, access)),
                _ => None,
            })
    }

    pub(super) fn set_access(&mut self, wanted: Access) {
        if let Some((_, _, access)) = self.made() {
            *access = wanted;
        }
    }

    /// The account is made in that container at once.
    pub(super) fn relocate(&mut self, container: &Dn, names: &mut Names) {
        let Some(dn) = self
            .dn
            .as_ref()
            .filter(|dn| dn.parent().as_ref() != Some(container))
        else {
            return;
        };
        let to = names.free_place(&Dn::from_server(&format!("{},{container}", dn.rdn())));
        self.dn = Some(to.clone());
        self.object = None;
        if let Some((dn, attributes, _)) = self.made() {
            let rdn_attribute = to.rdn().split_once('=').map(|(name, _)| name.to_owned());
            let named = attributes
                .iter_mut()
                .find(|values| rdn_attribute.as_ref().is_some_and(|name| values.name.is(name)));
            if let Some(named) = named {
                named.values = vec![to.rdn_value()];
            }
            *dn = to;
        }
    }

    pub(super) fn leave(&mut self, unwanted: impl Fn(&Dn) -> bool) {
        self.operations.retain(
            |operation| !matches!(&operation.action, Action::AddToGroups { group } if unwanted(group)),
        );
    }

    /// A value for an attribute of the account that is made, but for the names that were chosen for it.
    pub(super) fn set(
        &mut self,
        attribute: AttributeIndex,
        format: Option<&Format>,
        origin: &str,
    ) -> Result<(), String> {
        let Some(name) = self.rules.dictionary.name(attribute) else {
            return Ok(());
        };
        let rdn_attribute = self.dn.as_ref().and_then(|dn| dn.rdn().split_once('='));
        let named = rdn_attribute.is_some_and(|(rdn, _)| name.is(rdn));
        if named || self.chosen.iter().any(|(chosen, _)| chosen == name) {
            return Ok(());
        }
        let values = match format
            .map(|format| evaluate(format, &self.scope(), origin))
            .transpose()?
        {
            Some(Evaluated::Values(values)) => values,
            Some(Evaluated::Nothing { .. }) | None => Vec::new(),
        };
        self.put(attribute, values);
        Ok(())
    }

    fn put(&mut self, attribute: AttributeIndex, values: Vec<String>) {
        let Some(name) = self.rules.dictionary.name(attribute) else {
            return;
        };
        if let Some((_, attributes, _)) = self.made() {
            let known = attributes.iter().position(|known| known.name == *name);
            match (known, values.is_empty()) {
                (Some(at), true) => drop(attributes.remove(at)),
                (Some(at), false) => {
                    if let Some(known) = attributes.get_mut(at) {
                        known.values = values;
                    }
                }
                (None, true) => {}
                (None, false) => attributes.push(AttributeValues {
                    name: name.clone(),
                    values,
                }),
            }
        }
    }

    /// What Exchange is to know the account by.
    pub(super) fn mailbox(&mut self, task: &MailboxTask, origin: &str) -> Result<(), String> {
        let Some((_, made, _)) = self.made() else {
            return Ok(());
        };
        let made = made.clone();
        let dictionary = &self.rules.dictionary;
        let now = |attribute| {
            let name = dictionary.name(attribute);
            let known = made.iter().find(|known| Some(&known.name) == name);
            known.map(|known| known.values.clone()).unwrap_or_default()
        };
        for (attribute, values) in mailbox::ask(task, now, &self.scope(), origin)? {
            self.put(attribute, values);
        }
        Ok(())
    }

    /// What a second template says for the account that is made.
    pub(super) fn by_template(
        &mut self,
        template: &Template,
        origin: &str,
        names: &mut Names,
    ) -> Result<(), String> {
        let decided = Decided::new(template, &self.scope(), origin)?;
        if let Some(container) = decided.container() {
            let container = dn_from(container.what, &self.scope(), &container.because(origin))?;
            self.relocate(&container, names);
        }
        for said in decided.attributes() {
            let (attribute, format) = said.what;
            let name = self.rules.dictionary.name(*attribute).cloned();
            let has_value = self.made().is_some_and(|(_, attributes, _)| {
                attributes.iter().any(|known| Some(&known.name) == name.as_ref())
            });
            if !has_value {
                self.set(*attribute, Some(format), &said.because(origin))?;
            }
        }
        for said in decided.overrides() {
            let (attribute, format) = said.what;
            self.set(*attribute, format.as_ref(), &said.because(origin))?;
        }
        for group in decided.groups() {
            self.join_group(group.what, &group.because(origin))?;
        }
        self.license(&decided, origin)
    }

    /// The licences that the account is to be given by now.
    pub(super) fn licences(&self) -> Vec<Licence> {
        let mut held = Vec::new();
        for operation in &self.operations {
            if let Action::Cloud(action) = &operation.action {
                cloud::held_after(&mut held, action);
            }
        }
        held
    }

    /// The licences that a template gives.
    pub(super) fn license(&mut self, decided: &Decided<'_>, origin: &str) -> Result<(), String> {
        if self.rules.licences.is_none() {
            return Ok(());
        }
        let asked = cloud::ask_template(decided, &self.licences(), &self.scope(), origin)?;
        for action in asked {
            let because = format!("{origin}{}", decided.words());
            self.operations
                .push(Operation::write(Action::Cloud(action), because));
        }
        Ok(())
    }
}
