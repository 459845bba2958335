//! What a template says for one person: its own words and those of the rules that hold, the first of which wins.

use crate::account::Access;
use crate::attribute::AttributeIndex;
use crate::document::{AfterRule, OtherGroups, OtherLicences};
use crate::expression::{Format, Scope};
use crate::password::PasswordRule;

use super::rules::{Says, Template, TemplateRule};

/// What a template says for one person.
pub(super) struct Decided<'t> {
    template: &'t Template,
    /// The rules that hold, in order.
    rules: Vec<&'t TemplateRule>,
    /// Those that do not.
    others: Vec<&'t TemplateRule>,
}

/// Something that a template says, with the rule that says it; without one the template itself does.
#[derive(Clone, Copy)]
pub(super) struct Said<'t, T> {
    pub(super) what: T,
    pub(super) rule: Option<&'t str>,
}

impl<'t> Decided<'t> {
    /// Finds the rules that hold.
    pub(super) fn new(template: &'t Template, scope: &Scope<'_>, origin: &str) -> Result<Self, String> {
        let (mut rules, mut others) = (Vec::new(), Vec::new());
        let mut stopped = false;
        for rule in &template.rules {
            let holds = !stopped
                && rule
                    .when
                    .holds(scope)
                    .map_err(|error| format!("{origin}, rule {}: {error}", rule.name))?;
            if holds {
                rules.push(rule);
                stopped = rule.then == AfterRule::Stop;
            } else {
                others.push(rule);
            }
        }
        Ok(Self {
            template,
            rules,
            others,
        })
    }

    /// Where the account goes.
    pub(super) fn container(&self) -> Option<Said<'t, &'t Format>> {
        let of_rules = self.rules.iter().find_map(|rule| {
            rule.container.as_ref().map(|what| Said {
                what,
                rule: Some(&rule.name),
            })
        });
        let own = || {
            self.template
                .container
                .as_ref()
                .map(|what| Said { what, rule: None })
        };
        of_rules.or_else(own)
    }

    /// Values for attributes that have none: of each attribute once.
    pub(super) fn attributes(&self) -> Vec<Said<'t, &'t (AttributeIndex, Format)>> {
        self.each_once(|says| &says.attributes, |(attribute, _)| *attribute)
    }

    /// Values in any case: of each attribute once.
    pub(super) fn overrides(&self) -> Vec<Said<'t, &'t (AttributeIndex, Option<Format>)>> {
        self.each_once(|says| &says.overrides, |(attribute, _)| *attribute)
    }

    /// Groups to be a member of, the template's own first.
    pub(super) fn groups(&self) -> impl Iterator<Item = Said<'t, &'t Format>> {
        self.all(|says| &says.groups)
    }

    /// Licences to have, the template's own first.
    pub(super) fn licences(&self) -> impl Iterator<Item = Said<'t, &'t Format>> {
        self.all(|says| &says.licences)
    }

    /// Groups that rules give which do not hold, where those are to be left.
    pub(super) fn groups_to_leave(&self) -> impl Iterator<Item = &'t Format> {
        let leave = self.template.other_groups == OtherGroups::Leave;
        let others = self.others.iter().copied().filter(move |_| leave);
        others.flat_map(|rule| &rule.says.groups)
    }

    /// Licences that rules give which do not hold, where those are to be taken back.
    pub(super) fn licences_to_revoke(&self) -> impl Iterator<Item = &'t Format> {
        let revoke = self.template.other_licences == OtherLicences::Revoke;
        let others = self.others.iter().copied().filter(move |_| revoke);
        others.flat_map(|rule| &rule.says.licences)
    }

    /// How the first password is made.
    pub(super) fn password(&self) -> Option<&'t PasswordRule> {
        self.first(|says| says.password.as_ref())
    }

    /// Whether sign-in is possible at once.
    pub(super) fn access(&self) -> Access {
        self.first(|says| says.access).unwrap_or(Access::Enabled)
    }

    /// The rules that hold, in words; nothing when none does.
    pub(super) fn words(&self) -> String {
        let names: Vec<&str> = self.rules.iter().map(|rule| rule.name.as_str()).collect();
        match names.split_last() {
            None => String::new(),
            Some((only, [])) => format!(", rule {only}"),
            Some((last, rest)) => format!(", rules {} and {last}", rest.join(", ")),
        }
    }

    fn says(&self) -> impl Iterator<Item = (Option<&'t str>, &'t Says)> {
        let rules = self
            .rules
            .iter()
            .map(|rule| (Some(rule.name.as_str()), &rule.says));
        rules.chain(std::iter::once((None, &self.template.says)))
    }

    /// What adds up: the template's own, then that of the rules.
    fn all(&self, part: fn(&'t Says) -> &'t [Format]) -> impl Iterator<Item = Said<'t, &'t Format>> {
        let own = part(&self.template.says).iter();
        let own = own.map(|what| Said { what, rule: None });
        let rules = self.rules.iter().copied();
        own.chain(rules.flat_map(move |rule| {
            part(&rule.says).iter().map(|what| Said {
                what,
                rule: Some(rule.name.as_str()),
            })
        }))
    }

    fn first<T>(&self, part: impl Fn(&'t Says) -> Option<T>) -> Option<T> {
        self.says().find_map(|(_, says)| part(says))
    }

    fn each_once<T>(
        &self,
        part: impl Fn(&'t Says) -> &'t [T],
        attribute: impl Fn(&T) -> AttributeIndex,
    ) -> Vec<Said<'t, &'t T>> {
        let mut all: Vec<Said<'t, &'t T>> = Vec::new();
        for (rule, says) in self.says() {
            for what in part(says) {
                if !all.iter().any(|known| attribute(known.what) == attribute(what)) {
                    all.push(Said { what, rule });
                }
            }
        }
        all
    }
}

impl<T> Said<'_, T> {
    /// Where it comes from, after the step that asks for the template.
    pub(super) fn because(&self, origin: &str) -> String {
        match self.rule {
            Some(rule) => format!("{origin}, rule {rule}"),
            None => origin.to_owned(),
        }
    }
}
