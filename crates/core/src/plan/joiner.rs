//! A new account: its names, container and values by the template, and what else the joiner rule asks for.

use jiff::Timestamp;

use crate::action::{Action, AttributeValues};
use crate::attribute::{AttributeIndex, AttributeName};
use crate::directory_action::DirectoryAction;
use crate::dn::{Dn, escape_value};
use crate::document::Expiry;
use crate::expression::{Evaluated, Format, Scope};
use crate::link::{Owed, StepKey};
use crate::profile::Profile;

use super::calls::{Asked, Occasion};
use super::change::{Event, Operation};
use super::cloud;
use super::expiry;
use super::naming::{NameKey, NameKind, Names};
use super::rules::{Rules, Step, Task, Template};
use super::steps::{dn_from, evaluate, photo_from};

/// The operations that make an account for a person, its names taken from `names`; or why none can be made.
/// No operation when the rule creates nothing. Beside them the calls that come at a later date.
pub(super) fn join(
    rules: &Rules,
    profile: &Profile,
    names: &mut Names,
    now: Timestamp,
) -> Result<(Vec<Operation>, Vec<Owed>), String> {
    let mut draft = Joiner {
        rules,
        profile,
        now,
        chosen: Vec::new(),
        dn: None,
        operations: Vec::new(),
        later: Vec::new(),
    };
    for step in &rules.joiner {
        if let Some(when) = &step.when
            && !when
                .holds(&draft.scope())
                .map_err(|error| format!("{}: {error}", step.origin))?
        {
            continue;
        }
        draft.task(step, names)?;
    }
    draft.tell_calls();
    if let Some(dn) = &draft.dn {
        let object = names.object(dn);
        names.take(object);
        for (attribute, value) in &draft.chosen {
            names.take(NameKey::attribute(attribute, value));
        }
    }
    Ok((draft.operations, draft.later))
}

/// A name that is looked for.
struct Wanted<'a> {
    attribute: &'a AttributeName,
    formats: &'a [Format],
    kind: NameKind,
    limit: usize,
}

struct Joiner<'a> {
    rules: &'a Rules,
    profile: &'a Profile,
    now: Timestamp,
    /// Names chosen so far, for the formats that come after.
    chosen: Vec<(AttributeName, String)>,
    dn: Option<Dn>,
    operations: Vec<Operation>,
    later: Vec<Owed>,
}

impl Joiner<'_> {
    fn task(&mut self, step: &Step, names: &mut Names) -> Result<(), String> {
        match &step.task {
            Task::Create(template) => self.create(template, &step.origin, names),
            Task::AddToGroups(groups) if self.dn.is_some() => self.join_groups(groups, &step.origin),
            Task::Expire(attribute, Expiry::End) => {
                self.expire(*attribute);
                Ok(())
            }
            Task::Photo {
                attribute,
                photo: Some(format),
                key,
            } if self.dn.is_some() => {
                if let Some(photo) = photo_from(format, &self.scope(), &step.origin)? {
                    let action = Action::Directory(DirectoryAction::SetPhoto { photo, before: None });
                    self.beside(action, attribute.is_none().then_some(key), step);
                }
                Ok(())
            }
            Task::Perform(perform) if self.dn.is_some() => {
                self.once(&perform.key, step, perform.action.clone());
                Ok(())
            }
            Task::Cloud(task) if self.dn.is_some() => {
                if let Some(action) = cloud::ask(task, &[], &self.scope(), &step.origin)? {
                    self.beside(Action::Cloud(action), task.key(), step);
                }
                Ok(())
            }
            // The rest speaks of an account that is there; a new one is as its template says.
            _ => Ok(()),
        }
    }

    /// A write to the new account; with a key what no directory shows to be done.
    fn beside(&mut self, action: Action, key: Option<&StepKey>, step: &Step) {
        match key {
            Some(key) => self.once(key, step, action),
            None => self
                .operations
                .push(Operation::write(action, step.origin.clone())),
        }
    }

    /// What no directory shows to be done for the new account, now or at a later date.
    fn once(&mut self, key: &StepKey, step: &Step, action: Action) {
        let occasion = Occasion::new(Event::Joiner, None, self.now);
        if step.after.is_some_and(|after| after.is_positive()) {
            self.later.extend(occasion.later(Event::Joiner, key));
        } else if let Asked::Now(owed) = occasion.asked(Event::Joiner, key) {
            let because = step.origin.clone();
            self.operations.push(Operation {
                action,
                because,
                owed: Some(owed),
            });
        }
    }

    /// The new account ends when the person does.
    fn expire(&mut self, attribute: AttributeIndex) {
        let end = expiry::of(&self.profile.lifecycle).filter(|end| !expiry::is_never(end));
        let created = self.operations.iter_mut().find_map(|one| match &mut one.action {
            Action::CreateAccount { attributes, .. } => Some(attributes),
            _ => None,
        });
        if let (Some(end), Some(attributes), Some(name)) =
            (end, created, self.rules.dictionary.name(attribute))
            && !attributes.iter().any(|known| known.name == *name)
        {
            attributes.push(AttributeValues {
                name: name.clone(),
                values: vec![end],
            });
        }
    }

    /// Gives each call what it names of the new account.
    fn tell_calls(&mut self) {
        let created = self
            .operations
            .iter()
            .find_map(|operation| match &operation.action {
                Action::CreateAccount { attributes, .. } => Some(attributes.clone()),
                _ => None,
            });
        let created = created.unwrap_or_default();
        for operation in &mut self.operations {
            let Some(owed) = &operation.owed else { continue };
            let perform = self.rules.joiner.iter().find_map(|step| match &step.task {
                Task::Perform(perform) if perform.key == owed.step => Some(perform),
                _ => None,
            });
            let reads = perform
                .map(|perform| perform.reads.as_slice())
                .unwrap_or_default();
            let names = reads
                .iter()
                .filter_map(|index| self.rules.dictionary.name(*index));
            let told = names.filter_map(|name| created.iter().find(|values| values.name == *name).cloned());
            let told = told.collect();
            operation.action.tell(told);
        }
    }

    fn create(&mut self, template: &Template, origin: &str, names: &mut Names) -> Result<(), String> {
        for unique in &template.unique {
            let Some(attribute) = self.rules.dictionary.name(unique.attribute) else {
                continue;
            };
            let key = |name: &str| NameKey::attribute(attribute, name);
            let wanted = Wanted {
                attribute,
                formats: &unique.formats,
                kind: unique.kind,
                limit: unique.limit,
            };
            let name = self.choose(&wanted, origin, names, key)?;
            self.chosen.push((attribute.clone(), name));
        }
        let container = match &template.container {
            Some(container) => dn_from(container, &self.scope(), origin)?,
            None => Dn::root(),
        };
        let rdn_attribute = &template.rdn_attribute;
        let already = self
            .chosen
            .iter()
            .find(|(name, _)| name == rdn_attribute)
            .map(|(_, value)| value.clone());
        let rdn = if let Some(chosen) = already {
            chosen
        } else {
            let within = names.container(&container);
            let key = |name: &str| NameKey::child(within, &format!("{rdn_attribute}={}", escape_value(name)));
            let wanted = Wanted {
                attribute: rdn_attribute,
                formats: &template.rdn,
                kind: NameKind::of(rdn_attribute),
                limit: NameKind::default_limit(rdn_attribute),
            };
            self.choose(&wanted, origin, names, key)?
        };
        let dn = container.child(rdn_attribute.as_str(), &rdn);
        let attributes = self.values(template, &rdn, origin)?;
        self.dn = Some(dn.clone());
        let action = Action::CreateAccount {
            dn,
            attributes,
            password: template.password.clone(),
            access: template.access,
        };
        self.operations.push(Operation::write(action, origin));
        self.join_groups(&template.groups, origin)
    }

    /// A free name. Formats are worked out one by one until there is one; a format without a value is passed over.
    fn choose(
        &self,
        wanted: &Wanted<'_>,
        origin: &str,
        names: &mut Names,
        key: impl Fn(&str) -> NameKey,
    ) -> Result<String, String> {
        let scope = self.scope();
        let (mut trouble, mut missing_input, mut tried) = (None, None, false);
        let candidates = wanted
            .formats
            .iter()
            .map_while(|format| match evaluate(format, &scope, origin) {
                Ok(Evaluated::Values(values)) => Some(
                    values
                        .first()
                        .map(|value| wanted.kind.clean(value))
                        .unwrap_or_default(),
                ),
                Ok(Evaluated::Nothing { missing }) => {
                    missing_input.get_or_insert(missing);
                    Some(String::new())
                }
                Err(error) => {
                    trouble = Some(error);
                    None
                }
            });
        let candidates = candidates
            .filter(|name| !name.is_empty())
            .inspect(|_| tried = true);
        let found = names.first_free(candidates, wanted.limit, key);
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        found.ok_or_else(|| match (tried, missing_input) {
            (true, _) => format!("{origin}: no free {} is left", wanted.attribute),
            (false, Some(input)) => {
                format!(
                    "{origin}: no {} can be made, because `{input}` has no value",
                    wanted.attribute
                )
            }
            (false, None) => format!(
                "{origin}: no {} can be made, because nothing is left of it as plain letters",
                wanted.attribute
            ),
        })
    }

    /// The values of the new account: chosen names, then what the mapping says, then the template's defaults.
    fn values(&self, template: &Template, rdn: &str, origin: &str) -> Result<Vec<AttributeValues>, String> {
        let dictionary = &self.rules.dictionary;
        let mut values: Vec<AttributeValues> = Vec::with_capacity(dictionary.names().len());
        let mut given = vec![false; dictionary.names().len()];
        let mut add = |index: Option<AttributeIndex>, name: &AttributeName, new: Vec<String>| {
            let given = index.and_then(|index| given.get_mut(usize::from(index.0)));
            if !new.is_empty() && !given.is_some_and(|given| std::mem::replace(given, true)) {
                values.push(AttributeValues {
                    name: name.clone(),
                    values: new,
                });
            }
        };
        let rdn_attribute = &template.rdn_attribute;
        add(
            dictionary.index(rdn_attribute.as_str()),
            rdn_attribute,
            vec![rdn.to_owned()],
        );
        for (name, value) in self.chosen.iter().filter(|(name, _)| name != rdn_attribute) {
            add(dictionary.index(name.as_str()), name, vec![value.clone()]);
        }
        for (attribute, _) in &self.rules.mapped {
            if let Some(name) = dictionary.name(*attribute) {
                let mapped = self.profile.attributes.get(*attribute).map(str::to_owned);
                add(Some(*attribute), name, mapped.collect());
            }
        }
        for (attribute, format) in &template.attributes {
            let Some(name) = dictionary.name(*attribute) else {
                continue;
            };
            if let Evaluated::Values(new) = evaluate(format, &self.scope(), origin)? {
                add(Some(*attribute), name, new);
            }
        }
        Ok(values)
    }

    fn join_groups(&mut self, groups: &[Format], origin: &str) -> Result<(), String> {
        for group in groups {
            let group = dn_from(group, &self.scope(), origin)?;
            let action = Action::AddToGroups { group };
            if !self.operations.iter().any(|known| known.action == action) {
                self.operations.push(Operation::write(action, origin));
            }
        }
        Ok(())
    }

    fn scope(&self) -> Scope<'_> {
        let mut scope = Scope::of_attributes(&self.rules.dictionary, &self.profile.attributes)
            .with_lookups(&self.rules.lookups)
            .with_now(self.now);
        for (name, value) in &self.chosen {
            scope = scope.with_value(name.as_str(), value.as_str());
        }
        scope
    }
}
