//! `kind: template`: how an account is created, and what it should be like later on.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::attribute::AttributeName;
use crate::password::PasswordRule;

use super::scalar::{OneOrMany, Scalar, Span};
use super::set::Documents;

/// How an account is created, and how it should be later on. Formats here name mapped attributes, not columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The template that says what this one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The container (OU) into which the account goes. A format. Not for `microsoft365`, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The attribute that names the object in its container; `CN` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdn_attribute: Option<AttributeName>,
    /// What the object is called, in order of preference; a number is added when all are taken. `{{ displayName }}`
    /// when not said. In `microsoft365` it is called by its `userPrincipalName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdn: Option<OneOrMany<String>>,
    /// Attributes whose values no two accounts may share, each with what is tried in order. A number is added when
    /// all are taken. They are chosen once and stay as they are when names change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unique: BTreeMap<AttributeName, Unique>,
    /// Mail addresses of the account (`proxyAddresses`), the primary first. Formats. A new account is given those that
    /// nobody has; none is ever taken away, so that a primary that is no longer the first stays as another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxy_addresses: Vec<String>,
    /// The language by whose rules letters of names are written in ASCII (`de`: ä is ae). A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Names that nobody is given, beside those that systems keep for themselves; `*` at the end stands for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<String>,
    /// How long the names of accounts that Tenure deleted are given to nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_for: Option<Span>,
    /// Values for attributes that have none: for a new account those that the mapping has none for. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, String>,
    /// Values whatever the mapping says. Formats; `null` for no value.
    #[serde(rename = "override", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<AttributeName, Option<String>>,
    /// Groups to be a member of. Formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// What becomes of groups of rules that do not hold (any more), for `modify_by_template`; `keep` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_groups: Option<OtherGroups>,
    /// Licences to have, by name (`SPE_E3`) or id; for `microsoft365`. Formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// What becomes of licences of rules that do not hold (any more), for `modify_by_template`; `keep` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_licences: Option<OtherLicences>,
    /// What is different for whom. Every rule that holds counts. The groups and licences of all of them are given; of
    /// a container, an attribute and the rest the first rule that says it wins, and what is said above counts where none
    /// does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<TemplateRule>,
    /// A model account, whose groups and some of whose attributes a new one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_from: Option<CopyFrom>,
    /// How the first password is made; without it the account has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordRule>,
    /// Whether sign-in is possible at once; it is when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// What is different for accounts for which a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateRule {
    /// What plans call it; its condition when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For whom. A condition on mapped attributes.
    pub when: String,
    /// The container. A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// As in the template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, String>,
    /// As in the template.
    #[serde(rename = "override", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<AttributeName, Option<String>>,
    /// More groups. Formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// More licences. Formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// How the first password is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordRule>,
    /// Whether sign-in is possible at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the rules after this one count too when it holds; they do when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<AfterRule>,
}

/// What comes after a rule that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterRule {
    /// The next rules.
    GoOn,
    /// No more rules.
    Stop,
}

/// What becomes of memberships that a rule of the template gives which does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherGroups {
    /// They stay.
    #[default]
    Keep,
    /// They are taken away.
    Leave,
}

/// What becomes of licences that a rule of the template gives which does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherLicences {
    /// They stay.
    #[default]
    Keep,
    /// They are taken back, but for those that come with a group.
    Revoke,
}

/// A model account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyFrom {
    /// Its distinguished name, within the directory's base. A format.
    pub account: String,
    /// The attributes that are copied where neither mapping nor template has a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeName>,
    /// Whether its groups are copied; they are when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<bool>,
}

impl Template {
    /// This template with everything that it does not say taken from `base`. Groups, licences, reserved names and
    /// rules are joined, this template's first; of attributes and unique names each counts by itself.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        fn joined<T: PartialEq>(mut own: Vec<T>, base: Vec<T>) -> Vec<T> {
            for item in base {
                if !own.contains(&item) {
                    own.push(item);
                }
            }
            own
        }
        fn filled<V>(
            mut own: BTreeMap<AttributeName, V>,
            base: BTreeMap<AttributeName, V>,
        ) -> BTreeMap<AttributeName, V> {
            for (name, value) in base {
                own.entry(name).or_insert(value);
            }
            own
        }
        Self {
            name: self.name,
            description: self.description,
            extends: None,
            container: self.container.or(base.container),
            rdn_attribute: self.rdn_attribute.or(base.rdn_attribute),
            rdn: self.rdn.or(base.rdn),
            unique: filled(self.unique, base.unique),
            proxy_addresses: if self.proxy_addresses.is_empty() {
                base.proxy_addresses
            } else {
                self.proxy_addresses
            },
            language: self.language.or(base.language),
            reserved: joined(self.reserved, base.reserved),
            retired_for: self.retired_for.or(base.retired_for),
            attributes: filled(self.attributes, base.attributes),
            overrides: filled(self.overrides, base.overrides),
            groups: joined(self.groups, base.groups),
            other_groups: self.other_groups.or(base.other_groups),
            licences: joined(self.licences, base.licences),
            other_licences: self.other_licences.or(base.other_licences),
            rules: joined(self.rules, base.rules),
            copy_from: self.copy_from.or(base.copy_from),
            password: self.password.or(base.password),
            enabled: self.enabled.or(base.enabled),
        }
    }

    /// The attribute that names the object in its container.
    pub fn rdn_attribute(&self) -> AttributeName {
        self.rdn_attribute
            .clone()
            .unwrap_or_else(|| AttributeName::new("CN"))
    }

    /// What the object is called, in order of preference.
    pub fn rdn(&self) -> Vec<String> {
        match &self.rdn {
            Some(rdn) => rdn.as_slice().to_vec(),
            None => vec!["{{ displayName }}".to_owned()],
        }
    }
}

impl Documents {
    /// A template with all that it takes from those that it extends.
    ///
    /// # Errors
    /// The names on the way, when one of them is not there or comes back to itself.
    pub fn whole_template(&self, name: &str) -> Result<Template, Extending> {
        let missing = |on: &[String], name: &str| Extending::Missing {
            name: name.to_owned(),
            by: on.last().cloned(),
        };
        let mut way = vec![];
        let mut whole = self.template(name).cloned().ok_or_else(|| missing(&way, name))?;
        way.push(whole.name.clone());
        while let Some(base) = whole.extends.take() {
            let comes_back = way.contains(&base);
            if !comes_back {
                let next = self
                    .template(&base)
                    .cloned()
                    .ok_or_else(|| missing(&way, &base))?;
                let further = next.extends.clone();
                whole = whole.over(next);
                whole.extends = further;
            }
            way.push(base);
            if comes_back {
                return Err(Extending::Circle { way });
            }
        }
        Ok(whole)
    }
}

/// Why a template cannot be completed by those that it extends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Extending {
    /// One of them is not there.
    #[error("there is no template `{name}`")]
    Missing {
        /// Its name.
        name: String,
        /// Which template extends it; none for the first.
        by: Option<String>,
    },
    /// They extend each other.
    #[error("templates extend each other in a circle: {}", way.join(" -> "))]
    Circle {
        /// From the first template to the one that comes twice.
        way: Vec<String>,
    },
}

/// What is tried for a name that must be unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Unique {
    /// Formats, the best first.
    Formats(OneOrMany<String>),
    /// With the most characters it may have.
    Full(FullUnique),
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a format, a list of formats, or `formats` with `max_length`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Unique, E> {
        Ok(Unique::Formats(OneOrMany::One(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Unique, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
            .map(|formats| Unique::Formats(OneOrMany::Many(formats)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Unique, A::Error> {
        FullUnique::deserialize(MapAccessDeserializer::new(map)).map(Unique::Full)
    }
}

/// Formats for a name, with its bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullUnique {
    /// Formats, the best first.
    pub formats: OneOrMany<String>,
    /// The most characters; 20 for `sAMAccountName`, 64 for others when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
    /// Where no two accounts may share it; in the whole `directory` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Other attributes whose values count as taken too, for example `proxyAddresses`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AttributeName>,
    /// What happens when all formats are taken; a `number` is added when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_taken: Option<WhenTaken>,
    /// How the number looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<Suffix>,
}

/// Where a name is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// In the whole directory.
    #[default]
    Directory,
    /// In the container of the new account.
    Container,
}

/// What happens when all formats of a name are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenTaken {
    /// The first format with the lowest free number.
    #[default]
    Number,
    /// No account is made, and the plan says so.
    DoNotCreate,
}

/// How a number at the end of a name looks: `abyrne2`, or with `{ from: 1, width: 2 }` `abyrne01`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Suffix {
    /// The first number.
    pub from: u32,
    /// The fewest characters of the number.
    pub width: u8,
    /// What fills it up to that: one character.
    pub fill: Scalar,
    /// What stands before it; nothing when not said, and for names with spaces a space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
}

impl Default for Suffix {
    fn default() -> Self {
        Self {
            from: 2,
            width: 1,
            fill: Scalar("0".to_owned()),
            separator: None,
        }
    }
}

impl Unique {
    /// What is tried, in order.
    pub fn formats(&self) -> &[String] {
        match self {
            Self::Formats(formats) => formats.as_slice(),
            Self::Full(full) => full.formats.as_slice(),
        }
    }

    /// Everything beside the formats, where it is said.
    pub fn full(&self) -> Option<&FullUnique> {
        match self {
            Self::Formats(_) => None,
            Self::Full(full) => Some(full),
        }
    }

    /// The most characters, where it is said.
    pub fn max_length(&self) -> Option<usize> {
        match self {
            Self::Formats(_) => None,
            Self::Full(full) => full.max_length.map(usize::from),
        }
    }
}
