//! A new account: its names, container and values by the template, and what else the joiner rule asks for.

use jiff::Timestamp;

use crate::action::{Action, AttributeValues};
use crate::attribute::AttributeName;
use crate::dn::Dn;
use crate::expression::{Evaluated, Format, Scope};
use crate::profile::Profile;

use super::change::Operation;
use super::naming::{NameKey, NameKind, Names};
use super::rules::{Rules, Step, Task, Template};
use super::steps::{dn_from, evaluate};

/// The operations that make an account for a person, its names taken from `names`; or why none can be made.
/// No operation when the rule creates nothing.
pub(super) fn join(
    rules: &Rules,
    steps: &[Step],
    profile: &Profile,
    names: &mut Names,
    now: Timestamp,
) -> Result<Vec<Operation>, String> {
    let mut draft = Joiner {
        rules,
        profile,
        now,
        chosen: Vec::new(),
        dn: None,
        operations: Vec::new(),
    };
    for step in steps {
        if let Some(when) = &step.when
            && !when
                .holds(&draft.scope())
                .map_err(|error| format!("{}: {error}", step.origin))?
        {
            continue;
        }
        draft.task(step, names)?;
    }
    if let Some(dn) = &draft.dn {
        names.take(NameKey::dn(dn));
        for (attribute, value) in &draft.chosen {
            names.take(NameKey::attribute(attribute, value));
        }
    }
    Ok(draft.operations)
}

struct Joiner<'a> {
    rules: &'a Rules,
    profile: &'a Profile,
    now: Timestamp,
    /// Names chosen so far, for the formats that come after.
    chosen: Vec<(AttributeName, String)>,
    dn: Option<Dn>,
    operations: Vec<Operation>,
}

impl Joiner<'_> {
    fn task(&mut self, step: &Step, names: &mut Names) -> Result<(), String> {
        match &step.task {
            Task::Create(template) => self.create(template, &step.origin, names),
            Task::AddToGroups(groups) if self.dn.is_some() => self.join_groups(groups, &step.origin),
            // The rest speaks of an account that is there; a new one is as its template says.
            _ => Ok(()),
        }
    }

    fn create(&mut self, template: &Template, origin: &str, names: &mut Names) -> Result<(), String> {
        let origin = format!("{origin}, template {}", template.name);
        for unique in &template.unique {
            let Some(attribute) = self.rules.dictionary.name(unique.attribute) else {
                continue;
            };
            let candidates = self.candidates(&unique.formats, unique.kind, &origin, attribute.as_str())?;
            let name = names
                .first_free(&candidates, unique.limit, |name| {
                    NameKey::attribute(attribute, name)
                })
                .ok_or_else(|| format!("{origin}: no free {attribute} is left"))?;
            self.chosen.push((attribute.clone(), name));
        }
        let container = dn_from(&template.container, &self.scope(), &origin)?;
        let rdn_attribute = &template.rdn_attribute;
        let already = self
            .chosen
            .iter()
            .find(|(name, _)| name == rdn_attribute)
            .map(|(_, value)| value.clone());
        let rdn = if let Some(chosen) = already {
            chosen
        } else {
            let candidates = self.candidates(
                &template.rdn,
                NameKind::of(rdn_attribute),
                &origin,
                rdn_attribute.as_str(),
            )?;
            let limit = NameKind::default_limit(rdn_attribute);
            names
                .first_free(&candidates, limit, |name| {
                    NameKey::dn(&container.child(rdn_attribute.as_str(), name))
                })
                .ok_or_else(|| format!("{origin}: no free {rdn_attribute} is left in {container}"))?
        };
        let dn = container.child(rdn_attribute.as_str(), &rdn);
        let attributes = self.values(template, &rdn, &origin)?;
        self.dn = Some(dn.clone());
        let action = Action::CreateAccount {
            dn,
            attributes,
            password: template.password.clone(),
            access: template.access,
        };
        self.operations.push(Operation {
            action,
            because: origin.clone(),
        });
        self.join_groups(&template.groups, &origin)
    }

    /// What is tried for a name, in order. A format without a value is passed over.
    fn candidates(
        &self,
        formats: &[Format],
        kind: NameKind,
        origin: &str,
        what: &str,
    ) -> Result<Vec<String>, String> {
        let scope = self.scope();
        let mut candidates = Vec::with_capacity(formats.len());
        let mut missing_input = None;
        for format in formats {
            match evaluate(format, &scope, origin)? {
                Evaluated::Values(values) => {
                    let name = values.first().map(|value| kind.clean(value)).unwrap_or_default();
                    if !name.is_empty() && !candidates.contains(&name) {
                        candidates.push(name);
                    }
                }
                Evaluated::Nothing { missing } => {
                    missing_input.get_or_insert(missing);
                }
            }
        }
        if candidates.is_empty() {
            let why = missing_input.map_or_else(
                || "nothing is left of it as plain letters".to_owned(),
                |input| format!("`{input}` has no value"),
            );
            return Err(format!("{origin}: no {what} can be made, because {why}"));
        }
        Ok(candidates)
    }

    /// The values of the new account: chosen names, then what the mapping says, then the template's defaults.
    fn values(&self, template: &Template, rdn: &str, origin: &str) -> Result<Vec<AttributeValues>, String> {
        let dictionary = &self.rules.dictionary;
        let mut values: Vec<AttributeValues> = Vec::with_capacity(dictionary.names().len());
        let mut add = |name: &AttributeName, new: Vec<String>| {
            if !new.is_empty() && !values.iter().any(|known| known.name == *name) {
                values.push(AttributeValues {
                    name: name.clone(),
                    values: new,
                });
            }
        };
        add(&template.rdn_attribute, vec![rdn.to_owned()]);
        for (name, value) in &self.chosen {
            add(name, vec![value.clone()]);
        }
        for (attribute, _) in &self.rules.mapped {
            if let Some(name) = dictionary.name(*attribute) {
                add(
                    name,
                    self.profile
                        .attributes
                        .get(*attribute)
                        .map(str::to_owned)
                        .collect(),
                );
            }
        }
        for (attribute, format) in &template.attributes {
            let Some(name) = dictionary.name(*attribute) else {
                continue;
            };
            if let Evaluated::Values(new) = evaluate(format, &self.scope(), origin)? {
                add(name, new);
            }
        }
        Ok(values)
    }

    fn join_groups(&mut self, groups: &[Format], origin: &str) -> Result<(), String> {
        for group in groups {
            let group = dn_from(group, &self.scope(), origin)?;
            let action = Action::AddToGroups { group };
            if !self.operations.iter().any(|known| known.action == action) {
                self.operations.push(Operation {
                    action,
                    because: origin.to_owned(),
                });
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
