//! What steps ask of accounts that Exchange and Skype for Business know by attributes of Active Directory.

use crate::attribute::AttributeIndex;
use crate::expression::{Evaluated, Format, Scope};

use super::addresses::{primary_of, with_others, with_primary};
use super::steps::evaluate;

/// `msExchRemoteRecipientType`: a mailbox that Exchange Online is to make.
const PROVISION_MAILBOX: &str = "1";
/// `msExchRecipientDisplayType`: a user whose mailbox is elsewhere, and comes by synchronisation.
const SYNCED_MAILBOX_USER: &str = "-2147483642";
/// `msExchRecipientTypeDetails`: a remote mailbox of a user.
const REMOTE_USER_MAILBOX: &str = "2147483648";

/// What such a step asks for.
#[derive(Debug)]
pub enum MailboxTask {
    /// A mailbox in Exchange Online.
    Enable(RemoteMailbox),
    /// No attribute that tells of one.
    Disable(Vec<AttributeIndex>),
    /// No Skype for Business: the attribute says whether there is.
    DisableLync(AttributeIndex),
    /// Whether address lists leave the account out.
    Hide(AttributeIndex, bool),
}

/// A mailbox in Exchange Online, with the attributes that tell of it.
#[derive(Debug)]
pub struct RemoteMailbox {
    /// The domain by which mail gets there.
    pub routing_domain: String,
    /// The alias; when there is no format, the account's own or its login name.
    pub alias: Option<Format>,
    /// `msExchRemoteRecipientType`.
    pub remote_type: AttributeIndex,
    /// `msExchRecipientDisplayType`.
    pub display_type: AttributeIndex,
    /// `msExchRecipientTypeDetails`.
    pub type_details: AttributeIndex,
    /// `targetAddress`.
    pub target: AttributeIndex,
    /// `mailNickname`.
    pub nickname: AttributeIndex,
    /// `proxyAddresses`.
    pub addresses: AttributeIndex,
    /// `mail`.
    pub mail: AttributeIndex,
    /// `sAMAccountName`.
    pub login: AttributeIndex,
}

/// An attribute, and the values that it is to have.
pub(super) type Wanted = (AttributeIndex, Vec<String>);

/// What is to be written, given the values that the account has or is about to have.
pub(super) fn ask(
    task: &MailboxTask,
    now: impl Fn(AttributeIndex) -> Vec<String>,
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Vec<Wanted>, String> {
    let is_true = |attribute| {
        now(attribute)
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true"))
    };
    Ok(match task {
        MailboxTask::Enable(mailbox) => enable(mailbox, now, scope, origin)?,
        MailboxTask::Disable(attributes) => attributes
            .iter()
            .map(|attribute| (*attribute, Vec::new()))
            .collect(),
        MailboxTask::DisableLync(attribute) if is_true(*attribute) => vec![(*attribute, one("FALSE"))],
        MailboxTask::Hide(attribute, true) => vec![(*attribute, one("TRUE"))],
        MailboxTask::Hide(attribute, false) if is_true(*attribute) => vec![(*attribute, Vec::new())],
        MailboxTask::DisableLync(_) | MailboxTask::Hide(_, false) => Vec::new(),
    })
}

fn enable(
    mailbox: &RemoteMailbox,
    now: impl Fn(AttributeIndex) -> Vec<String>,
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Vec<Wanted>, String> {
    let first = |attribute| now(attribute).into_iter().next();
    let said = match mailbox
        .alias
        .as_ref()
        .map(|format| evaluate(format, scope, origin))
    {
        Some(Ok(Evaluated::Values(values))) => values.into_iter().next(),
        Some(Ok(Evaluated::Nothing { .. })) | None => None,
        Some(Err(error)) => return Err(error),
    };
    let alias = said
        .or_else(|| first(mailbox.nickname))
        .or_else(|| first(mailbox.login))
        .ok_or_else(|| {
            format!("{origin}: no alias for the mailbox, because neither it nor a login name has a value")
        })?;
    if !is_alias(&alias) {
        return Err(format!("{origin}: `{alias}` cannot be the alias of a mailbox"));
    }
    let routing = format!("{alias}@{}", mailbox.routing_domain);
    let known = now(mailbox.addresses);
    // The address that people know stays the one that they write from.
    let primary = primary_of(&known)
        .map(str::to_owned)
        .or_else(|| first(mailbox.mail));
    let addresses = match primary {
        Some(primary) => with_others(with_primary(known, &[primary]), std::slice::from_ref(&routing)),
        None => with_primary(known, std::slice::from_ref(&routing)),
    };
    // A mailbox that was moved there, or that has an archive, has other bits.
    let kept =
        first(mailbox.remote_type).filter(|bits| bits.parse::<i64>().is_ok_and(|bits| bits & 0b101 != 0));
    Ok(vec![
        (mailbox.nickname, one(&alias)),
        (mailbox.target, one(&format!("SMTP:{routing}"))),
        (mailbox.addresses, addresses),
        (
            mailbox.remote_type,
            one(kept.as_deref().unwrap_or(PROVISION_MAILBOX)),
        ),
        (mailbox.display_type, one(SYNCED_MAILBOX_USER)),
        (mailbox.type_details, one(REMOTE_USER_MAILBOX)),
    ])
}

/// Letters, digits and the signs that an alias may have, at most 64 of them.
fn is_alias(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    (1..=64).contains(&text.chars().count())
        && text.chars().all(fits)
        && !text.starts_with('.')
        && !text.ends_with('.')
}

fn one(value: &str) -> Vec<String> {
    vec![value.to_owned()]
}
