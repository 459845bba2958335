//! Templates from documents to what a planner works with, with all that they take from those that they extend.

use std::collections::BTreeMap;

use super::{CompileError, Compiler, fault, formats};
use crate::account::Access;
use crate::attribute::{AttributeName, Dictionary};
use crate::document::{self, AfterRule, FullUnique, WhenTaken, Within};
use crate::expression::{Condition, Format};
use crate::microsoft365::NAMING_ATTRIBUTE;
use crate::password::PasswordRule;
use crate::plan::{
    Addresses, Model, NameKind, Numbers, PROXY_ADDRESSES, ReservedName, Says, Template, TemplateRule,
    UniqueName,
};

/// What a template says outside of its rules, or a rule of it.
struct Words<'d> {
    attributes: &'d BTreeMap<AttributeName, String>,
    overrides: &'d BTreeMap<AttributeName, Option<String>>,
    groups: &'d [String],
    licences: &'d [String],
    password: Option<&'d PasswordRule>,
    enabled: Option<bool>,
}

impl<'d> Words<'d> {
    fn of_template(template: &'d document::Template) -> Self {
        Self {
            attributes: &template.attributes,
            overrides: &template.overrides,
            groups: &template.groups,
            licences: &template.licences,
            password: template.password.as_ref(),
            enabled: template.enabled,
        }
    }

    fn of_rule(rule: &'d document::TemplateRule) -> Self {
        Self {
            attributes: &rule.attributes,
            overrides: &rule.overrides,
            groups: &rule.groups,
            licences: &rule.licences,
            password: rule.password.as_ref(),
            enabled: rule.enabled,
        }
    }
}

impl Compiler<'_> {
    pub(super) fn template(&mut self, name: &str, at: &str) -> Result<Template, CompileError> {
        let template = self
            .documents
            .whole_template(name)
            .map_err(|extending| CompileError {
                at: at.to_owned(),
                why: extending.to_string(),
            })?;
        let at = format!("template `{name}`");
        let mut unique = Vec::with_capacity(template.unique.len());
        for (attribute, names) in &template.unique {
            let kind = NameKind::of(attribute);
            let otherwise = NameKind::default_limit(attribute);
            let limit = names.max_length().unwrap_or(otherwise);
            let full = names.full();
            let also_in = full.map(|full| full.also_in.as_slice()).unwrap_or_default();
            unique.push(UniqueName {
                attribute: self.dictionary.add(attribute.clone()),
                kind,
                limit,
                formats: formats(names.formats(), &at)?,
                numbers: numbers(full),
                within: full.and_then(|full| full.within).unwrap_or_default(),
                also_in: also_in
                    .iter()
                    .map(|name| self.dictionary.add(name.clone()))
                    .collect(),
            });
        }
        let addresses = self.addresses(&template.proxy_addresses, &mut unique, &at)?;
        in_order_of_need(&mut unique, &self.dictionary);
        let mut rules = Vec::with_capacity(template.rules.len());
        for (rule, number) in template.rules.iter().zip(1..) {
            let at = format!("{at}, rule {number}");
            rules.push(TemplateRule {
                name: rule.name.clone().unwrap_or_else(|| format!("`{}`", rule.when)),
                when: Condition::parse(&rule.when).map_err(fault(&at))?,
                container: optional(rule.container.as_ref(), &at)?,
                says: self.says(&Words::of_rule(rule), &at)?,
                then: rule.then.unwrap_or(AfterRule::GoOn),
            });
        }
        let model = match &template.copy_from {
            None => None,
            Some(copied) => {
                let groups = copied.groups.unwrap_or(true);
                self.needs_groups |= groups;
                let member_of = AttributeName::new("memberOf");
                Some(Model {
                    account: Format::parse(&copied.account).map_err(fault(&at))?,
                    attributes: copied
                        .attributes
                        .iter()
                        .map(|name| self.dictionary.add(name.clone()))
                        .collect(),
                    groups: groups.then(|| self.dictionary.add(member_of)),
                })
            }
        };
        let retired_for = template.retired_for.map(|span| span.0);
        self.retired_for = self.retired_for.max(retired_for);
        let has_containers = self.directory.has_containers();
        let (rdn_attribute, rdn) = if has_containers {
            (template.rdn_attribute(), template.rdn())
        } else {
            // An account is called by the name that it signs in with.
            let principal = format!("{{{{ {NAMING_ATTRIBUTE} }}}}");
            (AttributeName::new(NAMING_ATTRIBUTE), vec![principal])
        };
        Ok(Template {
            name: name.to_owned(),
            has_containers,
            container: optional(template.container.as_ref(), &at)?,
            rdn_kind: NameKind::of(&rdn_attribute),
            rdn_limit: NameKind::default_limit(&rdn_attribute),
            rdn_attribute,
            rdn: formats(&rdn, &at)?,
            unique,
            addresses,
            language: optional(template.language.as_ref(), &at)?,
            reserved: template
                .reserved
                .iter()
                .map(|name| ReservedName::parse(name))
                .collect(),
            says: self.says(&Words::of_template(&template), &at)?,
            rules,
            other_groups: template.other_groups.unwrap_or_default(),
            other_licences: template.other_licences.unwrap_or_default(),
            model,
        })
    }

    /// The mail addresses that a template gives. Where it gives any, its `mail` is free among all of them too.
    fn addresses(
        &mut self,
        said: &[String],
        unique: &mut [UniqueName],
        at: &str,
    ) -> Result<Option<Addresses>, CompileError> {
        if said.is_empty() {
            return Ok(None);
        }
        let attribute = self.dictionary.add(AttributeName::new(PROXY_ADDRESSES));
        let mail = self.dictionary.add(AttributeName::new("mail"));
        for name in unique.iter_mut().filter(|name| name.attribute == mail) {
            if name.within == Within::Directory && !name.also_in.contains(&attribute) {
                name.also_in.push(attribute);
            }
        }
        Ok(Some(Addresses {
            attribute,
            mail,
            formats: formats(said, at)?,
        }))
    }

    /// What a template or a rule of it says.
    fn says(&mut self, words: &Words<'_>, at: &str) -> Result<Says, CompileError> {
        self.needs_groups |= !words.groups.is_empty();
        self.needs_licences |= !words.licences.is_empty();
        let mut says = Says {
            groups: formats(words.groups, at)?,
            licences: formats(words.licences, at)?,
            password: words.password.cloned(),
            access: words.enabled.map(|enabled| {
                if enabled {
                    Access::Enabled
                } else {
                    Access::Disabled
                }
            }),
            ..Says::default()
        };
        for (name, format) in words.attributes {
            let index = self.dictionary.add(name.clone());
            says.attributes
                .push((index, Format::parse(format).map_err(fault(at))?));
        }
        for (name, format) in words.overrides {
            let index = self.dictionary.add(name.clone());
            says.overrides.push((index, optional(format.as_ref(), at)?));
        }
        Ok(says)
    }
}

/// How numbers at the end of a name look; none when no number is added.
fn numbers(full: Option<&FullUnique>) -> Option<Numbers> {
    let Some(full) = full else {
        return Some(Numbers::default());
    };
    if full.when_taken == Some(WhenTaken::DoNotCreate) {
        return None;
    }
    Some(match &full.suffix {
        None => Numbers::default(),
        Some(suffix) => Numbers {
            from: suffix.from,
            width: usize::from(suffix.width),
            fill: suffix.fill.0.chars().next().unwrap_or('0'),
            separator: suffix.separator.clone(),
        },
    })
}

fn optional(text: Option<&String>, at: &str) -> Result<Option<Format>, CompileError> {
    text.map(|text| Format::parse(text))
        .transpose()
        .map_err(fault(at))
}

/// Puts names that are made from other names after those: an address after the login that it begins with.
fn in_order_of_need(unique: &mut Vec<UniqueName>, dictionary: &Dictionary) {
    let mut ordered: Vec<UniqueName> = Vec::with_capacity(unique.len());
    while !unique.is_empty() {
        let needs = |name: &UniqueName, other: &UniqueName| {
            let other = dictionary.name(other.attribute);
            name.formats
                .iter()
                .flat_map(Format::columns)
                .any(|(read, _)| other.is_some_and(|other| other.is(read)))
        };
        let ready = unique.iter().position(|name| {
            unique
                .iter()
                .all(|other| other.attribute == name.attribute || !needs(name, other))
        });
        // Names that need each other are taken as they stand; each then sees the mapped values of the others.
        ordered.push(unique.remove(ready.unwrap_or(0)));
    }
    *unique = ordered;
}
