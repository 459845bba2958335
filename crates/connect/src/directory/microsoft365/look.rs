//! Looking at accounts, before a write and after it: the user, and whatever else the write is about, many at a time.

use serde_json::Value as Json;
use tenure_core::action::Action;
use tenure_core::attribute::AttributeName;
use tenure_core::cloud::CloudAction;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::Refusal;

use super::Microsoft365;
use super::batch::{Answer, Part};
use super::fault::Fault;
use super::service::{Consistency, encoded, next_link, rows};
use super::user::{Select, User};

/// What is known of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// The user; none when there is no such.
    pub(super) user: Option<User>,
    /// The ids of the groups that it is in itself.
    pub(super) groups: Vec<String>,
    /// What tells its picture from others; none when it has none.
    pub(super) photo: Option<String>,
    /// The settings of its mailbox, or why they cannot be seen.
    pub(super) mailbox: Option<Result<Json, Refusal>>,
    /// Whether it is among the deleted.
    pub(super) deleted: bool,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Facet {
    User,
    Groups,
    Photo,
    Mailbox,
    Deleted,
}

/// Something to look at: an account by its id or name, with what is to be known for a write.
pub(super) struct Wanted<'a> {
    pub(super) account: String,
    pub(super) action: &'a Action,
}

impl Microsoft365 {
    /// Looks at each of these, all at the same time.
    pub(super) async fn look(&self, wanted: &[Wanted<'_>]) -> Vec<Result<Look, Fault>> {
        let mut asked = Vec::new();
        let mut bundles = Vec::new();
        for (at, one) in wanted.iter().enumerate() {
            for facet in self.facets(one.action) {
                asked.push((at, facet));
                bundles.push(vec![part(facet, one)]);
            }
        }
        let mut looks: Vec<Result<Look, Fault>> = wanted.iter().map(|_| Ok(Look::default())).collect();
        for ((at, facet), answers) in asked.into_iter().zip(self.service.batch(&bundles).await) {
            let Some(look) = looks.get_mut(at) else { continue };
            let Some(answer) = answers.into_iter().next() else {
                continue;
            };
            let Ok(known) = look else { continue };
            if let Err(fault) = self.take(known, facet, answer).await {
                *look = Err(fault);
            }
        }
        looks
    }

    /// What has to be known for an action.
    fn facets(&self, action: &Action) -> Vec<Facet> {
        let mut facets = vec![Facet::User];
        let is_membership = matches!(
            action,
            Action::AddToGroups { .. } | Action::RemoveFromGroups { .. }
        );
        if is_membership || !self.settings.scope.exclude_groups.is_empty() {
            facets.push(Facet::Groups);
        }
        match action {
            Action::Directory(DirectoryAction::SetPhoto { .. } | DirectoryAction::RemovePhoto { .. }) => {
                facets.push(Facet::Photo);
            }
            Action::Cloud(CloudAction::SetAutoReply { .. } | CloudAction::ConvertMailbox { .. }) => {
                facets.push(Facet::Mailbox);
            }
            Action::Directory(DirectoryAction::Restore { .. }) => facets.push(Facet::Deleted),
            _ => {}
        }
        facets
    }

    /// Takes an answer. What is not there is known not to be there.
    async fn take(&self, look: &mut Look, facet: Facet, answer: Answer) -> Result<(), Fault> {
        let answer = match answer {
            Err(fault) if facet == Facet::Mailbox && fault.status.is_some_and(|status| status < 429) => {
                look.mailbox = Some(Err(fault.refusal));
                return Ok(());
            }
            Err(fault) if fault.is_missing() => return Ok(()),
            answer => answer?,
        };
        match facet {
            Facet::User => {
                let user = User::read(answer);
                look.user = Some(user.ok_or_else(|| Fault::unreadable("a user shows no `id`"))?);
            }
            Facet::Groups => {
                let mut page = answer;
                let mut add = |group: Json| look.groups.extend(group["id"].as_str().map(str::to_owned));
                rows(&mut page)?.into_iter().for_each(&mut add);
                if let Some(next) = next_link(&page) {
                    self.service.list(&next, Consistency::Usual, &mut add).await?;
                }
            }
            Facet::Photo => {
                let tag = answer["@odata.mediaEtag"].as_str().unwrap_or("a picture");
                look.photo = Some(tag.to_owned());
            }
            Facet::Mailbox => look.mailbox = Some(Ok(answer)),
            Facet::Deleted => look.deleted = true,
        }
        Ok(())
    }
}

fn part(facet: Facet, wanted: &Wanted<'_>) -> Part {
    let user = format!("/users/{}", encoded(&wanted.account));
    Part::get(match facet {
        Facet::User => format!("{user}?{}", select(wanted.action).query()),
        Facet::Groups => format!("{user}/memberOf?$select=id&$top=999"),
        Facet::Photo => format!("{user}/photo"),
        Facet::Mailbox => format!("{user}/mailboxSettings"),
        Facet::Deleted => format!("/directory/deletedItems/{}", encoded(&wanted.account)),
    })
}

/// The properties that matter for an action.
fn select(action: &Action) -> Select {
    let of = |names: &[&AttributeName]| Select::of(names.iter().copied());
    match action {
        Action::CreateAccount { attributes, .. } => {
            of(&attributes.iter().map(|one| &one.name).collect::<Vec<_>>())
        }
        Action::ModifyAttributes { changes } => of(&changes.iter().map(|one| &one.name).collect::<Vec<_>>()),
        Action::Cloud(CloudAction::AssignLicences { .. } | CloudAction::RevokeLicences { .. }) => {
            of(&[]).with_licences()
        }
        Action::Cloud(CloudAction::RevokeSessions) => of(&[]).and([SESSIONS]),
        Action::Directory(DirectoryAction::ResetPassword { .. }) => of(&[]).and([PASSWORD_SET]),
        _ => of(&[]),
    }
}

/// The property with the moment before which no session is good.
pub(super) const SESSIONS: &str = "signInSessionsValidFromDateTime";
/// The property with the moment at which the password was set.
pub(super) const PASSWORD_SET: &str = "lastPasswordChangeDateTime";
