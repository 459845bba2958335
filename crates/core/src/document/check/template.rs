//! `kind: template`, by itself and with the source and directory for which it is used.

use std::collections::BTreeMap;

use super::super::data_source::DataSource;
use super::super::directory::{Directory, DirectoryKind};
use super::super::set::Kind;
use super::super::template::{CopyFrom, Extending, FullUnique, Template, Unique, Within};
use super::super::tree::join;
use super::Checker;
use super::steps::each;
use super::texts::Secrets;
use crate::action::ActionKind;
use crate::attribute::AttributeName;
use crate::capability::can_ask_for_another_password;
use crate::dn::Dn;
use crate::expression::{Condition, Format};
use crate::password::{PasswordRule, PasswordStyle};

/// For what a template is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplateUse {
    /// To create an account.
    Creation,
    /// To change one.
    Modification,
}

/// Attributes that are one account's own, or are made by the directory, and therefore never copied from another one.
const NEVER_COPIED: [&str; 27] = [
    "cn",
    "displayName",
    "distinguishedName",
    "employeeID",
    "employeeNumber",
    "entryUUID",
    "givenName",
    "mail",
    "mailNickname",
    "memberOf",
    "name",
    "objectClass",
    "objectGUID",
    "objectSid",
    "primaryGroupID",
    "proxyAddresses",
    "pwdLastSet",
    "sAMAccountName",
    "servicePrincipalName",
    "sIDHistory",
    "sn",
    "uid",
    "uidNumber",
    "unicodePwd",
    "userAccountControl",
    "userPassword",
    "userPrincipalName",
];

impl Checker<'_> {
    pub(super) fn template(&mut self, template: &Template) {
        if let Some(base) = &template.extends {
            self.reference("extends", Kind::Template, base);
            if let Err(circle @ Extending::Circle { .. }) = self.documents.whole_template(&template.name) {
                self.error("extends", circle.to_string(), "take one of these `extends` out");
            }
        }
        for (path, text) in formats(template) {
            if text.trim().is_empty() {
                self.error(
                    &path,
                    "an empty text",
                    "write a format, for example `{{ givenName }}.{{ sn }}`",
                );
            }
            if path.ends_with("container") || path == "copy_from.account" {
                self.dn_format(&path, text);
            } else if text == "all" && is_licence(&path) {
                let hint = "name the licences that accounts are to have, for example `SPE_E3`";
                self.error(&path, "`all`, which is not the name of a licence", hint);
            } else {
                self.format(&path, text, Secrets::Refused);
            }
        }
        if let Some(name) = &template.rdn_attribute {
            self.attribute("rdn_attribute", name);
        }
        if template.rdn.as_ref().is_some_and(|rdn| rdn.as_slice().is_empty()) {
            self.error("rdn", "an empty list", "write at least one format");
        }
        for (name, unique) in &template.unique {
            let path = join("unique", name.as_str());
            self.attribute(&path, name);
            if unique.formats().is_empty() {
                self.error(&path, "an empty list", "write at least one format");
            }
            if let Unique::Full(full) = unique {
                self.unique(&path, full);
            }
        }
        for (at, name) in template.reserved.iter().enumerate() {
            let rest = name.strip_suffix('*').unwrap_or(name);
            if rest.trim().is_empty() || rest.contains('*') {
                let found = format!("`{name}` as a name that nobody is given");
                let hint = "write a name, or its beginning with `*` at the end, for example `svc-*`";
                self.error(&format!("reserved[{at}]"), found, hint);
            }
        }
        self.says("", &template.attributes, &template.overrides, &template.groups);
        if template.other_licences.is_some() && template.rules.iter().all(|rule| rule.licences.is_empty()) {
            let hint = "it is about licences of rules that do not hold; leave it out";
            self.warning(
                "other_licences",
                "`other_licences` without `licences` in a rule",
                hint,
            );
        }
        self.password("password", template.password.as_ref());
        for (at, rule) in template.rules.iter().enumerate() {
            let path = format!("rules[{at}]");
            self.condition(&join(&path, "when"), &rule.when);
            self.says(&path, &rule.attributes, &rule.overrides, &rule.groups);
            self.password(&join(&path, "password"), rule.password.as_ref());
        }
        if let Some(copied) = &template.copy_from {
            self.copied(template, copied);
        }
    }

    fn unique(&mut self, path: &str, full: &FullUnique) {
        if let Some(most) = full.max_length {
            self.number(&join(path, "max_length"), most, 1..=1024);
        }
        for (at, name) in full.also_in.iter().enumerate() {
            self.attribute(&format!("{path}.also_in[{at}]"), name);
        }
        if !full.also_in.is_empty() && full.within == Some(Within::Container) {
            let hint = "other attributes are looked at in the whole directory; leave `within` out";
            self.error(&join(path, "also_in"), "`also_in` with `within: container`", hint);
        }
        let Some(suffix) = &full.suffix else { return };
        let path = join(path, "suffix");
        self.number(&join(&path, "width"), suffix.width, 1..=10);
        if suffix.fill.0.chars().count() != 1 {
            let found = format!("`{}` to fill numbers up", suffix.fill.0);
            self.error(
                &join(&path, "fill"),
                found,
                "write one character, for example `0`",
            );
        }
    }

    fn says(
        &mut self,
        path: &str,
        attributes: &BTreeMap<AttributeName, String>,
        overrides: &BTreeMap<AttributeName, Option<String>>,
        groups: &[String],
    ) {
        for name in attributes.keys() {
            self.attribute(&join(&within(path, "attributes"), name.as_str()), name);
        }
        for name in overrides.keys() {
            let path = join(&within(path, "override"), name.as_str());
            self.attribute(&path, name);
            if attributes.contains_key(name) {
                let hint = "a value in `override` always counts; take it out of `attributes`";
                self.warning(&path, format!("`{name}` in `override` and in `attributes`"), hint);
            }
        }
        for (at, group) in groups.iter().enumerate() {
            self.group(&format!("{}[{at}]", within(path, "groups")), group);
        }
    }

    fn password(&mut self, path: &str, rule: Option<&PasswordRule>) {
        let Some(rule) = rule else { return };
        self.number(&join(path, "length"), rule.length, 8..=128);
        self.number(&join(path, "words"), rule.words, 4..=12);
        if rule.style != PasswordStyle::Words && rule.words != PasswordRule::default().words {
            let hint = "it is for `style: words` only; leave it out";
            self.warning(&join(path, "words"), "`words` without `style: words`", hint);
        }
        if rule.style == PasswordStyle::Random && !rule.leaves_characters() {
            let hint = "avoid fewer characters, or allow more classes";
            self.error(path, "no characters left to make a password of", hint);
        }
    }

    fn copied(&mut self, template: &Template, copied: &CopyFrom) {
        for (at, name) in copied.attributes.iter().enumerate() {
            let path = format!("copy_from.attributes[{at}]");
            self.attribute(&path, name);
            if NEVER_COPIED.iter().any(|never| name.is(never)) || template.unique.contains_key(name) {
                let hint = "secrets, ids and names are never copied; take it out";
                self.error(&path, format!("`{name}`, which is the model account's own"), hint);
            }
        }
    }

    /// What a template can only be asked together with the source that gives it values and the directory in which the
    /// account is.
    pub(super) fn template_in_use(
        &mut self,
        name: &str,
        used: TemplateUse,
        source: Option<&DataSource>,
        directory: Option<&Directory>,
    ) {
        let Ok(template) = self.documents.whole_template(name) else {
            return;
        };
        let (kind, document) = (self.kind, std::mem::take(&mut self.name));
        self.about(Kind::Template, name);
        let somewhere =
            template.container.is_some() || template.rules.iter().any(|rule| rule.container.is_some());
        let has_containers = directory.is_none_or(|directory| directory.kind.has_containers());
        if used == TemplateUse::Creation && has_containers && !somewhere {
            let hint =
                "write the container of new accounts, for example `container: OU=Staff,DC=corp,DC=example`";
            self.error(
                "container",
                "no container, in a template that creates accounts",
                hint,
            );
        }
        if let Some(source) = source {
            self.template_with_source(&template, source, used, directory);
        }
        if let Some(directory) = directory {
            self.template_in_directory(&template, used, directory);
        }
        self.about(kind, &document);
    }

    fn template_with_source(
        &mut self,
        template: &Template,
        source: &DataSource,
        used: TemplateUse,
        directory: Option<&Directory>,
    ) {
        let of_rules = template.rules.iter().flat_map(|rule| rule.attributes.keys());
        let made = template.unique.keys().chain(template.attributes.keys());
        let known: Vec<_> = source.attributes.keys().chain(made).chain(of_rules).collect();
        let given = format!("data_source `{}`", source.name);
        for (path, text) in formats(template) {
            let Ok(format) = Format::parse(text) else { continue };
            self.known(&path, format.columns().map(|(name, _)| name), &known, &given);
        }
        for (at, rule) in template.rules.iter().enumerate() {
            if let Ok(when) = Condition::parse(&rule.when) {
                let path = format!("rules[{at}].when");
                self.known(&path, when.columns().map(|(name, _)| name), &known, &given);
            }
        }
        let login = AttributeName::new("sAMAccountName");
        let is_domain = directory.is_some_and(|directory| directory.kind == DirectoryKind::ActiveDirectory);
        if used == TemplateUse::Creation && is_domain && !known.contains(&&login) {
            let hint = "add `sAMAccountName` to `unique`, with formats such as `{{ givenName }}.{{ sn }}`";
            self.warning(
                "unique",
                "no login name: `sAMAccountName` is neither made nor mapped",
                hint,
            );
        }
    }

    fn template_in_directory(&mut self, template: &Template, used: TemplateUse, directory: &Directory) {
        for (path, text) in formats(template) {
            let is_container = path.ends_with("container");
            if is_container && !directory.kind.has_containers() {
                let kind = directory.kind.name();
                let found = format!(
                    "a container, and directory `{}` of `type: {kind}` has none",
                    directory.name
                );
                let hint = "leave it out; accounts there are named by `userPrincipalName`";
                self.error(&path, found, hint);
            } else if is_container || path == "copy_from.account" {
                self.within_base(&path, text, directory);
            }
        }
        if !template.proxy_addresses.is_empty() && directory.kind != DirectoryKind::ActiveDirectory {
            let found = format!(
                "`proxy_addresses`, which directory `{}` (`type: {}`) cannot be given",
                directory.name,
                directory.kind.name()
            );
            let hint = "leave it out; it is for `active_directory` only";
            self.error("proxy_addresses", found, hint);
        }
        for (path, _) in formats(template).iter().filter(|(path, _)| is_licence(path)) {
            self.capability(path, ActionKind::AssignLicences, directory);
        }
        if directory.kind == DirectoryKind::Microsoft365 {
            self.template_for_microsoft365(template, used);
        }
        if used == TemplateUse::Modification {
            return;
        }
        for (name, unique) in &template.unique {
            let global = name.is("sAMAccountName") || name.is("userPrincipalName");
            let in_container = unique.full().and_then(|full| full.within) == Some(Within::Container);
            if directory.kind == DirectoryKind::ActiveDirectory && global && in_container {
                let found = format!("`within: container` for `{name}`");
                let hint = "Active Directory wants it unique in the whole domain; leave `within` out";
                self.error(&join(&join("unique", name.as_str()), "within"), found, hint);
            }
        }
        let rules = template.rules.iter().enumerate();
        let rules = rules.map(|(at, rule)| (format!("rules[{at}]"), rule.password.as_ref(), rule.enabled));
        let all = std::iter::once((String::new(), template.password.as_ref(), template.enabled)).chain(rules);
        for (path, password, enabled) in all {
            if password.is_some_and(|rule| rule.must_change) && !can_ask_for_another_password(directory.kind)
            {
                let found = format!(
                    "`must_change`, and directory `{}` cannot ask for it",
                    directory.name
                );
                let hint = format!(
                    "leave it out: `type: {}` has no way to ask for another password at the first sign-in",
                    directory.kind.name()
                );
                self.error(&within(&path, "password.must_change"), found, hint);
            }
            if enabled == Some(false) {
                self.capability(&within(&path, "enabled"), ActionKind::Disable, directory);
            }
        }
    }

    /// A container that is written out must be in the subtree that Tenure may touch.
    pub(super) fn within_base(&mut self, path: &str, container: &str, directory: &Directory) {
        if container.contains("{{") {
            return;
        }
        let base = directory.base.as_deref().unwrap_or_default();
        if let (Ok(container), Ok(base)) = (Dn::parse(container), Dn::parse(base))
            && !container.is_within(&base)
        {
            let hint = format!(
                "Tenure touches nothing outside of `base` of directory `{}`: `{base}`",
                directory.name
            );
            self.error(
                path,
                format!("`{container}`, which is outside of the directory's base"),
                hint,
            );
        }
    }
}

fn within(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        join(path, field)
    }
}

/// Whether a format is the name of a licence.
fn is_licence(path: &str) -> bool {
    path.strip_suffix(']').is_some_and(|path| {
        let list = path.trim_end_matches(|c: char| c.is_ascii_digit());
        list == "licences[" || list.ends_with(".licences[")
    })
}

/// Every format of a template but those of groups, with its path.
fn formats<'t>(template: &'t Template) -> Vec<(String, &'t str)> {
    let mut formats: Vec<(String, &str)> = Vec::new();
    formats.extend(
        template
            .container
            .iter()
            .map(|text| ("container".to_owned(), text.as_str())),
    );
    if let Some(rdn) = &template.rdn {
        formats.extend(each("rdn", rdn).map(|(path, text)| (path, text.as_str())));
    }
    for (name, unique) in &template.unique {
        let path = join("unique", name.as_str());
        let (path, texts) = match unique {
            Unique::Formats(texts) => (path, texts),
            Unique::Full(full) => (join(&path, "formats"), &full.formats),
        };
        formats.extend(each(&path, texts).map(|(path, text)| (path, text.as_str())));
    }
    formats.extend(
        template
            .proxy_addresses
            .iter()
            .enumerate()
            .map(|(at, text)| (format!("proxy_addresses[{at}]"), text.as_str())),
    );
    formats.extend(
        template
            .language
            .iter()
            .map(|text| ("language".to_owned(), text.as_str())),
    );
    let values = |path: &str, attributes: &'t BTreeMap<AttributeName, String>| {
        let path = within(path, "attributes");
        let each = attributes.iter();
        each.map(move |(name, text)| (join(&path, name.as_str()), text.as_str()))
            .collect::<Vec<_>>()
    };
    let overrides = |path: &str, attributes: &'t BTreeMap<AttributeName, Option<String>>| {
        let path = within(path, "override");
        let each = attributes.iter();
        each.filter_map(move |(name, text)| Some((join(&path, name.as_str()), text.as_deref()?)))
            .collect::<Vec<_>>()
    };
    let licences = |path: &str, licences: &'t [String]| {
        let path = within(path, "licences");
        let each = licences.iter().enumerate();
        each.map(|(at, text)| (format!("{path}[{at}]"), text.as_str()))
            .collect::<Vec<_>>()
    };
    formats.extend(values("", &template.attributes));
    formats.extend(overrides("", &template.overrides));
    formats.extend(licences("", &template.licences));
    for (at, rule) in template.rules.iter().enumerate() {
        let path = format!("rules[{at}]");
        let container = rule.container.iter();
        formats.extend(container.map(|text| (join(&path, "container"), text.as_str())));
        formats.extend(values(&path, &rule.attributes));
        formats.extend(overrides(&path, &rule.overrides));
        formats.extend(licences(&path, &rule.licences));
    }
    let model = template.copy_from.iter();
    formats.extend(model.map(|model| ("copy_from.account".to_owned(), model.account.as_str())));
    formats
}
