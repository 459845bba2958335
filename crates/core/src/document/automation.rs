//! `kind: automation` and `kind: policy`: what is done for whom, and within which limits.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

use crate::attribute::AttributeName;
use crate::cloud::MailboxKind;
use crate::password::PasswordRule;

use super::cloud_steps::SetAutoReply;
use super::directory_steps::{Delete, Disable, Expiry, MoveAcrossGroups, Restore};
use super::mailbox_steps::RemoteMailbox;
use super::run_notice::RunNotice;
use super::scalar::{GuardLimit, OneOrMany, Span};
use super::share::{CreateHomeFolder, DeleteHomeFolder, MoveHomeFolder};

/// A data source and a directory, with the rules that keep the accounts in one true to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Automation {
    /// What commands call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The data source that people come from.
    pub source: String,
    /// The directory that their accounts are in.
    pub directory: String,
    /// Attributes by which an account that is not linked yet is recognised, the best first.
    #[serde(default)]
    pub correlate: Vec<AttributeName>,
    /// The attribute that people are called by in plans; `displayName` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<AttributeName>,
    /// What is done on which event.
    pub rules: Rules,
    /// Limits that hold a run for a human.
    #[serde(default)]
    pub guards: Guards,
    /// The workflow that approves plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Who is told what its runs did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<RunNotice>,
}

/// What is done on which event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Somebody starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joiner: Option<StepList>,
    /// Must hold for everybody who is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mover: Option<StepList>,
    /// Somebody ended, or is no longer in the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaver: Option<StepList>,
    /// Somebody who had left is back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehire: Option<StepList>,
}

/// Steps in order, or the policy that has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StepList {
    /// Here.
    Steps(Vec<Step>),
    /// There.
    Policy(PolicyUse),
}

impl<'de> Deserialize<'de> for StepList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepListVisitor)
    }
}

struct StepListVisitor;

impl<'de> Visitor<'de> for StepListVisitor {
    type Value = StepList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of steps, or the policy that has them (`{ policy: name }`)")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<StepList, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(StepList::Steps)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StepList, A::Error> {
        PolicyUse::deserialize(MapAccessDeserializer::new(map)).map(StepList::Policy)
    }
}

/// The policy that a rule follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyUse {
    /// Its name.
    pub policy: String,
}

/// One action, with when it is done. Exactly one action is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// An account made by a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_account: Option<CreateAccount>,
    /// Mapped attributes (`all`, or their names), or attributes with values of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modify_attributes: Option<ModifyAttributes>,
    /// What a template says for the account as it is now: its container, groups and attributes, with its rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modify_by_template: Option<String>,
    /// The container in which the account is. A format.
    #[serde(rename = "move", skip_serializing_if = "Option::is_none")]
    pub move_to: Option<String>,
    /// Groups of which the account is a member: formats, or `remembered` for those that it left when the person left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_to_groups: Option<OneOrMany<String>>,
    /// Groups of which it is not: `all`, or their names. Formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_from_groups: Option<OneOrMany<String>>,
    /// Sign-in is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable: Option<Nothing>,
    /// Sign-in is not possible. Beside it: a stamp, another container, no address lists, no groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<Disable>,
    /// There is no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Delete>,
    /// Of a family of groups the account is in these, and in no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_across_groups: Option<MoveAcrossGroups>,
    /// Another password, made at random, once for each event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_password: Option<PasswordRule>,
    /// No lockout after wrong passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlock: Option<Nothing>,
    /// The manager's account, found by the manager's key in the data source: a column, or a format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_manager: Option<String>,
    /// Until when sign-in is possible: `end` (of the employment or contract), or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_expiry: Option<Expiry>,
    /// The account's picture (JPEG or PNG, at most 4 MiB, made to fit) in Base64: a column, or a format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_photo: Option<String>,
    /// The account has no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_photo: Option<Nothing>,
    /// An account that was deleted comes back, instead of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,
    /// A mailbox in Exchange Online for an account of Active Directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_remote_mailbox: Option<RemoteMailbox>,
    /// The account has no mailbox in Exchange Online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_remote_mailbox: Option<Nothing>,
    /// The account cannot use Lync or Skype for Business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_lync: Option<Nothing>,
    /// Whether Exchange's address lists leave the account out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_from_address_lists: Option<bool>,
    /// Somebody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// A call about the account is made, by a webhook of an application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_webhook: Option<CallWebhook>,
    /// A program about the account is run: the name of a script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_script: Option<String>,
    /// The account has a folder of its own on a file share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_home_folder: Option<CreateHomeFolder>,
    /// The account's folder is elsewhere on the same share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_home_folder: Option<MoveHomeFolder>,
    /// The account's folder is in the archive, and after a while gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_home_folder: Option<DeleteHomeFolder>,
    /// Only for accounts for which this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Only so long after the account was made, or after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
    /// Licences that the account has, by name (`SPE_E3`) or id. Formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_licences: Option<OneOrMany<String>>,
    /// Licences that it has not: `all`, or their names or ids. Formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_licences: Option<OneOrMany<String>>,
    /// Everybody who uses the account has to sign in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_sessions: Option<Nothing>,
    /// What the mailbox answers by itself; `none` switches it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_auto_reply: Option<SetAutoReply>,
    /// The kind of mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub convert_mailbox: Option<MailboxKind>,
}

/// An account made by a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// The template's name.
    pub template: String,
}

/// A webhook of an application: `{ application: atera, webhook: create-contact }`, or `atera/create-contact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(with = "CallWebhookForms")]
pub struct CallWebhook {
    /// The application.
    pub application: String,
    /// Its webhook.
    pub webhook: String,
}

/// How a webhook may be written.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "for the schema")]
enum CallWebhookForms {
    /// `application/webhook`.
    Short(String),
    /// Both by name.
    Long {
        /// The application.
        application: String,
        /// Its webhook.
        webhook: String,
    },
}

impl<'de> Deserialize<'de> for CallWebhook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CallWebhookVisitor)
    }
}

struct CallWebhookVisitor;

impl<'de> Visitor<'de> for CallWebhookVisitor {
    type Value = CallWebhook;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`application/webhook`, or `{ application: …, webhook: … }`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<CallWebhook, E> {
        match text.split_once('/') {
            Some((application, webhook)) if !application.is_empty() && !webhook.is_empty() => {
                Ok(CallWebhook {
                    application: application.to_owned(),
                    webhook: webhook.to_owned(),
                })
            }
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CallWebhook, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            application: String,
            webhook: String,
        }
        let long = Long::deserialize(MapAccessDeserializer::new(map))?;
        Ok(CallWebhook {
            application: long.application,
            webhook: long.webhook,
        })
    }
}

/// Which attributes are modified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ModifyAttributes {
    /// Every mapped attribute.
    All(All),
    /// These mapped attributes.
    These(Vec<AttributeName>),
    /// These attributes with these values (formats). `null` takes the values away.
    Values(BTreeMap<AttributeName, Option<String>>),
}

impl<'de> Deserialize<'de> for ModifyAttributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModifyAttributesVisitor)
    }
}

struct ModifyAttributesVisitor;

impl<'de> Visitor<'de> for ModifyAttributesVisitor {
    type Value = ModifyAttributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`all`, a list of attribute names, or attributes with their values")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ModifyAttributes, E> {
        match text {
            "all" => Ok(ModifyAttributes::All(All::All)),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ModifyAttributes, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(ModifyAttributes::These)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModifyAttributes, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(ModifyAttributes::Values)
    }
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum All {
    /// All of them.
    All,
}

/// Parameters of an action that takes none: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Who is told what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The message.
    pub template: String,
    /// Who: `manager`, `person`, an address (a format), all members of a group, by its distinguished name, or
    /// `channel:NAME`.
    pub to: OneOrMany<String>,
}

impl Notify {
    /// Whether a text in `to` names a group rather than an address.
    pub fn is_group(text: &str) -> bool {
        text.split_once('=').is_some_and(|(name, rest)| {
            let letters = |byte: u8| byte.is_ascii_alphabetic();
            !name.is_empty() && name.bytes().all(letters) && rest.contains(',')
        })
    }
}

impl Step {
    /// Whether it is a step that touches no directory, and by which field.
    pub fn performs(&self) -> Option<&'static str> {
        [
            ("call_webhook", self.call_webhook.is_some()),
            ("run_script", self.run_script.is_some()),
            ("notify", self.notify.is_some()),
            ("create_home_folder", self.create_home_folder.is_some()),
            ("move_home_folder", self.move_home_folder.is_some()),
            ("delete_home_folder", self.delete_home_folder.is_some()),
        ]
        .into_iter()
        .find_map(|(field, is)| is.then_some(field))
    }
}

/// Limits that hold a run for a human. A limit is a number (`50`), a part of the people (`5%`), or either within a
/// span of time (`10% per 7d`); several may be given for one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// Accounts created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<OneOrMany<GuardLimit>>,
    /// Accounts with changed attributes or groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modifies: Option<OneOrMany<GuardLimit>>,
    /// Accounts moved or renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<OneOrMany<GuardLimit>>,
    /// Accounts disabled; `10%` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disables: Option<OneOrMany<GuardLimit>>,
    /// Accounts deleted; `5%` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<OneOrMany<GuardLimit>>,
    /// Webhooks called, scripts run and messages sent; each counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<OneOrMany<GuardLimit>>,
    /// How many records fewer than are known may come; `20%` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shrink: Option<GuardLimit>,
    /// Keys of people who must be in every fetch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<String>,
}

/// When an automation runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The zone in which that is meant; UTC when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A named list of steps over time, used by rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What rules call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}
