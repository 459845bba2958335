//! Rules as a planner uses them: everything looked up, numbered and parsed. Made from documents by `compile`.

use jiff::SignedDuration;

use crate::account::Access;
use crate::action::{Action, Below};
use crate::attribute::{AttributeIndex, AttributeName, Dictionary};
use crate::document::{AfterRule, Expiry, OtherGroups, OtherLicences, Within, WriteMode};
use crate::expression::{Condition, Format, Lookups};
use crate::link::StepKey;
use crate::password::PasswordRule;

use super::addresses::Addresses;
use super::change::Event;
use super::cloud::CloudTask;
use super::guard::Limits;
use super::mailbox::MailboxTask;
use super::naming::{NameKind, Numbers};

/// One automation's rules.
#[derive(Debug)]
pub struct Rules {
    /// All attributes that the automation is about.
    pub dictionary: Dictionary,
    /// What people are matched by, in order.
    pub correlate: Vec<AttributeIndex>,
    /// The attributes that the data source maps, with how each is written.
    pub mapped: Vec<(AttributeIndex, WriteMode)>,
    /// What is done when somebody starts.
    pub joiner: Vec<Step>,
    /// What must hold for everybody who is active.
    pub mover: Vec<Step>,
    /// What is done when somebody ends.
    pub leaver: Vec<Step>,
    /// What is done when somebody is back.
    pub rehire: Vec<Step>,
    /// Who is told what was done for one person.
    pub tells: Vec<Teller>,
    /// The guards.
    pub limits: Limits,
    /// Value tables that expressions call.
    pub lookups: Lookups,
    /// The start of the documents' digest.
    pub documents: u64,
    /// Whether the same record may map differently at another time.
    pub uses_now: bool,
    /// Where `memberOf` is in the dictionary, when a step needs it.
    pub member_of: Option<AttributeIndex>,
    /// Where the licences are in the dictionary, when a step or a template speaks of any.
    pub licences: Option<AttributeIndex>,
    /// Where a manager is kept, and the key of the person who is one.
    pub manager: Option<(AttributeIndex, Format)>,
    /// What people are called in plans: the attribute to show.
    pub display: Option<AttributeIndex>,
    /// How long names of accounts that Tenure deleted are given to nobody else.
    pub retired_for: Option<SignedDuration>,
}

impl Rules {
    /// The attributes whose values must be unique, for asking a directory which are taken.
    pub fn named_attributes(&self) -> Vec<AttributeName> {
        self.looked_up()
            .into_iter()
            .filter_map(|attribute| self.dictionary.name(attribute).cloned())
            .collect()
    }

    /// How long ago an account may have been deleted to come back for somebody who is back; none when the rule does not
    /// say so.
    pub(super) fn restores_within(&self) -> Option<SignedDuration> {
        self.rehire.iter().find_map(|step| match step.task {
            Task::Restore(within) => Some(within),
            _ => None,
        })
    }

    /// The steps of an event's rule.
    pub(super) fn steps(&self, event: Event) -> &[Step] {
        match event {
            Event::Joiner => &self.joiner,
            Event::Mover | Event::Match => &self.mover,
            Event::Leaver => &self.leaver,
            Event::Rehire => &self.rehire,
        }
    }

    /// The attributes that a template chose once and that the mapping therefore leaves alone.
    pub(super) fn chosen_once(&self) -> Vec<AttributeIndex> {
        self.unique().map(|unique| unique.attribute).collect()
    }

    /// The attributes of which the directory's values are looked at before a name is chosen.
    pub(super) fn looked_up(&self) -> Vec<AttributeIndex> {
        let everywhere = self.unique().filter(|unique| unique.within == Within::Directory);
        let mut all: Vec<_> = everywhere
            .flat_map(|unique| std::iter::once(unique.attribute).chain(unique.also_in.iter().copied()))
            .collect();
        all.extend(
            self.addresses()
                .flat_map(|addresses| [addresses.attribute, addresses.mail]),
        );
        all.sort_unstable_by_key(|attribute| attribute.0);
        all.dedup();
        all
    }

    /// The attributes whose values must be unique in a container only.
    pub(super) fn unique_within_containers(&self) -> Vec<AttributeIndex> {
        let within = self.unique().filter(|unique| unique.within == Within::Container);
        within.map(|unique| unique.attribute).collect()
    }

    fn unique(&self) -> impl Iterator<Item = &UniqueName> {
        self.creating().flat_map(|template| &template.unique)
    }

    /// The mail addresses of templates, for accounts to be made and for those that are there.
    fn addresses(&self) -> impl Iterator<Item = &Addresses> {
        let steps = [&self.joiner, &self.mover, &self.leaver, &self.rehire];
        let templates = steps.into_iter().flatten().filter_map(|step| match &step.task {
            Task::Create(template) | Task::ByTemplate(template) => Some(template),
            _ => None,
        });
        templates.filter_map(|template| template.addresses.as_ref())
    }

    /// Whether accounts that are there are given mail addresses, which have to be free.
    pub fn gives_addresses(&self) -> bool {
        self.addresses().next().is_some()
    }

    /// The templates by which accounts are made.
    fn creating(&self) -> impl Iterator<Item = &Template> {
        self.joiner.iter().filter_map(|step| match &step.task {
            Task::Create(template) => Some(template.as_ref()),
            _ => None,
        })
    }
}

/// One step of a rule.
#[derive(Debug)]
pub struct Step {
    /// Where it stands, for reasons: `joiner`, or `leaver (policy standard-leaver)`.
    pub origin: String,
    /// Only when this holds.
    pub when: Option<Condition>,
    /// Only so long after the event's date.
    pub after: Option<SignedDuration>,
    /// What to do.
    pub task: Task,
}

/// What a step asks for.
#[derive(Debug)]
pub enum Task {
    /// An account made by a template.
    Create(Box<Template>),
    /// What a template says for an account that is there.
    ByTemplate(Box<Template>),
    /// Mapped attributes as the source says: all, or only these.
    Modify(Option<Vec<AttributeIndex>>),
    /// Attributes with values of their own; without a format, or a value of it, there is to be none.
    Set(Vec<(AttributeIndex, Option<Format>)>),
    /// A container.
    Move(Format),
    /// Membership in groups.
    AddToGroups(Vec<Format>),
    /// No membership in these groups, or in any.
    RemoveFromGroups(Option<Vec<Format>>),
    /// Sign-in possible.
    Enable,
    /// Sign-in not possible.
    Disable,
    /// The groups that were left when the person left.
    RejoinGroups,
    /// Of a family of groups these and no others.
    AcrossGroups {
        /// These.
        to: Vec<Format>,
        /// The family: groups, and containers of groups.
        among: Vec<Format>,
    },
    /// No account, and what becomes of what is below it.
    Delete(Below),
    /// Another password, once for each event.
    ResetPassword {
        /// How it is made.
        rule: PasswordRule,
        /// What it is remembered by.
        key: StepKey,
    },
    /// Attributes that get a value once for each event.
    Stamp {
        /// The attributes with their formats.
        values: Vec<(AttributeIndex, Format)>,
        /// What it is remembered by.
        key: StepKey,
    },
    /// No lockout; the attribute shows one.
    Unlock(AttributeIndex),
    /// The attribute says when sign-in ends.
    Expire(AttributeIndex, Expiry),
    /// A picture, or none.
    Photo {
        /// The attribute that shows it; without one it is set once for each event.
        attribute: Option<AttributeIndex>,
        /// The picture in Base64.
        photo: Option<Format>,
        /// What it is remembered by.
        key: StepKey,
    },
    /// A deleted account comes back, as long as it was not deleted longer ago.
    Restore(SignedDuration),
    /// Something about the account that touches no directory.
    Perform(Perform),
    /// What Exchange and Skype for Business know an account by.
    Mailbox(MailboxTask),
    /// Something that only a cloud directory has.
    Cloud(CloudTask),
}

impl Task {
    /// What it is remembered by, when no directory shows whether it was done.
    pub(super) fn key(&self) -> Option<&StepKey> {
        match self {
            Self::Perform(perform) => Some(&perform.key),
            Self::ResetPassword { key, .. }
            | Self::Stamp { key, .. }
            | Self::Photo {
                attribute: None, key, ..
            } => Some(key),
            Self::Cloud(task) => task.key(),
            _ => None,
        }
    }

    /// How much later than its step it is asked for.
    pub(crate) fn keeps(&self) -> SignedDuration {
        match self {
            Self::Perform(Perform {
                folder: Some(folder), ..
            }) => folder.keep,
            _ => SignedDuration::ZERO,
        }
    }
}

/// What a step asks for that touches no directory.
#[derive(Debug)]
pub struct Perform {
    /// What is done, still without what it is told of the account and to whom it goes.
    pub action: Action,
    /// To whom it goes; for messages.
    pub to: Vec<Recipient>,
    /// What it is remembered by.
    pub key: StepKey,
    /// The attributes that it names.
    pub reads: Vec<AttributeIndex>,
    /// Where folders are; for home folders.
    pub folder: Option<Box<FolderFormats>>,
}

/// Where an account's folder is, and where it goes.
#[derive(Debug, Default)]
pub struct FolderFormats {
    /// The names of its path.
    pub path: Vec<Format>,
    /// The names of the path that it goes to.
    pub to: Vec<Format>,
    /// Who the account is to the file server.
    pub user: Option<Format>,
    /// How much later than the step it is.
    pub keep: SignedDuration,
}

/// Who is told in one message what was done for one person.
#[derive(Debug)]
pub struct Teller {
    /// Which entry of the automation's `notify`, counted from nought.
    pub notice: u32,
    /// To whom it goes.
    pub to: Vec<Recipient>,
    /// The attributes that addresses are taken from.
    pub reads: Vec<AttributeIndex>,
}

/// To whom a message goes.
#[derive(Debug)]
pub enum Recipient {
    /// The person, by this attribute of the account.
    Person(AttributeIndex),
    /// The person's manager: who has the account that `link` names, by their attribute `address`.
    Manager {
        /// The attribute that names the manager's account.
        link: AttributeIndex,
        /// The attribute with an account's address.
        address: AttributeIndex,
    },
    /// All members of a group, by this attribute of theirs.
    Group {
        /// The group. A format.
        group: Format,
        /// The attribute with an account's address.
        address: AttributeIndex,
    },
    /// This address. A format.
    Address(Format),
    /// A channel, as documents write it.
    Channel(String),
}

/// How an account is created, and how it should be later on.
#[derive(Debug)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Whether accounts are in containers at all.
    pub has_containers: bool,
    /// Where the account goes.
    pub container: Option<Format>,
    /// The attribute that names the object within its container.
    pub rdn_attribute: AttributeName,
    /// What kind of name that is.
    pub rdn_kind: NameKind,
    /// The most characters that it may have.
    pub rdn_limit: usize,
    /// What the object is called, in order of preference.
    pub rdn: Vec<Format>,
    /// Names that must be unique, in the order in which they are chosen.
    pub unique: Vec<UniqueName>,
    /// The mail addresses that it gives.
    pub addresses: Option<Addresses>,
    /// The language by whose rules letters of names become ASCII.
    pub language: Option<Format>,
    /// Names that nobody is given, in small letters.
    pub reserved: Vec<ReservedName>,
    /// What it says for everybody.
    pub says: Says,
    /// What it says for some.
    pub rules: Vec<TemplateRule>,
    /// What becomes of groups of rules that do not hold.
    pub other_groups: OtherGroups,
    /// What becomes of licences of rules that do not hold.
    pub other_licences: OtherLicences,
    /// The account whose attributes and groups a new one is given.
    pub model: Option<Model>,
}

/// What a template, or a rule of it, says of an account.
#[derive(Debug, Default)]
pub struct Says {
    /// Values for attributes that have none.
    pub attributes: Vec<(AttributeIndex, Format)>,
    /// Values in any case; without a format there is to be none.
    pub overrides: Vec<(AttributeIndex, Option<Format>)>,
    /// Groups to be a member of.
    pub groups: Vec<Format>,
    /// Licences to have.
    pub licences: Vec<Format>,
    /// How the first password is made.
    pub password: Option<PasswordRule>,
    /// Whether sign-in is possible at once.
    pub access: Option<Access>,
}

/// What a template says for those for whom a condition holds.
#[derive(Debug)]
pub struct TemplateRule {
    /// What plans call it.
    pub name: String,
    /// For whom.
    pub when: Condition,
    /// Where their accounts go.
    pub container: Option<Format>,
    /// The rest.
    pub says: Says,
    /// What comes after it.
    pub then: AfterRule,
}

/// A name that nobody is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservedName {
    /// This one.
    Whole(String),
    /// All that begin so.
    Start(String),
}

impl ReservedName {
    /// As documents write it, `*` at the end for anything.
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(start) => Self::Start(start.to_lowercase()),
            None => Self::Whole(text.to_lowercase()),
        }
    }

    /// Whether a name in small letters, of an address what is before the `@`, is this one.
    pub fn is(&self, name: &str) -> bool {
        match self {
            Self::Whole(whole) => name == whole,
            Self::Start(start) => name.starts_with(start.as_str()),
        }
    }
}

/// An account that a new one is made like.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub account: Format,
    /// The attributes that are copied.
    pub attributes: Vec<AttributeIndex>,
    /// Where the groups are; none when they are not copied.
    pub groups: Option<AttributeIndex>,
}

/// A name that must be unique.
#[derive(Debug)]
pub struct UniqueName {
    /// The attribute that holds it.
    pub attribute: AttributeIndex,
    /// What characters it may have.
    pub kind: NameKind,
    /// The most characters.
    pub limit: usize,
    /// What is tried, in order.
    pub formats: Vec<Format>,
    /// How numbers look when all are taken; none when no number is added.
    pub numbers: Option<Numbers>,
    /// Where it must be unique.
    pub within: Within,
    /// Other attributes whose values count as taken.
    pub also_in: Vec<AttributeIndex>,
}
