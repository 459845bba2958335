//! All documents together: by kind and name, with where each came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::listed;
use super::tree::{Position, parent};
use super::{
    Application, Automation, Channel, DataSource, Directory, Fixture, Lookup, MailServer, NamedFormat,
    Notification, Policy, Script, Share, Template,
};

/// Kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An external system reached over HTTP.
    Application,
    /// Records of an application or file, and what they mean.
    DataSource,
    /// Where accounts live.
    Directory,
    /// How an account is created.
    Template,
    /// A data source and a directory, with rules.
    Automation,
    /// A named list of steps.
    Policy,
    /// A table of values for expressions.
    Lookup,
    /// A format that others use by its name.
    Format,
    /// A program that is run about an account.
    Script,
    /// What people are told about an account.
    Notification,
    /// A server that takes mail.
    MailServer,
    /// A place where people talk.
    Channel,
    /// A file share with people's folders.
    Share,
    /// A person to try a mapping with.
    Fixture,
}

impl Kind {
    /// All kinds, in the order in which documentation lists them.
    pub const ALL: [Self; 14] = [
        Self::Application,
        Self::DataSource,
        Self::Directory,
        Self::Template,
        Self::Automation,
        Self::Policy,
        Self::Lookup,
        Self::Format,
        Self::Script,
        Self::Notification,
        Self::MailServer,
        Self::Channel,
        Self::Share,
        Self::Fixture,
    ];

    /// The name that documents write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::DataSource => "data_source",
            Self::Directory => "directory",
            Self::Template => "template",
            Self::Automation => "automation",
            Self::Policy => "policy",
            Self::Lookup => "lookup",
            Self::Format => "format",
            Self::Script => "script",
            Self::Notification => "notification",
            Self::MailServer => "mail_server",
            Self::Channel => "channel",
            Self::Share => "share",
            Self::Fixture => "fixture",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| {
                format!(
                    "`{text}` is not a kind of document; write {}",
                    listed(Self::ALL.map(Self::name))
                )
            })
    }
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Document {
    /// `kind: application`.
    Application(Application),
    /// `kind: data_source`.
    DataSource(DataSource),
    /// `kind: directory`.
    Directory(Directory),
    /// `kind: template`.
    Template(Template),
    /// `kind: automation`.
    Automation(Automation),
    /// `kind: policy`.
    Policy(Policy),
    /// `kind: lookup`.
    Lookup(Lookup),
    /// `kind: format`.
    Format(NamedFormat),
    /// A program that is run about an account.
    Script(Script),
    /// What people are told about an account.
    Notification(Notification),
    /// A server that takes mail.
    MailServer(MailServer),
    /// A place where people talk.
    Channel(Channel),
    /// A file share with people's folders.
    Share(Share),
    /// `kind: fixture`.
    Fixture(Fixture),
}

impl Document {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Application(_) => Kind::Application,
            Self::DataSource(_) => Kind::DataSource,
            Self::Directory(_) => Kind::Directory,
            Self::Template(_) => Kind::Template,
            Self::Automation(_) => Kind::Automation,
            Self::Policy(_) => Kind::Policy,
            Self::Lookup(_) => Kind::Lookup,
            Self::Format(_) => Kind::Format,
            Self::Script(_) => Kind::Script,
            Self::Notification(_) => Kind::Notification,
            Self::MailServer(_) => Kind::MailServer,
            Self::Channel(_) => Kind::Channel,
            Self::Share(_) => Kind::Share,
            Self::Fixture(_) => Kind::Fixture,
        }
    }

    /// Its name, which no other document of its kind has.
    pub fn name(&self) -> &str {
        match self {
            Self::Application(document) => &document.name,
            Self::DataSource(document) => &document.name,
            Self::Directory(document) => &document.name,
            Self::Template(document) => &document.name,
            Self::Automation(document) => &document.name,
            Self::Policy(document) => &document.name,
            Self::Lookup(document) => &document.name,
            Self::Format(document) => &document.name,
            Self::Script(document) => &document.name,
            Self::Notification(document) => &document.name,
            Self::MailServer(document) => &document.name,
            Self::Channel(document) => &document.name,
            Self::Share(document) => &document.name,
            Self::Fixture(document) => &document.name,
        }
    }
}

/// Where a document came from: its file, and the place of everything in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub file: Option<String>,
    pub positions: BTreeMap<String, Position>,
}

impl Origin {
    /// The place of what is at `path`, or of the nearest thing around it.
    pub fn position(&self, path: &str) -> Position {
        std::iter::successors(Some(path), |path| parent(path))
            .find_map(|path| self.positions.get(path).copied())
            .unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
struct Stored {
    document: Document,
    origin: Origin,
}

/// Documents by kind and name. Where they came from is kept beside them for errors, and counts neither for the
/// digest nor for comparisons.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    documents: BTreeMap<(Kind, String), Stored>,
    unusable: BTreeSet<(Kind, String)>,
}

macro_rules! by_name {
    ($(#[$comment:meta])* $method:ident, $kind:ident) => {
        $(#[$comment])*
        pub fn $method(&self, name: &str) -> Option<&$kind> {
            match self.get(Kind::$kind, name)? {
                Document::$kind(document) => Some(document),
                _ => None,
            }
        }
    };
}

impl Documents {
    /// The document of this kind and name.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Document> {
        self.documents
            .get(&(kind, name.to_owned()))
            .map(|stored| &stored.document)
    }

    by_name!(
        /// The application of this name.
        application, Application
    );
    by_name!(
        /// The data source of this name.
        data_source, DataSource
    );
    by_name!(
        /// The directory of this name.
        directory, Directory
    );
    by_name!(
        /// The template of this name.
        template, Template
    );
    by_name!(
        /// The automation of this name.
        automation, Automation
    );
    by_name!(
        /// The policy of this name.
        policy, Policy
    );
    by_name!(
        /// The lookup of this name.
        lookup, Lookup
    );
    by_name!(
        /// The script of this name.
        script, Script
    );
    by_name!(
        /// The notification of this name.
        notification, Notification
    );
    by_name!(
        /// The mail server of this name.
        mail_server, MailServer
    );
    by_name!(
        /// The channel of this name.
        channel, Channel
    );
    by_name!(
        /// The share of this name.
        share, Share
    );
    by_name!(
        /// The fixture of this name.
        fixture, Fixture
    );

    /// All fixtures, by name.
    pub fn fixtures(&self) -> impl Iterator<Item = &Fixture> {
        self.iter().filter_map(|document| match document {
            Document::Fixture(fixture) => Some(fixture),
            _ => None,
        })
    }

    /// All documents, by kind and then by name.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().map(|stored| &stored.document)
    }

    /// The names of all documents of a kind, in order.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> + Clone {
        self.documents
            .keys()
            .filter(move |(known, _)| *known == kind)
            .map(|(_, name)| name.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// SHA-256 (64 hexadecimal digits) of what all documents but fixtures say. The same whatever their order, comments, layout and
    /// files; another one when the catalog changed what a preset fills in.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.to_json().as_bytes()))
    }

    /// The first 64 bits of the [digest](Self::digest), for keeping beside each person.
    pub fn digest_start(&self) -> u64 {
        let start = self.digest();
        u64::from_str_radix(start.get(..16).unwrap_or_default(), 16).unwrap_or_default()
    }

    /// All documents as a JSON array in canonical form: by kind and name, keys in order, no spaces. Read again by
    /// [`from_json`](Self::from_json). Without fixtures: nothing that runs depends on them, and they are full of
    /// personal data.
    pub fn to_json(&self) -> String {
        let runs = |document: &&Document| document.kind() != Kind::Fixture;
        let documents: Vec<_> = self.iter().filter(runs).collect();
        // The types have only texts as keys and only finite numbers, so that this cannot fail.
        serde_json::to_value(documents)
            .map(|value| sorted(value).to_string())
            .unwrap_or_default()
    }

    /// Documents that [`to_json`](Self::to_json) wrote. Errors are serde's own: the text is ours, not a person's.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Vec<Document>>(json).map(Self::from_iter)
    }

    /// Adds a document; gives back the origin of the one of the same kind and name that is there already.
    pub(super) fn add(&mut self, document: Document, origin: Origin) -> Result<(), &Origin> {
        use std::collections::btree_map::Entry;
        match self
            .documents
            .entry((document.kind(), document.name().to_owned()))
        {
            Entry::Vacant(vacant) => {
                vacant.insert(Stored { document, origin });
                Ok(())
            }
            Entry::Occupied(known) => Err(&known.into_mut().origin),
        }
    }

    /// Puts a document in the place of the one of its kind and name.
    pub(super) fn replace(&mut self, document: Document) {
        let key = (document.kind(), document.name().to_owned());
        if let Some(stored) = self.documents.get_mut(&key) {
            stored.document = document;
        }
    }

    /// Remembers that there is such a document, though it cannot be used.
    pub(super) fn add_unusable(&mut self, kind: Kind, name: &str) {
        self.unusable.insert((kind, name.to_owned()));
    }

    /// Whether such a document was read but cannot be used.
    pub(super) fn is_unusable(&self, kind: Kind, name: &str) -> bool {
        self.unusable.contains(&(kind, name.to_owned()))
    }

    /// Where a document came from.
    pub(super) fn origin(&self, kind: Kind, name: &str) -> Option<&Origin> {
        self.documents
            .get(&(kind, name.to_owned()))
            .map(|stored| &stored.origin)
    }
}

impl PartialEq for Documents {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<Document> for Documents {
    /// Of several documents of the same kind and name the first is kept.
    fn from_iter<I: IntoIterator<Item = Document>>(documents: I) -> Self {
        let mut set = Self::default();
        for document in documents {
            let _ = set.add(document, Origin::default());
        }
        set
    }
}

/// The same value with the keys of all its objects in order, whatever order the JSON library keeps.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(object) => {
            let ordered: BTreeMap<_, _> = object
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            ordered.into_iter().collect()
        }
        serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
