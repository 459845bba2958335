//! A new account: its names, container and values by the template, and what else the joiner rule asks for.

mod made;
mod names;

use jiff::Timestamp;

use crate::account::{Access, Account};
use crate::action::{Action, AttributeValues};
use crate::attribute::{AttributeIndex, AttributeName};
use crate::directory_action::DirectoryAction;
use crate::dn::Dn;
use crate::document::{Expiry, Within};
use crate::expression::{Evaluated, Format, Scope};
use crate::link::{LinkState, Owed, StepKey};
use crate::profile::Profile;

use super::calls::{Asked, Occasion};
use super::change::{Event, Operation};
use super::cloud;
use super::decide::Decided;
use super::expiry;
use super::models::Models;
use super::naming::{NameKey, NameSpace, Names, Search};
use super::recipients::performed;
use super::rules::{Rules, Step, Task, Template};
use super::steps::{dn_from, evaluate, photo_from};
use names::Wanted;

/// What makes an account for a person.
pub(super) struct Joined {
    /// The operations; none when the rule creates nothing.
    pub(super) operations: Vec<Operation>,
    /// Calls that come at a later date.
    pub(super) later: Vec<Owed>,
    /// Where the person stands then: still joining while steps of the rule are to come.
    pub(super) then: LinkState,
}

/// What makes an account for a person, its names taken from `names`; or why none can be made.
pub(super) fn join<'a>(
    rules: &'a Rules,
    profile: &'a Profile,
    names: &mut Names,
    models: &'a Models<'a>,
    now: Timestamp,
) -> Result<Joined, String> {
    let mut draft = Joiner {
        rules,
        profile,
        models,
        now,
        chosen: Vec::new(),
        taken: Vec::new(),
        object: None,
        dn: None,
        operations: Vec::new(),
        later: Vec::new(),
        then: LinkState::Active,
    };
    for step in &rules.joiner {
        let waits = step.after.is_some_and(|after| after.is_positive());
        if waits && draft.dn.is_some() && step.task.key().is_none() && !matches!(step.task, Task::Create(_)) {
            // Whether it applies is asked when its date has come.
            draft.then = LinkState::Joining;
            continue;
        }
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
        let object = draft.object.unwrap_or_else(|| names.object(dn));
        names.take(object);
        draft.taken.iter().for_each(|key| names.take(*key));
        if !rules.unique_within_containers().is_empty() {
            let container = dn.parent().map(|parent| names.container(&parent));
            for (attribute, value) in &draft.chosen {
                let space = NameSpace::within(container.unwrap_or_default(), attribute);
                names.take(NameKey::attribute(attribute, value));
                names.take(space.key(value));
            }
        }
    }
    Ok(Joined {
        operations: draft.operations,
        later: draft.later,
        then: draft.then,
    })
}

struct Joiner<'a> {
    rules: &'a Rules,
    profile: &'a Profile,
    models: &'a Models<'a>,
    now: Timestamp,
    /// Names chosen so far, for the formats that come after.
    chosen: Vec<(AttributeName, String)>,
    /// What is taken with the names and mail addresses that the account is given.
    taken: Vec<NameKey>,
    /// What is taken with the name of the object, where that was looked for.
    object: Option<NameKey>,
    dn: Option<Dn>,
    operations: Vec<Operation>,
    later: Vec<Owed>,
    then: LinkState,
}

impl<'a> Joiner<'a> {
    fn task(&mut self, step: &'a Step, names: &mut Names) -> Result<(), String> {
        let origin = &step.origin;
        match &step.task {
            Task::Create(template) => return self.create(template, origin, names),
            // The rest speaks of an account that is there.
            _ if self.dn.is_none() => {}
            Task::AddToGroups(groups) => {
                for group in groups {
                    self.join_group(group, origin)?;
                }
            }
            Task::RemoveFromGroups(None) => self.leave(|_| true),
            Task::RemoveFromGroups(Some(groups)) => {
                for group in groups {
                    let unwanted = dn_from(group, &self.scope(), origin)?;
                    self.leave(|group| *group == unwanted);
                }
            }
            Task::Mailbox(task) => self.mailbox(task, origin)?,
            Task::Perform(perform) => self.once(&perform.key, step, perform.action.clone()),
            Task::Cloud(task) => {
                if let Some(action) = cloud::ask(task, &self.licences(), &self.scope(), origin)? {
                    self.beside(Action::Cloud(action), task.key(), step);
                }
            }
            Task::Photo {
                attribute,
                photo: Some(format),
                key,
            } => {
                if let Some(photo) = photo_from(format, &self.scope(), origin)? {
                    let action = Action::Directory(DirectoryAction::SetPhoto { photo, before: None });
                    self.beside(action, attribute.is_none().then_some(key), step);
                }
            }
            Task::Expire(attribute, Expiry::End) => self.expire(*attribute),
            Task::AcrossGroups { to, .. } => {
                for group in to {
                    self.join_group(group, origin)?;
                }
            }
            Task::Set(values) => {
                for (attribute, format) in values {
                    self.set(*attribute, format.as_ref(), origin)?;
                }
            }
            Task::ByTemplate(template) => self.by_template(template, origin, names)?,
            Task::Move(container) => {
                let container = dn_from(container, &self.scope(), origin)?;
                self.relocate(&container, names);
            }
            Task::Enable => self.set_access(Access::Enabled),
            Task::Disable => self.set_access(Access::Disabled),
            // A new account has what is mapped and its first password, none is made to be deleted, and the rest speaks of
            // what it had before.
            Task::Modify(_)
            | Task::Delete(_)
            | Task::Photo { photo: None, .. }
            | Task::Expire(_, Expiry::Never)
            | Task::RejoinGroups
            | Task::ResetPassword { .. }
            | Task::Stamp { .. }
            | Task::Unlock(_)
            | Task::Restore(_) => {}
        }
        Ok(())
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
        if self.operations.iter().all(|operation| operation.owed.is_none()) {
            return;
        }
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
            let reads = performed(self.rules, &owed.step)
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
        if self.dn.is_some() {
            // One account is enough; the first template that applies makes it.
            return Ok(());
        }
        let decided = Decided::new(template, &self.scope(), origin)?;
        let container = decided.container();
        if container.is_none() && template.has_containers {
            return Err(format!(
                "{origin}: no rule of it that says a container holds, and it has none itself"
            ));
        }
        let place = |draft: &Self| match &container {
            Some(said) => dn_from(said.what, &draft.scope(), &said.because(origin)),
            None => Ok(Dn::root()),
        };
        let mut because = origin.to_owned();
        because.push_str(&decided.words());
        // Where names need be unique in the container only, that is known before they are chosen.
        let in_containers = template
            .unique
            .iter()
            .any(|unique| unique.within == Within::Container);
        let mut within = None;
        if in_containers {
            let dn = place(self)?;
            within = Some((names.container(&dn), dn));
        }
        let model = self.model(template, origin)?;
        let scope = within.as_ref().map(|(key, _)| *key).unwrap_or_default();
        self.choose_names(template, scope, origin, names, &mut because)?;
        let container = match within {
            Some((_, container)) => container,
            None => place(self)?,
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
            let key = |name: &str| NameKey::named(within, rdn_attribute, name);
            let wanted = Wanted {
                attribute: rdn_attribute,
                formats: &template.rdn,
                kind: template.rdn_kind,
                search: Search::within(template.rdn_limit),
                also_in: Vec::new(),
                template,
            };
            let found = self.choose(&wanted, origin, names, key)?;
            self.object = Some(found.key);
            found.name
        };
        let dn = container.child(rdn_attribute.as_str(), &rdn);
        let mut attributes = self.values(template, &decided, model, &rdn, origin)?;
        if let Some(addresses) = &template.addresses {
            self.add_addresses(addresses, &mut attributes, names, origin, &mut because)?;
        }
        self.dn = Some(dn.clone());
        let action = Action::CreateAccount {
            dn,
            attributes,
            password: decided.password().cloned(),
            access: decided.access(),
        };
        self.operations.push(Operation::write(action, because));
        for said in decided.overrides() {
            let (attribute, format) = said.what;
            self.set(*attribute, format.as_ref(), &said.because(origin))?;
        }
        for group in decided.groups() {
            self.join_group(group.what, &group.because(origin))?;
        }
        self.license(&decided, origin)?;
        let of_model = template.model.as_ref().and_then(|model| model.groups).zip(model);
        if let Some((member_of, model)) = of_model {
            for group in model.attributes.get(member_of) {
                self.join_named(Dn::from_server(group), &format!("{origin}, like {}", model.dn));
            }
        }
        Ok(())
    }

    /// The account that the new one is made like.
    fn model(&self, template: &Template, origin: &str) -> Result<Option<&'a Account>, String> {
        let Some(model) = &template.model else {
            return Ok(None);
        };
        let dn = dn_from(&model.account, &self.scope(), origin)?;
        let account = self.models.get(&dn).ok_or_else(|| {
            format!("{origin}: the model account {dn} is not in the directory, or is outside of its base")
        });
        account.map(Some)
    }

    /// The values of the new account: chosen names, then what the mapping says, then the template's defaults, then
    /// those of the model.
    fn values(
        &self,
        template: &Template,
        decided: &Decided<'_>,
        model: Option<&Account>,
        rdn: &str,
        origin: &str,
    ) -> Result<Vec<AttributeValues>, String> {
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
        for said in decided.attributes() {
            let (attribute, format) = said.what;
            let Some(name) = dictionary.name(*attribute) else {
                continue;
            };
            if let Evaluated::Values(new) = evaluate(format, &self.scope(), &said.because(origin))? {
                add(Some(*attribute), name, new);
            }
        }
        if let Some((model, account)) = template.model.as_ref().zip(model) {
            for attribute in &model.attributes {
                if let Some(name) = dictionary.name(*attribute) {
                    let copied = account.attributes.get(*attribute).map(str::to_owned);
                    add(Some(*attribute), name, copied.collect());
                }
            }
        }
        Ok(values)
    }

    fn join_group(&mut self, group: &Format, origin: &str) -> Result<(), String> {
        let group = dn_from(group, &self.scope(), origin)?;
        self.join_named(group, origin);
        Ok(())
    }

    fn join_named(&mut self, group: Dn, origin: &str) {
        let action = Action::AddToGroups { group };
        if !self.operations.iter().any(|known| known.action == action) {
            self.operations.push(Operation::write(action, origin));
        }
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
