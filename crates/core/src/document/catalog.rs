//! The catalog: applications and files that Tenure knows, each with ways to be let in, endpoints, webhooks, a sample of
//! a data source, and the settings that an administrator fills in.

mod entries;
mod ready;
mod settings;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(super) use entries::ENTRIES;
pub use ready::{Choice, ChoiceError, Ready};
pub(super) use settings::{Given, SettingProblem, Values};

use super::application::{Application, PrivateAddresses};
use super::authorization::{AuthorizationKind, Grant};
use super::scalar::OneOrMany;
use super::tree::{Entry, Node, Position, Scalar, ScalarKind, Value};
use super::typed::{self, Wrong};
use super::{DataSource, yaml};

/// An entry of the catalog.
#[derive(Clone, Debug)]
pub struct Preset {
    name: &'static str,
    about: About,
    ways: Vec<Way>,
    application: Option<Node>,
    data_source: Option<Node>,
}

/// What an entry says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    title: String,
    description: String,
    #[serde(default)]
    documentation: Vec<Link>,
    #[serde(default)]
    settings: BTreeMap<String, Setting>,
    #[serde(default)]
    authorizations: Vec<AboutWay>,
    #[serde(default)]
    discovery: Option<Discovery>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AboutWay {
    name: String,
    description: String,
}

/// An address that says settings to whoever asks, as a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// Where it is.
    pub url: String,
    /// Settings, each with the member of the answer that it is.
    pub settings: BTreeMap<String, String>,
    /// Whether it is on this machine or in a private network.
    #[serde(default, skip_deserializing)]
    pub private_addresses: PrivateAddresses,
}

/// A page of the vendor's documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it is about.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// Something that an administrator fills in. Texts of the preset name it as `${name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is, and where it is found.
    pub description: String,
    /// What it may look like.
    #[serde(default)]
    pub form: SettingForm,
    /// What it is when it is not said; may name other settings. Of several it is the first one that names none that is
    /// left out. Without any it has to be said where it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<OneOrMany<String>>,
    /// One that could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What happens when it is neither said nor has a default.
    #[serde(default)]
    pub need: Need,
}

/// What a setting may look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingForm {
    /// Any text of one line.
    #[default]
    Text,
    /// Letters, digits, hyphens and points, as in names of hosts.
    Word,
    /// The beginning of addresses: `https://host`, perhaps with a path.
    Url,
    /// A whole number from 1 on.
    Number,
    /// The name of a secret in the vault.
    Secret,
}

/// What happens without a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It has to be said.
    #[default]
    Required,
    /// What names it is left out.
    Optional,
}

/// A way for requests to be let in.
#[derive(Clone, Debug)]
pub struct Way {
    /// What `tenure catalog use --authorization` calls it.
    pub name: String,
    /// When it is the right one, and what has to be done at the vendor's.
    pub description: String,
    authorization: Node,
}

impl Preset {
    /// All entries, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES
            .iter()
            .filter_map(|(name, text)| Self::read(name, text).ok())
    }

    /// The entry of that name.
    pub fn find(name: &str) -> Option<Self> {
        let (name, text) = ENTRIES.iter().find(|(known, _)| *known == name)?;
        Self::read(name, text).ok()
    }

    /// The names that `preset` of an application can have.
    pub(super) fn names_of_applications() -> Vec<&'static str> {
        Self::all()
            .filter(|preset| preset.application.is_some())
            .map(|preset| preset.name)
            .collect()
    }

    /// Reads an entry. What is in `application`, `data_source` and each `authorization` is typed once the settings are
    /// filled in, which tests do for all of them.
    pub(super) fn read(name: &'static str, text: &str) -> Result<Self, Vec<Wrong>> {
        let (trees, errors) = yaml::read(text);
        let (Some(mut tree), []) = (trees.into_iter().next(), errors.as_slice()) else {
            let found = "no YAML document".to_owned();
            let at = errors.first().map(|error| error.at).unwrap_or_default();
            return Err(vec![Wrong {
                at,
                path: String::new(),
                found,
                hint: String::new(),
            }]);
        };
        let application = tree.take("application");
        let data_source = tree.take("data_source");
        let mut authorizations = Vec::new();
        if let Some(Value::List(ways)) = tree.get_mut("authorizations").map(|node| &mut node.value) {
            authorizations.extend(ways.iter_mut().map(|way| way.take("authorization")));
        }
        let about: About = typed::read(tree)?;
        let nothing = || Node::new(Position::default(), Value::Map(Vec::new()));
        let ways = about
            .authorizations
            .iter()
            .zip(authorizations)
            .map(|(way, authorization)| Way {
                name: way.name.clone(),
                description: way.description.clone(),
                authorization: authorization.unwrap_or_else(nothing),
            })
            .collect();
        Ok(Self {
            name,
            about,
            ways,
            application,
            data_source,
        })
    }

    /// What documents call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.about.title
    }

    /// What it is, in a few sentences.
    pub fn description(&self) -> &str {
        &self.about.description
    }

    /// The vendor's documentation.
    pub fn documentation(&self) -> &[Link] {
        &self.about.documentation
    }

    /// What an administrator can or has to fill in.
    pub fn settings(&self) -> &BTreeMap<String, Setting> {
        &self.about.settings
    }

    /// The ways to be let in; the first one is taken when an application says nothing.
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Whether it is an application; else it is a file.
    pub fn is_application(&self) -> bool {
        self.application.is_some()
    }

    /// The names of the settings without which documents by this way cannot be.
    pub fn required(&self, way: Option<&Way>) -> Vec<&str> {
        let mut values = Values::new(&self.about.settings, &[]);
        self.filled(way, &mut values);
        if let Some(mut source) = self.data_source.clone() {
            values.put(&mut source);
        }
        let missing = values.missing().into_iter();
        missing
            .filter_map(|name| self.about.settings.get_key_value(name.as_str()))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The application by this way, with examples where a setting has no default; none for a file.
    pub fn example(&self, way: Option<&Way>) -> Option<Application> {
        let given = self.examples();
        let mut values = Values::new(&self.about.settings, &given);
        let mut application = self.filled(way, &mut values)?;
        application.push("name", Node::scalar(self.name));
        typed::read(application).ok()
    }

    /// The sample of a data source, with examples where a setting has no default.
    pub fn sample(&self) -> Option<DataSource> {
        let given = self.examples();
        let mut values = Values::new(&self.about.settings, &given);
        let mut source = self.data_source.clone()?;
        values.put(&mut source);
        source.push("name", Node::scalar(self.name));
        if self.is_application() {
            source.push("application", Node::scalar(self.name));
        }
        typed::read(source).ok()
    }

    fn examples(&self) -> Vec<Given> {
        let settings = self.about.settings.iter();
        let without = settings.filter(|(_, setting)| setting.default.is_none());
        without
            .filter_map(|(name, setting)| {
                Some(Given {
                    name: name.clone(),
                    value: setting.example.clone()?,
                    at: Position::default(),
                })
            })
            .collect()
    }

    /// The application by this way with these settings filled in, without its name.
    pub(super) fn filled(&self, way: Option<&Way>, values: &mut Values<'_>) -> Option<Node> {
        let mut application = self.application.clone()?;
        if let Some(way) = way {
            application.push("authorization", way.authorization.clone());
        }
        values.put(&mut application);
        Some(application)
    }

    /// The first way that is of the kind that an application says, as far as it says one.
    pub(super) fn way_like(&self, own: Option<&Node>) -> Option<&Way> {
        let agrees = |way: &&Way| {
            ["type", "grant"].iter().all(|field| {
                let said = own.and_then(|own| own.get(field)).and_then(Node::text);
                said.is_none_or(|said| way.authorization.get(field).and_then(Node::text) == Some(said))
            })
        };
        self.ways.iter().find(agrees)
    }
}

impl Setting {
    /// What it is when it is not said: the first of these that names no setting that is left out.
    pub fn defaults(&self) -> &[String] {
        self.default.as_ref().map(OneOrMany::as_slice).unwrap_or_default()
    }
}

impl Way {
    /// Its kind, and the grant when it is OAuth 2.0.
    pub fn kind(&self) -> (AuthorizationKind, Option<Grant>) {
        let mut kind = Node::new(self.authorization.at, Value::Map(Vec::new()));
        for field in ["type", "grant"] {
            if let Some(value) = self.authorization.get(field) {
                kind.push(field, value.clone());
            }
        }
        let read: Option<super::Authorization> = typed::read(kind).ok();
        read.map_or((AuthorizationKind::None, None), |read| (read.kind, read.grant))
    }

    /// The names of the settings that it names.
    fn named(&self) -> BTreeSet<String> {
        settings::named(&self.authorization)
    }
}

impl Node {
    /// A text, number or truth value, as it would be read.
    fn scalar(text: &str) -> Self {
        let (text, kind) = (text.to_owned(), ScalarKind::Text);
        Self::new(Position::default(), Value::Scalar(Scalar { text, kind }))
    }

    /// Adds an entry to a mapping, in the place of an earlier one.
    fn push(&mut self, key: &str, value: Self) {
        drop(self.take(key));
        if let Value::Map(entries) = &mut self.value {
            entries.push(Entry {
                key: key.to_owned(),
                key_at: self.at,
                value,
            });
        }
    }

    /// Takes an entry out of a mapping.
    fn take(&mut self, key: &str) -> Option<Self> {
        let Value::Map(entries) = &mut self.value else {
            return None;
        };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at).value)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else {
            return None;
        };
        let entry = entries.iter_mut().find(|entry| entry.key == key)?;
        Some(&mut entry.value)
    }
}
