//! What a rule's steps ask of one account: each step compared with the account as it is, giving the operations
//! that are missing. A step that is fulfilled gives none.

mod beside;
mod groups;

use jiff::Timestamp;

use crate::account::{Access, Account};
use crate::action::{Action, AttributeChange, AttributeValues};
use crate::attribute::{AttributeIndex, Attributes};
use crate::cloud::Licence;
use crate::directory_action::DirectoryAction;
use crate::dn::Dn;
use crate::document::WriteMode;
use crate::expression::{Evaluated, Format, Scope};
use crate::link::{Owed, StepKey};
use crate::profile::Profile;
use crate::syntax::Syntax;

use super::calls::{Asked, Occasion};
use super::change::{Event, Operation};
use super::decide::Decided;
use super::rules::{Perform, Rules, Step, Task, Template};

pub(super) use beside::photo_from;

/// A person and account for which steps are asked, with what steps before have already asked for.
pub(super) struct Draft<'a> {
    rules: &'a Rules,
    profile: Option<&'a Profile>,
    account: &'a Account,
    chosen_once: &'a [AttributeIndex],
    /// The date that delays count from.
    anchor: Timestamp,
    now: Timestamp,
    occasion: Occasion<'a>,
    dn: Dn,
    access: Access,
    asked: Vec<AttributeChange>,
    groups: Vec<Dn>,
    licences: Vec<Licence>,
    operations: Vec<Operation>,
    /// The next moment at which a delayed step comes due.
    due: Option<Timestamp>,
    /// Calls that come at a later date.
    later: Vec<Owed>,
    /// Calls among the operations, each with what it needs and whether it goes only with writes.
    called: Vec<Called<'a>>,
    /// How many operations there were before those of the mover rule.
    before_mover: Option<usize>,
    deleted: bool,
    /// Whether a step of the joiner rule comes later.
    joins_later: bool,
    /// Whether rules before that of movers asked for anything.
    asked_before_mover: bool,
}

/// A call, or a write that no directory shows to be done, among the operations of a draft.
struct Called<'a> {
    /// What it is told of the account, for one that touches no directory.
    perform: Option<&'a Perform>,
    /// Where it is among them.
    at: usize,
    condition: CallCondition,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CallCondition {
    Always,
    /// Only when something is written to the directory: by the mover rule, for a call of it.
    WithWrites(Event),
}

/// What came of a draft.
pub(super) struct Drafted {
    /// The operations that are missing.
    pub(super) operations: Vec<Operation>,
    /// What those who are told of them are found by.
    pub(super) told: Vec<AttributeValues>,
    /// Calls that come at a later date.
    pub(super) later: Vec<Owed>,
    /// When a delayed step comes due.
    pub(super) due: Option<Timestamp>,
    /// Whether the account goes.
    pub(super) deleted: bool,
    /// Whether a step of the joiner rule comes later.
    pub(super) joins_later: bool,
    /// Whether there is anything that not the mover rule asks for.
    pub(super) asked_before_mover: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        chosen_once: &'a [AttributeIndex],
        profile: Option<&'a Profile>,
        account: &'a Account,
        anchor: Timestamp,
        now: Timestamp,
        occasion: Occasion<'a>,
    ) -> Self {
        let groups = rules
            .member_of
            .map(|index| account.attributes.get(index).map(Dn::from_server).collect())
            .unwrap_or_default();
        let licences = rules
            .licences
            .map(|index| account.attributes.get(index).filter_map(Licence::parse).collect())
            .unwrap_or_default();
        Self {
            rules,
            profile,
            account,
            chosen_once,
            anchor,
            now,
            occasion,
            dn: account.dn.clone(),
            access: account.access,
            asked: Vec::new(),
            groups,
            licences,
            operations: Vec::new(),
            due: None,
            later: Vec::new(),
            called: Vec::new(),
            before_mover: None,
            deleted: false,
            joins_later: false,
            asked_before_mover: false,
        }
    }

    /// Asks for a rule's steps, in order.
    pub(super) fn ask(&mut self, rule: Event) -> Result<(), String> {
        if rule == Event::Mover {
            self.before_mover = Some(self.operations.len());
            self.asked_before_mover = !self.operations.is_empty() || !self.asked.is_empty();
        }
        let rules = self.rules;
        for step in rules.steps(rule) {
            self.step(rule, step)?;
        }
        Ok(())
    }

    /// Asks for the calls of a rule that earlier runs left owed, and for nothing else of it.
    pub(super) fn ask_owed(&mut self, rule: Event) -> Result<(), String> {
        let rules = self.rules;
        for step in rules.steps(rule) {
            if let Some(key) = step.task.key()
                && self.occasion.owed(key).is_some()
            {
                self.step(rule, step)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, rule: Event, step: &'a Step) -> Result<(), String> {
        if self.deleted {
            return Ok(());
        }
        if let Some(after) = step.after {
            let due = self.anchor.checked_add(after).unwrap_or(Timestamp::MAX);
            if due > self.now {
                self.due = Some(self.due.map_or(due, |known| known.min(due)));
                self.joins_later |= rule == Event::Joiner;
                if let Some(key) = step.task.key() {
                    self.later.extend(self.occasion.later(rule, key));
                }
                return Ok(());
            }
        }
        if let Some(when) = &step.when {
            let scope = self.scope();
            if !when
                .holds(&scope)
                .map_err(|error| format!("{}: {error}", step.origin))?
            {
                return Ok(());
            }
        }
        self.task(rule, step)
    }

    /// The operations that are missing, and what comes later.
    pub(super) fn finish(mut self) -> Drafted {
        self.tell_calls();
        let tellers = self.rules.tells.iter();
        let told = tellers.flat_map(|teller| self.told(&teller.reads)).collect();
        if !self.asked.is_empty() {
            let changes = std::mem::take(&mut self.asked);
            let operation = Operation::write(Action::ModifyAttributes { changes }, "mapping");
            self.operations.insert(0, operation);
        }
        Drafted {
            operations: self.operations,
            told,
            later: self.later,
            due: self.due,
            deleted: self.deleted,
            joins_later: self.joins_later,
            asked_before_mover: self.asked_before_mover,
        }
    }

    /// Leaves out the calls that go only with writes where there is none, and gives the others what they name of the
    /// account as it will be.
    fn tell_calls(&mut self) {
        let writes = |operations: &[Operation], from: usize| {
            let mut rest = operations.iter().skip(from);
            rest.any(|operation| operation.action.kind().is_of_directories() && operation.owed.is_none())
        };
        let changes = !self.asked.is_empty();
        let by_mover = changes || writes(&self.operations, self.before_mover.unwrap_or_default());
        let by_any = changes || writes(&self.operations, 0);
        for called in std::mem::take(&mut self.called).into_iter().rev() {
            let goes = match called.condition {
                CallCondition::Always => true,
                CallCondition::WithWrites(Event::Mover) => by_mover,
                CallCondition::WithWrites(_) => by_any,
            };
            if !goes {
                self.operations.remove(called.at);
                continue;
            }
            if let Some(perform) = called.perform {
                let told = self.told(&perform.reads);
                if let Some(operation) = self.operations.get_mut(called.at) {
                    operation.action.tell(told);
                }
            }
        }
    }

    /// What a call names of the account as it will be, or for what that has not, of the person.
    fn told(&self, reads: &[AttributeIndex]) -> Vec<AttributeValues> {
        let values = reads.iter().filter_map(|index| {
            let name = self.rules.dictionary.name(*index)?;
            let asked = self.asked.iter().find(|asked| asked.name == *name);
            let of = |attributes: &Attributes| -> Vec<String> {
                attributes.get(*index).map(str::to_owned).collect()
            };
            let values = match (asked, self.profile) {
                (Some(asked), _) => asked.after.clone(),
                (None, Some(profile)) => {
                    let own = of(&self.account.attributes);
                    if own.is_empty() {
                        of(&profile.attributes)
                    } else {
                        own
                    }
                }
                (None, None) => of(&self.account.attributes),
            };
            let name = name.clone();
            (!values.is_empty()).then_some(AttributeValues { name, values })
        });
        values.collect()
    }

    /// Asks for what no directory shows to be done: when the event begins, and then while it is owed.
    fn once(
        &mut self,
        rule: Event,
        key: &StepKey,
        origin: &str,
        perform: Option<&'a Perform>,
        action: impl FnOnce() -> Action,
    ) {
        let (owed, because, condition) = match self.occasion.asked(rule, key) {
            Asked::Nothing => return,
            Asked::Now(owed) => (owed, origin.to_owned(), CallCondition::Always),
            Asked::Again(owed) => (
                owed,
                format!("{origin}, owed since an earlier run"),
                CallCondition::Always,
            ),
            Asked::WithWrites(owed) => (owed, origin.to_owned(), CallCondition::WithWrites(rule)),
        };
        let at = self.operations.len();
        self.called.push(Called {
            perform,
            at,
            condition,
        });
        self.operations.push(Operation {
            action: action(),
            because,
            owed: Some(owed),
        });
    }

    fn task(&mut self, rule: Event, step: &'a Step) -> Result<(), String> {
        match &step.task {
            // Where there is an account nothing is created; its template's groups and licences still count.
            Task::Create(template) => {
                let decided = Decided::new(template, &self.scope(), &step.origin)?;
                for group in decided.groups() {
                    self.join_group(group.what, &group.because(&step.origin))?;
                }
                self.license(&decided, &step.origin)?;
            }
            Task::ByTemplate(template) => self.by_template(template, &step.origin)?,
            Task::Modify(only) => self.modify(only.as_deref()),
            Task::Set(values) => self.set_all(values, &step.origin)?,
            Task::Move(container) => {
                let container = self.dn_from(container, &step.origin)?;
                self.relocate(&container, &step.origin);
            }
            Task::AddToGroups(groups) => {
                for group in groups {
                    self.join_group(group, &step.origin)?;
                }
            }
            Task::RemoveFromGroups(groups) => self.leave_groups(groups.as_deref(), &step.origin)?,
            Task::Enable if self.access == Access::Disabled => {
                self.access = Access::Enabled;
                self.push(Action::Enable, &step.origin);
            }
            Task::Disable if self.access == Access::Enabled => {
                self.access = Access::Disabled;
                self.push(Action::Disable, &step.origin);
            }
            Task::Enable | Task::Disable => {}
            Task::RejoinGroups => self.rejoin_groups(&step.origin),
            Task::AcrossGroups { to, among } => self.across(to, among, &step.origin)?,
            Task::ResetPassword { rule: password, key } => {
                self.once(rule, key, &step.origin, None, || {
                    let rule = password.clone();
                    Action::Directory(DirectoryAction::ResetPassword { rule })
                });
            }
            Task::Stamp { values, key } => self.stamp(rule, values, key, &step.origin)?,
            Task::Unlock(attribute) => self.unlock(*attribute, &step.origin),
            Task::Expire(attribute, expiry) => self.expire(*attribute, *expiry),
            Task::Photo {
                attribute: Some(attribute),
                photo,
                ..
            } => self.photo(*attribute, photo.as_ref(), &step.origin)?,
            Task::Photo {
                attribute: None,
                photo,
                key,
            } => self.unseen_photo(rule, photo.as_ref(), key, &step.origin)?,
            // The account is there.
            Task::Restore(_) => {}
            Task::Perform(perform) => {
                self.once(rule, &perform.key, &step.origin, Some(perform), || {
                    perform.action.clone()
                });
            }
            Task::Delete(below) => {
                self.deleted = true;
                self.push(
                    Action::Delete {
                        dn: self.dn.clone(),
                        stored: stored(self.rules, &self.account.attributes),
                        below: *below,
                    },
                    &step.origin,
                );
            }
            Task::Mailbox(task) => self.mailbox(task, &step.origin)?,
            Task::Cloud(task) => self.cloud(rule, task, &step.origin)?,
        }
        Ok(())
    }

    fn modify(&mut self, only: Option<&[AttributeIndex]>) {
        let Some(profile) = self.profile else { return };
        for (attribute, mode) in &self.rules.mapped {
            let wanted_at_all = only.is_none_or(|only| only.contains(attribute));
            if !wanted_at_all || self.chosen_once.contains(attribute) {
                continue;
            }
            // Of two steps that speak of an attribute the later one counts.
            if let Some(name) = self
                .rules
                .dictionary
                .name(*attribute)
                .filter(|_| !self.asked.is_empty())
            {
                self.asked.retain(|asked| asked.name != *name);
            }
            let (wanted, current) = (
                profile.attributes.get(*attribute),
                self.account.attributes.get(*attribute),
            );
            let (nothing_wanted, nothing_there) =
                (wanted.clone().next().is_none(), current.clone().next().is_none());
            let leave = match mode {
                WriteMode::Always => false,
                WriteMode::OnCreate => true,
                WriteMode::IfEmpty => !nothing_there,
                WriteMode::KeepIfSourceEmpty => nothing_wanted,
            };
            if leave || (nothing_wanted && nothing_there) {
                continue;
            }
            let Some(name) = self.rules.dictionary.name(*attribute) else {
                continue;
            };
            if !Syntax::of(name).same_set(wanted.clone(), current.clone()) {
                self.asked.push(AttributeChange {
                    name: name.clone(),
                    before: current.map(str::to_owned).collect(),
                    after: wanted.map(str::to_owned).collect(),
                });
            }
        }
    }

    fn set_all(&mut self, values: &[(AttributeIndex, Option<Format>)], origin: &str) -> Result<(), String> {
        for (attribute, format) in values {
            self.set(*attribute, format.as_ref(), origin)?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        attribute: AttributeIndex,
        format: Option<&Format>,
        origin: &str,
    ) -> Result<(), String> {
        let after = match format
            .map(|format| evaluate(format, &self.scope(), origin))
            .transpose()?
        {
            Some(Evaluated::Values(values)) => values,
            Some(Evaluated::Nothing { .. }) | None => Vec::new(),
        };
        self.want(attribute, after);
        Ok(())
    }

    /// Asks for these values, and no others of the attribute.
    fn want(&mut self, attribute: AttributeIndex, after: Vec<String>) {
        let Some(name) = self.rules.dictionary.name(attribute) else {
            return;
        };
        self.asked.retain(|asked| asked.name != *name);
        let current = self.account.attributes.get(attribute);
        if !Syntax::of(name).same_set(after.iter().map(String::as_str), current.clone()) {
            let before = current.map(str::to_owned).collect();
            self.asked.push(AttributeChange {
                name: name.clone(),
                before,
                after,
            });
        }
    }

    /// The values that the account will have, as far as is asked by now.
    fn values(&self, attribute: AttributeIndex) -> Vec<String> {
        let name = self.rules.dictionary.name(attribute);
        let asked = self.asked.iter().find(|asked| name == Some(&asked.name));
        match asked {
            Some(asked) => asked.after.clone(),
            None => self
                .account
                .attributes
                .get(attribute)
                .map(str::to_owned)
                .collect(),
        }
    }

    /// What a template says for the account as it is: its container, attributes and groups.
    fn by_template(&mut self, template: &'a Template, origin: &str) -> Result<(), String> {
        let decided = Decided::new(template, &self.scope(), origin)?;
        for said in decided.attributes() {
            let (attribute, format) = said.what;
            let asked = self.rules.dictionary.name(*attribute).and_then(|name| {
                let asked = self.asked.iter().find(|asked| asked.name == *name);
                asked.map(|asked| !asked.after.is_empty())
            });
            let has_value = asked.unwrap_or_else(|| self.account.attributes.first(*attribute).is_some());
            // Without a value of its own there is nothing to give, and nothing to take away.
            if !has_value && !self.chosen_once.contains(attribute) {
                self.set(*attribute, Some(format), &said.because(origin))?;
            }
        }
        for said in decided.overrides() {
            let (attribute, format) = said.what;
            if !self.chosen_once.contains(attribute) {
                self.set(*attribute, format.as_ref(), &said.because(origin))?;
            }
        }
        if let Some(addresses) = &template.addresses {
            self.addresses(addresses, origin)?;
        }
        if let Some(container) = decided.container() {
            let because = container.because(origin);
            let container = self.dn_from(container.what, &because)?;
            self.relocate(&container, &because);
        }
        let mut wanted = Vec::new();
        for group in decided.groups() {
            wanted.push(self.dn_from(group.what, origin)?);
            self.join_group(group.what, &group.because(origin))?;
        }
        for group in decided.groups_to_leave() {
            // A name that cannot be made for this person is none that a membership could have.
            let Ok(group) = self.dn_from(group, origin) else {
                continue;
            };
            if !wanted.contains(&group) {
                self.leave_group(&group, &format!("{origin}, its rule does not hold"));
            }
        }
        self.license(&decided, origin)
    }

    fn relocate(&mut self, container: &Dn, origin: &str) {
        if self.dn.parent().as_ref() == Some(container) {
            return;
        }
        let to = Dn::from_server(&format!("{},{container}", self.dn.rdn()));
        let from = std::mem::replace(&mut self.dn, to.clone());
        self.push(Action::Move { from, to }, origin);
    }

    fn join_group(&mut self, group: &Format, origin: &str) -> Result<(), String> {
        let group = self.dn_from(group, origin)?;
        if !self.groups.contains(&group) {
            self.groups.push(group.clone());
            self.push(Action::AddToGroups { group }, origin);
        }
        Ok(())
    }

    fn dn_from(&self, format: &Format, origin: &str) -> Result<Dn, String> {
        dn_from(format, &self.scope(), origin)
    }

    /// What formats of steps may name: the person's attributes, or for somebody whose record is gone the account's.
    fn scope(&self) -> Scope<'_> {
        let attributes = self
            .profile
            .map_or(&self.account.attributes, |profile| &profile.attributes);
        Scope::of_attributes(&self.rules.dictionary, attributes)
            .with_lookups(&self.rules.lookups)
            .with_now(self.now)
            .with_value("dn", self.dn.as_str())
    }

    fn push(&mut self, action: Action, origin: &str) {
        self.operations.push(Operation::write(action, origin));
    }
}

/// The value that a format must give, as a distinguished name.
pub(super) fn dn_from(format: &Format, scope: &Scope<'_>, origin: &str) -> Result<Dn, String> {
    let text = match evaluate(format, scope, origin)? {
        Evaluated::Values(values) => values.into_iter().next().unwrap_or_default(),
        Evaluated::Nothing { missing } => {
            return Err(format!(
                "{origin}: `{}` gives no name, because `{missing}` has no value",
                format.source()
            ));
        }
    };
    Dn::parse(&text).map_err(|error| format!("{origin}: {error}"))
}

/// The value of a format, or what is wrong with it.
pub(super) fn evaluate(format: &Format, scope: &Scope<'_>, origin: &str) -> Result<Evaluated, String> {
    format
        .evaluate(scope)
        .map_err(|error| format!("{origin}: {error}"))
}

fn stored(rules: &Rules, attributes: &Attributes) -> Vec<AttributeValues> {
    let mut stored: Vec<AttributeValues> = Vec::new();
    for (index, value) in attributes.iter() {
        let Some(name) = rules.dictionary.name(index) else {
            continue;
        };
        match stored.last_mut() {
            Some(last) if last.name == *name => last.values.push(value.to_owned()),
            _ => stored.push(AttributeValues {
                name: name.clone(),
                values: vec![value.to_owned()],
            }),
        }
    }
    stored
}
