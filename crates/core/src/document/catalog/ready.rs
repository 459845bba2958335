//! Ready documents from an entry of the catalog.

use std::collections::BTreeMap;

use url::{Host, Url};

use super::super::application::PrivateAddresses;
use super::super::authorization::Grant;
use super::super::error::one_of;
use super::super::tree::{Node, Position, Value};
use super::settings::lower_first;
use super::{Discovery, Given, Preset, SettingForm, Values, Way, write};

/// What documents are made with.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The application's name; the preset's when not said.
    pub name: Option<String>,
    /// What is filled in.
    pub settings: BTreeMap<String, String>,
    /// The way to be let in; the first one when not said.
    pub way: Option<String>,
}

/// Documents that can be used as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Their text.
    pub text: String,
    /// The application's name; none for a file.
    pub application: Option<String>,
    /// The data source's name.
    pub data_source: String,
    /// Secrets that they name, each with what it is.
    pub secrets: Vec<(String, String)>,
    /// How tokens are come by, with OAuth 2.0.
    pub grant: Option<Grant>,
}

/// Why there are no documents. The text of each is one sentence with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Settings that are missing, unknown or wrong, one each.
    #[error("{}", .0.join("\n"))]
    Settings(Vec<String>),
    /// A way to be let in that the preset does not have.
    #[error("`{way}` is no way to authorize `{preset}`; {hint}")]
    Way {
        /// The way.
        way: String,
        /// The preset.
        preset: &'static str,
        /// The ways that there are.
        hint: String,
    },
    /// A name that documents cannot have.
    #[error("`{0}` cannot be a name; write one without spaces around it")]
    Name(String),
}

impl Preset {
    /// Makes documents: an application, where the entry is one, and a data source.
    ///
    /// # Errors
    /// A setting is missing, unknown or wrong, or there is no such way or name.
    pub fn ready(&self, choice: &Choice) -> Result<Ready, ChoiceError> {
        let name = choice.name.as_deref().unwrap_or(self.name);
        if name.is_empty() || name.trim() != name || name.contains(char::is_control) {
            return Err(ChoiceError::Name(name.to_owned()));
        }
        let way = self.way_named(choice.way.as_deref())?;
        let mut settings = choice.settings.clone();
        if name != self.name {
            self.name_secrets(name, way, &mut settings);
        }
        let given = given(&settings);
        let mut values = Values::new(&self.about.settings, &given);
        self.filled(way, &mut values);
        let mut source = self.data_source.clone();
        if let Some(source) = &mut source {
            values.put(source);
        }
        self.settled(&values)?;
        let named = values.named();
        let of_form = |form: SettingForm| {
            named.iter().filter_map(move |(name, value)| {
                let setting = self.about.settings.get(name)?;
                (setting.form == form).then_some((setting, value))
            })
        };
        let secrets = of_form(SettingForm::Secret)
            .map(|(setting, value)| (value.clone(), setting.description.clone()))
            .collect();
        let private = of_form(SettingForm::Url).any(|(_, value)| is_private(value));
        let data_source = format!("{name}-people");
        let mut text = format!(
            "# {} from the catalog; `tenure catalog show {}` says what it has.\n",
            self.about.title, self.name
        );
        if self.is_application() {
            text.push_str(&write::document(
                &self.application_document(name, way, &settings, private),
            ));
            text.push_str("---\n# A sample: adapt what each attribute is made of.\n");
        }
        text.push_str(&write::document(&self.source_document(
            name,
            &data_source,
            source,
        )));
        Ok(Ready {
            text,
            application: self.is_application().then(|| name.to_owned()),
            data_source,
            secrets,
            grant: way.and_then(|way| way.kind().1),
        })
    }

    /// Where some of the settings can be asked for, when these are known; none where they cannot.
    ///
    /// # Errors
    /// A setting that the address needs is missing, or one is unknown or wrong.
    pub fn discovery(&self, settings: &BTreeMap<String, String>) -> Result<Option<Discovery>, ChoiceError> {
        let Some(mut discovery) = self.about.discovery.clone() else {
            return Ok(None);
        };
        let given = given(settings);
        let mut values = Values::new(&self.about.settings, &given);
        let mut url = Node::scalar(&discovery.url);
        values.put(&mut url);
        self.settled(&values)?;
        url.text().unwrap_or_default().clone_into(&mut discovery.url);
        if is_private(&discovery.url) {
            discovery.private_addresses = PrivateAddresses::Allowed;
        }
        Ok(Some(discovery))
    }

    /// Whether what was filled so far has its settings.
    fn settled(&self, values: &Values<'_>) -> Result<(), ChoiceError> {
        let problems = values.problems();
        if problems.is_empty() {
            return Ok(());
        }
        let words = problems.iter().map(|problem| {
            if problem.at.is_some() {
                return format!("found {}; {}", problem.found, problem.hint);
            }
            let setting = self.about.settings.get(&problem.name);
            let example = setting.and_then(|setting| setting.example.as_deref());
            let (example, what) = (example.unwrap_or("…"), lower_first(&problem.hint));
            let name = &problem.name;
            format!("there is no `{name}`; add `--set {name}={example}`: {what}")
        });
        Err(ChoiceError::Settings(words.collect()))
    }

    fn way_named(&self, name: Option<&str>) -> Result<Option<&Way>, ChoiceError> {
        let Some(name) = name else {
            return Ok(self.ways.first());
        };
        let found = self.ways.iter().find(|way| way.name == name);
        found.map(Some).ok_or_else(|| ChoiceError::Way {
            way: name.to_owned(),
            preset: self.name,
            hint: if self.ways.is_empty() {
                "leave it out; there is nothing to authorize".to_owned()
            } else {
                one_of(name, self.ways.iter().map(|way| way.name.as_str()))
            },
        })
    }

    /// Another application of the same preset has secrets of its own.
    fn name_secrets(&self, name: &str, way: Option<&Way>, settings: &mut BTreeMap<String, String>) {
        let named = way.map(Way::named).unwrap_or_default();
        for setting in named {
            let known = self.about.settings.get(&setting);
            let Some(known) = known.filter(|known| known.form == SettingForm::Secret) else {
                continue;
            };
            let own = known
                .defaults()
                .first()
                .map(|default| default.replace(self.name, name));
            settings.entry(setting).or_insert(own.unwrap_or_default());
        }
    }

    fn application_document(
        &self,
        name: &str,
        way: Option<&Way>,
        settings: &BTreeMap<String, String>,
        private: bool,
    ) -> Node {
        let map = || Node::new(Position::default(), Value::Map(Vec::new()));
        let mut document = map();
        document.push("kind", Node::scalar("application"));
        document.push("name", Node::scalar(name));
        document.push("preset", Node::scalar(self.name));
        if !settings.is_empty() {
            let mut said = map();
            for (name, value) in settings {
                said.push(name, Node::scalar(value.trim()));
            }
            document.push("settings", said);
        }
        let is_first = |way: &Way| self.ways.first().is_some_and(|first| first.name == way.name);
        if let Some(way) = way.filter(|way| !is_first(way)) {
            let mut kind = map();
            for field in ["type", "grant"] {
                if let Some(value) = way.authorization.get(field) {
                    kind.push(field, value.clone());
                }
            }
            document.push("authorization", kind);
        }
        if private {
            document.push("private_addresses", Node::scalar("allowed"));
        }
        document
    }

    fn source_document(&self, application: &str, name: &str, source: Option<Node>) -> Node {
        let mut document = Node::new(Position::default(), Value::Map(Vec::new()));
        document.push("kind", Node::scalar("data_source"));
        document.push("name", Node::scalar(name));
        if self.is_application() {
            document.push("application", Node::scalar(application));
        }
        if let Some(Value::Map(entries)) = source.map(|source| source.value) {
            for entry in entries {
                document.push(&entry.key, entry.value);
            }
        }
        document
    }
}

fn given(settings: &BTreeMap<String, String>) -> Vec<Given> {
    let given = settings.iter().map(|(name, value)| Given {
        name: name.clone(),
        value: value.clone(),
        at: Position::default(),
    });
    given.collect()
}

/// Whether an address names this machine or a private network.
fn is_private(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        None => false,
    }
}
