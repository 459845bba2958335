//! Documents: everything that is configured, by kind. The types here are the contract. Reading them goes text → tree
//! (`yaml`), tree → filled from the catalog (`preset`) → typed (`typed`), all led by `load`; what they say of each other
//! is checked in `check`.

mod application;
mod authorization;
mod automation;
mod catalog;
mod channel;
mod check;
mod cloud_steps;
mod complaint;
mod csv;
mod data_source;
mod directory;
mod directory_scope;
mod directory_steps;
mod error;
mod fixture;
mod incremental;
mod load;
mod lookup;
mod mailbox_steps;
mod microsoft365;
mod named;
mod notification;
mod preset;
mod reader;
mod repeat;
mod run_notice;
mod scalar;
mod schema;
mod script;
mod set;
mod share;
mod template;
mod tree;
mod typed;
mod webhook;
mod yaml;

#[cfg(test)]
mod tests;

pub use application::{
    AnswerFormat, Application, Endpoint, ForEach, LimitHeaders, Message, Method, PrivateAddresses,
    RequestLimits, ResetUnit,
};
pub use authorization::{AddTo, Authorization, AuthorizationKind, ClientAuthentication, Grant};
pub use automation::{
    All, Automation, CallWebhook, CreateAccount, Guards, ModifyAttributes, Nothing, Notify, Policy,
    PolicyUse, Rules, Schedule, Step, StepList,
};
pub use catalog::{Choice, ChoiceError, Discovery, Link, Need, Preset, Ready, Setting, SettingForm, Way};
pub use channel::{Channel, ChannelStyle};
pub use check::{check, check_automation};
pub use cloud_steps::{FullAutoReply, SetAutoReply};
pub use csv::Csv;
pub use data_source::{
    DataSource, EndpointUse, FileFormat, FileReading, FullMapping, LifecycleMapping, Mapping, Sheet,
    SourceFile, WriteMode, Xlsx,
};
pub use directory::{Bind, Directory, DirectoryKind, DisabledBy, Encryption, GlobalCatalog};
pub use directory_scope::{DirectoryScope, Privileged, SyncedUsers, UserType};
pub use directory_steps::{Delete, Disable, Expiry, MoveAcrossGroups, Restore};
pub use error::{DocumentError, Severity};
pub use fixture::{Expectation, ExpectedState, ExpectedValues, Fixture};
pub use incremental::Incremental;
pub use load::load;
pub use lookup::Lookup;
pub use mailbox_steps::RemoteMailbox;
pub use microsoft365::{CloudAddresses, CloudSignIn};
pub use named::NamedFormat;
pub use notification::{MailEncryption, MailServer, Notification};
pub use preset::presets;
pub use repeat::{Cursor, NextLink, PageNumber, Place, Repeat};
pub use run_notice::{DigestOf, NoticeWhen, RunNotice};
pub use scalar::{GuardLimit, OneOrMany, Scalar, Span};
pub use schema::{kinds, schema};
pub use script::Script;
pub use set::{Document, Documents, Kind};
pub use share::{
    CreateHomeFolder, DeleteHomeFolder, MoveHomeFolder, Share, SharePlace, ShareProtection, path_parts,
};
pub use template::{
    AfterRule, CopyFrom, Extending, FullUnique, OtherGroups, OtherLicences, Suffix, Template, TemplateRule,
    Unique, WhenTaken, Within,
};
pub use webhook::{InDoubt, Webhook, WebhookMethod};
