//! `kind: template`, by itself and with the source and directory for which it is used.

use super::super::data_source::DataSource;
use super::super::directory::{Directory, DirectoryKind};
use super::super::set::Kind;
use super::super::template::{Template, Unique};
use super::super::tree::join;
use super::Checker;
use super::steps::each;
use super::texts::Secrets;
use crate::attribute::AttributeName;
use crate::dn::Dn;
use crate::expression::Format;

impl Checker<'_> {
    pub(super) fn template(&mut self, template: &Template) {
        if let Some(container) = &template.container {
            self.dn_format("container", container);
        }
        for (path, text) in formats(template) {
            if path == "container" {
                continue;
            }
            if text.trim().is_empty() {
                self.error(
                    &path,
                    "an empty text",
                    "write a format, for example `{{ givenName }}.{{ sn }}`",
                );
            }
            self.format(&path, text, Secrets::Refused);
        }
        self.attribute("rdn_attribute", &template.rdn_attribute);
        if template.rdn.as_slice().is_empty() {
            self.error("rdn", "an empty list", "write at least one format");
        }
        for (name, unique) in &template.unique {
            let path = join("unique", name.as_str());
            self.attribute(&path, name);
            if unique.formats().is_empty() {
                self.error(&path, "an empty list", "write at least one format");
            }
            if let Unique::Full(full) = unique
                && let Some(most) = full.max_length
            {
                self.number(&join(&path, "max_length"), most, 1..=1024);
            }
        }
        for name in template.attributes.keys() {
            self.attribute(&join("attributes", name.as_str()), name);
        }
        for (at, group) in template.groups.iter().enumerate() {
            self.group(&format!("groups[{at}]"), group);
        }
        if let Some(password) = &template.password {
            self.number("password.length", password.length, 8..=128);
        }
    }

    /// What a template can only be asked together with the source that gives it values and the directory in which the
    /// account is made.
    pub(super) fn template_in_use(
        &mut self,
        name: &str,
        source: Option<&DataSource>,
        directory: Option<&Directory>,
    ) {
        let Some(template) = self.documents.template(name) else {
            return;
        };
        let (kind, document) = (self.kind, std::mem::take(&mut self.name));
        self.about(Kind::Template, name);
        if let Some(source) = source {
            let made = template.unique.keys().chain(template.attributes.keys());
            let known: Vec<_> = source.attributes.keys().chain(made).collect();
            let given = format!("data_source `{}`", source.name);
            for (path, text) in formats(template) {
                let Ok(format) = Format::parse(text) else { continue };
                self.known(&path, format.columns().map(|(name, _)| name), &known, &given);
            }
            let login = AttributeName::new("sAMAccountName");
            let is_domain =
                directory.is_some_and(|directory| directory.kind == DirectoryKind::ActiveDirectory);
            if is_domain && !known.contains(&&login) {
                let hint =
                    "add `sAMAccountName` to `unique`, with formats such as `{{ givenName }}.{{ sn }}`";
                self.warning(
                    "unique",
                    "no login name: `sAMAccountName` is neither made nor mapped",
                    hint,
                );
            }
        }
        if let Some(directory) = directory {
            self.container_in_use(template, directory);
        }
        self.about(kind, &document);
    }

    /// What a kind of directory needs of a template.
    fn container_in_use(&mut self, template: &Template, directory: &Directory) {
        let kind = format!(
            "directory `{}` of `type: {}`",
            directory.name,
            directory.kind.name()
        );
        match &template.container {
            Some(_) if !directory.kind.has_containers() => {
                let hint = "leave it out; accounts there are named by `userPrincipalName`";
                self.error("container", format!("a container, and {kind} has none"), hint);
            }
            Some(container) => self.within_base("container", container, directory),
            None if directory.kind.has_containers() => {
                let hint = "write the container of new accounts, for example `OU=Staff,DC=corp,DC=example`";
                self.error("", format!("no `container`, which {kind} needs"), hint);
            }
            None => {}
        }
        if directory.kind == DirectoryKind::Microsoft365 {
            self.template_for_microsoft365(template);
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

/// Every format of a template but those of groups, with its path; the container's first.
fn formats(template: &Template) -> Vec<(String, &str)> {
    let mut formats = Vec::new();
    formats.extend(
        template
            .container
            .as_deref()
            .map(|text| ("container".to_owned(), text)),
    );
    // Without a container nothing is made of `rdn`.
    let rdn = template.container.is_some().then_some(&template.rdn);
    formats.extend(
        rdn.into_iter()
            .flat_map(|rdn| each("rdn", rdn))
            .map(|(path, text)| (path, text.as_str())),
    );
    for (name, unique) in &template.unique {
        let path = join("unique", name.as_str());
        let (path, texts) = match unique {
            Unique::Formats(texts) => (path, texts),
            Unique::Full(full) => (join(&path, "formats"), &full.formats),
        };
        formats.extend(each(&path, texts).map(|(path, text)| (path, text.as_str())));
    }
    for (name, text) in &template.attributes {
        formats.push((join("attributes", name.as_str()), text));
    }
    formats
}
